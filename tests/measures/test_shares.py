"""Explained variance divided among features, against permutations and a decomposition by SciPy."""

import numpy as np
import pytest

from probekit import measures
from probekit.errors import OptionError
from probekit.estimators import Commonality, RelativeWeights, ShapleyR2, UniqueR2
from probekit.statistics import Moments, state_of
from probekit.testing._harness import read
from tests.reference import oracles
from tests.reference.tolerances import SCORE

N, D, K = 60, 5, 4
WAYS = ["uniform_average", pytest.param("variance_weighted", marks=pytest.mark.slow)]
BOTH = {"shapley_r2": measures.shapley_r2, "relative_weights": measures.relative_weights}


def data(*, offset=0.0):
    """Features that correlate, one of them through the others alone."""
    generator = np.random.default_rng(0)
    y = generator.normal(size=(2, N, K)) + generator.normal(size=(2, N, 1))
    x = y[..., :3] @ generator.normal(size=(3, D)) + generator.normal(size=(2, N, D))
    return tuple(np.float32(part + offset) for part in (x[0], y[0], x[1], y[1]))


@pytest.mark.slow
@pytest.mark.parametrize("multioutput", WAYS)
@pytest.mark.parametrize("offset", [0.0, 1e3])
def test_shapley_against_all_permutations(multioutput, offset):
    x, y, x2, y2 = data(offset=offset)
    ours = measures.shapley_r2(x, y, held_out=(x2, y2), multioutput=multioutput)
    theirs = oracles.shapley_r2(x, y, x2, y2, multioutput=multioutput)
    np.testing.assert_allclose(ours, theirs, atol=3 * SCORE)


@pytest.mark.slow
def test_shapley_shares_what_features_have_in_common():
    x, y, x2, y2 = data()
    parts = np.asarray(measures.commonality(x, y, held_out=(x2, y2)))
    sets = np.arange(1, 2**K)
    members = sets[:, None] >> np.arange(K) & 1
    wanted = (parts / members.sum(axis=1)) @ members
    np.testing.assert_allclose(measures.shapley_r2(x, y, held_out=(x2, y2)), wanted, atol=SCORE)


@pytest.mark.parametrize("multioutput", WAYS)
@pytest.mark.parametrize("offset", [0.0, 1e3])
def test_relative_weights(multioutput, offset):
    x, y, _, _ = data(offset=offset)
    ours = measures.relative_weights(x, y, multioutput=multioutput)
    theirs = oracles.relative_weights(None, None, x, y, multioutput=multioutput)
    np.testing.assert_allclose(ours, theirs, atol=3 * SCORE)


@pytest.mark.slow
@pytest.mark.parametrize("measure", BOTH)
def test_they_add_up_to_what_all_explain(measure):
    x, y, _, _ = data()
    shares = np.asarray(BOTH[measure](x, y))
    np.testing.assert_allclose(shares.sum(), measures.joint_r2(x, y), atol=SCORE)
    assert (shares >= 0).all()


@pytest.mark.slow
@pytest.mark.parametrize("measure", BOTH)
def test_copies_of_a_feature_share_alike(measure):
    x, y, _, _ = data()
    shares = np.asarray(BOTH[measure](x, y[:, [0, 0, 1, 2]]))
    assert shares[0] == pytest.approx(shares[1], abs=SCORE)
    np.testing.assert_allclose(shares.sum(), measures.joint_r2(x, y[:, :3]), atol=SCORE)


@pytest.mark.slow
@pytest.mark.parametrize("measure", BOTH)
def test_undefined_and_constant(measure):
    x, y, _, _ = data()
    spoilt = x.copy()
    spoilt[3, 1] = np.nan
    assert np.isnan(BOTH[measure](spoilt, y)).all()
    assert np.isnan(BOTH[measure](np.full_like(x, 3.3), y)).all()
    x[:, 0] = y[:, 1] = 3.3
    shares = np.asarray(BOTH[measure](x, y))
    rest = np.asarray(BOTH[measure](x[:, 1:], y))
    np.testing.assert_allclose(shares, rest * (D - 1) / D, atol=SCORE)  # the unit counts nothing
    assert shares[1] == pytest.approx(0, abs=1e-6)


@pytest.mark.slow
def test_features_of_several_columns():
    x, y, _, _ = data()
    state = state_of(Moments(), x, y)
    columns = ((0, 2), (1,), (3,))
    found = read(RelativeWeights(), state, state, columns=columns)["relative_weights"]
    each = np.asarray(measures.relative_weights(x, y))
    np.testing.assert_allclose(found, [each[0] + each[2], each[1], each[3]], atol=SCORE)
    found = read(ShapleyR2(), state, state, columns=columns)["shapley_r2"]
    np.testing.assert_allclose(found.sum(), measures.joint_r2(x, y), atol=SCORE)


@pytest.mark.parametrize("measure", BOTH)
def test_what_cannot_be_is_refused(measure):
    x, y, _, _ = data()
    with pytest.raises(OptionError, match=r"multioutput='raw_values': not a choice"):
        BOTH[measure](x, y, multioutput="raw_values")
    with pytest.raises(OptionError, match=r"multioutput='sum': not a choice"):
        {"shapley_r2": ShapleyR2, "relative_weights": RelativeWeights}[measure](multioutput="sum")


def test_too_many_features():
    x, _, _, _ = data()
    with pytest.raises(OptionError, match=r"features: 11; at most 10 can be split"):
        measures.shapley_r2(x, np.ones((N, 11)))


@pytest.mark.slow
@pytest.mark.parametrize("estimator", [UniqueR2(), Commonality(), ShapleyR2(), RelativeWeights()])
def test_a_feature_with_an_offset_explains_what_it_does_without(estimator):
    """As `joint_r2` does: of a million and 0, 1 or 2 float32 holds the differences."""
    y = np.random.default_rng(0).integers(0, 3, (N, 1)).astype(np.float32)
    x = np.repeat(y, D, axis=1)
    for offset in (0, 1e6):
        state = state_of(Moments(xx="diagonal"), x, y + np.float32(offset))
        found = read(estimator, state, state, columns=((0,),))
        assert np.asarray(found[f"{estimator.name}_status"]).reshape(-1).tolist() == [0]
        np.testing.assert_allclose(np.asarray(found[estimator.name]).reshape(-1), 1, atol=1e-4)
