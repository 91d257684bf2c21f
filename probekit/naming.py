"""What the files of a history are called: ``NAME.nc``, and ``NAME.nc.partial/`` until then.

Apart from what opens them, since the command line asks for these names before anything is imported.
"""

import os
from pathlib import Path

from probekit.errors import HistoryError

SUFFIX = ".nc"
SUFFIXES = (SUFFIX, ".nc4", ".cdf", ".netcdf", ".h5", ".hdf5")
"""What a file of netCDF-4 may end in; ``lr0.01`` has no ending."""
PARTIAL_SUFFIX = ".partial"


def finished_path(path: str | os.PathLike[str]) -> Path:
    """``NAME.nc`` from any way of naming a history: ``NAME.nc``, ``NAME.nc.partial``, ``NAME``.

    Parameters
    ----------
    path : path
        A file that is there, whatever it ends in, stays what it is. A symbolic link stands for the
        file that it leads to, there or not, which is what is read and written.

    Raises
    ------
    HistoryError
        If it can only be a folder.

    Examples
    --------
    >>> finished_path("lr0.01").name, finished_path("lr0.01.h5").name
    ('lr0.01.nc', 'lr0.01.h5')
    """
    path = Path(path)
    if path.name in ("", ".."):
        raise HistoryError(f"{path}: is a folder; name a history in it.")
    if path.name.endswith(PARTIAL_SUFFIX):
        path = path.with_name(path.name.removesuffix(PARTIAL_SUFFIX))
    elif path.suffix not in SUFFIXES and not path.is_file():
        path = path.with_name(path.name + SUFFIX)
    return followed(path)


def followed(path: Path) -> Path:
    """Return what a symbolic link leads to: a file renamed to the link would take its place.

    Parameters
    ----------
    path : pathlib.Path
        What is no link stays what it is, and so does one to a pipe, as ``/dev/stdout`` may be: what
        that leads to has no path.
    """
    leads_to_file = path.is_symlink() and (path.is_file() or not path.exists())
    return Path(os.path.realpath(path)) if leads_to_file else path


def path_in(output: str | os.PathLike[str], name: str) -> Path:
    """Return where a history goes: into a folder that is there it goes under this name.

    Parameters
    ----------
    output : path
        A folder, or the history, named in any way.
    name : str
        Without ``.nc``, as that of its task.

    Examples
    --------
    >>> path_in("", "my-task").name, path_in("wide", "my-task").name
    ('my-task.nc', 'wide.nc')
    """
    path = Path(output)
    return path / f"{name}{SUFFIX}" if is_folder(path) else finished_path(path)


def is_folder(path: Path) -> bool:
    """Whether there is a folder that is no history in the making.

    Parameters
    ----------
    path : pathlib.Path
    """
    return path.is_dir() and not path.name.endswith(PARTIAL_SUFFIX)


def partial_path(path: Path) -> Path:
    """``NAME.nc.partial``, the folder in which ``NAME.nc`` comes into being.

    Parameters
    ----------
    path : pathlib.Path
        That of the finished history.
    """
    return path.with_name(path.name + PARTIAL_SUFFIX)
