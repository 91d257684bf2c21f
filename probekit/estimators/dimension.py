"""Intrinsic dimension."""

import dataclasses
from collections.abc import Sequence

from probekit._checks import check_count
from probekit.estimators._readout import OfExamples
from probekit.measures import Score
from probekit.measures.intrinsic import (
    DEFAULT_DISCARD,
    DEFAULT_NEAREST,
    DimensionMethod,
    DimensionOptions,
    Neighbours,
    dimension_options,
    dimension_score,
)
from probekit.measures.local_dimension import LocalAverage
from probekit.statistics import ExamplesState
from probekit.variables import AT_LEAST_0, Variable


@dataclasses.dataclass(frozen=True, kw_only=True)
class IntrinsicDimension(OfExamples):
    """Intrinsic dimension, from the distances to near neighbours.

    As `probekit.measures.intrinsic_dimension`, of `examples` examples.

    Parameters
    ----------
    method : {"two_nn", "likelihood", "correlation", "gride", "moments", "mada", "tle", "ess", \
            "separability", "persistence", "graph", "binomial", "danco"}
        By two nearest neighbours, maximum likelihood, the correlation dimension, generalised
        ratios, the method of moments, manifold-adaptive, tight localities, expected simplex
        skewness, Fisher separability, persistent homology, how a graph of neighbours grows, how
        many are within half the radius, or how distances and angles concentrate (DANCo).
    discard : float
        Of ``two_nn``: share of the largest ratios of distances that is left out.
    neighbours : int or tuple of two int
        Of the others: how many neighbours; of ``gride``, ``mada`` and ``correlation`` also a pair,
        the smaller first.
    average : {"harmonic", "mean", "median"}
        Of what ``likelihood``, ``moments``, ``mada``, ``tle`` and ``ess`` find at each example.
    seed : int
        Of the points in balls that ``danco`` compares the examples with.
    examples : int
        How many examples are kept; more than the neighbours of a pair.
    name : str
        Name of the variable.
    """

    method: DimensionMethod = "two_nn"
    discard: float = DEFAULT_DISCARD
    neighbours: Neighbours = DEFAULT_NEAREST
    average: LocalAverage = "harmonic"
    seed: int = 0
    name: str = "intrinsic_dimension"
    kind = "geometry"
    distinct = True
    invariances = frozenset({"translation", "scaling", "rotation", "embedding", "permutation"})
    references = (
        "Facco et al. 2017, Estimating the intrinsic dimension of datasets; Levina and Bickel "
        "2004; MacKay and Ghahramani 2005; Grassberger and Procaccia 1983; Denti et al. 2022; "
        "Amsaleg et al. 2018, 2019; Farahmand et al. 2007; Johnsson et al. 2015; Albergante et al. "
        "2019; Birdal et al. 2021; Costa and Hero 2004; Macocco et al. 2023; Ceruti et al. 2014"
    )

    def __post_init__(self) -> None:
        """Check the options."""
        if isinstance(self.neighbours, Sequence):  # a list has no hash
            object.__setattr__(self, "neighbours", tuple(self.neighbours))
        check_count("examples", self.examples, self._options.least)

    @property
    def _options(self) -> DimensionOptions:
        return dimension_options(
            self.method, self.discard, self.neighbours, self.average, self.seed
        )

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The dimension."""
        named = {
            "two_nn": "TwoNN",
            "separability": "Fisher separability",
            "persistence": "persistent homology",
        }
        pair = self.neighbours if isinstance(self.neighbours, tuple) else (self.neighbours,)
        numbers = " and ".join(map(str, pair))
        how = named.get(self.method, f"{self.method}, {numbers} neighbours")
        return (self._variable(f"intrinsic dimension ({how})", AT_LEAST_0),)

    def _score(self, state: ExamplesState) -> Score:
        return dimension_score(state, self._options)
