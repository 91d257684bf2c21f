"""Moments of parts of the examples: folds, conditions."""

import abc

import jax
import jax.numpy as jnp

from probekit.statistics._protocol import ShapeDtype, Statistic
from probekit.statistics.moments import Moments, MomentsState


class MomentsOfParts(Statistic[MomentsState]):
    """A `MomentsState` whose arrays have a leading axis, the part; abstract.

    A final class says in `update` which part an example falls into.
    """

    numbered = True

    @property
    @abc.abstractmethod
    def parts(self) -> int:
        """How many parts there are."""

    @property
    @abc.abstractmethod
    def moments(self) -> Moments:
        """The statistic of one part."""

    def init(self, x: ShapeDtype, y: ShapeDtype) -> MomentsState:
        """Return the state of no examples."""
        empty: MomentsState = jax.tree.map(
            lambda leaf: jnp.zeros((self.parts, *leaf.shape), leaf.dtype), self.moments.init(x, y)
        )
        return empty

    def merge(self, a: MomentsState, b: MomentsState) -> MomentsState:
        """Return the state of the examples of both."""
        merged: MomentsState = jax.vmap(self.moments.merge)(a, b)
        return merged

    def select(
        self,
        state: MomentsState,
        *,
        x: jax.Array | slice | None = None,
        y: jax.Array | slice | None = None,
    ) -> MomentsState:
        """Return the state of these columns of `x` and `y` alone."""
        selected: MomentsState = jax.vmap(lambda one: self.moments.select(one, x=x, y=y))(state)
        return selected
