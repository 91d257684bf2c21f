"""Distances of single examples by a given precision: those of rsatoolbox and SciPy."""

import jax
import numpy as np
import pytest
from scipy.spatial.distance import cdist

from probekit import measures
from probekit.errors import OptionError, ShapeError
from tests.optional import optional
from tests.reference.tolerances import SCORE

METRICS = ["mahalanobis", "squared_mahalanobis"]
GENERATOR = np.random.default_rng(2)


def given(units, examples=11):
    x = np.float32(GENERATOR.normal(size=(examples, units)))
    root = GENERATOR.normal(size=(units, units)) / units**0.5
    return x, root @ root.T + 0.1 * np.eye(units)


@pytest.mark.slow
@pytest.mark.parametrize("units", [1, 5, 24])
@pytest.mark.parametrize("metric", METRICS)
def test_distances(metric, units):
    toolbox = optional("rsatoolbox")
    x, precision = given(units)
    found = np.asarray(measures.rdm(x, metric=metric, precision=precision))
    wanted = cdist(np.float64(x), np.float64(x), "mahalanobis", VI=precision)
    dataset = toolbox.data.Dataset(np.float64(x))
    theirs = toolbox.rdm.calc_rdm(dataset, method="mahalanobis", noise=precision)
    squared = theirs.get_matrices()[0] * units
    wanted = wanted**2 if metric.startswith("squared") else wanted
    theirs = squared if metric.startswith("squared") else np.sqrt(squared)
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=SCORE)
    np.testing.assert_allclose(found, theirs, rtol=1e-4, atol=SCORE)
    far = measures.rdm(np.float32(x + 100), metric=metric, precision=precision)
    np.testing.assert_allclose(far, found, rtol=1e-2, atol=1e-3)
    plain = measures.rdm(x, metric=metric.replace("mahalanobis", "euclidean"))
    same = measures.rdm(x, metric=metric, precision=np.eye(units))
    np.testing.assert_allclose(same, plain, rtol=1e-5, atol=1e-6)


def test_of_conditions_of_one_example():
    x, precision = given(5)
    options = {"metric": "mahalanobis", "precision": precision}
    of_means = measures.condition_rdm(x, np.arange(len(x)), **options)
    np.testing.assert_allclose(measures.rdm(x, **options), of_means, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("metric", METRICS)
def test_undefined(metric):
    x, precision = given(5)
    options = {"metric": metric, "precision": precision}
    x[2, 1], x[4, 0] = np.nan, np.inf
    x[6] = x[5]
    found = np.asarray(measures.rdm(x, **options))
    spoilt = np.isin(np.arange(len(x)), [2, 4])
    np.testing.assert_array_equal(np.isnan(found), spoilt[:, None] | spoilt[None, :])
    assert found[5, 6] == 0
    assert (np.diagonal(found)[~spoilt] == 0).all()
    for bad in (-precision, np.diag([1, 1, 1, 1, -1.0]), np.full((5, 5), np.nan)):
        assert np.isnan(measures.rdm(x, metric=metric, precision=bad)).all()
    half = measures.rdm(np.float16(x), **options)
    np.testing.assert_array_equal(half, measures.rdm(np.float32(np.float16(x)), **options))
    compiled = jax.jit(lambda z: measures.rdm(z, **options))
    np.testing.assert_allclose(compiled(x), found, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        (
            {"metric": "mahalanobis"},
            OptionError,
            "precision: missing for metric 'mahalanobis'; give the inverse covariance of the noi",
        ),
        (
            {"metric": "cosine", "precision": np.eye(5)},
            OptionError,
            "precision: metric 'cosine' uses none; leave it out",
        ),
        (
            {"metric": "mahalanobis", "precision": np.eye(2)},
            ShapeError,
            r"precision: shape \(2, 2\); x has 5 units. Give \(unit, unit\)",
        ),
    ],
)
def test_what_cannot_be_is_refused(options, kind, message):
    with pytest.raises(kind, match=message):
        measures.rdm(given(5)[0], **options)
