"""Linear regression between representations and features: how much of one the other explains."""

from typing import Any, Literal, NamedTuple, get_args

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_at_least, check_choice
from probekit._rounding import rounding_of_squares
from probekit._sums import diagonal, product
from probekit.errors import ShapeError
from probekit.measures._arguments import Splits, jitted, splits
from probekit.measures._linalg import cholesky, eigh, solve_cholesky
from probekit.measures._moments import states_of
from probekit.measures._narrowing import narrowed_splits
from probekit.measures._status import Score, divide, score
from probekit.statistics import Moments, MomentsState

MultiOutput = Literal["uniform_average", "variance_weighted", "raw_values"]
MULTIOUTPUT: tuple[MultiOutput, ...] = get_args(MultiOutput)
Averaged = Literal["uniform_average", "variance_weighted"]
AVERAGED: tuple[Averaged, ...] = get_args(Averaged)
Scoring = Literal["r2", "correlation"]
SCORING: tuple[Scoring, ...] = get_args(Scoring)
DEFAULT_PENALTY = 1e-3

RIDGE, BANDED = "Take ridge_r2", "Take banded_ridge_r2"
POSITIVE = "Take a penalty above 0"


def linear_r2(
    x: Any,
    y: Any,
    *,
    held_out: tuple[Any, Any] | None = None,
    multioutput: MultiOutput = "uniform_average",
) -> jax.Array:
    """Share of a representation's variance that features explain: R² of regressing `x` on `y`.

    For unit u, R²_u = 1 - Σ_i (x_iu - x̂_iu)² / Σ_i (x_iu - x̄_u)², with x̂ = a + B y fitted by least
    squares. The units' R² are averaged as ``LinearRegression().fit(y, x).score(y2, x2)`` of
    scikit-learn averages them.

    Parameters
    ----------
    x : array (example, unit)
        The representation.
    y : array (example,) or (example, k)
        The features, all fitted together.
    held_out : tuple of array, optional
        Representation and features ``(x2, y2)`` of the examples that are scored; those that are
        fitted, unless given.
    multioutput : {"uniform_average", "variance_weighted", "raw_values"}
        Mean over units; mean weighted by the units' variances, which is the share of the total
        variance; or every unit on its own.

    Returns
    -------
    array () or (unit,)
        At most 1; below 0 where the prediction is worse than the mean. A unit that is constant in
        the scored examples counts 1 if predicted exactly and else 0, as in scikit-learn; and so
        does one whose values differ by a few float32 roundings of its mean, of which estimators
        report ``rank_deficient``. NaN if the input is not finite or, unless ``"raw_values"``, if
        every unit is constant.

    Raises
    ------
    ShapeError
        If numbers of examples or columns differ, there are fewer than 2 examples, or `y` has more
        columns than there are examples to fit on.
    OptionError
        If `multioutput` is none of the three.

    Notes
    -----
    Invariant to translation, scaling and permutation of units; weighted by variance also to
    rotation. Collinear features share the smallest coefficients, in units of each one's spread:
    scikit-learn's are in units of the features, and so predict other examples differently, if what
    is collinear in the fitted examples is not in these. O(n (d k + k²)).

    References
    ----------
    Lampinen, Chan and Hermann 2024, arXiv 2405.05847 (as their demo notebook computes it).

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import linear_r2
    >>> y = np.array([0, 0, 1, 1])
    >>> x = np.stack([3 * y, [0, 1, 0, 1]], axis=1)
    >>> linear_r2(x, y, multioutput="raw_values").tolist()
    [1.0, 0.0]
    >>> float(linear_r2(x, y)), round(float(linear_r2(x, y, multioutput="variance_weighted")), 6)
    (0.5, 0.9)
    """
    check_choice("multioutput", multioutput, MULTIOUTPUT)
    given = splits(x, y, held_out, least=2)
    check_columns(given)
    return _encoding(given, multioutput)


def decoding_r2(
    x: Any,
    y: Any,
    *,
    held_out: tuple[Any, Any] | None = None,
    penalty: float = DEFAULT_PENALTY,
    multioutput: MultiOutput = "uniform_average",
) -> jax.Array:
    """How well a representation predicts features: R² of ridge regression of `y` on `x`.

    ŷ = a + Wᵀx with W = (M_xx + λI)⁻¹ M_xy, where M are centred sums of products and
    λ = penalty · tr(M_xx) / d: the penalty is a fraction of the mean unit's sum of squares, so that
    the score does not depend on the scale of the representation.

    Parameters
    ----------
    x : array (example, unit)
        The representation.
    y : array (example,) or (example, k)
        The features.
    held_out : tuple of array, optional
        Representation and features ``(x2, y2)`` of the examples that are scored; those that are
        fitted, unless given.
    penalty : float
        0 is least squares, in float32 only sensible for many more examples than units.
    multioutput : {"uniform_average", "variance_weighted", "raw_values"}
        How the columns of `y` are averaged, as in `linear_r2`.

    Returns
    -------
    array () or (k,)
        At most 1; below 0 where the prediction is worse than the mean. NaN if the input is not
        finite or, unless ``"raw_values"``, if every column of `y` is constant.

    Raises
    ------
    ShapeError
        If numbers of examples or columns differ, there are fewer than 2 examples, or, without a
        penalty, `x` has more units than there are examples to fit on.
    OptionError
        If `penalty` is negative or `multioutput` none of the three.

    Notes
    -----
    Invariant to translation, scaling, rotation and permutation of units; with penalty 0 to every
    invertible linear map. O(n d² + d³).

    References
    ----------
    Hoerl and Kennard 1970, Ridge regression.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import decoding_r2
    >>> x = np.array([[1.0, 0.0], [2.0, 1.0], [3.0, 1.0], [4.0, 0.0]])
    >>> round(float(decoding_r2(x, x[:, 0] - 2 * x[:, 1])), 3)
    1.0
    """
    check_at_least("penalty", penalty, 0)
    check_choice("multioutput", multioutput, MULTIOUTPUT)
    given = splits(x, y, held_out, least=2)
    if penalty == 0:
        check_not_exact("x", "units", given.fit[0].shape[1], len(given.fit[0]), POSITIVE)
    given, share = narrowed_splits(given)
    return _decoding(given, float(penalty) * share, multioutput)


def check_columns(given: Splits) -> None:
    """Raise `ShapeError` if `y` has more columns than there are examples to fit on."""
    _, y = given.fit
    check_not_exact("y", "columns", y.shape[1], len(y), RIDGE)


def check_not_exact(argument: str, what: str, count: int, examples: int, remedy: str) -> None:
    """Raise `ShapeError` if a fit without a penalty is exact, whatever the data are.

    Parameters
    ----------
    argument : str
    what : str
        What of it is counted.
    count, examples : int
    remedy : str
        What to take instead.
    """
    if count > examples:
        raise ShapeError(
            f"{argument}: {count} {what}, more than the {examples} examples to fit on; without a "
            f"penalty any fit is exact. {remedy}, or give more examples."
        )


@jitted(1)
def _encoding(given: Splits, multioutput: MultiOutput) -> jax.Array:
    apart = multioutput != "variance_weighted"
    fit, held_out = states_of(Moments(xx="diagonal"), given, x_apart=apart, y_apart=True)
    return encoding_score(fit, held_out, multioutput=multioutput).value


@jitted(1, 2)
def _decoding(given: Splits, penalty: float, multioutput: MultiOutput) -> jax.Array:
    apart = multioutput != "variance_weighted"
    fit, held_out = states_of(Moments(yy="diagonal"), given, y_apart=apart)
    return decoding_score(fit, held_out, penalty=penalty, multioutput=multioutput).value


def encoding_score(fit: MomentsState, held_out: MomentsState, *, multioutput: MultiOutput) -> Score:
    """`linear_r2` from moments; needs `yy` in full and the diagonal of `xx`."""
    fit, held_out = fit.swapped(), held_out.swapped()
    weights, deficient = _least_squares_of(fit, fit.x_equal)
    return weights_score(fit, held_out, weights, multioutput=multioutput, deficient=deficient)


def decoding_score(
    fit: MomentsState, held_out: MomentsState, *, penalty: float, multioutput: MultiOutput
) -> Score:
    """`decoding_r2` from moments; needs `xx` in full and the diagonal of `yy`.

    The residuals of the scored examples need no pass over them: their sum of squares is
    ``yy - 2 Wᵀ xy + Wᵀ xx W + n (mean residual)²``, all of it from their moments.
    """
    weights, deficient = coefficients(fit, penalty)
    return weights_score(fit, held_out, weights, multioutput=multioutput, deficient=deficient)


class Scored(NamedTuple):
    """Moments of the examples that are scored, beside the means of those that were fitted.

    Attributes
    ----------
    xx : array (unit, unit)
    xy : array (unit, k)
    y_squares : array (k,)
    x_step : array (unit,)
        Means of the scored examples minus those of the fitted ones.
    y_step : array (k,)
    examples : array ()
        Their count.
    """

    xx: jax.Array
    xy: jax.Array
    y_squares: jax.Array
    x_step: jax.Array
    y_step: jax.Array
    examples: jax.Array

    @classmethod
    def of(cls, fit: MomentsState, held_out: MomentsState) -> "Scored":
        """Those of `held_out`; needs `xx` in full and the diagonal of `yy`."""
        xx, xy, _ = held_out.blocks()
        return cls(xx, xy, held_out.y_squares, *fit.steps(held_out), held_out.count)

    def scaled(self, factors: jax.Array) -> "Scored":
        """With each unit multiplied by its factor."""
        return self._replace(
            xx=self.xx * factors[:, None] * factors[None, :],
            xy=self.xy * factors[:, None],
            x_step=self.x_step * factors,
        )

    def along(self, vectors: jax.Array) -> "Scored":
        """With components along ``vectors`` ``(unit, component)`` in place of units."""
        return self._replace(
            xx=product(vectors.T, product(self.xx, vectors)),
            xy=product(vectors.T, self.xy),
            x_step=product(self.x_step, vectors),
        )

    def residual_squares(self, weights: jax.Array) -> jax.Array:
        """Sum of squared residuals of each column of `y`, predicted by weights ``(unit, k)``."""
        seen = product(self.xx, weights)
        offset = self.y_step - product(self.x_step, weights)
        within = self.y_squares + (weights * (seen - 2 * self.xy)).sum(axis=0)
        return within + self.examples * jnp.square(offset)


def weights_score(
    fit: MomentsState,
    held_out: MomentsState,
    weights: jax.Array,
    *,
    multioutput: MultiOutput,
    scoring: Scoring = "r2",
    deficient: jax.Array | bool = False,
) -> Score:
    """Score of predictions by weights ``(unit, k)`` that were found on the fitted examples."""
    if scoring == "r2":
        residual = Scored.of(fit, held_out).residual_squares(weights)
        each, constant = explained(residual, fit, held_out)
    else:
        xx, xy, _ = held_out.blocks()
        along, squares = (weights * part for part in (xy, product(xx, weights)))
        each, constant = correlations(along.sum(axis=0), squares.sum(axis=0), held_out)
        constant = constant | held_out.x_constant.all()
    finite = fit.finite() & held_out.finite()
    return averaged(
        each, constant, fit, held_out, finite=finite, deficient=deficient, multioutput=multioutput
    )


def explained(
    residual: jax.Array, fit: MomentsState, held_out: MomentsState
) -> tuple[jax.Array, jax.Array]:
    """R² of each column of `y` from its squared residuals, and whether it is constant."""
    exact = residual <= rounding_of_squares(held_out.count, held_out.y_mean, fit.y_mean)
    constant = held_out.y_constant
    share = 1 - residual / jnp.where(constant, 1, held_out.y_squares)
    return jnp.minimum(jnp.where(constant, jnp.where(exact, 1, 0), share), 1), constant


def correlations(
    along: jax.Array, squares: jax.Array, held_out: MomentsState
) -> tuple[jax.Array, jax.Array]:
    """Correlation of each column of `y` with its prediction, 0 where one of both is constant.

    `along` is the sum of products of both, `squares` that of squared predictions, about the means.
    Predictions that vary by a few roundings of what is predicted are constant.
    """
    nothing = jnp.square(4 * float(np.finfo(squares.dtype).eps)) * held_out.y_squares
    constant = held_out.y_constant | ~(squares > nothing)
    length = jnp.sqrt(jnp.where(constant, 1, squares)) * jnp.sqrt(
        jnp.where(constant, 1, held_out.y_squares)
    )
    return jnp.where(constant, 0, jnp.clip(along / length, -1, 1)), constant


def averaged(
    each: jax.Array,
    constant: jax.Array,
    fit: MomentsState,
    held_out: MomentsState,
    *,
    finite: jax.Array,
    multioutput: MultiOutput,
    deficient: jax.Array | bool = False,
) -> Score:
    """Score from that of each column of `y`, some of which are constant."""
    enough = (fit.count >= 2) & (held_out.count >= 2)
    # Where values differ after all, "constant" would say more than float32 can tell.
    blurred = held_out.y_blurred
    if multioutput == "raw_values":
        value, remark = each, constant
    elif multioutput == "uniform_average":
        value, remark, blurred = each.mean(), constant.any(), blurred.any()
    else:
        total = jnp.where(held_out.y_constant, 0, held_out.y_squares)
        value, remark = divide((each * total).sum(), total.sum()), constant.all()
        blurred = remark & blurred.any()
    if multioutput != "raw_values":
        value = jnp.where(constant.all(), jnp.nan, value)
    return score(
        value,
        finite=finite,
        enough=enough,
        constant=remark & ~blurred,
        deficient=deficient | blurred,
    )


def coefficients(state: MomentsState, penalty: float) -> tuple[jax.Array, jax.Array]:
    """Weights ``(unit, k)`` of predicting `y` from `x`, and whether `x` is short of full rank.

    Without a penalty, columns that are constant or a combination of others get the smallest weights
    that do it (in units of each column's spread).
    """
    xx, xy, _ = state.blocks()
    if penalty > 0:
        return _ridge(xx, xy, penalty), jnp.zeros((), bool)
    return _least_squares_of(state, state.x_constant)


def _least_squares_of(state: MomentsState, constant: jax.Array) -> tuple[jax.Array, jax.Array]:
    """`least_squares` from moments, where a single unit needs no eigenvectors."""
    xx, xy, _ = state.blocks()
    if xx.shape[0] == 1:
        slope = xy / jnp.where(constant, 1, state.x_squares)[:, None]
        return jnp.where(constant[:, None], 0, slope), constant.any()
    return least_squares(xx, xy, constant)


def _ridge(xx: jax.Array, xy: jax.Array, penalty: float) -> jax.Array:
    mean_square = diagonal(xx).mean()
    ridge = jnp.where(mean_square > 0, penalty * mean_square, 1)
    root = cholesky(xx + ridge * jnp.eye(xx.shape[0], dtype=xx.dtype))
    return solve_cholesky(root, xy)


def least_squares(xx: jax.Array, xy: jax.Array, constant: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Smallest weights ``(unit, k)`` of least squares without the units that are constant."""
    # Correlations instead of covariances: the rank must not depend on the units of measurement.
    scale = jnp.where(constant, 0, jax.lax.rsqrt(jnp.where(constant, 1, diagonal(xx))))
    correlation = xx * scale[:, None] * scale[None, :]
    values, vectors = eigh(correlation)
    kept = values > values.shape[0] * np.finfo(values.dtype).eps * values[-1]
    inverse = jnp.where(kept, 1 / jnp.where(kept, values, 1), 0)
    projected = product(vectors.T, xy * scale[:, None]) * inverse[:, None]
    return product(vectors, projected) * scale[:, None], ~kept.all()
