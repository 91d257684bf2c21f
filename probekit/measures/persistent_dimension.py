"""Persistent homology dimension: how the least tree that joins examples grows with their number."""

import jax
import jax.numpy as jnp
import numpy as np

from probekit.measures._status import divide
from probekit.measures.nearest import Cloud

SHARES = 4.0 ** np.linspace(-1, 0, 8)
"""Of the examples in a subsample, by sizes."""

DRAWS = 8
"""Subsamples of each size, which begin at as many places of the order of the examples."""

Joined = tuple[jax.Array, jax.Array]
"""How near each example is to the tree, and which are not in it."""


def persistent_dimension(cloud: Cloud) -> jax.Array:
    """Return 1 / (1 - s), with s the slope of log length on log size; infinite if s is 1 or more.

    The finite bars of connected components are as long as the edges of the minimum spanning tree.
    """
    n = cloud.examples
    distances = jnp.sqrt(cloud.squared)
    dtype = distances.dtype
    sizes = jnp.ceil(n * jnp.asarray(SHARES, dtype) - 1e-3).astype(jnp.int32)
    least = sizes[0]
    starts = (jnp.arange(DRAWS) * n) // DRAWS
    # Examples come in the order of a hash of their numbers: any that follow each other are a draw.
    place = jnp.arange(len(distances))
    turned = (place[None, :] - starts[:, None]) % jnp.maximum(n, 1)
    members = (turned[None] < sizes[:, None, None]) & cloud.present
    lengths = jax.vmap(jax.vmap(tree_length, (None, 0)), (None, 0))(distances, members)
    # Of the whole: small logarithms have more digits, and 1 - s is the slope of how much the size
    # grows beyond the length.
    sizes = jnp.maximum(sizes, 1).astype(dtype) / jnp.maximum(n, 1)
    lengths = divide(lengths, jnp.broadcast_to(lengths[-1:], lengths.shape))
    beyond = jnp.log(sizes)[:, None] - jnp.log(jnp.where(lengths > 0, lengths, jnp.nan))
    about = jnp.log(sizes) - jnp.log(sizes).mean()
    inverse = divide((about * beyond.mean(axis=1)).sum(), jnp.square(about).sum())
    too_few = (inverse <= 0) | (least < 2)
    return jnp.where(too_few, jnp.inf, 1 / jnp.where(too_few, 1, inverse))


def tree_length(distances: jax.Array, member: jax.Array) -> jax.Array:
    """Length of the minimum spanning tree of the members, which Prim's steps join one by one."""
    first = jnp.argmax(member)
    places = jnp.arange(len(member))

    def join(carry: Joined, _: None) -> tuple[Joined, jax.Array]:
        near, left = carry
        open_ = jnp.where(left, near, jnp.inf)
        joined = jnp.argmin(open_)
        edge = jnp.where(left.any(), open_[joined], 0)
        near = jnp.minimum(near, distances[joined])
        return (near, left & (places != joined)), edge

    start = (distances[first], member & (places != first))
    _, edges = jax.lax.scan(join, start, length=len(member) - 1)
    return edges.sum()
