"""Dissimilarities of conditions, from what is remembered of their examples."""

from typing import Literal, NamedTuple, cast, get_args

import jax
import jax.numpy as jnp
import numpy as np

from probekit._rounding import rounding_of_squares
from probekit._sums import product
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
    pairs_of_folds,
    with_origin,
)
from probekit.measures.noise import Residuals, Shrinkage, share_of, whitening
from probekit.measures.patterns import PatternColumns
from probekit.measures.rdm import DEFAULT_PRIOR, Metric, Prior, distances
from probekit.measures.unbalanced import Cells, Places, from_pairs, of_means
from probekit.statistics import MomentsState

ConditionMetric = Literal[
    "crossnobis",
    "mahalanobis",
    "squared_mahalanobis",
    "euclidean",
    "squared_euclidean",
    "correlation",
    "correlation_cv",
    "cosine",
    "poisson",
    "poisson_cv",
]
CONDITION_METRICS: tuple[ConditionMetric, ...] = get_args(ConditionMetric)
CROSSED = ("crossnobis", "correlation_cv", "poisson_cv")
"""Metrics that take one side from a fold and the other from other folds."""

WHITENING = ("crossnobis", "mahalanobis", "squared_mahalanobis")
"""Metrics that measure differences against the covariance within conditions."""

OF_PATTERNS = ("correlation", "cosine", "poisson")
"""Metrics of `probekit.measures.rdm`, between the means."""

OF_PAIRS = (*CROSSED, *OF_PATTERNS)
"""Metrics for which pairs of examples tell something else than means."""


class Options(NamedTuple):
    """What is asked for; `folds` is 1 but for metrics that are crossed."""

    conditions: int
    metric: ConditionMetric
    folds: int
    shrinkage: Shrinkage
    unbalanced: bool = False
    prior: Prior = DEFAULT_PRIOR

    @property
    def columns(self) -> PatternColumns | None:
        """What is averaged instead of activations, if it is something else."""
        of_examples = self.unbalanced and self.metric != "crossnobis"
        if not of_examples and self.metric != "correlation_cv":
            return None
        return PatternColumns(self.metric, self.prior)


class Kept(NamedTuple):
    """Examples that are at hand, the number of the condition of each, and weights: 0 for none."""

    x: jax.Array
    condition: jax.Array
    weight: jax.Array


def condition_score(
    state: MomentsState,
    options: Options,
    *,
    kept: Kept | None = None,
    whiten: jax.Array | None = None,
    places: Places | None = None,
    some_absent: bool = False,
) -> Score:
    """`condition_rdm` from the moments of groups in folds, of the options' columns.

    Groups are the conditions in the first fold, then those in the others; or, for what is
    unbalanced, those of `places`. Examples that are `kept` tell the share of a shrinkage that is
    named. With `some_absent`, conditions without examples are none, if there are at least two
    others.
    """
    parts: Cells | ConditionMeans
    if options.unbalanced:
        places = places or Places.in_order(options.conditions, options.folds)
        parts = Cells.of(state, places, options.conditions)
    else:
        parts = ConditionMeans.of(state, options.folds)
    total, mean = parts.of_all
    deficient, without = jnp.zeros((), bool), jnp.zeros(total.shape, bool)
    of_all = state.x_mean + state.x_rest
    if options.metric in WHITENING:
        if whiten is None:
            whiten, deficient = _whitening(state, total, mean, options.shrinkage, kept)
        if whiten.ndim == 2:
            parts = parts._replace(mean=product(parts.mean, whiten))
    elif options.columns is not None:  # the last says of which examples there are none
        without = with_origin(mean[:, -1], of_all[-1]) > 0
        parts = parts._replace(mean=parts.mean[..., :-1])
        of_all = of_all[:-1]
    elif options.metric == "correlation":  # which is blind to what all units share
        of_all = (state.x_mean - jnp.median(state.x_mean)) + state.x_rest
    value, empty = _distances(options, parts, of_all, whiten)
    value = jnp.where(_of_any(without), jnp.nan, value)
    status = jnp.where(deficient, RANK_DEFICIENT, jnp.full(value.shape, OK))
    status = jnp.where(_of_any(empty), TOO_FEW, status)
    status = jnp.where(jnp.isfinite(state.x_mean).all() & state.finite(), status, NONFINITE)
    of_patterns = options.metric in OF_PATTERNS or options.columns is not None
    undefined = CONSTANT if of_patterns else NONFINITE
    status = jnp.where((status == OK) & ~jnp.isfinite(value), undefined, status)
    if some_absent:
        nobody = total < 0.5
        status = jnp.where(_of_any(nobody & ((~nobody).sum() >= 2)), NOT_THERE, status)
    return Score(jnp.where(status == OK, value, jnp.nan), status.astype(jnp.int8))


def _of_any(conditions: jax.Array) -> jax.Array:
    """Which pairs are of at least one of these conditions."""
    return conditions[:, None] | conditions[None, :]


def _distances(
    options: Options,
    parts: Cells | ConditionMeans,
    of_all: jax.Array,
    whiten: jax.Array | None,
) -> tuple[jax.Array, jax.Array]:
    """Distances, and which conditions have too few examples for any."""
    metric = options.metric
    total, mean = parts.of_all
    empty = total < 0.5
    if isinstance(parts, Cells):
        if metric in CROSSED:
            return from_pairs(parts, metric, of_all)
        return of_means(mean, metric), empty
    if metric in OF_PATTERNS:
        value = distances(with_origin(mean, of_all), cast(Metric, metric), options.prior)
    elif metric in CROSSED:
        empty = ~(parts.counts > 0.5).all(axis=0) | (options.folds < 2)
        if whiten is not None and whiten.ndim == 3:
            value = pairs_of_folds(parts, whiten)
        else:
            value = crossed_folds(parts, of_all if metric == "poisson_cv" else None, options.prior)
        value = value / 2 if metric == "correlation_cv" else value
    else:
        value = crossed(mean, mean)
        value = value if metric.startswith("squared") else jnp.sqrt(value)
    return value, empty


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
