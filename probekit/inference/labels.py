"""Labels of groups, of whatever kind, as numbers."""

from typing import Any

import numpy as np

from probekit.errors import OptionError, ShapeError


def numbered(groups: Any, count: int, things: str = "examples") -> np.ndarray:
    """Return the number of the group of each of `count` things, from 0.

    Groups are numbered in the order of their labels; of labels that have none, such as texts beside
    numbers, in the order in which they are met.

    Raises
    ------
    ShapeError
        Unless there is one label for each.
    OptionError
        If labels are missing.
    """
    try:
        labels = np.asarray(groups)
    except ValueError:  # lists of unlike lengths
        labels = np.empty((len(groups), 0))
    if labels.ndim == 0:
        raise ShapeError(f"groups: a {type(groups).__name__}; give an array of labels.")
    if labels.shape != (count,):
        shape = (
            f"shape {labels.shape}" if labels.ndim == 1 or labels.size else f"{len(labels)} lists"
        )
        raise ShapeError(f"groups: {shape}; there are {count} {things}. Give one label each.")
    missing = sum(map(_is_missing, labels.tolist()))
    if missing:
        raise OptionError(
            f"groups: {missing} of {count} labels are missing (NaN or None); "
            f"give one for each of the {things}."
        )
    try:
        return np.unique(labels, return_inverse=True)[1].reshape(-1)
    except TypeError:  # such as texts beside numbers
        known: dict[Any, int] = {}
        return np.array([known.setdefault(label, len(known)) for label in labels.tolist()])


def _is_missing(label: Any) -> bool:
    """Whether a label differs from itself, as NaN of any dtype does, or cannot tell (pandas.NA)."""
    try:
        return label is None or bool(label != label)
    except TypeError:
        return True
