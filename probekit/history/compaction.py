"""Making one file of the segments, holding one variable of one segment at a time."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from probekit.history import block
from probekit.history.activations import Merger, Storage
from probekit.history.block import Outline
from probekit.history.file import reading, writing
from probekit.history.layout import combined_outline, empty, places
from probekit.history.segments import FINISHED_NAME, activation_files, entries, spans

if TYPE_CHECKING:
    import netCDF4


def compact(folder: Path, lead: Sequence[str], storage: Storage, *, durable: bool = False) -> Path:
    """Write all rows into one file in the folder, and return its path.

    What comes out depends on the rows alone, not on how they were cut into segments.
    """
    found = entries(folder)
    files = [folder / span.file_name() for span in spans(found)]
    with_activations = list(activation_files(found).values())
    outlines: list[Outline] = []
    for path in (*files, *with_activations):
        with reading(path) as segment:
            outlines += [block.read_outline(group) for group in block.groups(segment)]
    whole = combined_outline(outlines, lead)
    of_blocks = iter(outlines)
    with writing(folder / FINISHED_NAME, durable=durable) as file:
        _define(file, whole)
        for path in files:
            with reading(path) as segment:
                for group in block.groups(segment):
                    _copy(group, next(of_blocks), file, whole)
        _copy_activations(with_activations, file, Merger(whole, lead, storage))
    return folder / FINISHED_NAME


def _define(file: "netCDF4.Dataset", whole: Outline) -> None:
    """Make all variables, as if no row had been recorded."""
    block.write_outline(file, whole)
    for name, header in whole.headers.items():
        if name in whole.labels:
            block.put(file, name, (), whole.labels[name])
        elif header.dtype.kind != "f":  # netCDF-C itself fills those with NaN
            block.put(file, name, (), empty(whole, name))


def _copy(
    segment: "netCDF4.Dataset", outline: Outline, file: "netCDF4.Dataset", whole: Outline
) -> None:
    """Bring the rows of one segment to their places."""
    for name in outline.headers:
        if name not in whole.labels:
            values = block.values(segment, name)
            for source, target in places(outline, whole, name):
                block.put(file, name, target, values[source])


def _copy_activations(paths: Sequence[Path], file: "netCDF4.Dataset", merger: Merger) -> None:
    for path in paths:
        with reading(path) as segment:
            merger.survey(segment)
    merger.define(file)
    for path in paths:
        with reading(path) as segment:
            merger.copy(segment, file)
