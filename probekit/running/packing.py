"""A pytree as one vector per dtype, and back.

Every array that a compiled loop hands out row by row costs a piece of code to compile. The states
of five layers are some sixty arrays; packed they are five.
"""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from probekit._shapes import struct


@dataclasses.dataclass(frozen=True)
class Packing:
    """How a pytree of arrays is laid out.

    Attributes
    ----------
    structure : PyTreeDef
    leaves : tuple of (dtype name, shape, start)
        Where each array lies in the vector of its dtype.
    """

    structure: Any
    leaves: tuple[tuple[str, tuple[int, ...], int], ...]

    @classmethod
    def of(cls, shapes: Any) -> "Packing":
        """Lay out a pytree of `jax.ShapeDtypeStruct`."""
        parts, structure = jax.tree.flatten(shapes)
        ends: dict[str, int] = {}
        leaves = []
        for part in parts:
            name = str(part.dtype)
            start = ends.get(name, 0)
            leaves.append((name, tuple(part.shape), start))
            ends[name] = start + math.prod(part.shape)
        return cls(structure, tuple(leaves))

    def shapes(self, *lead: int) -> dict[str, jax.ShapeDtypeStruct]:
        """Return the shapes of what `pack` returns, with these leading axes."""
        ends: dict[str, int] = {}
        for name, shape, start in self.leaves:
            ends[name] = start + math.prod(shape)
        return {name: struct((*lead, end), jnp.dtype(name)) for name, end in ends.items()}

    @property
    def nbytes(self) -> int:
        """Size of the packed tree."""
        return sum(np.dtype(name).itemsize * math.prod(shape) for name, shape, _ in self.leaves)

    def pack(self, tree: Any) -> dict[str, jax.Array]:
        """Return a vector for each dtype; traceable."""
        pieces: dict[str, list[jax.Array]] = {}
        for (name, _, _), leaf in zip(self.leaves, jax.tree.leaves(tree), strict=True):
            pieces.setdefault(name, []).append(leaf.reshape(-1))
        return {name: jnp.concatenate(vectors) for name, vectors in pieces.items()}

    def unpack(self, packed: Mapping[str, Any]) -> Any:
        """Return the tree; axes before that of the vectors lead in every array."""
        leaves = []
        for name, shape, start in self.leaves:
            vector = packed[name]
            piece = vector[..., start : start + math.prod(shape)]
            leaves.append(piece.reshape(*vector.shape[:-1], *shape))
        return jax.tree.unflatten(self.structure, leaves)
