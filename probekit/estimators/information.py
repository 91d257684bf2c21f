"""What a probe tells in bits, and what it learns by heart."""

import dataclasses
from typing import Any

import jax

from probekit._checks import check_count
from probekit.estimators._probing import OfProbe
from probekit.estimators._protocol import Estimator
from probekit.estimators._readout import reported
from probekit.measures import Score
from probekit.measures.control_tasks import DEFAULT_DRAWS, selectivity_score
from probekit.measures.information import (
    DEFAULT_FRACTIONS,
    check_fractions,
    codelength_score,
    information_score,
)
from probekit.measures.probes import Options
from probekit.measures.variational import DEFAULT_SCALES, check_scales, variational_score
from probekit.statistics import Examples, ExamplesState
from probekit.variables import ALL_DIFFER, AT_LEAST_0, Variable


@dataclasses.dataclass(frozen=True, kw_only=True)
class OnlineCodelength(OfProbe):
    """Minimum description length of a feature given the representation, by online coding.

    As `probekit.measures.online_codelength`, of the fitted examples; the second variable,
    ``<name>_compression``, says how many times shorter it is than the uniform code. An example of
    weight w is transmitted as w of them together.

    Parameters
    ----------
    probe : str
        As of `Decoding`; one that gives probabilities.
    fractions : tuple of float
        After which fractions of the examples the probe is fitted anew; ascending, the last 1.
    options : tuple of (str, value)
        Arguments of the scikit-learn class.
    examples : int
        How many examples are kept.
    name : str
        Name of the first variable.
    """

    probe: str = "logistic"
    fractions: tuple[float, ...] = DEFAULT_FRACTIONS
    options: Options = ()
    examples: int = 1024
    name: str = "online_codelength"
    metric = "cross_entropy"
    distinct = True
    of_fit = True

    def __post_init__(self) -> None:
        """Check the options."""
        check_fractions(self.fractions)
        super().__post_init__()

    @property
    def variables(self) -> tuple[Variable, ...]:
        """Codelength and compression."""
        return _length_and_compression(
            self.name,
            "online",
            of=self.probe,
            references="Voita and Titov 2020, Information-theoretic probing with minimum "
            "description length",
        )

    def compute(self, fit: ExamplesState, held_out: Any) -> dict[str, jax.Array]:  # noqa: D102
        del held_out
        scores = codelength_score(
            fit.head(self.examples),
            probe=self.probe,
            fractions=self.fractions,
            options=self.options,
        )
        return _both_reported(self.name, scores)


@dataclasses.dataclass(frozen=True, kw_only=True)
class VariationalCodelength(Estimator):
    """Minimum description length of a feature given the representation, by a variational code.

    As `probekit.measures.variational_codelength`, of the fitted examples; the second variable,
    ``<name>_compression``, says how many times shorter it is than the uniform code.

    Parameters
    ----------
    scales : tuple of float
        Standard deviations among which the prior of the probe's weights is spread.
    examples : int
        How many examples are kept.
    name : str
        Name of the first variable.
    """

    scales: tuple[float, ...] = DEFAULT_SCALES
    examples: int = 1024
    name: str = "variational_codelength"
    kind = "decoding"
    traceable = False
    distinct = True
    of_fit = True
    invariances = frozenset({"translation", "scaling", "rotation", "permutation"})

    def __post_init__(self) -> None:
        """Check the options."""
        check_scales(self.scales)
        check_count("examples", self.examples, 2)

    @property
    def variables(self) -> tuple[Variable, ...]:
        """Codelength and compression."""
        return _length_and_compression(
            self.name,
            "variational",
            of="linear",
            references="Voita and Titov 2020, Information-theoretic probing with minimum "
            "description length; Blier and Ollivier 2018, The description length of deep learning "
            "models",
        )

    @property
    def statistic(self) -> Examples:
        """The examples."""
        return Examples(capacity=self.examples)

    def compute(self, fit: ExamplesState, held_out: Any) -> dict[str, jax.Array]:  # noqa: D102
        del held_out
        return _both_reported(
            self.name, variational_score(fit.head(self.examples), scales=self.scales)
        )


def _length_and_compression(
    name: str, code: str, *, of: str, references: str
) -> tuple[Variable, ...]:
    return (
        Variable(
            name,
            long_name=f"{code} codelength of the feature ({of})",
            units="bit",
            valid_range=AT_LEAST_0,
            references=references,
            lower_is_better=True,
            also_few=ALL_DIFFER,
        ),
        Variable(
            f"{name}_compression",
            long_name=f"uniform codelength / {code} codelength",
            valid_range=AT_LEAST_0,
            references=references,
            also_few=ALL_DIFFER,
        ),
    )


def _both_reported(name: str, scores: tuple[Score, Score]) -> dict[str, jax.Array]:
    length, compression = scores
    return reported(name, length) | reported(f"{name}_compression", compression)


@dataclasses.dataclass(frozen=True, kw_only=True)
class VInformation(OfProbe):
    """Usable information: how many bits about a feature a family of probes finds.

    As `probekit.measures.v_information`, on `examples` examples of each split.

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
    name: str = "v_information"
    metric = "cross_entropy"

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The information."""
        return (
            Variable(
                self.name,
                long_name=f"usable information about the feature ({self.probe})",
                units="bit",
                valid_range=(-float("inf"), float("inf")),
                references="Xu et al. 2020, A theory of usable information under computational "
                "constraints",
                also_few=ALL_DIFFER,
            ),
        )

    def compute(self, fit: ExamplesState, held_out: ExamplesState) -> dict[str, jax.Array]:  # noqa: D102
        states = (fit.head(self.examples), held_out.head(self.examples))
        score = information_score(*states, probe=self.probe, options=self.options)
        return reported(self.name, score)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ControlSelectivity(OfProbe):
    """Accuracy of a probe minus that on a control task, which can only be learned by heart.

    As `probekit.measures.control_selectivity`, on `examples` examples of each split; the second
    variable, ``<name>_control``, is the accuracy on the control task.

    Parameters
    ----------
    probe : str
        As of `Decoding`.
    types : bool
        Whether the last column of the feature is the type of the example. If not, each example is a
        type of its own, and both tasks are scored on the fitted examples.
    draws : int
        How many control tasks are averaged.
    options : tuple of (str, value)
        Arguments of the scikit-learn class.
    examples : int
        How many examples of each split are kept.
    name : str
        Name of the first variable.
    """

    probe: str = "logistic"
    types: bool = False
    draws: int = DEFAULT_DRAWS
    options: Options = ()
    examples: int = 1024
    name: str = "control_selectivity"
    metric = "accuracy"

    @property
    def distinct(self) -> bool:
        """Each example is a type of its own unless it has a type."""
        return not self.types

    @property
    def of_fit(self) -> bool:
        """What is learned by heart can be scored only on what was seen."""
        return not self.types

    def __post_init__(self) -> None:
        """Check the options."""
        check_count("draws", self.draws, 1)
        super().__post_init__()

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The difference, and the control task."""
        references = "Hewitt and Liang 2019, Designing and interpreting probes with control tasks"
        return (
            Variable(
                self.name,
                long_name=f"selectivity of the probe ({self.probe})",
                valid_range=(-1.0, 1.0),
                references=references,
                also_few=ALL_DIFFER,
            ),
            Variable(
                f"{self.name}_control",
                long_name="accuracy on the control task",
                valid_range=(0.0, 1.0),
                references=references,
                also_few=ALL_DIFFER,
            ),
        )

    def compute(self, fit: ExamplesState, held_out: ExamplesState) -> dict[str, jax.Array]:  # noqa: D102
        selectivity, control = selectivity_score(
            fit.head(self.examples),
            held_out.head(self.examples),
            probe=self.probe,
            types=self.types,
            draws=self.draws,
            options=self.options,
        )
        return reported(self.name, selectivity) | reported(f"{self.name}_control", control)
