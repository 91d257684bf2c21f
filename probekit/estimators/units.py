"""Sparsity, and how features lie among the units."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import jax

from probekit._checks import check_choice, check_count
from probekit.estimators._protocol import Estimator
from probekit.estimators._readout import OfExamples, Readout, reported
from probekit.measures import Score
from probekit.measures.columns import Columns
from probekit.measures.feature_directions import (
    DEFAULT_COMPONENTS,
    alignment_score,
    angles_score,
)
from probekit.measures.units import (
    DEFAULT_THRESHOLD,
    SPARSITIES,
    check_threshold,
    selectivity_score,
    sparsity_score,
)
from probekit.measures.units import Sparsity as SparsityMeasure
from probekit.statistics import ExamplesState, Moments, MomentsState
from probekit.variables import Variable


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sparsity(OfExamples):
    """How few units carry each example, averaged over examples.

    As `probekit.measures.sparsity`, of `examples` examples.

    Parameters
    ----------
    measure : {"treves_rolls", "hoyer"}
        Treves and Rolls' of absolute activations, or Hoyer's.
    examples : int
        How many examples are kept.
    name : str
        Name of the variable.
    """

    measure: SparsityMeasure = "treves_rolls"
    name: str = "sparsity"
    kind = "geometry"
    invariances = frozenset({"scaling", "permutation"})
    references = "Treves and Rolls 1991; Vinje and Gallant 2000; Hoyer 2004"

    def __post_init__(self) -> None:
        """Check the options."""
        check_choice("measure", self.measure, SPARSITIES)
        super().__post_init__()

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The sparsity."""
        return (self._variable(f"population sparsity ({self.measure})", (0.0, 1.0)),)

    def _score(self, state: ExamplesState) -> Score:
        return sparsity_score(state, measure=self.measure)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Selectivity(Estimator):
    """Fraction of units of which a feature explains enough.

    As `probekit.measures.selectivity`; fitted on one split and scored on the other.

    Parameters
    ----------
    threshold : float
        The R² from which on a unit counts as selective.
    name : str
        Name of the variable.
    """

    threshold: float = DEFAULT_THRESHOLD
    name: str = "selectivity"
    kind = "encoding"
    invariances = frozenset({"translation", "scaling", "permutation"})

    def __post_init__(self) -> None:
        """Check the options."""
        check_threshold(self.threshold)

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The fraction."""
        return (
            Variable(
                self.name,
                long_name=f"fraction of units with R² of at least {self.threshold:g}",
                valid_range=(0.0, 1.0),
            ),
        )

    @property
    def statistic(self) -> Moments:
        """Variances of the units, covariances with and among the features."""
        return Moments(xx="diagonal")

    def compute(  # noqa: D102
        self, fit: MomentsState, held_out: MomentsState
    ) -> dict[str, jax.Array]:
        return reported(self.name, selectivity_score(fit, held_out, threshold=self.threshold))


@dataclasses.dataclass(frozen=True, kw_only=True)
class FeatureAngles(Estimator):
    """Angles between the directions of all features in the representation.

    As `probekit.measures.feature_angles`; of a feature with several columns, the smallest angle to
    the plane that they span.

    Parameters
    ----------
    name : str
        Name of the variable.
    """

    name: str = "feature_angles"
    kind = "geometry"
    joint = True
    invariances = frozenset({"translation", "scaling", "rotation", "embedding", "permutation"})

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The angles, with the axes ``feature`` and ``other_feature``."""
        return (
            Variable(
                self.name,
                dims=("feature", "other_feature"),
                long_name="angle between feature directions",
                units="degree",
                valid_range=(0.0, 180.0),
                references="Bernardi et al. 2020, The geometry of abstraction",
            ),
        )

    def labels(self, features: Sequence[str]) -> dict[str, list[str]]:
        """Name the features of the second axis too."""
        return {"other_feature": [*features]}

    @property
    def statistic(self) -> Moments:
        """Covariances with the features."""
        return Moments(xx="diagonal", yy="diagonal")

    def compute(  # type: ignore[override]  # noqa: D102
        self, fit: Any, held_out: MomentsState, *, columns: Columns
    ) -> dict[str, jax.Array]:
        del fit
        return reported(self.name, angles_score(held_out, columns))


@dataclasses.dataclass(frozen=True, kw_only=True)
class ComponentAlignment(Readout):
    """Share of a feature's direction in the leading principal components.

    As `probekit.measures.component_alignment`, of the examples that are scored.

    Parameters
    ----------
    components : int
        How many leading principal components.
    name : str
        Name of the variable.
    """

    components: int = DEFAULT_COMPONENTS
    name: str = "component_alignment"
    kind = "encoding"
    invariances = frozenset({"translation", "scaling", "rotation", "embedding", "permutation"})
    references = "Bernardi et al. 2020, The geometry of abstraction"

    def __post_init__(self) -> None:
        """Check the options."""
        check_count("components", self.components, 1)

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The share."""
        return (
            self._variable(
                f"feature direction within the first {self.components} components", (0.0, 1.0)
            ),
        )

    @property
    def statistic(self) -> Moments:
        """Covariances of the units, and with the features."""
        return Moments(yy="diagonal")

    def _score(self, state: MomentsState) -> Score:
        return alignment_score(state, components=self.components)
