"""Progress: bars for people who watch, few lines for everybody else."""

import io
import math
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from probekit.running import RunInfo
from probekit_cli._progress import Count, Lines, Progress, current_scores
from probekit_cli._terminal import Terminal


class Clock:
    """Time that passes when it is told to."""

    now = 100.0

    def __call__(self):
        return self.now


class Screen(io.StringIO):
    """A terminal."""

    def isatty(self):
        return True


def run_info(seeds=2, epochs=4, resumed=0, ended=()):
    names, numbers = (("hidden_0", "logits"), ("linear", "xor")), tuple(range(seeds))
    ended = dict(ended)
    return RunInfo("my-task", None, numbers, epochs, Path("h.nc"), *names, resumed, ended)


def chunk(seeds, epochs, features=2):
    shape = (len(seeds), len(epochs))
    loss = np.broadcast_to(1 / (1 + np.array(epochs, float)), (2, *shape))
    r2 = np.arange(2.0 * features).reshape(2, features) / 10 + np.zeros((*shape, 1, 1))
    return xr.Dataset(
        {
            "loss": (("split", "seed", "epoch"), loss),
            "linear_r2": (("seed", "epoch", "layer", "feature"), r2),
        },
        {
            "seed": list(seeds),
            "epoch": list(epochs),
            "split": ["train", "test"],
            "layer": ["hidden_0", "logits"],
            "feature": [f"f{number}" for number in range(features)],
        },
    )


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def screen():
    return io.StringIO()


@pytest.fixture
def progress(clock, screen):
    return Progress(Terminal(err=screen), clock=clock)


# ----------------------------------------------------------------------------- scores


def test_scores_are_those_of_the_last_layer_before_the_output():
    assert current_scores(chunk((0,), (1, 3))) == "loss 0.2500, R² f0 0.000, f1 0.100"


def test_many_features_are_shown_as_their_mean():
    assert current_scores(chunk((0,), (0,), features=4)) == "loss 1.0000, R² mean 0.150"


def test_what_is_not_there_is_not_shown():
    assert current_scores(chunk((0,), (0,)).drop_vars(["linear_r2"])) == "loss 1.0000"
    assert current_scores(chunk((0,), (0,)).drop_vars(["linear_r2", "loss"])) == ""


def test_seeds_at_once_are_averaged():
    both = chunk((0, 1), (0,))
    both["loss"] = both["loss"] + xr.DataArray([0.0, 2.0], dims="seed")
    assert current_scores(both).startswith("loss 2.0000")


# ----------------------------------------------------------------------------- counts


def test_time_left_leaves_compiling_out(clock):
    count = Count(run_info(seeds=1, epochs=9), clock)
    clock.now += 1000  # compiling
    count.add(chunk((0,), (0,)))
    assert math.isnan(count.seconds_left)
    clock.now += 3
    count.add(chunk((0,), (1, 2, 3)))
    assert count.seconds_left == pytest.approx(6)


def test_rows_that_were_there_count(clock):
    count = Count(run_info(seeds=2, epochs=4, resumed=7), clock)
    assert (count.total, count.left) == (10, 3)


def test_seeds_that_had_stopped_early_before_leave_nothing_to_do(clock):
    """Vectorised ones are taken along, without rows."""
    count = Count(run_info(seeds=3, epochs=9, resumed=11, ended={0: 2, 1: 6}), clock)
    assert count.left == 9
    count.add(chunk((0, 1, 2), (1, 2)), ended=(0, 1))
    assert count.left == 7
    count.add(chunk((2,), (3,)), ended=(0, 1, 2))
    assert count.left == 0


def test_a_seed_that_stops_early_leaves_nothing_to_do(clock):
    count = Count(run_info(seeds=2, epochs=9), clock)
    count.add(chunk((0,), range(3)), ended=())
    count.add(chunk((1,), range(1)), ended=())  # two seeds side by side
    assert count.left == 16
    count.add(chunk((0,), (3,)), ended=(0,))
    assert count.left == 9


def test_of_seeds_at_once_some_stop_early(clock):
    count = Count(run_info(seeds=2, epochs=9), clock)
    count.add(chunk((0, 1), range(3)), ended=(0,))
    assert count.left == 7
    count.add(chunk((0, 1), (3, 4)), ended=(0,))  # of the first, rows without anything
    assert count.left == 5


def test_where_it_is(clock):
    count = Count(run_info(), clock)
    assert count.place == "before the first epoch"
    count.add(chunk((1,), (3,)))
    assert (count.place, count.seed_number) == ("at seed 1, epoch 3", 2)
    count.add(chunk((0,), (3,)))
    assert (count.place, count.seed_number) == ("at seed 0, epoch 3", 2)
    count.add(chunk((0, 1), (4,)))
    assert count.place == "at seed 0 to 1, epoch 4"


# ------------------------------------------------------------------------------ lines


def test_lines_of_a_short_run(progress, clock, screen):
    progress.probekit_run_started(run=run_info())
    clock.now += 1
    progress.probekit_chunk_finished(dataset=chunk((0,), (0, 1)), ended=())  # not yet
    clock.now += 1
    progress.probekit_chunk_finished(dataset=chunk((0,), (2, 3, 4)), ended=())  # a seed is done
    clock.now += 0.1
    progress.probekit_chunk_finished(dataset=chunk((1,), range(5)), ended=())  # all is done
    progress.probekit_run_finished()
    assert screen.getvalue().splitlines() == [
        "my-task: 2 seeds, epochs 0 to 4, 2 layers",
        "seed 0, epoch 4 of 4: loss 0.2000, R² f0 0.000, f1 0.100, 0:02 left",
        "seed 1, epoch 4 of 4: loss 0.2000, R² f0 0.000, f1 0.100",
    ]


def test_a_resumed_run_says_so(progress, screen):
    progress.probekit_run_started(run=run_info(seeds=1, resumed=3))
    assert screen.getvalue() == (
        "my-task: 1 seed, epochs 0 to 4, 2 layers, 3 epochs are there already\n"
    )


def test_a_seed_that_stops_early_has_a_line(progress, clock, screen):
    progress.probekit_run_started(run=run_info(epochs=9))
    for epoch, ended in ((0, ()), (1, ()), (2, (0,))):
        clock.now += 1.5
        progress.probekit_chunk_finished(dataset=chunk((0,), (epoch,)), ended=ended)
    lines = screen.getvalue().splitlines()
    assert [line[:17] for line in lines[1:]] == ["seed 0, epoch 2 o"]


@pytest.mark.parametrize(("seeds", "epochs"), [(1, 40000), (10000, 3)])
def test_a_day_long_run_never_writes_thousands_of_lines(clock, screen, seeds, epochs):
    lines, count = Lines(Terminal(err=screen)), Count(run_info(seeds, epochs), clock)
    lines.start(count)
    for seed in range(seeds):
        for epoch in range(epochs + 1):
            clock.now += 86400 / 40000
            count.seeds, count.epoch, count.left = (seed,), epoch, count.left - 1
            lines.update(count, "loss 0.5")
    written = screen.getvalue().splitlines()
    assert 100 < len(written) < 1000
    assert written[-1] == f"seed {seeds - 1}, epoch {epochs} of {epochs}: loss 0.5"


# ------------------------------------------------------------------------------- bars


@pytest.fixture
def watched(clock, monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    screen = Screen()
    return Progress(Terminal(err=screen), clock=clock), screen


def test_bars_show_where_it_is_and_go_away(watched, clock):
    progress, screen = watched
    progress.probekit_run_started(run=run_info())
    clock.now += 2
    progress.probekit_chunk_finished(dataset=chunk((0,), (0,)), ended=())
    clock.now += 2
    progress.probekit_chunk_finished(dataset=chunk((0,), (1, 2)), ended=())
    progress._display._bars.refresh()
    progress.probekit_run_failed()
    shown = screen.getvalue()
    assert "compiling" in shown
    assert "1/2, 0:07 left" in shown
    assert "2/4  loss 0.3333, R² f0 0.000, f1 0.100" in shown
    assert shown.rstrip("\n").endswith("\x1b[2K")  # the last lines are erased
    progress.stop()  # harmless


def test_bars_say_what_they_are_on_a_narrow_screen(watched, clock, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    progress, screen = watched
    progress.probekit_run_started(run=run_info())
    progress.probekit_chunk_finished(dataset=chunk((0,), (0,)), ended=())
    progress._display._bars.refresh()
    progress.stop()
    assert "epochs 0/4  loss 1.0000" in screen.getvalue()


def test_a_dumb_terminal_gets_lines(monkeypatch, clock):
    monkeypatch.setenv("TERM", "dumb")
    screen = Screen()
    Progress(Terminal(err=screen), clock=clock).probekit_run_started(run=run_info())
    assert screen.getvalue().startswith("my-task: 2 seeds")


def test_quiet_writes_nothing(clock):
    screen = io.StringIO()
    progress = Progress(Terminal(err=screen, quiet=True), clock=clock)
    progress.probekit_run_started(run=run_info())
    progress.probekit_chunk_finished(dataset=chunk((0,), range(5)), ended=())
    assert screen.getvalue() == ""
    assert progress.place == " at seed 0, epoch 4"
