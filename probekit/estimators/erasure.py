"""What erasing a feature takes of a representation."""

import dataclasses

import jax

from probekit.estimators._protocol import Estimator
from probekit.estimators._readout import reported
from probekit.measures.erasure import DEFAULT_TOLERANCE, check_tolerance, erased_score
from probekit.statistics import Moments, MomentsState
from probekit.variables import AT_LEAST_0, Variable


@dataclasses.dataclass(frozen=True, kw_only=True)
class ErasedVariance(Estimator):
    """Share of the variance that least-squares erasure of the feature (LEACE) takes.

    As `probekit.measures.erased_variance`: the erasure is that of the fitted examples, the variance
    that of the scored ones.

    Parameters
    ----------
    tolerance : float
        Canonical correlations of units and feature up to which there is nothing to erase.
    name : str
        Name of the variable.
    """

    tolerance: float = DEFAULT_TOLERANCE
    name: str = "erased_variance"
    kind = "encoding"
    invariances = frozenset({"translation", "scaling", "rotation", "embedding", "permutation"})

    def __post_init__(self) -> None:
        """Check the options."""
        check_tolerance(self.tolerance)

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The share."""
        return (
            Variable(
                self.name,
                long_name="share of the variance that erasing the feature takes (LEACE)",
                valid_range=AT_LEAST_0,
                references="Belrose et al. 2023, LEACE: perfect linear concept erasure in closed "
                "form",
            ),
        )

    @property
    def statistic(self) -> Moments:
        """All second moments."""
        return Moments()

    def compute(self, fit: MomentsState, held_out: MomentsState) -> dict[str, jax.Array]:  # noqa: D102
        return reported(self.name, erased_score(fit, held_out, tolerance=self.tolerance))
