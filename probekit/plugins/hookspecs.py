"""All hooks, grouped by phase; a plugin implements those it likes.

An implementation may take fewer arguments than are listed here. Hooks are called on the thread that
runs, between chunks of compiled work. Apart from `probekit_register` they are guarded: an exception
is reported as a `PluginWarning` that names the plugin, and the run goes on. Arguments may be added
in later versions; none is taken away.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from probekit.plugins.markers import hookspec

if TYPE_CHECKING:
    from pathlib import Path

    import typer
    import xarray as xr

    from probekit.plugins.registry import Registry
    from probekit.running import RunInfo

# ---------------------------------------------------------------------- register


@hookspec(historic=True)
def probekit_register(registry: "Registry") -> None:
    """Register estimators, tasks and extractors: ``registry.estimator("name", "module:attr")``.

    Called once for each plugin when it is registered, whenever that is. Import nothing heavy here:
    targets given as text are imported when somebody uses them.

    Parameters
    ----------
    registry : Registry
        `Registry.estimator`, `Registry.task` and `Registry.extractor` raise `PluginError` if a name
        is taken or cannot be used. The plugin is not active then, and nothing of it stays.
    """


# --------------------------------------------------------------------------- run


@hookspec
def probekit_run_started(run: "RunInfo") -> None:
    """Tell that a run begins, before anything is computed.

    Parameters
    ----------
    run : RunInfo
        What is to come, and what is there already of a run that is resumed.
    """


@hookspec
def probekit_chunk_finished(run: "RunInfo", dataset: "xr.Dataset", ended: "Sequence[int]") -> None:
    """Tell of new rows, which are in the history already.

    Rows of several seeds may come in turns. To stop the run raise `KeyboardInterrupt`: it is let
    through, and the history can be resumed.

    Parameters
    ----------
    run : RunInfo
    dataset : xarray.Dataset
        Just these rows, with dims ``seed`` and ``epoch``, and the variables that plugins added.
        Look at it, don't change it.
    ended : sequence of int
        The seeds that have no more rows.
    """


@hookspec
def probekit_recorded(path: "Path", dataset: "xr.Dataset") -> None:
    """Tell of rows that a `Recorder` has appended to its history.

    Parameters
    ----------
    path : pathlib.Path
        ``NAME.nc``, which `probekit.open_history` opens before it is finished, too.
    dataset : xarray.Dataset
        Just these rows, with the dim ``step``, and ``seed`` if there are seeds.
    """


@hookspec
def probekit_run_finished(run: "RunInfo", path: "Path | None") -> None:
    """Tell that a run has come to its end.

    Parameters
    ----------
    run : RunInfo
    path : pathlib.Path or None
        The finished history, if it is kept.
    """


@hookspec
def probekit_run_failed(run: "RunInfo", error: BaseException) -> None:
    """Tell that a run ends early.

    Parameters
    ----------
    run : RunInfo
    error : BaseException
        What is raised next; a `KeyboardInterrupt` if the user stopped it.
    """


# ----------------------------------------------------------------------- history


@hookspec
def probekit_history_variables(
    dataset: "xr.Dataset",
) -> "xr.Dataset | Mapping[str, xr.DataArray] | None":
    """Return variables to be added to new rows of a history, before they are written.

    Parameters
    ----------
    dataset : xarray.Dataset
        Just these rows, of a run or of a `Recorder`, with dims ``epoch`` or ``step``, and ``seed``
        if there are seeds; with what plugins have added that were asked before.

    Returns
    -------
    mapping of str to xarray.DataArray, xarray.Dataset or None
        With the dims of the rows, whatever others, and names that are not taken:
        ``{"gap": dataset.accuracy.sel(split="train") - …}``. It is kept as float, with its
        attributes, such as ``long_name`` and ``units``.

        Rows for which nothing is returned hold NaN. What does not fit is reported as a
        `PluginWarning` and left out; the rows are written without it.
    """


# -------------------------------------------------------------------------- show


@hookspec
def probekit_add_commands(app: "typer.Typer") -> None:
    """Add commands to the command line: ``@app.command()``, as typer describes it.

    Called whenever ``probekit`` starts, so keep imports inside the commands.

    Parameters
    ----------
    app : typer.Typer
        The app that has probekit's own commands already.
    """


@hookspec
def probekit_report_sections(dataset: "xr.Dataset") -> "Sequence[tuple[str, str]] | None":
    """Return sections for the report on a history.

    Parameters
    ----------
    dataset : xarray.Dataset
        The whole history, finished or not.

    Returns
    -------
    sequence of (title, HTML), or None
        They stand behind figures and scores, in this order. A title is text; the HTML is put in as
        it is, so that names from the history are to be escaped. What is no such pair is reported
        as a `PluginWarning` and left out.
    """
