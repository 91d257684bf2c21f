"""The Recorder: rows along any loop, on any schedule, that no exception loses."""

import subprocess
import sys
import textwrap

import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr

import probekit as pk
from probekit.errors import (
    HistoryError,
    HistoryExistsError,
    HistoryLockedError,
    OptionError,
    ShapeError,
)
from probekit.history import Storage
from probekit.plugins import get_manager, hookimpl
from probekit.recording.schedule import is_due
from tests.optional import optional
from tests.recording.loop import FEATURES, INPUTS, model_at


def recorder(path, **options):
    return pk.Recorder(path, inputs=INPUTS, features=FEATURES, **options)


def test_rows_are_those_of_probe(tmp_path):
    path = tmp_path / "history.nc"
    with recorder(path, estimators=["linear_r2", "total_variance"]) as rec:
        for step in (0, 3, 7):
            rec.record(step, model_at(step), loss=1.0 / (1 + step))
    history = pk.open_history(path)
    assert history.linear_r2.dims == ("step", "layer", "feature")
    assert history.layer.values.tolist() == ["z", "a"]
    assert history.step.values.tolist() == [0, 3, 7]
    np.testing.assert_allclose(history.loss, [1, 1 / 4, 1 / 8])
    for step in (0, 3, 7):
        ds = pk.probe(model_at(step), INPUTS, FEATURES, estimators=["linear_r2", "total_variance"])
        xr.testing.assert_allclose(history.linear_r2.sel(step=step, drop=True), ds.linear_r2)
        xr.testing.assert_allclose(
            history.total_variance.sel(step=step, drop=True), ds.total_variance, rtol=1e-5
        )


@pytest.mark.parametrize(
    ("every", "expected"),
    [
        (None, list(range(10))),
        (4, [0, 4, 8]),
        ([1, 5, 9, 200], [1, 5, 9]),
        (pk.log_spaced(9, 4), [0, 1, 3, 9]),
        (lambda step: step > 7, [8, 9]),
    ],
)
def test_schedules(tmp_path, every, expected):
    with recorder(tmp_path / "h.nc", every=every) as rec:
        for step in range(10):
            assert rec.is_due(step) == (step in expected)
            rec.record(step, model_at(step))
    assert pk.open_history(tmp_path / "h.nc").step.values.tolist() == expected


def test_log_spaced():
    steps = pk.log_spaced(10_000, 20)
    assert steps[0] == 0
    assert steps[-1] == 10_000
    assert list(steps) == sorted(set(steps))
    assert pk.log_spaced(0) == (0,)
    with pytest.raises(OptionError, match="count=1: must be at least 2"):
        pk.log_spaced(5, 1)


def test_schedules_that_are_none():
    with pytest.raises(OptionError, match="every=0: must be at least 1"):
        is_due(0)
    with pytest.raises(OptionError, match="give a number of steps"):
        is_due(["a"])


def test_several_seeds(tmp_path):
    with recorder(tmp_path / "h.nc", seed=0) as rec:
        for seed, step in ((0, 10), (1, 0), (0, 0), (1, 10)):
            rec.record(step, model_at(step + seed), seed=seed, loss=seed)
    history = pk.open_history(tmp_path / "h.nc")
    assert history.linear_r2.dims == ("seed", "step", "layer", "feature")
    assert history.loss.values.tolist() == [[0, 0], [1, 1]]


def test_several_probe_sets(tmp_path):
    sets = {
        "clean": pk.ProbeSet(INPUTS, FEATURES),
        "held": pk.ProbeSet(
            INPUTS[:20],
            {k: v[:20] for k, v in FEATURES.items()},
            (INPUTS[20:], {k: v[20:] for k, v in FEATURES.items()}),
        ),
    }
    with pk.Recorder(tmp_path / "h.nc", probe_sets=sets) as rec:
        rec.record(0, model_at(0))
        rec.record(1, model_at(1))
    history = pk.open_history(tmp_path / "h.nc")
    assert history.probe_set.values.tolist() == ["clean", "held"]
    expected = pk.probe(model_at(1), INPUTS, FEATURES).linear_r2
    got = history.linear_r2.sel(step=1, probe_set="clean", drop=True)
    np.testing.assert_allclose(got, expected, rtol=1e-5)


def test_an_exception_keeps_the_rows_and_resuming_goes_on(tmp_path):
    path = tmp_path / "h.nc"

    def loop():
        with recorder(path) as rec:
            rec.record(0, model_at(0), loss=0.5)
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        loop()
    assert pk.open_history(path).step.values.tolist() == [0]
    with pytest.raises(HistoryExistsError):
        recorder(path)
    with recorder(path, resume=True) as rec:
        rec.record(1, model_at(1), loss=0.25)
    assert pk.open_history(path).loss.values.tolist() == [0.5, 0.25]
    with recorder(path, overwrite=True) as rec:
        rec.record(5, model_at(1))
    assert pk.open_history(path).step.values.tolist() == [5]


def test_a_row_recorded_again_is_replaced(tmp_path):
    with recorder(tmp_path / "h.nc") as rec:
        rec.record(0, model_at(0), loss=1.0)
        rec.record(1, model_at(0), loss=2.0)
        rec.record(0, model_at(0), loss=3.0)
        assert rec.finish() == rec.finish() == tmp_path / "h.nc", "and the block does it again"
    assert pk.open_history(tmp_path / "h.nc").loss.values.tolist() == [3.0, 2.0]


@pytest.mark.slow
def test_a_reader_sees_the_rows_while_the_loop_goes_on(tmp_path):
    path = tmp_path / "h.nc"
    with recorder(path, flush_seconds=0) as rec:
        rec.record(0, model_at(0))
        code = f"import probekit as pk; print(pk.open_history({str(path)!r}).step.values.tolist())"
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == "[0]"
        rec.record(1, model_at(1))


@pytest.mark.slow
def test_a_killed_loop_leaves_every_flushed_row(tmp_path):
    path = tmp_path / "h.nc"
    code = f"""
        import os, signal
        import numpy as np, probekit as pk
        x = np.ones((8, 2), np.float32) * np.arange(8)[:, None]
        rec = pk.Recorder({str(path)!r}, inputs=x, features={{"f": x[:, 0]}}, flush_seconds=0)
        for step in range(3):
            rec.record(step, pk.extractors.arrays({{"x": x}}))
        os.kill(os.getpid(), signal.SIGKILL)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True)
    assert done.returncode == -9
    assert pk.open_history(path).step.values.tolist() == [0, 1, 2]


def test_activations_are_stored_and_can_be_probed_later(tmp_path):
    path = tmp_path / "h.nc"
    with recorder(path, store="z", store_every=2, batch_size=16) as rec:
        for step in range(4):
            rec.record(step, model_at(step))
    stored = pk.open_activations(path)
    assert [row["step"] for row in stored.rows] == [0, 2]
    later = pk.probe(pk.extractors.arrays({"z": stored["z"]}), None, FEATURES, batch_size=16)
    expected = pk.open_history(path).linear_r2.sel(step=2, layer=["z"], drop=True)
    xr.testing.assert_allclose(later.linear_r2, expected, rtol=1e-5)
    with (
        pytest.raises(OptionError, match="store='q': matches none of z, a"),
        recorder(tmp_path / "other.nc", store="q") as rec,
    ):
        rec.record(0, model_at(0))


def test_stored_activations_are_packed_and_read_batch_by_batch(tmp_path, monkeypatch):
    from probekit.history import activations

    kept, lengths = [], []
    for storage in (Storage(), Storage(compression=1, keep_bits=10)):
        path = tmp_path / f"{storage.compression}.nc"
        with recorder(path, store="z", storage=storage) as rec:
            rec.record(0, model_at(3))
        stored = pk.open_activations(path)
        kept.append(stored["z"][:])
    exact, rounded = kept
    assert not np.array_equal(exact, rounded)
    np.testing.assert_allclose(rounded, exact, rtol=2.0**-11)

    read = activations.read

    def noting(file, shelf, row, examples):
        lengths.append(examples.stop - examples.start)
        return read(file, shelf, row, examples)

    monkeypatch.setattr(activations, "read", noting)
    pk.probe(pk.extractors.arrays(stored), None, FEATURES, batch_size=16)
    assert max(lengths) <= 16
    assert sum(lengths) >= len(exact)


def test_new_parameters_do_not_compile_anything(tmp_path, compilations):
    with recorder(tmp_path / "h.nc") as rec:
        rec.record(0, model_at(0))
        with compilations() as compiled:
            rec.record(1, model_at(1))
            rec.flush()
    assert compiled == []


def test_listeners_hear_of_records(tmp_path):
    heard = []

    class Listener:
        @hookimpl
        def probekit_recorded(self, path, dataset):
            heard.append((path.name, dataset.step.values.tolist()))

    with get_manager().listening(Listener()), recorder(tmp_path / "h.nc") as rec:
        rec.record(0, model_at(0))
        rec.record(1, model_at(1))
        rec.record(0, model_at(1))
    assert heard == [("h.nc", [0, 1]), ("h.nc", [0])], "no step twice"


def test_arguments_that_do_not_fit(tmp_path):
    path = tmp_path / "h.nc"
    with pytest.raises(OptionError, match="given beside inputs"):
        pk.Recorder(path, inputs=INPUTS, features=FEATURES, probe_sets={"a": (INPUTS, FEATURES)})
    with pytest.raises(OptionError, match="probe_sets: there are none"):
        pk.Recorder(path, probe_sets={})
    with pytest.raises(OptionError, match=r"probe_sets\['b'\]: features \('q',\)"):
        pk.Recorder(path, probe_sets={"a": (INPUTS, FEATURES), "b": (INPUTS, {"q": INPUTS[:, 0]})})
    with recorder(path) as rec:
        rec.record(0, model_at(0), loss=1.0)
        for of_seed in (lambda: rec.record(1, model_at(1), seed=3), lambda: rec.recorded(seed=3)):
            with pytest.raises(OptionError, match="seed=3: the Recorder was made without one"):
                of_seed()
        with (
            recorder(tmp_path / "seeds.nc", seed=0) as seeds,
            pytest.raises(OptionError, match=r"seed=1\.5: must be a whole number"),
        ):
            seeds.record(1, model_at(1), seed=1.5)
        with pytest.raises(ShapeError, match=r"loss: shape \(2,\); give a single number"):
            rec.record(1, model_at(1), loss=np.ones(2))
        for value in ("low", None, 1j):
            with pytest.raises(ShapeError, match=r"loss: .*; give a number"):
                rec.record(1, model_at(1), loss=value)
        for step in (1.5, "1", None, np.nan):
            with pytest.raises(OptionError, match=f"step={step!r}: must be a whole number"):
                rec.record(step, model_at(1), loss=1.0)
        for name in ("linear_r2", "linear_r2_status", "layer", "feature"):
            with pytest.raises(OptionError, match=f"scalar '{name}': the history has this name"):
                rec.record(1, model_at(1), **{name: 1.0})
        with pytest.raises(OptionError, match="scalar 'a/b': no name for a variable"):
            rec.record(1, model_at(1), **{"a/b": 1.0})
        rec.record(jnp.int32(1), model_at(1), loss=jnp.bfloat16(1))
        with pytest.raises(OptionError, match=r"scalars: \[\]; the records before had \['loss'\]"):
            rec.record(1, model_at(1))


def test_records_of_other_layers_are_joined_in_forward_order(tmp_path):
    x = np.random.default_rng(0).normal(size=(9, 2)).astype(np.float32)
    path = tmp_path / "history.nc"
    with pk.Recorder(path, features={"feature": x[:, 0]}, flush_seconds=1000) as recording:
        for step, names in enumerate(["ba", "b", "ba"]):
            recording.record(step, pk.extractors.arrays(dict.fromkeys(names, x)))
    history = pk.open_history(path)
    assert history.layer.values.tolist() == ["b", "a"]
    assert history.linear_r2.isnull().values[:, :, 0].tolist() == [
        [False, False],
        [False, True],
        [False, False],
    ]


def test_a_history_that_is_being_written_here_says_so(tmp_path):
    path = tmp_path / "history.nc"
    features = {"feature": np.arange(3.0)}
    first = pk.Recorder(path, features=features)
    with pytest.raises(HistoryLockedError, match=r"by another process or by a Recorder here that"):
        pk.Recorder(path, features=features, overwrite=True)
    first.close()


def test_stored_activations_keep_the_forward_order(tmp_path):
    x = np.random.default_rng(0).normal(size=(9, 2)).astype(np.float32)
    names, path = ["c", "a", "z/k", "a/b", "z"], tmp_path / "history.nc"
    extractor, other = (pk.extractors.arrays(dict.fromkeys(names, z)) for z in (x, -x[:5]))
    held_out = other, {"feature": x[:5, 0]}
    given = {"features": {"feature": x[:, 0]}, "held_out": held_out, "store": "**"}
    with pk.Recorder(path, **given) as recording:
        recording.record(0, extractor)
        assert list(pk.open_activations(path)) == names
    assert list(pk.open_activations(path)) == names
    np.testing.assert_array_equal(pk.open_activations(path)["z/k"], -x[:5], "of those held out")


def test_the_writer_is_told_what_the_recorder_is_told(tmp_path, monkeypatch):
    told = {}

    def writer(path, **options):
        told.update(options)
        raise KeyboardInterrupt

    monkeypatch.setattr("probekit.recording.recorder.HistoryWriter", writer)
    given = {"durable": True, "overwrite": True, "resume": False, "storage": Storage(1, 10)}
    with pytest.raises(KeyboardInterrupt):
        recorder(tmp_path / "h.nc", seed=3, title="What it learns", **given)
    assert {name: told[name] for name in given} == given
    assert told["lead"] == ("seed", "step")
    assert told["attributes"]["title"] == "What it learns"


@pytest.mark.parametrize(("failing", "kept"), [("append", ()), ("finish", (0,))])
def test_a_recorder_that_cannot_write_lets_go_of_the_history(tmp_path, monkeypatch, failing, kept):
    """So that it can be gone on with here, once there is space."""

    def full(*_, **__):
        raise HistoryError("the disk is full")

    path = tmp_path / "h.nc"
    rec = recorder(path)
    rec.record(0, model_at(0))
    monkeypatch.setattr(rec._writer, failing, full)
    with pytest.raises(HistoryError, match="the disk is full"), rec:
        pass
    with recorder(path, resume=True) as rec:
        assert rec.recorded() == kept


def test_a_loss_that_the_loop_changes_in_place(tmp_path):
    """Rows are written later; all had the last one."""
    total = np.zeros(())
    with recorder(tmp_path / "history.nc", flush_seconds=100) as rec:
        for step in range(3):
            rec.record(step, model_at(step), loss=total)
            total += 1
    assert pk.open_history(tmp_path / "history.nc").loss.values.tolist() == [0, 1, 2]


@pytest.mark.filterwarnings("error")
def test_a_loss_of_pytorch(tmp_path):
    torch = optional("torch")
    with recorder(tmp_path / "history.nc") as rec:
        rec.record(0, model_at(0), loss=torch.tensor(1.5, requires_grad=True))
        rec.record(1, model_at(0), loss=torch.tensor(2.0, dtype=torch.bfloat16))
    assert pk.open_history(tmp_path / "history.nc").loss.values.tolist() == [1.5, 2]
