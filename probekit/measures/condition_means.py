"""Means of conditions in folds, and what differences between them have in common."""

import itertools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from probekit._sums import product
from probekit.measures.rdm import Prior, rates_of
from probekit.statistics import MomentsState


class ConditionMeans(NamedTuple):
    """Counts ``(fold, condition)``, and means ``(fold, condition, unit)`` about that of all."""

    counts: jax.Array
    mean: jax.Array

    @classmethod
    def of(cls, state: MomentsState, folds: int) -> "ConditionMeans":
        """Return those that `FoldGroups` remembers."""
        assert state.xy is not None
        count = state.count * (state.y_mean + state.y_rest)
        mean = state.xy / jnp.where(count > 0.5, count, 1)[None, :]
        return cls(count.reshape(folds, -1), mean.T.reshape(folds, -1, mean.shape[0]))

    @property
    def of_all(self) -> tuple[jax.Array, jax.Array]:
        """Count and mean over all folds."""
        total = self.counts.sum(axis=0)
        weighted = (self.mean * self.counts[:, :, None]).sum(axis=0)
        return total, weighted / jnp.where(total > 0.5, total, 1)[:, None]

    def without(self, fold: int) -> jax.Array:
        """Mean over the other folds."""
        others = jnp.arange(self.counts.shape[0]) != fold
        count = jnp.where(others[:, None], self.counts, 0)
        return ConditionMeans(count, self.mean).of_all[1]


def pairs_of_folds(parts: ConditionMeans, roots: jax.Array) -> jax.Array:
    """Mean over pairs of folds of what differences in both have in common, by their own noise."""
    pairs = jnp.asarray(list(itertools.combinations(range(parts.counts.shape[0]), 2)))

    def of_pair(pair: tuple[jax.Array, jax.Array]) -> jax.Array:
        here, there = product(parts.mean[pair[0]], pair[1])
        return crossed(here, there)

    found: jax.Array = jax.lax.map(of_pair, (pairs, roots))
    return found.mean(axis=0)


def crossed_folds(parts: ConditionMeans, offset: jax.Array | None, prior: Prior) -> jax.Array:
    """Mean over folds of what differences within and without it have in common.

    With an offset, the mean of all, the means are rates, of which one side takes the logarithm.
    """
    found = []
    for fold in range(parts.counts.shape[0]):
        here, there = parts.mean[fold], parts.without(fold)
        if offset is None:
            found.append(crossed(here, there))
        else:
            logs = rates_of(with_origin(here, offset), prior)[1]
            rates = rates_of(with_origin(there, offset), prior)[0]
            found.append(crossed(logs, rates) / logs.shape[1])
    return jnp.stack(found).mean(axis=0)


def with_origin(mean: jax.Array, offset: jax.Array) -> jax.Array:
    """Means about the mean of all as means about 0, which they are if they differ by rounding."""
    rounding = 16 * float(np.finfo(mean.dtype).eps) * (jnp.abs(mean) + jnp.abs(offset))
    moved = mean + offset
    return jnp.where(jnp.abs(moved) <= rounding, 0, moved)


def crossed(here: jax.Array, there: jax.Array) -> jax.Array:
    """Products of differences here and there, ``(condition, condition)``."""

    # By differences: through products an equal pair would keep their rounding.
    def with_all(rows: tuple[jax.Array, jax.Array]) -> jax.Array:
        return (_differences(rows[0], here) * _differences(rows[1], there)).sum(axis=1)

    found: jax.Array = jax.lax.map(with_all, (here, there))  # of all at once there were c² d
    return found


def _differences(row: jax.Array, rows: jax.Array) -> jax.Array:
    """Differences of a row from all rows, exactly 0 where they are rounding.

    A row that is computed where it is used may be rounded in two ways.
    """
    rounding = 4 * float(np.finfo(rows.dtype).eps) * (jnp.abs(row) + jnp.abs(rows))
    return jnp.where(jnp.abs(row - rows) <= rounding, 0, row - rows)
