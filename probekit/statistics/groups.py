"""Means of groups of examples and the scatter within them."""

import dataclasses
from typing import Literal, get_args

import jax
import jax.numpy as jnp

from probekit._checks import check_choice, check_count
from probekit._rounding import mean_of_both, reciprocal, sum_and_rest
from probekit._sums import accumulator_dtype, inner, inner_squares, present_rows
from probekit.statistics._protocol import ShapeDtype, Statistic

Within = Literal["full", "diagonal", "each", "none"]
WITHIN: tuple[Within, ...] = get_args(Within)


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class GroupMomentsState:
    """Count and mean of each group, and the second moments about the groups' own means.

    Attributes
    ----------
    count : array (group,)
        Sum of the weights of each group's examples.
    mean, rest : array (group, unit)
        Means, and what rounding took off them: the mean is their sum, to twice the digits.
    within : array (unit, unit) or (unit,) or (group, unit) or None
        ``Σ_i w_i (x_i - x̄_g(i))(x_i - x̄_g(i))ᵀ`` over all groups, or its diagonal, or that of each.
    """

    count: jax.Array
    mean: jax.Array
    rest: jax.Array
    within: jax.Array | None


@dataclasses.dataclass(frozen=True, kw_only=True)
class GroupMoments(Statistic[GroupMomentsState]):
    """Count and mean of each group of examples, and the scatter within the groups.

    The group of an example is the whole number, from 0 to ``groups - 1``, that `y` holds, or the
    place of the one of its columns that is 1; any other value is an error of the caller and makes
    every mean NaN.

    Parameters
    ----------
    groups : int
        How many groups there are.
    within : {"full", "diagonal", "each", "none"}
        Which second moments within the groups are kept: those of all groups together, their
        diagonal, the diagonal of each group, or none.
    edges : tuple of tuple of float
        Where groups begin, in ascending order, but for the first: the group of an example is then
        the number of edges that its value reaches. Those of each feature; see `of_feature`.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.statistics import GroupMoments, state_of
    >>> x, group = np.array([[1.0], [3.0], [7.0]]), np.array([[0], [0], [1]])
    >>> state = state_of(GroupMoments(groups=2), x, group)
    >>> state.count.tolist(), state.mean.tolist(), state.within.tolist()
    ([2.0, 1.0], [[2.0], [7.0]], [2.0])
    """

    groups: int
    within: Within = "diagonal"
    edges: tuple[tuple[float, ...], ...] = ()

    def __post_init__(self) -> None:
        """Check the options."""
        check_count("groups", self.groups, 1)
        check_choice("within", self.within, WITHIN)

    def of_feature(self, place: int) -> "GroupMoments":
        """Return the statistic with the edges of this feature alone."""
        return dataclasses.replace(self, edges=self.edges[place : place + 1])

    def init(self, x: ShapeDtype, y: ShapeDtype) -> GroupMomentsState:
        """Return the state of no examples."""
        dtype, d = accumulator_dtype(x, y), x.shape[1]
        shape = {"full": (d, d), "each": (self.groups, d)}.get(self.within, (d,))
        return GroupMomentsState(
            count=jnp.zeros(self.groups, dtype),
            mean=jnp.zeros((self.groups, d), dtype),
            rest=jnp.zeros((self.groups, d), dtype),
            within=None if self.within == "none" else jnp.zeros(shape, dtype),
        )

    def update(
        self,
        state: GroupMomentsState,
        x: jax.Array,
        y: jax.Array,
        *,
        weight: jax.Array,
        index: jax.Array | None = None,
    ) -> GroupMomentsState:
        """Return the state that has also seen this batch; the order of examples is irrelevant."""
        del index
        weight, x, y = present_rows(state.mean.dtype, weight, x, y)
        group = group_of(label_of(y), self.edges)
        member = group[:, None] == jnp.arange(self.groups, dtype=x.dtype)[None, :]
        unknown = ((weight > 0) & ~member.any(axis=1)).any()
        share = jnp.where(member, weight[:, None], 0)
        count = share.sum(axis=0)
        share = share * reciprocal(count)[None, :]
        # Columns of a product meet every row, so a NaN would spread over all groups; that is meant.
        mean = inner(share, x)
        mean, rest = sum_and_rest(mean, inner(share, x - _rows_of(member, mean)))
        rows = (x - _rows_of(member, mean)) - _rows_of(member, rest)
        batch = GroupMomentsState(
            count=count,
            mean=jnp.where(unknown, jnp.nan, mean),
            rest=rest,
            within=self._scatter(rows * jnp.sqrt(weight)[:, None], member),
        )
        return self.merge(state, batch)

    def merge(self, a: GroupMomentsState, b: GroupMomentsState) -> GroupMomentsState:
        """Return the state of the examples of both."""
        count = a.count + b.count
        share = b.count / jnp.where(count > 0, count, 1)
        step = (b.mean - a.mean) + (b.rest - a.rest)
        mean, rest = mean_of_both(a.mean, a.rest, b.mean, b.rest, share[:, None])
        within = None
        if a.within is not None and b.within is not None:
            groups = jnp.eye(self.groups, dtype=bool)
            between = self._scatter(step * jnp.sqrt(a.count * share)[:, None], groups)
            within = None if between is None else a.within + b.within + between
        return GroupMomentsState(count, mean, rest, within)

    def _scatter(self, rows: jax.Array, member: jax.Array) -> jax.Array | None:
        """Return second moments of rows that are about the means of the groups they belong to."""
        if self.within == "none":
            return None
        if self.within == "each":
            return inner(member.astype(rows.dtype), jnp.square(rows))
        return inner_squares(rows) if self.within == "full" else jnp.square(rows).sum(axis=0)


def label_of(y: jax.Array) -> jax.Array:
    """Return the label of the class of each example, ``(example,)``.

    It is the value of the one column; of several, of which one is 1 and the others 0, the place of
    that; NaN where there is none.

    Examples
    --------
    >>> label_of(jnp.array([[0, 0, 1.0], [1, 0, 0], [1, 1, 0]])).tolist()
    [2.0, 0.0, nan]
    """
    if y.shape[1] == 1:
        return y[:, 0]
    one = ((y == 1) | (y == 0)).all(axis=1) & ((y == 1).sum(axis=1) == 1)
    return jnp.where(one, jnp.argmax(y, axis=1).astype(y.dtype), jnp.nan)


def group_of(values: jax.Array, edges: tuple[tuple[float, ...], ...]) -> jax.Array:
    """Return the number of the group of each value, NaN if there is none.

    That of the first feature's edges; without edges, values are the numbers themselves.
    """
    if not edges:
        return values
    reached = values[..., None] >= jnp.asarray(edges[0], values.dtype)
    group = reached.sum(axis=-1, dtype=values.dtype)
    return jnp.where(jnp.isfinite(values), group, jnp.nan)


def _rows_of(member: jax.Array, mean: jax.Array) -> jax.Array:
    """Mean of each example's own group."""
    return mean[jnp.argmax(member, axis=1)]
