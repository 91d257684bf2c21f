"""Further ways to compare dissimilarity matrices: ranks that allow for ties, whitened entries."""

from typing import Any, cast

import jax
import jax.numpy as jnp
import numpy as np

from probekit.errors import OptionError
from probekit.inference.ceilings import COMPARISONS as COMPARISONS
from probekit.inference.ceilings import Comparison as Comparison
from probekit.measures._status import divide
from probekit.measures.equal_distances import made_equal
from probekit.measures.ranks import Comparison as OfVectors
from probekit.measures.ranks import correlation
from probekit.measures.rdm import pairs
from probekit.measures.ties import tie_shares
from probekit.measures.whitening import root_of_noise, whitened

WHITENED = ("whitened_cosine", "whitened_correlation")
RANKED = ("spearman", "kendall", "kendall_tau_b", "rho_a")


def compared(
    a: jax.Array,
    b: jax.Array,
    present: jax.Array,
    comparison: Comparison,
    *,
    omit_missing: bool = False,
    left_out: jax.Array | None = None,
    root: jax.Array | None = None,
    rounding: tuple[jax.Array, jax.Array] | None = None,
) -> jax.Array:
    """Compare two matrices ``(example, example)`` over the pairs of present examples.

    NaN if one of their dissimilarities is not finite; or without those that are NaN in one of them,
    or that are left out (a symmetric mask). `root` is that of `whitening.root_of_noise`.
    By how much dissimilarities may be off, `rounding`, tells which of them are equal to ranks.
    """
    both = present[:, None] & present[None, :]
    if omit_missing:
        missing = jnp.triu(jnp.isnan(a) | jnp.isnan(b), 1)
        missing = missing | missing.T
        left_out = missing if left_out is None else left_out | missing
    counted = pairs(both if left_out is None else both & ~left_out)
    defined = jnp.isfinite(pairs(a)) & jnp.isfinite(pairs(b)) | ~counted
    if comparison in WHITENED:
        a, b = (jnp.where(both & jnp.isfinite(z), z, 0) for z in (a, b))
        centre = comparison == "whitened_correlation"
        value = _whitened(a, b, present, centre=centre, left_out=left_out, root=root)
    else:
        u, v = (jnp.where(counted & defined, pairs(z), 0) for z in (a, b))
        if rounding is not None and comparison in RANKED:
            known = counted & defined
            u, v = (
                made_equal(z, pairs(off), known) for z, off in zip((u, v), rounding, strict=True)
            )
        value = compared_vectors(u, v, counted, comparison)
    return jnp.where(defined.all(), value, jnp.nan)


def compared_vectors(
    u: jax.Array, v: jax.Array, counted: jax.Array, comparison: Comparison
) -> jax.Array:
    """Compare dissimilarities of pairs ``(pair,)``, finite, by what is not whitened."""
    if comparison in ("kendall_tau_b", "rho_a"):
        return _with_ties(u, v, counted, comparison)
    return correlation(u, v, counted, cast(OfVectors, comparison))


def noise_root(covariance: Any, comparison: str, present: np.ndarray) -> jax.Array | None:
    """Return R of `root_of_noise` for a covariance that is given, or raise if it has no use."""
    if covariance is None:
        return None
    if comparison not in WHITENED:
        raise OptionError(
            f"noise_covariance: comparison={comparison!r} uses none; leave it out, or give "
            "comparison='whitened_cosine'."
        )
    return jnp.asarray(root_of_noise(covariance, present))


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


def _whitened(
    a: jax.Array,
    b: jax.Array,
    present: jax.Array,
    *,
    centre: bool,
    left_out: jax.Array | None,
    root: jax.Array | None,
) -> jax.Array:
    """Cosine of the dissimilarities after whitening, as the cosine of centred Gram matrices."""
    grams = [
        whitened(square, present, centre=centre, left_out=left_out, root=root) for square in (a, b)
    ]
    lengths = [jnp.sqrt(jnp.square(gram).sum()) for gram in grams]
    return jnp.clip(divide((grams[0] * grams[1]).sum(), lengths[0] * lengths[1]), -1, 1)
