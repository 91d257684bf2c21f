"""p-values corrected by the largest score of each shuffle, against the definition by loops."""

import numpy as np
import pytest
import xarray as xr

import probekit as pk
from probekit.errors import OptionError
from probekit.history import compare_histories
from probekit.inference import corrected, max_corrected_p, p_value_of

ALTERNATIVES = ["greater", "less", "two-sided"]


def by_loops(score, shuffled, alternative):
    """Westfall and Young's step-down maxT of scores in standard deviations."""
    every = np.vstack([score, shuffled])
    far = (every - every.mean(axis=0)) / every.std(axis=0)
    far = {"greater": far, "less": -far, "two-sided": np.abs(far)}[alternative]
    left, found, least = list(range(len(score))), np.empty(len(score)), 0.0
    while left:
        first = max(left, key=lambda test: far[0, test])
        as_far = sum(max(row[left]) >= far[0, first] - 1e-9 for row in far)
        found[first] = least = max(least, as_far / len(every))
        left.remove(first)
    return found


@pytest.mark.parametrize("alternative", ALTERNATIVES)
def test_steps_down_as_by_loops(alternative):
    generator = np.random.default_rng(0)
    shuffled = generator.normal(size=(199, 6)) * [1, 1, 5, 0.1, 1, 1] + [0, 3, 0, 0, 0, 0]
    shuffled[:, 5] = shuffled[:, 4]
    score = np.array([4.0, 3.2, -12.0, 0.25, 2.0, 2.0])
    option = pk.Permutation(alternative=alternative)
    found = max_corrected_p(score, shuffled, option)
    p = p_value_of(score, shuffled, option)
    np.testing.assert_allclose(found, np.maximum(by_loops(score, shuffled, alternative), p))
    assert (found <= corrected(p, method="bonferroni") + 1e-9).all()
    assert found[4] == found[5]
    square = max_corrected_p(score.reshape(2, 3), shuffled.reshape(-1, 2, 3), option)
    np.testing.assert_array_equal(square.ravel(), found)


def test_what_only_rounding_keeps_below_the_score_is_as_extreme():
    """In another test's shuffles, too: those of the second are the first's in another order."""
    first = np.array([1.0, 1 - 1e-8, 0.5, 0.2, 0.1, 0, -0.1, -0.2, -0.5, -1])
    every = np.stack([first, first[[9, 8, 0, 1, 2, 3, 4, 5, 6, 7]]], axis=1)
    assert max_corrected_p(every[0], every[1:], pk.Permutation())[0] == 4 / 10


def test_units_and_orders_of_tests_do_not_matter():
    generator = np.random.default_rng(1)
    score, shuffled = generator.normal(1, 1, 5), generator.normal(size=(99, 5))
    option = pk.Permutation(alternative="greater")
    found = max_corrected_p(score, shuffled, option)
    units = np.array([1e-9, 1, 1e9, 3, 7])
    np.testing.assert_array_equal(max_corrected_p(score * units, shuffled * units, option), found)
    order = generator.permutation(5)
    np.testing.assert_array_equal(
        max_corrected_p(score[order], shuffled[:, order], option), found[order]
    )


@pytest.mark.parametrize("shared", [0.0, 0.9])
def test_of_nothing_one_test_in_any_is_found_in_5_percent(shared):
    """12 tests of 99 shuffles, of 1000 families; Holm's cannot be below 0.12 of so few."""
    generator = np.random.default_rng(0)
    found = []
    for _ in range(1000):
        both = generator.normal(size=(100, 12)) * np.sqrt(1 - shared)
        both = np.exp(both + generator.normal(size=(100, 1)) * np.sqrt(shared))  # skewed
        found.append(max_corrected_p(both[0], both[1:], pk.Permutation()).min())
    assert np.mean(np.array(found) <= 0.05) == pytest.approx(0.05, abs=0.02)


def test_what_is_undefined():
    generator = np.random.default_rng(0)
    score, shuffled = np.full(5, 9.0), generator.normal(size=(99, 5))
    score[1] = np.nan
    shuffled[:, 2] = score[2] * (1 + 1e-9 * generator.normal(size=99))  # equal but for rounding
    shuffled[7, 3] = np.inf
    found = max_corrected_p(score, shuffled, pk.Permutation())
    assert np.isnan(found[[1, 3]]).all()
    assert found[2] == 1
    assert found[0] == found[4] == 0.01
    shuffled[:30, 4] = np.nan  # too large rather than too small
    assert max_corrected_p(score, shuffled, pk.Permutation())[0] == pytest.approx(0.31)
    assert np.isnan(max_corrected_p(score[1], shuffled[:, 1], pk.Permutation()))


def test_of_all_layers_and_features():
    generator = np.random.default_rng(0)
    x = generator.normal(size=(40, 8, 1)).astype(np.float32)
    layers = pk.extractors.arrays({f"l{i}": x[:, i] for i in range(8)})
    features = {"first": x[:, 0, 0], "other": generator.normal(size=40).astype(np.float32)}
    option = pk.Permutation(resamples=39, correction="max")
    ds = pk.probe(layers, None, features, estimators="cka", uncertainty=option)  # no warning
    p = ds.cka_p_corrected
    assert p.sel(layer="l0", feature="first") == 1 / 40
    assert (p >= ds.cka_p).all()
    assert "corrected for 16 tests (max)" in p.long_name


def test_seeds_have_no_such_correction():
    ds = xr.Dataset({"r2": ("seed", np.arange(5.0))}, {"seed": range(5)})
    with pytest.raises(OptionError, match="uncertainty: correction='max' of seeds; they"):
        compare_histories(ds, ds, uncertainty=pk.Permutation(correction="max"))
    with pytest.raises(OptionError, match="method='max': not a choice"):
        corrected([0.1], method="max")
