"""Similarity through covariances: RV coefficient, its angle, and partial least squares."""

import dataclasses

from probekit._checks import check_choice
from probekit.estimators._readout import RIGHT_ANGLE, SimilarityOfMoments
from probekit.estimators._weighing import OfGrams, weighing_of_grams
from probekit.measures import Score
from probekit.measures.covariance import (
    WEIGHTINGS,
    Weighting,
    angle_of_sums,
    angular_cka_score,
    pls_score,
)
from probekit.measures.kernels import linear_cka_score
from probekit.measures.weighted_grams import alignment_of_sums
from probekit.statistics import MomentsState
from probekit.variables import Variable


@dataclasses.dataclass(frozen=True, kw_only=True)
class RVCoefficient(SimilarityOfMoments):
    """RV coefficient: linear CKA under its name in statistics.

    As `probekit.measures.rv_coefficient`.

    Parameters
    ----------
    name : str
        Name of the variable.
    """

    name: str = "rv_coefficient"
    symmetric = True
    invariances = frozenset({"translation", "scaling", "rotation", "embedding", "permutation"})
    references = "Robert and Escoufier 1976, The RV-coefficient"

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The coefficient."""
        return (self._variable("RV coefficient", (0.0, 1.0)),)

    def weighing(self, *, examples: int, units: tuple[int, ...]) -> OfGrams | None:  # noqa: D102
        return weighing_of_grams(self, alignment_of_sums, examples=examples, units=units)

    def _score(self, state: MomentsState) -> Score:
        return linear_cka_score(state)


@dataclasses.dataclass(frozen=True, kw_only=True)
class AngularCKADistance(SimilarityOfMoments):
    """Angle between Gram matrices: arccos of linear CKA, which is a metric.

    As `probekit.measures.angular_cka_distance`.

    Parameters
    ----------
    name : str
        Name of the variable.
    """

    name: str = "angular_cka_distance"
    symmetric = True
    invariances = frozenset({"translation", "scaling", "rotation", "embedding", "permutation"})
    references = "Williams et al. 2021, Generalized shape metrics on neural representations"

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The angle."""
        return (
            self._variable(
                "angle of Gram matrices (CKA)",
                (0.0, RIGHT_ANGLE),
                units="rad",
                lower_is_better=True,
            ),
        )

    def weighing(self, *, examples: int, units: tuple[int, ...]) -> OfGrams | None:  # noqa: D102
        return weighing_of_grams(self, angle_of_sums, examples=examples, units=units)

    def _score(self, state: MomentsState) -> Score:
        return angular_cka_score(state)


@dataclasses.dataclass(frozen=True, kw_only=True)
class PLS(SimilarityOfMoments):
    """Correlation of partial least squares components.

    As `probekit.measures.pls`.

    Parameters
    ----------
    weighting : {"covariance", "mean"}
        Components weighted by the covariance that they explain, or all alike.
    name : str
        Name of the variable.
    """

    weighting: Weighting = "covariance"
    name: str = "pls"
    symmetric = True
    invariances = frozenset({"translation", "scaling", "rotation", "embedding", "permutation"})
    references = "Wegelin 2000, A survey of partial least squares methods"

    def __post_init__(self) -> None:
        """Check the options."""
        check_choice("weighting", self.weighting, WEIGHTINGS)

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The correlation."""
        return (self._variable(f"correlation of PLS components ({self.weighting})", (0.0, 1.0)),)

    def _score(self, state: MomentsState) -> Score:
        return pls_score(state, weighting=self.weighting)
