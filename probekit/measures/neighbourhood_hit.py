"""Whether what lies near belongs to the same class."""

from typing import Any

import jax
import jax.numpy as jnp

from probekit.measures._arguments import jitted, matched
from probekit.measures._status import Score, divide, score
from probekit.measures.neighbour_ranks import NeighbourMetric, Ranked, check_nearness
from probekit.statistics import Examples, ExamplesState, state_of

DEFAULT_HITS = 10


def neighbourhood_hit(
    x: Any, y: Any, *, neighbours: int = DEFAULT_HITS, metric: NeighbourMetric = "euclidean"
) -> jax.Array:
    """Share of the nearest neighbours that are of the same class.

    Mean over examples of how many of its k nearest others are of its class, / k.

    Parameters
    ----------
    x : array (example, unit)
        The representation.
    y : array (example,) or (example, k)
        The class of each example: any numbers, equal for equal classes. With several columns, each
        different row is a class.
    neighbours : int
        k; all others, if there are fewer.
    metric : {"euclidean", "cosine"}
        What is near. Among equally near examples a fixed random order decides.

    Returns
    -------
    array ()
        In [0, 1]; 1 if all neighbours are of one class with each example. By chance it is the sum
        of the squared shares of the classes; of all others it is that whatever `x` is. NaN if there
        is one class, or none that occurs twice, as of numbers that all differ; if `x` is constant,
        the input is not finite, or (cosine) an example is 0 in all units.

    Raises
    ------
    ShapeError
        If the numbers of examples differ, or there are fewer than 3.
    OptionError
        If `neighbours` is below 1, or `metric` is neither of the two.

    Notes
    -----
    Invariant to scaling, rotation and permutation of units; euclidean also to translation.
    O(n² (d + log n)).

    References
    ----------
    Paulovich, Nonato, Minghim and Levkowitz 2008, Least square projection: a fast high-precision
    multidimensional projection technique.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import neighbourhood_hit
    >>> float(neighbourhood_hit(np.array([[0.0], [1.0], [9.0], [9.5]]), [0, 0, 1, 1], neighbours=1))
    1.0
    """
    check_nearness(neighbours, metric)
    return _neighbourhood_hit(*matched(x, y, least=3), int(neighbours), metric)


@jitted(3)
def _neighbourhood_hit(
    x: jax.Array, y: jax.Array, neighbours: int, metric: NeighbourMetric
) -> jax.Array:
    state = state_of(Examples(capacity=len(x)), x, y)
    return neighbourhood_hit_score(state, neighbours=neighbours, metric=metric).value


def neighbourhood_hit_score(
    state: ExamplesState, *, neighbours: int | jax.Array, metric: NeighbourMetric
) -> Score:
    """`neighbourhood_hit` of the examples that were kept."""
    present, examples = state.present, state.present.sum()
    pairs = present[:, None] & present[None, :]
    ranked = Ranked.of(state.x, present, metric)
    k = jnp.minimum(neighbours, examples - 1)
    same = (state.y[:, None, :] == state.y[None, :, :]).all(axis=2) & pairs
    near = (ranked.ranks <= k) & pairs
    hits = (near & same).sum(axis=1).astype(ranked.far.dtype) / jnp.maximum(k, 1)
    one_class, alone = same.sum() == examples * examples, same.sum() == examples
    return score(
        jnp.where(
            ranked.undefined | one_class | alone,
            jnp.nan,
            jnp.clip(divide(hits.sum(), examples.astype(hits.dtype)), 0, 1),
        ),
        finite=state.finite(),
        enough=(examples >= 3) & ~alone,
        constant=ranked.undefined | one_class,
    )
