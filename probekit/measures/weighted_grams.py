"""Inner products of two representations' Gram matrices, for many weights of their examples at once.

What CKA and HSIC with a linear kernel are made of: ‖Σ_i w_i (x_i - x̄)(y_i - ȳ)ᵀ‖² is also
Σ_ij w_i w_j K_ij L_ij, with K and L the Gram matrices about the weighted means. Through units it
costs n d d_y for each row of weights, through examples n²; the cheaper way is taken. On the host,
in float64: what is about the mean of all examples is moved to that of the weighted ones, which
costs digits.
"""

import dataclasses
from typing import Any, NamedTuple

import numpy as np

from probekit._sums import accumulator_dtype
from probekit.measures._status import CONSTANT, NONFINITE, OK, TOO_FEW, Score

MOST_EXAMPLES = 8192
"""Of more examples there are no Gram matrices."""

_MODERATE = (1e-8, 1e6)
"""Values between which sums of fourth powers are in the range of float32."""

_NOISE = 1024
"""An unbiased sum must be so many roundings of its largest term, as in `debiased_cka_score`."""

_PER_ENTRY = 20
"""How many multiplications take as long as moving one entry of a matrix."""

_AT_ONCE = 1 << 22
"""How many numbers are put in another order at a time."""


@dataclasses.dataclass(frozen=True)
class Weighed:
    """One representation under many weights of its examples.

    Attributes
    ----------
    given : array (example, unit)
    weights : array (resample, example)
        0 for examples that are not finite.
    centred : array (example, unit)
        About the mean of all that are finite; 0 for others.
    gram : array (example, example) or None
        Its products; None if they are to be made whenever they are needed.
    count : array (resample,)
        Sum of the weights.
    sums : array (resample, unit)
        Σ w x.
    rows : array (resample, example)
        Σ_j w_j K_ij.
    lengths : array (example,)
        K_ii.
    trace : array (resample,)
        Σ w ‖x - x̄‖², about the weighted mean.
    finite : array (resample,)
        Whether all that has weight was finite.
    varied : array (resample,)
        Whether what has weight is far from constant.
    moderate : bool
        Whether no sum can be out of range, unless all are 0.
    """

    given: Any
    weights: np.ndarray
    centred: np.ndarray
    gram: np.ndarray | None
    count: np.ndarray
    sums: np.ndarray
    rows: np.ndarray
    lengths: np.ndarray
    trace: np.ndarray
    finite: np.ndarray
    varied: np.ndarray
    moderate: bool

    @property
    def products(self) -> np.ndarray:
        """The Gram matrix."""
        return self.centred @ self.centred.T if self.gram is None else self.gram

    @property
    def totals(self) -> np.ndarray:
        """Σ_ij w_i w_j K_ij, ``(resample,)``."""
        found: np.ndarray = np.square(self.sums).sum(axis=1)
        return found

    def constant(self, row: int) -> bool:
        """Return whether all examples that have weight in this row are the same."""
        values = self.given[self.weights[row] > 0]
        return bool((values == values[:1]).all())

    def own_lengths(self) -> np.ndarray:
        """Return ‖x_i - x̄‖² about the weighted means, ``(resample, example)``."""
        count = self.count[:, None]
        found: np.ndarray = self.lengths - 2 * self.rows / count + self.totals[:, None] / count**2
        return found


def weighed(x: Any, weights: np.ndarray, *, hold: bool) -> Weighed:
    """Prepare a representation ``(example, unit)`` for rows of weights ``(resample, example)``.

    With `hold` its Gram matrix is kept.
    """
    given = np.asarray(x)
    eps = float(np.finfo(accumulator_dtype(given)).eps)
    values = given.astype(np.float64)
    usable = np.asarray(np.isfinite(values).all(axis=1))
    values = np.where(usable[:, None], values, 0)
    largest = np.abs(values).max(axis=0, initial=0)
    centred = values - values.sum(axis=0) / max(usable.sum(), 1)
    centred[~usable] = 0
    finite = ~np.asarray((weights[:, ~usable] > 0).any(axis=1))
    weights = np.where(usable, weights, 0.0)
    count = np.maximum(weights.sum(axis=1), 1)
    sums, lengths = weights @ centred, np.square(centred).sum(axis=1)
    trace = weights @ lengths - np.square(sums).sum(axis=1) / count
    # Units are constant if their squares are (8 ε mean)² each; some may be, but not all.
    rounding = 4 * count * np.square(8 * eps * largest).sum()
    spread = np.abs(centred).max(initial=0)
    in_range = spread > _MODERATE[0] and largest.max(initial=0) < _MODERATE[1]
    return Weighed(
        given=given,
        weights=weights,
        centred=centred,
        gram=centred @ centred.T if hold else None,
        count=count,
        sums=sums,
        rows=sums @ centred.T,
        lengths=lengths,
        trace=trace,
        finite=finite,
        varied=trace > rounding,
        moderate=bool(in_range or spread == 0),
    )


class Sums(NamedTuple):
    """Inner products of two representations' centred Gram matrices, each array ``(resample,)``.

    Attributes
    ----------
    xx, xy, yy : array
    pairs : array
        By what they are divided to be HSIC.
    enough, sure : array of bool
        Whether there are enough examples for it, and there is no doubt that it is defined then if
        both are in range.
    units : int
        Of the wider one of the two.
    """

    xx: np.ndarray
    xy: np.ndarray
    yy: np.ndarray
    pairs: np.ndarray
    enough: np.ndarray
    sure: np.ndarray
    units: int


class Own(NamedTuple):
    """A representation under many weights, and its Gram matrix's inner product with itself."""

    side: Weighed
    square: np.ndarray


def own_of(side: Weighed) -> Own:
    """Compute what is asked of a representation by every other one."""
    return Own(side, inner_products(side, side))


def inner_products(a: Weighed, b: Weighed) -> np.ndarray:
    """Return Σ_ij w_i w_j K_ij L_ij about the weighted means, ``(resample,)``."""
    weights, count = a.weights, a.count
    if a.centred.shape[1] * b.centred.shape[1] <= len(a.centred):
        each = (a.centred[:, :, None] * b.centred[:, None, :]).reshape(len(a.centred), -1)
        means = (a.sums[:, :, None] * b.sums[:, None, :]).reshape(len(count), -1)
        through_units: np.ndarray = np.square(weights @ each - means / count[:, None]).sum(axis=1)
        return through_units
    whole = ((weights @ (a.products * b.products)) * weights).sum(axis=1)
    crossed = (weights * a.rows * b.rows).sum(axis=1)
    found: np.ndarray = whole - 2 * crossed / count + a.totals * b.totals / count**2
    return found


def weighted_sums(a: Own, b: Own, *, debiased: bool) -> Sums:
    """Return the inner products for each row of weights; debiased as Song et al. have them."""
    x, y = a.side, b.side
    both = inner_products(x, y)
    if not debiased:
        return _sums(a, b, both, None, None)
    return _sums(a, b, both, x.own_lengths(), y.own_lengths())


def shuffled_sums(a: Own, b: Own, orders: np.ndarray, *, debiased: bool) -> Sums:
    """Return the same for each order ``(shuffle, example)`` of y, of examples of weight 1."""
    x, y = a.side, b.side
    both = _shuffled_products(x, y, orders)
    if not debiased:
        return _sums(a, b, both, None, None)
    return _sums(a, b, both, x.lengths[None, :], y.lengths[orders])


def _shuffled_products(x: Weighed, y: Weighed, orders: np.ndarray) -> np.ndarray:
    """Return Σ_ij K_ij L_ij for each order; nothing is moved, so the dtype of scores will do."""
    (n, d), d_y = x.centred.shape, y.centred.shape[1]
    dtype = accumulator_dtype(x.given, y.given)
    if _PER_ENTRY * n < d * d_y:
        k, m = x.products.astype(dtype), y.products.astype(dtype)

        def one(order: np.ndarray) -> Any:
            # Row by row, as so many terms would not add up to float32's last digits.
            moved = np.take(m[order], order, axis=1)
            return np.einsum("ij,ij->i", k, moved).sum(dtype=np.float64)

        return np.array([one(order) for order in orders])
    a, b = x.centred.astype(dtype), y.centred.astype(dtype)
    at_once = max(1, _AT_ONCE // (n * d_y + d * d_y))
    found = [
        np.square(a.T @ b[orders[start : start + at_once]]).sum(axis=(1, 2), dtype=np.float64)
        for start in range(0, len(orders), at_once)
    ]
    return np.concatenate(found)


def _sums(a: Own, b: Own, both: np.ndarray, k: np.ndarray | None, m: np.ndarray | None) -> Sums:
    """Put sums together; with the squared lengths of the examples they are the unbiased ones."""
    x, y = a.side, b.side
    n = x.weights.sum(axis=1)
    sure, units = x.varied & y.varied, max(x.centred.shape[1], y.centred.shape[1])
    if k is None or m is None:
        return Sums(a.square, both, b.square, np.square(n - 1), n >= 2, sure, units)
    enough, n = n >= 4, np.maximum(n, 4)

    def unbiased(total: np.ndarray, left: Any, right: Any, traces: np.ndarray) -> np.ndarray:
        own = (x.weights * left * right).sum(axis=1)
        found: np.ndarray = total - own * n / (n - 2) + traces / ((n - 1) * (n - 2))
        return found

    xx = unbiased(a.square, k, k, x.trace * x.trace)
    xy = unbiased(both, k, m, x.trace * y.trace)
    yy = unbiased(b.square, m, m, y.trace * y.trace)
    noise = 2 * _NOISE * float(np.finfo(accumulator_dtype(x.given, y.given)).eps)
    sure = sure & (xx > noise * a.square) & (yy > noise * b.square)
    return Sums(xx, xy, yy, n * (n - 3), enough, sure, units)


def alignment_of_sums(sums: Sums) -> np.ndarray:
    """CKA; of sums that are `sure`."""
    lengths = np.where(sums.sure, np.sqrt(np.abs(sums.xx)) * np.sqrt(np.abs(sums.yy)), 1)
    return np.clip(sums.xy / lengths, -1, 1)


def criterion_of_sums(sums: Sums) -> np.ndarray:
    """HSIC; of sums that are `sure`."""
    found: np.ndarray = sums.xy / np.where(sums.pairs > 0, sums.pairs, 1)
    return found


def scores_of_sums(
    value: np.ndarray, sums: Sums, x: Weighed, y: Weighed
) -> tuple[Score, np.ndarray]:
    """Return the scores, NaN where they are undefined, and the rows of which neither is sure."""
    finite, enough, sure = (
        np.broadcast_to(array, sums.xy.shape)
        for array in (x.finite & y.finite, sums.enough, sums.sure)
    )
    in_range = x.moderate and y.moderate
    few = ~enough & in_range
    status = np.where(finite, np.where(few, TOO_FEW, OK), NONFINITE).astype(np.int8)
    unsure = np.flatnonzero((status == OK) & ~(sure & in_range))
    last = len(x.weights) - 1  # of orders there is one row of weights
    constant = [
        in_range and any(side.constant(min(int(row), last)) for side in (x, y)) for row in unsure
    ]
    status[unsure[constant]] = CONSTANT
    value = np.where(status == OK, value, np.nan).astype(accumulator_dtype(x.given, y.given))
    return Score(value, status), unsure[np.logical_not(constant)]  # type: ignore[arg-type]
