"""Scores of what was fitted are told of where they would be high of anything."""

import re
import warnings

import numpy as np
import pytest

import probekit as pk
from probekit.errors import OptimismWarning, ProbekitWarning

RANDOM = np.random.default_rng(0)
NOISE = RANDOM.normal(size=(400, 200)).astype(np.float32)
LOTS = {"value": RANDOM.normal(size=400).astype(np.float32), "bit": RANDOM.random(400) < 0.5}
WIDE = pk.extractors.arrays({"narrow": NOISE[:, :2], "wide": NOISE})
FEW = pk.extractors.arrays({"few": NOISE[:40]})
BITS = {"a": NOISE[:40, :3], "b": NOISE[:40, 3:5]}
NARROW = pk.extractors.arrays({"narrow": NOISE[:, :2]})


def told(*arguments, **options):
    """Return the one warning, or none, and the scores."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        ds = pk.probe(*arguments, **options)
    found = [w for w in seen if w.category is OptimismWarning]
    assert len(found) <= 1
    assert all(w.filename == __file__ for w in found), "at the user's line"
    return str(found[0].message) if found else "", ds


def percent(message):
    return int(re.search(r"(\d+) %", message).group(1))


def test_it_says_what_comes_of_a_feature_drawn_by_lot():
    message, ds = told(WIDE, None, LOTS, estimators=["decoding_r2", "linear_r2"])
    assert message.startswith("decoding_r2: of the examples that were fitted, where even")
    assert "(layer 'wide': 200 predictors, 400 examples). Give held_out" in message
    assert percent(message) == 50
    np.testing.assert_allclose(ds.decoding_r2.sel(layer="wide"), 0.5, atol=0.1)
    assert (ds.decoding_r2.sel(layer="narrow") < 0.03).all()


def test_columns_of_features_are_predictors_too():
    features = {"few": NOISE[:, 0], "many": NOISE[:, :80]}
    layer = pk.extractors.arrays({"noise": RANDOM.normal(size=(400, 3)).astype(np.float32)})
    message, ds = told(layer, None, features, estimators=["linear_r2"])
    assert percent(message) == 20
    np.testing.assert_allclose(ds.linear_r2.sel(feature="many"), 0.2, atol=0.05)
    both, ds = told(layer, None, features, estimators=["joint_r2"])
    assert percent(both) == 20
    np.testing.assert_allclose(ds.joint_r2, 0.2, atol=0.05)
    several = ["joint_r2", "ridge_r2"]
    assert told(layer, None, features, estimators=several)[0].startswith("joint_r2, ridge_r2: ")


def test_only_examples_that_count_are_counted():
    weight = np.repeat([1.0, 0.0], [250, 150])
    assert percent(told(WIDE, None, LOTS, estimators="decoding_r2", weight=weight)[0]) == 80
    kept = pk.estimators.DecodingAccuracy(examples=100)
    message, ds = told(WIDE, None, LOTS, estimators=kept)
    assert percent(message) == 100
    assert "200 predictors, 100 examples" in message
    assert ds.decoding_accuracy.sel(layer="wide", feature="bit") == 1


@pytest.mark.parametrize("name", ["knn_accuracy", "mlp_accuracy"])
def test_what_learns_by_heart_needs_few_units(name):
    with pytest.warns(OptimismWarning, match=f"^{name}: .* up to 100 %"):
        ds = pk.probe(NARROW, None, {"bit": LOTS["bit"]}, estimators=name)
    assert ds[name].item() > 0.55


@pytest.mark.parametrize(
    ("extractor", "options"),
    [
        (NARROW, {"estimators": ["decoding_r2", "decoding_accuracy", "linear_r2"]}),
        (WIDE, {"estimators": ["linear_r2", "cka", "total_variance"]}),
        (WIDE, {"estimators": ["sparse_decoding_accuracy", "ccgp"]}),
        (WIDE, {"estimators": ["separated_attribute_predictability"]}),
        (
            FEW,
            {"estimators": ["parity_r2"], "features": BITS},
        ),
        (WIDE, {"estimators": "decoding_r2", "held_out": (WIDE, LOTS)}),
        (WIDE, {"estimators": "decoding_r2", "uncertainty": pk.CrossValidation(folds=2)}),
    ],
    ids=[
        "few units",
        "no decoding",
        "few of them",
        "single units",
        "single parities",
        "others",
        "folds",
    ],
)
def test_nothing_is_said(extractor, options):
    assert told(extractor, None, **{"features": LOTS, **options})[0] == ""


@pytest.mark.slow
def test_nothing_is_said_of_codes():
    """Their length is of the examples that they are of."""
    for name in ("online_codelength", "control_selectivity"):
        assert told(WIDE, None, {"bit": LOTS["bit"]}, estimators=name)[0] == ""


@pytest.mark.parametrize("apart_too", [False, True])
def test_a_recorder_says_it_once(tmp_path, apart_too):
    """Be it of the second of its probe sets."""
    layers = pk.extractors.function(lambda x: {"wide": x})
    sets = {"fitted": (NOISE, LOTS)}
    if apart_too:
        sets = {"apart": (NOISE, LOTS, (NOISE, LOTS)), **sets}
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        with pk.Recorder(
            tmp_path / "history.nc", probe_sets=sets, estimators="decoding_r2"
        ) as recorder:
            for step in range(3):
                recorder.record(step, layers)
    found = [w for w in seen if issubclass(w.category, ProbekitWarning)]
    assert [(w.category, w.filename) for w in found] == [(OptimismWarning, __file__)]
