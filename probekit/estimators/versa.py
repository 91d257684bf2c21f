"""Encoding RSA: similarity after one representation is mapped onto the other."""

import dataclasses

from probekit._checks import check_count
from probekit.estimators._invariances import invariances_of_distances
from probekit.estimators._readout import OfExamples
from probekit.measures import Score
from probekit.measures.folds import DEFAULT_FOLDS, check_folds_of
from probekit.measures.penalties import DEFAULT_PENALTIES
from probekit.measures.versa import (
    EncodingRDM,
    RankComparison,
    VersaOptions,
    checked_versa,
    versa_score,
)
from probekit.statistics import ExamplesState
from probekit.statistics.folds import Folds, fold_count
from probekit.variables import Variable, reason_of_distance


@dataclasses.dataclass(frozen=True, kw_only=True)
class VERSA(OfExamples):
    """Encoding RSA (VERSA, mixed RSA): RSA with what one representation predicts of the other.

    As `probekit.measures.versa`, of `examples` examples: the first representation predicts the
    second, or a feature.

    Parameters
    ----------
    penalties : tuple of float
        To choose from, relative to the sum of squares of a unit that predicts.
    folds : int or tuple of int
        Into how many folds examples fall at random; or the fold of each that is scored, as
        `probekit.CrossValidation.assigned` gives them for groups that are to stay together.
    rdm : {"correlation", "cosine", "euclidean"}
        Distance between examples; of a single column always euclidean.
    comparison : {"kendall_tau_b", "spearman", "pearson"}
        How matrices are compared.
    examples : int
        How many examples are kept.
    name : str
        Name of the variable.
    """

    penalties: tuple[float, ...] = DEFAULT_PENALTIES
    folds: Folds = DEFAULT_FOLDS
    rdm: EncodingRDM = "correlation"
    comparison: RankComparison = "kendall_tau_b"
    name: str = "versa"
    kind = "similarity"
    traceable = False
    distinct = True
    references = "Khaligh-Razavi et al. 2017, Fixed versus mixed RSA; Soni et al. 2024"

    def __post_init__(self) -> None:
        """Check the options."""
        self._checked()
        check_count("examples", self.examples, 3 * fold_count(self.folds))

    def _checked(self) -> VersaOptions:
        return checked_versa(self.penalties, self.folds, self.rdm, self.comparison)

    @property
    def invariances(self) -> frozenset[str]:
        """Those of the distance; but units that predict are standardised each by itself."""
        return invariances_of_distances(self.rdm) - {"rotation", "embedding"}

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The correlation."""
        return (
            self._variable(
                f"encoding RSA ({self.rdm}, {self.comparison})",
                (-1.0, 1.0),
                also_constant=reason_of_distance(self.rdm),
            ),
        )

    def check_examples(self, *, fitted: int, scored: int) -> None:
        """Check that there is a fold for each example that is scored, if folds are named."""
        del fitted
        check_folds_of(self.folds, scored)

    def _score(self, state: ExamplesState) -> Score:
        return versa_score(state, self._checked())
