"""Settings of a project: file, then environment, then command line."""

import json
import sys

import pytest

from probekit.errors import OptionError, UnknownNameError
from probekit.plugins.config import KEYS, Setting, read_config


@pytest.fixture(autouse=True)
def no_variables(monkeypatch):
    for key in KEYS.values():
        monkeypatch.delenv(key.variable, raising=False)


@pytest.fixture
def project(tmp_path):
    def write(text):
        (tmp_path / "pyproject.toml").write_text(text)

    return write


def test_nothing_is_set_without_a_file():
    assert {read_config()[name].source for name in KEYS} == {"default"}


def test_each_value_says_where_it_is_from(project, tmp_path, monkeypatch, probekit):
    project('[tool.probekit]  # ours\n\noutput = "runs"\nestimators = ["cka", "rsa(a=1,b=2)"]\n')
    monkeypatch.setenv("PROBEKIT_PLOT_STYLE", "ggplot")
    done = probekit("config")
    assert done.out.splitlines() == [
        "output      runs              pyproject.toml:3",
        "plugins     –                 default",
        "estimators  cka,rsa(a=1,b=2)  pyproject.toml:4",
        "plot_style  ggplot            PROBEKIT_PLOT_STYLE",
    ]
    record = json.loads(probekit("config", "--json").out)
    assert record["output"] == {"value": "runs", "source": "pyproject.toml:3"}


def test_the_file_is_found_up_the_tree_past_others(project, tmp_path, monkeypatch):
    project('[tool.probekit]\noutput = "runs"\n')
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    (tmp_path / "a" / "pyproject.toml").write_text('[project]\ndependencies = ["probekit"]\n')
    monkeypatch.chdir(below)
    config = read_config()
    assert config["output"] == Setting(str(tmp_path / "runs"), f"{tmp_path}/pyproject.toml:2")


@pytest.mark.parametrize("text", ["tool = 'probekit'", "[tool]\nprobekit = 3", "# probekit"])
def test_a_file_without_the_table_is_passed_by(project, text):
    project(f"{text}\n")
    assert read_config().file is None


def test_the_line_is_that_of_the_table(project):
    project('[tool.other]\noutput = 1\n[tool . "probekit"]\noutput = "runs"\n[x]\noutput = 2\n')
    assert read_config()["output"] == Setting("runs", "pyproject.toml:4")


def test_an_output_may_be_at_home_or_nowhere(project, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path.parent))
    monkeypatch.setenv("PROBEKIT_OUTPUT", " ")  # blank is not set
    project('[tool.probekit]\noutput = "~/runs"\n')
    assert read_config()["output"].text == str(tmp_path.parent / "runs")
    project('[tool.probekit]\noutput = ""\n')
    assert read_config()["output"].text == ""


def test_a_variable_comes_before_the_file(project, monkeypatch):
    project('[tool.probekit]\noutput = "runs"\nestimators = "cka"\n')
    monkeypatch.setenv("PROBEKIT_OUTPUT", "elsewhere")
    monkeypatch.setenv("PROBEKIT_ESTIMATORS", "linear_r2, rsa(a=1,b=2)")
    config = read_config()
    assert config["output"] == Setting("elsewhere", "PROBEKIT_OUTPUT")
    assert config["estimators"].value == ("linear_r2", "rsa(a=1,b=2)")


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        (
            "\nouput = 'a'",
            UnknownNameError,
            r"\(pyproject.toml:3\): 'ouput'; did you mean 'output'",
        ),
        ("output = 3", OptionError, "pyproject.toml:2: output=3: is no text"),
        ("plugins = [1]", OptionError, r"pyproject.toml:2: plugins=\[1\]: is no list of texts"),
        ("plugins = ", OptionError, "pyproject.toml: is no TOML: .*line 2"),
    ],
)
def test_what_cannot_be_names_the_line(project, probekit, text, kind, message):
    project(f"[tool.probekit]\n{text}\n")
    with pytest.raises(kind, match=message):
        read_config()
    assert probekit("config").code == 2


def test_runs_go_by_it_unless_told_otherwise(project, probekit, fake_run, tmp_path):
    from probekit.estimators import CKA, LinearR2

    project('[tool.probekit]\noutput = "runs"\nestimators = ["cka"]\n')
    assert probekit("run", "my-task").code == 0
    assert (tmp_path / "runs" / "my-task.nc").is_file()
    assert fake_run.arguments["estimators"] == [CKA()]
    assert probekit("run", "my-task", "-o", "mine.nc", "-e", "linear_r2").code == 0
    assert (tmp_path / "mine.nc").is_file()
    assert fake_run.arguments["estimators"] == [LinearR2()]


def test_task_files_go_by_it(project, probekit, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    project('[tool.probekit]\noutput = "runs"\n')
    (tmp_path / "probe_a.py").write_text(
        "import probekit as pk, xarray as xr\n@pk.task\ndef one():\n"
        "    return xr.Dataset({'score': ('layer', [1.0])}, {'layer': ['a']})\n"
    )
    assert probekit("run", "probe_a.py").code == 0
    assert (tmp_path / "runs" / "probe_a" / "one.nc").is_file()


def test_its_plugins_are_loaded(project, probekit, plugin):
    plugin(
        "mine", "from probekit.plugins import hookimpl\n@hookimpl\ndef probekit_register(): pass"
    )
    project('[tool.probekit]\nplugins = ["mine"]\n')
    assert "mine" in probekit("plugins").out
    listed = json.loads(probekit("plugins", "-p", "no:mine", "--json").out)
    assert {one["plugin"]: one["state"] for one in listed}["mine"] == "switched off"


def test_a_plugin_that_cannot_be_loaded_is_a_usage_error(probekit):
    done = probekit("plugins", "-p", "nothing_of_this_name")
    assert done.code == 2
    assert "nothing_of_this_name" in done.complaint


@pytest.mark.slow
def test_the_style_of_figures(probekit, project, history, tmp_path):
    path = history()
    project('[tool.probekit]\nplot_style = "gplot"\n')
    done = probekit("plot", path)
    assert done.code == 2
    assert done.complaint.startswith(
        "probekit: plot style 'gplot' (pyproject.toml:2): there is none; did you mean 'ggplot'"
    )
    assert probekit("plot", path, "--style", "ggplot", "-o", "a.png").code == 0
    assert probekit("plot", path, "--style", "default", "-o", "b.png").code == 0
    assert (tmp_path / "a.png").read_bytes() != (tmp_path / "b.png").read_bytes()


def test_an_unknown_estimator_of_the_project_is_told_with_its_place(project, probekit):
    project('[tool.probekit]\nestimators = ["liner_r2"]\n')
    done = probekit("run", "reference-complexity")
    assert done.code == 2
    assert done.complaint.startswith(
        "probekit: estimators (pyproject.toml:2): unknown estimator 'liner_r2'; did you mean"
    )
