"""`run`: a task from beginning to end, into a history."""

import contextlib
import dataclasses
import importlib
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jax
import numpy as np
from threadpoolctl import threadpool_limits

from probekit._checks import check_count, warn_of_no_effect
from probekit.errors import DivergedError, OptionError
from probekit.estimators import Estimator, resolve
from probekit.history import HistoryWriter, Storage, make_attributes, open_history
from probekit.naming import path_in
from probekit.plugins import Manager, get_manager
from probekit.probing.undefined import warn_of_undefined
from probekit.recording.plugged import with_plugin_variables
from probekit.running.compiled import Compiled, compiled_for
from probekit.running.lane import Chunk, Pace, run_lane, stacked_data
from probekit.running.memory import told_of_memory
from probekit.running.program import Carry, Data, Program
from probekit.running.resolving import adapted, check_apart, config_of, program_of, task_of
from probekit.running.resuming import Standing
from probekit.running.rows import SCORED, activations_of, carry_of, leaves_of, rows_of
from probekit.running.turns import Lane, side_by_side
from probekit.tasks import Task, TaskConfig, without_effect

if TYPE_CHECKING:
    import xarray as xr


@dataclasses.dataclass(frozen=True)
class RunInfo:
    """What listeners are told of a run.

    Attributes
    ----------
    task : str
        Name of the task.
    config : TaskConfig
        Its settings.
    seeds : tuple of int
        All seeds of the run.
    epochs : int
        Number of the last epoch; the first is 0, before any training.
    path : Path or None
        The history; None if it is not kept.
    layers, features : tuple of str
        What is probed, and for what.
    resumed_epochs : int
        How many rows were there already, summed over the seeds.
    ended : mapping of int to int
        Seeds that had stopped training before this run was resumed, and their last epochs.
    """

    task: str
    config: TaskConfig
    seeds: tuple[int, ...]
    epochs: int
    path: Path | None
    layers: tuple[str, ...]
    features: tuple[str, ...]
    resumed_epochs: int = 0
    ended: Mapping[int, int] = dataclasses.field(default_factory=dict)


def run(
    task: str | Task | type[Task],
    *,
    output: str | os.PathLike[str] | None = None,
    estimators: str | Estimator | Iterable[str | Estimator] | None = None,
    layers: str | Sequence[str] = "**",
    store_activations: str | Sequence[str] = (),
    every: int = 1,
    storage: Storage = Storage(),  # noqa: B008  (a tuple: immutable)
    overwrite: bool = False,
    resume: bool = False,
    durable: bool = False,
    vectorized: bool | None = None,
    listeners: Iterable[object] = (),
    **options: Any,
) -> "xr.Dataset":
    """Run a task and return its history.

    Training and probing are one compiled program per chunk of epochs; the host sees scores only.
    Rows are on disk soon after they are computed, and a run that was stopped, whatever stopped it,
    can be resumed: the finished history equals that of an uninterrupted run bit for bit.

    Parameters
    ----------
    task : str, Task or class
        A registered name (``probekit list tasks``) or a task.
    output : path, optional
        The history, ``NAME.nc``, or a folder for it, where it is called after the task. Without it
        nothing is kept on disk.
    estimators : names or instances, optional
        What to estimate; the task's own choice unless given. What they find out about features, as
        conditions, is that of the examples of the first seed.
    layers : str or sequence of str
        Globs over the names of the layers to probe; all of them unless given.
    store_activations : str or sequence of str
        Globs over the layers whose activations on the test split are kept in the history.
    every : int
        Activations are kept of every so many epochs.
    storage : Storage
        How activations are packed: ``probekit.history.Storage(compression=1, keep_bits=10)`` takes
        about a third of the space; as they are unless given.
    overwrite : bool
        Replace a history that is there.
    resume : bool
        Go on with the unfinished history that is there.
    durable : bool
        Flush every file to the disk, so that a power cut loses no more than a kill does.
    vectorized : bool, optional
        Whether all seeds run at once. Unless given: on an accelerator, but not on a CPU, where it
        is slower. Vectorised arithmetic differs in the last digits, so that a run is resumed as it
        was begun.
    listeners : iterable of plugin
        Objects with hook implementations, told of this run alone.
    **options
        Settings of the task: the fields of its config.

    Returns
    -------
    xarray.Dataset
        With dims ``seed``, ``epoch``, ``layer``, ``feature``, ``split``.

    Raises
    ------
    OptionError, UnknownNameError
        If a setting cannot be used, or a name is not known; before anything runs.
    ShapeError
        If an estimator fits without a penalty, and to so few examples that any fit would be exact;
        before anything is trained.
    HistoryError
        If the history exists, is being written by another process, or cannot be written.
    DivergedError
        If the loss is no longer finite. What was recorded stays.
    OutOfMemoryError
        If data, network or activations do not fit into memory. What was recorded stays.

    Warns
    -----
    ProbekitWarning
        Of settings that have no effect beside the others.
    ScoreWarning
        Once per layer with undefined scores (NaN): which, and why; and once with scores that are
        means over units of which some are constant.

    Examples
    --------
    >>> import probekit as pk
    >>> history = pk.run("reference-complexity", seeds=1, epochs=1, train_examples=64,
    ...                  batch_size=32, hidden=(8,))
    >>> dict(history.linear_r2.sizes)
    {'seed': 1, 'epoch': 2, 'layer': 2, 'feature': 2}
    """
    manager = get_manager()
    chosen = task_of(task)
    config = config_of(chosen, options)
    asked = resolve(chosen.estimators if estimators is None else estimators)
    check_apart(chosen, asked)
    with told_of_memory():
        asked = adapted(chosen, config, asked)
    program = program_of(chosen, config, asked, layers, store_activations)
    check_count("every", every, 1)
    _warn_without_effect(config, options, every=every, storage=storage, stored=program.stored)
    with contextlib.ExitStack() as stack:
        for listener in _listed(listeners):
            stack.enter_context(manager.listening(listener))
        together = lane_size(config.seeds, vectorized)
        folder = stack.enter_context(tempfile.TemporaryDirectory()) if output is None else ""
        path = Path(folder, "history.nc") if output is None else path_in(output, chosen.name)
        writer = stack.enter_context(
            HistoryWriter(
                path,
                attributes=_attributes(program, every, together),
                overwrite=overwrite,
                resume=resume,
                durable=durable,
                storage=storage,
            )
        )
        kept = output is not None
        running = _Run(program, writer, manager, lane=together, kept=kept, every=every)
        running.go()
        finished = writer.finish()
        running.tell_finished()
        return open_history(finished)


def lane_size(seeds: int, vectorized: bool | None) -> int:
    """Return how many seeds run at once."""
    if vectorized is None:
        vectorized = jax.default_backend() != "cpu"
    return seeds if vectorized else 1


SIDE_BY_SIDE = 2
"""How many lanes of one seed run at a time; one of several seeds fills the device by itself."""


class _Run:
    """A run in progress: what its steps share."""

    def __init__(
        self,
        program: Program,
        writer: HistoryWriter,
        manager: Manager,
        *,
        lane: int,
        kept: bool,
        every: int,
    ) -> None:
        self.program, self.writer = program, writer
        self.hook, self.lane, self.every = manager.hook.telling_once(set()), lane, every
        config = program.config
        self.seeds = tuple(range(config.first_seed, config.first_seed + config.seeds))
        self.standing = Standing(writer, self.seeds)
        self.pace = Pace()
        self.info = RunInfo(
            task=program.task.name,
            config=config,
            seeds=self.seeds,
            epochs=config.epochs,
            path=writer.path if kept else None,
            layers=program.layers,
            features=program.plan.names,
            resumed_epochs=sum(epoch + 1 for epoch in self.standing.reached.values()),
            ended=self.standing.ended(lane),
        )
        self.warned: set[str] = set()

    def go(self) -> None:
        """Run every seed to its end, lane by lane."""
        self.hook.probekit_run_started(run=self.info)
        try:
            with contextlib.ExitStack() as meanwhile:
                count = SIDE_BY_SIDE if self.lane == 1 else 1
                turns = side_by_side(self._lanes(count, meanwhile), count)
                chunks = meanwhile.enter_context(contextlib.closing(turns))
                meanwhile.enter_context(told_of_memory())
                for chunk in chunks:
                    self._record(chunk)
        except BaseException as error:
            self.hook.probekit_run_failed(run=self.info, error=error)
            raise

    def tell_finished(self) -> None:
        """Tell the listeners that the history is complete."""
        self.hook.probekit_run_finished(run=self.info, path=self.info.path)

    def _lanes(self, count: int, meanwhile: contextlib.ExitStack) -> list[Lane[Chunk]]:
        """Return the lanes that have not ended, of which so many run at a time.

        If some would have to be alone with all cores at the end, the first rests half-way: then two
        that run side by side end together (McNaughton 1959).
        """
        waiting = list(self.standing.lanes(self.lane, self.info.epochs))
        rests = len(waiting) > count and len(waiting) % count > 0
        return [
            self._chunks(seeds, first, meanwhile, rests=rests and place == 0)
            for place, (seeds, first) in enumerate(waiting)
        ]

    def _chunks(
        self, seeds: tuple[int, ...], first: int, meanwhile: contextlib.ExitStack, *, rests: bool
    ) -> Lane[Chunk]:
        """Yield the chunks of a lane, from its first epoch that is to be computed."""
        last = self.info.epochs
        compiled, data, orders, carry = self._prepared(seeds, first)
        # SciPy's BLAS is loaded by now if a score needs it; its threads would take XLA's cores.
        meanwhile.enter_context(threadpool_limits(1, user_api="blas"))
        for end in [(first + last) // 2, last] if rests else [last]:
            bounds = {"first": first, "last": end}
            chunks = run_lane(compiled, data, seeds, orders, carry, **bounds, pace=self.pace)
            with contextlib.closing(chunks):
                for chunk in chunks:
                    yield chunk
                    carry = chunk.result().carry
            if np.all(carry.finished):
                return
            first = end + 1
            if end < last:
                yield None

    def _prepared(
        self, seeds: tuple[int, ...], first: int
    ) -> tuple[Compiled, Data, list[Iterator[np.ndarray]], Carry]:
        """Return what a lane is given: where its seeds stand, and their orders, at an epoch."""
        program, config = self.program, self.program.config
        data = stacked_data([program.task.data(config, seed) for seed in seeds])
        compiled = compiled_for(program, data)
        importlib.import_module("xarray")  # rows need it; now, while a core is idle
        states = self.standing.states(seeds) if first > 0 else None
        if states is None:
            carry = compiled.init(seeds)
        else:
            carry = carry_of(program, [leaves for leaves, _ in states])
        orders = [iter(program.task.orders(config, seed)) for seed in seeds]
        for order in orders:
            next(islice(order, max(first - 1, 0), max(first - 1, 0)), None)  # trained already
        return compiled, data, orders, carry

    def _record(self, chunk: Chunk) -> None:
        """Put the rows of a chunk into the history, then the listeners may look."""
        rows = rows_of(self.program, chunk)
        if rows is None:
            return
        rows = with_plugin_variables(rows, self.writer, self.hook)
        finished = np.asarray(chunk.carry.finished)
        for place, seed in enumerate(chunk.seeds):
            meta = {"epoch": int(rows.epoch[-1]), "finished": bool(finished[place])}
            self.writer.save_state(f"seed-{seed}", leaves_of(chunk.carry, place), meta)
        self.writer.append(rows, activations=activations_of(self.program, chunk, every=self.every))
        last = finished | (chunk.epochs[-1] >= self.info.epochs)
        ended = tuple(seed for seed, no_more in zip(chunk.seeds, last, strict=True) if no_more)
        self.hook.probekit_chunk_finished(run=self.info, dataset=rows, ended=ended)
        self._check_finite(chunk)
        warn_of_undefined(rows, seen=self.warned, stacklevel=5)

    def _check_finite(self, chunk: Chunk) -> None:
        """Raise `DivergedError` if a loss is not finite any more."""
        loss = np.stack([chunk.row.metrics[split]["loss"] for split in SCORED])
        diverged = ~np.isfinite(loss).all(axis=0) & chunk.row.recorded
        if diverged.any():
            place = int(diverged.any(axis=0).argmax())
            seed = int(diverged[:, place].argmax())
            losses = loss[:, seed, place]
            lost = losses[~np.isfinite(losses)][0]
            rate = getattr(self.program.config, "learning_rate", None)
            given = "" if rate is None else f" (now {rate:g})"
            raise DivergedError(
                f"seed {chunk.seeds[seed]}: the loss is {lost} at epoch "
                f"{chunk.epochs[place]}; training diverged. Use a smaller learning rate{given}."
            )


def _listed(listeners: Any) -> list[object]:
    if not isinstance(listeners, Iterable):
        raise OptionError(f"listeners: a {type(listeners).__name__}; give a list of plugins.")
    return list(listeners)


def _warn_without_effect(
    config: TaskConfig,
    options: Mapping[str, Any],
    *,
    every: int,
    storage: Storage,
    stored: tuple[str, ...],
) -> None:
    """Warn of what was given and changes nothing."""
    for name, other, value in without_effect(config, options):
        beside = f"with {other}={getattr(config, other)!r}, only with {other}={value!r}"
        warn_of_no_effect(name, options[name], beside)
    packing = [("every", every != 1, every), ("storage", storage != Storage(), storage)]
    for name, is_given, value in packing:
        if is_given and not stored:
            warn_of_no_effect(name, value, "without store_activations")


def _attributes(program: Program, every: int, together: int) -> dict[str, Any]:
    """Return the attributes of the history; a run can be resumed with the same config only.

    How many seeds run together belongs to it, since last digits depend on that.
    """
    estimators = [repr(estimator) for estimator in program.plan.estimators]
    config = dataclasses.asdict(program.config)
    config |= {"estimators": estimators, "layers": list(program.layers)}
    if program.stored:
        config |= {"store_activations": list(program.stored), "every": every}
    if together > 1:
        config["vectorized"] = True
    return make_attributes(program.task.name, config, title=program.task.summary)
