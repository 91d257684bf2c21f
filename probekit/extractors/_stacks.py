"""Which axes of a captured value are those of a stack.

Scanning or vectorising a module stacks what was captured within along an axis of the user's choice.
Beside each value a mark is kept, which is stacked in the same way: an array of the same rank whose
axes are of unlike lengths, such as no stack has, and which has no values.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

_LONG = 100_000  # longer than any stack of copies


def marks_of(value: Any) -> list[jax.Array]:
    """Return a mark for each array of a value.

    Examples
    --------
    >>> [mark.shape for mark in marks_of([jnp.ones((2, 3, 4)), jnp.ones(())])]
    [(0, 100001, 100002), ()]
    """
    ranks = [leaf.ndim for leaf in jax.tree.leaves(value)]
    return [jnp.zeros([0, *range(_LONG + 1, _LONG + rank)][:rank]) for rank in ranks]


class Axis(NamedTuple):
    """An axis along which something was stacked: its place and its length."""

    place: int
    length: int


def copies_first(value: Any, marks: Sequence[Any]) -> tuple[Any, tuple[Axis, ...]]:
    """Return a value with the axes along which it was stacked leading, and where they were.

    Examples
    --------
    >>> copies_first(jnp.ones((2, 5)), [jnp.ones((0, 5))])[1]
    (Axis(place=1, length=5),)
    """
    leaves, structure = jax.tree.flatten(value)
    stack: tuple[Axis, ...] = ()
    moved = []
    for leaf, mark in zip(leaves, marks, strict=True):
        old = [axis for axis, size in enumerate(mark.shape) if size == 0 or size > _LONG]
        new = [axis for axis in range(leaf.ndim) if axis not in old]
        stack = tuple(Axis(axis, leaf.shape[axis]) for axis in new)
        moved.append(leaf.transpose((*new, *old)) if new else leaf)
    return jax.tree.unflatten(structure, moved), stack


def stacked_alike(value: Any, stack: Sequence[Axis]) -> tuple[Any, int]:
    """Return a value without marks with the axes of a stack leading, if it has them."""
    leaves, structure = jax.tree.flatten(value)
    places = [axis.place for axis in stack]
    for leaf in leaves:
        if any(leaf.shape[axis.place : axis.place + 1] != (axis.length,) for axis in stack):
            return value, 0
    moved = [jnp.moveaxis(leaf, places, range(len(places))) for leaf in leaves]
    return jax.tree.unflatten(structure, moved), len(stack)
