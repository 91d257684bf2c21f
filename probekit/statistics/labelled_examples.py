"""A choice of examples with the group of each."""

import dataclasses

import jax
import jax.numpy as jnp

from probekit._checks import check_count
from probekit._shapes import struct
from probekit.statistics._protocol import ShapeDtype, Statistic
from probekit.statistics.examples import Examples, ExamplesState
from probekit.statistics.groups import group_of, label_of


@dataclasses.dataclass(frozen=True, kw_only=True)
class LabelledExamples(Statistic[ExamplesState]):
    """The examples of `Examples`, whose `y` is their group alone.

    The group of an example is as of `GroupMoments`; where it is none of them it is NaN.

    Parameters
    ----------
    groups : int
        How many groups there are.
    capacity : int
        How many examples are kept at most.
    edges : tuple of tuple of float
        Where groups begin, as of `GroupMoments`.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.statistics import LabelledExamples, state_of
    >>> statistic = LabelledExamples(groups=2, capacity=4, edges=((3.0,),))
    >>> state = state_of(statistic, np.ones((3, 1)), np.array([[1.0], [5.0], [2.0]]))
    >>> sorted(state.y[:3, 0].tolist())
    [0.0, 0.0, 1.0]
    """

    groups: int
    capacity: int = 256
    edges: tuple[tuple[float, ...], ...] = ()
    memory = "capacity"

    def __post_init__(self) -> None:
        """Check the options."""
        check_count("groups", self.groups, 1)
        check_count("capacity", self.capacity, 1)

    def of_feature(self, place: int) -> "LabelledExamples":
        """Return the statistic with the edges of this feature alone."""
        return dataclasses.replace(self, edges=self.edges[place : place + 1])

    @property
    def examples(self) -> Examples:
        """The statistic of the examples."""
        return Examples(capacity=self.capacity)

    def init(self, x: ShapeDtype, y: ShapeDtype) -> ExamplesState:
        """Return the state of no examples."""
        group = struct((y.shape[0], 1), y.dtype)
        return self.examples.init(x, group)

    def update(
        self,
        state: ExamplesState,
        x: jax.Array,
        y: jax.Array,
        *,
        weight: jax.Array,
        index: jax.Array,
    ) -> ExamplesState:
        """Return the state that has also seen this batch; the order of examples is irrelevant."""
        group = group_of(label_of(y.astype(state.y.dtype))[:, None], self.edges)
        known = (group == jnp.round(group)) & (group >= 0) & (group < self.groups)
        group = jnp.where(known, group, jnp.nan)
        return self.examples.update(state, x, group, weight=weight, index=index)

    def merge(self, a: ExamplesState, b: ExamplesState) -> ExamplesState:
        """Return the state of the examples of both."""
        return self.examples.merge(a, b)
