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
    "separated_attribute_predictability",
]
OF_FEATURES = [*(name for name in OF_UNITS if name != "ridge_r2"), "decoding_r2"]


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
