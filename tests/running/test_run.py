"""What a run promises: rows as they come, resuming bit for bit, nothing lost, clear errors."""

import dataclasses
import json
import time

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr

import probekit as pk
from probekit.errors import (
    DivergedError,
    HistoryExistsError,
    OptionError,
    PluginWarning,
    ProbekitWarning,
    ShapeError,
    UnknownNameError,
)
from probekit.estimators import Estimator, LinearR2
from probekit.history import Storage
from probekit.plugins import hookimpl
from probekit.probing.readout import absent
from probekit.running import compiled, lane, runner
from probekit.statistics import Moments
from probekit.tasks.complexity import ReferenceComplexity
from probekit.variables import Variable

SMALL = {
    "hidden": (6, 5),
    "units": 4,
    "train_examples": 100,
    "fit_examples": 40,
    "test_examples": 40,
    "batch_size": 32,
    "seeds": 2,
    "epochs": 20,
}


def run(**options):
    return pk.run("reference-complexity", **{**SMALL, **options})


@pytest.fixture(scope="module")
def whole():
    """An uninterrupted run."""
    return run()


class StopAfter:
    """A listener that ends the run, as a user's Ctrl-C would."""

    def __init__(self, chunks):
        self.left = chunks

    @hookimpl
    def probekit_chunk_finished(self):
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


def assert_identical(a, b):
    for dataset in (a, b):
        dataset.attrs.pop("history", None)
        dataset.attrs.pop("date", None)
    xr.testing.assert_identical(a, b)


@pytest.mark.filterwarnings("ignore::probekit.errors.ScoreWarning")  # examples without direction
def test_measures_of_kept_examples_compile_within_a_run():
    """What measures compile for themselves, as distances, is then a part of a larger program."""
    found = run(seeds=1, epochs=1, estimators=["rsa"])
    assert np.isfinite(found.rsa).any()


def test_dims_and_coordinates(whole):
    assert whole.loss.dims == ("split", "seed", "epoch")
    assert whole.accuracy.dims == whole.feature_loss.dims == ("split", "seed", "epoch", "feature")
    assert whole.linear_r2.dims == ("seed", "epoch", "layer", "feature")
    assert whole.total_variance.dims == ("seed", "epoch", "layer")
    assert whole.layer.values.tolist() == ["hidden_0", "hidden_1", "logits"]
    assert whole.split.values.tolist() == ["train", "test"]
    assert whole.epoch.values.tolist() == list(range(21))
    assert whole.linear_r2.attrs["estimator"].startswith("LinearR2(")
    assert whole.attrs["task"] == "reference-complexity"


@pytest.mark.parametrize("chunks", [1, 4, 6])  # the last is in the second seed
def test_a_resumed_run_is_the_uninterrupted_one_bit_for_bit(tmp_path, whole, chunks):
    path = tmp_path / "history.nc"
    with pytest.raises(KeyboardInterrupt):
        run(output=path, listeners=[StopAfter(chunks)])
    assert not path.exists()
    assert pk.open_history(path).sizes["epoch"] >= 1
    resumed = run(output=path, resume=True)
    assert_identical(resumed, whole.copy())
    assert path.exists()
    assert not path.with_name("history.nc.partial").exists()


@pytest.mark.slow
@pytest.mark.parametrize("slowly", [True, False])
def test_a_run_that_is_stopped_leaves_nothing_to_the_device(tmp_path, monkeypatch, slowly):
    """An interpreter that ends while XLA computes may crash; a chunk may be about to begin."""
    begun, chunk = [], lane.Compiled.chunk

    def remembered(*arguments):
        time.sleep(0.2 * slowly)
        begun.append(chunk(*arguments))
        return begun[-1]

    monkeypatch.setattr(lane.Compiled, "chunk", remembered)
    wide = {"hidden": (512, 512), "train_examples": 4096, "epochs": 8}
    with pytest.raises(KeyboardInterrupt):
        run(**wide, output=tmp_path / "history.nc", listeners=[StopAfter(2)])
    assert all(array.is_ready() for array in jax.tree.leaves(begun))


@pytest.mark.parametrize("left", [0, 1])
def test_rows_without_their_state_are_computed_anew(tmp_path, whole, left):
    """States that went missing: of rows that are there, an older state is no state."""
    path = tmp_path / "history.nc"
    with pytest.raises(KeyboardInterrupt):
        run(output=path, listeners=[StopAfter(4)])
    states = sorted(path.with_name("history.nc.partial").glob("state-seed-0-*"))
    assert len(states) == 2
    for state in states[left:]:
        state.unlink()
    assert_identical(run(output=path, resume=True), whole.copy())


def test_the_same_whatever_the_size_of_chunks(whole, monkeypatch):
    monkeypatch.setattr(lane, "SECONDS", 0.0)  # chunks never grow
    assert_identical(run(), whole.copy())


@pytest.mark.slow
def test_only_the_first_seed_begins_slowly():
    """Epoch 0 alone shows soon that a run works; the seeds after it take as many as fit."""

    class Sizes:
        def __init__(self):
            self.chunks = []

        @hookimpl
        def probekit_chunk_finished(self, dataset):
            self.chunks.append((int(dataset.seed[0]), dataset.sizes["epoch"]))

    sizes = Sizes()
    run(listeners=[sizes], seeds=3)
    assert sorted(sizes.chunks[:2]) == [(0, 1), (1, 1)]  # side by side
    assert next(count for seed, count in sizes.chunks if seed == 2) > 4


@pytest.mark.parametrize("seeds", [2, 3])
def test_seeds_side_by_side_or_one_by_one(seeds, monkeypatch):
    beside = run(seeds=seeds)
    monkeypatch.setattr(runner, "SIDE_BY_SIDE", 1)
    assert_identical(run(seeds=seeds), beside)


class Reached:
    """Notes which seeds have rows when."""

    def __init__(self):
        self.epochs = []

    @hookimpl
    def probekit_chunk_finished(self, dataset):
        self.epochs += [(int(dataset.seed[0]), epoch) for epoch in dataset.epoch.values.tolist()]


def test_the_first_of_an_odd_number_rests_halfway():
    """It goes on when one of the other two has ended, so that the last to end are two."""
    reached, begun = Reached(), Begun()
    run(listeners=[reached, begun], seeds=3)
    assert begun.path is None, "a history that is not kept is nowhere"
    half, last = SMALL["epochs"] // 2, SMALL["epochs"]
    ends = [reached.epochs.index((seed, last)) for seed in (1, 2)]
    assert reached.epochs.index((0, half)) < min(ends) < reached.epochs.index((0, half + 1))
    assert len(set(reached.epochs)) == len(reached.epochs) == 3 * (last + 1)


@pytest.mark.slow
@pytest.mark.parametrize("chunks", [3, 6, 9])
def test_a_run_is_resumed_while_a_seed_rests(tmp_path, chunks):
    path = tmp_path / "history.nc"
    with pytest.raises(KeyboardInterrupt):
        run(output=path, seeds=3, listeners=[StopAfter(chunks)])
    assert_identical(run(output=path, seeds=3, resume=True), run(seeds=3))


class Ends:
    """Notes which seeds have ended when."""

    def __init__(self):
        self.seeds = []

    @hookimpl
    def probekit_chunk_finished(self, dataset, ended):
        assert set(ended) <= set(dataset.seed.values.tolist())
        self.seeds += ended


@pytest.mark.parametrize(
    "options",
    [
        {},
        pytest.param({"vectorized": True}, marks=pytest.mark.slow),
        pytest.param({"stop_accuracy": 0.01}, marks=pytest.mark.slow),
    ],
)
def test_each_seed_ends_once(options):
    ends = Ends()
    run(listeners=[ends], seeds=3, **options)
    assert sorted(ends.seeds) == [0, 1, 2]


@pytest.mark.slow
def test_features_have_their_names_where_only_the_network_is_scored_on_them():
    history = run(seeds=1, epochs=0, estimators="participation_ratio")
    assert "feature" not in history.participation_ratio.dims
    assert history.accuracy.sel(feature="linear").sizes == {"split": 2, "seed": 1, "epoch": 1}


class Begun:
    """Notes what a run is told to be."""

    @hookimpl
    def probekit_run_started(self, run):
        self.ended, self.path = run.ended, run.path


@pytest.mark.slow
@pytest.mark.parametrize("vectorized", [False, True])
def test_a_resumed_run_tells_which_seeds_had_stopped_early(tmp_path, vectorized):
    path, begun = tmp_path / "history.nc", Begun()
    options = {"output": path, "vectorized": vectorized, "stop_accuracy": 0.01}
    with pytest.raises(KeyboardInterrupt):
        run(**options, listeners=[StopAfter(1), begun])
    assert begun.ended == {}
    run(**options, resume=True, listeners=[begun])
    one_of = [{0: 0, 1: 0}] if vectorized else [{0: 0}, {1: 0}]
    assert begun.ended in one_of


def test_pace_follows_the_time_that_chunks_take():
    pace = lane.Pace()
    for seconds, wanted in [(0.1, 2), (0.1, 4), (0.1, 5), (2.0, 2), (2.0, 1), (2.0, 1)]:
        pace.adapt(pace.epochs, seconds * lane.SECONDS, room=5)
        assert pace.epochs == wanted


def test_pace_is_steady_where_chunks_take_about_as_long_as_they_may():
    """Lanes of one pace do not wait for each other, whatever the chunks of a seed's end take."""
    pace = lane.Pace()
    each = 0.08 * lane.SECONDS
    for wanted in (2, 4, 8, 8, 8):
        pace.adapt(pace.epochs, each * pace.epochs, room=32)
        assert pace.epochs == wanted
    pace.adapt(3, 3 * each, room=32)  # the last of a seed
    assert pace.epochs == 8


def test_an_existing_history_is_kept(tmp_path):
    path = tmp_path / "reference-complexity.nc"
    first = run(output=tmp_path, seeds=1, epochs=1)  # a folder, as on the command line
    with pytest.raises(HistoryExistsError, match="exists"):
        run(output=path)
    second = run(output=path, overwrite=True)
    assert (first.sizes["epoch"], second.sizes["epoch"]) == (2, 21)


def test_resuming_with_other_settings_is_refused(tmp_path):
    path = tmp_path / "history.nc"
    with pytest.raises(KeyboardInterrupt):
        run(output=path, listeners=[StopAfter(2)])
    with pytest.raises(OptionError, match="learning_rate"):
        run(output=path, resume=True, learning_rate=0.5)
    with pytest.raises(OptionError, match="estimators"):
        run(output=path, resume=True, estimators=["cka"])


def test_training_stops_early():
    """At epoch 0 an accuracy above 1 % is reached, so only epoch 0 is recorded."""
    history = run(stop_accuracy=0.01)
    assert history.epoch.values.tolist() == [0]


class AtOnce(lane.Pace):
    """All epochs in one chunk, so that training stops within it."""

    def __init__(self):
        self.epochs = SMALL["epochs"] + 1


@pytest.mark.slow
def test_seeds_that_stop_early_have_nan_behind(tmp_path, monkeypatch):
    reached = run(features=("linear",))
    accuracy = reached.accuracy.sel(split="test", feature="linear").values
    for threshold in np.unique(accuracy):
        expected = (accuracy >= threshold).argmax(axis=1).tolist()
        if len(set(expected)) == 2 and (accuracy >= threshold).any(axis=1).all():
            break
    else:
        pytest.fail("the two seeds reach every accuracy at the same epoch")
    monkeypatch.setattr(runner, "Pace", AtOnce)
    stopped = run(
        features=("linear",),
        stop_accuracy=float(threshold),
        output=tmp_path / "history.nc",
        store_activations="hidden_1",
    )
    rows = pk.open_activations(tmp_path / "history.nc").rows
    kept = [[row["epoch"] for row in rows if row["seed"] == seed] for seed in (0, 1)]
    assert kept == [list(range(last + 1)) for last in expected]
    recorded = stopped.loss.sel(split="test").notnull().sum("epoch").values - 1
    assert recorded.tolist() == expected
    for seed, last in zip(stopped.seed.values, expected, strict=True):
        part = {"seed": seed, "epoch": slice(0, last)}
        xr.testing.assert_equal(stopped.sel(part).linear_r2, reached.sel(part).linear_r2)


def test_what_was_not_recorded_is_no_number():
    """In lanes of several seeds there are rows of those that have stopped."""
    assert np.isnan(absent(np.zeros(2, np.float32))).all()
    assert absent(np.zeros((2, 1), np.int8)).tolist() == [[-1], [-1]]  # a status: not recorded
    assert absent(np.ones(1, bool)).tolist() == [False]


@pytest.mark.slow
def test_vectorised_seeds_that_stop_early_have_nan_behind():
    options = {"features": ("linear",), "vectorized": True}
    accuracy = run(**options).accuracy.sel(split="test", feature="linear").values
    threshold = accuracy.max(axis=1).min()
    last = (accuracy >= threshold).argmax(axis=1)
    stopped = run(**options, stop_accuracy=float(threshold))
    recorded = stopped.epoch.values[None, :] <= last[:, None]
    assert not recorded.all()
    np.testing.assert_array_equal(stopped.loss.sel(split="test").notnull(), recorded)
    for layer in stopped.layer.values:
        score = stopped.sel(layer=layer, feature="linear")
        np.testing.assert_array_equal(score.linear_r2.notnull(), recorded)
        np.testing.assert_array_equal(score.linear_r2_status == 0, recorded)
        np.testing.assert_array_equal(score.linear_r2_status == -1, ~recorded)


def test_a_diverging_run_says_so_and_keeps_its_rows(tmp_path, monkeypatch):
    """Those before it in the same chunk, too."""
    monkeypatch.setattr(runner, "Pace", AtOnce)
    path = tmp_path / "history.nc"
    with pytest.raises(
        DivergedError, match=r"seed [01]: the loss is (nan|inf) at epoch [1-9]; .*smaller"
    ):
        run(output=path, optimizer="sgd", learning_rate=1e30)
    assert np.isfinite(pk.open_history(path).loss.sel(epoch=0)).all()


class DivergingOnTheTestSplit(ReferenceComplexity):
    def metrics(self, config, outputs, features):
        metrics = super().metrics(config, outputs, features)
        return metrics | {"loss": jnp.where(len(features) == 40, -jnp.inf, metrics["loss"])}


def test_the_loss_that_is_told_is_the_one_that_is_not_finite():
    with pytest.raises(DivergedError, match=r"seed 0: the loss is -inf at epoch 0;"):
        pk.run(DivergingOnTheTestSplit, **SMALL | {"seeds": 1, "epochs": 1})


class Failing:
    @hookimpl
    def probekit_chunk_finished(self, dataset):
        raise ValueError(f"at epoch {int(dataset.epoch[-1])}")


def test_a_listener_that_fails_at_each_chunk_is_told_once_a_run(monkeypatch):
    monkeypatch.setattr(runner, "Pace", AtOnce)
    for _ in range(2):
        with pytest.warns(PluginWarning, match="'Failing': probekit_chunk_finished rais") as told:
            run(listeners=[Failing()])
        assert len(told) == 1


@pytest.mark.slow
def test_vectorised_seeds_agree_with_single_ones(whole):
    together = run(vectorized=True)
    # Other kernels add in another order, and training makes differences grow.
    first = {"epoch": slice(0, 5)}
    xr.testing.assert_allclose(together.sel(first), whole.sel(first), rtol=1e-3, atol=1e-4)


def test_vectorised_seeds_train_no_epoch_that_is_not_wanted():
    """A chunk has room for many: one that has few of them must not take as long as a full one."""
    steps = []

    class Counting(ReferenceComplexity):
        def step(self, *arguments):
            jax.debug.callback(lambda: steps.append(1))
            return super().step(*arguments)

    pk.run(Counting(), **SMALL | {"epochs": 3, "vectorized": True})
    of_an_epoch = -(-SMALL["train_examples"] // SMALL["batch_size"])
    assert 0 < len(steps) <= SMALL["seeds"] * of_an_epoch * 4  # epoch 0 is among them


def stopped_and_resumed(path, chunks, **options):
    """A run that is stopped after so many chunks, and then goes on."""
    with pytest.raises(KeyboardInterrupt):
        run(output=path, listeners=[StopAfter(chunks)], **options)
    return run(output=path, resume=True, **options)


@pytest.mark.slow
def test_vectorised_seeds_are_resumed_bit_for_bit(tmp_path):
    resumed = stopped_and_resumed(tmp_path / "history.nc", 3, vectorized=True)
    assert_identical(resumed, run(vectorized=True))


@pytest.mark.slow
@pytest.mark.parametrize("chunks", [1, 2, 3, 4])
def test_vectorised_seeds_are_resumed_with_those_that_had_stopped(tmp_path, monkeypatch, chunks):
    """Alone a seed would differ in its last digits from what it is beside another."""
    monkeypatch.setattr(lane, "SECONDS", 1e9)  # so that chunks grow alike
    options = {"features": ("linear",), "vectorized": True, "seeds": 3}
    accuracy = run(**options).accuracy.sel(split="test", feature="linear").values
    threshold = np.sort(accuracy.max(axis=1))[-2]
    last = (accuracy >= threshold).argmax(axis=1)
    assert 0 < last[last > 0].min() < SMALL["epochs"]
    options["stop_accuracy"] = float(threshold)
    resumed = stopped_and_resumed(tmp_path / "history.nc", chunks, **options)
    assert_identical(resumed, run(**options))


@pytest.mark.parametrize("before", [True, False])
def test_a_run_is_resumed_as_it_was_begun(tmp_path, before):
    """Vectorised arithmetic differs in the last digits: half of it would be neither."""
    path = tmp_path / "history.nc"
    with pytest.raises(KeyboardInterrupt):
        run(output=path, listeners=[StopAfter(2)], vectorized=before)
    with pytest.raises(OptionError, match=r"was begun with(out)? vectorized"):
        run(output=path, resume=True, vectorized=not before)


def test_unknown_settings_and_tasks_get_near_matches():
    with pytest.raises(UnknownNameError, match="'learnin_rate'; did you mean 'learning_rate'"):
        run(learnin_rate=0.1)
    with pytest.raises(UnknownNameError, match="'reference-complexty'; did you mean"):
        pk.run("reference-complexty")
    with pytest.raises(OptionError, match="layers='hidden_9': matches none of hidden_0"):
        run(layers="hidden_9")
    with pytest.raises(OptionError, match="every=0: must be at least 1"):
        run(every=0)
    with pytest.raises(OptionError, match="is no task"):
        pk.run(object())


def test_a_fit_that_is_exact_whatever_the_network_does_is_refused(tmp_path, monkeypatch):
    """Before anything is trained, and nothing is left of it."""
    monkeypatch.setattr(runner, "run_lane", None)
    estimators = ["linear_r2", pk.estimators.DecodingR2(penalty=0)]
    with pytest.raises(ShapeError, match="layer 'hidden_1': 9 units, more than the 8 examples"):
        pk.run(
            "reference-complexity",
            output=tmp_path / "refused.nc",
            estimators=estimators,
            **SMALL | {"fit_examples": 8, "hidden": (8, 9)},
        )
    assert not list(tmp_path.iterdir())


def test_settings_without_effect_are_warned_of(tmp_path):
    path = tmp_path / "there.nc"
    path.touch()
    given = {"momentum": 0.9, "weight_decay": 0.1, "optimizer": "adamw", "every": 2}
    with (
        pytest.warns(ProbekitWarning) as caught,
        pytest.raises(HistoryExistsError),  # before anything is computed
    ):
        run(output=path, storage=Storage(1), **given)
    assert [str(one.message).split(": ")[0] for one in caught] == [
        "momentum=0.9",
        "every=2",
        "storage=Storage(compression=1, keep_bits=None)",
    ]
    assert "optimizer='adamw', only with optimizer='momentum'" in str(caught[0].message)


def test_the_writer_is_told_what_the_run_is_told(tmp_path, monkeypatch):
    told = {}

    def writer(path, **options):
        told.update(options)
        raise KeyboardInterrupt

    monkeypatch.setattr(runner, "HistoryWriter", writer)
    given = {"durable": True, "overwrite": True, "resume": False, "storage": Storage(1, 10)}
    with pytest.raises(KeyboardInterrupt):
        run(output=tmp_path / "h.nc", store_activations="*_1", every=3, layers="hidden_*", **given)
    assert {name: told[name] for name in given} == given
    config = json.loads(told["attributes"]["config"])
    assert (config["store_activations"], config["every"]) == (["hidden_1"], 3)
    assert config["layers"] == ["hidden_0", "hidden_1"]


@pytest.mark.parametrize(("backend", "seeds"), [("cpu", 1), ("gpu", 3)])
def test_seeds_run_at_once_on_an_accelerator(monkeypatch, backend, seeds):
    monkeypatch.setattr(jax, "default_backend", lambda: backend)
    assert runner.lane_size(3, None) == seeds
    assert [runner.lane_size(3, vectorized) for vectorized in (False, True)] == [1, 3]


@pytest.mark.slow
def test_a_chunk_hands_out_no_more_than_there_is_room_for(monkeypatch):
    monkeypatch.setattr(compiled, "ROOM", 1)
    monkeypatch.setattr(lane, "SECONDS", 1e9)  # so that chunks would grow
    diary = Diary()
    run(listeners=[diary], seeds=1, epochs=3, hidden=(5,))
    assert diary.lines[1:-1] == [("chunk", [epoch]) for epoch in range(4)]


def test_layers_can_be_chosen():
    history = run(layers=["hidden_1", "log*"], seeds=1, epochs=1)
    assert history.layer.values.tolist() == ["hidden_1", "logits"]


def test_activations_are_kept(tmp_path):
    path = tmp_path / "history.nc"
    history = run(output=path, store_activations="hidden_1", every=10, seeds=1)
    stored = pk.open_activations(path)
    assert stored.layers == ("hidden_1",)
    assert [row["epoch"] for row in stored.rows] == [0, 10, 20]
    last = np.asarray(stored["hidden_1"][:])
    assert last.shape == (40, 5)
    variance = float(history.total_variance.sel(layer="hidden_1").isel(seed=0, epoch=-1))
    np.testing.assert_allclose(last.var(axis=0).sum(), variance, rtol=1e-5)


@dataclasses.dataclass(frozen=True, kw_only=True)
class OnHost(Estimator):
    """Total variance by NumPy, which refuses tracers."""

    name: str = "on_host"
    kind = "geometry"
    traceable = False
    statistic = Moments(xx="diagonal")

    @property
    def variables(self):
        return (Variable(self.name),)

    def compute(self, fit, held_out):
        assert isinstance(held_out.xx, np.ndarray)
        return {self.name: np.float32(held_out.x_squares.sum() / held_out.count)}


def test_an_estimator_with_the_name_of_what_the_task_reports():
    message = r"LinearR2\(.*\) reports 'loss', as task 'reference-complexity' itself does; give it"
    with pytest.raises(OptionError, match=message):
        run(estimators=[LinearR2(name="loss")])


def test_estimators_on_the_host(whole):
    history = run(estimators=["total_variance", OnHost()])
    np.testing.assert_allclose(history.on_host, whole.total_variance, rtol=1e-5)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Counted(OnHost):
    """Notes when it is computed, on the host or under ``jit``."""

    noted: list = dataclasses.field(default_factory=list, compare=False, repr=False)
    traceable: bool = False

    def compute(self, fit, held_out):
        jax.debug.callback(lambda: self.noted.append(1))
        return {self.name: held_out.x_squares.sum() / held_out.count}


@pytest.mark.slow
@pytest.mark.parametrize("traceable", [False, True])
def test_only_epochs_that_there_are_are_scored(traceable):
    """A chunk has room for more of them, the first and the last above all."""
    estimator = Counted(traceable=traceable)
    history = run(estimators=[estimator], layers="hidden_1")
    jax.effects_barrier()
    assert len(estimator.noted) == history.on_host.size == 2 * 21


class Diary:
    """Notes what it is told."""

    def __init__(self):
        self.lines = []

    @hookimpl
    def probekit_run_started(self, run):
        self.lines.append(("started", run.seeds, run.epochs))

    @hookimpl
    def probekit_chunk_finished(self, run, dataset):
        self.lines.append(("chunk", dataset.epoch.values.tolist()))

    @hookimpl
    def probekit_run_finished(self, run, path):
        self.lines.append(("finished", path))

    @hookimpl
    def probekit_run_failed(self, run, error):
        self.lines.append(("failed", type(error).__name__))


class Reader:
    """Looks into the history whenever it is told of something."""

    @hookimpl
    def probekit_chunk_finished(self, run, dataset):
        there = pk.open_history(run.path).sel(epoch=dataset.epoch)
        xr.testing.assert_equal(there.linear_r2, dataset.linear_r2)

    @hookimpl
    def probekit_run_finished(self, path):
        assert path.exists()


def test_listeners_are_told(tmp_path):
    """Of what is in the history already: what they raise is a warning, an error here."""
    diary = Diary()
    run(listeners=[diary, Reader()], seeds=1, epochs=5, output=tmp_path / "h.nc")
    assert diary.lines[0] == ("started", (0,), 5)
    assert diary.lines[-1] == ("finished", tmp_path / "h.nc")
    epochs = [epoch for kind, *rest in diary.lines if kind == "chunk" for epoch in rest[0]]
    assert epochs == list(range(6))


@pytest.mark.slow
def test_listeners_hear_of_failure():
    diary = Diary()
    with pytest.raises(DivergedError):
        run(listeners=[diary], optimizer="sgd", learning_rate=1e30)
    assert diary.lines[-1] == ("failed", "DivergedError")


class Broken:
    @hookimpl
    def probekit_chunk_finished(self, dataset):
        raise ValueError("I am broken")


def test_a_broken_listener_does_no_harm(whole):
    with pytest.warns(
        pk.errors.PluginWarning, match="'Broken': probekit_chunk_finished raised ValueError"
    ):
        history = run(listeners=[Broken()])
    assert_identical(history, whole.copy())


def test_one_program_for_all_seeds_and_chunks(capfd):
    """Every chunk after the first, and every seed, runs what has been compiled already."""
    names = []
    with jax.log_compiles():
        import logging

        class Handler(logging.Handler):
            def emit(self, record):
                if "Compiling jit" in record.getMessage():
                    names.append(record.getMessage())

        handler = Handler()
        logging.getLogger("jax").addHandler(handler)
        try:
            run(seeds=3, epochs=40)
        finally:
            logging.getLogger("jax").removeHandler(handler)
    chunks = [name for name in names if "of_one" in name]
    assert len(chunks) == 2, names  # initial states, and the chunk
