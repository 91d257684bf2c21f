"""Neighbours of the same class: against the definition, its ends, and where there are none."""

import numpy as np
import pytest

import probekit as pk
from probekit import measures
from probekit.errors import OptionError, ScoreWarning, ShapeError
from tests.reference import oracles
from tests.reference.tolerances import SCORE

N = 40
LABELS = np.arange(N) % 3


def cloud():
    return np.float32(np.random.default_rng(0).normal(size=(N, 4)) + LABELS[:, None])


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_against_the_definition(metric):
    for neighbours in (1, 10):
        options = {"neighbours": neighbours, "metric": metric}
        found = measures.neighbourhood_hit(cloud(), LABELS, **options)
        wanted = oracles.neighbourhood_hit(None, None, cloud(), LABELS[:, None], **options)
        assert float(found) == pytest.approx(wanted, abs=SCORE)


def test_ends_of_the_range():
    points = np.float32(LABELS[:, None] * [[8, 0, 0, 2]]) + cloud() / 64
    assert float(measures.neighbourhood_hit(points, LABELS)) == 1
    pairs = np.float32(np.arange(N) % (N // 2) + np.repeat([0, 1000], N // 2))[:, None]
    assert float(measures.neighbourhood_hit(pairs, np.arange(N) % (N // 2))) == 0
    # Of all others it is what the sizes of the classes are.
    sizes = np.bincount(LABELS)
    wanted = (sizes * (sizes - 1)).sum() / (N * (N - 1))
    found = measures.neighbourhood_hit(cloud(), LABELS, neighbours=999)
    assert float(found) == pytest.approx(wanted, abs=SCORE)


def test_rows_of_several_columns_are_classes():
    columns = np.stack([LABELS > 0, LABELS > 1], axis=1)
    both = [float(measures.neighbourhood_hit(cloud(), y)) for y in (columns, LABELS)]
    assert both[0] == both[1]


def test_where_there_is_none():
    x = cloud()
    assert np.isnan(measures.neighbourhood_hit(x, np.zeros(N)))
    assert np.isnan(measures.neighbourhood_hit(np.full_like(x, 3.3), LABELS))
    assert np.isnan(measures.neighbourhood_hit(x, np.arange(N)))  # no class has two examples
    assert np.isnan(measures.neighbourhood_hit(x, np.where(LABELS > 1, np.nan, 0)))
    x[7] = 0
    assert np.isnan(measures.neighbourhood_hit(x, LABELS, metric="cosine"))
    x[7, 2] = np.inf
    assert np.isnan(measures.neighbourhood_hit(x, LABELS))


def test_errors():
    with pytest.raises(ShapeError, match="x: 2 examples; at least 3 are needed"):
        measures.neighbourhood_hit(cloud()[:2], LABELS[:2])
    with pytest.raises(OptionError, match="neighbours=0: must be at least 1"):
        measures.neighbourhood_hit(cloud(), LABELS, neighbours=0)
    with pytest.raises(OptionError, match="metric='poisson'"):
        measures.neighbourhood_hit(cloud(), LABELS, metric="poisson")


@pytest.mark.parametrize("name", ["neighbourhood_hit", "decoding_accuracy", "cross_entropy"])
def test_of_numbers_that_all_differ_it_is_said_why(name):
    extractor = pk.extractors.arrays({"l": cloud()})
    features = {"z": np.arange(N) + 0.5}
    with pytest.warns(ScoreWarning, match=f"{name} is NaN .too few examples, or .*occurs twice"):
        pk.probe(extractor, None, features, estimators=[name])
