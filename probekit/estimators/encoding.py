"""Encoding: how much of a representation a feature explains."""

import dataclasses
from collections.abc import Mapping

import jax

from probekit._checks import check_choice
from probekit.estimators._invariances import invariances_of_average
from probekit.estimators._protocol import Estimator
from probekit.estimators._readout import reported
from probekit.measures.regression import (
    MULTIOUTPUT,
    RIDGE,
    MultiOutput,
    check_not_exact,
    encoding_score,
)
from probekit.statistics import Moments, MomentsState
from probekit.variables import AT_MOST_1, Variable


@dataclasses.dataclass(frozen=True, kw_only=True)
class LinearR2(Estimator):
    """Share of the representation's variance that a feature explains, by linear regression.

    Fitted on one split and scored on the other as `probekit.measures.linear_r2` does, and as
    ``LinearRegression().fit(feature, representation).score(...)`` of scikit-learn.

    Parameters
    ----------
    multioutput : {"uniform_average", "variance_weighted", "raw_values"}
        Mean over units; share of the total variance; or each unit on its own. A unit that is
        constant, a dead one say, counts 1 where it is predicted exactly, as in scikit-learn, and
        the status is ``constant_unit``; in a share of the total variance it counts nothing.
    name : str
        Name of the variable.

    Examples
    --------
    >>> LinearR2(multioutput="variance_weighted")
    LinearR2(multioutput='variance_weighted', name='linear_r2')
    """

    multioutput: MultiOutput = "uniform_average"
    name: str = "linear_r2"
    kind = "encoding"

    def __post_init__(self) -> None:
        """Check the options."""
        check_choice("multioutput", self.multioutput, MULTIOUTPUT)

    @property
    def invariances(self) -> frozenset[str]:
        """Those of the average over units."""
        return invariances_of_average(self.multioutput)

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The score, with the axis ``unit`` for raw values."""
        return (
            Variable(
                self.name,
                dims=("unit",) if self.multioutput == "raw_values" else (),
                long_name="variance explained by the feature (R²)",
                valid_range=AT_MOST_1,
                references="Lampinen, Chan and Hermann 2024, arXiv 2405.05847",
            ),
        )

    @property
    def statistic(self) -> Moments:
        """Variances of the units, covariances with and among the features."""
        return Moments(xx="diagonal")

    def predictors(self, *, units: int, columns: Mapping[str, int]) -> int:
        """Count the columns of a feature."""
        del units
        return max(columns.values(), default=0)

    def check_sizes(  # noqa: D102
        self, *, examples: int, layer: str, units: int, columns: Mapping[str, int]
    ) -> None:
        del layer, units
        for feature, width in columns.items():
            check_not_exact(f"features[{feature!r}]", "columns", width, examples, RIDGE)

    def compute(self, fit: MomentsState, held_out: MomentsState) -> dict[str, jax.Array]:  # noqa: D102
        return reported(self.name, encoding_score(fit, held_out, multioutput=self.multioutput))
