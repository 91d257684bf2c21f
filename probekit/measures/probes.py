"""Probes of scikit-learn, trained on the host: what they are given, and what they tell."""

import contextlib
import importlib
import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from probekit.errors import OptionError
from probekit.measures._status import CONSTANT, NONFINITE, OK, TOO_FEW
from probekit.measures._threads import one_thread
from probekit.statistics import ExamplesState

PROBES = ("logistic", "ridge", "knn", "mlp")
DEFAULT_PENALTY = 1e-3
DEFAULT_NEIGHBOURS = 5
_TOLERANCE = 1e-7
"""Of the gradient of logistic regression.

By scikit-learn's 1e-4, for which accuracy is the same, bits were up to 0.02 an example off.
"""
DEFAULT_HIDDEN = 32

# name of a probe -> (classifier, regression), each with options that `options` may replace
_BUILT_IN = {
    "logistic": ("sklearn.linear_model:LogisticRegression", None),
    "ridge": ("sklearn.linear_model:RidgeClassifier", "sklearn.linear_model:Ridge"),
    "knn": ("sklearn.neighbors:KNeighborsClassifier", "sklearn.neighbors:KNeighborsRegressor"),
    "mlp": ("sklearn.neural_network:MLPClassifier", "sklearn.neural_network:MLPRegressor"),
}

Options = tuple[tuple[str, Any], ...]


class Labelled(NamedTuple):
    """Examples with a class each.

    Attributes
    ----------
    x : array (example, unit), float64
    label : array (example,)
        Number of the class, or for regression the feature ``(example, k)``.
    weight : array (example,)
    """

    x: np.ndarray
    label: np.ndarray
    weight: np.ndarray

    def take(self, rows: Any) -> "Labelled":
        """Return these examples."""
        return Labelled(self.x[rows], self.label[rows], self.weight[rows])


def labelled(*states: ExamplesState) -> list[Labelled]:
    """Present examples of each state; classes have the same numbers in all."""
    parts = [numeric(state) for state in states]
    _, classes = np.unique(
        np.concatenate([part.label for part in parts]), axis=0, return_inverse=True
    )
    ends = np.cumsum([len(part.label) for part in parts])[:-1]
    codes = np.split(classes.reshape(-1), ends)
    return [part._replace(label=code) for part, code in zip(parts, codes, strict=True)]


def numeric(state: ExamplesState) -> Labelled:
    """Present examples with the feature as it is."""
    x, y, weight = (np.asarray(part, np.float64) for part in (state.x, state.y, state.weight))
    present = weight > 0
    return Labelled(x[present], y[present], weight[present])


def status_of_classes(fit: ExamplesState, *others: ExamplesState) -> int:
    """Status of what is read out of classes: ok, or why it is undefined."""
    if not all(bool(state.finite()) for state in (fit, *others)):
        return NONFINITE
    (known,) = labelled(fit)
    counts = np.bincount(known.label)
    scored = all(bool(state.present.any()) for state in others)
    if len(known.label) < 2 or not scored:
        return TOO_FEW
    if len(counts) < 2:
        return CONSTANT
    return TOO_FEW if counts.max() < 2 else OK


def status_of_numbers(fit: ExamplesState, held_out: ExamplesState) -> int:
    """Status of what is predicted of numbers: ok, or why it is undefined."""
    if not (bool(fit.finite()) and bool(held_out.finite())):
        return NONFINITE
    labels = [numeric(state).label for state in (fit, held_out)]
    if min(map(len, labels)) < 2:
        return TOO_FEW
    return CONSTANT if any((np.ptp(label, axis=0) == 0).all() for label in labels) else OK


class Trained(NamedTuple):
    """A fitted probe.

    Attributes
    ----------
    model : object
    classes : array (class,)
        Numbers of the classes that it knows.
    mean : array (unit,)
    scale : float
    name : str
        For messages.
    """

    model: Any
    classes: np.ndarray
    mean: np.ndarray
    scale: float
    name: str

    def inputs(self, x: np.ndarray) -> np.ndarray:
        """Representation as the probe sees it."""
        scaled: np.ndarray = (x - self.mean) / self.scale
        return scaled

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Class of each example, or the predicted feature."""
        with _calling(self.name):
            predicted: np.ndarray = self.model.predict(self.inputs(x))
        return predicted

    def probabilities(self, x: np.ndarray, classes: int) -> np.ndarray:
        """Probability of each class ``(example, class)``; 0 for those that it does not know."""
        if not hasattr(self.model, "predict_proba"):
            raise OptionError(
                f"probe={self.name!r}: gives no probabilities, which this score needs. "
                "Take one with predict_proba, such as 'logistic'."
            )
        found = np.zeros((len(x), max(classes, int(self.classes.max()) + 1)))
        with _calling(self.name):
            found[:, self.classes] = self.model.predict_proba(self.inputs(x))
        return found

    def evidence(self, x: np.ndarray, classes: int) -> np.ndarray:
        """Return what orders examples by how likely they are of each class."""
        if hasattr(self.model, "predict_proba") or not hasattr(self.model, "decision_function"):
            return self.probabilities(x, classes)
        with _calling(self.name):
            decided = self.model.decision_function(self.inputs(x))
        decided = np.stack([-decided, decided], axis=1) if decided.ndim == 1 else decided
        found = np.full((len(x), max(classes, int(self.classes.max()) + 1)), -np.inf)
        found[:, self.classes] = decided
        return found


def trained(
    probe: Any,
    known: Labelled,
    options: Options = (),
    *,
    regression: bool = False,
    scaled: bool = True,
) -> Any:
    """Fit a probe to examples, `scaled` to a mean unit's variance of 1."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.utils.validation import has_fit_parameter

    weight = known.weight
    mean = np.average(known.x, axis=0, weights=weight)
    variance = np.average((known.x - mean) ** 2, axis=0, weights=weight).mean()
    name = probe if isinstance(probe, str) else type(probe).__name__
    model = _model(probe, dict(options), weight.sum(), len(known.x), regression)
    weights = {"sample_weight": weight} if has_fit_parameter(model, "sample_weight") else {}
    scale = float(np.sqrt(variance)) if scaled and variance > 0 else 1.0
    target = known.label
    if regression and target.shape[1] == 1:
        target = target[:, 0]
    with warnings.catch_warnings(), _calling(name):
        # A perceptron of so many steps is the probe; whether it could get better is no matter.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit((known.x - mean) / scale, target, **weights)
    if not regression and not hasattr(model, "classes_"):
        raise OptionError(
            f"probe={name!r}: names no classes, which this score needs. Take a classifier, or "
            "metric='r2'."
        )
    classes = np.zeros(0, int) if regression else np.asarray(model.classes_)
    return Trained(model, classes, mean, scale, name)


def check_object(probe: Any) -> None:
    """Raise `OptionError` unless the object is a scikit-learn estimator, as far as can be seen."""
    if isinstance(probe, type):
        raise OptionError(f"probe: the class {probe.__name__}; give one of it, {probe.__name__}().")
    if not all(hasattr(probe, method) for method in ("get_params", "fit", "predict")):
        raise OptionError(
            f"probe={probe!r:.60}: cannot be fitted and predict; give a classifier or a regression "
            f"of scikit-learn, or one of {', '.join(PROBES)}."
        )


@contextlib.contextmanager
def _calling(name: str) -> Iterator[None]:
    """Call a probe on one thread; raise `OptionError` with what it says where it refuses.

    Its options, or the examples.
    """
    try:
        with one_thread():
            yield
    except (ValueError, TypeError) as error:
        said = " ".join(str(error).split())
        raise OptionError(f"probe={name!r}: refused its options or the examples ({said}).") from (
            error
        )


def _model(
    probe: Any, options: dict[str, Any], total: float, examples: int, regression: bool
) -> Any:
    if not isinstance(probe, str):
        from sklearn.base import clone

        try:
            return clone(probe).set_params(**options)
        except ValueError as error:
            raise OptionError(f"options={options!r}: refused by {probe!r} ({error}).") from None
    target, defaults = probe, {}
    if probe in _BUILT_IN:
        target = _BUILT_IN[probe][regression] or ""
        defaults = _defaults(probe, total, examples)
    module, _, attribute = target.partition(":")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise OptionError(
            f"probe={probe!r}: cannot be imported ({error}); give one of {', '.join(PROBES)}, "
            "or 'module:Class'."
        ) from None
    try:
        model = found(**defaults | options)
    except TypeError as error:
        raise OptionError(f"options={options!r}: refused by {attribute} ({error}).") from None
    check_object(model)
    return model


def _defaults(probe: str, total: float, examples: int) -> dict[str, Any]:
    """Options of the built-in probes; a penalty is a fraction of the mean unit's variance."""
    if probe == "logistic":
        return {"C": 1 / (DEFAULT_PENALTY * total), "max_iter": 10_000, "tol": _TOLERANCE}
    if probe == "ridge":
        return {"alpha": DEFAULT_PENALTY * total}
    if probe == "knn":
        return {"n_neighbors": min(DEFAULT_NEIGHBOURS, examples)}
    return {
        "hidden_layer_sizes": (DEFAULT_HIDDEN,),
        "solver": "lbfgs",
        "alpha": 1e-3,
        "max_iter": 200,
        "random_state": 0,
    }
