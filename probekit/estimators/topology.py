"""Similarity by topology: at which scales the examples hang together."""

import dataclasses

from probekit.estimators._readout import OfExamples
from probekit.measures import Score
from probekit.measures.topology import topology_score
from probekit.statistics import ExamplesState
from probekit.variables import AT_LEAST_0, Variable


@dataclasses.dataclass(frozen=True, kw_only=True)
class RTD(OfExamples):
    """Representation topology divergence (RTD): how differently the examples cluster.

    As `probekit.measures.rtd`, of `examples` examples; needs gudhi
    (``probekit[topology]``).

    Parameters
    ----------
    examples : int
        How many examples are kept; the divergence grows with them, and the time with their cube.
    name : str
        Name of the variable.
    """

    examples: int = 128
    name: str = "rtd"
    kind = "similarity"
    least_examples = 3
    symmetric = True
    distinct = True
    traceable = False
    invariances = frozenset({"translation", "scaling", "rotation", "permutation"})
    references = "Barannikov et al. 2022, Representation topology divergence"

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The divergence."""
        return (
            self._variable("representation topology divergence", AT_LEAST_0, lower_is_better=True),
        )

    def _score(self, state: ExamplesState) -> Score:
        return topology_score(state)
