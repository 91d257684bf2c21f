"""Decoding: how well a representation predicts a feature."""

import dataclasses
from collections.abc import Mapping
from typing import ClassVar

import jax

from probekit._checks import check_at_least, check_choice, check_count, check_positive
from probekit.estimators._protocol import Estimator
from probekit.estimators._readout import averaged_over, reported
from probekit.measures.ccgp import ccgp_score, check_features
from probekit.measures.classification import (
    METHODS,
    Method,
    logistic_accuracy_score,
    ridge_accuracy_score,
)
from probekit.measures.columns import Columns
from probekit.measures.regression import (
    DEFAULT_PENALTY,
    MULTIOUTPUT,
    POSITIVE,
    MultiOutput,
    check_not_exact,
    decoding_score,
)
from probekit.measures.sparse_decoding import DEFAULT_UNITS, sparse_accuracy_score
from probekit.statistics import Examples, ExamplesState, Moments, MomentsState
from probekit.variables import ALL_DIFFER, AT_MOST_1, Variable


@dataclasses.dataclass(frozen=True, kw_only=True)
class DecodingR2(Estimator):
    """R² of predicting a feature from the representation, by ridge regression in closed form.

    As `probekit.measures.decoding_r2`.

    Parameters
    ----------
    penalty : float
        Strength of the ridge as a fraction of the mean unit's sum of squares; 0 is least squares.
    multioutput : {"uniform_average", "variance_weighted", "raw_values"}
        How the columns of a feature with several are averaged.
    name : str
        Name of the variable.
    """

    penalty: float = DEFAULT_PENALTY
    multioutput: MultiOutput = "uniform_average"
    name: str = "decoding_r2"
    kind = "decoding"

    def __post_init__(self) -> None:
        """Check the options."""
        check_at_least("penalty", self.penalty, 0)
        check_choice("multioutput", self.multioutput, MULTIOUTPUT)

    @property
    def invariances(self) -> frozenset[str]:
        """Least squares see only the span of the units; a ridge sees their lengths as well."""
        linear = {"linear"} if self.penalty == 0 else set()
        return frozenset({"translation", "scaling", "rotation", "permutation", *linear})

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The score, with the axis ``k`` for raw values."""
        return (
            Variable(
                self.name,
                dims=("k",) if self.multioutput == "raw_values" else (),
                long_name="feature predicted from the representation (R²)",
                valid_range=AT_MOST_1,
                references="Hoerl and Kennard 1970, Ridge regression",
            ),
        )

    @property
    def statistic(self) -> Moments:
        """Covariances of the units, and with the features."""
        return Moments(yy="diagonal")

    def narrowed(self, *, units: int, to: int) -> "DecodingR2 | None":
        """Return the same with the penalty as a fraction of the mean of fewer coordinates.

        None without a penalty: so many units are refused.
        """
        if self.penalty == 0:
            return None
        return dataclasses.replace(self, penalty=self.penalty * to / units)

    def check_sizes(  # noqa: D102
        self, *, examples: int, layer: str, units: int, columns: Mapping[str, int]
    ) -> None:
        del columns
        if self.penalty == 0:
            check_not_exact(f"layer {layer!r}", "units", units, examples, POSITIVE)

    def compute(self, fit: MomentsState, held_out: MomentsState) -> dict[str, jax.Array]:  # noqa: D102
        score = decoding_score(fit, held_out, penalty=self.penalty, multioutput=self.multioutput)
        return reported(self.name, score)


class OfClassifier(Estimator):
    """Fits a linear classifier to the examples of each split that were kept; abstract.

    A final class declares `penalty` and `examples` as fields.
    """

    kind = "decoding"
    least_examples: ClassVar[int] = 2
    penalty: float
    examples: int

    def __post_init__(self) -> None:
        """Check the options."""
        check_positive("penalty", self.penalty)
        check_count("examples", self.examples, self.least_examples)

    @property
    def statistic(self) -> Examples:
        """The examples."""
        return Examples(capacity=self.examples)


@dataclasses.dataclass(frozen=True, kw_only=True)
class DecodingAccuracy(OfClassifier):
    """How often a linear classifier of the representation names the feature's value.

    As `probekit.measures.decoding_accuracy`, on `examples` examples of each split.

    Parameters
    ----------
    method : {"ridge", "logistic"}
        Ridge regression on indicators, in closed form; or logistic regression by scikit-learn, on
        the host.
    penalty : float
        Strength of the penalty as a fraction of the mean unit's variance.
    examples : int
        How many examples of each split are kept.
    name : str
        Name of the variable.
    """

    method: Method = "ridge"
    penalty: float = DEFAULT_PENALTY
    examples: int = 1024
    name: str = "decoding_accuracy"
    invariances = frozenset({"translation", "scaling", "rotation", "embedding", "permutation"})

    def __post_init__(self) -> None:
        """Check the options."""
        check_choice("method", self.method, METHODS)
        super().__post_init__()

    @property
    def traceable(self) -> bool:
        """Whether `compute` works under ``jit``: the closed form does."""
        return self.method == "ridge"

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The accuracy."""
        return (
            Variable(
                self.name,
                long_name=f"accuracy of decoding the feature ({self.method})",
                valid_range=(0.0, 1.0),
                references="Alain and Bengio 2016, Understanding intermediate layers using linear "
                "classifier probes",
                also_few=ALL_DIFFER,
            ),
        )

    def compute(self, fit: ExamplesState, held_out: ExamplesState) -> dict[str, jax.Array]:  # noqa: D102
        score = ridge_accuracy_score if self.method == "ridge" else logistic_accuracy_score
        states = (fit.head(self.examples), held_out.head(self.examples))
        return reported(self.name, score(*states, penalty=self.penalty))


@dataclasses.dataclass(frozen=True, kw_only=True)
class SparseDecodingAccuracy(OfClassifier):
    """How often a linear classifier of the few best units names the feature's value.

    As `probekit.measures.sparse_decoding_accuracy`, on `examples` examples of each split.

    Parameters
    ----------
    units : int
        How many units: those of whose variance the feature explains most.
    penalty : float
        Strength of the penalty as a fraction of the mean unit's variance.
    examples : int
        How many examples of each split are kept.
    name : str
        Name of the variable.
    """

    units: int = DEFAULT_UNITS
    penalty: float = DEFAULT_PENALTY
    examples: int = 1024
    name: str = "sparse_decoding_accuracy"
    invariances = frozenset({"translation", "scaling", "permutation"})

    def __post_init__(self) -> None:
        """Check the options."""
        check_count("units", self.units, 1)
        super().__post_init__()

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The accuracy."""
        return (
            Variable(
                self.name,
                long_name=f"accuracy of decoding the feature from {self.units} units",
                valid_range=(0.0, 1.0),
                references="Gurnee et al. 2023, Finding neurons in a haystack",
                also_few=ALL_DIFFER,
            ),
        )

    def predictors(self, *, units: int, columns: Mapping[str, int]) -> int:
        """Count the units that are taken."""
        del columns
        return min(units, self.units)

    def compute(self, fit: ExamplesState, held_out: ExamplesState) -> dict[str, jax.Array]:  # noqa: D102
        states = (fit.head(self.examples), held_out.head(self.examples))
        score = sparse_accuracy_score(*states, units=self.units, penalty=self.penalty)
        return reported(self.name, score)


@dataclasses.dataclass(frozen=True, kw_only=True)
class CCGP(OfClassifier):
    """Cross-condition generalisation: how well a feature is read out in a context left out.

    As `probekit.measures.ccgp`, on `examples` examples of each split; the contexts of a feature are
    the combinations of the others, and it is set where it is above 0. Of a feature with several
    columns, each of which is a context to the others, it is the mean over them.

    Parameters
    ----------
    penalty : float
        Strength of the penalty as a fraction of the mean unit's variance.
    examples : int
        How many examples of each split are kept.
    name : str
        Name of the variable.
    """

    penalty: float = DEFAULT_PENALTY
    examples: int = 256
    name: str = "ccgp"
    joint = True
    least_examples = 4
    invariances = frozenset({"translation", "scaling", "rotation", "embedding", "permutation"})

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The accuracy of each feature."""
        return (
            Variable(
                self.name,
                dims=("feature",),
                long_name="accuracy in a context left out (CCGP)",
                valid_range=(0.0, 1.0),
                references="Bernardi et al. 2020, The geometry of abstraction",
                also_few="a feature that no context has examples on both sides of",
            ),
        )

    def predictors(self, *, units: int, columns: Mapping[str, int]) -> int:
        """Nothing that was fitted is scored."""
        del units, columns
        return 0

    def compute(  # type: ignore[override]  # noqa: D102
        self, fit: ExamplesState, held_out: ExamplesState, *, columns: Columns
    ) -> dict[str, jax.Array]:
        check_features(sum(map(len, columns)), "features")
        states = (fit.head(self.examples), held_out.head(self.examples))
        each = ccgp_score(*states, penalty=self.penalty)
        return reported(self.name, averaged_over(each, columns))
