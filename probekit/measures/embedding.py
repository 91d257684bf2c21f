"""Examples as points of a plane, whose distances are those of a dissimilarity matrix: MDS."""

from typing import Any, NamedTuple

import numpy as np

from probekit._checks import check_count
from probekit.errors import OptionError, ShapeError
from probekit.measures._arguments import square_matrix

_TOLERANCE = 1e-10
"""Of the decrease of the stress in a turn, at which no more are taken."""


class RDMEmbedding(NamedTuple):
    """Points whose distances are as near to dissimilarities as they can be.

    Attributes
    ----------
    positions : array (example, dimension)
        Along their principal axes, about their mean; the farthest along each is positive.
    stress : float
        √(Σ w (d - δ)² / Σ w δ²) of distances d and dissimilarities δ: 0 if they are equal.
    """

    positions: np.ndarray
    stress: float


def embed_rdm(
    rdm: Any, *, dimensions: int = 2, weights: Any = None, iterations: int = 1000
) -> RDMEmbedding:
    """Multidimensional scaling: points with distances like the entries of a matrix.

    min over positions of Σ_{i<j} w_ij (‖p_i - p_j‖ - δ_ij)², by majorisation (SMACOF), from the
    classical solution on.

    Parameters
    ----------
    rdm : array (example, example)
        Dissimilarities, at least 0, of which what lies above the diagonal is read. They should be
        distances: `rdm` with ``metric="euclidean"``, and not their squares.
    dimensions : int
    weights : array (example, example), optional
        How much each pair counts, likewise; 1 unless given. Pairs of weight 0 may be missing (NaN).
    iterations : int
        At most so many turns.

    Returns
    -------
    RDMEmbedding
        ``positions`` and ``stress``, in float64. NaN if a pair that counts is not finite or below
        0, or if all are 0.

    Raises
    ------
    ShapeError
        If it is not a square matrix of at least 2 examples, or weights are not one for each pair.
    OptionError
        If a number is below 1, a weight is negative or not finite, or pairs that count do not
        connect all examples.

    Notes
    -----
    Invariant to the scale of the weights; positions grow with the dissimilarities. On the host.
    O(n³) once and O(n² (n + k)) a turn, for k dimensions. The stress has many minima, above all in
    one dimension: what is found is that next to the classical solution, in which pairs of weight 0
    are as far apart as the way over others. It draws nothing.

    References
    ----------
    de Leeuw 1977, Applications of convex analysis to multidimensional scaling; Borg and Groenen
    2005, Modern multidimensional scaling, chapter 8 (weights), chapter 12 (the classical solution).

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import embed_rdm, rdm
    >>> square = rdm(np.array([[0.0, 0.0], [3.0, 0.0], [0.0, 4.0]]), metric="euclidean")
    >>> found = embed_rdm(square)
    >>> apart = found.positions[1] - found.positions[2]
    >>> round(float(np.linalg.norm(apart)), 4), round(found.stress, 4)
    (5.0, 0.0)
    """
    check_count("dimensions", dimensions, 1)
    check_count("iterations", iterations, 1)
    square = _symmetric(np.asarray(square_matrix("rdm", rdm, least=2), float))
    counted = _weights(weights, len(square))
    wanted = np.where(counted > 0, square, 0)
    if not np.isfinite(wanted).all() or wanted.min() < 0 or not wanted.max() > 0:
        return RDMEmbedding(np.full((len(square), dimensions), np.nan), float("nan"))
    size = wanted.max()
    positions = _classical(_ways(wanted / size, counted), dimensions)
    positions, stress = _majorised(positions, wanted / size, counted, iterations)
    return RDMEmbedding(_turned(positions) * size, stress)


def _symmetric(square: np.ndarray) -> np.ndarray:
    """Return what lies above the diagonal on both sides of it, and 0 on it."""
    upper = np.triu(np.ones(square.shape, bool), k=1)
    above = np.where(upper, square, 0)
    return above + above.T


def _weights(weights: Any, examples: int) -> np.ndarray:
    """Return the weight of each pair, the largest 1, or raise."""
    from scipy.sparse import csgraph

    given = np.ones((examples, examples)) if weights is None else np.asarray(weights, float)
    if given.shape != (examples, examples):
        raise ShapeError(
            f"weights: shape {given.shape}; rdm has {examples} examples. Give one for each pair."
        )
    counted = _symmetric(given)
    if not np.isfinite(counted).all() or counted.min() < 0:
        raise OptionError("weights: some are negative or not finite; give numbers from 0 on.")
    parts = csgraph.connected_components(counted > 0, directed=False)[0]
    if parts > 1:
        raise OptionError(
            f"weights: examples are in {parts} sets without a pair between them that counts; "
            "give some a weight."
        )
    found: np.ndarray = counted / counted.max()
    return found


def _ways(wanted: np.ndarray, counted: np.ndarray) -> np.ndarray:
    """Dissimilarities, and for pairs that do not count the shortest way over others."""
    from scipy.sparse import csgraph

    if (counted + np.eye(len(counted)) > 0).all():
        return wanted
    lengths = np.where(counted > 0, wanted, np.inf)
    graph = csgraph.csgraph_from_dense(lengths, null_value=np.inf)
    ways = csgraph.shortest_path(graph, directed=False)
    found: np.ndarray = np.where(counted > 0, wanted, ways)
    return found


def _classical(lengths: np.ndarray, dimensions: int) -> np.ndarray:
    """Leading principal coordinates of squared dissimilarities."""
    squares = np.square(lengths)
    squares = squares - squares.mean(axis=0)
    squares = squares - squares.mean(axis=1, keepdims=True)
    values, vectors = np.linalg.eigh(-(squares + squares.T) / 4)
    kept = min(dimensions, len(values))
    leading = vectors[:, ::-1][:, :kept] * np.sqrt(np.maximum(values[::-1][:kept], 0))
    return np.pad(leading, ((0, 0), (0, dimensions - kept)))


def _majorised(
    positions: np.ndarray, wanted: np.ndarray, counted: np.ndarray, iterations: int
) -> tuple[np.ndarray, float]:
    """Take turns of the Guttman transform, none of which lets the stress grow."""
    laplacian = np.diag(counted.sum(axis=1)) - counted
    inverse = np.linalg.pinv(laplacian, hermitian=True)
    whole = (counted * np.square(wanted)).sum()
    far = _distances(positions)
    stress = (counted * np.square(far - wanted)).sum()
    for _ in range(iterations):
        pull = np.where(far > 0, counted * wanted / np.where(far > 0, far, 1), 0)
        positions = inverse @ (pull.sum(axis=1)[:, None] * positions - pull @ positions)
        far = _distances(positions)
        before, stress = stress, (counted * np.square(far - wanted)).sum()
        if before - stress <= _TOLERANCE * whole:
            break
    return positions, float(np.sqrt(stress / whole))


def _distances(positions: np.ndarray) -> np.ndarray:
    from scipy.spatial.distance import pdist, squareform

    found: np.ndarray = squareform(pdist(positions))
    return found


def _turned(positions: np.ndarray) -> np.ndarray:
    """Turn positions to their principal axes, with a sign that does not depend on chance."""
    positions = positions - positions.mean(axis=0)
    axes = np.linalg.svd(positions, full_matrices=True)[2]
    turned = positions @ axes.T
    farthest = turned[np.abs(turned).argmax(axis=0), np.arange(turned.shape[1])]
    found: np.ndarray = turned * np.where(farthest < 0, -1, 1)
    return found
