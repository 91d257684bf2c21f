"""Encoding by all features at once, the variance that they explain divided among them."""

import dataclasses

import jax

from probekit.estimators._all_features import OfAllFeatures
from probekit.estimators._readout import reported
from probekit.measures import Score
from probekit.measures.columns import Columns
from probekit.measures.commonality import check_features
from probekit.measures.regression import Averaged
from probekit.measures.shares import relative_weights_score, shapley_score
from probekit.statistics import MomentsState
from probekit.variables import UNBOUNDED, Variable


@dataclasses.dataclass(frozen=True, kw_only=True)
class ShapleyR2(OfAllFeatures):
    """Explained variance divided among the features: what each adds, on average over all orders.

    As `probekit.measures.shapley_r2`, for at most 10 features.

    Parameters
    ----------
    multioutput : {"uniform_average", "variance_weighted"}
        Mean over units, or share of the total variance.
    name : str
        Name of the variable.
    """

    multioutput: Averaged = "uniform_average"
    name: str = "shapley_r2"

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The shares, with the axis ``feature``."""
        return (
            Variable(
                self.name,
                dims=("feature",),
                long_name="Shapley share of the variance explained (R², LMG)",
                valid_range=UNBOUNDED,
                references="Lindeman, Merenda and Gold 1980; Budescu 1993, Dominance analysis",
            ),
        )

    def compute(  # type: ignore[override]  # noqa: D102
        self, fit: MomentsState, held_out: MomentsState, *, columns: Columns
    ) -> dict[str, jax.Array]:
        check_features(len(columns))
        found = shapley_score(fit, held_out, columns, multioutput=self.multioutput)
        return reported(self.name, found)


@dataclasses.dataclass(frozen=True, kw_only=True)
class RelativeWeights(OfAllFeatures):
    """Explained variance divided among the features, by way of orthogonal variables.

    As `probekit.measures.relative_weights`, fitted and scored on the examples that are scored. The
    weights of a feature of several columns are added up.

    Parameters
    ----------
    multioutput : {"uniform_average", "variance_weighted"}
        Mean over units, or share of the total variance.
    name : str
        Name of the variable.
    """

    multioutput: Averaged = "uniform_average"
    name: str = "relative_weights"

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The weights, with the axis ``feature``."""
        return (
            Variable(
                self.name,
                dims=("feature",),
                long_name="relative weight in the variance explained (R²)",
                valid_range=(0.0, 1.0),
                references="Johnson 2000, A heuristic method for estimating the relative weight of "
                "predictor variables in multiple regression",
            ),
        )

    def compute(  # type: ignore[override]  # noqa: D102
        self, fit: MomentsState, held_out: MomentsState, *, columns: Columns
    ) -> dict[str, jax.Array]:
        del fit
        found: Score = relative_weights_score(held_out, columns, multioutput=self.multioutput)
        return reported(self.name, found)
