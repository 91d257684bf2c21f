"""Reading activations out of a history, out of core: what is indexed is read, and nothing else."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np

from probekit.errors import HistoryError, OptionError, UnknownNameError
from probekit.history import activations, block
from probekit.history.activations import Shelf
from probekit.history.file import reading
from probekit.history.schema import ROW_DIMS
from probekit.history.segments import locate, reading_history, steadily

Row = tuple[Any, ...]  # one label for each leading axis
Result = TypeVar("Result")


class Place(NamedTuple):
    """Where the activations of one row and one layer lie."""

    path: Path
    shelf: Shelf
    row: tuple[int, ...]


Survey = tuple[tuple[str, ...], dict[Row, dict[str, Place]]]


class Representation:
    """The activations of one layer in one row of a history: an array ``(example, unit)`` on disk.

    It has shape and dtype and is indexed like an array; only the examples asked for are read. No
    file stays open, so that it can be pickled, and read while the history is still being written.
    """

    def __init__(self, history: "ActivationHistory", row: Row, layer: str) -> None:
        self.layer = layer
        self._history, self.key = history, row
        shelf = history.place(row, layer).shelf
        self.shape: tuple[int, int] = (shelf.examples, shelf.units)
        self.dtype = shelf.dtype

    @property
    def row(self) -> dict[str, Any]:
        """Label along each leading axis, e.g. ``{"seed": 0, "epoch": 10}``."""
        return dict(zip(self._history.lead, self.key, strict=True))

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of values."""
        return self.shape[0] * self.shape[1]

    @property
    def nbytes(self) -> int:
        """Bytes that all of it would take in memory."""
        return self.size * self.dtype.itemsize

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: Any) -> np.ndarray:
        examples, units = index if isinstance(index, tuple) else (index, slice(None))
        if examples is Ellipsis:
            examples = slice(None)
        numbers = np.arange(len(self))[examples]
        rows = self._read(np.atleast_1d(numbers))
        return rows[0, units] if numbers.ndim == 0 else rows[:, units]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """Read all of it."""
        return self[:].astype(dtype or self.dtype, copy=False)

    def __repr__(self) -> str:
        row = ", ".join(f"{dim}={label}" for dim, label in self.row.items())
        return f"Representation({self.layer!r}, {row}, shape={self.shape}, dtype={self.dtype})"

    def _read(self, numbers: np.ndarray) -> np.ndarray:
        """Read examples in any order: each run of consecutive ones is one access to the file."""
        order = np.argsort(numbers, kind="stable")
        ordered = numbers[order]
        cuts = np.flatnonzero(np.diff(ordered) > 1) + 1
        rows = np.empty((len(numbers), self.shape[1]), self.dtype)

        def read() -> None:
            place = self._history.place(self.key, self.layer)
            with reading(place.path) as file:
                for run in np.split(np.arange(len(ordered)), cuts):
                    if len(run):
                        first, last = ordered[run[0]], ordered[run[-1]]
                        part = activations.read(
                            file, place.shelf, place.row, slice(first, last + 1)
                        )
                        rows[order[run]] = part[ordered[run] - first]

        self._history.reading_again(read)
        return rows


class ActivationHistory(Mapping[str, Representation]):
    """The activations in a history: a mapping from layer to array ``(example, unit)``, all on disk.

    An item is the last row recorded along ``epoch`` (or ``step``); `sel` chooses another row, and
    must choose a seed where there are several. Give it to `probekit.extractors.arrays` to probe a
    row.

    Attributes
    ----------
    lead : tuple of str
        The leading axes, e.g. ``("seed", "epoch")``.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        selection: Mapping[str, Any],
        survey: Survey | None = None,
    ) -> None:
        self.path = path
        self._selection = dict(selection)
        self._take(survey or steadily(lambda: _survey(path)))

    def refresh(self) -> None:
        """Look again at what has been recorded."""
        self._take(steadily(lambda: _survey(self.path)))

    def _take(self, survey: Survey) -> None:
        self.lead, self._places = survey
        for dim, label in self._selection.items():
            if dim not in self.lead:
                raise UnknownNameError("axis", dim, self.lead)
            labels = sorted({row[self.lead.index(dim)] for row in self._places})
            if label not in labels:
                raise OptionError(
                    f"{dim}={label!r}: no activations there; they were recorded for "
                    f"{dim} {_listed(labels)}."
                )
        if not self._chosen():
            raise OptionError(f"{self._selection}: no activations of this row in {self.path}.")

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Rows with activations, among those selected, in order."""
        return [dict(zip(self.lead, row, strict=True)) for row in self._chosen()]

    @property
    def layers(self) -> tuple[str, ...]:
        """Layers with activations."""
        return tuple(dict.fromkeys(layer for row in self._chosen() for layer in self._places[row]))

    def rows_of(self, layer: str) -> list[Representation]:
        """All rows of one layer, among those selected, in order.

        Parameters
        ----------
        layer : str
            One that no row has gives no rows.

        Returns
        -------
        list of Representation
        """
        rows = [row for row in self._chosen() if layer in self._places[row]]
        return [Representation(self, row, layer) for row in rows]

    def first_examples(self, rows: Sequence[Representation], count: int) -> list[np.ndarray]:
        """Read the first so many examples of rows: each file is opened once, and not once a row.

        Parameters
        ----------
        rows : sequence of Representation
            Of this history; of several layers, if need be.
        count : int
            Fewer where a row has fewer.

        Returns
        -------
        list of array (example, unit)
            One for each row, in their order.
        """

        def read() -> list[np.ndarray]:
            places = [self.place(one.key, one.layer) for one in rows]
            of_files: dict[Path, list[int]] = {}
            for number, place in enumerate(places):
                of_files.setdefault(place.path, []).append(number)
            found = {}
            for path, numbers in of_files.items():
                with reading(path) as file:
                    for number in numbers:
                        _, shelf, row = places[number]
                        examples = slice(min(count, shelf.examples))
                        found[number] = activations.read(file, shelf, row, examples)
            return [found[number] for number in range(len(rows))]

        return self.reading_again(read)

    def reading_again(self, read: Callable[[], Result]) -> Result:
        """Call `read`; look again where everything lies as often as the writer has moved it.

        Parameters
        ----------
        read : callable
            It may be called several times, as it raises `FileNotFoundError`.

        Returns
        -------
        object
            What `read` returns.
        """

        def look_and_read() -> Result:
            self._take(_survey(self.path))
            return read()

        try:
            return read()
        except FileNotFoundError:
            return steadily(look_and_read)

    def sel(self, **labels: Any) -> "ActivationHistory":
        """Choose rows by their labels, e.g. ``sel(seed=0, epoch=100)``; nothing is read.

        Parameters
        ----------
        **labels
            A label each, of the leading axes of the history: ``seed``, ``epoch`` or ``step``.

        Returns
        -------
        ActivationHistory
        """
        survey = self.lead, self._places
        return ActivationHistory(self.path, {**self._selection, **labels}, survey)

    def place(self, row: Row, layer: str) -> Place:
        """Where the activations of a row and a layer lie.

        Parameters
        ----------
        row : tuple
            Its labels, in the order of the leading axes.
        layer : str
        """
        return self._places[row][layer]

    def __getitem__(self, layer: str) -> Representation:
        if layer not in self.layers:
            raise UnknownNameError("layer", layer, self.layers)
        rows = [row for row in self._chosen() if layer in self._places[row]]
        last = rows[-1]
        for dim, label in zip(self.lead[:-1], last, strict=False):
            labels = sorted({row[self.lead.index(dim)] for row in rows})
            if len(labels) > 1:
                raise OptionError(
                    f"{dim}: activations of {dim} {_listed(labels)}; choose one, "
                    f"e.g. .sel({dim}={label!r})."
                )
        return Representation(self, last, layer)

    def __contains__(self, layer: object) -> bool:
        return layer in self.layers

    def __iter__(self) -> Iterator[str]:
        return iter(self.layers)

    def __len__(self) -> int:
        return len(self.layers)

    def __repr__(self) -> str:
        return (
            f"ActivationHistory({str(self.path)!r}, layers={list(self.layers)}, "
            f"{len(self._chosen())} rows of {self.lead})"
        )

    def _chosen(self) -> list[Row]:
        wanted = [(self.lead.index(dim), label) for dim, label in self._selection.items()]
        return [row for row in self._places if all(row[axis] == label for axis, label in wanted)]


def open_activations(
    path: str | os.PathLike[str], layer: str | None = None, **row: Any
) -> ActivationHistory | Representation:
    """Open the activations of a history, finished or still being written, without reading them.

    Parameters
    ----------
    path : path
        The history, as `open_history` takes it.
    layer : str, optional
        Return this layer's array instead of the mapping of all layers.
    **row
        Labels that choose a row, e.g. ``seed=0, epoch=100``; the last row if not given.

    Returns
    -------
    ActivationHistory or Representation

    Raises
    ------
    HistoryError
        If there is no history, or one without activations.
    OptionError
        If no such row was recorded, or the labels leave several seeds.
    UnknownNameError
        If there is no such layer.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import probekit as pk
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "history.nc"
    >>> x = np.array([[0.0, 1.0], [2.0, 3.0]])
    >>> with pk.Recorder(path, estimators="total_variance", store="**") as recorder:
    ...     recorder.record(0, pk.extractors.arrays({"layer": x}))
    >>> pk.open_activations(path, "layer", step=0)[:1]
    array([[0., 1.]])
    """
    history = ActivationHistory(path, row)
    return history if layer is None else history[layer]


def _survey(path: str | os.PathLike[str]) -> Survey:
    """Find the leading axes and all places of activations; rows in order, later files counting."""
    places: dict[Row, dict[str, Place]] = {}
    lead: tuple[str, ...] = ()
    files = locate(path)
    for source in files:
        with reading_history(source) as file:
            found = list(activations.shelves(file))
            if not found:  # as in a file that xarray wrote, which need not name its rows
                continue
            lead = tuple(str(file.getncattr(ROW_DIMS)).split())
            labels = [block.values(file, dim).tolist() for dim in lead]
            for shelf in found:
                for index in np.argwhere(activations.recorded(file, shelf)).tolist():
                    row = tuple(labels[axis][i] for axis, i in enumerate(index))
                    places.setdefault(row, {})[shelf.layer] = Place(source, shelf, tuple(index))
    if not places:
        raise HistoryError(
            f"{files[0]}: has no activations. Record them with --store-activations LAYERS "
            "or Recorder(store=…)."
        )
    return lead, dict(sorted(places.items()))


def _listed(labels: Sequence[Any]) -> str:
    shown = [str(label) for label in labels]
    return ", ".join(shown if len(shown) <= 10 else [*shown[:5], "…", *shown[-2:]])
