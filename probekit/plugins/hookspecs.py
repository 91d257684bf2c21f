"""Every hook there is. An implementation may take fewer arguments than are listed here.

All hooks are called on the main thread. Those that follow a run are called between chunks of
epochs; an exception in one of them is reported as a warning and the run goes on.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from probekit.plugins.markers import hookspec

if TYPE_CHECKING:
    import xarray as xr

    from probekit.plugins.registry import Registry
    from probekit.running import RunInfo

# --- registering ---------------------------------------------------------------------------------


@hookspec
def probekit_register(registry: "Registry") -> None:
    """Register estimators, extractors and tasks; called once, when the plugin is loaded."""


@hookspec
def probekit_add_commands(app: Any) -> None:
    """Add commands to the `typer.Typer` of the command line."""


# --- a run ---------------------------------------------------------------------------------------


@hookspec
def probekit_run_started(run: "RunInfo") -> None:
    """Hear that a run is about to begin, or to go on."""


@hookspec
def probekit_chunk_finished(run: "RunInfo", dataset: "xr.Dataset") -> None:
    """Hear of new rows, these alone, that are in the history now."""


@hookspec
def probekit_run_finished(run: "RunInfo", path: Path | None) -> None:
    """Hear that the history is complete; `path` is None if it is not kept."""


@hookspec
def probekit_run_failed(run: "RunInfo", error: BaseException) -> None:
    """Hear that a run ends before its time; `error` may be a `KeyboardInterrupt`."""


@hookspec
def probekit_recorded(path: Path, dataset: "xr.Dataset") -> None:
    """Hear of new rows that a `Recorder` has put into its history."""


# --- looking at results --------------------------------------------------------------------------


@hookspec
def probekit_report_sections(dataset: "xr.Dataset") -> list[tuple[str, str]]:
    """Return sections of a report as pairs of title and HTML."""
    return []
