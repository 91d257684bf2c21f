"""Making one file of the segments, holding one variable of one segment at a time."""

from collections.abc import Sequence
from pathlib import Path

from probekit.history import block
from probekit.history.file import reading, writing
from probekit.history.layout import combined_outline, empty, places
from probekit.history.segments import FINISHED_NAME, Span


def compact(
    folder: Path, spans: Sequence[Span], lead: Sequence[str], *, durable: bool = False
) -> Path:
    """Write all rows into one file in the folder, and return its path.

    What comes out depends on the rows alone, not on how they were cut into segments.
    """
    files = [folder / span.file_name() for span in spans]
    outlines = []
    for path in files:
        with reading(path) as segment:
            outlines.append(block.read_outline(segment))
    whole = combined_outline(outlines, lead)
    with writing(folder / FINISHED_NAME, durable=durable) as file:
        block.write_outline(file, whole)
        for name, header in whole.headers.items():
            if name in whole.labels:
                block.put(file, name, (), whole.labels[name])
            elif header.dtype.kind != "f":  # netCDF-C itself fills those with NaN
                block.put(file, name, (), empty(whole, name))
        for path, outline in zip(files, outlines, strict=True):
            with reading(path) as segment:
                for name in outline.headers.keys() - whole.labels.keys():
                    values = block.values(segment, name)
                    for source, target in places(outline, whole, name):
                        block.put(file, name, target, values[source])
    return folder / FINISHED_NAME
