"""Units with their namesakes, and kernels that know units."""

import numpy as np
import pytest

import probekit as pk
from probekit import measures
from probekit.errors import OptionError
from probekit.estimators import CKA, HSIC, UnitCorrelation
from tests.reference import oracles


def pair(examples=30, units=(4, 4), seed=0):
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(examples, units[0]))
    y = np.resize(x, (examples, units[1])) + generator.normal(size=(examples, units[1]))
    return np.float32(x), np.float32(y)


@pytest.mark.parametrize("pairs", ["same", "all"])
@pytest.mark.parametrize("average", ["mean", "median"])
@pytest.mark.parametrize("units", [(4, 4), (5, 3)])
def test_against_numpy(units, average, pairs):
    x, y = pair(units=units)
    wanted = oracles.unit_correlation(None, None, x, y, pairs=pairs, average=average)
    found = float(measures.unit_correlation(x, y, pairs=pairs, average=average))
    assert found == pytest.approx(wanted, abs=1e-6)


def test_constant_units_correlate_0():
    x, y = pair()
    x[:, 1] = 3.3
    each = [np.corrcoef(x[:, k], y[:, k])[0, 1] if k != 1 else 0 for k in range(4)]
    assert float(measures.unit_correlation(x, y)) == pytest.approx(np.mean(each), abs=1e-6)
    assert np.isnan(measures.unit_correlation(np.full_like(x, 3.3), y))
    x[3, 0] = np.inf
    assert np.isnan(measures.unit_correlation(x, y))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pairs": "sane"}, r"pairs='sane': not a choice; did you mean 'same'"),
        ({"average": "sum"}, r"average='sum': not a choice"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(OptionError, match=message):
        measures.unit_correlation(*pair(), **options)
    with pytest.raises(OptionError, match=message):
        UnitCorrelation(**options)


@pytest.mark.slow
@pytest.mark.parametrize("kernel", ["laplace", "max"])
@pytest.mark.parametrize("debiased", [False, True])
def test_kernels_against_their_formulas(kernel, debiased):
    x, y = pair(12, (4, 3))
    options = {"kernel": kernel, "debiased": debiased}
    for name in ("cka", "hsic"):
        wanted = getattr(oracles, name)(None, None, x, y, **options)
        found = float(getattr(measures, name)(x, y, **options))
        assert found == pytest.approx(wanted, rel=1e-4, abs=1e-6)


def test_of_the_maximum_kernel_units_count_as_such():
    x, y = pair(12, (4, 4))
    wanted = float(measures.cka(x, y, kernel="max"))
    units = np.float32([4, 0.5, 8, 2])
    assert float(measures.cka(x * units + 3, y[:, ::-1], kernel="max")) == pytest.approx(
        wanted, abs=1e-5
    )
    assert float(measures.cka(x, x * units, kernel="max")) == pytest.approx(1, abs=1e-5)
    turn, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(4, 4)))
    assert float(measures.cka(x, x @ turn, kernel="max")) < 0.95
    more = np.hstack([x, np.full((12, 1), 3.3, np.float32)])
    assert float(measures.cka(more, y, kernel="max")) == pytest.approx(wanted, abs=1e-5)
    assert np.isnan(measures.cka(np.full_like(x, 3.3), y, kernel="max"))


@pytest.mark.slow
def test_the_maximum_kernel_has_negative_eigenvalues_and_scores():
    rng = np.random.default_rng(27)
    x, y = np.float32(rng.integers(-5, 6, size=(12, 4))), np.float32(rng.integers(3, size=(12, 3)))
    layers = (pk.extractors.arrays({"layer": z}) for z in (x, y))
    compared = pk.compare(*layers, estimators=[CKA(kernel="max"), HSIC(kernel="max")])
    for name in ("cka", "hsic"):
        wanted = getattr(oracles, name)(None, None, x, y, kernel="max")
        found = getattr(measures, name)(x, y, kernel="max"), compared[name][0, 0]
        assert wanted < -0.05
        np.testing.assert_allclose(found, [wanted] * 2, rtol=1e-4)
    assert CKA(kernel="max").variables[0].valid_range == (-1, 1)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_the_maximum_kernel_hides_no_unit_that_is_not_finite(value):
    x, y = pair(12, (4, 3))
    x[3, 1] = value
    for name in ("cka", "hsic"):
        assert np.isnan(getattr(measures, name)(x, y, kernel="max"))
