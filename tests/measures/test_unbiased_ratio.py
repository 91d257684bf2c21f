"""The debiased participation ratio: from its definition, on average, where it cannot be told."""

import itertools

import numpy as np
import pytest

from probekit import measures
from probekit.errors import OptionError, ShapeError
from tests.reference import oracles


def draw(n, units, seed=0, offset=0.0):
    x = np.random.default_rng(seed).normal(size=(n, units)) * (1 + np.arange(units) % 3)
    return np.float32(np.round(x * 256) / 256 + offset)


def by_definition(x, sampled_units):
    """Products of four different examples, and perhaps of two different units."""
    x = np.float64(x)
    quads = np.array(list(itertools.permutations(range(len(x)), 4)))
    a, b, c, d = (x[quads[:, place]] for place in range(4))
    one, two = (a - b) * (a - b) / 2, (c - d) * (c - d) / 2
    both = (a - b) * (c - d) / 2
    above = one.sum(axis=1) * two.sum(axis=1)
    below = both.sum(axis=1) ** 2
    if sampled_units:
        above = above - (one * two).sum(axis=1)
        below = below - (both * both).sum(axis=1)
    return above.mean() / below.mean()


@pytest.mark.parametrize("sampled_units", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_from_its_definition(sampled_units):
    x = draw(9, 4)
    found = measures.participation_ratio(x, debiased=True, sampled_units=sampled_units)
    np.testing.assert_allclose(found, by_definition(x, sampled_units), rtol=1e-4)
    far = measures.participation_ratio(x + 512, debiased=True, sampled_units=sampled_units)
    np.testing.assert_allclose(far, found, rtol=1e-4)


@pytest.mark.slow
def test_by_distances():
    x = draw(40, 5)
    wanted = oracles.participation_ratio(None, None, x, None, debiased=True)
    np.testing.assert_allclose(measures.participation_ratio(x, debiased=True), wanted, rtol=1e-4)


@pytest.mark.slow
def test_on_average_it_is_that_of_all():
    few = [draw(40, 30, seed) for seed in range(30)]
    variances = np.array([1.0, 4.0, 9.0] * 10)
    whole = variances.sum() ** 2 / (variances**2).sum()
    debiased = np.mean([measures.participation_ratio(x, debiased=True) for x in few])
    plain = np.mean([measures.participation_ratio(x) for x in few])
    assert abs(debiased - whole) < 0.5
    assert plain < whole - 5
    half = [measures.participation_ratio(x[:, :15], debiased=True) for x in few]
    assert np.mean(half) < 0.6 * whole


def test_there_is_none_of_what_is_constant_or_not_finite_or_of_too_few():
    assert np.isnan(measures.participation_ratio(np.full((9, 4), 3.3), debiased=True))
    spoilt = draw(9, 4)
    spoilt[3, 1] = np.nan
    assert np.isnan(measures.participation_ratio(spoilt, debiased=True))
    corners = np.eye(9)  # no two differences of different examples have anything in common
    assert np.isnan(measures.participation_ratio(corners, debiased=True))


@pytest.mark.parametrize("size", [60, 200, 300, 500, 2000])
def test_beside_one_example_far_out_it_is_right_or_undefined(size):
    x = draw(24, 5)
    x[3] *= np.float32(size)
    k = np.float64(x) - np.float64(x).mean(axis=0)
    k = k @ k.T
    squares, f = (k.diagonal() ** 2).sum() * 24 / 22, 1 / (23 * 22)
    below = (k**2).sum() - squares + f * np.trace(k) ** 2
    above = np.trace(k) ** 2 - squares + f * (2 * (k**2).sum() - np.trace(k) ** 2)
    found = float(measures.participation_ratio(x, debiased=True))
    assert np.isnan(found) or found == pytest.approx(above / below, rel=1.5e-3)
    assert np.isnan(found) == (size > 400)


def test_errors():
    with pytest.raises(ShapeError, match=r"x: 3 examples; at least 4"):
        measures.participation_ratio(draw(3, 4), debiased=True)
    with pytest.raises(ShapeError, match=r"x: 1 unit; at least 2"):
        measures.participation_ratio(draw(9, 1), debiased=True, sampled_units=True)
    with pytest.raises(OptionError, match=r"sampled_units=True: it is for debiased=True"):
        measures.participation_ratio(draw(9, 4), sampled_units=True)


@pytest.mark.parametrize("size", [1e-30, 1e-12, 1e11, 1e15, 1e30])
def test_any_size(size):
    """Fourth powers of units are in range."""
    x = np.random.default_rng(1).normal(size=(50, 3)) @ np.ones((3, 12)) + draw(50, 12)
    expected = measures.participation_ratio(x, debiased=True, sampled_units=True)
    found = measures.participation_ratio(np.float32(x * size), debiased=True, sampled_units=True)
    assert float(found) == pytest.approx(float(expected), rel=1e-3)
