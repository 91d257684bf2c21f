"""Whether what looks near in one representation is near in another."""

from typing import Any

import jax
import jax.numpy as jnp

from probekit._checks import check_choice, check_count
from probekit.measures._arguments import jitted, matched
from probekit.measures._scale import moderate
from probekit.measures._status import Score, divide, score
from probekit.measures.neighbours import NEIGHBOUR_METRICS, neighbour_ranks
from probekit.measures.rdm import Metric, distances
from probekit.statistics import Examples, ExamplesState, state_of

DEFAULT_TRUSTED = 5


def trustworthiness(
    x: Any, y: Any, *, neighbours: int = DEFAULT_TRUSTED, metric: Metric = "euclidean"
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
    check_trust(neighbours, metric)
    return _trustworthiness(*matched(x, y, least=3), int(neighbours), metric)


def check_trust(neighbours: int, metric: Metric) -> None:
    """Raise `OptionError` unless the options are possible."""
    check_count("neighbours", neighbours, 1)
    check_choice("metric", metric, NEIGHBOUR_METRICS)


@jitted(3)  # one program for any number of neighbours
def _trustworthiness(x: jax.Array, y: jax.Array, neighbours: int, metric: Metric) -> jax.Array:
    state = state_of(Examples(capacity=x.shape[0]), x, y)
    return trustworthiness_score(state, neighbours=neighbours, metric=metric).value


def trustworthiness_score(
    state: ExamplesState, *, neighbours: int | jax.Array, metric: Metric
) -> Score:
    """`trustworthiness` of the examples that were kept."""
    present = state.present
    pairs = present[:, None] & present[None, :]
    far = [
        distances(moderate(jnp.where(present[:, None], z, 0)), metric) for z in (state.x, state.y)
    ]
    ranks, pictured = (neighbour_ranks(z, present) for z in far)
    n = present.sum()
    k = jnp.minimum(neighbours, jnp.maximum((n - 1) // 2, 1))
    # As shares of n: ranks of all pairs added up would pass 2²⁴.
    intruding = pairs & (pictured <= k) & (ranks > k)
    n, k = (count.astype(far[0].dtype) for count in (n, k))
    too_far = jnp.where(intruding, (ranks - k) / jnp.maximum(n, 1), 0).sum(axis=1)
    worst = k * (2 * n - 3 * k - 1) / 2
    value = 1 - divide(too_far.sum(), worst)
    undefined = jnp.stack(
        [(jnp.isnan(z) & pairs).any() | ~((z > 0) & pairs).any() for z in far]
    ).any()
    return score(
        jnp.where(undefined, jnp.nan, jnp.clip(value, 0, 1)),
        finite=state.finite(),
        enough=n >= 3,
        constant=undefined,
    )
