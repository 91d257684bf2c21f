"""Geometry: against float64, on data of known dimension, and where it is undefined."""

import numpy as np
import pytest

from probekit import measures
from probekit.errors import OptionError
from tests.reference import oracles
from tests.reference.tolerances import SCORE

RNG = np.random.default_rng(0)
N, D = 60, 7
X = np.float32(RNG.normal(size=(N, D)) * np.arange(1, D + 1))
Y = RNG.integers(0, 2, (N, 3)).astype(np.float32)
X[:, :3] += 4 * Y

ONE_SIDED = {
    "spectrum": {},
    "effective_rank": {},
    "stable_rank": {},
    "spectrum_slope": {"first": 2, "last": 6},
    "intrinsic_dimension": {"discard": 0.2},
    "sparsity": {},
}
TWO_SIDED = {
    "selectivity": {"threshold": 0.05},
    "feature_angles": {},
    "component_alignment": {"components": 3},
}


@pytest.mark.parametrize("offset", [0.0, 1e4])
@pytest.mark.parametrize("measure", [*ONE_SIDED, *TWO_SIDED])
def test_against_float64(measure, offset):
    options = {**ONE_SIDED, **TWO_SIDED}[measure]
    x = np.float32(X + offset)
    features = [Y] if measure in TWO_SIDED else []
    ours = getattr(measures, measure)(x, *features, **options)
    theirs = getattr(oracles, measure)(x, Y, x, Y, **options)
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=SCORE)


@pytest.mark.parametrize("measure", ["spectrum", "effective_rank"])
def test_more_units_than_examples(measure):
    x = np.float32(RNG.normal(size=(12, 30)))
    ours = np.asarray(getattr(measures, measure)(x))
    theirs = getattr(oracles, measure)(None, None, x, None)
    np.testing.assert_allclose(np.ravel(ours)[:11], np.ravel(theirs)[:11], rtol=1e-4)
    assert (np.ravel(ours)[11:] == 0).all()


@pytest.mark.parametrize("centred", [True, False])
@pytest.mark.parametrize("values", ["eigenvalues", "singular_values"])
def test_ranks_of_either_values_with_and_without_means(values, centred):
    x = X + np.float32(2)
    x[:, 5] = 3.3  # a direction of its own, unless means are taken off
    found = float(measures.effective_rank(x, values=values, centred=centred))
    wanted = oracles.effective_rank(None, None, x, None, values=values, centred=centred)
    assert found == pytest.approx(wanted, rel=1e-4)
    found = float(measures.stable_rank(x, centred=centred))
    assert found == pytest.approx(oracles.stable_rank(None, None, x, None, centred=centred))


def test_without_means_a_constant_representation_has_one_direction():
    x = np.full_like(X, 3.3)
    for options in ({}, {"values": "singular_values"}):
        assert float(measures.effective_rank(x, centred=False, **options)) == pytest.approx(1)
        assert np.isnan(measures.effective_rank(0 * x, centred=False, **options))
    assert float(measures.stable_rank(x, centred=False)) == pytest.approx(1)
    assert np.isnan(measures.stable_rank(0 * x, centred=False))


def test_many_directions_and_singular_values_that_fall_with_the_rank():
    generator = np.random.default_rng(0)
    x = np.float32(generator.normal(size=(400, 120)) / np.arange(1, 121))
    found = float(measures.effective_rank(x, values="singular_values", centred=False))
    wanted = oracles.effective_rank(None, None, x, None, values="singular_values", centred=False)
    assert found == pytest.approx(wanted, rel=1e-3)


@pytest.mark.parametrize("offset", [32, 4096])
def test_a_large_mean_does_not_cover_the_other_directions(offset):
    x = np.round(np.random.default_rng(0).normal(size=(64, 6)) * 256) / 256 + np.float32(offset)
    found = float(measures.effective_rank(x, values="singular_values", centred=False))
    wanted = oracles.effective_rank(None, None, x, None, values="singular_values", centred=False)
    assert wanted > 1.004
    assert found == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize("centred", [True, False])
def test_a_collapsed_representation_has_the_rank_that_is_left(centred):
    generator = np.random.default_rng(0)
    x = np.float32(generator.normal(size=(200, 3)) @ generator.normal(size=(3, 60)))
    options = {"values": "singular_values", "centred": centred}
    wanted = oracles.effective_rank(None, None, x, None, **options)
    assert float(measures.effective_rank(x, **options)) == pytest.approx(wanted, rel=0.01)


def test_singular_values_that_are_lost_leave_the_rank_undefined():
    generator = np.random.default_rng(0)
    x = generator.normal(size=(90, 40)) * np.r_[1, np.full(39, 2e-4)]
    assert np.isnan(measures.effective_rank(x, values="singular_values"))
    assert float(measures.effective_rank(x)) == pytest.approx(1, abs=1e-3)


def test_the_spectrum_adds_up_to_the_total_variance():
    total = float(measures.total_variance(X))
    assert float(measures.spectrum(X).sum()) == pytest.approx(total, rel=1e-5)


@pytest.mark.parametrize("measure", ["treves_rolls", "hoyer"])
def test_sparsity_at_its_ends(measure):
    one, all_alike = np.zeros((5, 8)), np.full((5, 8), -2.0)
    one[np.arange(5), np.arange(5)] = 3e-6
    assert float(measures.sparsity(one, measure=measure)) == pytest.approx(1, abs=SCORE)
    assert float(measures.sparsity(all_alike, measure=measure)) == pytest.approx(0, abs=SCORE)
    silent = np.concatenate([one, np.zeros((9, 8))])
    assert measures.sparsity(silent, measure=measure) == measures.sparsity(one, measure=measure)
    assert np.isnan(measures.sparsity(np.zeros((5, 8)), measure=measure))
    assert np.isnan(measures.sparsity(one[:, :1], measure=measure))


def test_a_unit_that_copies_the_feature_is_selective():
    x = np.stack([Y[:, 0], 5 - 3 * Y[:, 0], np.full(N, 0.1), Y[:, 1]], axis=1)
    assert float(measures.selectivity(x, Y[:, 0], threshold=0.99)) == 0.5
    assert np.isnan(measures.selectivity(x, np.ones(N)))


def test_features_on_axes_of_their_own_are_at_right_angles():
    y = np.array([[0, 0, 1], [0, 1, 1], [1, 0, 0], [1, 1, 0]])
    angles = measures.feature_angles(y[:, :2] + 7, y)
    np.testing.assert_allclose(angles, [[0, 90, 180], [90, 0, 90], [180, 90, 0]], atol=1e-4)
    constant = np.asarray(measures.feature_angles(y[:, :2], np.pad(y, ((0, 0), (0, 1)))))
    assert np.isnan(constant[3]).all()
    assert np.isfinite(constant[:3, :3]).all()


def test_all_components_hold_every_direction():
    found = [float(measures.component_alignment(X, Y[:, 0], components=c)) for c in (1, 3, D, 99)]
    assert found[2:] == pytest.approx([1, 1], abs=SCORE)
    assert sorted(found) == pytest.approx(found, abs=SCORE)


@pytest.mark.parametrize(
    "measure", [*sorted(set(ONE_SIDED) - {"sparsity", "spectrum"}), *TWO_SIDED]
)
def test_a_constant_representation_is_undefined(measure):
    options = {**ONE_SIDED, **TWO_SIDED}[measure]
    features = [Y] if measure in TWO_SIDED else []
    found = getattr(measures, measure)(np.full_like(X, 3.3), *features, **options)
    assert np.isnan(found).all()


@pytest.mark.parametrize("measure", [*ONE_SIDED, *TWO_SIDED])
def test_what_is_not_finite_gives_nan(measure):
    options = {**ONE_SIDED, **TWO_SIDED}[measure]
    features = [Y] if measure in TWO_SIDED else []
    spoilt = X.copy()
    spoilt[7, 2] = np.inf
    assert np.isnan(getattr(measures, measure)(spoilt, *features, **options)).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: measures.spectrum_slope(X, first=0), r"first=0: must be at least 1"),
        (lambda: measures.spectrum_slope(X, first=3, last=3), r"last=3: must be greater than"),
        (lambda: measures.intrinsic_dimension(X, discard=-1), r"discard=-1: must be at least 0"),
        (lambda: measures.intrinsic_dimension(X, discard=1), r"discard=1: must be below 1"),
        (
            lambda: measures.intrinsic_dimension(X, method="likelihood", neighbours=1),
            r"neighbours=1: must be at least 2",
        ),
        (lambda: measures.intrinsic_dimension(X, method="box"), r"method='box': not a choice"),
        (lambda: measures.effective_rank(X, values="roots"), r"values='roots': not a choice"),
        (lambda: measures.sparsity(X, measure="gini"), r"measure='gini': not a choice"),
        (lambda: measures.selectivity(X, Y, threshold=0), r"threshold=0: must be above 0"),
        (lambda: measures.component_alignment(X, Y, components=0), r"components=0: must be at"),
    ],
)
def test_bad_options_are_refused(call, message):
    with pytest.raises(OptionError, match=message):
        call()
