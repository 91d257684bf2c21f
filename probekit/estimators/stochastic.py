"""Similarity of networks that respond with noise."""

import dataclasses

from probekit._checks import check_count
from probekit.estimators._readout import Readout
from probekit.measures import Score
from probekit.measures.stochastic import check_ground, stochastic_shape_score
from probekit.statistics import ConditionMoments, MomentsState
from probekit.statistics.conditions import check_conditions
from probekit.variables import AT_LEAST_0, Variable


@dataclasses.dataclass(frozen=True, kw_only=True)
class StochasticShapeDistance(Readout):
    """Stochastic shape distance of networks that are presented with conditions again and again.

    As `probekit.measures.stochastic_shape_distance` with ``ground="wasserstein"``. Which condition
    an example presents is told by its number, from 0, in the order of the inputs, as
    `probekit.compare` has no labels: with a number of `conditions` alone, all are presented in turn
    (``np.tile(inputs, …)``); with `in_a_row`, so many times in a row (``np.repeat``); with a tuple,
    in any other order.

    Parameters
    ----------
    conditions : int or tuple of int
        How many conditions there are; of one, all examples are presentations. Or the condition of
        each example: ``tuple(labels.tolist())``.
    in_a_row : int
        How many presentations of a condition follow each other.
    alpha : float
        From 0 (covariances alone) over 1 (2-Wasserstein distance) to 2 (means alone).
    restarts : int
        How many pairs of random rotations are begun with.
    name : str
        Name of the variable.
    """

    conditions: int | tuple[int, ...] = 1
    in_a_row: int = 1
    alpha: float = 1.0
    restarts: int = 0
    name: str = "stochastic_shape_distance"
    kind = "similarity"
    symmetric = True
    traceable = False
    invariances = frozenset({"translation", "rotation", "embedding", "permutation"})
    references = (
        "Duong et al. 2023, Representational dissimilarity metric spaces for stochastic neural "
        "networks"
    )

    def __post_init__(self) -> None:
        """Check the options."""
        check_conditions(self.conditions)
        check_count("in_a_row", self.in_a_row, 1)
        check_ground("wasserstein", self.alpha, self.restarts)

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The distance."""
        long_name = f"stochastic shape distance (alpha {self.alpha:g})"
        return (self._variable(long_name, AT_LEAST_0, lower_is_better=True),)

    @property
    def statistic(self) -> ConditionMoments:
        """Means and covariances of the presentations of each condition."""
        return ConditionMoments(conditions=self.conditions, in_a_row=self.in_a_row)

    def _score(self, state: MomentsState) -> Score:
        return stochastic_shape_score(state, alpha=self.alpha, restarts=self.restarts)
