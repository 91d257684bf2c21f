"""Collecting tasks from files and folders, and running them all."""

import dataclasses
import os
import sysconfig
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from probekit.collecting.executing import NODE, PARTS, as_json, execute
from probekit.collecting.finding import shared_files, shown, split_node, task_files
from probekit.collecting.importing import TaskFileError, described, place_of
from probekit.collecting.items import Item, items_of
from probekit.collecting.selecting import matcher
from probekit.collecting.settings import Settings
from probekit.collecting.sharing import Values
from probekit.errors import Argument, HistoryError, OptionError, UnknownNameError
from probekit.naming import SUFFIX, partial_path

if TYPE_CHECKING:
    import xarray as xr


@dataclasses.dataclass(frozen=True)
class Collection:
    """What was found.

    Attributes
    ----------
    items : tuple of Item
        The tasks, in the order of folders, files and lines.
    errors : tuple of TaskFileError
        One for each file that could not be read.
    deselected : int
        How many tasks an expression has left out.
    """

    items: tuple[Item, ...]
    errors: tuple[TaskFileError, ...] = ()
    deselected: int = 0


@dataclasses.dataclass(frozen=True)
class Result:
    """What became of one task.

    Attributes
    ----------
    nodeid : str
        The task, or the file if that could not be read.
    outcome : {"passed", "kept", "failed", "error"}
        ``kept``: its history was finished before; ``error``: it could not be collected.
    path : Path or None
        Its history.
    seconds : float
    message : str
        Why it failed: file, line, name and error in one line.
    trace : str
        Where in the files of the task, in full.
    dataset : xarray.Dataset or None
    """

    nodeid: str
    outcome: Literal["passed", "kept", "failed", "error"]
    path: Path | None = None
    seconds: float = 0.0
    message: str = ""
    trace: str = ""
    dataset: "xr.Dataset | None" = dataclasses.field(default=None, repr=False)

    @property
    def succeeded(self) -> bool:
        """Whether there is a history."""
        return self.outcome in ("passed", "kept")


@dataclasses.dataclass(frozen=True)
class Report:
    """What became of all of them.

    Attributes
    ----------
    results : tuple of Result
    not_run : tuple of str
        Node ids of tasks that were not come to, after ``stop_at_first``.
    """

    results: tuple[Result, ...]
    not_run: tuple[str, ...] = ()

    @property
    def failures(self) -> tuple[Result, ...]:
        """Those without a history."""
        return tuple(result for result in self.results if not result.succeeded)

    def summary(self) -> str:
        """Return the counts, as the last line of a report: ``2 passed, 1 failed in 3.2 s``."""
        counts = [
            (outcome, sum(result.outcome == outcome for result in self.results))
            for outcome in ("passed", "kept", "failed", "error")
        ]
        counts.append(("not run", len(self.not_run)))
        seconds = sum(result.seconds for result in self.results)
        told = ", ".join(f"{count} {outcome}" for outcome, count in counts if count)
        return f"{told or 'no tasks'} in {seconds:.1f} s"


def collect(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]], *, keyword: str = ""
) -> Collection:
    """Collect the tasks of files and folders; nothing is run.

    Parameters
    ----------
    paths : path or iterable of path
        Folders, in which ``probe_*.py`` are looked for, files, and tasks in files
        (``probes/probe_xor.py::small``).
    keyword : str
        An expression that selects by node id, as pytest's ``-k``: ``"xor and not small"``.

    Raises
    ------
    OptionError, UnknownNameError
        If a path or a task that was named is not there, or the expression cannot be read. A file
        that cannot be imported is among the `Collection.errors`.
    """
    selects = matcher(keyword)
    arguments = [paths] if isinstance(paths, str | os.PathLike) else list(paths)
    found: dict[str, Item] = {}
    errors: dict[str, TaskFileError] = {}
    for argument in arguments:
        path, name = split_node(argument)
        for file in task_files(path):
            try:
                items = items_of(file)
            except TaskFileError as error:
                errors.setdefault(shown(file), error)
                continue
            chosen = [item for item in items if name in ("", item.name)]
            if not chosen and name:
                names = [item.name for item in items]
                raise UnknownNameError(f"task in {shown(file)}:", name, names)
            found.update((item.nodeid, item) for item in chosen)
    selected = tuple(item for node, item in found.items() if selects(node))
    return Collection(selected, tuple(errors.values()), len(found) - len(selected))


def run_tasks(
    what: Collection | str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    *,
    output: str | os.PathLike[str] | None = None,
    keyword: str = "",
    stop_at_first: bool = False,
    options: Mapping[str, Any] | None = None,
    settings: Settings | None = None,
    started: Callable[[Item], None] = lambda item: None,
    finished: Callable[[Result], None] = lambda result: None,
    failed: Callable[[Exception], None] = lambda error: None,
) -> Report:
    """Run tasks of files one after the other; one that fails does not keep the others from running.

    Parameters
    ----------
    what : Collection or paths
        What to run; paths are collected first.
    output : path, optional
        A folder: the history of ``probes/probe_xor.py::small`` is ``probes/probe_xor/small.nc`` in
        it. Or, for a single task, its history, ``NAME.nc``. Without it nothing is kept on disk.
    keyword : str
        As `collect` takes it.
    stop_at_first : bool
        Stop after the first task that fails.
    options : mapping, optional
        Options of the tasks. Every one of the tasks must have them.
    settings : Settings, optional
        What can be said of any run: estimators, layers, overwrite, resume, durable.
    started, finished : callable
        Called before and after each task. A file that could not be read is only finished.
    failed : callable
        Given what a task raised, before a message is made of it.

    Returns
    -------
    Report

    Raises
    ------
    OptionError, UnknownNameError
        If what to run, an option or `output` cannot be used; before anything runs.
    KeyboardInterrupt
        Goes through; what was recorded is kept and can be resumed.
    """
    collection = what if isinstance(what, Collection) else collect(what, keyword=keyword)
    settings, options = settings or Settings(), dict(options or {})
    if settings.overwrite and settings.resume:
        raise OptionError("overwrite, resume: contradict each other; give one of them.")
    for item in collection.items:
        item.check_options(options)
    targets = _targets(collection.items, None if output is None else Path(output))
    results = []
    waiting = list(collection.items)
    for error in collection.errors:
        results.append(Result(_file_of(error), "error", message=str(error), trace=_trace(error)))
        finished(results[-1])
    with Values() as values:
        while waiting and not (stop_at_first and any(not one.succeeded for one in results)):
            item = waiting.pop(0)
            started(item)
            results.append(_result(item, targets[item.nodeid], options, settings, values, failed))
            finished(results[-1])
    for fixture, problem in values.problems:
        where = place_of(problem, fixture.path)
        text = f"{where}: fixture {fixture.function.__name__}: {described(problem)}"
        results.append(Result(where, "error", message=text, trace=_trace(problem)))
        finished(results[-1])
    return Report(tuple(results), tuple(item.nodeid for item in waiting))


def history_path(item: Item, folder: Path) -> Path:
    """Return where the history of a task goes in a folder: the same tree as that of the files.

    Parameters
    ----------
    item : Item
    folder : pathlib.Path
        It need not exist.
    """
    file = Path(shown(item.path)).with_suffix("")
    below = file.relative_to(file.anchor) if file.is_absolute() else file
    return folder / below / f"{item.name}{SUFFIX}"


def _targets(items: tuple[Item, ...], output: Path | None) -> dict[str, Path | None]:
    if output is None:
        return {item.nodeid: None for item in items}
    if output.suffix != SUFFIX or output.is_dir():
        return {item.nodeid: history_path(item, output) for item in items}
    if len(items) > 1:
        raise OptionError(
            Argument("output", str(output)), f": is one file, for {len(items)} tasks."
        )
    return {item.nodeid: output for item in items}


def _result(
    item: Item,
    path: Path | None,
    options: Mapping[str, Any],
    settings: Settings,
    values: Values,
    failed: Callable[[Exception], None],
) -> Result:
    began = time.monotonic()
    try:
        if path is not None and settings.resume and _is_finished(path):
            dataset = _kept(item, path, options, settings)
            return Result(item.nodeid, "kept", path, dataset=dataset)
        if path is not None:
            _make_folder(path.parent)
        dataset = execute(item, path, options, settings, values)
    except Exception as error:
        failed(error)
        files = (item.path, *shared_files(item.path))
        # JAX adds long ones of its own.
        notes = [note for note in getattr(error, "__notes__", ()) if note.startswith("[")]
        where = place_of(error, *files, line=item.line)
        return Result(
            item.nodeid,
            "failed",
            seconds=time.monotonic() - began,
            message=f"{where}: {item.name}{''.join(notes)}: {described(error)}",
            trace=_trace(error),
        )
    return Result(item.nodeid, "passed", path, time.monotonic() - began, dataset=dataset)


def _is_finished(path: Path) -> bool:
    unfinished = (partial_path(path), path.with_suffix(PARTS))
    return path.exists() and not any(folder.exists() for folder in unfinished)


def _kept(item: Item, path: Path, options: Mapping[str, Any], settings: Settings) -> "xr.Dataset":
    """Return a finished history, if it is of these options and settings."""
    from probekit.history import open_history
    from probekit.history.schema import config_of

    dataset = open_history(path)
    config, chosen = config_of(dataset.attrs), settings.chosen()
    # That of a run within a function, kept as it was, says nothing of the function.
    told = options if item.is_function and NODE not in dataset.attrs else item.told(options)
    every = {"every": chosen["every"]} if "every" in chosen else {}
    others: list[tuple[str, Any, Any]] = [
        (name, config[name], value)
        for name, value in as_json({**told, **every}).items()
        if name in config and config[name] != value
    ]
    names = ("estimators", "layers", "store_activations")
    asked = {name: chosen[name] for name in names if name in chosen}
    if asked and not others:
        from probekit.running.resolving import differing

        others = [*differing(config, _layers(item, options, dataset), **asked)]
    for name, before, value in others:
        raise OptionError(
            f"{path}: was made with {name}={before!r}, not {value!r}. "
            "Pass overwrite (--overwrite) to replace it, or choose another path."
        )
    return dataset


def _layers(item: Item, options: Mapping[str, Any], dataset: "xr.Dataset") -> list[str]:
    """Return all layers of a task; of one that is a function, or swept, those that were probed."""
    if not item.is_function and not item.sweep(options):
        from probekit.running import task_of

        return list(task_of(item.task).layers(item.Config(**options)))
    return [str(layer) for layer in dataset["layer"].values] if "layer" in dataset else []


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HistoryError(f"{folder}: cannot be made: {error.strerror}.") from error


def _file_of(error: TaskFileError) -> str:
    return str(error).partition(":")[0]


def _trace(error: BaseException) -> str:
    """Return the traceback from the first line that is neither probekit's nor Python's own."""
    cause = error.__cause__ if isinstance(error, TaskFileError) and error.__cause__ else error
    own = str(Path(__file__).parents[1]), sysconfig.get_path("stdlib")
    frames = traceback.extract_tb(cause.__traceback__)
    outside = [place for place, frame in enumerate(frames) if not frame.filename.startswith(own)]
    shown_frames = frames[outside[0] :] if outside else []
    lines = traceback.format_list(shown_frames) + traceback.format_exception_only(cause)
    return "".join(lines)
