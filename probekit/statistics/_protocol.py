"""The contract of a statistic: a commutative monoid over examples."""

from typing import Any, Protocol, TypeVar

import jax

State = TypeVar("State")
ShapeDtype = jax.ShapeDtypeStruct


class Statistic(Protocol[State]):
    """What must be remembered of a representation `x` and features `y` to compute scores later.

    Implementations are frozen, hashable dataclasses with keyword-only options; states are pytrees of
    arrays of fixed shape, so that all four functions work under ``jit``, ``scan`` and ``vmap``.

    The laws, which `probekit.testing` checks: `merge` is associative and commutative with `init` as
    identity; updating with two batches equals updating with both at once; an example of weight 0 is
    absent, whatever its values.

    Attributes
    ----------
    mergeable : bool
        Whether `merge` exists. What cannot merge is refused early where it would have to.
    memory : str
        ``"fixed"``, ``"capacity"`` (grows up to an option) or ``"examples"`` (grows with the data).
    """

    mergeable: bool = True
    memory: str = "fixed"

    def init(self, x: ShapeDtype, y: ShapeDtype) -> State:
        """Return the identity for representations ``(example, unit)`` and features ``(example, k)``."""
        ...

    def update(
        self, state: State, x: jax.Array, y: jax.Array, *, weight: jax.Array, index: jax.Array
    ) -> State:
        """Return the state that has also seen this batch.

        `weight` is ``(example,)`` float32, 0 for an absent example; `index` is ``(example,)`` int32, the
        number of each example in the whole data set.
        """
        ...

    def merge(self, a: State, b: State) -> State:
        """Return the state that has seen what `a` and `b` have seen."""
        ...


class Selectable(Protocol[State]):
    """A statistic whose state holds each column of `x` and `y` on its own, such as sums.

    The engine then keeps one state over all features (or all layers) and selects from it; a statistic
    without `select` is kept once per feature.
    """

    def select(
        self, state: State, *, x: jax.Array | None = None, y: jax.Array | None = None
    ) -> State:
        """Return the state of these columns of `x` and `y` alone (``None``: all); any integer arrays."""
        ...


def shape_of(array: Any) -> ShapeDtype:
    """Shape and dtype of an array, as `Statistic.init` takes them."""
    return ShapeDtype(array.shape, array.dtype)
