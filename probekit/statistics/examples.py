"""A fixed number of examples, chosen by a hash of their number."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp

from probekit._checks import check_count
from probekit._sums import accumulator_dtype, present_rows
from probekit.statistics._protocol import ShapeDtype, Statistic


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class ExamplesState:
    """The chosen examples, in the order of their hash; empty places last, with weight 0.

    Attributes
    ----------
    index : array (capacity,)
        Number of each example, int32; -1 where there is none.
    weight : array (capacity,)
    x : array (capacity, unit)
    y : array (capacity, k)
    count : array ()
        Sum of the weights of all examples seen, chosen or not.
    x_finite : array (unit,)
    y_finite : array (k,)
        Whether a column was finite in all examples seen, chosen or not.
    """

    index: jax.Array
    weight: jax.Array
    x: jax.Array
    y: jax.Array
    count: jax.Array
    x_finite: jax.Array
    y_finite: jax.Array

    @classmethod
    def none(cls, places: int, x: ShapeDtype, y: ShapeDtype) -> "ExamplesState":
        """Return places without an example.

        Parameters
        ----------
        places : int
        x : ShapeDtype (example, unit)
        y : ShapeDtype (example, k)
            Of which come units, columns and the dtype: float32 at least.
        """
        dtype, d, k = accumulator_dtype(x, y), x.shape[1], y.shape[1]
        return cls(
            index=jnp.full(places, -1, jnp.int32),
            weight=jnp.zeros(places, dtype),
            x=jnp.zeros((places, d), dtype),
            y=jnp.zeros((places, k), dtype),
            count=jnp.zeros((), dtype),
            x_finite=jnp.ones(d, bool),
            y_finite=jnp.ones(k, bool),
        )

    @classmethod
    def batch(
        cls, dtype: Any, x: jax.Array, y: jax.Array, *, weight: jax.Array, index: jax.Array
    ) -> "ExamplesState":
        """Return the examples of a batch, in its own order.

        Parameters
        ----------
        dtype : dtype
            Of what is kept.
        x : array (example, unit)
        y : array (example, k)
        weight : array (example,)
        index : array (example,)
            As of `Statistic.update`; places of absent examples get number -1, and zeros for `x`
            and `y`.
        """
        weight, x, y = present_rows(dtype, weight, x, y)
        return cls(
            index=jnp.where(weight > 0, index.astype(jnp.int32), -1),
            weight=weight,
            x=x,
            y=y,
            count=weight.sum(),
            x_finite=jnp.isfinite(x).all(axis=0),
            y_finite=jnp.isfinite(y).all(axis=0),
        )

    def noted_with(self, other: "ExamplesState") -> dict[str, jax.Array]:
        """Return what has been noted of all examples that this state or the other has seen.

        Parameters
        ----------
        other : ExamplesState
            Of the same units and columns, and any capacity.

        Returns
        -------
        dict
            The fields ``count``, ``x_finite`` and ``y_finite`` of a state of both.
        """
        return {
            "count": self.count + other.count,
            "x_finite": self.x_finite & other.x_finite,
            "y_finite": self.y_finite & other.y_finite,
        }

    @property
    def present(self) -> jax.Array:
        """Which places hold an example, boolean ``(capacity,)``."""
        return self.weight > 0

    def finite(self) -> jax.Array:
        """Whether every example seen was finite; a boolean scalar."""
        return self.x_finite.all() & self.y_finite.all()

    def head(self, examples: int) -> "ExamplesState":
        """Return the state that a smaller capacity would have kept.

        Parameters
        ----------
        examples : int
            The smaller capacity; a larger one than this state has changes nothing.
        """
        first = slice(0, examples)
        return dataclasses.replace(
            self,
            index=self.index[first],
            weight=self.weight[first],
            x=self.x[first],
            y=self.y[first],
        )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Examples(Statistic[ExamplesState]):
    """The `capacity` examples whose numbers have the smallest hash.

    These are a random choice that depends on nothing but the examples' numbers: the same in every
    layer and epoch, in any batches and any order, and states merge exactly. For what needs pairs
    or ranks of examples, or a probe that is trained on them.

    Parameters
    ----------
    capacity : int
        How many examples are kept at most.

    Notes
    -----
    The number of an example should be its own: of two with equal numbers it is undefined which is
    kept if only one fits.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.statistics import Examples, state_of
    >>> x, index = np.arange(100.0)[:, None], np.arange(100)
    >>> forwards = state_of(Examples(capacity=4), x)
    >>> backwards = state_of(Examples(capacity=4), x[::-1], index=index[::-1])
    >>> forwards.x.tolist() == backwards.x.tolist()
    True
    """

    capacity: int = 256
    memory = "capacity"

    def __post_init__(self) -> None:
        """Check the options."""
        check_count("capacity", self.capacity, 1)

    def init(self, x: ShapeDtype, y: ShapeDtype) -> ExamplesState:
        """Return the state of no examples."""
        return ExamplesState.none(self.capacity, x, y)

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
        batch = ExamplesState.batch(state.weight.dtype, x, y, weight=weight, index=index)
        return self.merge(state, batch)

    def merge(self, a: ExamplesState, b: ExamplesState) -> ExamplesState:
        """Return the state of the examples of both."""
        index = jnp.concatenate([a.index, b.index])
        weight = jnp.concatenate([a.weight, b.weight])
        places = jnp.arange(index.shape[0], dtype=jnp.int32)
        absent = (weight == 0).astype(jnp.int32)
        _, _, order = jax.lax.sort((absent, hash_of(index), places), num_keys=2, is_stable=True)
        chosen = order[: self.capacity]
        return ExamplesState(
            index=index[chosen],
            weight=weight[chosen],
            x=jnp.concatenate([a.x, b.x])[chosen],
            y=jnp.concatenate([a.y, b.y])[chosen],
            **a.noted_with(b),
        )

    def select(
        self,
        state: ExamplesState,
        *,
        x: jax.Array | slice | None = None,
        y: jax.Array | slice | None = None,
    ) -> ExamplesState:
        """Return the state of these columns of `x` and `y` alone."""
        if x is not None:
            state = dataclasses.replace(state, x=state.x[:, x], x_finite=state.x_finite[x])
        if y is not None:
            state = dataclasses.replace(state, y=state.y[:, y], y_finite=state.y_finite[y])
        return state

    def union(self, other: Statistic[Any]) -> "Examples | None":
        """Return the statistic that serves both; the smaller is the head of the larger."""
        if not isinstance(other, Examples):
            return None
        return Examples(capacity=max(self.capacity, other.capacity))


def hash_of(index: jax.Array) -> jax.Array:
    """Mix the bits of int32 numbers into uint32 (the final step of MurmurHash3): a bijection."""
    bits = index.astype(jnp.uint32)
    bits = (bits ^ (bits >> 16)) * jnp.uint32(0x85EBCA6B)
    bits = (bits ^ (bits >> 13)) * jnp.uint32(0xC2B2AE35)
    mixed: jax.Array = bits ^ (bits >> 16)
    return mixed
