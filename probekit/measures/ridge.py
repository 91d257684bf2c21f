"""Ridge regression whose penalty is chosen by cross-validation."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_choice, check_numbers, check_positive
from probekit._sums import product
from probekit.errors import OptionError, ShapeError
from probekit.measures._arguments import Result, Splits, jitted, splits
from probekit.measures._double import splits_in_double
from probekit.measures._linalg import eigh
from probekit.measures._moments import states_of
from probekit.measures._narrowing import narrowed_splits
from probekit.measures._status import Score
from probekit.measures.regression import (
    MULTIOUTPUT,
    SCORING,
    MultiOutput,
    Scoring,
    residual_squares,
    weights_score,
)
from probekit.statistics import FoldMoments, MomentsState
from probekit.statistics.folds import Folds, check_folds, others, whole

DEFAULT_PENALTIES = (1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0, 100.0, 1000.0)
DEFAULT_FOLDS = 5
AnyFolds = int | Sequence[Any] | np.ndarray | jax.Array
"""How many folds, or a label of that of each example."""


def ridge_r2(
    x: Any,
    y: Any,
    *,
    held_out: tuple[Any, Any] | None = None,
    penalties: Sequence[float] = DEFAULT_PENALTIES,
    folds: AnyFolds = DEFAULT_FOLDS,
    per_unit: bool = False,
    multioutput: MultiOutput = "uniform_average",
    scoring: Scoring = "r2",
) -> jax.Array:
    """R² of a representation by ridge regression on features, with a cross-validated penalty.

    x̂ = a + Bᵀy with B = (M_yy + λI)⁻¹ M_yx and λ = penalty · tr(M_yy) / k, where M are centred sums
    of products. The penalty with the largest R² over the folds, 1 - Σ (left-out residuals)² / Σ
    (x - x̄)², is taken; then all fitted examples are fitted with it.

    Parameters
    ----------
    x : array (example, unit)
        The representation.
    y : array (example,) or (example, k)
        The features, all fitted together.
    held_out : tuple of array, optional
        Representation and features ``(x2, y2)`` of the examples that are scored; those that are
        fitted, unless given.
    penalties : sequence of float
        To choose from, each above 0, relative to the mean feature's sum of squares.
    folds : int or array (example,)
        At least 2; each example falls into one by a hash of its number. Or the fold of each, of
        any labels, to keep examples together that are not independent.
    per_unit : bool
        Choose a penalty for each unit, instead of one for the mean R² of all units.
    multioutput : {"uniform_average", "variance_weighted", "raw_values"}
        How the units' R² are averaged.
    scoring : {"r2", "correlation"}
        Or the correlation of each unit with its prediction; a unit for which it is undefined, being
        constant or predicted to be, counts 0. The penalty is chosen by R² all the same.

    Returns
    -------
    array () or (unit,)
        At most 1; below 0 where the prediction is worse than the mean. Undefined as `linear_r2` is;
        the correlation also if the features are constant.

    Raises
    ------
    ShapeError
        If numbers of examples or columns differ, or there are fewer than 2 examples.
    OptionError
        If there is no penalty or one that is not positive, fewer than 2 folds, or `multioutput` or
        `scoring` is none of those there are.

    Notes
    -----
    Invariant to translation, scaling and permutation of units. O(f n (d k + k²) + f k³ + f p d k²)
    for f folds and p penalties. In float64 outside of ``jit`` and ``vmap`` where features, or
    combinations of them, differ in scale by so much that those of float32, which an estimator has,
    would not do; estimators report ``rank_deficient`` if a penalty is so small that they count.

    References
    ----------
    Hoerl and Kennard 1970, Ridge regression; Stone 1974, Cross-validatory choice and assessment of
    statistical predictions.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import ridge_r2
    >>> y = np.random.default_rng(0).normal(size=(60, 3))
    >>> round(float(ridge_r2(y @ np.ones((3, 2)), y)), 3)
    1.0
    """
    return _choose(x, y, held_out, penalties, folds, per_unit, multioutput, scoring, True)


def ridge_decoding_r2(
    x: Any,
    y: Any,
    *,
    held_out: tuple[Any, Any] | None = None,
    penalties: Sequence[float] = DEFAULT_PENALTIES,
    folds: AnyFolds = DEFAULT_FOLDS,
    multioutput: MultiOutput = "uniform_average",
    scoring: Scoring = "r2",
) -> jax.Array:
    """R² of features read out by ridge regression, with a cross-validated penalty.

    As `decoding_r2`, ŷ = a + Wᵀx with W = (M_xx + λI)⁻¹ M_xy and λ = penalty · tr(M_xx) / d, with
    the penalty that has the largest mean R² over the folds.

    Parameters
    ----------
    x : array (example, unit)
        The representation.
    y : array (example,) or (example, k)
        The features.
    held_out : tuple of array, optional
        Representation and features ``(x2, y2)`` of the examples that are scored; those that are
        fitted, unless given.
    penalties : sequence of float
        To choose from, each above 0, relative to the mean unit's sum of squares.
    folds : int or array (example,)
        At least 2; each example falls into one by a hash of its number. Or the fold of each, of
        any labels, to keep examples together that are not independent.
    multioutput : {"uniform_average", "variance_weighted", "raw_values"}
        How the columns of `y` are averaged.
    scoring : {"r2", "correlation"}
        Or the correlation of each column with its prediction, as in `ridge_r2`.

    Returns
    -------
    array () or (k,)
        At most 1; below 0 where the prediction is worse than the mean. Undefined as `decoding_r2`
        is; the correlation also if the representation is constant.

    Raises
    ------
    ShapeError
        If numbers of examples or columns differ, or there are fewer than 2 examples.
    OptionError
        If there is no penalty or one that is not positive, fewer than 2 folds, or `multioutput` or
        `scoring` is none of those there are.

    Notes
    -----
    Invariant to translation, scaling, rotation and permutation of units. O(f n d² + f d³ +
    f p k d²) for f folds and p penalties. In float64 outside of ``jit`` and ``vmap``: in float32
    covariances, which an estimator has, directions are lost that vary less than a thousandth as
    much as the first one, and estimators report ``rank_deficient`` if the penalty is so small that
    they would count.

    References
    ----------
    Hoerl and Kennard 1970, Ridge regression; Stone 1974, Cross-validatory choice and assessment of
    statistical predictions.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import ridge_decoding_r2
    >>> x = np.random.default_rng(0).normal(size=(60, 4))
    >>> round(float(ridge_decoding_r2(x, x[:, 0] - 2 * x[:, 1])), 3)
    1.0
    """
    return _choose(x, y, held_out, penalties, folds, False, multioutput, scoring, False)


def check_penalties(penalties: Sequence[float]) -> None:
    """Raise `OptionError` unless there is a penalty and all are positive."""
    check_numbers("penalties", penalties)
    if len(penalties) == 0:
        raise OptionError("penalties=(): none to choose from; give at least one.")
    for penalty in penalties:
        check_positive("penalties", penalty)


def _choose(
    x: Any,
    y: Any,
    held_out: Any,
    penalties: Sequence[float],
    folds: AnyFolds,
    per_unit: bool,
    multioutput: MultiOutput,
    scoring: Scoring,
    encoding: bool,
) -> jax.Array:
    options = checked_options(penalties, named_folds(folds), per_unit, multioutput, scoring)
    given = splits(x, y, held_out, least=2)
    check_folds_of(options.folds, len(given.fit[0]))
    if encoding:
        return in_double_if_doubtful(_encoding, given, options=options)
    return splits_in_double(_ridge_of_narrowed, given, options=options)


def _encoding(given: Splits, *, options: "Options") -> tuple[jax.Array, jax.Array]:
    return _ridge(given.swapped(), options)


def _ridge_of_narrowed(given: Splits, *, eps: float, options: "Options") -> jax.Array:
    del eps  # what is below it is far below the smallest penalty
    given, share = narrowed_splits(given)
    return _ridge(given, options._replace(penalties=relative_to(options.penalties, share)))[0]


def in_double_if_doubtful(
    function: Callable[..., tuple[Result, jax.Array]], given: Splits, **options: Any
) -> Result:
    """Return the first of ``function(given, **options)``; in float64 where the second is true.

    Features are few and mostly of like scale: then float32, which takes half of the time, will do.
    """
    found, doubtful = function(given, **options)
    if isinstance(doubtful, jax.core.Tracer) or not bool(doubtful):
        return found

    def again(given: Splits, *, eps: float) -> Result:
        del eps  # what is below it is far below the smallest penalty
        return function(given, **options)[0]

    return splits_in_double(again, given)


def relative_to(penalties: tuple[float, ...], share: float) -> tuple[float, ...]:
    """Return penalties relative to the mean of a `share` of as many units."""
    return tuple(penalty * share for penalty in penalties)


class Options(NamedTuple):
    """What is chosen from, and how; hashable."""

    penalties: tuple[float, ...]
    folds: Folds
    per_target: bool
    multioutput: MultiOutput
    scoring: Scoring = "r2"


def checked_options(
    penalties: Sequence[float],
    folds: Folds,
    per_target: bool,
    multioutput: MultiOutput,
    scoring: Scoring,
) -> Options:
    """Return the options, or raise `OptionError`."""
    check_penalties(penalties)
    check_folds(folds)
    check_choice("multioutput", multioutput, MULTIOUTPUT)
    check_choice("scoring", scoring, SCORING)
    folds = folds if isinstance(folds, tuple) else int(folds)
    return Options(tuple(map(float, penalties)), folds, bool(per_target), multioutput, scoring)


def named_folds(folds: Any) -> Any:
    """Return labels of the folds of examples as whole numbers in a tuple; a count as it is."""
    if np.ndim(folds) == 0:
        return folds
    labels = np.asarray(folds)
    if labels.ndim != 1:
        raise ShapeError(f"folds: shape {labels.shape}; give how many, or one label per example.")
    return tuple(np.unique(labels, return_inverse=True)[1].tolist())


def check_folds_of(folds: Folds, examples: int) -> None:
    """Raise `ShapeError` if folds are named, and not one for each of the examples."""
    if isinstance(folds, tuple) and len(folds) != examples:
        raise ShapeError(f"folds: {len(folds)} labels; there are {examples} examples.")


@jitted(1)
def _ridge(given: Splits, options: Options) -> tuple[jax.Array, jax.Array]:
    """Score, and whether rounding could matter for the smallest of the penalties."""
    states = states_of(FoldMoments(folds=options.folds, yy="diagonal"), given)
    every = whole(states[0])
    doubtful = turned_by_rounding(path_of(every), every, min(options.penalties))
    return ridge_score(*states, options)[0].value, doubtful


_ROUNDING = 4.0
"""Eigenvalues of directions without variance, in units of the largest one's last digit, at most."""


_VAGUE = 32.0
"""Those of directions that rounding may turn, in the same units."""


class Path(NamedTuple):
    """Ridge regression for any penalty: eigenvectors of M_xx and what `y` holds along them.

    Attributes
    ----------
    vectors : array (unit, component)
    values : array (component,)
        Eigenvalues in units of their mean.
    along : array (component, k)
    """

    vectors: jax.Array
    values: jax.Array
    along: jax.Array

    def weights(self, penalty: jax.Array) -> jax.Array:
        """Weights ``(unit, k)`` for one penalty, or one for each column."""
        return product(self.vectors, self.along / (self.values[:, None] + penalty))


def path_of(state: MomentsState, scale: jax.Array | None = None) -> Path:
    """Diagonalise `xx`; unless `scale` is given, penalties are relative to its mean eigenvalue."""
    xx, xy, _ = state.blocks()
    finite = jnp.isfinite(xx).all()
    mean = jnp.where(finite, xx, 0).diagonal().mean() if scale is None else scale
    mean = jnp.where(mean > 0, mean, 1)
    values, vectors = eigh(jnp.where(finite, xx, 0) / mean)
    along = product(vectors.T, xy) / mean
    # Where nothing varies, as where there are fewer examples than units, `y` has nothing either:
    # rounding over a small penalty would be something.
    varies = values > _ROUNDING * float(np.finfo(values.dtype).eps) * values[-1]
    return Path(vectors, jnp.maximum(values, 0), jnp.where(varies[:, None], along, 0))


def ridge_score(
    fit: MomentsState,
    held_out: MomentsState,
    options: Options,
    *,
    strict: bool = False,
) -> tuple[Score, jax.Array]:
    """R² of predicting `y` from `x`, from the moments of folds, and the penalties chosen ``(k,)``.

    Needs `xx` in full and the diagonal of `yy`. `strict`: the status tells of rounding also if it
    matters for a penalty that was not chosen, perhaps for that reason.
    """
    every, scored = whole(fit), whole(held_out)
    weights, chosen = chosen_weights(fit, options)
    least = jnp.full_like(chosen, min(options.penalties)) if strict else chosen
    deficient = turned_by_rounding(path_of(every), every, least)
    found = weights_score(
        every,
        scored,
        weights,
        multioutput=options.multioutput,
        scoring=options.scoring,
        deficient=deficient if options.multioutput == "raw_values" else deficient.any(),
    )
    return found, chosen


def turned_by_rounding(path: Path, state: MomentsState, penalties: jax.Array | float) -> jax.Array:
    """Whether penalties ``(k,)`` let directions count that rounding hides or may have turned."""
    vague = _VAGUE * float(np.finfo(path.values.dtype).eps) * path.values[-1]
    most = jnp.minimum((~state.x_constant).sum(), state.count.astype(jnp.int32) - 1)
    lost: jax.Array = ((path.values > vague).sum() < most) & (penalties < vague)
    return lost


def chosen_weights(fit: MomentsState, options: Options) -> tuple[jax.Array, jax.Array]:
    """Weights ``(unit, k)`` for the penalty that cross-validation chooses, and the penalties."""
    every = whole(fit)
    choices = jnp.asarray(options.penalties, every.count.dtype)
    each = explained_outside(left_out_errors(fit, choices), every, options.per_target)
    chosen = choices[jnp.argmax(each, axis=0)]
    return path_of(every).weights(chosen[None, :]), chosen


def explained_outside(errors: Any, every: MomentsState, per_target: bool) -> jax.Array:
    """R² of each choice from its squared errors ``(choice, k)``; the mean of all unless per target.

    Each is in the column of every target, so that the best is found in it.
    """
    each = 1 - errors / jnp.where(every.y_constant, 1, every.y_squares)
    each = jnp.where(every.y_constant, 0, each)
    if per_target:
        return each
    return jnp.broadcast_to(each.mean(axis=1, keepdims=True), each.shape)


def swapped_folds(state: MomentsState) -> MomentsState:
    """Return the moments of folds with `x` and `y` exchanged."""
    swapped: MomentsState = jax.vmap(lambda fold: fold.swapped())(state)
    return swapped


def left_out_errors(fit: MomentsState, choices: jax.Array) -> jax.Array:
    """Sum over folds of the squared errors of ridge fitted on the others, ``(penalty, k)``."""

    def of_fold(total: jax.Array, parts: Any) -> tuple[jax.Array, None]:
        rest, fold = parts
        path = path_of(rest)
        errors = jax.lax.map(lambda c: residual_squares(rest, fold, path.weights(c)), choices)
        return total + errors, None

    start = jnp.zeros((choices.shape[0], fit.y_mean.shape[1]), fit.y_mean.dtype)
    return jax.lax.scan(of_fold, start, (others(fit), fit))[0]
