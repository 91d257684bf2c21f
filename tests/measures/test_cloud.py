"""Where examples lie: against float64, invariances, and where there is no direction."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probekit import measures
from probekit.errors import OptionError, ShapeError
from probekit.testing import strategies
from tests.reference import oracles
from tests.reference.tolerances import SCORE

RANGES = {
    "magnitude": (0, np.inf),
    "concentricity": (-1, 1),
    "uniformity": (-8, 0),
    "anisotropy": (-1, 1),
    "self_clustering": (-1, 1),
}
MEASURES = list(RANGES)
SHAPE = ((16, 4),)


def cloud(examples=40, units=6, offset=0.5):
    generator = np.random.default_rng(0)
    return np.float32(generator.normal(size=(examples, units)) + offset)


@pytest.mark.parametrize("offset", [0.0, 0.5, 1e4])
@pytest.mark.parametrize("measure", MEASURES)
def test_against_the_formula(measure, offset):
    x = cloud(offset=offset)
    wanted = getattr(oracles, measure)(None, None, x, None)
    np.testing.assert_allclose(getattr(measures, measure)(x), wanted, rtol=1e-5, atol=SCORE)


@pytest.mark.parametrize("measure", MEASURES[1:])
@pytest.mark.parametrize("scale", [1e-25, 1e25])
def test_scale_does_not_matter(measure, scale):
    x = cloud()
    function = getattr(measures, measure)
    assert float(function(np.float32(x * scale))) == pytest.approx(float(function(x)), abs=SCORE)


def test_large_magnitudes_do_not_overflow():
    assert float(measures.magnitude(np.float32([[3e30, 4e30]]))) == pytest.approx(5e30)
    assert float(measures.magnitude(np.float32([[3e-30, 4e-30]]))) == pytest.approx(5e-30)


@pytest.mark.slow
@pytest.mark.parametrize("measure", MEASURES)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_in_range(measure, data):
    found = float(getattr(measures, measure)(data.draw(strategies.representations(shapes=SHAPE))))
    low, high = RANGES[measure]
    assert np.isnan(found) or low <= found <= high


def test_what_has_no_direction():
    x = cloud()
    x[3] = 0
    for name in ("uniformity", "anisotropy", "self_clustering"):
        assert np.isnan(getattr(measures, name)(x))
    kept = np.delete(x, 3, axis=0)
    mean = x.mean(axis=0)
    wanted = kept @ mean / np.linalg.norm(kept, axis=1) / np.linalg.norm(mean)
    assert float(measures.concentricity(x)) == pytest.approx(wanted.mean(), abs=SCORE)
    for balanced in (np.zeros((4, 3)), [[1.0, 2.0], [-1.0, -2.0]]):
        assert np.isnan(measures.concentricity(balanced))
        assert float(measures.magnitude(balanced)) == 0


def test_ends_of_the_range():
    alike = np.tile(np.float32([[0.3, -2.0, 5.0]]), (5, 1))
    assert float(measures.concentricity(alike)) == pytest.approx(1)
    assert float(measures.uniformity(alike)) == pytest.approx(0, abs=1e-6)
    assert float(measures.anisotropy(alike)) == pytest.approx(1)
    assert float(measures.self_clustering(alike)) == pytest.approx(1)


@pytest.mark.slow  # nearly all of it is compiling for other shapes
def test_directions_that_are_as_far_apart_as_can_be():
    corners = np.eye(3) - 1 / 3  # of a triangle
    assert float(measures.anisotropy(corners)) == pytest.approx(-1 / 2)
    assert float(measures.self_clustering(np.eye(3))) == pytest.approx(-1 / 2)


@pytest.mark.slow
def test_directions_at_random_do_not_cluster():
    x = cloud(examples=2000, units=8, offset=0)
    assert float(measures.self_clustering(x)) == pytest.approx(0, abs=0.01)
    assert float(measures.anisotropy(x)) == pytest.approx(0, abs=0.01)
    assert np.isnan(measures.self_clustering(x[:, :1]))  # two directions, whatever there is


def other_view():
    return cloud() + np.float32(0.3) * np.random.default_rng(1).normal(size=(40, 6))


@pytest.mark.parametrize("power", [2.0, pytest.param(1.0, marks=pytest.mark.slow)])
def test_pairs_against_the_formula(power):
    x, y = cloud(), np.float32(other_view())
    found = float(measures.pair_alignment(x, 1e25 * y, power=power))
    wanted = oracles.pair_alignment(None, None, x, y, power=power)
    assert found == pytest.approx(wanted, abs=SCORE)
    assert float(measures.pair_alignment(x, -x, power=power)) == pytest.approx(2**power)
    padded = np.pad(y[:, :4], ((0, 0), (0, 2)))
    narrow, zeros = (float(measures.pair_alignment(x, z, power=power)) for z in (y[:, :4], padded))
    assert narrow == pytest.approx(zeros, abs=SCORE)


def test_pairs_need_a_power_and_the_same_examples():
    with pytest.raises(OptionError, match="power=0: must be greater than 0"):
        measures.pair_alignment(cloud(), cloud(), power=0)
    with pytest.raises(ShapeError, match="y: 39 examples; x has 40"):
        measures.pair_alignment(cloud(), cloud()[1:])
    for constant in (np.full((40, 6), 3.3), np.zeros((40, 6))):
        assert np.isnan(measures.pair_alignment(cloud(), constant))
    spoilt = cloud()
    spoilt[3] = 0  # it has no direction, and is left out
    left_out, without = (
        float(measures.pair_alignment(cloud()[rows], spoilt[rows] + (spoilt[rows] != 0)))
        for rows in (np.arange(40), np.delete(np.arange(40), 3))
    )
    assert left_out == pytest.approx(without, abs=SCORE)
    spoilt[3, 1] = np.nan
    assert np.isnan(measures.pair_alignment(cloud(), spoilt))


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_gives_nan(measure, value):
    x = cloud()
    x[7, 2] = value
    assert np.isnan(getattr(measures, measure)(x))


def test_a_pair_has_two_examples():
    with pytest.raises(ShapeError, match="x: 1 examples; at least 2 are needed"):
        measures.uniformity(cloud(examples=1))
