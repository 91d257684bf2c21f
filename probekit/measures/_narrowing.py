"""Representations with far more units than examples: coordinates of the examples in their place.

For what looks at distances and angles alone. On the host, before anything is compiled, and so not
of values that are traced: derivatives of a decomposition of examples that are centred do not exist.
"""

import jax
import jax.numpy as jnp
import numpy as np

from probekit._coordinates import coordinates, is_wide
from probekit.measures._arguments import Splits


def narrowed(x: jax.Array, *, centred: bool = True) -> jax.Array:
    """Return coordinates of the examples where there are many units, else `x` itself.

    Parameters
    ----------
    x : array (example, unit)
    centred : bool
        Take means off.
    """
    examples, units = x.shape
    if isinstance(x, jax.core.Tracer) or not is_wide(examples, units):
        return x
    return jnp.asarray(coordinates(np.asarray(x), np.ones(examples, bool), centred=centred))


def both_narrowed(given: Splits) -> Splits:
    """Return splits with coordinates of `x` and of `y`, where there are many units."""
    given, _ = narrowed_splits(given)
    given, _ = narrowed_splits(given.swapped())
    return given.swapped()


def narrowed_splits(given: Splits) -> tuple[Splits, float]:
    """Return splits with coordinates of `x`, about its mean, the same ones in both.

    Also how many there are for each unit, by which a penalty relative to the mean unit is
    multiplied: 1 where `x` is left as it is.
    """
    if given.held_out is None:
        x, y = given.fit
        x, units = narrowed(x), x.shape[1]
        return Splits((x, y), None), x.shape[1] / units
    (x, y), (x2, y2) = given.fit, given.held_out
    traced = isinstance(x, jax.core.Tracer) or isinstance(x2, jax.core.Tracer)
    if traced or not is_wide(len(x) + len(x2), x.shape[1]):
        return given, 1.0
    units, examples = x.shape[1], len(x)
    both = narrowed(jnp.concatenate([x, x2]))
    return Splits((both[:examples], y), (both[examples:], y2)), both.shape[1] / units
