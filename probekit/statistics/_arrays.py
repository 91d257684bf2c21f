"""What statistics have in common: dtype of accumulation, absent examples, full precision."""

from typing import Any

import jax
import jax.numpy as jnp

from probekit.errors import ShapeError


def accumulator_dtype(*arrays: Any) -> Any:
    """Return the dtype in which sums are kept: float32, or float64 if one of the arrays has it."""
    for array in arrays:
        if jnp.issubdtype(array.dtype, jnp.complexfloating):
            raise ShapeError(
                f"dtype {array.dtype}: complex values; real ones are needed. "
                "Give real and imaginary parts as two units."
            )
    wide = any(array.dtype == jnp.float64 for array in arrays)
    return jnp.dtype(jnp.float64 if wide else jnp.float32)


def product(a: jax.Array, b: jax.Array) -> jax.Array:
    """Matrix product in full precision: by default some accelerators keep three digits only."""
    return jnp.matmul(a, b, precision=jax.lax.Precision.HIGHEST)


def present_rows(dtype: Any, weight: jax.Array, *arrays: jax.Array) -> tuple[jax.Array, ...]:
    """Return weight and arrays in `dtype`, all 0 where the weight is not positive.

    An absent example must not be seen at all: 0 × NaN is NaN, so its values are replaced.
    """
    present = weight > 0
    weight = jnp.where(present, weight.astype(dtype), 0)
    rows = [jnp.where(present[:, None], array.astype(dtype), 0) for array in arrays]
    return weight, *rows
