"""Dissimilarities between geometry and topology: small and large ones made alike."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from probekit.errors import OptionError
from probekit.measures._arguments import jitted, square_matrix
from probekit.measures.rdm import pairs


def geotopological_rdm(rdm: Any, *, low: float = 0.0, high: float = 1.0) -> jax.Array:
    """Dissimilarities from 0, where they are small, to 1, where they are large.

    t(d) = min(max((d - l) / (h - l), 0), 1), with l and h the quantiles `low` and `high` of the
    dissimilarities: 0 and 1 keep the geometry, up to scale; close to each other they leave a graph
    that joins the examples that are near.

    Parameters
    ----------
    rdm : array (example, example)
        Only what lies above the diagonal is read.
    low, high : float
        Shares of the pairs, 0 ≤ low ≤ high ≤ 1.

    Returns
    -------
    array (example, example)
        Symmetric, in [0, 1], zero on the diagonal. Where both quantiles are one number: 0 up to it,
        1 above it. NaN if a dissimilarity is not finite.

    Raises
    ------
    ShapeError
        If the matrix is not square, or there are fewer than 2 examples.
    OptionError
        If the shares are not in order within [0, 1].

    Notes
    -----
    Invariant to the scale of the matrix and to a number added to all entries. O(n² log n). As
    ``geotopological_transform`` of rsatoolbox, of one matrix (of several it takes the quantiles of
    all) whose quantile `high` is at least 1. Compare two such with `compare_rdms`.

    References
    ----------
    Lin and Kriegeskorte 2024, The topology and geometry of neural representations.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import geotopological_rdm, rdm
    >>> square = rdm(np.array([[0.0], [1.0], [3.0], [7.0]]), metric="euclidean")
    >>> geotopological_rdm(square, low=0.2, high=0.8)[0].tolist()
    [0.0, 0.0, 0.25, 1.0]
    """
    if not 0 <= low <= high <= 1:
        raise OptionError(f"low={low!r}, high={high!r}: must be 0 ≤ low ≤ high ≤ 1.")
    return _geotopological(square_matrix("rdm", rdm, least=2), float(low), float(high))


def geodesic_rdm(rdm: Any) -> jax.Array:
    """Lengths of the shortest ways from example to example, over others.

    The largest dissimilarity (or those that are as large) is no way; all others, from 0 for the
    smallest to 1 for the largest, are lengths of edges.

    Parameters
    ----------
    rdm : array (example, example)
        Only what lies above the diagonal is read.

    Returns
    -------
    array (example, example)
        Symmetric, zero on the diagonal; infinite where no way leads. NaN if a dissimilarity is not
        finite, or all are equal.

    Raises
    ------
    ShapeError
        If the matrix is not square, or there are fewer than 2 examples.

    Notes
    -----
    Invariant to the scale of the matrix and to a number added to all entries. On the host,
    O(n³). As ``geodesic_transform`` of rsatoolbox, in whose graph the nearest pair is not joined.

    References
    ----------
    Lin and Kriegeskorte 2024, The topology and geometry of neural representations.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import geodesic_rdm, rdm
    >>> square = rdm(np.array([[0.0], [1.0], [3.0], [7.0]]), metric="euclidean")
    >>> np.round(np.asarray(geodesic_rdm(square), float)[0], 3).tolist()
    [0.0, 0.0, 0.167, 0.667]
    """
    from scipy.sparse import csgraph

    square = np.asarray(square_matrix("rdm", rdm, least=2), float)
    upper = np.triu_indices(len(square), k=1)
    entries = square[upper]
    low, high = entries.min(), entries.max()
    if not np.isfinite(entries).all() or not high > low:
        return jnp.asarray(np.full(square.shape, np.nan), jnp.float32)
    lengths = np.full(square.shape, np.inf)
    scaled = (entries - low) / (high - low)
    # What is infinite is no edge; an edge of length 0 is one.
    lengths[upper] = np.where(entries < high, scaled, np.inf)
    lengths = np.minimum(lengths, lengths.T)
    graph = csgraph.csgraph_from_dense(lengths, null_value=np.inf)
    return jnp.asarray(csgraph.shortest_path(graph, directed=False), jnp.float32)


@jitted(1, 2)
def _geotopological(square: jax.Array, low: float, high: float) -> jax.Array:
    entries = pairs(square)
    finite = jnp.isfinite(entries).all()
    ends = jnp.quantile(jnp.where(finite, entries, 0), jnp.array([low, high], entries.dtype))
    width = ends[1] - ends[0]
    scaled = jnp.clip((entries - ends[0]) / jnp.where(width > 0, width, 1), 0, 1)
    moved = jnp.where(width > 0, scaled, (entries > ends[1]).astype(entries.dtype))
    upper = jnp.zeros_like(square).at[np.triu_indices(square.shape[0], k=1)].set(moved)
    return jnp.where(finite, upper + upper.T, jnp.nan)
