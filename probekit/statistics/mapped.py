"""Moments of groups, of what a function makes of the units of each example."""

import dataclasses
from collections.abc import Callable

import jax

from probekit._shapes import struct
from probekit._sums import accumulator_dtype
from probekit.statistics._protocol import ShapeDtype, Statistic
from probekit.statistics.folds import FoldGroups
from probekit.statistics.moments import MomentsState


@dataclasses.dataclass(frozen=True, kw_only=True)
class MappedGroups(Statistic[MomentsState]):
    """What `FoldGroups` remembers, of columns that are made of the units of each example.

    For means of what is not linear in the activations, such as their logarithms.

    Parameters
    ----------
    moments : FoldGroups
        The groups and their folds.
    columns : callable
        From ``(example, unit)`` to ``(example, column)``, each row by itself; it must be hashable
        and compare by what it does.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> import numpy as np
    >>> from probekit.statistics import FoldGroups, MappedGroups, state_of
    >>> statistic = MappedGroups(moments=FoldGroups(groups=2, folds=1), columns=jnp.square)
    >>> state_of(statistic, np.array([[1.0], [3.0]]), np.array([[0], [1]])).x_mean.tolist()
    [5.0]
    """

    moments: FoldGroups
    columns: Callable[[jax.Array], jax.Array]
    numbered = True

    def of_feature(self, place: int) -> "MappedGroups":
        """Return the statistic with the edges of this feature alone."""
        return dataclasses.replace(self, moments=self.moments.of_feature(place))

    def init(self, x: ShapeDtype, y: ShapeDtype) -> MomentsState:
        """Return the state of no examples."""
        wide = accumulator_dtype(x, y)
        of_one = jax.eval_shape(self.columns, struct((1, x.shape[1]), wide))
        return self.moments.init(struct((x.shape[0], of_one.shape[1]), wide), y)

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
        columns = self.columns(x.astype(state.x_mean.dtype))
        return self.moments.update(state, columns, y, weight=weight, index=index)

    def merge(self, a: MomentsState, b: MomentsState) -> MomentsState:
        """Return the state of the examples of both."""
        return self.moments.merge(a, b)
