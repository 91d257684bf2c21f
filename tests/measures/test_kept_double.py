"""Measures that compute on the host in float64 keep it if they are given it."""

import numpy as np
import pytest

from probekit import measures
from tests.optional import optional

GENERATOR = np.random.default_rng(0)
X = GENERATOR.normal(size=(24, 4))
Y = X[:, :3] + 0.5 * GENERATOR.normal(size=(24, 3))
CONDITIONS = np.arange(24) // 6

OF_TWO = {
    "non_metric_stress": {},
    "permutation_matching": {},
    "permutation_distance": {},
    "soft_matching": {},
    "versa": {"folds": 2},
    "stochastic_shape_distance": {"conditions": CONDITIONS, "restarts": 2},
}
OF_TOPOLOGY = {"rtd": {}, "geometry_score": {"landmarks": 8, "draws": 2}}


def assert_no_digits_lost(measure):
    np.testing.assert_allclose(measure(1e4), measure(0.0), rtol=1e-6)


@pytest.mark.parametrize("name", OF_TWO)
def test_far_from_zero(name):
    measure = getattr(measures, name)
    found = measure(X, Y, **OF_TWO[name])
    assert found.dtype == np.float32
    assert_no_digits_lost(lambda offset: measure(X + offset, Y + offset, **OF_TWO[name]))
    narrow = measure(np.float32(X), np.float32(Y), **OF_TWO[name])
    np.testing.assert_allclose(narrow, found, rtol=1e-5)


@pytest.mark.parametrize("name", OF_TOPOLOGY)
def test_topology_far_from_zero(name):
    optional("gudhi")
    measure = getattr(measures, name)
    assert_no_digits_lost(lambda offset: measure(X + offset, Y + offset, **OF_TOPOLOGY[name]))


def test_topology_of_two_sets_far_from_zero():
    optional("gudhi")
    measure = measures.manifold_topology_divergence
    assert_no_digits_lost(lambda offset: measure(X[:12] + offset, X[12:] + offset))
    assert_no_digits_lost(lambda offset: measures.living_times(X + offset, draws=2, holes=3))
