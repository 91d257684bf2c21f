"""Features that lie side by side in one matrix: which of its columns each has."""

from collections.abc import Iterable

import jax
import jax.numpy as jnp
import numpy as np

Columns = tuple[tuple[int, ...], ...]
"""For each feature, or group of them, its columns."""


def columns_of(widths: Iterable[int]) -> Columns:
    """Return the columns of features of these widths, one after the other.

    Examples
    --------
    >>> columns_of([1, 2])
    ((0,), (1, 2))
    """
    widths = tuple(widths)
    ends = np.cumsum(widths).tolist()
    return tuple(tuple(range(end - width, end)) for end, width in zip(ends, widths, strict=True))


def in_order(columns: Columns) -> tuple[jax.Array, np.ndarray]:
    """Return the columns of all features, one after the other, and whose each is.

    Examples
    --------
    >>> [part.tolist() for part in in_order(((4,), (0, 2)))]
    [[4, 0, 2], [0, 1, 1]]
    """
    order = jnp.array([column for own in columns for column in own])
    return order, np.repeat(np.arange(len(columns)), [len(own) for own in columns])
