"""Representation topology divergence: against the formula, Ripser and the authors' figure."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import pdist, squareform

from probekit import measures
from probekit.errors import MissingExtraError, ShapeError
from probekit.measures import topology
from probekit.testing import strategies
from tests.optional import hide, optional
from tests.reference import oracles
from tests.reference.oracles.homology import cone_bars, rips_bars

SHAPE = ((12, 3),)


def pair(examples=12, units=(3, 4), seed=0):
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(examples, units[0]))
    y = x @ generator.normal(size=units) + 0.5 * generator.normal(size=(examples, units[1]))
    return np.float32(x), np.float32(y)


def distances(z):
    far = squareform(pdist(np.float64(z)))
    return far / np.quantile(far, 0.9)


def doubled(a, b):
    """The matrix of the authors."""
    return np.block([[np.zeros_like(a), a], [a.T, np.minimum(a, b)]])


def length(bars):
    return (bars[:, 1] - bars[:, 0]).sum()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("examples", [3, 4, 7, 12])
def test_against_the_formula(examples, seed):
    x, y = pair(examples, seed=seed)
    a, b = distances(x), distances(y)
    wanted = (length(rips_bars(doubled(a, b))) + length(rips_bars(doubled(b, a)))) / 2
    assert float(measures.rtd(x, y)) == pytest.approx(wanted, abs=1e-6)
    # The same by a cone over what one filtration has within the other.
    assert oracles.rtd(None, None, x, y) == pytest.approx(wanted, abs=1e-12)


@pytest.mark.slow
def test_bars_against_ripser():
    ripser = optional("ripser").ripser
    a, b = (distances(z) for z in pair(60, units=(5, 8)))
    theirs = ripser(doubled(a, b), distance_matrix=True, maxdim=1)["dgms"][1]
    ours = cone_bars(a, np.minimum(a, b))
    np.testing.assert_allclose(ours[ours[:, 0].argsort()], theirs[theirs[:, 0].argsort()], 1e-5)
    assert topology._total_length(a, b) == pytest.approx(length(theirs), rel=1e-5)


@pytest.mark.slow
def test_the_figure_of_the_authors():
    """As the page of their repository has it, for the seed that it gives: 35.55234398557805."""
    state = np.random.RandomState(7)
    p, q = state.rand(1000, 2), state.rand(1000, 2)
    found = []
    for _ in range(10):
        order = list(range(1000))
        state.shuffle(order)
        found.append(float(measures.rtd(p[order[:500]], q[order[:500]])))
    assert np.mean(found) == pytest.approx(35.55234398557805, abs=1e-4)


def test_what_it_is_made_for():
    """A cloud is the further from its own parts, the more of them there are (their clusters)."""
    cloud = np.random.default_rng(0).normal(size=(96, 2))

    def parts(count):
        angle = 2 * np.pi * (np.arange(96) % count) / count
        return np.float32(cloud + 10 * np.stack([np.cos(angle), np.sin(angle)], axis=1))

    found = [float(measures.rtd(cloud, parts(count))) for count in (1, 2, 3, 6, 12)]
    assert found[0] < 1e-5
    assert (np.diff(found) > 0).all()


@pytest.mark.slow
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_symmetric_and_not_negative(data):
    x, y = (data.draw(strategies.representations(shapes=SHAPE)) for _ in range(2))
    forwards, backwards = float(measures.rtd(x, y)), float(measures.rtd(y, x))
    assert np.isnan(forwards) == np.isnan(backwards)
    assert np.isnan(forwards) or 0 <= forwards == pytest.approx(backwards, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_scale_and_offset_do_not_matter(scale):
    x, y = pair(30)
    wanted = float(measures.rtd(x, y))
    assert float(measures.rtd(np.float32(x * scale), y)) == pytest.approx(wanted, rel=1e-6)
    moved = np.float32(np.round(x * 256) / 256)
    assert float(measures.rtd(moved + np.float32(4096), moved)) == 0


def test_where_it_is_undefined():
    x, y = pair(30)
    for value in (np.nan, np.inf):
        spoilt = x.copy()
        spoilt[7, 2] = value
        assert np.isnan(measures.rtd(spoilt, y))
    assert np.isnan(measures.rtd(np.full_like(x, 3.3), y))
    nearly = np.full_like(x, 3.3)
    nearly[0] = 1  # 58 of 900 distances are not 0
    assert np.isnan(measures.rtd(x, nearly))


def test_copies_of_examples_change_the_unit_alone():
    x, y = (np.repeat(z, 2, axis=0) for z in pair(8))
    assert float(measures.rtd(x, y)) == pytest.approx(oracles.rtd(None, None, x, y), abs=1e-6)


def test_bad_shapes_are_refused():
    x, y = pair()
    with pytest.raises(ShapeError, match=r"y: 9 examples; x has 12"):
        measures.rtd(x, y[:9])
    with pytest.raises(ShapeError, match=r"x: 2 examples; at least 3 are needed"):
        measures.rtd(x[:2], y[:2])


def test_without_gudhi_the_extra_is_named(monkeypatch):
    hide(monkeypatch, "gudhi")
    with pytest.raises(MissingExtraError, match=r"need gudhi, .*'probekit\[topology\]' brings it"):
        measures.rtd(*pair())
