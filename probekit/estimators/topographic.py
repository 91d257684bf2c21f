"""Similarity of the order of distances, and of the members and shapes of neighbourhoods."""

import dataclasses

from probekit._checks import check_count
from probekit.estimators._readout import OfExamples
from probekit.estimators.neighbours import OfNeighbourhoods
from probekit.measures import Score
from probekit.measures.neighbour_ranks import NeighbourMetric
from probekit.measures.stress import stress_score
from probekit.measures.topographic import (
    DEFAULT_SHAPE,
    local_procrustes_score,
    neighbour_dissimilarity_score,
)
from probekit.measures.trust import DEFAULT_TRUSTED
from probekit.statistics import ExamplesState
from probekit.variables import AT_LEAST_0, Variable


@dataclasses.dataclass(frozen=True, kw_only=True)
class NonMetricStress(OfExamples):
    """What distances in the other representation are off a curve that rises with those in this one.

    As `probekit.measures.non_metric_stress`, of `examples` examples. Not symmetric.

    Parameters
    ----------
    examples : int
        How many examples are kept.
    name : str
        Name of the variable.
    """

    name: str = "non_metric_stress"
    kind = "similarity"
    traceable = False
    least_examples = 3
    distinct = True
    invariances = frozenset({"translation", "scaling", "rotation", "embedding", "permutation"})
    references = "Kruskal 1964, Multidimensional scaling by optimizing goodness of fit"

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The stress."""
        return (self._variable("non-metric stress", (0.0, 1.0), lower_is_better=True),)

    def _score(self, state: ExamplesState) -> Score:
        return stress_score(state)


@dataclasses.dataclass(frozen=True, kw_only=True)
class NeighbourDissimilarity(OfNeighbourhoods):
    """How differently pairs of examples share neighbours.

    As `probekit.measures.neighbour_dissimilarity`, of `examples` examples.

    Parameters
    ----------
    neighbours : int
        How many.
    metric : {"euclidean", "cosine"}
        What is near.
    examples : int
        How many examples are kept.
    name : str
        Name of the variable.
    """

    neighbours: int = DEFAULT_TRUSTED
    metric: NeighbourMetric = "euclidean"
    name: str = "neighbour_dissimilarity"
    symmetric = True
    references = (
        "Fujiwara et al. 2023, Feature learning for nonlinear dimensionality reduction toward "
        "maximal extraction of hidden patterns"
    )

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The dissimilarity."""
        return (
            self._of_neighbours(
                "dissimilarity of {} nearest neighbours that are shared", lower_is_better=True
            ),
        )

    def _score(self, state: ExamplesState) -> Score:
        options = {"neighbours": self.neighbours, "metric": self.metric}
        return neighbour_dissimilarity_score(state, relative=True, **options)  # type: ignore[arg-type]


@dataclasses.dataclass(frozen=True, kw_only=True)
class LocalProcrustes(OfExamples):
    """How much the shapes of neighbourhoods differ after the best rotation of each.

    As `probekit.measures.local_procrustes`, of `examples` examples. Not symmetric: neighbours are
    those of this representation.

    Parameters
    ----------
    neighbours : int
        How many.
    scaled : bool
        Whether neighbourhoods may have another size in the other representation.
    examples : int
        How many examples are kept.
    name : str
        Name of the variable.
    """

    neighbours: int = DEFAULT_SHAPE
    scaled: bool = True
    name: str = "local_procrustes"
    kind = "similarity"
    least_examples = 3
    distinct = True
    references = "Goldberg and Ritov 2009, Local Procrustes for manifold embedding"

    def __post_init__(self) -> None:
        """Check the options."""
        check_count("neighbours", self.neighbours, 2)
        super().__post_init__()

    @property
    def invariances(self) -> frozenset[str]:
        """Unless each has a factor of its own, sizes are compared."""
        scaling = {"scaling"} if self.scaled else set()
        return frozenset({"translation", "rotation", "embedding", "permutation", *scaling})

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The statistic."""
        return (
            self._variable(
                f"Procrustes statistic of neighbourhoods ({self.neighbours} nearest)",
                (0.0, 1.0) if self.scaled else AT_LEAST_0,
                lower_is_better=True,
            ),
        )

    def _score(self, state: ExamplesState) -> Score:
        return local_procrustes_score(state, neighbours=self.neighbours, scaled=self.scaled)
