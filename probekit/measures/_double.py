"""Float64 for measures of what units span, outside of traces, whatever JAX is set to.

Beside one example a thousand times as far out as the others, covariances in float32 have lost
these.
"""

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import floating
from probekit.measures._arguments import Parameters, Result, Splits, jitted

Value = TypeVar("Value")


def in_double(
    function: Callable[..., jax.Array], x: jax.Array, y: jax.Array, **options: Any
) -> jax.Array:
    """Return ``function(x, y, eps=eps, **options)``, computed in float64 unless that is traced.

    `eps` is the rounding of what was given: a direction below it is none, whatever float64 shows of
    it. The value has the dtype of what was given.
    """

    def of_fit(given: Splits, **settings: Any) -> jax.Array:
        return function(*given.fit, **settings)

    return splits_in_double(of_fit, Splits((x, y), None), **options)


def splits_in_double(function: Callable[..., Result], given: Splits, **options: Any) -> Result:
    """Return ``function(given, eps=eps, **options)``, as `in_double` does; of any arrays."""
    arrays, dtype = jax.tree.leaves(given), given.fit[0].dtype
    eps = float(np.finfo(dtype).eps)
    traced = any(isinstance(array, jax.core.Tracer) for array in arrays)
    if dtype == np.float64 or traced or jax.default_backend() == "tpu":
        return function(given, eps=eps, **options)
    with jax.enable_x64(True):
        wide = jax.tree.map(lambda z: _constant_made_equal(z.astype(np.float64), eps), given)
        value = function(wide, eps=eps, **options)
    narrow: Result = jax.tree.map(lambda z: z.astype(dtype), value)
    return narrow


def in_double_if_doubtful(
    function: Callable[..., tuple[Result, jax.Array]], given: Splits, **options: Any
) -> Result:
    """Return the first of ``function(given, **options)``; in float64 where the second is true.

    Features are few and mostly of like scale: then float32, which takes half of the time, will do.
    """
    found, doubtful = function(given, **options)
    if isinstance(doubtful, jax.core.Tracer) or not bool(doubtful):
        return found

    def again(given: Splits, *, eps: float) -> Result:
        del eps  # what is below it is far below the smallest penalty
        return function(given, **options)[0]

    return splits_in_double(again, given)


def kept_double(function: Callable[Parameters, Value]) -> Callable[Parameters, Value]:
    """Decorate a measure that computes on the host, in float64: float64 it is given stays that.

    Else it would be narrowed first, to what JAX is set to, and differences beside a large offset
    would be lost. The value has the dtype that JAX is set to.
    """

    @functools.wraps(function)
    def measured(*args: Parameters.args, **options: Parameters.kwargs) -> Value:
        dtype = floating()
        if dtype == np.float64 or jax.default_backend() == "tpu":
            return function(*args, **options)
        with jax.enable_x64(True):
            value = function(*args, **options)
        narrow: Value = jax.tree.map(lambda z: jnp.asarray(np.asarray(z, dtype)), value)
        return narrow

    return measured


@jitted(1)
def _constant_made_equal(x: jax.Array, eps: float) -> jax.Array:
    """Replace units that are constant within their rounding by their mean."""
    mean = x.mean(axis=0)
    constant = jnp.abs(x - mean).max(axis=0) <= 8 * eps * jnp.abs(mean)
    return jnp.where(constant, mean, x)
