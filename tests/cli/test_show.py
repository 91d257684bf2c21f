"""`probekit show`."""

import io
import json
import math
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from probekit.history import HistoryWriter, make_attributes
from probekit_cli._charts import sparkline
from probekit_cli._scores import Score, final_scores, finding, scores_of
from probekit_cli._tables import cut, show_scores, some, why_undefined
from probekit_cli._terminal import Terminal
from probekit_cli.show import record
from tests.cli.conftest import rows


def lines(done):
    assert done.code == 0
    return [" ".join(line.split()) for line in done.out.splitlines()]


def test_what_is_in_a_history(probekit, history):
    shown = lines(probekit("show", history()))
    assert shown[0] == "A test"
    assert "task my-task" in shown
    assert "config epochs=4, hidden=256,64, optimizer=adam, stop_accuracy=None" in shown
    assert "dims 3 seeds, epoch 0 to 4, 3 layers, 2 features, 2 splits" in shown
    assert any(line.startswith("variables linear_r2, linear_r2_status, total_") for line in shown)


@pytest.mark.parametrize("config", [None, "", "no JSON", "[1]"])
def test_a_config_that_there_is_not(probekit, config):
    attributes = {} if config is None else {"config": config}
    r2_history({"a": 0.5}).assign_attrs(attributes, probekit_version="1").to_netcdf("odd.nc")
    assert "config –" in lines(probekit("show", "odd.nc"))


def test_final_scores(probekit, history):
    shown = lines(probekit("show", history()))
    # 0.10, 0.11, 0.12: t(2) = 4.3027, s = 0.01
    assert "hidden_0 0.110 ± 0.025 0.020 ± 0.025" in shown
    assert "logits 0.310 ± 0.025 0.040 ± 0.025" in shown
    assert "accuracy, test 1.000 ± 0.000 0.750 ± 0.000" in shown
    assert "loss, train 0.200 ± 0.000" in shown
    assert sum("mean ± 95 % interval over 3 seeds" in line for line in shown) == 1


def test_a_seed_that_stopped_early_counts_with_its_last_row(probekit, history):
    shown = lines(probekit("show", history(stopped=1)))
    assert "hidden_0 0.110 ± 0.025 0.020 ± 0.025" in shown
    assert "loss, train 0.300 ± 0.430" in shown  # 1/5, 1/5, 1/2


def test_what_was_probed_once_has_no_trajectories(probekit):
    once = r2_history({"a": 0.5, "b": 0.25}).isel(seed=0, epoch=0, drop=True)
    once.assign_attrs(probekit_version="1").to_netcdf("once.nc")
    shown = lines(probekit("show", "once.nc"))
    assert "dims 1 layer, 2 features" in shown
    assert shown[-1].startswith("In hidden_3, a explains 2.0 times as much")


def test_trajectories(probekit, history):
    shown = lines(probekit("show", history()))
    place = shown.index("linear_r2 from epoch 0 to 4 (mean over seeds; 0 to 0.31)")
    assert shown[place + 1 :] == [
        "linear",
        "hidden_0 ▃▃▃▃▃",
        "hidden_1 ▆▆▆▆▆",
        "logits █████",
        "xor",
        "hidden_0 ▁▁▁▁▁",
        "hidden_1 ▂▂▂▂▂",
        "logits ▂▂▂▂▂",
    ]


def test_no_trajectories_where_nothing_is_explained(probekit):
    with HistoryWriter("low.nc", attributes=make_attributes("test")) as writer:
        for epoch in range(2):
            values = xr.DataArray([[[[-0.5]]]], dims=("seed", "epoch", "layer", "feature"))
            labels = {"seed": [0], "epoch": [epoch], "layer": ["a"], "feature": ["f"]}
            writer.append(xr.Dataset({"linear_r2": values}).assign_coords(labels))
        writer.finish()
    shown = probekit("show", "low.nc").out
    assert "-0.500" in shown
    assert "linear_r2 from epoch" not in shown


def large(layers, features):
    shape = (1, 3, layers, features)
    names = [f"layer_{i}" for i in range(layers)], [f"feature_{i}" for i in range(features)]
    return xr.Dataset(
        {"linear_r2": (("seed", "epoch", "layer", "feature"), np.full(shape, 0.5, np.float32))},
        {"seed": [0], "epoch": [0, 1, 2], "layer": names[0], "feature": names[1]},
    )


def test_a_large_history_is_cut_and_says_so(probekit):
    dataset = large(500, 50).assign_attrs(probekit_version="1")
    small = xr.DataArray(np.ones((1, 3, 2, 2)), dims=("seed", "epoch", "layer_a", "layer_b"))
    dataset["small"] = small.assign_coords(layer_a=["a", "b"], layer_b=["a", "b"])  # is not cut
    dataset.to_netcdf("large.nc")
    shown = lines(probekit("show", "large.nc"))
    assert len(shown) < 150
    assert any(line.startswith("layer_499 0.500") for line in shown)
    assert "layer_100" not in " ".join(shown)
    assert any(line.startswith("…: rows or columns that are not shown") for line in shown)
    assert shown[-1].startswith("drawn: 8 of 50 features and 8 of 500 layers;")


def test_a_history_that_fits_is_shown_whole(probekit):
    large(40, 12).assign_attrs(probekit_version="1").to_netcdf("fits.nc")
    assert "…" not in probekit("show", "fits.nc").out


def test_what_is_undefined_says_why(probekit, history):
    dataset = xr.load_dataset(history())
    first = {"layer": "hidden_0", "feature": "xor"}
    dataset["linear_r2"].loc[first] = np.nan
    dataset["linear_r2_status"].loc[first] = 4
    dataset["linear_r2_status"].loc[first | {"epoch": 0}] = 3  # of the last row it says nothing
    dataset.to_netcdf("undefined.nc")
    assert "–: undefined. linear_r2: constant unit." in lines(probekit("show", "undefined.nc"))


def test_why_a_score_by_unit_is_undefined():
    """Its status has no axis of units; what is defined has a status that is no reason."""
    value = xr.DataArray([[1, np.nan, 2], [3, 4, 5]], {"layer": ["g", "h"], "unit": range(3)})
    status = xr.DataArray(np.int8([4, 2]), {"layer": ["g", "h"]})
    dataset = xr.Dataset({"each": value, "each_status": status})
    assert why_undefined(dataset, final_scores(dataset)) == ["each: constant unit"]


def test_one_row_and_one_seed_are_called_so(probekit):
    large(2, 2).isel(epoch=[1]).assign_attrs(probekit_version="1").to_netcdf("row.nc")
    shown = lines(probekit("show", "row.nc"))
    assert "dims 1 seed, epoch 1, 2 layers, 2 features" in shown
    assert not any(line.startswith("linear_r2 from") for line in shown)  # of one row no trajectory
    large(2, 2).assign_attrs(probekit_version="1").to_netcdf("seed.nc")
    shown = lines(probekit("show", "seed.nc"))
    assert "linear_r2 from epoch 0 to 2 (0 to 0.50)" in shown


def test_json(probekit, history):
    done = probekit("show", history(), "--json")
    shown = json.loads(done.out)
    assert done.err == ""
    assert shown["dims"]["seed"] == 3
    assert shown["coords"]["layer"] == ["hidden_0", "hidden_1", "logits"]
    assert shown["attributes"]["task"] == "my-task"
    assert shown["config"]["hidden"] == [256, 64]
    (score,) = (
        score for score in shown["scores"]["total_variance"] if score["layer"] == "hidden_0"
    )
    assert score["mean"] == pytest.approx(1.1)
    assert score["seeds"] == 3


def test_one_seed_has_no_interval(probekit, history):
    path = history()
    with xr.open_dataset(path) as dataset:
        one = dataset.isel(seed=[0]).load()
    scores = final_scores(one)["total_variance"]
    assert [score.text() for score in scores] == ["1.000", "2.000", "3.000"]
    assert all(math.isnan(score.lower) for score in scores)


def test_an_unfinished_history(probekit, fake_run):
    fake_run.raises = KeyboardInterrupt()
    probekit("run", "my-task", "-q")
    assert "dims 1 seed, epoch 0 to 4, 3 layers, 2 features, 2 splits" in lines(
        probekit("show", "my-task.nc")
    )


def test_what_is_unfinished_says_so(probekit, history):
    done = history()
    assert "state" not in probekit("show", done).out
    assert json.loads(probekit("show", done, "--json").out)["finished"] is True
    begun = HistoryWriter("begun.nc", attributes=make_attributes("mine"))
    with begun as writer:
        writer.append(rows((0,), range(2)))
        assert any(
            line.startswith("state unfinished: ") for line in lines(probekit("show", "begun"))
        )
        assert probekit("show", "begun.nc.partial").out == probekit("show", "begun").out
        assert json.loads(probekit("show", "begun.nc", "--json").out)["finished"] is False


def test_a_history_of_a_loop_of_ones_own(probekit):
    import probekit as pk

    inputs = np.arange(24.0, dtype=np.float32).reshape(8, 3) ** 2 % 7
    with pk.Recorder("loop.nc", inputs=inputs, features={"first": inputs[:, 0]}) as recorder:
        for step in (0, 10):
            recorder.record(step, pk.extractors.arrays({"a": inputs}), loss=0.5)
    shown = lines(probekit("show", "loop.nc"))
    assert any(line.startswith("dims step 0 to 10") for line in shown)
    assert "loss 0.500" in shown
    assert any(line.startswith("linear_r2 from step 0 to 10") for line in shown)


def test_there_is_no_such_file(probekit):
    done = probekit("show", "nothing.nc")
    assert done.code == 1
    assert done.complaint.startswith("probekit: nothing.nc: no such history")


def test_a_file_that_is_no_history(probekit, tmp_path):
    (tmp_path / "text.nc").write_text("not a history")
    done = probekit("show", "text.nc")
    assert done.code == 1
    assert done.complaint.startswith("probekit: text.nc: ")


# ----------------------------------------------------------------------------- pieces


def r2_history(values):
    """One layer, one row, one seed, with these R² by feature."""
    return xr.Dataset(
        {"linear_r2": (("seed", "epoch", "layer", "feature"), [[[[*values.values()]]]])},
        {"seed": [0], "epoch": [1], "layer": ["hidden_3"], "feature": [*values]},
    )


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"a": 0.5}, None),
        ({"a": 0.5, "b": math.nan}, None),
        (
            {"a": math.nan, "b": 0.5, "c": 0.1},
            "In hidden_3, b explains 5.0 times as much of the variance as c (R² 0.500 and 0.100).",
        ),
        ({"a": 0.5, "b": 0.5}, None),
        ({"a": -0.1, "b": -0.2}, None),
        ({"a": 0.004, "b": 0.001}, None),
        (
            {"a": 0.5, "b": 0.51},
            "In hidden_3, b and a explain about equally much of the variance (R² 0.510 and 0.500).",
        ),
        (
            {"a": 0.001, "b": 0.9, "c": 0.3},
            "In hidden_3, b explains some of the variance, a hardly any (R² 0.900 and 0.001).",
        ),
        (
            {"a": 0.01, "b": 0.9},
            "In hidden_3, b explains 90.0 times as much of the variance as a (R² 0.900 and 0.010).",
        ),
        (
            {"a": 0.5, "b": -0.01},
            "In hidden_3, a explains some of the variance, b none (R² 0.500 and -0.010).",
        ),
    ],
)
def test_the_finding(values, sentence):
    dataset = r2_history(values)
    assert finding(dataset, final_scores(dataset)) == sentence


@pytest.mark.parametrize("known", [["a", "b"], ["a"]])
def test_the_finding_tells_the_test_accuracies_if_both_are_known(known):
    dataset = r2_history({"a": 0.5, "b": 0.1})
    accuracy = xr.DataArray(
        [[[[0.9, 0.8], [0.3, 0.2]]]],
        {"seed": [0], "epoch": [1], "split": ["test", "train"], "feature": ["a", "b"]},
    ).sel(feature=known)
    dataset = dataset.merge(accuracy.rename("accuracy"), join="outer", compat="no_conflicts")
    scores = final_scores(dataset)
    scores["accuracy"] = [one for one in scores["accuracy"] if one.labels["feature"] in known]
    ends = ", at test accuracies of 90.0 % and 80.0 %." if len(known) == 2 else "0.100)."
    assert finding(dataset, scores).endswith(ends)


def of_resamples(seeds=1):
    """What a bootstrap, a permutation and folds say beside a score, with axes in any order."""
    own = {"layer": ["g", "h"], "feature": ["a", "b", "c"]}
    value = xr.DataArray(np.arange(6.0).reshape(2, 3), own).expand_dims(seed=range(seeds))
    bounds = xr.DataArray([-1.0, 1.0], {"bound": ["lower", "upper"]})
    about = {"uncertainty": "bootstrap of 100 resamples of 48 examples"}
    return xr.Dataset(
        {
            "r2": value,
            "r2_status": value.astype(np.int8),
            "r2_ci": (value + bounds).assign_attrs(about).transpose("bound", "feature", ...),
            "r2_p_corrected": (value.T / 100).assign_attrs(about),
            "r2_cv": (10 * value).assign_attrs(about),
        }
    )


def test_how_sure_the_scores_of_one_model_are():
    scores = final_scores(of_resamples())
    assert set(scores) == {"r2", "r2_cv"}
    assert set(scores_of(of_resamples())) == {"r2"}  # of the others none is "not shown"
    for score in scores["r2"]:
        layer, feature = "gh".index(score.labels["layer"]), "abc".index(score.labels["feature"])
        value = 3 * layer + feature
        assert (score.mean, score.lower, score.upper) == (value, value - 1, value + 1)
        assert score.p == pytest.approx(value / 100)
    assert [score.mean for score in scores["r2_cv"]] == [0, 10, 20, 30, 40, 50]


def test_how_sure_each_of_several_models_is_says_less_than_they_do():
    several = final_scores(of_resamples(seeds=3))
    assert {score.lower == score.upper == score.mean for score in several["r2"]} == {True}


def test_no_finding_without_r2():
    dataset = r2_history({"a": 0.5, "b": 0.1}).rename(linear_r2="cka")
    assert finding(dataset, final_scores(dataset)) is None


@pytest.mark.parametrize(
    ("mean", "half", "text"),
    [
        (0.5, 0.01, "0.500 ± 0.010"),
        (0.5, math.nan, "0.500"),
        (math.nan, math.nan, "–"),
        (12345.678, 1.0, "1.235e+04 ± 1"),
        (2e-5, 1e-6, "2.0e-05 ± 1.0e-06"),
        (0.0, 0.0, "0.000 ± 0.000"),
    ],
)
def test_how_a_score_reads(mean, half, text):
    assert Score({}, mean, mean - half, mean + half, 3).text() == text


def test_how_sure_the_score_of_one_seed_is():
    score = Score({}, 0.5, 0.4, 0.75, 1, p=0.0123)
    assert score.text() == "0.500 [0.400, 0.750] (p 0.012)"
    assert score._replace(seeds=3, p=math.nan).text() == "0.500 ± 0.175"


def test_scores_by_unit_are_left_out():
    dataset = r2_history({"a": 0.5, "b": 0.1})
    dataset["by_unit"] = (("seed", "epoch", "unit"), [[[0.1, 0.2, 0.3]]])
    assert list(final_scores(dataset)) == ["linear_r2"]
    terminal = Terminal(out=io.StringIO())
    show_scores(terminal, dataset)
    said = "not shown: by_unit (seed, epoch, unit); 'probekit export' writes them from a history.\n"
    assert said in terminal.out.getvalue()
    found = record(Path("odd.nc"), dataset)
    assert set(found["coords"]) == {"seed", "epoch", "layer", "feature"}
    assert (list(found["scores"]), found["left_out"]) == (["linear_r2"], ["by_unit"])


def test_what_stands_across_a_table():
    sets = xr.DataArray([[0.5, 0.1, 0.2]], {"layer": ["h"], "subset": ["a", "b", "a+b"]})
    width = xr.DataArray([3.0], {"layer": ["h"]})
    terminal = Terminal(out=io.StringIO())
    show_scores(terminal, xr.Dataset({"commonality": sets, "width": width}))
    assert [line.split() for line in terminal.out.getvalue().splitlines() if line][1:] == [
        ["a", "b", "a+b"],
        ["h", "0.500", "0.100", "0.200"],
        ["by", "layer"],
        ["width"],
        ["h", "3.000"],
    ]


@pytest.mark.parametrize(
    ("values", "drawn"),
    [
        ([], ""),
        ([0, 7], "▁█"),
        ([-5, 99], "▁█"),
        ([3.5, math.nan], "▅·"),
        ([-math.inf, math.inf], "▁█"),
        (list(range(8)), "▁▂▃▄▅▆▇█"),
    ],
)
def test_sparkline(values, drawn):
    assert sparkline(values, low=0, high=7) == drawn


def test_a_long_sparkline_is_averaged():
    assert sparkline([0, 0, 7, 7, math.nan, 7], low=0, high=7, width=3) == "▁██"
    assert sparkline([math.nan, math.nan, 7, 7], low=0, high=7, width=2) == "·█"
    assert len(sparkline(range(1001), low=0, high=1000, width=50)) == 50


def test_a_sparkline_of_one_value():
    assert sparkline([2, 2], low=2, high=2) == "▁▁"


def test_what_is_left_out_is_in_the_middle():
    assert some(range(9), 3) == [0, 1, 8]
    wide, *_ = cut([[str(column) for column in range(20)]] * 2)
    assert wide == ["0", "1", "2", "3", "4", "5", "6", "…", "14", "15", "16", "17", "18", "19"]


def test_names_may_be_empty():
    ds = xr.Dataset(
        {"score": (("layer", "feature"), [[0.125, 0.25], [0.5, 0.75]])},
        {"layer": ["", "b"], "feature": ["f", ""]},
    )
    terminal = Terminal(out=io.StringIO())
    show_scores(terminal, ds)
    shown = [line.split() for line in terminal.out.getvalue().splitlines()]
    assert ["0.125", "0.250"] in shown
    assert ["b", "0.500", "0.750"] in shown
