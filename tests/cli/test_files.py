"""`probekit plot` and `probekit export`."""

import io
import sys

import pandas as pd
import pytest


@pytest.mark.parametrize("kind", ["trajectories", "layers"])
def test_a_figure(probekit, history, tmp_path, kind):
    done = probekit("plot", history(), "--kind", kind)
    assert (done.code, done.out) == (0, f"history-{kind}.png\n")
    assert (tmp_path / f"history-{kind}.png").read_bytes().startswith(b"\x89PNG")


def test_a_figure_as_svg(probekit, history, tmp_path):
    done = probekit("plot", history(), "-o", "figure.svg")
    assert (done.code, done.out) == (0, "figure.svg\n")
    assert "<svg" in (tmp_path / "figure.svg").read_text()


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
    assert (done.code, done.out, done.err) == (0, "", "")
    assert (tmp_path / "scores.csv").read_text() == out


def test_a_history_without_the_notebooks_columns(probekit, history):
    done = probekit("export", history(), "--format", "notebook")
    assert done.code == 2
    assert "feature_loss" in done.complaint


def test_an_export_format_that_there_is_not(probekit, history):
    done = probekit("export", history(), "--format", "xlsx")
    assert done.code == 2
    assert "'xlsx' is not a choice; there are: tidy, notebook." in done.err
