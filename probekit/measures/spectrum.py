"""The spectrum of a representation: its eigenvalues, how fast they fall, how many there are."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_at_least
from probekit.errors import OptionError
from probekit.measures._arguments import jitted, matrix
from probekit.measures._linalg import eigh
from probekit.measures._scale import moderate, moderating_power, restored
from probekit.measures._status import Score, divide, score
from probekit.statistics import Moments, MomentsState, state_of
from probekit.statistics._rounding import reciprocal

_COVARIANCE = Moments(xy=False, yy="none")
DEFAULT_FIRST, DEFAULT_LAST = 1, 100


def spectrum(x: Any) -> jax.Array:
    """Eigenvalues of the covariance, in descending order.

    Parameters
    ----------
    x : array (example, unit)

    Returns
    -------
    array (unit,)
        At least 0, in squared units of `x`; their sum is `total_variance`. NaN if `x` is not
        finite.

    Raises
    ------
    ShapeError
        If there are fewer than 2 examples.

    Notes
    -----
    Invariant to translation, rotation and permutation of units. O(n d² + d³).

    References
    ----------
    Stringer, Pachitariu, Steinmetz, Carandini and Harris 2019, High-dimensional geometry of
    population responses in visual cortex.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import spectrum
    >>> spectrum(np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 2.0], [0.0, -2.0]])).tolist()
    [2.0, 0.5]
    """
    return _spectrum(matrix("x", x, least=2))


def effective_rank(x: Any) -> jax.Array:
    """Effective rank: exp(-Σ_j p_j log p_j) with p_j the share of eigenvalue j of the covariance.

    Parameters
    ----------
    x : array (example, unit)

    Returns
    -------
    array ()
        From 1 (all variance in one direction) to the number of units (equal in all). NaN if `x` is
        constant or not finite.

    Raises
    ------
    ShapeError
        If there are fewer than 2 examples.

    Notes
    -----
    Invariant to translation, scaling, rotation and permutation of units. Of the eigenvalues of the
    covariance, that is of squared singular values; Roy and Vetterli take singular values.
    O(n d² + d³).

    References
    ----------
    Roy and Vetterli 2007, The effective rank: a measure of effective dimensionality.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import effective_rank
    >>> x = np.array([[1, 0], [-1, 0], [0, 1], [0, -1]])
    >>> round(float(effective_rank(x)), 4), round(float(effective_rank(x[:, :1])), 4)
    (2.0, 1.0)
    """
    return _effective_rank(matrix("x", x, least=2))


def spectrum_slope(x: Any, *, first: int = DEFAULT_FIRST, last: int = DEFAULT_LAST) -> jax.Array:
    """Exponent of the power law of the spectrum: a in λ_j ∝ j^(-a).

    Least squares of log λ_j on log j over the ranks from `first` to `last`, each rank weighted by
    1 / j, so that every octave counts alike.

    Parameters
    ----------
    x : array (example, unit)
    first, last : int
        The ranks that are fitted, counted from 1; those without variance are left out.

    Returns
    -------
    array ()
        At least 0: 0 for a flat spectrum; around 1 in visual cortex. NaN if fewer than two ranks
        have variance, or `x` is not finite.

    Raises
    ------
    ShapeError
        If there are fewer than 2 examples.
    OptionError
        If `first` is less than 1 or `last` not greater than `first`.

    Notes
    -----
    Invariant to translation, scaling, rotation and permutation of units. O(n d² + d³).

    References
    ----------
    Stringer et al. 2019, High-dimensional geometry of population responses in visual cortex (ranks
    11 to 500 there).

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import spectrum_slope
    >>> axes = np.diag(1 / np.arange(1, 9))  # variances fall with the square of the rank
    >>> round(float(spectrum_slope(np.concatenate([axes, -axes]))), 4)
    2.0
    """
    check_ranks(first, last)
    return _slope(matrix("x", x, least=2), first, last)


def check_ranks(first: int, last: int) -> None:
    """Raise `OptionError` unless ``1 <= first < last``."""
    check_at_least("first", first, 1)
    if not last > first:
        raise OptionError(f"last={last!r}: must be greater than first={first!r}.")


@jitted()
def _spectrum(x: Any) -> jax.Array:
    power = moderating_power(x)
    return restored(spectrum_score(state_of(_COVARIANCE, x * power)).value, power, degree=2)


@jitted()
def _effective_rank(x: Any) -> jax.Array:
    return effective_rank_score(state_of(_COVARIANCE, moderate(x))).value


@jitted(1, 2)
def _slope(x: Any, first: int, last: int) -> jax.Array:
    return slope_score(state_of(_COVARIANCE, moderate(x)), first=first, last=last).value


def spectrum_score(state: MomentsState) -> Score:
    """`spectrum` from moments; needs `xx` in full."""
    values = _shares(state) * state.x_squares.sum() * reciprocal(state.count)
    return score(values, finite=state.x_finite(), enough=state.count >= 2)


def effective_rank_score(state: MomentsState) -> Score:
    """`effective_rank` from moments; needs `xx` in full."""
    shares = _shares(state)
    entropy = -jnp.where(shares > 0, shares * jnp.log(jnp.where(shares > 0, shares, 1)), 0).sum()
    constant = state.x_constant.all()
    value = jnp.where(constant, jnp.nan, jnp.clip(jnp.exp(entropy), 1, shares.shape[0]))
    return score(value, finite=state.x_finite(), enough=state.count >= 2, constant=constant)


def slope_score(state: MomentsState, *, first: int, last: int) -> Score:
    """`spectrum_slope` from moments; needs `xx` in full."""
    shares = _shares(state)
    rank = np.arange(1, shares.shape[0] + 1)
    fitted = (shares > 0) & (rank >= first) & (rank <= last)
    weight = jnp.where(fitted, 1 / rank.astype(shares.dtype), 0)
    weight = weight * reciprocal(weight.sum())
    log_rank, log_value = np.log(rank).astype(shares.dtype), jnp.log(jnp.where(fitted, shares, 1))
    centred = log_rank - (weight * log_rank).sum()
    spread = (weight * jnp.square(centred)).sum()
    value = jnp.maximum(divide(-(weight * centred * log_value).sum(), spread), 0)
    constant = fitted.sum() < 2
    value = jnp.where(constant, jnp.nan, value)
    return score(value, finite=state.x_finite(), enough=state.count >= 2, constant=constant)


def components(covariance: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Eigenvalues and eigenvectors (in columns), in descending order; rounding is 0."""
    finite = jnp.isfinite(covariance).all()
    values, vectors = eigh(jnp.where(finite, covariance, 0))
    values, vectors = values[::-1], vectors[:, ::-1]
    least = values[0] * (values.shape[0] * float(np.finfo(values.dtype).eps))
    return jnp.where(values > least, values, 0), vectors


def _shares(state: MomentsState) -> jax.Array:
    """Eigenvalues of the covariance as shares of the total, in descending order; rounding is 0."""
    assert state.xx is not None
    trace = jnp.where(state.x_constant, 0, state.x_squares).sum()
    values, _ = components(state.xx / jnp.where(trace > 0, trace, 1))
    values = jnp.where(trace > 0, values, 0)
    return values * reciprocal(values.sum())
