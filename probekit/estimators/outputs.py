"""Functional similarity: how alike the predictions of two models are."""

import dataclasses

from probekit.estimators._readout import Readout
from probekit.measures import Score
from probekit.measures.outputs import disagreement_score, divergence_score
from probekit.statistics import OutputDifferences, OutputsState
from probekit.variables import Variable


@dataclasses.dataclass(frozen=True, kw_only=True)
class JensenShannonDivergence(Readout):
    """Mean Jensen-Shannon divergence of predictions, of layers that hold logits.

    As `probekit.measures.jensen_shannon_divergence`, of two models or of a model and labels, which
    are a feature of one column.

    Parameters
    ----------
    probabilities : bool
        Whether the layer holds probabilities and not logits.
    distance : bool
        The mean of the square roots, a metric.
    name : str
        Name of the variable.
    """

    probabilities: bool = False
    distance: bool = False
    name: str = "jensen_shannon_divergence"
    kind = "similarity"
    symmetric = True
    references = "Lin 1991, Divergence measures based on the Shannon entropy"

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The divergence, which has units, or the distance."""
        long_name, units = "Jensen-Shannon divergence of predictions", "bit"
        if self.distance:
            long_name, units = "Jensen-Shannon distance of predictions", "1"
        return (self._variable(long_name, (0.0, 1.0), units=units, lower_is_better=True),)

    @property
    def statistic(self) -> OutputDifferences:
        """Sums of what predictions differ by."""
        return OutputDifferences(probabilities=self.probabilities)

    def _score(self, state: OutputsState) -> Score:
        return divergence_score(state, distance=self.distance)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Disagreement(Readout):
    """Share of examples for which different classes are predicted, of layers that hold logits.

    As `probekit.measures.disagreement`, of two models or of a model and labels, which are a feature
    of one column: the error rate.

    Parameters
    ----------
    name : str
        Name of the variable.
    """

    name: str = "disagreement"
    kind = "similarity"
    symmetric = True
    invariances = frozenset({"scaling"})
    references = (
        "Klabunde et al. 2023, Similarity of neural network models: a survey of functional and "
        "representational measures"
    )

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The share."""
        return (self._variable("disagreement of predictions", (0.0, 1.0), lower_is_better=True),)

    @property
    def statistic(self) -> OutputDifferences:
        """Sums of what predictions differ by."""
        return OutputDifferences()

    def _score(self, state: OutputsState) -> Score:
        return disagreement_score(state)
