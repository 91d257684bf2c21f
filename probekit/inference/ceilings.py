"""Noise ceilings: how well any model could do, given how alike the measured matrices are."""

from typing import Any, Literal

import numpy as np

from probekit._checks import check_choice
from probekit.errors import ShapeError

Comparison = Literal["pearson", "spearman", "cosine"]


def noise_ceiling(rdms: Any, *, comparison: Comparison = "pearson") -> tuple[float, float]:
    """Return the lower and the upper noise ceiling of RSA over subjects, runs or seeds.

    Upper: the mean comparison of each matrix with the mean of all, which no other matrix exceeds
    (for ``pearson`` and ``cosine``; very nearly for ``spearman``); lower: with the mean of the
    others. Before the mean, matrices are brought to one scale: centred and of unit length
    (``pearson``), of unit length (``cosine``), ranked (``spearman``).

    Parameters
    ----------
    rdms : array (subject, example, example)
        Only what lies above the diagonals is read.
    comparison : {"pearson", "spearman", "cosine"}

    Returns
    -------
    (lower, upper) : tuple of float
        In [-1, 1], lower ≤ upper; NaN if a matrix is constant or not finite.

    Raises
    ------
    ShapeError
        If these are not square matrices of at least 2 subjects and 3 examples.
    OptionError
        If `comparison` is unknown.

    References
    ----------
    Nili et al. 2014, A toolbox for representational similarity analysis.

    Examples
    --------
    >>> one = np.array([[0, 1, 2], [1, 0, 4], [2, 4, 0.0]])
    >>> [round(bound, 6) for bound in noise_ceiling([one, 3 * one])]
    [1.0, 1.0]
    """
    check_choice("comparison", comparison, ("pearson", "spearman", "cosine"))
    rdms = np.asarray(rdms, float)
    if rdms.ndim != 3 or rdms.shape[1] != rdms.shape[2] or len(rdms) < 2 or rdms.shape[1] < 3:
        raise ShapeError(
            f"rdms: shape {rdms.shape}; (subject, example, example) is needed, "
            "of at least 2 subjects and 3 examples."
        )
    entries = rdms[:, *np.triu_indices(rdms.shape[1], k=1)]
    if not np.isfinite(entries).all():
        return float("nan"), float("nan")
    if comparison == "spearman":
        from scipy.stats import rankdata

        entries = rankdata(entries, axis=1)
    centre = comparison != "cosine"
    scaled = entries if comparison == "spearman" else _unit_length(entries, centre=centre)
    total = scaled.sum(axis=0)
    bounds = []
    for mean in (total - scaled, np.broadcast_to(total, scaled.shape)):  # of the others, of all
        if comparison == "spearman":
            mean = rankdata(mean, axis=1)
        both = _unit_length(entries, centre=centre) * _unit_length(mean, centre=centre)
        bounds.append(float(both.sum(axis=1).mean()))
    return bounds[0], bounds[1]


def _unit_length(rows: np.ndarray, *, centre: bool) -> np.ndarray:
    rows = rows - rows.mean(axis=1, keepdims=True) if centre else rows
    length = np.sqrt(np.square(rows).sum(axis=1, keepdims=True))
    scaled: np.ndarray = rows / np.where(length > 1e-12 * np.abs(rows).max(), length, np.nan)
    return scaled
