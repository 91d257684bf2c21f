"""The progress of a run on standard error: a listener, switched off with ``-p no:progress``."""

import math
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from probekit.plugins import hookimpl
from probekit_cli._terminal import Terminal

if TYPE_CHECKING:
    import xarray as xr

    from probekit.running import RunInfo

NAME = "progress"
"""Under this name the listener is a plugin."""

MANY = 3
"""If there are more features than this, their mean is shown."""


class Count:
    """How many rows of a run there are, and how long the others will take."""

    def __init__(self, run: "RunInfo", clock: Callable[[], float]) -> None:
        self.run, self.clock = run, clock
        self.total = len(run.seeds) * (run.epochs + 1)
        never = sum(run.epochs - last for last in run.ended.values())
        self.left = self.total - run.resumed_epochs - never
        self.seeds: tuple[int, ...] = ()
        self.epoch = -1
        self._stopped = False
        self._begun: set[int] = set()
        self._ended = set(run.ended)
        self._timed = 0
        self._timed_since: float | None = None

    def add(self, dataset: "xr.Dataset", ended: Sequence[int] = ()) -> None:
        """Count the rows of a chunk; seeds that have `ended` early leave no more to do."""
        self.seeds = tuple(int(seed) for seed in dataset["seed"].values)
        self.epoch = int(dataset["epoch"].values[-1])
        self._begun |= set(self.seeds)
        rows = len(set(self.seeds) - self._ended) * dataset.sizes["epoch"]
        without = len(set(ended) - self._ended) * (self.run.epochs - self.epoch)
        self._stopped = not set(ended) <= self._ended
        self._ended |= set(ended)
        self.left = max(0, self.left - rows - without)
        if self._timed_since is None:  # what came before was compiling, which tells nothing
            self._timed_since = self.clock()
        else:
            self._timed += rows

    @property
    def ends(self) -> bool:
        """Whether a seed has just come to its end."""
        return self._stopped or self.epoch >= self.run.epochs

    @property
    def seed_number(self) -> int:
        """Which of the run's seeds it has come to, from 1."""
        return max((self.run.seeds.index(seed) + 1 for seed in self._begun), default=0)

    @property
    def seconds_left(self) -> float:
        """The time that the rest will take; NaN before it can be told."""
        if self._timed_since is None or self._timed == 0:
            return math.nan
        return (self.clock() - self._timed_since) / self._timed * self.left

    @property
    def place(self) -> str:
        """Where the run is, in words."""
        if not self.seeds:
            return "before the first epoch"
        names = f"seed {self.seeds[0]}" + (f" to {self.seeds[-1]}" if len(self.seeds) > 1 else "")
        return f"at {names}, epoch {self.epoch}"


class Display(Protocol):
    """A way of showing progress."""

    def start(self, count: Count) -> None:
        """Say what begins."""

    def update(self, count: Count, scores: str) -> None:
        """Say where it is; `scores` are the current ones, in words."""

    def stop(self) -> None:
        """Leave the terminal as it was."""


class Progress:
    """Tells how far a run is: live bars for people who watch, a few plain lines for everybody else.

    Parameters
    ----------
    terminal : Terminal
    clock : callable
        Seconds, from any beginning.
    """

    def __init__(self, terminal: Terminal, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.terminal, self.clock = terminal, clock
        self._count: Count | None = None
        self._display: Display | None = None

    @hookimpl
    def probekit_run_started(self, run: "RunInfo") -> None:
        """Say what begins."""
        self._count = Count(run, self.clock)
        self._display = (Bars if self.terminal.is_live else Lines)(self.terminal)
        self._display.start(self._count)

    @hookimpl
    def probekit_chunk_finished(self, dataset: "xr.Dataset", ended: Sequence[int]) -> None:
        """Say where it is now."""
        if self._count is not None and self._display is not None:
            self._count.add(dataset, ended)
            self._display.update(self._count, current_scores(dataset))

    @hookimpl
    def probekit_run_finished(self) -> None:
        """Clear away."""
        self.stop()

    @hookimpl
    def probekit_run_failed(self) -> None:
        """Clear away; what went wrong is said elsewhere."""
        self.stop()

    @property
    def place(self) -> str:
        """Where the run is, as the end of a sentence; empty before it has begun."""
        return "" if self._count is None else f" {self._count.place}"

    def stop(self) -> None:
        """Clear the display away, if there is one."""
        if self._display is not None:
            self._display.stop()
            self._display = None


class Lines:
    """A line at the end of each seed and now and then between; ever more seldom in a long run."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal
        self._began = self._last = 0.0

    def start(self, count: Count) -> None:
        """Say what begins."""
        run = count.run
        self._began = self._last = count.clock()
        there = "1 epoch is" if run.resumed_epochs == 1 else f"{run.resumed_epochs} epochs are"
        resumed = f", {there} there already" if run.resumed_epochs else ""
        self.terminal.note(
            f"{run.task}: {_counted(len(run.seeds), 'seed')}, epochs 0 to {run.epochs}, "
            f"{_counted(len(run.layers), 'layer')}{resumed}"
        )

    def update(self, count: Count, scores: str) -> None:
        """Write a line if it is time for one."""
        now = count.clock()
        running, silent = now - self._began, now - self._last
        enough = max(1, running / 100) if count.ends else max(5, running / 20)
        if count.left > 0 and silent < enough:
            return
        self._last = now
        left = "" if count.left == 0 else _time_left(count.seconds_left)
        self.terminal.note(f"{count.place[3:]} of {count.run.epochs}: {scores}{left}")

    def stop(self) -> None:
        """There is nothing to clear away."""


class Bars:
    """Two live bars: seeds and epochs."""

    def __init__(self, terminal: Terminal) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn
        from rich.table import Column

        self._bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", table_column=Column(no_wrap=True, min_width=6)),
            BarColumn(bar_width=16),
            TextColumn("{task.fields[text]}"),
            console=Console(file=terminal.err),
            transient=True,
        )

    def start(self, count: Count) -> None:
        """Show empty bars: the program is being compiled."""
        self._run = self._bars.add_task("seeds", total=count.total, text="compiling")
        self._seed = self._bars.add_task("epochs", total=count.run.epochs, text="")
        self._bars.start()

    def update(self, count: Count, scores: str) -> None:
        """Move the bars."""
        run = count.run
        seeds = f"{count.seed_number}/{len(run.seeds)}{_time_left(count.seconds_left)}"
        self._bars.update(self._run, completed=count.total - count.left, text=seeds)
        epochs = f"{count.epoch}/{run.epochs}  {scores}"
        self._bars.update(self._seed, completed=count.epoch, text=epochs)

    def stop(self) -> None:
        """Remove the bars from the screen."""
        self._bars.stop()


def current_scores(dataset: "xr.Dataset") -> str:
    """Return loss and R² of the newest row in words, means over the seeds of the chunk.

    Examples
    --------
    >>> import xarray as xr
    >>> coords = {"seed": [0], "epoch": [3], "split": ["train"], "layer": ["a"], "feature": ["x"]}
    >>> current_scores(xr.Dataset({
    ...     "loss": (("split", "seed", "epoch"), [[[0.25]]]),
    ...     "linear_r2": (("seed", "epoch", "layer", "feature"), [[[[0.5]]]]),
    ... }, coords))
    'loss 0.2500, R² x 0.500'
    """
    newest = dataset.isel(epoch=-1)
    parts = []
    if "loss" in newest:
        loss = newest["loss"]
        loss = loss.sel(split="train") if "split" in loss.dims else loss
        parts.append(f"loss {float(loss.mean()):.4f}")
    if "linear_r2" in newest and "layer" in newest["linear_r2"].dims:
        from probekit.history.contents import last_hidden_layer

        layer = last_hidden_layer([str(name) for name in newest["layer"].values])
        scores = newest["linear_r2"].sel(layer=layer)
        means = scores.mean([dim for dim in scores.dims if dim != "feature"])
        names = [str(name) for name in means["feature"].values]
        if len(names) > MANY:
            names, means = ["mean"], means.mean("feature").expand_dims("feature")
        values = (f"{n} {float(v):.3f}" for n, v in zip(names, means.values, strict=True))
        parts.append("R² " + ", ".join(values))
    return ", ".join(parts)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _time_left(seconds: float) -> str:
    if math.isnan(seconds):
        return ""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    clock = f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
    return f", {clock} left"
