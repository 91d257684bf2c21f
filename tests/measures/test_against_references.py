"""Each measure against scikit-learn, SciPy or the formula in float64."""

import numpy as np
import pytest

from probekit import measures
from tests.reference import oracles
from tests.reference.tolerances import RELATIVE, SCORE

RNG = np.random.default_rng(0)
N, D, K = 60, 7, 2


def data(offset=0.0, scale=1.0):
    y = RNG.integers(0, 2, (2, N, K)).astype(float)
    x = scale * (y @ RNG.normal(size=(K, D)) + 0.5 * RNG.normal(size=(2, N, D))) + offset
    # What the measures see: the rounding of the values to float32 is not their doing.
    return np.float32(x[0]), np.float32(y[0]), np.float32(x[1]), np.float32(y[1])


@pytest.mark.parametrize("offset", [0.0, 1e4])
@pytest.mark.parametrize("multioutput", ["uniform_average", "variance_weighted", "raw_values"])
@pytest.mark.parametrize("features", [[0], [0, 1]])
def test_linear_r2(offset, multioutput, features):
    x, y, x2, y2 = data(offset)
    y, y2 = y[:, features], y2[:, features]
    ours = measures.linear_r2(x, y, held_out=(x2, y2), multioutput=multioutput)
    theirs = oracles.linear_r2(x, y, x2, y2, multioutput)
    np.testing.assert_allclose(ours, theirs, atol=SCORE)


@pytest.mark.parametrize("offset", [0.0, 1e4])
@pytest.mark.parametrize("penalty", [0.0, 1e-3, 10.0])
@pytest.mark.parametrize("multioutput", ["uniform_average", "variance_weighted", "raw_values"])
def test_decoding_r2(offset, penalty, multioutput):
    x, y, x2, y2 = data(offset)
    ours = measures.decoding_r2(x, y, held_out=(x2, y2), penalty=penalty, multioutput=multioutput)
    theirs = oracles.decoding_r2(x, y, x2, y2, penalty, multioutput)
    np.testing.assert_allclose(ours, theirs, atol=SCORE)


@pytest.mark.parametrize("offset", [0.0, 1e4])
@pytest.mark.parametrize("scale", [1.0, 1e-6, 1e6])
def test_geometry(offset, scale):
    x, y, x2, y2 = data(offset * scale, scale)
    np.testing.assert_allclose(
        measures.total_variance(x2), oracles.total_variance(x, y, x2, y2), rtol=RELATIVE
    )
    np.testing.assert_allclose(
        measures.participation_ratio(x2), oracles.participation_ratio(x, y, x2, y2), rtol=RELATIVE
    )


@pytest.mark.parametrize("offset", [0.0, 1e4])
@pytest.mark.parametrize("scale", [1.0, 1e-12, 1e12])
def test_linear_cka(offset, scale):
    x, y, x2, y2 = data(offset * scale, scale)
    np.testing.assert_allclose(measures.cka(x2, y2), oracles.linear_cka(x, y, x2, y2), atol=SCORE)
