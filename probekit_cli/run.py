"""``probekit run``: a task, with its own options, into a history."""

import contextlib
import dataclasses
import shlex
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from probekit.errors import DivergedError, OptionError, ProbekitError, told
from probekit.naming import partial_path, path_in
from probekit.plugins import Manager, Registry
from probekit.plugins.config import read_config
from probekit_cli import _estimators
from probekit_cli._completing import layers as layers_there
from probekit_cli._completing import names_of
from probekit_cli._declared import (
    Layers,
    Overwrite,
    check_mode,
    declared,
    estimators_option,
    output_option,
)
from probekit_cli._endings import Asked, exit_code, program, resuming, signals_as_interrupts
from probekit_cli._events import Events
from probekit_cli._files import (
    check_output,
    given_history,
    given_path,
)
from probekit_cli._garbage import GarbagePause
from probekit_cli._options import (
    CONTEXT,
    command_of,
    integer,
    parameters_of,
    separated,
    some_names,
    was_given,
)
from probekit_cli._progress import NAME as PROGRESS
from probekit_cli._progress import Progress
from probekit_cli._scores import records_of
from probekit_cli._spelling import Flags, as_typed, flags_of
from probekit_cli._terminal import Terminal, others_print_aside

if TYPE_CHECKING:
    import xarray as xr


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunOptions:
    """Options that every task has; their order is that of the help."""

    output: Annotated[
        Path | None,
        output_option(
            "The history, or a folder for it; TASK.nc unless given.", parser=given_history
        ),
    ] = None
    estimators: Annotated[list[str] | None, estimators_option("the task's own choice")] = None
    layers: Layers = None
    store_activations: Annotated[
        list[str] | None,
        typer.Option(
            metavar="GLOB,…",
            help="Layers whose activations are kept in the history.",
            callback=some_names,
            autocompletion=names_of(layers_there),
        ),
    ] = None
    every: Annotated[
        int,
        integer(help="Keep activations of every so many epochs."),
    ] = 1
    compression: Annotated[
        int,
        integer(help="How hard to compress activations: 0 (not at all) to 9; 1 is the useful one."),
    ] = 0
    keep_bits: Annotated[
        int | None,
        integer(
            help="Round activations to so many bits of the mantissa, 1 to 23; with 10 the error is "
            "at most 0.05 %. All bits unless given."
        ),
    ] = None
    overwrite: Overwrite = False
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the history that is there.")
    ] = False
    durable: Annotated[
        bool, typer.Option("--durable", help="Survive power cuts too, not only kills; slower.")
    ] = False
    vectorized: Annotated[
        bool | None,
        typer.Option(
            "--vectorized/--one-by-one",
            help="How seeds run: in one program, or each by itself; what is faster unless given.",
            show_default=False,
        ),
    ] = None
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Show neither progress nor results.")
    ] = False
    json: Annotated[bool, typer.Option("--json", help="Write what happens as lines of JSON.")] = (
        False
    )


def add(
    app: typer.Typer, manager: Manager, words: Sequence[str], typed: Sequence[str]
) -> typer.Typer:
    """Add the command, with a command below it for each task; return what holds those.

    Those that `words` does not mention get no options: their modules need not be imported.
    """
    tasks = typer.Typer(
        help="Run a task: 'probekit run TASK --help' shows its options. "
        "A task is one of those below, a task file, a folder of them, "
        "or a task in one: probes/probe_xor.py::small.",
        no_args_is_help=True,
        rich_markup_mode=None,
        subcommand_metavar="TASK [OPTIONS OF THE TASK]",
    )
    for entry in manager.registry.entries("task"):
        command = _command(manager, entry.name, typed) if entry.name in words else _unmentioned
        tasks.command(entry.name, help=entry.summary)(command)
    app.add_typer(tasks, name="run")
    return tasks


def _unmentioned() -> None:
    raise AssertionError("a command that is not on the command line")


def _command(manager: Manager, task: str, typed: Sequence[str]) -> Any:
    config = manager.registry.load("task", task).Config
    shared = declared(RunOptions)
    reserved = frozenset(parameter.name for parameter in shared)
    parameters = [*parameters_of(config, task=task, shared=shared), *shared]
    flags = flags_of(parameters)

    def command(**values: Any) -> None:
        context = values.pop(CONTEXT.name)
        options = RunOptions(**{name: values.pop(name) for name in reserved})
        given = {name: value for name, value in values.items() if was_given(context, name)}
        _Running(manager, task, options, typed, flags).run(given)

    return command_of(command, [CONTEXT, *parameters])


class _Running:
    """One run from the command line."""

    def __init__(
        self,
        manager: Manager,
        task: str,
        options: RunOptions,
        typed: Sequence[str],
        flags: Flags,
    ) -> None:
        self.manager, self.task, self.options = manager, task, options
        self.typed, self.flags = typed, flags
        self.path = path_in(options.output or configured_folder() or Path(), task)
        self.terminal = Terminal(quiet=options.quiet)
        self.progress = Progress(self.terminal)
        self.events = Events(self.terminal)

    def run(self, given: dict[str, Any]) -> None:
        """Check everything that can be checked without jax, then run."""
        options, registry = self.options, self.manager.registry
        check_mode(overwrite=options.overwrite, resume=options.resume)
        self._check_effects(registry.load("task", self.task).Config(**given), given)
        named = named_estimators(options.estimators, registry)
        there = options.overwrite or options.resume or self._partial.exists()
        check_output(self.path, foreseen=there)
        began = time.monotonic()
        try:
            with (
                signals_as_interrupts() as asked,
                listening(self.manager, options, asked, self.progress, self.events),
                others_print_aside(),
                as_typed(self.flags),
            ):
                dataset = self._run(given, named, asked)
        except KeyboardInterrupt as interrupt:
            self._tell_how_to_resume(f"stopped{self.progress.place}")
            raise SystemExit(exit_code(interrupt)) from None
        except ProbekitError as error:
            self.terminal.error(told(error))
            self._tell_what_is_kept(error)
            raise typer.Exit(exit_code(error)) from error
        self._show(dataset, time.monotonic() - began)

    def _check_effects(self, config: Any, given: dict[str, Any]) -> None:
        """Refuse what was given and would change nothing."""
        from probekit.tasks import without_effect

        for name, other, value in without_effect(config, given):
            option, needed = (f"--{each.replace('_', '-')}" for each in (name, other))
            raise OptionError(
                f"{option} {given[name]}: is only for {needed} {value}; "
                f"{other} is {getattr(config, other)}. Leave it out."
            )
        options = self.options
        packing = {
            f"--every {options.every}": options.every != 1,
            f"--compression {options.compression}": options.compression != 0,
            f"--keep-bits {options.keep_bits}": options.keep_bits is not None,
        }
        for text, is_given in packing.items():
            if is_given and not separated(options.store_activations):
                raise OptionError(
                    f"{text}: is of stored activations; give --store-activations GLOB too."
                )

    def _run(
        self, given: dict[str, Any], named: list[_estimators.Named], asked: Asked
    ) -> "xr.Dataset":
        with asked.importing():
            from probekit.history import Storage
            from probekit.running import run

        options = self.options
        chosen: dict[str, Any] = {
            "estimators": [one.build(self.manager.registry) for one in named],
            "layers": separated(options.layers),
            "store_activations": separated(options.store_activations),
        }
        dataset: xr.Dataset = run(
            self.task,
            output=self.path,
            every=options.every,
            storage=Storage(options.compression, options.keep_bits),
            overwrite=options.overwrite,
            resume=options.resume,
            durable=options.durable,
            vectorized=options.vectorized,
            **{name: value for name, value in chosen.items() if value},
            **given,
        )
        return dataset

    def _show(self, dataset: "xr.Dataset", seconds: float) -> None:
        """Show what came out, where it is, and what to do next."""
        if self.options.json:
            self.events.finished(records_of(dataset), seconds)
        elif not self.options.quiet:
            show_history(self.terminal, self.path, dataset, seconds)

    def _tell_how_to_resume(self, what: str) -> None:
        if self._partial.is_dir():
            self.terminal.error(f"{what}; what was recorded is kept. Go on with:")
            self.terminal.hint(resuming(self.typed))
        else:
            self.terminal.error(f"{what}; nothing was recorded.")

    def _tell_what_is_kept(self, error: ProbekitError) -> None:
        """Say where the rows are that were recorded before an error."""
        if not self.progress.place or not self._partial.is_dir():
            return
        if isinstance(error, DivergedError):  # it would do so again
            self.terminal.error("the epochs before are kept. Look at them with:")
            self.terminal.hint(shlex.join([program(), "show", str(self.path)]))
        else:
            self._tell_how_to_resume(f"ended{self.progress.place}")

    @property
    def _partial(self) -> Path:
        return partial_path(self.path)


def configured_folder() -> Path | None:
    """Return the folder for histories that the project has; it is made if it is not there."""
    setting = read_config()["output"]
    if not setting.text:
        return None
    folder = given_path(setting.text)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OptionError(
            f"output={setting.text!r} ({setting.source}): cannot be made: {error.strerror}."
        ) from error
    return folder


def named_estimators(given: Sequence[str] | None, registry: Registry) -> list[_estimators.Named]:
    """Return what is asked for, or what the project estimates; nothing leaves it to the task."""
    if given:
        return _estimators.parse(given, registry)
    setting = read_config()["estimators"]
    texts = (setting.value,) if isinstance(setting.value, str) else setting.value
    try:
        return _estimators.parse(texts, registry)
    except ProbekitError as error:
        raise OptionError(f"estimators ({setting.source}): {error}") from error


@contextlib.contextmanager
def listening(
    manager: Manager, options: RunOptions, asked: Asked, progress: Progress, events: Events
) -> Iterator[None]:
    """Have progress shown and events written, as asked for; begin quickly, and stop surely."""
    shown = not options.quiet and not (options.json and events.terminal.out.isatty())
    with contextlib.ExitStack() as stack:
        stack.callback(progress.stop)
        stack.enter_context(manager.listening(asked))  # called last: the others know of the rows
        stack.enter_context(manager.listening(stack.enter_context(GarbagePause())))
        if shown:
            stack.enter_context(manager.listening(progress, PROGRESS))
        if options.json:
            stack.enter_context(manager.listening(events, "json"))
        yield


def show_history(terminal: Terminal, path: Path, dataset: "xr.Dataset", seconds: float) -> None:
    """Show what came out, where it is, and what to do next."""
    from probekit_cli._tables import show_scores

    show_scores(terminal, dataset)
    again, file = shlex.quote(program()), shlex.quote(str(path))
    rows = [
        ["history", f"{path} ({size_text(path.stat().st_size)}, {seconds:.0f} s)"],
        ["next", f"{again} show {file}"],
        ["", f"{again} plot {file}"],
    ]
    terminal.line()
    terminal.table(rows, indent=0)


def size_text(size: float) -> str:
    """Return a number of bytes as people read it.

    Examples
    --------
    >>> size_text(123456)
    '123 kB'
    """
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
