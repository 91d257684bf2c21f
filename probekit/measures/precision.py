"""Roots of a given precision matrix, by which differences between patterns are measured."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from probekit.errors import ShapeError


def root_of_precision(precision: Any, x: jax.Array) -> jax.Array:
    """Return P^(1/2), or NaN if the matrix is none that distances can be measured by."""
    precision = np.asarray(precision, float)
    if precision.shape != (x.shape[1], x.shape[1]):
        raise ShapeError(
            f"precision: shape {precision.shape}; x has {x.shape[1]} units. Give (unit, unit)."
        )
    if not np.isfinite(precision).all():
        return jnp.full(precision.shape, jnp.nan, x.dtype)
    values, vectors = np.linalg.eigh((precision + precision.T) / 2)
    indefinite = values[0] < -1e-6 * max(values[-1], 0)
    root = vectors * np.sqrt(np.maximum(values, 0))
    return jnp.asarray(np.where(indefinite, np.nan, root), x.dtype)
