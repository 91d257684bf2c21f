"""`probekit probe` on files of activations and labels, as NumPy and pandas write them."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import probekit as pk
from tests.optional import optional

GENERATOR = np.random.default_rng(0)
X = GENERATOR.normal(size=(24, 3)).astype(np.float32)
KIND = np.array(["cat", "dog"])[(X[:, 0] > 0).astype(int)]
LABELS = pd.DataFrame({"kind": KIND, "first": X[:, 0], "side": X[:, 1] > 0})


@pytest.fixture(autouse=True)
def files(own_folder):
    np.savez("acts.npz", h1=X, h2=X[:, :2] ** 2)
    np.savez("all.npz", h1=X, h2=X[:, :2] ** 2, kind=KIND, first=X[:, 0])
    np.savez("objects.npz", h1=X, kind=KIND.astype(object))
    np.save("objects.npy", KIND.astype(object))
    np.save("h1.npy", X)
    np.save("kind.npy", KIND)
    np.save("rows.npy", LABELS[["first", "side"]].to_records(index=False))
    LABELS.to_csv("labels.csv", index=False)
    LABELS.to_csv("index.csv")
    LABELS.to_csv("labels.tsv", sep="\t", index=False)
    pd.DataFrame(X).to_csv("counted.csv", index=False)
    pd.DataFrame(X).to_csv("bare.csv", index=False, header=False)


def scores(done):
    assert (done.code, done.err) == (0, "")
    found = json.loads(done.out)["scores"]["linear_r2"]
    return {(row["layer"], row["feature"]): row["mean"] for row in found}


@pytest.mark.parametrize(
    ("words", "layers", "features"),
    [
        (("acts.npz", "-f", "labels.csv"), ["h1", "h2"], ["kind", "first", "side"]),
        (("acts.npz", "-l", "h2", "-f", "index.csv"), ["h2"], ["kind", "first", "side"]),
        (("all.npz", "-f", "all.npz:kind,first"), ["h1", "h2"], ["kind", "first"]),
        (("h1.npy", "-f", "kind.npy"), ["h1"], ["kind"]),
        (("h1.npy", "-f", "rows.npy:side"), ["h1"], ["side"]),
        (("counted.csv", "-f", "labels.tsv:side,kind"), ["counted"], ["side", "kind"]),
        (("bare.csv", "-f", "labels.csv:first"), ["bare"], ["first"]),
        (("objects.npz", "-l", "h1", "-f", "labels.csv:kind"), ["h1"], ["kind"]),
    ],
)
def test_scores_are_those_of_the_arrays(probekit, words, layers, features):
    found = scores(probekit("probe", *words, "--json"))
    assert [*found] == [(layer, feature) for layer in layers for feature in features]
    arrays = {"h1": X, "counted": X, "bare": X, "h2": X[:, :2] ** 2}
    held = pk.extractors.arrays({layer: arrays[layer] for layer in layers})
    expected = pk.probe(held, None, LABELS[features]).linear_r2.to_series().to_dict()
    assert found == pytest.approx(expected, rel=1e-5)


def test_without_labels_and_with_a_function(probekit):
    assert "participation_ratio" in probekit("probe", "acts.npz", "-q", "--json").out
    assert "24 × 2" in probekit("layers", "acts.npz").out
    Path("held.py").write_text(
        "import numpy as np, probekit as pk\n"
        "def make(): return pk.extractors.arrays({'h1': np.load('h1.npy')})\n"
    )
    words = ("-f", "labels.csv:kind", "--json")
    assert scores(probekit("probe", "held.py:make", *words)) == scores(
        probekit("probe", "h1.npy", *words)
    )


TEXTS = {
    "semicolons.csv": "a;b\n" + "1;2\n" * 24,
    "tabs.csv": "a\tb\n" + "1\t2\n" * 24,
    "ragged.csv": "a,b\n1,2\n1,2,3\n",
    "twice.csv": "a,a\n" + "1,2\n" * 24,
    "empty.csv": "",
    "head.csv": "a,b\n",
    "gaps.csv": "a\n" + "x\n" * 22 + '""\n' * 2,
    "short.csv": "a\n" + "1\n" * 9,
    "bad.npy": "hello",
    "bad.npz": "hello",
}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("all.npz", "-f", "all.npz"), "--features all.npz: holds the activations too. Name what"),
        (("labels.csv",), "labels.csv: column 'kind' holds '"),
        (("objects.npz",), "objects.npz: 'kind' holds Python objects, which are not read, as the"),
        (("h1.npy", "-f", "objects.npy"), "objects.npy: holds Python objects, which are not read"),
        (("h1.npy", "-f", "ragged.csv"), "ragged.csv: cannot be read as a table: Expected 2 fiel"),
        (
            ("h1.npy", "-f", "semicolons.csv"),
            "semicolons.csv: its columns are separated by ';'; s",
        ),
        (("h1.npy", "-f", "tabs.csv"), "tabs.csv: its columns are separated by tabs; name it .tsv"),
        (("h1.npy", "-f", "twice.csv"), "twice.csv: two columns are named 'a'; rename one of them"),
        (("h1.npy", "-f", "empty.csv"), "empty.csv: is empty."),
        (("h1.npy", "-f", "head.csv"), "head.csv: holds no rows."),
        (("h1.npy", "-f", "gaps.csv"), "features['a']: 2 labels are missing, the first of exampl"),
        (("h1.npy", "-f", "short.csv"), "features: 9 examples; inputs have 24. Give the same exa"),
        (("bad.npy",), "bad.npy: is damaged, or no file of NumPy (.npy)."),
        (("h1.npy", "-f", "bad.npz"), "bad.npz: is damaged, or no file of NumPy (.npz)."),
        (("h1.npy", "-f", "no.csv"), "--features no.csv: there is no such file; "),
        (("no.npy",), "no.npy: there is no such file; "),
        (("h1.npy", "-f", "labels.csv:knd"), "unknown feature in labels.csv: 'knd'; did you mean"),
        (("h1.npy", "-f", "labels.json"), "--features labels.json: give a file that ends in .npz"),
        (("h1.npy", "-l", "h2"), "--layers h2: matches none of h1."),
    ],
)
def test_what_cannot_be_read_is_told_in_one_line(probekit, words, said):
    for name, text in TEXTS.items():
        Path(name).write_text(text)
    done = probekit("probe", *words)
    assert done.code == 2
    assert done.complaint.startswith(f"probekit: {said}")


def test_parquet_needs_something_that_reads_it(probekit, monkeypatch):
    Path("labels.parquet").touch()
    for package in ("pyarrow", "fastparquet", "polars"):
        monkeypatch.setitem(__import__("sys").modules, package, None)
    done = probekit("probe", "h1.npy", "-f", "labels.parquet")
    assert done.complaint == (
        "probekit: files of Parquet need pyarrow, which is not installed; "
        "pip install 'probekit[parquet]' brings it."
    )


def test_tables_of_parquet(probekit):
    optional("pyarrow")
    LABELS.to_parquet("labels.parquet")
    pd.DataFrame(X, columns=["a", "b", "c"]).to_parquet("h1.parquet")
    found = scores(probekit("probe", "h1.parquet", "-f", "labels.parquet", "--json"))
    assert found == scores(probekit("probe", "h1.npy", "-f", "labels.csv", "--json"))
    Path("bad.parquet").write_text("a,b")
    done = probekit("probe", "h1.npy", "-f", "bad.parquet")
    assert done.complaint.startswith("probekit: bad.parquet: cannot be read as Parquet: ")


@pytest.mark.slow
def test_folds_are_scored_by_probes_that_have_not_seen_them(probekit):
    words = ["probe", "h1.npy", "-f", "labels.csv:first", "-e", "decoding_r2,total_variance"]
    found = json.loads(probekit(*words, "--folds", "4", "--json").out)["scores"]
    ds = pk.probe(
        pk.extractors.arrays({"h1": X}),
        None,
        LABELS[["first"]],
        estimators=["decoding_r2"],
        uncertainty=pk.CrossValidation(folds=4),
    )
    for name in ("decoding_r2", "decoding_r2_cv"):
        assert found[name][0]["mean"] == pytest.approx(ds[name].item(), rel=1e-5)
    shown = probekit(*words, "--folds", "4").out
    assert "decoding_r2_cv: cross-validated value" in shown
    assert "--folds" not in shown
    assert "decoding_r2: of the examples that were fitted" in probekit(*words).err
    assert "--folds 1: must be at least 2" in probekit(*words, "--folds", "1").complaint
    both = probekit(*words, "--folds", "4", "--bootstrap", "9").complaint
    assert both == "probekit: --bootstrap, --folds: give one of them."
