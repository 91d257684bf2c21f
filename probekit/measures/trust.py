"""Whether what looks near in one representation is near in another."""

from typing import Any

import jax
import jax.numpy as jnp

from probekit.measures._arguments import jitted, matched
from probekit.measures._status import Score, divide
from probekit.measures.neighbour_ranks import (
    NeighbourMetric,
    Ranked,
    check_nearness,
    score_of_ranks,
)
from probekit.statistics import Examples, ExamplesState, state_of

DEFAULT_TRUSTED = 5


def trustworthiness(
    x: Any, y: Any, *, neighbours: int = DEFAULT_TRUSTED, metric: NeighbourMetric = "euclidean"
) -> jax.Array:
    """Whether neighbours in `y` are neighbours in `x`: how far `y` can be trusted as its picture.

    1 - 2 / (n k (2n - 3k - 1)) Σ_i Σ_{j ∈ N'_i} max(0, r_i(j) - k), with N'_i the k nearest others
    of example i in `y` and r_i(j) the rank of j among all others of i in `x`, nearest first. With
    the two exchanged it is the continuity: whether neighbours in `x` have stayed neighbours in `y`.

    Parameters
    ----------
    x : array (example, unit)
    y : array (example, unit_y)
        The same examples in the same order.
    neighbours : int
        k; less than half of the examples, or the most that is.
    metric : {"euclidean", "cosine"}
        What is near. Among equally near examples a fixed random order decides.

    Returns
    -------
    array ()
        From 0 (neighbours in `y` are those farthest in `x`) to 1 (the same neighbours); near 1/2
        for representations that have nothing to do with each other, if k is small. NaN if either
        is constant or not finite, or (cosine) an example is 0 in all units.

    Raises
    ------
    ShapeError
        If the numbers of examples differ, or there are fewer than 3.
    OptionError
        If `neighbours` is below 1, or `metric` is neither of the two.

    Notes
    -----
    Invariant to scaling, rotation and permutation of units; euclidean also to translation. Not
    symmetric. O(n² (d + d_y + log n)).

    References
    ----------
    Venna and Kaski 2001, Neighborhood preservation in nonlinear projection methods.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import trustworthiness
    >>> circle = np.stack([np.cos(np.arange(20) / 3.2), np.sin(np.arange(20) / 3.2)], axis=1)
    >>> line = np.arange(20.0)[:, None]  # cut open: what is near on it is near on the circle
    >>> round(float(trustworthiness(circle, line, neighbours=2)), 2)
    1.0
    >>> round(float(trustworthiness(line, circle, neighbours=2)), 2)  # the continuity of the line
    0.95
    """
    check_nearness(neighbours, metric)
    return _trustworthiness(*matched(x, y, least=3), int(neighbours), metric)


def mean_relative_rank_error(
    x: Any, y: Any, *, neighbours: int = DEFAULT_TRUSTED, metric: NeighbourMetric = "euclidean"
) -> jax.Array:
    """How far neighbours in `y` have moved in the order of neighbours in `x`, relative to it.

    1 / (n c) Σ_i Σ_{j ∈ N'_i} |r_i(j) - r'_i(j)| / r'_i(j), with N'_i the k nearest others of
    example i in `y`, r'_i(j) and r_i(j) the ranks of j among all others of i in `y` and in `x`,
    nearest first, and c = Σ_{l ≤ k} |n - 2 l + 1| / l. Unlike `trustworthiness` it sees changes of
    order among the k. With the two exchanged it is that of neighbours in `x` that `y` lacks.

    Parameters
    ----------
    x : array (example, unit)
    y : array (example, unit_y)
        The same examples in the same order.
    neighbours : int
        k; all others, if there are fewer.
    metric : {"euclidean", "cosine"}
        What is near. Among equally near examples a fixed random order decides.

    Returns
    -------
    array ()
        From 0 (the same neighbours in the same order) to somewhat below 1. NaN if either is
        constant or not finite, or (cosine) an example is 0 in all units.

    Raises
    ------
    ShapeError
        If the numbers of examples differ, or there are fewer than 3.
    OptionError
        If `neighbours` is below 1, or `metric` is neither of the two.

    Notes
    -----
    Invariant to scaling, rotation and permutation of units; euclidean also to translation. Not
    symmetric. O(n² (d + d_y + log n)).

    References
    ----------
    Lee and Verleysen 2007, Nonlinear dimensionality reduction; Lee and Verleysen 2009, Quality
    assessment of dimensionality reduction: rank-based criteria.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import mean_relative_rank_error
    >>> line = np.arange(20.0)[:, None] ** 2
    >>> float(mean_relative_rank_error(line, 3 - line)), float(mean_relative_rank_error(
    ...     line, np.cos(9 * line))) > 0.3
    (0.0, True)
    """
    check_nearness(neighbours, metric)
    return _rank_error(*matched(x, y, least=3), int(neighbours), metric)


@jitted(3)  # one program for any number of neighbours
def _trustworthiness(
    x: jax.Array, y: jax.Array, neighbours: int, metric: NeighbourMetric
) -> jax.Array:
    state = state_of(Examples(capacity=x.shape[0]), x, y)
    return trustworthiness_score(state, neighbours=neighbours, metric=metric).value


@jitted(3)
def _rank_error(x: jax.Array, y: jax.Array, neighbours: int, metric: NeighbourMetric) -> jax.Array:
    state = state_of(Examples(capacity=x.shape[0]), x, y)
    return rank_error_score(state, neighbours=neighbours, metric=metric).value


def trustworthiness_score(
    state: ExamplesState, *, neighbours: int | jax.Array, metric: NeighbourMetric
) -> Score:
    """`trustworthiness` of the examples that were kept."""
    present = state.present
    a, b = (Ranked.of(z, present, metric) for z in (state.x, state.y))
    n = present.sum()
    k = jnp.minimum(neighbours, jnp.maximum((n - 1) // 2, 1))
    # As shares of n: ranks of all pairs added up would pass 2²⁴.
    intruding = _pairs(present) & (b.ranks <= k) & (a.ranks > k)
    n, k = (count.astype(a.far.dtype) for count in (n, k))
    too_far = jnp.where(intruding, (a.ranks - k) / jnp.maximum(n, 1), 0).sum(axis=1)
    worst = k * (2 * n - 3 * k - 1) / 2
    value = 1 - divide(too_far.sum(), worst)
    return score_of_ranks(jnp.clip(value, 0, 1), state, a.undefined | b.undefined)


def rank_error_score(
    state: ExamplesState, *, neighbours: int | jax.Array, metric: NeighbourMetric
) -> Score:
    """`mean_relative_rank_error` of the examples that were kept."""
    present = state.present
    a, b = (Ranked.of(z, present, metric) for z in (state.x, state.y))
    n = present.sum()
    k = jnp.minimum(neighbours, n - 1)
    pictured = _pairs(present) & (b.ranks <= k)
    moved = jnp.abs(a.ranks - b.ranks).astype(a.far.dtype) / b.ranks
    each = jnp.where(pictured, moved, 0).sum(axis=1) / jnp.maximum(n, 1)
    rank = jnp.arange(1, len(present) + 1)
    worst = jnp.where(rank <= k, jnp.abs(n - 2 * rank + 1).astype(a.far.dtype) / rank, 0).sum()
    return score_of_ranks(divide(each.sum(), worst), state, a.undefined | b.undefined)


def _pairs(present: jax.Array) -> jax.Array:
    return present[:, None] & present[None, :]
