"""Geometry of some examples: how far single examples, or halves of the units, decide of it."""

import dataclasses

from probekit.estimators._invariances import invariances_of_distances
from probekit.estimators._readout import OfExamples
from probekit.measures import Score
from probekit.measures.coherence import coherence_score
from probekit.measures.comparisons import Comparison
from probekit.measures.rdm import Metric
from probekit.measures.unit_halves import DEFAULT_HALVES, check_halves, halves_score
from probekit.statistics import ExamplesState
from probekit.variables import Variable, reason_of_distance


@dataclasses.dataclass(frozen=True, kw_only=True)
class Coherence(OfExamples):
    """How far single examples decide of the directions that a representation spans.

    As `probekit.measures.coherence`, of `examples` examples, which must be more than units to say
    anything.

    Parameters
    ----------
    centred : bool
        Subtract the means of the units first.
    examples : int
        How many examples are kept.
    name : str
        Name of the variable.
    """

    centred: bool = False
    examples: int = 1024
    name: str = "coherence"
    kind = "geometry"
    least_examples = 2
    distinct = True
    references = "Tsitsulin, Munkhoeva and Perozzi 2023, Unsupervised embedding quality evaluation"

    @property
    def invariances(self) -> frozenset[str]:
        """Only the span of the units counts."""
        shift = {"translation"} if self.centred else set()
        return frozenset({"scaling", "rotation", "embedding", "permutation", "linear", *shift})

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The coherence."""
        return (
            self._variable(
                "coherence (largest leverage over the mean)",
                (1.0, float("inf")),
                lower_is_better=True,
                also_constant="a layer of zeros",
            ),
        )

    def _score(self, state: ExamplesState) -> Score:
        return coherence_score(state, centred=self.centred)


@dataclasses.dataclass(frozen=True, kw_only=True)
class UnitSplitRSA(OfExamples):
    """How alike the dissimilarities of examples are in two random halves of the units.

    As `probekit.measures.unit_split_rsa`, of `examples` examples.

    Parameters
    ----------
    halves : int
        How many times the units are divided; the same ways in all layers of so many units.
    seed : int
        Of the orders.
    rdm : {"cosine", "correlation", "euclidean", "squared_euclidean", "poisson"}
        Distance between examples.
    comparison : str
        How the two matrices are compared, as in `RSA`.
    examples : int
        How many examples are kept.
    name : str
        Name of the variable.
    """

    halves: int = DEFAULT_HALVES
    seed: int = 0
    rdm: Metric = "cosine"
    comparison: Comparison = "spearman"
    name: str = "unit_split_rsa"
    kind = "geometry"
    least_examples = 3
    distinct = True
    references = "Raju 2026, Geometric stability: the missing axis of representations"

    def __post_init__(self) -> None:
        """Check the options."""
        check_halves(self.halves, self.seed, self.rdm, self.comparison)
        super().__post_init__()

    @property
    def invariances(self) -> frozenset[str]:
        """Those of the distance that leave every unit where it is."""
        known = invariances_of_distances(self.rdm, up_to_scale=True)
        return known & {"translation", "scaling"}

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The mean comparison."""
        reasons = ["a layer of one unit", reason_of_distance(self.rdm)]
        return (
            self._variable(
                f"RSA of halves of the units ({self.rdm} distance, {self.comparison})",
                (-1.0, 1.0),
                also_constant=", or ".join(filter(None, reasons)),
            ),
        )

    def _score(self, state: ExamplesState) -> Score:
        return halves_score(
            state,
            halves=self.halves,
            seed=self.seed,
            rdm=self.rdm,
            comparison=self.comparison,
        )
