"""What a stranger's statistic need not have, and which ones are kept for those asked for."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np

from probekit.statistics import (
    CrossKernel,
    FoldGroups,
    FoldMoments,
    MappedGroups,
    Moments,
    Statistic,
    empty_state,
    is_mergeable,
    is_numbered,
    memory_of,
    shape_of,
    shared,
    state_of,
)


@dataclasses.dataclass(frozen=True)
class Bare:
    """No subclass: the two functions that there must be, and an option."""

    times: int = 1

    def init(self, x, y):
        return jnp.zeros(x.shape[1], x.dtype)

    def update(self, state, x, y, *, weight, index):
        return state + self.times * (weight @ x)


@dataclasses.dataclass(frozen=True)
class Own(Statistic):
    """One that says nothing of sharing."""

    times: int = 1


def test_two_functions_are_enough():
    assert (memory_of(Bare()), is_mergeable(Bare()), is_numbered(Bare())) == ("fixed", True, False)
    np.testing.assert_array_equal(state_of(Bare(), np.ones((4, 2), np.float32)), [4, 4])


def test_only_equals_are_shared_unless_a_statistic_says_otherwise():
    for one, again, other in ((Bare(1), Bare(1), Bare(2)), (Own(1), Own(1), Own(2))):
        kept = shared([one, Moments(), again, other])
        assert kept[one] is kept[again] is one
        assert kept[other] is other


def test_those_of_folds_say_that_numbers_matter():
    groups = FoldGroups(groups=2)
    numbered = (FoldMoments(), groups, MappedGroups(moments=groups, columns=jnp.abs))
    assert all(map(is_numbered, numbered))


def test_an_empty_state_can_be_donated():
    x, y = np.zeros((8, 3)), np.zeros((8, 1))  # float64, which JAX makes float32 of
    leaves = jax.tree.leaves(empty_state(CrossKernel(), shape_of(x), shape_of(y)))
    assert len({leaf.unsafe_buffer_pointer() for leaf in leaves}) == len(leaves)
    assert {leaf.dtype for leaf in leaves} == {jnp.dtype(jnp.float32)}
    assert empty_state(Bare(), shape_of(x), shape_of(y)).dtype == jnp.float32
