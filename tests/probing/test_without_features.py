"""Without features: estimators of geometry alone, from `probe` to a file and back."""

import numpy as np
import pytest
import xarray as xr

import probekit as pk
from probekit.errors import OptionError
from probekit.plugins import get_manager

GENERATOR = np.random.default_rng(0)
INPUTS = GENERATOR.normal(size=(64, 6)).astype(np.float32)
OTHER = GENERATOR.normal(size=(40, 6)).astype(np.float32)
SIGN = {"sign": INPUTS[:, 0] > 0}
EXTRACTOR = pk.extractors.function(lambda x: {"hidden": x[:, :4] ** 2, "also": x})


def of_geometry():
    registry = get_manager().registry
    found = (registry.load("estimator", name) for name in registry.names("estimator"))
    return [cls for cls in found if cls.kind == "geometry" and not cls.joint]


@pytest.mark.slow
def test_geometry_needs_no_features_and_is_what_it_is_with_them():
    estimators = [cls() for cls in of_geometry()]
    alone = pk.probe(EXTRACTOR, INPUTS, estimators=estimators, batch_size=40)
    assert "feature" not in alone.dims
    assert len(alone.data_vars) >= len(estimators)
    with_them = pk.probe(EXTRACTOR, INPUTS, SIGN, estimators=estimators, batch_size=40)
    xr.testing.assert_identical(alone, with_them)


def test_the_usual_estimators_are_those_that_there_can_be():
    held = pk.extractors.arrays({"hidden": INPUTS})
    assert "linear_r2" in pk.probe(held, features=SIGN)
    scores = [name for name in pk.probe(held).data_vars if not name.endswith("_status")]
    assert scores == ["total_variance", "participation_ratio", "effective_rank"]


@pytest.mark.slow
def test_geometry_of_held_out_examples_and_its_uncertainty():
    name = "participation_ratio"
    scored = pk.probe(EXTRACTOR, INPUTS, held_out=(OTHER, None), estimators=name)
    expected = pk.probe(EXTRACTOR, OTHER, estimators=name)
    xr.testing.assert_allclose(scored, expected)
    bootstrap = pk.Bootstrap(resamples=40, interval="basic")
    sure = pk.probe(EXTRACTOR, INPUTS, estimators=name, uncertainty=bootstrap)
    assert sure.participation_ratio_ci.dims == ("layer", "bound")
    held = pk.extractors.arrays({"hidden": INPUTS}), pk.extractors.arrays({"hidden": OTHER})
    assert pk.probe(held[0], held_out=(held[1], None), estimators=name).sizes == {"layer": 1}


@pytest.mark.parametrize("estimator", ["linear_r2", "cka", "decoding_accuracy", "feature_angles"])
def test_what_needs_features_is_named(estimator):
    message = f"estimators: '{estimator}' needs features, and there are none. Give features"
    with pytest.raises(OptionError) as caught:
        pk.probe(EXTRACTOR, INPUTS, estimators=["participation_ratio", estimator])
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((OTHER, SIGN), r"held_out: has features, and there are none to fit on. Give features too"),
        (OTHER, r"held_out: a ndarray; give \(inputs, None\), as there are no features\."),
    ],
)
def test_held_out_examples_have_no_features_either(given, message):
    with pytest.raises(OptionError, match=message):
        pk.probe(EXTRACTOR, INPUTS, held_out=given)


def test_a_recorder_needs_none(tmp_path):
    with pk.Recorder(tmp_path / "history.nc", inputs=INPUTS) as recorder:
        for step in range(2):
            recorder.record(step, EXTRACTOR)
    history = pk.open_history(tmp_path / "history.nc")
    assert history.participation_ratio.dims == ("step", "layer")
    assert "feature" not in history.dims
    expected = pk.probe(EXTRACTOR, INPUTS)
    xr.testing.assert_allclose(history.isel(step=1, drop=True)[[*expected.data_vars]], expected)


def test_compare_needs_no_inputs_of_extractors_that_hold_them():
    held = pk.extractors.arrays({"hidden": INPUTS})
    assert float(pk.compare(held, held).cka[0, 0]) == pytest.approx(1, abs=1e-5)
