"""Reducing the token or pixel axes of a representation ``(example, …, unit)``."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_choice
from probekit.errors import OptionError, ShapeError

Pool = str | int | Callable[[jax.Array], jax.Array] | None

WAYS = ("mean", "last", "cls", "flatten")


def check_pool(pool: Pool) -> None:
    """Raise `OptionError` unless this is a way to pool."""
    if isinstance(pool, str):
        check_choice("pool", pool, WAYS)
    elif isinstance(pool, bool) or not (pool is None or isinstance(pool, int) or callable(pool)):
        raise OptionError(
            f"pool={pool!r}: give one of {', '.join(WAYS)}, a position, or a function of an array."
        )


def pooled(array: Any, pool: Pool, *, layer: str = "a layer") -> Any:
    """Return the array with the axes between examples and units reduced.

    Parameters
    ----------
    array : array (example, …, unit)
        With two axes or fewer there is nothing to reduce; only a function is applied.
    pool : str, int, callable or None
        ``"mean"`` over all positions; the ``"last"`` one; the first (``"cls"``); the one of this
        number; ``"flatten"`` makes positions units; a function is given the array; None leaves it.
    layer : str
        What errors call it.

    Raises
    ------
    OptionError
        If there is no such position.
    ShapeError
        If a function does not keep the examples.

    Examples
    --------
    >>> tokens = jnp.arange(12.0).reshape(2, 3, 2)  # (example, token, unit)
    >>> pooled(tokens, "last").tolist()
    [[4.0, 5.0], [10.0, 11.0]]
    """
    if pool is None:
        return array
    if callable(pool):
        reduced = pool(array)
        if np.shape(reduced)[:1] != array.shape[:1]:
            raise ShapeError(
                f"pool: gives shape {np.shape(reduced)} for {layer}, shape {array.shape}; "
                "give a function that keeps the first axis, the examples."
            )
        return reduced
    if array.ndim <= 2:
        return array
    if pool == "flatten":
        return array.reshape(array.shape[0], -1)
    positions = array.reshape(array.shape[0], -1, array.shape[-1])
    if pool == "mean":
        return jnp.mean(positions, axis=1)
    place = {"last": -1, "cls": 0}.get(pool, pool) if isinstance(pool, str) else pool
    if not -positions.shape[1] <= place < positions.shape[1]:
        raise OptionError(f"pool={pool!r}: {layer} has {positions.shape[1]} positions.")
    return positions[:, place]


def pooled_shape(shape: jax.ShapeDtypeStruct, pool: Pool, layer: str) -> jax.ShapeDtypeStruct:
    """Return shape and dtype of what `pooled` gives."""
    if pool is None:  # and not through JAX, which may not know the dtype
        return shape
    reduced: jax.ShapeDtypeStruct = jax.eval_shape(
        lambda array: pooled(array, pool, layer=layer), shape
    )
    return reduced
