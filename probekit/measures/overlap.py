"""How much of the space that one representation's units span lies in that of another's."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from probekit._sums import product
from probekit.measures._arguments import check_spans_part, jitted, matched
from probekit.measures._basis import basis_of, between
from probekit.measures._double import in_double
from probekit.measures._moments import pair_score
from probekit.measures._scale import moderate
from probekit.measures._span import span_of, spanning
from probekit.measures._status import Score, divide
from probekit.measures.gram import centred_rows
from probekit.statistics import Moments, MomentsState, state_of


def eigenspace_overlap(x: Any, y: Any, *, centred: bool = False) -> jax.Array:
    """Eigenspace overlap score: ‖UᵀV‖² / max(r, r_y).

    U and V are orthonormal bases of what the units of `x` and of `y` span among the examples (the
    left singular vectors), r and r_y their numbers of columns.

    Parameters
    ----------
    x : array (example, unit)
    y : array (example, unit_y)
        The same examples in the same order.
    centred : bool
        Subtract the means of the units first; it is then the sum of the squared canonical
        correlations over the larger rank (of which `cca` is that over the smaller).

    Returns
    -------
    array ()
        In [0, 1]; 1 if both span the same. NaN if either is constant or not finite.

    Raises
    ------
    ShapeError
        If the numbers of examples differ, there are fewer than 2, or one has so many units that
        they span whatever there is: as many as examples, or centred one less. The score would be
        that of the numbers of units; estimators report ``too_few_examples`` beside NaN then.

    Notes
    -----
    Invariant to invertible linear maps; centred also to translation. O(n (d² + d_y²) + d³ + d_y³).

    References
    ----------
    May, Zhang, Dao and Ré 2019, On the downstream performance of compressed word embeddings.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import eigenspace_overlap
    >>> x = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 2.0], [0.0, -2.0]])
    >>> round(float(eigenspace_overlap(x, x[:, 1:])), 5)
    0.5
    """
    x, y = matched(x, y, least=2)
    for argument, given in (("x", x), ("y", y)):
        check_spans_part(argument, given, centred=bool(centred))
    return in_double(_overlap, x, y, centred=bool(centred))


def _overlap(x: jax.Array, y: jax.Array, *, eps: float, centred: bool) -> jax.Array:
    if not centred and eps <= np.finfo(x.dtype).eps:
        return _shared_with_means(x, y, eps)
    return _shared(x, y, *(spanning(z, eps, centred) for z in (x, y)))


@jitted()
def _shared(x: jax.Array, y: jax.Array, basis: jax.Array, basis_y: jax.Array) -> jax.Array:
    """Overlap of the two bases; NaN if one of the representations is constant."""
    every = jnp.ones(len(x), x.dtype)
    constant = jnp.stack([(centred_rows(moderate(z), every) == 0).all() for z in (x, y)]).any()
    ranks = [jnp.square(columns).sum().round() for columns in (basis, basis_y)]
    shared = jnp.square(product(basis.T, basis_y)).sum()
    return jnp.where(constant, jnp.nan, jnp.clip(divide(shared, jnp.maximum(*ranks)), 0, 1))


@jitted(2)
def _shared_with_means(x: jax.Array, y: jax.Array, eps: float) -> jax.Array:
    """Overlap of what units span about 0: as they do about their means, and the means."""
    x, y = moderate(x), moderate(y)
    state = state_of(Moments(xx="diagonal", yy="diagonal"), x, y)
    every = jnp.ones(len(x), x.dtype)
    spans = [span_of(z, eps) for z in (x, y)]
    sides = [
        _Side(
            span.coefficients,
            product(centred_rows(z, every).T, span.columns),
            jnp.square(span.columns).sum().round(),
        )
        for z, span in zip((x, y), spans, strict=True)
    ]
    cross = product(spans[0].columns.T, spans[1].columns)
    return _of_parts(_with_means_shared(state, sides[0], sides[1], cross), state).value


def eigenspace_overlap_score(state: MomentsState, *, centred: bool) -> Score:
    """`eigenspace_overlap` from moments; needs all blocks in full."""
    xx, xy, yy = state.blocks()
    a, b = basis_of(xx, state.x_constant), basis_of(yy, state.y_constant)
    cross = between(a, xy, b)
    if centred:
        overlap = _Overlap(jnp.square(cross).sum(), jnp.maximum(a.rank, b.rank), about=1)
    else:
        x, y = (
            _Side(basis.coefficients, product(squares, basis.coefficients), basis.rank)
            for basis, squares in ((a, xx), (b, yy))
        )
        overlap = _with_means_shared(state, x, y, cross)
    return _of_parts(overlap, state, deficient=a.deficient | b.deficient)


class _Overlap(NamedTuple):
    """What two spaces share, the larger rank, and how many directions were taken off before."""

    shared: jax.Array
    rank: jax.Array
    about: int


def _of_parts(overlap: _Overlap, state: MomentsState, deficient: jax.Array | bool = False) -> Score:
    """Score of an overlap, undefined if one of the spaces is all there is."""
    value = jnp.clip(divide(overlap.shared, overlap.rank), 0, 1)
    least = jnp.maximum(overlap.rank + 1 + overlap.about, 2)
    return pair_score(value, state, least=least, deficient=deficient)


class _Side(NamedTuple):
    """An orthonormal basis of what units span about their means.

    Attributes
    ----------
    coefficients : array (unit, component)
        Differences to the means times these are the basis.
    loadings : array (unit, component)
        The basis times these, transposed, are the differences.
    rank : array ()
    """

    coefficients: jax.Array
    loadings: jax.Array
    rank: jax.Array


def _with_means_shared(state: MomentsState, x: _Side, y: _Side, cross: jax.Array) -> _Overlap:
    """Overlap about 0, given bases about the means and the products of these."""
    x_squares, y_squares = (
        jnp.where(constant, 0, squares)
        for constant, squares in (
            (state.x_constant, state.x_squares),
            (state.y_constant, state.y_squares),
        )
    )
    x_mean = _mean_of(state.x_mean + state.x_rest, x_squares, x, state.count)
    y_mean = _mean_of(state.y_mean + state.y_rest, y_squares, y, state.count)
    shared = jnp.square(cross).sum() + _with_means(cross, x_mean, y_mean)
    rank = jnp.maximum(x.rank + x_mean.spanned, y.rank + y_mean.spanned)
    return _Overlap(shared, rank, about=0)


class _Mean(NamedTuple):
    """What the means of the units add to the space that their differences span.

    The units are Σ_j a_j (b_j + u_j 1/√n), with b the basis of the differences, which 1 is at right
    angles to.

    Attributes
    ----------
    along : array (component,)
        u.
    spanned : array ()
        Whether 1 itself is a sum of units, as where units differ by a constant.
    """

    along: jax.Array
    spanned: jax.Array


def _mean_of(mean: jax.Array, squares: jax.Array, basis: _Side, count: jax.Array) -> _Mean:
    along = product(basis.coefficients.T, mean) * jnp.sqrt(count)
    # Some sum of units without differences has a mean: then it is 1, up to scale.
    spread = jnp.sqrt(squares)
    scale = jnp.where(spread > 0, 1 / jnp.where(spread > 0, spread, 1), 0)
    explained = product(basis.loadings, along) / jnp.sqrt(count)
    constant = ~((jnp.abs(basis.coefficients).max(axis=1) > 0) & (squares > 0))
    rest = jnp.where(constant, 0, (mean - explained) * scale)
    whole = jnp.square(jnp.where(constant, 0, mean * scale)).sum()
    rounding = 8 * float(np.finfo(mean.dtype).eps)
    apart = jnp.square(rest).sum() > rounding * whole
    return _Mean(along, apart | (constant & (mean != 0)).any())


def _with_means(cross: jax.Array, x: _Mean, y: _Mean) -> jax.Array:
    """Return what is added to ‖UᵀV‖², of bases of the differences, if means are left in.

    A space is that of the differences and 1, without w = (1/√n - Σ u_j b_j) / √(1 + ‖u‖²): the one
    direction that the units leave, if 1 is not spanned itself.
    """
    x_size, y_size = (1 / (1 + jnp.square(z.along).sum()) for z in (x, y))
    x_size, y_size = jnp.where(x.spanned, 0, x_size), jnp.where(y.spanned, 0, y_size)
    across = product(cross, y.along)
    left = x_size * (1 + jnp.square(product(cross.T, x.along)).sum())
    left += y_size * (1 + jnp.square(across).sum())
    both = x_size * y_size * jnp.square(1 + product(x.along, across))
    return 1 - left + both
