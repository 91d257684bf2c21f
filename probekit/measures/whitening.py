"""Dissimilarities whose errors are as good as independent: after whitening by their covariance."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from probekit._sums import product
from probekit.errors import ShapeError
from probekit.measures._linalg import cholesky, solve_cholesky
from probekit.measures._scale import scaled_to_one
from probekit.measures.gram import centred_gram

_SINGULAR = 1e-6  # of the largest eigenvalue: what is less is no variance


def whitened(
    square: jax.Array,
    present: jax.Array,
    *,
    centre: bool,
    left_out: jax.Array | None = None,
    root: jax.Array | None = None,
) -> jax.Array:
    """Dissimilarities as a matrix ``(example, example)`` whose entries are as good as independent.

    Their inner products are dᵀ V⁻¹ e of dissimilarities d and e as vectors, but for a constant,
    with V the squares of the entries of C Σ Cᵀ, C the contrasts of all pairs and Σ the covariance
    of noise between examples: products of R H D H Rᵀ, with Rᵀ R the inverse of H Σ H. The largest
    dissimilarity is scaled to 1; only what lies above the diagonal is read.

    Parameters
    ----------
    square : array (example, example)
    present : array (example,)
    centre : bool
        Take the mean of the dissimilarities off first.
    left_out : array (example, example), optional
        Pairs that do not count, symmetric; V is that of the others.
    root : array (example, example), optional
        R, from `root_of_noise`; of independent noise, alike in all, it is the identity. Not beside
        `left_out`.
    """
    n = square.shape[0]
    off = ~jnp.eye(n, dtype=bool) & present[:, None] & present[None, :]
    off = off if left_out is None else off & ~left_out
    upper = jnp.where(np.triu(np.ones((n, n), bool), 1) & off, square, 0)
    square = scaled_to_one(upper + upper.T)
    if centre:
        mean = square.sum() / jnp.maximum(off.sum(), 1)
        constant = jnp.abs(jnp.where(off, square - mean, 0)).max() <= 8 * float(
            np.finfo(square.dtype).eps
        )
        square = jnp.where(off & ~constant, square - mean, 0)
    if left_out is not None:
        return _centred_without(square, off)
    gram = centred_gram(square, present.astype(square.dtype))
    return gram if root is None else product(product(root, gram), root.T)


def _centred_without(square: jax.Array, counted: jax.Array) -> jax.Array:
    """H D H of some of the pairs alone: the others are what makes its sum of squares least.

    V⁻¹ of some of the entries is that of all, where those that are missing are free. Entries are
    d_ij - b_i - b_j and -2 b_i on the diagonal; those that are free become 0.
    """
    system = counted.astype(square.dtype)
    system = system + jnp.diag(system.sum(axis=1) + 2)
    offset = solve_cholesky(cholesky(system), square.sum(axis=1))
    centred = jnp.where(counted, square - offset[:, None] - offset[None, :], 0)
    return centred - 2 * jnp.diag(offset)


def root_of_noise(covariance: Any, present: np.ndarray) -> np.ndarray:
    """R with Rᵀ R = (H Σ H)⁻¹ over the present examples, float64; NaN if there is none.

    Parameters
    ----------
    covariance : array (example,) or (example, example)
        Variances, or all of Σ.
    present : array (example,)

    Raises
    ------
    ShapeError
        If the covariance has not the shape that is said.
    """
    sigma = np.asarray(covariance, float)
    n = len(present)
    if sigma.shape not in ((n,), (n, n)):
        raise ShapeError(
            f"noise_covariance: shape {sigma.shape}; there are {n} examples. Give (example,) or "
            "(example, example)."
        )
    sigma = np.diag(sigma) if sigma.ndim == 1 else (sigma + sigma.T) / 2
    inside = np.ix_(present, present)
    root = np.full((n, n), np.nan)
    if not np.isfinite(sigma[inside]).all() or not present.any():
        return root
    centre = np.eye(present.sum()) - 1 / present.sum()
    centred = centre @ sigma[inside] @ centre
    values, vectors = np.linalg.eigh(centred / (np.abs(centred).max() or 1))
    # The direction that all examples share, of which dissimilarities know nothing, has the value 0
    # and, unless there is another such, is the first.
    if values[0] < -_SINGULAR * values[-1] or (values[1:] <= _SINGULAR * values[-1]).any():
        return root
    root[:] = 0
    root[inside] = (vectors[:, 1:] / np.sqrt(values[1:])) @ vectors[:, 1:].T
    return root
