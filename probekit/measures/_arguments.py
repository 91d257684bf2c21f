"""Arguments of the measures: any numeric array in, ``(example, unit)`` out, or an error."""

from collections.abc import Callable
from typing import Any, NamedTuple, ParamSpec, TypeVar

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import (
    are_wide_integers,
    check_differences_kept,
    check_examples,
    check_rank,
    check_same_examples,
    exact_integers,
    floating,
    plain,
    shape_text,
)
from probekit.errors import ShapeError

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def jitted(*static: int) -> Callable[[Callable[Parameters, Result]], Callable[Parameters, Result]]:
    """Compile a function, with these positions as static arguments, and keep its types."""

    def decorate(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
        compiled: Callable[Parameters, Result] = jax.jit(function, static_argnums=static)
        return compiled

    return decorate


def matrix(argument: str, array: Any, *, least: int = 1) -> jax.Array:
    """Return `array` as a floating JAX array ``(example, unit)``; further axes become units.

    Float16 and bfloat16 become float32, and so do integers and booleans. Under ``jax_enable_x64``
    these become float64, and float64 is kept; otherwise it becomes float32.
    """
    if isinstance(array, jax.Array) and array.ndim == 2 and array.dtype == np.float32:
        check_examples(argument, array, least=least)
        _check_columns(argument, array)
        return array  # looking further would take as long as a small measure does
    if not isinstance(array, jax.Array):
        # Before JAX sees it: int64 would wrap to int32 there.
        array = exact_integers(argument, plain(array, argument))
    elif are_wide_integers(array.dtype) and not isinstance(array, jax.core.Tracer):
        array = exact_integers(argument, np.asarray(array))
    check_rank(argument, array, least=1, most=32)
    if array.dtype != bool and not jnp.issubdtype(array.dtype, jnp.number):
        raise ShapeError(
            f"{argument}: {shape_text(array)}; numbers are needed. "
            "Number the labels, as numpy.unique(labels, return_inverse=True)[1] does."
        )
    if jnp.issubdtype(array.dtype, jnp.complexfloating):
        raise ShapeError(
            f"{argument}: {shape_text(array)}; real numbers are needed. "
            "Give real and imaginary parts as two units."
        )
    check_examples(argument, array, least=least)
    _check_columns(argument, array)
    check_differences_kept(argument, array, of_all_columns=True)
    narrow = jnp.issubdtype(array.dtype, jnp.floating) and array.dtype != np.float64
    with np.errstate(over="ignore"):  # what does not fit becomes infinite, and the score NaN
        array = array.astype(np.float32 if narrow else floating())
    return jnp.asarray(array.reshape(array.shape[0], -1))


def _check_columns(argument: str, array: Any) -> None:
    if 0 in array.shape[1:]:
        raise ShapeError(f"{argument}: {shape_text(array)}; at least one column is needed.")


def square_matrix(argument: str, array: Any, *, least: int = 1) -> jax.Array:
    """Return `array` as a floating JAX array ``(example, example)``, or raise."""
    array = array if hasattr(array, "shape") else np.asarray(array)
    check_rank(argument, array, least=2, most=2)
    if array.shape[0] != array.shape[1]:
        raise ShapeError(f"{argument}: {shape_text(array)}; a square matrix is needed.")
    return matrix(argument, array, least=least)


Pair = tuple[jax.Array, jax.Array]


def matched(x: Any, y: Any, *, least: int = 1, names: tuple[str, str] = ("x", "y")) -> Pair:
    """Return both arrays as matrices of one dtype, or raise unless they have the same examples."""
    a, b = matrix(names[0], x, least=least), matrix(names[1], y)
    check_same_examples(names[0], a, names[1], b)
    dtype = jnp.promote_types(a.dtype, b.dtype)
    return a.astype(dtype), b.astype(dtype)


def check_spans_part(argument: str, x: jax.Array, *, centred: bool = True) -> None:
    """Raise `ShapeError` if units are as many as directions that examples can differ in.

    They then span whatever there is, and what looks at spans alone has one score for all data.
    """
    examples, units = x.shape
    least = units + 1 + centred
    if examples < least:
        raise ShapeError(
            f"{argument}: {units} units of {examples} examples, which span whatever there is; the "
            f"score would be the same of any. Give {least} examples or more, or take cka, or svcca "
            "with few components."
        )


def on_host(*arrays: jax.Array) -> tuple[jax.Array, ...]:
    """Return the arrays, or raise if one is traced: what is computed on the host needs its values.

    Its callers have no function that JAX could compile.
    """
    if any(isinstance(array, jax.core.Tracer) for array in arrays):
        raise ShapeError(
            "x, y: traced by jit, vmap or grad; this measure is computed on the host. Call it "
            "outside of them, on one pair of arrays at a time."
        )
    return arrays


class Splits(NamedTuple):
    """The examples that are fitted, and those that are scored if these are others.

    A pytree, so that a compiled function knows whether they are the same and does nothing twice.

    Attributes
    ----------
    fit : (x, y)
    held_out : (x, y) or None
    """

    fit: Pair
    held_out: Pair | None

    def each(self, function: Callable[..., Result]) -> tuple[Result, Result]:
        """Return ``function(x, y)`` of what is fitted and of what is scored."""
        of_fit = function(*self.fit)
        return of_fit, of_fit if self.held_out is None else function(*self.held_out)

    def swapped(self) -> "Splits":
        """Return the splits with `x` and `y` exchanged."""
        return Splits(self.fit[::-1], None if self.held_out is None else self.held_out[::-1])


def splits(x: Any, y: Any, held_out: Any, *, least: int) -> Splits:
    """Return both splits as matrices; without `held_out` what is fitted is scored."""
    fit = matched(x, y, least=least)
    if held_out is None:
        return Splits(fit, None)
    try:
        x2, y2 = held_out
    except (TypeError, ValueError):
        raise ShapeError(
            f"held_out: {type(held_out).__name__}; a pair of arrays (x, y) is needed."
        ) from None
    scored = matched(x2, y2, least=least, names=("held_out[0]", "held_out[1]"))
    for name, a, b in zip("xy", fit, scored, strict=True):
        if a.shape[1] != b.shape[1]:
            raise ShapeError(
                f"held_out: {b.shape[1]} columns of {name}; the fitted {name} has {a.shape[1]}."
            )
    return Splits(fit, scored)
