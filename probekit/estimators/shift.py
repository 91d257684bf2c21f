"""How the examples that are held out lie to those that are fitted."""

import abc
import dataclasses

import jax

from probekit._checks import check_count
from probekit.estimators._readout import OfExamples, Readout, reported
from probekit.measures import Score
from probekit.measures.coverage import DEFAULT_BALL, coverage_scores
from probekit.measures.cross_barcode import cross_barcode_score
from probekit.measures.frechet import COVARIANCES, frechet_score
from probekit.measures.mean_discrepancy import (
    DiscrepancyKernel,
    check_discrepancy,
    discrepancy_score,
)
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


class OfBothSplits(OfExamples):
    """One number of some examples of each split; abstract."""

    kind = "geometry"
    fitted = True
    distinct = True
    least_examples = 2

    def compute(self, fit: ExamplesState, held_out: ExamplesState) -> dict[str, jax.Array]:  # noqa: D102
        states = (fit.head(self.examples), held_out.head(self.examples))
        return reported(self.name, self._shift(*states))

    def _score(self, state: ExamplesState) -> Score:
        return self._shift(state, state)

    @abc.abstractmethod
    def _shift(self, fit: ExamplesState, held_out: ExamplesState) -> Score:
        """Score the latter against the former."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class SquaredMMD(OfBothSplits):
    """Squared maximum mean discrepancy of held out and fitted examples, unbiased.

    As `probekit.measures.squared_mmd`, of `examples` examples of each split.

    Parameters
    ----------
    kernel : {"rbf", "polynomial"}
        Gaussian, or the polynomial one of KID.
    bandwidth : float
        Of the former, in median distances of all examples.
    examples : int
        How many examples of each split are kept.
    name : str
        Name of the variable.
    """

    kernel: DiscrepancyKernel = "rbf"
    bandwidth: float = 1.0
    name: str = "squared_mmd"
    references = "Gretton et al. 2012, A kernel two-sample test"

    def __post_init__(self) -> None:
        """Check the options."""
        check_discrepancy(self.kernel, self.bandwidth)
        super().__post_init__()

    @property
    def invariances(self) -> frozenset[str]:
        """The polynomial depends on the origin, the scale and the number of units."""
        of_distances = {"translation", "scaling", "embedding"} if self.kernel == "rbf" else set()
        return frozenset({"rotation", "permutation", *of_distances})

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The discrepancy."""
        limits = (-2.0, 2.0) if self.kernel == "rbf" else (-float("inf"), float("inf"))
        return (
            self._variable(
                f"squared MMD of held out and fitted examples ({self.kernel})",
                limits,
                lower_is_better=True,
            ),
        )

    def _shift(self, fit: ExamplesState, held_out: ExamplesState) -> Score:
        options = {"kernel": self.kernel, "bandwidth": self.bandwidth}
        return discrepancy_score(fit, held_out, **options)  # type: ignore[arg-type]


@dataclasses.dataclass(frozen=True, kw_only=True)
class ManifoldTopologyDivergence(OfBothSplits):
    """How differently the fitted examples hang together through the held out ones (MTop-Div).

    As `probekit.measures.manifold_topology_divergence`, of `examples` examples of each split; needs
    gudhi (``probekit[topology]``).

    Parameters
    ----------
    examples : int
        How many examples of each split are kept; the divergence grows with them, and the time with
        their cube.
    name : str
        Name of the variable.
    """

    examples: int = 128
    name: str = "manifold_topology_divergence"
    traceable = False
    invariances = frozenset({"translation", "rotation", "embedding", "permutation"})
    references = "Barannikov et al. 2021, Manifold topology divergence"

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The divergence."""
        long_name = "manifold topology divergence of held out examples"
        return (self._variable(long_name, AT_LEAST_0, lower_is_better=True),)

    def _shift(self, fit: ExamplesState, held_out: ExamplesState) -> Score:
        return cross_barcode_score(fit, held_out)


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
