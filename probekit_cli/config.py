"""``probekit config``: the settings of the project, and where each is from."""

import typer

from probekit.plugins import Manager
from probekit.plugins.config import KEYS, read_config
from probekit_cli._declared import Json
from probekit_cli._terminal import Terminal


def add(app: typer.Typer, manager: Manager) -> None:
    """Add the command."""

    @app.command("config")
    def config_command(
        as_json: Json = False,
    ) -> None:
        """Show the settings of the project, and where each is from.

        They stand in [tool.probekit] of pyproject.toml; PROBEKIT_OUTPUT and the like override them,
        and options of the command line both. They hold for the command line alone: what Python
        code asks for is not changed by the folder it runs in.
        """
        config, terminal = read_config(), Terminal()
        if as_json:
            settings = {name: config[name] for name in KEYS}
            terminal.json(
                {name: {"value": s.value, "source": s.source} for name, s in settings.items()}
            )
            return
        rows = [[name, config[name].text or "–", config[name].source] for name in KEYS]
        terminal.table(rows, indent=0)
