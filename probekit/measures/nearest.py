"""The nearest others of every example: what estimates of the intrinsic dimension look at."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from probekit.measures._scale import moderate
from probekit.measures.rdm import squared_distances
from probekit.statistics import ExamplesState


class Cloud(NamedTuple):
    """Examples and how far they are apart.

    Attributes
    ----------
    rows : array (example, unit)
        Of moderate size; 0 for absent ones.
    squared : array (example, example)
        Squared distances; infinite where one of the two is absent, and on the diagonal.
    present : array (example,)
    """

    rows: jax.Array
    squared: jax.Array
    present: jax.Array

    @classmethod
    def of(cls, state: ExamplesState) -> "Cloud":
        """Return that of the examples that were kept."""
        present = state.present
        rows = moderate(jnp.where(present[:, None], state.x, 0))
        apart = present[:, None] & present[None, :] & ~np.eye(len(rows), dtype=bool)
        return cls(rows, jnp.where(apart, squared_distances(rows), jnp.inf), present)

    @property
    def examples(self) -> jax.Array:
        """How many are present."""
        return self.present.sum()


class Nearest(NamedTuple):
    """The k nearest others of each example, in the order of their distances.

    Attributes
    ----------
    squared : array (example, place)
        Squared distances in ascending order; 1 where there is nothing to be counted.
    excess : array (example, place)
        By how much these are more than the first, to more digits than their difference has.
    others : array (example, place)
        Which example it is.
    counted : array (example,)
        Whether an example is present, has no copy, and has two neighbours.
    near, far : array ()
        k' and k, from 1: at which of the places those are looks who looks at two distances.
    """

    squared: jax.Array
    excess: jax.Array
    others: jax.Array
    counted: jax.Array
    near: jax.Array
    far: jax.Array

    @property
    def among(self) -> jax.Array:
        """Which of the places are those of the k nearest: there may be fewer others."""
        return jnp.arange(self.squared.shape[1]) < self.far

    def at(self, place: jax.Array) -> jax.Array:
        """Squared distances to the neighbours at one place, from 1."""
        return jnp.take(self.squared, place - 1, axis=1)

    def short(self) -> jax.Array:
        """By how much squared distances are less than that of the far place: at least 0 up to it.

        They are all but equal of an example that lies far from all others.
        """
        return jnp.take(self.excess, self.far - 1, axis=1)[:, None] - self.excess

    def log_ratios(self) -> jax.Array:
        """Logarithms of the distance at the far place over that at each place."""
        return jnp.log1p(self.short() / self.squared) / 2

    def log_ratio(self) -> jax.Array:
        """Logarithms of the distance at the far place over that at the near one, at least 0."""
        return jnp.take(self.log_ratios(), self.near - 1, axis=1)

    def between(self, cloud: Cloud) -> jax.Array:
        """Squared distances among the neighbours of each, ``(example, place, place)``."""
        squared = cloud.squared[self.others[:, :, None], self.others[:, None, :]]
        return jnp.where(jnp.isfinite(squared), squared, 0)  # that of each to itself


_ALL_BUT_EQUAL = 1e-3
"""Share of squared distances below which their differences are taken from the examples."""


def nearest(cloud: Cloud, near: int | None, far: int) -> Nearest:
    """Return the `far` nearest of each, or all others; `near` is half of them, unless given."""
    places = max(2, min(far, len(cloud.squared) - 1))
    squared, others = jax.lax.top_k(-cloud.squared, places)
    squared = -squared
    first = squared[:, :1]
    counted = cloud.present & (squared[:, 0] > 0) & jnp.isfinite(squared[:, 1])
    excess = squared - first
    k_near, k_far = radii(cloud, near, far)
    # What is left of a difference of two that are all but equal is rounding.
    apart = counted & (jnp.take(excess, k_far - 1, axis=1) < _ALL_BUT_EQUAL * squared[:, 0])
    excess, others = jax.lax.cond(
        apart.any(),
        lambda: _excess_of(cloud, apart, excess, others),
        lambda: (excess, others),
    )
    there = counted[:, None] & jnp.isfinite(squared)
    excess = jnp.where(there, excess, 0)
    squared = jnp.where(there, jnp.where(apart[:, None], first + excess, squared), 1)
    return Nearest(squared, excess, others, counted, k_near, k_far)


def _excess_of(
    cloud: Cloud, apart: jax.Array, excess: jax.Array, others: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """Return by how much squared distances exceed the first, and whose, of those who lie `apart`.

    ‖x - y‖² - ‖x - z‖² is (z - y)·(2x - y - z), which loses nothing however far x is from both.
    What the rounding of their values could make of it is 0: on a grid many are equally near.
    """
    eps = float(np.finfo(cloud.rows.dtype).eps)
    size = jnp.abs(cloud.rows)

    def of(rows: tuple[jax.Array, jax.Array]) -> jax.Array:
        row, first = rows
        steps = cloud.rows - first
        both = steps - 2 * (row - first)
        more: jax.Array = (steps * both).sum(axis=1)
        off = (size + jnp.abs(first)) * jnp.abs(both)
        off = off + jnp.abs(steps) * (2 * jnp.abs(row) + jnp.abs(first) + size)
        return jnp.where(jnp.abs(more) <= eps * off.sum(axis=1), 0, more)

    every = jax.lax.map(of, (cloud.rows, cloud.rows[others[:, 0]]))
    every = jnp.where(jnp.isfinite(cloud.squared), every, jnp.inf)
    least, whose = jax.lax.top_k(-every, excess.shape[1])
    found = least[:, :1] - least
    return jnp.where(apart[:, None], found, excess), jnp.where(apart[:, None], whose, others)


def radii(cloud: Cloud, near: int | None, far: int) -> tuple[jax.Array, jax.Array]:
    """Return at which neighbours two distances end: the k-th or the last, and `near` or half."""
    last = jnp.clip(cloud.examples - 1, 2, max(2, min(far, len(cloud.squared) - 1)))
    return (jnp.maximum(last // 2, 1) if near is None else jnp.minimum(near, last - 1)), last


def median_of(values: jax.Array, counted: jax.Array) -> jax.Array:
    """Median of the values that are counted."""
    ordered = jnp.sort(jnp.where(counted, values, jnp.inf))
    count = counted.sum()
    places = ((count - 1) // 2, count // 2)
    low, high = (jnp.take(ordered, jnp.maximum(at, 0), mode="clip") for at in places)
    return (low + high) / 2
