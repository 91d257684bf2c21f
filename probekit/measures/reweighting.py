"""Comparisons of dissimilarity matrices for many weights of their examples at once.

The matrices are computed once, and for ranks sorted once. A pair counts as often as the product of
its examples' weights; an example is never paired with itself, however often it was drawn: at
distance 0 in both matrices such pairs would make any two of them alike.
"""

from collections.abc import Iterator
from typing import Any, Literal

import numpy as np

from probekit._checks import check_choice, check_rank, check_same_examples
from probekit.errors import ShapeError

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
