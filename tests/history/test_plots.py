"""Figures show what is in the history: their lines, images and labels are compared with it."""

import subprocess
import sys

import numpy as np
import pytest
import scipy.spatial.distance
import xarray as xr

from probekit.errors import (
    HistoryError,
    MissingExtraError,
    OptionError,
    ProbekitWarning,
    ShapeError,
    UnknownNameError,
)
from probekit.history import HistoryWriter, make_attributes, open_history, register_accessor
from probekit.history.plots import embedding, save
from probekit.history.plots.rdm import dissimilarities
from tests.optional import hide

EXAMPLES, UNITS = 30, 8


def lines(axes, width: float) -> list[np.ndarray]:
    return [line.get_ydata() for line in axes.lines if line.get_linewidth() == width]


def labels(figure) -> list[str]:
    return [text.get_text() for legend in figure.legends for text in legend.get_texts()]


def activations(seed: int, epoch: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    start, end = rng.normal(size=(2, EXAMPLES, UNITS))
    return start * (1 - epoch / 4) + end * (epoch / 4)


@pytest.fixture(scope="module")
def stored(tmp_path_factory) -> xr.Dataset:
    """Two seeds of five epochs with activations of two layers, and R² of single units."""
    path = tmp_path_factory.mktemp("plots") / "history.nc"
    with HistoryWriter(path, attributes=make_attributes("test")) as history:
        for seed in (3, 4):
            for epoch in range(5):
                x = activations(seed, epoch)
                history.append_activations(
                    {"seed": seed, "epoch": epoch}, [{"a": x, "b": x[:, :5]}]
                )
                r2 = np.random.default_rng([seed, epoch]).random((1, 1, 2, 2, UNITS))
                r2[:, :, 1, :, 5:] = np.nan  # layer b is narrower
                dims = ("seed", "epoch", "layer", "feature", "unit")
                coords = {"seed": [seed], "epoch": [epoch]}
                coords |= {"layer": ["a", "b"], "feature": ["easy", "hard"]}
                history.append(xr.Dataset({"linear_r2": (dims, r2)}, coords))
        history.finish()
    return open_history(path)


def test_many_features_with_long_names_are_told_apart_in_a_legend_that_fits():
    register_accessor()
    names = [f"a feature with a long name {number}" for number in range(14)]
    values = np.random.default_rng(0).random((3, 1, 14))
    dims = ("epoch", "layer", "feature")
    ds = xr.Dataset(
        {"linear_r2": (dims, values)},
        {"epoch": range(3), "layer": ["encoder/block_10/attention"], "feature": names},
    )
    figure = ds.probekit.plot.trajectories()
    figure.draw_without_rendering()
    (axes,), (legend,) = figure.axes, figure.legends
    assert labels(figure) == names
    looks = {(line.get_color(), line.get_linestyle()) for line in axes.lines}
    assert len(looks) == len(names)
    assert legend.get_window_extent().width <= figure.bbox.width
    assert axes.get_window_extent().height > 200
    assert axes.get_title(loc="left") == "linear R²,\nencoder/block_10/attention"


def test_trajectories_show_seeds_mean_and_interval(notebook):
    figure = notebook.probekit.plot.trajectories("linear_r2", layers="hidden_3")
    (axes,) = figure.axes
    r2 = notebook.linear_r2.sel(layer="hidden_3")
    means = lines(axes, 1.8)
    for mean, feature in zip(means, notebook.feature.values, strict=True):
        np.testing.assert_allclose(mean, r2.sel(feature=feature).mean("seed"))
    singles = lines(axes, 0.6)
    assert len(singles) == 10
    np.testing.assert_array_equal(singles[3], r2.sel(feature="linear", seed=3))
    band = axes.collections[0].get_paths()[0].vertices[:, 1]
    summary = notebook.probekit.summary().linear_r2.sel(layer="hidden_3", feature="linear")
    assert band.max() == pytest.approx(summary.sel(statistic="upper").max().item())
    assert band.min() == pytest.approx(summary.sel(statistic="lower").min().item())
    assert axes.get_xlabel() == "epoch"
    assert axes.get_ylabel().replace("\n", " ") == "variance explained by the feature (R²)"
    assert labels(figure) == ["linear", "xor_xor_xor"]


def many(seeds, features):
    """A history of so many."""
    register_accessor()
    sizes = {"seed": seeds, "epoch": 4, "feature": features}
    values = np.random.default_rng(0).random([*sizes.values()])
    coords = {dim: range(size) for dim, size in sizes.items()}
    return xr.Dataset({"accuracy": (tuple(sizes), values)}, coords)


@pytest.mark.parametrize(
    ("seeds", "features", "singles", "bands", "width"),
    [(5, 8, 40, 8, 1.8), (30, 2, 60, 2, 1.8), (30, 3, 0, 3, 1.8), (2, 20, 40, 0, 1.3)],
)
def test_what_would_hide_the_means_is_left_out(seeds, features, singles, bands, width):
    (axes,) = many(seeds, features).probekit.plot.trajectories("accuracy").axes
    assert len(lines(axes, 0.6)) == singles
    assert len(axes.collections) == bands
    assert len(lines(axes, width)) == features
    above = [line.get_zorder() for line in axes.lines if line.get_linewidth() == width]
    below = [line.get_zorder() for line in axes.lines if line.get_linewidth() == 0.6]
    assert min(above) > max(below, default=0)


@pytest.mark.parametrize("seeds", [(), ("seed",)])
def test_the_band_of_one_seed_is_that_of_its_bootstrap(seeds):
    register_accessor()
    r2 = np.array([[0.25, 0.5], [0.5, 0.75], [0.75, 1.0]]).reshape([1] * len(seeds) + [3, 1, 2])
    dims = (*seeds, "step", "layer", "feature")
    coords = {"step": [0, 1, 2], "layer": ["hidden"], "feature": ["a", "b"]}
    bounds = np.stack([r2 - 0.125, r2 + 0.25], axis=-1)
    ds = xr.Dataset(
        {"linear_r2": (dims, r2), "linear_r2_ci": ((*dims, "bound"), bounds)},
        coords | {dim: [0] for dim in seeds} | {"bound": ["lower", "upper"]},
    )
    (axes,) = ds.probekit.plot.trajectories("linear_r2").axes
    np.testing.assert_array_equal(lines(axes, 1.8), [[0.25, 0.5, 0.75], [0.5, 0.75, 1.0]])
    band = axes.collections[1].get_paths()[0].vertices[:, 1]
    assert (band.min(), band.max()) == (0.375, 1.25)
    assert axes.get_ylim()[1] < 1.1  # the scores are shown, and not the far end of an interval


def test_trajectories_as_they_come(notebook):
    figure = notebook.probekit.plot.trajectories()
    titles = [axes.get_title("left") for axes in figure.axes]
    assert titles == ["accuracy, test", "linear R², hidden_3", "normalized R², hidden_3"]
    np.testing.assert_allclose(
        lines(figure.axes[2], 1.8)[0],
        notebook.probekit.normalized_r2().sel(layer="hidden_3", feature="linear").mean("seed"),
    )


def test_trajectories_of_layers_splits_and_single_seeds(notebook):
    plot = notebook.probekit.plot
    figure = plot.trajectories(["total_variance", "loss"], split="train", seeds=False)
    assert labels(figure) == ["hidden_0", "hidden_3", "logits"]
    assert not lines(figure.axes[0], 0.6)
    np.testing.assert_allclose(
        lines(figure.axes[1], 1.8)[0], notebook.loss.sel(split="train").mean("seed")
    )
    figure = plot.trajectories("linear_r2", layers=["hidden_0", "logits"], features="linear")
    assert [axes.get_title("left") for axes in figure.axes] == [
        "linear R², hidden_0",
        "linear R², logits",
    ]
    assert len(lines(figure.axes[0], 1.8)) == 1
    one = notebook.isel(seed=0).probekit.plot.trajectories("loss")
    np.testing.assert_array_equal(lines(one.axes[0], 1.8)[0], notebook.loss.isel(split=1, seed=0))


def test_trajectories_refuse_what_they_cannot_draw(notebook, stored):
    plot = notebook.probekit.plot
    with pytest.raises(UnknownNameError, match="unknown variable 'los'; did you mean 'loss'"):
        plot.trajectories("los")
    with pytest.raises(UnknownNameError, match="unknown layer 'hidden_9'"):
        plot.trajectories("linear_r2", layers="hidden_9")
    with pytest.raises(UnknownNameError, match="unknown split 'fit'; there are: train, test"):
        plot.trajectories("loss", split="fit")
    with pytest.raises(UnknownNameError, match="unknown feature 'and'"):
        plot.trajectories("accuracy", features=["and"])
    with pytest.raises(OptionError, match="'linear_r2': has the axis 'unit' too; choose from it"):
        stored.probekit.plot.trajectories("linear_r2")
    with pytest.raises(OptionError, match="no score has the axis 'epoch', so there is none"):
        notebook[["epoch"]].probekit.plot.trajectories()


def test_layers_writes_the_final_means_into_a_heat_map(notebook):
    figure = notebook.probekit.plot.layers()
    axes = figure.axes[0]
    final = notebook.linear_r2.sel(epoch=100).mean("seed")
    np.testing.assert_allclose(axes.images[0].get_array(), final)
    assert [text.get_text() for text in axes.texts] == [f"{v:.2f}" for v in final.values.ravel()]
    assert [text.get_text() for text in axes.get_xticklabels()] == ["linear", "xor_xor_xor"]
    assert [text.get_text() for text in axes.get_yticklabels()] == notebook.layer.values.tolist()
    assert axes.get_title("left") == "last epoch, mean of 5 seeds"
    one = notebook.probekit.plot.layers("linear_r2", epoch=10, seed=2).axes[0]
    np.testing.assert_allclose(one.images[0].get_array(), notebook.linear_r2.sel(epoch=10, seed=2))
    assert one.get_title("left") == "epoch 10, seed 2"


def test_layers_of_scores_without_rows(notebook):
    probed = notebook[["linear_r2"]].isel(seed=0, epoch=-1, drop=True)
    probed = probed.where(probed.layer != "hidden_0")  # undefined in one layer
    axes = probed.probekit.plot.layers().axes[0]
    np.testing.assert_array_equal(axes.images[0].get_array(), probed.linear_r2)
    assert axes.texts[0].get_text() == "nan"


def test_layers_say_what_they_average_over(stored):
    axes = stored.probekit.plot.layers().axes[0]
    assert axes.get_title("left") == "last epoch, mean of 2 seeds, mean over unit"
    final = stored.linear_r2.isel(epoch=-1).mean("seed").mean("unit")
    np.testing.assert_allclose(axes.images[0].get_array(), final)


def test_layers_choose_a_score_without_further_axes(stored):
    r2 = stored.linear_r2.isel(seed=0, epoch=-1, drop=True)
    chosen = xr.Dataset({"units": r2, "means": r2.mean("unit") * 0 - 0.001})
    axes = chosen.probekit.plot.layers().axes[0]
    assert axes.get_title("left") == ""
    assert [text.get_text() for text in axes.texts] == ["0.00"] * 4  # never -0.00


def test_layers_of_scores_without_features_are_bars(notebook):
    def drawn(axes):
        return [bar.get_width() for bar in axes.patches]

    dataset = notebook[["total_variance"]]
    (axes,) = dataset.probekit.plot.layers().axes
    final = dataset.probekit.final().total_variance.mean("seed")
    np.testing.assert_allclose(drawn(axes), final)
    assert [label.get_text() for label in axes.get_yticklabels()] == final.layer.values.tolist()
    (named,) = notebook.probekit.plot.layers("total_variance", epoch=10, seed=2).axes
    np.testing.assert_allclose(drawn(named), dataset.total_variance.sel(epoch=10, seed=2))
    row = dataset.probekit.final().isel(seed=0, drop=True).astype(float)
    row["other"] = row.total_variance.copy(data=[np.nan, 0, 1])
    ends = np.stack([row.other - 1, row.other + 2])
    row["other_ci"] = (("bound", "layer"), ends, {"uncertainty": "…"})
    first, other = row.probekit.plot.layers().axes
    np.testing.assert_allclose(drawn(first), row.total_variance)
    assert [text.get_text().strip() for text in other.texts] == ["undefined"]
    (interval,) = other.collections
    assert np.array(interval.get_segments()[1]).tolist() == [[-1, 1], [2, 1]]


def test_layers_of_scores_with_an_axis_of_their_own():
    values = np.arange(6.0).reshape(2, 3)
    coords = {"layer": ["a", "b"], "component": [1, 2, 3]}
    axes = xr.Dataset({"spectrum": (("layer", "component"), values)}, coords)
    axes = axes.probekit.plot.layers().axes[0]
    np.testing.assert_array_equal(axes.images[0].get_array(), values)
    assert axes.get_xlabel() == "component"


def test_layers_refuse_what_they_cannot_draw(notebook):
    with pytest.raises(OptionError, match=r"'accuracy': dims .*; 'layer' is needed here"):
        notebook.probekit.plot.layers("accuracy")
    with pytest.raises(OptionError, match=r"no score has the axes 'layer'; there are: loss"):
        notebook[["loss"]].probekit.plot.layers()
    with pytest.raises(UnknownNameError, match="unknown epoch '101'"):
        notebook.probekit.plot.layers(epoch=101)
    with pytest.raises(UnknownNameError, match="unknown seed '7'"):
        notebook.probekit.plot.layers(seed=7)


def test_similarity_shows_the_matrix(notebook):
    values = np.random.default_rng(0).random((3, 2))
    ds = xr.Dataset(
        {"rsa": (("layer_b", "layer_a"), values.T * 0), "cka": (("layer_a", "layer_b"), values)},
        {"layer_a": ["x", "y", "z"], "layer_b": ["u", "v"]},
    )
    axes = ds.probekit.plot.similarity().axes[0]
    np.testing.assert_array_equal(axes.images[0].get_array(), values)
    assert [text.get_text() for text in axes.get_yticklabels()] == ["x", "y", "z"]
    with pytest.raises(OptionError, match=r"no score has the axes .'layer_a', 'layer_b'"):
        notebook.probekit.plot.similarity()


def test_similarity_of_stored_activations_is_their_cka(stored):
    figure = stored.probekit.plot.similarity(seed=4, epoch=3)
    image = figure.axes[0].images[0].get_array()
    x = activations(4, 3)
    x = x - x.mean(axis=0)
    y = x[:, :5]  # layer b
    cross = np.linalg.norm(x.T @ y) ** 2
    expected = cross / (np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y))
    np.testing.assert_allclose(image, [[1, expected], [expected, 1]], rtol=1e-4)
    assert figure.axes[0].get_title(loc="left") == "seed 4, epoch 3"
    assert [text.get_text() for text in figure.axes[0].get_yticklabels()] == ["a", "b"]
    with pytest.raises(OptionError, match="epoch=9: no activations there"):
        stored.probekit.plot.similarity(epoch=9)
    with pytest.raises(OptionError, match="no stored activations to compare layers by"):
        xr.Dataset({"r2": ("epoch", [1.0])}, {"epoch": [0]}).probekit.plot.similarity()


@pytest.mark.parametrize("metric", ["euclidean", "correlation"])
def test_dissimilarities_are_those_of_scipy(metric):
    x = np.random.default_rng(0).normal(size=(20, 6)) + 100
    expected = scipy.spatial.distance.squareform(scipy.spatial.distance.pdist(x, metric))
    np.testing.assert_allclose(dissimilarities(x, metric), expected, atol=1e-9)


def test_correlation_distance_of_equal_units_is_undefined():
    x = np.array([[1.0, 2.0], [3.0, 3.0], [2.0, 1.0]])
    between = dissimilarities(x, "correlation")
    assert np.isnan(between[1, [0, 2]]).all()
    assert between[0, 2] == pytest.approx(2)


def test_rdm_shows_stored_activations_sorted_by_labels(stored):
    groups = np.arange(EXAMPLES) % 3
    figure = stored.probekit.plot.rdm("a", labels=groups, seed=4, epoch=2, examples=20)
    axes = figure.axes[0]
    x = activations(4, 2)[:20][np.argsort(groups[:20], kind="stable")]
    np.testing.assert_allclose(
        axes.images[0].get_array(), dissimilarities(x, "euclidean"), atol=1e-5
    )
    assert [line.get_ydata()[0] for line in axes.lines[::2]] == [6.5, 13.5]
    assert figure.get_suptitle() == "euclidean distance, seed 4, epoch 2"
    figure = stored.probekit.plot.rdm(metric="correlation")
    assert [axes.get_title("left") for axes in figure.axes[::2]] == ["a", "b"]
    assert figure.get_suptitle() == "correlation distance, seed 3, epoch 4"


def test_rdm_of_activations_from_elsewhere(notebook):
    x = np.random.default_rng(0).normal(size=(10, 3))
    figure = notebook.probekit.plot.rdm(activations={"own": x})
    np.testing.assert_allclose(
        figure.axes[0].images[0].get_array()[0, 1], np.linalg.norm(x[0] - x[1])
    )


def test_rdm_refuses_what_it_cannot_draw(notebook, stored):
    with pytest.raises(OptionError, match="not read from a file, so its activations are not at h"):
        notebook.probekit.plot.rdm()
    with pytest.raises(OptionError, match="metric='manhattan': not a choice"):
        stored.probekit.plot.rdm(metric="manhattan")
    with pytest.raises(OptionError, match="examples=0: must be at least 2"):
        stored.probekit.plot.rdm(examples=0)
    with pytest.raises(UnknownNameError, match="unknown layer 'c'; there are: a, b"):
        stored.probekit.plot.rdm("c")
    with pytest.raises(ShapeError, match=r"labels: shape \(3,\); give one for each of 30 examples"):
        stored.probekit.plot.rdm(labels=[1, 2, 3])


def test_embedding_shows_paths_in_the_last_principal_plane(stored):
    groups = np.arange(EXAMPLES) % 2
    axes = stored.probekit.plot.embedding("a", labels=groups, seed=4).axes[0]
    last = activations(4, 4)
    points = np.concatenate([each.get_offsets() for each in axes.collections])
    order = np.argsort(groups, kind="stable")
    between = scipy.spatial.distance.pdist(points)
    centred = last - last.mean(axis=0)
    _, scale, directions = np.linalg.svd(centred, full_matrices=False)
    expected = scipy.spatial.distance.pdist((centred @ directions[:2].T)[order])
    np.testing.assert_allclose(between, expected, rtol=1e-4)  # whatever the signs
    share = scale[0] ** 2 / (scale**2).sum()
    assert axes.get_xlabel() == f"first component ({share:.0%} of the variance)"
    assert len(axes.lines) == EXAMPLES
    assert len(axes.lines[0].get_xdata()) == 5


def test_embedding_of_whole_representations_ignores_rotations(stored):
    axes = stored.probekit.plot.embedding("a", method="mds").axes[0]
    assert [len(line.get_xdata()) for line in axes.lines] == [5, 5]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["seed 3", "seed 4"]
    x = activations(3, 0)
    turned = x @ np.linalg.qr(np.random.default_rng(0).normal(size=(UNITS, UNITS)))[0]
    distances = embedding.cka_distances([x, 5 * turned + 1, activations(4, 0), x * 0])
    assert distances[0, 1] == pytest.approx(0, abs=1e-6)
    assert 0.1 < distances[0, 2] < np.sqrt(2)


def test_of_very_many_rows_some_of_each_seed_are_drawn(stored, monkeypatch):
    whole = stored.probekit.plot.embedding("a", method="mds").axes[0]
    assert [len(line.get_xdata()) for line in whole.lines] == [5, 5]
    monkeypatch.setattr(embedding, "MOST_ROWS", 6)
    few = stored.probekit.plot.embedding("a", method="mds")
    assert [len(line.get_xdata()) for line in few.axes[0].lines] == [3, 3]
    assert few.axes[0].get_title("right") == whole.get_title("right")  # the first and the last


def test_classical_scaling_recovers_a_plane():
    points = np.random.default_rng(0).normal(size=(12, 2))
    distances = scipy.spatial.distance.squareform(scipy.spatial.distance.pdist(points))
    found = embedding.classical_scaling(distances)
    np.testing.assert_allclose(
        scipy.spatial.distance.pdist(found), scipy.spatial.distance.pdist(points)
    )


def test_embedding_refuses_what_it_cannot_draw(stored, tmp_path):
    plot = stored.probekit.plot
    with pytest.raises(OptionError, match="method='tsne': not a choice"):
        plot.embedding(method="tsne")
    with pytest.raises(OptionError, match="examples=-1: must be at least 2"):
        plot.embedding(examples=-1)
    with pytest.raises(UnknownNameError, match="unknown layer 'c'"):
        plot.embedding("c")
    with pytest.raises(ShapeError, match="labels: 3 labels; give one for each of 30 examples"):
        plot.embedding("a", labels=[1, 2, 3])
    with pytest.raises(ShapeError, match="a plane needs two units and examples"):
        embedding.principal_plane(np.ones((5, 1)))
    path = tmp_path / "short.nc"
    with HistoryWriter(path, attributes=make_attributes("test"), lead=("step",)) as history:
        for step in range(2):
            history.append(xr.Dataset({"x": ("step", [1.0])}, {"step": [step]}))
            history.append_activations({"step": step}, [{"a": np.eye(3)}])
    short = open_history(path)
    with pytest.raises(OptionError, match="method='mds': 2 rows with activations; it needs 3"):
        short.probekit.plot.embedding(method="mds")
    assert len(short.probekit.plot.embedding().axes[0].lines) == 3


def test_selectivity_ranks_the_units(stored):
    figure = stored.probekit.plot.selectivity(layer="b", epoch=4)
    ranked, against = figure.axes
    r2 = stored.linear_r2.sel(layer="b", epoch=4).isel(unit=slice(5))
    expected = np.sort(r2.sel(feature="hard").values, axis=-1)[:, ::-1].mean(axis=0)
    np.testing.assert_allclose(lines(ranked, 1.8)[1], expected)
    points = against.collections[0].get_offsets()
    np.testing.assert_allclose(points[:, 0], r2.sel(feature="easy").values.ravel())
    np.testing.assert_allclose(points[:, 1], r2.sel(feature="hard").values.ravel())
    one = stored.probekit.plot.selectivity(layer="a", seed=3).axes[0]
    assert not lines(one, 0.6)
    three = stored.isel(feature=[0, 1, 0]).probekit.plot.selectivity(layer="a")
    assert len(three.axes) == 1


def test_selectivity_refuses_what_it_cannot_draw(notebook, stored):
    with pytest.raises(OptionError, match=r"no score has the axes 'unit' and 'feature'"):
        notebook.probekit.plot.selectivity()
    more = stored.expand_dims(width=[1, 2])
    with pytest.raises(OptionError, match=r"has the axes \['width'\] too; choose first"):
        more.probekit.plot.selectivity(layer="a")


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_figures_are_written_and_equal_figures_are_equal_files(notebook, tmp_path, suffix):
    written = []
    for name in ("a", "b"):
        path = tmp_path / f"{name}.{suffix}"
        save(notebook.probekit.plot.layers(), path)
        written.append(path.read_bytes())
    assert len(written[0]) > 5000
    assert written[0] == written[1]
    assert suffix != "svg" or b">hidden_3</text>" in written[0]


def test_figures_leave_no_trace_in_matplotlib(notebook):
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    notebook.probekit.plot.trajectories()
    assert dict(mpl.rcParams) == before


@pytest.mark.slow
def test_figures_need_no_pyplot(tmp_path):
    check = (
        "import sys, xarray as xr; from probekit.history import register_accessor;"
        "register_accessor();"
        "ds = xr.Dataset({'loss': ('step', [2.0, 1.0])}, {'step': [0, 1]});"
        "ds.probekit.plot.trajectories().savefig(sys.argv[1]);"
        "print('matplotlib.pyplot' in sys.modules)"
    )
    command = [sys.executable, "-c", check, tmp_path / "figure.png"]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.stdout == "False\n", run.stderr


def test_without_matplotlib_the_extra_is_named(notebook, monkeypatch):
    hide(monkeypatch, "matplotlib")
    with pytest.raises(MissingExtraError, match=r"figures need matplotlib.*probekit\[plot\]"):
        notebook.probekit.plot.trajectories()


def test_very_many_layers_are_coloured_along_a_scale_and_not_named_one_by_one():
    register_accessor()
    values = np.random.default_rng(0).random((2, 3, 60))
    names = [f"layer_{place}" for place in range(60)]
    coords = {"seed": [0, 1], "epoch": [0, 1, 2], "layer": names}
    ds = xr.Dataset({"total_variance": (("seed", "epoch", "layer"), values)}, coords)
    figure = ds.probekit.plot.trajectories("total_variance")
    axes, bar = figure.axes
    assert labels(figure) == []
    assert [tick.get_text() for tick in bar.get_yticklabels()] == ["layer_0", "layer_59"]
    np.testing.assert_allclose(lines(axes, 0.8), values.mean(0).T)
    assert lines(axes, 0.6) == []
    assert figure.get_size_inches()[1] < 4
    assert all(line.get_rasterized() for line in axes.lines)


def test_a_heat_map_of_very_many_layers_stays_a_page():
    register_accessor()
    ds = xr.Dataset(
        {"linear_r2": (("layer", "feature"), np.full((1000, 2), 0.5))},
        {"layer": [f"layer_{place}" for place in range(1000)], "feature": ["easy", "hard"]},
    )
    figure = ds.probekit.plot.layers()
    axes = figure.axes[0]
    assert not axes.texts
    assert [text.get_text() for text in axes.get_yticklabels()][:2] == ["layer_0", "layer_25"]
    assert figure.get_size_inches()[1] < 20


@pytest.mark.parametrize("name", ["f{}", "feature_{}", "is it number {} of them all?"])
def test_a_heat_map_of_very_many_features_stays_a_page_whose_names_can_be_read(name):
    register_accessor()
    features = [name.format(place) for place in range(50)]
    ds = xr.Dataset(
        {"linear_r2": (("layer", "feature"), np.full((2, 50), 0.5))},
        {"layer": ["hidden_0", "hidden_1"], "feature": features},
    )
    figure = ds.probekit.plot.layers()
    assert figure.get_size_inches()[0] < 26
    figure.draw_without_rendering()
    first, second = figure.axes[0].get_xticklabels()[:2]
    apart = second.get_window_extent().x0 - first.get_window_extent().x0
    if first.get_rotation() == 0:
        assert apart > first.get_window_extent().width
    else:  # 30 degrees: lines pass each other
        assert apart / 2 > 0.14 * figure.dpi * (first.get_text().count("\n") + 1)


@pytest.mark.parametrize("epochs", [[3], [3, 4, 5]])
def test_a_panel_without_any_value_says_so(epochs):
    register_accessor()
    values = np.full((len(epochs), 2), np.nan)
    coords = {"epoch": epochs, "feature": ["easy", "hard"]}
    ds = xr.Dataset({"accuracy": (("epoch", "feature"), values)}, coords)
    axes = ds.probekit.plot.trajectories("accuracy").axes[0]
    assert [text.get_text() for text in axes.texts] == ["undefined throughout"]
    assert axes.get_yticks().size == 0
    assert sorted(axes.get_xticks()) == sorted({epochs[0], epochs[-1]})


def test_a_score_between_undefined_ones_is_a_point():
    register_accessor()
    values = [[0.1, 0.5], [np.nan, 0.6], [0.3, np.nan], [np.nan, 0.8], [0.5, 0.7]]
    coords = {"epoch": range(5), "feature": ["easy", "hard"]}
    ds = xr.Dataset({"accuracy": (("epoch", "feature"), values)}, coords)
    easy, hard = ds.probekit.plot.trajectories("accuracy").axes[0].lines
    assert (easy.get_marker(), easy.get_markevery()) == ("o", [0, 2, 4])
    assert hard.get_marker() == "None"  # no score of it stands alone


def test_long_names_leave_room_for_the_cells_of_a_heat_map():
    register_accessor()
    names = [f"encoder/block_{place}/attention/query_projection_kernel" for place in range(5)]
    features = [f"a feature with a name of many words, number {place}" for place in range(5)]
    ds = xr.Dataset(
        {"linear_r2": (("layer", "feature"), np.full((5, 5), 0.5))},
        {"layer": names, "feature": features},
    )
    figure = ds.probekit.plot.layers()
    figure.draw_without_rendering()
    cell = figure.axes[0].get_window_extent()
    assert cell.width / 5 > 0.6 * figure.dpi
    assert cell.height / 5 > 0.3 * figure.dpi
    shown = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert [text.replace("\n", "") for text in shown] == names


def test_names_are_no_mathematics(tmp_path):
    register_accessor()
    ds = xr.Dataset(
        {"linear_r2": (("layer", "feature"), np.full((2, 2), 0.5))},
        {"layer": ["$x$_^{", r"$\nothing$"], "feature": ["$a", "b$"]},
    )
    save(ds.probekit.plot.layers(), tmp_path / "figure.svg")
    assert r"$\nothing$" in (tmp_path / "figure.svg").read_text()


def test_one_row_has_one_tick():
    register_accessor()
    ds = xr.Dataset({"loss": ("epoch", [0.5])}, {"epoch": [7]})
    assert ds.probekit.plot.trajectories("loss").axes[0].get_xticks().tolist() == [7]


def test_characters_that_no_font_has_are_one_warning(tmp_path):
    register_accessor()
    ds = xr.Dataset(
        {"accuracy": (("epoch", "feature"), [[0.5], [0.6]])},
        {"epoch": [0, 1], "feature": ["漢"]},  # not in the font that matplotlib brings
    )
    figure = ds.probekit.plot.trajectories("accuracy")
    with pytest.warns(ProbekitWarning, match="no font of the figure has"):
        save(figure, tmp_path / "figure.png")
    save(figure, tmp_path / "figure.svg")  # there it stays text


def test_a_file_that_xarray_wrote_has_no_activations(tmp_path):
    ds = xr.Dataset({"loss": ("epoch", [0.5, 0.4])}, {"epoch": [0, 1]}, {"probekit_version": "1"})
    ds.to_netcdf(tmp_path / "loss.nc")
    with pytest.raises(HistoryError, match="has no activations"):
        open_history(tmp_path / "loss.nc").probekit.plot.rdm()


def test_a_layer_named_output_is_no_hidden_one(notebook):
    renamed = notebook.isel(layer=[0, -1]).assign_coords(layer=["hidden", "output"])
    figure = renamed.probekit.plot.trajectories("linear_r2")
    assert [axes.get_title("left") for axes in figure.axes] == ["linear R², hidden"]
