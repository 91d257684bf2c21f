"""One unit or feature of quite another size than the others hides nothing of these."""

import numpy as np
import pytest

from probekit import measures
from probekit.errors import ShapeError

G = np.random.default_rng(0)
SHARED = G.normal(size=(32, 3))
X = np.float32(SHARED @ G.normal(size=(3, 6)) + 0.7 * G.normal(size=(32, 6)))
Y = np.float32(SHARED @ G.normal(size=(3, 3)) + 0.7 * G.normal(size=(32, 3)))
POWERS = [-100, -64, 64, 100]

OF_UNITS = [
    "linear_r2",
    "joint_r2",
    "unique_r2",
    "shared_r2",
    "commonality",
    "shapley_r2",
    "relative_weights",
    "ridge_r2",
    "selectivity",
    "separated_attribute_predictability",
    "kernel_ridge_r2",
]
OF_FEATURES = [*(name for name in OF_UNITS if "ridge" not in name), "decoding_r2"]


def with_one_of(z, power):
    z = z.copy()
    z[:, 1] *= np.float32(2.0) ** power
    return z


@pytest.mark.parametrize("name", OF_UNITS)
def test_units(name):
    """A mean of R² said 0.93 for 0.59, as the units beside the large one seemed constant."""
    measure = getattr(measures, name)
    for power in POWERS:
        np.testing.assert_array_equal(measure(with_one_of(X, power), Y), measure(X, Y))


@pytest.mark.parametrize("name", OF_FEATURES)
def test_features(name):
    measure = getattr(measures, name)
    for power in POWERS:
        np.testing.assert_array_equal(measure(X, with_one_of(Y, power)), measure(X, Y))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["banded_ridge_r2", "group_lasso_r2"])
def test_units_of_which_groups_explain_shares(name):
    measure, groups = getattr(measures, name), [Y[:, :2], Y[:, 2:]]
    wanted = measure(X, groups)
    for power in (-64, 64):
        found = measure(with_one_of(X, power), groups)
        for one, other in zip(found, wanted, strict=True):
            np.testing.assert_array_equal(one, other)


def test_units_that_are_predicted():
    wanted = measures.linear_predictivity(X, Y, standardised=True)
    for power in POWERS:
        found = measures.linear_predictivity(X, with_one_of(Y, power), standardised=True)
        np.testing.assert_allclose(found, wanted, rtol=1e-6)


def test_classes_beside_an_example_far_out():
    """Their means rounded away what the others differ by: 0.73 for 0.91."""
    x, labels = X.copy(), np.arange(32) % 4
    x[3] *= np.float32(2.0**20)
    means = np.stack([np.float64(x)[labels == k].mean(axis=0) for k in range(4)])

    def consistency(z, means):
        far = ((np.float64(z)[:, None] - means) ** 2).sum(axis=2)
        nearer = far[np.arange(32), labels][:, None] < far
        of = np.stack([nearer[labels == k].sum(axis=0) for k in range(4)])
        return (of + of.T) / 16

    own = np.stack([np.float64(Y)[labels == k].mean(axis=0) for k in range(4)])
    step = (consistency(x, means) - consistency(Y, own))[np.triu_indices(4, 1)]
    wanted = 1 - np.maximum(step, 0).mean(), 1 - np.maximum(-step, 0).mean()
    found = measures.label_trustworthiness(x, Y, labels)
    np.testing.assert_allclose(found, wanted, atol=1e-6)


@pytest.mark.parametrize("name", ["permutation_matching", "semi_matching", "soft_matching"])
def test_units_that_are_matched(name):
    measure = getattr(measures, name)
    for power in POWERS:
        np.testing.assert_array_equal(measure(with_one_of(X, power), Y), measure(X, Y))


@pytest.mark.parametrize("pairs", ["same", "all"])
def test_units_that_correlate(pairs):
    wanted = measures.unit_correlation(X, X[::-1], pairs=pairs)
    for power in POWERS:
        found = measures.unit_correlation(with_one_of(X, power), X[::-1], pairs=pairs)
        np.testing.assert_array_equal(found, wanted)


def test_units_that_parities_explain():
    bits = np.arange(32)[:, None] >> np.arange(3) & 1
    for power in POWERS:
        found = measures.parity_r2(with_one_of(X, power), bits)
        np.testing.assert_array_equal(found, measures.parity_r2(X, bits))


def test_stress_of_the_largest_float64():
    """A square that overflowed was told by scikit-learn."""
    found = measures.non_metric_stress(np.float64(X) * 1e300, Y)
    np.testing.assert_allclose(found, measures.non_metric_stress(np.float64(X), Y), rtol=1e-5)


def test_held_out_units_are_scaled_alike():
    half = X[:16], Y[:16]
    for power in POWERS:
        x = with_one_of(X, power)
        found = measures.linear_r2(x[:16], Y[:16], held_out=(x[16:], Y[16:]))
        np.testing.assert_array_equal(found, measures.linear_r2(*half, held_out=(X[16:], Y[16:])))


@pytest.mark.parametrize("factor", [2.0**-127, 1e-44, 1e-300])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_numbers_that_jax_takes_for_0_are_refused(factor, dtype):
    """CKA was 0.40 for 0.47, as some are 0 and others are not; accuracies were of class 0."""
    tiny = (X * factor).astype(dtype)
    if not tiny.any():
        return  # zeros that were given
    for call in (measures.cka, measures.disagreement):
        with pytest.raises(ShapeError, match=r"x: dtype .*are lost in float32\. Multiply by a la"):
            call(tiny, X)


def test_tiny_numbers_beside_others_are_0():
    """As chances of classes are, or single units of hardly any activity."""
    x = with_one_of(X, 0)
    x[:, 1] *= np.float32(1e-40)
    zero = x.copy()
    zero[:, 1] = 0
    np.testing.assert_allclose(measures.cka(x, Y), measures.cka(zero, Y), rtol=1e-6)


def test_no_more_is_erased_than_there_is():
    """It was 1.43 times the variance, as directions of it were left out of one factor of two."""
    for offset in (1e5, 1e6):
        x = X + np.float32(offset)
        assert float(measures.erased_variance(x, Y)) == pytest.approx(
            float(measures.erased_variance(np.float64(x) - offset, Y)), abs=0.02
        )


@pytest.mark.parametrize("scaled", [True, False])
def test_shapes_near_the_largest_number(scaled):
    """The sum of a unit overflowed, and all shapes were unlike."""
    large = np.float32(2.0**124)
    wanted = measures.local_procrustes(X, Y, scaled=scaled)
    sizes = (1, large) if scaled else (large, large)
    found = measures.local_procrustes(X * sizes[0], Y * sizes[1], scaled=scaled)
    np.testing.assert_allclose(found, wanted, rtol=1e-5)
