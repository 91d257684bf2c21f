"""Sums and means that know of their own rounding."""

import jax
import jax.numpy as jnp
import numpy as np


def rounding_of_squares(count: jax.Array, *means: jax.Array) -> jax.Array:
    """Largest centred sum of squares that rounding of the values alone can leave.

    A constant column whose mean is rounded differently from batch to batch keeps some
    ``n (ε mean)²``; eight times that distance is noise.
    """
    largest = jnp.stack([jnp.abs(mean) for mean in means]).max(axis=0)
    return count * jnp.square(8 * np.finfo(largest.dtype).eps * largest)


def rounding_of_constants(count: jax.Array, mean: jax.Array) -> jax.Array:
    """Largest centred sum of squares of values that are all the same.

    Means carry what rounding took from them, so that little is left: a 16th of a rounding each.
    """
    return count * jnp.square(np.finfo(mean.dtype).eps / 16 * mean)


def reciprocal(count: jax.Array) -> jax.Array:
    """1 / count, or 0 where nothing was counted."""
    return jnp.where(count > 0, 1 / jnp.where(count > 0, count, 1), 0)


def sum_and_rest(a: jax.Array, b: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Sum and its rounding error (Knuth's two-sum); NaN and infinite sums have rest 0."""
    total = a + b
    b_seen = total - a
    rest = (a - (total - b_seen)) + (b - b_seen)
    return total, jnp.where(jnp.isfinite(total), rest, 0)


def mean_of_both(
    a: jax.Array, a_rest: jax.Array, b: jax.Array, b_rest: jax.Array, share: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """Mean and rest of the union, of which `share` is b's."""
    mean, rest = sum_and_rest(a, (b - a) * share)
    return sum_and_rest(mean, rest + a_rest + (b_rest - a_rest) * share)
