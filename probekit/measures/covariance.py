"""Similarity through covariances: RV coefficient, its angle, and partial least squares."""

from typing import Any, Literal, get_args

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_choice
from probekit._sums import product
from probekit.measures._arguments import jitted, matched
from probekit.measures._double import in_double
from probekit.measures._linalg import svd
from probekit.measures._moments import from_moments, pair_score, unit_scales
from probekit.measures._narrowing import narrowed
from probekit.measures._scale import moderate
from probekit.measures._span import squares_about_most
from probekit.measures._status import Score, divide
from probekit.measures.gram import centred_rows
from probekit.measures.kernels import linear_cka_score
from probekit.measures.transfer import squared_distance
from probekit.measures.weighted_grams import Sums, alignment_of_sums
from probekit.statistics import MomentsState

Weighting = Literal["covariance", "mean"]
WEIGHTINGS: tuple[Weighting, ...] = get_args(Weighting)


def rv_coefficient(x: Any, y: Any) -> jax.Array:
    """RV coefficient: tr(XᵀY YᵀX) / √(tr((XᵀX)²) tr((YᵀY)²)) for centred X and Y.

    The name in statistics of what is linear CKA in machine learning.

    Parameters
    ----------
    x : array (example, unit)
    y : array (example, unit_y)
        The same examples in the same order.

    Returns
    -------
    array ()
        In [0, 1]. NaN if either is constant or not finite.

    Raises
    ------
    ShapeError
        If the numbers of examples differ, or there are fewer than 2.

    Notes
    -----
    Invariant to translation, scaling and rotation. O(n (d² + d_y²)).

    References
    ----------
    Robert and Escoufier 1976, A unifying tool for linear multivariate statistical methods: the
    RV-coefficient.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import cka, rv_coefficient
    >>> x = np.arange(12.0).reshape(6, 2) ** 2
    >>> bool(abs(rv_coefficient(x, x[:, 0]) - cka(x, x[:, 0])) < 1e-5)
    True
    """
    return from_moments(linear_cka_score, x, y, narrow=True)


def angular_cka_distance(x: Any, y: Any) -> jax.Array:
    """Angle between the Gram matrices of two representations: arccos of linear CKA.

    Parameters
    ----------
    x : array (example, unit)
    y : array (example, unit_y)
        The same examples in the same order.

    Returns
    -------
    array ()
        In [0, π/2], in radians; a metric, which 1 - CKA is not: 0 only for representations equal up
        to rotation, scale and offset, symmetric, with the triangle inequality. Below about 0.005
        rounding cannot be told from a distance, and it is 0. NaN if either is constant or not
        finite.

    Raises
    ------
    ShapeError
        If the numbers of examples differ, or there are fewer than 2.

    Notes
    -----
    Invariant to translation, scaling and rotation. As ``LinearCKA`` of netrep. O(n (d² + d_y²)).

    References
    ----------
    Williams, Kunz, Kornblith and Linderman 2021, Generalized shape metrics on neural
    representations; Kornblith, Norouzi, Lee and Hinton 2019 (CKA).

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import angular_cka_distance
    >>> x = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 2.0], [0.0, -2.0]])
    >>> round(float(angular_cka_distance(x, x[:, :1])), 4)  # arccos 2 / √(2² + 8²)
    1.3258
    """
    return from_moments(angular_cka_score, x, y, narrow=True)


def pls(x: Any, y: Any, *, weighting: Weighting = "covariance") -> jax.Array:
    """Correlation of partial least squares components.

    XᵀY = Σ_i s_i u_i v_iᵀ gives the directions of largest covariance; the score is the mean of the
    correlations r_i of X u_i with Y v_i, weighted by s_i or not at all.

    Parameters
    ----------
    x : array (example, unit)
    y : array (example, unit_y)
        The same examples in the same order.
    weighting : {"covariance", "mean"}
        Weights s_i, the covariance that the component explains; or the plain mean over components
        with a covariance above rounding.

    Returns
    -------
    array ()
        In [0, 1]. NaN if either is constant, they have no covariance, or one is not finite.

    Raises
    ------
    ShapeError
        If the numbers of examples differ, or there are fewer than 2.
    OptionError
        If `weighting` is neither of the two.

    Notes
    -----
    Invariant to translation, scaling and rotation. Components as ``PLSSVD(scale=False)`` of
    scikit-learn. O(n (d² + d_y²) + d d_y min(d, d_y)). Computed from the examples in float64,
    outside of ``jit`` and ``vmap``: covariances alone, which an estimator has, can be all rounding
    beside one example far out. Estimators report ``rank_deficient`` then, with NaN if how much a
    component varies is hidden; and by "mean" also if there are fewer components than units.

    References
    ----------
    Wegelin 2000, A survey of partial least squares methods, with emphasis on the two-block case.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import pls
    >>> x = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 2.0], [0.0, -2.0]])
    >>> round(float(pls(x, x[:, ::-1])), 5)
    1.0
    """
    check_choice("weighting", weighting, WEIGHTINGS)
    return in_double(_pls, *matched(x, y, least=2), weighting=weighting)


def _pls(x: jax.Array, y: jax.Array, *, eps: float, weighting: Weighting) -> jax.Array:
    if eps <= np.finfo(x.dtype).eps:
        return from_moments(pls_score, x, y, narrow=True, weighting=weighting)
    return _pls_of_examples(narrowed(x), narrowed(y), eps, weighting)


@jitted(2, 3)
def _pls_of_examples(x: jax.Array, y: jax.Array, eps: float, weighting: Weighting) -> jax.Array:
    """`pls` of values whose rounding is that of a narrower dtype, of each example by itself."""
    rows = [centred_rows(moderate(z), jnp.ones(len(z), z.dtype)) for z in (x, y)]
    cross = product(rows[0].T, rows[1])
    finite = jnp.isfinite(cross).all()
    u, covariances, vt = svd(jnp.where(finite, cross, 0))
    along = product(rows[0], u), product(rows[1], vt.T)
    lost = sum(
        product(squares_about_most(mine), jnp.square(theirs))
        for mine, theirs in zip(rows, along[::-1], strict=True)
    )
    own = float(np.finfo(x.dtype).eps)
    kept = covariances > jnp.maximum(
        4 * eps * jnp.sqrt(lost), max(cross.shape) * own * covariances[0]
    )
    lengths = [jnp.sqrt(jnp.square(z).sum(axis=0)) for z in along]
    correlations = divide(covariances, jnp.where(kept, lengths[0] * lengths[1], 0))
    weights = jnp.where(
        kept, covariances if weighting == "covariance" else jnp.ones_like(covariances), 0
    )
    value = divide(jnp.where(kept, weights * correlations, 0).sum(), weights.sum())
    return jnp.where(finite, jnp.clip(value, 0, 1), jnp.nan)


def angular_cka_score(state: MomentsState) -> Score:
    """`angular_cka_distance` from moments; needs all blocks in full."""
    cosine, status = linear_cka_score(state)
    return Score(_angle(cosine, max(state.x_mean.size, state.y_mean.size)), status)


def angle_of_sums(sums: Sums) -> jax.Array:
    """`angular_cka_distance` of sums that are `sure`."""
    return _angle(jnp.asarray(alignment_of_sums(sums)), sums.units)


def _angle(cosine: jax.Array, units: int) -> jax.Array:
    widest = jnp.zeros(units, bool)
    chord = jnp.sqrt(squared_distance(2 - 2 * cosine, widest))  # arccos would lose digits near 0
    return jnp.minimum(2 * jnp.arcsin(chord / 2), np.pi / 2)


def pls_score(state: MomentsState, *, weighting: Weighting) -> Score:
    """`pls` from moments; needs all blocks in full."""
    xx, xy, yy = state.blocks()
    x_scale, y_scale = unit_scales(state)
    cross = xy * x_scale * y_scale
    finite = jnp.isfinite(cross).all()
    u, covariances, vt = svd(jnp.where(finite, cross, 0))
    eps = float(np.finfo(xy.dtype).eps)
    kept = covariances > max(xy.shape) * eps
    x_spread = jnp.einsum("ui,uv,vi->i", u, xx, u, precision="highest") * jnp.square(x_scale)
    y_spread = jnp.einsum("iu,uv,iv->i", vt, yy, vt, precision="highest") * jnp.square(y_scale)
    # Beside an example far out a spread can be all rounding, and even negative.
    hidden = (kept & ~((x_spread > 0) & (y_spread > 0))).any() & finite
    rounding = [8 * eps * _sizes(*z) for z in ((u.T, xx, x_scale), (vt, yy, y_scale))]
    vague = (kept & ((x_spread < rounding[0]) | (y_spread < rounding[1]))).any() & finite
    spread = jnp.sqrt(jnp.where(kept & ~hidden, x_spread * y_spread, 1))
    correlations = jnp.where(kept, covariances / spread, 0)
    weights = jnp.where(
        kept, covariances if weighting == "covariance" else jnp.ones_like(covariances), 0
    )
    value = divide((weights * correlations).sum(), weights.sum())
    value = jnp.where(finite & ~hidden, jnp.clip(value, 0, 1), jnp.nan)
    deficient = hidden | vague
    if weighting == "mean":
        # Beside an example far out those that count as much as all others may be lost in rounding.
        units = jnp.minimum((~state.x_constant).sum(), (~state.y_constant).sum())
        deficient = deficient | (kept.sum() < jnp.minimum(units, state.count - 1))
    return pair_score(value, state, undefined=~kept.any(), deficient=deficient)


def _sizes(rows: jax.Array, squares: jax.Array, scale: jax.Array) -> jax.Array:
    """Return the sum of the magnitudes that the spread along each row is made of."""
    sizes = jnp.abs(rows)
    return (product(sizes, jnp.abs(squares) * scale * scale) * sizes).sum(axis=1)
