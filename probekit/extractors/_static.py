"""Objects as static parts of a pytree, whether or not they can be hashed."""

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np


class Static:
    """Equal to another one if what it holds is equal, or the same object if that has no hash."""

    def __init__(self, value: Any) -> None:
        self.value = value
        try:
            self._hash: int | None = hash(value)
        except TypeError:  # for example a module with a list among its fields
            self._hash = None

    def __hash__(self) -> int:
        return id(self.value) if self._hash is None else self._hash

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Static):
            return NotImplemented
        if self.value is other.value:
            return True
        hashed = self._hash is not None and self._hash == other._hash
        return hashed and bool(self.value == other.value)

    def __repr__(self) -> str:
        return repr(self.value)


_ARRAY = "probekit: an array stands here"


def parted(tree: Any) -> tuple[tuple[Any, ...], Static]:
    """Return the arrays of a pytree, which may change without recompiling, and the rest of it."""
    leaves, structure = jax.tree.flatten(tree)
    is_array = [isinstance(leaf, jax.Array | np.ndarray) for leaf in leaves]
    others = tuple(_ARRAY if array else leaf for leaf, array in zip(leaves, is_array, strict=True))
    arrays = tuple(leaf for leaf, array in zip(leaves, is_array, strict=True) if array)
    return arrays, Static((structure, others))


def joined(arrays: Sequence[Any], rest: Static) -> Any:
    """Return the pytree that was `parted`."""
    structure, others = rest.value
    remaining = iter(arrays)
    leaves = [next(remaining) if other is _ARRAY else other for other in others]
    return jax.tree.unflatten(structure, leaves)
