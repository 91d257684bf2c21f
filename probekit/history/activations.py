"""How activations lie in a netCDF file: one group a layer, one chunk a row, never more in memory.

A group is ``/activations/<layer>`` with the variable ``representation``, whose axes are the leading
ones of the history, then ``example`` and ``unit``. The same shape serves the files of a history in
the making, each with a few rows, and the finished one, where rows that were not recorded take no
space and are told by the variable ``recorded``.
"""

import itertools
import operator
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from probekit._checks import shape_text
from probekit.errors import Argument, OptionError, ShapeError
from probekit.history import block
from probekit.history.block import Block, Header, Outline
from probekit.history.file import fetch
from probekit.history.schema import (
    ACTIVATIONS_GROUP,
    ACTIVATIONS_VARIABLE,
    LAYER_ATTRIBUTE,
    RECORDED_VARIABLE,
)

if TYPE_CHECKING:
    import netCDF4

_CHUNK_BYTES = 4 << 20
# Where the activations of a layer lie that has layers below it, as "block" has "block/attention":
# xarray wants the `unit` of a group to be that of the groups below it, so it gets its own.
_OWN_GROUP = "__call__"
# The attribute of a layer's group that says where in the forward order it comes.
_PLACE_ATTRIBUTE = "place"


class Storage(NamedTuple):
    """How activations are packed.

    Parameters
    ----------
    compression : int
        Level of zlib, 0 (none) to 9. 1 is the useful one; most gain comes with `keep_bits`.
    keep_bits : int, optional
        Bits of the mantissa to keep, 1 to 23; 10 bound the relative error by 5e-4. All if not
        given.
    """

    compression: int = 0
    keep_bits: int | None = None

    def check(self) -> "Storage":
        """Refuse what zlib and float32 do not have."""
        if self.compression not in range(10):
            raise OptionError(Argument("compression", self.compression), ": must be 0 (none) to 9.")
        if self.keep_bits is not None and self.keep_bits not in range(1, 24):
            raise OptionError(
                Argument("keep_bits", self.keep_bits), ": must be 1 to 23; all unless given."
            )
        return self


class Shelf(NamedTuple):
    """Where the activations of one layer lie in one file, and what they are."""

    group: str
    layer: str
    examples: int
    units: int
    dtype: np.dtype[Any]


def write_rows(
    file: "netCDF4.Dataset",
    rows: Block,
    arrays: Mapping[str, Any],
    storage: Storage,
) -> None:
    """Write activations ``(*lead, example, unit)`` of some layers, all with the same `rows`."""
    block.write(file, rows)
    lengths = [len(labels) for labels in rows.values.values()]
    for layer, array in arrays.items():
        variable = _define(file, tuple(rows.values), layer, arrays, array, storage)
        step = variable.chunking()[-2]
        for row in itertools.product(*map(range, lengths)):
            for start in range(0, array.shape[-2], step):
                part = (*row, slice(start, start + step))
                variable[part] = _storable(layer, array[part])


def write_batches(
    file: "netCDF4.Dataset",
    row: Block,
    batches: Iterable[Mapping[str, Any]],
    storage: Storage,
) -> None:
    """Write the activations of one row as they come: batches ``{layer: (example, unit)}``."""
    block.write(file, row)
    lead = tuple(row.values)
    variables: dict[str, Any] = {}
    written = 0
    for batch in batches:
        if variables and variables.keys() != batch.keys():
            raise ShapeError(
                f"activations: a batch of layers {sorted(batch)}; those before had "
                f"{sorted(variables)}. Give every batch the same layers."
            )
        sizes = {len(array) for array in batch.values()}
        if len(sizes) > 1:
            raise ShapeError(f"activations: batches of {sorted(sizes)} examples; give equal ones.")
        for layer, array in batch.items():
            flat = _storable(layer, array)
            flat = flat.reshape(len(flat), -1)
            if layer not in variables:
                variables[layer] = _define(file, lead, layer, batch, flat, storage, grow=True)
            place = (*(0 for _ in lead), slice(written, written + len(flat)))
            variables[layer][place] = flat
        written += max(sizes, default=0)
    if not written:
        raise ShapeError("activations: no example in any batch; give at least one.")


def shelves(file: "netCDF4.Dataset") -> Iterator[Shelf]:
    """Find the activations in a file, in forward order: groups below one stand together in it."""
    if ACTIVATIONS_GROUP in file.groups:
        found = _shelves(file.groups[ACTIVATIONS_GROUP], f"/{ACTIVATIONS_GROUP}")
        yield from (shelf for _, shelf in sorted(found, key=operator.itemgetter(0)))


def _shelves(group: "netCDF4.Dataset", path: str) -> Iterator[tuple[int, Shelf]]:
    """Yield the activations in a group and those below it, each with its place in the model."""
    if ACTIVATIONS_VARIABLE in group.variables:
        variable = group.variables[ACTIVATIONS_VARIABLE]
        *_, examples, units = variable.shape
        layer = str(group.getncattr(LAYER_ATTRIBUTE))
        place = int(getattr(group, _PLACE_ATTRIBUTE, 0))
        yield place, Shelf(path, layer, examples, units, np.dtype(variable.dtype))
    for name, child in group.groups.items():
        yield from _shelves(child, f"{path}/{name}")


def recorded(file: "netCDF4.Dataset", shelf: Shelf) -> np.ndarray:
    """Which rows of the leading axes have activations."""
    group = file[shelf.group]
    if RECORDED_VARIABLE in group.variables:
        return block.values(group, RECORDED_VARIABLE)
    return np.ones(group.variables[ACTIVATIONS_VARIABLE].shape[:-2], bool)


def read(file: "netCDF4.Dataset", shelf: Shelf, row: Sequence[int], examples: slice) -> np.ndarray:
    """Read some examples ``(example, unit)`` of one row."""
    variable = file[shelf.group].variables[ACTIVATIONS_VARIABLE]
    return fetch(variable, (*row, examples))


class Merger:
    """Brings the activations of several files into one, a chunk at a time."""

    def __init__(self, whole: Outline, lead: Sequence[str], storage: Storage) -> None:
        self.whole, self.lead, self.storage = whole, tuple(lead), storage
        self.layers: dict[str, Shelf] = {}

    def survey(self, file: "netCDF4.Dataset") -> None:
        """Take note of the layers in a file, before anything is written."""
        for shelf in shelves(file):
            check_same_shape(self.layers.setdefault(shelf.layer, shelf), shelf)

    def define(self, target: "netCDF4.Dataset") -> None:
        """Make the groups of all layers."""
        for place, (layer, shelf) in enumerate(self.layers.items()):
            group = target.createGroup(_group_path(layer, self.layers))
            for dim in self.lead:  # xarray.open_dataset(group=…) does not inherit them
                labels = self.whole.labels[dim]
                block.define(group, dim, Header((dim,), labels.dtype, {}))
                block.put(group, dim, (), labels)
            like = np.empty((0, shelf.units), shelf.dtype)
            group.setncattr(_PLACE_ATTRIBUTE, place)
            _define_in(group, self.lead, layer, like, shelf.examples, self.storage)
            block.define(
                group,
                RECORDED_VARIABLE,
                Header(self.lead, np.dtype(bool), {"long_name": "whether this row was recorded"}),
            )
            block.put(group, RECORDED_VARIABLE, (), np.zeros(self._rows_shape(), bool))

    def copy(self, source: "netCDF4.Dataset", target: "netCDF4.Dataset") -> None:
        """Bring the rows of one file to their places."""
        outline = block.read_outline(source)
        positions = [
            [self.whole.positions[dim][label] for label in outline.labels[dim].tolist()]
            for dim in self.lead
        ]
        for shelf in shelves(source):
            group = target[_group_path(shelf.layer, self.layers)]
            variable = group.variables[ACTIVATIONS_VARIABLE]
            step = variable.chunking()[-2]
            there = recorded(source, shelf)
            for row in itertools.product(*(range(len(each)) for each in positions)):
                if not there[row]:  # of a finished history that is gone on with
                    continue
                place = tuple(each[i] for each, i in zip(positions, row, strict=True))
                for start in range(0, shelf.examples, step):
                    examples = slice(start, min(start + step, shelf.examples))
                    variable[(*place, examples)] = read(source, shelf, row, examples)
                group.variables[RECORDED_VARIABLE][place] = 1

    def _rows_shape(self) -> tuple[int, ...]:
        return tuple(self.whole.sizes[dim] for dim in self.lead)


def check_same_shape(before: Shelf, now: Shelf) -> None:
    """Refuse a layer that changes its number of examples or units from row to row."""
    if (before.examples, before.units) != (now.examples, now.units):
        raise ShapeError(
            f"activations[{now.layer!r}]: shape (example={now.examples}, unit={now.units}); "
            f"the rows before have ({before.examples}, {before.units})."
        )


def rows_block(labels: Mapping[str, Any], attributes: Mapping[str, Any]) -> Block:
    """Return rows that have nothing but the `labels` of their leading axes."""
    values = {dim: block.storable(dim, np.atleast_1d(each)) for dim, each in labels.items()}
    headers = {dim: Header((dim,), each.dtype, {}) for dim, each in values.items()}
    sizes = {dim: len(each) for dim, each in values.items()}
    return Block(Outline(sizes, values, headers, (), block.plain_attributes(attributes)), values)


def _define(
    file: "netCDF4.Dataset",
    lead: Sequence[str],
    layer: str,
    layers: Iterable[str],
    array: Any,
    storage: Storage,
    *,
    grow: bool = False,
) -> Any:
    group = file.createGroup(_group_path(layer, layers))
    group.setncattr(_PLACE_ATTRIBUTE, list(layers).index(layer))
    return _define_in(group, lead, layer, array, None if grow else array.shape[-2], storage)


def _define_in(
    group: "netCDF4.Dataset",
    lead: Sequence[str],
    layer: str,
    array: Any,
    examples: int | None,
    storage: Storage,
) -> Any:
    """Define the variable of one layer in its group; without `examples` their number can grow."""
    units = array.shape[-1]
    dtype: np.dtype[Any] = np.dtype("f8" if array.dtype == np.float64 else "f4")
    chunk = max(1, _CHUNK_BYTES // max(1, units * dtype.itemsize))
    group.setncattr(LAYER_ATTRIBUTE, layer)
    group.createDimension("example", examples)
    group.createDimension("unit", units)
    packing: dict[str, Any] = {
        "fill_value": dtype.type("nan"),
        "chunksizes": (*(1 for _ in lead), min(chunk, examples or len(array) or 1), units),
        "zlib": storage.compression > 0,
        "complevel": storage.compression,
        "significant_digits": storage.keep_bits,
        "quantize_mode": "BitRound",
        "fletcher32": True,
    }
    dims = (*lead, "example", "unit")
    variable = group.createVariable(ACTIVATIONS_VARIABLE, dtype, dims, **packing)
    variable.set_auto_maskandscale(False)
    variable.setncatts({"long_name": f"activations of {layer}", "units": "1"})
    return variable


def _group_path(layer: str, layers: Iterable[str]) -> str:
    parts = [part if part.strip(".") else f"_{part}" for part in layer.split("/")]
    if any(other.startswith(f"{layer}/") for other in layers):
        own = _OWN_GROUP
        while f"{layer}/{own}" in layers:
            own += "_"
        parts.append(own)
    return "/".join((f"/{ACTIVATIONS_GROUP}", *parts))


def _storable(layer: str, array: Any) -> np.ndarray:
    values = np.asarray(array)
    if values.ndim < 2:
        raise ShapeError(f"activations[{layer!r}]: {shape_text(values)}; give (example, unit).")
    values = block.storable(f"activations[{layer!r}]", values)
    return values if values.dtype.kind == "f" else values.astype(np.float32)
