"""Comparisons of dissimilarity matrices for many orders of the examples of one of them.

The matrices are computed once, and for ranks sorted once: an order only moves rows and columns.
"""

from typing import Any

import numpy as np

from probekit._checks import check_choice, check_rank
from probekit.errors import ShapeError
from probekit.measures.reweighting import WEIGHTABLE, Weightable


def compare_rdms_shuffled(
    a: Any, b: Any, orders: Any, *, comparison: Weightable = "pearson"
) -> np.ndarray:
    """Compare two dissimilarity matrices once for each order of the examples of the second.

    Parameters
    ----------
    a, b : array (example, example)
        Symmetric; the diagonal is not read.
    orders : array (shuffle, example)
        Which example of `b` stands for each of `a`.
    comparison : {"pearson", "spearman", "cosine"}

    Returns
    -------
    array (shuffle,)
        float64, in [-1, 1]; NaN where a matrix is constant (pearson, spearman) or not finite.

    Raises
    ------
    ShapeError
        If the shapes do not fit.
    OptionError
        If the comparison has no such form.

    Notes
    -----
    O(shuffle · example²). The test is that of Mantel.

    References
    ----------
    Mantel 1967, The detection of disease clustering and a generalized regression approach; Nili et
    al. 2014, A toolbox for representational similarity analysis.

    Examples
    --------
    >>> a = np.array([[0, 1, 2], [1, 0, 4], [2, 4, 0.0]])
    >>> orders = [[0, 1, 2], [1, 0, 2]]
    >>> compare_rdms_shuffled(a, 3 * a, orders, comparison="spearman").round(6).tolist()
    [1.0, 0.5]
    """
    check_choice("comparison", comparison, WEIGHTABLE)
    a, b, orders = np.asarray(a, float), np.asarray(b, float), np.asarray(orders)
    for name, array in (("a", a), ("b", b), ("orders", orders)):
        check_rank(name, array, least=2, most=2)
    if a.shape[0] != a.shape[1] or a.shape != b.shape or orders.shape[1] != len(a):
        raise ShapeError(
            f"a, b, orders: shapes {a.shape}, {b.shape}, {orders.shape}; "
            "(example, example) twice and (shuffle, example) are needed."
        )
    one, other = (_unit_length(square, comparison) for square in (a, b))
    values = np.array([(one * other[order][:, order]).sum() for order in orders])
    clipped: np.ndarray = np.clip(values, -1, 1)
    return clipped


def _unit_length(square: np.ndarray, comparison: Weightable) -> np.ndarray:
    """Return the matrix, or its ranks, centred but for cosines, of length 1; NaN if it is none."""
    rows, columns = np.triu_indices(len(square), k=1)
    entries = square[rows, columns]
    found = np.full(square.shape, np.nan)
    if not np.isfinite(entries).all() or not len(entries):
        return found
    if comparison == "spearman":
        from scipy.stats import rankdata

        entries = rankdata(entries)
    entries = entries / (np.abs(entries).max() or 1)
    if comparison != "cosine":
        entries = entries - entries.mean()
    length = np.sqrt(2 * (entries**2).sum())
    if length**2 <= 1e-12 * len(entries):
        return found
    found = np.zeros(square.shape)
    found[rows, columns] = found[columns, rows] = entries / length
    return found
