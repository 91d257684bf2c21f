"""A feature of whole numbers far from zero explains as much as one near it."""

import numpy as np
import pytest

import probekit as pk
from probekit import measures
from probekit.status import Status

GENERATOR = np.random.default_rng(0)
BIT = GENERATOR.integers(0, 2, 200)
OTHER = GENERATOR.normal(size=200).astype(np.float32)
X = np.float32(
    np.outer(BIT, GENERATOR.normal(size=4))
    + np.outer(OTHER, GENERATOR.normal(size=4))
    + 0.5 * GENERATOR.normal(size=(200, 4))
)
NAMES = [
    "linear_r2",
    "joint_r2",
    "unique_r2",
    "shapley_r2",
    "relative_weights",
    "selectivity",
    "erased_variance",
]


def probed(feature, **options):
    features = {"feature": feature, "other": OTHER}
    return pk.probe(pk.extractors.arrays({"layer": X}), None, features, **options)


@pytest.mark.parametrize("offset", [1_000_000, 16_000_000])
def test_scores_do_not_depend_on_the_offset_of_a_feature(offset):
    """They were 0, as of a constant, though float32 holds each of these numbers exactly."""
    options = {"estimators": NAMES, "batch_size": 60}
    near, far = probed(BIT, **options), probed(BIT + offset, **options)
    for name in NAMES:
        np.testing.assert_allclose(far[name], near[name], atol=2e-4, err_msg=name)
        assert (far[f"{name}_status"] == near[f"{name}_status"]).all(), name


@pytest.mark.parametrize("offset", [1_000_000, 16_000_000])
def test_measures_do_not_depend_on_the_offset_of_a_feature(offset):
    wanted = measures.linear_r2(X, BIT)
    np.testing.assert_allclose(measures.linear_r2(X, BIT + offset), wanted, atol=1e-5)
    features = np.stack([BIT, OTHER], axis=1)
    moved = np.float32(features + np.array([offset, 0]))
    np.testing.assert_allclose(
        measures.unique_r2(X, moved), measures.unique_r2(X, features), atol=1e-5
    )


@pytest.mark.parametrize("value", [0.1, 1e-9, 1 / 3, 16_000_001.0])
def test_a_constant_feature_explains_nothing_in_whatever_batches(value):
    weight = GENERATOR.uniform(0.1, 3, 200)
    found = probed(np.full(200, value, np.float32), batch_size=7, weight=weight)
    found = found.sel(layer="layer", feature="feature")
    np.testing.assert_allclose(found.linear_r2, 0, atol=1e-7)
    assert found.linear_r2_status == Status.RANK_DEFICIENT
