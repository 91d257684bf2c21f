"""Two sets of examples: by the definitions, for the same set, apart, and where there is none."""

import numpy as np
import pytest

import probekit as pk
from probekit import measures
from probekit.errors import OptionError, ShapeError
from tests.optional import optional
from tests.reference.oracles import two_sets
from tests.reference.tolerances import SCORE

N, UNITS = 40, 3


def draw(seed, *, units=UNITS, offset=0.0):
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(N, units)) * (1 + np.arange(units) / units)
    return np.float32(np.round(x * 256) / 256 + offset)


@pytest.mark.parametrize("units", [UNITS, pytest.param(30, marks=pytest.mark.slow)])
def test_coverage_by_its_definition(units):
    x, x2 = draw(0, units=units), draw(1, units=units) * np.float32(1.25)
    for neighbours in (1, 5):
        found = measures.coverage(x, x2, neighbours=neighbours)
        np.testing.assert_allclose(found, two_sets.coverages(x, x2, neighbours), atol=SCORE)
        far = measures.coverage(x + 4096, x2 + 4096, neighbours=neighbours)
        np.testing.assert_array_equal(far, found)


@pytest.mark.parametrize("units", [UNITS, pytest.param(30, marks=pytest.mark.slow)])
def test_the_same_set_is_covered(units):
    x = draw(0, units=units)
    np.testing.assert_array_equal(measures.coverage(x, x), 1)
    np.testing.assert_allclose(measures.frechet_distance(x, x), 0, atol=1e-5)


@pytest.mark.slow
def test_of_one_distribution_density_is_1_and_coverage_one_less_a_power_of_2():
    pairs = [(draw(seed), draw(100 + seed)) for seed in range(40)]
    mean = np.mean([measures.coverage(*pair, neighbours=2) for pair in pairs], axis=0)
    np.testing.assert_allclose(mean[:2], [0.75, 1], atol=0.05)


def test_sets_that_are_apart():
    x = draw(0)
    found = measures.coverage(x, x + 100)
    np.testing.assert_array_equal(found, 0)
    np.testing.assert_allclose(measures.frechet_distance(x, x + 100), 100 * np.sqrt(3), rtol=1e-5)


def test_what_lies_close_in_a_wide_set():
    wide, narrow = draw(0), draw(1) / 64
    found = measures.coverage(wide, narrow)
    assert found.precision == 1
    assert found.coverage < 0.5
    back = measures.coverage(narrow, wide)
    assert back.precision < 0.2


@pytest.mark.parametrize(
    ("units", "offset"), [(UNITS, 0), (UNITS, 4096), pytest.param(60, 0, marks=pytest.mark.slow)]
)
def test_frechet_distance_by_its_definition(units, offset):
    x, x2 = draw(0, units=units), draw(1, units=units) * np.float32(1.25)
    found = measures.frechet_distance(x + np.float32(offset), x2 + np.float32(offset))
    np.testing.assert_allclose(found, two_sets.frechet_distance(x, None, x2, None), rtol=1e-4)


@pytest.mark.parametrize("kernel", ["rbf", pytest.param("polynomial", marks=pytest.mark.slow)])
def test_mean_discrepancy_by_its_definition(kernel):
    x, x2 = draw(0), draw(1)[:11] * np.float32(1.25)
    found = measures.squared_mmd(x, x2, kernel=kernel, bandwidth=0.5)
    wanted = two_sets.squared_mmd(x, None, x2, None, kernel=kernel, bandwidth=0.5)
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=SCORE)
    assert measures.squared_mmd(x, x, kernel=kernel) < 0


@pytest.mark.slow
def test_mean_discrepancy_is_unbiased():
    found = [measures.squared_mmd(draw(seed), draw(100 + seed)) for seed in range(40)]
    assert abs(np.mean(found)) < 0.005
    assert np.std(found) > 0.005


@pytest.mark.slow
def test_topology_divergence_by_ripser():
    optional("gudhi")
    x, x2 = draw(0), draw(1)[:11] + 1
    for a, b in ((x, x2), (x2, x)):
        wanted = two_sets.manifold_topology_divergence(a, None, b, None)
        np.testing.assert_allclose(measures.manifold_topology_divergence(a, b), wanted, rtol=1e-5)
        assert measures.manifold_topology_divergence(a, np.concatenate([b, a])) == 0


@pytest.mark.slow
def test_of_one_unit_it_is_that_of_means_and_deviations():
    x, x2 = draw(0)[:, :1], 3 * draw(1)[:, :1]
    wanted = np.hypot(x.mean() - x2.mean(), x.std(ddof=1) - x2.std(ddof=1))
    np.testing.assert_allclose(measures.frechet_distance(x, x2), wanted, rtol=1e-5)


@pytest.mark.slow
def test_numbers_of_examples_may_differ():
    x, x2 = draw(0), draw(1)[:11]
    np.testing.assert_allclose(measures.coverage(x, x2), two_sets.coverages(x, x2), atol=SCORE)
    np.testing.assert_allclose(
        measures.frechet_distance(x, x2), two_sets.frechet_distance(x, None, x2, None), rtol=1e-4
    )


def test_there_is_none_in_one_place_or_of_what_is_not_finite():
    x, same = draw(0), np.full((N, UNITS), 3.3, np.float32)
    assert np.isnan(measures.coverage(x, same)).all()
    assert np.isnan(measures.coverage(same, x)).all()
    spoilt = draw(1)
    spoilt[3, 1] = np.inf
    assert np.isnan(measures.coverage(x, spoilt)).all()
    assert np.isnan(measures.frechet_distance(x, spoilt))
    assert np.isnan(measures.squared_mmd(x, spoilt))
    assert np.isnan(measures.squared_mmd(same, same))
    assert np.isnan(measures.manifold_topology_divergence(x, spoilt))


def test_held_out_examples_among_the_fitted():
    extractor = pk.extractors.function(lambda inputs: {"layer": inputs})
    names = ["coverage", "frechet_distance"]
    options = {"estimators": names, "held_out": (draw(1), None)}
    found = pk.probe(extractor, draw(0), **options).sel(layer="layer")
    wanted = measures.coverage(draw(0), draw(1))
    for name, value in zip(("", "_density", "_precision", "_recall"), wanted, strict=True):
        np.testing.assert_allclose(found[f"coverage{name}"], value, atol=SCORE)
    np.testing.assert_allclose(
        found.frechet_distance, measures.frechet_distance(draw(0), draw(1)), rtol=1e-5
    )


def test_errors():
    with pytest.raises(ShapeError, match=r"x2: 2 units; x has 3"):
        measures.coverage(draw(0), draw(1)[:, :2])
    with pytest.raises(ShapeError, match=r"x2: 1 examples; at least 2"):
        measures.frechet_distance(draw(0), draw(1)[:1])
    with pytest.raises(OptionError, match=r"neighbours=0: must be at least 1"):
        measures.coverage(draw(0), draw(1), neighbours=0)
    with pytest.raises(OptionError, match=r"kernel='linear': not a choice"):
        measures.squared_mmd(draw(0), draw(1), kernel="linear")
    with pytest.raises(OptionError, match=r"bandwidth=0: must be greater than 0"):
        measures.squared_mmd(draw(0), draw(1), bandwidth=0)
