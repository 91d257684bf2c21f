"""Bootstrap intervals against those of SciPy from the same resamples."""

import dataclasses
import warnings

import numpy as np
import pytest
import scipy.stats
import xarray as xr
from scipy.stats._resampling import BootstrapResult

import probekit as pk
from probekit.errors import ProbekitWarning
from probekit.history import compare_histories, register_accessor
from probekit.inference import (
    Jackknife,
    acceleration_of,
    interval_of,
    p_value_of,
    warn_of_few_drawn,
    warn_of_few_shuffles,
)

N = 40
INTERVALS = ["percentile", "bca", "basic"]


@pytest.fixture(scope="module")
def pairs():
    generator = np.random.default_rng(0)
    x = generator.exponential(size=N)
    return x, x + generator.exponential(size=N)


def correlation(x, y):
    return np.corrcoef(x, y)[0, 1] ** 2


def of_scipy(data, statistic, resampled, interval, **options):
    """SciPy's interval from resamples that are there already."""
    there = BootstrapResult(
        confidence_interval=None, bootstrap_distribution=resampled, standard_error=None
    )
    names = {"bca": "BCa"}
    found = scipy.stats.bootstrap(
        data,
        statistic,
        n_resamples=0,
        bootstrap_result=there,
        method=names.get(interval, interval),
        vectorized=False,
        **options,
    )
    return found.confidence_interval


@pytest.mark.parametrize("interval", INTERVALS)
@pytest.mark.parametrize("confidence", [0.95, 0.5])
def test_intervals_are_those_of_scipy(pairs, interval, confidence):
    option = pk.Bootstrap(resamples=500, interval=interval, confidence=confidence)
    rows = [np.repeat(np.arange(N), weight) for weight in option.weights(N).astype(int)]
    resampled = np.array([correlation(*(z[row] for z in pairs)) for row in rows])
    without = [np.flatnonzero(weight) for weight in Jackknife().weights(N)]
    left_out = np.array([correlation(*(z[row] for z in pairs)) for row in without])
    ours = interval_of(
        correlation(*pairs), resampled, option, acceleration=acceleration_of(left_out)
    )
    theirs = of_scipy(
        pairs, correlation, resampled, interval, paired=True, confidence_level=confidence
    )
    np.testing.assert_allclose(ours, theirs, rtol=1e-10)


def test_acceleration_of_two_samples_is_that_of_scipy(pairs):
    """Of a difference of means, whose samples are of unlike size."""
    x, y = pairs[0], pairs[1][:15]
    option = pk.Bootstrap(resamples=400, interval="bca")
    drawn_x, drawn_y = (option.weights(len(z)) @ z / len(z) for z in (x, y))
    without_x, without_y = (Jackknife().weights(len(z)) @ z / (len(z) - 1) for z in (x, y))
    acceleration = acceleration_of(y.mean() - without_x, without_y - x.mean())
    resampled = drawn_y - drawn_x
    ours = interval_of(y.mean() - x.mean(), resampled, option, acceleration=acceleration)
    theirs = of_scipy((x, y), lambda a, b: b.mean() - a.mean(), resampled, "bca")
    np.testing.assert_allclose(ours, theirs, rtol=1e-10)


def test_blocks_tell_the_acceleration_of_examples():
    """Of the mean of 3000 skewed numbers: a sixth of their skewness by the root of n."""
    x = np.random.default_rng(0).exponential(size=3000)
    weights = Jackknife().weights(3000)
    assert weights.shape == (200, 3000)
    assert (weights.sum(axis=0) == 199).all(), "each is left out once"
    assert (weights != Jackknife(seed=1).weights(3000)).any()
    found = acceleration_of(weights @ x / weights.sum(axis=1))
    assert found == pytest.approx(scipy.stats.skew(x) / 6 / np.sqrt(3000), abs=0.004)


def test_groups_are_left_out_whole():
    groups = np.array(list("abcab"))
    expected = [[0, 1, 1, 0, 1], [1, 0, 1, 1, 0], [1, 1, 0, 1, 1]]
    assert Jackknife(groups=groups).weights(5).tolist() == expected
    assert Jackknife(groups=groups).weights(5, range(1, 3)).tolist() == expected[1:]


@pytest.mark.parametrize("interval", INTERVALS)
def test_intervals_of_what_is_undefined(interval):
    """Each place is on its own; NaN resamples are left out up to a tenth."""
    option = pk.Bootstrap(resamples=100, interval=interval)
    resampled = np.random.default_rng(0).normal(size=(100, 4))
    resampled[:5, 1] = resampled[:20, 2] = np.nan
    score = np.array([0.0, 0.0, 0.0, np.nan])
    found = interval_of(score, resampled, option, acceleration=np.full(4, 0.02))
    alone = [interval_of(score[i], resampled[:, i], option, acceleration=0.02) for i in range(4)]
    np.testing.assert_array_equal(found, alone)
    assert np.isfinite(found[:2]).all()
    assert np.isnan(found[2:]).all()
    kept = interval_of(score[1], resampled[5:, 1], option, acceleration=0.02)
    np.testing.assert_allclose(found[1], kept)


def test_resamples_on_one_side_leave_no_bca_interval():
    option = pk.Bootstrap(resamples=100, interval="bca")
    resampled = np.random.default_rng(0).uniform(0.5, 1, 100)
    assert np.isnan(interval_of(np.array(0.4), resampled, option)).all()
    nearly = np.concatenate([[0.3], resampled[1:]])
    assert np.isnan(interval_of(np.array(0.4), nearly, option)).all(), "too far to one side"
    less = interval_of(np.array(0.6), resampled, option)
    assert np.isnan(less).all(), "the least stands for more than 5 %"
    sure = np.random.default_rng(0).uniform(0.5, 1, 20000)
    many = pk.Bootstrap(resamples=20000, interval="bca")
    assert np.isfinite(interval_of(np.array(0.6), sure, many)).all(), "of more it can be told"
    same = interval_of(np.array(1.0), np.full(100, 1 - 1e-7), option, acceleration=0.0)
    np.testing.assert_allclose(same, 1, atol=1e-6, err_msg="equal but for rounding is no bias")
    assert acceleration_of(np.ones(5)) == 0
    assert np.isnan(acceleration_of(np.array([1, np.nan, 2])))


@pytest.mark.parametrize(("resamples", "is_told"), [(18, False), (19, True)])
def test_beyond_the_outermost_of_n_resamples_lies_one_part_in_n_plus_1(resamples, is_told):
    """As of a uniform choice; twice the tail is 0.0515 here, 1 / 19 is more and 1 / 20 less."""
    option = pk.Bootstrap(interval="bca", confidence=1 - 0.0515)
    each = np.arange(resamples) - (resamples - 1) / 2  # as many below the score as above it
    assert np.isfinite(interval_of(np.array(0.0), each, option)).all() == is_told


@pytest.mark.parametrize(
    ("resamples", "options", "message"),
    [
        (38, {}, r"38 for 2 tests of a score, corrected \(holm\): p is at least 0.051, w"),
        (38, {"correction": "bonferroni"}, "; use at least 39, or correction='max'"),
        (78, {"alternative": "two-sided"}, "at least 0.051, .*; use at least 79, or"),
        (18, {"correction": "none"}, "resamples=18: p is at least 0.053, .*; use at least 19"),
        (18, {"correction": "fdr_bh"}, "resamples=18: p is at least 0.053"),
        (18, {"correction": "max"}, "resamples=18: p is at least 0.053"),
    ],
)
def test_too_few_shuffles_for_a_small_p(resamples, options, message):
    option = pk.Permutation(resamples=resamples, **options)
    with pytest.warns(ProbekitWarning, match=message) as caught:
        warn_of_few_shuffles(option, 2, stacklevel=1)
    assert [one.filename for one in caught] == [__file__]
    warn_of_few_shuffles(dataclasses.replace(option, resamples=resamples + 1), 2)


X = np.random.default_rng(0).normal(size=(20, 2)).astype(np.float32)
TWO_LAYERS = pk.extractors.arrays({"a": X, "b": X[:, :1]})
PROBED = lambda option: pk.probe(TWO_LAYERS, None, {"f": X[:, 0]}, uncertainty=option)  # noqa: E731
COMPARED = lambda option: pk.compare(TWO_LAYERS, TWO_LAYERS, None, uncertainty=option)  # noqa: E731


@pytest.mark.slow
@pytest.mark.parametrize("call", [PROBED, pytest.param(COMPARED, marks=pytest.mark.slow)])
def test_too_few_shuffles_are_told_by_who_shuffles(call):
    with pytest.warns(ProbekitWarning, match="resamples=38 for [24] tests") as caught:
        call(pk.Permutation(resamples=38))
    assert [one.filename for one in caught] == [__file__]


@pytest.mark.parametrize("call", [PROBED, COMPARED])
def test_too_few_groups_are_told_before_anything_is_computed(call):
    """Warnings are errors here."""
    with pytest.raises(ProbekitWarning, match="groups: 7; a bootstrap of so few holds the truth"):
        call(pk.Bootstrap(resamples=40, groups=np.arange(20) // 3))


def test_few_to_draw_from_are_fewer_than_ten():
    warn_of_few_drawn("seeds", 10)
    with pytest.warns(ProbekitWarning, match="seeds: 9; .* Use at least 10"):
        warn_of_few_drawn("seeds", 9)


@pytest.mark.parametrize("uncertainty", [pk.Permutation(), pk.Bootstrap()])
def test_p_and_bias_know_no_units(uncertainty):
    """What is a tie by rounding is small beside the scores, which may be small throughout."""
    generator = np.random.default_rng(0)
    score, each = generator.normal(size=3), generator.normal(size=(99, 3))
    score[0] = 0
    each[:40, 2] = score[2] * (1 + 1e-8)  # ties, but for rounding
    option = pk.Bootstrap(interval="bca")
    found = [
        p_value_of(unit * score, unit * each, pk.Permutation())
        if isinstance(uncertainty, pk.Permutation)
        else interval_of(unit * score, unit * each, option) / unit
        for unit in (1.0, 1e-12, 1e12)
    ]
    np.testing.assert_allclose(found[1:], [found[0]] * 2)
    infinite = p_value_of(np.array(np.inf), each[:, 0], pk.Permutation())
    assert infinite == 1 / 100, "nothing is above it"


@pytest.mark.parametrize(
    ("option", "needed"),
    [
        (pk.Bootstrap(resamples=39), 40),
        (pk.Bootstrap(resamples=40), None),
        pytest.param(pk.Bootstrap(resamples=20, confidence=0.9), None, marks=pytest.mark.slow),
        pytest.param(
            pk.Bootstrap(resamples=60, confidence=0.99, interval="basic"),
            200,
            marks=pytest.mark.slow,
        ),
        pytest.param(pk.Permutation(resamples=39), None, marks=pytest.mark.slow),
    ],
)
def test_too_few_resamples_for_an_interval_are_told_once_a_call(option, needed):
    x = np.random.default_rng(0).normal(size=(20, 2)).astype(np.float32)
    scores = xr.Dataset({"r2": ("seed", x[:10, 0])}, {"seed": range(10)})
    register_accessor()
    layers = pk.extractors.arrays({"a": x, "b": x[:, :1]})
    calls = [
        lambda: pk.probe(layers, None, {"f": x[:, 0]}, uncertainty=option),
        lambda: compare_histories(scores, scores, uncertainty=option),
    ]
    if isinstance(option, pk.Bootstrap):
        calls.append(lambda: scores.probekit.summary(uncertainty=option))
    for call in calls:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            call()
        assert len(caught) == (needed is not None)
        for one in caught:
            assert one.filename == __file__
            assert f"Use at least {needed}" in str(one.message)
