"""Calling a model, and what its modules are given and give out: the same for every framework."""

import warnings
from collections.abc import Sequence
from typing import Any

import jax

from probekit.errors import ProbekitWarning


def as_arguments(inputs: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return positional and keyword arguments: a tuple is several, a dict gives them by keyword.

    Examples
    --------
    >>> as_arguments({"x": 1, "mask": 2})
    ((), {'x': 1, 'mask': 2})
    """
    if isinstance(inputs, tuple):
        return inputs, {}
    if isinstance(inputs, dict):
        return (), inputs
    return (inputs,), {}


def is_array(value: Any) -> bool:
    """Whether a value has a shape and a dtype."""
    return hasattr(value, "shape") and hasattr(value, "dtype")


def only_arrays(value: Any) -> Any:
    """Return the value without those leaves that are no arrays, such as names and flags."""
    return jax.tree.map(lambda leaf: leaf if is_array(leaf) else None, value)


def warn_of_missing(missing: Sequence[str], remedy: str) -> None:
    """Warn of modules that have parameters but of which no value was seen."""
    if missing:
        shown = ", ".join(missing[:5]) + (", …" if len(missing) > 5 else "")
        warnings.warn(
            f"no layer for {shown}: it has parameters but no value was captured. {remedy}",
            ProbekitWarning,
            stacklevel=3,
        )
