"""Count, means and centred second moments: the statistic that serves most of the catalogue."""

import dataclasses
from functools import partial
from typing import Any, Literal, NamedTuple, get_args

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_choice
from probekit._rounding import (
    mean_of_both,
    reciprocal,
    rounding_of_constants,
    rounding_of_squares,
    sum_and_rest,
)
from probekit._sums import (
    accumulator_dtype,
    diagonal,
    inner,
    present_rows,
    product,
    sum_by_blocks,
    upper_squares,
    whole_of,
)
from probekit.statistics._protocol import ShapeDtype, Statistic

Block = Literal["none", "diagonal", "full"]
BLOCKS: tuple[Block, ...] = get_args(Block)  # each holds what those before it hold


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class MomentsState:
    """Weighted count, means and centred second moments of `x` and `y`.

    Attributes
    ----------
    count : array ()
        Sum of the weights.
    x_mean : array (unit,)
    y_mean : array (k,)
    x_rest : array (unit,)
    y_rest : array (k,)
        What rounding took from the means: far from zero, a difference of two float32 means would
        be all rounding.
    xx : array (unit, unit) or (unit,) or None
        ``Σ_i w_i (x_i - x̄)(x_i - x̄)ᵀ``, or its diagonal.
    xy : array (unit, k) or None
    yy : array (k, k) or (k,) or None

    Notes
    -----
    A value that is not finite leaves NaN in the entries of its own unit or column and in no other.
    """

    count: jax.Array
    x_mean: jax.Array
    y_mean: jax.Array
    x_rest: jax.Array
    y_rest: jax.Array
    xx: jax.Array | None
    xy: jax.Array | None
    yy: jax.Array | None

    @property
    def x_squares(self) -> jax.Array:
        """Centred sum of squares of each unit of `x`, ``(unit,)``, whichever form `xx` has."""
        return _diagonal(self.xx)

    @property
    def y_squares(self) -> jax.Array:
        """Centred sum of squares of each column of `y`, ``(k,)``, whichever form `yy` has."""
        return _diagonal(self.yy)

    @property
    def x_constant(self) -> jax.Array:
        """Whether each unit of `x` is constant within rounding, ``(unit,)``."""
        return self.x_squares <= rounding_of_squares(self.count, self.x_mean)

    @property
    def y_constant(self) -> jax.Array:
        """Whether each column of `y` is constant within rounding, ``(k,)``."""
        return self.y_squares <= rounding_of_squares(self.count, self.y_mean)

    @property
    def y_blurred(self) -> jax.Array:
        """Whether each constant column of `y` has different values all the same, ``(k,)``.

        They are so few roundings of the mean apart that what they show may be rounding.
        """
        return self.y_constant & ~self.y_equal

    @property
    def x_equal(self) -> jax.Array:
        """Whether all values of each unit of `x` are the same, ``(unit,)``.

        Of what was given, as labels are: its differences are none of rounding, however small beside
        an offset.
        """
        return self.x_squares <= rounding_of_constants(self.count, self.x_mean)

    @property
    def y_equal(self) -> jax.Array:
        """Whether all values of each column of `y` are the same, ``(k,)``; see `x_equal`."""
        return self.y_squares <= rounding_of_constants(self.count, self.y_mean)

    def blocks(self) -> tuple[jax.Array, jax.Array, jax.Array]:
        """Return `xx`, `xy` and `yy`, none of which may be missing.

        Raises
        ------
        AssertionError
            If `Moments` was not asked for one of them.
        """
        assert self.xx is not None, "xx was not asked for"
        assert self.xy is not None, "xy was not asked for"
        assert self.yy is not None, "yy was not asked for"
        return self.xx, self.xy, self.yy

    def finite(self) -> jax.Array:
        """Whether every example was finite, and so is every sum; a boolean scalar.

        False also where sums have vanished: where `x` or `y` is so small (below 3e-17 in float32)
        that the squares of its differences are 0, or have lost digits.
        """
        parts = [self.x_mean, self.y_mean]
        # Off the diagonal nothing can overflow that has not overflowed on it; squares of what is
        # off it, which regressions take, may be as many times as large as there are examples.
        blocks = [block for block in (self.xx, self.yy) if block is not None]
        parts += [_diagonal(block) * self.count for block in blocks]
        parts += [] if self.xy is None else [self.xy.reshape(-1)]
        return jnp.isfinite(jnp.concatenate(parts)).all() & ~self.x_vanished & ~self.y_vanished

    def x_finite(self) -> jax.Array:
        """Whether `x` alone is finite, and so are its sums, that of all squares included."""
        finite = jnp.isfinite(self.x_mean).all() & jnp.isfinite(self.x_squares.sum())
        return finite & ~self.x_vanished

    @property
    def x_vanished(self) -> jax.Array:
        """Whether the squares of all units are too small for the dtype; a boolean scalar."""
        return _vanished(self.count, self.x_mean, self.xx, self.xy)

    @property
    def y_vanished(self) -> jax.Array:
        """Whether the squares of all columns of `y` are too small; a boolean scalar."""
        return _vanished(self.count, self.y_mean, self.yy, self.xy)

    def swapped(self) -> "MomentsState":
        """Return the state with `x` and `y` exchanged."""
        xy = None if self.xy is None else self.xy.T
        means = (self.y_mean, self.x_mean, self.y_rest, self.x_rest)
        return MomentsState(self.count, *means, self.yy, xy, self.xx)

    def steps(self, other: "MomentsState") -> tuple[jax.Array, jax.Array]:
        """Means of `x` and `y` of the other state minus those of this one.

        Parameters
        ----------
        other : MomentsState
            Of the same units and columns.

        Returns
        -------
        x_step : array (unit,)
        y_step : array (k,)
            To the digits that `x_rest` and `y_rest` hold.
        """
        return (
            (other.x_mean - self.x_mean) + (other.x_rest - self.x_rest),
            (other.y_mean - self.y_mean) + (other.y_rest - self.y_rest),
        )


class Means(NamedTuple):
    """Weighted means of `x` and `y`, or a part of them."""

    x: jax.Array
    y: jax.Array


class Sums(NamedTuple):
    """Weighted sums of differences to `Means` and of their products, or a part of them.

    Attributes
    ----------
    x : array (unit,)
    y : array (k,)
    xx, yy : list of array, or array, or None
        Of halves `upper_squares`.
    yx : array (k, unit) or None
    """

    x: jax.Array
    y: jax.Array
    xx: Any
    yx: jax.Array | None
    yy: Any


@dataclasses.dataclass(frozen=True, kw_only=True)
class Moments(Statistic[MomentsState]):
    """Count, means and centred second moments of representations and features.

    Batches are centred on their own mean and merged by the formula of Chan, Golub and LeVeque, so
    that large means cost no digits; float16 and bfloat16 are accumulated in float32.

    Parameters
    ----------
    xx, yy : {"full", "diagonal", "none"}
        Which second moments of `x` and of `y` are kept: all pairs, each column on its own, or none.
    xy : bool
        Whether those between `x` and `y` are kept.

    References
    ----------
    Chan, Golub and LeVeque 1983, Algorithms for computing the sample variance.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.statistics import Moments, state_of
    >>> x, y = np.array([[1.0, 0.0], [3.0, 4.0]]), np.array([[0.0], [1.0]])
    >>> state = state_of(Moments(), x, y)
    >>> state.x_mean.tolist(), state.xx.tolist(), state.xy.tolist()
    ([2.0, 2.0], [[2.0, 4.0], [4.0, 8.0]], [[1.0], [2.0]])
    """

    xx: Block = "full"
    xy: bool = True
    yy: Block = "full"

    def __post_init__(self) -> None:
        """Check the options."""
        check_choice("xx", self.xx, BLOCKS)
        check_choice("yy", self.yy, BLOCKS)

    def init(self, x: ShapeDtype, y: ShapeDtype) -> MomentsState:
        """Return the state of no examples."""
        dtype, d, k = accumulator_dtype(x, y), x.shape[1], y.shape[1]
        return MomentsState(
            count=jnp.zeros((), dtype),
            x_mean=jnp.zeros(d, dtype),
            y_mean=jnp.zeros(k, dtype),
            x_rest=jnp.zeros(d, dtype),
            y_rest=jnp.zeros(k, dtype),
            xx=_empty(self.xx, d, dtype),
            xy=jnp.zeros((d, k), dtype) if self.xy else None,
            yy=_empty(self.yy, k, dtype),
        )

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
        return self.merge(state, self.of(x, y, weight=weight, index=index))

    def of(
        self, x: jax.Array, y: jax.Array, *, weight: jax.Array, index: jax.Array | None = None
    ) -> MomentsState:
        """Return the state of one batch alone."""
        del index
        dtype = accumulator_dtype(x, y)
        count = present_rows(dtype, weight)[0].sum()
        means = sum_by_blocks(partial(self.means, count), x, y, weight)
        return self.joint(count, means, sum_by_blocks(partial(self.sums, means), x, y, weight))

    def means(self, count: jax.Array, x: jax.Array, y: jax.Array, weight: jax.Array) -> "Means":
        """Return what some of `count` examples add to the means, to the digits of one walk."""
        weight, x, y = present_rows(count.dtype, weight, x, y)
        share = weight * reciprocal(count)
        return Means(product(share, x), product(share, y))

    def sums(self, means: "Means", x: jax.Array, y: jax.Array, weight: jax.Array) -> "Sums":
        """Return what some examples add to the sums about the means."""
        weight, x, y = present_rows(means.x.dtype, weight, x, y)
        root = jnp.sqrt(weight)[:, None]
        a, b = (x - means.x[None, :]) * root, (y - means.y[None, :]) * root
        against = jnp.concatenate([b, root], axis=1) if self.xy else root
        cross = inner(against, a)  # (k + 1, unit): several times faster than its transpose
        return Sums(
            x=cross[-1],
            y=(root * b).sum(axis=0),
            xx=_squares(self.xx, a),
            yx=cross[:-1] if self.xy else None,
            yy=_squares(self.yy, b),
        )

    def joint(self, count: jax.Array, means: "Means", sums: "Sums") -> MomentsState:
        """Return the state of all examples that have been added up."""
        # A mean of n values is good to some √n roundings only. What it is off by is the mean of the
        # differences to it, which is small and so exact; every block is corrected by it.
        x_off, y_off = sums.x * reciprocal(count), sums.y * reciprocal(count)
        x_mean, x_rest = sum_and_rest(means.x, x_off)
        y_mean, y_rest = sum_and_rest(means.y, y_off)
        return MomentsState(
            count=count,
            x_mean=x_mean,
            y_mean=y_mean,
            x_rest=x_rest,
            y_rest=y_rest,
            xx=_second_moments(self.xx, sums.xx, sums.x, x_off),
            xy=None if sums.yx is None else sums.yx.T - _outer(x_off, sums.y),
            yy=_second_moments(self.yy, sums.yy, sums.y, y_off),
        )

    def merge(self, a: MomentsState, b: MomentsState) -> MomentsState:
        """Return the state of the examples of both."""
        count = a.count + b.count
        share = b.count / jnp.where(count > 0, count, 1)  # exactly 1 if there is nothing else
        x_step, y_step = a.steps(b)
        x_mean, x_rest = mean_of_both(a.x_mean, a.x_rest, b.x_mean, b.x_rest, share)
        y_mean, y_rest = mean_of_both(a.y_mean, a.y_rest, b.y_mean, b.y_rest, share)
        x_scaled, y_scaled = x_step * (a.count * share), y_step * (a.count * share)
        return MomentsState(
            count=count,
            x_mean=x_mean,
            y_mean=y_mean,
            x_rest=x_rest,
            y_rest=y_rest,
            xx=_merged(a.xx, b.xx, x_scaled, x_step),
            xy=_merged(a.xy, b.xy, x_scaled, y_step),
            yy=_merged(a.yy, b.yy, y_scaled, y_step),
        )

    def select(
        self,
        state: MomentsState,
        *,
        x: jax.Array | slice | None = None,
        y: jax.Array | slice | None = None,
    ) -> MomentsState:
        """Return the state of these columns of `x` and `y` alone."""
        return MomentsState(
            count=state.count,
            x_mean=_taken(state.x_mean, x),
            y_mean=_taken(state.y_mean, y),
            x_rest=_taken(state.x_rest, x),
            y_rest=_taken(state.y_rest, y),
            xx=_taken_block(state.xx, x, x),
            xy=_taken_block(state.xy, x, y),
            yy=_taken_block(state.yy, y, y),
        )

    @property
    def by_unit(self) -> bool:
        """Whether each unit is remembered by itself, whatever units stand beside it."""
        return self.xx != "full"

    def divided(self) -> "tuple[Moments, Moments] | None":
        """Return second moments of one representation, and those between two.

        None unless all are kept, or of a subclass: what that remembers is not known here.
        """
        if type(self) is not Moments or (self.xx, self.xy, self.yy) != ("full", True, "full"):
            return None
        return Moments(xy=False, yy="none"), Moments(xx="none", yy="none")

    def joined(self, x: MomentsState, y: MomentsState, both: MomentsState) -> MomentsState:
        """Return the state that has the second moments of either alone, and those between."""
        return dataclasses.replace(both, xx=x.xx, yy=y.xx)

    def union(self, other: Statistic[Any]) -> "Moments | None":
        """Return the statistic that serves both."""
        if not isinstance(other, Moments):
            return None
        return Moments(
            xx=max(self.xx, other.xx, key=BLOCKS.index),
            xy=self.xy or other.xy,
            yy=max(self.yy, other.yy, key=BLOCKS.index),
        )


def _outer(a: jax.Array, b: jax.Array) -> jax.Array:
    return a[:, None] * b[None, :]


def _empty(form: Block, columns: int, dtype: Any) -> jax.Array | None:
    if form == "none":
        return None
    return jnp.zeros((columns, columns) if form == "full" else (columns,), dtype)


def _diagonal(block: jax.Array | None) -> jax.Array:
    assert block is not None, "these second moments were not asked for"
    return block if block.ndim == 1 else diagonal(block)


def _vanished(
    count: jax.Array, mean: jax.Array, squares: jax.Array | None, cross: jax.Array | None
) -> jax.Array:
    """Whether there is something, but squares of it have less than 16 bits above the smallest.

    Of larger means the squares would show whatever is more than rounding.
    """
    if squares is None or mean.size == 0:
        return jnp.zeros((), bool)
    information = np.finfo(mean.dtype)
    least = float(information.tiny) * 2.0**16
    largest = jnp.abs(mean).max()
    something = (largest > 0) if cross is None else (largest > 0) | (cross != 0).any()
    near_zero = largest < np.sqrt(least) / (8 * float(information.eps))
    vanished: jax.Array = something & near_zero & (_diagonal(squares).max() < count * least)
    return vanished


def _squares(form: Block, rows: jax.Array) -> Any:
    """Return what `_second_moments` is made of, which can be added up."""
    if form == "none":
        return None
    return jnp.square(rows).sum(axis=0) if form == "diagonal" else upper_squares(rows)


def _second_moments(form: Block, squares: Any, sums: jax.Array, off: jax.Array) -> jax.Array | None:
    """Return second moments about the mean, which is `off` what `squares` are about."""
    if form == "none":
        return None
    if form == "diagonal":
        diagonal: jax.Array = squares - sums * off
        return diagonal
    return whole_of(squares, len(sums)) - _outer(sums, off)


def _merged(
    a: jax.Array | None, b: jax.Array | None, left: jax.Array, right: jax.Array
) -> jax.Array | None:
    if a is None or b is None:
        return None
    return a + b + (left * right if a.ndim == 1 else _outer(left, right))


def _taken(values: jax.Array, columns: Any) -> jax.Array:
    return values if columns is None else values[_index(columns)]


def _index(columns: Any) -> Any:
    return columns if isinstance(columns, slice) else jnp.asarray(columns)


def _taken_block(block: jax.Array | None, rows: Any, columns: Any) -> jax.Array | None:
    if block is None:
        return None
    block = _taken(block, rows)
    return block if block.ndim == 1 or columns is None else block[:, _index(columns)]
