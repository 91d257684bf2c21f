"""`probekit run` on task files: which are run, with which options, and what is said of failures."""

import json
import sys

import pytest
import xarray as xr

from probekit.plugins import get_manager
from probekit_cli._task_files import named_paths

TASKS = '''
import xarray as xr
import probekit as pk

def scores(value):
    return xr.Dataset({"score": ("layer", [float(value), 1.0])}, {"layer": ["a", "b"]})

@pk.task
def small(width: int = 3, *, tied: bool = False):
    """How small."""
    return scores(width)

@pk.task
@pk.parametrize("width", [1, 2])
def swept(width):
    return scores(width)
'''
BROKEN = """
import probekit as pk

@pk.task
def broken(width: int = 3):
    raise ValueError("no way")

@pk.task
def other(width: int = 3):
    raise ValueError("neither")
"""


@pytest.fixture
def probes(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    folder = tmp_path / "probes"
    folder.mkdir()
    (folder / "probe_a.py").write_text(TASKS)
    return folder


def test_a_folder(probekit, probes):
    done = probekit("run", "probes/")
    assert done.code == 0, done.err
    assert done.out.splitlines() == [
        "probes/probe_a.py::small  probes/probe_a/small.nc",
        "probes/probe_a.py::swept  probes/probe_a/swept.nc",
        "next  probekit show probes/probe_a/small.nc",
    ]
    assert done.err.splitlines()[-1].startswith("2 passed in ")
    with xr.open_dataset("probes/probe_a/swept.nc") as swept:
        assert dict(swept.sizes) == {"width": 2, "layer": 2}


def test_one_task_with_its_options_shows_its_scores(probekit, probes, tmp_path):
    done = probekit("run", "--width", 5, "probes/probe_a.py::small", "-o", "mine.nc")
    assert done.code == 0, done.err
    assert "  a  5.000" in done.out.splitlines()
    assert (tmp_path / "mine.nc").is_file()


def test_a_parameter_that_is_given_is_not_swept(probekit, probes):
    assert probekit("run", "probes/probe_a.py::swept", "--width", 7).code == 0
    with xr.open_dataset("probes/probe_a/swept.nc") as history:
        assert history.width.values.tolist() == [7]


def test_help_shows_the_options_of_the_task(probekit, probes):
    done = probekit("run", "probes/probe_a.py::small", "--help")
    assert done.code == 0
    assert "How small." in done.out
    for option in ("--width INTEGER", "[default: 3]", "--tied", "--collect-only", "--estimators"):
        assert option in done.out


def test_several_tasks_have_the_options_that_all_have(probekit, probes):
    shown = probekit("run", "probes", "--help").out
    assert "--width" in shown
    assert "--tied" not in shown


def test_collecting_only(probekit, probes):
    done = probekit("run", "probes", "-k", "small", "--collect-only")
    assert (done.code, done.out) == (0, "probes/probe_a.py::small  How small.\n")
    assert done.complaint == "1 task, 1 deselected"
    assert not (probes / "probe_a").exists()
    (line,) = probekit("run", "-k", "small", "probes", "--collect-only", "--json").out.splitlines()
    assert json.loads(line)["options"] == {"width": 3, "tied": False}


def test_failures_come_last_and_stop_nothing(probekit, probes):
    (probes / "probe_0.py").write_text(BROKEN)
    done = probekit("run", "probes")
    assert done.code == 1
    assert (probes / "probe_a" / "small.nc").is_file()
    lines = done.err.splitlines()
    assert "probekit: probes/probe_0.py:6: broken: ValueError: no way" in lines
    assert '  File "' in done.err
    assert lines[-1].startswith("2 passed, 2 failed in")


def test_a_history_that_is_there_is_told_of_in_one_line(probekit, probes):
    assert probekit("run", "probes/probe_a.py:small").code == 0
    done = probekit("run", "probes/probe_a.py::small")
    assert done.code == 1
    (line,) = done.err.splitlines()
    assert "small: probes/probe_a/small.nc: exists. Pass overwrite" in line


def test_stopping_at_the_first(probekit, probes):
    (probes / "probe_0.py").write_text(BROKEN)
    done = probekit("run", "-x", "probes")
    assert done.code == 1
    assert done.err.splitlines()[-1].startswith("1 failed, 3 not run in")


def test_a_file_that_cannot_be_imported_names_the_line(probekit, probes):
    (probes / "probe_0.py").write_text("\nimport nothing_of_this_name\n")
    done = probekit("run", "probes/probe_0.py")
    assert done.code == 1
    assert done.complaint.startswith("probekit: probes/probe_0.py:2: ModuleNotFoundError")
    done = probekit("run", "probes", "-q")
    assert (done.code, (probes / "probe_a" / "small.nc").is_file()) == (1, True)
    assert "probe_0.py:2:" in done.err


def test_as_json(probekit, probes):
    done = probekit("run", "probes", "--json")
    events = [json.loads(line) for line in done.out.splitlines()]
    assert [event["event"] for event in events] == ["task_started", "task_finished"] * 2
    assert events[1]["path"] == "probes/probe_a/small.nc"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["probes/probe_a.py::smal"], "unknown task in probes/probe_a.py: 'smal'; did you mean "),
        (["probes", "-k", "no"], "-k 'no': selects none of 2 tasks: probes/probe_a.py::small, "),
        (["probes", "-k", "small and"], "-k 'small and': the end where a word should be."),
        (["nowhere/"], "nowhere: there is no such file or folder."),
        (["probes", "--resume", "--overwrite"], "--overwrite, --resume: contradict each other"),
        (["probes", "-o", "one.nc"], "--output one.nc: is one file, for 2 tasks."),
        (["probes", "-e", "liner_r2"], "unknown estimator 'liner_r2'; did you mean 'linear_r2'"),
        (["reference-complexty"], "unknown task 'reference-complexty'; did you mean"),
    ],
)
def test_what_cannot_be_is_a_usage_error(probekit, probes, words, complaint):
    done = probekit("run", *words)
    assert done.code == 2
    assert done.complaint.startswith(f"probekit: {complaint}")


def test_an_unknown_option(probekit, probes):
    done = probekit("run", "probes/probe_a.py::small", "--widht", 4)
    assert done.code == 2
    assert "--widht" in done.err
    assert "--width" in done.err


def test_a_registered_task_comes_before_a_folder_of_its_name(probekit, fake_run, tmp_path):
    (tmp_path / "my-task").mkdir()
    assert probekit("run", "my-task", "-o", "x.nc").code == 0
    assert fake_run.arguments["task"] == "my-task"


def test_a_variant_of_a_registered_task(probekit, fake_run, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    source = 'import probekit as pk\nwide = pk.task("my-task", width=64)\n'
    (tmp_path / "probes.py").write_text(source)
    storing = ("--store-activations", "hidden_0", "--every", "3", "--keep-bits", "10")
    options = ("--rate", "0.25", "--layers", "hidden_*", "--durable", "--one-by-one", *storing)
    done = probekit("run", "probes.py::wide", *options)
    assert done.code == 0, done.err
    given = fake_run.arguments
    assert (given["task"], given["width"], given["rate"]) == ("my-task", 64, 0.25)
    assert given["layers"] == ["hidden_*"]
    assert (given["durable"], given["vectorized"]) == (True, False)
    assert (given["store_activations"], given["every"]) == (["hidden_0"], 3)
    assert given["storage"] == (0, 10)
    assert get_manager().registry.names("task")


@pytest.mark.parametrize(
    ("words", "paths"),
    [
        (["-o", "out/", "a.py"], ["a.py"]),
        (["--layers", "a/b", "-x", "a.py", "b.py::c"], ["a.py", "b.py::c"]),
        (["--data", "some/file", "a.py"], ["a.py"]),
        (["--tied", "a.py"], ["a.py"]),
        (["--quiet", "a.py"], ["a.py"]),
        (["--width", "3"], []),
    ],
)
def test_which_words_are_files(words, paths):
    assert named_paths(words) == paths
