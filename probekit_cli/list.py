"""``probekit list``: what is registered."""

import warnings
from typing import Annotated

import typer

from probekit.errors import OptionError, PluginWarning, ProbekitError
from probekit.plugins import Entry, Manager
from probekit.plugins.registry import ESTIMATOR_KINDS
from probekit_cli._declared import Json
from probekit_cli._options import choice, choice_argument
from probekit_cli._terminal import Terminal
from probekit_cli.plugins import records, show_plugins

WHAT = {"tasks": "task", "estimators": "estimator", "extractors": "extractor"}
ESTIMATORS, PLUGINS = "estimators", "plugins"


def add(app: typer.Typer, manager: Manager) -> None:
    """Add the command."""

    @app.command("list")
    def list_command(
        what: Annotated[
            str | None,
            choice_argument([*WHAT, PLUGINS], help="All unless given.", show_default=False),
        ] = None,
        kind: Annotated[
            str | None,
            choice(ESTIMATOR_KINDS, "--kind", help="Estimators of this kind.", show_default=False),
        ] = None,
        as_json: Json = False,
    ) -> None:
        """List tasks, estimators, extractors and plugins.

        Of an estimator the kind says what it relates. encoding: how much of a representation a
        feature explains; decoding: how well a representation predicts a feature; similarity: two
        representations; geometry: one representation alone.
        """
        if kind and what not in (None, ESTIMATORS):
            raise OptionError(f"--kind {kind}: is of estimators; {what} have none. Leave it out.")
        terminal = Terminal()
        named = ESTIMATORS if kind else what
        chosen = [named] if named else [*WHAT, PLUGINS]
        if as_json:
            terminal.json({name: _records(manager, name, kind) for name in chosen})
            return
        for place, name in enumerate(chosen):
            if place:
                terminal.line()
            if not what:
                terminal.heading(name)
            if name == PLUGINS:
                show_plugins(terminal, manager)
            else:
                terminal.table([_row(entry) for entry in _entries(manager, name, kind)])


def _entries(manager: Manager, name: str, kind: str | None) -> list[Entry]:
    entries = manager.registry.entries(WHAT[name])
    return [entry for entry in entries if kind in (None, _kind(manager, entry, kind))]


def _kind(manager: Manager, entry: Entry, asked: str | None) -> str:
    """Return the kind of an estimator; one that does not say it is imported if it is asked for."""
    if entry.estimator_kind or asked is None:
        return entry.estimator_kind
    try:
        return str(getattr(manager.registry.load(entry.kind, entry.name), "kind", ""))
    except ProbekitError as error:
        warnings.warn(f"{error} It is left out.", PluginWarning, stacklevel=2)
        return ""


def _row(entry: Entry) -> list[str]:
    summary = entry.summary if entry.distribution == "probekit" else _signed(entry)
    kind = [entry.estimator_kind] if entry.kind == WHAT[ESTIMATORS] else []
    return [entry.name, *kind, summary]


def _signed(entry: Entry) -> str:
    """Return the summary with where the entry comes from, if that is not probekit itself."""
    return f"{entry.summary} [{entry.plugin}]".strip()


def _records(manager: Manager, name: str, kind: str | None) -> list[dict[str, object]]:
    if name == PLUGINS:
        return records(manager)
    return [_record(entry) for entry in _entries(manager, name, kind)]


def _record(entry: Entry) -> dict[str, object]:
    """Return it for JSON; in a list of estimators the kind is that of the estimator."""
    record = {**entry._asdict(), "target": _address(entry)}
    kind = record.pop("estimator_kind")
    return record | {"kind": kind or None} if entry.kind == WHAT[ESTIMATORS] else record


def _address(entry: Entry) -> str:
    if isinstance(entry.target, str):
        return entry.target
    return f"{entry.target.__module__}:{entry.target.__qualname__}"
