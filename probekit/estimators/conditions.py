"""Dissimilarities of conditions, which a feature names."""

import dataclasses
from typing import Any, Literal

import jax
import jax.numpy as jnp

from probekit._checks import check_count
from probekit.estimators._conditions import OfConditions
from probekit.estimators._invariances import invariances_of_distances
from probekit.estimators._readout import reported
from probekit.measures.condition_scores import (
    CROSSED,
    WHITENING,
    ConditionMetric,
    Kept,
    Options,
    condition_score,
)
from probekit.measures.conditions import (
    DEFAULT_FOLDS,
    check_conditions,
    check_precision,
    mapped,
)
from probekit.measures.folds import check_folds_of
from probekit.measures.noise import Shrinkage
from probekit.measures.precision import check_rows, root_of_precision
from probekit.measures.rdm import DEFAULT_PRIOR, Prior, prior_of
from probekit.statistics import (
    FoldGroups,
    KeptGroups,
    KeptGroupsState,
    MappedGroups,
    MomentsState,
)
from probekit.statistics.folds import Folds, fold_count
from probekit.variables import Variable, reason_of_distance

_TRANSLATION = frozenset({"translation"})


@dataclasses.dataclass(frozen=True, kw_only=True)
class ConditionRDM(OfConditions):
    """Dissimilarity matrix of the conditions that a feature names, over all examples.

    As `probekit.measures.condition_rdm`, of the examples that are scored.

    Parameters
    ----------
    conditions : int, optional
        How many there are; the feature then holds the number of the condition, from 0, and other
        values make every entry NaN. Unless given, each value of a feature is a condition, in
        ascending order, if it has at most 10 of them, and else the lowest, middle and highest third
        of the fitted examples are. Features with fewer conditions than others have NaN for these.
        `probekit.run` finds them in the examples of its first seed.
    edges : tuple of tuple of float
        For each feature where conditions begin, but for the first; found as said, unless given.
    metric : {"crossnobis", "mahalanobis", "squared_mahalanobis", "euclidean", \
            "squared_euclidean", "correlation", "correlation_cv", "cosine", "poisson", \
            "poisson_cv"}
    folds : int or tuple of int
        For crossnobis, correlation_cv and poisson_cv: into how many folds examples fall, by a hash
        of their number; or the fold of each example that is scored, such as its run, as
        ``tuple(runs.tolist())``.
    shrinkage : float or {"diagonal", "identity"}
        How far the covariance within conditions is drawn to its diagonal; or what it is drawn to,
        as far as the data ask for (see `probekit.measures.noise_precision`).
    examples : int
        How many examples, at most, tell that, with covariances and means of all.
    precision : tuple of tuple of float or "identity", optional
        Taken for the inverse of that covariance instead, for layers with as many units: as
        ``tuple(map(tuple, matrix.tolist()))``. It becomes part of the `repr` of the estimator, by
        which histories tell what they hold, so it is for few units; of any number there is the
        identity.
    unbalanced : bool
        Of pairs of examples, each alike, and not of means in folds.
    prior_lambda, prior_weight : float
        For poisson and poisson_cv: see `probekit.measures.rdm`.
    name : str
        Name of the variable.
    """

    metric: ConditionMetric = "crossnobis"
    folds: Folds = DEFAULT_FOLDS
    shrinkage: Shrinkage = 0.0
    examples: int = 1024
    precision: tuple[tuple[float, ...], ...] | Literal["identity"] | None = None
    unbalanced: bool = False
    prior_lambda: float = DEFAULT_PRIOR.rate
    prior_weight: float = DEFAULT_PRIOR.weight
    name: str = "condition_rdm"
    kind = "encoding"

    def __post_init__(self) -> None:
        """Check the options."""
        super().__post_init__()
        check_conditions(self.metric, self.folds, self.shrinkage, self.unbalanced)
        check_precision(self.precision, self.metric)
        if self.precision is not None and not isinstance(self.precision, str):
            check_rows(self.precision)
        check_count("examples", self.examples, 2)
        prior_of(self.prior_lambda, self.prior_weight)

    @property
    def distinct(self) -> bool:
        """Copies look like further examples to a share of shrinkage that is estimated."""
        return isinstance(self.statistic, KeptGroups)

    @property
    def invariances(self) -> frozenset[str]:
        """Those of the distance."""
        if self.precision is not None:
            return (
                invariances_of_distances("euclidean")
                if self.precision == "identity"
                else _TRANSLATION
            )
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
                also_constant=reason_of_distance(self.metric).replace("example", "condition"),
            ),
        )

    @property
    def statistic(self) -> FoldGroups | KeptGroups | MappedGroups:
        """Means of the conditions and the scatter within them; examples, if they are needed."""
        moments = FoldGroups(groups=self.groups, folds=self._folds, edges=self.edges)
        if self._options.columns is not None:
            return mapped(moments, self._options.columns)
        estimated = self.metric in WHITENING and self.precision is None
        if estimated and isinstance(self.shrinkage, str):
            return KeptGroups(moments=moments, capacity=self.examples)
        return moments

    def check_examples(self, *, fitted: int, scored: int) -> None:
        """Check that there is a fold for each example that is scored, if folds are named."""
        del fitted
        check_folds_of(self.folds, scored)

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
            self._options,
            kept=kept,
            whiten=self._root(held_out.x_mean),
            some_absent=self.conditions is None,
        )
        return reported(self.name, score)

    @property
    def _options(self) -> Options:
        return Options(
            self.groups,
            self.metric,
            fold_count(self._folds),
            self.shrinkage,
            self.unbalanced,
            Prior(float(self.prior_lambda), float(self.prior_weight)),
        )

    def _root(self, mean: jax.Array) -> jax.Array | None:
        """Return the root of the precision that is given, for these units."""
        if self.precision is None:
            return None
        if isinstance(self.precision, str):
            return jnp.eye(len(mean), dtype=mean.dtype)
        return root_of_precision(self.precision, mean[None, :])

    @property
    def _folds(self) -> Folds:
        return self.folds if self.metric in CROSSED else 1
