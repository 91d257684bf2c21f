"""Tables of text: the notebook's own file to the letter, and a tidy one that loses nothing."""

import csv
import io

import numpy as np
import pytest
import xarray as xr

from probekit.errors import HistoryError, OptionError
from probekit.history import HistoryWriter, make_attributes, open_history, to_csv


def text(dataset, **options) -> str:
    file = io.StringIO()
    to_csv(dataset, file, **options)
    return file.getvalue()


def test_notebook_format_is_that_of_the_notebook_to_the_letter(notebook, notebook_text):
    assert text(notebook, format="notebook") == notebook_text


def test_notebook_format_after_a_round_trip_through_a_file(notebook, notebook_text, tmp_path):
    path = tmp_path / "history.nc"
    with HistoryWriter(path, attributes=make_attributes("test")) as history:
        for seed in (3, 1, 0, 2, 4):
            history.append(notebook.sel(seed=[seed]))
        history.finish()
    to_csv(open_history(path), tmp_path / "results.csv", format="notebook")
    assert (tmp_path / "results.csv").read_text() == notebook_text
    assert {entry.name for entry in tmp_path.iterdir()} == {"history.nc", "results.csv"}


def test_notebook_format_leaves_out_what_was_not_recorded(notebook, notebook_text):
    stopped = notebook.where((notebook.seed != 1) | (notebook.epoch <= 60))
    lines = notebook_text.splitlines(keepends=True)
    assert text(stopped, format="notebook") == "".join(lines[: 1 + 101 + 61] + lines[1 + 202 :])


def test_notebook_format_names_a_repeated_feature_as_the_notebook_does(notebook):
    twice = notebook.assign_coords(feature=["linear", "linear#2"])
    header, row = text(twice, format="notebook").splitlines()[:2]
    assert header.endswith("rep-R2_feature0-linear, rep-R2_feature1-linear")
    assert row.startswith("0, 0, (linear, linear), ")


def test_notebook_format_needs_its_variables(notebook):
    with pytest.raises(OptionError, match=r"the history lacks accuracy, total_variance.*'tidy'"):
        text(notebook.drop_vars(["total_variance", "accuracy"]), format="notebook")


def test_tidy_format_holds_every_value(notebook):
    table = list(csv.DictReader(io.StringIO(text(notebook))))
    assert list(table[0]) == ["split", "seed", "epoch", "layer", "feature", "variable", "value"]
    assert len(table) == sum(array.size for array in notebook.data_vars.values())
    for line in table[::397]:
        labels = {
            dim: type(notebook[dim].values.tolist()[0])(line[dim])
            for dim in notebook[line["variable"]].dims
        }
        assert float(line["value"]) == notebook[line["variable"]].sel(labels)


def test_tidy_format_of_gaps_and_types():
    r2 = np.array([[0.1, np.nan, 0.3], [0.4, np.nan, np.nan]], np.float32)
    ds = xr.Dataset(
        {
            "r2": (("seed", "epoch"), r2),
            "loss": (("seed", "epoch"), [[1.0, 0.5, 0.25], [1.0, 0.5, np.nan]]),
            "r2_status": (("seed", "epoch"), np.array([[0, 1, 0], [0, 1, -1]], np.int8)),
            "best": ("seed", ["a, b", "c"]),
        },
        {"seed": [7, 8], "epoch": [0, 1, 2]},
    )
    assert text(ds).splitlines() == [
        "seed,epoch,variable,value",
        *("7,0,r2,0.1", "7,1,r2,", "7,2,r2,0.3", "8,0,r2,0.4", "8,1,r2,"),
        *("7,0,loss,1.0", "7,1,loss,0.5", "7,2,loss,0.25", "8,0,loss,1.0", "8,1,loss,0.5"),
        *("7,0,r2_status,0", "7,1,r2_status,1", "7,2,r2_status,0"),
        *("8,0,r2_status,0", "8,1,r2_status,1"),
        *('7,,best,"a, b"', "8,,best,c"),
    ]


def test_tidy_format_of_scores_without_rows():
    ds = xr.Dataset({"cka": (("layer_a", "layer_b"), [[1.0, 0.5]])}, {"layer_b": ["x", "y"]})
    assert text(ds) == "layer_a,layer_b,variable,value\n0,x,cka,1.0\n0,y,cka,0.5\n"


def test_what_cannot_be_written(notebook, tmp_path):
    with pytest.raises(OptionError, match="format='xlsx': not a choice; there are: tidy"):
        text(notebook, format="xlsx")
    with pytest.raises(HistoryError, match=r"the folder .*nowhere' does not exist"):
        to_csv(notebook, tmp_path / "nowhere" / "results.csv")
    (tmp_path / "results.csv").mkdir()
    with pytest.raises(HistoryError, match="could not be written: Is a directory"):
        to_csv(notebook, tmp_path / "results.csv")
    assert [entry.name for entry in tmp_path.iterdir()] == ["results.csv"]
