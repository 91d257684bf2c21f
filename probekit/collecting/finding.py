"""Where task files are: ``probe_*.py`` below a folder, ``probefile.py`` beside and above them."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from probekit.errors import OptionError, suggestion

PATTERN = "probe_*.py"
SHARED = "probefile.py"
SEPARATOR = "::"

_SKIPPED = {"__pycache__", "build", "dist", "node_modules"}


def names_task_file(word: str) -> bool:
    """Whether a word means a task file, a folder of them or a task in one, and no registered task.

    Parameters
    ----------
    word : str
        As it stands on a command line; no file need be there.

    Examples
    --------
    >>> names_task_file("probes/probe_xor.py::small"), names_task_file("reference-complexity")
    (True, False)
    """
    path, name = split_node(word)
    return (
        bool(name) or SEPARATOR in word or path.suffix == ".py" or os.sep in word or path.is_dir()
    )


def split_node(argument: str | os.PathLike[str]) -> tuple[Path, str]:
    """Return the path and the name of the task (empty for all) of ``PATH`` or ``PATH::NAME``.

    One colon will do after a Python file, as it does where a model is named.

    Examples
    --------
    >>> split_node("probe_a.py::small")[1], split_node("probe_a.py:small")[1]
    ('small', 'small')
    """
    path, _, name = re.sub(r"(\.py):(?!:)", rf"\1{SEPARATOR}", os.fspath(argument)).partition(
        SEPARATOR
    )
    return Path(path), name


def task_files(path: Path) -> list[Path]:
    """Return a task file itself, or all ``probe_*.py`` below a folder, in alphabetical order.

    Hidden folders, virtual environments and those that tools make are left out.

    Raises
    ------
    OptionError
        If there is no such file or folder, or no task file in it.
    """
    if path.is_file():
        if path.suffix != ".py":
            raise OptionError(f"{path}: is no task file; those are Python files, {PATTERN}.")
        return [path]
    if not path.is_dir():
        raise OptionError(f"{path}: there is no such file or folder{_near(path)}")
    found = [file for folder in _folders(path) for file in sorted(folder.glob(PATTERN))]
    if not found:
        raise OptionError(f"{path}: no task file in it; those are called {PATTERN}.")
    return sorted(found)


def shared_files(file: Path) -> list[Path]:
    """Return each ``probefile.py`` that a task file has a share in, the nearest one first.

    Looked for in its folder and above, up to the one with the ``pyproject.toml`` (or ``.git``) of
    the project; without any, up to the current folder.
    """
    folder = file.resolve().parent
    above = [folder, *folder.parents]
    top = next((place for place in above if _is_project(place)), None)
    if top is None:
        top = Path.cwd() if Path.cwd() in above else folder
    within = above[: above.index(top) + 1]
    return [place / SHARED for place in within if (place / SHARED).is_file()]


def shown(path: Path) -> str:
    """Return a path as messages and node ids show it: from the current folder, if below it."""
    path = path.resolve()
    try:
        return path.relative_to(Path.cwd()).as_posix()
    except ValueError:
        return path.as_posix()


def _folders(top: Path) -> Iterator[Path]:
    for folder, below, files in os.walk(top):
        if "pyvenv.cfg" in files:
            below.clear()
            continue
        below[:] = sorted(n for n in below if not n.startswith(".") and n not in _SKIPPED)
        yield Path(folder)


def _is_project(folder: Path) -> bool:
    return (folder / "pyproject.toml").is_file() or (folder / ".git").exists()


def _near(path: Path) -> str:
    """End of the message about a path that is not there: what beside it is called alike."""
    folder = path.parent
    if not folder.is_dir():
        return f"; {folder} is none either."
    beside = [each.name for each in folder.iterdir() if each.suffix == ".py" or each.is_dir()]
    near = suggestion(path.name, beside)
    return near if "did you mean" in near else "."
