"""Shattering dimensionality: by scikit-learn, with known codes, and where conditions miss."""

import numpy as np
import pytest

import probekit as pk
from probekit import measures
from probekit.errors import OptionError, ShapeError
from probekit.estimators import ShatteringDimensionality
from probekit.measures.shattering import dichotomies_of
from tests.reference.oracles import halves
from tests.reference.tolerances import SCORE

BITS = np.arange(48)[:, None] >> np.arange(3) & 1
CODES = BITS @ [1, 2, 4]
CLASSES = np.arange(48) % 5
NAME = "shattering_dimensionality"


def noisy(offset=0.0, seed=0):
    generator = np.random.default_rng(seed)
    x = BITS @ np.random.default_rng(9).normal(size=(3, 5)) + generator.normal(size=(48, 5))
    return np.float32(np.round(x * 256) / 256 + offset)


@pytest.mark.parametrize(
    "y",
    [
        pytest.param(BITS, id="even"),
        pytest.param(CLASSES[:, None], id="odd", marks=pytest.mark.slow),
    ],
)
def test_against_the_definition(y):
    fit, scored = (noisy(), y), (noisy(seed=1), y)
    found = measures.shattering_dimensionality(*fit, held_out=scored, penalty=0.1)
    wanted = halves.mean_over_halves(*fit, *scored, penalty=0.1)
    np.testing.assert_allclose(found, wanted, atol=SCORE)


def test_rows_and_their_numbers_are_the_same_conditions():
    by_rows = measures.shattering_dimensionality(noisy(), BITS)
    by_number = measures.shattering_dimensionality(noisy(), 3.5 * BITS @ [4, 2, 1] - 2)
    assert by_rows == by_number


@pytest.mark.slow
def test_the_more_mixed_the_more_halves():
    linear = measures.shattering_dimensionality(BITS * 1.0, BITS)
    mixed = measures.shattering_dimensionality(np.eye(8)[CODES], BITS)
    assert mixed == 1
    assert 0.6 < linear < 0.9
    assert measures.shattering_dimensionality(np.full((48, 5), 3.3), BITS) == 0.5


@pytest.mark.slow
def test_more_units_than_examples_and_far_from_zero():
    wide = np.tile(noisy(), (1, 20))
    found = measures.shattering_dimensionality(wide + 4096, BITS, penalty=0.1)
    wanted = halves.mean_over_halves(wide, BITS, wide, BITS, penalty=0.1)
    np.testing.assert_allclose(found, wanted, atol=SCORE)


@pytest.mark.slow  # each number of examples is another program
@pytest.mark.parametrize("kept", [[0, 1, 2, 3, 4, 5, 6], [0, 3, 6]])
def test_conditions_that_miss_are_left_out(kept):
    rows = np.isin(CODES, kept)
    part, whole = (noisy()[rows], BITS[rows]), (noisy(seed=1), BITS)
    found = measures.shattering_dimensionality(*part, held_out=whole)
    known = (noisy(seed=1)[rows], BITS[rows])
    np.testing.assert_allclose(found, halves.mean_over_halves(*part, *known), atol=SCORE)
    found = measures.shattering_dimensionality(*whole, held_out=part)
    np.testing.assert_allclose(found, halves.mean_over_halves(*whole, *part), atol=SCORE)


@pytest.mark.slow
def test_conditions_have_one_weight_however_many_examples():
    rows = np.concatenate([np.arange(48), np.tile(np.flatnonzero(CODES == 5), 8)])
    found = measures.shattering_dimensionality(noisy()[rows], BITS[rows])
    np.testing.assert_allclose(found, measures.shattering_dimensionality(noisy(), BITS), atol=SCORE)


@pytest.mark.parametrize("conditions", [2, 3, 6, 7, 11, 16])
def test_halves_are_halves_and_differ(conditions):
    sides = dichotomies_of(conditions, 40, 3)
    assert (sides.sum(axis=1) == conditions // 2).all()
    both = np.unique(np.concatenate([sides, ~sides]), axis=0)
    assert len(both) == 2 * len(sides)
    if conditions > 7:
        assert len(sides) == 40
        assert (sides != dichotomies_of(conditions, 40, 4)).any()


@pytest.mark.slow
def test_of_drawn_halves_the_mean_is_near_that_of_all():
    every = measures.shattering_dimensionality(noisy(), BITS)
    some = measures.shattering_dimensionality(noisy(), BITS, dichotomies=20, seed=1)
    assert abs(every - some) < 0.05
    assert every != some


def test_there_is_none_of_one_condition_or_of_what_is_not_finite():
    assert np.isnan(measures.shattering_dimensionality(noisy(), np.zeros(48)))
    spoilt = noisy()
    spoilt[3, 1] = np.nan
    assert np.isnan(measures.shattering_dimensionality(spoilt, BITS))
    assert np.isnan(measures.shattering_dimensionality(noisy(), np.where(BITS > 0, np.nan, 1)))


@pytest.mark.filterwarnings("ignore::probekit.errors.OptimismWarning")
def test_of_all_features_together():
    extractor = pk.extractors.arrays({"layer": noisy()})
    features = {"class": CLASSES % 3, "bit": BITS[:, 0]}
    found = pk.probe(extractor, None, features, estimators=[NAME])[NAME]
    assert found.dims == ("layer",)
    rows = np.column_stack([CLASSES % 3, BITS[:, 0]])
    wanted = measures.shattering_dimensionality(noisy(), rows)
    np.testing.assert_allclose(found.sel(layer="layer"), wanted, atol=SCORE)


def test_errors():
    with pytest.raises(OptionError, match=r"y: 65 conditions; at most 64"):
        measures.shattering_dimensionality(np.ones((65, 1)), np.arange(65))
    with pytest.raises(OptionError, match=r"penalty=0: must be"):
        measures.shattering_dimensionality(noisy(), BITS, penalty=0)
    with pytest.raises(OptionError, match=r"dichotomies=0: must be at least 1"):
        measures.shattering_dimensionality(noisy(), BITS, dichotomies=0)
    with pytest.raises(OptionError, match=r"seed=4294967296: must be less than"):
        ShatteringDimensionality(seed=1 << 32)
    with pytest.raises(ShapeError, match=r"x: 1 examples; at least 2"):
        measures.shattering_dimensionality(noisy()[:1], BITS[:1])
    extractor = pk.extractors.arrays({"layer": noisy()})
    with pytest.raises(OptionError, match=r"features: 128 conditions; at most 64"):
        pk.probe(
            extractor,
            None,
            {"a": np.tile(BITS, 3)[:, :7]},
            estimators=["shattering_dimensionality"],
        )
    with pytest.raises(OptionError, match=r"edges: of 1 columns; the features have 3"):
        pk.probe(
            extractor, None, {"a": BITS}, estimators=[ShatteringDimensionality(edges=((1.0,),))]
        )
