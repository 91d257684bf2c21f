"""The directions of classes add up to nothing: they span one less than there are classes."""

import numpy as np
import pytest
from scipy.linalg import subspace_angles

import probekit as pk
from probekit.errors import ScoreWarning

N = 90


def angles(x, features):
    ds = pk.probe(pk.extractors.arrays({"x": x}), None, features, estimators=["feature_angles"])
    assert (ds.feature_angles_status == 0).all()
    return ds.feature_angles.values[0]


def plane(x, feature):
    """Orthonormal columns that span the means of classes, or what a quantity goes with."""
    centred = x - x.mean(axis=0, dtype=float)
    if feature.dtype.kind != "U":
        return (centred.T @ (feature - feature.mean(dtype=float)))[:, None]
    means = np.stack([centred[feature == each].mean(axis=0) for each in np.unique(feature)], axis=1)
    left, sizes, _ = np.linalg.svd(means, full_matrices=False)
    return left[:, sizes > 1e-9 * sizes[0]]


@pytest.mark.parametrize("offset", [0, 1e3])
@pytest.mark.parametrize("units", [2, 8, 120])
@pytest.mark.parametrize("classes", [3, 5])
def test_angles_to_the_plane_of_classes(classes, units, offset):
    generator = np.random.default_rng(0)
    x = np.float32(generator.normal(size=(N, units)) + offset)
    features = {
        "kind": generator.permutation(np.array(list("abcde"))[np.arange(N) % classes]),
        "other": generator.choice(["a", "b", "c"], p=[0.6, 0.3, 0.1], size=N),
        "quantity": np.float32(generator.normal(size=N)),
    }
    planes = [plane(x, feature) for feature in features.values()]
    wanted = [[np.rad2deg(subspace_angles(a, b).min()) for b in planes] for a in planes]
    np.testing.assert_allclose(angles(x, features), wanted, atol=2e-3 if offset else 2e-4)


@pytest.mark.parametrize("scale", [1e-15, 1, 1e15])
def test_a_small_angle_keeps_its_digits_at_any_scale(scale):
    generator = np.random.default_rng(0)
    kind = np.array(["a", "b", "c"])[np.arange(N) % 3]
    quantity = np.float32(np.arange(N) % 3 == 0)
    noise = generator.normal(size=(N, 6)) * 0.3
    x = np.float32((quantity[:, None] * np.arange(1, 7) + noise) * scale)
    features = {"kind": kind, "quantity": np.float32(quantity + 0.3 * generator.normal(size=N))}
    planes = [plane(x / np.float32(scale), feature) for feature in features.values()]
    wanted = np.rad2deg(subspace_angles(*planes).min())
    assert 0.02 < wanted < 0.5
    np.testing.assert_allclose(angles(x, features)[0, 1], wanted, rtol=1e-3)


def test_a_class_in_the_middle_hides_no_plane():
    kind = np.array(["a", "b", "c"])[np.arange(N) % 3]
    x = np.float32(np.stack([(kind == "a") * 1.0 - (kind == "b"), np.arange(N) % 2], axis=1))
    found = angles(x, {"kind": kind, "copy": x[:, 0]})
    np.testing.assert_allclose(found, 0, atol=1e-4)


def test_classes_that_differ_by_rounding_alone_span_nothing():
    """An angle of 90 degrees would look like an answer."""
    kind = np.repeat(["a", "b", "c"], 20)
    x = np.tile(np.float32([[1], [-1]]), (30, 40))
    x[(kind == "a") & (x[:, 0] > 0), 0] += np.float32(2.0**-18)
    quantity = np.float32(np.arange(60) % 2)
    with pytest.warns(ScoreWarning, match="feature_angles is NaN"):
        ds = pk.probe(
            pk.extractors.arrays({"x": x}),
            None,
            {"kind": kind, "quantity": quantity},
            estimators=["feature_angles"],
        )
    assert np.isnan(ds.feature_angles.values[0, 0]).all()
    assert np.isnan(ds.feature_angles.values[0, 1, 0])
    assert ds.feature_angles.values[0, 1, 1] == 0
