"""Ridge regression whose penalty is chosen by cross-validation, in both directions."""

from collections.abc import Sequence
from typing import Any

import jax

from probekit.measures._arguments import Splits, jitted, splits
from probekit.measures._double import in_double_if_doubtful, splits_in_double
from probekit.measures._moments import states_of
from probekit.measures._narrowing import narrowed_splits
from probekit.measures.folds import DEFAULT_FOLDS, AnyFolds, check_folds_of, named_folds
from probekit.measures.penalties import (
    DEFAULT_PENALTIES,
    Options,
    checked_options,
    relative_to,
)
from probekit.measures.regression import MultiOutput, Scoring
from probekit.measures.ridge_fits import ridge_score
from probekit.statistics import FoldMoments


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
    options = checked_options(penalties, named_folds(folds), per_unit, multioutput, scoring)
    given = _folded_splits(x, y, held_out, options)
    return in_double_if_doubtful(_encoding, given, options=options)


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
    options = checked_options(penalties, named_folds(folds), False, multioutput, scoring)
    given = _folded_splits(x, y, held_out, options)
    return splits_in_double(_decoding, given, options=options)


def _folded_splits(x: Any, y: Any, held_out: Any, options: Options) -> Splits:
    given = splits(x, y, held_out, least=2)
    check_folds_of(options.folds, len(given.fit[0]))
    return given


def _encoding(given: Splits, *, options: Options) -> tuple[jax.Array, jax.Array]:
    return _ridge(given.swapped(), options)


def _decoding(given: Splits, *, eps: float, options: Options) -> jax.Array:
    del eps  # what is below it is far below the smallest penalty
    given, share = narrowed_splits(given)
    return _ridge(given, options._replace(penalties=relative_to(options.penalties, share)))[0]


@jitted(1)
def _ridge(given: Splits, options: Options) -> tuple[jax.Array, jax.Array]:
    """Score, and whether rounding could matter for the smallest of the penalties."""
    apart = options.multioutput != "variance_weighted"
    states = states_of(FoldMoments(folds=options.folds, yy="diagonal"), given, y_apart=apart)
    found = ridge_score(*states, options)
    return found.score.value, found.doubtful
