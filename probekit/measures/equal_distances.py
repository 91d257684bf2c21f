"""Distances that are equal but for rounding made equal, as ranks need it.

Else rounding decides: of classes at equal distances it is most of what ranks then compare.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

_WIDEST = 4
"""How wide a run of such distances may be, in what two of them may be off.

Where there are so many distances that each is near the next, a run has no end; none are equal then.
"""

_SHORT = 1000
"""The share of all distances, one in so many, that a run must have to be looked for."""


def made_equal(values: jax.Array, rounding: jax.Array, counted: jax.Array) -> jax.Array:
    """Return distances ``(pair,)`` with the least of each run of equal ones in place of them.

    As they are where all runs are too short to change a rank by a thousandth of all.

    Parameters
    ----------
    values, rounding : array (pair,)
        Finite where they are counted; by how much each may be off.
    counted : array (pair,)
        Others stay as they are.
    """
    known, off = jnp.where(counted, values, jnp.inf), jnp.where(counted, rounding, 0)
    apart = max(1, len(values) // _SHORT)
    ordered = jnp.sort(known)
    matters = (ordered[apart:] - ordered[:-apart] <= 2 * _WIDEST * off.max(initial=0)).any()
    made: jax.Array = jax.lax.cond(matters, _made_equal, lambda known, off: known, known, off)
    return jnp.where(counted, made, values)


def _made_equal(values: jax.Array, off: jax.Array) -> jax.Array:
    """Return the same of distances of which those that do not count are infinite."""
    order = jnp.argsort(values)
    ordered, off = values[order], off[order]
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
    return jnp.zeros_like(values).at[order].set(equal)


class Runs(NamedTuple):
    """Runs of equal ones among values in order, on the host: at least two each.

    Attributes
    ----------
    first, last : array (run,)
        Places of the ends of each; the last is part of it.
    """

    first: np.ndarray
    last: np.ndarray

    @classmethod
    def where(cls, equal: np.ndarray) -> "Runs":
        """Return the runs of values of which some, in such places, are equal to the next."""
        starts = np.ones(len(equal), bool)
        starts[1:] = np.diff(equal) > 1
        return cls(equal[starts], equal[np.roll(starts, -1)] + 1)

    @property
    def places(self) -> np.ndarray:
        """All places in runs, one run after the other."""
        size = self.last - self.first + 1
        before = np.cumsum(size) - size
        places: np.ndarray = np.arange(size.sum()) + self.repeated(self.first - before)
        return places

    def repeated(self, each: np.ndarray) -> np.ndarray:
        """Return what is given for each run, for all of its `places`."""
        return np.repeat(each, self.last - self.first + 1)


def equal_runs(values: np.ndarray, order: np.ndarray, rounding: np.ndarray) -> Runs:
    """Return the runs of equal values in this order, `made_equal` says which; on the host.

    Only of equal numbers where that changes no rank by a thousandth of all.
    """
    ordered, most = values[order], rounding.max(initial=0)
    apart = max(1, len(ordered) // _SHORT)
    if not (ordered[apart:] - ordered[:-apart] <= 2 * _WIDEST * most).any():
        return Runs.where(np.flatnonzero(ordered[1:] == ordered[:-1]))
    # Few are so near the next; only of these it matters by how much they may be off themselves.
    near = np.flatnonzero(np.diff(ordered) <= 2 * most)
    off = rounding[order[near]] + rounding[order[near + 1]]
    runs = Runs.where(near[ordered[near + 1] - ordered[near] <= off])
    widest = _WIDEST * (rounding[order[runs.first]] + rounding[order[runs.last]])
    narrow = ordered[runs.last] - ordered[runs.first] <= widest
    return Runs(runs.first[narrow], runs.last[narrow])


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
    runs = equal_runs(values, order, rounding)
    found = values.copy()
    found[order[runs.places]] = runs.repeated(values[order[runs.first]])
    return found
