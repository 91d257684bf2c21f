"""Each hook is heard, with the arguments it promises, where it is called."""

import inspect

import pytest
import typer

from probekit.plugins import hookimpl, hookspecs

HOOKS = sorted(name for name in vars(hookspecs) if name.startswith("probekit_"))


class Everything:
    """Hears every hook that follows a run."""

    def __init__(self):
        self.heard = []

    @hookimpl
    def probekit_run_started(self, run):
        self.heard.append(("started", run))

    @hookimpl
    def probekit_chunk_finished(self, run, dataset):
        self.heard.append(("chunk", run, dataset))

    @hookimpl
    def probekit_run_finished(self, run, path):
        self.heard.append(("finished", run, path))

    @hookimpl
    def probekit_run_failed(self, run, error):
        self.heard.append(("failed", run, error))

    @hookimpl
    def probekit_recorded(self, path, dataset):
        self.heard.append(("recorded", path, dataset))

    def events(self):
        return [event for event, *_ in self.heard]


@pytest.mark.parametrize("name", HOOKS)
def test_every_hook_has_a_test(name):
    assert f"test_hook_{name.removeprefix('probekit_')}" in globals()


@pytest.mark.parametrize("name", HOOKS)
def test_every_hook_says_when_it_is_called(name):
    assert inspect.getdoc(getattr(hookspecs, name))


SMALL = {
    "seeds": 2,
    "epochs": 2,
    "train_examples": 64,
    "fit_examples": 32,
    "test_examples": 32,
    "batch_size": 32,
    "hidden": (8,),
}


@pytest.fixture(scope="module")
def a_run(tmp_path_factory):
    """What a listener hears of one run, and its history."""
    from probekit.running import run

    listener, path = Everything(), tmp_path_factory.mktemp("run") / "history.nc"
    history = run("reference-complexity", output=path, listeners=[listener], **SMALL)
    return listener, path, history


def test_hook_run_started(a_run):
    listener, path, _ = a_run
    _, run = listener.heard[0]
    assert listener.events().count("started") == 1
    assert (run.task, run.seeds, run.epochs, run.path) == ("reference-complexity", (0, 1), 2, path)
    assert run.layers == ("hidden_0", "logits")
    assert run.features == ("linear", "xor_xor_xor")


def test_hook_chunk_finished(a_run):
    import xarray as xr

    listener, _, history = a_run
    chunks = [heard[2] for heard in listener.heard if heard[0] == "chunk"]
    rows = [(int(s), int(e)) for chunk in chunks for s in chunk.seed for e in chunk.epoch]
    assert sorted(rows) == [(seed, epoch) for seed in (0, 1) for epoch in (0, 1, 2)]
    for chunk in chunks:
        there = history.sel(seed=chunk.seed, epoch=chunk.epoch)
        xr.testing.assert_equal(chunk["linear_r2"], there["linear_r2"])


def test_hook_run_finished(a_run):
    listener, path, _ = a_run
    event, _, finished = listener.heard[-1]
    assert (event, finished) == ("finished", path)
    assert path.exists()


@pytest.mark.slow
def test_hook_run_failed(tmp_path):
    from probekit.errors import DivergedError
    from probekit.running import run

    listener = Everything()
    options = {**SMALL, "seeds": 1, "optimizer": "sgd", "learning_rate": 1e20}
    with pytest.raises(DivergedError) as raised:
        run("reference-complexity", listeners=[listener], **options)
    assert listener.heard[-1][0] == "failed"
    assert listener.heard[-1][2] is raised.value


def test_hook_history_variables(tmp_path):
    import numpy as np

    from probekit.running import run

    class Gap:
        @hookimpl
        def probekit_history_variables(self, dataset):
            accuracy = dataset.accuracy
            gap = accuracy.sel(split="train", drop=True) - accuracy.sel(split="test", drop=True)
            return {"gap": gap.assign_attrs(long_name="generalisation gap", valid_range=[-1, 1])}

    listener, path = Everything(), tmp_path / "history.nc"
    history = run("reference-complexity", output=path, listeners=[listener, Gap()], **SMALL)
    expected = history.accuracy.sel(split="train") - history.accuracy.sel(split="test")
    np.testing.assert_array_equal(history.gap, expected)
    assert history.gap.dims == ("seed", "epoch", "feature")
    assert history.gap.attrs["long_name"] == "generalisation gap"
    assert all("gap" in heard[2] for heard in listener.heard if heard[0] == "chunk")


def raising(*hooks):
    """Return a plugin that raises in these hooks, and nowhere else."""

    def fail(self):
        raise ValueError("out of order")

    return type("Broken", (), dict.fromkeys(hooks, hookimpl(fail)))()


@pytest.mark.parametrize(
    "hook",
    [
        "probekit_run_started",
        "probekit_history_variables",
        "probekit_chunk_finished",
        "probekit_run_finished",
    ],
)
def test_a_plugin_that_raises_takes_nothing_with_it(tmp_path, hook, a_run):
    import xarray as xr

    from probekit.errors import PluginWarning
    from probekit.running import run

    path = tmp_path / "history.nc"
    message = rf"plugin 'Broken': {hook} raised ValueError: out of order \(.*test_hooks\.py:\d+\)"
    with pytest.warns(PluginWarning, match=message):
        run("reference-complexity", output=path, listeners=[raising(hook)], **SMALL)
    xr.testing.assert_equal(xr.load_dataset(path), xr.load_dataset(a_run[1]))


@pytest.mark.slow
def test_a_plugin_that_raises_when_a_run_has_failed_does_not_hide_why(tmp_path):
    from probekit.errors import DivergedError, PluginWarning
    from probekit.running import run

    options = {**SMALL, "seeds": 1, "optimizer": "sgd", "learning_rate": 1e20}
    plugin = raising("probekit_run_failed")
    with (
        pytest.raises(DivergedError),
        pytest.warns(PluginWarning, match="'Broken': probekit_run_failed"),
    ):
        run("reference-complexity", listeners=[plugin], **options)


def test_a_plugin_that_raises_in_a_recording_takes_nothing_with_it(tmp_path):
    import numpy as np

    import probekit as pk
    from probekit.errors import PluginWarning

    inputs = np.arange(24.0, dtype=np.float32).reshape(8, 3) ** 2 % 7
    plugin = raising("probekit_history_variables", "probekit_recorded")
    with (
        pytest.warns(PluginWarning) as warned,
        pk.plugins.get_manager().listening(plugin),
        pk.Recorder(
            tmp_path / "history.nc", inputs=inputs, features={"first": inputs[:, 0]}
        ) as recorder,
    ):
        recorder.record(0, pk.extractors.arrays({"layer": inputs}))
    assert {hook for hook in HOOKS for w in warned if hook in str(w.message)} == {
        "probekit_history_variables",
        "probekit_recorded",
    }
    assert pk.open_history(tmp_path / "history.nc").linear_r2.notnull().all()


def test_hook_recorded(tmp_path):
    import numpy as np

    import probekit as pk

    inputs = np.arange(24.0, dtype=np.float32).reshape(8, 3) ** 2 % 7
    listener, path = Everything(), tmp_path / "history.nc"
    with (
        pk.plugins.get_manager().listening(listener),
        pk.Recorder(path, inputs=inputs, features={"first": inputs[:, 0]}) as recorder,
    ):
        recorder.record(0, pk.extractors.arrays({"layer": inputs}))
    assert listener.events() == ["recorded"]
    _, where, dataset = listener.heard[0]
    assert where == path
    assert dataset.step.values.tolist() == [0]


def test_hook_register(manager):
    class Plugin:
        @hookimpl
        def probekit_register(self, registry):
            registry.task("mine", "math:sqrt")

    manager.register(Plugin())
    assert manager.registry.entry("task", "mine").plugin == "Plugin"


def test_hook_add_commands(manager):
    from probekit_cli.app import build

    class Plugin:
        @hookimpl
        def probekit_add_commands(self, app):
            @app.command()
            def greet(): ...

    manager.register(Plugin())
    app = build(manager, [])
    assert isinstance(app, typer.Typer)
    assert "greet" in [info.callback.__name__ for info in app.registered_commands]


def test_hook_report_sections(manager):
    class Plugin:
        @hookimpl
        def probekit_report_sections(self, dataset):
            return [("mine", f"<p>{dataset}</p>")]

    manager.register(Plugin())
    assert manager.hook.probekit_report_sections(dataset=3) == [[("mine", "<p>3</p>")]]
