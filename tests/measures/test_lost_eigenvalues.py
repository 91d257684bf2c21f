"""Spectra of which small eigenvalues drown beside large ones: said, or nothing is lost."""

import sys

import numpy as np
import pytest
from scipy.stats import entropy

import probekit as pk
from probekit import measures
from probekit.errors import ScoreWarning
from tests.reference import oracles

MEANINGS = measures.STATUS_MEANINGS


def with_spectrum(values, *, rotated=True, seed=0):
    """Examples, one more than twice the units, whose covariance has exactly these eigenvalues."""
    generator = np.random.default_rng(seed)
    units = len(values)
    z = generator.normal(size=(2 * units + 1, units))
    basis, _ = np.linalg.qr(z - z.mean(axis=0))
    x = basis * np.sqrt(len(z) * np.asarray(values))
    turn = np.linalg.qr(generator.normal(size=(units, units)))[0] if rotated else np.eye(units)
    return np.float32(x @ turn)


def reported(name, x):
    found = pk.probe(pk.extractors.arrays({"x": x}), None, {"y": x[:, 0]}, estimators=[name])
    return float(found[name].squeeze()), MEANINGS[int(found[f"{name}_status"].squeeze())]


@pytest.mark.parametrize("rotated", [True, False])
def test_a_slope_of_fewer_ranks_than_there_are_says_so(rotated):
    """Five units vary 1e8 times as much as five others: no slope of ten ranks can be told."""
    values = np.repeat([1.0, 1e-8], 5) / np.arange(1, 11)
    slope, status = reported("spectrum_slope", with_spectrum(values, rotated=rotated))
    assert status == "rank_deficient"
    assert slope == pytest.approx(slope_of(values[:5]), abs=1e-3)


def slope_of(values):
    ranks = np.arange(1, len(values) + 1)
    return -np.polyfit(np.log(ranks), np.log(values), 1, w=ranks**-0.5)[0]


def test_a_slope_of_examples_has_ranks_that_their_covariance_has_lost():
    values = np.repeat([1.0, 1e-8], 5) / np.arange(1, 11)
    found = float(measures.spectrum_slope(with_spectrum(values)))
    assert found == pytest.approx(slope_of(values), abs=1e-3)


@pytest.mark.parametrize(("least", "status"), [(8, "rank_deficient"), (100, "ok")])
def test_a_slope_of_ranks_that_are_partly_rounding_says_so(least, status):
    """In float32 digits of the largest: below 32 the exponent was up to half a percent off."""
    values = np.r_[1.0, np.full(3, least * 1.2e-7)]
    slope, found = reported("spectrum_slope", with_spectrum(values))
    assert found == status
    assert slope == pytest.approx(slope_of(values), rel=1e-2 if least == 8 else 1e-3)


def test_a_slope_of_all_ranks_that_there_can_be_needs_no_remark():
    values = np.arange(1.0, 11) ** -2
    x = with_spectrum(values)
    for given in (x, np.concatenate([x, np.full((len(x), 3), 2.5, np.float32)], axis=1), x[:7]):
        _, status = reported("spectrum_slope", given)
        assert status == "ok"
    assert reported("spectrum_slope", x)[0] == pytest.approx(2, abs=1e-3)


def test_ranks_beyond_those_that_are_fitted_need_no_remark():
    values = np.repeat([1.0, 1e-8], 5) / np.arange(1, 11)
    x, estimator = with_spectrum(values), pk.estimators.SpectrumSlope(last=5)
    found = pk.probe(pk.extractors.arrays({"x": x}), None, {"y": x[:, 0]}, estimators=[estimator])
    assert MEANINGS[int(found.spectrum_slope_status.squeeze())] == "ok"


@pytest.mark.slow
def test_many_small_eigenvalues_count_together():
    """Each is less than 400 times the last digit of the largest, all are 1.2 % of the whole."""
    values = np.r_[1.0, np.full(399, 3e-5)]
    x = with_spectrum(values)
    ours = float(measures.effective_rank(x))
    assert ours == pytest.approx(np.exp(entropy(values)), rel=1e-3)
    found = np.asarray(measures.spectrum(x), float)
    np.testing.assert_allclose(found, values, rtol=2e-2)
    assert found[0] == pytest.approx(1, rel=1e-4)
    ratio = float(measures.participation_ratio(x))
    assert ratio == pytest.approx(values.sum() ** 2 / (values**2).sum(), rel=1e-4)


@pytest.mark.slow
def test_an_effective_rank_of_which_too_much_is_lost_is_undefined(monkeypatch):
    monkeypatch.setattr(sys.modules["probekit.measures.effective_ranks"], "_ROUNDING", 300.0)
    x = with_spectrum(np.r_[1.0, np.full(401, 3e-5)])
    with pytest.warns(ScoreWarning, match=r"effective_rank is NaN \(rank deficient\)"):
        value, status = reported("effective_rank", x)
    assert (np.isnan(value), status) == (True, "rank_deficient")


@pytest.mark.slow
@pytest.mark.parametrize("units", [8, 400])
def test_one_direction_is_one_direction(units):
    generator = np.random.default_rng(0)
    x = np.float32(np.outer(generator.normal(size=900), generator.normal(size=units)))
    value, status = reported("effective_rank", x)
    assert (value, status) == (pytest.approx(1, abs=2e-4), "ok")
    assert np.count_nonzero(np.asarray(measures.spectrum(x))) == 1


def test_similarities_of_units_of_unlike_spread():
    """Those that ask for no eigenvalues have all digits; CCA takes each unit by its own spread."""
    generator = np.random.default_rng(0)
    causes = generator.normal(size=(200, 6))
    x, y = (
        np.float32(np.tanh(causes @ generator.normal(size=(6, 8))) * np.repeat([1, 1e-4], 4))
        for _ in range(2)
    )
    for name in ("cca", "ensd", "participation_ratio"):
        pair = (x,) if name == "participation_ratio" else (x, y)
        wanted = getattr(oracles, name)(x, y, x, y)
        assert float(getattr(measures, name)(*pair)) == pytest.approx(wanted, rel=1e-4)


@pytest.mark.parametrize(
    "estimator",
    [
        pk.estimators.SVCCA(components=8),
        pk.estimators.ShapeMetric(alpha=0.5),
        pk.estimators.CCA(),
    ],
    ids=repr,
)
def test_what_is_whitened_without_some_directions_says_so(estimator):
    """Half of the directions vary 1e8 times less than the others, and all units vary."""
    small, full = (with_spectrum(np.repeat([1.0, least], 4)) for least in (1e-8, 1e-2))
    for x, status in ((small, "rank_deficient"), (full, "ok")):
        y = full[:, ::-1] + np.float32(0.1) * full
        found = pk.probe(pk.extractors.arrays({"x": x}), None, {"y": y}, estimators=[estimator])
        code = int(found[f"{estimator.name}_status"].squeeze())
        assert MEANINGS[code] == status
