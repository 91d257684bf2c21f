"""Similarity by shared dimensions and by what can be predicted."""

import dataclasses

from probekit._checks import check_positive
from probekit.estimators._readout import SimilarityOfMoments
from probekit.measures import Score
from probekit.measures.spaces import DEFAULT_PENALTY, ensd_score, gulp_score
from probekit.statistics import MomentsState
from probekit.variables import Variable

_MAPS = frozenset({"translation", "scaling", "rotation", "permutation"})


@dataclasses.dataclass(frozen=True, kw_only=True)
class ENSD(SimilarityOfMoments):
    """Effective number of dimensions that two representations share.

    As `probekit.measures.ensd`.

    Parameters
    ----------
    name : str
        Name of the variable.
    """

    name: str = "ensd"
    symmetric = True
    invariances = _MAPS
    references = "Giaffar, Rullán Buxó and Aoi 2024, The effective number of shared dimensions"

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The number of dimensions."""
        return (self._variable("effective number of shared dimensions", (0.0, float("inf"))),)

    def _score(self, state: MomentsState) -> Score:
        return ensd_score(state)


@dataclasses.dataclass(frozen=True, kw_only=True)
class GULP(SimilarityOfMoments):
    """How differently ridge regression predicts from two representations.

    As `probekit.measures.gulp`.

    Parameters
    ----------
    penalty : float
        Of the ridge, as a share of the total variance.
    name : str
        Name of the variable.
    """

    penalty: float = DEFAULT_PENALTY
    name: str = "gulp"
    symmetric = True
    invariances = _MAPS
    references = "Boix-Adserà et al. 2022, GULP: a prediction-based metric between representations"

    def __post_init__(self) -> None:
        """Check the options."""
        check_positive("penalty", self.penalty)

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The distance."""
        return (
            self._variable(
                f"GULP distance (λ {self.penalty:g})", (0.0, float("inf")), lower_is_better=True
            ),
        )

    def _score(self, state: MomentsState) -> Score:
        return gulp_score(state, penalty=self.penalty)
