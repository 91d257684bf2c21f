"""Trustworthiness: against scikit-learn and the definition, its ends, and where it is undefined."""

import numpy as np
import pytest
from sklearn import manifold

from probekit import measures
from probekit.errors import OptionError, ShapeError
from tests.reference import oracles
from tests.reference.tolerances import SCORE

N = 40


def pair():
    generator = np.random.default_rng(3)
    x = np.float32(generator.normal(size=(N, 4)))
    return x, np.float32(x[:, :2] + 0.3 * generator.normal(size=(N, 2)))


@pytest.mark.parametrize("neighbours", [1, 5, 19])
def test_it_is_that_of_scikit_learn(neighbours):
    x, y = pair()
    for a, b in ((x, y), (y, x)):
        wanted = manifold.trustworthiness(np.float64(a), np.float64(b), n_neighbors=neighbours)
        found = measures.trustworthiness(a, b, neighbours=neighbours)
        assert float(found) == pytest.approx(wanted, abs=SCORE)


@pytest.mark.parametrize("neighbours", [3, 999])
def test_against_the_definition(neighbours):
    for metric in ("euclidean", "cosine"):
        options = {"neighbours": neighbours, "metric": metric}
        found = measures.trustworthiness(*pair(), **options)
        wanted = oracles.trustworthiness(None, None, *pair(), **options)
        assert float(found) == pytest.approx(wanted, abs=SCORE)


def test_ends_of_the_range():
    x = pair()[0]
    assert float(measures.trustworthiness(x, 8 * x[:, ::-1] + 64)) == 1
    places = np.array([[0.0], [1.0], [2.5]])
    swapped = np.array([[0.0], [5.0], [1.0]])  # of each the nearest is the farthest
    assert float(measures.trustworthiness(places, swapped, neighbours=1)) == 0


def test_a_large_sum_of_ranks_keeps_its_digits():
    generator = np.random.default_rng(0)
    x, y = (np.float32(generator.normal(size=(600, 2))) for _ in range(2))
    wanted = manifold.trustworthiness(np.float64(x), np.float64(y), n_neighbors=200)
    assert float(measures.trustworthiness(x, y, neighbours=200)) == pytest.approx(wanted, abs=SCORE)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_or_constant_gives_nan(value):
    x, y = pair()
    assert np.isnan(measures.trustworthiness(x, np.ones_like(y)))
    assert np.isnan(measures.trustworthiness(np.ones_like(x), y))
    x[7, 2] = value
    assert np.isnan(measures.trustworthiness(x, y))


def test_an_example_without_direction_has_no_cosine():
    x, y = pair()
    y[3] = 0
    assert np.isnan(measures.trustworthiness(x, y, metric="cosine"))
    assert not np.isnan(measures.trustworthiness(x, y))


def test_errors():
    x, y = pair()
    with pytest.raises(ShapeError, match="x: 2 examples; at least 3 are needed"):
        measures.trustworthiness(x[:2], y[:2])
    with pytest.raises(OptionError, match="neighbours=0: must be at least 1"):
        measures.trustworthiness(x, y, neighbours=0)
    with pytest.raises(OptionError, match="metric='poisson'"):
        measures.trustworthiness(x, y, metric="poisson")


@pytest.mark.parametrize("neighbours", [3, 999])
def test_rank_errors_against_the_definition(neighbours):
    for metric in ("euclidean", "cosine"):
        options = {"neighbours": neighbours, "metric": metric}
        found = measures.mean_relative_rank_error(*pair(), **options)
        wanted = oracles.mean_relative_rank_error(None, None, *pair(), **options)
        assert float(found) == pytest.approx(wanted, abs=SCORE)


def test_rank_errors_see_the_order_of_the_nearest():
    places = np.float32([[0], [1], [3], [100], [101], [103]])
    swapped = places[[0, 2, 1, 3, 4, 5]]  # in the first group of three the nearest is another
    assert float(measures.mean_relative_rank_error(places, places * 8 + 64)) == 0
    assert float(measures.trustworthiness(places, swapped, neighbours=2)) == 1
    assert float(measures.mean_relative_rank_error(places, swapped, neighbours=2)) > 0.1


def test_rank_errors_that_are_undefined():
    x, y = pair()
    for a, b in (
        (x, np.ones_like(y)),
        (np.ones_like(x), y),
        (x, np.where(y == y[3, 0], np.nan, y)),
    ):
        assert np.isnan(measures.mean_relative_rank_error(a, b))
    with pytest.raises(ShapeError, match="x: 2 examples; at least 3 are needed"):
        measures.mean_relative_rank_error(x[:2], y[:2])
    with pytest.raises(OptionError, match="neighbours=0: must be at least 1"):
        measures.mean_relative_rank_error(x, y, neighbours=0)


def test_local_continuity_is_the_overlap_beyond_chance():
    x, y = pair()
    options = {"neighbours": 6, "metric": "euclidean"}
    found = {
        measure: float(measures.mutual_neighbours(x, y, measure=measure, **options))
        for measure in ("overlap", "local_continuity")
    }
    assert found["local_continuity"] == pytest.approx(found["overlap"] - 6 / (N - 1), abs=SCORE)
    wanted = oracles.mutual_neighbours(None, None, x, y, measure="local_continuity", **options)
    assert found["local_continuity"] == pytest.approx(wanted, abs=SCORE)
    alike = measures.mutual_neighbours(x, 2 * x, measure="local_continuity", **options)
    assert float(alike) == pytest.approx(1 - 6 / (N - 1), abs=SCORE)


@pytest.mark.parametrize("neighbours", [1, 3, 999])
def test_imbalances_against_the_definition(neighbours):
    for metric in ("euclidean", "cosine"):
        options = {"neighbours": neighbours, "metric": metric}
        found = measures.information_imbalance(*pair(), **options)
        wanted = oracles.information_imbalance(None, None, *pair(), **options)
        assert float(found) == pytest.approx(wanted, abs=SCORE)


@pytest.mark.slow
def test_imbalances_tell_which_representation_holds_more():
    generator = np.random.default_rng(1)
    both = np.float32(generator.normal(size=(200, 2)))
    part, other = both[:, :1], np.float32(generator.normal(size=(200, 3)))
    same = measures.information_imbalance(both, 8 * both[:, ::-1] + 64)
    assert float(same) == pytest.approx(2 / 200)
    assert measures.information_imbalance(both, part) < 0.2
    assert measures.information_imbalance(part, both) > 0.3
    for a, b in ((both, other), (other, both)):
        assert float(measures.information_imbalance(a, b)) == pytest.approx(1, abs=0.15)
    places, swapped = np.float32([[0], [1], [2.5]]), np.float32([[0], [5], [1]])
    assert float(measures.information_imbalance(places, swapped)) == pytest.approx(4 / 3)


def test_imbalances_that_are_undefined():
    x, y = pair()
    for a, b in ((x, np.ones_like(y)), (np.ones_like(x), y), (x, np.where(y > 2, np.nan, y))):
        assert np.isnan(measures.information_imbalance(a, b))
    with pytest.raises(ShapeError, match="x: 2 examples; at least 3 are needed"):
        measures.information_imbalance(x[:2], y[:2])
    with pytest.raises(OptionError, match="neighbours=0: must be at least 1"):
        measures.information_imbalance(x, y, neighbours=0)
