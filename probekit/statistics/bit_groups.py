"""Means of the examples of each combination of bits."""

import dataclasses

import jax
import jax.numpy as jnp

from probekit._shapes import struct
from probekit._sums import accumulator_dtype
from probekit.statistics._protocol import ShapeDtype, Statistic
from probekit.statistics.groups import GroupMoments, GroupMomentsState


@dataclasses.dataclass(frozen=True, kw_only=True)
class BitGroups(Statistic[GroupMomentsState]):
    """Count and mean of the examples of each combination of the bits that the features are.

    A bit is set where a feature is above 0. Group s of the state holds the examples of which just
    the bits are set that are set in s; what other groups hold does not touch its mean, however
    large it is. The scatter within each group is kept too.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.statistics import BitGroups, state_of
    >>> bits = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    >>> state_of(BitGroups(), np.array([[5.0], [6.0], [7.0], [8.0]]), bits).mean.tolist()
    [[5.0], [7.0], [6.0], [8.0]]
    """

    def _groups(self, bits: int) -> GroupMoments:
        return GroupMoments(groups=2**bits, within="each")

    def init(self, x: ShapeDtype, y: ShapeDtype) -> GroupMomentsState:
        """Return the state of no examples."""
        number = struct((y.shape[0], 1), accumulator_dtype(x, y))
        return self._groups(y.shape[1]).init(x, number)

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
        bits = y.astype(state.mean.dtype)
        places = 2.0 ** jnp.arange(y.shape[1], dtype=bits.dtype)
        number = jnp.where(jnp.isfinite(bits), jnp.where(bits > 0, places, 0), jnp.nan)
        number = number.sum(axis=1, keepdims=True)
        return self._groups(y.shape[1]).update(state, x, number, weight=weight, index=index)

    def merge(self, a: GroupMomentsState, b: GroupMomentsState) -> GroupMomentsState:
        """Return the state of the examples of both."""
        return self._groups(len(a.count).bit_length() - 1).merge(a, b)
