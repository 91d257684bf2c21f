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


def test_hook_run_failed(tmp_path):
    from probekit.errors import DivergedError
    from probekit.running import run

    listener = Everything()
    options = {**SMALL, "seeds": 1, "optimizer": "sgd", "learning_rate": 1e20}
    with pytest.raises(DivergedError) as raised:
        run("reference-complexity", listeners=[listener], **options)
    assert listener.heard[-1][0] == "failed"
    assert listener.heard[-1][2] is raised.value


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
