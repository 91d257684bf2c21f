"""The precision of noise, its covariance drawn to a target by as much as the data ask for."""

from typing import Any, Literal, NamedTuple, get_args

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_choice, check_number
from probekit._rounding import rounding_of_squares
from probekit._sums import inner, inner_squares, product
from probekit.errors import OptionError, ShapeError
from probekit.measures._arguments import jitted, matched, matrix
from probekit.measures._linalg import eigh

Target = Literal["diagonal", "identity"]
TARGETS: tuple[Target, ...] = get_args(Target)
"""What a covariance is drawn to: its own diagonal, or the identity times its mean variance."""

Shrinkage = float | Target


def noise_precision(
    x: Any,
    conditions: Any = None,
    *,
    folds: Any = None,
    shrinkage: Shrinkage = "diagonal",
    freedom: float | None = None,
) -> jax.Array:
    """Inverse covariance of what is noise: of residuals, or of what conditions leave unexplained.

    P = ((1 - λ) Σ + λ T)⁻¹ with Σ = Σ_i e_i e_iᵀ / f, where e are differences to the mean (of the
    own condition), f the degrees of freedom, and T the diagonal of Σ (Schäfer and Strimmer) or the
    identity times the mean variance (Ledoit and Wolf). The share λ that makes the expected error of
    the covariance least is estimated from the spread of the products e_ia e_ib.

    Parameters
    ----------
    x : array (example, unit)
        Residuals of a regression, or measurements.
    conditions : array (example,), optional
        The condition of each example: any numbers. None: all are of one.
    folds : array (example,), optional
        The fold or run of each; the result is then a precision for each, of its examples alone, in
        the order of the sorted labels, as `condition_rdm` takes them.
    shrinkage : {"diagonal", "identity"} or float
        What Σ is drawn to, by the λ that is estimated; or λ itself, from 0 (Σ⁻¹) to 1 (variances
        alone), to the diagonal.
    freedom : float, optional
        f; the number of examples less that of conditions, unless given. Residuals of a regression
        have as many fewer as it had regressors.

    Returns
    -------
    array (unit, unit) or (fold, unit, unit)
        Symmetric, positive definite. NaN if the covariance has no inverse (a unit is constant, or
        without shrinkage there are no more degrees of freedom than units), or `x` or `conditions`
        is not finite.

    Raises
    ------
    ShapeError
        If the numbers of examples differ, or there are fewer than 2.
    OptionError
        If `shrinkage` is neither one of the names nor from 0 to 1, or `freedom` is below 1.

    Notes
    -----
    P of x + c is P; of a x it is P / a². To the diagonal, units may have scales of their own; to
    the identity, x may be rotated. λ is that of rsatoolbox: of one condition that of Ledoit and
    Wolf, and that of Schäfer and Strimmer less 1 / (n - 1)²; of several, to the diagonal, theirs
    times ((n - 1) / f)², which for two examples a condition is nearly four times as far.
    O(n d² + d³). Not under ``jit``, because the conditions are counted.

    References
    ----------
    Ledoit and Wolf 2004, A well-conditioned estimator for large-dimensional covariance matrices;
    Schäfer and Strimmer 2005, A shrinkage approach to large-scale covariance matrix estimation.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import noise_precision
    >>> x = np.array([[0.0, 1.0], [2.0, 1.0], [1.0, 0.0], [1.0, 2.0]])
    >>> noise_precision(x, shrinkage=0).round(4).tolist()  # variances of 2/3
    [[1.5, 0.0], [0.0, 1.5]]
    """
    check_shrinkage(shrinkage)
    if freedom is not None and not 1 <= freedom < float("inf"):
        raise OptionError(f"freedom={freedom!r}: must be at least 1 and finite.")
    x, codes = _with_codes(x, conditions)
    target: Target = shrinkage if isinstance(shrinkage, str) else "diagonal"
    share = None if isinstance(shrinkage, str) else float(shrinkage)

    def of(x: jax.Array, codes: np.ndarray | None) -> jax.Array:
        if codes is None:
            return jnp.full((x.shape[1],) * 2, jnp.nan, x.dtype)
        labels, places = np.unique(codes, return_inverse=True)
        left = len(codes) - len(labels) if freedom is None else freedom
        member = places.reshape(-1)[:, None] == np.arange(len(labels))[None, :]
        return _precision(
            x, jnp.asarray(member, x.dtype), jnp.asarray(left, x.dtype), share, target
        )

    if folds is None:
        return of(x, codes)
    names, places = folds_of(folds, len(x))
    chosen = [np.flatnonzero(places == place) for place in range(len(names))]
    return jnp.stack([of(x[rows], None if codes is None else codes[rows]) for rows in chosen])


def check_shrinkage(shrinkage: Shrinkage) -> None:
    """Raise `OptionError` unless it is a target or a share."""
    if isinstance(shrinkage, str):
        check_choice("shrinkage", shrinkage, TARGETS)
        return
    check_number("shrinkage", shrinkage)
    if not 0 <= shrinkage <= 1:
        names = " or ".join(map(repr, TARGETS))
        raise OptionError(f"shrinkage={shrinkage!r}: must be from 0 to 1, or {names}.")


def folds_of(folds: Any, examples: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the sorted labels of folds, and the number of that of each example."""
    folds = np.asarray(folds)
    if folds.shape != (examples,):
        raise ShapeError(
            f"folds: shape {folds.shape}; there are {examples} examples. Give a label each."
        )
    labels, codes = np.unique(folds, return_inverse=True)
    return labels, codes.reshape(-1)


def _with_codes(x: Any, conditions: Any) -> tuple[jax.Array, np.ndarray | None]:
    """Return the examples and the number of the condition of each; none if one is not known."""
    if conditions is None:
        x = matrix("x", x, least=2)
        return x, np.zeros(len(x), int)
    x, y = matched(x, conditions, least=2, names=("x", "conditions"))
    if not bool(jnp.isfinite(y).all()):
        return x, None
    return x, np.unique(np.asarray(y), axis=0, return_inverse=True)[1].reshape(-1)


@jitted(3, 4)
def _precision(
    x: jax.Array, member: jax.Array, freedom: jax.Array, share: float | None, target: Target
) -> jax.Array:
    """Precision of what the conditions, ``(example, condition)``, leave of the examples."""
    weights = member / member.sum(axis=0)
    mean = inner(weights, x)
    rows = x - product(member, mean)
    rows = rows - product(member, inner(weights, rows))  # what rounding took off the means
    scatter, count = inner_squares(rows), jnp.asarray(len(x), x.dtype)
    rounding = rounding_of_squares(count, jnp.abs(mean).max(axis=0))
    residuals = Residuals(rows, jnp.ones(len(rows), x.dtype))
    drawn = share_of(residuals, scatter, count, freedom, target) if share is None else share
    root, deficient = whitening(scatter, freedom, rounding, drawn, target)
    return jnp.where(deficient | ~jnp.isfinite(x).all(), jnp.nan, product(root, root.T))


class Residuals(NamedTuple):
    """Differences of examples to the mean of their condition, and the weights of the examples.

    These may be some of the examples: they tell means of fourth powers.
    """

    rows: jax.Array
    weight: jax.Array


def share_of(
    residuals: Residuals, scatter: jax.Array, count: jax.Array, freedom: jax.Array, target: Target
) -> jax.Array:
    """Share λ by which the scatter of all examples is drawn to the target; from 0 to 1."""
    variances = scatter.diagonal() / count
    if target == "identity":  # of any scale, and one for all units
        variances = jnp.full_like(variances, variances.max())
    scale = jax.lax.rsqrt(jnp.where(variances > 0, variances, 1))
    rows = jnp.where(residuals.weight[:, None] > 0, residuals.rows, 0) * scale
    moment = scatter / count * scale[:, None] * scale[None, :]  # mean of the products
    share = residuals.weight / jnp.maximum(residuals.weight.sum(), 1e-30)
    squares = jnp.square(rows)
    total = (share * jnp.square(squares.sum(axis=1))).sum()
    if target == "identity":
        spread = (total - jnp.square(moment).sum()) / count
        middle = moment.diagonal().mean() * jnp.eye(len(moment), dtype=moment.dtype)
        return _within_0_and_1(spread, jnp.square(moment - middle).sum())
    # Products of a unit with itself are not drawn to anything.
    total = total - (share * jnp.square(squares).sum(axis=1)).sum()
    apart = jnp.square(jnp.where(jnp.eye(len(moment), dtype=bool), 0, moment)).sum()
    spread = ((count - 1) * total - count * apart) / jnp.square(jnp.maximum(freedom, 1))
    return _within_0_and_1(spread, apart)


def _within_0_and_1(spread: jax.Array, far: jax.Array) -> jax.Array:
    """Return the quotient; 1 if the covariance is its own target, to which it may be drawn."""
    return jnp.where(far > 0, jnp.clip(spread / jnp.where(far > 0, far, 1), 0, 1), 1)


def whitening(
    scatter: jax.Array,
    freedom: jax.Array,
    rounding: jax.Array,
    share: jax.Array | float,
    target: Target,
) -> tuple[jax.Array, jax.Array]:
    """Return Σ^(-1/2) of the covariance that is drawn to its target, and whether it has none.

    `rounding` is the scatter ``(unit,)`` up to which a unit is constant.
    """
    covariance = scatter / jnp.maximum(freedom, 1)
    variances, constant = covariance.diagonal(), scatter.diagonal() <= rounding
    if target == "identity":
        # With a share of the mean variance constant units have one.
        variances = jnp.full_like(variances, variances.mean())
        constant = jnp.where(jnp.asarray(share) > 0, constant.all(), constant)
    covariance = (1 - share) * covariance + share * jnp.diag(variances)
    # Correlations instead of covariances: the rank must not depend on the units of measurement.
    diagonal = covariance.diagonal()
    scale = jnp.where(constant, 0, jax.lax.rsqrt(jnp.where(constant, 1, diagonal)))
    correlation = covariance * scale[:, None] * scale[None, :]
    correlation = jnp.where(jnp.isfinite(covariance).all(), correlation, 0)
    values, vectors = eigh(correlation)
    least = values[-1] * len(values) * float(np.finfo(values.dtype).eps)
    deficient = constant.any() | (values[0] <= least) | (freedom < 1)
    root = jax.lax.rsqrt(jnp.where(values > least, values, 1))
    return scale[:, None] * vectors * root[None, :], deficient
