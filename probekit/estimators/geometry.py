"""Geometry: what a representation looks like on its own."""

import dataclasses

import jax

from probekit.estimators._protocol import Estimator
from probekit.estimators._readout import reported
from probekit.measures.geometry import participation_ratio_score, total_variance_score
from probekit.statistics import Moments, MomentsState
from probekit.variables import Variable


@dataclasses.dataclass(frozen=True, kw_only=True)
class TotalVariance(Estimator):
    """Sum of the units' population variances, as ``np.var(x, axis=0).sum()``.

    As `probekit.measures.total_variance`.

    Parameters
    ----------
    name : str
        Name of the variable.
    """

    name: str = "total_variance"
    kind = "geometry"
    invariances = frozenset({"translation", "rotation", "permutation"})

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The variance."""
        return (
            Variable(
                self.name,
                long_name="total variance of the representation",
                valid_range=(0.0, float("inf")),
            ),
        )

    @property
    def statistic(self) -> Moments:
        """Variances of the units."""
        return Moments(xx="diagonal", xy=False, yy="none")

    def compute(self, fit: MomentsState, held_out: MomentsState) -> dict[str, jax.Array]:  # noqa: D102
        del fit
        return reported(self.name, total_variance_score(held_out))


@dataclasses.dataclass(frozen=True, kw_only=True)
class ParticipationRatio(Estimator):
    """Effective number of dimensions over which the variance is spread.

    As `probekit.measures.participation_ratio`.

    Parameters
    ----------
    name : str
        Name of the variable.
    """

    name: str = "participation_ratio"
    kind = "geometry"
    invariances = frozenset({"translation", "scaling", "rotation", "permutation"})

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The number of dimensions."""
        return (
            Variable(
                self.name,
                long_name="participation ratio",
                valid_range=(1.0, float("inf")),
                references="Gao et al. 2017, A theory of multineuronal dimensionality",
            ),
        )

    @property
    def statistic(self) -> Moments:
        """Covariances of the units."""
        return Moments(xy=False, yy="none")

    def compute(self, fit: MomentsState, held_out: MomentsState) -> dict[str, jax.Array]:  # noqa: D102
        del fit
        return reported(self.name, participation_ratio_score(held_out))
