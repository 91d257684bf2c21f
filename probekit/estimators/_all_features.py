"""What estimators of all features at once have in common."""

from collections.abc import Mapping

from probekit.estimators._invariances import invariances_of_average
from probekit.estimators._protocol import Estimator
from probekit.measures.partition import BY_UNIT, check_averaged
from probekit.measures.regression import BANDED, MultiOutput, check_not_exact
from probekit.statistics import Moments


class OfAllFeatures(Estimator):
    """A score of each unit on all features, averaged over the units; abstract.

    A final class declares `multioutput` as a field.
    """

    kind = "encoding"
    joint = True
    multioutput: MultiOutput

    def __post_init__(self) -> None:
        """Check the options."""
        check_averaged(self.multioutput)

    @property
    def invariances(self) -> frozenset[str]:
        """A rotation changes the mean over units, but not the share of the total variance."""
        return invariances_of_average(self.multioutput)

    @property
    def statistic(self) -> Moments:
        """Variances of the units, covariances with and among the features."""
        return BY_UNIT

    def predictors(self, *, units: int, columns: Mapping[str, int]) -> int:
        """Count the columns of all features."""
        del units
        return sum(columns.values())

    def check_sizes(
        self, *, examples: int, layer: str, units: int, columns: Mapping[str, int]
    ) -> None:
        del layer, units
        check_not_exact("features", "columns", sum(columns.values()), examples, BANDED)
