"""Importing a file by its path, with errors that say where in the file they come from."""

import hashlib
import importlib.util
import sys
import traceback
from pathlib import Path
from types import ModuleType

from probekit.collecting.finding import shown
from probekit.errors import ProbekitError, told

STAMP = "__probekit_stamp__"


class TaskFileError(ProbekitError):
    """A task file that cannot be imported, or what stands in it is no task."""


def import_file(path: Path) -> ModuleType:
    """Import a Python file; once, unless it has changed since.

    Its folder is put at the front of the import path, as Python does for a script.

    Raises
    ------
    TaskFileError
        If that fails: naming the file, the line in it, and the error.
    """
    path = path.resolve()
    name = f"{path.stem}_{hashlib.sha1(str(path).encode()).hexdigest()[:8]}"
    status = path.stat()
    stamp = (status.st_mtime_ns, status.st_size)
    known = sys.modules.get(name)
    if known is not None and getattr(known, STAMP, None) == stamp:
        return known
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None, "a .py file has a spec"
    assert spec.loader is not None, "and a loader"
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look up their module
    try:
        source = path.read_bytes()  # not from a cached .pyc, which may be of the same second
        exec(compile(source, str(path), "exec"), module.__dict__)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise TaskFileError(f"{place_of(error, path)}: {described(error)}") from error
    setattr(module, STAMP, stamp)
    return module


def place_of(error: BaseException, *paths: Path, line: int = 0) -> str:
    """Return ``FILE:LINE`` of where in these files an error comes from; the first file if none."""
    files = {str(path.resolve()): path for path in paths}
    if isinstance(error, SyntaxError) and error.filename in files:
        return f"{shown(files[error.filename])}:{error.lineno}"
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.filename in files:
            return f"{shown(files[frame.filename])}:{frame.lineno}"
    return shown(paths[0]) + (f":{line}" if line else "")


def described(error: BaseException) -> str:
    """Return an error in one line; our own say what they are about themselves."""
    text = error.msg if isinstance(error, SyntaxError) else told(error)
    text = " ".join(text.split())
    if isinstance(error, ProbekitError):
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
