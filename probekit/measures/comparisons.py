"""Further ways to compare dissimilarity matrices: ranks that allow for ties, whitened entries."""

from typing import Literal, cast

import jax
import jax.numpy as jnp
import numpy as np

from probekit.measures._scale import scaled_to_one
from probekit.measures._status import divide
from probekit.measures.kernels import centred_gram
from probekit.measures.ranks import COMPARISONS as OF_VECTORS
from probekit.measures.ranks import Comparison as OfVectors
from probekit.measures.ranks import correlation
from probekit.measures.rdm import pairs
from probekit.measures.ties import tie_shares

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
WHITENED = ("whitened_cosine", "whitened_correlation")
COMPARISONS = (*OF_VECTORS, "kendall_tau_b", "rho_a", *WHITENED)


def compared(
    a: jax.Array,
    b: jax.Array,
    present: jax.Array,
    comparison: Comparison,
    *,
    omit_missing: bool = False,
) -> jax.Array:
    """Compare two matrices ``(example, example)`` over the pairs of present examples.

    NaN if one of their dissimilarities is not finite; or without those that are NaN in one of them.
    """
    both = present[:, None] & present[None, :]
    counted = pairs(both)
    if omit_missing:
        counted = counted & ~(jnp.isnan(pairs(a)) | jnp.isnan(pairs(b)))
    defined = jnp.isfinite(pairs(a)) & jnp.isfinite(pairs(b)) | ~counted
    if comparison in WHITENED:
        a, b = (jnp.where(both & jnp.isfinite(z), z, 0) for z in (a, b))
        value = _whitened(a, b, present, centre=comparison == "whitened_correlation")
    else:
        u, v = (jnp.where(counted & defined, pairs(z), 0) for z in (a, b))
        if comparison in ("kendall_tau_b", "rho_a"):
            value = _with_ties(u, v, counted, comparison)
        else:
            value = correlation(u, v, counted, cast(OfVectors, comparison))
    return jnp.where(defined.all(), value, jnp.nan)


def _with_ties(a: jax.Array, b: jax.Array, counted: jax.Array, comparison: Comparison) -> jax.Array:
    """Kendall's tau-b, or rho-a: the expectation of spearman's under random breaking of ties."""
    tied = [tie_shares(z, counted) for z in (a, b)]
    if comparison == "kendall_tau_b":
        # tau-a counts all pairs; tau-b those that are not tied, in the mean of the two.
        free = jnp.sqrt((1 - tied[0].pairs) * (1 - tied[1].pairs))
        return jnp.clip(divide(correlation(a, b, counted, "kendall"), free), -1, 1)
    # Ties take from the variance of ranks; rho-a divides by the variance of ranks without any.
    spread = jnp.sqrt((1 - tied[0].cubes) * (1 - tied[1].cubes))
    return correlation(a, b, counted, "spearman") * spread


def _whitened(a: jax.Array, b: jax.Array, present: jax.Array, *, centre: bool) -> jax.Array:
    """Cosine of the dissimilarities after whitening, as the cosine of centred Gram matrices."""
    grams = [whitened(square, present, centre=centre) for square in (a, b)]
    lengths = [jnp.sqrt(jnp.square(gram).sum()) for gram in grams]
    return jnp.clip(divide((grams[0] * grams[1]).sum(), lengths[0] * lengths[1]), -1, 1)


def whitened(square: jax.Array, present: jax.Array, *, centre: bool) -> jax.Array:
    """Dissimilarities as a matrix ``(example, example)`` whose entries are as good as independent.

    Their inner products are those of dissimilarities after whitening, but for a constant: that of
    H D H, which is linear in D. The largest dissimilarity is scaled to 1; only what lies above the
    diagonal is read.
    """
    n = square.shape[0]
    off = ~np.eye(n, dtype=bool) & present[:, None] & present[None, :]
    upper = jnp.where(np.triu(np.ones((n, n), bool), 1) & off, square, 0)
    square = upper + upper.T
    square = scaled_to_one(square)
    if centre:
        mean = square.sum() / jnp.maximum(off.sum(), 1)
        constant = jnp.abs(jnp.where(off, square - mean, 0)).max() <= 8 * float(
            np.finfo(square.dtype).eps
        )
        square = jnp.where(off & ~constant, square - mean, 0)
    return centred_gram(square, present.astype(square.dtype))
