"""Group lasso: against himalaya's solver, and what is left out."""

import numpy as np
import pytest

from probekit import measures
from probekit.errors import OptionError
from probekit.estimators import GroupLassoR2
from tests.optional import optional
from tests.reference import oracles

GROUPS = [[0, 1], [2], [3, 4]]


def data(examples=80, seed=0):
    """Two groups count; the third does not."""
    generator = np.random.default_rng(seed)
    y = generator.normal(size=(examples, 5)) * [1, 1, 5, 1, 1] + 3
    noise = generator.normal(size=(examples, 3))
    x = y[:, :2] @ generator.normal(size=(2, 3)) + y[:, 2:3] * [0.2, 0, 0.3] + noise
    return np.float32(x), np.float32(y)


def split(y):
    return [y[:, columns] for columns in GROUPS]


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"sparsity": 0.4, "per_unit": True, "multioutput": "raw_values"},
        {"sparsity": 1.0, "scoring": "correlation", "penalties": (0.05, 0.2), "folds": 3},
    ],
)
def test_against_himalaya(options):
    optional("himalaya.lasso")
    x, y = data()
    x2, y2 = data(40, seed=1)
    found = measures.group_lasso_r2(x, split(y), held_out=(x2, split(y2)), **options)
    total, shares = oracles.group_lasso(x, y, x2, y2, groups=GROUPS, **options)
    np.testing.assert_allclose(found.r2, total, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found.shares, shares, rtol=1e-4, atol=1e-5)


def test_what_is_not_needed_is_left_out():
    x, y = data()
    found = measures.group_lasso_r2(x, split(y), penalties=[0.2], multioutput="raw_values")
    assert (np.asarray(found.shares)[2] == 0).all()
    assert (np.asarray(found.shares)[0] > 0.1).all()


@pytest.mark.slow
def test_of_a_large_penalty_nothing_is_left():
    x, y = data()
    nothing = measures.group_lasso_r2(x, split(y), penalties=[3.0])
    assert float(nothing.r2) == pytest.approx(0, abs=1e-6)
    assert (np.asarray(nothing.shares) == 0).all()


@pytest.mark.slow
def test_scales_do_not_matter():
    x, y = data()
    found = measures.group_lasso_r2(x, split(y))
    other = measures.group_lasso_r2(
        7 * x - 3, [z * scale for z, scale in zip(split(y), [1000, 0.02, 1], strict=True)]
    )
    np.testing.assert_allclose(other.r2, found.r2, rtol=1e-4)
    np.testing.assert_allclose(other.shares, found.shares, rtol=1e-3, atol=1e-5)


@pytest.mark.slow  # nearly all of it is compiling
def test_constant_and_collinear_features():
    x, y = data()
    wanted = float(measures.group_lasso_r2(x, split(y)).r2)
    flat = np.full((80, 1), 3.3, np.float32)
    found = measures.group_lasso_r2(x, [*split(y), flat])
    assert float(found.r2) == pytest.approx(wanted, rel=1e-4)
    assert float(found.shares[3]) == 0
    assert np.isfinite(measures.group_lasso_r2(x, [y, y, -2 * y]).r2)
    x[3, 1] = np.nan
    assert np.isnan(measures.group_lasso_r2(x, split(y)).r2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sparsity": 1.5}, r"sparsity=1.5: must be from 0 to 1"),
        ({"penalties": ()}, r"penalties=\(\): none to choose from"),
        ({"folds": 1}, r"folds=1: must be at least 2"),
    ],
)
def test_bad_options_are_refused(options, message):
    x, y = data()
    with pytest.raises(OptionError, match=message):
        measures.group_lasso_r2(x, split(y), **options)
    with pytest.raises(OptionError, match=message):
        GroupLassoR2(**options)
