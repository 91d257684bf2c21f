"""Encoding RSA: representational similarity after one representation is mapped onto the other."""

from collections.abc import Sequence
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_choice, check_count
from probekit.measures._arguments import matched, on_host
from probekit.measures._status import Score, score
from probekit.measures.ridge import DEFAULT_FOLDS, DEFAULT_PENALTIES, check_penalties
from probekit.statistics import Examples, ExamplesState, state_of

EncodingRDM = Literal["correlation", "cosine", "euclidean"]
RankComparison = Literal["kendall_tau_b", "spearman", "pearson"]
RDMS = ("correlation", "cosine", "euclidean")
COMPARISONS = ("kendall_tau_b", "spearman", "pearson")


def versa(
    x: Any,
    y: Any,
    *,
    penalties: Sequence[float] = DEFAULT_PENALTIES,
    folds: int = DEFAULT_FOLDS,
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
    folds : int
        At least 2; examples are shared out at random, always in the same way.
    rdm : {"correlation", "cosine", "euclidean"}
        Distance between examples; of a `y` with a single column always euclidean.
    comparison : {"kendall_tau_b", "spearman", "pearson"}
        How matrices are compared.

    Returns
    -------
    array ()
        In [-1, 1]. NaN if either is constant or not finite, or a matrix is undefined, as all
        predictions are equal.

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
    check_versa(penalties, folds, rdm, comparison)
    x, y = on_host(*matched(x, y, least=3 * folds))
    state = jax.device_get(state_of(Examples(capacity=x.shape[0]), x, y))
    return versa_score(
        state, penalties=penalties, folds=folds, metric=rdm, comparison=comparison
    ).value


def check_versa(
    penalties: Sequence[float], folds: int, rdm: EncodingRDM, comparison: RankComparison
) -> None:
    """Raise `OptionError` unless the options are what they can be."""
    check_penalties(penalties)
    check_count("folds", folds, 2)
    check_choice("rdm", rdm, RDMS)
    check_choice("comparison", comparison, COMPARISONS)


def versa_score(
    state: ExamplesState,
    *,
    penalties: Sequence[float],
    folds: int,
    metric: EncodingRDM,
    comparison: RankComparison,
) -> Score:
    """`versa` of the examples that were kept, on the host."""
    present = np.asarray(state.present)
    finite, enough = bool(state.finite()), bool(present.sum() >= 3 * folds)
    value = np.nan
    if finite and enough:
        x, y = (np.asarray(z, np.float64)[present] for z in (state.x, state.y))
        metric = metric if y.shape[1] > 1 else "euclidean"
        fold = np.arange(len(x)) % folds  # they are in the order of a hash
        each = [_of_fold(x, y, fold == k, penalties, metric, comparison) for k in range(folds)]
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
    penalties: Sequence[float],
    metric: EncodingRDM,
    comparison: RankComparison,
) -> float:
    """Correlation of the dissimilarities of examples left out and of their predictions."""
    from scipy.spatial.distance import pdist

    mean = y[~out].mean(axis=0)
    unit = np.abs(y[~out] - mean).max()
    if (x[~out] == x[~out][:1]).all() or unit == 0:
        return float("nan")
    predicted = mean + _predicted(x[~out], (y[~out] - mean) / unit, x[out], penalties) * unit
    with np.errstate(invalid="ignore", divide="ignore"):
        a, b = (pdist(z / np.abs(z).max(), metric) for z in (predicted, y[out]))
    return _correlation(a, b, comparison)


def _predicted(
    x: np.ndarray, y: np.ndarray, out: np.ndarray, penalties: Sequence[float]
) -> np.ndarray:
    """Predictions for `out` by ridge regression of `y`, whose mean is 0, on standardised units."""
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
        own = np.square(vectors) @ gains - 1 / ((own_value + penalty * n) * n)
        error = float(np.square(weights / own[:, None]).sum())
        if error < best:
            best, duals = error, weights
    return np.asarray(out @ (x.T @ duals))


def _correlation(a: np.ndarray, b: np.ndarray, comparison: RankComparison) -> float:
    """Correlation of dissimilarities; NaN where one is, or all are equal."""
    from scipy import stats

    if not (np.isfinite(a).all() and np.isfinite(b).all()) or min(np.ptp(a), np.ptp(b)) == 0:
        return float("nan")
    measure = {
        "kendall_tau_b": stats.kendalltau,
        "spearman": stats.spearmanr,
        "pearson": stats.pearsonr,
    }[comparison]
    return float(measure(a, b)[0])
