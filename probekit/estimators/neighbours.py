"""Similarity of neighbourhoods: which examples lie close to which."""

import dataclasses

from probekit._checks import check_count
from probekit.estimators._invariances import invariances_of_distances
from probekit.estimators._readout import OfExamples
from probekit.measures import Score, multiscale
from probekit.measures.cknna import cknna_score
from probekit.measures.imbalance import DEFAULT_NEAREST, imbalance_score
from probekit.measures.neighbour_ranks import NeighbourMetric, check_nearness
from probekit.measures.neighbours import (
    DEFAULT_NEIGHBOURS,
    Neighbourhood,
    check_neighbours,
    neighbours_score,
)
from probekit.measures.trust import DEFAULT_TRUSTED, rank_error_score, trustworthiness_score
from probekit.statistics import ExamplesState
from probekit.variables import WITHOUT_DIRECTION, Variable, reason_of_distance


@dataclasses.dataclass(frozen=True, kw_only=True)
class MutualNeighbours(OfExamples):
    """How far examples have the same nearest neighbours.

    As `probekit.measures.mutual_neighbours`, of `examples` examples.

    Parameters
    ----------
    neighbours : int
        How many.
    measure : {"jaccard", "rank", "joint", "overlap", "local_continuity", "second_order", \
            "cycle", "subsequence", "edit"}
        What of the neighbours is compared; ``cycle`` alone is not symmetric.
    metric : {"cosine", "euclidean"}
        What is near; ``second_order`` has cosines only.
    examples : int
        How many examples are kept.
    name : str
        Name of the variable.
    """

    neighbours: int = DEFAULT_NEIGHBOURS
    measure: Neighbourhood = "jaccard"
    metric: NeighbourMetric = "cosine"
    name: str = "mutual_neighbours"
    kind = "similarity"
    references = (
        "Wang et al. 2022; Klabunde et al. 2025, Similarity of neural network "
        "models; Huh et al. 2024; Chen and Buja 2009, Local multidimensional scaling"
    )
    least_examples = 3
    distinct = True

    def __post_init__(self) -> None:
        """Check the options."""
        check_neighbours(self.neighbours, self.measure, self.metric)
        super().__post_init__()

    @property
    def symmetric(self) -> bool:
        """A way out in the one and back in the other is not the same the other way round."""
        return self.measure != "cycle"

    @property
    def invariances(self) -> frozenset[str]:
        """Those of the distance."""
        maps = frozenset({"scaling", "rotation", "embedding", "permutation"})
        return maps | {"translation"} if self.metric == "euclidean" else maps

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The similarity."""
        long_name = f"{self.neighbours} mutual nearest neighbours ({self.measure})"
        reason = reason_of_distance(self.metric)
        if self.measure == "local_continuity":  # with itself it is less than 1
            return (
                Variable(
                    self.name,
                    long_name=long_name,
                    references=self.references,
                    also_constant=reason,
                ),
            )
        low = -1.0 if self.measure == "second_order" else 0.0
        return (self._variable(long_name, (low, 1.0), also_constant=reason),)

    def _score(self, state: ExamplesState) -> Score:
        return neighbours_score(
            state,
            neighbours=self.neighbours,
            most=self.neighbours,
            measure=self.measure,
            metric=self.metric,
        )


class OfNeighbourhoods(OfExamples):
    """Compares which examples are near each other; abstract.

    A final class declares `neighbours` and `metric` as fields.
    """

    kind = "similarity"
    least_examples = 3
    distinct = True
    neighbours: int
    metric: NeighbourMetric

    def __post_init__(self) -> None:
        """Check the options."""
        check_nearness(self.neighbours, self.metric)
        super().__post_init__()

    @property
    def invariances(self) -> frozenset[str]:
        """Those of the distance."""
        return invariances_of_distances(self.metric, up_to_scale=True)

    def _of_neighbours(
        self, long_name: str, *, high: float = 1.0, lower_is_better: bool = False
    ) -> Variable:
        """Return a variable from 0 on; its name has a place for how many neighbours there are."""
        return self._variable(
            long_name.format(self.neighbours),
            (0.0, high),
            lower_is_better=lower_is_better,
            also_constant=reason_of_distance(self.metric),
        )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Trustworthiness(OfNeighbourhoods):
    """Whether what is near in the other representation is near in this one.

    As `probekit.measures.trustworthiness`, of `examples` examples. Not symmetric: with the two
    exchanged it is the continuity, which `probekit.compare` has across its diagonal.

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
    name: str = "trustworthiness"
    references = "Venna and Kaski 2001, Neighborhood preservation in nonlinear projection methods"

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The trustworthiness."""
        return (self._of_neighbours("trustworthiness of {} nearest neighbours"),)

    def _score(self, state: ExamplesState) -> Score:
        return trustworthiness_score(state, neighbours=self.neighbours, metric=self.metric)


@dataclasses.dataclass(frozen=True, kw_only=True)
class MeanRelativeRankError(OfNeighbourhoods):
    """How far neighbours in the other representation have moved in the order of this one's.

    As `probekit.measures.mean_relative_rank_error`, of `examples` examples. Not symmetric:
    `probekit.compare` has the other way round across its diagonal.

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
    name: str = "mean_relative_rank_error"
    references = "Lee and Verleysen 2009, Quality assessment of dimensionality reduction"

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The error."""
        return (
            self._of_neighbours(
                "mean relative rank error of {} nearest neighbours", lower_is_better=True
            ),
        )

    def _score(self, state: ExamplesState) -> Score:
        return rank_error_score(state, neighbours=self.neighbours, metric=self.metric)


@dataclasses.dataclass(frozen=True, kw_only=True)
class InformationImbalance(OfNeighbourhoods):
    """How little distances in this representation say of those in the other one.

    As `probekit.measures.information_imbalance`, of `examples` examples. Not symmetric:
    `probekit.compare` has the other way round across its diagonal, and both are needed to tell
    which of two layers holds more.

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

    neighbours: int = DEFAULT_NEAREST
    metric: NeighbourMetric = "euclidean"
    name: str = "information_imbalance"
    references = "Glielmo et al. 2022, Ranking the information content of distance measures"

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The imbalance."""
        many = "nearest neighbour" if self.neighbours == 1 else "{} neighbours"
        return (
            self._of_neighbours(f"information imbalance ({many})", high=2.0, lower_is_better=True),
        )

    def _score(self, state: ExamplesState) -> Score:
        return imbalance_score(state, neighbours=self.neighbours, metric=self.metric)


@dataclasses.dataclass(frozen=True, kw_only=True)
class CKNNA(OfExamples):
    """Kernel alignment of examples that are near neighbours in both representations.

    As `probekit.measures.cknna`, of `examples` examples.

    Parameters
    ----------
    neighbours : int
        How many.
    debiased : bool
        The unbiased HSIC, as the authors' code has it.
    examples : int
        How many examples are kept.
    name : str
        Name of the variable.
    """

    neighbours: int = DEFAULT_NEIGHBOURS
    debiased: bool = False
    name: str = "cknna"
    kind = "similarity"
    references = "Huh et al. 2024, The Platonic representation hypothesis"
    least_examples = 4
    distinct = True
    invariances = frozenset({"scaling", "rotation", "embedding", "permutation"})

    def __post_init__(self) -> None:
        """Check the options."""
        check_count("neighbours", self.neighbours, 1)
        super().__post_init__()

    @property
    def symmetric(self) -> bool:
        """The unbiased HSIC of pairs that are neighbours one way round is not."""
        return not self.debiased

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The alignment."""
        kind = "debiased " if self.debiased else ""
        return (
            Variable(
                self.name,
                long_name=f"{kind}kernel alignment of {self.neighbours} nearest neighbours",
                valid_range=None if self.debiased else (-1.0, 1.0),
                references=self.references,
                also_constant=WITHOUT_DIRECTION,
            ),
        )

    def _score(self, state: ExamplesState) -> Score:
        return cknna_score(state, neighbours=self.neighbours, debiased=self.debiased)


@dataclasses.dataclass(frozen=True, kw_only=True)
class MultiscaleDistance(OfExamples):
    """Multi-scale intrinsic distance: how differently heat spreads among the examples.

    As `probekit.measures.multiscale_distance`, of `examples` examples.

    Parameters
    ----------
    neighbours : int
        To how many of its nearest each example is joined.
    examples : int
        How many examples are kept.
    name : str
        Name of the variable.
    """

    neighbours: int = multiscale.DEFAULT_NEIGHBOURS
    name: str = "multiscale_distance"
    kind = "similarity"
    least_examples = 3
    symmetric = True
    distinct = True
    invariances = frozenset({"translation", "scaling", "rotation", "embedding", "permutation"})
    references = (
        "Tsitsulin et al. 2020, The shape of data: intrinsic distance for data distributions"
    )

    def __post_init__(self) -> None:
        """Check the options."""
        check_count("neighbours", self.neighbours, 1)
        super().__post_init__()

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The distance."""
        return (
            self._variable(
                f"multi-scale intrinsic distance ({self.neighbours} neighbours)",
                (0.0, multiscale.LARGEST),
                lower_is_better=True,
            ),
        )

    def _score(self, state: ExamplesState) -> Score:
        return multiscale.multiscale_score(state, neighbours=self.neighbours)
