"""Scores of the moments of two representations: of arrays, on one scale, undefined if constant."""

from collections.abc import Callable
from typing import Any, TypeVar

import jax
import jax.numpy as jnp

from probekit.measures._arguments import Splits, jitted, matched
from probekit.measures._narrowing import both_narrowed, narrowed
from probekit.measures._scale import moderate, moderating_power
from probekit.measures._status import Score, score
from probekit.statistics import Moments, MomentsState, Statistic, state_of

State = TypeVar("State")


def from_moments(
    function: Callable[..., Score], x: Any, y: Any, *, narrow: bool = False, **options: Any
) -> jax.Array:
    """Return the value of ``function(moments of x and y, **options)``; options are hashable.

    It must not depend on the scale of either: both are brought to a moderate one. With `narrow` it
    looks at distances and angles alone, and is given coordinates of examples with many units.
    """
    x, y = matched(x, y, least=2)
    if narrow:
        x, y = narrowed(x), narrowed(y)
    return _read(function, x, y, tuple(sorted(options.items())))


@jitted(0, 3)
def _read(
    function: Callable[..., Score], x: jax.Array, y: jax.Array, options: tuple[tuple[str, Any], ...]
) -> jax.Array:
    return function(state_of(Moments(), moderate(x), moderate(y)), **dict(options)).value


def from_splits(function: Callable[..., Score], given: Splits, **options: Any) -> jax.Array:
    """Return the value of ``function(moments of fit, of held_out, **options)``, as `from_moments`.

    Both splits are multiplied by what brings that which is fitted to a moderate scale. It must look
    at distances and angles alone, and is given coordinates of examples with many units.
    """
    return _read_both(function, both_narrowed(given), tuple(sorted(options.items())))


@jitted(0, 2)
def _read_both(
    function: Callable[..., Score], given: Splits, options: tuple[tuple[str, Any], ...]
) -> jax.Array:
    return function(*states_of(Moments(), given), **dict(options)).value


@jitted(2)
def moments_of(x: jax.Array, y: jax.Array, statistic: Moments) -> MomentsState:
    """Return the moments of two matrices, for scores without scale that the host computes."""
    return state_of(statistic, moderate(x), moderate(y))


@jitted(1, 2)
def moments_of_both(
    given: Splits, statistic: Moments, apart: bool
) -> tuple[MomentsState, MomentsState]:
    """Return the moments of both splits, for scores without scale that the host computes.

    With `apart` the scale of single units does not matter either.
    """
    return states_of(statistic, given, x_apart=apart, y_apart=apart)


def states_of(
    statistic: Statistic[State], given: Splits, *, x_apart: bool = False, y_apart: bool = False
) -> tuple[State, State]:
    """Return the states of both splits, times the powers that moderate what is fitted.

    One power for all of `x`, and one for all of `y`; or, where the scale of single units does not
    matter either, one for each: beside a unit far larger than the others these would seem constant.
    """
    x_power, y_power = (
        moderating_power(z, axis=0 if apart else None)
        for z, apart in zip(given.fit, (x_apart, y_apart), strict=True)
    )
    return given.each(lambda x, y: state_of(statistic, x * x_power, y * y_power))


def unit_scales(state: MomentsState) -> tuple[jax.Array, jax.Array]:
    """Return by what `x` and `y` are multiplied to have a total of squares of 1.

    Sums of products are scaled before they are squared, which would overflow long before their
    shares do.
    """
    totals = (state.x_squares.sum(), state.y_squares.sum())
    x_scale, y_scale = (jax.lax.rsqrt(jnp.where(total > 0, total, 1)) for total in totals)
    return x_scale, y_scale


def pair_score(
    value: jax.Array,
    state: MomentsState,
    *,
    least: jax.Array | int = 2,
    undefined: jax.Array | bool = False,
    deficient: jax.Array | bool = False,
) -> Score:
    """Put value and status together: NaN where one of the two is constant, or it is `undefined`."""
    constant = state.x_constant.all() | state.y_constant.all() | undefined
    return score(
        jnp.where(constant, jnp.nan, value),
        finite=state.finite(),
        enough=state.count >= least,
        constant=constant,
        deficient=deficient,
    )
