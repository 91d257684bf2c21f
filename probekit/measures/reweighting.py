"""Comparisons of dissimilarity or Gram matrices for many weights of their examples at once.

The matrices are computed once, and for ranks sorted once. A pair counts as often as the product of
its examples' weights; an example is never paired with itself, however often it was drawn: at
distance 0 in both matrices such pairs would make any two of them alike.
"""

from collections.abc import Iterator
from typing import Any, Literal

import jax.numpy as jnp
import numpy as np

from probekit._checks import check_choice, check_rank, check_same_examples
from probekit.errors import ShapeError
from probekit.measures._status import Score, score
from probekit.measures.kernels import Kernel, gram
from probekit.statistics import ExamplesState

Weightable = Literal["pearson", "spearman", "cosine"]
WEIGHTABLE = ("pearson", "spearman", "cosine")


def compare_rdms_weighted(
    a: Any, b: Any, weights: Any, *, comparison: Weightable = "pearson"
) -> np.ndarray:
    """Compare two dissimilarity matrices once for each row of weights.

    With counts for weights this is the bootstrap over examples: what would be found if each row and
    column were there so many times, without the pairs of an example with itself.

    Parameters
    ----------
    a, b : array (example, example)
        Symmetric; the diagonal is not read.
    weights : array (resample, example)
        At least 0.
    comparison : {"pearson", "spearman", "cosine"}

    Returns
    -------
    array (resample,)
        float64, in [-1, 1]; NaN where what has weight is constant (pearson, spearman) or not
        finite.

    Raises
    ------
    ShapeError
        If the shapes do not fit.
    OptionError
        If the comparison has no weighted form.

    Notes
    -----
    O(resample · example²): products of matrices, or for ranks cumulated sums.

    References
    ----------
    Schütt et al. 2023, Statistical inference on representational geometries.

    Examples
    --------
    >>> a = np.array([[0, 1, 2], [1, 0, 4], [2, 4, 0.0]])
    >>> weights = [[1, 1, 1], [2, 1, 1]]
    >>> compare_rdms_weighted(a, 3 * a, weights, comparison="cosine").round(6).tolist()
    [1.0, 1.0]
    """
    check_choice("comparison", comparison, WEIGHTABLE)
    a, b, weights = (np.asarray(array, float) for array in (a, b, weights))
    for name, array in (("a", a), ("b", b), ("weights", weights)):
        check_rank(name, array, least=2, most=2)
    check_same_examples("a", a, "b", b)
    if a.shape[0] != a.shape[1] or a.shape != b.shape or weights.shape[1] != len(a):
        raise ShapeError(
            f"a, b, weights: shapes {a.shape}, {b.shape}, {weights.shape}; "
            "(example, example) twice and (resample, example) are needed."
        )
    off = ~np.eye(len(a), dtype=bool)
    finite = np.isfinite(a) & np.isfinite(b) | ~off
    a, b = (np.where(off & finite, square, 0) for square in (a, b))
    value = (
        _by_rank(a, b, weights)
        if comparison == "spearman"
        else _by_value(a, b, weights, off, centre=comparison == "pearson")
    )
    undefined = _sums(weights, (~finite).astype(float)) > 0
    return np.where(undefined, np.nan, value)


def align_grams_weighted(k: Any, m: Any, weights: Any) -> np.ndarray:
    """Centred alignment (CKA) of two Gram matrices once for each row of weights.

    With counts for weights it is what would be found if each row and column were there so many
    times. The diagonal counts, as it does in CKA.

    Parameters
    ----------
    k, m : array (example, example)
    weights : array (resample, example)

    Returns
    -------
    array (resample,)
        float64, in [0, 1] for positive definite matrices; NaN where what has weight is constant.

    Notes
    -----
    tr(K H M H) of copies, in O(example²) a resample.

    References
    ----------
    Kornblith et al. 2019, Similarity of neural network representations revisited.

    Examples
    --------
    >>> x = np.array([[0.0, 1.0], [2.0, 0.0], [1.0, 5.0]])
    >>> align_grams_weighted(x @ x.T, 2 * x @ x.T, [[1, 1, 1], [0, 1, 2]]).round(6).tolist()
    [1.0, 1.0]
    """
    k, m, weights = (np.asarray(array, float) for array in (k, m, weights))
    k, m = (square / (np.abs(square).max() or 1) for square in (k, m))
    count = np.maximum(weights.sum(axis=1), 1)
    rows = {"k": weights @ k, "m": weights @ m}
    totals = {name: (row * weights).sum(axis=1) for name, row in rows.items()}

    def inner(one: str, other: str, product: np.ndarray) -> np.ndarray:
        crossed = (weights * rows[one] * rows[other]).sum(axis=1)
        of_means = totals[one] * totals[other] / count**2
        sums: np.ndarray = _sums(weights, product) - 2 * crossed / count + of_means
        return sums

    own = inner("k", "k", k * k), inner("m", "m", m * m)
    return _ratio(inner("k", "m", k * m), *own, least=1e-12 * count**2)


def reweighted_cka_scores(
    state: ExamplesState, weights: np.ndarray, *, kernel: Kernel, bandwidth: float
) -> Score:
    """CKA of the examples that were kept, for each row of weights ``(resample, example)`` of all.

    On the host; Gram matrices, and with them the width of the kernel, are those of the examples
    that were kept.
    """
    kept = np.asarray(state.present)
    own = weights[:, np.asarray(state.index)[kept]]
    present = jnp.asarray(kept, state.x.dtype)
    k, m = (
        np.asarray(gram(jnp.asarray(z), present, kernel, bandwidth))[np.ix_(kept, kept)]
        for z in (state.x, state.y)
    )
    value = align_grams_weighted(k, m, own)
    return score(
        jnp.asarray(value, state.weight.dtype),
        finite=state.finite(),
        enough=jnp.asarray((own > 0).sum(axis=1) >= 2),
        constant=jnp.isnan(value),
    )


def _sums(weights: np.ndarray, square: np.ndarray) -> np.ndarray:
    """Sum over pairs of the products of both weights and the entry, ``(resample,)``."""
    total: np.ndarray = ((weights @ square) * weights).sum(axis=1)
    return total


def _by_value(
    a: np.ndarray, b: np.ndarray, weights: np.ndarray, off: np.ndarray, *, centre: bool
) -> np.ndarray:
    a, b = (square / (np.abs(square).max() or 1) for square in (a, b))
    if centre:  # by the mean of all, which costs no digits of the mean of the weighted
        a, b = (np.where(off, square - square[off].mean(), 0) for square in (a, b))
    aa, bb, ab = (_sums(weights, product) for product in (a * a, b * b, a * b))
    if centre:
        count = _sums(weights, off.astype(float))
        count = np.where(count > 0, count, 1)
        sum_a, sum_b = _sums(weights, a), _sums(weights, b)
        aa, bb, ab = aa - sum_a**2 / count, bb - sum_b**2 / count, ab - sum_a * sum_b / count
    return _ratio(ab, aa, bb, least=1e-12 * weights.sum(axis=1) ** 2)


def _by_rank(a: np.ndarray, b: np.ndarray, weights: np.ndarray) -> np.ndarray:
    rows, columns = np.triu_indices(len(a), k=1)
    sides = [_Sorted(square[rows, columns]) for square in (a, b)]

    def one() -> Iterator[tuple[float, float, float, float]]:
        for weight in weights:
            pair = weight[rows] * weight[columns]
            total = pair.sum() or 1
            u, v = (side.ranks(pair) / total for side in sides)
            # No products of BLAS, whose threads cost more than such short sums.
            u, v = (z - (pair * z).sum() / total for z in (u, v))
            weighted_u, weighted_v = pair * u, pair * v
            products = (weighted_u * v, weighted_u * u, weighted_v * v)
            yield *(product.sum() for product in products), 1e-12 * total

    ab, aa, bb, least = np.array(list(one())).T
    return _ratio(ab, aa, bb, least=least)


def _ratio(ab: np.ndarray, aa: np.ndarray, bb: np.ndarray, *, least: np.ndarray) -> np.ndarray:
    defined = (aa > least) & (bb > least)
    length = np.sqrt(np.where(defined, aa * bb, 1))
    return np.where(defined, np.clip(ab / length, -1, 1), np.nan)


class _Sorted:
    """The order of values and the runs of equal ones: ranks for any weights without sorting."""

    def __init__(self, values: np.ndarray) -> None:
        self.order = np.argsort(values)
        ordered = values[self.order]
        changes = np.concatenate([[True], ordered[1:] != ordered[:-1]])
        self.starts, self.run = np.flatnonzero(changes), np.cumsum(changes) - 1

    def ranks(self, weight: np.ndarray) -> np.ndarray:
        """Mean rank of each entry if it is there as often as its weight says, up to a constant."""
        runs = np.add.reduceat(weight[self.order], self.starts)
        ranks = np.empty(len(weight))
        ranks[self.order] = (np.cumsum(runs) - runs / 2)[self.run]
        return ranks
