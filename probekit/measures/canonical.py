"""Similarity of the spaces that units span: canonical correlation and its kin, regression."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_count, check_positive
from probekit._sums import diagonal, product
from probekit.errors import OptionError
from probekit.measures._arguments import check_spans_part, jitted, matched
from probekit.measures._basis import Basis, basis_of, between, least_eigenvalue, vague_of
from probekit.measures._double import in_double
from probekit.measures._linalg import eigh, svd
from probekit.measures._moments import from_moments, pair_score, unit_scales
from probekit.measures._narrowing import narrowed
from probekit.measures._scale import moderate
from probekit.measures._span import floor_of, spanning
from probekit.measures._status import Score, divide
from probekit.measures.alignment import singular_values
from probekit.statistics import MomentsState

_TURNED = 512.0
"""Eigenvalues of components that rounding may turn, in units of the largest one's last digit.

Into some that are not kept: correlations of two to four were up to 1e-3 off below, 1e-4 above.
"""


def cca(x: Any, y: Any, *, squared: bool = False) -> jax.Array:
    """Mean canonical correlation: Σ_i ρ_i / r, with r the smaller of the two ranks.

    ρ_i are the singular values of (XᵀX)^(-1/2) XᵀY (YᵀY)^(-1/2) for centred representations.

    Parameters
    ----------
    x : array (example, unit)
    y : array (example, unit_y)
        The same examples in the same order.
    squared : bool
        The mean of ρ_i², which is R² of regressing either on the other after whitening.

    Returns
    -------
    array ()
        In [0, 1]; 1 if one spans all of the other. NaN if either is constant or not finite.

    Raises
    ------
    ShapeError
        If the numbers of examples differ, or one has so many units, as many as examples or one
        less, that they span whatever there is: the mean would be 1 whatever they hold. Estimators
        report ``too_few_examples`` beside NaN then.

    Notes
    -----
    Invariant to translation and to every invertible linear map. O(n (d² + d_y²) + d³ + d_y³).
    Computed from the examples, outside of ``jit`` and ``vmap`` in float64: an estimator has their
    covariances alone, in which directions that vary a thousandth as much as others drown in
    float32, and reports ``rank_deficient`` then.

    What has nothing in common correlates too where examples are few: the mean of squares is then
    max(d, d_y) / (n - 1) for normal units, as much as a half of 1,000 examples of 500 units.

    References
    ----------
    Hotelling 1936, Relations between two sets of variates; Kornblith et al. 2019, Similarity of
    neural network representations revisited (ρ̄_CCA and R²_CCA).

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import cca
    >>> x = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 2.0], [0.0, -2.0], [1.0, 1.0]])
    >>> round(float(cca(x, x @ np.array([[1.0, 1.0], [0.0, 3.0]]))), 5)
    1.0
    """
    return in_double(_cca, *_of_parts(x, y), squared=bool(squared))


def svcca(x: Any, y: Any, *, variance: float = 0.99, components: int | None = None) -> jax.Array:
    """Singular vector CCA: mean canonical correlation of the leading principal components.

    Each side keeps the fewest components that hold `variance` of its total variance, or the first
    `components`.

    Parameters
    ----------
    x : array (example, unit)
    y : array (example, unit_y)
        The same examples in the same order.
    variance : float
        Share that is kept, above 0 and at most 1.
    components : int, optional
        How many are kept instead; all with variance, if there are fewer.

    Returns
    -------
    array ()
        In [0, 1]. NaN if either is constant or not finite, or if so many components are kept, as
        many as examples less one, that they span whatever there is.

    Raises
    ------
    ShapeError
        If the numbers of examples differ, or there are fewer than 2.
    OptionError
        If `variance` is not above 0 and at most 1, or `components` below 1.

    Notes
    -----
    Invariant to translation, scaling and rotation. O(n (d² + d_y²) + d³ + d_y³). Of components that
    vary alike, as those of whitened units, rounding decides which are kept: of 2 among 20 such the
    score was 0.24 on one processor and 0.27 on another. In float64 outside of ``jit`` and ``vmap``:
    in float32 covariances, which an estimator has, components are lost that vary less than a
    thousandth as much as the first one, as beside one example far out, and estimators report
    ``rank_deficient`` if some of these count.

    References
    ----------
    Raghu, Gilmer, Yosinski and Sohl-Dickstein 2017, SVCCA.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import svcca
    >>> x = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 20.0], [0.0, -20.0]])
    >>> round(float(svcca(x, x[:, 1:], variance=0.9)), 5)
    1.0
    """
    check_kept(variance, components)
    components = None if components is None else int(components)
    options: dict[str, Any] = {"variance": float(variance), "components": components}
    return in_double(_svcca, *matched(x, y, least=2), **options)


def pwcca(x: Any, y: Any) -> jax.Array:
    """Projection-weighted CCA: canonical correlations weighted by their part in `x`.

    Σ_i α_i ρ_i / Σ_i α_i with α_i = Σ_u |h_i · x_u|: h_i the canonical variates of `x`, x_u its
    centred units.

    Parameters
    ----------
    x : array (example, unit)
        The representation that gives the weights.
    y : array (example, unit_y)
        The same examples in the same order.

    Returns
    -------
    array ()
        In [0, 1]; not symmetric. NaN if either is constant or not finite.

    Raises
    ------
    ShapeError
        If the numbers of examples differ, or one has so many units that they span whatever there
        is, as for `cca`.

    Notes
    -----
    Invariant to translation and scaling, to permutation of the units of `x`, and to invertible
    linear maps of `y`. O(n (d² + d_y²) + d³ + d_y³). Computed from the examples, as `cca` is. Where
    the two have more units together than there are examples, several correlations are 1: their
    variates are then as good as any rotation of them, whose weights differ, and the score is known
    to some hundredths only. Estimators report ``rank_deficient`` beside it.

    References
    ----------
    Morcos, Raghu and Bengio 2018, Insights on representational similarity in neural networks with
    canonical correlation.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import pwcca
    >>> x = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 2.0], [0.0, -2.0], [1.0, 1.0]])
    >>> round(float(pwcca(x[:, :1], x)), 5)
    1.0
    """
    return in_double(_pwcca_of_spans, *_of_parts(x, y))


def linear_regression_similarity(x: Any, y: Any) -> jax.Array:
    """Share of the variance of `x` that linear regression on `y` explains.

    1 - min_B ‖X - Y B‖² / ‖X‖² = ‖Q_yᵀ X‖² / ‖X‖² for centred X and Y, with Q_y an orthonormal
    basis of the units of `y`.

    Parameters
    ----------
    x : array (example, unit)
        What is predicted.
    y : array (example, unit_y)
        What it is predicted from; the same examples in the same order.

    Returns
    -------
    array ()
        In [0, 1]; not symmetric. NaN if either is constant or not finite.

    Raises
    ------
    ShapeError
        If the numbers of examples differ, there are fewer than 2, or `y` has so many units that
        they span whatever there is, as for `cca`.

    Notes
    -----
    Invariant to translation, scaling and rotation, and to invertible linear maps of `y`. It is
    `linear_r2` weighted by variance, fitted and scored on the same examples.
    O(n d_y (d + d_y) + d_y³). Computed from the examples, as `cca` is.

    Of representations that have nothing in common it is d_y / (n - 1) in the mean, since what is
    fitted is scored; `linear_predictivity` scores other examples.

    References
    ----------
    Kornblith, Norouzi, Lee and Hinton 2019, Similarity of neural network representations revisited
    (R²_LR).

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import linear_regression_similarity
    >>> x = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 2.0], [0.0, -2.0]])
    >>> round(float(linear_regression_similarity(x, x[:, 1:])), 5)  # 8 of 10
    0.8
    """
    x, y = matched(x, y, least=2)
    check_spans_part("y", y)
    return in_double(_linear_regression, x, y)


def _of_parts(x: Any, y: Any) -> tuple[jax.Array, jax.Array]:
    x, y = matched(x, y, least=2)
    check_spans_part("x", x)
    check_spans_part("y", y)
    return x, y


def _cca(x: jax.Array, y: jax.Array, *, eps: float, squared: bool) -> jax.Array:
    return from_moments(cca_score, spanning(x, eps), spanning(y, eps), squared=squared)


def _svcca(x: jax.Array, y: jax.Array, *, eps: float, **options: Any) -> jax.Array:
    floors = floor_of(x, eps), floor_of(y, eps)
    return from_moments(svcca_score, x, y, narrow=True, floors=floors, **options)


def _pwcca_of_spans(x: jax.Array, y: jax.Array, *, eps: float) -> jax.Array:
    return _pwcca(x, spanning(x, eps), spanning(y, eps))


def _linear_regression(x: jax.Array, y: jax.Array, *, eps: float) -> jax.Array:
    return from_moments(linear_regression_score, narrowed(x), spanning(y, eps))


def check_kept(variance: float, components: int | None) -> None:
    """Raise `OptionError` unless ``0 < variance <= 1`` and ``components >= 1``, if given."""
    check_positive("variance", variance)
    if variance > 1:
        raise OptionError(f"variance={variance!r}: must be at most 1.")
    if components is not None:
        check_count("components", components, 1)


def cca_score(state: MomentsState, *, squared: bool = False) -> Score:
    """`cca` from moments; needs all blocks in full."""
    xx, xy, yy = state.blocks()
    a, b = basis_of(xx, state.x_constant), basis_of(yy, state.y_constant)
    correlations = _correlations(a, xy, b)
    powers = jnp.square(correlations) if squared else correlations
    value = divide(powers.sum(), jnp.minimum(a.rank, b.rank))
    return _share(value, state, a, b)


def svcca_score(
    state: MomentsState,
    *,
    variance: float,
    components: int | None = None,
    floors: tuple[float, float] = (0.0, 0.0),
) -> Score:
    """`svcca` from moments; needs all blocks in full.

    Shares of the largest variance up to the floors are rounding of what was given.
    """
    xx, xy, yy = state.blocks()
    a = _leading(xx, state.x_constant, variance, components, floors[0])
    b = _leading(yy, state.y_constant, variance, components, floors[1])
    value = divide(_correlations(a, xy, b).sum(), jnp.minimum(a.rank, b.rank))
    return _share(value, state, a, b)


def pwcca_score(state: MomentsState) -> Score:
    """`pwcca` from moments; needs all blocks in full."""
    xx, xy, yy = state.blocks()
    a, b = basis_of(xx, state.x_constant), basis_of(yy, state.y_constant)
    cross = between(a, xy, b)
    along = product(a.coefficients.T, xx)
    value, tied = _weighted(cross, along, jnp.minimum(a.rank, b.rank))
    return _share(value, state, a, b, open_=tied)


@jitted()
def _pwcca(x: jax.Array, basis: jax.Array, basis_y: jax.Array) -> jax.Array:
    """`pwcca`, given what the units of either span."""
    ranks = [jnp.square(columns).sum().round() for columns in (basis, basis_y)]
    x = moderate(x)
    along = product(basis.T, x - x.mean(axis=0))
    value, _ = _weighted(product(basis.T, basis_y), along, jnp.minimum(*ranks))
    return jnp.clip(value, 0, 1)


def _weighted(cross: jax.Array, along: jax.Array, rank: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Canonical correlations, averaged by how much of the units of `x` their variates hold.

    `cross` and `along` are the inner products of a basis of x with one of y, and with the units.
    Also whether several correlations are 1 but not all: then any rotation of their variates is as
    good, and gives other weights.
    """
    finite = jnp.isfinite(cross).all()
    left, correlations, _ = svd(jnp.where(finite, cross, 0))
    counted = jnp.arange(correlations.shape[0]) < rank
    weights = jnp.where(counted, jnp.abs(product(left.T, along)).sum(axis=1), 0)
    value = divide((weights * correlations).sum(), weights.sum())
    ones = counted & (correlations >= 1 - 64 * float(np.finfo(correlations.dtype).eps))
    tied = (ones.sum() > 1) & (counted & ~ones).any()
    return jnp.where(finite, value, jnp.nan), tied


def linear_regression_score(state: MomentsState) -> Score:
    """`linear_regression_similarity` from moments; needs `yy` in full."""
    _, xy, yy = state.blocks()
    basis = basis_of(yy, state.y_constant)
    x_scale, _ = unit_scales(state)
    explained = jnp.square(product(basis.coefficients.T, xy.T * x_scale)).sum()
    return _share(explained, state, basis)


def _leading(
    covariance: jax.Array,
    constant: jax.Array,
    variance: float,
    components: int | None,
    floor: float,
) -> Basis:
    """Basis of the fewest principal components that hold this share, or of this many."""
    trace = diagonal(covariance).sum()
    trace = jnp.where(trace > 0, trace, 1)
    values, vectors = eigh(covariance / trace)
    with_variance = values > jnp.maximum(least_eigenvalue(values), floor * values[-1])
    if components is None:
        # In ascending order: a component is needed while those below it hold too little to drop.
        below = jnp.cumsum(jnp.where(with_variance, values, 0))
        needed = below > (1 - variance) * below[-1] + 4 * np.finfo(values.dtype).eps
    else:
        needed = jnp.arange(len(values)) >= len(values) - components
    kept = with_variance & needed
    inverse = jnp.where(kept, jax.lax.rsqrt(jnp.where(kept, values, 1) * trace), 0)
    lost = needed & ~with_variance & (jnp.arange(len(values)) >= constant.sum())
    vague = kept & vague_of(values, _TURNED)
    return Basis(vectors * inverse[None, :], kept.sum(), (lost | vague).any())


def _correlations(a: Basis, xy: jax.Array, b: Basis) -> jax.Array:
    """Canonical correlations, and zeros."""
    cross = between(a, xy, b)
    return jnp.minimum(singular_values(cross), 1)


def _share(
    value: jax.Array, state: MomentsState, *bases: Basis, open_: jax.Array | bool = False
) -> Score:
    """Score of what bases span, undefined if one of them spans whatever there is."""
    deficient = jnp.stack([basis.deficient for basis in bases]).any() | open_
    least = jnp.stack([basis.rank for basis in bases]).max() + 2
    return pair_score(jnp.clip(value, 0, 1), state, least=least, deficient=deficient)
