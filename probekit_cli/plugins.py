"""``probekit plugins``: what is active, from where, in which version."""

import typer

from probekit.errors import one_line
from probekit.plugins import ActivePlugin, Manager, Origin
from probekit_cli._declared import Json
from probekit_cli._terminal import Terminal


def add(app: typer.Typer, manager: Manager) -> None:
    """Add the command."""

    @app.command("plugins")
    def plugins_command(
        as_json: Json = False,
    ) -> None:
        """Show which plugins are active, and from where.

        Those that are installed are found by themselves. 'probekit -p no:NAME plugins' leaves one
        out, and so does PROBEKIT_PLUGINS=no:NAME in the environment, where
        PROBEKIT_DISABLE_PLUGIN_AUTOLOAD=1 leaves out all of them.
        """
        terminal = Terminal()
        if as_json:
            terminal.json(records(manager))
        else:
            show_plugins(terminal, manager)


def show_plugins(terminal: Terminal, manager: Manager) -> None:
    """Write active, failed and switched off plugins as a table."""
    rows = [
        [plugin.origin.plugin, _came_with(plugin.origin), _does(plugin)]
        for plugin in manager.plugins()
    ]
    rows += [
        [
            name,
            _came_with(failure.origin),
            f"failed: {type(failure.error).__name__}: {one_line(failure.error)}",
        ]
        for name, failure in manager.failed.items()
    ]
    rows += [[name, "", "switched off"] for name in manager.disabled]
    terminal.table(rows)


def records(manager: Manager) -> list[dict[str, object]]:
    """Return the same for JSON."""
    active = [
        {
            **plugin.origin._asdict(),
            "state": "active",
            "hooks": plugin.hooks,
            "registered": [f"{entry.kind} {entry.name}" for entry in plugin.entries],
        }
        for plugin in manager.plugins()
    ]
    failed = [
        {**failure.origin._asdict(), "state": "failed", "error": str(failure.error)}
        for failure in manager.failed.values()
    ]
    return [*active, *failed, *({"plugin": n, "state": "switched off"} for n in manager.disabled)]


def _came_with(origin: Origin) -> str:
    return " ".join(filter(None, (origin.distribution, origin.version))) or "module"


def _does(plugin: ActivePlugin) -> str:
    kinds = [entry.kind for entry in plugin.entries]
    counts = [
        f"{kinds.count(kind)} {kind}{'s' if kinds.count(kind) > 1 else ''}"
        for kind in dict.fromkeys(kinds)
    ]
    hooks = [hook.removeprefix("probekit_") for hook in plugin.hooks if hook != "probekit_register"]
    return ", ".join([*counts, *hooks])
