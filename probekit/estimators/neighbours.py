"""Similarity of neighbourhoods: which examples lie close to which."""

import dataclasses
from typing import Any

import jax

from probekit._checks import check_at_least
from probekit.estimators._protocol import Estimator
from probekit.estimators._readout import reported
from probekit.measures import multiscale
from probekit.measures.multiscale import multiscale_score
from probekit.measures.neighbours import (
    DEFAULT_NEIGHBOURS,
    Neighbourhood,
    check_neighbours,
    neighbours_score,
)
from probekit.measures.rdm import Metric
from probekit.statistics import Examples, ExamplesState
from probekit.variables import Variable


@dataclasses.dataclass(frozen=True, kw_only=True)
class MutualNeighbours(Estimator):
    """How far examples have the same nearest neighbours.

    As `probekit.measures.mutual_neighbours`, of `examples` examples.

    Parameters
    ----------
    neighbours : int
        How many.
    measure : {"jaccard", "rank", "joint", "overlap", "second_order"}
    metric : {"cosine", "euclidean"}
        What is near; ``second_order`` has cosines only.
    examples : int
        How many examples are kept.
    name : str
        Name of the variable.
    """

    neighbours: int = DEFAULT_NEIGHBOURS
    measure: Neighbourhood = "jaccard"
    metric: Metric = "cosine"
    examples: int = 256
    name: str = "mutual_neighbours"
    kind = "similarity"
    symmetric = True
    distinct = True

    def __post_init__(self) -> None:
        """Check the options."""
        check_neighbours(self.neighbours, self.measure, self.metric)
        check_at_least("examples", self.examples, 3)

    @property
    def invariances(self) -> frozenset[str]:
        """Those of the distance."""
        maps = frozenset({"scaling", "rotation", "permutation"})
        return maps | {"translation"} if self.metric == "euclidean" else maps

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The similarity."""
        return (
            Variable(
                self.name,
                long_name=f"{self.neighbours} mutual nearest neighbours ({self.measure})",
                valid_range=(-1.0 if self.measure == "second_order" else 0.0, 1.0),
                references="Wang et al. 2022; Klabunde et al. 2025, Similarity of neural network "
                "models; Huh et al. 2024",
            ),
        )

    @property
    def statistic(self) -> Examples:
        """The examples."""
        return Examples(capacity=self.examples)

    def compute(self, fit: Any, held_out: ExamplesState) -> dict[str, jax.Array]:  # noqa: D102
        del fit
        score = neighbours_score(
            held_out.head(self.examples),
            neighbours=self.neighbours,
            measure=self.measure,
            metric=self.metric,
        )
        return reported(self.name, score)


@dataclasses.dataclass(frozen=True, kw_only=True)
class MultiscaleDistance(Estimator):
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
    examples: int = 256
    name: str = "multiscale_distance"
    kind = "similarity"
    symmetric = True
    distinct = True
    invariances = frozenset({"translation", "scaling", "rotation", "permutation"})

    def __post_init__(self) -> None:
        """Check the options."""
        check_at_least("neighbours", self.neighbours, 1)
        check_at_least("examples", self.examples, 3)

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The distance."""
        return (
            Variable(
                self.name,
                long_name=f"multi-scale intrinsic distance ({self.neighbours} neighbours)",
                valid_range=(0.0, multiscale.LARGEST),
                references="Tsitsulin et al. 2020, The shape of data: intrinsic distance for data "
                "distributions",
            ),
        )

    @property
    def statistic(self) -> Examples:
        """The examples."""
        return Examples(capacity=self.examples)

    def compute(self, fit: Any, held_out: ExamplesState) -> dict[str, jax.Array]:  # noqa: D102
        del fit
        score = multiscale_score(held_out.head(self.examples), neighbours=self.neighbours)
        return reported(self.name, score)
