"""Ranks of dissimilarities, and the one matrix that is most like several."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_choice
from probekit.errors import ShapeError
from probekit.inference.ceilings import whitened_rows
from probekit.measures._arguments import jitted, square_matrix
from probekit.measures.comparisons import COMPARISONS, Comparison
from probekit.measures.ranks import mean_ranks
from probekit.measures.rdm import pairs


def rank_rdm(rdm: Any) -> jax.Array:
    """Ranks of the dissimilarities among all pairs, from 1 for the smallest.

    Parameters
    ----------
    rdm : array (example, example)
        Only what lies above the diagonal is read.

    Returns
    -------
    array (example, example)
        Symmetric, zero on the diagonal; of pairs that are equal the mean of their ranks. NaN if a
        dissimilarity is not finite.

    Raises
    ------
    ShapeError
        If the matrix is not square, or there are fewer than 2 examples.

    Notes
    -----
    Invariant to every increasing function of the entries. O(n² log n). As ``rank_transform`` of
    rsatoolbox. What `compare_rdms` compares by ranks it ranks itself; these are to be shown, or
    averaged.

    References
    ----------
    Kriegeskorte, Mur and Bandettini 2008, Representational similarity analysis.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import rank_rdm, rdm
    >>> rank_rdm(rdm(np.array([[0.0], [1.0], [3.0], [4.0]]), metric="euclidean"))[0].tolist()
    [0.0, 1.5, 4.5, 6.0]
    """
    return _ranked(square_matrix("rdm", rdm, least=2))


@jitted()
def _ranked(square: jax.Array) -> jax.Array:
    entries = pairs(square)
    ranks = mean_ranks(entries, jnp.ones(entries.shape, bool))
    upper = jnp.zeros_like(square).at[np.triu_indices(square.shape[0], k=1)].set(ranks)
    return jnp.where(jnp.isfinite(entries).all(), upper + upper.T, jnp.nan)


def pooled_rdm(rdms: Any, *, comparison: Comparison = "pearson") -> np.ndarray:
    """Dissimilarity matrix with the largest mean comparison with several others.

    The mean of the matrices, each over its length as the comparison measures it: the standard
    deviation of the entries for ``pearson``, the root of their mean square for ``cosine``, the
    length after whitening for whitened comparisons; or the mean of their ranks.

    Parameters
    ----------
    rdms : array (subject, example, example)
        Of subjects, runs or seeds; only what lies above the diagonals is read.
    comparison : str
        As in `compare_rdms`.

    Returns
    -------
    array (example, example)
        float64, symmetric, zero on the diagonal; only the ratios of its entries mean something.
        NaN if a matrix has nothing to compare or is not finite.

    Raises
    ------
    ShapeError
        If these are not square matrices of at least 3 examples.
    OptionError
        If `comparison` is unknown.

    Notes
    -----
    Its mean comparison with the matrices is the upper bound of `probekit.inference.noise_ceiling`,
    which no other matrix exceeds for ``pearson``, ``cosine`` and whitened comparisons, and no other
    order of pairs for ``rho_a``; for the others very nearly. As ``pool_rdm`` of rsatoolbox, which
    takes the mean off, and lengths before whitening. On the host, O(s n²) for s matrices,
    O(s n² log n) for ranks.

    References
    ----------
    Nili et al. 2014, A toolbox for representational similarity analysis.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import pooled_rdm
    >>> one = np.array([[0, 1, 2], [1, 0, 4], [2, 4, 0.0]])
    >>> pooled_rdm([one, 3 * one], comparison="spearman")[0].tolist()
    [0.0, 1.0, 2.0]
    """
    check_choice("comparison", comparison, COMPARISONS)
    squares = np.asarray(rdms, float)
    if squares.ndim != 3 or squares.shape[1] != squares.shape[2] or squares.shape[1] < 3:
        raise ShapeError(
            f"rdms: shape {squares.shape}; (subject, example, example) is needed, "
            "of at least 3 examples."
        )
    examples = squares.shape[1]
    upper = np.triu_indices(examples, k=1)
    entries = squares[:, *upper]
    if not len(entries) or not np.isfinite(entries).all():
        return np.full((examples, examples), np.nan)
    entries = entries / np.maximum(np.abs(entries).max(axis=1, keepdims=True), 1e-300)
    pooled = np.zeros((examples, examples))
    pooled[upper] = _scaled(entries, examples, comparison).mean(axis=0)
    return pooled + pooled.T


def _scaled(entries: np.ndarray, examples: int, comparison: Comparison) -> np.ndarray:
    """Return entries over their lengths, or ranks; NaN where there is nothing to compare."""
    centred = entries - entries.mean(axis=1, keepdims=True)
    if comparison in ("cosine", "whitened_cosine"):
        centred = entries
    length = np.sqrt(np.square(centred).mean(axis=1, keepdims=True))
    length = np.where(length > 1e-12, length, np.nan)
    if comparison.startswith("whitened"):
        rows = whitened_rows(centred, examples)
        length = length * 0 + np.sqrt(np.square(rows).mean(axis=1, keepdims=True))
    elif comparison not in ("pearson", "cosine"):
        from scipy.stats import rankdata

        entries, length = rankdata(entries, axis=1), 1 + 0 * length
    scaled: np.ndarray = entries / length
    return scaled
