"""``probekit report``: one page about a history."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from probekit.errors import OptionError
from probekit.plugins import Manager
from probekit_cli._declared import output_option
from probekit_cli._files import History, check_matplotlib, check_target
from probekit_cli._resampling import checked_confidence, confidence_option
from probekit_cli._terminal import Terminal

if TYPE_CHECKING:
    import xarray as xr

ENDINGS = (".html", ".htm")


def add(app: typer.Typer, manager: Manager) -> None:
    """Add the command."""

    @app.command("report")
    def report_command(
        file: History,
        output: Annotated[
            Path | None, output_option("An HTML file; that of the history with .html unless given.")
        ] = None,
        confidence: Annotated[
            float | None, confidence_option("Of the intervals over seeds.")
        ] = None,
        as_json: Annotated[
            bool, typer.Option("--json", help="Write where the page is as JSON.")
        ] = False,
    ) -> None:
        """Write a page about a history, in one HTML file.

        It has figures, tables, settings and versions.

        The page needs no network and runs no code. Plugins add sections to it through the hook
        probekit_report_sections. Needs the plot extra.
        """
        target = output or file.with_name(f"{file.name.partition('.nc')[0]}.html")
        if target.suffix.lower() not in ENDINGS:
            raise OptionError(f"--output {target}: must end in {' or '.join(ENDINGS)}.")
        wanted = checked_confidence(confidence)
        check_target(target, file)
        check_matplotlib()
        from probekit.history import open_history, write_report

        dataset = open_history(file)
        page = write_report(
            dataset, target, sections=sections_of(manager, dataset), confidence=wanted
        )
        terminal = Terminal()
        if as_json:
            terminal.json({"path": page, "bytes": page.stat().st_size})
        else:
            terminal.line(str(page))


def sections_of(manager: Manager, dataset: "xr.Dataset") -> list[tuple[str, str]]:
    """Return the sections that plugins add; what is no section is told and left out."""
    found = manager.hook.probekit_report_sections.checked(_sections, dataset=dataset)
    return [section for sections in found for section in sections]


def _sections(given: Any) -> list[tuple[str, str]]:
    """Return what a plugin has returned as pairs of title and HTML."""
    if not isinstance(given, list | tuple) or not all(map(_is_section, given)):
        raise OptionError(f"returned {given!r:.80}; give pairs of title and HTML, both text.")
    return [(title, content) for title, content in given]


def _is_section(given: Any) -> bool:
    return (
        isinstance(given, list | tuple)
        and len(given) == 2
        and all(isinstance(part, str) for part in given)
    )
