"""A block: some rows of a history in plain NumPy, and its way into and out of netCDF and xarray.

xarray takes most of a second to import and longer than netCDF-C itself to write a small file, so a
history is written and put together as blocks; a Dataset stands only at the two ends.
"""

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from probekit.errors import ShapeError
from probekit.history.file import fetch

if TYPE_CHECKING:
    import netCDF4
    import xarray as xr

TEXT = np.dtype(object)  # an array of `object` is always one of strings
_BLOCKS = "blocks"  # the group of those that a file holds several of


class Header(NamedTuple):
    """What a variable is, without its values."""

    dims: tuple[str, ...]
    dtype: np.dtype[Any]
    attributes: Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class Outline:
    """Everything about a block but its values.

    Parameters
    ----------
    sizes : mapping
        Length of each dim.
    labels : mapping
        Labels of the dims that have any.
    headers : mapping
        Header of each variable, those of the labels included.
    coordinates : tuple of str
        Variables that label without being a dim (xarray's non-dimension coordinates).
    attributes : mapping
        Attributes of the whole.
    """

    sizes: Mapping[str, int]
    labels: Mapping[str, np.ndarray]
    headers: Mapping[str, Header]
    coordinates: tuple[str, ...] = ()
    attributes: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    @functools.cached_property
    def positions(self) -> dict[str, dict[Any, int]]:
        """For each labelled dim, where each label stands."""
        return {
            dim: {label: position for position, label in enumerate(labels.tolist())}
            for dim, labels in self.labels.items()
        }

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape of a variable."""
        return tuple(self.sizes[dim] for dim in self.headers[name].dims)


class Block(NamedTuple):
    """An outline and the values that belong to it."""

    outline: Outline
    values: dict[str, np.ndarray]

    def nbytes(self) -> int:
        """How much memory the values take."""
        return sum(values.nbytes for values in self.values.values())


def from_dataset(dataset: "xr.Dataset", attributes: Mapping[str, Any]) -> Block:
    """Take the values out of a Dataset, in types that netCDF-4 has, with these `attributes`."""
    values, headers = {}, {}
    # In an order of their own: that of a Dataset depends on what it was joined of.
    labels = [dim for dim in dataset.sizes if dim in dataset.coords]
    for name in dict.fromkeys([*dataset.data_vars, *labels, *dataset.coords]):
        variable = dataset.variables[name]
        array = storable(str(name), variable.values)
        values[str(name)] = array
        headers[str(name)] = Header(
            tuple(map(str, variable.dims)), array.dtype, plain_attributes(variable.attrs)
        )
    outline = Outline(
        sizes={str(dim): size for dim, size in dataset.sizes.items()},
        labels={dim: values[dim] for dim in map(str, dataset.sizes) if dim in values},
        headers=headers,
        coordinates=tuple(str(name) for name in dataset.coords if name not in dataset.sizes),
        attributes=plain_attributes(attributes),
    )
    return Block(outline, values)


def to_dataset(block: Block) -> "xr.Dataset":
    """Label the values of a block as a Dataset."""
    import xarray as xr

    outline = block.outline
    arrays = {
        name: (header.dims, _readable(block.values[name]), dict(header.attributes))
        for name, header in outline.headers.items()
    }
    labels = {name for name in arrays if name in outline.sizes} | set(outline.coordinates)
    return xr.Dataset(
        {name: array for name, array in arrays.items() if name not in labels},
        coords={name: array for name, array in arrays.items() if name in labels},
        attrs=dict(outline.attributes),
    )


def storable(name: str, values: Any) -> np.ndarray:
    """Return an array in a type that netCDF-4 has: half precision becomes float32, text object."""
    array: np.ndarray = np.asarray(values)
    kind = array.dtype.kind
    if array.dtype == np.float16 or (kind == "V" and "float" in array.dtype.name):
        return array.astype(np.float32)
    if kind == "V" and "int" in array.dtype.name:  # JAX's int4 and uint4
        return array.astype(np.int8)
    if kind in "UT" or (kind == "O" and all(isinstance(text, str) for text in array.flat)):
        return array.astype(object)
    if kind in "iufb" and array.dtype.itemsize <= 8:
        return array
    raise ShapeError(
        f"{name}: dtype {array.dtype} cannot be kept in a history. "
        "Give numbers, booleans or strings; split complex numbers into two variables."
    )


def write_outline(group: "netCDF4.Dataset", outline: Outline) -> None:
    """Define dims, variables and attributes in an empty netCDF group."""
    group.setncatts(dict(outline.attributes))
    if outline.coordinates:
        group.setncattr("coordinates", " ".join(outline.coordinates))
    for dim, size in outline.sizes.items():
        group.createDimension(dim, size)
    for name, header in outline.headers.items():
        define(group, name, header)


def write(group: "netCDF4.Dataset", block: Block) -> None:
    """Write a block into an empty netCDF group."""
    write_outline(group, block.outline)
    for name, values in block.values.items():
        put(group, name, (), values)


def write_all(file: "netCDF4.Dataset", blocks: Sequence[Block]) -> None:
    """Write blocks into an empty file: one as it is, several as a group each."""
    if len(blocks) == 1:
        write(file, blocks[0])
        return
    file.setncatts(dict(blocks[0].outline.attributes))
    for number, each in enumerate(blocks):
        write(file.createGroup(f"{_BLOCKS}/{number:03d}"), each)


def groups(file: "netCDF4.Dataset") -> "list[netCDF4.Dataset]":
    """Return what holds the blocks of a file, in the order of writing: the file, or its groups."""
    if _BLOCKS not in file.groups:
        return [file]
    found = file.groups[_BLOCKS].groups
    return [found[name] for name in sorted(found)]


def put(group: "netCDF4.Dataset", name: str, index: tuple[slice, ...], values: np.ndarray) -> None:
    """Write values of one variable, at slices of all its axes or everywhere."""
    if values.size:
        values = values.astype(np.int8) if values.dtype.kind == "b" else values
        group.variables[name][index or ...] = values


def read_outline(group: "netCDF4.Dataset") -> Outline:
    """Read everything but the values."""
    attributes = _attributes(group)
    coordinates = tuple(attributes.pop("coordinates", "").split())
    sizes = {name: len(dim) for name, dim in group.dimensions.items()}
    headers = {name: _header(variable) for name, variable in group.variables.items()}
    labels = {name: values(group, name) for name in sizes if name in headers}
    return Outline(sizes, labels, headers, coordinates, attributes)


def read(group: "netCDF4.Dataset") -> Block:
    """Read a block whole."""
    outline = read_outline(group)
    read_already = outline.labels
    return Block(
        outline,
        {
            name: read_already[name] if name in read_already else values(group, name)
            for name in outline.headers
        },
    )


def values(group: "netCDF4.Dataset", name: str) -> np.ndarray:
    """Read the values of one variable."""
    variable = group.variables[name]
    array = fetch(variable, ...)
    return array.astype(bool) if _is_boolean(variable) else array


def define(group: "netCDF4.Dataset", name: str, header: Header) -> None:
    """Define one variable, whose dims the group or one above it has."""
    attributes = dict(header.attributes)
    fill: Any = False
    if header.dtype == TEXT:
        kind: Any = str
        fill = None
    elif header.dtype.kind == "b":
        kind = np.int8
        attributes["dtype"] = "bool"  # as xarray marks them
    else:
        kind = header.dtype
        if kind.kind == "f" and name not in group.dimensions:
            fill = kind.type("nan")
    variable = group.createVariable(
        name,
        kind,
        header.dims,
        fill_value=fill,
        # A checksum, so that a flipped bit is an error and no other number; texts can have none.
        fletcher32=kind is not str and bool(header.dims),
    )
    variable.set_auto_maskandscale(False)
    variable.setncatts(attributes)


def _header(variable: "netCDF4.Variable[Any]") -> Header:
    attributes = _attributes(variable)
    if attributes.pop("dtype", None) == "bool":
        return Header(variable.dimensions, np.dtype(bool), attributes)
    dtype = TEXT if variable.dtype is str else np.dtype(variable.dtype)
    return Header(variable.dimensions, dtype, attributes)


def _is_boolean(variable: "netCDF4.Variable[Any]") -> bool:
    return "dtype" in variable.ncattrs() and variable.getncattr("dtype") == "bool"


def _attributes(owner: Any) -> dict[str, Any]:
    return {name: owner.getncattr(name) for name in owner.ncattrs() if name != "_FillValue"}


def _readable(array: np.ndarray) -> np.ndarray:
    return array.astype(str) if array.dtype == TEXT else array


def plain_attributes(attributes: Mapping[Any, Any]) -> dict[str, Any]:
    """Return attributes in types that netCDF has; None is left out."""
    return {
        str(name): _plain_attribute(value)
        for name, value in attributes.items()
        if value is not None
    }


def _plain_attribute(value: Any) -> Any:
    """Return an attribute as netCDF has it: a number, a row of numbers or texts, or a text."""
    if isinstance(value, (bool, np.bool_)):
        return int(value)
    try:
        array = np.asarray(value)
    except ValueError:  # rows of unequal length
        return str(value)
    if array.ndim <= 1 and array.size and array.dtype.kind in "iuf":
        return value
    if array.ndim == 1 and array.dtype.kind == "U":
        return [str(text) for text in value]
    return str(value)
