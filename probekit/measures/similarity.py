"""Representational similarity analysis: correlation of two dissimilarity matrices."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_choice, check_same_examples
from probekit.errors import OptionError
from probekit.measures._arguments import jitted, matched, square_matrix
from probekit.measures._scale import moderate
from probekit.measures._status import Score, score
from probekit.measures.comparisons import (
    COMPARISONS,
    RANKED,
    Comparison,
    compared,
    noise_root,
)
from probekit.measures.equal_distances import with_equal_pairs
from probekit.measures.missing_values import MISSING, Missing
from probekit.measures.ranks import spearman_of_arrays
from probekit.measures.rdm import DEFAULT_PRIOR, METRICS, Metric, Prior, distances, pairs, prior_of
from probekit.measures.reweighting import Weightable, compare_rdms_weighted
from probekit.measures.rounding_of_distances import rounding_of_distances
from probekit.measures.shuffling import compare_rdms_shuffled
from probekit.statistics import ExamplesState


def rsa(
    x: Any,
    y: Any,
    *,
    rdm: Metric = "correlation",
    comparison: Comparison = "pearson",
    rdm_y: Metric | None = None,
    prior_lambda: float = DEFAULT_PRIOR.rate,
    prior_weight: float = DEFAULT_PRIOR.weight,
) -> jax.Array:
    """Representational similarity: how alike the distances between examples are in `x` and in `y`.

    The entries above the diagonal of the two dissimilarity matrices (see `probekit.measures.rdm`)
    are correlated.

    Parameters
    ----------
    x : array (example, unit)
    y : array (example, unit_y)
        The same examples in the same order; a representation, or a feature.
    rdm : {"correlation", "euclidean", "squared_euclidean", "cosine", "poisson"}
        Distance between examples; see `rdm`.
    comparison : str
        How the matrices are compared: ``pearson``, ``spearman``, ``cosine``; ``kendall``, which is
        tau-a and suits models that predict ties; ``kendall_tau_b``; ``rho_a``, spearman's expected
        under random breaking of ties; ``whitened_cosine`` and ``whitened_correlation``, which allow
        for the covariance of dissimilarities that share examples.
    rdm_y : str, optional
        Distance for `y`. Unless given it is `rdm`; but euclidean in place of ``correlation``,
        ``cosine`` and ``poisson`` if `y` has a single column, which has neither correlations nor
        angles and need not be a rate.
    prior_lambda, prior_weight : float
        Of rates, for ``poisson``; see `rdm`.

    Returns
    -------
    array ()
        In [-1, 1]; 1 for proportional dissimilarities (in the same order, for ranks). NaN if all
        dissimilarities are equal, if one is undefined, or if the input is not finite.

    Raises
    ------
    ShapeError
        If the numbers of examples differ, or there are fewer than 3.
    OptionError
        If an option is not among its choices, or the prior is negative or not finite.

    Notes
    -----
    Invariant to whatever leaves the distances as they are, and to scaling. To ranks, distances are
    equal that differ by no more than their rounding. O(n² (d + d_y)), and for ranks O(n² log n).

    References
    ----------
    Kriegeskorte, Mur and Bandettini 2008, Representational similarity analysis; Nili et al. 2014,
    A toolbox for representational similarity analysis (tau-a); Diedrichsen et al. 2020, Comparing
    representational geometries using whitened unbiased-distance-matrix similarity; Schütt et al.
    2023, Statistical inference on representational geometries (rho-a).

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import rsa
    >>> x = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 3.0], [4.0, 4.0]])
    >>> round(float(rsa(x, 2 * x[:, ::-1] + 1, rdm="euclidean")), 6)
    1.0
    """
    check_rsa(rdm, rdm_y, comparison)
    both = Both(rdm, rdm_y, prior_of(prior_lambda, prior_weight))
    x, y = matched(x, y, least=3)
    if comparison == "spearman" and not _traced(x, y):
        a, b, off_a, off_b = _both_pairs(x, y, both)
        return _spearman(a, b, (off_a, off_b))
    return _rsa(x, y, both, comparison)


class Both(NamedTuple):
    """Distances between examples in one representation and in the other; see `rsa`."""

    metric: Metric
    metric_y: Metric | None = None
    prior: Prior = DEFAULT_PRIOR

    def distances(self, x: jax.Array, y: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Dissimilarities of both, whose scale says nothing."""
        metric_y = self.metric_y or matching_metric(self.metric, y)
        return (
            comparable_distances(x, self.metric, self.prior),
            comparable_distances(y, metric_y, self.prior),
        )

    def rounding(
        self, x: jax.Array, y: jax.Array, a: jax.Array, b: jax.Array
    ) -> tuple[jax.Array, jax.Array]:
        """By how much the dissimilarities `a` and `b` of `x` and `y` may be off."""
        metric_y = self.metric_y or matching_metric(self.metric, y)
        return _rounding(x, a, self.metric), _rounding(y, b, metric_y)


def _rounding(x: jax.Array, far: jax.Array, metric: Metric) -> jax.Array:
    rows = jnp.where(jnp.isfinite(x), x, 0)
    return rounding_of_distances(moderate(rows), far, metric)


def check_rsa(rdm: Metric, rdm_y: Metric | None, comparison: Comparison) -> None:
    """Raise `OptionError` unless the options are among their choices."""
    check_choice("rdm", rdm, METRICS)
    check_choice("comparison", comparison, COMPARISONS)
    if rdm_y is not None:
        check_choice("rdm_y", rdm_y, METRICS)


def compare_rdms(
    a: Any,
    b: Any,
    *,
    comparison: Comparison = "pearson",
    missing: Missing = "undefined",
    noise_covariance: Any = None,
) -> jax.Array:
    """Correlation of two dissimilarity matrices over their pairs of different examples.

    Parameters
    ----------
    a, b : array (example, example)
        Only the entries above the diagonal are read.
    comparison : str
        As in `rsa`.
    missing : {"undefined", "omit"}
        What of pairs that are NaN in one of the matrices: the comparison is NaN; or they are left
        out, as of partial matrices.
    noise_covariance : array (example,) or (example, example), optional
        Σ, for ``whitened_…``: the covariance between examples (conditions) of the noise in their
        patterns, or the variances of noise that is independent. Unless given it is independent and
        alike in all. Its scale does not matter.

    Returns
    -------
    array ()
        In [-1, 1]; NaN if one matrix has equal entries throughout (in pairs that count), or entries
        that are not finite, or if differences between examples have no noise, by Σ, in some
        direction.

    Raises
    ------
    ShapeError
        If a matrix is not square, the sizes differ, there are fewer than 3 examples, or the
        covariance is of another size.
    OptionError
        If `comparison` or `missing` is not among its choices, or the covariance is given for what
        is not whitened, or where pairs are left out.

    Notes
    -----
    Invariant to the scale of either matrix; correlations also to a number added to all entries,
    ranks to whatever keeps their order, in which entries stand as they are: `rsa` ties those that
    its distances' rounding alone sets apart. Whitened dissimilarities d are compared by dᵀ V⁻¹ d',
    with V_(ij)(kl) = (Σ_ik - Σ_il - Σ_jk + Σ_jl)². O(n²), O(n² log n) for ranks, and O(n³) for a
    covariance, on the host, or for whitening where pairs are left out.

    References
    ----------
    Kriegeskorte, Mur and Bandettini 2008, Representational similarity analysis; Diedrichsen et al.
    2020, Comparing representational geometries using whitened unbiased-distance-matrix similarity
    (the covariance V).

    Examples
    --------
    The euclidean RDMs of two networks that compute XOR, by AND and OR or by two ANDs:

    >>> import numpy as np
    >>> from probekit.measures import compare_rdms
    >>> def square(upper):
    ...     matrix = np.zeros((4, 4))
    ...     matrix[np.triu_indices(4, 1)] = upper
    ...     return matrix
    >>> a, b = square([1, 1, 2**0.5, 0, 1, 1]), square([1, 1, 0, 2**0.5, 1, 1])
    >>> round(float(compare_rdms(a, b)), 3)
    -0.795
    """
    check_choice("comparison", comparison, COMPARISONS)
    check_choice("missing", missing, MISSING)
    if missing == "omit" and noise_covariance is not None:
        raise OptionError("missing='omit': not beside noise_covariance; leave one of them out.")
    a, b = square_matrix("a", a, least=3), square_matrix("b", b)
    check_same_examples("a", a, "b", b)
    root = noise_root(noise_covariance, comparison, np.ones(a.shape[0], bool))
    if comparison == "spearman" and not _traced(a, b):
        u, v = np.asarray(_pairs(a)), np.asarray(_pairs(b))
        kept = ~(np.isnan(u) | np.isnan(v)) | (missing != "omit")
        return _spearman(u[kept], v[kept])
    return _compared(a, b, root, comparison, missing == "omit")


def _traced(*arrays: jax.Array) -> bool:
    return any(isinstance(array, jax.core.Tracer) for array in arrays)


def _spearman(a: Any, b: Any, rounding: tuple[jax.Array, jax.Array] | None = None) -> jax.Array:
    """Compare dissimilarities of pairs by rank, on the host."""
    u, v = np.asarray(a), np.asarray(b)
    defined = len(u) > 0 and np.isfinite(u).all() and np.isfinite(v).all()
    off = rounding and (np.asarray(rounding[0]), np.asarray(rounding[1]))
    value = spearman_of_arrays(u, v, rounding=off) if defined else np.nan
    return jnp.asarray(value, a.dtype)


_pairs = jax.jit(pairs)


@jitted(2)
def _both_pairs(x: jax.Array, y: jax.Array, both: Both) -> tuple[jax.Array, ...]:
    a, b = both.distances(x, y)
    return tuple(pairs(z) for z in (a, b, *both.rounding(x, y, a, b)))


@jitted(2, 3)
def _rsa(x: jax.Array, y: jax.Array, both: Both, comparison: Comparison) -> jax.Array:
    a, b = both.distances(x, y)
    every = jnp.ones(a.shape[0], bool)
    return compared(a, b, every, comparison, rounding=both.rounding(x, y, a, b))


@jitted(3, 4)
def _compared(
    a: jax.Array,
    b: jax.Array,
    root: jax.Array | None,
    comparison: Comparison,
    omit_missing: bool,
) -> jax.Array:
    every = jnp.ones(a.shape[0], bool)
    return compared(a, b, every, comparison, omit_missing=omit_missing, root=root)


def comparable_distances(x: jax.Array, metric: Metric, prior: Prior = DEFAULT_PRIOR) -> jax.Array:
    """Dissimilarities up to their scale, which is one at which they cannot overflow."""
    return distances(x if metric == "poisson" else moderate(x), metric, prior)


def matching_metric(metric: Metric, y: jax.Array) -> Metric:
    """Metric for `y` where none was asked for: a single column has euclidean distances alone."""
    return "euclidean" if y.shape[1] == 1 and metric != "squared_euclidean" else metric


def rsa_score(state: ExamplesState, both: Both, *, comparison: Comparison) -> Score:
    """RSA of the examples that were kept."""
    a, b = both.distances(state.x, state.y)
    rounding = both.rounding(state.x, state.y, a, b)
    value = compared(a, b, state.present, comparison, rounding=rounding)
    return score(
        value,
        finite=state.finite(),
        enough=state.present.sum() >= 3,
        constant=jnp.isnan(value),
    )


def shuffled_rsa_scores(
    state: ExamplesState,
    orders: np.ndarray,
    both: Both,
    *,
    comparison: Weightable,
) -> Score:
    """RSA of the examples that were kept, for each order ``(shuffle, example)`` of `y`.

    On the host; the dissimilarities are computed once. Orders are of all examples, which must be
    those that were kept.
    """
    kept = np.asarray(state.present)
    number = np.asarray(state.index)[kept]
    place = np.argsort(number)  # of each example, by its number
    a, b = _kept_distances(state, kept, both, comparison)
    value = compare_rdms_shuffled(a, b, place[orders[:, number]], comparison=comparison)
    return score(
        jnp.asarray(value, state.weight.dtype),
        finite=state.finite(),
        enough=kept.sum() >= 3,
        constant=jnp.isnan(value),
    )


def reweighted_rsa_scores(
    state: ExamplesState,
    weights: np.ndarray,
    both: Both,
    *,
    comparison: Weightable,
    groups: np.ndarray | None = None,
) -> Score:
    """RSA of the examples that were kept, for each row of weights ``(resample, example)`` of all.

    On the host; the dissimilarities are computed once. `groups` are of all examples, too.
    """
    kept = np.asarray(state.present)
    number = np.asarray(state.index)[kept]
    own = weights[:, number]
    together = None if groups is None else groups[number]
    a, b = _kept_distances(state, kept, both, comparison)
    value = compare_rdms_weighted(a, b, own, comparison=comparison, groups=together)
    return score(
        jnp.asarray(value, state.weight.dtype),
        finite=state.finite(),
        enough=jnp.asarray((own > 0).sum(axis=1) >= 3),
        constant=jnp.isnan(value),
    )


def _kept_distances(
    state: ExamplesState, kept: np.ndarray, both: Both, comparison: Weightable
) -> tuple[np.ndarray, np.ndarray]:
    """Dissimilarities of both between the examples that were kept, on the host."""
    x, y = jnp.asarray(state.x), jnp.asarray(state.y)
    squares = both.distances(x, y)
    rounding = both.rounding(x, y, *squares)
    among = np.ix_(kept, kept)
    a, b, *off = (np.asarray(square)[among] for square in (*squares, *rounding))
    if comparison in RANKED:
        a, b = (with_equal_pairs(z, each) for z, each in zip((a, b), off, strict=True))
    return a, b
