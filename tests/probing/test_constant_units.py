"""Units that never vary, as dead ones, count 1 in means over units: that is told."""

import warnings

import numpy as np
import pytest

import probekit as pk
from probekit.errors import ScoreWarning
from probekit.estimators import LinearR2
from probekit.status import Status

RNG = np.random.default_rng(0)
N = 120
ALIVE = np.float32(RNG.normal(size=(N, 4)))
DEAD = np.pad(ALIVE, ((0, 0), (0, 2)))
FEATURES = {"noise": np.float32(RNG.normal(size=N)), "coin": RNG.random(N) > 0.5}


def scored(x, *estimators):
    return pk.probe(pk.extractors.arrays({"x": x}), None, FEATURES, estimators=estimators)


def test_a_mean_over_dead_units_is_told_once_for_all_scores():
    with pytest.warns(ScoreWarning) as told:
        ds = scored(DEAD, "linear_r2", "ridge_r2", "unique_r2", "cka")
    assert [str(each.message) for each in told] == [
        "layer 'x': linear_r2, ridge_r2, unique_r2 and unique_r2_shared are means over units (or "
        "columns of a feature), also over constant ones, which count 1 (0 in what features add); "
        "multioutput='variance_weighted' leaves them out."
    ]
    alive = scored(ALIVE, "linear_r2").linear_r2
    np.testing.assert_allclose(ds.linear_r2, (4 * alive + 2) / 6, atol=1e-6)


@pytest.mark.parametrize("multioutput", ["variance_weighted", "raw_values"])
def test_what_does_not_average_over_them_is_silent(multioutput):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ds = scored(DEAD, LinearR2(multioutput=multioutput))
        alive = scored(ALIVE, LinearR2(multioutput=multioutput)).linear_r2
    found = ds.linear_r2 if multioutput == "variance_weighted" else ds.linear_r2[..., :4]
    np.testing.assert_allclose(found, alive, atol=1e-6)


def test_a_constant_that_is_no_unit_is_none_of_them():
    """Weights of a feature without dissimilarities are 0, and their status is the same."""
    features = {"same": np.ones(N), "coin": FEATURES["coin"]}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ds = pk.probe(
            pk.extractors.arrays({"x": ALIVE}), None, features, estimators=["weighted_rsa"]
        )
    assert ds.weighted_rsa_weight_status.values.tolist() == [[Status.CONSTANT_UNIT, Status.OK]]


def recorded(path):
    with pk.Recorder(path, inputs=np.arange(N), features=FEATURES) as recorder:
        for step in range(3):
            recorder.record(step, pk.extractors.arrays({"x": DEAD}))


def test_a_recorder_tells_it_once(tmp_path):
    with pytest.warns(ScoreWarning) as told:
        recorded(tmp_path / "history.nc")
    assert len(told) == 1
