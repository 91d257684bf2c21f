"""Banded ridge regression: a penalty for each group of features, and what each group explains."""

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_choice, check_count, check_same_examples
from probekit._sums import product
from probekit.errors import ShapeError
from probekit.measures._arguments import Splits, jitted, matrix, splits
from probekit.measures._double import in_double_if_doubtful
from probekit.measures._moments import states_of
from probekit.measures._status import Score, divide
from probekit.measures.columns import Columns, columns_of, in_order
from probekit.measures.folds import DEFAULT_FOLDS, AnyFolds, check_folds_of, named_folds
from probekit.measures.penalties import (
    DEFAULT_PENALTIES,
    Options,
    best_of_candidates,
    checked_options,
)
from probekit.measures.regression import (
    MultiOutput,
    Scored,
    Scoring,
    weights_score,
)
from probekit.measures.relative_shares import SHARINGS, Sharing, relative_fractions
from probekit.measures.ridge_fits import Path, path_of, turned_by_rounding
from probekit.statistics import FoldMoments, MomentsState
from probekit.statistics.folds import others, swapped_folds, whole

DEFAULT_CANDIDATES = 20


class BandedRidge(NamedTuple):
    """R² of all groups together and the share of it that each has.

    Attributes
    ----------
    r2 : array () or (unit,)
    shares : array (group,) or (group, unit)
    """

    r2: jax.Array
    shares: jax.Array


def banded_ridge_r2(
    x: Any,
    groups: Sequence[Any],
    *,
    held_out: tuple[Any, Sequence[Any]] | None = None,
    penalties: Sequence[float] = DEFAULT_PENALTIES,
    candidates: int = DEFAULT_CANDIDATES,
    folds: AnyFolds = DEFAULT_FOLDS,
    per_unit: bool = False,
    multioutput: MultiOutput = "uniform_average",
    scoring: Scoring = "r2",
    sharing: Sharing = "product",
) -> BandedRidge:
    """R² of a representation by banded ridge regression, split over groups of features.

    x̂ = a + Σ_g B_gᵀ y_g, with Σ_g λ_g ‖B_g‖² as the penalty and λ_g = penalty · m_g / γ_g, where
    m_g is the mean sum of squares of the group's columns and the γ_g add up to 1. The penalty and
    γ (out of a fixed list of points of the simplex) with the largest R² over the folds are taken.
    The share of a group is the product measure Σ_i x̂_gi (2 x_i - x̂_i) / Σ_i x_i² of centred values.

    Parameters
    ----------
    x : array (example, unit)
        The representation.
    groups : sequence of array (example,) or (example, k_g)
        The features of each group.
    held_out : (array, sequence of array), optional
        Representation and groups of the examples that are scored.
    penalties : sequence of float
        To choose from, each above 0.
    candidates : int
        How many γ are tried, the groups alike first; of those equal but for rounding the first is
        taken.
    folds : int or array (example,)
        At least 2; each example falls into one by a hash of its number. Or the fold of each, of
        any labels, to keep examples together that are not independent.
    per_unit : bool
        Choose penalty and γ for each unit, instead of one for the mean R² of all units.
    multioutput : {"uniform_average", "variance_weighted", "raw_values"}
        How the units' R² and shares are averaged.
    scoring : {"r2", "correlation"}
        Or the correlation of each unit with its prediction, as in `ridge_r2`; the share of a group
        is then that of the covariance, Σ_i x̂_gi x_i / √(Σ_i x̂_i² Σ_i x_i²), and shares add up.
    sharing : {"product", "relative_weights"}
        How the score of a unit is divided: by the product measure, or as the squares of x̂ are by
        orthogonal variables that are nearest to the parts x̂_g, each of which gives to a group as
        much as their product says: Σ_h (S_gh β_h)² / Σ_i S_ih² over its sum, with S the root of
        the matrix of products of the parts and β = S 1. No share of a score above 0 is negative.

    Returns
    -------
    BandedRidge
        ``r2``, at most 1, and ``shares``, which add up to it on the fitted examples; on others they
        add up to what `r2` would be if the means were the same. A share may be negative, or above
        1. Undefined as `linear_r2` is.

    Raises
    ------
    ShapeError
        If numbers of examples or columns differ, there are no groups, or fewer than 2 examples.
    OptionError
        If there is no penalty or one that is not positive, no candidate, fewer than 2 folds, or
        `multioutput`, `scoring` or `sharing` is none of those there are.

    Notes
    -----
    Invariant to translation, scaling and permutation of units, and to the scale of each group. Of
    one group it is `ridge_r2`. O(f n (d k + k²) + c f (k³ + p d k²)) for f folds, p penalties and c
    candidates. In float64 where `ridge_r2` would be, of features within a group.

    References
    ----------
    Nunez-Elizalde, Huth and Gallant 2019, Voxelwise encoding models with non-spherical multivariate
    normal priors; Dupré la Tour, Eickenberg, Nunez-Elizalde and Gallant 2022, Feature-space
    selection with banded ridge regression (product measure); Johnson 2000, A heuristic method for
    estimating the relative weight of predictor variables (as himalaya's ``r2_score_split_svd``).

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import banded_ridge_r2
    >>> a, b = np.random.default_rng(0).normal(size=(2, 200, 3))
    >>> found = banded_ridge_r2(a @ np.ones((3, 2)), [a, b])
    >>> round(float(found.r2), 2), np.round(found.shares, 2).tolist()
    (1.0, [1.0, 0.0])
    """
    check_count("candidates", candidates, 1)
    check_choice("sharing", sharing, SHARINGS)
    options = checked_options(penalties, named_folds(folds), per_unit, multioutput, scoring)
    given, columns = grouped_splits(x, groups, held_out)
    check_folds_of(options.folds, len(given.fit[0]))

    def found(given: Splits) -> tuple[BandedRidge, jax.Array]:
        return _banded(given, columns, int(candidates), options, sharing)

    return in_double_if_doubtful(found, given)


def grouped_splits(
    x: Any, groups: Sequence[Any], held_out: Any, *, least: int = 2
) -> tuple[Splits, Columns]:
    """Return what `splits` does, with groups of features side by side, and the columns of each."""
    y, columns = _side_by_side("groups", groups)
    if isinstance(held_out, tuple) and len(held_out) == 2:
        held_out = (held_out[0], _side_by_side("held_out[1]", held_out[1])[0])
    return splits(x, y, held_out, least=least), columns


def _side_by_side(argument: str, groups: Sequence[Any]) -> tuple[jax.Array, Columns]:
    """Return groups of features as one matrix, and the columns of each; or raise."""
    parts = [matrix(f"{argument}[{place}]", group) for place, group in enumerate(groups)]
    if not parts:
        raise ShapeError(f"{argument}: there are none; give one array (example, k) per group.")
    for place, part in enumerate(parts[1:], start=1):
        check_same_examples(f"{argument}[0]", parts[0], f"{argument}[{place}]", part)
    return jnp.concatenate(parts, axis=1), columns_of(part.shape[1] for part in parts)


@jitted(1, 2, 3, 4)
def _banded(
    given: Splits, columns: Columns, candidates: int, options: Options, sharing: Sharing
) -> tuple[BandedRidge, jax.Array]:
    """Score and shares, and whether rounding could matter for the smallest of the penalties."""
    apart = options.multioutput != "variance_weighted"
    states = states_of(FoldMoments(folds=options.folds, xx="diagonal"), given, x_apart=apart)
    total, shares = banded_score(
        *states, columns, candidates=candidates, options=options, sharing=sharing
    )
    return BandedRidge(total.value, shares.value), _is_doubtful(states[0], columns, options)


def _is_doubtful(fit: MomentsState, columns: Columns, options: Options) -> jax.Array:
    every, _, owner = features_as_x(fit, fit, columns)
    every, alike = whole(every), jnp.asarray(simplex_points(len(columns), 1)[0])
    path, _ = _path(every, alike.astype(every.count.dtype), owner)
    return turned_by_rounding(path, every, min(options.penalties))


@cache
def simplex_points(groups: int, candidates: int) -> np.ndarray:
    """Points of the simplex, ``(candidate, group)``: its centre, its corners, then any others.

    Those are drawn from Dirichlet distributions of concentration 1 and 0.1 in turn, always alike.
    """
    points = [np.full(groups, 1 / groups), *np.eye(groups)]
    generator = np.random.default_rng(0)
    while len(points) < candidates:
        concentration = 0.1 if len(points) % 2 else 1.0
        points.append(generator.dirichlet(np.full(groups, concentration)))
    return np.stack(points[: candidates if groups > 1 else 1])


def banded_score(
    fit: MomentsState,
    held_out: MomentsState,
    columns: Columns,
    *,
    candidates: int,
    options: Options,
    sharing: Sharing = "product",
) -> tuple[Score, Score]:
    """`banded_ridge_r2` from the moments of folds; needs `yy` in full and the diagonal of `xx`."""
    # From here on the features are x and the units are y.
    fit, held_out, owner = features_as_x(fit, held_out, columns)
    every, scored = whole(fit), whole(held_out)
    choices = jnp.asarray(options.penalties, every.count.dtype)
    points = jnp.asarray(simplex_points(len(columns), candidates), every.count.dtype)
    errors = _left_out_errors(fit, points, choices, owner)  # (candidate, penalty, unit)
    candidate, penalty = best_of_candidates(errors, every, options.per_target)
    weights = _chosen_weights(every, points, candidate, choices[penalty], owner)
    return score_and_shares(every, scored, weights, owner, options, sharing)


def _path(state: MomentsState, point: jax.Array, owner: np.ndarray) -> tuple[Path, jax.Array]:
    """Path with each group scaled to the sum of squares that `point` says, and the factors."""
    member = owner[None, :] == np.arange(point.shape[0])[:, None]  # (group, column)
    squares = jnp.where(member, state.x_squares[None, :], 0).sum(axis=1) / member.sum(axis=1)
    scale = jnp.where(squares > 0, jnp.sqrt(point / jnp.where(squares > 0, squares, 1)), 0)[owner]
    xx, xy, _ = state.blocks()
    xx, xy = xx * scale[:, None] * scale[None, :], xy * scale[:, None]
    return path_of(xx, xy, jnp.ones((), scale.dtype)), scale


def _left_out_errors(
    fit: MomentsState, points: jax.Array, choices: jax.Array, owner: np.ndarray
) -> jax.Array:
    """Squared errors of ridge fitted on the other folds, ``(candidate, penalty, unit)``."""
    rests = others(fit)

    def of_point(point: jax.Array) -> jax.Array:
        def of_fold(total: jax.Array, parts: Any) -> tuple[jax.Array, None]:
            rest, fold = parts
            path, scale = _path(rest, point, owner)
            scored = Scored.of(rest, fold).scaled(scale)
            return total + path.residual_squares(scored, choices), None

        start = jnp.zeros((choices.shape[0], fit.y_mean.shape[1]), fit.y_mean.dtype)
        return jax.lax.scan(of_fold, start, (rests, fit))[0]

    errors: jax.Array = jax.lax.map(of_point, points)
    return errors


def _chosen_weights(
    state: MomentsState,
    points: jax.Array,
    candidate: jax.Array,
    penalty: jax.Array,
    owner: np.ndarray,
) -> jax.Array:
    """Weights ``(column, unit)`` with each unit's own candidate and penalty."""

    def take(weights: jax.Array, part: Any) -> tuple[jax.Array, None]:
        number, point = part
        path, scale = _path(state, point, owner)
        found = path.weights(penalty[None, :]) * scale[:, None]
        return jnp.where(candidate[None, :] == number, found, weights), None

    start = jnp.zeros_like(state.blocks()[1])
    numbers = jnp.arange(points.shape[0], dtype=candidate.dtype)
    return jax.lax.scan(take, start, (numbers, points))[0]


def features_as_x(
    fit: MomentsState, held_out: MomentsState, columns: Columns
) -> tuple[MomentsState, MomentsState, np.ndarray]:
    """Return moments of folds with the columns of the groups as `x` and the units as `y`.

    And the number of the group that each column is of.
    """
    order, owner = in_order(columns)
    statistic = FoldMoments(xx="diagonal")
    fit, held_out = (swapped_folds(statistic.select(state, y=order)) for state in (fit, held_out))
    return fit, held_out, owner


def score_and_shares(
    fit: MomentsState,
    scored: MomentsState,
    weights: jax.Array,
    owner: np.ndarray,
    options: Options,
    sharing: Sharing = "product",
) -> tuple[Score, Score]:
    """Score of predictions by weights ``(column, unit)``, and what each group has of it."""
    total = weights_score(
        fit, scored, weights, multioutput=options.multioutput, scoring=options.scoring
    )
    return total, _shares(scored, weights, owner, total, options, sharing)


def _shares(
    scored: MomentsState,
    weights: jax.Array,
    owner: np.ndarray,
    total: Score,
    options: Options,
    sharing: Sharing,
) -> Score:
    """Split the score over groups, averaged over units as it was."""
    xx, xy, _ = scored.blocks()
    seen, constant = product(xx, weights), scored.y_constant
    if options.scoring == "r2":
        each, whole_of = weights * (2 * xy - seen), scored.y_squares
    else:
        squares = (weights * seen).sum(axis=0)
        constant = constant | ~(squares > 0)
        each = weights * xy
        whole_of = jnp.sqrt(jnp.where(constant, 1, squares)) * jnp.sqrt(scored.y_squares)
    each = each / jnp.where(constant, 1, whole_of)  # (column, unit)
    parts = jnp.stack([each[owner == group].sum(axis=0) for group in range(owner.max() + 1)])
    if sharing == "relative_weights":
        parts = parts.sum(axis=0) * relative_fractions(xx, weights, owner)
    return averaged_shares(parts, constant, scored, total, options.multioutput)


def averaged_shares(
    parts: jax.Array,
    constant: jax.Array,
    scored: MomentsState,
    total: Score,
    multioutput: MultiOutput,
) -> Score:
    """Shares of groups ``(group, unit)``, averaged over units as the score of all groups was."""
    parts = jnp.where(constant, 0, parts)
    if multioutput == "variance_weighted":
        squares = jnp.where(scored.y_constant, 0, scored.y_squares)
        value = divide((parts * squares).sum(axis=1), squares.sum())
    else:
        value = parts if multioutput == "raw_values" else parts.mean(axis=1)
    value = jnp.where(jnp.isnan(total.value), jnp.nan, value)
    return Score(value, jnp.broadcast_to(total.status, value.shape))
