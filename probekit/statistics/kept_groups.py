"""Moments of groups in folds, and a choice of their examples."""

import dataclasses

import jax

from probekit._checks import check_count
from probekit._shapes import struct
from probekit.statistics._protocol import ShapeDtype, Statistic
from probekit.statistics.examples import Examples, ExamplesState
from probekit.statistics.folds import FoldGroups
from probekit.statistics.groups import label_of
from probekit.statistics.moments import MomentsState


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class KeptGroupsState:
    """The moments of `FoldGroups`, and the chosen examples, whose `y` is their group."""

    moments: MomentsState
    examples: ExamplesState


@dataclasses.dataclass(frozen=True, kw_only=True)
class KeptGroups(Statistic[KeptGroupsState]):
    """What `FoldGroups` remembers of all examples, and some of the examples themselves.

    For what needs powers about the means of groups, which are not known before all are seen.

    Parameters
    ----------
    moments : FoldGroups
        The groups and their folds.
    capacity : int
        How many examples are kept at most; those of `Examples`.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.statistics import FoldGroups, KeptGroups, state_of
    >>> statistic = KeptGroups(moments=FoldGroups(groups=2, folds=1, edges=((3.0,),)), capacity=4)
    >>> state = state_of(statistic, np.ones((3, 1)), np.array([[1.0], [5.0], [2.0]]))
    >>> sorted(state.examples.y[:3, 0].tolist())
    [0.0, 0.0, 1.0]
    """

    moments: FoldGroups
    capacity: int = 1024
    memory = "capacity"

    def __post_init__(self) -> None:
        """Check the options."""
        check_count("capacity", self.capacity, 1)

    @property
    def examples(self) -> Examples:
        """The statistic of the examples."""
        return Examples(capacity=self.capacity)

    def of_feature(self, place: int) -> "KeptGroups":
        """Return the statistic with the edges of this feature alone."""
        return dataclasses.replace(self, moments=self.moments.of_feature(place))

    def init(self, x: ShapeDtype, y: ShapeDtype) -> KeptGroupsState:
        """Return the state of no examples."""
        group = struct((y.shape[0], 1), y.dtype)
        return KeptGroupsState(self.moments.init(x, y), self.examples.init(x, group))

    def update(
        self,
        state: KeptGroupsState,
        x: jax.Array,
        y: jax.Array,
        *,
        weight: jax.Array,
        index: jax.Array,
    ) -> KeptGroupsState:
        """Return the state that has also seen this batch; the order of examples is irrelevant."""
        group = self.moments.group_of(label_of(y.astype(state.examples.y.dtype))[:, None])
        return KeptGroupsState(
            self.moments.update(state.moments, x, y, weight=weight, index=index),
            self.examples.update(state.examples, x, group, weight=weight, index=index),
        )

    def merge(self, a: KeptGroupsState, b: KeptGroupsState) -> KeptGroupsState:
        """Return the state of the examples of both."""
        return KeptGroupsState(
            self.moments.merge(a.moments, b.moments), self.examples.merge(a.examples, b.examples)
        )
