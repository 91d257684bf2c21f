"""Geometry score: against the formula, by another way to the same complex, and what it tells."""

import numpy as np
import pytest

import probekit as pk
from probekit import measures
from probekit.errors import MissingExtraError, OptionError, ShapeError
from probekit.estimators import GeometryScore
from probekit.statistics import Examples, state_of
from tests.optional import hide
from tests.reference import oracles


def pair(examples=24, units=(3, 4), seed=0):
    generator = np.random.default_rng(seed)
    return tuple(np.float32(generator.normal(size=(examples, width))) for width in units)


@pytest.mark.slow
@pytest.mark.parametrize("landmarks", [1, 2, 8, 40])
def test_against_the_formula(landmarks):
    x, y = pair()
    kept = state_of(Examples(capacity=24), x, y)  # landmarks are drawn in the order of the hash
    options = {"landmarks": landmarks, "reach": 0.2, "draws": 3}
    wanted = oracles.geometry_score(None, None, kept.x, kept.y, **options)
    assert float(measures.geometry_score(x, y, **options)) == pytest.approx(wanted, abs=1e-6)


def test_living_times_are_shares_of_the_scales():
    x, _ = pair(40)
    times = np.asarray(measures.living_times(x, landmarks=16, draws=4))
    assert times.shape == (100,)
    assert times.min() >= 0
    assert times.sum() == pytest.approx(1, abs=1e-6)
    fewer = np.asarray(measures.living_times(x, landmarks=16, draws=4, holes=2))
    np.testing.assert_array_equal(fewer, times[:2])


@pytest.mark.slow
def test_what_it_is_made_for():
    """A ring has one loop, two rings have two, a disc has none that lives long."""
    angle = np.arange(120) * 2.399963
    ring = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    two = ring + 3 * (np.arange(120) % 2)[:, None]
    disc = ring * np.sqrt((np.arange(120) + 0.5) / 120)[:, None]
    options = {"landmarks": 20, "reach": 0.2, "draws": 4}
    clouds = {"ring": ring, "two": two, "disc": disc}
    most = {name: np.argmax(measures.living_times(z, **options)) for name, z in clouds.items()}
    assert most["ring"] == 1
    assert most["disc"] == 0
    far = {name: float(measures.geometry_score(ring, z, **options)) for name, z in clouds.items()}
    assert far["ring"] == 0
    assert min(far["two"], far["disc"]) > 0.1


@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_scale_and_offset_do_not_matter(scale):
    x, y = pair(40)
    options = {"landmarks": 12, "draws": 4}
    wanted = float(measures.geometry_score(x, y, **options))
    scaled = float(measures.geometry_score(np.float32(x * scale), y, **options))
    assert scaled == pytest.approx(wanted, abs=1e-5)
    moved = np.float32(np.round(x * 256) / 256)
    assert float(measures.geometry_score(moved + np.float32(4096), moved, **options)) == 0


def test_where_it_is_undefined():
    x, y = pair()
    for value in (np.nan, np.inf):
        spoilt = x.copy()
        spoilt[7, 2] = value
        assert np.isnan(measures.geometry_score(spoilt, y))
        assert np.isnan(measures.living_times(spoilt)).all()
    assert np.isnan(measures.geometry_score(np.full_like(x, 3.3), y))


def test_layers_are_prepared_one_by_one():
    x, y = pair()
    layers = pk.extractors.arrays({"one": x, "two": y, "three": x * 2 + 1})
    estimator = GeometryScore(landmarks=8, draws=3)
    found = pk.compare(layers, layers, None, estimators=[estimator])["geometry_score"]
    np.testing.assert_allclose(np.diagonal(found), 0)
    wanted = float(measures.geometry_score(x, y, landmarks=8, draws=3))
    assert float(found.sel(layer_a="one", layer_b="two")) == pytest.approx(wanted, abs=1e-7)
    assert float(found.sel(layer_a="three", layer_b="one")) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"landmarks": 0}, r"landmarks=0: must be at least 1"),
        ({"reach": 0.0}, r"reach=0.0: must be greater than 0"),
        ({"draws": 0}, r"draws=0: must be at least 1"),
        ({"holes": 0}, r"holes=0: must be at least 1"),
    ],
)
def test_bad_options_are_refused(options, message):
    for call in (
        lambda: measures.geometry_score(*pair(), **options),
        lambda: GeometryScore(**options),
    ):
        with pytest.raises(OptionError, match=message):
            call()


def test_bad_shapes_are_refused():
    x, y = pair()
    with pytest.raises(ShapeError, match=r"y: 9 examples; x has 24"):
        measures.geometry_score(x, y[:9])
    with pytest.raises(ShapeError, match=r"x: 2 examples; at least 3 are needed"):
        measures.living_times(x[:2])


def test_without_gudhi_the_extra_is_named(monkeypatch):
    hide(monkeypatch, "gudhi")
    with pytest.raises(MissingExtraError, match=r"need gudhi, .*'probekit\[topology\]' brings it"):
        measures.geometry_score(*pair())
