"""Similarity by prediction: how well a linear map of one representation predicts the other."""

import dataclasses

from probekit._checks import check_choice
from probekit.estimators._penalised import RANGES
from probekit.estimators._protocol import Estimator
from probekit.estimators._readout import Readout
from probekit.measures import Score
from probekit.measures.folds import DEFAULT_FOLDS, check_folds_of
from probekit.measures.penalties import DEFAULT_PENALTIES, relative_to
from probekit.measures.predictivity import (
    AVERAGES,
    DEFAULT_COMPONENTS,
    Average,
    Method,
    PredictivityOptions,
    checked_predictivity,
    predictivity_score,
)
from probekit.measures.regression import Scoring
from probekit.statistics import FoldMoments, MomentsState
from probekit.statistics.folds import Folds
from probekit.variables import Variable

_METHODS = {"pls": "PLS", "linear": "least squares", "ridge": "ridge"}
_SCORINGS = {"correlation": "correlation", "r2": "R²"}


@dataclasses.dataclass(frozen=True, kw_only=True)
class LinearPredictivity(Readout):
    """How well a linear map of the first representation predicts the units of the second.

    As `probekit.measures.linear_predictivity`: the units of `layer_b`, or the columns of the
    feature, from `layer_a`, on folds of the examples that are scored.

    Parameters
    ----------
    method : {"pls", "linear", "ridge"}
        Partial least squares regression, least squares, or ridge regression.
    components : int
        Of PLS.
    penalties : tuple of float
        Of ridge: to choose from, by the other folds.
    folds : int or tuple of int
        Into how many folds examples fall, by a hash of their number; or the fold of each, as
        `probekit.CrossValidation.assigned` gives them for groups that are to stay together.
    standardised : bool
        Divide units by their standard deviations first.
    scoring : {"correlation", "r2"}
    multioutput : {"median", "uniform_average", "variance_weighted"}
        How units are averaged.
    name : str
        Name of the variable.
    """

    method: Method = "pls"
    components: int = DEFAULT_COMPONENTS
    penalties: tuple[float, ...] = DEFAULT_PENALTIES
    folds: Folds = DEFAULT_FOLDS
    standardised: bool = False
    scoring: Scoring = "correlation"
    multioutput: Average = "median"
    name: str = "linear_predictivity"
    kind = "similarity"
    references = (
        "Yamins et al. 2014, Performance-optimized hierarchical models predict neural responses in "
        "higher visual cortex; Schrimpf et al. 2018, Brain-Score"
    )

    def __post_init__(self) -> None:
        """Check the options."""
        check_choice("multioutput", self.multioutput, AVERAGES)
        self._checked()

    def _checked(self) -> PredictivityOptions:
        return checked_predictivity(
            self.method,
            self.components,
            self.penalties,
            self.folds,
            self.standardised,
            self.scoring,
            self.multioutput,
        )

    @property
    def invariances(self) -> frozenset[str]:
        """Standardised units are turned into others by a rotation."""
        if self.method == "linear":
            return frozenset({"translation", "scaling", "rotation", "permutation", "linear"})
        known = frozenset({"translation", "scaling", "permutation"})
        if self.standardised:
            return known
        # The ridge's penalty is relative to the mean unit, of which there are more.
        return known | ({"rotation", "embedding"} if self.method == "pls" else {"rotation"})

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The score."""
        scored, method = _SCORINGS[self.scoring], _METHODS[self.method]
        return (self._variable(f"linear predictivity ({method}, {scored})", RANGES[self.scoring]),)

    @property
    def statistic(self) -> FoldMoments:
        """Covariances of the units, and with those that are predicted, of each fold."""
        return FoldMoments(folds=self.folds, yy="diagonal")

    def narrowed(self, *, units: int, to: int) -> Estimator | None:
        """Return the same with penalties relative to the mean of fewer coordinates, if any."""
        if self.method != "ridge":
            return super().narrowed(units=units, to=to)
        if self.standardised:
            return None
        return dataclasses.replace(self, penalties=relative_to(self.penalties, to / units))

    def check_examples(self, *, fitted: int, scored: int) -> None:
        """Check that there is a fold for each example that is scored, if folds are named."""
        del fitted
        check_folds_of(self.folds, scored)

    def _score(self, state: MomentsState) -> Score:
        return predictivity_score(state, self._checked())
