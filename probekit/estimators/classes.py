"""How classes, which a feature names, lie in a representation."""

import dataclasses
from typing import Any

import jax

from probekit._checks import check_choice, check_count, check_positive
from probekit.estimators._conditions import OfConditions
from probekit.estimators._invariances import invariances_of_distances
from probekit.estimators._readout import OfExamples, reported
from probekit.measures import Score
from probekit.measures.class_selectivity import (
    Index,
    OverUnits,
    check_index,
    class_selectivity_score,
)
from probekit.measures.collapse import collapse_scores
from probekit.measures.discriminant_rank import DEFAULT_PENALTY, lidar_score
from probekit.measures.discrimination import area_score, sensitivity_score
from probekit.measures.neighbour_ranks import NeighbourMetric, check_nearness
from probekit.measures.neighbourhood_hit import DEFAULT_HITS, neighbourhood_hit_score
from probekit.measures.silhouette import SEPARATION_METRICS, SeparationMetric, silhouette_score
from probekit.statistics import ExamplesState, GroupMoments, GroupMomentsState, LabelledExamples
from probekit.statistics.groups import Within
from probekit.variables import ALL_DIFFER, AT_LEAST_0, Variable, reason_of_distance

# index -> long name, range, source, what else than one class leaves it undefined
_INDICES = {
    "contrast": (
        "class selectivity index",
        (0.0, 1.0),
        "Morcos et al. 2018, On the importance of single directions",
        "",
    ),
    "d_prime": (
        "sensitivity index (d′) of a class against the rest",
        AT_LEAST_0,
        "Green and Swets 1966, Signal detection theory and psychophysics",
        ", or a unit that does not vary within classes",
    ),
    "auc": (
        "area under the ROC curve of a class against the rest",
        (0.5, 1.0),
        "Hanley and McNeil 1982, The meaning and use of the area under a ROC curve",
        "",
    ),
}


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

    metric: SeparationMetric = "euclidean"
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
                also_few=ALL_DIFFER,
            ),
        )

    def _score(self, state: ExamplesState) -> Score:
        return silhouette_score(state, metric=self.metric)


@dataclasses.dataclass(frozen=True, kw_only=True)
class NeighbourhoodHit(OfExamples):
    """Share of the nearest neighbours that are of the same class.

    As `probekit.measures.neighbourhood_hit`, of `examples` examples of those that are scored.

    Parameters
    ----------
    neighbours : int
        How many.
    metric : {"euclidean", "cosine"}
        What is near.
    examples : int
        How many examples are kept.
    name : str
        Name of the variable.
    """

    neighbours: int = DEFAULT_HITS
    metric: NeighbourMetric = "euclidean"
    name: str = "neighbourhood_hit"
    kind = "encoding"
    least_examples = 3
    distinct = True
    references = "Paulovich et al. 2008, Least square projection"

    def __post_init__(self) -> None:
        """Check the options."""
        check_nearness(self.neighbours, self.metric)
        super().__post_init__()

    @property
    def invariances(self) -> frozenset[str]:
        """Those of the distance."""
        return invariances_of_distances(self.metric, up_to_scale=True)

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The share."""
        reasons = ["a feature of one class", reason_of_distance(self.metric)]
        return (
            self._variable(
                f"share of {self.neighbours} nearest neighbours of the same class",
                (0.0, 1.0),
                also_constant=", or ".join(filter(None, reasons)),
                also_few=ALL_DIFFER,
            ),
        )

    def _score(self, state: ExamplesState) -> Score:
        return neighbourhood_hit_score(state, neighbours=self.neighbours, metric=self.metric)


@dataclasses.dataclass(frozen=True, kw_only=True)
class NeuralCollapse(OfConditions):
    """How far classes are from having collapsed to the corners of a simplex.

    As `probekit.measures.neural_collapse`, of all examples that are scored: the variability within
    classes against that between them (NC1), and as ``<name>_norms`` and ``<name>_angles`` how
    unequal classes are in their distance from the centre and in their angles (NC2).

    Parameters
    ----------
    conditions : int, optional
        How many classes there are; the feature then holds the number of the class, from 0, and
        other values make every score NaN. Unless given, each value of a feature is a class if it
        has at most 10 of them, and else the lowest, middle and highest third of the fitted examples
        are. `probekit.run` finds them in the examples of its first seed.
    edges : tuple of tuple of float
        For each feature where classes begin, but for the first; found as said, unless given.
    name : str
        Name of the first variable.
    """

    name: str = "neural_collapse"
    kind = "encoding"
    invariances = frozenset({"translation", "scaling", "rotation", "embedding", "permutation"})

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The three of them; all are 0 in the end."""
        names = {
            self.name: "variability within classes (NC1)",
            f"{self.name}_norms": "inequality of the classes' distances from the centre (NC2)",
            f"{self.name}_angles": "deviation of the classes' angles from the widest (NC2)",
        }
        return tuple(
            Variable(
                name,
                long_name=long_name,
                valid_range=AT_LEAST_0 if name != f"{self.name}_angles" else (0.0, 2.0),
                references="Papyan, Han and Donoho 2020, Prevalence of neural collapse",
                lower_is_better=True,
                also_constant="a feature of one class, or classes of one mean",
            )
            for name, long_name in names.items()
        )

    @property
    def statistic(self) -> GroupMoments:
        """Means of the classes and the scatter within them."""
        return GroupMoments(groups=self.groups, within="full", edges=self.edges)

    def compute(self, fit: Any, held_out: GroupMomentsState) -> dict[str, jax.Array]:  # noqa: D102
        del fit
        found: dict[str, jax.Array] = {}
        for variable, score in zip(self.variables, collapse_scores(held_out), strict=True):
            found |= reported(variable.name, score)
        return found


@dataclasses.dataclass(frozen=True, kw_only=True)
class LiDAR(OfConditions):
    """Effective rank of what tells classes apart: in how many directions they differ.

    As `probekit.measures.lidar`, of all examples that are scored.

    Parameters
    ----------
    penalty : float
        What is added to the covariance within classes, as a share of the variance in it.
    conditions : int, optional
        How many classes there are; the feature then holds the number of the class, from 0, and
        other values make the score NaN. Unless given, each value of a feature is a class if it has
        at most 10 of them, and else the lowest, middle and highest third of the fitted examples
        are. `probekit.run` finds them in the examples of its first seed.
    edges : tuple of tuple of float
        For each feature where classes begin, but for the first; found as said, unless given.
    name : str
        Name of the variable.
    """

    penalty: float = DEFAULT_PENALTY
    name: str = "lidar"
    kind = "encoding"
    invariances = frozenset({"translation", "scaling", "rotation", "embedding", "permutation"})

    def __post_init__(self) -> None:
        """Check the options."""
        super().__post_init__()
        check_positive("penalty", self.penalty)

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The rank."""
        return (
            Variable(
                self.name,
                long_name="effective rank of what tells classes apart (LiDAR)",
                valid_range=(1.0, float("inf")),
                references="Thilak et al. 2024, LiDAR: sensing linear probing performance",
                also_constant="a feature of one class, or classes of one mean or without spread",
            ),
        )

    @property
    def statistic(self) -> GroupMoments:
        """Means of the classes and the scatter within them."""
        return GroupMoments(groups=self.groups, within="full", edges=self.edges)

    def compute(self, fit: Any, held_out: GroupMomentsState) -> dict[str, jax.Array]:  # noqa: D102
        del fit
        return reported(self.name, lidar_score(held_out, penalty=self.penalty))


@dataclasses.dataclass(frozen=True, kw_only=True)
class ClassSelectivity(OfConditions):
    """How much more units are active for one class than for the others.

    As `probekit.measures.class_selectivity`, of all examples that are scored, but for ``auc``; the
    contrast is made for layers whose activations are at least 0.

    Parameters
    ----------
    conditions : int, optional
        How many classes there are; the feature then holds the number of the class, from 0, and
        other values make every score NaN. Unless given, each value of a feature is a class if it
        has at most 10 of them, and else the lowest, middle and highest third of the fitted examples
        are. `probekit.run` finds them in the examples of its first seed.
    edges : tuple of tuple of float
        For each feature where classes begin, but for the first; found as said, unless given.
    index : {"contrast", "d_prime", "auc"}
        Class selectivity index, sensitivity index d′, or area under the ROC curve.
    multioutput : {"uniform_average", "raw_values"}
        The mean over units, or each unit on its own.
    threshold : float, optional
        If given, the fraction of units of which the index is at least so much.
    examples : int
        Of ``auc``: how many examples are kept.
    name : str
        Name of the variable.
    """

    index: Index = "contrast"
    multioutput: OverUnits = "uniform_average"
    threshold: float | None = None
    examples: int = 1024
    name: str = "class_selectivity"
    kind = "encoding"

    def __post_init__(self) -> None:
        """Check the options."""
        super().__post_init__()
        check_index(self.index, self.multioutput, self.threshold)
        check_count("examples", self.examples, 2)

    @property
    def invariances(self) -> frozenset[str]:
        """Units have an order if each is reported; contrasts look at where 0 is."""
        of_all = set() if self.multioutput == "raw_values" else {"permutation"}
        moved = set() if self.index == "contrast" else {"translation"}
        return frozenset({"scaling", *moved, *of_all})

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The index, with the axis ``unit`` for raw values."""
        words, limits, references, also = _INDICES[self.index]
        fraction = self.threshold is not None
        return (
            Variable(
                self.name,
                dims=("unit",) if self.multioutput == "raw_values" else (),
                long_name=f"fraction of units with {words} of at least {self.threshold:g}"
                if self.threshold is not None
                else words,
                valid_range=(0.0, 1.0) if fraction else limits,
                references=references,
                also_constant="a feature of one class" + ("" if fraction else also),
            ),
        )

    @property
    def statistic(self) -> GroupMoments | LabelledExamples:
        """Means of the classes, and what the index needs besides."""
        if self.index == "auc":
            return LabelledExamples(groups=self.groups, capacity=self.examples, edges=self.edges)
        within: Within = "each" if self.index == "d_prime" else "none"
        return GroupMoments(groups=self.groups, within=within, edges=self.edges)

    def compute(self, fit: Any, held_out: Any) -> dict[str, jax.Array]:  # noqa: D102
        del fit
        over_units: Any = {"multioutput": self.multioutput, "threshold": self.threshold}
        if self.index == "auc":
            state = held_out.head(self.examples)
            return reported(self.name, area_score(state, groups=self.groups, **over_units))
        score = sensitivity_score if self.index == "d_prime" else class_selectivity_score
        return reported(self.name, score(held_out, **over_units))
