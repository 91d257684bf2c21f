"""Whether neighbourhoods keep their order, their members and their shape."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_count
from probekit._sums import product
from probekit.measures._arguments import jitted, matched
from probekit.measures._linalg import svd, svdvals
from probekit.measures._scale import moderating_power
from probekit.measures._status import Score, divide
from probekit.measures.neighbour_ranks import (
    NeighbourMetric,
    Ranked,
    check_nearness,
    score_of_ranks,
)
from probekit.measures.trust import DEFAULT_TRUSTED
from probekit.statistics import Examples, ExamplesState, state_of

DEFAULT_SHAPE = 10


def topographic_product(
    x: Any, y: Any, *, neighbours: int = DEFAULT_TRUSTED, metric: NeighbourMetric = "euclidean"
) -> jax.Array:
    """Topographic product: how much farther neighbours in `y` are in `x` than its own ones.

    Mean over examples i and l ≤ k of Σ_{j ≤ l} log(Q₁ Q₂) / 2 l, with
    Q₁ = d(i, n'_j) / d(i, n_j), Q₂ = d'(i, n'_j) / d'(i, n_j), n_j and n'_j the j-th nearest other
    of i in `x` and in `y`, and d and d' the distances in these.

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
        0 if neighbours are the same in the same order (or errors outweigh each other); above 0 if
        those of `y` are far in `x`, as where `y` folds it; below 0 if those of `x` are far in `y`.
        Changes its sign with the two exchanged. NaN if an example has the distance 0 to one of
        these neighbours, or the input is not finite.

    Raises
    ------
    ShapeError
        If the numbers of examples differ, or there are fewer than 3.
    OptionError
        If `neighbours` is below 1, or `metric` is neither of the two.

    Notes
    -----
    Invariant to scaling, rotation and permutation of units; euclidean also to translation.
    O(n² (d + d_y + log n)).

    References
    ----------
    Bauer and Pawelzik 1992, Quantifying the neighborhood preservation of self-organizing feature
    maps.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import topographic_product
    >>> line = np.arange(12.0)[:, None] ** 1.5
    >>> folded = np.abs(line - 12.25)
    >>> float(topographic_product(line, 3 * line)), float(topographic_product(line, folded)) > 0
    (0.0, True)
    """
    check_nearness(neighbours, metric)
    return _product(*matched(x, y, least=3), int(neighbours), metric)


def neighbour_dissimilarity(
    x: Any,
    y: Any,
    *,
    neighbours: int = DEFAULT_TRUSTED,
    metric: NeighbourMetric = "euclidean",
    relative: bool = True,
) -> jax.Array:
    """Neighbour dissimilarity: how differently pairs of examples share neighbours.

    max(‖(S - S')₊‖, ‖(S' - S)₊‖) / max(‖S‖, ‖S'‖), with S_ij how many neighbours i and j have in
    common in `x`, and S' in `y`. Two examples are neighbours if one is among the k nearest others
    of the other; ‖·‖ is the Frobenius norm of what lies off the diagonal.

    Parameters
    ----------
    x : array (example, unit)
    y : array (example, unit_y)
        The same examples in the same order.
    neighbours : int
        k; all others, if there are fewer.
    metric : {"euclidean", "cosine"}
        What is near. Among equally near examples a fixed random order decides.
    relative : bool
        As said; or divided by k instead, which grows with the number of examples.

    Returns
    -------
    array ()
        From 0 (the same neighbours) to 1 (no pair shares neighbours in both); at least 0 if not
        `relative`. NaN if either is constant or not finite, or (cosine) an example is 0 in all
        units.

    Raises
    ------
    ShapeError
        If the numbers of examples differ, or there are fewer than 3.
    OptionError
        If `neighbours` is below 1, or `metric` is neither of the two.

    Notes
    -----
    Invariant to scaling, rotation and permutation of units; euclidean also to translation.
    Symmetric. O(n² (d + d_y + log n) + n³).

    References
    ----------
    Fujiwara, Kuo, Ynnerman and Ma 2023, Feature learning for nonlinear dimensionality reduction
    toward maximal extraction of hidden patterns.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import neighbour_dissimilarity
    >>> line = np.arange(12.0)[:, None] ** 1.5
    >>> float(neighbour_dissimilarity(line, 7 - line, neighbours=2))
    0.0
    """
    check_nearness(neighbours, metric)
    return _dissimilarity(*matched(x, y, least=3), int(neighbours), metric, bool(relative))


def local_procrustes(
    x: Any, y: Any, *, neighbours: int = DEFAULT_SHAPE, scaled: bool = True
) -> jax.Array:
    """Local Procrustes: how much the shapes of neighbourhoods differ after the best rotation.

    Mean over examples i of min ‖X_i - c Y_i R - t‖² / ‖H X_i‖² over rotations R, shifts t and (if
    `scaled`) factors c, with X_i and Y_i the rows of i and of its k nearest others in `x`. With a
    factor that is 1 - ‖(H X_i)ᵀ H Y_i‖²_* / ‖H X_i‖² ‖H Y_i‖².

    Parameters
    ----------
    x : array (example, unit)
    y : array (example, unit_y)
        The same examples in the same order.
    neighbours : int
        k, at least 2; all others, if there are fewer.
    scaled : bool
        Whether neighbourhoods may have another size in `y`, each its own (conformal maps).

    Returns
    -------
    array ()
        From 0 (each is of the same shape) to 1 (if not `scaled`: not bounded). Neighbourhoods that
        lie in one place in `x` are left out; in `y` nothing is left of them, and they count 1. NaN
        if either is constant or not finite.

    Raises
    ------
    ShapeError
        If the numbers of examples differ, or there are fewer than 3.
    OptionError
        If `neighbours` is below 2.

    Notes
    -----
    Invariant to translation, scaling (if `scaled`), rotation and permutation of units. Not
    symmetric: neighbours are those of `x`. O(n² (d + log n) + n k² (d + d_y + k)).

    References
    ----------
    Goldberg and Ritov 2009, Local Procrustes for manifold embedding: a measure of embedding quality
    and embedding algorithms.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import local_procrustes
    >>> x = np.random.default_rng(0).normal(size=(12, 2))
    >>> round(float(local_procrustes(x, 3 * x[:, ::-1] + 1, neighbours=3)), 4)
    0.0
    """
    check_count("neighbours", neighbours, 2)
    return _shapes(*matched(x, y, least=3), int(neighbours), bool(scaled))


@jitted(3)  # one program for any number of neighbours
def _product(x: jax.Array, y: jax.Array, neighbours: int, metric: NeighbourMetric) -> jax.Array:
    state = state_of(Examples(capacity=x.shape[0]), x, y)
    return topographic_product_score(state, neighbours=neighbours, metric=metric).value


@jitted(3, 4)
def _dissimilarity(
    x: jax.Array, y: jax.Array, neighbours: int, metric: NeighbourMetric, relative: bool
) -> jax.Array:
    state = state_of(Examples(capacity=x.shape[0]), x, y)
    options = {"metric": metric, "relative": relative}
    return neighbour_dissimilarity_score(state, neighbours=neighbours, **options).value  # type: ignore[arg-type]


@jitted(2, 3)
def _shapes(x: jax.Array, y: jax.Array, neighbours: int, scaled: bool) -> jax.Array:
    state = state_of(Examples(capacity=x.shape[0]), x, y)
    return local_procrustes_score(state, neighbours=neighbours, scaled=scaled).value


def topographic_product_score(
    state: ExamplesState, *, neighbours: int | jax.Array, metric: NeighbourMetric
) -> Score:
    """`topographic_product` of the examples that were kept."""
    present = state.present
    both = [Ranked.of(z, present, metric) for z in (state.x, state.y)]
    orders = [jnp.argsort(one.ranks, axis=1) for one in both]
    k = jnp.minimum(neighbours, present.sum() - 1)
    place = jnp.arange(1, len(present) + 1)
    counted = present[:, None] & (place <= k)[None, :]

    def lengths(one: Ranked, order: jax.Array) -> jax.Array:
        found = jnp.take_along_axis(one.far, order, axis=1)
        return jnp.where(counted, found, 1)

    far = [[lengths(one, order) for order in orders] for one in both]
    copies = jnp.stack([(length <= 0).any() for row in far for length in row]).any()
    logs = [[jnp.log(jnp.where(length > 0, length, 1)) for length in row] for row in far]
    steps = (logs[0][1] - logs[0][0]) + (logs[1][1] - logs[1][0])
    each = jnp.cumsum(steps, axis=1) / (2 * place)
    total = jnp.where(counted, each, 0).sum(axis=1) / jnp.maximum(k, 1)
    value = divide(total.sum(), present.sum().astype(total.dtype))
    undefined = both[0].undefined | both[1].undefined | copies
    return score_of_ranks(value, state, undefined)


def neighbour_dissimilarity_score(
    state: ExamplesState, *, neighbours: int | jax.Array, metric: NeighbourMetric, relative: bool
) -> Score:
    """`neighbour_dissimilarity` of the examples that were kept."""
    present = state.present
    both = [Ranked.of(z, present, metric) for z in (state.x, state.y)]
    k = jnp.minimum(neighbours, present.sum() - 1)
    a, b = (_shared(one.ranks <= k, present, state.x.dtype) for one in both)
    norms = [
        jnp.sqrt(jnp.square(z).sum()) for z in (jnp.maximum(a - b, 0), jnp.maximum(b - a, 0), a, b)
    ]
    whole = jnp.maximum(norms[2], norms[3]) if relative else k.astype(a.dtype)
    value = jnp.maximum(norms[0], norms[1])
    # Without a pair that shares any, as of 2 neighbours, there is nothing that could differ.
    value = jnp.where(value > 0, divide(value, whole), 0)
    return score_of_ranks(value, state, both[0].undefined | both[1].undefined)


def _shared(near: jax.Array, present: jax.Array, dtype: jnp.dtype) -> jax.Array:
    """How many neighbours two different examples have in common."""
    near = near & present[:, None] & present[None, :] & ~np.eye(len(near), dtype=bool)
    either = (near | near.T).astype(dtype)
    return jnp.where(np.eye(len(near), dtype=bool), 0, product(either, either))


def local_procrustes_score(state: ExamplesState, *, neighbours: int, scaled: bool) -> Score:
    """`local_procrustes` of the examples that were kept."""
    present = state.present
    ranked = [Ranked.of(z, present, "euclidean") for z in (state.x, state.y)]
    places = min(neighbours, len(present) - 1)
    others = jnp.argsort(ranked[0].ranks, axis=1)[:, :places]
    members = jnp.concatenate([jnp.arange(len(present))[:, None], others], axis=1)
    # Of few examples there are fewer neighbours than places; an example itself comes next.
    near = jnp.concatenate([jnp.ones(1, bool), jnp.arange(places) < present.sum() - 1])
    there = present[:, None] & near & present[members]
    clouds = [jnp.where(present[:, None] & jnp.isfinite(z), z, 0) for z in (state.x, state.y)]
    powers = list(map(moderating_power, clouds))
    if not scaled:  # then one size is compared with the other
        powers = [moderating_power(jnp.concatenate(clouds, axis=1))] * 2
    rows = [(z * power)[members] for z, power in zip(clouds, powers, strict=True)]
    shapes = jax.lax.map(lambda part: _shape(*part, scaled=scaled), (*rows, there))
    counted = present & jnp.isfinite(shapes)
    value = divide(jnp.where(counted, shapes, 0).sum(), counted.sum().astype(shapes.dtype))
    return score_of_ranks(value, state, ranked[0].undefined | ranked[1].undefined)


def _shape(x: jax.Array, y: jax.Array, there: jax.Array, *, scaled: bool) -> jax.Array:
    """Return what is left of one neighbourhood; NaN if it lies in one place."""
    count = jnp.maximum(there.sum(), 1)
    roots = []
    for rows in (x, y):
        rounding = 8 * float(np.finfo(rows.dtype).eps) * jnp.abs(rows).max(axis=0)
        # About the example itself first: differences of neighbours are exact wherever they lie,
        # those to a mean that one example far out has moved are not.
        rows = jnp.where(there[:, None], rows - rows[0], 0)
        rows = jnp.where(there[:, None], rows - rows.sum(axis=0) / count, 0)
        rows = jnp.where((jnp.abs(rows) > rounding).any(), rows, 0)  # else they lie in one place
        left, sizes, _ = svd(rows)
        roots.append(left * sizes)
    a, b = roots
    own, other = (jnp.square(root).sum() for root in roots)
    overlap = svdvals(product(a.T, b)).sum()
    if scaled:
        found = 1 - jnp.square(divide(overlap, jnp.sqrt(own) * jnp.sqrt(other)))
        found = jnp.where(other > 0, jnp.clip(found, 0, 1), 1)
    else:
        found = jnp.maximum(divide(own + other - 2 * overlap, own), 0)
    return jnp.where(own > 0, found, jnp.nan)
