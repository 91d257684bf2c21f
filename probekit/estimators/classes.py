"""How classes, which a feature names, lie in a representation."""

import dataclasses

from probekit._checks import check_choice
from probekit.estimators._invariances import invariances_of_distances
from probekit.estimators._readout import OfExamples
from probekit.measures import Score
from probekit.measures.rdm import Metric
from probekit.measures.silhouette import SEPARATION_METRICS, silhouette_score
from probekit.statistics import ExamplesState
from probekit.variables import Variable, reason_of_distance


@dataclasses.dataclass(frozen=True, kw_only=True)
class Silhouette(OfExamples):
    """How much nearer examples lie to their own class than to others.

    As `probekit.measures.silhouette`, of `examples` examples of those that are scored.

    Parameters
    ----------
    metric : {"euclidean", "squared_euclidean", "cosine"}
        The distance of two examples.
    examples : int
        How many examples are kept.
    name : str
        Name of the variable.
    """

    metric: Metric = "euclidean"
    name: str = "silhouette"
    kind = "encoding"
    least_examples = 3
    distinct = True
    references = "Rousseeuw 1987, Silhouettes: a graphical aid"

    def __post_init__(self) -> None:
        """Check the options."""
        check_choice("metric", self.metric, SEPARATION_METRICS)
        super().__post_init__()

    @property
    def invariances(self) -> frozenset[str]:
        """Those of the distance."""
        return invariances_of_distances(self.metric, up_to_scale=True)

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The silhouette."""
        reasons = ["a feature of one class", reason_of_distance(self.metric)]
        return (
            self._variable(
                f"silhouette of classes ({self.metric})",
                (-1.0, 1.0),
                also_constant=" or ".join(filter(None, reasons)),
            ),
        )

    def _score(self, state: ExamplesState) -> Score:
        return silhouette_score(state, metric=self.metric)
