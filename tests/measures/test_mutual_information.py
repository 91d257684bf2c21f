"""Mutual information of units and features: against scikit-learn, and where edges are hard."""

import numpy as np
import pytest

from probekit import measures
from probekit.errors import OptionError, ShapeError
from probekit.estimators import MutualInformation
from probekit.measures.mutual_information import BINNINGS, information_and_entropy
from probekit.statistics import Examples, state_of
from tests.reference import oracles
from tests.reference.tolerances import SCORE

N = 60
LABELS = np.stack([np.arange(N) % 4, np.arange(N) // 4 % 3], axis=1)
MANY = 100


def cloud(offset=0.0):
    x = np.random.default_rng(0).normal(size=(N, 4)) + LABELS[:, :1] * [1, 1, 0, 0]
    return np.float32(np.round(x * 256) / 256 + offset)


def wanted(x, y, bins=20, binning="equal_width", feature_bins=None):
    return oracles.information_of(x, y, bins, binning, feature_bins)[0]


@pytest.mark.parametrize("binning", BINNINGS)
@pytest.mark.parametrize(
    ("bins", "feature_bins"), [(20, None), pytest.param(5, 3, marks=pytest.mark.slow)]
)
def test_it_is_that_of_scikit_learn(binning, bins, feature_bins):
    options = {"bins": bins, "binning": binning, "feature_bins": feature_bins}
    y = np.stack([LABELS[:, 0], cloud()[:, 1]], axis=1)  # the latter has a value an example
    found = measures.mutual_information(cloud(), y, **options)
    np.testing.assert_allclose(found, wanted(cloud(), y, **options), atol=SCORE)


def test_whole_numbers_on_edges_belong_to_the_bin_above():
    """20 bins of a unit from 0 to 40: every even number lies on an edge."""
    x = np.arange(N) % 41
    scaled = np.float32(x) * np.float32(0.1)  # whatever rounding does
    values = np.stack([x, 7 * x - 3, scaled, scaled + np.float32(5)], axis=1)
    found = measures.mutual_information(values, LABELS)
    each = np.repeat(wanted(x[:, None], LABELS), 4, axis=0)
    np.testing.assert_allclose(found, each, atol=SCORE)


@pytest.mark.parametrize("binning", BINNINGS)
def test_far_from_zero_and_at_any_size_nothing_changes(binning):
    near = measures.mutual_information(cloud(), LABELS, binning=binning)
    far = measures.mutual_information(cloud(4096), LABELS, binning=binning)
    np.testing.assert_array_equal(far, near)
    for size in (2.0**-120, 2.0**120):
        found = measures.mutual_information(cloud() * np.float32(size), LABELS, binning=binning)
        np.testing.assert_array_equal(found, near)


def test_ranks_are_all_that_equally_frequent_bins_see():
    x = np.round(cloud())  # with ties, which are never parted
    x[:, 1] = np.arange(N) == 7  # rare, and frequent but for one
    x[:, 2] = np.arange(N) != 7
    plain, bent = (
        measures.mutual_information(values, LABELS, binning="equal_frequency")
        for values in (x, np.float32(np.exp(x)))
    )
    np.testing.assert_array_equal(plain, bent)
    np.testing.assert_allclose(plain, wanted(x, LABELS, binning="equal_frequency"), atol=SCORE)
    assert (np.asarray(plain[1:3, 0]) > 0.02).all()


def test_of_the_same_it_is_the_entropy_and_of_what_is_constant_0():
    y = np.arange(N) % 4
    x = np.stack([y, y * 0 + 3.3, -y, y * 0], axis=1)
    found = np.asarray(measures.mutual_information(x, np.stack([y, y * 0], axis=1)))
    np.testing.assert_allclose(found[:, 0], [2, 0, 2, 0], atol=1e-6)
    assert (found[:, 1] == 0).all()


@pytest.mark.slow
def test_a_weight_counts_copies_and_empty_places_count_nothing():
    weight = np.float32(np.arange(N) % 3)
    statistic = Examples(capacity=MANY)
    options = {"bins": 6, "binning": "equal_frequency", "feature_bins": 3}
    copies = np.repeat(np.arange(N), np.arange(N) % 3)
    weighted = information_and_entropy(
        state_of(statistic, cloud(), LABELS, weight=weight), **options
    )
    repeated = information_and_entropy(
        state_of(statistic, cloud()[copies], LABELS[copies]), **options
    )
    for a, b in zip(weighted, repeated, strict=True):
        np.testing.assert_allclose(a, b, atol=SCORE)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_is_nan_and_nothing_else_is(value):
    x, y = cloud(), np.float32(LABELS)
    x[3, 1], y[7, 0] = value, value
    found = np.isnan(measures.mutual_information(x, y))
    np.testing.assert_array_equal(found, [[1, 0], [1, 1], [1, 0], [1, 0]])


def test_errors():
    with pytest.raises(ShapeError, match="x: 1 examples; at least 2 are needed"):
        measures.mutual_information([[1.0]], [0])
    with pytest.raises(OptionError, match="bins=1"):
        measures.mutual_information(cloud(), LABELS, bins=1)
    with pytest.raises(OptionError, match="feature_bins=1"):
        measures.mutual_information(cloud(), LABELS, feature_bins=1)
    with pytest.raises(OptionError, match="binning='width'"):
        MutualInformation(binning="width")
    with pytest.raises(OptionError, match="multioutput='variance_weighted'"):
        MutualInformation(multioutput="variance_weighted")
