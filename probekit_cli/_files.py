"""Files that commands read and write: histories in, figures and tables out."""

import logging
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from probekit.errors import HistoryExistsError, MissingExtraError, OptionError
from probekit.naming import PARTIAL_SUFFIX, SUFFIX

HISTORIES = (SUFFIX, f"{SUFFIX}{PARTIAL_SUFFIX}")


def given_path(value: str | Path) -> Path:
    """Return the path that an option names; no shell has looked at the ~ of ``--output=~/x``."""
    if not str(value):
        raise typer.BadParameter("'' names nothing; name a file.")
    coding = sys.getfilesystemencoding()
    try:
        str(value).encode(coding)
    except UnicodeEncodeError:  # netCDF takes no other name
        raise typer.BadParameter(f"{str(value)!r} is no text in {coding}; rename it.") from None
    return Path(os.path.expanduser(value))


def given_output(value: str | Path) -> Path:
    """Return the path of what is to be written.

    Raises
    ------
    typer.BadParameter
        If it is meant as a folder that is not there.
    """
    path = given_path(value)
    if str(value).endswith(os.sep) and not path.is_dir():
        raise typer.BadParameter(f"there is no folder {value}; make it first.")
    return path


def given_history(value: str | Path) -> Path:
    """Return the path of a history to be written, which may be a folder for it.

    Raises
    ------
    typer.BadParameter
        If it is meant as a folder that is not there, or is a device.
    """
    path = given_output(value)
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise typer.BadParameter(f"{path} is a device or a pipe; name a file.")
    return path


def checked_history(file: Path) -> Path:
    """Return a path, unless it is a folder that holds histories: one of them has to be named."""
    if not file.is_dir() or file.name.endswith(HISTORIES) or _is_named_without_ending(file):
        return file
    names = sorted(path.name for path in file.glob("*.nc*") if path.name.endswith(HISTORIES))
    there = f"there are in it: {', '.join(names[:10])}" if names else "there is none in it"
    raise OptionError(f"{file}: is a folder. Name a history; {there}.")


def _is_named_without_ending(file: Path) -> bool:
    return bool(file.name) and any(
        file.with_name(file.name + ending).exists() for ending in HISTORIES
    )


def history_argument(metavar: str) -> Any:
    """Return the argument that is a history."""
    return typer.Argument(
        metavar=metavar,
        help="A history, finished or not.",
        parser=given_path,
        callback=checked_history,
    )


History = Annotated[Path, history_argument("FILE")]


def check_output(history: Path, *, foreseen: bool, resumable: bool = False) -> None:
    """Say at once what the writer of a history would say too, but only after seconds of imports.

    Raises
    ------
    OptionError
        If there is no such folder.
    HistoryExistsError
        If it exists, unless that is `foreseen`: it is to be replaced, or resumed. What is told of
        that depends on whether it is `resumable`. Something else than a history is never replaced.
    """
    if not history.parent.is_dir():
        raise _no_folder(history)
    if not history.exists():
        return
    from probekit.history.segments import check_replaceable

    check_replaceable(history)
    if not foreseen:
        resuming = " --resume to go on with it," if resumable else ""
        raise HistoryExistsError(
            f"{history}: exists. Give --overwrite to replace it,{resuming} or --output FILE to "
            "keep it."
        )


def _no_folder(path: Path) -> OptionError:
    return OptionError(f"--output {path}: there is no folder {path.parent}; make it first.")


def check_target(target: Path, history: Path) -> None:
    """Raise unless something made from a history can be written there.

    An earlier figure, table or page is replaced: it can be made again, as a history cannot.

    Raises
    ------
    OptionError
        If that would replace a history, or there is no such folder.
    """
    if target.name.endswith(HISTORIES):
        raise OptionError(f"--output {target}: is the name of a history, which is never replaced.")
    if target.is_dir():
        raise OptionError(f"--output {target}: is a folder; name a file in it.")
    if not target.parent.is_dir():
        raise _no_folder(target)
    if target.exists() and history.exists() and target.samefile(history):
        raise OptionError(f"--output {target}: is the history itself; name another file.")


def check_matplotlib() -> None:
    """Raise unless figures can be drawn; without a screen, on any machine."""
    said = logging.getLogger("matplotlib")
    before = said.level
    said.setLevel(logging.ERROR)  # else it tells of a home folder that it cannot write to
    try:
        import matplotlib as mpl
    except ImportError:
        raise MissingExtraError("matplotlib", extra="plot", needed_for="figures") from None
    finally:
        said.setLevel(before)
    mpl.use("agg")
