"""Moments of folds, and of groups in folds: cross-validation without a second pass."""

import dataclasses
from numbers import Integral
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_choice, check_count
from probekit._shapes import struct
from probekit._sums import accumulator_dtype
from probekit.errors import OptionError
from probekit.statistics._parts import MomentsOfParts
from probekit.statistics._protocol import ShapeDtype, Statistic
from probekit.statistics.examples import hash_of
from probekit.statistics.groups import group_of, label_of
from probekit.statistics.moments import BLOCKS, Block, Moments, MomentsState

Folds = int | tuple[int, ...]
"""How many folds there are, or that of each example in the order of their numbers."""


def check_folds(folds: Any) -> None:
    """Raise `OptionError` unless there are at least 2 folds, each named by a whole number."""
    if not isinstance(folds, tuple):
        return check_count("folds", folds, 2)
    if not all(isinstance(fold, Integral) for fold in folds):
        raise OptionError(
            f"folds={folds!r:.60}: whole numbers are needed, such as "
            "CrossValidation(groups=…).assigned(examples)."
        )
    if len(set(folds)) < 2:
        raise OptionError(f"folds={folds!r:.60}: {len(set(folds))} in all; give at least 2.")
    return None


def fold_count(folds: Folds) -> int:
    """Return how many folds there are."""
    return len(set(folds)) if isinstance(folds, tuple) else folds


def fold_of(index: jax.Array, folds: Folds) -> jax.Array:
    """Return the number of the fold of each example, from 0: by a hash, unless they are named."""
    if not isinstance(folds, tuple):
        return hash_of(index) % folds
    codes = np.unique(folds, return_inverse=True)[1].astype(np.uint32)
    return jnp.asarray(codes)[index % len(codes)]


@dataclasses.dataclass(frozen=True, kw_only=True)
class FoldMoments(MomentsOfParts):
    """Moments of each of a number of folds, into which examples fall by a hash of their number.

    The fold of an example depends on nothing but its number, so the folds are the same in every
    layer and epoch and in any batches. A state is a `MomentsState` whose arrays have a leading axis
    ``fold``; `whole` and `others` merge folds again.

    Parameters
    ----------
    folds : int or tuple of int
        How many folds, at least 2; their sizes are equal only on average. Or the fold of each
        example in the order of their numbers, begun anew after the last: any whole numbers, in the
        order of which states hold them.
    xx, xy, yy
        As of `probekit.statistics.Moments`.

    Notes
    -----
    Keeps `folds` times what `Moments` keeps, and costs little more time.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.statistics import FoldMoments, state_of
    >>> state = state_of(FoldMoments(folds=3), np.arange(9.0)[:, None])
    >>> state.count.tolist(), state.x_mean.shape
    ([1.0, 6.0, 2.0], (3, 1))
    """

    folds: Folds = 5
    xx: Block = "full"
    xy: bool = True
    yy: Block = "full"

    def __post_init__(self) -> None:
        """Check the options."""
        check_folds(self.folds)
        check_choice("xx", self.xx, BLOCKS)
        check_choice("yy", self.yy, BLOCKS)

    @property
    def moments(self) -> Moments:
        """The statistic of one fold."""
        return Moments(xx=self.xx, xy=self.xy, yy=self.yy)

    @property
    def parts(self) -> int:
        """How many folds there are."""
        return fold_count(self.folds)

    def part_of(self, index: jax.Array) -> jax.Array:
        """Return the fold of each example."""
        return fold_of(index, self.folds)

    @property
    def by_unit(self) -> bool:
        """Whether each unit is remembered by itself, whatever units stand beside it."""
        return self.moments.by_unit

    def union(self, other: Statistic[Any]) -> "FoldMoments | None":
        """Return the statistic that serves both, if they have the same folds."""
        if not isinstance(other, FoldMoments) or other.folds != self.folds:
            return None
        both = self.moments.union(other.moments)
        assert both is not None
        return FoldMoments(folds=self.folds, xx=both.xx, xy=both.xy, yy=both.yy)


def whole(state: MomentsState) -> MomentsState:
    """Return the moments of all folds together."""
    return _sum_of(state, jnp.ones(state.count.shape[0], bool))


def others(state: MomentsState) -> MomentsState:
    """Return for each fold the moments of all others, with the leading axis ``fold``."""
    merged: MomentsState = jax.vmap(_sum_of, in_axes=(None, 0))(
        state, ~jnp.eye(state.count.shape[0], dtype=bool)
    )
    return merged


def swapped_folds(state: MomentsState) -> MomentsState:
    """Return the moments of folds with `x` and `y` exchanged."""
    swapped: MomentsState = jax.vmap(lambda fold: fold.swapped())(state)
    return swapped


def _sum_of(state: MomentsState, chosen: jax.Array) -> MomentsState:
    """Merge the chosen folds, in their order."""
    statistic = Moments()
    start = jax.tree.map(lambda leaf: jnp.zeros_like(leaf[0]), state)

    def add(merged: MomentsState, part: Any) -> tuple[MomentsState, None]:
        fold, is_chosen = part
        # A state of zeros is the state of no examples.
        fold = jax.tree.map(lambda leaf: jnp.where(is_chosen, leaf, 0), fold)
        return statistic.merge(merged, fold), None

    merged: MomentsState = jax.lax.scan(add, start, (state, chosen))[0]
    return merged


@dataclasses.dataclass(frozen=True, kw_only=True)
class FoldGroups(Statistic[MomentsState]):
    """Moments of the units with the membership in each group of each of a number of folds.

    The group of an example is as of `GroupMoments`; any other value makes every covariance NaN.
    Examples fall into folds by a hash of their number, unless these are named. Column
    ``fold * groups + group`` of the state's `y` is 1 for the group's examples in that fold and 0
    for others: so its mean is their share, and its covariance with the units is how far their mean
    lies from that of all, times their number.

    Parameters
    ----------
    groups : int
        How many groups there are.
    folds : int or tuple of int
        How many folds, or that of each example, as of `FoldMoments`; of a number 1 will do.
    edges : tuple of tuple of float
        Where groups begin, in ascending order, but for the first: the group of an example is then
        the number of edges that its value reaches. Those of each feature; see `of_feature`.
    xx : {"full", "diagonal", "none"}
        Which second moments of the units are kept.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.statistics import FoldGroups, state_of
    >>> x, group = np.array([[1.0], [3.0], [8.0]]), np.array([[0], [0], [1]])
    >>> state_of(FoldGroups(groups=2, folds=1), x, group).xy.tolist()
    [[-4.0, 4.0]]
    """

    groups: int
    folds: Folds = 2
    edges: tuple[tuple[float, ...], ...] = ()
    xx: Block = "full"
    numbered = True

    def __post_init__(self) -> None:
        """Check the options."""
        check_count("groups", self.groups, 1)
        if isinstance(self.folds, tuple):
            check_folds(self.folds)
        else:
            check_count("folds", self.folds, 1)
        check_choice("xx", self.xx, BLOCKS)

    def of_feature(self, place: int) -> "FoldGroups":
        """Return the statistic with the edges of this feature alone."""
        return dataclasses.replace(self, edges=self.edges[place : place + 1])

    @property
    def moments(self) -> Moments:
        """The statistic of units and memberships."""
        return Moments(xx=self.xx, yy="none")

    def init(self, x: ShapeDtype, y: ShapeDtype) -> MomentsState:
        """Return the state of no examples."""
        dtype = accumulator_dtype(x, y)
        columns = self.groups * fold_count(self.folds)
        return self.moments.init(x, struct((y.shape[0], columns), dtype))

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
        dtype = state.x_mean.dtype
        group = self.group_of(label_of(y.astype(dtype))[:, None])
        fold = fold_of(index, self.folds).astype(dtype)
        places = np.arange(fold_count(self.folds) * self.groups)
        member = (group == jnp.asarray(places % self.groups, dtype)[None, :]) & (
            fold[:, None] == jnp.asarray(places // self.groups, dtype)[None, :]
        )
        member = jnp.where(member.any(axis=1, keepdims=True), member.astype(dtype), jnp.nan)
        return self.moments.update(state, x, member, weight=weight)

    def group_of(self, values: jax.Array) -> jax.Array:
        """Return the number of the group of each value, NaN if there is none.

        Parameters
        ----------
        values : array (…)
            Of one feature, that of the first `edges`; without edges they are the groups' numbers.

        Returns
        -------
        array (…)
        """
        return group_of(values, self.edges)

    def merge(self, a: MomentsState, b: MomentsState) -> MomentsState:
        """Return the state of the examples of both."""
        return self.moments.merge(a, b)
