"""Halves of the units, and single examples, by SciPy, at both ends, and where there is none."""

import numpy as np
import pytest

import probekit as pk
from probekit import measures
from probekit.errors import OptionError, ShapeError
from tests.reference.oracles import examples
from tests.reference.tolerances import SCORE

N, UNITS = 30, 9


def draw(seed=0):
    x = np.random.default_rng(seed).normal(size=(N, UNITS)) + 1
    return np.float32(np.round(x * 256) / 256)


@pytest.mark.parametrize("rdm", ["cosine", pytest.param("euclidean", marks=pytest.mark.slow)])
def test_by_scipy(rdm):
    found = measures.unit_split_rsa(draw(), halves=5, seed=3, rdm=rdm)
    wanted = examples.unit_split_rsa(None, None, draw(), None, halves=5, seed=3, rdm=rdm)
    np.testing.assert_allclose(found, wanted, atol=SCORE)


@pytest.mark.slow
def test_a_geometry_that_is_in_all_units_and_one_that_is_not():
    twice = np.repeat(draw()[:, :1] * [1.0, 0.3] + draw(1)[:, :2], 30, axis=1)
    assert measures.unit_split_rsa(twice) > 0.95
    alone = np.random.default_rng(0).normal(size=(60, 20))
    assert abs(measures.unit_split_rsa(alone)) < 0.1


@pytest.mark.parametrize("centred", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_coherence_by_scipy(centred):
    found = measures.coherence(draw(), centred=centred)
    wanted = examples.coherence(None, None, draw(), None, centred=centred)
    np.testing.assert_allclose(found, wanted, rtol=1e-5)
    scaled = draw() * np.float32(2.0) ** np.arange(-4, 5)
    np.testing.assert_allclose(measures.coherence(scaled, centred=centred), wanted, rtol=1e-5)


@pytest.mark.slow
def test_ends_of_coherence():
    bits = np.float32(2 * (np.arange(32)[:, None] >> np.arange(5) & 1) - 1)
    np.testing.assert_allclose(measures.coherence(bits), 1, rtol=1e-5)
    alone = np.concatenate([bits, 100 * (np.arange(32) == 7)[:, None]], axis=1)
    np.testing.assert_allclose(measures.coherence(alone[:, 5:]), 32, rtol=1e-5)
    np.testing.assert_allclose(measures.coherence(draw()[:5]), 1, rtol=1e-5)


def test_there_is_none_of_zeros_or_of_what_is_not_finite():
    spoilt = draw()
    spoilt[3, 1] = np.inf
    for measure in (measures.unit_split_rsa, measures.coherence):
        assert np.isnan(measure(np.zeros((N, UNITS))))
        assert np.isnan(measure(spoilt))
    assert np.isnan(measures.coherence(np.full((N, UNITS), 3.3), centred=True))
    dead = draw()
    dead[4] = [1.0] + [0.0] * (UNITS - 1)  # without direction in one half
    assert np.isnan(measures.unit_split_rsa(dead))


def test_errors():
    with pytest.raises(ShapeError, match=r"x: 1 unit; at least 2"):
        measures.unit_split_rsa(draw()[:, :1])
    with pytest.raises(ShapeError, match=r"x: 2 examples; at least 3"):
        measures.unit_split_rsa(draw()[:2])
    with pytest.raises(ShapeError, match=r"x: 1 examples; at least 2"):
        measures.coherence(draw()[:1])
    with pytest.raises(OptionError, match=r"halves=0: must be at least 1"):
        measures.unit_split_rsa(draw(), halves=0)
    with pytest.raises(OptionError, match=r"seed=4294967296: must be less than"):
        measures.unit_split_rsa(draw(), seed=1 << 32)
    with pytest.raises(OptionError, match=r"rdm='cos': not a choice"):
        measures.unit_split_rsa(draw(), rdm="cos")


@pytest.mark.parametrize(("offset", "wanted"), [(0, "ok"), (1e5, "rank_deficient")])
def test_directions_that_drown_beside_an_offset_are_told_of(offset, wanted):
    """It was 1.0 for 1.9, and ok."""
    layer = pk.extractors.arrays({"x": draw() + np.float32(offset)})
    found = pk.probe(layer, None, estimators=["coherence"])
    assert measures.STATUS_MEANINGS[int(found.coherence_status.squeeze())] == wanted
