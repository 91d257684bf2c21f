"""A fixed number of examples of each group, chosen by a hash of their number."""

import dataclasses

import jax
import jax.numpy as jnp

from probekit._checks import check_count
from probekit._sums import accumulator_dtype, present_rows
from probekit.statistics._protocol import ShapeDtype, Statistic
from probekit.statistics.examples import hash_of
from probekit.statistics.groups import group_of, label_of


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class GroupExamplesState:
    """The chosen examples of each group, in the order of their hash; empty places are 0 and last.

    Attributes
    ----------
    index : array (group, place)
        Number of each example, int32; -1 where there is none.
    x : array (group, place, unit)
    finite : array ()
        Whether every example seen, chosen or not, was finite and in one of the groups.
    """

    index: jax.Array
    x: jax.Array
    finite: jax.Array

    @property
    def present(self) -> jax.Array:
        """Which places hold an example, boolean ``(group, place)``."""
        return self.index >= 0


@dataclasses.dataclass(frozen=True, kw_only=True)
class GroupExamples(Statistic[GroupExamplesState]):
    """Of each group the `capacity` examples whose numbers have the smallest hash.

    So that groups are looked at through as many examples each, however often they occur. The group
    of an example is as of `GroupMoments`; any other value is an error of the caller, and noted.

    Parameters
    ----------
    groups : int
        How many groups there are.
    capacity : int
        How many examples of each are kept at most.
    edges : tuple of tuple of float
        Where groups begin, in ascending order, but for the first: the group of an example is then
        the number of edges that its value reaches. Those of each feature; see `of_feature`.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.statistics import GroupExamples, state_of
    >>> x, group = np.arange(6.0)[:, None], np.array([[0], [0], [0], [0], [1], [0]])
    >>> state_of(GroupExamples(groups=2, capacity=2), x, group).index.tolist()
    [[0, 2], [4, -1]]
    """

    groups: int
    capacity: int = 50
    edges: tuple[tuple[float, ...], ...] = ()
    memory = "capacity"

    def __post_init__(self) -> None:
        """Check the options."""
        check_count("groups", self.groups, 1)
        check_count("capacity", self.capacity, 1)

    def of_feature(self, place: int) -> "GroupExamples":
        """Return the statistic with the edges of this feature alone."""
        return dataclasses.replace(self, edges=self.edges[place : place + 1])

    def init(self, x: ShapeDtype, y: ShapeDtype) -> GroupExamplesState:
        """Return the state of no examples."""
        places = (self.groups, self.capacity)
        return GroupExamplesState(
            index=jnp.full(places, -1, jnp.int32),
            x=jnp.zeros((*places, x.shape[1]), accumulator_dtype(x, y)),
            finite=jnp.ones((), bool),
        )

    def update(
        self,
        state: GroupExamplesState,
        x: jax.Array,
        y: jax.Array,
        *,
        weight: jax.Array,
        index: jax.Array,
    ) -> GroupExamplesState:
        """Return the state that has also seen this batch; the order of examples is irrelevant."""
        weight, x, y = present_rows(state.x.dtype, weight, x, y)
        group = group_of(label_of(y), self.edges)
        member = group[:, None] == jnp.arange(self.groups, dtype=group.dtype)[None, :]
        known = member.any(axis=1) & jnp.isfinite(x).all(axis=1)
        present = weight > 0
        return self._chosen(
            jnp.concatenate([state.index.reshape(-1), index.astype(jnp.int32)]),
            jnp.concatenate([self._groups(state), jnp.argmax(member, axis=1).astype(jnp.int32)]),
            jnp.concatenate([state.present.reshape(-1), present & member.any(axis=1)]),
            jnp.concatenate([state.x.reshape(-1, x.shape[1]), x]),
            state.finite & (known | ~present).all(),
        )

    def merge(self, a: GroupExamplesState, b: GroupExamplesState) -> GroupExamplesState:
        """Return the state of the examples of both."""
        units = a.x.shape[2]
        return self._chosen(
            jnp.concatenate([a.index.reshape(-1), b.index.reshape(-1)]),
            jnp.concatenate([self._groups(a), self._groups(b)]),
            jnp.concatenate([a.present.reshape(-1), b.present.reshape(-1)]),
            jnp.concatenate([a.x.reshape(-1, units), b.x.reshape(-1, units)]),
            a.finite & b.finite,
        )

    def _groups(self, state: GroupExamplesState) -> jax.Array:
        """Return the group of each place, as the places of all groups follow each other."""
        group = jax.lax.broadcasted_iota(jnp.int32, state.index.shape, 0)
        return group.reshape(-1)

    def _chosen(
        self,
        index: jax.Array,
        group: jax.Array,
        present: jax.Array,
        x: jax.Array,
        finite: jax.Array,
    ) -> GroupExamplesState:
        group = jnp.where(present, group, self.groups)  # the absent are behind all groups
        rows = jnp.arange(len(index), dtype=jnp.int32)
        group, _, order = jax.lax.sort((group, hash_of(index), rows), num_keys=2, is_stable=True)
        first = jnp.searchsorted(group, jnp.arange(self.groups, dtype=jnp.int32)).astype(jnp.int32)
        after = jnp.concatenate([first[1:], present.sum(dtype=jnp.int32)[None]])
        place = first[:, None] + jnp.arange(self.capacity, dtype=jnp.int32)[None, :]
        there = place < after[:, None]
        row = order[jnp.minimum(place, len(index) - 1)]
        return GroupExamplesState(
            index=jnp.where(there, index[row], -1),
            x=jnp.where(there[:, :, None], x[row], 0),
            finite=finite,
        )
