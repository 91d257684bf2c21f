"""Moments of each condition, where the number of an example says which one it is."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_count
from probekit.errors import OptionError
from probekit.statistics._parts import MomentsOfParts
from probekit.statistics.moments import Moments


@dataclasses.dataclass(frozen=True, kw_only=True)
class ConditionMoments(MomentsOfParts):
    """Moments of the presentations of each of a number of conditions.

    The condition of an example is ``number // in_a_row % conditions``: inputs that are presented
    again and again, all of them in turn (``np.tile``) or each a number of times in a row
    (``np.repeat``); or what stands at that place of a tuple, for any other order. It depends on
    nothing but the example's number, so that `y` is free to be another representation. A state is a
    `MomentsState` whose arrays have a leading axis ``condition``.

    Parameters
    ----------
    conditions : int or tuple of int
        How many conditions there are; or the condition of each example in the order of their
        numbers, begun anew after the last: any whole numbers, in the order of which states hold
        them.
    in_a_row : int
        How many presentations of a condition follow each other.

    Notes
    -----
    Keeps ``(d + d_y)²`` numbers a condition, and costs little more time than `Moments` where there
    are many presentations of each.

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
    >>> state_of(ConditionMoments(conditions=(7, 3, 7, 7)), x).x_mean[0].tolist()  # of 3
    [10.0]
    """

    conditions: int | tuple[int, ...]
    in_a_row: int = 1

    def __post_init__(self) -> None:
        """Check the options."""
        check_conditions(self.conditions)
        check_count("in_a_row", self.in_a_row, 1)

    @property
    def moments(self) -> Moments:
        """The statistic of one condition."""
        return Moments()

    @property
    def parts(self) -> int:
        """How many conditions there are."""
        return len(set(_cycle(self.conditions)))

    def part_of(self, index: jax.Array) -> jax.Array:
        """Return the place of each example's condition."""
        codes = np.unique(_cycle(self.conditions), return_inverse=True)[1].astype(np.int32)
        return jnp.asarray(codes)[index // self.in_a_row % len(codes)]


def check_conditions(conditions: int | tuple[int, ...]) -> None:
    """Raise `OptionError` unless it is a number from 1, or a tuple of whole numbers."""
    if not isinstance(conditions, tuple):
        check_count("conditions", conditions, 1)
    elif not conditions or not all(isinstance(label, int | np.integer) for label in conditions):
        raise OptionError(
            f"conditions={conditions!r:.60}: a whole number for each example is needed, such as "
            "tuple(labels.tolist())."
        )


def _cycle(conditions: int | tuple[int, ...]) -> tuple[int, ...]:
    """Return the condition of each example, until they begin anew."""
    return conditions if isinstance(conditions, tuple) else tuple(range(conditions))
