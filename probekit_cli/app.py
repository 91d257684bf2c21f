"""The typer application: which commands there are."""

import warnings
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from probekit.errors import PluginWarning, UnknownNameError
from probekit.plugins import Manager, Registry
from probekit_cli import (
    _task_files,
    compare,
    config,
    export,
    layers,
    plot,
    plugins,
    probe,
    report,
    run,
    show,
)
from probekit_cli import list as list_command

COMMANDS = (layers, probe, show, plot, report, compare, export, list_command, plugins, config)


class _Commands(TyperGroup):
    """Lists the command that people look for before the others; says which there are."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command that is named first."""
        names, (name, *_) = self.list_commands(ctx), args
        if not (name in names or name.startswith("-") or ctx.resilient_parsing):
            raise UnknownNameError("command", name, names, "'probekit --help' shows all.")
        return super().resolve_command(ctx, args)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command whose help calls a file FILE, not also by the class that we make it."""
        command: Any = super().get_command(ctx, cmd_name)
        for parameter in command.params if command else ():
            if parameter.param_type_name == "argument" and parameter.metavar:
                parameter.display_type_rich = lambda ctx: None
        return command

    def list_commands(self, ctx: Any) -> list[str]:
        return sorted(super().list_commands(ctx), key=lambda name: name != "run")


def build(manager: Manager, words: Sequence[str], *, typed: Sequence[str] = ()) -> typer.Typer:
    """Return the application.

    Parameters
    ----------
    manager : Manager
        Its plugins add tasks and commands.
    words : sequence of str
        What is on the command line: options are made for the tasks that occur there, and for no
        others, since their modules would have to be imported.
    typed : sequence of str
        The command line as the user wrote it, for the message on how to resume.
    """
    app = typer.Typer(
        name="probekit",
        cls=_Commands,
        help="Shows what a neural network represents, layer by layer, while it learns.",
        no_args_is_help=True,
        result_callback=lambda *_, **__: None,  # what a plugin's command returns is no exit code
        rich_markup_mode=None,  # rich would double the time that --help takes
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_general)
    tasks = run.add(app, manager, words, typed)
    _task_files.add(tasks, manager, words, typed)
    for command in COMMANDS:
        command.add(app, manager)
    own = len(app.registered_commands)
    manager.hook.probekit_add_commands(app=app)
    _drop_taken_names(app, own)
    return app


def arranged(words: Sequence[str], registry: Registry) -> list[str]:
    """Put the task, or the first task file, right after ``run``; check its name.

    Options may so stand before it.

    Raises
    ------
    UnknownNameError
        If there is no such task.
    """
    rest = [*words]
    if rest[:1] != ["run"] or len(rest) == 1:
        return rest
    if rest[1].startswith("-"):
        tasks = registry.names("task")
        place = next((i for i, word in enumerate(rest) if word in tasks), None)
        if place is None and (paths := _task_files.named_paths(rest[1:])):
            place = rest.index(paths[0])
        return rest if place is None else ["run", rest.pop(place), *rest[1:]]
    if not _task_files.is_path(rest[1], registry):
        registry.entry("task", rest[1])
    return rest


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib import metadata

        typer.echo(f"probekit {metadata.version('probekit')}")
        raise typer.Exit


def _general(
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version.", callback=_show_version, is_eager=True),
    ] = False,
    plugin: Annotated[
        str,
        typer.Option("-p", metavar="NAME", help="Load a plugin; with no:NAME, leave one out."),
    ] = "",
) -> None:
    # `-p` never comes here: `main` has taken it out before there were commands.
    pass


def _drop_taken_names(app: typer.Typer, own: int) -> None:
    """Drop commands of plugins whose names are taken: typer would let the last one win."""
    taken = {group.name for group in app.registered_groups}
    kept = []
    for place, info in enumerate(app.registered_commands):
        name = info.name or getattr(info.callback, "__name__", "").replace("_", "-")
        if name in taken and place >= own:
            module = getattr(info.callback, "__module__", "?")
            warnings.warn(
                f"command {name!r} of {module}: there is one already; it is left out.",
                PluginWarning,
                stacklevel=2,
            )
            continue
        taken.add(name)
        kept.append(info)
    app.registered_commands[:] = kept
