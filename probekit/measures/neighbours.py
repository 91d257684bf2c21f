"""Similarity of neighbourhoods: which examples lie close to which."""

from typing import Any, Literal, get_args

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_choice
from probekit.errors import OptionError
from probekit.measures._arguments import jitted, matched
from probekit.measures._scale import moderate
from probekit.measures._status import Score, divide
from probekit.measures.neighbour_ranks import (
    NeighbourMetric,
    Ranked,
    check_nearness,
    score_of_ranks,
)
from probekit.measures.sequences import common_subsequence, kept_entries
from probekit.statistics import Examples, ExamplesState, state_of

Neighbourhood = Literal[
    "jaccard",
    "rank",
    "joint",
    "overlap",
    "local_continuity",
    "second_order",
    "cycle",
    "subsequence",
    "edit",
]
NEIGHBOURHOODS: tuple[Neighbourhood, ...] = get_args(Neighbourhood)
ORDERED = ("subsequence", "edit")
"""Which compare the neighbours in the order of their distances."""

SIGNED = ("second_order", "local_continuity")
"""Which may be below 0."""

DEFAULT_NEIGHBOURS = 10


def mutual_neighbours(
    x: Any,
    y: Any,
    *,
    neighbours: int = DEFAULT_NEIGHBOURS,
    measure: Neighbourhood = "jaccard",
    metric: NeighbourMetric = "cosine",
) -> jax.Array:
    """How far examples have the same nearest neighbours in two representations.

    Mean over examples i, with N_i and N'_i their k nearest others and r(j), r'(j) the ranks of j
    among them: ``jaccard``: |N ∩ N'| / |N ∪ N'|; ``overlap``: |N ∩ N'| / k; ``local_continuity``:
    that less k / (n - 1), which it is by chance; ``rank``:
    Σ_{j ∈ N ∩ N'} 2 / ((1 + |r(j) - r'(j)|) (r(j) + r'(j))) / Σ_{l ≤ |N ∩ N'|} 1/l, 0 if there is
    none; ``joint``: the product of jaccard and rank; ``second_order``: the cosine of c and c', the
    cosines of example i with those of N ∪ N' in either representation; ``cycle``: 1 if i is among
    the N_j of some j of N'_i, so that a step in `y` and one in `x` lead back, else 0;
    ``subsequence``: the length of the longest common subsequence of the two lists, nearest first,
    / k; ``edit``: 1 - their Levenshtein distance / k.

    Parameters
    ----------
    x : array (example, unit)
    y : array (example, unit_y)
        The same examples in the same order.
    neighbours : int
        k; all others, if there are fewer.
    measure : {"jaccard", "rank", "joint", "overlap", "local_continuity", "second_order", \
            "cycle", "subsequence", "edit"}
        ``cycle`` alone is not symmetric.
    metric : {"cosine", "euclidean"}
        What is near. Among equally near examples a fixed random order decides. ``second_order`` has
        cosines only.

    Returns
    -------
    array ()
        In [0, 1], ``second_order`` and ``local_continuity`` in [-1, 1]; 1 for equal neighbourhoods
        (in equal order, for ``rank``, ``joint``, ``subsequence`` and ``edit``), but for ``cycle``,
        which is less where an example is nobody's neighbour, and ``local_continuity``, of which
        chance takes its part: 1 - k / (n - 1). NaN if either is constant or not finite, or (cosine)
        an example is 0 in all units.

    Raises
    ------
    ShapeError
        If the numbers of examples differ, or there are fewer than 3.
    OptionError
        If `neighbours` is below 1, or another option not among its choices.

    Notes
    -----
    Invariant to scaling, rotation and permutation of units; euclidean also to translation.
    O(n² (d + d_y + log n)), for ``subsequence`` and ``edit`` O(n k²) more.

    References
    ----------
    Chen and Buja 2009, Local multidimensional scaling (local continuity); Hamilton, Leskovec and
    Jurafsky 2016, Cultural shift or linguistic drift? (second order); Wang
    et al. 2022, Towards understanding the instability of network embedding (rank, joint);
    Klabunde, Schumacher, Strohmaier and Lemmerich 2025, Similarity of neural network
    models; Huh, Cheung, Wang and Isola 2024, The Platonic representation hypothesis (overlap,
    and in its code cycle, subsequence and edit).

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import mutual_neighbours
    >>> x = np.array([[0.0], [1.0], [3.0], [7.0]])
    >>> float(mutual_neighbours(x, 3 - 2 * x, neighbours=1, metric="euclidean"))
    1.0
    """
    check_neighbours(neighbours, measure, metric)
    most = int(neighbours) if measure in ORDERED else None
    return _neighbours(*matched(x, y, least=3), int(neighbours), most, measure, metric)


def check_neighbours(neighbours: int, measure: Neighbourhood, metric: NeighbourMetric) -> None:
    """Raise `OptionError` unless the options are among their choices."""
    check_choice("measure", measure, NEIGHBOURHOODS)
    check_nearness(neighbours, metric)
    if measure == "second_order" and metric != "cosine":
        raise OptionError(f"metric={metric!r}: measure 'second_order' has cosines only.")


@jitted(3, 4, 5)  # one program for any number of neighbours, but where their order counts
def _neighbours(
    x: jax.Array,
    y: jax.Array,
    neighbours: int,
    most: int | None,
    measure: Neighbourhood,
    metric: NeighbourMetric,
) -> jax.Array:
    state = state_of(Examples(capacity=x.shape[0]), x, y)
    return neighbours_score(
        state, neighbours=neighbours, most=most, measure=measure, metric=metric
    ).value


def neighbours_score(
    state: ExamplesState,
    *,
    neighbours: int | jax.Array,
    measure: Neighbourhood,
    metric: NeighbourMetric,
    most: int | None = None,
) -> Score:
    """`mutual_neighbours` of the examples that were kept; there are `most` neighbours at most."""
    present = state.present
    both = [_ranked(z, present, measure, metric) for z in (state.x, state.y)]
    k = jnp.minimum(neighbours, present.sum() - 1)
    each = _of_each(both, present, k, measure, most)
    value = divide(jnp.where(present, each, 0).sum(), present.sum().astype(each.dtype))
    value = jnp.clip(value, -1 if measure in SIGNED else 0, 1)
    return score_of_ranks(value, state, both[0].undefined | both[1].undefined)


def _ranked(
    z: jax.Array, present: jax.Array, measure: Neighbourhood, metric: NeighbourMetric
) -> Ranked:
    if measure != "second_order":
        return Ranked.of(z, present, metric)
    # Cosines are compared, of a single column too.
    return Ranked.by(moderate(jnp.where(present[:, None], z, 0)), present, "cosine")


def _of_each(
    compared: list[Ranked],
    present: jax.Array,
    k: jax.Array,
    measure: Neighbourhood,
    most: int | None,
) -> jax.Array:
    """How much the k nearest of each example are the same in both, by the measure."""
    ranks, far = [z.ranks for z in compared], [z.far for z in compared]
    near = [(rank <= k) & present[:, None] & present[None, :] for rank in ranks]
    both = near[0] & near[1]
    common = both.sum(axis=1).astype(far[0].dtype)
    union = (near[0] | near[1]).sum(axis=1)
    jaccard = common / jnp.maximum(union, 1)
    if measure == "overlap":
        return common / jnp.maximum(k, 1)
    if measure == "local_continuity":
        others = present.sum() - 1
        return common / jnp.maximum(k, 1) - k.astype(common.dtype) / jnp.maximum(others, 1)
    if measure == "jaccard":
        return jaccard
    if measure == "second_order":
        return _cosine_of_cosines(1 - far[0], 1 - far[1], near[0] | near[1])
    if measure == "cycle":
        return (near[1] & near[0].T).any(axis=1).astype(common.dtype)
    if measure in ORDERED:
        most = len(present) - 1 if most is None else min(most, len(present) - 1)
        alike = common_subsequence if measure == "subsequence" else kept_entries
        return alike(ranks[0], ranks[1], k, most=most).astype(common.dtype) / jnp.maximum(k, 1)
    each = _rank_similarity(ranks[0], ranks[1], both, common)
    return each * jaccard if measure == "joint" else each


def _rank_similarity(a: jax.Array, b: jax.Array, both: jax.Array, common: jax.Array) -> jax.Array:
    apart = (1 + jnp.abs(a - b)).astype(common.dtype)
    total = jnp.where(both, 2 / (apart * (a + b).astype(common.dtype)), 0).sum(axis=1)
    n = a.shape[0]
    harmonic = np.concatenate([[1.0], np.cumsum(1 / np.arange(1, n + 1))])
    return total / jnp.asarray(harmonic, common.dtype)[common.astype(jnp.int32)]


def _cosine_of_cosines(a: jax.Array, b: jax.Array, counted: jax.Array) -> jax.Array:
    """Cosine of the rows of two matrices of cosines, over the entries that are counted."""
    a, b = (jnp.where(counted, z, 0) for z in (a, b))
    lengths = jnp.sqrt(jnp.square(a).sum(axis=1)) * jnp.sqrt(jnp.square(b).sum(axis=1))
    # An example at right angles to all of them has no such cosine, and adds nothing.
    return jnp.where(lengths > 0, (a * b).sum(axis=1) / jnp.where(lengths > 0, lengths, 1), 0)
