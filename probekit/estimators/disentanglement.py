"""How far single units stand for single features."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import jax

from probekit._checks import check_choice
from probekit.estimators._invariances import invariances_of_units
from probekit.estimators._protocol import Estimator
from probekit.estimators._readout import OfExamples, reported
from probekit.measures import Score
from probekit.measures.attribute_predictability import BY_PAIR, separated_score
from probekit.measures.class_selectivity import OVER_UNITS, OverUnits
from probekit.measures.columns import Columns
from probekit.measures.modularity import gap_score, modularity_score
from probekit.measures.mutual_information import (
    DEFAULT_BINS,
    Binning,
    checked_bins,
    information_score,
)
from probekit.statistics import ExamplesState, Moments, MomentsState
from probekit.variables import AT_LEAST_0, Variable


@dataclasses.dataclass(frozen=True, kw_only=True)
class OfInformation(OfExamples):
    """A score of the mutual information of units, cut into bins, and features; abstract."""

    bins: int = DEFAULT_BINS
    binning: Binning = "equal_width"
    feature_bins: int | None = None
    examples: int = 1024
    kind = "encoding"
    least_examples = 2
    invariances = frozenset({"translation", "scaling", "permutation"})

    def __post_init__(self) -> None:
        """Check the options."""
        checked_bins(self.bins, self.binning, self.feature_bins)
        super().__post_init__()

    @property
    def _binned(self) -> dict[str, Any]:
        names = ("bins", "binning", "feature_bins")
        options = checked_bins(self.bins, self.binning, self.feature_bins)
        return dict(zip(names, options, strict=True))


@dataclasses.dataclass(frozen=True, kw_only=True)
class MutualInformation(OfInformation):
    """Bits that single units tell of a feature.

    As `probekit.measures.mutual_information`, of `examples` examples of those that are scored; of a
    feature with several columns the mean over them.

    Parameters
    ----------
    bins : int
        Into how many bins a unit is cut.
    binning : {"equal_width", "equal_frequency"}
        Bins of one width, or with as many examples each.
    feature_bins : int, optional
        A feature of more different values than this is cut into so many bins; `bins`, unless given.
    multioutput : {"uniform_average", "raw_values"}
        The mean over units, or each unit on its own.
    examples : int
        How many examples are kept.
    name : str
        Name of the variable.
    """

    multioutput: OverUnits = "uniform_average"
    name: str = "mutual_information"

    def __post_init__(self) -> None:
        """Check the options."""
        check_choice("multioutput", self.multioutput, OVER_UNITS)
        super().__post_init__()

    @property
    def invariances(self) -> frozenset[str]:  # type: ignore[override]
        """Units have an order if each is reported."""
        return invariances_of_units(self.multioutput)

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The information, with the axis ``unit`` for raw values."""
        return (
            Variable(
                self.name,
                dims=("unit",) if self.multioutput == "raw_values" else (),
                long_name="mutual information of a unit and the feature",
                units="bit",
                valid_range=AT_LEAST_0,
                references="Panzeri et al. 2007, Correcting for the sampling bias problem in spike "
                "train information measures",
                also_constant="a feature of one value",
            ),
        )

    def _score(self, state: ExamplesState) -> Score:
        average = self.multioutput == "uniform_average"
        return information_score(state, average=average, **self._binned)


@dataclasses.dataclass(frozen=True, kw_only=True)
class MutualInformationGap(OfInformation):
    """How far one unit alone tells of a feature (MIG).

    As `probekit.measures.mutual_information_gap`, of `examples` examples of those that are scored;
    of a feature with several columns the mean over them.

    Parameters
    ----------
    bins : int
        Into how many bins a unit is cut.
    binning : {"equal_width", "equal_frequency"}
        Bins of one width, or with as many examples each.
    feature_bins : int, optional
        A feature of more different values than this is cut into so many bins; `bins`, unless given.
    examples : int
        How many examples are kept.
    name : str
        Name of the variable.
    """

    name: str = "mutual_information_gap"
    references = (
        "Chen et al. 2018, Isolating sources of disentanglement in variational autoencoders"
    )

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The gap."""
        return (
            self._variable(
                "lead of the unit that tells most of the feature (MIG)",
                (0.0, 1.0),
                also_constant="a feature of one value, or a layer of one unit",
            ),
        )

    def _score(self, state: ExamplesState) -> Score:
        return mean_of_columns(gap_score(state, **self._binned))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Modularity(OfInformation):
    """How far each unit tells of one feature alone.

    As `probekit.measures.modularity`, of `examples` examples of those that are scored and all
    features; of one with several columns, the mean of the information of each counts.

    Parameters
    ----------
    bins : int
        Into how many bins a unit is cut.
    binning : {"equal_width", "equal_frequency"}
        Bins of one width, or with as many examples each.
    feature_bins : int, optional
        A feature of more different values than this is cut into so many bins; `bins`, unless given.
    examples : int
        How many examples are kept.
    name : str
        Name of the variable.
    """

    name: str = "modularity"
    joint = True
    references = (
        "Ridgeway and Mozer 2018, Learning deep disentangled embeddings with the F-statistic loss"
    )

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The modularity."""
        return (
            self._variable(
                "how far units tell of one feature alone (modularity)",
                (0.0, 1.0),
                also_constant="a feature of one value, or a single feature",
            ),
        )

    def compute(  # type: ignore[override]  # noqa: D102
        self, fit: Any, held_out: ExamplesState, *, columns: Columns
    ) -> dict[str, jax.Array]:
        del fit
        state = held_out.head(self.examples)
        return reported(self.name, modularity_score(state, columns=columns, **self._binned))

    def _score(self, state: ExamplesState) -> Score:
        return modularity_score(state, **self._binned)


@dataclasses.dataclass(frozen=True, kw_only=True)
class SeparatedAttributePredictability(Estimator):
    """How much better one unit alone predicts a feature than the next (SAP).

    As `probekit.measures.separated_attribute_predictability`; of a feature with several columns the
    mean over them.

    Parameters
    ----------
    name : str
        Name of the variable.
    """

    name: str = "separated_attribute_predictability"
    kind = "decoding"
    invariances = frozenset({"translation", "scaling", "permutation"})

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The lead."""
        return (
            Variable(
                self.name,
                long_name="lead of the unit that predicts the feature best (SAP)",
                valid_range=(0.0, 1.0),
                references="Kumar, Sattigeri and Balakrishnan 2018, Variational inference of "
                "disentangled latent concepts from unlabeled observations",
                also_constant="a layer of one unit",
            ),
        )

    def predictors(self, *, units: int, columns: Mapping[str, int]) -> int:
        """Each unit predicts alone."""
        del units, columns
        return 1

    @property
    def statistic(self) -> Moments:
        """Variances, and covariances with the features."""
        return BY_PAIR

    def compute(  # noqa: D102
        self, fit: MomentsState, held_out: MomentsState
    ) -> dict[str, jax.Array]:
        return reported(self.name, mean_of_columns(separated_score(fit, held_out)))


def mean_of_columns(each: Score) -> Score:
    """Return the mean over the columns of one feature, and the worst status of them."""
    return Score(each.value.mean(), each.status.max())
