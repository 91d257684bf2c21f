"""The laws of the monoid, for every statistic, on data that is hard on float32."""

from functools import partial, reduce

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probekit.measures.patterns import PatternColumns
from probekit.measures.rdm import DEFAULT_PRIOR
from probekit.statistics import (
    BitGroups,
    ConditionMoments,
    CrossKernel,
    Examples,
    FoldGroups,
    FoldMoments,
    GroupExamples,
    GroupMoments,
    KeptGroups,
    LabelledExamples,
    MappedGroups,
    Moments,
    OutputDifferences,
    ParityMoments,
    Rows,
    memory_of,
    shape_of,
    state_of,
)
from probekit.testing import strategies

STATISTICS = [
    Moments(),
    Moments(xx="diagonal", yy="none", xy=False),
    CrossKernel(),
    Examples(capacity=6),
    Rows(examples=16),
    GroupExamples(groups=3, capacity=4),
    GroupMoments(groups=3),
    GroupMoments(groups=3, within="full"),
    GroupMoments(groups=3, within="each"),
    LabelledExamples(groups=3, capacity=6),
    FoldMoments(folds=2, xx="diagonal"),
    FoldGroups(groups=3, folds=2),
    KeptGroups(moments=FoldGroups(groups=3, folds=2), capacity=6),
    MappedGroups(
        moments=FoldGroups(groups=3, folds=2, xx="diagonal"),
        columns=PatternColumns("cosine", DEFAULT_PRIOR),
    ),
    ParityMoments(),
    BitGroups(),
    ConditionMoments(conditions=3, in_a_row=2),
    OutputDifferences(),
]
ids = {"ids": repr}

update = partial(jax.jit, static_argnums=0)(
    lambda statistic, state, x, y, weight, index: statistic.update(
        state, x, y, weight=weight, index=index
    )
)
merge = partial(jax.jit, static_argnums=0)(lambda statistic, a, b: statistic.merge(a, b))


def empty(statistic, x, y):
    return statistic.init(shape_of(x), shape_of(y))


def of(statistic, x, y, weight):
    index = np.arange(len(x), dtype=np.int32)
    return update(statistic, empty(statistic, x, y), x, y, weight, index)


def assert_same(a, b, x):
    """Equal to rounding, in the scale of each sum; what is empty or NaN in both is equal."""
    size = np.nanmax(np.abs(x.astype(float)), initial=0)
    spread = np.nanmax(np.abs(x - np.nanmean(x, axis=0)), initial=0) + 1
    for first, second in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
        first, second = np.asarray(first, float), np.asarray(second, float)
        # Sums are of order n spread^p with p up to 4; compare in units of the largest entry.
        largest = np.nanmax(np.abs(first), initial=0)
        atol = 1e-5 * largest + 4e-7 * size * min(spread, 1) + 1e-6 * len(x)
        np.testing.assert_allclose(first, second, rtol=0, atol=atol)


@pytest.mark.parametrize("statistic", STATISTICS, **ids)
@settings(max_examples=15)
@given(data=st.data())
def test_batches_in_any_order_equal_the_whole(statistic, data):
    x = data.draw(strategies.representations(shapes=((16, 4),), scales=(1.0,)))
    y = data.draw(strategies.features(16, columns=1)).astype(np.float32)
    weight = data.draw(strategies.weights(16))
    masks = data.draw(strategies.cuts(16))
    parts = [of(statistic, x, y, weight * mask) for mask in masks]
    whole = of(statistic, x, y, weight)
    forwards = reduce(partial(merge, statistic), parts)
    backwards = reduce(partial(merge, statistic), parts[::-1])
    assert_same(forwards, whole, x)
    assert_same(backwards, whole, x)
    again = merge(statistic, parts[0], merge(statistic, parts[1], parts[2]))
    assert_same(again, whole, x)


@pytest.mark.parametrize("statistic", STATISTICS, **ids)
def test_the_identity_changes_no_bit(statistic):
    x = np.random.default_rng(0).normal(size=(16, 4)).astype(np.float32) + 100
    y = np.float32(np.arange(16) % 3)[:, None]
    state, none = of(statistic, x, y, np.ones(16, np.float32)), empty(statistic, x, y)
    for merged in (merge(statistic, state, none), merge(statistic, none, state)):
        for a, b in zip(jax.tree.leaves(merged), jax.tree.leaves(state), strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("statistic", STATISTICS, **ids)
def test_the_absent_are_not_seen(statistic):
    x = np.random.default_rng(0).normal(size=(16, 4)).astype(np.float32)
    y = np.float32(np.arange(16) % 3)[:, None]
    weight = np.ones(16, np.float32)
    weight[[2, 9]] = 0
    spoilt_x, spoilt_y = x.copy(), y.copy()
    spoilt_x[2], spoilt_x[9, 0], spoilt_y[9] = np.inf, np.nan, np.nan
    clean = of(statistic, x, y, weight)
    spoilt = of(statistic, spoilt_x, spoilt_y, weight)
    for a, b in zip(jax.tree.leaves(clean), jax.tree.leaves(spoilt), strict=True):
        assert np.isfinite(a).all()
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    "statistic", [one for one in STATISTICS if memory_of(one) == "fixed"], **ids
)
def test_weight_2_counts_as_two_examples(statistic):
    x = np.random.default_rng(0).normal(size=(16, 4)).astype(np.float32)
    y = np.float32(np.arange(16) % 3)[:, None]
    twice = [1, 4, 11]
    weight = np.ones(16, np.float32)
    weight[twice] = 2
    rows = np.concatenate([np.arange(16), twice]).astype(np.int32)
    start, ones = empty(statistic, x, y), np.ones(len(rows), np.float32)
    assert_same(
        of(statistic, x, y, weight), update(statistic, start, x[rows], y[rows], ones, rows), x
    )


@pytest.mark.parametrize("dtype", [np.float16, jax.numpy.bfloat16, np.int32, bool])
def test_narrow_types_are_summed_in_float32(dtype):
    statistic = Moments()
    x = np.random.default_rng(0).normal(size=(16, 4)).astype(np.float32).round(2).astype(dtype)
    y = np.float32(np.arange(16) % 3)[:, None]
    narrow = of(statistic, x, y, np.ones(16, np.float32))
    wide = of(statistic, x.astype(np.float32), y, np.ones(16, np.float32))
    for a, b in zip(jax.tree.leaves(narrow), jax.tree.leaves(wide), strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("statistic", STATISTICS, **ids)
def test_float64_is_kept_where_it_is_enabled(statistic):
    """What float32 would round away is seen."""
    generator = np.random.default_rng(0)
    x, y = generator.normal(size=(16, 4)), np.float32(np.arange(16) % 3)[:, None]
    with jax.enable_x64(True):
        states = [
            of(statistic, z, y, np.ones(16, np.float32))
            for z in (x, x + 1e-12 * generator.normal(size=x.shape))
        ]
        one, other = (jax.device_get(jax.tree.leaves(state)) for state in states)
        start = jax.tree.leaves(empty(statistic, x, y))
    assert [*map(shape_of, one)] == [*map(shape_of, start)]
    assert any((a != b).any() for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("statistic", STATISTICS, **ids)
def test_strict_about_dtypes_and_ranks(statistic):
    def both(x, y):
        state = state_of(statistic, x, y)
        return statistic.merge(state, state)

    x, y = jax.numpy.ones((16, 4)), jax.numpy.zeros((16, 1))
    with jax.numpy_dtype_promotion("strict"), jax.numpy_rank_promotion("raise"):
        jax.eval_shape(both, x, y)
