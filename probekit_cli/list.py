"""``probekit list``: what is registered."""

from typing import Annotated

import typer

from probekit.plugins import Entry, Manager
from probekit_cli._options import choice_argument
from probekit_cli._terminal import Terminal
from probekit_cli.plugins import records, show_plugins

WHAT = {"tasks": "task", "estimators": "estimator", "extractors": "extractor"}
PLUGINS = "plugins"


def add(app: typer.Typer, manager: Manager) -> None:
    """Add the command."""

    @app.command("list")
    def list_command(
        what: Annotated[
            str | None,
            choice_argument([*WHAT, PLUGINS], help="All unless given.", show_default=False),
        ] = None,
        json: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False,
    ) -> None:
        """List tasks, estimators, extractors and plugins."""
        terminal = Terminal()
        chosen = [what] if what else [*WHAT, PLUGINS]
        if json:
            terminal.json({name: _records(manager, name) for name in chosen})
            return
        for place, name in enumerate(chosen):
            if place:
                terminal.line()
            if not what:
                terminal.heading(name)
            if name == PLUGINS:
                show_plugins(terminal, manager)
            else:
                terminal.table(_rows(manager.registry.entries(WHAT[name])))


def _rows(entries: tuple[Entry, ...]) -> list[list[str]]:
    return [
        [entry.name, entry.summary if entry.distribution == "probekit" else _signed(entry)]
        for entry in entries
    ]


def _signed(entry: Entry) -> str:
    """Return the summary with where the entry comes from, if that is not probekit itself."""
    return f"{entry.summary} [{entry.plugin}]".strip()


def _records(manager: Manager, name: str) -> list[dict[str, object]]:
    if name == PLUGINS:
        return records(manager)
    return [
        {**entry._asdict(), "target": _address(entry)}
        for entry in manager.registry.entries(WHAT[name])
    ]


def _address(entry: Entry) -> str:
    if isinstance(entry.target, str):
        return entry.target
    return f"{entry.target.__module__}:{entry.target.__qualname__}"
