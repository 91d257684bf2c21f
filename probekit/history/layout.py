"""How blocks of rows are put together: by the labels of their axes, in whatever order they came.

The outline of a whole history is made of the outlines of its blocks: rows are sorted by the leading
axes, the labels of all other axes stand in the order of their first appearance. Where no block has
a value, a number is NaN, a text empty and a status ``not_recorded``. Of two blocks with one row,
the later one counts.
"""

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from probekit.errors import ShapeError
from probekit.history.block import TEXT, Block, Header, Outline
from probekit.status import Status

Slices = tuple[slice, ...]


def combine(blocks: Sequence[Block], lead: Sequence[str]) -> Block:
    """Put blocks together in memory."""
    whole = combined_outline([block.outline for block in blocks], lead)
    values = {name: empty(whole, name) for name in whole.headers}
    for block in blocks:
        for name in block.values:
            for source, target in places(block.outline, whole, name):
                values[name][target] = block.values[name][source]
    return Block(whole, {**values, **whole.labels})


def combined_outline(outlines: Sequence[Outline], lead: Sequence[str]) -> Outline:
    """Outline of all blocks together."""
    sizes: dict[str, int] = {}
    labels: dict[str, np.ndarray] = {}
    headers: dict[str, Header] = {}
    for outline in outlines:
        check_alike(sizes, headers, outline)
        sizes.update(outline.sizes)
        for name, header in outline.headers.items():
            known = headers.get(name, header)
            headers[name] = header._replace(dtype=_common(known.dtype, header.dtype))
    for dim in sizes:
        parts = [outline.labels[dim] for outline in outlines if dim in outline.labels]
        if parts:
            labels[dim] = _union(parts, in_order=dim in lead).astype(headers[dim].dtype)
            sizes[dim] = len(labels[dim])
    attributes = dict(outlines[0].attributes)
    for outline in outlines:  # a resumed history has a longer one
        attributes.update((k, v) for k, v in outline.attributes.items() if k == "history")
    coordinates = tuple(dict.fromkeys(name for each in outlines for name in each.coordinates))
    whole = Outline(sizes, labels, headers, coordinates, attributes)
    for name, header in headers.items():
        if fill_value(header) is None and _has_gaps(name, outlines, whole):
            headers[name] = header._replace(dtype=np.dtype(np.float64))
    return whole


def are_complete(outlines: Sequence[Outline], lead: Sequence[str]) -> bool:
    """Whether blocks together have a value everywhere, so that they can become one block.

    A block with gaps would be taken for one that says that nothing was recorded there, and hide
    what other blocks say.
    """
    whole = combined_outline(outlines, lead)
    return not any(_has_gaps(name, outlines, whole) for name in whole.headers)


def check_alike(sizes: dict[str, int], headers: dict[str, Header], outline: Outline) -> None:
    """Raise `ShapeError` unless a block fits those before it, which had these dims and headers."""
    for name, header in outline.headers.items():
        known = headers.get(name, header)
        if known.dims != header.dims:
            raise ShapeError(
                f"dataset[{name!r}]: dims {header.dims}; the rows before have {known.dims}."
            )
        if (known.dtype == TEXT) != (header.dtype == TEXT):
            raise ShapeError(
                f"dataset[{name!r}]: dtype {header.dtype}; the rows before have {known.dtype}. "
                "Numbers and text do not go into one variable."
            )
    for dim, size in outline.sizes.items():
        if dim not in outline.labels and sizes.get(dim, size) != size:
            raise ShapeError(
                f"dataset: {dim} has length {size}; the rows before have {sizes[dim]}. "
                f"Give {dim} labels if its length changes."
            )


def places(part: Outline, whole: Outline, name: str) -> Iterator[tuple[Slices, Slices]]:
    """Where a variable of a block belongs: pairs of slices, of the block and of the whole."""
    axes = []
    for dim in part.headers[name].dims:
        if dim in part.labels:
            positions = whole.positions[dim]
            axes.append(list(_runs([positions[label] for label in part.labels[dim].tolist()])))
        else:
            everything = slice(0, part.sizes[dim])
            axes.append([(everything, everything)])
    for pairs in itertools.product(*axes):
        yield tuple(pair[0] for pair in pairs), tuple(pair[1] for pair in pairs)


def empty(whole: Outline, name: str) -> np.ndarray:
    """Values of a variable before any block has been put in."""
    header = whole.headers[name]
    fill = fill_value(header)
    return np.full(whole.shape(name), 0 if fill is None else fill, header.dtype)


def fill_value(header: Header) -> Any:
    """Return what stands where nothing was recorded; None if the type has nothing to say so."""
    if header.dtype.kind == "f":
        return np.nan
    if header.dtype == TEXT:
        return ""
    meanings = str(header.attributes.get("flag_meanings", "")).split()
    return int(Status.NOT_RECORDED) if Status.NOT_RECORDED.meaning in meanings else None


def _has_gaps(name: str, outlines: Sequence[Outline], whole: Outline) -> bool:
    filled = np.zeros(whole.shape(name), bool)
    for outline in outlines:
        if name in outline.headers:
            for _, target in places(outline, whole, name):
                filled[target] = True
    return not filled.all()


def _common(a: np.dtype[Any], b: np.dtype[Any]) -> np.dtype[Any]:
    return a if a == b else np.result_type(a, b)


def _union(parts: Sequence[np.ndarray], *, in_order: bool) -> np.ndarray:
    if in_order:
        return np.unique(np.concatenate(parts))
    labels = dict.fromkeys(label for part in parts for label in part.tolist())
    return np.array(list(labels), dtype=parts[0].dtype)


def _runs(positions: list[int]) -> Iterator[tuple[slice, slice]]:
    """Cut positions into runs of consecutive ones: slices of the source and of the target."""
    start = 0
    for end in range(1, len(positions) + 1):
        if end == len(positions) or positions[end] != positions[end - 1] + 1:
            yield slice(start, end), slice(positions[start], positions[start] + end - start)
            start = end
