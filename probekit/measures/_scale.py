"""Sizes at which squares, products and sums of them can neither over- nor underflow.

float32 ends at 3e38, so that squares of 2e19 are infinite; beyond 2¹²⁶ even a quotient is lost, as
the reciprocal, by which XLA multiplies instead, is 0. Whatever does not depend on the scale of a
representation is computed of values of moderate size.
"""

import jax
import jax.numpy as jnp
import numpy as np

from probekit.statistics import ExamplesState


def moderating_power(values: jax.Array, *, axis: int | None = None) -> jax.Array:
    """Power of two that brings the largest magnitude nearer to 1 if it is far off; else 1.

    Products with it are exact, and values of usual size stay as they are. The largest is brought
    down no further than needed: squares of what is far smaller shall not vanish beside it.

    Parameters
    ----------
    values : array
    axis : int, optional
        Along which a power is found for each place, the axis being kept; of all, unless given.
    """
    exponents = int(np.finfo(values.dtype).maxexp)
    far, up = 2.0 ** (exponents * 5 // 16), 2.0 ** (exponents * 5 // 8)
    down = 2.0 ** -(exponents * 11 // 32)
    largest = jnp.abs(values).max(axis=axis, keepdims=axis is not None)
    power = jnp.where(largest > far, jnp.where(largest > far / down, down**2, down), 1)
    return jnp.where(largest < 1 / far, up, power).astype(values.dtype)


def moderate(values: jax.Array, *, axis: int | None = None) -> jax.Array:
    """Values times their `moderating_power`."""
    return values * moderating_power(values, axis=axis)


def about_mean(fit: ExamplesState, held_out: ExamplesState) -> tuple[jax.Array, jax.Array]:
    """Both representations on one moderate scale, about the mean of the first; the absent are 0."""
    power = moderating_power(fit.x)
    present = fit.present[:, None]
    origin = jnp.where(present, fit.x * power, 0).sum(axis=0) / jnp.maximum(present.sum(), 1)
    first, second = (
        jnp.where(state.present[:, None], state.x * power - origin, 0) for state in (fit, held_out)
    )
    return first, second


def near_one(values: jax.Array) -> jax.Array:
    """Values times a power of two that brings the largest near 1 if it is not within 2^±16.

    For sums of fourth powers, for which what `moderate` leaves may still be too large.
    """
    return near_one_and_exponent(values)[0]


def near_one_and_exponent(values: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Return `near_one`, and by which power of two it divides: an integer."""
    power = moderating_power(values)
    values = values * power
    exponent = jnp.frexp(largest_or_1(values))[1]
    exponent = jnp.where(jnp.abs(exponent) > 16, exponent, 0)
    values = values * jnp.ldexp(jnp.ones((), values.dtype), -exponent)
    return values, exponent - (jnp.frexp(power)[1] - 1)


def with_exponent(value: jax.Array, exponent: jax.Array) -> jax.Array:
    """Value times this power of two: NaN if that is out of range."""
    information = np.finfo(value.dtype)
    mantissa, own = jnp.frexp(value)
    exponent = exponent + own
    inside = (exponent <= information.maxexp) & (exponent > information.minexp)
    found = jnp.ldexp(mantissa, jnp.where(inside, exponent, 0))
    return jnp.where(value == 0, 0, jnp.where(inside & jnp.isfinite(value), found, jnp.nan))


def restored(value: jax.Array, power: jax.Array, *, degree: int) -> jax.Array:
    """Value of what was multiplied by `power`, as it is without: NaN if that is out of range.

    `degree` is how often the power went into the value. Several are out of range if the largest is.
    """
    found = value
    for _ in range(degree):  # XLA would divide by the square at once, which is out of range
        found = jax.lax.optimization_barrier(found / power)  # type: ignore[no-untyped-call]
    largest = jnp.abs(found).max()
    vanished = (largest < np.finfo(found.dtype).tiny) & (jnp.abs(value).max() > 0) & (power != 1)
    return jnp.where(vanished | ~jnp.isfinite(found), jnp.nan, found)


def largest_or_1(values: jax.Array, *, axis: int | None = None) -> jax.Array:
    """Largest magnitude, or 1 if all values are 0: what values are divided by to be of size 1."""
    largest = jnp.abs(values).max(axis=axis, keepdims=axis is not None)
    return jnp.where(largest > 0, largest, 1)


def scaled_to_one(values: jax.Array, *, axis: int | None = None) -> jax.Array:
    """Values over the largest magnitude, of all or along an axis; 0 if all are."""
    values = moderate(values, axis=axis)
    return values / largest_or_1(values, axis=axis)
