"""Similarity by shared dimensions and by what can be predicted."""

import dataclasses

from probekit.estimators._readout import SimilarityOfMoments
from probekit.measures import Score
from probekit.measures.overlap import eigenspace_overlap_score
from probekit.measures.spaces import DEFAULT_PENALTY, check_gulp, ensd_score, gulp_score
from probekit.measures.subspaces import (
    DEFAULT_TOLERANCE,
    check_tolerance,
    maximum_match_score,
)
from probekit.statistics import MomentsState
from probekit.variables import AT_LEAST_0, Variable

_MAPS = frozenset({"translation", "scaling", "rotation", "embedding", "permutation"})


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
        return (self._variable("effective number of shared dimensions", AT_LEAST_0),)

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
        check_gulp(self.penalty)

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The distance."""
        return (
            self._variable(f"GULP distance (λ {self.penalty:g})", AT_LEAST_0, lower_is_better=True),
        )

    def _score(self, state: MomentsState) -> Score:
        return gulp_score(state, penalty=self.penalty)


@dataclasses.dataclass(frozen=True, kw_only=True)
class EigenspaceOverlap(SimilarityOfMoments):
    """How much of the space that one representation spans lies in the other's.

    As `probekit.measures.eigenspace_overlap`.

    Parameters
    ----------
    centred : bool
        Subtract the means of the units first.
    name : str
        Name of the variable.
    """

    centred: bool = False
    name: str = "eigenspace_overlap"
    symmetric = True
    references = "May et al. 2019, On the downstream performance of compressed word embeddings"

    @property
    def invariances(self) -> frozenset[str]:
        """All maps that have an inverse; of shifts only what centring takes out."""
        shift = {"translation"} if self.centred else set()
        return _MAPS - {"translation"} | {"linear", *shift}

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The overlap."""
        kind = "centred " if self.centred else ""
        return (self._variable(f"{kind}eigenspace overlap score", (0.0, 1.0)),)

    def _score(self, state: MomentsState) -> Score:
        return eigenspace_overlap_score(state, centred=self.centred)


@dataclasses.dataclass(frozen=True, kw_only=True)
class MaximumMatch(SimilarityOfMoments):
    """Share of units in the largest sets that explain each other.

    As `probekit.measures.maximum_match`.

    Parameters
    ----------
    tolerance : float
        How far a unit may be from what the others span, as a share of its length.
    centred : bool
        Subtract the means of the units first.
    name : str
        Name of the variable.
    """

    tolerance: float = DEFAULT_TOLERANCE
    centred: bool = False
    name: str = "maximum_match"
    symmetric = True
    traceable = False
    references = "Wang et al. 2018, Towards understanding learning representations"

    def __post_init__(self) -> None:
        """Check the options."""
        check_tolerance(self.tolerance)

    @property
    def invariances(self) -> frozenset[str]:
        """Those that leave each unit a unit."""
        shift = {"translation"} if self.centred else set()
        return frozenset({"scaling", "permutation", *shift})

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The share."""
        kind = ", centred" if self.centred else ""
        return (self._variable(f"maximum match (ε {self.tolerance:g}{kind})", (0.0, 1.0)),)

    def _score(self, state: MomentsState) -> Score:
        return maximum_match_score(state, tolerance=self.tolerance, centred=self.centred)
