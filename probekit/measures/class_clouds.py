"""Clouds of the examples of each class, about their means."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from probekit._sums import product
from probekit.measures._scale import moderating_power
from probekit.measures._status import divide
from probekit.statistics import GroupExamplesState

_FARTHEST = 1024
"""Up to how many times as far from its centre as this is from the mean of all an example may be.

Beyond, rounding moves the directions in which a cone is all but closed.
"""


class ClassClouds(NamedTuple):
    """The examples of each class about their mean, and these about the mean of all.

    Attributes
    ----------
    present : array (class, place)
    deviations : array (class, place, unit)
    centres : array (class, unit)
    scale : array (class,)
        Lengths of the centres; 0 if it is all but 0.
    """

    present: jax.Array
    deviations: jax.Array
    centres: jax.Array
    scale: jax.Array

    @classmethod
    def of(cls, state: GroupExamplesState) -> "ClassClouds":
        """Take the examples apart, of a size whose squares are in range."""
        present = state.present[:, :, None]
        x = state.x * moderating_power(jnp.where(jnp.isfinite(state.x), state.x, 0))
        counts = jnp.maximum(state.present.sum(axis=1), 1)[:, None].astype(x.dtype)
        # About one of them first: far from zero, a mean would be all rounding.
        first = x[:, 0]
        about = jnp.where(present, x - first[:, None], 0)
        step = about.sum(axis=1) / counts
        deviations = jnp.where(present, about - step[:, None], 0)
        rest = deviations.sum(axis=1) / counts
        deviations = jnp.where(present, deviations - rest[:, None], 0)
        there = state.present[:, 0]
        known = jnp.argmax(there)
        means = jnp.where(there[:, None], (first - first[known][None]) + (step + rest), 0)
        weights = state.present.sum(axis=1).astype(x.dtype)
        centres = jnp.where(there[:, None], means - _mean(means, weights)[None], 0)
        centres = jnp.where(there[:, None], centres - _mean(centres, weights)[None], 0)
        length = jnp.sqrt(jnp.square(centres).sum(axis=1))
        spread = jnp.sqrt(jnp.square(deviations).sum(axis=2)).max(axis=1)
        rounding = 16 * float(np.finfo(x.dtype).eps) * jnp.maximum(length, spread).max()
        known_length = (length > rounding) & (length * _FARTHEST > spread)
        return cls(state.present, deviations, centres, jnp.where(known_length, length, 0))

    @property
    def counts(self) -> jax.Array:
        """How many examples each has."""
        return self.present.sum(axis=1)

    @property
    def there(self) -> jax.Array:
        """Which classes have examples."""
        return self.present[:, 0]

    def parts(self) -> tuple[jax.Array, ...]:
        """Return examples in units of the length of their centre, and which are there."""
        size = jnp.where(self.scale > 0, self.scale, 1)[:, None, None]
        return self.deviations / size, self.present

    def correlation(self) -> tuple[jax.Array, jax.Array]:
        """Return the mean of |cos| over pairs of centres, and whether one is undefined.

        About the mean of the centres, each of which counts once.
        """
        there, classes = self.there, self.there.sum()
        rows = self.centres - _mean(self.centres, there.astype(self.centres.dtype))[None]
        length = jnp.sqrt(jnp.square(rows).sum(axis=1))
        directed = length > 16 * float(np.finfo(rows.dtype).eps) * length.max()
        unit = jnp.where(directed[:, None], rows / jnp.where(directed, length, 1)[:, None], 0)
        pairs = there[:, None] & there[None, :] & ~np.eye(len(rows), dtype=bool)
        cosine = jnp.where(pairs, jnp.minimum(jnp.abs(product(unit, unit.T)), 1), 0)
        mean = divide(cosine.sum(), (classes * (classes - 1)).astype(rows.dtype))
        return mean, (there & ~directed).any()


def examples_about_mean(state: GroupExamplesState) -> jax.Array:
    """Return ``(class, place, unit)`` of examples about the mean of all; empty places are 0."""
    present = state.present[:, :, None]
    x = jnp.where(present, state.x, 0)
    flat, there = x.reshape(-1, x.shape[2]), state.present.reshape(-1)
    first = flat[jnp.argmax(there)]
    weights = there.astype(x.dtype)
    about = jnp.where(there[:, None], flat - first[None], 0)
    about = jnp.where(there[:, None], about - _mean(about, weights)[None], 0)
    about = jnp.where(there[:, None], about - _mean(about, weights)[None], 0)
    return about.reshape(x.shape)


def _mean(rows: jax.Array, weights: jax.Array) -> jax.Array:
    return (rows * weights[:, None]).sum(axis=0) / jnp.maximum(weights.sum(), 1)
