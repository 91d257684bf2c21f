"""Local intrinsic dimension: what the distances of one example to its neighbours say of it.

Each estimate is the inverse of a dimension, which is 0 where all neighbours are equally far and so
can be averaged whatever there is.
"""

from collections.abc import Callable
from typing import Literal, get_args

import jax
import jax.numpy as jnp

from probekit.measures._status import divide
from probekit.measures.nearest import Cloud, Nearest, median_of
from probekit.measures.simplex_skewness import from_skewness
from probekit.measures.tight_localities import from_localities

LocalAverage = Literal["harmonic", "mean", "median"]
LOCAL_AVERAGES: tuple[LocalAverage, ...] = get_args(LocalAverage)


def from_likelihood(cloud: Cloud, nearest: Nearest) -> jax.Array:
    """Maximum of the likelihood: Σ_{j<k} log(r_k / r_j) / (k - 1)."""
    del cloud
    nearer = jnp.arange(nearest.squared.shape[1]) < nearest.far - 1
    logs = jnp.where(nearer, nearest.log_ratios(), 0)
    return logs.sum(axis=1) / (nearest.far - 1)


def from_moments(cloud: Cloud, nearest: Nearest) -> jax.Array:
    """First moment of the distances: r_k / r̄ - 1, as r̄ / r_k is d / (d + 1)."""
    del cloud
    distances = jnp.sqrt(nearest.squared)
    mean = jnp.where(nearest.among, distances, 0).sum(axis=1) / nearest.far
    farthest = jnp.sqrt(nearest.at(nearest.far))[:, None]
    short = nearest.short() / (farthest + distances)  # whose difference may be rounding
    return jnp.where(nearest.among, short, 0).sum(axis=1) / nearest.far / mean


def from_two_radii(cloud: Cloud, nearest: Nearest) -> jax.Array:
    """How much wider the ball of k is than that of k': log(r_k / r_k') / log(k / k')."""
    del cloud
    k_near, k_far = (k.astype(nearest.squared.dtype) for k in (nearest.near, nearest.far))
    return nearest.log_ratio() / jnp.log(k_far / k_near)


LOCAL: dict[str, Callable[[Cloud, Nearest], jax.Array]] = {
    "likelihood": from_likelihood,
    "moments": from_moments,
    "mada": from_two_radii,
    "tle": from_localities,
    "ess": from_skewness,
}
"""1 / dimension at each example, ``(example,)``; what is not counted may be anything finite."""


def averaged(inverse: jax.Array, counted: jax.Array, average: LocalAverage) -> jax.Array:
    """One dimension of those of all examples: not finite where an average has no limit."""
    count = counted.sum().astype(inverse.dtype)
    if average == "harmonic":
        return divide(count, jnp.where(counted, inverse, 0).sum())
    each = jnp.where(inverse > 0, 1 / jnp.where(inverse > 0, inverse, 1), jnp.inf)
    if average == "median":
        return median_of(each, counted)
    return divide(jnp.where(counted, each, 0).sum(), count)
