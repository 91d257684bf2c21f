"""A history as a table of text: tidy, a value a line, or in the columns of the notebook."""

import csv
import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np

from probekit._checks import check_choice
from probekit.errors import Argument, OptionError
from probekit.history.accessor import register_accessor
from probekit.history.contents import last_hidden_layer
from probekit.history.file import writing_text
from probekit.history.schema import DIMS

if TYPE_CHECKING:
    import xarray as xr

FORMATS = ("tidy", "notebook")

_NOTEBOOK_VARIABLES = ("loss", "feature_loss", "accuracy", "linear_r2", "total_variance")


def to_csv(
    dataset: "xr.Dataset", target: str | os.PathLike[str] | TextIO, format: str = "tidy"
) -> None:
    """Write a history as CSV.

    Parameters
    ----------
    dataset : xarray.Dataset
        A history.
    target : path or text file
        Where to; a file that is there is replaced.
    format : str
        ``"tidy"``: a line for each value, with a column for each axis, then ``variable`` and
        ``value``; numbers as short as they can be without loss, undefined scores empty, rows that
        were not recorded left out. ``"notebook"``: the columns and digits of the file that the
        authors' notebook writes for the reference task, a line for each seed and epoch; R² and
        total variance are those of the last hidden layer.

    Raises
    ------
    OptionError
        If `format` is unknown, or the history lacks what the notebook's columns need.

    Examples
    --------
    >>> import sys, xarray as xr
    >>> ds = xr.Dataset({"loss": ("epoch", [0.7, 0.35])}, {"epoch": [0, 1]})
    >>> to_csv(ds, sys.stdout)
    epoch,variable,value
    0,loss,0.7
    1,loss,0.35
    """
    check_choice("format", format, FORMATS)
    register_accessor()
    lines = _tidy(dataset) if format == "tidy" else _notebook(dataset)
    if isinstance(target, (str, os.PathLike)):
        with writing_text(Path(target)) as file:
            file.writelines(lines)
    else:
        target.writelines(lines)


def _tidy(dataset: "xr.Dataset") -> Iterator[str]:
    """One value a line; the axes in the order in which the project names them."""
    used = {str(dim) for array in dataset.data_vars.values() for dim in array.dims}
    dims = sorted(used, key=lambda dim: (DIMS.index(dim) if dim in DIMS else len(DIMS), dim))
    writer = csv.writer(_Echo(), lineterminator="\n")
    yield writer.writerow([*dims, "variable", "value"])
    rows = _recorded(dataset)
    for name, array in dataset.data_vars.items():
        labels = [
            array[dim].values.tolist() if dim in array.coords else range(array.sizes[dim])
            for dim in array.dims
        ]
        places = [dims.index(str(dim)) for dim in array.dims]
        there = _there(array, rows)
        rows_there = itertools.compress(itertools.product(*labels), there)
        for row, value in zip(rows_there, array.values.ravel()[there], strict=True):
            cells: list[Any] = [""] * len(dims)
            for place, label in zip(places, row, strict=True):
                cells[place] = label
            yield writer.writerow([*cells, name, _number(value)])


def _recorded(dataset: "xr.Dataset") -> "xr.DataArray | None":
    """Which rows were recorded; None for scores without rows."""
    try:
        rows: xr.DataArray = dataset.probekit.recorded()
    except OptionError:
        return None
    return rows


def _there(array: "xr.DataArray", rows: "xr.DataArray | None") -> np.ndarray:
    """Which values belong to a row that was recorded, in the order of the memory."""
    if rows is None or not set(rows.dims) <= set(array.dims):
        return np.ones(array.size, bool)
    there: np.ndarray = rows.broadcast_like(array).transpose(*array.dims).values.ravel()
    return there


def _number(value: Any) -> str:
    """Return a number with the digits that its type has, and nothing for an undefined one."""
    return "" if isinstance(value, np.floating) and np.isnan(value) else str(value)


def _notebook(dataset: "xr.Dataset") -> Iterator[str]:
    """Yield the lines of the notebook's ``results.csv``."""
    missing = [name for name in _NOTEBOOK_VARIABLES if name not in dataset]
    if missing:
        raise OptionError(
            Argument("format", "notebook"),
            f": the history lacks {', '.join(missing)}, which only a run of reference-complexity "
            "with its own estimators has. Use ",
            Argument("format", "tidy"),
            ".",
        )
    layer = dataset.sel(layer=last_hidden_layer(dataset["layer"].values.tolist()))
    # A feature that is used twice is numbered in a history, and is not in the notebook.
    features = [str(name).split("#")[0] for name in dataset["feature"].values]
    names = ("train-acc", "test-acc", "train-loss", "test-loss", "rep-R2")
    heads = ["seed", "epoch", "features", "train-loss", "test-loss", "total-variance"]
    for name in names:
        heads += [f"{name}_feature{place}-{feature}" for place, feature in enumerate(features)]
    yield ", ".join(heads) + "\n"
    recorded = dataset.probekit.recorded().transpose("seed", "epoch").values
    train, test = dataset.sel(split="train"), dataset.sel(split="test")
    columns = [
        *(train["loss"], test["loss"], layer["total_variance"]),
        *(train["accuracy"], test["accuracy"], train["feature_loss"], test["feature_loss"]),
        layer["linear_r2"],
    ]
    table = np.concatenate([_columns(array) for array in columns], axis=-1)
    for seed, epoch in np.argwhere(recorded):
        numbers = ", ".join(f"{value:.8f}" for value in table[seed, epoch])
        labels = f"{dataset['seed'].values[seed]}, {dataset['epoch'].values[epoch]}"
        yield f"{labels}, ({', '.join(features)}), {numbers}\n"


def _columns(array: "xr.DataArray") -> np.ndarray:
    """Return a score as ``(seed, epoch, column)`` of float64."""
    values: np.ndarray = array.transpose("seed", "epoch", ...).values.astype(np.float64)
    return values.reshape(*values.shape[:2], -1)


class _Echo:
    """A file that gives back what is written to it, so that `csv` can make lines one by one."""

    def write(self, line: str) -> str:
        return line
