"""Moments of parts of the examples: folds, conditions."""

import abc
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, TypeVar

import jax
import jax.numpy as jnp

from probekit._sums import BLOCK, accumulator_dtype, present_rows
from probekit.statistics._protocol import ShapeDtype, Statistic
from probekit.statistics.moments import Moments, MomentsState

SHORT = 16
"""How many examples a block has at least: many parts of few examples each have short ones."""

Found = TypeVar("Found")


class MomentsOfParts(Statistic[MomentsState]):
    """A `MomentsState` whose arrays have a leading axis, the part; abstract.

    A final class says which part an example falls into.
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

    @abc.abstractmethod
    def part_of(self, index: jax.Array) -> jax.Array:
        """Return the part of each example, from 0, by its number."""

    def update(
        self,
        state: MomentsState,
        x: jax.Array,
        y: jax.Array,
        *,
        weight: jax.Array,
        index: jax.Array,
    ) -> MomentsState:
        """Return the state that has also seen this batch; the order of examples is irrelevant."""
        moments = self.moments
        weight = present_rows(accumulator_dtype(x, y), weight)[0]
        blocks = _blocks(self.part_of(index), self.parts)
        of_each = jnp.where(blocks.present, weight[blocks.rows], 0).sum(axis=1)
        count = jnp.zeros(self.parts, weight.dtype).at[blocks.part].add(of_each)

        def added_up(of_part: Callable[..., Found], *of_parts: Any) -> Found:
            def of_block(block: _Block) -> Found:
                own = jax.tree.map(lambda each: each[block.part], of_parts)
                present = jnp.where(block.present, weight[block.rows], 0)
                return of_part(*own, x[block.rows], y[block.rows], present)

            return _sum_of_each(of_block, blocks, self.parts)

        means = added_up(moments.means, count)
        batch = jax.vmap(moments.joint)(count, means, added_up(moments.sums, means))
        return self.merge(state, batch)

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


class _Block(NamedTuple):
    """Some examples of one part; of several blocks each array has a leading axis.

    Attributes
    ----------
    part : array ()
    rows : array (row,)
    present : array (row,), bool
        Whether there is such an example: the last block of a part is filled up.
    """

    part: jax.Array
    rows: jax.Array
    present: jax.Array


def _blocks(part: jax.Array, parts: int) -> _Block:
    """Divide examples, part by part, so that each is looked at once and not in every part."""
    examples = len(part)
    size = max(SHORT, min(BLOCK, examples // parts))
    order = jnp.argsort(part)
    count = jnp.zeros(parts, jnp.int32).at[part].add(1)
    blocks = -(-count // size)
    end, last = jnp.cumsum(count), jnp.cumsum(blocks)
    place = jnp.arange(examples // size + parts)  # as many as there can be
    own = jnp.minimum(jnp.searchsorted(last, place, side="right"), parts - 1)
    first = (end - count)[own] + (place - (last - blocks)[own]) * size
    rows = first[:, None] + jnp.arange(size)[None, :]
    present = rows < end[own][:, None]
    return _Block(own, order[jnp.minimum(rows, examples - 1)], present)


def _sum_of_each(of_block: Callable[[_Block], Found], blocks: _Block, parts: int) -> Found:
    """Return for each part the sum of what is made of its blocks."""
    form = jax.eval_shape(of_block, jax.tree.map(lambda array: array[0], blocks))
    none = jax.tree.map(lambda each: jnp.zeros((parts, *each.shape), each.dtype), form)

    def add(kept: Found, block: _Block) -> tuple[Found, None]:
        return jax.tree.map(partial(_added_at, block.part), kept, of_block(block)), None

    total: Found = jax.lax.scan(add, none, blocks)[0]
    return total


def _added_at(place: jax.Array, kept: jax.Array, found: jax.Array) -> jax.Array:
    """Add to what is kept at this place of the first axis."""
    own = jax.lax.dynamic_index_in_dim(kept, place, keepdims=False)
    added: jax.Array = jax.lax.dynamic_update_index_in_dim(kept, own + found, place, 0)
    return added
