"""What erasing a feature takes of a representation."""

from typing import Any

import jax
import jax.numpy as jnp

from probekit._checks import check_positive
from probekit._sums import product
from probekit.errors import OptionError
from probekit.measures._arguments import Splits, jitted, splits
from probekit.measures._basis import basis_of, least_eigenvalue, vague_of
from probekit.measures._double import splits_in_double
from probekit.measures._linalg import eigh
from probekit.measures._moments import states_of
from probekit.measures._status import Score, divide, score
from probekit.statistics import Moments, MomentsState

DEFAULT_TOLERANCE = 1e-2


def erased_variance(
    x: Any,
    y: Any,
    *,
    held_out: tuple[Any, Any] | None = None,
    tolerance: float = DEFAULT_TOLERANCE,
) -> jax.Array:
    """Share of the variance that least-squares erasure of a feature (LEACE) takes.

    The erasure x - R (x - x̄) with R = C (Cᵀ S⁺ C)⁺ Cᵀ S⁺, C the covariance of units and feature
    and S that of the units, is the smallest change that leaves no linear classifier or regression
    anything of the feature. The score is Σ_i ‖R (x_i - x̄)‖² / Σ_i ‖x_i - x̄‖².

    Parameters
    ----------
    x : array (example, unit)
        The representation.
    y : array (example,) or (example, k)
        The feature; of a class one column for each value, as ``y[:, None] == np.unique(y)``.
    held_out : tuple of array, optional
        Representation and feature ``(x2, y2)`` of the examples of which the variance is taken;
        those that are fitted, unless given. Of these the feature is not looked at.
    tolerance : float
        Canonical correlations of units and feature up to which there is nothing to erase.

    Returns
    -------
    array ()
        From 0 (nothing, as of a constant feature) to 1; held out examples may lose more than they
        have. Of a feature of one column it is the variance-weighted `linear_r2` over the R² of
        decoding it by least squares: small where the feature is easily read out and lies in few of
        the directions that vary, larger where it can only be told from much of the rest. NaN if `x`
        is constant or the input is not finite.

    Raises
    ------
    ShapeError
        If numbers of examples or columns differ, or there are fewer than 2 examples.
    OptionError
        If `tolerance` is not above 0 and below 1.

    Notes
    -----
    Invariant to translation, scaling, rotation and permutation of units, and to invertible linear
    maps of the columns of `y`. With fewer examples than units every feature can be told, and what
    is erased is what it is correlated with in these examples. In float64; an estimator, in float32,
    leaves out directions with less than 1e-7 d of the variance of the largest, which may be all
    rounding, and reports ``rank_deficient`` then. O(n d (d + k) + d³ + d² k).

    References
    ----------
    Belrose, Schneider-Joseph, Ravfogel, Cotterell, Raff and Biderman 2023, LEACE: perfect linear
    concept erasure in closed form, theorem 4.3.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import erased_variance
    >>> x = np.array([[0.0, 0.0], [0.0, 4.0], [2.0, 0.0], [2.0, 4.0]])
    >>> round(float(erased_variance(x, x[:, 0])), 4)  # one of two units, with 1/5 of the variance
    0.2
    """
    check_tolerance(tolerance)
    given = splits(x, y, held_out, least=2)
    return splits_in_double(_erased_in, given, tolerance=float(tolerance))


def check_tolerance(tolerance: float) -> None:
    """Raise `OptionError` unless it is a correlation above 0 and below 1."""
    check_positive("tolerance", tolerance)
    if not tolerance < 1:
        raise OptionError(f"tolerance={tolerance!r}: must be below 1.")


def _erased_in(given: Splits, *, eps: float, tolerance: float) -> jax.Array:
    return _erased(given, tolerance, eps)


@jitted(1, 2)
def _erased(given: Splits, tolerance: float, eps: float) -> jax.Array:
    return erased_score(*states_of(Moments(), given), tolerance=tolerance, eps=eps).value


def erased_score(
    fit: MomentsState, held_out: MomentsState, *, tolerance: float, eps: float | None = None
) -> Score:
    """`erased_variance` from moments; needs all of them of `fit`, and `xx` of `held_out`.

    `eps` is the rounding of what was given, unless that is of the dtype of the moments.
    """
    xx, xy, yy = fit.blocks()
    assert held_out.xx is not None
    # Each by itself: what depends on `x` alone is then done once for all features.
    xx, xy, yy = (jnp.where(jnp.isfinite(part).all(), part, 0) for part in (xx, xy, yy))
    varies = ~fit.x_constant
    xx = jnp.where(varies[:, None] & varies[None, :], xx, 0)
    # Combinations of columns that are uncorrelated, so that none is there twice.
    columns = basis_of(yy, fit.y_equal).coefficients
    covariance = jnp.where(varies[:, None], product(xy, columns), 0)
    values, vectors = eigh(xx)
    kept = values > least_eigenvalue(values)
    if eps is not None:
        size = fit.count * jnp.square(fit.x_mean).sum()
        kept = kept & (values > (8 * eps) ** 2 * values[-1] + (2 * eps) ** 2 * size)
    directions = jnp.minimum(varies.sum(), fit.count.astype(jnp.int32) - 1)
    deficient = (~vague_of(values)).sum() < directions
    inverse = jnp.where(kept, 1 / jnp.where(kept, values, 1), 0)
    # Without what it has in the directions left out, or more could be taken than there is.
    along = jnp.where(kept[:, None], product(vectors.T, covariance), 0)
    covariance, weights = product(vectors, along), product(vectors, along * inverse[:, None])
    # Squared canonical correlations.
    shared, turns = eigh(product(covariance.T, weights))
    there = shared > tolerance**2
    into = product(covariance, turns) * jnp.where(there, 1 / jnp.where(there, shared, 1), 0)
    read = product(weights, turns)
    step = fit.steps(held_out)[0]
    moved = jnp.square(product(into, product(step, read))).sum()
    lengths, spread = product(into.T, into), product(read.T, product(held_out.xx, read))
    taken = (lengths * spread).sum() + held_out.count * moved
    total = held_out.x_squares.sum() + held_out.count * jnp.square(step).sum()
    constant = ~varies.any() | (held_out.x_constant.all() & ~(jnp.square(step).sum() > 0))
    return score(
        jnp.where(constant, jnp.nan, jnp.maximum(divide(taken, total), 0)),
        finite=fit.finite() & held_out.x_finite(),
        enough=(fit.count >= 2) & (held_out.count >= 2),
        constant=constant,
        deficient=deficient,
    )
