"""Every example, in its own place."""

import dataclasses

import jax
import jax.numpy as jnp

from probekit._checks import check_at_least
from probekit.statistics._arrays import accumulator_dtype, present_rows
from probekit.statistics._protocol import ShapeDtype, Statistic, shape_of
from probekit.statistics.examples import ExamplesState


@dataclasses.dataclass(frozen=True, kw_only=True)
class Rows(Statistic[ExamplesState]):
    """All of a known number of examples, each in the place that its number says.

    What a preparation of a whole representation reads, such as a Gram matrix; it costs no sorting,
    as `probekit.statistics.Examples` does, and needs memory for all the examples.

    Parameters
    ----------
    examples : int
        How many there are: numbers run from 0 to ``examples - 1``; others are dropped.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.statistics import Rows, state_of
    >>> x, index = np.array([[1.0], [2.0], [3.0]]), np.array([2, 0, 1])
    >>> state_of(Rows(examples=3), x, index=index).x.tolist()
    [[2.0], [3.0], [1.0]]
    """

    examples: int
    memory = "examples"

    def __post_init__(self) -> None:
        """Check the options."""
        check_at_least("examples", self.examples, 1)

    def init(self, x: ShapeDtype, y: ShapeDtype) -> ExamplesState:
        """Return the state of no examples."""
        dtype, d, k = accumulator_dtype(x, y), x.shape[1], y.shape[1]
        return ExamplesState(
            index=jnp.full(self.examples, -1, jnp.int32),
            weight=jnp.zeros(self.examples, dtype),
            x=jnp.zeros((self.examples, d), dtype),
            y=jnp.zeros((self.examples, k), dtype),
            count=jnp.zeros((), dtype),
            x_finite=jnp.ones(d, bool),
            y_finite=jnp.ones(k, bool),
        )

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
        weight, x, y = present_rows(state.weight.dtype, weight, x, y)
        index = index.astype(jnp.int32)
        # An absent example is sent beyond the end, where it is dropped.
        place = jnp.where((weight > 0) & (index >= 0), index, self.examples)

        def put(kept: jax.Array, rows: jax.Array) -> jax.Array:
            return kept.at[place].set(rows, mode="drop")

        seen = _counted(state, index, weight, x, y)
        kept = {name: put(getattr(state, name), getattr(seen, name)) for name in _OF_EXAMPLES}
        return dataclasses.replace(seen, **kept)

    def of(
        self, x: jax.Array, y: jax.Array, *, weight: jax.Array, index: jax.Array
    ) -> ExamplesState:
        """Return the state of one batch alone."""
        start = self.init(shape_of(x), shape_of(y))
        if len(x) != self.examples:
            return self.update(start, x, y, weight=weight, index=index)

        def in_order() -> ExamplesState:
            rows = present_rows(start.weight.dtype, weight, x, y)
            return _counted(start, index.astype(jnp.int32), *rows)

        # All of them in order is the rule, and then none has to be moved.
        every = (index == jnp.arange(self.examples)).all() & (weight > 0).all()
        state: ExamplesState = jax.lax.cond(
            every, in_order, lambda: self.update(start, x, y, weight=weight, index=index)
        )
        return state

    def merge(self, a: ExamplesState, b: ExamplesState) -> ExamplesState:
        """Return the state of the examples of both."""
        mine = a.weight > 0

        def joined(kept: jax.Array, other: jax.Array) -> jax.Array:
            return jnp.where(mine if kept.ndim == 1 else mine[:, None], kept, other)

        return ExamplesState(
            index=joined(a.index, b.index),
            weight=joined(a.weight, b.weight),
            x=joined(a.x, b.x),
            y=joined(a.y, b.y),
            count=a.count + b.count,
            x_finite=a.x_finite & b.x_finite,
            y_finite=a.y_finite & b.y_finite,
        )


_OF_EXAMPLES = ("index", "weight", "x", "y")


def _counted(
    state: ExamplesState, index: jax.Array, weight: jax.Array, x: jax.Array, y: jax.Array
) -> ExamplesState:
    """Return these examples, and what has been noted of all that were seen."""
    return ExamplesState(
        index=index,
        weight=weight,
        x=x,
        y=y,
        count=state.count + weight.sum(),
        x_finite=state.x_finite & jnp.isfinite(x).all(axis=0),
        y_finite=state.y_finite & jnp.isfinite(y).all(axis=0),
    )
