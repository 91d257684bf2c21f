"""Dissimilarities of conditions from pairs of their examples, of which each counts alike."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from probekit._sums import product
from probekit.measures.condition_means import ConditionMeans, crossed
from probekit.measures.patterns import MeanRates
from probekit.statistics import MomentsState


class Places(NamedTuple):
    """Of which condition and which fold the groups of a state are, ``(cell,)``."""

    condition: jax.Array
    fold: jax.Array

    @classmethod
    def in_order(cls, conditions: int, folds: int) -> "Places":
        """All conditions of the first fold, then those of the others."""
        cells = jnp.arange(conditions * folds)
        return cls(cells % conditions, cells // conditions)


class Cells(NamedTuple):
    """The examples of a condition in a fold: counts ``(cell,)``, means about that of all.

    Attributes
    ----------
    counts : array (cell,)
    mean : array (cell, unit)
    member : array (cell, condition)
        1 where the cell is of the condition, else 0.
    fold : array (cell,)
    """

    counts: jax.Array
    mean: jax.Array
    member: jax.Array
    fold: jax.Array

    @classmethod
    def of(cls, state: MomentsState, places: Places, conditions: int) -> "Cells":
        """Return those that `FoldGroups` remembers as groups."""
        parts = ConditionMeans.of(state, 1)
        member = places.condition[:, None] == jnp.arange(conditions)[None, :]
        mean = parts.mean[0]
        return cls(parts.counts[0], mean, member.astype(mean.dtype), places.fold)

    @property
    def of_all(self) -> tuple[jax.Array, jax.Array]:
        """Count and mean of each condition, over all folds."""
        total = product(self.member.T, self.counts[:, None])[:, 0]
        sums = product(self.member.T, self.mean * self.counts[:, None])
        return total, sums / jnp.where(total > 0.5, total, 1)[:, None]

    @property
    def apart(self) -> jax.Array:
        """Whether cells are of two folds, ``(cell, cell)``."""
        return self.fold[:, None] != self.fold[None, :]

    def mean_of_pairs(self, sums: jax.Array) -> tuple[jax.Array, jax.Array]:
        """As the function, of pairs of examples in two folds."""
        both = self.counts[:, None] * self.counts[None, :]
        return mean_of_pairs(sums, both, self.apart, self.member)

    def mean_of_products(self) -> tuple[jax.Array, jax.Array]:
        """Mean products of examples in two folds, ``(condition, condition)``."""
        sums = self.mean * self.counts[:, None]
        return self.mean_of_pairs(product(sums, sums.T))

    def mean_of_rates(self, of_all: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Mean of minus half the divergence of examples in two folds, by means of their rates."""
        parts = MeanRates.of(self.mean * self.counts[:, None], of_all)
        across = product(parts.rates, parts.logs.T)
        own = parts.own[:, None] * self.counts[None, :]
        sums = (across + across.T - own - own.T) / 2 / parts.rates.shape[1]
        return self.mean_of_pairs(sums)


def from_pairs(cells: Cells, metric: str, of_all: jax.Array) -> tuple[jax.Array, jax.Array]:
    """K_aa + K_bb - 2 K_ab, and which conditions have too few examples in different folds.

    `of_all` is the mean of all, which the means of cells are about.
    """
    if metric == "crossnobis":
        inner, empty = cells.mean_of_products()
    elif metric == "correlation_cv":
        origin = Cells(cells.counts, cells.mean + of_all, cells.member, cells.fold)
        inner, empty = origin.mean_of_products()
        inner = inner / 2
    else:
        inner, empty = cells.mean_of_rates(of_all)
    return _distances(inner), empty


def distances_of_pairs(
    sums: jax.Array, number: jax.Array, counted: jax.Array, member: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """K_aa + K_bb - 2 K_ab, with K as `mean_of_pairs`; and which conditions have none."""
    inner, empty = mean_of_pairs(sums, number, counted, member)
    return _distances(inner), empty


def mean_of_pairs(
    sums: jax.Array, number: jax.Array, counted: jax.Array, member: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """Means over pairs of two conditions, and which conditions have no pair of their own.

    Parameters
    ----------
    sums, number : array (cell, cell)
        Over the pairs of two cells, and how many these are.
    counted : array (cell, cell), bool
        Whether the pairs of these cells count.
    member : array (cell, condition)
        1 where the cell is of the condition, else 0.
    """
    total, number = (
        product(product(member.T, jnp.where(counted, part, 0)), member) for part in (sums, number)
    )
    there = number > 0.5
    mean = jnp.where(there, total, jnp.nan) / jnp.where(there, number, 1)
    return (mean + mean.T) / 2, ~there.diagonal()


def _distances(inner: jax.Array) -> jax.Array:
    own = inner.diagonal()
    far = own[:, None] + own[None, :] - 2 * inner
    zero = jnp.where(jnp.isnan(own), jnp.nan, 0)
    return jnp.where(jnp.eye(len(own), dtype=bool), zero[:, None], far)


def of_means(mean: jax.Array, metric: str) -> jax.Array:
    """Distances that are the same of means and of all pairs: of patterns, or of rates."""
    if metric == "poisson":
        parts = MeanRates.of(mean, jnp.zeros(mean.shape[1], mean.dtype))
        return crossed(parts.rates, parts.logs) / parts.rates.shape[1]
    return jnp.clip(crossed(mean, mean) / 2, 0, 2)
