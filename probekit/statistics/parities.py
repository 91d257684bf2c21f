"""Moments of a representation with the parities of bits."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np

from probekit._shapes import struct
from probekit.errors import OptionError
from probekit.statistics._protocol import ShapeDtype, Statistic
from probekit.statistics.moments import Moments, MomentsState

MOST_BITS = 12


@dataclasses.dataclass(frozen=True, kw_only=True)
class ParityMoments(Statistic[MomentsState]):
    """Moments of the units with all parities of the bits that the features are.

    A bit is set where a feature is above 0. Column s - 1 of the state's `y` is the parity of the
    bits that are set in s: 1 where an even number of them is set, -1 where an odd one is. Variances
    of units and parities are kept, and the covariances between them.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.statistics import ParityMoments, state_of
    >>> bits = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    >>> state = state_of(ParityMoments(), bits[:, :1] ^ bits[:, 1:], bits)
    >>> state.xy.tolist()
    [[0.0, 0.0, -2.0]]
    """

    @property
    def moments(self) -> Moments:
        """The statistic of units and parities."""
        return Moments(xx="diagonal", yy="diagonal")

    def init(self, x: ShapeDtype, y: ShapeDtype) -> MomentsState:
        """Return the state of no examples."""
        if y.shape[1] > MOST_BITS:
            raise OptionError(f"bits: {y.shape[1]}; at most {MOST_BITS} have few enough parities.")
        shape = (y.shape[0], 2 ** y.shape[1] - 1)
        return self.moments.init(x, struct(shape, _dtype(y.dtype)))

    def update(
        self,
        state: MomentsState,
        x: jax.Array,
        y: jax.Array,
        *,
        weight: jax.Array,
        index: jax.Array | None = None,
    ) -> MomentsState:
        """Return the state that has also seen this batch; the order of examples is irrelevant."""
        signs = signs_of(y.astype(_dtype(y.dtype)))
        return self.moments.update(state, x, signs, weight=weight, index=index)

    def merge(self, a: MomentsState, b: MomentsState) -> MomentsState:
        """Return the state of the examples of both."""
        return self.moments.merge(a, b)


def _dtype(dtype: np.dtype) -> np.dtype:
    return dtype if jnp.issubdtype(dtype, jnp.inexact) else np.dtype(np.float32)


def signs_of(bits: jax.Array) -> jax.Array:
    """Parity of each set of bits, ``(example, set)``: 1 or -1; NaN where a bit of it is no number.

    The column of the bits that are set in s has the number s - 1.
    """
    signs = jnp.where(jnp.isfinite(bits), jnp.where(bits > 0, -1, 1), jnp.nan).astype(bits.dtype)
    found = jnp.ones((bits.shape[0], 1), bits.dtype)
    for place in range(bits.shape[1]):
        found = jnp.concatenate([found, found * signs[:, place : place + 1]], axis=1)
    return found[:, 1:]
