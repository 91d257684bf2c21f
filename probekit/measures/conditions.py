"""Dissimilarities of conditions, measured against the scatter within them."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_at_least, check_choice
from probekit.errors import OptionError
from probekit.measures._arguments import jitted, matched
from probekit.measures.condition_scores import (
    CONDITION_METRICS,
    CROSSED,
    OF_PAIRS,
    WHITENING,
    ConditionMetric,
    Kept,
    Options,
    condition_score,
)
from probekit.measures.missing_values import Missing, cells_of, check_missing, without_missing
from probekit.measures.noise import Shrinkage, check_shrinkage, folds_of
from probekit.measures.patterns import PatternColumns
from probekit.measures.precision import root_of_precision, roots_of_pairs
from probekit.measures.rdm import DEFAULT_PRIOR, prior_of
from probekit.measures.unbalanced import Places
from probekit.statistics import FoldGroups, MappedGroups, state_of
from probekit.statistics.examples import hash_of
from probekit.statistics.folds import Folds, check_folds

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
    missing: Missing = "undefined",
    prior_lambda: float = DEFAULT_PRIOR.rate,
    prior_weight: float = DEFAULT_PRIOR.weight,
) -> jax.Array:
    """Representational dissimilarity matrix of conditions, from the means of their examples.

    ``squared_mahalanobis``: (m_a - m_b)ᵀ Σ⁻¹ (m_a - m_b), with m the means of the conditions and Σ
    the pooled covariance of units within conditions; ``mahalanobis``: its root; ``crossnobis``: the
    mean over folds of δᵀ Σ⁻¹ ε, with δ the difference of means within the fold and ε that within
    the others; ``squared_euclidean``, ``euclidean``: with the identity for Σ; ``correlation``,
    ``cosine``, ``poisson``: as `rdm`, between the means; ``poisson_cv``: the mean over folds of
    Σ_u (log q_au - log q_bu) (r_au - r_bu) / d, with q the rates, as in `rdm`, of the means within
    the fold and r those within the others; ``correlation_cv``: that of δᵀ ε / 2, of the examples'
    patterns, less their mean over units and of length 1.

    Parameters
    ----------
    x : array (example, unit)
        The representation; its means are not negative for ``poisson`` and ``poisson_cv``.
    conditions : array (example,)
        The condition of each example: any numbers.
    metric : {"crossnobis", "mahalanobis", "squared_mahalanobis", "euclidean", \
            "squared_euclidean", "correlation", "correlation_cv", "cosine", "poisson", \
            "poisson_cv"}
    folds : int or array (example,)
        For crossnobis, correlation_cv and poisson_cv, at least 2: each example falls into one by a
        hash of its number; or the fold of each, such as the run it was measured in.
    shrinkage : float or {"diagonal", "identity"}
        From 0 to 1: how far Σ is drawn to its diagonal; or what it is drawn to, as far as the data
        ask for: see `noise_precision`. Above 0 it may have more units than examples.
    precision : array (unit, unit) or (fold, unit, unit) or "identity", optional
        Taken for Σ⁻¹ instead; for crossnobis and Mahalanobis distances. With the identity,
        crossnobis is the cross-validated squared euclidean distance. For crossnobis also one for
        each fold: it is then the mean over pairs of folds of δᵀ ((Σ_f + Σ_g) / 2)⁻¹ ε, with δ the
        difference of means in one and ε that in the other.
    unbalanced : bool
        Of pairs of examples instead of means, each pair alike: K_aa + K_bb - 2 K_ab, with K the
        mean over pairs of what two examples have in common; no condition need be in every fold.
        Pairs are in two different folds for crossnobis, correlation_cv and poisson_cv; otherwise
        all. Examples have in common: x_iᵀ Σ⁻¹ x_j, where x are differences to the mean of all
        (crossnobis); half their correlation or cosine; or minus half their divergence (poisson),
        which of all pairs leaves Σ_u (r_au - r_bu) (l_au - l_bu) / d, with r the mean rates and l
        the mean logarithms. Euclidean and Mahalanobis distances of means are those of pairs.
    missing : {"undefined", "omit"}
        What of values that are NaN: every distance is; or they are left out, and K is the mean over
        pairs and the units that both examples have (times the number of all units, but for rates).
        Of squared_euclidean, and if `unbalanced` of poisson, poisson_cv, and crossnobis with the
        identity. Such a distance may be negative.
    prior_lambda, prior_weight : float
        For poisson and poisson_cv, as in `rdm`.

    Returns
    -------
    array (condition, condition)
        In the order of the sorted conditions; symmetric, zero on the diagonal. At least 0 (up to 2
        for correlation and cosine); but crossnobis, correlation_cv and poisson_cv, which are 0 on
        average for equal conditions, may be negative. NaN if Σ has no inverse, a condition has no
        examples (in a fold and in the others; if unbalanced: in two folds), has no such distance,
        or the input is not finite.

    Raises
    ------
    ShapeError
        If the numbers of examples differ, there are fewer than 2, or `folds` or `precision` has not
        the shape that is said.
    OptionError
        If `metric` is unknown, there are fewer than 2 folds, `shrinkage` is not within [0, 1] nor
        one of the names, the prior is negative, or `precision`, `unbalanced` or `missing` is given
        for a metric that knows none.

    Notes
    -----
    Mahalanobis distances and crossnobis are invariant to translation and, without shrinkage, to
    every invertible linear map; euclidean ones to translation and rotation; the others as in `rdm`.
    Crossnobis is not divided by the number of units, as rsatoolbox does. Of a design in which every
    condition has as many examples in each fold, crossnobis and correlation_cv are the same if
    `unbalanced`; of independent examples, each may be a fold by itself: ``folds=np.arange(n)``.
    O(n (d² + c d) + d³ + c² d) for c conditions, and O(g² (c + d)) for pairs, with g the number of
    conditions in all folds. Not under ``jit``, because the conditions are counted.

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
    check_conditions(metric, DEFAULT_FOLDS if own else folds, shrinkage, unbalanced)
    check_missing(missing, metric, unbalanced, precision)
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
    options = Options(len(labels), metric, count, share, bool(unbalanced), prior)
    codes, drawn, places = codes.reshape(-1), fold is None, None
    if missing == "omit":
        fold = np.asarray(hash_of(jnp.arange(len(x))) % count) if fold is None else fold
        codes, places = cells_of(codes, fold, len(labels))
        return without_missing(x, jnp.asarray(codes), places, len(labels), metric, prior)
    if fold is not None and unbalanced:  # of many folds, conditions are in few
        codes, places = cells_of(codes, fold, len(labels))
    elif fold is not None:
        codes = codes + len(labels) * fold
    return _rdm(x, jnp.asarray(codes[:, None], x.dtype), root, places, options, drawn)


def check_conditions(
    metric: ConditionMetric, folds: Folds, shrinkage: Shrinkage, unbalanced: bool = False
) -> None:
    """Raise `OptionError` unless the options are possible."""
    check_choice("metric", metric, CONDITION_METRICS)
    check_folds(folds)
    check_shrinkage(shrinkage)
    if unbalanced and metric not in OF_PAIRS:
        raise OptionError(
            f"unbalanced=True: metric {metric!r} is that of means, in which each example counts "
            "alike; leave it out."
        )


def check_precision(precision: Any, metric: ConditionMetric) -> None:
    """Raise `OptionError` if one is given that the metric has no use for, or by another name."""
    if precision is not None and metric not in WHITENING:
        raise OptionError(f"precision: metric {metric!r} uses none; leave it out.")
    if isinstance(precision, str):
        check_choice("precision", precision, ("identity",))


def _folds_of(folds: Any, examples: int) -> tuple[int, np.ndarray]:
    """Return how many folds there are, and the number of that of each example."""
    labels, codes = folds_of(folds, examples)
    check_at_least("folds", len(labels), 2)
    return len(labels), codes


def _root_of_precision(
    precision: Any, metric: ConditionMetric, x: jax.Array, folds: int
) -> jax.Array | None:
    """Return the root of a precision that is given, or raise if the metric has no use for it."""
    check_precision(precision, metric)
    if precision is None:
        return None
    if isinstance(precision, str):
        return jnp.eye(x.shape[1], dtype=x.dtype)
    if np.ndim(precision) != 3:
        return root_of_precision(precision, x)
    if folds < 2:
        raise OptionError(
            f"precision: shape {np.shape(precision)}, one for each fold, is for metric "
            "'crossnobis' with unbalanced=False. Give (unit, unit)."
        )
    return roots_of_pairs(precision, x, folds)


@jitted(4, 5)
def _rdm(
    x: jax.Array,
    codes: jax.Array,
    root: jax.Array | None,
    places: Places | None,
    options: Options,
    drawn: bool,
) -> jax.Array:
    """Distances; unless folds are drawn, `codes` is that of the condition within the fold."""
    groups, folds = options.conditions, options.folds
    if not drawn:
        groups, folds = groups * folds if places is None else len(places.fold), 1
    condition = codes[:, 0] % options.conditions
    if places is not None:
        condition = places.condition[codes[:, 0].astype(int)]
    moments = FoldGroups(groups=groups, folds=folds)
    columns = options.columns
    state = state_of(moments if columns is None else mapped(moments, columns), x, codes)
    kept = Kept(x, condition, jnp.ones(len(x), x.dtype))
    return condition_score(state, options, kept=kept, whiten=root, places=places).value


def mapped(moments: FoldGroups, columns: PatternColumns) -> MappedGroups:
    """Return the statistic of columns that are averaged, whose covariances are of no use."""
    return MappedGroups(moments=dataclasses.replace(moments, xx="diagonal"), columns=columns)


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
