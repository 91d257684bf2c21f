"""Disentanglement, completeness and informativeness, from how important units are to a probe."""

import dataclasses
from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_choice
from probekit.errors import OptionError
from probekit.measures._arguments import splits
from probekit.measures._status import CONSTANT, OK, Score
from probekit.measures.classification import both_states
from probekit.measures.columns import Columns
from probekit.measures.decoders import METRICS, Metric, as_score, check_probe, value_of
from probekit.measures.importances import concentration
from probekit.measures.probes import (
    Labelled,
    Options,
    Trained,
    labelled,
    numeric,
    status_of_classes,
    status_of_numbers,
    trained,
)
from probekit.statistics import ExamplesState

WITH_IMPORTANCES = ("lasso", "ridge", "logistic")

# Tolerances at which the order of units makes no difference.
_LASSO = {"alpha": 0.01, "tol": 1e-10, "max_iter": 100_000}


class DCI(NamedTuple):
    """How units stand for features.

    Attributes
    ----------
    disentanglement : array ()
        How far each unit is important for one feature alone, weighted by importance.
    completeness : array (k,)
        How far each feature is told by one unit alone.
    informativeness : array (k,)
        The score of the probe of each feature.
    importance : array (unit, k)
        What the first two are made of.
    """

    disentanglement: jax.Array
    completeness: jax.Array
    informativeness: jax.Array
    importance: jax.Array


def dci(
    x: Any,
    y: Any,
    *,
    held_out: tuple[Any, Any] | None = None,
    probe: Any = "lasso",
    metric: Metric = "r2",
    options: Mapping[str, Any] | None = None,
) -> DCI:
    """Disentanglement, completeness and informativeness (DCI) of units for features.

    A probe is fitted to each feature. How important units are to it, |w_u| of a linear one or what
    it says itself (``feature_importances_``), makes up a column of the matrix of which
    `disentanglement` and `completeness` are; how well it predicts is informativeness.

    Parameters
    ----------
    x : array (example, unit)
        The representation; each unit is standardised.
    y : array (example,) or (example, k)
        The features, one a column: numbers for ``r2``, which are standardised, and else classes.
    held_out : tuple of array, optional
        Representation and features ``(x2, y2)`` of the examples that are scored; those that are
        fitted, unless given.
    probe : {"lasso", "ridge", "logistic"} or str or object
        Linear regression with penalised absolute or squared weights (with ``alpha`` 0.01 of a
        lasso); multinomial logistic regression, of classes; ``"module:Class"``, or a scikit-learn
        estimator, that has ``coef_`` or ``feature_importances_`` once fitted.
    metric : {"r2", "accuracy", "balanced_accuracy", "auc", "cross_entropy"}
        As of `decoding`.
    options : mapping, optional
        Arguments of the scikit-learn class, such as ``{"alpha": 0.1}``.

    Returns
    -------
    DCI
        Disentanglement and completeness in [0, 1]; informativeness as `decoding`. A feature is NaN
        if it is constant in one of the splits, and disentanglement then too. Completeness is NaN of
        one unit, and of a feature for which no unit is important; disentanglement of one feature,
        and if no unit is important for any. NaN if the input is not finite.

    Raises
    ------
    ShapeError
        If numbers of examples or columns differ, or there are fewer than 2 examples to fit.
    OptionError
        If `probe` or `metric` is unknown, the probe cannot give the metric or importances, or
        refuses its options.

    Notes
    -----
    Runs on the host, not under ``jit``. With ``lasso`` and ``ridge`` invariant to translation and
    scaling of each unit and to permutation. Costs what k probes cost: O(k n d) an iteration for
    ``lasso`` and ``logistic``, O(k n d min(n, d)) for ``ridge``. Units that are correlated share
    their importance under a ridge, and a lasso chooses among them. Locatello et al. take boosted
    trees, ``"sklearn.ensemble:GradientBoostingClassifier"``.

    References
    ----------
    Eastwood and Williams 2018, A framework for the quantitative evaluation of disentangled
    representations; Locatello et al. 2019, Challenging common assumptions in the unsupervised
    learning of disentangled representations.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import dci
    >>> y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    >>> found = dci(3 * y, y)
    >>> float(found.disentanglement), found.completeness.tolist()
    (1.0, [1.0, 1.0])
    >>> turned = dci(y @ [[1, 1], [1, -1]], y)
    >>> round(float(turned.disentanglement), 3)
    0.0
    """
    check_choice("metric", metric, METRICS)
    check_importances(probe, metric)
    states = both_states(splits(x, y, held_out, least=2))
    columns = tuple((column,) for column in range(states[0].y.shape[1]))
    scores, importance = dci_scores(
        *states, columns, probe=probe, metric=metric, options=tuple((options or {}).items())
    )
    disentangled, complete, informative = (score.value for score in scores)
    known = jnp.asarray(importance, states[0].x.dtype)
    return DCI(disentangled, complete, informative, known)


def check_importances(probe: Any, metric: Metric) -> None:
    """Raise `OptionError` unless the probe, as far as is known, has importances and the metric."""
    if not isinstance(probe, str) or ":" in probe:
        return check_probe(probe, metric)
    check_choice("probe", probe, WITH_IMPORTANCES)
    if probe != "lasso":
        check_probe(probe, metric)
    elif metric != "r2":
        raise OptionError(
            f"probe='lasso': predicts numbers, and metric={metric!r} needs classes. "
            "Take 'ridge' or 'logistic'."
        )
    return None


def dci_scores(
    fit: ExamplesState,
    held_out: ExamplesState,
    columns: Columns,
    *,
    probe: Any,
    metric: Metric,
    options: Options,
) -> tuple[tuple[Score, Score, Score], np.ndarray]:
    """Compute `dci` of the examples that were kept, and the importances ``(unit, feature)``.

    The columns of a feature are predicted together.
    """
    dtype = np.asarray(fit.x).dtype
    found = [
        _of_feature(_columns(fit, group), _columns(held_out, group), probe, metric, options)
        for group in columns
    ]
    importance = np.stack([each for each, _, _ in found], axis=1)
    informativeness = [as_score(value, status, dtype) for _, value, status in found]
    known = jnp.asarray(importance, dtype)
    of_features = np.asarray(concentration(known.T, "raw_values"))
    completeness = [
        as_score(value, status or _undefined(value), dtype)
        for value, (_, _, status) in zip(of_features, found, strict=True)
    ]
    whole = float(concentration(known, "importance_weighted"))
    worst = min((status for _, _, status in found if status), default=_undefined(whole))
    disentangled = as_score(whole, worst, dtype)
    return (disentangled, _stacked(completeness), _stacked(informativeness)), importance


def importance_of(probe: Trained) -> np.ndarray:
    """Return how important each unit is to a fitted probe; of several outputs the sum over them."""
    for name in ("feature_importances_", "coef_"):
        if hasattr(probe.model, name):
            found = np.abs(np.asarray(getattr(probe.model, name), np.float64))
            total: np.ndarray = found.reshape(-1, found.shape[-1]).sum(axis=0)
            return total
    raise OptionError(
        f"probe={probe.name!r}: says of no unit how important it is; it needs coef_ or "
        f"feature_importances_. Take one of {', '.join(WITH_IMPORTANCES)}."
    )


def _of_feature(
    fit: ExamplesState, held_out: ExamplesState, probe: Any, metric: Metric, options: Options
) -> tuple[np.ndarray, float, int]:
    """Return importances of the units, the score of the probe, and its status."""
    numbers = metric == "r2"
    status = (status_of_numbers if numbers else status_of_classes)(fit, held_out)
    if status != OK:
        return np.full(fit.x.shape[1], np.nan), np.nan, status
    parts = [numeric(fit), numeric(held_out)] if numbers else labelled(fit, held_out)
    known, asked = _standardised(*parts, labels=numbers)
    if probe == "lasso":
        probe, options = "sklearn.linear_model:Lasso", tuple((_LASSO | dict(options)).items())
    # Units have variance 1 but for constant ones, which a scale for all would make others feel.
    fitted = trained(probe, known, options, regression=numbers, scaled=False)
    value = value_of(fitted, asked, metric)
    return importance_of(fitted), value, CONSTANT if np.isnan(value) else OK


def _standardised(known: Labelled, asked: Labelled, *, labels: bool) -> tuple[Labelled, Labelled]:
    """Examples with each unit, and each column of numbers, in deviations of what is fitted."""

    def change(values: np.ndarray, part: np.ndarray) -> np.ndarray:
        mean = np.average(values, axis=0, weights=known.weight)
        deviation = np.sqrt(np.average((values - mean) ** 2, axis=0, weights=known.weight))
        varies = (np.ptp(values, axis=0) > 0) & (deviation > 0)
        return np.where(varies, (part - mean) / np.where(varies, deviation, 1), 0)

    known_x, asked_x = change(known.x, known.x), change(known.x, asked.x)
    if not labels:
        return known._replace(x=known_x), asked._replace(x=asked_x)
    known_y, asked_y = change(known.label, known.label), change(known.label, asked.label)
    return known._replace(x=known_x, label=known_y), asked._replace(x=asked_x, label=asked_y)


def _columns(state: ExamplesState, group: tuple[int, ...]) -> ExamplesState:
    """Return the state of one feature."""
    places = np.array(group)
    y, finite = np.asarray(state.y)[:, places], np.asarray(state.y_finite)[places]
    return dataclasses.replace(state, y=y, y_finite=finite)  # type: ignore[arg-type]


def _undefined(value: Any) -> int:
    return CONSTANT if np.isnan(value) else OK


def _stacked(scores: list[Score]) -> Score:
    return Score(*(jnp.stack(parts) for parts in zip(*scores, strict=True)))
