"""Linear predictivity: how well one representation predicts the units of another, on new examples.

Every map is fitted and scored from the moments of folds, without a second pass over the examples.
"""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, get_args

import jax
import jax.numpy as jnp

from probekit._checks import check_choice, check_count
from probekit._rounding import reciprocal
from probekit.measures._arguments import Splits, jitted, matched
from probekit.measures._moments import states_of
from probekit.measures._narrowing import narrowed
from probekit.measures._status import Score, divide, score
from probekit.measures.folds import DEFAULT_FOLDS, AnyFolds, check_folds_of, named_folds
from probekit.measures.penalties import DEFAULT_PENALTIES, Options, checked_options, relative_to
from probekit.measures.pls_regression import pls_weights
from probekit.measures.regression import Scoring, coefficients, weights_score
from probekit.measures.ridge_fits import ridge_fit, turned_by_rounding
from probekit.statistics import FoldMoments, MomentsState
from probekit.statistics.folds import Folds, whole

Method = Literal["pls", "linear", "ridge"]
METHODS: tuple[Method, ...] = get_args(Method)
Average = Literal["median", "uniform_average", "variance_weighted"]
AVERAGES: tuple[Average, ...] = get_args(Average)
Combined = Average | Literal["raw_values"]
COMBINED: tuple[Combined, ...] = (*AVERAGES, "raw_values")
DEFAULT_COMPONENTS = 25


def linear_predictivity(
    x: Any,
    y: Any,
    *,
    method: Method = "pls",
    components: int = DEFAULT_COMPONENTS,
    penalties: Sequence[float] = DEFAULT_PENALTIES,
    folds: AnyFolds = DEFAULT_FOLDS,
    standardised: bool = False,
    scoring: Scoring = "correlation",
    multioutput: Combined = "median",
) -> jax.Array:
    """Linear predictivity: correlation of the units of `y` with what a map of `x` predicts of them.

    For each fold, ŷ = a + Wᵀx is fitted on all other folds; then, in the fold, r_u is Pearson's
    correlation of unit u with its prediction (or R²_u its share of explained variance). The units'
    scores are averaged in each fold, and these over the folds.

    Parameters
    ----------
    x : array (example, unit)
        What is predicted from.
    y : array (example, unit_y)
        Whose units are predicted; the same examples in the same order.
    method : {"pls", "linear", "ridge"}
        Partial least squares regression; least squares (where there are more units than examples
        the smallest weights, in units of each unit's spread); or ridge regression, its penalty
        chosen by the other folds as in `ridge_decoding_r2`.
    components : int
        Of PLS; all that there are, if those are fewer.
    penalties : sequence of float
        Of ridge: to choose from, relative to the mean unit's sum of squares.
    folds : int or array (example,)
        At least 2; each example falls into one by a hash of its number. Or the fold of each, of
        any labels, to keep examples together that are not independent.
    standardised : bool
        Divide the units of both by their standard deviations over the fitted examples first, so
        that those which vary little count as much. Least squares is the same either way.
    scoring : {"correlation", "r2"}
    multioutput : {"median", "uniform_average", "variance_weighted", "raw_values"}
        How units are averaged: their median or mean, the mean weighted by their variances, or
        every unit on its own.

    Returns
    -------
    array () or (unit_y,)
        In [-1, 1]; R² at most 1, below 0 where the prediction is worse than the mean. A unit that
        is constant in a fold is left out there; one whose prediction is constant correlates 0.
        Folds with fewer than 2 examples are left out. NaN if no fold is left, if either
        representation is constant or not finite.

    Raises
    ------
    ShapeError
        If the numbers of examples differ, or there are fewer than 2.
    OptionError
        If `method`, `scoring` or `multioutput` is none of those there are, `components` below 1,
        `folds` below 2, or there is no penalty or one that is not positive.

    Notes
    -----
    Not symmetric. Invariant to translation, scaling and rotation of `x` (standardised: to scaling
    each unit; least squares: to every invertible linear map), to scaling of `y` and permutation of
    its units. Brain-Score's ``pls`` and ``linear_predictivity``, and NeuroAIMetrics'
    ``LinearPredictivity`` (``method="ridge"``) and ``PLSreg``, these standardised and averaged
    uniformly, are this with other folds; none divides by a noise ceiling here. Least squares from
    covariances asks for many more examples than units; PLS does not, and ends at directions with
    less than about a millionth of the variance of the units that they are made of, which float32
    cannot tell from rounding; the status then says ``rank_deficient``. It does so too if the
    penalty of a ridge, here in float32, is so small that such directions would count.
    O(n f d (d + d_y) + f c (d² + d d_y m)) for f folds, c components and m the fewer units;
    ridge O(f² (d³ + p d_y d²)) for p penalties.

    References
    ----------
    Yamins, Hong, Cadieu, Solomon, Seibert and DiCarlo 2014, Performance-optimized hierarchical
    models predict neural responses in higher visual cortex; Schrimpf et al. 2018, Brain-Score;
    Wold, Sjöström and Eriksson 2001, PLS-regression; Dayal and MacGregor 1997, Improved PLS
    algorithms.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import linear_predictivity
    >>> x, noise = np.random.default_rng(0).normal(size=(2, 80, 6))
    >>> round(float(linear_predictivity(x, x[:, :2] - 3 * x[:, 4:])), 3)
    1.0
    >>> bool(linear_predictivity(x, noise) < 0.3)
    True
    """
    options = checked_predictivity(
        method, components, penalties, named_folds(folds), standardised, scoring, multioutput
    )
    x, y = matched(x, y, least=2)
    check_folds_of(options.ridge.folds, len(x))
    if options.turned_alike:
        units = x.shape[1]
        x = narrowed(x)
        penalties = relative_to(options.ridge.penalties, x.shape[1] / units)
        options = options._replace(ridge=options.ridge._replace(penalties=penalties))
    return _predictivity(x, y, options)


class PredictivityOptions(NamedTuple):
    """Which map, and how it is scored; hashable."""

    method: Method
    components: int
    ridge: Options
    standardised: bool
    scoring: Scoring
    multioutput: Combined

    @property
    def turned_alike(self) -> bool:
        """Whether a rotation of `x` changes nothing: units are measured by one scale."""
        return self.method != "linear" and not self.standardised


def checked_predictivity(
    method: Method,
    components: int,
    penalties: Sequence[float],
    folds: Folds,
    standardised: bool,
    scoring: Scoring,
    multioutput: Combined,
) -> PredictivityOptions:
    """Return the options, or raise `OptionError`."""
    check_choice("method", method, METHODS)
    check_count("components", components, 1)
    check_choice("multioutput", multioutput, COMBINED)
    ridge = checked_options(
        penalties, folds, per_target=False, multioutput="raw_values", scoring=scoring
    )
    return PredictivityOptions(
        method, int(components), ridge, bool(standardised), scoring, multioutput
    )


@jitted(2)
def _predictivity(x: Any, y: Any, options: PredictivityOptions) -> jax.Array:
    statistic = FoldMoments(folds=options.ridge.folds, yy="diagonal")
    # PLS of units that are not standardised looks for what they have in common.
    apart = options.standardised or options.method != "pls"
    apart = apart and options.multioutput != "variance_weighted"
    given = Splits((x, y), None)
    state, _ = states_of(statistic, given, x_apart=options.standardised, y_apart=apart)
    return predictivity_score(state, options).value


def predictivity_score(state: MomentsState, options: PredictivityOptions) -> Score:
    """`linear_predictivity` from moments of folds; needs `xx` in full and the diagonal of `yy`."""

    def of_fold(number: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array, jax.Array]:
        rest, fold = _parted(state, number, options.standardised)
        fitted = whole(rest)
        weights, deficient = _map(rest, fitted, options)
        found = weights_score(
            fitted, fold, weights, multioutput="raw_values", scoring=options.scoring
        )
        counted = ~fold.y_constant & ~fold.x_constant.all()
        counted = counted & (fold.count >= 2) & (fitted.count >= 2)
        return found.value, counted, fold.y_squares, deficient

    each, counted, squares, deficient = jax.lax.map(of_fold, jnp.arange(len(state.count)))
    every = whole(state)
    value = _over_folds(each, counted, squares, options.multioutput)
    counts = state.count
    scored = (counts >= 2) & (counts.sum() - counts >= 2)
    constant = every.y_constant.any() | every.x_constant.all()
    if options.multioutput == "raw_values":
        constant = every.y_constant | every.x_constant.all()
    return score(
        jnp.where(every.x_constant.all(), jnp.nan, value),
        finite=every.finite(),
        enough=scored.any(),
        constant=constant | ~counted.any(),
        deficient=(deficient & scored).any(),
    )


def _parted(
    state: MomentsState, number: jax.Array, standardised: bool
) -> tuple[MomentsState, MomentsState]:
    """Moments of all folds, this one emptied, and of this one, on the scale of the former."""

    def without(leaf: jax.Array) -> jax.Array:
        return leaf.at[number].set(0)  # a state of zeros is the state of no examples

    rest: MomentsState = jax.tree.map(without, state)
    fold: MomentsState = jax.tree.map(lambda leaf: leaf[number], state)
    if not standardised:
        return rest, fold
    fitted = whole(rest)
    x_scale = _to_variance_1(fitted.x_squares, fitted.x_constant, fitted.count)
    y_scale = _to_variance_1(fitted.y_squares, fitted.y_constant, fitted.count)
    rest = jax.vmap(lambda part: _scaled(part, x_scale, y_scale))(rest)
    return rest, _scaled(fold, x_scale, y_scale)


def _to_variance_1(squares: jax.Array, constant: jax.Array, count: jax.Array) -> jax.Array:
    return jnp.where(
        constant, 1, jax.lax.rsqrt(jnp.where(constant, 1, squares * reciprocal(count)))
    )


def _scaled(state: MomentsState, x: jax.Array, y: jax.Array) -> MomentsState:
    """Moments of units times these factors; of `yy` the diagonal."""
    xx, xy, _ = state.blocks()
    return MomentsState(
        state.count,
        state.x_mean * x,
        state.y_mean * y,
        state.x_rest * x,
        state.y_rest * y,
        xx * x[:, None] * x[None, :],
        xy * x[:, None] * y[None, :],
        state.y_squares * y * y,
    )


def _map(
    rest: MomentsState, fitted: MomentsState, options: PredictivityOptions
) -> tuple[jax.Array, jax.Array]:
    """Weights ``(unit, unit_y)`` fitted on the other folds, and whether they are short of rank."""
    if options.method == "linear":
        return coefficients(fitted, 0.0)
    if options.method == "ridge":
        found = ridge_fit(rest, options.ridge)
        return found.weights, turned_by_rounding(found.path, fitted, found.penalties).any()
    return pls_weights(fitted, options.components)


def _over_folds(
    each: jax.Array, counted: jax.Array, squares: jax.Array, multioutput: Combined
) -> jax.Array:
    """Mean over folds of the average over units, of scores ``(fold, unit)`` that are counted."""
    if multioutput == "raw_values":
        return divide(
            jnp.where(counted, each, 0).sum(axis=0), counted.sum(axis=0).astype(each.dtype)
        )
    if multioutput == "median":
        averages = jnp.nanmedian(jnp.where(counted, each, jnp.nan), axis=1)
    else:
        weights = squares if multioutput == "variance_weighted" else jnp.ones_like(squares)
        weights = jnp.where(counted, weights, 0)
        averages = jax.vmap(divide)(
            (weights * jnp.where(counted, each, 0)).sum(axis=1), weights.sum(axis=1)
        )
    some = counted.any(axis=1)
    return divide(jnp.where(some, averages, 0).sum(), some.sum().astype(each.dtype))
