"""Similarity: how alike two representations are, or a representation and a feature."""

import dataclasses
from functools import partial
from typing import Any, cast

import jax
import numpy as np

from probekit.estimators._invariances import invariances_of_distances
from probekit.estimators._kernels import OfKernels, Scores
from probekit.estimators._protocol import Pairing
from probekit.estimators._readout import OfExamples, reported, reported_rows
from probekit.measures import Score
from probekit.measures.comparisons import Comparison
from probekit.measures.directions import (
    Direction,
    direction_score,
    direction_scores,
    grams_cost_less,
    kernel_direction,
)
from probekit.measures.gram import KERNEL_NAMES, least_alignment
from probekit.measures.kernels import (
    debiased_cka_score,
    linear_cka_score,
    sampled_cka_score,
)
from probekit.measures.rdm import DEFAULT_PRIOR, Metric, prior_of
from probekit.measures.reweighting import WEIGHTABLE, Weightable, reweighted_cka_scores
from probekit.measures.rsm import RSM, Norm, check_rsm, rsm_norm_difference_score
from probekit.measures.similarity import (
    Both,
    check_rsa,
    reweighted_rsa_scores,
    rsa_score,
    shuffled_rsa_scores,
)
from probekit.measures.weighted_grams import alignment_of_sums
from probekit.statistics import Examples, ExamplesState, Moments, Rows, Statistic
from probekit.variables import AT_LEAST_0, Variable, reason_of_distance


@dataclasses.dataclass(frozen=True, kw_only=True)
class CKA(OfKernels):
    """Centred kernel alignment.

    As `probekit.measures.cka`. With the linear kernel it is that of all examples, in whatever
    batches they come; with another that of `examples` of them.

    Parameters
    ----------
    kernel : {"linear", "rbf", "laplace", "max"}
    debiased : bool
        Use the unbiased HSIC of Song et al., which does not grow with the number of units.
    bandwidth : float
        σ of the RBF and the Laplace kernel, in units of the median distance between different
        examples; resamples of a bootstrap keep that of all.
    examples : int
        How many examples are kept for kernels that are not linear.
    name : str
        Name of the variable.
    """

    name: str = "cka"
    moments = Moments()
    scores = Scores(linear_cka_score, debiased_cka_score, sampled_cka_score, alignment_of_sums)

    @property
    def invariances(self) -> frozenset[str]:
        """The largest product of two examples in one unit changes as units are rotated."""
        maps = frozenset({"translation", "scaling", "permutation"})
        return maps if self.kernel == "max" else maps | {"rotation", "embedding"}

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The similarity."""
        kernel = KERNEL_NAMES[self.kernel]
        return (
            Variable(
                self.name,
                long_name=f"{'debiased ' if self.debiased else ''}{kernel} CKA",
                valid_range=(least_alignment(self.kernel, self.debiased), 1.0),
                references="Kornblith et al. 2019, Similarity of neural network representations "
                "revisited" + ("; Song et al. 2012 (unbiased HSIC)" if self.debiased else ""),
            ),
        )

    def pairing(  # noqa: D102
        self, *, examples: int, units: tuple[int, ...], pairs: int
    ) -> "KernelPairing | None":
        if self.kernel != "linear":
            return KernelPairing(self, Examples(capacity=self.examples))
        cheaper = grams_cost_less(examples, units, pairs)
        return KernelPairing(self, Rows(examples=examples)) if cheaper else None

    def reweighted(
        self, held_out: ExamplesState, weights: np.ndarray, *, groups: np.ndarray | None = None
    ) -> dict[str, np.ndarray]:
        """Return the score for each row of weights ``(resample, example)``, as `RSA.reweighted`.

        Of a kernel whose width stays that of the examples that were kept. Pairs of copies
        count: CKA has those of an example with itself in the first place.
        """
        del groups
        scores = reweighted_cka_scores(
            held_out.head(self.examples), weights, kernel=self.kernel, bandwidth=self.bandwidth
        )
        return reported_rows(self.name, scores)


@dataclasses.dataclass(frozen=True)
class KernelPairing(Pairing):
    """Pairs of layers by CKA: a Gram matrix each, and an inner product a pair."""

    estimator: CKA
    statistic: Statistic[Any]

    def prepare(self, state: ExamplesState) -> Direction:  # noqa: D102
        direction: Direction = _kernel_direction(self.estimator, state)
        return direction

    def pair(self, a: Direction, b: Direction) -> dict[str, jax.Array]:  # noqa: D102
        return reported(self.estimator.name, direction_score(a, b, low=self._low))

    def pair_all(self, a: list[Direction], b: list[Direction]) -> dict[str, jax.Array]:  # noqa: D102
        return reported(self.estimator.name, direction_scores(a, b, low=self._low))

    @property
    def _low(self) -> float:
        return least_alignment(self.estimator.kernel, self.estimator.debiased)


@partial(jax.jit, static_argnums=0)
def _kernel_direction(estimator: CKA, state: ExamplesState) -> Direction:
    return kernel_direction(
        state if estimator.kernel == "linear" else state.head(estimator.examples),
        kernel=estimator.kernel,
        debiased=estimator.debiased,
        bandwidth=estimator.bandwidth,
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class RSA(OfExamples):
    """Representational similarity: correlation of two dissimilarity matrices.

    As `probekit.measures.rsa`, on `examples` examples.

    Parameters
    ----------
    rdm : {"correlation", "euclidean", "squared_euclidean", "cosine", "poisson"}
        Distance between examples; ``poisson`` for rates, which are not negative.
    comparison : {"pearson", "spearman", "kendall", "cosine", "kendall_tau_b", "rho_a", \
            "whitened_cosine", "whitened_correlation"}
        How the matrices are compared; ``kendall`` is tau-a.
    rdm_y : str, optional
        Distance for the other representation or the feature: as `rdm` unless given, but euclidean
        in place of ``correlation``, ``cosine`` and ``poisson`` for a feature of a single column,
        which has neither correlations nor angles and need not be a rate.
    examples : int
        How many examples are kept.
    prior_lambda, prior_weight : float
        For ``poisson``: the rate that is expected of a unit, and its weight beside what was seen.
    name : str
        Name of the variable.
    """

    rdm: Metric = "correlation"
    comparison: Comparison = "pearson"
    rdm_y: Metric | None = None
    prior_lambda: float = DEFAULT_PRIOR.rate
    prior_weight: float = DEFAULT_PRIOR.weight
    name: str = "rsa"
    kind = "similarity"
    references = "Kriegeskorte et al. 2008, Representational similarity analysis"
    least_examples = 3

    def __post_init__(self) -> None:
        """Check the options."""
        check_rsa(self.rdm, self.rdm_y, self.comparison)
        prior_of(self.prior_lambda, self.prior_weight)
        super().__post_init__()

    @property
    def distinct(self) -> bool:
        """Pairs of an example with itself are left out where the comparison takes weights."""
        return self.comparison not in WEIGHTABLE

    @property
    def symmetric(self) -> bool:
        """Whether both sides use one distance."""
        return self.rdm_y in (None, self.rdm)

    @property
    def invariances(self) -> frozenset[str]:
        """Those of the distance; whole matrices may be scaled."""
        return invariances_of_distances(self.rdm, up_to_scale=True)

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The correlation."""
        reasons = map(reason_of_distance, (self.rdm, self.rdm_y or self.rdm))
        return (
            self._variable(
                f"RSA ({self.rdm} distance, {self.comparison})",
                (-1.0, 1.0),
                also_constant=" or ".join(dict.fromkeys(filter(None, reasons))),
            ),
        )

    def _score(self, state: ExamplesState) -> Score:
        return rsa_score(state, self._both, comparison=self.comparison)

    @property
    def _both(self) -> Both:
        return Both(self.rdm, self.rdm_y, prior_of(self.prior_lambda, self.prior_weight))

    def reweighted(
        self, held_out: ExamplesState, weights: np.ndarray, *, groups: np.ndarray | None = None
    ) -> dict[str, np.ndarray]:
        """Return the score for each row of weights ``(resample, example)``, on the host.

        The dissimilarities are computed once. Not of comparisons that are `distinct`.

        Parameters
        ----------
        held_out : state
        weights : array (resample, example)
            Of all examples; those of the ones that were kept are looked up.
        groups : array (example,), optional
            The examples that are drawn together, such as those of a condition.
        """
        scores = reweighted_rsa_scores(
            held_out.head(self.examples),
            weights,
            self._both,
            comparison=cast(Weightable, self.comparison),
            groups=groups,
        )
        return reported_rows(self.name, scores)

    def reordered(self, held_out: ExamplesState, orders: np.ndarray) -> dict[str, np.ndarray]:
        """Return the score for each order ``(shuffle, example)`` of the other side, on the host.

        The dissimilarities are computed once. Not of comparisons that are `distinct`.

        Parameters
        ----------
        held_out : state
            That kept all examples.
        orders : array (shuffle, example)
        """
        scores = shuffled_rsa_scores(
            held_out.head(self.examples),
            orders,
            self._both,
            comparison=cast(Weightable, self.comparison),
        )
        return reported_rows(self.name, scores)


@dataclasses.dataclass(frozen=True, kw_only=True)
class RSMNormDifference(OfExamples):
    """Norm of the difference of two representational similarity matrices.

    As `probekit.measures.rsm_norm_difference`, on `examples` examples.

    Parameters
    ----------
    rsm : {"euclidean", "squared_euclidean", "correlation", "cosine", "inner_product"}
        What stands in the matrices.
    norm : {"frobenius", "spectral"}
    examples : int
        How many examples are kept; the difference grows with them.
    name : str
        Name of the variable.
    """

    rsm: RSM = "euclidean"
    norm: Norm = "frobenius"
    name: str = "rsm_norm_difference"
    kind = "similarity"
    references = "Yin and Shen 2018, On the dimensionality of word embedding"
    least_examples = 2
    symmetric = True
    distinct = True

    def __post_init__(self) -> None:
        """Check the options."""
        check_rsm(self.rsm, self.norm)
        super().__post_init__()

    @property
    def invariances(self) -> frozenset[str]:
        """Whatever leaves the entries as they are."""
        return invariances_of_distances(self.rsm)

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The difference."""
        long_name = f"{self.norm.capitalize()} norm of the difference ({self.rsm})"
        return (self._variable(long_name, AT_LEAST_0, lower_is_better=True),)

    def _score(self, state: ExamplesState) -> Score:
        return rsm_norm_difference_score(state, rsm=self.rsm, norm=self.norm)
