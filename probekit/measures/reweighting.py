"""Comparisons of dissimilarity or Gram matrices for many weights of their examples at once.

The matrices are computed once, and for ranks sorted once. A pair counts as often as the product of
its examples' weights; an example is never paired with itself, however often it was drawn: at
distance 0 in both matrices such pairs would make any two of them alike. Where whole groups of
examples are drawn, such as conditions, no two copies of a group are paired with each other: a pair
within a group counts as often as the group was drawn.
"""

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple, get_args

import jax.numpy as jnp
import numpy as np

from probekit._checks import check_choice, check_rank, check_same_examples
from probekit.errors import OptionError, ShapeError
from probekit.measures._status import Score, score
from probekit.measures.gram import Kernel, gram
from probekit.statistics import ExamplesState

Weightable = Literal["pearson", "spearman", "cosine"]
WEIGHTABLE: tuple[Weightable, ...] = get_args(Weightable)


def compare_rdms_weighted(
    a: Any, b: Any, weights: Any, *, comparison: Weightable = "pearson", groups: Any = None
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
    groups : array (example,), optional
        Which examples were drawn together, and so have one weight; pairs of copies of one group
        are left out, as those of an example with itself are.

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
        If the comparison has no weighted form, or examples of one group have unlike weights.

    Notes
    -----
    O(resample · example²): products of matrices, or for ranks cumulated sums. Equal to rsatoolbox's
    `RDMs.subsample_pattern` and `compare`, but for groups, of which that pairs copies: these have
    twice the share in resamples that they have in the data, and within groups matrices are alike.

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
    pairs = _Pairs.of(weights, groups)
    value = (
        _by_rank(a, b, pairs)
        if comparison == "spearman"
        else _by_value(a, b, pairs, off, centre=comparison == "pearson")
    )
    undefined = pairs.sums((~finite).astype(float)) > 0
    return np.where(undefined, np.nan, value)


class _Pairs(NamedTuple):
    """How often pairs of examples count.

    Attributes
    ----------
    weights : array (resample, example)
    within : array (example, example) or None
        Which pairs are of one group, boolean; None if each example is its own.
    """

    weights: np.ndarray
    within: np.ndarray | None

    @classmethod
    def of(cls, weights: np.ndarray, groups: Any) -> "_Pairs":
        if groups is None:
            return cls(weights, None)
        groups = np.asarray(groups)
        if groups.shape != weights.shape[1:]:
            raise ShapeError(
                f"groups: shape {groups.shape}; there are {weights.shape[1]} examples. "
                "Give one label each."
            )
        _, first, place = np.unique(groups, return_index=True, return_inverse=True)
        place = place.reshape(-1)
        if (weights != weights[:, first][:, place]).any():
            raise OptionError("groups: examples of one group have unlike weights; draw whole ones.")
        return cls(weights, place[:, None] == place[None, :])

    def sums(self, square: np.ndarray) -> np.ndarray:
        """Sum of a matrix over pairs, each as often as it counts, ``(resample,)``."""
        if self.within is None:
            return _sums(self.weights, square)
        between = _sums(self.weights, np.where(self.within, 0, square))
        inside = self.weights @ np.where(self.within, square, 0).sum(axis=1)
        found: np.ndarray = between + inside
        return found

    def each(self, rows: np.ndarray, columns: np.ndarray) -> Iterator[np.ndarray]:
        """Yield for each resample how often the pairs of these examples count."""
        for weight in self.weights:
            pair = weight[rows] * weight[columns]
            if self.within is not None:
                pair = np.where(self.within[rows, columns], weight[rows], pair)
            yield pair


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
    a: np.ndarray, b: np.ndarray, pairs: _Pairs, off: np.ndarray, *, centre: bool
) -> np.ndarray:
    a, b = (square / (np.abs(square).max() or 1) for square in (a, b))
    if centre:  # by the mean of all, which costs no digits of the mean of the weighted
        a, b = (np.where(off, square - square[off].mean(), 0) for square in (a, b))
    aa, bb, ab = (pairs.sums(product) for product in (a * a, b * b, a * b))
    if centre:
        count = pairs.sums(off.astype(float))
        count = np.where(count > 0, count, 1)
        sum_a, sum_b = pairs.sums(a), pairs.sums(b)
        aa, bb, ab = aa - sum_a**2 / count, bb - sum_b**2 / count, ab - sum_a * sum_b / count
    return _ratio(ab, aa, bb, least=1e-12 * pairs.weights.sum(axis=1) ** 2)


def _by_rank(a: np.ndarray, b: np.ndarray, pairs: _Pairs) -> np.ndarray:
    rows, columns = np.triu_indices(len(a), k=1)
    sides = [_Sorted(square[rows, columns]) for square in (a, b)]

    def one() -> Iterator[tuple[float, float, float, float]]:
        for pair in pairs.each(rows, columns):
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
