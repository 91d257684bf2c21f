"""Cross-condition generalisation: by scikit-learn, with known codes, and where contexts miss."""

import numpy as np
import pytest

import probekit as pk
from probekit import measures
from probekit.errors import OptionError, ShapeError
from tests.reference import oracles
from tests.reference.tolerances import SCORE

BITS = np.arange(64)[:, None] >> np.arange(3) & 1
CODES = BITS @ [1, 2, 4]


def noisy(offset=0.0, seed=0):
    generator = np.random.default_rng(seed)
    x = BITS @ np.random.default_rng(9).normal(size=(3, 5)) + generator.normal(size=(64, 5))
    return np.float32(np.round(x * 256) / 256 + offset)


@pytest.mark.parametrize(
    ("bits", "penalty"),
    [(BITS, 1e-3), (3 * BITS - 1, 1.0), pytest.param(BITS[:, :2], 1e-3, marks=pytest.mark.slow)],
)
def test_against_the_definition(bits, penalty):
    fit, scored = (noisy(), bits), (noisy(seed=1), bits)
    found = measures.ccgp(*fit, held_out=scored, penalty=penalty)
    np.testing.assert_allclose(found, oracles.ccgp(*fit, *scored, penalty=penalty), atol=SCORE)


def test_without_others_the_same_examples_are_scored():
    wanted = oracles.ccgp(noisy(), BITS, noisy(), BITS)
    np.testing.assert_allclose(measures.ccgp(noisy(), BITS), wanted, atol=SCORE)


@pytest.mark.slow  # each number of examples is another program
@pytest.mark.parametrize("kept", [[0, 1, 2, 3, 4, 5, 6], [0, 1, 2, 3, 6, 7], [0, 1, 2, 4, 7]])
def test_contexts_without_both_sides_are_left_out(kept):
    rows = np.isin(CODES, kept)
    part, whole = (noisy()[rows], BITS[rows]), (noisy(), BITS)
    for fit, scored in ((part, whole), (whole, part), (part, part)):
        found = measures.ccgp(*fit, held_out=scored)
        np.testing.assert_allclose(found, oracles.ccgp(*fit, *scored), atol=SCORE)


@pytest.mark.slow
def test_conditions_have_one_weight_however_many_examples():
    rows = np.concatenate([np.arange(64), np.tile(np.flatnonzero(CODES == 5), 20)])
    x, bits = noisy()[rows], BITS[rows]
    found = measures.ccgp(x, bits, held_out=(noisy(seed=1), BITS))
    np.testing.assert_allclose(found, measures.ccgp(noisy(), BITS, held_out=(noisy(seed=1), BITS)))


@pytest.mark.slow
def test_copies_change_nothing():
    twice = np.tile(noisy(), (2, 1)), np.tile(BITS, (2, 1))
    np.testing.assert_allclose(measures.ccgp(*twice), measures.ccgp(noisy(), BITS), atol=SCORE)


def test_more_units_than_examples_and_far_from_zero():
    wide = np.tile(noisy(), (1, 20))
    found = measures.ccgp(wide + 4096, BITS, penalty=0.1)
    np.testing.assert_allclose(found, oracles.ccgp(wide, BITS, wide, BITS, penalty=0.1), atol=SCORE)


def test_codes_that_are_known():
    a, b = BITS.T[:2]
    own = np.eye(5)[:3] * [[1], [2], [3]]
    np.testing.assert_array_equal(measures.ccgp(BITS @ own, BITS), 1)
    turned = np.stack([a ^ b, *np.zeros((4, 64))], axis=1)
    np.testing.assert_array_equal(measures.ccgp(turned, BITS)[:2], 0)
    np.testing.assert_array_equal(measures.ccgp(np.full((64, 5), 3.3), BITS), 0.5)


@pytest.mark.slow
def test_a_unit_for_each_combination_generalises_nothing():
    each = np.eye(8)[CODES]
    np.testing.assert_allclose(measures.ccgp(each, BITS), 0.5)


def test_there_is_none_without_other_contexts():
    assert np.isnan(measures.ccgp(noisy(), BITS[:, :1])).all()
    only = measures.ccgp(noisy(), BITS * [1, 0, 0])
    assert np.isnan(only).all()
    for value in (np.nan, np.inf):
        spoilt = noisy()
        spoilt[3, 1] = value
        assert np.isnan(measures.ccgp(spoilt, BITS)).all()


def test_a_feature_of_several_columns_has_their_mean():
    features = {"pair": BITS[:, :2], "last": BITS[:, 2]}
    extractor = pk.extractors.arrays({"layer": noisy()})
    found = pk.probe(extractor, None, features, estimators=["ccgp"]).ccgp.sel(layer="layer")
    each = measures.ccgp(noisy(), BITS)
    np.testing.assert_allclose(found, [each[:2].mean(), each[2]], atol=SCORE)


def test_errors():
    with pytest.raises(OptionError, match=r"y: 9; at most 8"):
        measures.ccgp(noisy(), np.tile(BITS, 3))
    with pytest.raises(OptionError, match=r"penalty=0: must be"):
        measures.ccgp(noisy(), BITS, penalty=0)
    with pytest.raises(ShapeError, match=r"x: 3 examples; at least 4"):
        measures.ccgp(noisy()[:3], BITS[:3])
    extractor = pk.extractors.arrays({"layer": noisy()})
    with pytest.raises(OptionError, match=r"features: 9; at most 8"):
        pk.probe(extractor, None, {"a": np.tile(BITS, 3)}, estimators=["ccgp"])
