"""Sums over examples: in which dtype, without the absent ones, and products in full precision.

A matrix product adds up one by one. In float32 that is off by up to n/2 roundings, and is so in
practice where the terms are few values again and again, as those of a Boolean feature are: 1e-5 of
the sum for a thousand of them, 1e-4 for ten thousand. Products over examples are therefore taken
group by group; plain sums XLA groups by itself.
"""

from typing import Any

import jax
import jax.numpy as jnp

from probekit._checks import are_wide_integers, floating
from probekit.errors import ShapeError


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
"""How many where the product is large, and groups would cost time."""

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
    if len(a) <= BLOCK:
        return product(a.T, b)
    blocks = _grouped(a, BLOCK), _grouped(b, BLOCK)
    empty = jnp.zeros((a.shape[1], b.shape[1]), jnp.result_type(a, b))
    step = lambda kept, block: (kept + product(block[0].T, block[1]), None)  # noqa: E731
    return jax.lax.scan(step, empty, blocks)[0]


def inner_squares(a: jax.Array) -> jax.Array:
    """Return ``aᵀ a`` as `inner` does; of a large one only half is computed."""
    columns = a.shape[1]
    if columns <= CORNER:
        return inner(a, a)
    places = upper_places(columns, CORNER)

    def add(kept: list[jax.Array], block: jax.Array) -> tuple[list[jax.Array], None]:
        pairs = zip(kept, places, strict=True)
        return [part + product(block[:, i].T, block[:, j]) for part, (i, j) in pairs], None

    empty = [jnp.zeros((i.stop - i.start, j.stop - j.start), a.dtype) for i, j in places]
    parts = jax.lax.scan(add, empty, _grouped(a, BLOCK))[0]
    whole = jnp.zeros((columns, columns), a.dtype)
    for part, (i, j) in zip(parts, places, strict=True):
        whole = whole.at[j, i].set(part.T).at[i, j].set(part)
    return whole


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
