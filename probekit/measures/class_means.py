"""Means of classes, about that of all examples, from moments of groups."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from probekit._rounding import reciprocal
from probekit.statistics import GroupMomentsState


class ClassMeans(NamedTuple):
    """What there is of each class.

    Attributes
    ----------
    counts : array (class,)
    there : array (class,)
        Whether it has examples.
    mean : array (class, unit)
        About the mean of all examples; 0 within rounding, and for classes that are not there, is 0.
    finite : array ()
        Whether all examples were finite, and their squares neither too large nor too small.
    """

    counts: jax.Array
    there: jax.Array
    mean: jax.Array
    finite: jax.Array

    @classmethod
    def of(cls, state: GroupMomentsState, *, each: bool = False) -> "ClassMeans":
        """Return those that `GroupMoments` remembers, which has the scatter of `each` class."""
        there = state.count > 0
        first = jnp.argmax(there)
        # About one of them first: far from zero, a mean over means would be all rounding.
        mean = (state.mean - state.mean[first]) + (state.rest - state.rest[first])
        mean = jnp.where(there[:, None], mean, 0)
        share = state.count * reciprocal(state.count.sum())
        mean = jnp.where(there[:, None], mean - (share[:, None] * mean).sum(axis=0), 0)
        largest = jnp.abs(jnp.where(there[:, None], state.mean, 0)).max(axis=0)
        spread = _spread(state, each) if state.within is not None else jnp.zeros_like(largest)
        differs = more_than_rounding(jnp.abs(mean).max(axis=0), largest, spread)
        finite = jnp.isfinite(state.mean).all()
        if state.within is not None:
            finite = finite & jnp.isfinite(state.within).all()
        mean = jnp.where(differs[None, :], mean, 0)
        size = jnp.abs(mean).max()
        limits = np.finfo(mean.dtype)
        vanished = (size > 0) & (size < float(np.sqrt(limits.tiny / limits.eps)))
        return cls(state.count, there, mean, finite & ~vanished)

    @property
    def classes(self) -> jax.Array:
        """How many have examples."""
        return self.there.sum()

    @property
    def freedom(self) -> jax.Array:
        """How many examples there are beyond one of each class."""
        return self.counts.sum() - self.classes


def _spread(state: GroupMomentsState, each: bool) -> jax.Array:
    """Return how far examples are from the mean of their class, root mean square, of each unit."""
    assert state.within is not None
    within = state.within.sum(axis=0) if each else state.within
    squares = within.diagonal() if within.ndim == 2 else within
    return jnp.sqrt(jnp.maximum(squares, 0) * reciprocal(state.count.sum()))


def more_than_rounding(step: jax.Array, size: jax.Array, spread: jax.Array) -> jax.Array:
    """Return where means differ by a `step` that is more than the rounding of what they are of.

    That of values of this `size`, several times over, as it may go the same way in a whole class.
    But where examples of a class vary by more, a step counts beside that: means are known to more
    digits than values. One of a rounding of that spread is none.
    """
    eps = float(np.finfo(step.dtype).eps)
    found: jax.Array = (jnp.maximum(step, spread) > 8 * eps * size) & (step > eps * spread)
    return found


def codes_of(y: Any) -> tuple[int, np.ndarray]:
    """Return how many classes there are, different rows of `y`, and the number of that of each."""
    labels, codes = np.unique(np.asarray(y), axis=0, return_inverse=True)
    return len(labels), codes.reshape(-1, 1)
