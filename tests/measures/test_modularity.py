"""Gap, modularity and SAP: of codes made by hand, and against formulas in float64."""

from functools import partial

import jax
import numpy as np
import pytest

from probekit import measures
from probekit.estimators import Modularity, MutualInformationGap, SeparatedAttributePredictability
from probekit.measures.attribute_predictability import BY_PAIR
from probekit.statistics import Examples, state_of
from tests.measures import factors
from tests.measures.factors import TURN, N, Y
from tests.reference import oracles
from tests.reference.tolerances import SCORE

UNITS = 6  # one shape for most: what takes time is to compile for another
OK, NONFINITE, _, TOO_FEW, CONSTANT = range(5)

noisy = partial(factors.noisy, units=UNITS)


def of_all(x):
    """Mean gap, modularity and mean SAP; of units that are filled up with constant ones."""
    x = np.pad(x, [(0, 0), (0, UNITS - x.shape[1])], constant_values=3.3)
    return [
        float(np.mean(measure(x, Y)))
        for measure in (
            measures.mutual_information_gap,
            measures.modularity,
            measures.separated_attribute_predictability,
        )
    ]


def test_a_unit_for_each_feature_is_perfect_and_less_so_once_turned():
    np.testing.assert_allclose(of_all(3 - 2 * Y), 1, atol=1e-6)
    gap, modular, lead = of_all(Y @ TURN)
    assert max(gap, modular, lead) < 0.7


def test_units_that_say_the_same_leave_no_gap_and_are_modular():
    gap, modular, lead = of_all(np.concatenate([Y, 5 - Y], axis=1))
    np.testing.assert_allclose([gap, modular, lead], [0, 1, 0], atol=1e-6)


@pytest.mark.slow
def test_a_unit_for_all_features_is_not_modular():
    code = Y[:, 0] + 2 * Y[:, 1] + 6 * Y[:, 2]
    x = np.stack([code, code % 2], axis=1)
    np.testing.assert_allclose(measures.mutual_information_gap(x, Y, bins=24), [0, 1, 1], atol=1e-6)
    assert 0.4 < float(measures.modularity(x, Y, bins=24)) < 0.9


@pytest.mark.parametrize(
    "options",
    [{}, pytest.param({"bins": 6, "binning": "equal_frequency"}, marks=pytest.mark.slow)],
    ids=str,
)
def test_they_are_those_of_the_formulas(options):
    gap, modular = (
        measure(noisy(), Y, **options)
        for measure in (measures.mutual_information_gap, measures.modularity)
    )
    wanted = [
        oracles.mutual_information_gap(None, None, noisy(), column, **options)
        for column in np.split(Y, 3, axis=1)
    ]
    np.testing.assert_allclose(gap, wanted, atol=SCORE)
    wanted = oracles.modularity(None, None, noisy(), Y, **options)
    assert float(modular) == pytest.approx(wanted, abs=SCORE)


@pytest.mark.parametrize("offset", [0, 1e4])
def test_predictability_of_other_examples(offset):
    data = noisy() + np.float32(offset), Y, noisy(1) + np.float32(offset), Y[::-1]
    found = measures.separated_attribute_predictability(*data[:2], held_out=data[2:])
    wanted = oracles.separated_attribute_predictability(*data)
    assert float(found.mean()) == pytest.approx(wanted, abs=SCORE)


def test_a_unit_that_predicts_worse_than_the_mean_counts_as_nothing():
    x, x2 = (np.full((N, UNITS), 3.3) for _ in range(2))
    x[:, 0] = x[:, 1] = x2[:, 0] = Y[:, 0]
    x2[:, 1] = 1 - Y[:, 0]
    found = measures.separated_attribute_predictability(x, Y, held_out=(x2, Y))
    assert float(found[0]) == pytest.approx(1, abs=1e-6)


def test_units_that_tell_nothing_are_left_out_of_modularity_alone():
    x = np.concatenate([Y, np.full((N, 1), 3.3), np.arange(N)[:, None] // 48], axis=1)
    np.testing.assert_allclose(of_all(x), 1, atol=1e-6)


@partial(jax.jit, static_argnums=3)
def computed(x, y, weight, columns):
    state = state_of(Examples(capacity=N), x, y, weight=weight)
    moments = state_of(BY_PAIR, x, y, weight=weight)
    return [
        MutualInformationGap().compute(None, state),
        Modularity().compute(None, state, columns=columns),
        SeparatedAttributePredictability().compute(moments, moments),
    ]


def statuses(x, y, examples=N):
    """Of gap, modularity and SAP; all of them NaN unless it is ok."""
    columns = tuple((column,) for column in range(y.shape[1]))
    weight = np.float32(np.arange(N) < examples)
    found = [each.values() for each in computed(np.float32(x), np.float32(y), weight, columns)]
    for value, status in found:
        assert np.isnan(value) == (status != OK)
    return [int(status) for _, status in found]


@pytest.mark.slow
def test_what_is_undefined_says_why():
    x = noisy()
    assert statuses(x, Y) == [OK, OK, OK]
    assert statuses(x, Y * [1, 1, 0]) == [CONSTANT] * 3
    assert statuses(np.full_like(x, 3.3), Y) == [CONSTANT] * 3
    assert statuses(x, Y, examples=1) == [TOO_FEW] * 3
    for value in (np.nan, np.inf):
        spoilt = x.copy()
        spoilt[5, 2] = value
        assert statuses(spoilt, Y) == [NONFINITE] * 3
        assert statuses(x, np.where(np.arange(3) == 1, value, Y)) == [NONFINITE] * 3


@pytest.mark.slow
def test_of_one_unit_there_is_no_lead_and_of_one_feature_no_modularity():
    assert statuses(noisy()[:, :1], Y) == [CONSTANT, OK, CONSTANT]
    assert statuses(noisy(), Y[:, :1]) == [OK, CONSTANT, OK]


def test_of_a_feature_that_is_unknown_only_its_own_gap_is():
    y = np.where(np.arange(3) == 1, np.nan, Y)
    np.testing.assert_array_equal(
        np.isnan(measures.mutual_information_gap(noisy(), y)), [False, True, False]
    )


@pytest.mark.slow
def test_columns_of_one_feature_are_taken_together():
    """A unit for each class is not modular class by class, but is for the feature."""
    classes = np.float32(Y[:, 2:] == np.arange(4))
    x = np.concatenate([classes, Y[:, :1]], axis=1)
    y = np.concatenate([classes, Y[:, :1]], axis=1)
    state = state_of(Examples(capacity=1024), x, y)
    apart, together = (
        float(Modularity().compute(None, state, columns=columns)["modularity"])
        for columns in (((0,), (1,), (2,), (3,), (4,)), ((0, 1, 2, 3), (4,)))
    )
    assert together == pytest.approx(1, abs=1e-6)
    assert apart < 0.99
