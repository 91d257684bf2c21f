"""Group lasso: regression on groups of features that leaves out the groups it does not need."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_number
from probekit._sums import product
from probekit.errors import OptionError
from probekit.measures._arguments import Splits, jitted
from probekit.measures._linalg import eigvalsh
from probekit.measures._moments import states_of
from probekit.measures._status import Score
from probekit.measures.banded import features_as_x, grouped_splits, score_and_shares
from probekit.measures.columns import Columns
from probekit.measures.folds import DEFAULT_FOLDS, AnyFolds, check_folds_of, named_folds
from probekit.measures.penalties import Options, checked_options, explained_outside
from probekit.measures.regression import MultiOutput, Scored, Scoring
from probekit.statistics import FoldMoments, MomentsState
from probekit.statistics.folds import others, whole

DEFAULT_LASSO_PENALTIES = (0.003, 0.01, 0.03, 0.1, 0.3)
_STEPS = 1000
"""Of the proximal gradient method at most; less where weights change no more."""


# Weights, the point ahead of them, its pace, the largest change, and how many turns there were.
_Turn = tuple[jax.Array, jax.Array, jax.Array, jax.Array, jax.Array]


class GroupLasso(NamedTuple):
    """R² of all groups together and the share of it that each has.

    Attributes
    ----------
    r2 : array () or (unit,)
    shares : array (group,) or (group, unit)
        0 for groups that were left out.
    """

    r2: jax.Array
    shares: jax.Array


def group_lasso_r2(
    x: Any,
    groups: Sequence[Any],
    *,
    held_out: tuple[Any, Sequence[Any]] | None = None,
    penalties: Sequence[float] = DEFAULT_LASSO_PENALTIES,
    sparsity: float = 0.0,
    folds: AnyFolds = DEFAULT_FOLDS,
    per_unit: bool = False,
    multioutput: MultiOutput = "uniform_average",
    scoring: Scoring = "r2",
) -> GroupLasso:
    """R² of a representation by group lasso, split over groups of features.

    For each unit, with features and unit in units of their spread (groups by the mean sum of
    squares of their columns), the weights with the least ½ ‖x - Σ_g y_g b_g‖² + penalty ·
    ((1 - sparsity) Σ_g ‖b_g‖ + sparsity Σ_j |b_j|), sums being means over examples: whole groups
    get a weight of 0, and with a `sparsity` single columns as well. The penalty with the largest R²
    over the folds is taken. Shares are those of `banded_ridge_r2`.

    Parameters
    ----------
    x : array (example, unit)
        The representation.
    groups : sequence of array (example,) or (example, k_g)
        The features of each group.
    held_out : (array, sequence of array), optional
        Representation and groups of the examples that are scored.
    penalties : sequence of float
        To choose from, each above 0; from √k_g on nothing is left of a group.
    sparsity : float
        From 0 (group lasso) to 1 (lasso).
    folds : int or array (example,)
        At least 2; each example falls into one by a hash of its number. Or the fold of each, of
        any labels, to keep examples together that are not independent.
    per_unit : bool
        Choose the penalty for each unit, instead of one for the mean R² of all units.
    multioutput : {"uniform_average", "variance_weighted", "raw_values"}
        How the units' R² and shares are averaged.
    scoring : {"r2", "correlation"}
        As in `banded_ridge_r2`.

    Returns
    -------
    GroupLasso
        ``r2``, at most 1, and ``shares``. Undefined as `linear_r2` is.

    Raises
    ------
    ShapeError
        If numbers of examples or columns differ, there are no groups, or fewer than 2 examples.
    OptionError
        If there is no penalty or one that is not positive, `sparsity` is not within [0, 1], there
        are fewer than 2 folds, or `multioutput` or `scoring` is none of those there are.

    Notes
    -----
    Invariant to translation, scaling and permutation of units, and to the scale of each group.
    Weights are sought by accelerated proximal gradients, which take long where features are nearly
    collinear. O(f n (d k + k²) + f p t k² d) for f folds, p penalties and t steps, at most 1000.

    References
    ----------
    Yuan and Lin 2006, Model selection and estimation in regression with grouped variables; Simon,
    Friedman, Hastie and Tibshirani 2013, A sparse-group lasso; Beck and Teboulle 2009 (FISTA).

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import group_lasso_r2
    >>> a, b = np.random.default_rng(0).normal(size=(2, 200, 3))
    >>> found = group_lasso_r2(a @ np.ones((3, 2)), [a, b], penalties=[0.1])
    >>> [round(float(share), 2) for share in (found.r2, *found.shares)]
    [0.99, 0.99, 0.0]
    """
    check_sparsity(sparsity)
    options = checked_options(penalties, named_folds(folds), per_unit, multioutput, scoring)
    given, columns = grouped_splits(x, groups, held_out)
    check_folds_of(options.folds, len(given.fit[0]))
    return GroupLasso(*_group_lasso(given, columns, float(sparsity), options))


def check_sparsity(sparsity: float) -> None:
    """Raise `OptionError` unless it is a share."""
    check_number("sparsity", sparsity)
    if not 0 <= sparsity <= 1:
        raise OptionError(f"sparsity={sparsity!r}: must be from 0 to 1.")


@jitted(1, 2, 3)
def _group_lasso(
    given: Splits, columns: Columns, sparsity: float, options: Options
) -> tuple[jax.Array, jax.Array]:
    apart = options.multioutput != "variance_weighted"
    states = states_of(FoldMoments(folds=options.folds, xx="diagonal"), given, x_apart=apart)
    total, shares = group_lasso_score(*states, columns, sparsity=sparsity, options=options)
    return total.value, shares.value


def group_lasso_score(
    fit: MomentsState,
    held_out: MomentsState,
    columns: Columns,
    *,
    sparsity: float,
    options: Options,
) -> tuple[Score, Score]:
    """`group_lasso_r2` from the moments of folds; needs `yy` in full and the diagonal of `xx`."""
    # From here on the features are x and the units are y.
    fit, held_out, owner = features_as_x(fit, held_out, columns)
    every, scored = whole(fit), whole(held_out)
    choices = jnp.asarray(options.penalties, every.count.dtype)

    def of_fold(total: jax.Array, parts: Any) -> tuple[jax.Array, None]:
        rest, fold = parts
        found = jax.lax.map(lambda c: _weights(rest, c, owner, sparsity), choices)
        return total + jax.vmap(Scored.of(rest, fold).residual_squares)(found), None

    start = jnp.zeros((choices.shape[0], every.y_mean.shape[0]), every.y_mean.dtype)
    errors = jax.lax.scan(of_fold, start, (others(fit), fit))[0]
    best = jnp.argmax(explained_outside(errors, every, options.per_target), axis=0)
    weights = _weights(every, choices[best], owner, sparsity)
    return score_and_shares(every, scored, weights, owner, options)


def _weights(
    state: MomentsState, penalty: jax.Array, owner: np.ndarray, sparsity: float
) -> jax.Array:
    """Weights ``(column, unit)`` for one penalty, or one for each unit."""
    member = jnp.asarray(owner[None, :] == np.arange(owner.max() + 1)[:, None], state.count.dtype)
    squares = product(member, state.x_squares) / member.sum(axis=1)
    columns = jnp.where(squares > 0, jax.lax.rsqrt(jnp.where(squares > 0, squares, 1)), 0)[owner]
    known = ~state.y_constant & (state.y_squares > 0)
    units = jnp.sqrt(jnp.where(known, state.y_squares, 1))
    xx, xy, _ = state.blocks()
    gram = xx * columns[:, None] * columns[None, :]
    along = jnp.where(known, xy * columns[:, None] / units, 0)
    gram, along = (jnp.where(jnp.isfinite(z), z, 0) for z in (gram, along))
    curvature = eigvalsh(gram)[-1]
    step = 1 / jnp.where(curvature > 0, curvature, 1)

    def shrunk(weights: jax.Array) -> jax.Array:
        """Return the proximal point: single columns first, then groups."""
        least = step * penalty * sparsity
        weights = jnp.sign(weights) * jnp.maximum(jnp.abs(weights) - least, 0)
        length = jnp.sqrt(product(member, jnp.square(weights)))
        kept = jnp.maximum(length - step * penalty * (1 - sparsity), 0)
        found: jax.Array = weights * (kept / jnp.where(length > 0, length, 1))[owner]
        return found

    def unfinished(state: _Turn) -> jax.Array:
        _, _, _, changed, turn = state
        return (turn < _STEPS) & (changed > 4 * float(np.finfo(xx.dtype).eps))

    def turned(state: _Turn) -> _Turn:
        weights, ahead, pace, _, turn = state
        found = shrunk(ahead - step * (product(gram, ahead) - along))
        faster = (1 + jnp.sqrt(1 + 4 * jnp.square(pace))) / 2
        change = found - weights
        ahead = found + (pace - 1) / faster * change
        return found, ahead, faster, jnp.abs(change).max(), turn + 1

    one, start = jnp.ones((), xx.dtype), jnp.zeros_like(along)
    first = start, start, one, one, jnp.zeros((), jnp.int32)
    weights: jax.Array = jax.lax.while_loop(unfinished, turned, first)[0]
    return weights * columns[:, None] * units
