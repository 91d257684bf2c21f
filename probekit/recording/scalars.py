"""Numbers that a loop gives beside what is probed: the step, and scalars such as the loss."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import jax
import numpy as np

from probekit._checks import shape_text
from probekit.errors import OptionError, ShapeError
from probekit.estimators import Estimator
from probekit.status import STATUS_SUFFIX

AXES = frozenset({"step", "seed", "layer", "feature", "probe_set", "example", "unit"})
OF_UNCERTAINTY = frozenset({"bound", "resample", "fold", "left_out"})
UNCERTAIN = ("ci", "resamples", "left_out", "p", "p_corrected", "cv", "folds")
"""What the names of variables end in that say how sure a score is."""


def whole_number(argument: str, value: Any) -> int:
    """Return a whole number as int, or raise `OptionError`: 1.5 is none, and is not made 1."""
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError):
        number = None
    if number is None or number != value:
        raise OptionError(f"{argument}={value!r}: must be a whole number.")
    return number


def taken_names(estimators: Iterable[Estimator]) -> frozenset[str]:
    """Return the names that a history has already: its axes, and what estimators report."""
    variables = [variable for estimator in estimators for variable in estimator.variables]
    names = {name for variable in variables for name in (variable.name, *variable.dims)}
    scores = [variable.name for variable in variables]
    scores += [f"{name}_{ending}" for name in scores for ending in UNCERTAIN]
    statuses = {f"{name}{STATUS_SUFFIX}" for name in scores}
    return AXES | OF_UNCERTAINTY | names | {*scores} | statuses


def check_scalars(scalars: Mapping[str, Any], taken: Collection[str]) -> None:
    """Raise `OptionError` for a name that no variable can have, `ShapeError` for no number."""
    for name, value in scalars.items():
        if not name.isidentifier():
            raise OptionError(f"scalar {name!r}: no name for a variable; use letters, digits, _.")
        if name in taken:
            raise OptionError(f"scalar {name!r}: the history has this name; take another one.")
        if np.shape(value) != ():
            raise ShapeError(
                f"{name}: shape {np.shape(value)}; give a single number, such as a mean."
            )
        # Its dtype is known without waiting for the device.
        array = value if hasattr(value, "dtype") else np.asarray(value)
        if hasattr(value, "detach"):  # PyTorch's, whose types have no kind
            continue
        if array.dtype.kind not in "biuf" and "float" not in str(array.dtype):
            raise ShapeError(f"{name}: {value!r}, {shape_text(array)}; give a number.")


def held(scalars: Mapping[str, Any]) -> dict[str, Any]:
    """Return scalars as they are now: a loop may change in place what is no array of JAX.

    For one of JAX, which stays what it is, the device may still be computing it.
    """
    return {
        name: value if isinstance(value, jax.Array) else float(_without_gradient(value))
        for name, value in scalars.items()
    }


def _without_gradient(value: Any) -> Any:
    """Return a number, of which PyTorch would else warn that its gradient gets lost."""
    return value.detach() if hasattr(value, "detach") else value
