"""Rows go in, the same come out: of a finished history, an unfinished one, a resumed one."""

import itertools
import os
import stat

import numpy as np
import pytest
import xarray as xr

from probekit.errors import HistoryLockedError
from probekit.history import HistoryWriter, make_attributes, open_history, status_attributes
from probekit.history.segments import Span, entries, load, remove_merged, spans

FEATURES = ["linear", "xor_xor_xor"]
LAYERS = ["hidden_0", "encoder/block_0", "logits"]


def rows(seed: int, epochs: range) -> xr.Dataset:
    """Rows of one seed with a variable of every type; the values depend on seed and epoch alone."""
    rng = [np.random.default_rng([seed, epoch]) for epoch in epochs]
    draw = lambda *shape: np.stack([each.normal(size=shape) for each in rng])[None]  # noqa: E731
    score = draw(3, 2).astype(np.float32)
    return xr.Dataset(
        {
            "loss": (("split", "seed", "epoch"), np.moveaxis(draw(2), 2, 0), {"units": "nat"}),
            "linear_r2": (
                ("seed", "epoch", "layer", "feature"),
                score,
                {"long_name": "linear R²", "units": "1", "valid_range": [-np.inf, 1.0]},
            ),
            "linear_r2_status": (
                ("seed", "epoch", "layer", "feature"),
                (score > 1).astype(np.int8) * 4,
                status_attributes("linear_r2"),
            ),
            "correct": (("seed", "epoch", "feature"), draw(2) > 0),
            "best": (("seed", "epoch"), np.array([[f"é{epoch}" for epoch in epochs]])),
            "started": (("seed",), np.array([100 + seed])),
        },
        {
            "seed": [seed],
            "epoch": list(epochs),
            "split": ["train", "test"],
            "layer": LAYERS,
            "feature": FEATURES,
            "width": ("layer", [256, 64, 2]),
        },
    )


def together(*parts: xr.Dataset) -> xr.Dataset:
    return xr.combine_by_coords(parts, combine_attrs="override").transpose(*parts[0].dims)


def assert_same(a: xr.Dataset, b: xr.Dataset) -> None:
    """Equal bit for bit: names, dims, dtypes, values, attributes of variables."""
    assert set(a.variables) == set(b.variables)
    assert set(a.coords) == set(b.coords)
    for name in a.variables:
        x, y = a[name].variable, b[name].variable
        assert x.dims == y.dims, name
        assert x.dtype.kind == y.dtype.kind, name
        assert x.dtype == y.dtype or x.dtype.kind == "U", name
        if x.dtype.kind == "f":
            assert x.values.tobytes() == y.values.tobytes(), name
        np.testing.assert_array_equal(x.values, y.values, err_msg=name)
        assert x.attrs.keys() == y.attrs.keys(), name
        for key in x.attrs:
            np.testing.assert_array_equal(x.attrs[key], y.attrs[key])


@pytest.fixture
def path(tmp_path):
    return tmp_path / "history.nc"


def writer(path, **options):
    return HistoryWriter(path, attributes=make_attributes("test", {"epochs": 5}), **options)


def test_finished_history_is_what_was_appended(path):
    parts = [rows(1, range(3)), rows(0, range(3, 5)), rows(0, range(3)), rows(1, range(3, 5))]
    with writer(path) as history:
        for part in parts:
            history.append(part)
        assert history.finish() == path
    assert [entry.name for entry in path.parent.iterdir()] == ["history.nc"]
    ds = open_history(path)
    expected = xr.concat([rows(seed, range(5)) for seed in (0, 1)], "seed", data_vars="minimal")
    assert_same(ds, expected)
    assert ds.attrs["task"] == "test"
    assert ds.attrs["row_dims"] == "seed epoch"


def test_the_process_may_go_to_another_folder_meanwhile(tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    with writer("history.nc") as history:
        history.append(rows(0, range(1)))
        monkeypatch.chdir("elsewhere")
        with pytest.raises(HistoryLockedError):
            writer(tmp_path / "history.nc", resume=True)
        history.append(rows(0, range(1, 3)))
        assert history.finish() == tmp_path / "history.nc"
    assert sorted(os.listdir(tmp_path)) == ["elsewhere", "history.nc"]
    assert open_history(tmp_path / "history.nc").epoch.size == 3


def test_xarray_reads_the_file_as_probekit_does(path):
    with writer(path) as history:
        history.append(rows(0, range(3)))
        history.append(rows(1, range(2)))  # with gaps
        history.finish()
    with xr.open_dataset(path) as ds:
        assert_same(ds.load(), open_history(path))
        assert ds.attrs == open_history(path).attrs


def test_unfinished_history_opens_and_equals_the_finished_one(path):
    with writer(path) as history:
        history.append(rows(0, range(3)))
        history.append(rows(1, range(2)))
        while_writing = open_history(path)
    assert not path.exists()
    closed = open_history(path)
    assert_same(while_writing, closed)
    assert_same(open_history(f"{path}.partial"), closed)
    assert_same(open_history(path.with_suffix("")), closed)
    with writer(path, resume=True) as history:
        assert_same(history.rows(), closed)
        history.finish()
    assert_same(open_history(path), closed)


def test_rows_that_were_never_recorded_are_marked(path):
    with writer(path) as history:
        history.append(rows(0, range(3)))
        history.append(rows(1, range(2)))
        history.finish()
    hole = open_history(path).sel(seed=1, epoch=2)
    assert np.isnan(hole.linear_r2).all()
    assert (hole.linear_r2_status == -1).all()
    assert hole.best == ""
    assert np.isnan(hole.correct).all()  # a boolean has no value for "unknown"
    assert hole.started == 101


def test_resumed_history_equals_the_uninterrupted_one(path, tmp_path):
    with writer(path) as history:
        history.append(rows(0, range(3)))
    with writer(path, resume=True) as history:
        history.append(rows(0, range(2, 4)))  # a row twice
        history.append(rows(0, range(4, 5)))
        history.finish()
    other = tmp_path / "other.nc"
    with writer(other) as history:
        history.append(rows(0, range(5)))
        history.finish()
    resumed, straight = open_history(path), open_history(other)
    assert_same(resumed, straight)
    for name in set(resumed.attrs) - {"history", "date"}:
        assert resumed.attrs[name] == straight.attrs[name]
    assert "resumed" in resumed.attrs["history"].splitlines()[1]


def test_a_finished_history_to_which_nothing_is_added_stays_as_it_is(path):
    with writer(path) as history:
        history.append(rows(0, range(2)))
        history.finish()
    before = path.stat().st_ino, path.read_bytes()
    with writer(path, resume=True, extend=True) as history:
        assert history.finish() == path
    assert (path.stat().st_ino, path.read_bytes()) == before
    assert os.listdir(path.parent) == ["history.nc"]


def test_many_small_segments_are_merged(path):
    steps = [
        xr.Dataset({"loss": ("step", [1.0 / step])}, {"step": [step]}) for step in range(200, 0, -1)
    ]
    with writer(path, lead=("step",)) as history:
        for step in steps:
            history.append(step)
        files = list((path.parent / "history.nc.partial").glob("segment-*.nc"))
        assert len(files) == 3 + 201 % 64
        expected = xr.concat(steps, "step").sortby("step")
        assert_same(open_history(path), expected)
        history.finish()
    assert_same(open_history(path), expected)


def test_segments_of_seeds_that_take_turns_are_merged(path, monkeypatch):
    """One of them is ahead, so that in one block rows of the other would lack."""
    monkeypatch.setattr("probekit.history.row_files.FAN_IN", 8)
    with writer(path) as history:
        for epoch in range(0, 22, 2):
            history.append(rows(0, range(epoch, epoch + 2)))
            history.append(rows(1, range(epoch + 6, epoch + 8)))
        folder = path.parent / "history.nc.partial"
        assert len(spans(entries(folder))) == 2 + 23 % 8
        last = load(folder, Span(8, 15))
        assert [block.outline.sizes["epoch"] for block in last] == [8, 8]  # of each of the seeds
        written = [open_history(path), history.rows()]
        history.finish()
    for found in [*written, open_history(path)]:
        for seed, first in ((0, 0), (1, 6)):
            its = found.linear_r2.sel(seed=[seed], epoch=slice(first, first + 21))
            xr.testing.assert_identical(its, rows(seed, range(first, first + 22)).linear_r2)
        assert found.linear_r2.sel(seed=1, epoch=slice(0, 5)).isnull().all()


def test_segments_that_were_merged_count_no_more(tmp_path):
    """A kill leaves some of them beside what they were merged into: the last, perhaps."""
    left = [Span(0, 63), Span(0, 0), Span(63, 63), Span(64, 64)]
    for span in left:
        (tmp_path / span.file_name()).touch()
    assert spans(entries(tmp_path)) == [Span(0, 63), Span(64, 64)]
    remove_merged(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        span.file_name() for span in (left[0], left[3])
    ]


@pytest.mark.parametrize("shuffle", range(6))
def test_blocks_in_any_order_make_the_same_history(path, monkeypatch, shuffle):
    """Blocks of several seeds, merged early, some rows given twice, the history taken up again."""
    monkeypatch.setattr("probekit.history.row_files.FAN_IN", 4)
    rng = np.random.default_rng(shuffle)
    blocks = []
    for seed in range(3):
        cuts = [0, *sorted(rng.choice(np.arange(1, 9), size=3, replace=False)), 9]
        blocks += [(seed, range(a, b)) for a, b in itertools.pairwise(cuts)]
    blocks += [blocks[place] for place in rng.integers(0, len(blocks), 4)]
    if shuffle:
        rng.shuffle(blocks)
    interrupted = rng.integers(1, len(blocks))
    with writer(path) as history:
        for seed, epochs in blocks[:interrupted]:
            history.append(rows(int(seed), epochs))
    with writer(path, resume=True) as history:
        for seed, epochs in blocks[interrupted:]:
            history.append(rows(int(seed), epochs))
        expected = xr.concat(
            [rows(seed, range(9)) for seed in range(3)], "seed", data_vars="minimal"
        )
        assert_same(open_history(path), expected)
        history.finish()
    assert_same(open_history(path), expected)


def test_a_later_row_replaces_an_earlier_one(path):
    ds = rows(0, range(2))
    with writer(path) as history:
        history.append(ds)
        history.append(ds.isel(epoch=[1]).assign(linear_r2=ds.linear_r2.isel(epoch=[1]) + 1))
        found = [history.rows(), open_history(path)]
        history.finish()
    for r2 in (one.linear_r2 for one in [*found, open_history(path)]):
        np.testing.assert_array_equal(r2.isel(epoch=0), ds.linear_r2.isel(epoch=0))
        np.testing.assert_array_equal(r2.isel(epoch=1), ds.linear_r2.isel(epoch=1) + 1)


def test_segments_with_gaps_between_them_are_blocks_of_one_file(path, monkeypatch):
    """In one block what none of them has recorded would hide what an earlier segment has."""
    monkeypatch.setattr("probekit.history.row_files.FAN_IN", 2)

    def row(step, **scores):
        return xr.Dataset({n: ("step", [v]) for n, v in scores.items()}, {"step": [step]})

    with writer(path, lead=("step",)) as history:  # its attributes are the first segment
        history.append(row(0, loss=1.0, accuracy=0.5))
        history.append(row(0, loss=2.0))
        history.append(row(1, loss=3.0, accuracy=0.75))
        folder = path.parent / "history.nc.partial"
        assert spans(entries(folder)) == [Span(0, 1), Span(2, 3)]
        assert len(load(folder, Span(2, 3))) == 2
        history.finish()
    found = open_history(path)
    assert found.loss.values.tolist() == [2.0, 3.0]
    assert found.accuracy.values.tolist() == [0.5, 0.75]


def test_durable_files_are_on_the_disk_before_and_after_they_are_renamed(path, monkeypatch):
    done, renamed = [], os.replace

    def fsync(descriptor):
        done.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")

    def replace(source, target):
        done.append("renamed")
        renamed(source, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "replace", replace)
    monkeypatch.setattr("probekit.history.row_files.FAN_IN", 3)
    with writer(path, durable=True) as history:
        assert done == ["file", "renamed", "folder"]
        done.clear()
        history.append(rows(0, range(1)))
        assert done == ["file", "renamed", "folder"]
        done.clear()
        history.append(rows(0, range(1, 2)))
        assert done == ["file", "renamed", "folder"] * 2, "what segments are merged into, too"
    done.clear()
    with writer(path, resume=True) as history:
        history.append(rows(0, range(2, 3)))
    assert done == ["renamed"]
    done.clear()
    with writer(path, resume=True, durable=True) as history:
        history.append_activations({"seed": 0, "epoch": 0}, [{"layer": np.ones((2, 2))}])
        history.save_state("seed-0", [np.float32(1)], {"epoch": 0})
        assert done == ["file", "renamed", "folder"] * 2
        done.clear()
        history.finish()
        assert done == ["file", "renamed", "folder", "renamed", "folder"], "first where it is made"
    done.clear()
    with writer(path, resume=True, extend=True, durable=True):
        assert done == ["folder"] * 2, "rows and activations have other names there"


def test_large_segments_are_not_held_in_memory_and_stay_as_they_are(path, monkeypatch):
    monkeypatch.setattr("probekit.history.row_files.FAN_IN", 2)
    monkeypatch.setattr("probekit.history.row_files._HELD_BYTES", 8)
    with writer(path) as history:  # its attributes are the first segment
        for epoch in range(3):
            history.append(rows(0, range(epoch, epoch + 1)))
        assert len(spans(entries(history.folder))) == 4


def test_a_variable_may_come_later(path):
    with writer(path) as history:
        history.append(rows(0, range(1))[["loss"]])
        history.append(rows(0, range(1, 2)))
        history.finish()
    ds = open_history(path)
    assert np.isnan(ds.linear_r2.sel(epoch=0)).all()
    np.testing.assert_array_equal(ds.linear_r2.sel(epoch=1), rows(0, range(1, 2)).linear_r2[:, 0])


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_kept_as_float32(path, dtype):
    import ml_dtypes

    values = np.array([0.1, np.nan]).astype(getattr(ml_dtypes, dtype, dtype))
    with writer(path, lead=("step",)) as history:
        history.append(xr.Dataset({"loss": ("step", values)}, {"step": [0, 1]}))
    loss = open_history(path).loss
    assert loss.dtype == np.float32
    np.testing.assert_array_equal(loss, values.astype(np.float32))


@pytest.mark.parametrize("dtype", ["int8", "uint16", "int64", "uint64", "float64", "bool"])
def test_numbers_keep_their_type(path, dtype):
    values = np.array([0, 1, 1]).astype(dtype)
    with writer(path, lead=("step",)) as history:
        history.append(xr.Dataset({"count": ("step", values)}, {"step": [0, 1, 2]}))
        history.finish()
    count = open_history(path)["count"]
    assert count.dtype == dtype
    np.testing.assert_array_equal(count, values)


def test_a_history_closed_before_its_first_row_leaves_nothing(tmp_path):
    path = tmp_path / "history.nc"
    with HistoryWriter(path, attributes=make_attributes("test")):
        pass
    assert list(tmp_path.iterdir()) == []
    with HistoryWriter(path, attributes=make_attributes("test")) as writer:
        assert writer.rows() is None


@pytest.mark.parametrize("there", [False, True])
def test_a_link_leads_to_the_history_that_is_written(tmp_path, there):
    (tmp_path / "disk").mkdir()
    real, link = tmp_path / "disk" / "real.nc", tmp_path / "link.nc"
    link.symlink_to(real)
    if there:
        with HistoryWriter(real, attributes=make_attributes("test")) as writer:
            writer.append(rows(0, range(1)))
            writer.finish()
    with HistoryWriter(link, attributes=make_attributes("test"), overwrite=there) as writer:
        writer.append(rows(0, range(2)))
        assert open_history(link).sizes["epoch"] == open_history(real).sizes["epoch"]
        writer.finish()
    assert link.is_symlink()
    assert open_history(link).sizes["epoch"] == 2
    assert real.is_file()
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["disk", "link.nc", "real.nc"]
