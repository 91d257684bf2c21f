"""Similarity by alignment: distances and cosines after the best rotation, and Bures."""

import dataclasses

import numpy as np

from probekit.estimators._readout import (
    RIGHT_ANGLE,
    STRAIGHT_ANGLE,
    Alignable,
    OfAligned,
    OfExamples,
)
from probekit.measures import Score
from probekit.measures.aligned import aligned_cosine_score, transferred_cosine_score
from probekit.measures.alignment import check_alpha, shape_metric_score
from probekit.measures.bures import bures_metric_score, bures_similarity_score
from probekit.measures.transfer import (
    rotated_metric_score,
    rotated_score,
    rotated_similarity_score,
)
from probekit.statistics import ExamplesState, Moments, MomentsState
from probekit.variables import AT_LEAST_0, Variable

_ROOT_OF_TWO = float(np.sqrt(2))


def _largest(estimator: OfAligned, *, angular: bool) -> float:
    """Largest distance: a rotation that is the best for other examples may be a bad one."""
    if estimator.fitted:
        return STRAIGHT_ANGLE if angular else 2.0
    return RIGHT_ANGLE if angular else _ROOT_OF_TWO


@dataclasses.dataclass(frozen=True, kw_only=True)
class ProcrustesDistance(OfAligned):
    """Distance of two representations after the best rotation.

    As `probekit.measures.procrustes_distance`.

    Parameters
    ----------
    align_on : {"scored", "fit"}
        Which examples the alignment is fitted on: those that are scored, as it is usual, or those
        that probes are fitted on, where others are held out.
    name : str
        Name of the variable.
    """

    name: str = "procrustes_distance"
    symmetric = True
    invariances = frozenset({"translation", "scaling", "rotation", "embedding", "permutation"})
    references = (
        "Ding, Denain and Steinhardt 2021, Grounding representation similarity with statistical "
        "testing"
    )

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The distance."""
        most = _largest(self, angular=False)
        return (self._variable("Procrustes distance", (0.0, most), lower_is_better=True),)

    def _score(self, state: MomentsState) -> Score:
        return shape_metric_score(state, alpha=1.0, angular=False)

    def _transferred(self, fit: MomentsState, held_out: MomentsState) -> Score:
        return rotated_score(fit, held_out, alpha=1.0, angular=False)


@dataclasses.dataclass(frozen=True, kw_only=True)
class AngularProcrustesDistance(OfAligned):
    """Angle between two representations after the best rotation.

    As `probekit.measures.angular_procrustes_distance`.

    Parameters
    ----------
    align_on : {"scored", "fit"}
        Which examples the alignment is fitted on: those that are scored, as it is usual, or those
        that probes are fitted on, where others are held out.
    name : str
        Name of the variable.
    """

    name: str = "angular_procrustes_distance"
    symmetric = True
    invariances = frozenset({"translation", "scaling", "rotation", "embedding", "permutation"})
    references = "Williams et al. 2021, Generalized shape metrics on neural representations"

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The angle."""
        return (
            self._variable(
                "angular Procrustes distance",
                (0.0, _largest(self, angular=True)),
                units="rad",
                lower_is_better=True,
            ),
        )

    def _score(self, state: MomentsState) -> Score:
        return shape_metric_score(state, alpha=1.0, angular=True)

    def _transferred(self, fit: MomentsState, held_out: MomentsState) -> Score:
        return rotated_score(fit, held_out, alpha=1.0, angular=True)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ShapeMetric(OfAligned):
    """Procrustes distance after partial whitening, from CCA to Procrustes.

    As `probekit.measures.shape_metric`.

    Parameters
    ----------
    alpha : float
        From 0 (whitened, CCA) to 1 (Procrustes, which `AngularProcrustesDistance` is, and as in
        netrep the default).
    angular : bool
        The angle in radians, or the length of the difference.
    align_on : {"scored", "fit"}
        Which examples the alignment is fitted on: those that are scored, as it is usual, or those
        that probes are fitted on, where others are held out.
    name : str
        Name of the variable.
    """

    alpha: float = 1.0
    angular: bool = True
    name: str = "shape_metric"
    symmetric = True
    references = "Williams et al. 2021, Generalized shape metrics on neural representations"

    def __post_init__(self) -> None:
        """Check the options."""
        super().__post_init__()
        check_alpha(self.alpha)

    @property
    def invariances(self) -> frozenset[str]:
        """Whitened entirely, nothing but the span of the units counts."""
        linear = {"linear"} if self.alpha == 0 else set()
        return frozenset(
            {"translation", "scaling", "rotation", "embedding", "permutation", *linear}
        )

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The distance."""
        most, units = _largest(self, angular=self.angular), "rad" if self.angular else "1"
        long_name = f"shape metric (alpha {self.alpha:g})"
        return (self._variable(long_name, (0.0, most), units=units, lower_is_better=True),)

    @property
    def statistic(self) -> Moments:
        """All second moments, to whiten by; without whitening fewer."""
        return Moments() if self.alpha < 1 else super().statistic

    def _score(self, state: MomentsState) -> Score:
        return shape_metric_score(state, alpha=self.alpha, angular=self.angular)

    def _transferred(self, fit: MomentsState, held_out: MomentsState) -> Score:
        return rotated_score(fit, held_out, alpha=self.alpha, angular=self.angular)


@dataclasses.dataclass(frozen=True, kw_only=True)
class AlignedCosine(Alignable, OfExamples):
    """Mean cosine of examples after the best rotation.

    As `probekit.measures.aligned_cosine`, of `examples` examples.

    Parameters
    ----------
    centred : bool
        Subtract the means of the units first.
    align_on : {"scored", "fit"}
        Which examples the alignment is fitted on: those that are scored, as it is usual, or those
        that probes are fitted on, where others are held out.
    examples : int
        How many examples are kept; with fewer than units most representations align well.
    name : str
        Name of the variable.
    """

    centred: bool = False
    examples: int = 1024
    name: str = "aligned_cosine"
    kind = "similarity"
    references = "Hamilton, Leskovec and Jurafsky 2016, Diachronic word embeddings"
    least_examples = 2
    symmetric = True

    def __post_init__(self) -> None:
        """Check the options."""
        Alignable.__post_init__(self)
        OfExamples.__post_init__(self)

    @property
    def invariances(self) -> frozenset[str]:
        """Cosines depend on the origin, unless that is the mean."""
        shift = {"translation"} if self.centred else set()
        return frozenset({"scaling", "rotation", "embedding", "permutation", *shift})

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The cosine."""
        kind = "centred " if self.centred else ""
        return (self._variable(f"mean cosine of aligned {kind}examples", (-1.0, 1.0)),)

    def _score(self, state: ExamplesState) -> Score:
        return aligned_cosine_score(state, centred=self.centred)

    def _transferred(self, fit: ExamplesState, held_out: ExamplesState) -> Score:
        both = (fit.head(self.examples), held_out.head(self.examples))
        return transferred_cosine_score(*both, centred=self.centred)


@dataclasses.dataclass(frozen=True, kw_only=True)
class BuresSimilarity(OfAligned):
    """Normalised Bures similarity of the Gram matrices.

    As `probekit.measures.bures_similarity`.

    Parameters
    ----------
    align_on : {"scored", "fit"}
        Which examples the alignment is fitted on: those that are scored, as it is usual, or those
        that probes are fitted on, where others are held out.
    name : str
        Name of the variable.
    """

    name: str = "bures_similarity"
    symmetric = True
    invariances = frozenset({"translation", "scaling", "rotation", "embedding", "permutation"})
    references = "Tang et al. 2020, Similarity of neural networks with gradients"

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The similarity."""
        least = -1.0 if self.fitted else 0.0
        return (self._variable("normalised Bures similarity", (least, 1.0)),)

    def _score(self, state: MomentsState) -> Score:
        return bures_similarity_score(state)

    def _transferred(self, fit: MomentsState, held_out: MomentsState) -> Score:
        return rotated_similarity_score(fit, held_out)


@dataclasses.dataclass(frozen=True, kw_only=True)
class BuresMetric(OfAligned):
    """Bures distance of the Gram matrices, in units of the representations.

    As `probekit.measures.bures_metric`.

    Parameters
    ----------
    align_on : {"scored", "fit"}
        Which examples the alignment is fitted on: those that are scored, as it is usual, or those
        that probes are fitted on, where others are held out.
    name : str
        Name of the variable.
    """

    name: str = "bures_metric"
    symmetric = True
    invariances = frozenset({"translation", "rotation", "embedding", "permutation"})
    references = (
        "Bhatia, Jain and Lim 2019, On the Bures-Wasserstein distance between positive definite "
        "matrices"
    )

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The distance."""
        return (self._variable("Bures distance", AT_LEAST_0, lower_is_better=True),)

    def _score(self, state: MomentsState) -> Score:
        return bures_metric_score(state)

    def _transferred(self, fit: MomentsState, held_out: MomentsState) -> Score:
        return rotated_metric_score(fit, held_out)
