"""Correlations of values and of ranks, for vectors with absent entries."""

from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np

from probekit.measures._arguments import jitted
from probekit.measures._status import divide
from probekit.measures.equal_distances import Runs, equal_runs

Comparison = Literal["pearson", "spearman", "kendall", "cosine"]


@jitted(3)
def correlation(
    a: jax.Array, b: jax.Array, present: jax.Array, comparison: Comparison
) -> jax.Array:
    """Correlation of two vectors over the entries that are present; NaN where one is constant.

    ``pearson``; ``spearman``, with mean ranks for ties; ``kendall``: tau-a, (concordant -
    discordant pairs) / all pairs; ``cosine``: without centring.
    """
    if comparison == "cosine":
        return _cosine(jnp.where(present, a, 0), jnp.where(present, b, 0))
    if comparison == "pearson":
        return _pearson(a, b, present)
    return (_spearman if comparison == "spearman" else _kendall)(a, b, present)


def _cosine(a: jax.Array, b: jax.Array) -> jax.Array:
    a, b = (v / jnp.where(top > 0, top, 1) for v in (a, b) for top in [jnp.abs(v).max()])
    lengths = jnp.sqrt(jnp.square(a).sum()) * jnp.sqrt(jnp.square(b).sum())
    return jnp.clip(divide((a * b).sum(), lengths), -1, 1)


def _pearson(a: jax.Array, b: jax.Array, present: jax.Array) -> jax.Array:
    return _cosine(centred(a, present), centred(b, present))


def centred(values: jax.Array, present: jax.Array) -> jax.Array:
    """Differences to the mean; zeros if they are no more than rounding."""
    count = jnp.maximum(present.sum(), 1).astype(values.dtype)
    values = jnp.where(present, values, 0)
    mean = values.sum() / count
    difference = jnp.where(present, values - mean, 0)
    difference = jnp.where(present, difference - difference.sum() / count, 0)
    constant = jnp.abs(difference).max() <= 8 * np.finfo(values.dtype).eps * jnp.abs(mean)
    return jnp.where(constant, 0, difference)


def _spearman(a: jax.Array, b: jax.Array, present: jax.Array) -> jax.Array:
    a, b = jnp.where(present, a, jnp.inf), jnp.where(present, b, jnp.inf)
    # Ranks are known in sorted order. Sorted by a, then that by b: nothing has to be put back.
    a, b = jax.lax.sort((a, b), num_keys=1)
    b, a_ranks = jax.lax.sort((b, _ranks_of_sorted(a)), num_keys=1)
    first = jnp.arange(a.shape[0]) < present.sum()
    return _pearson(a_ranks, _ranks_of_sorted(b), first)


def spearman_of_arrays(
    a: np.ndarray, b: np.ndarray, *, rounding: tuple[np.ndarray, np.ndarray] | None = None
) -> float:
    """Spearman's correlation of vectors that lie in memory; NaN where one is constant.

    Entries that differ by no more than their `rounding`, if it is given, are equal.

    NumPy sorts several times as fast as compiled code does on a CPU, and lets a second thread do
    the same meanwhile.
    """
    u, v = _threads().map(_mean_ranks, (a, b), rounding or (None, None))
    for ranks in (u, v):
        ranks -= (len(a) - 1) / 2  # their mean, whatever is tied
    # Not by BLAS: its threads would wait for more to do, in the way of those of XLA.
    products, u_squares, v_squares = (np.einsum("i,i", *z) for z in ((u, v), (u, u), (v, v)))
    lengths = np.sqrt(u_squares * v_squares)
    return float(np.clip(products / lengths, -1, 1)) if lengths > 0 else float("nan")


@cache
def _threads() -> ThreadPoolExecutor:
    """Return threads that stay: new ones would have to be given memory first."""
    return ThreadPoolExecutor(2, thread_name_prefix="probekit-ranks")


def _mean_ranks(values: np.ndarray, rounding: np.ndarray | None) -> np.ndarray:
    """Ranks from 0; those that are equal, or differ by no more than rounding, have their mean."""
    order, ordered = _in_order(values)
    if rounding is None:
        runs = Runs.where(np.flatnonzero(ordered[1:] == ordered[:-1]))
    else:
        runs = equal_runs(values, order, rounding)
    ranks = np.empty(len(values))
    ranks[order] = np.arange(len(values), dtype=ranks.dtype)
    ranks[order[runs.places]] = runs.repeated((runs.first + runs.last) / 2)
    return ranks


def _in_order(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the order of finite values, and something that is as equal and as large as they are.

    Of float32, the bits and the place make one integer: sorting integers is twice as fast as
    finding the order of floats.
    """
    if values.dtype != np.float32 or len(values) >= 1 << 31:
        order = np.argsort(values)
        return order, values[order]
    bits = (values + 0).view(np.int32)  # -0 becomes 0
    bits ^= (bits >> 31) & 0x7FFFFFFF  # negative ones grow with their size
    keys = np.left_shift(bits, 32, dtype=np.int64)
    keys |= np.arange(len(values), dtype=np.int32)
    keys.sort()
    order = keys & 0xFFFFFFFF
    keys >>= 32
    return order, keys


def _run_ends(values: jax.Array) -> tuple[jax.Array, jax.Array]:
    """First and last position of the run of equal values around each entry of a sorted vector."""
    places = jnp.arange(values.shape[0], dtype=jnp.int32)
    changes = values[1:] != values[:-1]
    starts = jnp.concatenate([jnp.ones(1, bool), changes])
    ends = jnp.concatenate([changes, jnp.ones(1, bool)])
    first = jax.lax.cummax(jnp.where(starts, places, 0))
    last = jax.lax.cummin(jnp.where(ends, places, values.shape[0]), reverse=True)
    return first, last


def _ranks_of_sorted(values: jax.Array) -> jax.Array:
    first, last = _run_ends(values)
    return (first + last).astype(values.dtype) / 2 + 1


def mean_ranks(values: jax.Array, present: jax.Array) -> jax.Array:
    """Ranks from 1 of the entries that are present, the mean of theirs if equal; 0 elsewhere."""
    order = jnp.argsort(jnp.where(present, values, jnp.inf))
    ranks = _ranks_of_sorted(jnp.where(present, values, jnp.inf)[order])
    return jnp.where(present, jnp.zeros_like(values).at[order].set(ranks), 0)


def weighted_ranks(values: jax.Array, weight: jax.Array) -> jax.Array:
    """Weight of what is smaller than each value, and half of that of its equals."""
    order = jnp.argsort(values)
    ordered, upto = values[order], jnp.cumsum(weight[order])
    first, last = (jnp.searchsorted(ordered, values, side=side) for side in ("left", "right"))
    return (upto[first] - weight[order][first] + upto[last - 1]) / 2


def _kendall(a: jax.Array, b: jax.Array, present: jax.Array) -> jax.Array:
    count = present.sum()
    a, b = jnp.where(present, a, jnp.inf), jnp.where(present, b, jnp.inf)
    # Sorted by a, and by b among equal a: then the discordant pairs are the inversions of b.
    a, b = jax.lax.sort((a, b), num_keys=2)
    a_first, _ = _run_ends(a)
    by_b = jax.lax.sort(b)
    both = jnp.concatenate([jnp.ones(1, bool), (a[1:] != a[:-1]) | (b[1:] != b[:-1])])
    places = jnp.arange(a.shape[0], dtype=jnp.int32)
    both_first = jax.lax.cummax(jnp.where(both, places, 0))
    is_present = places < count

    def tied(first: jax.Array) -> jax.Array:  # each entry is tied with those before it in its run
        return _large_sum(jnp.where(is_present, places - first, 0))

    every = _large_sum(jnp.where(is_present, places, 0))
    ties = (tied(a_first), tied(_run_ends(by_b)[0]), tied(both_first))
    concordance = every - ties[0] - ties[1] + ties[2] - 2 * _inversions(b)
    constant = (ties[0] == every) | (ties[1] == every)
    tau = divide(concordance.astype(a.dtype), every.astype(a.dtype))
    return jnp.where(constant, jnp.nan, tau)


def _large_sum(counts: jax.Array) -> jax.Array:
    """Sum of non-negative int32 as float, exact to its rounding: an int32 sum would overflow."""
    high, low = (counts >> 10).sum(dtype=jnp.int32), (counts & 1023).sum(dtype=jnp.int32)
    return high.astype(jnp.float32) * 1024 + low.astype(jnp.float32)


def _inversions(values: jax.Array) -> jax.Array:
    """Count the pairs i < j with values_i > values_j, by merging halves of growing blocks."""
    levels = max(values.shape[0] - 1, 1).bit_length()
    size = 1 << levels
    values = jnp.pad(values, (0, size - values.shape[0]), constant_values=jnp.inf)
    places = jnp.arange(size, dtype=jnp.int32)

    def merge(level: jax.Array, carry: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        values, total = carry
        block, right = places >> (level + 1), (places >> level) & 1
        _, values, right = jax.lax.sort((block, values, right), num_keys=2, is_stable=True)
        # Every block before this one has the same number of entries in its left half.
        left_before = jnp.cumsum(1 - right) - (block << level)
        inverted = jnp.where(right == 1, (1 << level) - left_before, 0)
        return values, total + _large_sum(inverted)

    start = (values, jnp.zeros((), jnp.float32))
    inversions: jax.Array = jax.lax.fori_loop(0, levels, merge, start)[1]
    return inversions
