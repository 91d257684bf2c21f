"""The parts of Boolean features."""

import itertools

import numpy as np
import pytest

from probekit import measures
from probekit.errors import OptionError, ShapeError
from tests.reference import oracles
from tests.reference.tolerances import SCORE

BITS = np.array(list(itertools.product((0, 1), repeat=4)))
MAJORITY = BITS.sum(axis=1) > 2


@pytest.mark.parametrize(
    "feature",
    [MAJORITY, BITS[:, 0] ^ BITS[:, 1] ^ BITS[:, 3], BITS[:, 2], BITS[:, 0] & BITS[:, 1]],
    ids=["majority", "xor", "one", "and"],
)
def test_against_a_hadamard_matrix(feature):
    shares = np.asarray(measures.subfeatures(feature, BITS))
    np.testing.assert_allclose(shares, oracles.subfeatures(feature, BITS), atol=SCORE)
    assert shares.sum() == pytest.approx(1, abs=SCORE)


def test_signs_do_not_matter():
    shares = measures.subfeatures(MAJORITY, BITS)
    np.testing.assert_allclose(
        measures.subfeatures(1e4 - 3.0 * MAJORITY, 2 * BITS - 1), shares, atol=1e-4
    )


def test_what_a_representation_holds_beside_the_feature():
    """The rest of the variance of one that computes majority is found among the parities."""
    generator = np.random.default_rng(0)
    x = np.stack([MAJORITY, BITS[:, 0] ^ BITS[:, 1]], axis=1) @ generator.normal(size=(2, 6))
    for multioutput in ("uniform_average", "variance_weighted"):
        ours = measures.parity_r2(x, BITS, multioutput=multioutput)
        theirs = oracles.parity_r2(x, BITS, x, BITS, multioutput=multioutput)
        np.testing.assert_allclose(ours, theirs, atol=SCORE)
        assert float(ours.sum()) == pytest.approx(1, abs=SCORE)
    assert float(ours[2]) > 0.1  # the exclusive or of the first two


def test_undefined():
    assert np.isnan(measures.subfeatures(np.full(16, 0.1), BITS)).all()
    spoilt = BITS.astype(float)
    spoilt[2, 1] = np.nan
    assert np.isnan(measures.subfeatures(MAJORITY, spoilt)).all()
    assert np.isnan(measures.parity_r2(np.full((16, 2), 3.3), BITS)).all()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: measures.subfeatures(BITS, BITS), OptionError, r"feature: 4 columns; one is need"),
        (lambda: measures.subfeatures(BITS[:, 0], np.tile(BITS, 4)), OptionError, r"bits: 16; at"),
        (lambda: measures.subfeatures(BITS[:9, 0], BITS), ShapeError, r"bits: 16 examples; feat"),
    ],
)
def test_what_cannot_be_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
