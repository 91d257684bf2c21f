"""The statistics beside moments against plain NumPy."""

from functools import partial, reduce

import jax
import numpy as np
import pytest

from probekit.errors import OptionError
from probekit.statistics import (
    BitGroups,
    ConditionMoments,
    CrossKernel,
    Examples,
    FoldGroups,
    GroupExamples,
    GroupMoments,
    KeptGroups,
    LabelledExamples,
    MappedGroups,
    OutputDifferences,
    ParityMoments,
    Rows,
)
from probekit.statistics import state_of as state_of_eagerly
from probekit.statistics.groups import group_of, label_of
from probekit.statistics.outputs import divergence_in_bits

state_of = jax.jit(state_of_eagerly, static_argnums=0)
update = jax.jit(
    lambda statistic, state, x, y, weight: statistic.update(state, x, y, weight=weight),
    static_argnums=0,
)


@pytest.mark.parametrize("offset", [0.0, 1e3])
@pytest.mark.parametrize("batches", [1, 5])
def test_cross_kernel(offset, batches):
    generator = np.random.default_rng(0)
    x = np.float32(offset + generator.normal(size=(30, 4)))
    y = np.float32(offset + x[:, :3] ** 2 / 100 + generator.normal(size=(30, 3)))
    weight = generator.integers(1, 3, 30).astype(np.float32)
    statistic = CrossKernel()
    state = statistic.init(x, y)
    for rows in np.array_split(np.arange(30), batches):
        state = update(statistic, state, x[rows], y[rows], weight[rows])
    a, b, w = x.astype(float), y.astype(float), weight.astype(float)
    a, b = a - np.average(a, axis=0, weights=w), b - np.average(b, axis=0, weights=w)
    k, m = (a**2).sum(axis=1), (b**2).sum(axis=1)
    for name, wanted in {
        "kk": (w * k * k).sum(),
        "kl": (w * k * m).sum(),
        "ll": (w * m * m).sum(),
        "xk": (w * k) @ a,
        "xl": (w * m) @ a,
        "yk": (w * k) @ b,
        "yl": (w * m) @ b,
    }.items():
        atol = 1e-5 * np.max(np.abs(wanted))
        np.testing.assert_allclose(getattr(state, name), wanted, atol=atol, err_msg=name)


def test_cross_kernel_of_many_weights():
    """XLA made garbage of products with the zeros of a state of no examples."""
    x, y = np.random.default_rng(0).normal(size=(2, 30, 70)).astype(np.float32)
    weights = np.random.default_rng(1).integers(0, 2, (8, 30)).astype(np.float32)

    def kk(weight):
        return state_of_eagerly(CrossKernel(), x, y, weight=weight).kk

    one_by_one = [state_of(CrossKernel(), x, y, weight=weight).kk for weight in weights]
    np.testing.assert_allclose(jax.jit(jax.vmap(kk))(weights), one_by_one, rtol=1e-5)


def chosen(state):
    return np.asarray(state.index)[np.asarray(state.present)].tolist()


def test_examples_depend_on_the_numbers_alone():
    x = np.arange(300.0, dtype=np.float32)[:, None]
    order = np.random.default_rng(0).permutation(300)
    straight = state_of(Examples(capacity=32), x, -x)
    shuffled = state_of(Examples(capacity=32), x[order], -x[order], index=order)
    assert chosen(straight) == chosen(shuffled)
    np.testing.assert_array_equal(straight.x[:, 0], straight.index)
    np.testing.assert_array_equal(straight.y[:, 0], -straight.index)


def test_examples_are_spread_over_the_data():
    """A choice by hash is as good as random: each tenth of the data gives about a tenth of it."""
    x = np.zeros((20_000, 1), np.float32)
    picked = np.array(chosen(state_of(Examples(capacity=2000), x)))
    counts = np.histogram(picked, bins=10, range=(0, 20_000))[0]
    assert len(set(picked)) == 2000
    assert (np.abs(counts - 200) < 5 * np.sqrt(200)).all()
    assert abs((picked % 2).mean() - 0.5) < 0.06


def test_fewer_examples_than_places():
    x = np.arange(5.0, dtype=np.float32)[:, None]
    state = state_of(Examples(capacity=8), x)
    assert sorted(chosen(state)) == [0, 1, 2, 3, 4]
    assert state.index[5:].tolist() == [-1, -1, -1]
    assert float(state.count) == 5


def test_absent_examples_take_no_place():
    """Not even where examples with larger hashes than theirs are left over."""
    x, weight = np.arange(40.0, dtype=np.float32)[:, None], np.arange(40) % 2
    state = state_of(Examples(capacity=20), x, weight=weight.astype(np.float32))
    assert sorted(state.index.tolist()) == list(range(1, 40, 2))


def test_the_head_is_what_a_smaller_capacity_keeps():
    x = np.arange(100.0, dtype=np.float32)[:, None]
    large, small = (state_of(Examples(capacity=c), x) for c in (40, 10))
    assert chosen(large.head(10)) == chosen(small)


@pytest.mark.parametrize("bad", ["x", "y"])
def test_a_bad_value_is_noticed_even_if_its_example_is_not_kept(bad):
    arrays = {"x": np.zeros((200, 2), np.float32), "y": np.zeros((200, 2), np.float32)}
    statistic = Examples(capacity=4)
    kept = chosen(state_of(statistic, **arrays))
    lost = next(number for number in range(200) if number not in kept)
    arrays[bad][lost, 1] = np.nan
    whole, none = state_of(statistic, **arrays), statistic.init(*arrays.values())
    for state in (whole, statistic.merge(whole, none), statistic.merge(none, whole)):
        assert state.x_finite.tolist() == [True, bad != "x"]
        assert state.y_finite.tolist() == [True, bad != "y"]
        assert not bool(state.finite())
        assert bool(statistic.select(state, **{bad: np.array([0])}).finite())


def test_weights_are_counted_of_all_examples():
    """Also of those that are not kept, and of the absent nothing."""
    weight = np.float32(np.arange(40) % 3)
    state = state_of(Examples(capacity=4), np.ones((40, 1)), weight=weight)
    assert float(state.count) == weight.sum()
    assert set(state.weight.tolist()) <= {1, 2}


@pytest.mark.parametrize("offset", [500, 1e6])
def test_group_moments(offset):
    generator = np.random.default_rng(0)
    x = np.float32(offset + generator.normal(size=(60, 3)))
    group = generator.integers(0, 4, 60)
    statistic = GroupMoments(groups=5, within="full")
    state = statistic.init(x, group[:, None])
    for rows in np.array_split(np.arange(60), 4):
        weight = np.ones(len(rows), np.float32)
        state = update(statistic, state, x[rows], np.float32(group[rows, None]), weight)
    wide = x.astype(float)
    means = np.stack([wide[group == g].mean(axis=0) for g in range(4)])
    assert state.count.tolist() == [*np.bincount(group, minlength=4), 0]
    np.testing.assert_allclose(state.mean[:4], means, rtol=1e-6)
    rest = wide - means[group]
    np.testing.assert_allclose(state.within, rest.T @ rest, rtol=1e-5, atol=5e-5)


@pytest.mark.parametrize(("conditions", "in_a_row"), [(4, 1), (4, 5), (3, 7), (1, 1)])
def test_condition_moments(conditions, in_a_row):
    generator = np.random.default_rng(0)
    x, y = (np.float32(500 + generator.normal(size=(60, d))) for d in (3, 2))
    number = np.arange(60)
    of_each = number // in_a_row % conditions
    order = generator.permutation(60)
    statistic = ConditionMoments(conditions=conditions, in_a_row=in_a_row)
    state = state_of(statistic, x[order], y[order], index=number[order])
    for condition in range(conditions):
        a, b = (np.float64(z[of_each == condition]) for z in (x, y))
        assert float(state.count[condition]) == len(a)
        mean = np.float64(state.x_mean[condition]) + np.float64(state.x_rest[condition])
        np.testing.assert_allclose(mean, a.mean(axis=0), rtol=1e-12)
        wanted = np.cov(a.T, b.T) * (len(a) - 1)
        np.testing.assert_allclose(state.xx[condition], wanted[:3, :3], rtol=1e-5, atol=2e-5)
        np.testing.assert_allclose(state.xy[condition], wanted[:3, 3:], rtol=1e-5, atol=2e-5)
        np.testing.assert_allclose(state.yy[condition], wanted[3:, 3:], rtol=1e-5, atol=2e-5)


def test_conditions_in_any_order():
    x, labels = np.float32(np.random.default_rng(0).normal(size=(12, 2))), (7, -3, 7, 7, -3, 5)
    state = state_of(ConditionMoments(conditions=labels), x)
    kinds, codes = np.unique(labels * 2, return_inverse=True)
    assert state.count.tolist() == np.bincount(codes).tolist()
    of_numpy = state_of(ConditionMoments(conditions=tuple(np.int64(labels))), x)
    jax.tree.map(np.testing.assert_array_equal, of_numpy, state)
    means = [x[codes == code].mean(axis=0) for code in range(len(kinds))]
    np.testing.assert_allclose(state.x_mean, means, atol=1e-6)


def test_columns_of_classes_are_groups_and_absent_rows_of_them_are_none():
    x = np.float32([[1], [3], [8], [9]])
    columns = np.float32([[0, 1, 0], [0, 1, 0], [1, 0, 0], [np.nan, 1, 0]])
    labels = np.float32([[1], [1], [0], [np.nan]])
    weight = np.float32([1, 2, 1, 0])
    for statistic in (
        GroupMoments(groups=3),
        GroupExamples(groups=3, capacity=2),
        LabelledExamples(groups=3, capacity=4),
        FoldGroups(groups=3),
        KeptGroups(moments=FoldGroups(groups=3), capacity=4),
    ):
        of_columns, of_labels = (
            jax.device_get(state_of(statistic, x, y, weight=weight)) for y in (columns, labels)
        )
        jax.tree.map(np.testing.assert_array_equal, of_columns, of_labels)
        assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(of_columns))


@pytest.mark.parametrize("row", [[1, 1], [0, 0], [0.5, 1], [-1, 1], [np.nan, 1]])
def test_a_row_that_is_not_of_one_class_is_of_no_group(row):
    assert np.isnan(label_of(np.float32([row]))[0])


OF_EDGES = [
    partial(GroupMoments, groups=2),
    partial(GroupExamples, groups=2),
    partial(LabelledExamples, groups=2),
    partial(FoldGroups, groups=2),
    lambda edges: KeptGroups(moments=FoldGroups(groups=2, edges=edges)),
    lambda edges: MappedGroups(moments=FoldGroups(groups=2, edges=edges), columns=jax.numpy.square),
]


@pytest.mark.parametrize("make", OF_EDGES)
def test_groups_by_their_edges_are_groups(make):
    x = np.float32(np.random.default_rng(0).normal(size=(4, 2)))
    values, groups = np.float32([[0.5], [1], [7], [-3]]), np.float32([[0], [1], [1], [0]])
    found = state_of(make(edges=((1.0,), (5.0,))), x, values)
    jax.tree.map(np.testing.assert_array_equal, found, state_of(make(edges=()), x, groups))


@pytest.mark.parametrize("make", OF_EDGES)
def test_each_feature_has_its_own_edges(make):
    first, second = (1.0,), (5.0,)
    assert make(edges=(first, second)).of_feature(0) == make(edges=(first,))
    assert make(edges=(first, second)).of_feature(1) == make(edges=(second,))


@pytest.mark.parametrize("label", [2.0, -1.0, 0.5, np.nan])
def test_an_unknown_group_spoils_the_state(label):
    state = state_of(GroupMoments(groups=2), np.ones((3, 2)), np.array([[0.0], [1.0], [label]]))
    assert np.isnan(state.mean).all()
    kept = state_of(
        LabelledExamples(groups=2, capacity=3), np.ones((3, 2)), [[0.0], [1.0], [label]]
    )
    assert not bool(kept.finite())
    assert np.isnan(kept.y).sum() == 1


@pytest.mark.parametrize(
    ("x", "label"), [(1, 2), (1, -1), (1, 0.5), (1, np.nan), (np.nan, 0), (np.inf, 1)]
)
def test_what_cannot_be_kept_of_a_group_is_noted(x, label):
    """Whichever of two states has seen it, and however many of its group are kept."""
    statistic = GroupExamples(groups=2, capacity=2)
    bad = state_of(statistic, np.float32([[1], [x]]), np.float32([[0], [label]]))
    good = state_of(statistic, np.float32([[1], [2]]), np.float32([[0], [1]]), index=np.arange(2))
    assert not bool(bad.finite)
    assert bool(good.finite)
    assert not bool(statistic.merge(bad, good).finite)
    assert not bool(statistic.merge(good, bad).finite)
    if label not in (0, 1):
        assert bad.index.tolist() == [[0, -1], [-1, -1]]


def test_examples_of_a_group_are_those_that_are_kept_without_groups():
    x = np.arange(300, dtype=np.float32)[:, None]
    alone = state_of(Examples(capacity=20), x)
    grouped = state_of(GroupExamples(groups=2, capacity=20), x, np.ones((300, 1)))
    assert grouped.index.tolist() == [[-1] * 20, alone.index.tolist()]
    np.testing.assert_array_equal(grouped.x[1], alone.x)


def test_bits_are_set_above_0():
    bits = np.float32([[0.5, -1], [3, 0], [0, 2], [-2, -0.5]])
    clean = (bits > 0).astype(int)
    x = np.float32([[1], [2], [4], [8]])
    for statistic in (BitGroups(), ParityMoments()):
        jax.tree.map(
            np.testing.assert_array_equal,
            state_of(statistic, x, bits),
            state_of(statistic, x, clean),
        )
    bits[2, 1] = np.nan
    assert np.isnan(state_of(BitGroups(), x, bits).mean).all()
    xy = state_of(ParityMoments(), x, bits).xy  # of the first bit, the second, both
    assert np.isnan(xy).tolist() == [[False, True, True]]


def test_columns_made_of_narrow_units_are_made_in_float32():
    x, group = np.float16([[300], [301], [302]]), np.zeros((3, 1))
    statistic = MappedGroups(moments=FoldGroups(groups=1, folds=1), columns=jax.numpy.square)
    state = state_of(statistic, x, group)
    assert state.x_mean.tolist() == [np.square(np.float32(x)).mean()]  # float16 ends at 65,504


def test_scatter_within_each_group_is_that_of_the_group():
    generator = np.random.default_rng(0)
    x, group = np.float32(500 + generator.normal(size=(60, 3))), generator.integers(0, 4, 60)
    statistic = GroupMoments(groups=5, within="each")
    parts = [
        state_of(statistic, x[rows], np.float32(group[rows, None]))
        for rows in np.array_split(np.arange(60), 4)
    ]
    state = reduce(statistic.merge, parts)
    wide = x.astype(float)
    wanted = [wide[group == g].var(axis=0) * (group == g).sum() for g in range(4)]
    np.testing.assert_allclose(state.within[:4], wanted, rtol=1e-5, atol=5e-5)
    assert (np.asarray(state.within[4]) == 0).all()
    together = state_of(GroupMoments(groups=5), x, np.float32(group[:, None])).within
    np.testing.assert_allclose(together, np.sum(wanted, axis=0), rtol=1e-5)


def test_options_are_checked():
    with pytest.raises(OptionError, match=r"capacity=0: must be at least 1"):
        Examples(capacity=0)
    with pytest.raises(OptionError, match=r"groups=0: must be at least 1"):
        GroupMoments(groups=0)
    with pytest.raises(OptionError, match=r"capacity=0: must be at least 1"):
        LabelledExamples(groups=2, capacity=0)
    with pytest.raises(OptionError, match=r"groups=0: must be at least 1"):
        LabelledExamples(groups=0)
    with pytest.raises(OptionError, match=r"capacity=0: must be at least 1"):
        KeptGroups(moments=FoldGroups(groups=2), capacity=0)
    with pytest.raises(OptionError, match=r"in_a_row=0: must be at least 1"):
        ConditionMoments(conditions=2, in_a_row=0)
    for conditions in ((), (0.5, 1)):
        with pytest.raises(OptionError, match=r"conditions=.*: a whole number for each example"):
            ConditionMoments(conditions=conditions)
    assert state_of(ParityMoments(), np.ones((3, 1)), np.ones((3, 12))).y_mean.shape == (4095,)
    with pytest.raises(OptionError, match=r"bits: 13; at most 12 have few enough parities"):
        state_of(ParityMoments(), np.ones((3, 1)), np.ones((3, 13)))
    with pytest.raises(OptionError, match=r"within='diag': not a choice; did you mean 'diagonal'"):
        GroupMoments(groups=2, within="diag")


def test_rows_are_put_where_their_numbers_say():
    x = np.arange(6.0, dtype=np.float32)[:, None]
    order = np.array([4, 0, 5, 2, 7, -1])  # the last two are no examples of these five
    state = state_of(Rows(examples=5), x, index=order, weight=np.array([1, 1, 1, 0, 1, 1.0]))
    assert state.index.tolist() == [0, -1, -1, -1, 4]
    assert state.x[:, 0].tolist() == [1, 0, 0, 0, 0]
    with pytest.raises(OptionError, match=r"examples=0: must be at least 1"):
        Rows(examples=0)


def test_rows_of_two_states_and_out_of_order():
    x, statistic = np.float32([[1], [2], [3], [4]]), Rows(examples=4)
    order = np.array([0, 2, 1, 3])  # the first and the last are in their places
    whole = state_of(statistic, x, index=order)
    assert whole.x[:, 0].tolist() == [1, 3, 2, 4]
    x[2] = np.nan
    parts = [state_of(statistic, x[part], index=order[part]) for part in (slice(2), slice(2, 4))]
    for merged in (statistic.merge(*parts), statistic.merge(*parts[::-1])):
        np.testing.assert_array_equal(merged.x[:, 0], [1, np.nan, 2, 4])
        assert not bool(merged.finite())


@pytest.mark.parametrize("weight", [np.ones(6), np.array([1, 2, 0, 1, 0, 3.0])])
def test_rows_of_a_whole_batch_in_order(weight):
    """They need not be moved, and are the rows that they are when they come one by one."""
    x = np.arange(12.0, dtype=np.float32).reshape(6, 2)
    y = np.float32([[3], [1], [4], [1], [5], [np.inf]])
    whole = state_of(Rows(examples=6), x, y, weight=weight.astype(np.float32))
    there = weight > 0
    np.testing.assert_array_equal(whole.x[there], x[there])
    np.testing.assert_array_equal(whole.y[there], y[there])
    statistic = Rows(examples=6)
    state = statistic.init(x, y)
    for row in range(6):
        one = weight[[row]].astype(np.float32)
        state = statistic.update(state, x[[row]], y[[row]], weight=one, index=np.array([row]))
    jax.tree.map(np.testing.assert_array_equal, whole, state)


def test_an_absent_prediction_is_none_that_cannot_be_read():
    """Its probabilities are all 0, and a divergence of such is NaN."""
    p = np.float32([[0.9, 0.1], [0.5, 0.5]])
    q = np.float32([[0.2, 0.8], [np.nan, 0.5]])
    statistic = OutputDifferences(probabilities=True)
    without = state_of(statistic, p, q, weight=np.float32([2, 0]))
    assert float(without.count) == float(without.disagreeing) == 2
    assert np.isfinite(without.divergence)
    assert np.isnan(state_of(statistic, p, q).divergence)


def test_probabilities_need_not_sum_to_1_however_large_or_small():
    generator = np.random.default_rng(0)
    p, q = generator.uniform(0.5, 1, (2, 8, 16)).astype(np.float32)
    statistic = OutputDifferences(probabilities=True)
    wanted = state_of(statistic, p, q)
    for size in (8e37, 1e-37):  # the sum of 16 would overflow
        found = state_of(statistic, p * np.float32(size), q)
        np.testing.assert_allclose(found.divergence, wanted.divergence, rtol=1e-4)


@pytest.mark.parametrize("step", [2.0**-20, 2.0**-12, 2.0**-5, 0.25, 0.5])
def test_divergences_lose_nothing_where_terms_cancel(step):
    p, q = np.float32([[0.5, 0.5]]), np.float32([[0.5 + step, 0.5 - step]])  # without rounding
    (found,) = divergence_in_bits(p, q)
    middle, wide = (np.float64(p) + q) / 2, np.float64(np.stack([p, q]))
    logs = np.log1p((wide - middle) / middle, where=wide > 0, out=np.zeros_like(wide))
    # Of steps as small as these even float64 has 5 digits left.
    np.testing.assert_allclose(found, (wide * logs).sum() / 2 / np.log(2), rtol=1e-5)


def test_a_group_begins_at_its_edge():
    values = np.float32([-9, 1, 1.5, 2, 99, np.inf, np.nan])
    found = group_of(values, ((1.0, 2.0), (7.0,)))  # the first feature's
    np.testing.assert_array_equal(found, [0, 1, 1, 2, 2, np.nan, np.nan])
