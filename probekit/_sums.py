"""Sums over examples: in which dtype, without the absent ones, and products in full precision.

A matrix product adds up one by one. In float32 that is off by up to n/2 roundings, and is so in
practice where the terms are few values again and again, as those of a Boolean feature are: 1e-5 of
the sum for a thousand of them, 1e-4 for ten thousand. Products over examples are therefore taken
group by group; plain sums XLA groups by itself.
"""

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

import jax
import jax.numpy as jnp

from probekit._checks import are_wide_integers, floating
from probekit.errors import ShapeError

Sums = TypeVar("Sums")


def accumulator_dtype(*arrays: Any) -> Any:
    """Return the dtype in which sums are kept: float32, or float64 if one of the arrays has it.

    Under ``jax_enable_x64`` also if one has whole numbers that float32 may not hold.
    """
    for array in arrays:
        if jnp.issubdtype(array.dtype, jnp.complexfloating):
            raise ShapeError(
                f"dtype {array.dtype}: complex values; real ones are needed. "
                "Give real and imaginary parts as two units."
            )
    wide = any(array.dtype == jnp.float64 or are_wide_integers(array.dtype) for array in arrays)
    return floating() if wide else jnp.dtype(jnp.float32)


GROUP = 64
"""How many terms are added up one by one."""

BLOCK = 256
"""How many where the product is large, and groups would cost time; and examples of a block."""

FEW = 64
"""How many sums of blocks are added up one by one."""

CACHED = 1 << 20
"""Up to how many entries of arrays nothing is gained by walking through them in blocks."""

NARROW = 1 << 15
"""Up to how many entries a product is small: its groups cost little memory and no time."""

CORNER = 256
"""Up to how many rows and columns the whole of a symmetric product takes no longer than a half."""


def inner(a: jax.Array, b: jax.Array) -> jax.Array:
    """Return the sums over examples of the products of all columns, ``aᵀ b``, in full precision.

    Parameters
    ----------
    a : array (example, p)
    b : array (example, q)

    Returns
    -------
    array (p, q)
    """
    if a.shape[1] * b.shape[1] <= NARROW:
        return _products(_grouped(a, GROUP), _grouped(b, GROUP)).sum(axis=0)
    return sum_of_blocks(lambda a, b: product(a.T, b), a, b)


def inner_squares(a: jax.Array) -> jax.Array:
    """Return ``aᵀ a`` as `inner` does; of a large one only half is computed."""
    if a.shape[1] <= CORNER:
        return inner(a, a)
    return whole_of(sum_of_blocks(upper_squares, a), a.shape[1])


def upper_squares(a: jax.Array) -> list[jax.Array]:
    """Return the upper half of ``aᵀ a``, in parts that can be added up; `whole_of` joins them."""
    places = upper_places(a.shape[1], CORNER)
    return [inner(a[:, rows], a[:, columns]) for rows, columns in places]


def whole_of(parts: list[jax.Array], columns: int) -> jax.Array:
    """Return the symmetric matrix of which these are what `upper_squares` gives."""
    places = upper_places(columns, CORNER)
    if len(places) == 1:
        return parts[0]
    whole = jnp.zeros((columns, columns), parts[0].dtype)
    for part, (i, j) in zip(parts, places, strict=True):
        whole = whole.at[j, i].set(part.T).at[i, j].set(part)
    return whole


def sum_by_blocks(of_block: Callable[..., Sums], *rows: jax.Array) -> Sums:
    """Return what `sum_of_blocks` does; of little data what the function makes of it at once.

    That gives the same but for rounding, and takes half as long to compile.
    """
    if sum(array.size for array in rows) <= CACHED:
        return of_block(*rows)
    return sum_of_blocks(of_block, *rows)


def sum_of_blocks(of_block: Callable[..., Sums], *rows: jax.Array) -> Sums:
    """Return the sum of what a function makes of `BLOCK` examples at a time.

    What it makes on the way is as small as a block, and stays in the cache.

    Parameters
    ----------
    of_block : callable
        Given as many arrays ``(example, …)`` as there are, it returns a pytree of arrays.
    *rows : array (example, …)
        The last block is as long as the others: what was in an earlier one is 0 in all its arrays.

    Returns
    -------
    pytree of array
        Of no more than `FEW` blocks at a time, and then of these sums.
    """
    examples = len(rows[0])
    if examples <= BLOCK:
        return of_block(*rows)
    sums = math.ceil(examples / BLOCK / FEW)
    each = math.ceil(examples / BLOCK / sums)
    found: Callable[[Any], Sums] = partial(_of_block, of_block, rows)
    empty = jax.tree.map(lambda form: jnp.zeros(form.shape, form.dtype), jax.eval_shape(found, 0))
    places = jnp.arange(sums * each).reshape(sums, each)
    few: Callable[[jax.Array], Sums] = partial(_added_up, found, empty)
    return few(places[0]) if sums == 1 else _added_up(few, empty, places)


def _of_block(of_block: Callable[..., Sums], rows: Sequence[jax.Array], place: Any) -> Sums:
    """Return what is made of the block at this place."""
    first = place * BLOCK
    start = jnp.minimum(first, len(rows[0]) - BLOCK)
    unseen = start + jnp.arange(BLOCK) >= first
    blocks = [jax.lax.dynamic_slice_in_dim(array, start, BLOCK) for array in rows]
    return of_block(*(jnp.where(_along_rows(unseen, block), block, 0) for block in blocks))


def _along_rows(values: jax.Array, rows: jax.Array) -> jax.Array:
    """Return values of examples with as many axes as the array of these examples."""
    return values.reshape(-1, *(1,) * (rows.ndim - 1))


def _added_up(of_place: Callable[..., Sums], empty: Sums, places: jax.Array) -> Sums:
    """Return the sum of what is made of each place."""
    add = lambda kept, place: (jax.tree.map(jnp.add, kept, of_place(place)), None)  # noqa: E731
    total: Sums = jax.lax.scan(add, empty, places)[0]
    return total


def upper_places(n: int, corner: int, start: int = 0) -> list[tuple[slice, slice]]:
    """Return rows and columns of the blocks that make up the upper half of a symmetric matrix.

    Blocks on the diagonal are square, at most `corner` wide, and whole; those off it are as large
    as can be.
    """
    middle, stop = start + n // 2, start + n
    if n <= corner:
        return [(slice(start, stop), slice(start, stop))]
    return [
        (slice(start, middle), slice(middle, stop)),
        *upper_places(middle - start, corner, start),
        *upper_places(stop - middle, corner, middle),
    ]


def _products(a: jax.Array, b: jax.Array) -> jax.Array:
    return jnp.einsum("grp,grq->gpq", a, b, precision=jax.lax.Precision.HIGHEST)


def _grouped(rows: jax.Array, size: int) -> jax.Array:
    """Return rows as ``(group, row, …)``; what the last group lacks is 0."""
    lacking = -len(rows) % size
    if lacking:
        rows = jnp.pad(rows, [(0, lacking), *[(0, 0)] * (rows.ndim - 1)])
    # Counted, because -1 cannot be told where there are no columns.
    return rows.reshape(len(rows) // size, size, *rows.shape[1:])


def product(a: jax.Array, b: jax.Array) -> jax.Array:
    """Matrix product in full precision: by default some accelerators keep three digits only."""
    return jnp.matmul(a, b, precision=jax.lax.Precision.HIGHEST)


def diagonal(square: jax.Array) -> jax.Array:
    """Return the diagonal of a matrix; `jnp.diagonal` gathers it, which takes long to compile."""
    return square.reshape(-1)[:: square.shape[1] + 1]


def present_rows(dtype: Any, weight: jax.Array, *arrays: jax.Array) -> tuple[jax.Array, ...]:
    """Return weight and arrays in `dtype`, all 0 where the weight is not positive.

    An absent example must not be seen at all: 0 × NaN is NaN, so its values are replaced.
    """
    present = weight > 0
    weight = jnp.where(present, weight.astype(dtype), 0)
    rows = [jnp.where(present[:, None], array.astype(dtype), 0) for array in arrays]
    return weight, *rows
