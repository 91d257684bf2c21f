"""Dissimilarities of conditions, which a feature names."""

import dataclasses
from typing import Any

import jax

from probekit._checks import check_at_least
from probekit.estimators._invariances import invariances_of_distances
from probekit.estimators._protocol import Estimator
from probekit.estimators._readout import reported
from probekit.measures.conditions import (
    CROSSED,
    DEFAULT_FOLDS,
    WHITENING,
    ConditionMetric,
    check_conditions,
    condition_score,
)
from probekit.statistics import FoldGroups, MomentsState
from probekit.variables import Variable


@dataclasses.dataclass(frozen=True, kw_only=True)
class ConditionRDM(Estimator):
    """Dissimilarity matrix of the conditions that a feature names, over all examples.

    As `probekit.measures.condition_rdm`, of the examples that are scored. The feature holds the
    number of the condition, from 0; other values make every entry NaN.

    Parameters
    ----------
    conditions : int
        How many conditions there are.
    metric : {"crossnobis", "mahalanobis", "squared_mahalanobis", "euclidean", \
            "squared_euclidean", "correlation", "cosine", "poisson", "poisson_cv"}
    folds : int
        For crossnobis and poisson_cv.
    shrinkage : float
        How far the covariance within conditions is drawn to its diagonal.
    name : str
        Name of the variable.
    """

    conditions: int = 3
    metric: ConditionMetric = "crossnobis"
    folds: int = DEFAULT_FOLDS
    shrinkage: float = 0.0
    name: str = "condition_rdm"
    kind = "encoding"

    def __post_init__(self) -> None:
        """Check the options."""
        check_at_least("conditions", self.conditions, 2)
        check_conditions(self.metric, self.folds, self.shrinkage)

    @property
    def invariances(self) -> frozenset[str]:
        """Those of the distance."""
        if self.metric not in WHITENING:
            return invariances_of_distances(self.metric)
        linear = {"linear", "rotation"} if self.shrinkage == 0 else set()
        return frozenset({"translation", "scaling", "permutation", *linear})

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The matrix, with the axes ``condition`` and ``other_condition``."""
        low = -float("inf") if self.metric in CROSSED else 0.0
        high = 2.0 if self.metric in ("correlation", "cosine") else float("inf")
        return (
            Variable(
                self.name,
                dims=("condition", "other_condition"),
                long_name=f"dissimilarity of conditions ({self.metric})",
                valid_range=(low, high),
                references="Walther et al. 2016, Reliability of dissimilarity measures for "
                "multi-voxel pattern analysis",
            ),
        )

    @property
    def statistic(self) -> FoldGroups:
        """Means of the conditions and the scatter within them."""
        return FoldGroups(groups=self.conditions, folds=self._folds)

    def compute(self, fit: Any, held_out: MomentsState) -> dict[str, jax.Array]:  # noqa: D102
        del fit
        score = condition_score(
            held_out, metric=self.metric, folds=self._folds, shrinkage=self.shrinkage
        )
        return reported(self.name, score)

    @property
    def _folds(self) -> int:
        return self.folds if self.metric in CROSSED else 1
