"""Dissimilarity matrices of some of the examples each: brought to one scale."""

from typing import Any, Literal, NamedTuple

import numpy as np

from probekit._checks import check_choice, check_positive
from probekit.errors import ShapeError

Weighting = Literal["evidence", "size", "equal"]
WEIGHTINGS = ("evidence", "size", "equal")
_MOST_STEPS = 10_000
_LEAST_EVIDENCE = 0.2  # of a dissimilarity whose largest is about 1


class AlignedRDMs(NamedTuple):
    """Matrices on one scale, and their mean.

    Attributes
    ----------
    rdms : array (subject, example, example)
    mean : array (example, example)
        With a root of the sum of squares of 1 over all pairs that somebody has; NaN elsewhere.
    """

    rdms: np.ndarray
    mean: np.ndarray


def align_rdms(
    rdms: Any, *, weighting: Weighting = "evidence", threshold: float = 1e-8
) -> AlignedRDMs:
    """Bring partial dissimilarity matrices to one scale, on which they can be averaged.

    Each matrix is scaled to ‖D_s‖ = ‖M_s‖, where M is the mean of all and M_s what of it the matrix
    has; M is their mean, weighted and scaled to length 1; in turns, until M stays as it is.

    Parameters
    ----------
    rdms : array (subject, example, example)
        Symmetric; NaN where a pair is missing. The diagonal is not read.
    weighting : {"evidence", "size", "equal"}
        Of a pair in the mean: its squared dissimilarity as given, at least 0.04, so that matrices
        count that place examples far apart; 1 / the number of pairs that the matrix has; or 1.
    threshold : float
        Turns end when the squared change of M is no more.

    Returns
    -------
    AlignedRDMs
        float64; NaN where a pair is missing, and throughout where a matrix has no pair, is 0
        throughout or infinite somewhere.

    Raises
    ------
    ShapeError
        If these are not square matrices.
    OptionError
        If `weighting` is unknown or `threshold` is not above 0.

    Notes
    -----
    On the host. Invariant to the scale of each matrix, but for ``evidence``. O(s n²) a turn for s
    subjects. As ``rsatoolbox.rdm.combine.rescale``, whose names are ``evidence``, ``setsize`` and
    ``simple``.

    References
    ----------
    Kriegeskorte and Mur 2012, Inverse MDS: inferring dissimilarity structure from multiple item
    arrangements.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import align_rdms
    >>> whole = np.array([[0, 1, 2], [1, 0, 4], [2, 4, 0.0]])
    >>> part = np.where([[0, 1, 1], [1, 0, 0], [1, 0, 0]], 3 * whole, np.nan)
    >>> found = align_rdms([whole, part])
    >>> np.round(found.rdms[:, 0], 2).tolist()
    [[0.0, 0.22, 0.44], [0.0, 0.22, 0.44]]
    """
    check_choice("weighting", weighting, WEIGHTINGS)
    check_positive("threshold", threshold)
    rdms = np.array(rdms, float)
    if rdms.ndim != 3 or rdms.shape[1] != rdms.shape[2] or rdms.shape[1] < 2 or not len(rdms):
        raise ShapeError(
            f"rdms: shape {rdms.shape}; (subject, example, example) is needed, "
            "of at least 2 examples."
        )
    upper = np.triu_indices(rdms.shape[1], k=1)
    rows = rdms[:, *upper]
    there = ~np.isnan(rows)
    rows = np.where(there, rows, 0)
    good = np.isfinite(rows).all(axis=1) & (rows != 0).any(axis=1)
    rows, there = np.where(good[:, None], rows, 0), there & good[:, None]
    rows, mean = _aligned(rows, there, _weights(rows, there, weighting), threshold)
    filled = np.where(there, rows, np.nan)
    return AlignedRDMs(
        np.stack([_square(row, upper, rdms.shape[1]) for row in filled]),
        _square(np.where(there.any(axis=0), mean, np.nan), upper, rdms.shape[1]),
    )


def _weights(rows: np.ndarray, there: np.ndarray, weighting: Weighting) -> np.ndarray:
    if weighting == "evidence":
        # Before squares could overflow: only ratios of weights matter.
        top = max(np.abs(rows).max(), _LEAST_EVIDENCE)
        weights = np.square(np.maximum(np.abs(rows), _LEAST_EVIDENCE) / top)
    else:
        weights = np.ones(rows.shape)
        if weighting == "size":
            weights = weights / np.maximum(there.sum(axis=1, keepdims=True), 1)
    found: np.ndarray = np.where(there, weights, 0)
    return found


def _aligned(
    rows: np.ndarray, there: np.ndarray, weights: np.ndarray, threshold: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return rows of the length that the mean has where they are, and the mean of length 1."""
    mean = _unit(rows.sum(axis=0) / np.maximum(there.sum(axis=0), 1))
    rows = np.stack([_unit(row) for row in rows])
    total = weights.sum(axis=0)
    total = np.where(total > 0, total, 1)
    for _ in range(_MOST_STEPS):
        lengths = np.sqrt(np.where(there, mean**2, 0).sum(axis=1, keepdims=True))
        before, mean = mean, _unit((weights * rows * lengths).sum(axis=0) / total)
        if ((mean - before) ** 2).sum() <= threshold:
            break
    return rows * lengths, mean


def _unit(row: np.ndarray) -> np.ndarray:
    top = np.abs(row).max()
    row = row / (top or 1)
    unit: np.ndarray = row / (np.sqrt((row**2).sum()) or 1)
    return unit


def _square(row: np.ndarray, upper: tuple[np.ndarray, ...], examples: int) -> np.ndarray:
    square = np.zeros((examples, examples))
    square[upper] = row
    return square + square.T
