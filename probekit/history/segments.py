"""The folder of a history in the making: its segments, in order, and where a finished one lies.

A segment is a complete netCDF file with some rows, ``segment-<first>-<last>.nc``. Small ones are
merged now and then: ``segment-3-66`` stands for the 64 that it was made of, whose files may still
lie about if the process was killed before it could remove them; they count no more. It holds one
block of rows, or several where rows would lack in one.
"""

import contextlib
import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from probekit.errors import HistoryError, HistoryExistsError
from probekit.history import block
from probekit.history.block import Block
from probekit.history.file import gone, is_foreign, missing, reading
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


def spans(files: Sequence[Path]) -> list[Span]:
    """Return the segments that count among the `entries` of a folder, in the order of writing."""
    chosen: list[Span] = []
    for span in sorted(_all_spans(files), key=lambda span: (span.first, -span.last)):
        if not chosen or span.first > chosen[-1].last:
            chosen.append(span)
    return chosen


def _all_spans(files: Sequence[Path]) -> list[Span]:
    matches = [_SEGMENT.fullmatch(file.name) for file in files]
    return [Span(int(match[1]), int(match[2])) for match in matches if match]


def activation_files(files: Sequence[Path]) -> dict[int, Path]:
    """Return those with activations among the `entries` of a folder, by number, in this order."""
    matches = [(_ACTIVATIONS.fullmatch(file.name), file) for file in files]
    return dict(sorted((int(match[1]), file) for match, file in matches if match))


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
    files = entries(folder)
    for span in set(_all_spans(files)).difference(spans(files)):
        (folder / span.file_name()).unlink(missing_ok=True)


def load(folder: Path, span: Span) -> list[Block]:
    """Read the blocks of a segment."""
    with reading(folder / span.file_name()) as file:
        return [block.read(group) for group in block.groups(file)]


def locate(path: str | os.PathLike[str]) -> list[Path]:
    """Files that hold the rows of a history now: the finished file, or else its segments in order.

    Raises
    ------
    HistoryError
        If there is no history at `path`, or one that has no row yet.
    FileNotFoundError
        If a segment between two others is not there, as when a writer has just merged it.
    """
    finished = finished_path(path)
    folder = partial_path(finished)
    named_itself = Path(path) == folder
    if finished.is_file() and not named_itself:
        return [finished]
    # Listed at once: the activations of a row are written before it, those of the next after it.
    files = entries(folder)
    segments = spans(files)
    # Looked for afterwards: a writer removes files only while the finished one stands there, so
    # that either all of them were there, or this one is, or opening them fails and we look again.
    if (folder / FINISHED_NAME).is_file():
        return [folder / FINISHED_NAME]
    if segments:
        _check_unbroken(folder, segments)
        rows = [folder / span.file_name() for span in segments]
        return [*rows, *activation_files(files).values()]
    if finished.is_file():
        return [finished]
    for place in (finished, Path(path)):
        if is_folder(place):
            raise HistoryError(f"{place}: is a folder; a history is a netCDF file.")
    if folder.is_dir():
        raise HistoryError(f"{folder}: nothing has been recorded yet.")
    raise missing(finished)


def _check_unbroken(folder: Path, segments: Sequence[Span]) -> None:
    for before, after in pairwise([Span(0, -1), *segments]):
        if after.first != before.last + 1:
            gap = Span(before.last + 1, after.first - 1)
            raise gone(folder / gap.file_name())


def steadily(read: Callable[[], Result]) -> Result:
    """Call `read` again as long as a writer moves the files that it was about to open.

    Raises
    ------
    HistoryError
        If a file of the history stays missing.
    """
    for _ in range(_ATTEMPTS):
        with contextlib.suppress(FileNotFoundError):
            return read()
        time.sleep(_PAUSE)
    try:
        return read()
    except FileNotFoundError as error:
        raise HistoryError(
            f"{error.filename or error}: is missing from the history. Put it back, or resume to go "
            "on with the rows that are left."
        ) from error


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
