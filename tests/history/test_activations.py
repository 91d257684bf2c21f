"""Activations lie in the history, a group a layer, and come back row by row, slice by slice."""

import pickle

import numpy as np
import pytest
import xarray as xr

from probekit.errors import HistoryError, OptionError, ShapeError, UnknownNameError
from probekit.history import (
    HistoryWriter,
    make_attributes,
    open_activations,
    open_history,
    representations,
)
from probekit.history.activations import Storage
from probekit.history.compaction import compact
from probekit.history.file import reading
from probekit.history.segments import activation_files, entries

LAYERS = {"encoder": 6, "logits": 2, "encoder/block_0": 3}  # groups stand in another order
EXAMPLES = 11


def values(seed: int, epoch: int, layer: str) -> np.ndarray:
    rng = np.random.default_rng([seed, epoch, LAYERS[layer]])
    return rng.normal(size=(EXAMPLES, LAYERS[layer])).astype(np.float32)


def arrays(seed: int, epochs: list[int]) -> dict[str, xr.DataArray]:
    return {
        layer: xr.DataArray(
            np.stack([values(seed, epoch, layer) for epoch in epochs])[None],
            {"seed": [seed], "epoch": epochs},
            ("seed", "epoch", "example", "unit"),
        ).transpose(*(("unit", ...) if layer == "logits" else ()))  # in whichever order
        for layer in LAYERS
    }


def scores(seed: int, epochs: list[int]) -> xr.Dataset:
    return xr.Dataset(
        {"loss": (("seed", "epoch"), np.full((1, len(epochs)), 0.5))},
        {"seed": [seed], "epoch": epochs},
    )


def batches(seed: int, epoch: int, size: int = 4):
    for start in range(0, EXAMPLES, size):
        yield {layer: values(seed, epoch, layer)[start : start + size] for layer in LAYERS}


def writer(path, **options):
    return HistoryWriter(path, attributes=make_attributes("test"), **options)


def write(path, *, finish, **options):
    """Two seeds of five epochs; activations of epochs 0, 2 and 4, given in both ways."""
    with writer(path, **options) as history:
        history.append(scores(1, [0, 1, 2, 3, 4]), activations=arrays(1, [0, 2, 4]))
        for epoch in range(5):
            if epoch % 2 == 0:
                history.append_activations({"seed": 0, "epoch": epoch}, batches(0, epoch))
            history.append(scores(0, [epoch]))
        if finish:
            history.finish()
    return path


@pytest.fixture(params=[True, False], ids=["finished", "unfinished"])
def path(tmp_path, request):
    return write(tmp_path / "history.nc", finish=request.param)


def test_every_row_comes_back(path):
    history = open_activations(path)
    assert list(history) == list(LAYERS)
    assert len(history.rows) == 6
    for row in history.rows:
        for layer, representation in history.sel(**row).items():
            assert representation.row == row
            assert representation.shape == (EXAMPLES, LAYERS[layer])
            np.testing.assert_array_equal(representation[:], values(**row, layer=layer))


def test_scores_are_not_disturbed(path):
    ds = open_history(path)
    assert set(ds.variables) == {"loss", "seed", "epoch"}
    assert (ds.loss == 0.5).all()
    assert ds.sizes == {"seed": 2, "epoch": 5}


@pytest.mark.parametrize(
    "index",
    [
        slice(2, 5),
        slice(None, None, -3),
        3,
        -1,
        [5, 1, 1, 9],
        np.arange(EXAMPLES) > 6,
        np.array([], int),
        (slice(1, 9), slice(0, 2)),
        (slice(1, 9), 1),
        (4, 1),
        (..., 1),
    ],
    ids=str,
)
def test_indexing_is_that_of_an_array(path, index):
    representation = open_activations(path, "encoder", seed=0, epoch=2)
    expected = values(0, 2, "encoder")[index]
    np.testing.assert_array_equal(representation[index], expected)
    assert representation[index].shape == expected.shape


def test_an_array_function_takes_it(path):
    representation = open_activations(path, "logits", seed=1)
    assert representation.row == {"seed": 1, "epoch": 4}  # the last one
    np.testing.assert_array_equal(np.asarray(representation), values(1, 4, "logits"))
    assert np.asarray(representation, dtype=np.float64).dtype == np.float64
    assert (representation.ndim, len(representation)) == (2, EXAMPLES)
    assert representation.nbytes == EXAMPLES * 2 * 4
    assert "logits" in repr(representation)
    again = pickle.loads(pickle.dumps(representation))
    np.testing.assert_array_equal(again[:2], values(1, 4, "logits")[:2])


def test_only_what_is_asked_for_is_read(path, monkeypatch):
    from probekit.history import activations

    read, slices = activations.read, []
    monkeypatch.setattr(
        activations, "read", lambda *arguments: slices.append(arguments[-1]) or read(*arguments)
    )
    open_activations(path, "encoder", seed=0)[[7, 3, 4]]
    assert slices == [slice(3, 5), slice(7, 8)]


def test_reading_goes_on_when_the_history_is_finished(tmp_path):
    path = write(tmp_path / "history.nc", finish=False)
    representation = open_activations(path, "encoder", seed=0, epoch=2)
    with writer(path, resume=True) as history:
        history.finish()
    np.testing.assert_array_equal(representation[3:], values(0, 2, "encoder")[3:])


def test_reading_goes_on_however_often_the_writer_moves_what_is_read(tmp_path, monkeypatch):
    path = write(tmp_path / "history.nc", finish=False)
    representation = open_activations(path, "encoder", seed=0, epoch=2)
    with writer(path, resume=True) as history:
        finished = compact(history.folder, history.lead, Storage())
    for file in activation_files(entries(finished.parent)).values():
        file.unlink()

    def reading_late(place):
        if place == finished and place.exists():  # found there, and moved before it is opened
            place.rename(path)
        return reading(place)

    monkeypatch.setattr(representations, "reading", reading_late)
    np.testing.assert_array_equal(representation[3:], values(0, 2, "encoder")[3:])


def test_resumed_history_holds_the_rows_of_both_runs(path):
    with writer(path, resume=True, extend=True) as history:
        with pytest.raises(ShapeError, match=r"the rows before have \(11, 2\)"):
            history.append_activations({"seed": 0, "epoch": 5}, [{"logits": np.ones((3, 2))}])
        history.append_activations({"seed": 0, "epoch": 4}, batches(1, 0))  # once more: this counts
        history.append(scores(0, [5]), activations=arrays(0, [5]))
        history.finish()
    history = open_activations(path)
    assert [row["epoch"] for row in history.sel(seed=0).rows] == [0, 2, 4, 5]
    np.testing.assert_array_equal(history.sel(seed=0, epoch=4)["logits"], values(1, 0, "logits"))
    np.testing.assert_array_equal(history.sel(seed=0, epoch=5)["logits"], values(0, 5, "logits"))


def test_xarray_reads_the_finished_file_as_a_tree(tmp_path):
    path = write(tmp_path / "history.nc", finish=True)
    with xr.open_datatree(path) as tree:
        logits = tree["activations/logits"]
        assert logits.representation.dims == ("seed", "epoch", "example", "unit")
        np.testing.assert_array_equal(
            logits.representation.sel(seed=1, epoch=2), values(1, 2, "logits")
        )
        assert logits.recorded.sel(seed=0).values.tolist() == [True, False, True, False, True]
        assert np.isnan(logits.representation.sel(seed=1, epoch=3)).all()
        assert tree["activations/encoder/block_0"].sizes["unit"] == 3
        assert tree["activations/encoder/__call__"].sizes["unit"] == 6
    with xr.open_dataset(path, group="activations/logits") as alone:
        assert alone.epoch.values.tolist() == [0, 1, 2, 3, 4]


def test_a_row_is_one_chunk_and_missing_rows_take_no_space(tmp_path):
    import netCDF4

    wide = np.random.default_rng(0).normal(size=(100, 500)).astype(np.float32)
    path = tmp_path / "history.nc"
    with writer(path, lead=("step",)) as history:
        for step in range(40):
            history.append(xr.Dataset({"loss": ("step", [0.0])}, {"step": [step]}))
        history.append_activations({"step": 20}, [{"wide": wide}])
        history.finish()
    assert path.stat().st_size < 1.5 * wide.nbytes
    with netCDF4.Dataset(path) as file:
        variable = file["activations/wide/representation"]
        assert variable.shape == (40, 100, 500)
        assert variable.chunking() == [1, 100, 500]


def test_compression_and_rounding(tmp_path):
    rows = np.maximum(np.random.default_rng(0).normal(size=(512, 64)), 0).astype(np.float32)
    sizes = {}
    for storage in (Storage(), Storage(compression=1), Storage(compression=1, keep_bits=10)):
        path = tmp_path / "history.nc"
        with writer(path, lead=("step",), overwrite=True, storage=storage) as history:
            history.append_activations({"step": 0}, [{"relu": rows}])
            history.finish()
        sizes[storage] = path.stat().st_size
        kept = open_activations(path, "relu")[:]
        tolerance = 0 if storage.keep_bits is None else 2.0**-11
        np.testing.assert_allclose(kept, rows, rtol=tolerance, atol=0)
    plain, packed, rounded = sizes.values()
    assert rounded < 0.8 * packed < 0.8 * plain


def test_types_of_activations(tmp_path):
    import ml_dtypes

    path = tmp_path / "history.nc"
    given = {
        "double": np.array([[0.1, 2.0]]),
        "half": np.array([[0.1, 2.0]], np.float16),
        "brain": np.array([[0.1, 2.0]], ml_dtypes.bfloat16),
        "spikes": np.array([[True, False]]),
        "image": np.arange(12, dtype=np.uint8).reshape(1, 2, 2, 3),
    }
    with writer(path, lead=("step",)) as history:
        history.append_activations({"step": 0}, [given])
    for layer, representation in open_activations(path).items():
        assert representation.dtype == (np.float64 if layer == "double" else np.float32)
        expected = given[layer].reshape(1, -1).astype(representation.dtype)
        np.testing.assert_array_equal(representation, expected)


def test_what_cannot_be_written(tmp_path):
    with writer(tmp_path / "history.nc") as history:
        row = {"seed": 0, "epoch": 0}
        good = values(0, 0, "logits")
        history.append_activations(row, [{"logits": good}])
        for message, wrong in {
            "no example in any batch": [],
            "Give every batch the same layers": [{"logits": good}, {"encoder": good}],
            "give equal ones": [{"logits": good, "encoder": good[:2]}],
            r"give \(example, unit\)": [{"logits": good[0]}],
            r"the rows before have \(11, 2\)": [{"logits": good[:3]}],
            "complex64 cannot be kept": [{"logits": good.astype(np.complex64)}],
        }.items():
            with pytest.raises(ShapeError, match=message):
                history.append_activations(row, wrong)
        with pytest.raises(ShapeError, match="one label for each"):
            history.append_activations({"epoch": 0}, [{"logits": good}])
        given = arrays(0, [0, 1])
        with pytest.raises(ShapeError, match="it must have"):
            history.append(scores(0, [0]), activations={"a": given["logits"].isel(seed=0)})
        with pytest.raises(ShapeError, match="other rows than the first layer"):
            history.append(
                scores(0, [0]),
                activations={"a": given["logits"], "b": given["logits"].isel(epoch=[0])},
            )
    assert len(open_activations(tmp_path / "history.nc").rows) == 1
    with pytest.raises(OptionError, match="compression=11: must be 0"):
        writer(tmp_path / "other.nc", storage=Storage(compression=11))
    with pytest.raises(OptionError, match="keep_bits=0: must be 1 to 23"):
        writer(tmp_path / "other.nc", storage=Storage(keep_bits=0))


def test_what_cannot_be_read(path, tmp_path):
    history = open_activations(path)
    with pytest.raises(UnknownNameError, match=r"unknown layer 'logit'; did you mean 'logits'"):
        history["logit"]
    with pytest.raises(OptionError, match=r"of seed 0, 1; choose one, e\.g\. \.sel\(seed=1\)"):
        history["logits"]
    with pytest.raises(OptionError, match=r"epoch=3: no activations there; .* epoch 0, 2, 4"):
        history.sel(epoch=3)
    with pytest.raises(UnknownNameError, match="unknown axis 'step'"):
        history.sel(step=3)
    assert "6 rows of" in repr(history)
    other = tmp_path / "other.nc"
    with writer(other) as scores_only:
        scores_only.append(scores(0, [0]))
    with pytest.raises(HistoryError, match="has no activations"):
        open_activations(other)
    with writer(other, resume=True) as more:
        more.append_activations({"seed": 0, "epoch": 1}, batches(0, 1))
        more.append_activations({"seed": 1, "epoch": 0}, batches(1, 0))
    with pytest.raises(OptionError, match="no activations of this row"):
        open_activations(other, seed=1, epoch=1)


def test_a_failing_batch_leaves_the_history_as_it_was(tmp_path):
    def broken():
        yield {"logits": values(0, 0, "logits")}
        raise RuntimeError("device lost")

    path = tmp_path / "history.nc"
    with writer(path) as history:
        history.append(scores(0, [0]))
        with pytest.raises(RuntimeError, match="device lost"):
            history.append_activations({"seed": 0, "epoch": 0}, broken())
        assert not list((tmp_path / "history.nc.partial").glob("*.tmp"))
    with pytest.raises(HistoryError, match="has no activations"):
        open_activations(path)
