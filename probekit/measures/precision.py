"""Roots of a given precision matrix, by which differences between patterns are measured."""

import itertools
from numbers import Real
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from probekit.errors import OptionError, ShapeError


def check_rows(precision: Any) -> None:
    """Raise `OptionError` unless these are rows of a square matrix of numbers, in tuples."""
    rows = precision if isinstance(precision, tuple) else ()
    square = rows and all(isinstance(row, tuple) and len(row) == len(rows) for row in rows)
    if not square or not all(isinstance(entry, Real) for row in rows for entry in row):
        raise OptionError(
            f"precision={precision!r:.60}: a square matrix in tuples is needed, such as "
            "tuple(map(tuple, matrix.tolist())), or 'identity'."
        )


def root_of_precision(precision: Any, x: jax.Array) -> jax.Array:
    """Return P^(1/2), or NaN if the matrix is none that distances can be measured by."""
    precision = np.asarray(precision, float)
    if precision.shape != (x.shape[1], x.shape[1]):
        raise ShapeError(
            f"precision: shape {precision.shape}; x has {x.shape[1]} units. Give (unit, unit)."
        )
    return _root(precision, x)


def roots_of_pairs(precisions: Any, x: jax.Array, folds: int) -> jax.Array:
    """Return the roots of the precisions of pairs of folds, ``(pair, unit, unit)``.

    That of a pair is the inverse of the mean of both covariances, which all need to have.
    """
    precisions = np.asarray(precisions, float)
    wanted = (folds, x.shape[1], x.shape[1])
    if precisions.shape != wanted:
        raise ShapeError(
            f"precision: shape {precisions.shape}; there are {folds} folds and {x.shape[1]} units. "
            "Give (unit, unit), or (fold, unit, unit)."
        )
    pairs = list(itertools.combinations(range(folds), 2))
    if not np.isfinite(precisions).all():
        return jnp.full((len(pairs), *wanted[1:]), jnp.nan, x.dtype)
    if (np.linalg.eigvalsh((precisions + precisions.swapaxes(1, 2)) / 2)[:, 0] <= 0).any():
        return jnp.full((len(pairs), *wanted[1:]), jnp.nan, x.dtype)
    noise = np.linalg.inv(precisions)
    return jnp.stack([_root(np.linalg.inv((noise[i] + noise[j]) / 2), x) for i, j in pairs])


def _root(precision: np.ndarray, x: jax.Array) -> jax.Array:
    if not np.isfinite(precision).all():
        return jnp.full(precision.shape, jnp.nan, x.dtype)
    values, vectors = np.linalg.eigh((precision + precision.T) / 2)
    indefinite = values[0] < -1e-6 * max(values[-1], 0)
    root = vectors * np.sqrt(np.maximum(values, 0))
    return jnp.asarray(np.where(indefinite, np.nan, root), x.dtype)
