"""Similarity by topology: at which scales the examples hang together."""

import dataclasses

import jax

from probekit.estimators._protocol import Pairing
from probekit.estimators._readout import OfExamples, reported
from probekit.measures import Score, loops
from probekit.measures.topology import topology_score
from probekit.statistics import Examples, ExamplesState
from probekit.variables import AT_LEAST_0, Variable


@dataclasses.dataclass(frozen=True, kw_only=True)
class RTD(OfExamples):
    """Representation topology divergence (RTD): how differently the examples cluster.

    As `probekit.measures.rtd`, of `examples` examples; needs gudhi
    (``probekit[topology]``).

    Parameters
    ----------
    examples : int
        How many examples are kept; the divergence grows with them, and the time with their cube.
    name : str
        Name of the variable.
    """

    examples: int = 128
    name: str = "rtd"
    kind = "similarity"
    least_examples = 3
    symmetric = True
    distinct = True
    traceable = False
    invariances = frozenset({"translation", "scaling", "rotation", "embedding", "permutation"})
    references = "Barannikov et al. 2022, Representation topology divergence"

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The divergence."""
        return (
            self._variable("representation topology divergence", AT_LEAST_0, lower_is_better=True),
        )

    def _score(self, state: ExamplesState) -> Score:
        return topology_score(state)


@dataclasses.dataclass(frozen=True, kw_only=True)
class GeometryScore(OfExamples):
    """Geometry score: how differently long two clouds of examples have so many loops.

    As `probekit.measures.geometry_score`, of `examples` examples; needs gudhi
    (``probekit[topology]``). In `probekit.compare` the loops of each layer are found once.

    Parameters
    ----------
    landmarks : int
        How many examples are drawn as corners of complexes.
    reach : float
        To which scale loops are followed, in units of the largest distance of an example to a
        landmark.
    draws : int
        How many times landmarks are drawn; the time grows with it, and chance has less of a part.
    holes : int
        How many numbers of loops, from 0, are told apart.
    examples : int
        How many examples are kept.
    name : str
        Name of the variable.
    """

    landmarks: int = loops.DEFAULT_LANDMARKS
    reach: float = loops.DEFAULT_REACH
    draws: int = loops.DEFAULT_DRAWS
    holes: int = loops.DEFAULT_HOLES
    examples: int = 128
    name: str = "geometry_score"
    kind = "similarity"
    least_examples = 3
    symmetric = True
    distinct = True
    traceable = False
    invariances = frozenset({"translation", "scaling", "rotation", "embedding", "permutation"})
    references = "Khrulkov and Oseledets 2018, Geometry score"

    def __post_init__(self) -> None:
        """Check the options."""
        loops.check_living_times(self.landmarks, self.reach, self.draws, self.holes)
        super().__post_init__()

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The score."""
        return (self._variable("geometry score", (0.0, 2.0), lower_is_better=True),)

    def pairing(  # noqa: D102
        self, *, examples: int, units: tuple[int, ...], pairs: int
    ) -> "TimesPairing":
        del examples, units, pairs
        return TimesPairing(self, self.statistic)

    def _score(self, state: ExamplesState) -> Score:
        return loops.times_score(self._times(state), self._times(state, of_y=True))

    def _times(self, state: ExamplesState, *, of_y: bool = False) -> loops.Times:
        return loops.times_of(
            state,
            landmarks=self.landmarks,
            reach=self.reach,
            draws=self.draws,
            holes=self.holes,
            of_y=of_y,
        )


@dataclasses.dataclass(frozen=True)
class TimesPairing(Pairing):
    """Pairs of layers by geometry score: living times a layer, and their difference a pair."""

    estimator: GeometryScore
    statistic: Examples

    def prepare(self, state: ExamplesState) -> loops.Times:  # noqa: D102
        return self.estimator._times(state.head(self.estimator.examples))

    def pair(self, a: loops.Times, b: loops.Times) -> dict[str, jax.Array]:  # noqa: D102
        return reported(self.estimator.name, loops.times_score(a, b))
