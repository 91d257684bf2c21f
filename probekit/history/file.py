"""The one file that opens files: reading, atomic writing, locking, and what to say when that fails.

A netCDF file is written under a temporary name in the folder where it will stand and renamed when
it is complete, so that no name ever stands for half a file. netCDF-C is not thread-safe: all of
this belongs to one thread.
"""

import contextlib
import errno
import functools
import os
import shutil
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np

from probekit.errors import HistoryError, HistoryLockedError, suggestion
from probekit.naming import PARTIAL_SUFFIX, SUFFIX, SUFFIXES, followed

if TYPE_CHECKING:
    import netCDF4

TEMPORARY_SUFFIX = ".tmp"
LOCK_NAME = "lock"

_HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_CLASSIC_SIGNATURES = (b"CDF\x01", b"CDF\x02", b"CDF\x05")
_HEAP = b"GCOL\x01\0\0\0"  # of HDF5: how a collection of its global heap begins
_SEARCHED = 1 << 24  # bytes of a file; enough for what is not activations
_LITTLE_SPACE = 1 << 20  # bytes; netCDF-C hides the error number, so a full disk is told by this


@contextlib.contextmanager
def reading(path: Path) -> "Iterator[netCDF4.Dataset]":
    """Open a netCDF file to read raw values; a `FileNotFoundError` is left to the caller."""
    import netCDF4

    _check_signature(path)
    try:
        file = netCDF4.Dataset(path)
    except FileNotFoundError:
        raise
    except (OSError, RuntimeError) as error:
        if not path.exists():  # gone since its signature was read: a writer has moved it
            raise gone(path) from error
        raise HistoryError(_damaged(path)) from error
    with file:
        file.set_auto_maskandscale(False)
        try:
            yield file
        except AttributeError as error:  # how netCDF4 says that it cannot read an attribute
            if str(error).startswith("NetCDF"):
                raise HistoryError(_damaged(path)) from error
            raise


def fetch(variable: "netCDF4.Variable[Any]", index: Any) -> np.ndarray:
    """Read some values of a variable."""
    try:
        return np.asarray(variable[index])
    except RuntimeError as error:  # the file opens, but what it points to is not there
        raise HistoryError(_damaged(Path(variable.group().filepath()))) from error


@contextlib.contextmanager
def writing(path: Path, *, durable: bool = False) -> "Iterator[netCDF4.Dataset]":
    """Write a netCDF file that appears under its name only when it is complete.

    With `durable`, file and folder are flushed to the disk before and after the renaming, so that a
    power cut loses no more than a kill does.
    """
    import netCDF4

    temporary = path.with_name(path.name + TEMPORARY_SUFFIX)
    file = None
    try:
        file = netCDF4.Dataset(temporary, "w")
        yield file
        file.close()
        if durable:
            _flush(temporary)
        replace(temporary, path, durable=durable)
    except BaseException as error:
        _discard(temporary, file)
        if _is_of_file(error, temporary):
            raise HistoryError(_unwritable(path, error)) from error
        raise


@contextlib.contextmanager
def writing_text(path: Path) -> Iterator[TextIO]:
    """Write a text file, a table or a page, that appears under its name when it is complete."""
    with _writing_plain(path, "w", encoding="utf-8", newline="") as file:
        yield file


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file, such as a figure, that appears under its name when it is complete."""
    with _writing_plain(path, "wb") as file:
        file.write(content)


@contextlib.contextmanager
def _writing_plain(path: Path, mode: str, **how: Any) -> Iterator[Any]:
    path = followed(path)
    if not path.parent.is_dir():
        raise HistoryError(f"{path}: the folder {str(path.parent)!r} does not exist. Create it.")
    # A device or a pipe, such as /dev/stdout, is written to: renaming would replace it by a file.
    is_place = path.exists() and not path.is_file()
    temporary = path if is_place else path.with_name(path.name + TEMPORARY_SUFFIX)
    try:
        with open(temporary, mode, **how) as file:
            yield file
        if not is_place:
            replace(temporary, path)
    except BaseException as error:
        if not is_place:
            _discard(temporary, None)
        if _is_of_file(error, temporary):
            raise HistoryError(_unwritable(path, error)) from error
        raise


def replace(source: Path, target: Path, *, durable: bool = False) -> None:
    """Put a complete file in its place, in one step."""
    os.replace(source, target)
    if durable:
        _flush(target.parent)


def share(source: Path, target: Path, *, durable: bool = False) -> None:
    """Let a complete file, which is never written to again, have another name too.

    Where the file system has no such thing it is copied.
    """
    try:
        target.unlink(missing_ok=True)
        try:
            os.link(source, target)
        except OSError:
            temporary = target.with_name(target.name + TEMPORARY_SUFFIX)
            shutil.copyfile(source, temporary)
            if durable:
                _flush(temporary)
            os.replace(temporary, target)
        if durable:
            _flush(target.parent)
    except OSError as error:
        raise HistoryError(_unwritable(target, error)) from error


def is_foreign(path: Path, mark: str) -> bool:
    """Whether a file is certainly no history, but something else that is kept there.

    What is empty or damaged may be what is left of one.

    Parameters
    ----------
    path : pathlib.Path
    mark : str
        The attribute that every history has.
    """
    try:
        with open(path, "rb") as opened:
            start = opened.read(len(_HDF5_SIGNATURE))
    except OSError:
        return False
    if start and not _is_netcdf(start):
        return True
    with contextlib.suppress(HistoryError, FileNotFoundError), reading(path) as file:
        return mark not in file.ncattrs()
    return False


def remove_temporaries(folder: Path) -> None:
    """Remove what a killed process left half-written."""
    for stray in folder.glob("*" + TEMPORARY_SUFFIX):
        stray.unlink(missing_ok=True)


def make_folder(folder: Path) -> None:
    """Make the folder of a partial history, in a folder that must be there."""
    parent = folder.parent
    if not parent.is_dir():
        reason = "is not a folder" if parent.exists() else "does not exist"
        raise HistoryError(f"{folder}: the folder {str(parent)!r} {reason}. Create it first.")
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise HistoryError(_unwritable(folder, error)) from error


class Lock:
    """The right to write one history, held by at most one process; released even by a kill."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._descriptor: int | None = None

    @property
    def path(self) -> Path:
        """The file that is locked."""
        return self.folder / LOCK_NAME

    @property
    def held(self) -> bool:
        """Whether this process has the lock."""
        return self._descriptor is not None

    def acquire(self) -> None:
        """Take the lock, or raise `HistoryLockedError`."""
        while self._descriptor is None:
            make_folder(self.folder)
            try:
                descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
            except FileNotFoundError:  # another process finished and removed the folder just now
                continue
            except OSError as error:
                raise HistoryError(_unwritable(self.path, error)) from error
            if self._take(descriptor):
                self._descriptor = descriptor
            else:
                os.close(descriptor)

    def _take(self, descriptor: int) -> bool:
        import fcntl

        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                raise HistoryError(f"{self.path}: cannot be locked: {error.strerror}.") from error
            raise HistoryLockedError(
                f"{self.folder}: this history is being written, by another process or by a "
                "Recorder here that is not closed. Wait for it, close it, or write to another path."
            ) from None
        # Whoever held it may have removed the file meanwhile: then this is a lock on nothing.
        with contextlib.suppress(FileNotFoundError):
            return os.path.samestat(os.fstat(descriptor), os.stat(self.path))
        return False

    def release(self, *, remove: bool = False) -> None:
        """Let go of the lock; with `remove`, of its file too."""
        if self._descriptor is None:
            return
        if remove:
            self.path.unlink(missing_ok=True)
        os.close(self._descriptor)
        self._descriptor = None


def gone(path: Path) -> FileNotFoundError:
    """Return the error for a file that a writer has moved or removed meanwhile."""
    return FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))


def missing(path: Path) -> HistoryError:
    """Return the error for a history that is not there, with near matches among its neighbours."""
    folder = path.parent
    if not folder.is_dir():
        return HistoryError(f"{path}: the folder {str(folder)!r} does not exist.")
    names = {
        entry.name.removesuffix(PARTIAL_SUFFIX)
        for entry in folder.iterdir()
        if entry.name.removesuffix(PARTIAL_SUFFIX).endswith(SUFFIX)
    }
    ending = suggestion(path.name, sorted(names)) if names else "; the folder has no history."
    return HistoryError(f"{path}: no such history{ending}")


def _check_signature(path: Path) -> None:
    try:
        with open(path, "rb") as file:
            start = file.read(len(_HDF5_SIGNATURE))
            version = os.fstat(file.fileno())
    except FileNotFoundError:
        raise
    except IsADirectoryError:
        raise HistoryError(f"{path}: is a folder; a history is a netCDF file.") from None
    except OSError as error:
        raise HistoryError(f"{path}: cannot be read: {error.strerror}.") from error
    if not _is_netcdf(start):
        what = "is not a netCDF file" if start else "is empty"
        raise HistoryError(f"{path}: {what}; a history is one that probekit wrote.")
    if _is_endless(path, version.st_ino, version.st_size, version.st_mtime_ns):
        raise HistoryError(_damaged(path))


@functools.lru_cache(maxsize=1024)
def _is_endless(path: Path, *version: int) -> bool:
    """Whether HDF5 would read a collection of its global heap for ever.

    Objects follow each other, each with its length, the last being what is free; where that has
    been lost, HDF5 goes on by 0 bytes. All else that is damaged it notices itself. A file is
    searched once, and not for every slice of its activations: another version is another file.
    """
    with open(path, "rb") as file:
        content = file.read(_SEARCHED)
    at = content.find(_HEAP)
    while at >= 0:
        (size,) = struct.unpack_from("<Q", content.ljust(at + 16, b"\0"), at + 8)
        place, end = at + 16, min(at + size, len(content)) - 16
        while place <= end:
            number, length = struct.unpack_from("<H6xQ", content, place)
            if number == 0:
                if length == 0:
                    return True
                break
            place += 16 + -(-length // 8) * 8
        at = content.find(_HEAP, at + 1)
    return False


def _is_netcdf(start: bytes) -> bool:
    return start == _HDF5_SIGNATURE or start.startswith(_CLASSIC_SIGNATURES)


def _damaged(path: Path) -> str:
    return (
        f"{path}: is truncated or damaged and cannot be read. "
        "Take a copy of it, or write the history again."
    )


def _is_of_file(error: BaseException, temporary: Path) -> bool:
    """Whether the file system or netCDF-C failed, rather than what the caller does meanwhile."""
    if isinstance(error, RuntimeError):
        return str(error).startswith("NetCDF")
    if isinstance(error, OSError) and not isinstance(error, HistoryError):
        return error.filename is None or Path(error.filename) in (temporary, temporary.parent)
    return False


def _unwritable(path: Path, error: BaseException) -> str:
    """One line: which file, why, what has been kept."""
    number = getattr(error, "errno", None)
    parent = path.parent
    if number in (errno.EACCES, errno.EPERM, errno.EROFS) and _has_space(parent):
        return f"{path}: no permission to write in {str(parent)!r}. Choose another folder."
    if number in (errno.ENOSPC, errno.EDQUOT) or not _has_space(parent):
        reason = "the disk is full"
        remedy = "Everything recorded before is kept; free some space, then resume."
    elif isinstance(error, RuntimeError) and (limit := _largest_file()) is not None:
        # It may be this, or anything else.
        reason = f"{error}; files may not be larger than {limit} bytes here"
        remedy = "Everything recorded before is kept; raise that limit (ulimit -f), then resume."
    else:
        reason = os.strerror(number) if number and number > 0 else str(error)
        remedy = "Everything recorded before is kept."
    if path.suffix not in (*SUFFIXES, PARTIAL_SUFFIX):  # a table or a page
        return f"{path}: could not be written: {reason}."
    return f"{path}: could not be written: {reason}. {remedy}"


def _largest_file() -> int | None:
    """Return how large the system lets a file of this process be; None if it sets no limit."""
    import resource

    limit, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
    return None if limit == resource.RLIM_INFINITY else limit


def _has_space(folder: Path) -> bool:
    with contextlib.suppress(OSError):
        disk = shutil.disk_usage(folder)
        return disk.total == 0 or disk.free >= _LITTLE_SPACE  # /proc has no size, and is not full
    return True


def _discard(temporary: Path, file: Any) -> None:
    """Remove a half-written file and give its space back."""
    # Emptied first: on a full disk HDF5 has then the space that it needs to close the file at all.
    with contextlib.suppress(OSError):
        os.truncate(temporary, 0)
    with contextlib.suppress(OSError, RuntimeError):
        if file is not None and file.isopen():
            file.close()
    with contextlib.suppress(OSError):
        os.unlink(temporary)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
