"""Similarity of single units: matched one to one, softly, or each with what it is most like."""

import dataclasses

from probekit._checks import check_choice
from probekit.estimators._readout import STRAIGHT_ANGLE, OfAligned, SimilarityOfUnits
from probekit.measures import Score
from probekit.measures.matching import (
    MATCHED,
    Matched,
    permutation_distance_score,
    permutation_matching_score,
    semi_matching_score,
    soft_matching_score,
)
from probekit.measures.same_units import (
    Average,
    UnitPairs,
    check_unit_correlation,
    unit_correlation_score,
)
from probekit.statistics import MomentsState
from probekit.variables import Variable


@dataclasses.dataclass(frozen=True, kw_only=True)
class PermutationMatching(OfAligned):
    """Mean correlation of units that are matched one to one.

    As `probekit.measures.permutation_matching`.

    Parameters
    ----------
    align_on : {"scored", "fit"}
        Which examples the matching is fitted on: those that are scored, as it is usual, or those
        that probes are fitted on, where others are held out.
    name : str
        Name of the variable.
    """

    name: str = "permutation_matching"
    symmetric = True
    traceable = False
    invariances = frozenset({"translation", "scaling", "permutation"})
    references = "Li et al. 2016, Convergent learning"

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The correlation."""
        return (self._variable("correlation of matched units", (-1.0, 1.0)),)

    def _score(self, state: MomentsState) -> Score:
        return permutation_matching_score(state)

    def _transferred(self, fit: MomentsState, held_out: MomentsState) -> Score:
        return permutation_matching_score(fit, held_out)


@dataclasses.dataclass(frozen=True, kw_only=True)
class PermutationDistance(OfAligned):
    """Distance of two representations after the best permutation of units.

    As `probekit.measures.permutation_distance`.

    Parameters
    ----------
    angular : bool
        The angle in radians, or the length of the difference.
    align_on : {"scored", "fit"}
        Which examples the matching is fitted on: those that are scored, as it is usual, or those
        that probes are fitted on, where others are held out.
    name : str
        Name of the variable.
    """

    angular: bool = True
    name: str = "permutation_distance"
    symmetric = True
    traceable = False
    invariances = frozenset({"translation", "scaling", "permutation"})
    references = "Williams et al. 2021, Generalized shape metrics on neural representations"

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The distance."""
        most, units = (STRAIGHT_ANGLE, "rad") if self.angular else (2.0, "1")
        return (
            self._variable(
                "distance of permuted units", (0.0, most), units=units, lower_is_better=True
            ),
        )

    def _score(self, state: MomentsState) -> Score:
        return permutation_distance_score(state, angular=self.angular)

    def _transferred(self, fit: MomentsState, held_out: MomentsState) -> Score:
        return permutation_distance_score(fit, held_out, angular=self.angular)


@dataclasses.dataclass(frozen=True, kw_only=True)
class SoftMatching(OfAligned):
    """Mean correlation of softly matched units, by optimal transport.

    As `probekit.measures.soft_matching`.

    Parameters
    ----------
    align_on : {"scored", "fit"}
        Which examples the matching is fitted on: those that are scored, as it is usual, or those
        that probes are fitted on, where others are held out.
    name : str
        Name of the variable.
    """

    name: str = "soft_matching"
    symmetric = True
    traceable = False
    invariances = frozenset({"translation", "scaling", "permutation"})
    references = "Khosla and Williams 2024, Soft matching distance"

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The correlation."""
        return (self._variable("correlation of softly matched units", (-1.0, 1.0)),)

    def _score(self, state: MomentsState) -> Score:
        return soft_matching_score(state)

    def _transferred(self, fit: MomentsState, held_out: MomentsState) -> Score:
        return soft_matching_score(fit, held_out)


@dataclasses.dataclass(frozen=True, kw_only=True)
class SemiMatching(OfAligned):
    """Mean correlation of units with the one of the other side that each is most like.

    As `probekit.measures.semi_matching`.

    Parameters
    ----------
    units : {"both", "x", "y"}
        Whose units count; in `probekit.compare` `x` is the layer of the first model.
    absolute : bool
        A unit and its negative are alike.
    align_on : {"scored", "fit"}
        Which examples the matching is fitted on: those that are scored, as it is usual, or those
        that probes are fitted on, where others are held out.
    name : str
        Name of the variable.
    """

    units: Matched = "both"
    absolute: bool = False
    name: str = "semi_matching"
    invariances = frozenset({"translation", "scaling", "permutation"})
    references = "Li et al. 2016, Convergent learning"

    def __post_init__(self) -> None:
        """Check the options."""
        super().__post_init__()
        check_choice("units", self.units, MATCHED)

    @property
    def symmetric(self) -> bool:
        """Whether the units of both count."""
        return self.units == "both"

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The correlation."""
        kind = "absolute " if self.absolute else ""
        whose = "" if self.units == "both" else f", of units of {self.units}"
        least = 0.0 if self.absolute else -1.0
        return (self._variable(f"{kind}correlation with the most like unit{whose}", (least, 1.0)),)

    def _score(self, state: MomentsState) -> Score:
        return semi_matching_score(state, units=self.units, absolute=self.absolute)

    def _transferred(self, fit: MomentsState, held_out: MomentsState) -> Score:
        return semi_matching_score(fit, held_out, units=self.units, absolute=self.absolute)


@dataclasses.dataclass(frozen=True, kw_only=True)
class UnitCorrelation(SimilarityOfUnits):
    """Correlation of each unit with its namesake, over units: of one network at two times, say.

    As `probekit.measures.unit_correlation`.

    Parameters
    ----------
    pairs : {"same", "all"}
        Or each unit with each of the other.
    average : {"mean", "median"}
        Over pairs of units.
    name : str
        Name of the variable.
    """

    pairs: UnitPairs = "same"
    average: Average = "mean"
    name: str = "unit_correlation"
    symmetric = True
    references = "Hasson et al. 2004, Intersubject synchronization of cortical activity"

    def __post_init__(self) -> None:
        """Check the options."""
        check_unit_correlation(self.pairs, self.average)

    @property
    def invariances(self) -> frozenset[str]:
        """Of a unit by itself; with all of the other it may stand anywhere."""
        maps = frozenset({"translation", "scaling"})
        return maps | {"permutation"} if self.pairs == "all" else maps

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The correlation."""
        whom = "its namesake" if self.pairs == "same" else "any other"
        long_name = f"{self.average} correlation of a unit with {whom}"
        if self.pairs == "all":  # of a representation with itself it is not at the end of a range
            return (Variable(self.name, long_name=long_name, references=self.references),)
        return (self._variable(long_name, (-1.0, 1.0)),)

    def _score(self, state: MomentsState) -> Score:
        return unit_correlation_score(state, pairs=self.pairs, average=self.average)
