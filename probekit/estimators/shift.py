"""How the examples that are held out lie to those that are fitted."""

import dataclasses

import jax

from probekit._checks import check_count
from probekit.estimators._readout import OfExamples, Readout, reported
from probekit.measures import Score
from probekit.measures.coverage import DEFAULT_BALL, coverage_scores
from probekit.measures.frechet import COVARIANCES, frechet_score
from probekit.statistics import ExamplesState, Moments, MomentsState
from probekit.variables import AT_LEAST_0, Variable


@dataclasses.dataclass(frozen=True, kw_only=True)
class Coverage(OfExamples):
    """How far held out examples cover the fitted ones, and lie among them.

    As `probekit.measures.coverage`, of `examples` examples of each split: the share of the fitted
    that have some held out ones near, and as ``<name>_density``, ``<name>_precision`` and
    ``<name>_recall`` how densely these lie among the fitted, and what share of each lies among the
    others. With `held_out` of another kind than the fitted it shows in which layers they are told
    apart; of the same kind, whether the layer knows examples again.

    Parameters
    ----------
    neighbours : int
        At which of its nearest others the neighbourhood of an example ends.
    examples : int
        How many examples of each split are kept.
    name : str
        Name of the first variable.
    """

    neighbours: int = DEFAULT_BALL
    name: str = "coverage"
    kind = "geometry"
    least_examples = 2
    fitted = True
    distinct = True
    invariances = frozenset({"translation", "scaling", "rotation", "embedding", "permutation"})
    references = (
        "Naeem et al. 2020, Reliable fidelity and diversity metrics for generative models; "
        "Kynkäänniemi et al. 2019, Improved precision and recall metric"
    )

    def __post_init__(self) -> None:
        """Check the options."""
        check_count("neighbours", self.neighbours, 1)
        super().__post_init__()

    @property
    def variables(self) -> tuple[Variable, ...]:
        """Coverage, density, precision and recall."""
        rows = (
            (self.name, "share of fitted examples with held out ones near", (0.0, 1.0)),
            (f"{self.name}_density", "density of held out examples", AT_LEAST_0),
            (f"{self.name}_precision", "share of held out among the fitted", (0.0, 1.0)),
            (f"{self.name}_recall", "share of fitted among the held out", (0.0, 1.0)),
        )
        return tuple(
            Variable(
                name,
                long_name=f"{long_name} ({self.neighbours} neighbours)",
                valid_range=valid_range,
                references=self.references,
            )
            for name, long_name, valid_range in rows
        )

    def compute(self, fit: ExamplesState, held_out: ExamplesState) -> dict[str, jax.Array]:  # noqa: D102
        states = (fit.head(self.examples), held_out.head(self.examples))
        found: dict[str, jax.Array] = {}
        scores = coverage_scores(*states, neighbours=self.neighbours)
        for variable, score in zip(self.variables, scores, strict=True):
            found |= reported(variable.name, score)
        return found

    def _score(self, state: ExamplesState) -> Score:
        return coverage_scores(state, state, neighbours=self.neighbours)[0]


@dataclasses.dataclass(frozen=True, kw_only=True)
class FrechetDistance(Readout):
    """How far held out and fitted examples are apart, as normal distributions.

    As `probekit.measures.frechet_distance`, of all examples of each split.

    Parameters
    ----------
    name : str
        Name of the variable.
    """

    name: str = "frechet_distance"
    kind = "geometry"
    fitted = True
    invariances = frozenset({"translation", "rotation", "embedding", "permutation"})
    references = "Heusel et al. 2017, GANs trained by a two time-scale update rule (FID)"

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The distance."""
        long_name = "Fréchet distance of held out and fitted examples"
        return (self._variable(long_name, AT_LEAST_0, lower_is_better=True),)

    @property
    def statistic(self) -> Moments:
        """Means and covariances of the units."""
        return COVARIANCES

    def compute(self, fit: MomentsState, held_out: MomentsState) -> dict[str, jax.Array]:  # noqa: D102
        return reported(self.name, frechet_score(fit, held_out))

    def _score(self, state: MomentsState) -> Score:
        return frechet_score(state, state)
