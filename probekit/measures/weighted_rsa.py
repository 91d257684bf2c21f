"""RSA of a representation with a weighted sum of the dissimilarities of features."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from probekit.measures._arguments import Splits, jitted
from probekit.measures._status import Score, score
from probekit.measures.banded import grouped_splits
from probekit.measures.classification import both_states
from probekit.measures.columns import Columns
from probekit.measures.comparisons import Comparison, compared
from probekit.measures.rank_fitting import searched
from probekit.measures.rdm import DEFAULT_PRIOR, Metric, Prior, pairs, prior_of
from probekit.measures.rdm_fitting import (
    FITTABLE,
    Fit,
    Model,
    Sides,
    check_model,
    fitted,
    sides,
    weighted_sum,
)
from probekit.measures.similarity import check_rsa, comparable_distances, matching_metric
from probekit.statistics import ExamplesState


class Options(NamedTuple):
    """What `weighted_rsa` takes besides data."""

    rdm: Metric = "squared_euclidean"
    rdm_y: Metric | None = None
    comparison: Comparison = "pearson"
    nonnegative: bool = True
    penalty: float = 0.0
    prior: Prior = DEFAULT_PRIOR

    @property
    def model(self) -> Model:
        """How the weights are fitted."""
        return "nonnegative" if self.nonnegative else "linear"

    def check(self) -> None:
        """Raise `OptionError` unless the options are possible."""
        check_rsa(self.rdm, self.rdm_y, self.comparison)
        check_model(self.model, self.comparison, self.penalty)


class WeightedRSA(NamedTuple):
    """How well a weighted sum predicts dissimilarities, and the weights.

    Attributes
    ----------
    score : array ()
    weights : array (group,)
    """

    score: jax.Array
    weights: jax.Array


def weighted_rsa(
    x: Any,
    groups: Sequence[Any],
    *,
    held_out: tuple[Any, Sequence[Any]] | None = None,
    rdm: Metric = "squared_euclidean",
    rdm_y: Metric | None = None,
    comparison: Comparison = "pearson",
    nonnegative: bool = True,
    penalty: float = 0.0,
    prior_lambda: float = DEFAULT_PRIOR.rate,
    prior_weight: float = DEFAULT_PRIOR.weight,
) -> WeightedRSA:
    """RSA of a representation with the sum of features' dissimilarities that predicts it best.

    compare(D(x), Σ_g w_g D(y_g)), with min_w ‖d - Σ_g w_g d_g‖² + penalty ‖w‖² on the examples that
    are fitted, where d and d_g are the dissimilarities as vectors of length 1 (centred for
    ``pearson``, whitened for ``whitened_…``). Squared euclidean distances of unrelated features add
    up, so that of a representation made of them the prediction is exact.

    Parameters
    ----------
    x : array (example, unit)
        The representation.
    groups : sequence of array (example,) or (example, k_g)
        The features.
    held_out : (array, sequence of array), optional
        Representation and features of the examples that are scored.
    rdm : {"correlation", "euclidean", "squared_euclidean", "cosine", "poisson"}
        Distance between examples of the representation.
    rdm_y : str, optional
        Distance for the features: as `rdm` unless given, but euclidean in place of
        ``correlation``, ``cosine`` and ``poisson`` for a feature of a single column, which has
        neither correlations nor angles and need not be a rate.
    comparison : str
        What is maximised, and scored; as in `compare_rdms`, with the weights of `fit_rdm_weights`.
    nonnegative : bool
        Whether weights must be at least 0: a feature can only tell examples apart.
    penalty : float
        Of ridge regression; comparisons of ranks have none.
    prior_lambda, prior_weight : float
        Of rates, for ``poisson``; see `rdm`.

    Returns
    -------
    WeightedRSA
        ``score`` in [-1, 1]; 0 if all weights are. ``weights`` of dissimilarities scaled to length
        1: of unrelated features what each alone would score; 0 for a constant feature. NaN if the
        representation's dissimilarities, or those of all features, are all equal or one of them is
        undefined, or if the input is not finite.

    Raises
    ------
    ShapeError
        If numbers of examples or columns differ, there are no groups, or fewer than 3 examples.
    OptionError
        If an option is not among its choices, or the penalty or the prior is negative.

    Notes
    -----
    Invariant to whatever leaves the distances as they are, and to scaling of `x` and of each
    feature. O(n² (d + k) + f² n² + f⁴) for f features of k columns in all.

    References
    ----------
    Khaligh-Razavi and Kriegeskorte 2014, Deep supervised, but not unsupervised, models may explain
    IT cortical representation; Jozwik, Kriegeskorte and Mur 2016, Visual features as stepping
    stones toward semantics (non-negative).

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import weighted_rsa
    >>> bits = np.random.default_rng(0).integers(0, 2, (60, 2))
    >>> found = weighted_rsa(bits @ np.array([[2, 0], [0, 1]]), [bits[:, 0], bits[:, 1]])
    >>> round(float(found.score), 4), np.round(np.asarray(found.weights, float), 2).tolist()
    (1.0, [0.97, 0.24])
    """
    prior = prior_of(prior_lambda, prior_weight)
    options = Options(rdm, rdm_y, comparison, bool(nonnegative), float(penalty), prior)
    options.check()
    given, columns = grouped_splits(x, groups, held_out, least=3)
    return WeightedRSA(*_weighted(given, columns, options))


@jitted(1, 2)
def _weighted(given: Splits, columns: Columns, options: Options) -> tuple[jax.Array, jax.Array]:
    total, weights = weighted_rsa_score(*both_states(given), columns, options)
    return total.value, weights.value


def weighted_rsa_score(
    fit: ExamplesState, held_out: ExamplesState, columns: Columns, options: Options
) -> tuple[Score, Score]:
    """`weighted_rsa` from the examples that were kept: the score, and the weights."""
    target, squares = _matrices(fit, columns, options)
    metric = options.comparison if options.comparison in FITTABLE else "pearson"
    wanted = sides(target[None], fit.present, metric)
    candidates = sides(squares, fit.present, metric)
    found = _found(candidates, wanted, fit.present, options)

    target, squares = _matrices(held_out, columns, options)
    scored = sides(target[None], held_out.present, metric)
    lengths = jnp.concatenate([wanted.lengths, scored.lengths, candidates.lengths])
    scales = jnp.where(candidates.lengths > 0, candidates.lengths, 1)
    prediction = weighted_sum(squares, found.weights / scales)
    value = compared(prediction, target, held_out.present, options.comparison)

    undefined = jnp.isnan(lengths).any() | (wanted.lengths == 0).any()
    undefined = undefined | (candidates.lengths == 0).all()
    silent = (found.weights == 0).all()
    value = jnp.where(silent & (scored.lengths > 0).all(), 0, value)

    def with_status(value: jax.Array, constant: jax.Array) -> Score:
        value = jnp.where(undefined, jnp.nan, value)
        return score(
            value,
            finite=fit.finite() & held_out.finite() & ~jnp.isinf(lengths).any(),
            enough=(fit.present.sum() >= 3) & (held_out.present.sum() >= 3),
            constant=constant | jnp.isnan(value),
            deficient=found.deficient,
        )

    return with_status(value, silent), with_status(found.weights, candidates.lengths == 0)


def _found(candidates: Sides, wanted: Sides, present: jax.Array, options: Options) -> Fit:
    """Weights of candidates of length 1, computed or searched for."""
    if options.comparison in FITTABLE:
        return fitted(candidates, wanted.vectors[0], options.model, options.penalty)
    counted = pairs(present[:, None] & present[None, :])
    one = jnp.ones(1, bool)
    given = (candidates, wanted.vectors, one, counted)
    weights = searched(*given, options.model, options.comparison)
    return Fit(weights, jnp.zeros((), bool))


def _matrices(
    state: ExamplesState, columns: Columns, options: Options
) -> tuple[jax.Array, jax.Array]:
    """Dissimilarities of the representation, and of each feature."""
    prior, squares = options.prior, []
    for group in columns:
        y = state.y[:, jnp.array(group)]
        metric_y = options.rdm_y or matching_metric(options.rdm, y)
        squares.append(comparable_distances(y, metric_y, prior))
    return comparable_distances(state.x, options.rdm, prior), jnp.stack(squares)
