"""Where the examples of a representation lie: how far out, how close together, how evenly."""

import dataclasses
from typing import ClassVar

from probekit.estimators._readout import OfExamples, Readout
from probekit.measures import Score
from probekit.measures.cloud import concentricity_score, magnitude_score, uniformity_score
from probekit.measures.cosines import (
    DEFAULT_POWER,
    anisotropy_score,
    check_power,
    pair_alignment_score,
    self_clustering_score,
)
from probekit.statistics import ExamplesState, Moments, MomentsState
from probekit.variables import AT_LEAST_0, WITHOUT_DIRECTION, Variable


@dataclasses.dataclass(frozen=True, kw_only=True)
class Magnitude(Readout):
    """Length of the mean example.

    As `probekit.measures.magnitude`.

    Parameters
    ----------
    name : str
        Name of the variable.
    """

    name: str = "magnitude"
    kind = "geometry"
    invariances = frozenset({"rotation", "embedding", "permutation"})
    references = "Klabunde et al. 2025, Similarity of neural network models"

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The length."""
        return (self._variable("length of the mean example", AT_LEAST_0),)

    @property
    def statistic(self) -> Moments:
        """Means of the units."""
        return Moments(xx="none", xy=False, yy="none")

    def _score(self, state: MomentsState) -> Score:
        return magnitude_score(state)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Concentricity(OfExamples):
    """Mean cosine of the examples with their mean.

    As `probekit.measures.concentricity`, of `examples` examples.

    Parameters
    ----------
    examples : int
        How many examples are kept.
    name : str
        Name of the variable.
    """

    name: str = "concentricity"
    kind = "geometry"
    invariances = frozenset({"scaling", "rotation", "embedding", "permutation"})
    references = "Klabunde et al. 2025, Similarity of neural network models"

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The mean cosine."""
        return (self._variable("mean cosine of examples with their mean", (-1.0, 1.0)),)

    def _score(self, state: ExamplesState) -> Score:
        return concentricity_score(state)


class OfDirections(OfExamples):
    """What pairs of examples are like as points on a sphere; abstract.

    A final class declares what the score is.
    """

    kind = "geometry"
    least_examples = 2
    distinct = True
    invariances = frozenset({"scaling", "rotation", "embedding", "permutation"})
    long_name: ClassVar[str]
    valid_range: ClassVar[tuple[float, float]]

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The score."""
        return (self._variable(self.long_name, self.valid_range, also_constant=WITHOUT_DIRECTION),)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Uniformity(OfDirections):
    """How evenly the directions of the examples cover the sphere.

    As `probekit.measures.uniformity`, of `examples` examples.

    Parameters
    ----------
    examples : int
        How many examples are kept.
    name : str
        Name of the variable.
    """

    name: str = "uniformity"
    references = "Wang and Isola 2020, Understanding contrastive representation learning"
    long_name = "uniformity on the sphere (lower is more even)"
    valid_range = (-8.0, 0.0)

    def _score(self, state: ExamplesState) -> Score:
        return uniformity_score(state)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Anisotropy(OfDirections):
    """Mean cosine of two examples.

    As `probekit.measures.anisotropy`, of `examples` examples.

    Parameters
    ----------
    examples : int
        How many examples are kept.
    name : str
        Name of the variable.
    """

    name: str = "anisotropy"
    references = "Ethayarajh 2019, How contextual are contextualized word representations?"
    long_name = "mean cosine of two examples"
    valid_range = (-1.0, 1.0)

    def _score(self, state: ExamplesState) -> Score:
        return anisotropy_score(state)


@dataclasses.dataclass(frozen=True, kw_only=True)
class SelfClustering(OfDirections):
    """How much more alike the directions of examples are than on a uniformly covered sphere.

    As `probekit.measures.self_clustering`, of `examples` examples.

    Parameters
    ----------
    examples : int
        How many examples are kept.
    name : str
        Name of the variable.
    """

    name: str = "self_clustering"
    invariances = frozenset({"scaling", "rotation", "permutation"})
    references = "Tsitsulin et al. 2023, Unsupervised embedding quality evaluation"
    long_name = "clustering of directions (0 on a uniform sphere)"
    valid_range = (-1.0, 1.0)

    def _score(self, state: ExamplesState) -> Score:
        return self_clustering_score(state)


@dataclasses.dataclass(frozen=True, kw_only=True)
class PairAlignment(OfExamples):
    """How far apart on the sphere two representations of the same example are.

    As `probekit.measures.pair_alignment`, of `examples` examples: of two views by one network, or
    of a layer at two times.

    Parameters
    ----------
    power : float
        Of the distance.
    examples : int
        How many examples are kept.
    name : str
        Name of the variable.
    """

    power: float = DEFAULT_POWER
    name: str = "pair_alignment"
    kind = "similarity"
    least_examples = 2
    symmetric = True
    invariances = frozenset({"scaling"})
    references = "Wang and Isola 2020, Understanding contrastive representation learning"

    def __post_init__(self) -> None:
        """Check the options."""
        check_power(self.power)
        super().__post_init__()

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The distance."""
        return (
            self._variable(
                "distance of two directions of an example (lower is more aligned)",
                (0.0, 2.0**self.power),
                lower_is_better=True,
                also_constant="no example with two directions",
            ),
        )

    def _score(self, state: ExamplesState) -> Score:
        return pair_alignment_score(state, power=self.power)
