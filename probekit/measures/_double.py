"""Float64 for measures of what units span, outside of traces, whatever JAX is set to.

Beside one example a thousand times as far out as the others, covariances in float32 have lost
these.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from probekit.measures._arguments import jitted


def in_double(
    function: Callable[..., jax.Array], x: jax.Array, y: jax.Array, **options: Any
) -> jax.Array:
    """Return ``function(x, y, eps=eps, **options)``, computed in float64 unless that is traced.

    `eps` is the rounding of what was given: a direction below it is none, whatever float64 shows of
    it. The value has the dtype of what was given.
    """
    eps = float(np.finfo(x.dtype).eps)
    traced = isinstance(x, jax.core.Tracer) or isinstance(y, jax.core.Tracer)
    if x.dtype == np.float64 or traced or jax.default_backend() == "tpu":
        return function(x, y, eps=eps, **options)
    with jax.enable_x64(True):
        wide = [_constant_made_equal(z.astype(np.float64), eps) for z in (x, y)]
        value = function(*wide, eps=eps, **options)
    return value.astype(x.dtype)


@jitted(1)
def _constant_made_equal(x: jax.Array, eps: float) -> jax.Array:
    """Replace units that are constant within their rounding by their mean."""
    mean = x.mean(axis=0)
    constant = jnp.abs(x - mean).max(axis=0) <= 8 * eps * jnp.abs(mean)
    return jnp.where(constant, mean, x)
