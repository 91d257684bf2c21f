"""Encoding RSA: representational similarity after one representation is mapped onto the other."""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, get_args

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_choice
from probekit.measures._arguments import matched, on_host
from probekit.measures._double import kept_double
from probekit.measures._status import Score, score
from probekit.measures.equal_distances import made_equal_on_host
from probekit.measures.folds import DEFAULT_FOLDS, AnyFolds, check_folds_of, named_folds
from probekit.measures.penalties import DEFAULT_PENALTIES, check_penalties
from probekit.statistics import Examples, ExamplesState, state_of
from probekit.statistics.folds import Folds, check_folds, fold_count, fold_of

EncodingRDM = Literal["correlation", "cosine", "euclidean"]
RankComparison = Literal["kendall_tau_b", "spearman", "pearson"]
RDMS: tuple[EncodingRDM, ...] = get_args(EncodingRDM)
COMPARISONS: tuple[RankComparison, ...] = get_args(RankComparison)

_ROUNDING = 1e-10
"""What rounding of float64, in solving for the predictions too, may make of equal distances."""


@kept_double
def versa(
    x: Any,
    y: Any,
    *,
    penalties: Sequence[float] = DEFAULT_PENALTIES,
    folds: AnyFolds = DEFAULT_FOLDS,
    rdm: EncodingRDM = "correlation",
    comparison: RankComparison = "kendall_tau_b",
) -> jax.Array:
    """RSA of a representation with what another predicts of it: encoding or mixed RSA, VERSA.

    The mean over folds of the correlation of two dissimilarity matrices of the examples left out:
    that of `y`, and that of ŷ, which ridge regression on the units of `x` predicts, fitted on the
    other folds. So units of `x` count as far as they are of use, not all alike as in `rsa`.

    Parameters
    ----------
    x : array (example, unit)
        What predicts.
    y : array (example, unit_y)
        What is predicted; the same examples in the same order.
    penalties : sequence of float
        To choose from, each above 0, relative to the sum of squares of a unit of `x`; of the
        fitted examples, each predicted by the others (leave-one-out), that with the least sum of
        squared errors over all units of `y`.
    folds : int or array (example,)
        At least 2; examples are shared out at random, always in the same way. Or the fold of each,
        of any labels, to keep examples together that are not independent: to choose a penalty, too,
        whole folds are then predicted by the others, if at least two are fitted.
    rdm : {"correlation", "cosine", "euclidean"}
        Distance between examples; of a `y` with a single column always euclidean.
    comparison : {"kendall_tau_b", "spearman", "pearson"}
        How matrices are compared.

    Returns
    -------
    array ()
        In [-1, 1]. NaN if either is constant or not finite, a fold that is named has fewer than 3
        examples, or a matrix is undefined, as all predictions are equal.

    Raises
    ------
    ShapeError
        If the numbers of examples differ, or there are fewer than 3 for each fold.
    OptionError
        If there is no penalty or one that is not positive, fewer than 2 folds, or an option is not
        among its choices.

    Notes
    -----
    Not symmetric. Invariant to what leaves the dissimilarities of `y` as they are; in `x` to offset
    and scale of every unit, each being standardised over the fitted examples. On the host, in
    float64, not under ``jit``. O(f (n³ + n² (d + p d_y)) + n² log n) for f folds and p penalties.

    References
    ----------
    Khaligh-Razavi, Henriksson, Kay and Kriegeskorte 2017, Fixed versus mixed RSA; Soni, Srivastava,
    Kording and Khosla 2024, Conclusions about neural network to brain alignment are profoundly
    impacted by the similarity measure.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import rsa, versa
    >>> x = np.random.default_rng(0).normal(size=(60, 8))
    >>> y = x[:, :4]  # half of the units
    >>> round(float(versa(x, y)), 3), bool(rsa(x, y, comparison="kendall_tau_b") < 0.8)
    (1.0, True)
    """
    options = checked_versa(penalties, named_folds(folds), rdm, comparison)
    x, y = on_host(*matched(x, y, least=3 * fold_count(options.folds)))
    check_folds_of(options.folds, len(x))
    state = jax.device_get(state_of(Examples(capacity=x.shape[0]), x, y))
    return versa_score(state, options).value


class VersaOptions(NamedTuple):
    """How one representation predicts the other, and how matrices are compared."""

    penalties: tuple[float, ...]
    folds: Folds
    rdm: EncodingRDM
    comparison: RankComparison


def checked_versa(
    penalties: Sequence[float], folds: Folds, rdm: EncodingRDM, comparison: RankComparison
) -> VersaOptions:
    """Return the options, or raise `OptionError`."""
    check_penalties(penalties)
    check_folds(folds)
    check_choice("rdm", rdm, RDMS)
    check_choice("comparison", comparison, COMPARISONS)
    return VersaOptions(tuple(penalties), folds, rdm, comparison)


def versa_score(state: ExamplesState, options: VersaOptions) -> Score:
    """`versa` of the examples that were kept, on the host."""
    present = np.asarray(state.present)
    named, count = isinstance(options.folds, tuple), fold_count(options.folds)
    fold = np.arange(present.sum()) % count  # they are in the order of a hash
    if named:
        fold = np.asarray(fold_of(state.index, options.folds))[present]
    finite = bool(state.finite())
    enough = bool(np.bincount(fold, minlength=count).min() >= 3)
    value = np.nan
    if finite and enough:
        x, y = (np.asarray(z, np.float64)[present] for z in (state.x, state.y))
        if y.shape[1] == 1:
            options = options._replace(rdm="euclidean")
        each = []
        for k in range(count):
            out = fold == k
            together = fold[~out] if named and count > 2 else None
            each.append(_of_fold(x, y, out, together, options))
        value = float(np.mean(each))
    return score(
        jnp.asarray(value, state.x.dtype),
        finite=jnp.asarray(finite),
        enough=enough,
        constant=bool(np.isnan(value)),
    )


def _of_fold(
    x: np.ndarray,
    y: np.ndarray,
    out: np.ndarray,
    together: np.ndarray | None,
    options: VersaOptions,
) -> float:
    """Correlation of the dissimilarities of examples left out and of their predictions."""
    from scipy.spatial.distance import pdist

    mean = y[~out].mean(axis=0)
    unit = np.abs(y[~out] - mean).max()
    if (x[~out] == x[~out][:1]).all() or unit == 0:
        return float("nan")
    relative = (y[~out] - mean) / unit
    predicted = mean + _predicted(x[~out], relative, x[out], together, options.penalties) * unit
    with np.errstate(invalid="ignore", divide="ignore"):
        a, b = (pdist(z / np.abs(z).max(), options.rdm) for z in (predicted, y[out]))
    return _correlation(a, b, options.comparison)


def _predicted(
    x: np.ndarray,
    y: np.ndarray,
    out: np.ndarray,
    together: np.ndarray | None,
    penalties: Sequence[float],
) -> np.ndarray:
    """Predictions for `out` by ridge regression of `y`, whose mean is 0, on standardised units.

    With the penalty that predicts best each example that was left out; or, if these are given, all
    with one number `together`.
    """
    mean = x.mean(axis=0)
    largest = np.abs(x - mean).max(axis=0)
    known = largest > 8 * np.finfo(np.float32).eps * np.abs(mean)
    x, out = ((z - mean)[:, known] / largest[known] for z in (x, out))
    deviation = x.std(axis=0)
    x, out = x / deviation, out / deviation
    n = len(x)
    # The mean is fitted without a penalty: its direction gets a value of its own, so that what it
    # adds to the examples' influence on themselves can be taken off without cancellation.
    gram, own_value = x @ x.T, float(x.shape[1])
    values, vectors = np.linalg.eigh(gram + own_value / n)
    along = vectors.T @ y
    best, duals = np.inf, np.zeros_like(y)
    for penalty in penalties:
        gains = 1 / (np.maximum(values, 0) + penalty * n)
        weights = vectors @ (gains[:, None] * along)
        of_mean = 1 / ((own_value + penalty * n) * n)
        error = _squared_error(vectors, gains, of_mean, weights, together)
        if error < best:
            best, duals = error, weights
    return np.asarray(out @ (x.T @ duals))


def _squared_error(
    vectors: np.ndarray,
    gains: np.ndarray,
    of_mean: float,
    weights: np.ndarray,
    together: np.ndarray | None,
) -> float:
    """Sum of squares of what each example, or part of them, is off what the others predict of it.

    Dual weights, undone by their inverse matrix within what is left out.
    """
    if together is None:
        own = np.square(vectors) @ gains - of_mean
        return float(np.square(weights / own[:, None]).sum())
    error = 0.0
    for number in np.unique(together):
        rows = together == number
        within = (vectors[rows] * gains) @ vectors[rows].T - of_mean
        error += float(np.square(np.linalg.solve(within, weights[rows])).sum())
    return error


def _correlation(a: np.ndarray, b: np.ndarray, comparison: RankComparison) -> float:
    """Correlation of dissimilarities; NaN where one is, or all are equal.

    To ranks those are equal that differ by the rounding of float64 alone.
    """
    from scipy import stats

    if comparison != "pearson" and np.isfinite(a).all() and np.isfinite(b).all():
        a, b = (made_equal_on_host(z, np.full_like(z, _ROUNDING * np.abs(z).max())) for z in (a, b))
    if not (np.isfinite(a).all() and np.isfinite(b).all()) or min(np.ptp(a), np.ptp(b)) == 0:
        return float("nan")
    measure = {
        "kendall_tau_b": stats.kendalltau,
        "spearman": stats.spearmanr,
        "pearson": stats.pearsonr,
    }[comparison]
    return float(measure(a, b)[0])
