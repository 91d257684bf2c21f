"""Correlation dimension: how the number of near pairs grows with the distance."""

import jax
import jax.numpy as jnp

from probekit.measures._status import divide
from probekit.measures.nearest import Cloud, median_of, radii
from probekit.measures.rounding_of_distances import rounding_of_distances


def correlation_dimension(cloud: Cloud, near: int | None, far: int) -> jax.Array:
    """Slope of the logarithm of how many pairs are near, between two distances."""
    ordered = jnp.sort(cloud.squared, axis=1)
    at_near, at_far = (
        median_of(jnp.sqrt(jnp.take(ordered, place - 1, axis=1)), cloud.present)
        for place in radii(cloud, near, far)
    )
    distances = jnp.sqrt(cloud.squared)
    # Many may be as long as the radius, which is the length of one: none of these is below it.
    least = distances + 2 * rounding_of_distances(cloud.rows, distances, "euclidean")
    pairs = [(least < radius).sum().astype(distances.dtype) for radius in (at_near, at_far)]
    apart = (at_near > 0) & jnp.isfinite(at_far) & (pairs[0] > 0)
    ratio = divide(at_far, jnp.where(apart, at_near, 0))
    return divide(jnp.log(divide(pairs[1], pairs[0])), jnp.log(jnp.where(apart, ratio, 1)))
