"""Folds as they are given to measures: how many, or a label of that of each example."""

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from probekit.errors import ShapeError
from probekit.statistics.folds import Folds

DEFAULT_FOLDS = 5
AnyFolds = int | Sequence[Any] | np.ndarray | jax.Array
"""How many folds, or a label of that of each example."""


def named_folds(folds: Any) -> Any:
    """Return labels of the folds of examples as whole numbers in a tuple; a count as it is."""
    if np.ndim(folds) == 0:
        return folds
    labels = np.asarray(folds)
    if labels.ndim != 1:
        raise ShapeError(f"folds: shape {labels.shape}; give how many, or one label per example.")
    return tuple(np.unique(labels, return_inverse=True)[1].tolist())


def check_folds_of(folds: Folds, examples: int) -> None:
    """Raise `ShapeError` if folds are named, and not one for each of the examples."""
    if isinstance(folds, tuple) and len(folds) != examples:
        raise ShapeError(f"folds: {len(folds)} labels; there are {examples} examples.")
