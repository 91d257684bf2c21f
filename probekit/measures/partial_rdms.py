"""Dissimilarity matrices of some of the examples each: joined, and brought to one scale."""

from collections.abc import Hashable, Sequence
from typing import Any, Literal, NamedTuple, get_args

import numpy as np

from probekit._checks import check_choice, check_positive
from probekit.errors import OptionError, ShapeError

Weighting = Literal["evidence", "size", "equal"]
WEIGHTINGS: tuple[Weighting, ...] = get_args(Weighting)
_MOST_STEPS = 10_000
_LEAST_EVIDENCE = 0.2  # of a dissimilarity whose largest is about 1


class JoinedRDMs(NamedTuple):
    """Matrices of all conditions, and which these are.

    Attributes
    ----------
    rdms : array (subject, condition, condition)
    conditions : tuple
        Their labels.
    """

    rdms: np.ndarray
    conditions: tuple[Hashable, ...]


def join_rdms(
    rdms: Sequence[Any],
    conditions: Sequence[Sequence[Any]],
    *,
    all_conditions: Sequence[Any] | None = None,
) -> JoinedRDMs:
    """Put dissimilarity matrices of some conditions each into matrices of all of them.

    Parameters
    ----------
    rdms : sequence of array (condition, condition) or (subject, condition, condition)
        A matrix of its own conditions each, or several of the same.
    conditions : sequence of sequence
        The label of each row and column of each of them: numbers or text, none twice.
    all_conditions : sequence, optional
        Labels of all conditions, in the order that the result is to have; unless given those that
        there are, in the order in which they come first.

    Returns
    -------
    JoinedRDMs
        float64; NaN for pairs that a matrix has not, and 0 on the diagonal, which is not read.
        Matrices are in the order given, those of a stack one after the other.

    Raises
    ------
    ShapeError
        If a matrix is not square, has not as many rows as there are labels for it, or there are no
        matrices, or fewer or more of them than lists of labels.
    OptionError
        If a label is there twice, or not among all conditions that are given.

    Notes
    -----
    On the host. What is undefined in a matrix (NaN) remains so, and is then missing. For
    `align_rdms`, which scales them alike, and `compare_rdms` with ``missing="omit"``. O(s n²) for s
    matrices of n conditions in all. As ``rsatoolbox.rdm.combine.from_partials``.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import join_rdms
    >>> ab, bc = np.array([[0, 1], [1, 0]]), np.array([[0, 2], [2, 0]])
    >>> found = join_rdms([ab, bc], ["ab", "bc"])
    >>> found.conditions, found.rdms[:, 1].tolist()
    (('a', 'b', 'c'), [[1.0, 0.0, nan], [nan, 0.0, 2.0]])
    """
    stacks = [_stack(place, given) for place, given in enumerate(rdms)]
    labels = [_labels(f"conditions[{place}]", own) for place, own in enumerate(conditions)]
    if len(stacks) != len(labels) or not stacks:
        raise ShapeError(
            f"conditions: {len(labels)} lists of labels; there are {len(stacks)} arrays in rdms. "
            "Give one for each, and at least one."
        )
    named = dict.fromkeys(label for own in labels for label in own)
    everything = (
        tuple(named) if all_conditions is None else _labels("all_conditions", all_conditions)
    )
    index = {label: place for place, label in enumerate(everything)}
    joined = []
    for place, (stack, own) in enumerate(zip(stacks, labels, strict=True)):
        if stack.shape[1] != len(own):
            raise ShapeError(
                f"conditions[{place}]: {len(own)} labels; rdms[{place}] has {stack.shape[1]} rows. "
                "Give a label each."
            )
        unknown = [label for label in own if label not in index]
        if unknown:
            raise OptionError(
                f"all_conditions: lacks {unknown[0]!r}, of conditions[{place}]; give all of them."
            )
        wide = np.full((len(stack), len(everything), len(everything)), np.nan)
        places = [index[label] for label in own]
        wide[np.ix_(range(len(stack)), places, places)] = stack
        joined.append(wide)
    found = np.concatenate(joined)
    diagonal = np.arange(len(everything))
    found[:, diagonal, diagonal] = 0
    return JoinedRDMs(found, everything)


def _stack(place: int, rdms: Any) -> np.ndarray:
    """Return what is given as matrices, ``(subject, condition, condition)``."""
    rdms = np.asarray(rdms, float)
    if rdms.ndim not in (2, 3) or rdms.shape[-1] != rdms.shape[-2]:
        raise ShapeError(
            f"rdms[{place}]: shape {rdms.shape}; (condition, condition) or "
            "(subject, condition, condition) is needed."
        )
    stack: np.ndarray = rdms.reshape(-1, *rdms.shape[-2:])
    return stack


def _labels(argument: str, labels: Sequence[Any]) -> tuple[Hashable, ...]:
    """Return labels as values that can be looked up, or raise if one is there twice."""
    found = tuple(labels.tolist() if hasattr(labels, "tolist") else labels)
    if len(set(found)) < len(found):
        twice = next(label for label in found if found.count(label) > 1)
        raise OptionError(f"{argument}: {twice!r} is there twice; give each label once.")
    return found


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
    On the host. Invariant to the scale of each matrix, but for ``evidence``. Of matrices that no
    chain of common pairs joins, the scale relative to each other says nothing. O(s n²) a turn for s
    subjects. `join_rdms` brings matrices of different examples side by side. As
    ``rsatoolbox.rdm.combine.rescale``, whose names are ``evidence``, ``setsize`` and ``simple``.

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
