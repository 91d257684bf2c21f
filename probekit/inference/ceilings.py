"""Noise ceilings: how well any model could do, given how alike the measured matrices are."""

from typing import Any, Literal, get_args

import numpy as np

from probekit._checks import check_choice
from probekit.errors import ShapeError
from probekit.inference.labels import numbered

Comparison = Literal[
    "pearson",
    "spearman",
    "kendall",
    "cosine",
    "kendall_tau_b",
    "rho_a",
    "whitened_cosine",
    "whitened_correlation",
]
COMPARISONS: tuple[Comparison, ...] = get_args(Comparison)
_BY_RANK = ("spearman", "rho_a", "kendall", "kendall_tau_b")
_CENTRED = ("pearson", "whitened_correlation")
_WHITENED = ("whitened_cosine", "whitened_correlation")


def noise_ceiling(
    rdms: Any, *, comparison: Comparison = "pearson", groups: Any = None
) -> tuple[float, float]:
    """Return the lower and the upper noise ceiling of RSA over subjects, runs or seeds.

    Upper: the mean comparison of each matrix with the mean of all, which no other matrix exceeds
    (for ``pearson``, ``cosine`` and both after whitening, and for ``rho_a`` no other order of
    pairs; very nearly for the others); lower: with the mean of the others. Before the mean,
    matrices are brought to one scale: of unit length as the comparison measures it, or ranked
    (``spearman``, ``rho_a``, ``kendall``, ``kendall_tau_b``).

    Parameters
    ----------
    rdms : array (subject, example, example)
        Only what lies above the diagonals is read.
    comparison : str
        As in `probekit.measures.compare_rdms`; ``kendall`` is tau-a.
    groups : array (subject,), optional
        The group of each matrix, such as the subject whose runs they are: the others are then those
        of other groups, and bounds are means over groups.

    Returns
    -------
    (lower, upper) : tuple of float
        In [-1, 1]; NaN if a matrix is constant or not finite. Lower is at most upper wherever the
        upper bound is exact and groups are of one size.

    Raises
    ------
    ShapeError
        If these are not square matrices of at least 2 subjects (of 2 groups) and 3 examples.
    OptionError
        If `comparison` is unknown.

    Notes
    -----
    As rsatoolbox's ``boot_noise_ceiling``, but that it scales by the length before whitening, of
    which the mean is not quite the best. O(s n²) for s subjects, O(s n² log n) for ranks.

    References
    ----------
    Nili et al. 2014, A toolbox for representational similarity analysis; Schütt et al. 2023,
    Statistical inference on representational geometries.

    Examples
    --------
    >>> one = np.array([[0, 1, 2], [1, 0, 4], [2, 4, 0.0]])
    >>> [round(bound, 6) for bound in noise_ceiling([one, 3 * one])]
    [1.0, 1.0]
    """
    check_choice("comparison", comparison, COMPARISONS)
    try:
        rdms = np.asarray(rdms, float)
    except (TypeError, ValueError):
        raise ShapeError(
            f"rdms: a {type(rdms).__name__}; give an array of numbers (subject, example, example)."
        ) from None
    if rdms.ndim != 3 or rdms.shape[1] != rdms.shape[2] or len(rdms) < 2 or rdms.shape[1] < 3:
        raise ShapeError(
            f"rdms: shape {rdms.shape}; (subject, example, example) is needed, "
            "of at least 2 subjects and 3 examples."
        )
    of_group = _members(groups, len(rdms))
    entries = rdms[:, *np.triu_indices(rdms.shape[1], k=1)]
    if not np.isfinite(entries).all():
        return float("nan"), float("nan")
    entries, lengths = _on_one_scale(entries, rdms.shape[1], comparison)
    if not (lengths > 1e-12).all():
        return float("nan"), float("nan")
    total = entries.mean(axis=0)
    bounds = []
    for inside in of_group:
        pooled = entries[~inside].mean(axis=0), total
        bounds.append([_mean_comparison(entries[inside], mean, comparison) for mean in pooled])
    lower, upper = np.mean(bounds, axis=0)
    return float(lower), float(upper)


def _members(groups: Any, subjects: int) -> np.ndarray:
    """Return which subjects are in each group, boolean ``(group, subject)``."""
    place = np.arange(subjects) if groups is None else numbered(groups, subjects, "matrices")
    of_group: np.ndarray = place[None, :] == np.arange(place.max() + 1)[:, None]
    if len(of_group) < 2:
        raise ShapeError("groups: 1; at least 2 are needed, as each is compared with the others.")
    return of_group


def _on_one_scale(
    entries: np.ndarray, examples: int, comparison: Comparison
) -> tuple[np.ndarray, np.ndarray]:
    """Return vectors that the comparison reads, as large as each other, and how large they were."""
    entries = entries / np.maximum(np.abs(entries).max(axis=1, keepdims=True), 1e-300)
    centred = entries - entries.mean(axis=1, keepdims=True)
    spread = np.abs(centred).max(axis=1)
    if comparison in _BY_RANK:
        from scipy.stats import rankdata

        return rankdata(entries, axis=1), spread
    entries = centred if comparison in _CENTRED else entries
    if comparison in _WHITENED:
        entries = whitened_rows(entries, examples)
    length = np.sqrt(np.square(entries).sum(axis=1, keepdims=True))
    spread = spread if comparison in _CENTRED else length[:, 0]
    return entries / np.where(length > 0, length, 1), spread


def whitened_rows(entries: np.ndarray, examples: int) -> np.ndarray:
    """H D H of each matrix, as a vector: its products are those of whitened dissimilarities."""
    squares = np.zeros((len(entries), examples, examples))
    squares[:, *np.triu_indices(examples, k=1)] = entries
    squares = squares + squares.transpose(0, 2, 1)
    means = squares.mean(axis=1)
    both = means[:, :, None] + means[:, None, :] - means.mean(axis=1)[:, None, None]
    rows: np.ndarray = (squares - both).reshape(len(squares), -1)
    return rows


def _mean_comparison(rows: np.ndarray, mean: np.ndarray, comparison: Comparison) -> float:
    """Mean comparison of rows, as `_on_one_scale` returns them, with a mean of such."""
    if comparison.startswith("kendall"):
        from scipy.stats import kendalltau

        taus = [kendalltau(row, mean).statistic for row in rows]
        if comparison == "kendall":  # from tau-b, which leaves ties out, to tau-a
            free = np.sqrt(_untied(mean))
            taus = [tau * np.sqrt(_untied(row)) * free for tau, row in zip(taus, rows, strict=True)]
        return float(np.mean(taus))
    if comparison in _BY_RANK:
        from scipy.stats import rankdata

        count = rows.shape[1]
        rows, mean = (z - (count + 1) / 2 for z in (rows, rankdata(mean)))
        if comparison == "rho_a":
            return float(12 * (rows @ mean).mean() / (count**3 - count))
    length = np.sqrt(np.square(rows).sum(axis=1) * (mean @ mean))
    similar = (rows @ mean) / np.where(length > 0, length, np.nan)
    return float(np.clip(similar, -1, 1).mean())


def _untied(row: np.ndarray) -> float:
    """Share of the pairs of entries that are not tied."""
    counts = np.unique(row, return_counts=True)[1]
    return float(1 - (counts * (counts - 1)).sum() / (len(row) * (len(row) - 1)))
