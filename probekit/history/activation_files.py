"""Writing the activations of a history in the making: a file for some rows, whole or absent."""

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from probekit.errors import ShapeError
from probekit.history.activations import (
    Shelf,
    Storage,
    check_same_shape,
    rows_block,
    shelves,
    write_batches,
    write_rows,
)
from probekit.history.file import reading, writing
from probekit.history.segments import activation_files, activations_name, entries

if TYPE_CHECKING:
    import netCDF4
    import xarray as xr


class ActivationFiles:
    """The files with activations in the folder of a history."""

    def __init__(
        self,
        folder: Path,
        lead: Sequence[str],
        storage: Storage,
        *,
        attributes: Mapping[str, Any],
        durable: bool,
    ) -> None:
        self.folder, self.lead, self.storage = folder, tuple(lead), storage
        self.attributes, self.durable = attributes, durable
        self._shelves: dict[str, Shelf] = {}
        self._number = 0

    def resume(self) -> None:
        """Go on after the files that are there."""
        for number, path in activation_files(entries(self.folder)).items():
            self._number = number + 1
            with reading(path) as file:
                self._check(file)

    def append_rows(self, activations: Mapping[str, "xr.DataArray"]) -> None:
        """Write whole rows of some layers."""
        arrays: dict[str, Any] = {}
        labels: dict[str, np.ndarray] = {}
        dims = (*self.lead, "example", "unit")
        for layer, array in activations.items():
            argument = f"activations[{layer!r}]"
            if set(array.dims) != set(dims):
                raise ShapeError(f"{argument}: dims {array.dims}; it must have {dims}.")
            rows = {dim: array.coords[dim].values for dim in self.lead}
            labels = labels or rows
            if any(not np.array_equal(labels[dim], rows[dim]) for dim in self.lead):
                raise ShapeError(f"{argument}: other rows than the first layer has; give the same.")
            arrays[layer] = array.transpose(*dims).data
        with self._next_file() as file:
            write_rows(file, rows_block(labels, self.attributes), arrays, self.storage)

    def append_batches(self, row: Mapping[str, Any], batches: Iterable[Mapping[str, Any]]) -> None:
        """Write one row, batch by batch."""
        if set(row) != set(self.lead):
            raise ShapeError(f"row={dict(row)}: give one label for each of {self.lead}.")
        labels = {dim: row[dim] for dim in self.lead}
        with self._next_file() as file:
            write_batches(file, rows_block(labels, self.attributes), batches, self.storage)

    @contextlib.contextmanager
    def _next_file(self) -> "Iterator[netCDF4.Dataset]":
        """Write a file; one that does not fit the rows before is dropped."""
        path = self.folder / activations_name(self._number)
        with writing(path, durable=self.durable) as file:
            yield file
            self._check(file)
        self._number += 1

    def _check(self, file: "netCDF4.Dataset") -> None:
        """Refuse what does not fit the rows before."""
        for shelf in shelves(file):
            check_same_shape(self._shelves.get(shelf.layer, shelf), shelf)
        self._shelves.update((shelf.layer, shelf) for shelf in shelves(file))
