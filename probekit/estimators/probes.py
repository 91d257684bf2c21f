"""Decoding by any probe: logistic, nearest neighbours, a perceptron, whatever scikit-learn has."""

import dataclasses
from typing import Any

import jax

from probekit._checks import check_at_least, check_count
from probekit.estimators._probing import OfProbe
from probekit.estimators._readout import reported
from probekit.measures.decoders import Metric, decoding_score
from probekit.measures.probes import DEFAULT_HIDDEN, DEFAULT_NEIGHBOURS, Options
from probekit.statistics import ExamplesState
from probekit.variables import ALL_DIFFER, AT_LEAST_0, AT_MOST_1, Variable

_RANGES = {"cross_entropy": AT_LEAST_0, "r2": AT_MOST_1}
_WORDS = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "auc": "area under the ROC curve",
    "cross_entropy": "cross-entropy",
    "r2": "R²",
}
_ALAIN = "Alain and Bengio 2016, Understanding intermediate layers using linear classifier probes"


def about(metric: Metric) -> dict[str, Any]:
    """Return what a `Variable` says of a score by this metric."""
    return {
        "units": "bit" if metric == "cross_entropy" else "1",
        "valid_range": _RANGES.get(metric, (0.0, 1.0)),
        "lower_is_better": metric == "cross_entropy",
        "also_few": "" if metric == "r2" else ALL_DIFFER,
    }


def words_for(metric: Metric) -> str:
    """Return what the score by this metric is called."""
    return _WORDS[metric]


class Probed(OfProbe):
    """A score of a probe; abstract."""

    references = _ALAIN

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The score."""
        return (
            Variable(
                self.name,
                long_name=f"{words_for(self.metric)} of decoding the feature ({self.probe})",
                references=self.references,
                **about(self.metric),
            ),
        )

    def compute(self, fit: ExamplesState, held_out: ExamplesState) -> dict[str, jax.Array]:  # noqa: D102
        score = decoding_score(
            fit.head(self.examples),
            held_out.head(self.examples),
            probe=self.probe,
            metric=self.metric,
            options=self.options,
        )
        return reported(self.name, score)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Decoding(Probed):
    """Any score of any probe.

    As `probekit.measures.decoding`, on `examples` examples of each split.

    Parameters
    ----------
    probe : str
        ``"logistic"``, ``"ridge"``, ``"knn"``, ``"mlp"``, or a scikit-learn class as
        ``"module:Class"``.
    metric : {"accuracy", "balanced_accuracy", "auc", "cross_entropy", "r2"}
    options : tuple of (str, value)
        Arguments of the scikit-learn class.
    examples : int
        How many examples of each split are kept.
    name : str
        Name of the variable.

    Examples
    --------
    >>> Decoding(probe="sklearn.svm:SVC", options=(("C", 10.0),), name="svm").name
    'svm'
    """

    probe: str = "logistic"
    metric: Metric = "accuracy"
    options: Options = ()
    examples: int = 1024
    name: str = "decoding"


@dataclasses.dataclass(frozen=True, kw_only=True)
class BalancedAccuracy(Probed):
    """How often a probe names the feature's value, the mean over values.

    As `probekit.measures.decoding` with that metric, on `examples` examples of each split.

    Parameters
    ----------
    probe : str
        As of `Decoding`.
    options : tuple of (str, value)
        Arguments of the scikit-learn class.
    examples : int
        How many examples of each split are kept.
    name : str
        Name of the variable.
    """

    probe: str = "logistic"
    options: Options = ()
    examples: int = 1024
    name: str = "balanced_accuracy"
    metric = "balanced_accuracy"
    references = "Brodersen et al. 2010, The balanced accuracy and its posterior distribution"


@dataclasses.dataclass(frozen=True, kw_only=True)
class AUC(Probed):
    """Area under the ROC curve of a probe; of several classes the mean of each against the rest.

    As `probekit.measures.decoding` with that metric, on `examples` examples of each split.

    Parameters
    ----------
    probe : str
        As of `Decoding`.
    options : tuple of (str, value)
        Arguments of the scikit-learn class.
    examples : int
        How many examples of each split are kept.
    name : str
        Name of the variable.
    """

    probe: str = "logistic"
    options: Options = ()
    examples: int = 1024
    name: str = "auc"
    metric = "auc"
    references = "Hanley and McNeil 1982, The meaning and use of the area under a ROC curve"


@dataclasses.dataclass(frozen=True, kw_only=True)
class CrossEntropy(Probed):
    """Mean bits that the feature's value costs, given what a probe predicts.

    As `probekit.measures.decoding` with that metric, on `examples` examples of each split.

    Parameters
    ----------
    probe : str
        As of `Decoding`; one that gives probabilities.
    options : tuple of (str, value)
        Arguments of the scikit-learn class.
    examples : int
        How many examples of each split are kept.
    name : str
        Name of the variable.
    """

    probe: str = "logistic"
    options: Options = ()
    examples: int = 1024
    name: str = "cross_entropy"
    metric = "cross_entropy"


@dataclasses.dataclass(frozen=True, kw_only=True)
class KNNAccuracy(Probed):
    """How often the nearest neighbours of an example name the feature's value.

    As `probekit.measures.decoding` with ``probe="knn"``, on `examples` examples of each split. An
    example that is both fitted and scored is a neighbour of itself.

    Parameters
    ----------
    neighbours : int
        How many vote.
    examples : int
        How many examples of each split are kept.
    name : str
        Name of the variable.
    """

    neighbours: int = DEFAULT_NEIGHBOURS
    examples: int = 1024
    name: str = "knn_accuracy"
    probe = "knn"
    metric = "accuracy"
    references = "Cover and Hart 1967, Nearest neighbor pattern classification"

    def __post_init__(self) -> None:
        """Check the options."""
        check_count("neighbours", self.neighbours, 1)
        super().__post_init__()

    @property
    def options(self) -> Options:  # type: ignore[override]
        """Arguments of the scikit-learn class."""
        return () if self.neighbours == DEFAULT_NEIGHBOURS else (("n_neighbors", self.neighbours),)


@dataclasses.dataclass(frozen=True, kw_only=True)
class MLPAccuracy(Probed):
    """How often a perceptron with one hidden layer names the feature's value.

    As `probekit.measures.decoding` with ``probe="mlp"``, on `examples` examples of each split.

    Parameters
    ----------
    hidden : int
        Units of the hidden layer.
    penalty : float
        Strength of the squared penalty on the weights (``alpha`` of scikit-learn).
    seed : int
        Of the weights at the start.
    examples : int
        How many examples of each split are kept.
    name : str
        Name of the variable.
    """

    hidden: int = DEFAULT_HIDDEN
    penalty: float = 1e-3
    seed: int = 0
    examples: int = 1024
    name: str = "mlp_accuracy"
    probe = "mlp"
    metric = "accuracy"
    references = "Hewitt and Liang 2019, Designing and interpreting probes with control tasks"

    def __post_init__(self) -> None:
        """Check the options."""
        check_count("hidden", self.hidden, 1)
        check_at_least("penalty", self.penalty, 0)
        check_count("seed", self.seed, 0)
        super().__post_init__()

    @property
    def options(self) -> Options:  # type: ignore[override]
        """Arguments of the scikit-learn class."""
        sizes = (self.hidden,)
        return (
            ("hidden_layer_sizes", sizes),
            ("alpha", self.penalty),
            ("random_state", self.seed),
        )
