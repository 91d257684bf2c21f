"""``probekit run`` on task files: ``probes/``, ``probes/probe_xor.py::small``."""

import contextlib
import dataclasses
import inspect
import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from probekit.collecting import (
    Collection,
    Item,
    Report,
    Result,
    Settings,
    collect,
    names_task_file,
    run_tasks,
)
from probekit.errors import OptionError, ProbekitError
from probekit.plugins import Manager
from probekit_cli import _estimators
from probekit_cli._completing import is_asked, silence
from probekit_cli._declared import check_mode, declared, output_option
from probekit_cli._endings import FAILED, exit_code, program, resuming, signals_as_interrupts
from probekit_cli._events import Events
from probekit_cli._files import given_path
from probekit_cli._options import command_of, parameters_of, separated
from probekit_cli._progress import Progress
from probekit_cli._spelling import Flags, flags_of, respell, spellings
from probekit_cli._terminal import Terminal
from probekit_cli.run import (
    RunOptions,
    configured_folder,
    listening,
    named_estimators,
    show_history,
)

if TYPE_CHECKING:
    from probekit.plugins import Registry

SEVERAL = "several tasks"


@dataclasses.dataclass(frozen=True, kw_only=True)
class FileOptions(RunOptions):
    """What can be said of the tasks of files: as of any task, and which of them to run."""

    output: Annotated[
        Path | None,
        output_option(
            "Where histories go: that of probes/probe_a.py::small is probes/probe_a/small.nc "
            "in it; the current folder unless given. For a single task also a file, NAME.nc.",
            metavar="FOLDER",
            parser=given_path,  # it is made if it is not there
        ),
    ] = None
    keyword: Annotated[
        str,
        typer.Option(
            "--keyword",
            "-k",
            metavar="EXPR",
            help="Which tasks, by parts of their node ids: 'xor and not small'.",
            show_default=False,
        ),
    ] = ""
    collect_only: Annotated[
        bool, typer.Option("--collect-only", help="Show the tasks that there are; run nothing.")
    ] = False
    stop_at_first: Annotated[
        bool, typer.Option("--stop-at-first", "-x", help="Stop after the first task that fails.")
    ] = False


_MORE = inspect.Parameter(
    "more",
    inspect.Parameter.KEYWORD_ONLY,
    default=None,
    annotation=Annotated[
        list[str] | None,
        typer.Argument(metavar="PATH", help="More files, folders and tasks.", show_default=False),
    ],
)


def add(tasks: typer.Typer, manager: Manager, words: Sequence[str], typed: Sequence[str]) -> None:
    """Add the command if the command line names files: it is called as the first of them.

    The files are imported here, since the tasks in them say which options there are.
    """
    if len(words) < 2 or words[0] != "run" or not is_path(words[1], manager.registry):
        return
    try:
        with silence() if is_asked() else contextlib.nullcontext():
            items = _items([words[1], *named_paths(words[2:])])
    except ProbekitError:
        if is_asked():  # for a name of which only the beginning is there
            return
        raise
    shared = declared(FileOptions)
    own, defaults = _own_options(items, [*shared, _MORE])

    flags = flags_of([*own, *shared])

    def command(**values: Any) -> None:
        paths = [words[1], *(values.pop("more") or ())]
        options = FileOptions(**{field.name: values.pop(field.name) for field in _fields()})
        given = {name: v for name, v in values.items() if v is not None and v != defaults[name]}
        _Running(manager, paths, options, typed, flags).run(given)

    about = items[0].summary if len(items) == 1 else f"{len(items)} tasks."
    tasks.command(words[1], help=about, hidden=True)(command_of(command, [_MORE, *own, *shared]))


def is_path(word: str, registry: "Registry") -> bool:
    """Whether a word of the command line means files; a registered task comes first."""
    return names_task_file(word) and word not in registry.names("task")


def named_paths(words: Sequence[str]) -> list[str]:
    """Return the words that mean task files, as far as can be told before the options are known.

    Examples
    --------
    >>> named_paths(["-o", "out/", "probes/probe_a.py", "--width", "3"])
    ['probes/probe_a.py']
    """
    sure: list[str] = []
    possible: list[str] = []
    taking = _flags_with_values()
    before = ""
    for word in words:
        if word.startswith("-") or before in taking:
            before = word if word.startswith("-") and before not in taking else ""
            continue
        if names_task_file(word):  # after an option of a task it may be the value of that
            (possible if before.startswith("--") and before not in _flags() else sure).append(word)
        before = ""
    return sure or possible


def _fields() -> "tuple[dataclasses.Field[Any], ...]":
    return dataclasses.fields(FileOptions)


def _flags() -> set[str]:
    """Return all spellings of the options that every task has."""
    return set().union(*map(spellings, declared(FileOptions)))


def _flags_with_values() -> set[str]:
    """Return the spellings of those that are followed by a value."""
    without = {"--overwrite", "--resume", "--durable", "--vectorized", "--one-by-one", "--quiet"}
    return _flags() - without - {"-q", "--json", "--collect-only", "--stop-at-first", "-x"}


def _items(paths: Sequence[str]) -> tuple[Item, ...]:
    """Return the tasks; if no file can be read at all, there is nothing to make options of."""
    collection = collect(paths)
    if collection.errors and not collection.items:
        *others, last = collection.errors
        for error in others:
            Terminal().error(str(error))
        raise last
    return collection.items


def _own_options(
    items: Sequence[Item], shared: Sequence[inspect.Parameter]
) -> tuple[list[inspect.Parameter], dict[str, Any]]:
    """Return the options that all tasks have, and the defaults that are no choice of the user's.

    What is swept, and what several tasks have with defaults of their own, is None unless given.
    """
    if not items:
        return [], {}
    first, *others = items
    own = parameters_of(first.Config, task=first.name if not others else SEVERAL, shared=shared)
    common = set.intersection(*({f.name for f in dataclasses.fields(i.Config)} for i in items))
    swept = {parameter.name for item in items for parameter in item.parameters}
    told = [
        one.replace(default=None) if others or one.name in swept else one
        for one in own
        if one.name in common
    ]
    defaults = {f.name: f.default for f in dataclasses.fields(first.Config)}
    open_ = {one.name for one in told if others or one.name in swept}
    return told, {one.name: None if one.name in open_ else defaults[one.name] for one in told}


class _Running:
    """Tasks of files, run from the command line."""

    def __init__(
        self,
        manager: Manager,
        paths: Sequence[str],
        options: FileOptions,
        typed: Sequence[str],
        flags: Flags,
    ) -> None:
        self.manager, self.paths, self.options = manager, paths, options
        self.typed, self.flags = typed, flags
        self.terminal = Terminal(quiet=options.quiet)
        self.events = Events(self.terminal)
        self.progress = Progress(self.terminal)
        self.several = True

    def run(self, given: dict[str, Any]) -> None:
        """Collect, run or show; exit with 1 if anything failed."""
        options = self.options
        check_mode(overwrite=options.overwrite, resume=options.resume)
        collection = collect(self.paths, keyword=options.keyword)
        if not collection.items and not collection.errors:
            raise OptionError(self._nothing(collection))
        if options.collect_only:
            self._show_collected(collection)
            return
        self.several = len(collection.items) + len(collection.errors) > 1
        named = named_estimators(options.estimators, self.manager.registry)
        try:
            with (
                signals_as_interrupts() as asked,
                listening(self.manager, options, asked, self.progress, self.events),
            ):
                report = run_tasks(
                    collection,
                    output=options.output or configured_folder() or Path(),
                    stop_at_first=options.stop_at_first,
                    options=given,
                    settings=self._settings(named),
                    started=self._started,
                    finished=self._finished,
                    failed=lambda error: respell(error, self.flags),
                )
        except KeyboardInterrupt as interrupt:
            self.progress.stop()
            self.terminal.error(f"stopped{self.progress.place}; what is recorded is kept:")
            self.terminal.hint(resuming(self.typed))
            raise SystemExit(exit_code(interrupt)) from None
        self._show(report)
        if report.failures:
            raise typer.Exit(FAILED)

    def _settings(self, named: "list[_estimators.Named]") -> Settings:
        options = self.options
        packed: Any = None
        if options.compression or options.keep_bits is not None:
            from probekit.history import Storage

            packed = Storage(options.compression, options.keep_bits)
        return Settings(
            estimators=[one.build(self.manager.registry) for one in named] or None,
            layers=separated(options.layers) or None,
            store_activations=separated(options.store_activations) or None,
            every=None if options.every == 1 else options.every,
            storage=packed,
            vectorized=options.vectorized,
            overwrite=options.overwrite,
            resume=options.resume,
            durable=options.durable,
        )

    def _nothing(self, collection: Collection) -> str:
        if collection.deselected:
            nodes = [item.nodeid for item in collect(self.paths).items]
            shown = ", ".join(nodes[:5]) + (", …" if len(nodes) > 5 else "")
            return f"-k {self.options.keyword!r}: selects none of {len(nodes)} tasks: {shown}."
        return (
            f"{', '.join(self.paths)}: no task in it; mark a function or a class with "
            "@probekit.task."
        )

    def _show_collected(self, collection: Collection) -> None:
        """Write node ids, each on its line so that it can be copied; then what cannot be read."""
        if self.options.json:
            for item in collection.items:
                about = {"line": item.line, "summary": item.summary, "options": _defaults(item)}
                self.terminal.json({"task": item.nodeid, **about})
        elif collection.items:
            self.terminal.table(
                [[item.nodeid, item.summary] for item in collection.items], indent=0
            )
            left_out = f", {collection.deselected} deselected" if collection.deselected else ""
            self.terminal.note(f"{_counted(len(collection.items))}{left_out}")
        for error in collection.errors:
            self.terminal.error(str(error))
        if collection.errors:
            raise typer.Exit(FAILED)

    def _started(self, item: Item) -> None:
        if self.options.json:
            self.events.write("task_started", task=item.nodeid)

    def _finished(self, result: Result) -> None:
        self.progress.stop()
        if self.options.json:
            self.events.write(
                "task_finished",
                task=result.nodeid,
                outcome=result.outcome,
                path=result.path,
                seconds=round(result.seconds, 3),
                message=result.message,
            )
        elif self.several:
            self.terminal.note(f"{result.outcome:6} {result.nodeid} ({result.seconds:.1f} s)")

    def _show(self, report: Report) -> None:
        """Write what came out: histories, then each failure with its place, then the counts."""
        options, terminal = self.options, self.terminal
        done = [one for one in report.results if one.succeeded and one.path is not None]
        if not options.json and not options.quiet:
            if not self.several and done:
                (only,) = done
                assert only.path is not None
                assert only.dataset is not None
                show_history(terminal, only.path, only.dataset, only.seconds)
            elif done:
                rows = [[one.nodeid, str(one.path)] for one in done]
                terminal.table(rows, indent=0)
                first = shlex.quote(str(done[0].path))
                terminal.line(f"next  {shlex.quote(program())} show {first}")
        self._show_failures(report.failures)
        if self.several:
            terminal.note(report.summary())

    def _show_failures(self, failures: Iterable[Result]) -> None:
        for failure in failures:
            lines = failure.trace.rstrip().splitlines()
            # One line of the trace says no more than the message.
            if len(lines) > 1 and not self.options.quiet:
                print("\n".join(lines), file=self.terminal.err)
            self.terminal.error(failure.message)


def _defaults(item: Item) -> dict[str, Any]:
    fields = dataclasses.fields(item.Config)
    return {f.name: None if f.default is dataclasses.MISSING else f.default for f in fields}


def _counted(count: int) -> str:
    return "1 task" if count == 1 else f"{count} tasks"
