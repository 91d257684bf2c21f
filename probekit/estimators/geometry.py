"""Geometry: what a representation looks like on its own."""

import dataclasses
from typing import Any

from probekit.estimators._readout import Readout
from probekit.measures import Score
from probekit.measures.geometry import participation_ratio_score, total_variance_score
from probekit.measures.unbiased_ratio import unbiased_ratio_score
from probekit.statistics import CrossKernel, Moments, MomentsState
from probekit.variables import AT_LEAST_0, Variable


@dataclasses.dataclass(frozen=True, kw_only=True)
class TotalVariance(Readout):
    """Sum of the units' population variances, as ``np.var(x, axis=0).sum()``.

    As `probekit.measures.total_variance`.

    Parameters
    ----------
    name : str
        Name of the variable.
    """

    name: str = "total_variance"
    kind = "geometry"
    invariances = frozenset({"translation", "rotation", "embedding", "permutation"})

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The variance."""
        return (self._variable("total variance of the representation", AT_LEAST_0),)

    @property
    def statistic(self) -> Moments:
        """Variances of the units."""
        return Moments(xx="diagonal", xy=False, yy="none")

    def narrowed(self, *, units: int, to: int) -> None:
        """Return None: to add up variances is less work than to find coordinates."""
        del units, to

    def _score(self, state: MomentsState) -> Score:
        return total_variance_score(state)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ParticipationRatio(Readout):
    """Effective number of dimensions over which the variance is spread.

    As `probekit.measures.participation_ratio`.

    Parameters
    ----------
    debiased : bool
        Estimate what there would be of examples without end.
    name : str
        Name of the variable.
    """

    debiased: bool = False
    name: str = "participation_ratio"
    kind = "geometry"
    invariances = frozenset({"translation", "scaling", "rotation", "embedding", "permutation"})
    references = "Gao et al. 2017, A theory of multineuronal dimensionality"

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The number of dimensions."""
        if self.debiased:
            return (
                self._variable("participation ratio (debiased)", (-float("inf"), float("inf"))),
            )
        return (self._variable("participation ratio", (1.0, float("inf"))),)

    @property
    def statistic(self) -> Moments | CrossKernel:
        """Covariances of the units; debiased, sums of fourth order too."""
        return CrossKernel() if self.debiased else Moments(xy=False, yy="none")

    def _score(self, state: Any) -> Score:
        return (unbiased_ratio_score if self.debiased else participation_ratio_score)(state)
