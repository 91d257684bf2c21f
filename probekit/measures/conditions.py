"""Dissimilarities of conditions, measured against the scatter within them."""

from typing import Any, Literal, NamedTuple, cast, get_args

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_at_least, check_choice
from probekit.errors import OptionError
from probekit.measures._arguments import jitted, matched
from probekit.measures._status import (
    CONSTANT,
    NONFINITE,
    NOT_THERE,
    OK,
    RANK_DEFICIENT,
    TOO_FEW,
    Score,
)
from probekit.measures.condition_means import (
    ConditionMeans,
    crossed,
    crossed_folds,
    pairs_of_examples,
    pairs_of_folds,
    with_origin,
)
from probekit.measures.noise import (
    Residuals,
    Shrinkage,
    check_shrinkage,
    folds_of,
    share_of,
    whitening,
)
from probekit.measures.precision import root_of_precision, roots_of_pairs
from probekit.measures.rdm import PRIOR, Metric, Prior, distances, prior_of
from probekit.statistics import FoldGroups, MomentsState, state_of
from probekit.statistics._arrays import product
from probekit.statistics.moments import rounding_of_squares

ConditionMetric = Literal[
    "crossnobis",
    "mahalanobis",
    "squared_mahalanobis",
    "euclidean",
    "squared_euclidean",
    "correlation",
    "cosine",
    "poisson",
    "poisson_cv",
]
CONDITION_METRICS: tuple[ConditionMetric, ...] = get_args(ConditionMetric)
CROSSED = ("crossnobis", "poisson_cv")
"""Metrics that take one side from a fold and the other from other folds."""

WHITENING = ("crossnobis", "mahalanobis", "squared_mahalanobis")
"""Metrics that measure differences against the covariance within conditions."""

OF_PATTERNS = ("correlation", "cosine", "poisson")
"""Metrics of `probekit.measures.rdm`, between the means."""

DEFAULT_FOLDS = 2
DEFAULT_CONDITIONS = 3
MOST_VALUES = 10
"""Up to how many values of a feature are conditions, if it is not said how many there are."""


def condition_rdm(
    x: Any,
    conditions: Any,
    *,
    metric: ConditionMetric = "crossnobis",
    folds: Any = DEFAULT_FOLDS,
    shrinkage: Shrinkage = 0.0,
    precision: Any = None,
    unbalanced: bool = False,
    prior_lambda: float = PRIOR.rate,
    prior_weight: float = PRIOR.weight,
) -> jax.Array:
    """Representational dissimilarity matrix of conditions, from the means of their examples.

    ``squared_mahalanobis``: (m_a - m_b)ᵀ Σ⁻¹ (m_a - m_b), with m the means of the conditions and Σ
    the pooled covariance of units within conditions; ``mahalanobis``: its root; ``crossnobis``: the
    mean over folds of δᵀ Σ⁻¹ ε, with δ the difference of means within the fold and ε that within
    the others; ``squared_euclidean``, ``euclidean``: with the identity for Σ; ``correlation``,
    ``cosine``, ``poisson``: as `rdm`, between the means; ``poisson_cv``: the mean over folds of
    Σ_u (log q_au - log q_bu) (r_au - r_bu) / d, with q the rates, as in `rdm`, of the means within
    the fold and r those within the others.

    Parameters
    ----------
    x : array (example, unit)
        The representation; its means are not negative for ``poisson`` and ``poisson_cv``.
    conditions : array (example,)
        The condition of each example: any numbers.
    metric : {"crossnobis", "mahalanobis", "squared_mahalanobis", "euclidean", \
            "squared_euclidean", "correlation", "cosine", "poisson", "poisson_cv"}
    folds : int or array (example,)
        For crossnobis and poisson_cv, at least 2: each example falls into one by a hash of its
        number; or the fold of each, such as the run it was measured in.
    shrinkage : float or {"diagonal", "identity"}
        From 0 to 1: how far Σ is drawn to its diagonal; or what it is drawn to, as far as the data
        ask for: see `noise_precision`. Above 0 it may have more units than examples.
    precision : array (unit, unit) or (fold, unit, unit), optional
        Taken for Σ⁻¹ instead; for crossnobis and Mahalanobis distances. For crossnobis also one for
        each fold: it is then the mean over pairs of folds of δᵀ ((Σ_f + Σ_g) / 2)⁻¹ ε, with δ the
        difference of means in one and ε that in the other.
    unbalanced : bool
        For crossnobis: K_aa + K_bb - 2 K_ab, with K the mean of x_iᵀ Σ⁻¹ x_j over pairs of examples
        in two different folds, each pair alike, where x are differences to the mean of all. No
        condition need be in every fold.
    prior_lambda, prior_weight : float
        For poisson and poisson_cv, as in `rdm`.

    Returns
    -------
    array (condition, condition)
        In the order of the sorted conditions; symmetric, zero on the diagonal. At least 0 (up to 2
        for correlation and cosine); but crossnobis and poisson_cv, which are 0 on average for equal
        conditions, may be negative. NaN if Σ has no inverse, a condition has no examples (in a fold
        and in the others; if unbalanced: in two folds), has no such distance, or the input is not
        finite.

    Raises
    ------
    ShapeError
        If the numbers of examples differ, there are fewer than 2, or `folds` or `precision` has not
        the shape that is said.
    OptionError
        If `metric` is unknown, there are fewer than 2 folds, `shrinkage` is not within [0, 1] nor
        one of the names, the prior is negative, or `precision` or `unbalanced` is given for a
        metric that knows none.

    Notes
    -----
    Mahalanobis distances and crossnobis are invariant to translation and, without shrinkage, to
    every invertible linear map; euclidean ones to translation and rotation; the others as in `rdm`.
    Crossnobis is not divided by the number of units, as rsatoolbox does. O(n (d² + c d) + d³ + c²
    d) for c conditions. Not under ``jit``, because the conditions are counted.

    References
    ----------
    Walther et al. 2016, Reliability of dissimilarity measures for multi-voxel pattern analysis;
    Kriegeskorte, Goebel and Bandettini 2006, Information-based functional brain mapping; Schütt et
    al. 2023, Statistical inference on representational geometries (poisson, unbalanced designs).

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import condition_rdm
    >>> x = np.array([[0.0], [2.0], [5.0], [7.0]])
    >>> round(float(condition_rdm(x, [0, 0, 1, 1], metric="mahalanobis")[0, 1]), 4)  # 5 / √2
    3.5355
    """
    own = np.ndim(folds) > 0
    check_conditions(metric, DEFAULT_FOLDS if own else folds, shrinkage)
    if unbalanced and metric != "crossnobis":
        raise OptionError(f"unbalanced=True: metric {metric!r} has no such form; 'crossnobis' has.")
    prior = prior_of(prior_lambda, prior_weight)
    x, y = matched(x, conditions, least=2, names=("x", "conditions"))
    count, fold = 1, None
    if metric in CROSSED:
        count, fold = _folds_of(folds, len(x)) if own else (int(folds), None)
    root = _root_of_precision(precision, metric, x, 0 if unbalanced else count)
    labels, codes = np.unique(np.asarray(y), axis=0, return_inverse=True)
    if not bool(jnp.isfinite(y).all()):
        return jnp.full((len(labels), len(labels)), jnp.nan, x.dtype)
    share = shrinkage if isinstance(shrinkage, str) else float(shrinkage)
    options = _Options(len(labels), metric, count, share, bool(unbalanced), prior)
    codes = codes.reshape(-1)
    codes = codes if fold is None else codes + len(labels) * fold
    drawn = metric not in CROSSED or not own
    return _rdm(x, jnp.asarray(codes[:, None], x.dtype), root, options, drawn)


def check_conditions(metric: ConditionMetric, folds: int, shrinkage: Shrinkage) -> None:
    """Raise `OptionError` unless the options are possible."""
    check_choice("metric", metric, CONDITION_METRICS)
    check_at_least("folds", folds, 2)
    check_shrinkage(shrinkage)


def _folds_of(folds: Any, examples: int) -> tuple[int, np.ndarray]:
    """Return how many folds there are, and the number of that of each example."""
    labels, codes = folds_of(folds, examples)
    check_at_least("folds", len(labels), 2)
    return len(labels), codes


def _root_of_precision(
    precision: Any, metric: ConditionMetric, x: jax.Array, folds: int
) -> jax.Array | None:
    """Return the root of a precision that is given, or raise if the metric has no use for it."""
    if precision is None:
        return None
    if metric not in WHITENING:
        raise OptionError(f"precision: metric {metric!r} uses none; leave it out.")
    if np.ndim(precision) != 3:
        return root_of_precision(precision, x)
    if folds < 2:
        raise OptionError(
            f"precision: shape {np.shape(precision)}, one for each fold, is for metric "
            "'crossnobis' with unbalanced=False. Give (unit, unit)."
        )
    return roots_of_pairs(precision, x, folds)


class _Options(NamedTuple):
    """What is asked for; `folds` is 1 but for metrics that are crossed."""

    conditions: int
    metric: ConditionMetric
    folds: int
    shrinkage: Shrinkage
    unbalanced: bool = False
    prior: Prior = PRIOR


@jitted(3, 4)
def _rdm(
    x: jax.Array, codes: jax.Array, root: jax.Array | None, options: _Options, drawn: bool
) -> jax.Array:
    """Distances; unless folds are drawn, `codes` is that of the condition within the fold."""
    folds = options.folds if drawn else 1
    groups = options.conditions * (1 if drawn else options.folds)
    state = state_of(FoldGroups(groups=groups, folds=folds), x, codes)
    kept = Kept(x, codes[:, 0] % options.conditions, jnp.ones(len(x), x.dtype))
    return condition_score(
        state,
        metric=options.metric,
        folds=options.folds,
        shrinkage=options.shrinkage,
        kept=kept,
        whiten=root,
        unbalanced=options.unbalanced,
        prior=options.prior,
    ).value


class Kept(NamedTuple):
    """Examples that are at hand, the number of the condition of each, and weights: 0 for none."""

    x: jax.Array
    condition: jax.Array
    weight: jax.Array


def condition_score(
    state: MomentsState,
    *,
    metric: ConditionMetric,
    folds: int,
    shrinkage: Shrinkage,
    kept: Kept | None = None,
    whiten: jax.Array | None = None,
    unbalanced: bool = False,
    some_absent: bool = False,
    prior: Prior = PRIOR,
) -> Score:
    """`condition_rdm` from the moments of groups in folds; `folds` is 1 but for crossed metrics.

    Examples that are `kept` tell the share of a shrinkage that is named. With `some_absent`,
    conditions without examples are none, if there are at least two others.
    """
    parts = ConditionMeans.of(state, folds)
    total, mean = parts.of_all
    deficient = jnp.zeros((), bool)
    if metric in WHITENING:
        if whiten is None:
            whiten, deficient = _whitening(state, total, mean, shrinkage, kept)
        if whiten.ndim == 2:
            parts = ConditionMeans(parts.counts, product(parts.mean, whiten))
            mean = product(mean, whiten)
    empty = nobody = total < 0.5
    if metric in OF_PATTERNS:
        value = distances(with_origin(mean, state.x_mean), cast(Metric, metric), prior)
    elif unbalanced:
        value, empty = pairs_of_examples(parts)
    elif metric in CROSSED:
        empty = ~(parts.counts > 0.5).all(axis=0) | (folds < 2)
        if whiten is not None and whiten.ndim == 3:
            value = pairs_of_folds(parts, whiten)
        else:
            value = crossed_folds(parts, state.x_mean if metric == "poisson_cv" else None, prior)
    else:
        value = crossed(mean, mean)
        value = value if metric.startswith("squared") else jnp.sqrt(value)
    missing = empty[:, None] | empty[None, :]
    status = jnp.where(deficient, RANK_DEFICIENT, jnp.full(value.shape, OK))
    status = jnp.where(missing, TOO_FEW, status)
    status = jnp.where(jnp.isfinite(state.x_mean).all() & state.finite(), status, NONFINITE)
    undefined = CONSTANT if metric in OF_PATTERNS else NONFINITE
    status = jnp.where((status == OK) & ~jnp.isfinite(value), undefined, status)
    if some_absent:
        nobody = nobody & ((~nobody).sum() >= 2)
        status = jnp.where(nobody[:, None] | nobody[None, :], NOT_THERE, status)
    return Score(jnp.where(status == OK, value, jnp.nan), status.astype(jnp.int8))


def conditions_in(values: np.ndarray) -> tuple[float, ...]:
    """Return where the conditions of a feature begin, in ascending order, but for the first.

    Each value is a condition if there are not too many of them; else they are thirds of the
    examples.

    Examples
    --------
    >>> conditions_in(np.array([0.0, 1.0, 1.0, 0.0])), conditions_in(np.arange(99.0))
    ((1.0,), (33.0, 66.0))
    """
    values = values[np.isfinite(values)]
    distinct = np.unique(values)
    if len(distinct) <= MOST_VALUES:
        return tuple(distinct[1:].tolist())
    shares = np.arange(1, DEFAULT_CONDITIONS) / DEFAULT_CONDITIONS
    edges = np.unique(np.quantile(values, shares, method="inverted_cdf", axis=0))
    following = distinct[np.minimum(np.searchsorted(distinct, edges, "right"), len(distinct) - 1)]
    return tuple(np.unique(following).tolist())


def _whitening(
    state: MomentsState,
    total: jax.Array,
    mean: jax.Array,
    shrinkage: Shrinkage,
    kept: Kept | None,
) -> tuple[jax.Array, jax.Array]:
    """Return Σ^(-1/2) of the pooled covariance within conditions, and whether it has none."""
    assert state.xx is not None
    rows = mean * jnp.sqrt(total)[:, None]
    scatter = state.xx - product(rows.T, rows)
    freedom = state.count - (total > 0.5).sum()
    # What is left of a unit that is constant within conditions is rounding of what was taken off.
    epsilon = float(np.finfo(mean.dtype).eps)
    rounding = rounding_of_squares(state.count, state.x_mean) + 16 * epsilon * state.x_squares
    if not isinstance(shrinkage, str):
        return whitening(scatter, freedom, rounding, shrinkage, "diagonal")
    assert kept is not None
    place = jnp.clip(jnp.nan_to_num(kept.condition), 0, len(mean) - 1).astype(int)
    residuals = Residuals((kept.x - state.x_mean) - state.x_rest - mean[place], kept.weight)
    share = share_of(residuals, scatter, state.count, freedom, shrinkage)
    return whitening(scatter, freedom, rounding, share, shrinkage)
