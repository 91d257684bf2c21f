"""What does not depend on scale is the same near the ends of float32 as in the middle."""

import numpy as np
import pytest

import probekit.measures as m
from probekit.measures._scale import moderate, moderating_power, scaled_to_one

GENERATOR = np.random.default_rng(0)
X = np.float32(GENERATOR.normal(size=(32, 4)) + 1)
X *= np.float32(1.99) / np.abs(X).max()
Y = np.float32(GENERATOR.normal(size=(32, 3)))

OF_TWO = {
    "mutual_neighbours": {},
    "mutual_neighbours, second order": {"measure": "second_order"},
    "mutual_neighbours, euclidean": {"metric": "euclidean"},
    "cknna": {},
    "mean_relative_rank_error": {},
    "pair_alignment": {},
    "cknna, debiased": {"debiased": True},
    "aligned_cosine": {},
    "aligned_cosine, centred": {"centred": True},
    "rsm_norm_difference, cosine": {"rsm": "cosine"},
    "rsm_norm_difference, correlation": {"rsm": "correlation"},
    "rsa": {},
    "rsa, cosine": {"rdm": "cosine"},
    "rsa, euclidean": {"rdm": "euclidean"},
    "rsa, spearman": {"rdm": "squared_euclidean", "comparison": "spearman"},
    "cka, rbf": {"kernel": "rbf"},
    "distance_correlation": {},
    "riemannian_distance": {},
    "multiscale_distance": {},
    "cka": {},
    "cka, debiased": {"debiased": True},
    "procrustes_distance": {},
    "cca": {},
    "semi_matching": {},
    "soft_matching": {},
    "gulp": {},
    "eigenspace_overlap, not centred": {"centred": False},
    "linear_r2": {},
    "unique_r2": {},
    "ridge_r2": {},
    "kernel_ridge_r2": {},
    "decoding_r2": {},
    "ridge_decoding_r2": {},
    "component_alignment": {},
    "feature_angles": {},
    "selectivity": {},
}
"""One of each way to the moments."""

OF_ONE = (
    "concentricity",
    "uniformity",
    "intrinsic_dimension",
    "sparsity",
    "participation_ratio",
    "effective_rank",
    "stable_rank",
    "anisotropy",
    "self_clustering",
    "spectrum_slope",
)
SIZES = (2.0**-110, 2.0**66, 2.0**126, 2.0**127)
"""The last of entries up to 3.4e38, the largest number there is."""


def same(score, size):
    """Powers of two leave the entries' digits as they are."""
    np.testing.assert_allclose(score(X * np.float32(size)), score(X), rtol=2e-5)


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", OF_TWO)
def test_scale_of_one_of_two(name, size):
    measure = getattr(m, name.split(",")[0])
    same(lambda x: measure(x, Y, **OF_TWO[name]), size)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", OF_ONE)
def test_scale_of_one(name, size):
    same(getattr(m, name), size)


@pytest.mark.parametrize("size", SIZES)
def test_weighted_rsa(size):
    groups = [Y[:, :1], Y[:, 1:]]
    same(lambda x: m.weighted_rsa(x, groups).score, size)


@pytest.mark.parametrize("size", SIZES)
def test_decoding_accuracy(size):
    labels = X[:, 0] > np.median(X[:, 0])
    assert m.decoding_accuracy(X, labels) > 0.8
    same(lambda x: m.decoding_accuracy(x, labels), size)


@pytest.mark.parametrize("size", SIZES)
def test_encoding_by_groups_and_parities(size):
    bits = np.arange(32)[:, None] >> np.arange(2) & 1
    same(lambda x: m.banded_ridge_r2(x, [Y[:, :1], Y[:, 1:]]).r2, size)
    same(lambda x: m.parity_r2(x, bits), size)


def test_examples_held_out_have_the_scale_of_those_that_are_fitted():
    def of_halves(x):
        return m.decoding_r2(x[:16], Y[:16], held_out=(x[16:], Y[16:]))

    same(of_halves, SIZES[0])
    same(of_halves, SIZES[-1])


def test_wide_representations():
    wide = np.tile(X, (1, 20))
    expected = float(m.cka(wide, Y))
    assert float(m.cka(wide * np.float32(2.0**126), Y)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("exponent", [-58, 58])
def test_what_has_a_scale_is_told_as_long_as_it_can_be(exponent):
    size = np.float32(2.0**exponent)
    found = [m.total_variance(X * size), *m.spectrum(X * size)]
    expected = np.array([m.total_variance(X), *m.spectrum(X)], np.float64) * 4.0**exponent
    np.testing.assert_allclose(np.float64(found), expected, rtol=1e-4)
    for far in (2.0**-90, 2.0**90):
        assert np.isnan(m.total_variance(X * np.float32(far)))
        assert np.isnan(m.spectrum(X * np.float32(far))).all()
    assert float(m.total_variance(0 * X)) == 0


@pytest.mark.parametrize("exponent", [-110, 110])
def test_the_bures_metric_scales_with_both(exponent):
    size = np.float32(2.0**exponent)
    found = np.float64(m.bures_metric(X * size, Y * size)) / 2.0**exponent
    assert found == pytest.approx(float(m.bures_metric(X, Y)), rel=1e-5)


@pytest.mark.parametrize(("size", "size_y"), [(2.0**-66, 2.0**66), (2.0**66, 2.0**-66)])
def test_the_bures_metric_beside_what_vanishes_is_the_size_of_the_larger(size, size_y):
    x, y = X * np.float32(size), Y * np.float32(size_y)
    larger = np.float64(x if size > size_y else y)
    root = np.sqrt(larger.var(axis=0).sum())
    np.testing.assert_allclose(m.bures_metric(x, y), root, rtol=1e-5)
    halves = m.bures_metric(x[:16], y[:16], held_out=(x[16:], y[16:]))
    root = np.sqrt(((larger[16:] - larger[:16].mean(axis=0)) ** 2).sum() / 16)
    np.testing.assert_allclose(halves, root, rtol=1e-5)


def test_a_norm_that_is_too_large_is_undefined_and_one_that_is_not_is_exact():
    large = np.float32([[0], [3e38]])
    assert np.isnan(m.rsm_norm_difference(large, 0.5 * large, rsm="inner_product"))
    assert float(m.rsm_norm_difference(large, -large)) == 0
    near = np.float32([[0], [1e38]])
    np.testing.assert_allclose(m.rsm_norm_difference(near, 0.5 * near), 0.5e38 * 2**0.5, rtol=1e-5)


def test_values_of_usual_size_stay_as_they_are():
    np.testing.assert_array_equal(moderate(X), X)
    assert float(moderating_power(X * np.float32(1e15))) == 2.0**-44
    assert float(moderating_power(X * np.float32(1e38))) == 2.0**-88


def test_rows_have_scales_of_their_own():
    rows = np.float32([[1e38, -3.4e38], [2e-37, 1e-37], [0, 0], [3, 4]])
    found = scaled_to_one(rows, axis=1)
    np.testing.assert_allclose(found, [[0.294118, -1], [1, 0.5], [0, 0], [0.75, 1]], rtol=1e-5)


@pytest.mark.parametrize("size", SIZES[:3])
@pytest.mark.parametrize("metric", ["euclidean", "squared_euclidean"])
def test_distances_vanish_and_overflow_where_they_must(metric, size):
    found = np.float64(m.rdm(X * np.float32(size), metric=metric))
    wanted = np.float64(m.rdm(X, metric=metric)) * float(size) ** (1 + (metric != "euclidean"))
    known = (wanted < 3e38) & (wanted.max() > 1e-37)
    np.testing.assert_allclose(found[known], wanted[known], rtol=1e-5)
    assert np.isnan(found[~known]).all()
