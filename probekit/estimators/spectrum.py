"""Geometry: the spectrum of a representation."""

import dataclasses
from typing import Any

import jax

from probekit._checks import check_choice
from probekit.estimators._protocol import Estimator
from probekit.estimators._readout import Readout, reported
from probekit.measures import Score
from probekit.measures.effective_ranks import (
    SPECTRAL_VALUES,
    SpectralValues,
    effective_rank_score,
    stable_rank_score,
)
from probekit.measures.spectrum import (
    DEFAULT_FIRST,
    DEFAULT_LAST,
    check_ranks,
    slope_score,
    spectrum_score,
)
from probekit.statistics import Moments, MomentsState
from probekit.variables import AT_LEAST_0, Variable

_COVARIANCE = Moments(xy=False, yy="none")
_STRINGER = "Stringer et al. 2019, High-dimensional geometry of population responses"


def _about_means(centred: bool) -> frozenset[str]:
    maps = frozenset({"scaling", "rotation", "embedding", "permutation"})
    return maps | {"translation"} if centred else maps


@dataclasses.dataclass(frozen=True, kw_only=True)
class Spectrum(Estimator):
    """Eigenvalues of the covariance, in descending order.

    As `probekit.measures.spectrum`.

    Parameters
    ----------
    name : str
        Name of the variable.
    """

    name: str = "spectrum"
    kind = "geometry"
    invariances = frozenset({"translation", "rotation", "permutation"})

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The eigenvalues, with the axis ``component``."""
        return (
            Variable(
                self.name,
                dims=("component",),
                long_name="eigenvalue of the covariance",
                valid_range=AT_LEAST_0,
                references=_STRINGER,
            ),
        )

    @property
    def statistic(self) -> Moments:
        """Covariances of the units."""
        return _COVARIANCE

    def compute(  # noqa: D102
        self, fit: Any, held_out: MomentsState
    ) -> dict[str, jax.Array]:
        del fit
        return reported(self.name, spectrum_score(held_out))


@dataclasses.dataclass(frozen=True, kw_only=True)
class EffectiveRank(Readout):
    """Number of directions by the entropy of the spectrum.

    As `probekit.measures.effective_rank`.

    Parameters
    ----------
    values : {"eigenvalues", "singular_values"}
        Of which the entropy is.
    centred : bool
        Whether means of units are taken off; RankMe is that of singular values without.
    name : str
        Name of the variable.
    """

    values: SpectralValues = "eigenvalues"
    centred: bool = True
    name: str = "effective_rank"
    kind = "geometry"
    references = "Roy and Vetterli 2007, The effective rank; Garrido et al. 2023, RankMe"

    def __post_init__(self) -> None:
        """Check the options."""
        check_choice("values", self.values, SPECTRAL_VALUES)

    @property
    def invariances(self) -> frozenset[str]:
        """Means are taken off, or count."""
        return _about_means(self.centred)

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The number of directions."""
        return (self._variable("effective rank", (1.0, float("inf"))),)

    @property
    def statistic(self) -> Moments:
        """Covariances of the units."""
        return _COVARIANCE

    def _score(self, state: MomentsState) -> Score:
        return effective_rank_score(state, values=self.values, centred=self.centred)


@dataclasses.dataclass(frozen=True, kw_only=True)
class StableRank(Readout):
    """Number of directions by the variance as a multiple of the largest eigenvalue.

    As `probekit.measures.stable_rank`.

    Parameters
    ----------
    centred : bool
        Whether means of units are taken off.
    name : str
        Name of the variable.
    """

    centred: bool = True
    name: str = "stable_rank"
    kind = "geometry"
    references = (
        "Rudelson and Vershynin 2007, Sampling from large matrices; Tsitsulin et al. 2023, "
        "Unsupervised embedding quality evaluation; He and Ozay 2022 (NESum)"
    )

    @property
    def invariances(self) -> frozenset[str]:
        """Means are taken off, or count."""
        return _about_means(self.centred)

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The number of directions."""
        return (self._variable("stable rank", (1.0, float("inf"))),)

    @property
    def statistic(self) -> Moments:
        """Covariances of the units."""
        return _COVARIANCE

    def _score(self, state: MomentsState) -> Score:
        return stable_rank_score(state, centred=self.centred)


@dataclasses.dataclass(frozen=True, kw_only=True)
class SpectrumSlope(Readout):
    """Exponent of the power law with which the eigenvalues fall.

    As `probekit.measures.spectrum_slope`.

    Parameters
    ----------
    first : int
        The first rank that is fitted, counted from 1.
    last : int
        The last rank that is fitted.
    name : str
        Name of the variable.
    """

    first: int = DEFAULT_FIRST
    last: int = DEFAULT_LAST
    name: str = "spectrum_slope"
    kind = "geometry"
    invariances = frozenset({"translation", "scaling", "rotation", "embedding", "permutation"})
    references = _STRINGER

    def __post_init__(self) -> None:
        """Check the options."""
        check_ranks(self.first, self.last)

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The exponent."""
        return (self._variable("power-law exponent of the spectrum", AT_LEAST_0),)

    @property
    def statistic(self) -> Moments:
        """Covariances of the units."""
        return _COVARIANCE

    def _score(self, state: MomentsState) -> Score:
        return slope_score(state, first=self.first, last=self.last)
