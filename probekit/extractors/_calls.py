"""Calling a model, and what its modules are given and give out: the same for every framework."""

import os
import sys
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
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


def first_argument(arguments: Sequence[Any], keywords: Mapping[str, Any]) -> Any:
    """Return the first argument of a call that has arrays, however it is given; None if none has.

    Examples
    --------
    >>> import numpy as np
    >>> first_argument((None,), {"x": np.ones(2), "mask": np.ones(1)}).shape
    (2,)
    """
    values = map(only_arrays, [*arguments, *keywords.values()])
    return next((value for value in values if jax.tree.leaves(value)), None)


def warn_user(message: str) -> None:
    """Warn at the line outside of probekit from which it has been called."""
    package, level, frame = f"{Path(__file__).parents[1]}{os.sep}", 1, sys._getframe()
    while frame.f_back is not None and frame.f_code.co_filename.startswith(package):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, ProbekitWarning, stacklevel=level)


def warn_of_missing(missing: Sequence[str], remedy: str) -> None:
    """Warn of modules that have parameters but of which no value was seen."""
    if missing:
        shown = ", ".join(missing[:5]) + (", …" if len(missing) > 5 else "")
        warn_user(f"no layer for {shown}: it has parameters but no value was captured. {remedy}")
