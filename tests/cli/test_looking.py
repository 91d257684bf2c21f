"""`probekit compare`, `probekit report`, and the options of `probekit plot`."""

import json

import numpy as np
import pytest

import probekit as pk
from probekit.history import HistoryWriter, compare_histories
from probekit_cli.plot import KINDS, OPTIONS

SECTIONS = """
from probekit.plugins import hookimpl

@hookimpl
def probekit_report_sections(dataset):
    return GIVEN
"""


def test_two_histories_side_by_side(probekit, history):
    a, b = history("a.nc"), history("b.nc", stopped=2)
    done = probekit("compare", a, b)
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[:5] == [
        "  a     a.nc (3 seeds, epochs to 4)",
        "  b     b.nc (3 seeds, epochs to 4)",
        "  test  Welch's t of the means, seeds of a and of b as independent; p corrected (holm)",
        "",
        "no setting differs",
    ]
    assert "linear_r2: variance explained (R²)" in lines
    (row,) = (line for line in lines if line.startswith("  hidden_0, linear "))
    # 0.1 plus 0.00, 0.01 and 0.02 for the seeds, in both.
    expected = ["hidden_0,", "linear", "0.110", "0.110", "+0.000", "[-0.023,", "+0.023]", "1"]
    assert row.split() == expected
    (row,) = (line for line in lines if line.startswith("  train  "))
    loss = compare_histories(pk.open_history(a), pk.open_history(b)).loss.sel(split="train")
    expected = [f"{loss.sel(comparison=part):.3f}" for part in ("a", "b")]
    assert row.split()[1:3] == expected  # the loss of a seed that stopped is that of its last epoch


def test_two_histories_for_machines(probekit, history):
    answer = json.loads(
        probekit("compare", history("a.nc"), history("b.nc"), "--json", "--variables", "loss").out
    )
    assert list(answer["scores"]) == ["loss"]
    first = answer["scores"]["loss"][0]
    parts = {"a", "b", "difference", "lower", "upper", "p", "p_corrected", "n_a", "n_b"}
    assert first.keys() == {"split", *parts}
    assert (first["split"], first["n_a"], first["difference"]) == ("train", 3, 0)
    assert (answer["settings"], answer["left_out"]) == ({}, [])


def test_what_only_one_history_has(probekit, history):
    a = pk.open_history(history("a.nc"))
    attributes = {**a.attrs, "config": json.dumps({"epochs": 4, "hidden": [8], "new": True})}
    b = a.drop_vars(["accuracy", "total_variance"]).sel(layer=["hidden_1", "logits"])
    with HistoryWriter("b.nc", attributes=attributes) as writer:
        writer.append(b)
        writer.finish()
    done = probekit("compare", "a.nc", "b.nc")
    settings = {tuple(line.split()) for line in done.out.splitlines()[5:9]}
    assert {("hidden", "256,", "64", "→", "8"), ("new", "–", "→", "True")} <= settings
    assert done.out.splitlines()[-1] == (
        "in one of them only, and left out: total_variance, accuracy, layer hidden_0"
    )


def test_what_cannot_be_compared(probekit, history):
    a = history("a.nc")
    done = probekit("compare", a, "b.nc")
    assert done.code == 1
    assert done.complaint == "probekit: b.nc: no such history; did you mean 'a.nc'?"
    done = probekit("compare", a, a, "--variables", "los")
    assert done.code == 2
    assert (
        done.complaint == "probekit: unknown score of both histories: 'los'; did you mean 'loss'?"
    )
    done = probekit("compare", a, a, "--confidence", "95")
    assert done.complaint == "probekit: --confidence 95: must lie between 0 and 1, e.g. 0.95."
    assert probekit("compare", a).code == 2


def test_a_report(probekit, history, tmp_path, plugin, monkeypatch):
    plugin(
        "sections", SECTIONS.replace("GIVEN", '[("Mine", f"<p>{dataset.sizes[\'seed\']} s</p>")]')
    )
    plugin("broken_sections", SECTIONS.replace("GIVEN", '["<p>no title</p>"]'))
    monkeypatch.setenv("PROBEKIT_PLUGINS", "sections,broken_sections")
    done = probekit("report", history())
    assert (done.code, done.out) == (0, "history.html\n")
    assert done.complaint == (
        "probekit: warning: plugin 'broken_sections': probekit_report_sections: returned "
        "['<p>no title</p>']; give pairs of title and HTML, both text. probekit goes on without it."
    )
    page = (tmp_path / "history.html").read_text()
    assert "<h2>Mine</h2>\n<p>3 s</p>" in page
    assert "no title" not in page
    assert page.count("<svg") == 3


def test_the_confidence_of_a_report(probekit, history, monkeypatch):
    given = {}

    def write_report(dataset, target, **options):
        given.update(options)
        target.write_text("a page")
        return target

    monkeypatch.setattr("probekit.history.write_report", write_report)
    done = probekit("report", history(), "--confidence", "0.5")
    assert (done.code, given["confidence"]) == (0, 0.5)


@pytest.mark.slow
def test_a_report_for_machines(probekit, history, tmp_path):
    answer = json.loads(probekit("report", history(), "-o", "page.html", "--json").out)
    assert answer == {"path": "page.html", "bytes": (tmp_path / "page.html").stat().st_size}


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("-o", "report.pdf"), 2, "--output report.pdf: must end in .html or .htm."),
        (("-o", "no/report.html"), 2, "--output no/report.html: there is no folder no; make it"),
        (("--confidence", "2"), 2, "--confidence 2: must lie between 0 and 1."),
    ],
)
def test_a_report_that_cannot_be(probekit, history, words, code, said):
    done = probekit("report", history(), *words)
    assert done.code == code
    assert done.complaint.startswith(f"probekit: {said}")


@pytest.fixture
def stored(tmp_path):
    """A history with activations and scores of single units."""
    import xarray as xr

    with HistoryWriter(tmp_path / "s.nc", attributes={"probekit_version": "0"}) as writer:
        for epoch in range(3):
            rng = np.random.default_rng(epoch)
            layers = {name: rng.normal(size=(9, 4)) for name in ("a", "b")}
            writer.append_activations({"seed": 0, "epoch": epoch}, [layers])
            dims = ("seed", "epoch", "layer", "feature", "unit")
            labels = {"seed": [0], "epoch": [epoch], "layer": ["a", "b"], "feature": ["x", "y"]}
            writer.append(xr.Dataset({"unit_r2": (dims, rng.random((1, 1, 2, 2, 4)))}, labels))
        writer.finish()
    return "s.nc"


@pytest.mark.parametrize(
    ("kind", "words", "texts"),
    [
        ("layers", ("--variable", "unit_r2", "--epoch", "1"), ["epoch 1", "feature"]),
        ("similarity", ("--epoch", "0", "--seed", "0"), ["seed 0, epoch 0", "linear CKA"]),
        ("rdm", ("--layer", "b", "--metric", "correlation"), ["correlation distance", "example"]),
        ("embedding", ("--layer", "a", "--examples", "5"), ["seed 0, epoch 2", "first component"]),
        ("embedding", ("--method", "mds"), ["epoch 0", "first dimension"]),
        ("selectivity", ("--layer", "a"), ["unit, best first", "last epoch"]),
    ],
)
def test_each_figure_with_its_options(probekit, stored, tmp_path, kind, words, texts):
    done = probekit("plot", stored, "--kind", kind, *words, "-o", "figure.svg")
    assert (done.code, done.out, done.err) == (0, "figure.svg\n", "")
    drawn = (tmp_path / "figure.svg").read_text()
    for text in texts:
        assert text in drawn


def test_every_figure_is_offered():
    from probekit.history.plots import Plots

    assert set(KINDS) == {name for name in vars(Plots) if not name.startswith("_")}
    assert all(OPTIONS.values())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--method", "pca"), "--method: the figure 'trajectories' has no such option; it has --v"),
        *[
            (("--kind", "layers", "--seed", word), f"--seed {word}: is no whole number.")
            for word in ("x", "--1", "²")
        ],
        (("--layer", "hidden_9"), "unknown layer 'hidden_9'; did you mean 'hidden_"),
        (("--kind", "layers", "--epoch", "44"), "unknown epoch '44'; did you mean '4'?"),
        (("--kind", "similarity"), "history.nc: no score has the axes ('layer_a', 'layer_b'), "),
    ],
)
def test_options_that_do_not_fit(probekit, history, words, said):
    done = probekit("plot", history(), *words)
    assert done.code == 2
    assert done.complaint.startswith(f"probekit: {said}")
