"""``probekit export``: a history as CSV."""

import io
import sys
from pathlib import Path
from typing import Annotated

import typer

from probekit.plugins import Manager
from probekit_cli._declared import output_option
from probekit_cli._files import History, check_target
from probekit_cli._options import choice
from probekit_cli._spelling import as_typed
from probekit_cli._terminal import Terminal


def add(app: typer.Typer, manager: Manager) -> None:
    """Add the command."""

    @app.command("export")
    def export_command(
        file: History,
        output: Annotated[
            Path | None, output_option("A CSV file; standard output unless given.")
        ] = None,
        form: Annotated[
            str,
            choice(
                ("tidy", "notebook"),
                "--format",
                help="tidy: a line for each value; notebook: the reference notebook's columns.",
            ),
        ] = "tidy",
    ) -> None:
        """Write the scores of a history as CSV."""
        if output is not None:
            check_target(output, file)
        from probekit.history import open_history, to_csv

        dataset = open_history(file)
        if output is None and isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8")  # data, as in a file: whatever the terminal
        with as_typed({"format": ("--format",)}):
            to_csv(dataset, output or sys.stdout, form)
        if output is not None and output.is_file():  # a device or a pipe may be the terminal itself
            Terminal().line(str(output))
