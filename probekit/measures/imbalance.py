"""Whether who is near in one representation says who is near in another."""

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

DEFAULT_NEAREST = 1


def information_imbalance(
    x: Any, y: Any, *, neighbours: int = DEFAULT_NEAREST, metric: NeighbourMetric = "euclidean"
) -> jax.Array:
    """How little distances in `x` say of distances in `y`: Δ(x → y), the information imbalance.

    2 / (n² k) Σ_i Σ_{j ∈ N_i} r'_i(j), with N_i the k nearest others of example i in `x`, and
    r'_i(j) the rank of j among all others of i in `y`, nearest first. Both ways tell which of two
    representations holds more: if Δ(x → y) is near 0 and Δ(y → x) is not, `x` says all of `y` and
    something that `y` does not; if both are near 0 they say the same, and if both are near 1 they
    have nothing to do with each other.

    Parameters
    ----------
    x : array (example, unit)
    y : array (example, unit_y)
        The same examples in the same order.
    neighbours : int
        k; all others, if there are fewer. Of 1 the distances are looked at from as close by as
        can be, with more it is less noisy.
    metric : {"euclidean", "cosine"}
        What is near. Among equally near examples a fixed random order decides.

    Returns
    -------
    array ()
        From (k + 1) / n, the same k neighbours, to somewhat below 2; 1 for representations that
        have nothing to do with each other. NaN if either is constant or not finite, or (cosine) an
        example is 0 in all units.

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
    Glielmo, Zeni, Cheng, Csányi and Laio 2022, Ranking the information content of distance
    measures.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import information_imbalance
    >>> plane = np.random.default_rng(0).normal(size=(200, 2))
    >>> line = plane[:, :1]
    >>> forth, back = information_imbalance(plane, line), information_imbalance(line, plane)
    >>> bool(forth < 0.2), bool(back > 0.3)  # a place in the plane says the one on the line
    (True, True)
    """
    check_nearness(neighbours, metric)
    return _imbalance(*matched(x, y, least=3), int(neighbours), metric)


@jitted(3)  # one program for any number of neighbours
def _imbalance(x: jax.Array, y: jax.Array, neighbours: int, metric: NeighbourMetric) -> jax.Array:
    state = state_of(Examples(capacity=x.shape[0]), x, y)
    return imbalance_score(state, neighbours=neighbours, metric=metric).value


def imbalance_score(
    state: ExamplesState, *, neighbours: int | jax.Array, metric: NeighbourMetric
) -> Score:
    """`information_imbalance` of the examples that were kept."""
    present = state.present
    a, b = (Ranked.of(z, present, metric) for z in (state.x, state.y))
    n = present.sum()
    k = jnp.minimum(neighbours, n - 1)
    near = present[:, None] & present[None, :] & (a.ranks <= k)
    # As shares of n: ranks of all pairs added up would pass 2²⁴.
    n_, k_ = (count.astype(a.far.dtype) for count in (n, k))
    ranks = jnp.where(near, b.ranks / jnp.maximum(n_, 1), 0).sum(axis=1)
    return score_of_ranks(2 * divide(ranks.sum(), n_ * k_), state, a.undefined | b.undefined)
