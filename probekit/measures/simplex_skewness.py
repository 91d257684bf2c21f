"""Expected simplex skewness: the local dimension from the angles between neighbours."""

import math

import jax
import jax.numpy as jnp
import numpy as np

from probekit.measures._status import divide
from probekit.measures.nearest import Cloud, Nearest

_TABLE = 512
"""Up to here dimensions are looked up; beyond it the curve is a hyperbola within 1e-6."""


def from_skewness(cloud: Cloud, nearest: Nearest) -> jax.Array:
    """Inverse of the dimension, of vectors from the centre of the neighbours to each of them.

    1 - Σ |v_i ∧ v_j| / Σ |v_i| |v_j| over pairs is looked up among what directions at random in
    1, 2, 3 … dimensions give, between which lines are drawn.
    """
    # In units of the radius: products of squares could be out of range.
    between = nearest.between(cloud) / nearest.at(nearest.far)[:, None, None]
    gram = _about_centres(between, nearest)
    lengths = jnp.diagonal(gram, axis1=1, axis2=2)
    whole = jnp.sqrt(lengths[:, :, None] * lengths[:, None, :])
    area = jnp.sqrt(jnp.maximum((whole - gram) * (whole + gram), 0))
    pairs = ~np.eye(gram.shape[1], dtype=bool)
    # Less than a length in many dimensions: what it lacks is not taken from rounded sums.
    short = divide(jnp.square(gram), whole + area)
    short = jnp.where(pairs & (whole > 0), short, 0).sum(axis=(1, 2))
    total = jnp.where(pairs, whole, 0).sum(axis=(1, 2))
    return 1 / _dimension_of(jnp.where(total > 0, short / jnp.where(total > 0, total, 1), 1))


def _about_centres(squared: jax.Array, nearest: Nearest) -> jax.Array:
    """Inner products of neighbours about their mean; 0 where there is none."""
    weight = nearest.among.astype(squared.dtype) / nearest.far
    rows = (squared * weight[None, None, :]).sum(axis=2)
    mean = (rows * weight[None, :]).sum(axis=1)
    gram = (rows[:, :, None] + rows[:, None, :] - mean[:, None, None] - squared) / 2
    there = nearest.among[:, None] & nearest.among[None, :]
    gram = jnp.where(there[None], gram, 0)
    own = jnp.maximum(jnp.diagonal(gram, axis1=1, axis2=2), 0)
    most = jnp.sqrt(own[:, :, None] * own[:, None, :])
    return jnp.clip(gram, -most, most)


def _dimension_of(short: jax.Array) -> jax.Array:
    """Dimension in which directions at random lack this much of right angles."""
    half_integers = [math.lgamma(twice / 2) for twice in range(1, _TABLE + 2)]
    logs = 2 * np.array(half_integers[1:-1]) - half_integers[2:] - half_integers[:-2]
    known = np.concatenate([[1.0], -np.expm1(logs)])  # of 1, 2, 3 … dimensions
    table = jnp.asarray(known[::-1].copy(), short.dtype)
    found = jnp.interp(short, table, jnp.arange(_TABLE, 0, -1, dtype=short.dtype))
    beyond = divide(jnp.ones_like(short), 2 * short) + 0.5
    return jnp.where(short < known[-1], beyond, found)
