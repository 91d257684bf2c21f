"""Dissimilarities of conditions, which a feature names."""

import dataclasses
from collections.abc import Mapping
from typing import Any, Self

import jax
import numpy as np

from probekit._checks import check_at_least
from probekit.errors import OptionError
from probekit.estimators._invariances import invariances_of_distances
from probekit.estimators._protocol import Estimator
from probekit.estimators._readout import reported
from probekit.measures.conditions import (
    CROSSED,
    DEFAULT_CONDITIONS,
    DEFAULT_FOLDS,
    WHITENING,
    ConditionMetric,
    Kept,
    check_conditions,
    condition_score,
    conditions_in,
)
from probekit.measures.noise import Shrinkage
from probekit.measures.rdm import PRIOR, Prior, prior_of
from probekit.statistics import FoldGroups, KeptGroups, KeptGroupsState, MomentsState
from probekit.variables import Variable


@dataclasses.dataclass(frozen=True, kw_only=True)
class ConditionRDM(Estimator):
    """Dissimilarity matrix of the conditions that a feature names, over all examples.

    As `probekit.measures.condition_rdm`, of the examples that are scored.

    Parameters
    ----------
    conditions : int, optional
        How many there are; the feature then holds the number of the condition, from 0, and other
        values make every entry NaN. Unless given, each value of a feature is a condition, in
        ascending order, if it has at most 10 of them, and else the lowest, middle and highest third
        of the fitted examples are. Features with fewer conditions than others have NaN for these.
        (`probekit.run` does not know the values before: up to 3 conditions, by their numbers.)
    edges : tuple of tuple of float
        For each feature where conditions begin, but for the first; found as said, unless given.
    metric : {"crossnobis", "mahalanobis", "squared_mahalanobis", "euclidean", \
            "squared_euclidean", "correlation", "cosine", "poisson", "poisson_cv"}
    folds : int
        For crossnobis and poisson_cv.
    shrinkage : float or {"diagonal", "identity"}
        How far the covariance within conditions is drawn to its diagonal; or what it is drawn to,
        as far as the data ask for (see `probekit.measures.noise_precision`).
    examples : int
        How many examples, at most, tell that, with covariances and means of all.
    prior_lambda, prior_weight : float
        For poisson and poisson_cv: see `probekit.measures.rdm`.
    name : str
        Name of the variable.
    """

    conditions: int | None = None
    edges: tuple[tuple[float, ...], ...] = ()
    metric: ConditionMetric = "crossnobis"
    folds: int = DEFAULT_FOLDS
    shrinkage: Shrinkage = 0.0
    examples: int = 1024
    prior_lambda: float = PRIOR.rate
    prior_weight: float = PRIOR.weight
    name: str = "condition_rdm"
    kind = "encoding"

    def __post_init__(self) -> None:
        """Check the options."""
        if self.conditions is not None:
            check_at_least("conditions", self.conditions, 2)
            if self.edges:
                raise OptionError("conditions, edges: give one of them.")
        check_conditions(self.metric, self.folds, self.shrinkage)
        check_at_least("examples", self.examples, 2)
        prior_of(self.prior_lambda, self.prior_weight)

    @property
    def distinct(self) -> bool:
        """Copies look like further examples to a share of shrinkage that is estimated."""
        return isinstance(self.statistic, KeptGroups)

    @property
    def invariances(self) -> frozenset[str]:
        """Those of the distance."""
        if self.metric not in WHITENING:
            return invariances_of_distances(self.metric)
        linear = {"linear", "rotation"} if self.shrinkage == 0 else set()
        if self.shrinkage == "identity":
            linear = {"rotation"}
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
    def statistic(self) -> FoldGroups | KeptGroups:
        """Means of the conditions and the scatter within them; examples, if they are needed."""
        moments = FoldGroups(groups=self._groups, folds=self._folds, edges=self.edges)
        if self.metric in WHITENING and isinstance(self.shrinkage, str):
            return KeptGroups(moments=moments, capacity=self.examples)
        return moments

    def adapted(self, features: Mapping[str, np.ndarray]) -> Self:
        """Find what conditions there are in each feature, unless that is given."""
        if self.conditions is not None or self.edges:
            return self
        edges = tuple(conditions_in(values[:, 0]) for values in features.values())
        return dataclasses.replace(self, edges=edges)

    def compute(  # noqa: D102
        self, fit: Any, held_out: MomentsState | KeptGroupsState
    ) -> dict[str, jax.Array]:
        del fit
        kept = None
        if isinstance(held_out, KeptGroupsState):
            own = held_out.examples
            kept, held_out = Kept(own.x, own.y[:, 0], own.weight), held_out.moments
        score = condition_score(
            held_out,
            metric=self.metric,
            folds=self._folds,
            shrinkage=self.shrinkage,
            kept=kept,
            prior=Prior(float(self.prior_lambda), float(self.prior_weight)),
            some_absent=self.conditions is None,
        )
        return reported(self.name, score)

    @property
    def _groups(self) -> int:
        if self.edges:
            return max(2, 1 + max(map(len, self.edges)))
        return self.conditions or DEFAULT_CONDITIONS

    @property
    def _folds(self) -> int:
        return self.folds if self.metric in CROSSED else 1
