"""Similarity by dependence and by the geometry of Gram matrices."""

import dataclasses

from probekit.estimators._kernels import OfKernels, Scores
from probekit.estimators._readout import OfExamples
from probekit.measures import Score
from probekit.measures.distances import (
    DEFAULT_SHRINKAGE,
    check_shrinkage,
    distance_correlation_score,
    riemannian_score,
)
from probekit.measures.kernels import (
    debiased_hsic_score,
    linear_hsic_score,
    sampled_hsic_score,
)
from probekit.measures.weighted_grams import criterion_of_sums
from probekit.statistics import ExamplesState, Moments
from probekit.variables import AT_LEAST_0, Variable

_MAPS = frozenset({"translation", "scaling", "rotation", "embedding", "permutation"})


@dataclasses.dataclass(frozen=True, kw_only=True)
class HSIC(OfKernels):
    """Hilbert-Schmidt independence criterion.

    As `probekit.measures.hsic`; with the linear kernel of all examples, in whatever batches they
    come, with another of `examples` of them.

    Parameters
    ----------
    kernel : {"linear", "rbf", "laplace", "max"}
    debiased : bool
        Use the unbiased estimator of Song et al.
    bandwidth : float
        σ of the RBF and the Laplace kernel, in units of the median distance between different
        examples; resamples of a bootstrap have their own.
    examples : int
        How many examples are kept for kernels that are not linear.
    name : str
        Name of the variable.
    """

    name: str = "hsic"
    moments = Moments(xx="diagonal", yy="diagonal")
    scores = Scores(linear_hsic_score, debiased_hsic_score, sampled_hsic_score, criterion_of_sums)

    @property
    def invariances(self) -> frozenset[str]:
        """The linear kernel grows with the scale; the largest product in a unit is of units."""
        return _MAPS - {"linear": {"scaling"}, "max": {"rotation", "embedding"}}.get(
            self.kernel, set()
        )

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The criterion."""
        return (
            Variable(
                self.name,
                long_name=f"{'unbiased ' if self.debiased else ''}HSIC ({self.kernel} kernel)",
                references="Gretton et al. 2005, Measuring statistical dependence with "
                "Hilbert-Schmidt norms",
            ),
        )


@dataclasses.dataclass(frozen=True, kw_only=True)
class DistanceCorrelation(OfExamples):
    """Distance correlation: dependence of any kind.

    As `probekit.measures.distance_correlation`, of `examples` examples.

    Parameters
    ----------
    debiased : bool
        The bias-corrected square.
    examples : int
        How many examples are kept.
    name : str
        Name of the variable.
    """

    debiased: bool = False
    name: str = "distance_correlation"
    kind = "similarity"
    least_examples = 4
    symmetric = True
    invariances = _MAPS
    references = (
        "Székely, Rizzo and Bakirov 2007, Measuring and testing dependence by correlation of "
        "distances"
    )

    @property
    def distinct(self) -> bool:
        """Without the bias of pairs of an example with itself, copies are not allowed for."""
        return self.debiased

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The correlation."""
        if self.debiased:
            return (self._variable("squared distance correlation, bias-corrected", (-1.0, 1.0)),)
        return (self._variable("distance correlation", (0.0, 1.0)),)

    def _score(self, state: ExamplesState) -> Score:
        return distance_correlation_score(state, debiased=self.debiased)


@dataclasses.dataclass(frozen=True, kw_only=True)
class RiemannianDistance(OfExamples):
    """Affine-invariant Riemannian distance between Gram matrices.

    As `probekit.measures.riemannian_distance`, of `examples` examples.

    Parameters
    ----------
    shrinkage : float
        How far Gram matrices are drawn to the identity, which gives them an inverse.
    examples : int
        How many examples are kept; the distance grows with them.
    name : str
        Name of the variable.
    """

    shrinkage: float = DEFAULT_SHRINKAGE
    examples: int = 128
    name: str = "riemannian_distance"
    kind = "similarity"
    least_examples = 2
    symmetric = True
    distinct = True
    invariances = _MAPS
    references = (
        "Shahbazi et al. 2021, Using distance on the Riemannian manifold to compare representations"
    )

    def __post_init__(self) -> None:
        """Check the options."""
        check_shrinkage(self.shrinkage)
        super().__post_init__()

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The distance."""
        return (
            self._variable(
                "Riemannian distance of Gram matrices", AT_LEAST_0, lower_is_better=True
            ),
        )

    def _score(self, state: ExamplesState) -> Score:
        return riemannian_score(state, shrinkage=self.shrinkage)
