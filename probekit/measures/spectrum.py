"""The spectrum of a representation: its eigenvalues, and how fast they fall."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_count
from probekit._rounding import reciprocal
from probekit.errors import OptionError
from probekit.measures._arguments import jitted, matrix
from probekit.measures._linalg import eigh, eigvalsh, svdvals
from probekit.measures._scale import moderate, moderating_power, restored
from probekit.measures._span import rounding_of
from probekit.measures._status import Score, divide, score
from probekit.measures.gram import centred_rows
from probekit.statistics import Moments, MomentsState, state_of

COVARIANCE = Moments(xy=False, yy="none")
DEFAULT_FIRST, DEFAULT_LAST = 1, 100

_VAGUE = 32.0
"""Eigenvalues that rounding may change by a few hundredths, in units of the largest's last digit.

Below it, exponents of 3 to 10 ranks were up to 0.5 % off.
"""


def spectrum(x: Any) -> jax.Array:
    """Eigenvalues of the covariance, in descending order.

    Parameters
    ----------
    x : array (example, unit)

    Returns
    -------
    array (unit,)
        At least 0, in squared units of `x`; their sum is `total_variance`, within rounding. Those
        below ε min(d, 4√d) of the largest may be rounding of it, and are 0 (ε is 1.2e-7 in
        float32): where units differ by more, small ones are lost. NaN if `x` is not finite, or the
        largest is out of the range of its dtype.

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


def spectrum_slope(x: Any, *, first: int = DEFAULT_FIRST, last: int = DEFAULT_LAST) -> jax.Array:
    """Exponent of the power law of the spectrum: a in λ_j ∝ j^(-a).

    Least squares of log λ_j on log j over the ranks from `first` to `last`, each rank weighted by
    1 / j, so that every octave counts alike.

    Parameters
    ----------
    x : array (example, unit)
    first, last : int
        The ranks that are fitted, counted from 1; those without variance are left out, and those
        whose eigenvalue may be rounding.

    Returns
    -------
    array ()
        At least 0: 0 for a flat spectrum; around 1 in visual cortex. NaN if fewer than two ranks
        have variance, or `x` is not finite. Estimators report ``rank_deficient`` beside it if it is
        of fewer ranks than examples and units that vary would give: then units depend on each
        other, or small eigenvalues were lost beside large ones, and the exponent is that of the
        ranks before them alone. They do so too if an eigenvalue that counts is so small that
        rounding is more than a few hundredths of it.

    Raises
    ------
    ShapeError
        If there are fewer than 2 examples.
    OptionError
        If `first` is less than 1 or `last` not greater than `first`.

    Notes
    -----
    Invariant to translation, scaling, rotation and permutation of units. O(n d² + d³). Computed of
    the examples: an estimator has their covariance alone, in which eigenvalues below ε min(d, 4√d)
    of the largest are lost (ε is 1.2e-7 in float32); here those below some 16 n ε² are.

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
    """Raise `OptionError` unless these are whole numbers with ``1 <= first < last``."""
    check_count("first", first, 1)
    check_count("last", last, 1)
    if not last > first:
        raise OptionError(f"last={last!r}: must be greater than first={first!r}.")


@jitted()
def _spectrum(x: Any) -> jax.Array:
    power = moderating_power(x)
    return restored(spectrum_score(state_of(COVARIANCE, x * power)).value, power, degree=2)


@jitted(1, 2)
def _slope(x: Any, first: int, last: int) -> jax.Array:
    rows = centred_rows(moderate(x), jnp.ones(len(x), x.dtype))
    finite = jnp.isfinite(rows).all()
    sizes = svdvals(jnp.where(finite, rows, 0))
    shares = jnp.square(sizes / jnp.where(sizes[0] > 0, sizes[0], 1))
    shares = jnp.where(sizes > rounding_of(x, float(np.finfo(x.dtype).eps)) * sizes[0], shares, 0)
    value = _slope_of(shares, _fitted(shares, first, last))
    return jnp.where(finite, value, jnp.nan)


def spectrum_score(state: MomentsState) -> Score:
    """`spectrum` from moments; needs `xx` in full."""
    values = _shares(state) * state.x_squares.sum() * reciprocal(state.count)
    return score(values, finite=state.x_finite(), enough=state.count >= 2)


def slope_score(state: MomentsState, *, first: int, last: int) -> Score:
    """`spectrum_slope` from moments; needs `xx` in full."""
    shares = _shares(state)
    fitted = _fitted(shares, first, last)
    wanted = jnp.minimum(most_ranks(state), min(last, len(shares)))
    vague = fitted & (shares < _VAGUE * float(np.finfo(shares.dtype).eps) * shares[0])
    return score(
        _slope_of(shares, fitted),
        finite=state.x_finite(),
        enough=state.count >= 2,
        constant=fitted.sum() < 2,
        deficient=(fitted.sum() < wanted - (first - 1)) | vague.any(),
    )


def _fitted(shares: jax.Array, first: int, last: int) -> jax.Array:
    rank = np.arange(1, len(shares) + 1)
    return (shares > 0) & (rank >= first) & (rank <= last)


def _slope_of(shares: jax.Array, fitted: jax.Array) -> jax.Array:
    """Return the exponent that the ranks that are fitted give, NaN of fewer than two."""
    rank = np.arange(1, len(shares) + 1).astype(shares.dtype)
    weight = jnp.where(fitted, 1 / rank, 0)
    weight = weight * reciprocal(weight.sum())
    log_rank, log_value = np.log(rank), jnp.log(jnp.where(fitted, shares, 1))
    centred = log_rank - (weight * log_rank).sum()
    spread = (weight * jnp.square(centred)).sum()
    value = jnp.maximum(divide(-(weight * centred * log_value).sum(), spread), 0)
    return jnp.where(fitted.sum() < 2, jnp.nan, value)


def components(covariance: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Eigenvalues and eigenvectors (in columns), in descending order; rounding is 0."""
    finite = jnp.isfinite(covariance).all()
    values, vectors = eigh(jnp.where(finite, covariance, 0))
    values, vectors = values[::-1], vectors[:, ::-1]
    return jnp.where(values > _least(values), values, 0), vectors


def _least(values: jax.Array) -> jax.Array:
    """Return the largest eigenvalue that may be rounding; `values` descend."""
    units = values.shape[0]
    return values[0] * (min(units, 4 * float(np.sqrt(units))) * float(np.finfo(values.dtype).eps))


def of_total(state: MomentsState) -> jax.Array:
    """Eigenvalues of the covariance as shares of the total, in descending order, with rounding."""
    trace, covariance = relative_covariance(state)
    values = eigvalsh(covariance)[::-1]
    return jnp.where(trace > 0, values, 0)


def relative_covariance(state: MomentsState) -> tuple[jax.Array, jax.Array]:
    """Sum of squares of the units that vary, and the covariance as a share of it."""
    assert state.xx is not None
    trace = jnp.where(state.x_constant, 0, state.x_squares).sum()
    covariance = state.xx / jnp.where(trace > 0, trace, 1)
    return trace, jnp.where(jnp.isfinite(covariance).all(), covariance, 0)


def _shares(state: MomentsState) -> jax.Array:
    """Eigenvalues of the covariance as shares of the total, in descending order; rounding is 0.

    They are not made to add up to 1: what is lost of the small ones is not the large ones'.
    """
    values = of_total(state)
    return jnp.where(values > _least(values), values, 0)


def most_ranks(state: MomentsState) -> jax.Array:
    """How many directions may have variance: units that vary, or one less than the examples."""
    varying = (~state.x_constant).sum()
    return jnp.minimum(varying, state.count.astype(jnp.int32) - 1)
