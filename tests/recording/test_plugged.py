"""Variables that plugins add to rows: what fits is kept, what does not is told and left out."""

import warnings

import numpy as np
import pytest
import xarray as xr

import probekit as pk
from probekit.errors import PluginWarning
from probekit.history import HistoryWriter, make_attributes, open_history
from probekit.plugins import Manager, get_manager, hookimpl
from probekit.recording.plugged import with_plugin_variables

HOOK = "probekit_history_variables"


def plugin(function):
    class Plugin:
        @hookimpl
        def probekit_history_variables(self, dataset):
            return function(dataset)

    return Plugin()


@pytest.fixture
def manager():
    return Manager()


@pytest.fixture
def writer(tmp_path):
    attributes = make_attributes("test")
    with HistoryWriter(tmp_path / "history.nc", attributes=attributes, lead=("step",)) as opened:
        yield opened


def rows(step, count=2):
    steps = np.arange(step, step + count)
    scores = np.outer(steps, [1.0, 10.0])
    coords = {"step": steps, "layer": ["a", "b"]}
    return xr.Dataset({"score": (("step", "layer"), scores)}, coords)


def test_what_is_returned_is_kept_with_its_attributes(writer, manager):
    units = xr.DataArray([7, 8, 9], dims="unit")
    manager.register(plugin(lambda d: {"best": d.score.max("layer")}), "a")
    manager.register(
        plugin(lambda d: xr.Dataset({"count": (units * d.step).assign_attrs(units="bit")})), "b"
    )
    writer.append(with_plugin_variables(rows(0), writer, manager.hook))
    found = open_history(writer.finish())
    assert found.best.values.tolist() == [0, 10]
    assert found["count"].dims == ("step", "unit")  # rows lead
    assert found["count"].dtype == np.float64
    assert found["count"].attrs == {"long_name": "count", "units": "bit"}
    assert found.best.attrs == {"long_name": "best", "units": "1"}


def test_rows_for_which_nothing_is_returned_hold_nan(writer, manager):
    def sometimes(dataset):
        if dataset.step[0] == 2:
            raise RuntimeError("not now")
        return None if dataset.step[0] == 4 else {"double": 2 * dataset.score}

    manager.register(plugin(sometimes), "now-and-then")
    for step in (0, 4, 6):
        writer.append(with_plugin_variables(rows(step), writer, manager.hook))
    with pytest.warns(PluginWarning, match=rf"'now-and-then': {HOOK} raised RuntimeError: not now"):
        writer.append(with_plugin_variables(rows(2), writer, manager.hook))
    found = open_history(writer.finish())
    assert found.score.notnull().all()
    missing = found.double.isnull().all("layer")
    assert missing.values.tolist() == [False, False, True, True, True, True, False, False]


def test_a_plugin_cannot_change_the_rows(writer, manager):
    def assign(dataset):
        dataset["score"] = -dataset.score
        dataset["mine"] = dataset.score

    manager.register(plugin(assign))
    xr.testing.assert_identical(with_plugin_variables(rows(0), writer, manager.hook), rows(0))


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (lambda d: 3, r"returned 3; give a Dataset, or names with DataArrays\."),
        (lambda d: {"x": d.score.values}, r"'x' is a ndarray; give a DataArray\."),
        (lambda d: {"score": d.score}, r"returned 'score', which is taken; take another name\."),
        (lambda d: {"step": d.score}, r"returned 'step', which is taken"),
        (lambda d: {"a/b": d.score}, r"returned 'a/b', which is no name; take one without '/'\."),
        (lambda d: {3: d.score}, "returned 3, which is no name"),
        (
            lambda d: {"x": d.score.mean("step")},
            r"'x' has dims \('layer',\), not 'step'; give a value for each row\.",
        ),
        (
            lambda d: {"x": d.score.isel(step=[0])},
            r"'x' has other step labels than the rows; give the same\.",
        ),
        (
            lambda d: {"x": d.score.assign_coords(layer=["a", "c"])},
            r"'x' has other layer labels than the rows; give the same\.",
        ),
        (lambda d: {"x": d.score.astype(str)}, r"'x' has dtype <U32; give numbers\."),
        (lambda d: {"x": d.score * 1j}, r"'x' has dtype complex128; give numbers\."),
    ],
)
def test_what_does_not_fit_is_told_and_left_out(writer, manager, result, message):
    manager.register(plugin(result), "mine")
    with pytest.warns(PluginWarning, match=rf"^plugin 'mine': {HOOK}: {message}.* goes on without"):
        found = with_plugin_variables(rows(0), writer, manager.hook)
    xr.testing.assert_identical(found, rows(0))


def test_what_does_not_fit_to_the_rows_before_is_left_out(writer, manager):
    def changing(dataset):
        return {"x": dataset.score if dataset.step[0] == 0 else dataset.score.sum("layer")}

    manager.register(plugin(changing), "mine")
    writer.append(with_plugin_variables(rows(0), writer, manager.hook))
    message = r"'mine': .*\['x'\]: dims \('step',\); the rows before have \('step', 'layer'\)"
    with pytest.warns(PluginWarning, match=message):
        writer.append(with_plugin_variables(rows(2), writer, manager.hook))
    assert open_history(writer.finish()).x.isnull().all("layer").values.tolist() == [0, 0, 1, 1]


def test_two_plugins_cannot_return_one_name(writer, manager):
    manager.register(plugin(lambda d: {"x": d.score}), "late")
    manager.register(plugin(lambda d: {"x": -d.score}), "early")  # the last registered comes first
    with pytest.warns(PluginWarning, match=r"'late': .* returned 'x', which is taken"):
        found = with_plugin_variables(rows(0), writer, manager.hook)
    np.testing.assert_array_equal(found.x, -found.score)


class Failing:
    @hookimpl
    def probekit_recorded(self, dataset):
        raise ValueError(f"at step {int(dataset.step[0])}")


def test_a_listener_that_fails_at_each_row_is_told_once(tmp_path):
    bits = np.random.default_rng(0).integers(0, 2, (20, 3)).astype(np.float32)
    examples = {"inputs": bits, "features": {"first": bits[:, 0]}}
    extractor = pk.extractors.arrays({"layer": bits})
    with (
        get_manager().listening(Failing()),
        warnings.catch_warnings(record=True) as told,
        pk.Recorder(tmp_path / "history.nc", flush_seconds=0, **examples) as recorder,
    ):
        warnings.simplefilter("always")
        for step in range(3):
            recorder.record(step, extractor)
    (warning,) = told
    assert "plugin 'Failing': probekit_recorded raised ValueError: at step 0" in str(
        warning.message
    )
