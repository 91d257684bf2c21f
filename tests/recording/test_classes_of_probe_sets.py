"""Classes of probe sets: the same columns in all of them, whichever occur in each."""

import numpy as np
import pytest

import probekit as pk
from probekit.errors import OptionError

X = np.random.default_rng(0).normal(size=(12, 3)).astype(np.float32)
FEW = np.array(["cat", "dog"] * 6)
OTHERS = np.array(["cow", "cat", "dog"] * 4)
LAYERS = pk.extractors.function(lambda x: {"a": x})


def recorded(path, probe_sets):
    with pk.Recorder(path, probe_sets=probe_sets) as recorder:
        recorder.record(0, LAYERS)
    return pk.open_history(path)


@pytest.mark.filterwarnings("ignore::probekit.errors.OptimismWarning")
def test_classes_are_those_of_all_sets(tmp_path):
    sets = {"few": (X, {"animal": FEW}), "others": (X, {"animal": OTHERS}, (X, {"animal": FEW}))}
    ds = recorded(tmp_path / "history.nc", sets)
    assert ds.linear_r2.notnull().all()
    alone = pk.probe(LAYERS, X, {"animal": OTHERS}, held_out=(X, {"animal": FEW}))
    of_set = ds.linear_r2.sel(probe_set="others").squeeze("step")
    np.testing.assert_allclose(of_set, alone.linear_r2, rtol=1e-5)


@pytest.mark.parametrize(
    ("sets", "message"),
    [
        ([(X, {"animal": FEW})], "probe_sets: a list; give a mapping name -> ProbeSet"),
        ({"one": X}, r"probe_sets\['one'\]: a ndarray; give a ProbeSet, or"),
        (
            {"one": (X, {"animal": FEW}), "two": (X, {"animal": np.arange(12)})},
            r"probe_sets\['two'\] features\['animal'\]: .*; those to fit on are texts",
        ),
        (
            {"one": (X, {"f": np.arange(12)}), "two": (X, {"f": np.ones((12, 2))})},
            r"probe_sets\['two'\]: features \('f',\) of widths \(2,\); the first has .*\(1,\)",
        ),
    ],
)
def test_probe_sets_that_do_not_fit(tmp_path, sets, message):
    with pytest.raises(OptionError, match=message):
        pk.Recorder(tmp_path / "history.nc", probe_sets=sets)
