"""What transfer learning ranks representations by: how well they are made for some classes."""

import dataclasses
from typing import Any

import jax

from probekit.estimators._conditions import OfClassExamples
from probekit.estimators._readout import reported
from probekit.measures import Score
from probekit.measures.coding_rate import (
    DEFAULT_PRECISION,
    Weighting,
    check_coding,
    transrate_score,
)
from probekit.measures.evidence import logme_score
from probekit.statistics import GroupExamplesState
from probekit.variables import AT_LEAST_0, Variable


@dataclasses.dataclass(frozen=True, kw_only=True)
class TransRate(OfClassExamples):
    """What knowing the class saves of the length of a code for the representation.

    As `probekit.measures.transrate`, of `examples` examples of each class of those that are scored.

    Parameters
    ----------
    conditions : int, optional
        How many classes there are; the feature then holds the number of the class, from 0, and
        other values make every score NaN. Unless given, each value of a feature is a class if it
        has at most 10 of them, and else the lowest, middle and highest third of the fitted examples
        are. `probekit.run` finds them in the examples of its first seed.
    edges : tuple of tuple of float
        For each feature where classes begin, but for the first; found as said, unless given.
    examples : int
        How many examples of each class are kept at most.
    precision : float
        The squared error of the code, in the squared units of the representation.
    weighting : {"examples", "classes"}
        Whether classes count by their examples, or each alike.
    name : str
        Name of the variable.
    """

    examples: int = 50
    precision: float = DEFAULT_PRECISION
    weighting: Weighting = "examples"
    name: str = "transrate"
    invariances = frozenset({"translation", "rotation", "permutation"})

    def __post_init__(self) -> None:
        """Check the options."""
        super().__post_init__()
        check_coding(self.precision, self.weighting)

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The difference of coding rates."""
        return (
            Variable(
                self.name,
                long_name="coding rate saved by knowing the class (TransRate)",
                units="nat",
                valid_range=AT_LEAST_0 if self.weighting == "examples" else None,
                references="Huang et al. 2022, Frustratingly easy transferability estimation",
                also_constant="a feature of one class",
            ),
        )

    def compute(self, fit: Any, held_out: GroupExamplesState) -> dict[str, jax.Array]:  # noqa: D102
        del fit
        found = transrate_score(held_out, precision=self.precision, weighting=self.weighting)
        return reported(self.name, found)


@dataclasses.dataclass(frozen=True, kw_only=True)
class LogME(OfClassExamples):
    """Evidence of a linear model of the classes, at its best prior and noise.

    As `probekit.measures.logme`, of `examples` examples of each class of those that are scored.

    Parameters
    ----------
    conditions : int, optional
        How many classes there are; the feature then holds the number of the class, from 0, and
        other values make every score NaN. Unless given, each value of a feature is a class if it
        has at most 10 of them, and else the lowest, middle and highest third of the fitted examples
        are. `probekit.run` finds them in the examples of its first seed.
    edges : tuple of tuple of float
        For each feature where classes begin, but for the first; found as said, unless given.
    examples : int
        How many examples of each class are kept at most.
    centred : bool
        Take the means off units and targets; else, as published, there is no intercept.
    name : str
        Name of the variable.
    """

    examples: int = 50
    centred: bool = False
    name: str = "logme"

    @property
    def invariances(self) -> frozenset[str]:
        """Where 0 is does not matter if the means are taken off."""
        moved = {"translation"} if self.centred else set()
        return frozenset({"scaling", "rotation", "permutation", *moved})

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The logarithm of the evidence."""
        return (
            Variable(
                self.name,
                long_name="log maximum evidence of the classes (LogME)",
                units="nat",
                references="You et al. 2021, LogME: practical assessment of pre-trained models",
                also_constant="a feature of one class",
            ),
        )

    def compute(self, fit: Any, held_out: GroupExamplesState) -> dict[str, jax.Array]:  # noqa: D102
        del fit
        score: Score = logme_score(held_out, centred=self.centred)
        return reported(self.name, score)
