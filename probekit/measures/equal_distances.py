"""Distances that are equal but for rounding made equal, as ranks need it.

Else rounding decides: of classes at equal distances it is most of what ranks then compare.
"""

import jax
import jax.numpy as jnp
import numpy as np

_WIDEST = 4
"""How wide a run of such distances may be, in what two of them may be off.

Where there are so many distances that each is near the next, a run has no end; none are equal then.
"""


def made_equal(values: jax.Array, rounding: jax.Array, counted: jax.Array) -> jax.Array:
    """Return distances ``(pair,)`` with the least of each run of equal ones in place of them.

    Parameters
    ----------
    values, rounding : array (pair,)
        Finite where they are counted; by how much each may be off.
    counted : array (pair,)
        Others stay as they are.
    """
    order = jnp.argsort(jnp.where(counted, values, jnp.inf))
    ordered = jnp.where(counted, values, jnp.inf)[order]
    off = jnp.where(counted, rounding, 0)[order]
    apart = ~(jnp.diff(ordered) <= off[1:] + off[:-1])
    places = jnp.arange(len(ordered), dtype=jnp.int32)
    starts, ends = (
        jnp.pad(apart, (1, 0), constant_values=True),
        jnp.pad(apart, (0, 1), constant_values=True),
    )
    first = jax.lax.cummax(jnp.where(starts, places, 0))
    last = jax.lax.cummin(jnp.where(ends, places, len(ordered)), reverse=True)
    narrow = ordered[last] - ordered[first] <= _WIDEST * (off[first] + off[last])
    equal = jnp.where(narrow, ordered[first], ordered)
    return jnp.where(counted, jnp.zeros_like(values).at[order].set(equal), values)


def are_equal(ordered: np.ndarray, rounding: np.ndarray) -> np.ndarray:
    """Return whether each of values in order is equal to the next, on the host ``(pair - 1,)``."""
    equal: np.ndarray = np.diff(ordered) <= rounding[1:] + rounding[:-1]
    first = np.flatnonzero(np.append(True, ~equal))
    last = np.append(first[1:], len(ordered)) - 1
    wide = ordered[last] - ordered[first] > _WIDEST * (rounding[first] + rounding[last])
    kept: np.ndarray = equal & ~np.repeat(wide, last - first + 1)[1:]
    return kept


def with_equal_pairs(square: np.ndarray, rounding: np.ndarray) -> np.ndarray:
    """Return a symmetric matrix ``(example, example)`` with its pairs made equal, on the host."""
    above = np.triu_indices(len(square), k=1)
    found = square.copy()
    found[above] = made_equal_on_host(square[above], rounding[above])
    found.T[above] = found[above]
    return found


def made_equal_on_host(values: np.ndarray, rounding: np.ndarray) -> np.ndarray:
    """Return what `made_equal` does of distances that all count, on the host."""
    order = np.argsort(values)
    ordered = values[order]
    first = np.append(True, ~are_equal(ordered, rounding[order]))
    found = np.empty_like(values)
    found[order] = ordered[np.flatnonzero(first)][np.cumsum(first) - 1]
    return found
