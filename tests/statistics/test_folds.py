"""Moments of folds and groups against the moments of their examples."""

import jax
import numpy as np
import pytest

from probekit.errors import OptionError
from probekit.statistics import FoldGroups, FoldMoments, Moments, ParityMoments, shared
from probekit.statistics import state_of as state_of_eagerly
from probekit.statistics.folds import others, swapped_folds, whole
from tests.reference import oracles

state_of = jax.jit(state_of_eagerly, static_argnums=0)
without_each, together = jax.jit(others), jax.jit(whole)
GENERATOR = np.random.default_rng(4)
X = np.float32(GENERATOR.normal(size=(40, 3)) + 50)
Y = np.float32(GENERATOR.normal(size=(40, 2)))
FOLD = oracles.fold_of(range(40), 3)


def assert_moments_of(state, rows):
    x, y = (np.float64(z[rows]) for z in (X, Y))
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    assert float(state.count) == rows.sum()
    for found, wanted in ((state.xx, x.T @ x), (state.xy, x.T @ y), (state.yy, y.T @ y)):
        np.testing.assert_allclose(found, wanted, atol=1e-4)


def test_folds():
    state = jax.device_get(state_of(FoldMoments(folds=3), X, Y))
    rest = jax.device_get(without_each(state))
    for fold in range(3):
        assert_moments_of(jax.tree.map(lambda leaf, f=fold: leaf[f], state), fold == FOLD)
        assert_moments_of(jax.tree.map(lambda leaf, f=fold: leaf[f], rest), fold != FOLD)
    assert_moments_of(together(state), FOLD >= 0)
    chosen = FoldMoments(folds=3).select(state, x=np.array([2, 0]), y=np.array([1]))
    np.testing.assert_array_equal(chosen.xy, state.xy[:, [2, 0]][:, :, [1]])
    np.testing.assert_array_equal(chosen.y_mean, state.y_mean[:, [1]])


def test_named_folds_are_in_the_order_of_their_names_and_begin_anew():
    names = (7, -3, 7, 5)  # of 4 examples, and then of the next 4
    state = jax.device_get(state_of(FoldMoments(folds=names), X, Y))
    of_each = np.resize(names, 40)
    for place, name in enumerate((-3, 5, 7)):
        assert_moments_of(jax.tree.map(lambda leaf, p=place: leaf[p], state), of_each == name)
    assert len(state.count) == 3


def test_folds_with_x_and_y_exchanged():
    found, wanted = (
        jax.jit(swapped_folds)(state_of(FoldMoments(folds=3), X, Y)),
        state_of(FoldMoments(folds=3), Y, X),
    )
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(wanted), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-4)


def test_folds_are_about_equally_large():
    counts = np.bincount(oracles.fold_of(range(5000), 5))
    assert (np.abs(counts / 1000 - 1) < 0.1).all()


def test_groups_in_folds():
    labels = np.arange(40) % 4
    state = jax.device_get(state_of(FoldGroups(groups=4, folds=3), X, np.float32(labels[:, None])))
    for fold in range(3):
        for group in range(4):
            rows, place = (fold == FOLD) & (labels == group), fold * 4 + group
            count = float(state.count * state.y_mean[place])
            assert count == pytest.approx(rows.sum(), abs=1e-5)
            sums = (np.float64(X) - np.float64(X).mean(axis=0))[rows].sum(axis=0)
            np.testing.assert_allclose(state.xy[:, place], sums, atol=1e-5)
    unknown = state_of(FoldGroups(groups=3, folds=3), X, np.float32(labels[:, None]))
    assert np.isnan(unknown.xy).all()


def test_parities():
    bits = GENERATOR.integers(0, 2, (40, 3))
    state = state_of(ParityMoments(), X, np.float32(bits))
    signs, x = oracles.parities(bits), np.float64(X)
    wanted = (x - x.mean(axis=0)).T @ (signs - signs.mean(axis=0))
    np.testing.assert_allclose(state.xy, wanted, atol=1e-4)


def test_statistics_of_the_same_folds_are_shared():
    few, other = FoldMoments(xx="diagonal"), FoldMoments(yy="diagonal")
    kept = shared([few, other, FoldMoments(folds=3), Moments()])
    assert kept[few] == kept[other] == FoldMoments()
    assert len(set(kept.values())) == 3
    assert len(set(shared([FoldMoments(folds=(0, 1)), FoldMoments(folds=(1, 0))]).values())) == 2
    assert (few.by_unit, other.by_unit) == (True, False)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: FoldMoments(folds=1), r"folds=1: must be at least 2"),
        (lambda: FoldMoments(xx="ful"), r"xx='ful': not a choice"),
        (lambda: FoldMoments(yy="ful"), r"yy='ful': not a choice"),
        (lambda: FoldMoments(folds=(1, 1)), r"folds=\(1, 1\): 1 in all; give at least 2"),
        (lambda: FoldMoments(folds=(0.5, 1)), r"folds=\(0.5, 1\): whole numbers are needed"),
        (lambda: FoldGroups(groups=2, folds=(1,)), r"folds=\(1,\): 1 in all; give at least 2"),
        (lambda: FoldGroups(groups=2, xx="ful"), r"xx='ful': not a choice"),
        (lambda: FoldGroups(groups=0), r"groups=0: must be at least 1"),
        (lambda: FoldGroups(groups=2, folds=0), r"folds=0: must be at least 1"),
    ],
)
def test_bad_options_are_refused(make, message):
    with pytest.raises(OptionError, match=message):
        make()


@pytest.mark.parametrize(
    ("examples", "parts"), [(2500, 2), (2500, 37), (700, 300), (17, 40), (1, 2), (600, 600)]
)
def test_moments_of_parts_of_any_size(examples, parts):
    """Of blocks that end anywhere, of parts without examples, and of what is absent."""
    generator = np.random.default_rng(examples + parts)
    part = generator.integers(0, parts, examples) ** 2 // parts  # the first are the largest
    part[: min(2, examples)] = [0, parts - 1][: min(2, examples)]
    means = generator.normal(0, 1e3, (parts, 5))
    x = (means[part] + generator.normal(size=(examples, 5))).astype(np.float32)
    y = generator.normal(size=(examples, 2)).astype(np.float32)
    weight = generator.integers(0, 3, examples).astype(np.float32)
    hidden = np.where(weight[:, None] > 0, x, np.nan).astype(np.float32)
    statistic = FoldMoments(folds=tuple(part.tolist()) if examples > 1 else (0, 1))
    found = jax.device_get(state_of(statistic, hidden, y, weight=weight))
    for place, name in enumerate(np.unique(part)):
        own = weight * (part == name)
        assert found.count[place] == own.sum()
        if own.any():
            rows, wide = own > 0, x.astype(float)
            a = wide[rows] - np.average(wide[rows], axis=0, weights=own[rows])
            xx, xy = ((a.T * own[rows]) @ z for z in (a, y[rows].astype(float)))
            np.testing.assert_allclose(found.xx[place], xx, rtol=0, atol=1e-3 * own.sum())
            np.testing.assert_allclose(found.xy[place], xy, rtol=0, atol=1e-3 * own.sum())
            assert (abs(found.xx[place]) <= 1e4 * own.sum()).all()  # about its own mean


def test_a_bad_value_spoils_its_own_fold_alone():
    x = X.copy()
    x[5, 1] = np.nan
    state = jax.device_get(state_of(FoldMoments(folds=3), x, Y))
    good = jax.device_get(state_of(FoldMoments(folds=3), X, Y))
    for fold in range(3):
        if fold == FOLD[5]:
            assert np.isnan(state.xx[fold, 1]).all()
            assert np.isfinite(state.xx[fold, 0, 0])
        else:
            np.testing.assert_array_equal(state.xx[fold], good.xx[fold])


def test_counts_of_folds_add_up_without_drift():
    """Equal weights that are no powers of two: added up one by one, they go astray together."""
    weight = np.full(200_000, 0.1, np.float32)
    state = state_of(FoldMoments(folds=2), np.ones((200_000, 1), np.float32), weight=weight)
    fold = oracles.fold_of(range(200_000), 2)
    expected = [np.float64(weight[fold == own]).sum() for own in range(2)]
    np.testing.assert_allclose(state.count, expected, rtol=2e-6)
