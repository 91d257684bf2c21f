"""How much of a vector is tied."""

from typing import NamedTuple

import jax
import jax.numpy as jnp


class Ties(NamedTuple):
    """Shares that are taken by ties, each from 0 (all entries unlike) to 1 (all alike).

    Attributes
    ----------
    pairs : array ()
        Σ (t² - t) / (m² - m) over runs of t equal entries, of m entries.
    cubes : array ()
        Σ (t³ - t) / (m³ - m): what ties take from the variance of the ranks.
    """

    pairs: jax.Array
    cubes: jax.Array


def tie_shares(values: jax.Array, present: jax.Array) -> Ties:
    """Shares of ties among the entries that are present."""
    ordered = jnp.sort(jnp.where(present, values, jnp.inf))
    places = jnp.arange(values.shape[0], dtype=jnp.int32)
    changes = ordered[1:] != ordered[:-1]
    first = jax.lax.cummax(jnp.where(jnp.concatenate([jnp.ones(1, bool), changes]), places, 0))
    ends = jnp.where(jnp.concatenate([changes, jnp.ones(1, bool)]), places, values.shape[0])
    run = (jax.lax.cummin(ends, reverse=True) - first + 1).astype(values.dtype)
    m = present.sum().astype(values.dtype)
    run = jnp.where(places < present.sum(), run, 1)
    # Each entry of a run of t adds its part, so that no sum is larger than m.
    of_pairs = ((run - 1) / jnp.maximum(m - 1, 1)).sum() / jnp.maximum(m, 1)
    of_cubes = ((run - 1) * (run + 1) / jnp.maximum((m - 1) * (m + 1), 1)).sum()
    return Ties(of_pairs, of_cubes / jnp.maximum(m, 1))
