"""Dissimilarities of conditions, measured against the scatter within them."""

from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_at_least, check_choice
from probekit.errors import OptionError
from probekit.measures._arguments import jitted, matched
from probekit.measures._linalg import eigh
from probekit.measures._status import NONFINITE, OK, RANK_DEFICIENT, TOO_FEW, Score
from probekit.statistics import FoldGroups, MomentsState, state_of
from probekit.statistics._arrays import product
from probekit.statistics.moments import rounding_of_squares

ConditionMetric = Literal[
    "crossnobis", "mahalanobis", "squared_mahalanobis", "euclidean", "squared_euclidean"
]
CONDITION_METRICS = (
    "crossnobis",
    "mahalanobis",
    "squared_mahalanobis",
    "euclidean",
    "squared_euclidean",
)
DEFAULT_FOLDS = 2


def condition_rdm(
    x: Any,
    conditions: Any,
    *,
    metric: ConditionMetric = "crossnobis",
    folds: int = DEFAULT_FOLDS,
    shrinkage: float = 0.0,
) -> jax.Array:
    """Representational dissimilarity matrix of conditions, from the means of their examples.

    ``squared_mahalanobis``: (m_a - m_b)ᵀ Σ⁻¹ (m_a - m_b), with m the means of the conditions and Σ
    the pooled covariance of units within conditions; ``mahalanobis``: its root; ``crossnobis``: the
    mean over folds of δᵀ Σ⁻¹ ε, with δ the difference of means within the fold and ε that within
    the others; ``squared_euclidean``, ``euclidean``: with the identity for Σ.

    Parameters
    ----------
    x : array (example, unit)
        The representation.
    conditions : array (example,)
        The condition of each example: any numbers.
    metric : {"crossnobis", "mahalanobis", "squared_mahalanobis", "euclidean", "squared_euclidean"}
    folds : int
        For crossnobis, at least 2; each example falls into one by a hash of its number.
    shrinkage : float
        From 0 to 1: how far Σ is drawn to its diagonal. Above 0 it may have more units than
        examples.

    Returns
    -------
    array (condition, condition)
        In the order of the sorted conditions; symmetric, zero on the diagonal. At least 0; but
        crossnobis, which is 0 on average for equal conditions, may be negative. NaN if Σ has no
        inverse, a condition has no examples (in a fold and in the others), or the input is not
        finite.

    Raises
    ------
    ShapeError
        If the numbers of examples differ, or there are fewer than 2.
    OptionError
        If `metric` is unknown, there are fewer than 2 folds, or `shrinkage` is not within [0, 1].

    Notes
    -----
    Mahalanobis distances and crossnobis are invariant to translation and, without shrinkage, to
    every invertible linear map; euclidean ones to translation and rotation. Not divided by the
    number of units, as rsatoolbox does. O(n (d² + c d) + d³ + c² d) for c conditions. Not under
    ``jit``, because the conditions are counted.

    References
    ----------
    Walther et al. 2016, Reliability of dissimilarity measures for multi-voxel pattern analysis;
    Kriegeskorte, Goebel and Bandettini 2006, Information-based functional brain mapping.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import condition_rdm
    >>> x = np.array([[0.0], [2.0], [5.0], [7.0]])
    >>> round(float(condition_rdm(x, [0, 0, 1, 1], metric="mahalanobis")[0, 1]), 4)  # 5 / √2
    3.5355
    """
    check_conditions(metric, folds, shrinkage)
    x, y = matched(x, conditions, least=2, names=("x", "conditions"))
    labels, codes = np.unique(np.asarray(y), axis=0, return_inverse=True)
    options = (len(labels), metric, int(folds), float(shrinkage))
    if not bool(jnp.isfinite(y).all()):
        return jnp.full((len(labels), len(labels)), jnp.nan, x.dtype)
    return _rdm(x, jnp.asarray(codes.reshape(-1, 1), x.dtype), *options)


def check_conditions(metric: ConditionMetric, folds: int, shrinkage: float) -> None:
    """Raise `OptionError` unless the options are possible."""
    check_choice("metric", metric, CONDITION_METRICS)
    check_at_least("folds", folds, 2)
    if not 0 <= shrinkage <= 1:
        raise OptionError(f"shrinkage={shrinkage!r}: must be from 0 to 1.")


@jitted(2, 3, 4, 5)
def _rdm(
    x: jax.Array,
    codes: jax.Array,
    conditions: int,
    metric: ConditionMetric,
    folds: int,
    shrinkage: float,
) -> jax.Array:
    folds = folds if metric == "crossnobis" else 1
    state = state_of(FoldGroups(groups=conditions, folds=folds), x, codes)
    return condition_score(state, metric=metric, folds=folds, shrinkage=shrinkage).value


class _Conditions(NamedTuple):
    """Counts ``(fold, condition)``, and means ``(fold, condition, unit)`` about that of all."""

    counts: jax.Array
    mean: jax.Array

    @classmethod
    def of(cls, state: MomentsState, folds: int) -> "_Conditions":
        assert state.xy is not None
        count = state.count * (state.y_mean + state.y_rest)
        mean = state.xy / jnp.where(count > 0.5, count, 1)[None, :]
        return cls(count.reshape(folds, -1), mean.T.reshape(folds, -1, mean.shape[0]))

    @property
    def of_all(self) -> tuple[jax.Array, jax.Array]:
        """Count and mean over all folds."""
        total = self.counts.sum(axis=0)
        weighted = (self.mean * self.counts[:, :, None]).sum(axis=0)
        return total, weighted / jnp.where(total > 0.5, total, 1)[:, None]

    def without(self, fold: int) -> jax.Array:
        """Mean over the other folds."""
        others = jnp.arange(self.counts.shape[0]) != fold
        count = jnp.where(others[:, None], self.counts, 0)
        return _Conditions(count, self.mean).of_all[1]


def condition_score(
    state: MomentsState, *, metric: ConditionMetric, folds: int, shrinkage: float
) -> Score:
    """`condition_rdm` from the moments of groups in folds; `folds` is 1 but for crossnobis."""
    parts = _Conditions.of(state, folds)
    total, mean = parts.of_all
    empty = total < 0.5
    deficient = jnp.zeros((), bool)
    whiten = jnp.eye(mean.shape[1], dtype=mean.dtype)
    if metric not in ("euclidean", "squared_euclidean"):
        whiten, deficient = _whitening(state, total, mean, shrinkage)
    if metric == "crossnobis":
        present = parts.counts > 0.5
        empty = ~present.all(axis=0) | (folds < 2)
        crossed = [_crossed(parts.mean[f], parts.without(f), whiten) for f in range(folds)]
        value = jnp.stack(crossed).mean(axis=0)
    else:
        value = _crossed(mean, mean, whiten)
        value = value if metric.startswith("squared") else jnp.sqrt(value)
    missing = empty[:, None] | empty[None, :]
    status = jnp.where(deficient, RANK_DEFICIENT, jnp.full(value.shape, OK))
    status = jnp.where(missing, TOO_FEW, status)
    status = jnp.where(jnp.isfinite(state.x_mean).all() & state.finite(), status, NONFINITE)
    status = jnp.where((status == OK) & ~jnp.isfinite(value), NONFINITE, status)
    return Score(jnp.where(status == OK, value, jnp.nan), status.astype(jnp.int8))


def _whitening(
    state: MomentsState, total: jax.Array, mean: jax.Array, shrinkage: float
) -> tuple[jax.Array, jax.Array]:
    """Return Σ^(-1/2) of the pooled covariance within conditions, and whether it has none."""
    assert state.xx is not None
    rows = mean * jnp.sqrt(total)[:, None]
    scatter = state.xx - product(rows.T, rows)
    freedom = state.count - (total > 0.5).sum()
    covariance = scatter / jnp.maximum(freedom, 1)
    diagonal = covariance.diagonal()
    covariance = (1 - shrinkage) * covariance + shrinkage * jnp.diag(diagonal)
    # What is left of a unit that is constant within conditions is rounding of what was taken off.
    epsilon, d = float(np.finfo(mean.dtype).eps), mean.shape[1]
    rounding = rounding_of_squares(state.count, state.x_mean) + 16 * epsilon * state.x_squares
    constant = scatter.diagonal() <= rounding
    # Correlations instead of covariances: the rank must not depend on the units of measurement.
    scale = jnp.where(constant, 0, jax.lax.rsqrt(jnp.where(constant, 1, diagonal)))
    correlation = covariance * scale[:, None] * scale[None, :]
    correlation = jnp.where(jnp.isfinite(covariance).all(), correlation, 0)
    values, vectors = eigh(correlation)
    least = values[-1] * d * epsilon
    deficient = constant.any() | (values[0] <= least) | (freedom < 1)
    root = jax.lax.rsqrt(jnp.where(values > least, values, 1))
    return scale[:, None] * vectors * root[None, :], deficient


def _crossed(here: jax.Array, there: jax.Array, whiten: jax.Array) -> jax.Array:
    """Products of differences here and there, ``(condition, condition)``."""
    a, b = (product(z - z.mean(axis=0, keepdims=True), whiten) for z in (here, there))
    # By differences: through products an equal pair would keep their rounding.
    return ((a[:, None, :] - a[None, :, :]) * (b[:, None, :] - b[None, :, :])).sum(axis=2)
