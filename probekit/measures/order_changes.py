"""At which mixtures of two vectors the order of their entries changes: few enough to try all."""

import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

MOST = 1024
"""Up to how many pairs of entries all orders are tried; each changes places once in half a turn."""


def are_few(entries: int) -> bool:
    """Return whether all orders that mixtures of two vectors of so many entries have can be tried.

    Parameters
    ----------
    entries : int
    """
    return entries * (entries - 1) // 2 <= MOST


def best_angle(
    first: jax.Array,
    second: jax.Array,
    value: Callable[[jax.Array], jax.Array],
    reach: tuple[float, float],
) -> tuple[jax.Array, jax.Array]:
    """Return the angle a at which a function of the order of first cos a + second sin a is largest.

    Entries i and j change places where (first_i - first_j) cos a + (second_i - second_j) sin a is
    0; between two such angles the order is one and the same, so one angle between them will do.

    Parameters
    ----------
    first, second : array (entry,)
        Finite.
    value : callable
        From an angle to what is to be large.
    reach : (float, float)
        The least and the largest angle, at most 2π apart; both are tried too.

    Returns
    -------
    angle, value : array ()
        The first of several that are as good.
    """
    least, most = reach
    i, j = np.triu_indices(len(first), k=1)
    turns = jnp.arctan2(first[j] - first[i], second[i] - second[j])
    turns = least + jnp.mod(turns - least, np.pi)  # a pair changes places at every half turn
    halves = math.ceil((most - least) / np.pi)
    turns = jnp.concatenate([turns + half * np.pi for half in range(halves)])
    turns = jnp.sort(jnp.where(turns < most, turns, least))
    ends = jnp.asarray([least, most], first.dtype)
    edges = jnp.concatenate([ends[:1], turns, ends[1:]])
    angles = jnp.concatenate([ends, (edges[:-1] + edges[1:]) / 2])
    values = jax.lax.map(value, angles)
    best = jnp.argmax(values)
    return angles[best], values[best]
