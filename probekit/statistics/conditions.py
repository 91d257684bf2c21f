"""Moments of each condition, where the number of an example says which one it is."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_at_least
from probekit.statistics._parts import MomentsOfParts
from probekit.statistics.moments import Moments, MomentsState


@dataclasses.dataclass(frozen=True, kw_only=True)
class ConditionMoments(MomentsOfParts):
    """Moments of the presentations of each of a number of conditions.

    The condition of an example is ``number // in_a_row % conditions``: inputs that are presented
    again and again, all of them in turn (``np.tile``) or each a number of times in a row
    (``np.repeat``). It depends on nothing but the example's number, so that `y` is free to be
    another representation. A state is a `MomentsState` whose arrays have a leading axis
    ``condition``.

    Parameters
    ----------
    conditions : int
        How many conditions there are.
    in_a_row : int
        How many presentations of a condition follow each other.

    Notes
    -----
    Keeps ``(d + d_y)²`` numbers a condition, and costs as many times what `Moments` costs as there
    are conditions.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.statistics import ConditionMoments, state_of
    >>> x = np.array([[1.0], [10.0], [3.0], [20.0]])
    >>> state = state_of(ConditionMoments(conditions=2), x)
    >>> state.x_mean.tolist(), state.xx.tolist()
    ([[2.0], [15.0]], [[[2.0]], [[50.0]]])
    >>> state_of(ConditionMoments(conditions=2, in_a_row=2), x).x_mean.tolist()
    [[5.5], [11.5]]
    """

    conditions: int
    in_a_row: int = 1

    def __post_init__(self) -> None:
        """Check the options."""
        check_at_least("conditions", self.conditions, 1)
        check_at_least("in_a_row", self.in_a_row, 1)

    @property
    def moments(self) -> Moments:
        """The statistic of one condition."""
        return Moments()

    @property
    def parts(self) -> int:
        """How many conditions there are."""
        return self.conditions

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
        condition = index // self.in_a_row % self.conditions

        def of_condition(number: jax.Array) -> MomentsState:
            return self.moments.of(x, y, weight=jnp.where(condition == number, weight, 0))

        # One by one: of all at once, each would hold a copy of the batch.
        batch = jax.lax.map(of_condition, np.arange(self.conditions, dtype=condition.dtype))
        return self.merge(state, batch)
