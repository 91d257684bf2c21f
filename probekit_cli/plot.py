"""``probekit plot``: figures of a history as PNG, SVG or PDF."""

from pathlib import Path
from typing import Annotated

import typer

from probekit.errors import MissingExtraError, OptionError, ProbekitError
from probekit.plugins import Manager
from probekit_cli._files import History, check_target
from probekit_cli._options import choice
from probekit_cli._terminal import Terminal

SUFFIXES = (".png", ".svg", ".pdf")
KINDS = ("trajectories", "layers", "similarity", "rdm", "embedding", "selectivity")


def add(app: typer.Typer, manager: Manager) -> None:
    """Add the command."""

    @app.command("plot")
    def plot_command(
        file: History,
        output: Annotated[
            Path | None,
            typer.Option(
                "--output",
                "-o",
                help="PNG, SVG or PDF; FILE-KIND.png unless given.",
                show_default=False,
            ),
        ] = None,
        kind: Annotated[str, choice(KINDS, help="Which figure.")] = "trajectories",
    ) -> None:
        """Draw a figure of a history (needs the plot extra)."""
        target = output or file.with_name(f"{file.name.partition('.nc')[0]}-{kind}.png")
        if target.suffix.lower() not in SUFFIXES:
            raise OptionError(f"--output {target}: must end in {', '.join(SUFFIXES)}.")
        check_target(target)
        _check_matplotlib()
        from probekit.history import open_history

        drawn = getattr(open_history(file).probekit.plot, kind)()
        figure = getattr(drawn, "figure", drawn)
        try:
            figure.savefig(target, bbox_inches="tight")
        except OSError as error:
            raise ProbekitError(f"{target}: cannot be written ({error.strerror}).") from error
        Terminal().line(str(target))


def _check_matplotlib() -> None:
    """Raise unless figures can be drawn; without a screen, on any machine."""
    try:
        import matplotlib as mpl
    except ImportError:
        raise MissingExtraError("matplotlib", extra="plot", needed_for="figures") from None
    mpl.use("agg")
