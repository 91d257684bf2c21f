"""Every example, in its own place."""

import dataclasses

import jax
import jax.numpy as jnp

from probekit._checks import check_count
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
        check_count("examples", self.examples, 1)

    def init(self, x: ShapeDtype, y: ShapeDtype) -> ExamplesState:
        """Return the state of no examples."""
        return ExamplesState.none(self.examples, x, y)

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
        # An absent example is sent beyond the end, where it is dropped.
        place = jnp.where(batch.index >= 0, batch.index, self.examples)

        def put(name: str) -> jax.Array:
            kept: jax.Array = getattr(state, name)
            return kept.at[place].set(getattr(batch, name), mode="drop")

        return ExamplesState(
            **{name: put(name) for name in _OF_EXAMPLES}, **state.noted_with(batch)
        )

    def of(
        self, x: jax.Array, y: jax.Array, *, weight: jax.Array, index: jax.Array
    ) -> ExamplesState:
        """Return the state of one batch alone."""
        start = self.init(shape_of(x), shape_of(y))
        if len(x) != self.examples:
            return self.update(start, x, y, weight=weight, index=index)

        def in_order() -> ExamplesState:
            return ExamplesState.batch(start.weight.dtype, x, y, weight=weight, index=index)

        # In order is the rule, and then none has to be moved.
        is_in_order = (index == jnp.arange(self.examples)).all()
        state: ExamplesState = jax.lax.cond(
            is_in_order, in_order, lambda: self.update(start, x, y, weight=weight, index=index)
        )
        return state

    def merge(self, a: ExamplesState, b: ExamplesState) -> ExamplesState:
        """Return the state of the examples of both."""
        mine = a.weight > 0

        def joined(name: str) -> jax.Array:
            kept: jax.Array = getattr(a, name)
            return jnp.where(mine if kept.ndim == 1 else mine[:, None], kept, getattr(b, name))

        return ExamplesState(**{name: joined(name) for name in _OF_EXAMPLES}, **a.noted_with(b))


_OF_EXAMPLES = ("index", "weight", "x", "y")
