"""A pytree as one vector per dtype, and back."""

import jax
import numpy as np
import pytest

from probekit.running.packing import Packing

TREE = {
    "count": np.float32(3),
    "index": np.arange(4, dtype=np.int32),
    "there": np.array([[True], [False]]),
    "x": np.arange(6, dtype=np.float32).reshape(2, 3),
    "last": (np.array([7, 8], np.int32), np.zeros((0, 2), np.float32)),
}
PACKING = Packing.of(TREE)


def test_what_is_packed_comes_back_bit_for_bit():
    packed = PACKING.pack(TREE)
    lengths = {name: len(vector) for name, vector in packed.items()}
    assert lengths == {"float32": 7, "int32": 6, "bool": 2}
    assert sum(vector.nbytes for vector in packed.values()) == PACKING.nbytes
    found = PACKING.unpack(packed)
    assert jax.tree.structure(found) == jax.tree.structure(TREE)
    for leaf, expected in zip(jax.tree.leaves(found), jax.tree.leaves(TREE), strict=True):
        assert (leaf.dtype, leaf.shape) == (expected.dtype, expected.shape)
        np.testing.assert_array_equal(leaf, expected)


@pytest.mark.parametrize("lead", [(2,), (2, 3)])
def test_axes_before_that_of_the_vectors_lead(lead):
    shapes = PACKING.shapes(*lead)
    packed = {
        name: np.broadcast_to(vector, (*lead, len(vector)))
        for name, vector in PACKING.pack(TREE).items()
    }
    assert {name: (array.shape, array.dtype) for name, array in packed.items()} == {
        name: (shape.shape, shape.dtype) for name, shape in shapes.items()
    }
    for leaf, expected in zip(
        jax.tree.leaves(PACKING.unpack(packed)), jax.tree.leaves(TREE), strict=True
    ):
        np.testing.assert_array_equal(leaf, np.broadcast_to(expected, (*lead, *expected.shape)))
