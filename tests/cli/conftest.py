"""The command line in this process, and histories to look at."""

import dataclasses
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from probekit.history import HistoryWriter, make_attributes
from probekit.plugins import get_manager, set_manager
from probekit.running import RunInfo
from probekit_cli.main import main

LAYERS = ("hidden_0", "hidden_1", "logits")
FEATURES = ("linear", "xor")


@dataclasses.dataclass
class Done:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def complaint(self):
        """The one line on standard error."""
        lines = self.err.splitlines()
        assert len(lines) == 1, self.err
        return lines[0]


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    """Work in an empty folder, with no plugins from elsewhere."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PROBEKIT_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("PROBEKIT_PLUGINS", raising=False)
    monkeypatch.setenv("COLUMNS", "100")
    before = set_manager(None)
    yield
    set_manager(before)


@pytest.fixture
def probekit(capsys):
    """Run a command: `probekit("list", "tasks")`."""

    def run(*words):
        capsys.readouterr()
        with pytest.raises(SystemExit) as exit_:
            main([str(word) for word in words])
        out, err = capsys.readouterr()
        code = exit_.value.code
        return Done(code, out, err)

    return run


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    """Make a module that can be asked for as a plugin: `plugin("mine", "source")`."""
    monkeypatch.syspath_prepend(tmp_path)
    names = []

    def make(name, source):
        (tmp_path / f"{name}.py").write_text(source)
        names.append(name)

    yield make
    for name in names:
        sys.modules.pop(name, None)


def rows(seeds, epochs, *, stopped=None):
    """Return rows of a history whose every number is known.

    linear_r2 is (place of the layer + 1) / 10 for the first feature and a tenth of that for the
    second; plus 0.01 for each seed. `stopped` is the last epoch of the last seed.
    """
    shape = (len(seeds), len(epochs))
    seed_part = 0.01 * np.array(seeds, float)[:, None, None, None]
    layer_part = (np.arange(len(LAYERS)) + 1.0)[:, None] / 10 * np.array([1, 0.1])
    r2 = np.broadcast_to(layer_part + seed_part, (*shape, len(LAYERS), 2)).copy()
    loss = np.broadcast_to(1 / (1 + np.array(epochs, float)), (2, *shape)).copy()
    accuracy = np.broadcast_to([1.0, 0.75], (2, *shape, 2)).copy()
    if stopped is not None:
        gone = np.array(epochs) > stopped
        r2[-1, gone], loss[:, -1, gone], accuracy[:, -1, gone] = np.nan, np.nan, np.nan
    return xr.Dataset(
        {
            "linear_r2": (
                ("seed", "epoch", "layer", "feature"),
                r2.astype(np.float32),
                {"long_name": "variance explained (R²)"},
            ),
            "linear_r2_status": (
                ("seed", "epoch", "layer", "feature"),
                np.zeros(r2.shape, np.int8),
            ),
            "total_variance": (("seed", "epoch", "layer"), (10 * r2[..., 0]).astype(np.float32)),
            "loss": (("split", "seed", "epoch"), loss.astype(np.float32)),
            "accuracy": (("split", "seed", "epoch", "feature"), accuracy.astype(np.float32)),
        },
        {
            "seed": list(seeds),
            "epoch": list(epochs),
            "layer": list(LAYERS),
            "feature": list(FEATURES),
            "split": ["train", "test"],
        },
    )


@pytest.fixture
def history(tmp_path):
    """Write a history of 3 seeds and 5 epochs; return its path."""

    def write(name="history.nc", **options):
        config = {"epochs": 4, "hidden": (256, 64), "optimizer": "adam", "stop_accuracy": None}
        attributes = make_attributes("my-task", config, title="A test")
        with HistoryWriter(tmp_path / name, attributes=attributes) as writer:
            writer.append(rows((0, 1, 2), range(5), **options))
            return Path(writer.finish().name)

    return write


TASK = """
import dataclasses
from typing import Literal
from probekit.tasks import TaskConfig, option

@dataclasses.dataclass(frozen=True, kw_only=True)
class Config(TaskConfig):
    width: int = option(8, "Units of the layer.", least=1)
    rate: float = option(0.5, "How fast.", unit="steps")
    names: tuple[str, ...] = option(("a", "b"), "Some names.")
    sizes: tuple[int, ...] = option((), "Some sizes.", least=1)
    depth: int | None = option(None, "How deep; found out if not given.")
    tied: bool = option(False, "Whether weights are tied.")
    kind: Literal["plain", "residual"] = option("plain", "Which kind.")
    optimizer: str = option("adam", "The optimiser.", choices=("adam", "sgd"))
    sgd_rate: float = option(0.5, "Of sgd alone.", only_for=("optimizer", "sgd"))
    context: str = option("", "A name that typer has a use for, too.")

class MyTask:
    name = "my-task"
    summary = "a task of a stranger"
    Config = Config

from probekit.plugins import hookimpl

@hookimpl
def probekit_register(registry):
    registry.task("my-task", MyTask, summary=MyTask.summary)
"""


class FakeRun:
    """Stands in for `probekit.run`: writes a history, tells the listeners, trains nothing."""

    def __init__(self):
        self.arguments = None
        self.raises = None  # after the first seed
        self.raises_at_once = None

    def __call__(self, task, *, output, overwrite=False, resume=False, **arguments):
        self.arguments = {"task": task, "output": output, **arguments}
        self.arguments |= {"overwrite": overwrite, "resume": resume}
        config = get_manager().registry.load("task", task).Config()
        info = RunInfo(task, config, (0, 1), 4, Path(output), LAYERS, FEATURES)
        hook = get_manager().hook
        with HistoryWriter(
            output, attributes=make_attributes(task), overwrite=overwrite, resume=resume
        ) as writer:
            hook.probekit_run_started(run=info)
            try:
                if self.raises_at_once is not None:
                    raise self.raises_at_once
                for seed in (0, 1):
                    for epochs in ((0,), (1, 2, 3, 4)):
                        new = rows((seed,), epochs)
                        writer.append(new)
                        ended = (seed,) if epochs[-1] == 4 else ()
                        hook.probekit_chunk_finished(run=info, dataset=new, ended=ended)
                    if self.raises is not None:
                        raise self.raises
            except BaseException as error:
                hook.probekit_run_failed(run=info, error=error)
                raise
            path = writer.finish()
        hook.probekit_run_finished(run=info, path=path)
        return rows((0, 1), range(5))


@pytest.fixture
def fake_run(monkeypatch, plugin):
    """A task ``my-task`` from a plugin, and a `run` that is quick."""
    plugin("task_plugin", TASK)
    monkeypatch.setenv("PROBEKIT_PLUGINS", "task_plugin")
    fake = FakeRun()
    monkeypatch.setattr("probekit.running.run", fake)
    return fake
