"""`probekit plot` and `probekit export`."""

import io
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from probekit.errors import OptionError
from probekit.plugins.config import Setting
from probekit_cli.plot import check_style, options_of, suitable


@pytest.mark.parametrize("kind", ["trajectories", "layers"])
def test_a_figure(probekit, history, tmp_path, kind):
    path = history()
    done = probekit("plot", path.with_suffix("") if kind == "layers" else path, "--kind", kind)
    assert (done.code, done.out) == (0, f"history-{kind}.png\n")
    assert (tmp_path / f"history-{kind}.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_a_figure_as_svg(probekit, history, tmp_path):
    done = probekit("plot", history(), "-o", "figure.SVG")
    assert (done.code, done.out) == (0, "figure.SVG\n")
    assert "<svg" in (tmp_path / "figure.SVG").read_text()


@pytest.mark.parametrize(
    ("dims", "kind"),
    [
        (("seed", "epoch", "layer"), "trajectories"),
        (("step", "layer"), "trajectories"),
        (("layer", "feature"), "layers"),
        (("layer_a", "layer_b"), "similarity"),
    ],
)
def test_the_figure_that_suits(dims, kind):
    assert suitable(xr.Dataset({"score": (dims, np.ones([1] * len(dims)))})) == kind


def test_of_what_a_figure_takes_several():
    given = {"variable": "a,b", "layer": "c", "feature": "d,e", "split": "test"}
    assert options_of("trajectories", given) == {
        "variables": ["a", "b"],
        "layers": ["c"],
        "features": ["d", "e"],
        "split": "test",
    }


def test_a_style_has_a_name_or_is_a_file(tmp_path):
    file = tmp_path / "mine.mplstyle"
    file.write_text("lines.linewidth: 3\n")
    for style in ("", "default", "ggplot", str(file)):
        check_style(Setting(style, "--style"))
    with pytest.raises(OptionError, match=r"plot style 'ggplo' \(--style\): there is none; did yo"):
        check_style(Setting("ggplo", "--style"))


def test_a_name_that_is_no_text(probekit, history):
    done = probekit("plot", history(), "-o", os.fsdecode(b"\xe9.png"))
    assert done.code == 2
    assert done.complaint == r"probekit: --output: '\udce9.png' is no text in utf-8; rename it."


def test_a_format_that_there_is_not(probekit, history):
    done = probekit("plot", history(), "-o", "figure.gif")
    assert done.code == 2
    assert done.complaint == "probekit: --output figure.gif: must end in .png, .svg, .pdf."


def test_a_folder_that_there_is_not(probekit, history):
    done = probekit("plot", history(), "-o", "nowhere/figure.png")
    assert done.code == 2
    assert done.complaint == (
        "probekit: --output nowhere/figure.png: there is no folder nowhere; make it first."
    )


def test_a_figure_that_cannot_be_written(probekit, history, tmp_path, monkeypatch):
    def full(source, target):
        raise OSError(28, "No space left on device", str(source))

    path, figure = history(), tmp_path / "figure.png"
    figure.write_bytes(b"before")
    monkeypatch.setattr("os.replace", full)
    done = probekit("plot", path, "-o", "figure.png")
    assert done.code == 1
    assert done.complaint == "probekit: figure.png: could not be written: the disk is full."
    assert figure.read_bytes() == b"before"
    assert [each.name for each in tmp_path.glob("*.tmp")] == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "target"),
    [
        (("plot",), "history-trajectories.png"),
        (("plot", "-o", "a.svg"), "a.svg"),
        (("report",), "history.html"),
        (("export", "-o", "a.csv"), "a.csv"),
    ],
)
def test_what_was_made_before_is_replaced(probekit, history, tmp_path, words, target):
    command, *more = words
    path = history()
    (tmp_path / target).write_text("before")
    assert probekit(command, path, *more).code == 0
    assert (tmp_path / target).read_bytes() != b"before"


def test_a_pipe_is_written_to_and_not_replaced(probekit, history, tmp_path):
    pipe, link = tmp_path / "pipe.csv", tmp_path / "link.csv"
    os.mkfifo(pipe)
    link.symlink_to(pipe)
    path = history()
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        for target in (pipe, link):
            done = probekit("export", path, "-o", target)
            assert (done.code, done.out, done.err) == (0, "", "")
            assert os.read(reader, 100_000).startswith(b"split,seed,epoch,")
            assert target.is_fifo()
    finally:
        os.close(reader)


@pytest.mark.parametrize(
    ("target", "complaint"),
    [
        ("history.nc", "is the name of a history, which is never replaced."),
        ("other.nc", "is the name of a history, which is never replaced."),
        ("folder", "is a folder; name a file in it."),
        ("nowhere/x.csv", "there is no folder nowhere; make it first."),
    ],
)
def test_where_a_table_cannot_go(probekit, history, tmp_path, target, complaint):
    (tmp_path / "folder").mkdir()
    path = history()
    before = path.read_bytes()
    done = probekit("export", path, "-o", target)
    assert done.code == 2
    assert done.complaint == f"probekit: --output {target}: {complaint}"
    assert path.read_bytes() == before


@pytest.mark.parametrize(("command", "name"), [("export", "scores.csv"), ("plot", "scores.png")])
def test_a_history_of_any_name_is_not_replaced_by_what_is_made_of_it(
    probekit, history, command, name
):
    path = history().rename(name)
    before = path.read_bytes()
    done = probekit(command, path, "-o", name)
    assert done.code == 2
    assert f"{name}: is the history itself; name another file." in done.complaint
    assert path.read_bytes() == before


@pytest.mark.parametrize("command", ["show", "plot", "export"])
def test_a_folder_is_no_history(probekit, history, command):
    done = probekit(command, ".")
    assert done.code == 2
    assert done.complaint == "probekit: .: is a folder. Name a history; there is none in it."
    history()
    assert "there are in it: history.nc." in probekit(command, ".").complaint


def test_a_folder_of_the_same_name_does_not_matter(probekit, history, tmp_path):
    history()
    (tmp_path / "history").mkdir()
    assert probekit("export", "history").code == 0


def test_a_kind_that_there_is_not(probekit, history):
    done = probekit("plot", history(), "--kind", "layer")
    assert done.code == 2
    assert "'layer' is not a choice; did you mean 'layers'?" in done.err


def test_a_figure_that_the_history_has_nothing_for(probekit, history):
    done = probekit("plot", history(), "--kind", "rdm")
    assert done.code == 1
    assert done.complaint.startswith("probekit: history.nc: has no activations.")


def test_without_matplotlib(probekit, history, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    done = probekit("plot", history())
    assert done.code == 1
    assert done.complaint == (
        "probekit: figures need matplotlib, which is not installed; "
        "pip install 'probekit[plot]' brings it."
    )


def test_tidy_export(probekit, history):
    done = probekit("export", history())
    assert (done.code, done.err) == (0, "")
    table = pd.read_csv(io.StringIO(done.out))
    chosen = table[
        (table.variable == "linear_r2")
        & (table.seed == 2)
        & (table.epoch == 3)
        & (table.layer == "logits")
        & (table.feature == "linear")
    ]
    assert chosen.value.tolist() == [pytest.approx(0.32)]


def test_export_to_a_file(probekit, history, tmp_path):
    out = probekit("export", history()).out
    done = probekit("export", "history.nc", "-o", "scores.csv")
    assert (done.code, done.out, done.err) == (0, "scores.csv\n", "")  # as plot and report say it
    assert (tmp_path / "scores.csv").read_text() == out


def test_a_history_without_the_notebooks_columns(probekit, history):
    done = probekit("export", history(), "--format", "notebook")
    assert done.code == 2
    assert "feature_loss" in done.complaint


def test_an_export_format_that_there_is_not(probekit, history):
    done = probekit("export", history(), "--format", "xlsx")
    assert done.code == 2
    assert "'xlsx' is not a choice; there are: tidy, notebook." in done.err


def test_a_home_folder_that_no_shell_has_seen(probekit, history, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    path = history()
    done = probekit("export", path, "--output=~/scores.csv")
    assert done.code == 0
    assert (tmp_path / "home" / "scores.csv").is_file()
    path.rename(tmp_path / "home" / "h.nc")
    assert probekit("show", "~/h.nc").code == 0


@pytest.mark.parametrize("command", ["show", "plot", "export"])
def test_a_name_that_is_too_long(probekit, command):
    name = f"{'x' * 300}.nc"
    done = probekit(command, name)
    assert done.code == 2
    assert done.complaint == f"probekit: {name}: the name is too long."


def test_a_folder_that_must_not_be_looked_into(probekit, monkeypatch):
    def refuse(path, **options):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("pathlib.Path.stat", refuse)
    done = probekit("show", "secret/history.nc")
    assert done.code == 2
    assert done.complaint == "probekit: secret/history.nc: no permission to look there."


def test_a_link_leads_to_the_table_that_is_written(probekit, history, tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "link.csv").symlink_to("disk/real.csv")
    assert probekit("export", history(), "-o", "link.csv").code == 0
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "disk" / "real.csv").read_text().startswith("split,seed,")


def test_matplotlib_says_nothing_of_a_home_folder_that_it_cannot_use(tmp_path):
    (tmp_path / "file").write_text("")
    environment = os.environ | {"HOME": str(tmp_path / "file" / "home")}
    for name in ("MPLCONFIGDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        environment.pop(name, None)
    done = subprocess.run(
        [sys.executable, "-c", "from probekit_cli._files import check_matplotlib as c; c()"],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
