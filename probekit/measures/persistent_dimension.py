"""How the length of a graph that joins examples grows with their number.

Of the least tree that joins all it is the persistent homology dimension, of the graph of nearest
neighbours the one of Costa and Hero.
"""

from collections.abc import Callable

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
    """Return the dimension by the minimum spanning tree.

    The finite bars of connected components are as long as its edges.
    """
    return _dimension(cloud, lambda distances, member, least: tree_length(distances, member))


def graph_dimension(cloud: Cloud, neighbours: int) -> jax.Array:
    """Return the dimension by the graph of nearest neighbours, as many in every subsample."""
    most = max(1, min(neighbours, len(cloud.squared) - 1))

    def length(distances: jax.Array, member: jax.Array, least: jax.Array) -> jax.Array:
        apart = member[:, None] & member[None, :] & jnp.isfinite(distances)
        near = -jax.lax.top_k(jnp.where(apart, -distances, -jnp.inf), most)[0]
        counted = jnp.isfinite(near) & (jnp.arange(most) < jnp.maximum(least - 1, 1))
        return jnp.where(counted, near, 0).sum()

    return _dimension(cloud, length)


def _dimension(
    cloud: Cloud, length: Callable[[jax.Array, jax.Array, jax.Array], jax.Array]
) -> jax.Array:
    """Return 1 / (1 - s), with s the slope of log length on log size; infinite if s is 1 or more.

    `length` is given distances, who is in the subsample, and the size of the smallest one.
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

    def of_one(member: jax.Array) -> jax.Array:
        return length(distances, member, least)

    lengths = jax.vmap(jax.vmap(of_one))(members)
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
