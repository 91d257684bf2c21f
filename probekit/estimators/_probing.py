"""What estimators have in common that fit a probe to examples, on the host."""

from collections.abc import Mapping
from typing import ClassVar

from probekit._checks import check_choice, check_count
from probekit.estimators._protocol import Estimator
from probekit.measures.decoders import METRICS, Metric, check_probe
from probekit.measures.probes import Options
from probekit.statistics import Examples

_KNOWN = frozenset({"translation", "scaling", "rotation", "permutation"})


class OfProbe(Estimator):
    """Fits a probe to the examples that were kept; abstract.

    A final class declares `probe`, `metric`, `options` and `examples`, as fields or attributes;
    `metric` is what the probe must be able to give.
    """

    kind = "decoding"
    traceable = False
    references: ClassVar[str] = ""
    probe: str
    metric: Metric
    options: Options
    examples: int

    def __post_init__(self) -> None:
        """Check the options."""
        check_choice("metric", self.metric, METRICS)
        check_probe(self.probe, self.metric)
        check_count("examples", self.examples, 2)

    @property
    def invariances(self) -> frozenset[str]:
        """A perceptron starts from random weights; of a stranger nothing is known."""
        return _KNOWN if self.probe in ("logistic", "ridge", "knn") else frozenset()

    def predictors(self, *, units: int, columns: Mapping[str, int]) -> int:
        """Count the units for a linear probe; others may learn each example by heart."""
        linear = super().predictors(units=units, columns=columns)
        return linear if self.probe in ("logistic", "ridge") else min(linear, 1) * self.examples

    @property
    def statistic(self) -> Examples:
        """The examples."""
        return Examples(capacity=self.examples)
