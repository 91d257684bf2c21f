"""Intrinsic dimension from the ratio of two distances of every example, all examples together."""

import jax
import jax.numpy as jnp

from probekit.measures._status import divide

_HALVINGS = 40
"""What is left of an interval that is at most k wide is then below the rounding of float32."""


def slope_of_quantiles(log_ratio: jax.Array, counted: jax.Array, discard: float) -> jax.Array:
    """Slope through the origin of the quantiles on the logarithms of the ratios."""
    log_ratio = jnp.sort(jnp.where(counted, log_ratio, jnp.inf))
    count = counted.sum()
    place = jnp.arange(1, len(log_ratio) + 1, dtype=log_ratio.dtype)
    fitted = place <= jnp.floor(count * (1 - discard))
    fitted = fitted & (place < count)  # at the last one, 1 - F is 0
    log_ratio = jnp.where(fitted, log_ratio, 0)
    height = -jnp.log1p(-jnp.where(fitted, place / jnp.maximum(count, 1), 0))
    return divide((height * log_ratio).sum(), jnp.square(log_ratio).sum())


def likeliest_of_ratios(
    log_ratio: jax.Array, counted: jax.Array, near: jax.Array, far: jax.Array
) -> jax.Array:
    """Dimension that makes the ratios of the distances to two neighbours the most likely.

    The derivative of the likelihood falls with d, from infinity, and is between n / d and
    n (k - k') / d, less k' Σ log μ: that bounds where it is 0.
    """
    dtype = log_ratio.dtype
    count, near, far = (z.astype(dtype) for z in (counted.sum(), near, far))
    total = jnp.where(counted, log_ratio, 0).sum()
    least = divide(count, near * total)
    between = far - near - 1

    def rises(d: jax.Array) -> jax.Array:
        grown = -jnp.expm1(-d * log_ratio)
        # Of equal distances the quotient is that which small differences have.
        each = jnp.where(grown > 0, log_ratio / jnp.where(grown > 0, grown, 1), 1 / d)
        more = jnp.where(counted, each, 0).sum()
        return count / d + between * more > (far - 1) * total

    def halved(_: int, bounds: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        low, high = bounds
        middle = jnp.sqrt(low * high)
        up = rises(middle)
        return jnp.where(up, middle, low), jnp.where(up, high, middle)

    low, high = jax.lax.fori_loop(0, _HALVINGS, halved, (least, least * (far - near)))
    return jnp.sqrt(low * high)
