"""Tests of pairs against SciPy, and by what they promise of their errors."""

import numpy as np
import pytest
import scipy.stats

from probekit.errors import OptionError, ShapeError
from probekit.inference import PAIRED_TESTS, least_p, paired_test
from probekit.inference.paired import _ranks_outside

SIDES = ["two-sided", "greater", "less"]


def drawn(n, seed=0):
    return np.random.default_rng(seed).normal(0.4, 1, n)


@pytest.mark.parametrize("alternative", SIDES)
@pytest.mark.parametrize("n", [2, 7, 30, 60])
def test_p_is_that_of_scipy(n, alternative):
    each = drawn(n)
    t, ranks = (paired_test(each, test=test, alternative=alternative) for test in ("t", "wilcoxon"))
    theirs = scipy.stats.ttest_1samp(each, 0, alternative=alternative)
    assert t.p == pytest.approx(theirs.pvalue)
    assert ranks.p == pytest.approx(scipy.stats.wilcoxon(each, alternative=alternative).pvalue)
    assert t.difference == ranks.difference == each.mean()
    two_sided = scipy.stats.ttest_1samp(each, 0).confidence_interval()
    assert t[1:3] == pytest.approx(tuple(two_sided))


@pytest.mark.parametrize("alternative", SIDES)
def test_changed_signs_are_those_of_scipy(alternative):
    each = np.append(drawn(6), 0.5)
    theirs = scipy.stats.permutation_test(
        (each, 0 * each),
        lambda a, b: (a - b).mean(),
        permutation_type="samples",
        alternative=alternative,
        n_resamples=np.inf,
    )
    found = paired_test(each, test="signs", alternative=alternative)
    assert found.p == pytest.approx(theirs.pvalue)


@pytest.mark.parametrize("alternative", SIDES)
@pytest.mark.parametrize("each", [[-0.7, 0.5, 0.2], [0.7, -0.5, -0.2], [0.1, 0.2, -0.3, 0.0]])
def test_changed_signs_of_differences_that_cancel_are_those_of_whole_numbers(each, alternative):
    """Their sum is nothing but rounding, of which either side is no more extreme."""
    whole = np.round(10 * np.array(each))
    found, exact = (paired_test(z, test="signs", alternative=alternative) for z in (each, whole))
    assert found.p == exact.p >= 0.5


def test_many_signs_are_drawn():
    each = drawn(40)
    p, again, other = (paired_test(each, test="signs", seed=seed).p for seed in (0, 0, 1))
    assert p == again != other
    assert p == pytest.approx(paired_test(each).p, abs=0.01)
    for n, ways in ((12, 1 << 12), (40, 1 << 14)):
        same = paired_test(np.arange(1.0, n + 1), test="signs", alternative="greater")
        assert same.p == 1 / ways, "the data itself is one of the ways, and no other is as far"


def test_ranks_outside_are_the_quantiles_of_tables():
    """R's qsignrank(0.025, n), the critical value of printed tables and one."""
    found = [_ranks_outside(n, 0.025) for n in (5, 6, 7, 8, 9, 10, 15, 20)]
    assert found == [0, 1, 3, 4, 6, 9, 26, 53]
    exact, normal = _ranks_outside(200, 0.025), _ranks_outside(201, 0.025)
    assert 70 < normal - exact < 100, "about half of the 201 ranks that are added, less a little"


@pytest.mark.parametrize("test", PAIRED_TESTS)
@pytest.mark.parametrize("n", [4, 6, 9])
def test_the_interval_holds_what_the_test_does_not_reject(test, n):
    for seed in range(20):
        each = drawn(n, seed)
        found = paired_test(each, test=test, confidence=0.9)
        assert (found.p > 0.1) == (found.lower <= 0 <= found.upper)
        shifted = paired_test(3 + 2 * each, test=test, confidence=0.9)
        np.testing.assert_allclose(shifted[:3], 3 + 2 * np.array(found[:3]))


@pytest.mark.slow
@pytest.mark.parametrize("test", PAIRED_TESTS)
def test_as_many_are_rejected_as_the_level_says(test):
    """Of 600 sets of 8 differences about 0, some 30 at 0.05; by ranks fewer, as p is in steps."""
    rows = np.random.default_rng(0).normal(size=(600, 8))
    p = np.array([paired_test(row, test=test).p for row in rows])
    assert 12 <= (p <= 0.05).sum() <= 45
    assert 80 <= (p <= 0.2).sum() <= 150


@pytest.mark.parametrize("test", PAIRED_TESTS)
def test_what_cannot_be_tested(test):
    for each in ([], [1.0], [np.nan, 1.0], [np.inf, 1.0, 2.0]):
        assert np.isnan(paired_test(each, test=test)[1:4]).all()
    nothing = paired_test(np.zeros(7), test=test)
    assert nothing[:4] == (0, 0, 0, 1), "a model and itself"
    equal = paired_test(np.ones(7), test=test)
    assert np.isnan(equal.p) if test == "t" else equal.p == least_p(7, test=test) == 2 / 2**7
    assert paired_test([0.1, np.nan, 0.2, 0.3], test=test).n == 3


def test_ties_and_differences_of_nothing_have_an_exact_p():
    found = paired_test([0, 0, 1, 1, 2, 2, 3], test="wilcoxon")
    assert found.p == 2 / 2**5


def test_the_smallest_p():
    for test in ("signs", "wilcoxon"):
        for alternative in ("two-sided", "greater"):
            found = paired_test(np.arange(1.0, 6), test=test, alternative=alternative).p
            assert found == least_p(5, test=test, alternative=alternative)
    assert least_p(1, test="signs") == 1
    assert least_p(2, test="t") == 0


@pytest.mark.parametrize(
    ("differences", "options", "error", "message"),
    [
        (np.ones((2, 2)), {}, ShapeError, r"differences: shape \(2, 2\); \(pair,\) is needed"),
        (["a", "b"], {}, OptionError, "differences: a list; give an array of numbers"),
        ([1, 2], {"test": "u"}, OptionError, "test='u': not a choice"),
        ([1, 2], {"alternative": "up"}, OptionError, "alternative='up': not a choice"),
        ([1, 2], {"confidence": 95}, OptionError, "confidence=95: must lie between 0 and 1"),
        ([1, 2], {"seed": -1}, OptionError, "seed=-1: must be at least 0"),
        ([1, 2], {"rounding": [1, 2, 3]}, OptionError, r"rounding: \[1, 2, 3\]; give a"),
        ([1, 2], {"rounding": -1}, OptionError, "rounding: not all are finite and at least 0"),
    ],
)
def test_errors(differences, options, error, message):
    with pytest.raises(error, match=message):
        paired_test(differences, **options)
