"""How alike two lists of neighbours are in their order: common subsequences and edits.

The lists of all examples are compared side by side. No entry stands twice in a list.
"""

import jax
import jax.numpy as jnp
import numpy as np


def common_subsequence(
    ranks: jax.Array, ranks_y: jax.Array, k: jax.Array, *, most: int
) -> jax.Array:
    """Length of the longest common subsequence of the lists of each example, ``(example,)``.

    Parameters
    ----------
    ranks, ranks_y : array (example, other)
        Place of each other example in either list, from 1; beyond `k` it is not in it.
    k : array ()
        Length of the lists.
    most : int
        The largest that `k` can be.
    """
    # In the order of the one list, where each entry stands in the other: their longest common
    # subsequence is the longest that ascends there.
    places = jnp.take_along_axis(ranks_y, _listed(ranks, most), axis=1)
    counted = (places <= k) & (jnp.arange(most) < k)[None, :]

    def longer(place: jax.Array, longest: jax.Array) -> jax.Array:
        before = (places < places[:, place, None]) & (jnp.arange(most) < place)[None, :]
        best = jnp.where(before, longest, 0).max(axis=1) + 1
        return longest.at[:, place].set(jnp.where(counted[:, place], best, 0))

    none = jnp.zeros(places.shape, jnp.int32)
    longest: jax.Array = jax.lax.fori_loop(0, most, longer, none).max(axis=1)
    return longest


def kept_entries(ranks: jax.Array, ranks_y: jax.Array, k: jax.Array, *, most: int) -> jax.Array:
    """How many of `k` entries need no edit to make one list the other, ``(example,)``.

    `k` minus Levenshtein's distance: entries put in, left out or replaced. Parameters as those of
    `common_subsequence`.
    """
    mine, theirs = _listed(ranks, most), _listed(ranks_y, most)
    columns = jnp.arange(most + 1, dtype=jnp.int32)

    def next_row(
        carry: tuple[jax.Array, jax.Array], entry: tuple[jax.Array, jax.Array]
    ) -> tuple[tuple[jax.Array, jax.Array], None]:
        row, last = carry
        number, own = entry  # how many entries of the one list are used up, and the latest of them
        replaced = row[:, :-1] + (theirs != own[:, None])
        best = jnp.minimum(row[:, 1:] + 1, replaced)
        best = jnp.concatenate([jnp.full_like(row[:, :1], number), best], axis=1)
        # Putting in one after another costs 1 each: the least of what stands to the left and that.
        row = jax.lax.cummin(best - columns[None, :], axis=1) + columns[None, :]
        return (row, jnp.where(number == k, row, last)), None

    first = jnp.broadcast_to(columns, (len(ranks), most + 1))
    numbers = jnp.arange(1, most + 1, dtype=jnp.int32)
    (_, last), _ = jax.lax.scan(next_row, (first, first), (numbers, mine.T))
    edits = jnp.take_along_axis(last, jnp.broadcast_to(k, (len(last), 1)), axis=1)[:, 0]
    return k - edits


def _listed(ranks: jax.Array, most: int) -> jax.Array:
    """Numbers of the first `most` others of each example, nearest first."""
    return jnp.argsort(ranks, axis=1)[:, :most].astype(np.int32)
