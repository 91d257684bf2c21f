"""The folder of a history in the making: its segments, in order, and where a finished one lies.

A segment is a complete netCDF file with some rows, ``segment-<first>-<last>.nc``. Small ones are
merged now and then: ``segment-3-66`` stands for the 64 that it was made of, whose files may still
lie about if the process was killed before it could remove them; they count no more.
"""

import contextlib
import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from probekit.errors import HistoryError, HistoryExistsError
from probekit.history import block
from probekit.history.block import Block
from probekit.history.file import is_foreign, missing, reading
from probekit.history.schema import MARK
from probekit.naming import finished_path, is_folder, partial_path

if TYPE_CHECKING:
    import netCDF4

FINISHED_NAME = "finished.nc"  # compacted, complete, not yet moved to where it belongs
_ACTIVATIONS = re.compile(r"activations-(\d+)\.nc")
_SEGMENT = re.compile(r"segment-(\d+)-(\d+)\.nc")
_ATTEMPTS = 50  # a reader looks again when a writer moves files under its hands
_PAUSE = 0.02  # seconds

Result = TypeVar("Result")


class Span(NamedTuple):
    """The segments from `first` to `last`, as one file."""

    first: int
    last: int

    def file_name(self) -> str:
        """Name of the file in the folder."""
        return f"segment-{self.first:06d}-{self.last:06d}.nc"


def spans(folder: Path) -> list[Span]:
    """Return the segments that count, in the order in which they were written."""
    chosen: list[Span] = []
    for span in sorted(_all_spans(folder), key=lambda span: (span.first, -span.last)):
        if not chosen or span.first > chosen[-1].last:
            chosen.append(span)
    return chosen


def activation_files(folder: Path) -> dict[int, Path]:
    """Return the files with activations by their numbers, in the order of their writing."""
    matches = [(_ACTIVATIONS.fullmatch(entry.name), entry) for entry in entries(folder)]
    return dict(sorted((int(match[1]), entry) for match, entry in matches if match))


def activations_name(number: int) -> str:
    """Name of a file with activations."""
    return f"activations-{number:06d}.nc"


def entries(folder: Path) -> list[Path]:
    """Return what lies in a folder; nothing if there is none."""
    try:
        return list(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []


def remove_merged(folder: Path) -> None:
    """Remove the segments that were merged into another and count no more."""
    for span in set(_all_spans(folder)).difference(spans(folder)):
        (folder / span.file_name()).unlink(missing_ok=True)


def _all_spans(folder: Path) -> list[Span]:
    matches = [_SEGMENT.fullmatch(entry.name) for entry in entries(folder)]
    return [Span(int(match[1]), int(match[2])) for match in matches if match]


def load(folder: Path, span: Span) -> Block:
    """Read a segment whole."""
    with reading(folder / span.file_name()) as file:
        return block.read(file)


def locate(path: str | os.PathLike[str]) -> list[Path]:
    """Files that hold the rows of a history now: the finished file, or else its segments in order.

    Raises
    ------
    HistoryError
        If there is no history at `path`, or one that has no row yet.
    """
    finished = finished_path(path)
    folder = partial_path(finished)
    named_itself = Path(path) == folder
    if finished.is_file() and not named_itself:
        return [finished]
    if (folder / FINISHED_NAME).is_file():
        return [folder / FINISHED_NAME]
    files = [folder / span.file_name() for span in spans(folder)]
    if files:
        return [*files, *activation_files(folder).values()]
    if finished.is_file():
        return [finished]
    for place in (finished, Path(path)):
        if is_folder(place):
            raise HistoryError(f"{place}: is a folder; a history is a netCDF file.")
    if folder.is_dir():
        raise HistoryError(f"{folder}: nothing has been recorded yet.")
    raise missing(finished)


def steadily(read: Callable[[], Result]) -> Result:
    """Call `read` again as long as a writer moves the files that it was about to open."""
    for _ in range(_ATTEMPTS):
        with contextlib.suppress(FileNotFoundError):
            return read()
        time.sleep(_PAUSE)
    return read()


def check_replaceable(path: Path) -> None:
    """Raise `HistoryExistsError` if a file is something else than a history: nobody means that."""
    if is_foreign(path, MARK):
        raise HistoryExistsError(
            f"{path}: is not a history of probekit, and is not overwritten. "
            "Choose another path, or remove the file."
        )


@contextlib.contextmanager
def reading_history(path: Path) -> "Iterator[netCDF4.Dataset]":
    """Open a file of a history, and refuse any other netCDF file."""
    with reading(path) as file:
        if MARK not in file.ncattrs():
            raise HistoryError(
                f"{path}: is netCDF, but not a history of probekit (no attribute {MARK!r}). "
                "xarray.open_dataset opens it."
            )
        yield file
