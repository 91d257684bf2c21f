"""Similarity of the spaces that units span: canonical correlation and its kin, regression."""

import dataclasses

from probekit.estimators._readout import SimilarityOfMoments
from probekit.measures import Score
from probekit.measures.canonical import (
    cca_score,
    check_kept,
    linear_regression_score,
    pwcca_score,
    svcca_score,
)
from probekit.statistics import Moments, MomentsState
from probekit.variables import Variable


@dataclasses.dataclass(frozen=True, kw_only=True)
class CCA(SimilarityOfMoments):
    """Mean canonical correlation.

    As `probekit.measures.cca`.

    Parameters
    ----------
    squared : bool
        The mean of the squared correlations.
    name : str
        Name of the variable.
    """

    squared: bool = False
    name: str = "cca"
    symmetric = True
    invariances = frozenset(
        {"translation", "scaling", "rotation", "embedding", "permutation", "linear"}
    )
    references = "Kornblith et al. 2019, Similarity of neural network representations revisited"

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The correlation."""
        kind = "squared " if self.squared else ""
        return (self._variable(f"mean {kind}canonical correlation", (0.0, 1.0)),)

    def _score(self, state: MomentsState) -> Score:
        return cca_score(state, squared=self.squared)


@dataclasses.dataclass(frozen=True, kw_only=True)
class SVCCA(SimilarityOfMoments):
    """Mean canonical correlation of the leading principal components.

    As `probekit.measures.svcca`.

    Parameters
    ----------
    variance : float
        Share of the variance that the kept components hold.
    components : int, optional
        How many are kept instead.
    name : str
        Name of the variable.
    """

    variance: float = 0.99
    components: int | None = None
    name: str = "svcca"
    symmetric = True
    invariances = frozenset({"translation", "scaling", "rotation", "embedding", "permutation"})
    references = "Raghu et al. 2017, SVCCA"

    def __post_init__(self) -> None:
        """Check the options."""
        check_kept(self.variance, self.components)

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The correlation."""
        kept = f"{100 * self.variance:g} % of the variance"
        if self.components is not None:
            kept = f"{self.components} components"
        return (self._variable(f"SVCCA ({kept})", (0.0, 1.0)),)

    def _score(self, state: MomentsState) -> Score:
        return svcca_score(state, variance=self.variance, components=self.components)


@dataclasses.dataclass(frozen=True, kw_only=True)
class PWCCA(SimilarityOfMoments):
    """Canonical correlations weighted by their part in the first representation.

    As `probekit.measures.pwcca`.

    Parameters
    ----------
    name : str
        Name of the variable.
    """

    name: str = "pwcca"
    invariances = frozenset({"translation", "scaling", "permutation"})
    references = (
        "Morcos, Raghu and Bengio 2018, Insights on representational similarity in neural networks"
    )

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The correlation."""
        return (self._variable("projection-weighted CCA", (0.0, 1.0)),)

    def _score(self, state: MomentsState) -> Score:
        return pwcca_score(state)


@dataclasses.dataclass(frozen=True, kw_only=True)
class LinearRegressionSimilarity(SimilarityOfMoments):
    """Share of one representation's variance that regression on the other explains.

    As `probekit.measures.linear_regression_similarity`: of the first (`layer_a`) by the second.

    Parameters
    ----------
    name : str
        Name of the variable.
    """

    name: str = "linear_regression_similarity"
    invariances = frozenset({"translation", "scaling", "rotation", "embedding", "permutation"})
    references = "Kornblith et al. 2019, Similarity of neural network representations revisited"

    @property
    def statistic(self) -> Moments:
        """Covariances between the units, and their variances."""
        return Moments(xx="diagonal")

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The share."""
        return (self._variable("variance explained by the other representation (R²)", (0.0, 1.0)),)

    def _score(self, state: MomentsState) -> Score:
        return linear_regression_score(state)
