"""Silhouettes: against scikit-learn, at their ends, and where there are none."""

import numpy as np
import pytest

from probekit import measures
from probekit.errors import OptionError, ShapeError
from probekit.measures.silhouette import SEPARATION_METRICS
from tests.reference import oracles
from tests.reference.tolerances import SCORE

N = 40
LABELS = np.arange(N) % 3


def cloud(offset=0.0):
    x = np.random.default_rng(0).normal(size=(N, 4)) + LABELS[:, None]
    return np.float32(np.round(x * 256) / 256 + offset)


@pytest.mark.parametrize("metric", SEPARATION_METRICS)
def test_it_is_that_of_scikit_learn(metric):
    for labels in (LABELS, np.where(np.arange(N) < 2, 7, LABELS), np.arange(N) // 2 % 7):
        wanted = oracles.silhouette(None, None, cloud(), labels[:, None], metric=metric)
        found = measures.silhouette(cloud(), labels, metric=metric)
        assert float(found) == pytest.approx(wanted, abs=SCORE)


def test_an_example_that_is_alone_in_its_class_counts_0():
    labels = LABELS.copy()
    labels[5] = 9
    wanted = oracles.silhouette(None, None, cloud(), labels[:, None])
    assert float(measures.silhouette(cloud(), labels)) == pytest.approx(wanted, abs=SCORE)


def test_rows_of_several_columns_are_classes():
    columns = np.stack([LABELS > 0, LABELS > 1], axis=1)
    assert float(measures.silhouette(cloud(), columns)) == float(
        measures.silhouette(cloud(), LABELS)
    )


def test_far_from_zero_nothing_is_lost():
    near, far = (float(measures.silhouette(cloud(offset), LABELS)) for offset in (0, 4096))
    assert far == pytest.approx(near, abs=SCORE)


def test_ends_of_the_range():
    points = np.float32(LABELS[:, None] * [[1, 0, 0, 2]])
    assert float(measures.silhouette(points, LABELS)) == 1
    halves = np.array([[0.0], [0.0], [1.0], [1.0]])
    assert float(measures.silhouette(halves, [0, 1, 0, 1])) == pytest.approx(-0.5)


@pytest.mark.parametrize("labels", [np.zeros(N), np.arange(N), np.where(LABELS > 1, np.nan, 0)])
def test_there_is_none_of_one_class_of_single_ones_and_of_unknown_ones(labels):
    assert np.isnan(measures.silhouette(cloud(), labels))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_or_constant_gives_nan(value):
    x = cloud()
    assert np.isnan(measures.silhouette(np.full_like(x, 3.3), LABELS))
    x[7, 2] = value
    assert np.isnan(measures.silhouette(x, LABELS))
    x[7] = 0
    assert np.isnan(measures.silhouette(x, LABELS, metric="cosine"))


def test_errors():
    with pytest.raises(ShapeError, match="x: 2 examples; at least 3 are needed"):
        measures.silhouette(cloud()[:2], LABELS[:2])
    with pytest.raises(OptionError, match="metric='poisson'"):
        measures.silhouette(cloud(), LABELS, metric="poisson")
