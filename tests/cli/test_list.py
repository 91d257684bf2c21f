"""`probekit list` and `probekit plugins`."""

import json
from typing import get_args

import pytest

from probekit.estimators import Kind
from probekit.plugins import get_manager
from probekit.plugins.registry import ESTIMATOR_KINDS
from probekit.plugins.switches import NO_AUTOLOAD

BROKEN = "import no_such_module"
MINE = """
from probekit.plugins import hookimpl

@hookimpl
def probekit_register(registry):
    registry.estimator("my_probe", "no_such_module:MyProbe", summary="a probe of mine")
    registry.estimator(
        "declared", "no_such:Probe", summary="a probe that says its kind", kind="geometry"
    )
    registry.task("my-task", "no_such_module:MyTask", summary="a task of mine")
    registry.task("other-task", "no_such_module:MyTask")

@hookimpl
def probekit_run_started(run): ...
"""


def test_everything_is_listed(probekit):
    lines = probekit("list").out.splitlines()
    assert [line for line in lines if line and not line.startswith(" ")] == [
        "tasks",
        "estimators",
        "extractors",
        "plugins",
    ]
    for name in ("reference-complexity", "linear_r2", "linen", "builtin"):
        assert any(line.startswith(f"  {name} ") for line in lines)


@pytest.mark.parametrize(
    ("what", "name", "other"),
    [
        ("tasks", "reference-complexity", "linear_r2"),
        ("estimators", "linear_r2", "linen"),
        ("extractors", "linen", "cka"),
        ("plugins", "builtin", "cka"),
    ],
)
def test_one_kind_is_listed(probekit, what, name, other):
    done = probekit("list", what)
    assert name in done.out
    assert other not in done.out.split()


def test_what_is_from_elsewhere_says_so_and_is_not_imported(probekit, plugin):
    plugin("my_plugin", MINE)
    done = probekit("-p", "my_plugin", "list")
    lines = [" ".join(line.split()) for line in done.out.splitlines()]
    assert done.code == 0
    assert "my_probe a probe of mine [my_plugin]" in lines
    assert "declared geometry a probe that says its kind [my_plugin]" in lines
    assert "other-task [my_plugin]" in lines
    assert "my_plugin module 2 tasks, 2 estimators, run_started" in lines


def test_json(probekit, plugin):
    plugin("my_plugin", MINE)
    listed = json.loads(probekit("-p", "my_plugin", "list", "--json").out)
    assert set(listed) == {"tasks", "estimators", "extractors", "plugins"}
    (mine,) = (e for e in listed["estimators"] if e["name"] == "my_probe")
    assert mine["target"] == "no_such_module:MyProbe"
    assert mine["plugin"] == "my_plugin"


def test_json_of_a_class_has_its_address(probekit, fake_run):
    (task,) = (
        entry
        for entry in json.loads(probekit("list", "tasks", "--json").out)["tasks"]
        if entry["name"] == "my-task"
    )
    assert task["target"] == "task_plugin:MyTask"


def test_estimators_are_listed_with_their_kind(probekit):
    lines = [line.split() for line in probekit("list", "estimators").out.splitlines()]
    assert {"cka", "similarity"} <= set(next(line for line in lines if line[0] == "cka"))
    assert {line[1] for line in lines} == {*get_args(Kind)}
    listed = json.loads(probekit("list", "estimators", "--json").out)["estimators"]
    assert {entry["name"]: entry["kind"] for entry in listed}["auc"] == "decoding"


def test_kinds_are_those_of_the_classes():
    registry = get_manager().registry
    assert get_args(Kind) == ESTIMATOR_KINDS
    for entry in registry.entries("estimator"):
        assert registry.load("estimator", entry.name).kind == entry.estimator_kind, entry.name


def test_estimators_of_one_kind(probekit, plugin):
    plugin("my_plugin", MINE)
    done = probekit("-p", "my_plugin", "list", "--kind", "geometry")
    names = {line.split()[0] for line in done.out.splitlines()}
    assert {"declared", "spectrum"} <= names
    assert not {"cka", "my_probe", "tasks"} & names
    assert "warning: estimator 'my_probe'" in done.complaint  # which does not say its kind
    assert done.complaint.endswith("It is left out.")


def test_kinds_are_of_estimators_alone(probekit):
    done = probekit("list", "tasks", "--kind", "geometry")
    assert done.complaint.startswith("probekit: --kind geometry: is of estimators; tasks have none")


def test_a_kind_that_there_is_not(probekit):
    done = probekit("list", "task")
    assert done.code == 2
    assert "'task' is not a choice; did you mean 'tasks'?" in done.err


@pytest.fixture
def broken(tmp_path, monkeypatch):
    """A plugin that is installed and cannot be loaded."""
    monkeypatch.delenv("PROBEKIT_DISABLE_PLUGIN_AUTOLOAD")
    info = tmp_path / "broken_dist-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken-dist\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text("[probekit]\nbroken = no_such_module\n")
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.usefixtures("broken")
def test_plugins_shows_what_failed(probekit):
    done = probekit("plugins")
    assert done.complaint.startswith("probekit: warning: plugin 'broken' (broken-dist 1.2): cannot")
    lines = [" ".join(line.split()) for line in done.out.splitlines()]
    reason = "ModuleNotFoundError: No module named 'no_such_module'"
    assert f"broken broken-dist 1.2 failed: {reason}" in lines


@pytest.mark.usefixtures("broken")
def test_plugins_shows_what_is_switched_off(probekit):
    done = probekit("-p", "no:broken", "plugins")
    assert done.err == ""
    assert ["broken", "switched", "off"] in [line.split() for line in done.out.splitlines()]


def test_help_of_plugins_says_how_to_switch_them_off(probekit):
    text = probekit("plugins", "--help").out
    assert "-p no:NAME" in text
    assert f"{NO_AUTOLOAD}=1" in text


@pytest.mark.usefixtures("broken")
def test_plugins_as_json(probekit, plugin):
    plugin("my_plugin", MINE)
    records = json.loads(probekit("plugins", "--json", "-p", "my_plugin", "-pno:progress").out)
    states = {record["plugin"]: record["state"] for record in records}
    assert states == {
        "builtin": "active",
        "my_plugin": "active",
        "broken": "failed",
        "progress": "switched off",
    }
    (mine,) = (record for record in records if record["plugin"] == "my_plugin")
    assert mine["hooks"] == ["probekit_register", "probekit_run_started"]
    assert "estimator my_probe" in mine["registered"]
