"""The contract of a statistic: a commutative monoid over examples."""

from collections.abc import Iterable
from typing import Any, Protocol, TypeVar

import jax
import jax.numpy as jnp

from probekit._shapes import ShapeDtype as ShapeDtype  # statistics take theirs from here
from probekit._shapes import shape_of as shape_of
from probekit._shapes import struct

State = TypeVar("State")


class Statistic(Protocol[State]):
    """What must be remembered of a representation `x` and features `y` to compute scores later.

    Implementations are frozen, hashable dataclasses with keyword-only options; states are pytrees
    of arrays of fixed shape, so that all functions work under ``jit``, ``scan`` and ``vmap``.

    The laws, which `probekit.testing` checks: `merge` is associative and commutative with `init` as
    identity; updating with two batches equals updating with both at once; an example of weight 0 is
    absent, whatever its values.

    Attributes
    ----------
    mergeable : bool
        Whether `merge` exists. What cannot merge is refused early where it would have to.
    memory : str
        ``"fixed"``, ``"capacity"`` (grows up to an option) or ``"examples"`` (grows with the data).
    numbered : bool
        Whether it matters which number an example has, as it does for folds. Where the memory is
        fixed nothing but that tells examples apart.
    """

    mergeable: bool = True
    memory: str = "fixed"
    numbered: bool = False

    def init(self, x: ShapeDtype, y: ShapeDtype) -> State:
        """Return the identity for `x` of shape ``(example, unit)`` and `y` of ``(example, k)``."""
        ...

    def update(
        self, state: State, x: jax.Array, y: jax.Array, *, weight: jax.Array, index: jax.Array
    ) -> State:
        """Return the state that has also seen this batch.

        `weight` is ``(example,)`` float32, 0 for an absent example; `index` is ``(example,)``
        int32, the number of each example in the whole data set.
        """
        ...

    def merge(self, a: State, b: State) -> State:
        """Return the state that has seen what `a` and `b` have seen."""
        ...

    def of(self, x: jax.Array, y: jax.Array, *, weight: jax.Array, index: jax.Array) -> State:
        """Return the state of one batch alone: `update` of `init`, or a shorter way to the same."""
        start = self.init(shape_of(x), shape_of(y))
        return self.update(start, x, y, weight=weight, index=index)

    def union(self, other: "Statistic[Any]") -> "Statistic[Any] | None":
        """Return one statistic whose states serve the readers of both, or ``None``.

        This is how estimators share: one that needs variances reads them from the covariances that
        another asked for. Unless a statistic says otherwise it serves its equals alone.
        """
        return self if self == other else None


class Selectable(Protocol[State]):
    """A statistic whose state holds each column of `x` and `y` on its own, such as sums.

    The engine then keeps one state over all features (or all layers) and selects from it; a
    statistic without `select` is kept once per feature.

    Attributes
    ----------
    by_unit : bool
        Whether each unit is remembered by itself. Layers may then be looked at side by side, as one
        wide representation, which is one program in place of many.
    """

    by_unit: bool = False

    def select(
        self,
        state: State,
        *,
        x: jax.Array | slice | None = None,
        y: jax.Array | slice | None = None,
    ) -> State:
        """Return the state of these columns alone (integer array or slice; ``None``: all)."""
        ...


def shared(statistics: Iterable[Statistic[Any]]) -> dict[Statistic[Any], Statistic[Any]]:
    """Return for each statistic asked for the one to keep, so that as few as possible are kept.

    Examples
    --------
    >>> from probekit.statistics import Moments
    >>> variances, covariances = Moments(xx="diagonal"), Moments(yy="none")
    >>> shared([variances, covariances])[variances]
    Moments(xx='full', xy=True, yy='full')
    """
    asked = list(dict.fromkeys(statistics))
    kept: list[Statistic[Any]] = []
    serving: dict[Statistic[Any], int] = {}
    for statistic in asked:
        for position, other in enumerate(kept):
            union = _union(other, statistic)
            if union is not None:
                kept[position], serving[statistic] = union, position
                break
        else:
            serving[statistic] = len(kept)
            kept.append(statistic)
    return {statistic: kept[position] for statistic, position in serving.items()}


def _union(one: Statistic[Any], other: Statistic[Any]) -> Statistic[Any] | None:
    if hasattr(one, "union"):
        return one.union(other)
    return one if one == other else None  # a stranger's need not have it


def memory_of(statistic: Statistic[Any]) -> str:
    """Return `Statistic.memory`; a stranger's statistic that has none says that it is fixed."""
    return str(getattr(statistic, "memory", "fixed"))


def is_mergeable(statistic: Statistic[Any]) -> bool:
    """Return `Statistic.mergeable`; a stranger's statistic that has none is held to it."""
    return bool(getattr(statistic, "mergeable", True))


def is_numbered(statistic: Statistic[Any]) -> bool:
    """Return `Statistic.numbered`; a stranger's statistic that has none says that it is not."""
    return bool(getattr(statistic, "numbered", False))


def state_of(
    statistic: Statistic[State],
    x: Any,
    y: Any = None,
    *,
    weight: Any = None,
    index: Any = None,
) -> State:
    """State of arrays that lie in memory: every example of weight 1 and numbered from 0.

    Parameters
    ----------
    statistic : Statistic
    x : array (example, unit)
    y : array (example, k), optional
        No columns unless given.
    weight : array (example,), optional
    index : array (example,), optional

    Returns
    -------
    state
    """
    x = jnp.asarray(x)
    y = jnp.zeros((x.shape[0], 0), jnp.float32) if y is None else jnp.asarray(y)
    weight = jnp.ones(x.shape[0], jnp.float32) if weight is None else jnp.asarray(weight)
    index = jnp.arange(x.shape[0], dtype=jnp.int32) if index is None else jnp.asarray(index)
    if hasattr(statistic, "of"):  # a stranger's need not have it
        return statistic.of(x, y, weight=weight, index=index)
    start = statistic.init(shape_of(x), shape_of(y))
    return statistic.update(start, x, y, weight=weight, index=index)


def empty_state(statistic: Statistic[State], x: ShapeDtype, y: ShapeDtype) -> State:
    """State of no examples, each array with memory of its own, so that it can be donated.

    Shapes may be those of NumPy's arrays: float64 is float32 to JAX, unless that was changed.
    """
    state: State = jax.tree.map(jnp.copy, statistic.init(_canonical(x), _canonical(y)))
    return state


def _canonical(shape: ShapeDtype) -> ShapeDtype:
    return struct(shape.shape, jax.dtypes.canonicalize_dtype(shape.dtype))
