"""Parallelism: by the definition, with known codes, and where contexts are missing."""

import numpy as np
import pytest

import probekit as pk
from probekit import measures
from probekit.errors import OptionError, ShapeError
from tests.reference import oracles
from tests.reference.tolerances import SCORE

BITS = np.arange(64)[:, None] >> np.arange(3) & 1


def noisy(offset=0.0):
    generator = np.random.default_rng(0)
    x = BITS @ generator.normal(size=(3, 5)) + generator.normal(size=(64, 5))
    return np.float32(np.round(x * 256) / 256 + offset)


@pytest.mark.parametrize("bits", [BITS, BITS[:, :2], 3 * BITS - 1])
def test_against_the_definition(bits):
    wanted = oracles.parallelism_score(None, None, noisy(), bits)
    np.testing.assert_allclose(measures.parallelism_score(noisy(), bits), wanted, atol=SCORE)


@pytest.mark.slow  # each number of examples is another program
@pytest.mark.parametrize("kept", [[0, 1, 2, 3, 4, 5, 6], [0, 1, 2, 3, 6, 7], [0, 1, 2, 4, 7]])
def test_contexts_without_both_sides_are_left_out(kept):
    rows = np.isin(BITS @ [1, 2, 4], kept)
    found = measures.parallelism_score(noisy()[rows], BITS[rows])
    wanted = oracles.parallelism_score(None, None, noisy()[rows], BITS[rows])
    np.testing.assert_allclose(found, wanted, atol=SCORE)


def test_far_from_zero_nothing_is_lost():
    near, far = (measures.parallelism_score(noisy(offset), BITS) for offset in (0, 4096))
    np.testing.assert_allclose(far, near, atol=SCORE)


@pytest.mark.slow
def test_copies_change_nothing():
    found = measures.parallelism_score(np.tile(noisy(), (2, 1)), np.tile(BITS, (2, 1)))
    np.testing.assert_allclose(found, measures.parallelism_score(noisy(), BITS), atol=SCORE)


def test_codes_that_are_known():
    a, b, c = BITS.T
    own = np.eye(5)[:3] * [[1], [2], [3]]
    np.testing.assert_allclose(measures.parallelism_score(BITS @ own, BITS), 1, atol=SCORE)
    turned = np.stack([a ^ b, c], axis=1)  # what a does, b turns round
    found = measures.parallelism_score(turned, BITS)
    np.testing.assert_allclose(found, [-1 / 3, -1 / 3, 1], atol=SCORE)
    each = np.eye(8)[BITS @ [1, 2, 4]]  # each combination has a unit of its own
    np.testing.assert_allclose(measures.parallelism_score(each, BITS), 0, atol=SCORE)


def test_there_is_none_without_contexts_or_directions():
    assert np.isnan(measures.parallelism_score(noisy(), BITS[:, :1])).all()
    assert np.isnan(measures.parallelism_score(np.ones((64, 3)), BITS)).all()
    only = measures.parallelism_score(BITS[:, :1] + 4096.1, BITS)  # two of them change nothing
    assert only[0] == pytest.approx(1)
    assert np.isnan(only[1:]).all()
    gated = measures.parallelism_score(BITS[:, :1] & BITS[:, 1:2], BITS)
    assert np.isnan(gated).all()  # in half of the contexts, none changes anything
    spoilt = noisy()
    spoilt[3, 1] = np.inf
    assert np.isnan(measures.parallelism_score(spoilt, BITS)).all()


def test_a_feature_of_several_columns_has_their_mean():
    features = {"pair": BITS[:, :2], "last": BITS[:, 2]}
    estimator = pk.estimators.ParallelismScore()
    extractor = pk.extractors.arrays({"layer": noisy()})
    found = pk.probe(extractor, None, features, estimators=[estimator]).parallelism_score
    each = measures.parallelism_score(noisy(), BITS)
    wanted = [each[:2].mean(), each[2]]
    np.testing.assert_allclose(found.sel(layer="layer"), wanted, atol=SCORE)


def test_errors():
    with pytest.raises(OptionError, match=r"y: 18; at most 12"):
        measures.parallelism_score(noisy(), np.tile(BITS, 6))
    with pytest.raises(ShapeError, match=r"x: 3 examples; at least 4"):
        measures.parallelism_score(noisy()[:3], BITS[:3])
    extractor = pk.extractors.arrays({"layer": noisy()})
    with pytest.raises(OptionError, match=r"features: 18; at most 12"):
        pk.probe(extractor, None, {"a": np.tile(BITS, 6)}, estimators=["parallelism_score"])
