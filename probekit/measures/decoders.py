"""Decoding by any probe: how well what it says of the scored examples is what they are."""

from collections.abc import Callable, Mapping
from typing import Any, Literal, get_args

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_choice
from probekit.errors import OptionError
from probekit.measures._arguments import splits
from probekit.measures._status import CONSTANT, NONFINITE, OK, Score
from probekit.measures.classification import both_states
from probekit.measures.probes import (
    PROBES,
    Labelled,
    Options,
    Trained,
    check_object,
    labelled,
    numeric,
    status_of_classes,
    status_of_numbers,
    trained,
)
from probekit.statistics import ExamplesState

Metric = Literal["accuracy", "balanced_accuracy", "auc", "cross_entropy", "r2"]
METRICS: tuple[Metric, ...] = get_args(Metric)


def decoding(
    x: Any,
    y: Any,
    *,
    held_out: tuple[Any, Any] | None = None,
    probe: Any = "logistic",
    metric: Metric = "accuracy",
    options: Mapping[str, Any] | None = None,
) -> jax.Array:
    """How well any probe reads a feature out of a representation.

    ``accuracy``: share of examples whose class is named; ``balanced_accuracy``: mean over classes
    of the share of each; ``auc``: area under the ROC curve, the mean over classes of each against
    the rest; ``cross_entropy``: mean of -log₂ p(class), in bits; ``r2``: as `decoding_r2`.

    Parameters
    ----------
    x : array (example, unit)
        The representation; it is centred and scaled to a mean unit's variance of 1.
    y : array (example,) or (example, k)
        Any numbers, equal for equal classes; with several columns each different row is a class.
        For ``r2`` the numbers themselves.
    held_out : tuple of array, optional
        Representation and feature ``(x2, y2)`` of the examples that are scored; those that are
        fitted, unless given.
    probe : {"logistic", "ridge", "knn", "mlp"} or str or object
        Multinomial logistic regression, with the mean log loss plus ‖W‖² / 2000 least (of two
        classes W is a single column, of one against the other); ridge regression (on indicators),
        with 1/1000 of a mean unit's sum of squares as penalty; 5 nearest neighbours, or all if
        there are fewer; a perceptron with one hidden layer of 32 units (ReLU, ``alpha=0.001``),
        after at most 200 steps of L-BFGS; ``"module:Class"``; or a scikit-learn estimator.
    metric : {"accuracy", "balanced_accuracy", "auc", "cross_entropy", "r2"}
    options : mapping, optional
        Arguments of the scikit-learn class, such as ``{"n_neighbors": 10}``, in place of those.

    Returns
    -------
    array ()
        Accuracies and AUC in [0, 1]; cross-entropy at least 0; R² at most 1. No example counts more
        than 23 bits: so many has one of a class that never occurred when fitting. NaN if the input
        is not finite, if one class alone occurs in the fitted examples or (AUC) the scored ones, or
        if no class occurs twice.

    Raises
    ------
    ShapeError
        If numbers of examples or columns differ, or there are fewer than 2 examples to fit.
    OptionError
        If `probe` or `metric` is unknown, the probe cannot give the metric, or refuses its options.

    Notes
    -----
    Runs on the host, not under ``jit``. With ``logistic``, ``ridge`` and ``knn`` invariant to
    translation, scaling, rotation and permutation of units. Costs what the probe costs: O(n d) an
    iteration for ``logistic`` and ``mlp``, O(n d min(n, d)) for ``ridge``, O(n² d) for ``knn``.
    Where classes are equally likely, or neighbours equally near, rounding decides in scikit-learn:
    48 examples of which nothing can be told had accuracies from 0.27 to 0.38.

    References
    ----------
    Alain and Bengio 2016, Understanding intermediate layers using linear classifier probes;
    Brodersen et al. 2010, The balanced accuracy and its posterior distribution; Hanley and McNeil
    1982, The meaning and use of the area under a ROC curve.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import decoding
    >>> x = np.array([[0.0, 1.0], [0.2, 0.0], [1.0, 0.0], [0.9, 1.0]])
    >>> float(decoding(x, [0, 0, 1, 1], probe="knn", options={"n_neighbors": 1}))
    1.0
    >>> float(decoding(x, [0, 0, 1, 1], metric="auc"))
    1.0
    """
    check_choice("metric", metric, METRICS)
    check_probe(probe, metric)
    states = both_states(splits(x, y, held_out, least=2))
    return decoding_score(
        *states, probe=probe, metric=metric, options=tuple((options or {}).items())
    ).value


def check_probe(probe: Any, metric: Metric) -> None:
    """Raise `OptionError` unless the probe is known and, as far as is known, gives the metric."""
    if not isinstance(probe, str):
        return check_object(probe)
    if ":" in probe:
        return None
    check_choice("probe", probe, PROBES)
    if probe == "ridge" and metric == "cross_entropy":
        raise OptionError(
            "probe='ridge': gives no probabilities, which metric='cross_entropy' needs. "
            "Take 'logistic', 'knn' or 'mlp'."
        )
    if probe == "logistic" and metric == "r2":
        raise OptionError(
            "probe='logistic': names classes, and metric='r2' needs numbers. "
            "Take 'ridge', 'knn' or 'mlp'."
        )
    return None


def as_score(value: float, status: int, dtype: Any) -> Score:
    """Score of a number that was computed on the host."""
    if status == OK and not np.isfinite(value):
        status = NONFINITE
    value = value if status == OK else np.nan
    return Score(jnp.asarray(value, dtype), jnp.asarray(status, jnp.int8))


def decoding_score(
    fit: ExamplesState,
    held_out: ExamplesState,
    *,
    probe: Any = "logistic",
    metric: Metric = "accuracy",
    options: Options = (),
) -> Score:
    """Compute `decoding` from the examples that were kept."""
    dtype = np.asarray(fit.x).dtype
    if metric == "r2":
        return _regression_score(fit, held_out, probe, options, dtype)
    status = status_of_classes(fit, held_out)
    if status != OK:
        return as_score(np.nan, status, dtype)
    known, asked = labelled(fit, held_out)
    value = value_of(trained(probe, known, options), asked, metric)
    return as_score(value, CONSTANT if np.isnan(value) else OK, dtype)


def _accuracy(probe: Trained, asked: Labelled) -> float:
    return float(np.average(probe.predict(asked.x) == asked.label, weights=asked.weight))


def _balanced_accuracy(probe: Trained, asked: Labelled) -> float:
    right = probe.predict(asked.x) == asked.label
    classes = np.unique(asked.label)
    members = [asked.label == code for code in classes]
    return float(np.mean([np.average(right[m], weights=asked.weight[m]) for m in members]))


def _auc(probe: Trained, asked: Labelled) -> float:
    from sklearn.metrics import roc_auc_score

    evidence = probe.evidence(asked.x, int(asked.label.max()) + 1)
    areas = []
    for code in probe.classes:
        positive = asked.label == code
        if positive.any() and not positive.all():
            area = roc_auc_score(positive, evidence[:, code], sample_weight=asked.weight)
            areas.append(area)
    return float(np.mean(areas)) if areas else float("nan")


def cross_entropy(probabilities: np.ndarray, asked: Labelled) -> float:
    """Mean bits of the true classes."""
    p = probabilities[np.arange(len(asked.label)), asked.label]
    bits = -np.log2(np.clip(p, np.finfo(np.float32).eps, 1))
    return float(np.average(bits, weights=asked.weight))


def _cross_entropy(probe: Trained, asked: Labelled) -> float:
    return cross_entropy(probe.probabilities(asked.x, int(asked.label.max()) + 1), asked)


def _r2(probe: Trained, asked: Labelled) -> float:
    from sklearn.metrics import r2_score

    predicted = probe.predict(asked.x).reshape(asked.label.shape)
    return float(r2_score(asked.label, predicted, sample_weight=asked.weight))


_METRICS: dict[str, Callable[[Trained, Labelled], float]] = {
    "accuracy": _accuracy,
    "balanced_accuracy": _balanced_accuracy,
    "auc": _auc,
    "cross_entropy": _cross_entropy,
    "r2": _r2,
}


def value_of(probe: Trained, asked: Labelled, metric: Metric) -> float:
    """Score of a probe on examples whose classes, or numbers, are known; NaN if it has none."""
    return _METRICS[metric](probe, asked)


def _regression_score(
    fit: ExamplesState, held_out: ExamplesState, probe: Any, options: Options, dtype: Any
) -> Score:
    status = status_of_numbers(fit, held_out)
    if status != OK:
        return as_score(np.nan, status, dtype)
    value = value_of(
        trained(probe, numeric(fit), options, regression=True), numeric(held_out), "r2"
    )
    return as_score(value, OK, dtype)
