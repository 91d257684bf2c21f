"""Noise ceilings on a part of the data: how well any model could do there."""

import jax
import jax.numpy as jnp

from probekit._sums import product
from probekit.measures._status import divide
from probekit.measures.comparisons import Comparison, compared_vectors
from probekit.measures.ranks import mean_ranks
from probekit.measures.rdm import pairs
from probekit.measures.rdm_fitting import FITTABLE
from probekit.measures.rdm_parts import Part


def part_ceiling(
    targets: jax.Array,
    part: Part,
    everyone: jax.Array,
    groups: jax.Array,
    comparison: Comparison,
) -> jax.Array:
    """Lower and upper bound ``(bound,)``, as `probekit.inference.noise_ceiling` has them.

    The mean over groups in the part of the comparison with the mean of all other groups, and with
    that of everyone.

    Parameters
    ----------
    targets : array (subject, example, example)
    part : Part
    everyone : array (subject,)
        Who is there: in the part, or else.
    groups : array (subject,)
    comparison : str
    """
    rows, defined = _on_one_scale(targets, part, comparison)
    same = groups[:, None] == groups[None, :]
    others = (everyone[None, :] & ~same).astype(rows.dtype)
    every = everyone.astype(rows.dtype)
    pooled = divide(product(others, rows), others.sum(axis=1)[:, None])
    total = jnp.broadcast_to(product(every, rows) / every.sum(), rows.shape)
    inside = part.subjects.astype(rows.dtype)
    shares = inside / jnp.maximum((same * inside[None, :]).sum(axis=1), 1)
    bounds = jnp.stack([_similar(rows, mean, part, comparison) for mean in (pooled, total)])
    bounds = jnp.where(part.subjects, bounds, 0)
    value = (bounds * shares).sum(axis=1) / shares.sum()
    known = (defined | ~everyone).all() & ~jnp.isnan(value).any()
    return jnp.where(known, value, jnp.nan)


def _on_one_scale(
    targets: jax.Array, part: Part, comparison: Comparison
) -> tuple[jax.Array, jax.Array]:
    """Matrices as vectors that the comparison reads, and which of them are defined."""
    finite = part.finite(targets)
    if comparison in FITTABLE:
        found = part.sides(targets, comparison)
        return found.vectors, finite & (found.lengths > 0)
    counted = part.counted
    rows = jax.vmap(lambda square: jnp.where(counted, pairs(square), 0))(targets)
    low, high = (
        extreme(jnp.where(counted, rows, fill), axis=1)
        for extreme, fill in ((jnp.min, jnp.inf), (jnp.max, -jnp.inf))
    )
    return jax.vmap(lambda row: mean_ranks(row, counted))(rows), finite & (high > low)


def _similar(rows: jax.Array, means: jax.Array, part: Part, comparison: Comparison) -> jax.Array:
    """Compare rows of `_on_one_scale` with one mean of such each, ``(subject,)``."""
    if comparison not in FITTABLE:
        return jax.vmap(lambda u, v: compared_vectors(u, v, part.counted, comparison))(rows, means)
    lengths = jnp.sqrt(jnp.square(rows).sum(axis=1) * jnp.square(means).sum(axis=1))
    return jnp.clip(divide((rows * means).sum(axis=1), lengths), -1, 1)
