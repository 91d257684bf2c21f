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
        """Return the state of no examples, the identity of `merge`.

        Parameters
        ----------
        x : ShapeDtype (example, unit)
        y : ShapeDtype (example, k)
            Shapes and dtypes of the batches that will come; there are no arrays. How many examples
            a batch has must not matter, as batches are not all of one length.

        Returns
        -------
        state
            A pytree of arrays whose shapes and dtypes `update` and `merge` keep. Sums belong in
            float32 at least, also of float16 and bfloat16.

        Raises
        ------
        ShapeError
            If such `x` and `y` cannot be looked at.
        """
        ...

    def update(
        self, state: State, x: jax.Array, y: jax.Array, *, weight: jax.Array, index: jax.Array
    ) -> State:
        """Return the state that has also seen this batch; pure, and traced by JAX.

        Parameters
        ----------
        state : state
            It may be donated: what is returned takes its place.
        x : array (example, unit)
            The representation, of a floating dtype.
        y : array (example, k)
            Columns of features, or the units of another representation. They may be none.
        weight : array (example,)
            float32, not negative; 2 counts as two examples where the memory is fixed. Of weight 0
            are the examples that fill up a batch, or belong to another fold: their values may be
            anything, NaN as well, and ``0 * nan`` is NaN. Replace them; don't multiply.
        index : array (example,)
            int32, the number of each example in the whole data set, from 0. It is the same in every
            layer and epoch and whatever the batches.

        Returns
        -------
        state
        """
        ...

    def merge(self, a: State, b: State) -> State:
        """Return the state that has seen what `a` and `b` have seen.

        Parameters
        ----------
        a, b : state
            Of different examples of the same units and columns. ``merge(a, b)`` and ``merge(b, a)``
            have the same scores, up to rounding.

        Returns
        -------
        state
        """
        ...

    def of(self, x: jax.Array, y: jax.Array, *, weight: jax.Array, index: jax.Array) -> State:
        """Return the state of one batch alone: `update` of `init`, or a shorter way to the same.

        Parameters
        ----------
        x : array (example, unit)
        y : array (example, k)
        weight : array (example,)
        index : array (example,)
            As of `update`.

        Returns
        -------
        state
        """
        start = self.init(shape_of(x), shape_of(y))
        return self.update(start, x, y, weight=weight, index=index)

    def union(self, other: "Statistic[Any]") -> "Statistic[Any] | None":
        """Return one statistic whose states serve the readers of both, or ``None``.

        This is how estimators share: one that needs variances reads them from the covariances that
        another asked for. Unless a statistic says otherwise it serves its equals alone.

        Parameters
        ----------
        other : Statistic
            Of any class, another's included.

        Returns
        -------
        Statistic or None
            An estimator of either must find the same scores in its states: a state may hold more
            than was asked for, but not something else.
        """
        return self if self == other else None

    def of_feature(self, place: int) -> "Statistic[State]":
        """Return the statistic of one feature, where it is not the same for all.

        For options with a part for each feature, such as where its groups begin. Asked only of a
        statistic without `Selectable.select`, which is kept once per feature.

        Parameters
        ----------
        place : int
            Which feature it is, from 0, in the order in which the features were given.

        Returns
        -------
        Statistic
            By default this one.
        """
        del place
        return self


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
        """Return the state that would have been kept of these columns alone.

        Parameters
        ----------
        state : state
        x, y : array (column,) or slice, optional
            Whole numbers from 0, which may be traced, of units and of columns of `y`, in the order
            that is wanted; all of them unless given.

        Returns
        -------
        state
        """
        ...


class Divisible(Protocol[State]):
    """A statistic of which parts are of one representation alone, whatever stands beside it.

    `probekit.compare` then keeps these once a layer, and of each pair of layers the rest.
    """

    def divided(self) -> tuple[Statistic[State], Statistic[State]] | None:
        """Return what to keep of one representation, with a `y` of no columns, and of two.

        Returns
        -------
        (Statistic, Statistic) or None
            None if there is nothing to divide.
        """
        ...

    def joined(self, x: State, y: State, both: State) -> State:
        """Return the state of the undivided statistic.

        Parameters
        ----------
        x, y : state
            Of the first part: what was kept of either representation alone.
        both : state
            Of the second part, of the same examples.

        Returns
        -------
        state
        """
        ...


def shared(statistics: Iterable[Statistic[Any]]) -> dict[Statistic[Any], Statistic[Any]]:
    """Return for each statistic asked for the one to keep, so that as few as possible are kept.

    Parameters
    ----------
    statistics : iterable of Statistic
        One that is there several times is kept once.

    Returns
    -------
    dict of Statistic to Statistic
        From each that was given to the one whose states serve it; see `Statistic.union`.

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
    return one.union(other) if hasattr(one, "union") else None  # a stranger's need not have it


def memory_of(statistic: Statistic[Any]) -> str:
    """Return `Statistic.memory`; a stranger's statistic that has none says that it is fixed.

    Parameters
    ----------
    statistic : Statistic
        An object with `init` and `update` will do, here and in the functions beside this.

    Returns
    -------
    {"fixed", "capacity", "examples"}
    """
    return str(getattr(statistic, "memory", "fixed"))


def is_mergeable(statistic: Statistic[Any]) -> bool:
    """Return `Statistic.mergeable`; a stranger's statistic that has none is held to it.

    Parameters
    ----------
    statistic : Statistic

    Returns
    -------
    bool
    """
    return bool(getattr(statistic, "mergeable", True))


def is_numbered(statistic: Statistic[Any]) -> bool:
    """Return `Statistic.numbered`; a stranger's statistic that has none says that it is not.

    Parameters
    ----------
    statistic : Statistic

    Returns
    -------
    bool
    """
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
        Of a floating dtype.
    y : array (example, k), optional
        No columns unless given.
    weight : array (example,), optional
        Not negative; 0 is absent.
    index : array (example,), optional
        Whole numbers.

    Returns
    -------
    state

    Examples
    --------
    >>> from probekit.statistics import Moments
    >>> state = state_of(Moments(), jnp.array([[1.0], [3.0], [8.0]]), weight=jnp.array([1, 1, 0]))
    >>> float(state.count), state.x_mean.tolist()
    (2.0, [2.0])
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

    Parameters
    ----------
    statistic : Statistic
    x : ShapeDtype (example, unit)
    y : ShapeDtype (example, k)
        They may be those of NumPy's arrays: float64 is float32 to JAX, unless that was changed.

    Returns
    -------
    state

    Examples
    --------
    >>> from probekit.statistics import Moments
    >>> x, y = jnp.zeros((8, 3)), jnp.zeros((8, 1))
    >>> empty_state(Moments(), shape_of(x), shape_of(y)).xy.shape
    (3, 1)
    """
    state: State = jax.tree.map(jnp.copy, statistic.init(_canonical(x), _canonical(y)))
    return state


def _canonical(shape: ShapeDtype) -> ShapeDtype:
    return struct(shape.shape, jax.dtypes.canonicalize_dtype(shape.dtype))
