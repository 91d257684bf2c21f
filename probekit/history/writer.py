"""Writing a history: segments while it grows, one file when it is finished."""

import contextlib
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from probekit.errors import HistoryError, HistoryExistsError, ShapeError
from probekit.history import block, states
from probekit.history.activation_files import ActivationFiles
from probekit.history.activations import Storage, shelves
from probekit.history.block import Block, Header, Outline
from probekit.history.compaction import compact
from probekit.history.file import (
    LOCK_NAME,
    Lock,
    reading,
    remove_temporaries,
    replace,
    share,
)
from probekit.history.layout import check_alike, combine
from probekit.history.row_files import RowFiles
from probekit.history.schema import MARK, ROW_DIMS, check_same_experiment, event
from probekit.history.segments import (
    FINISHED_NAME,
    Span,
    activation_files,
    activations_name,
    check_replaceable,
    entries,
    remove_merged,
    spans,
)
from probekit.naming import finished_path, is_folder, partial_path

if TYPE_CHECKING:
    import xarray as xr


class HistoryWriter:
    """Writes a history row by row, so that a kill at any moment loses at most the row in progress.

    Rows go into ``NAME.nc.partial/``, a folder of complete netCDF files; `finish` makes ``NAME.nc``
    of them. One process writes a history, and one thread of it: netCDF-C is not thread-safe.

    Parameters
    ----------
    path : path
        ``NAME.nc``, in a folder that exists.
    attributes : mapping
        Attributes of the Dataset, as `make_attributes` makes them.
    overwrite : bool
        Replace what is there. A finished history stays until the new one is finished; an unfinished
        one is removed at once.
    resume : bool
        Go on with the unfinished history that is there; start one if there is none.
    extend : bool
        With `resume`, go on with a finished history too. It stays as it is until it is finished
        with what is added, and for good if nothing is.
    durable : bool
        Flush each file to the disk, so that a power cut loses no more than a kill does. About twice
        as slow.
    lead : sequence of str
        The axes along which rows are added.
    storage : Storage
        How activations are packed.

    Raises
    ------
    HistoryExistsError
        If there is a history and neither `overwrite` nor `resume` says what to do with it.
    HistoryLockedError
        If another process is writing it.
    HistoryError
        If the folder does not exist or cannot be written.
    OptionError
        If the history to resume has another task or config.

    Notes
    -----
    As a context manager it closes the history at the end of the block, whether that ends well or
    not; `finish` is always said explicitly.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import xarray as xr
    >>> from probekit.history import HistoryWriter, make_attributes
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "history.nc"
    >>> with HistoryWriter(path, attributes=make_attributes("example"), lead=("step",)) as writer:
    ...     for step in (0, 10):
    ...         writer.append(xr.Dataset({"loss": ("step", [1 / (1 + step)])}, {"step": [step]}))
    ...     writer.finish().name
    'history.nc'
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        attributes: Mapping[str, Any],
        overwrite: bool = False,
        resume: bool = False,
        extend: bool = False,
        durable: bool = False,
        lead: Sequence[str] = ("seed", "epoch"),
        storage: Storage = Storage(),  # noqa: B008  (a tuple: immutable)
    ) -> None:
        self.path = finished_path(path)
        self.folder = partial_path(self.path)
        self.lead = tuple(lead)
        self.durable = durable
        self.storage = storage.check()
        self._attributes = {**attributes, ROW_DIMS: " ".join(self.lead)}
        self._lock = Lock(self.folder)
        self._is_as_found = False  # a finished history to which nothing was added yet
        for folder in (Path(path), self.path):
            if is_folder(folder):
                raise HistoryError(f"{folder}: is a folder. Name a file, e.g. 'history.nc' in it.")
        check_replaceable(self.path)
        existed = self.folder.exists()
        if self.path.exists() and not (overwrite or resume or existed):
            raise self._exists()  # before anything is touched
        self._lock.acquire()
        try:
            self._take_over(overwrite=overwrite, resume=resume, extend=extend)
        except BaseException:
            self._lock.release(remove=not existed)
            if not existed:
                self._remove_folder()
            raise
        self._stay()

    def append(
        self, dataset: "xr.Dataset", *, activations: Mapping[str, "xr.DataArray"] | None = None
    ) -> None:
        """Add rows: they are in the history when this returns.

        Parameters
        ----------
        dataset : xarray.Dataset
            Labelled along the leading axes; any number of rows, in any order. Variables need not
            have all leading axes. Half precision is kept as float32. A row that is there already is
            replaced.
        activations : mapping of str to xarray.DataArray, optional
            For each layer ``(*lead, example, unit)``, of all rows of `dataset` or some of them,
            with the same rows for every layer. They may lie on a disk or a device: one chunk at a
            time is fetched. See also `append_activations`.

        Raises
        ------
        ShapeError
            If the leading axes are missing, the dtype cannot be kept, or a variable has not the
            dims that it had in the rows before.
        HistoryError
            If the file cannot be written, for instance because the disk is full. What was appended
            before is kept.
        """
        self._check_open()
        rows = self._checked(dataset)
        self._is_as_found = False
        if activations:  # first, so that a row with scores never lacks its activations
            self._activations.append_rows(activations)
        self._write(rows)

    def check(self, dataset: "xr.Dataset") -> None:
        """Raise what `append` would raise if these rows cannot be kept beside those before.

        Parameters
        ----------
        dataset : xarray.Dataset
            Nothing of it is written.
        """
        self._checked(dataset)

    def _checked(self, dataset: "xr.Dataset") -> block.Block:
        for dim in self.lead:
            if dim not in dataset.sizes or dim not in dataset.coords:
                raise ShapeError(
                    f"dataset: dims {tuple(dataset.sizes)}; rows are labelled by {self.lead}, "
                    f"and {dim!r} is missing. Use dataset.expand_dims({dim}=[…])."
                )
        rows = block.from_dataset(dataset, self._attributes)
        check_alike(self._sizes, self._headers, rows.outline)
        return rows

    def append_activations(
        self, row: Mapping[str, Any], batches: Iterable[Mapping[str, Any]]
    ) -> None:
        """Add the activations of one row, batch by batch, so that they never need to fit in memory.

        Parameters
        ----------
        row : mapping
            The label along each leading axis, e.g. ``{"seed": 0, "epoch": 10}``.
        batches : iterable of mapping
            For each batch of examples ``{layer: (example, …)}``; further axes are flattened into
            ``unit``. They are kept as float32, or float64 if given so.

        Raises
        ------
        ShapeError
            If the batches do not fit together, or not to the rows before.
        """
        self._check_open()
        self._is_as_found = False
        self._activations.append_batches(row, batches)

    def rows(self) -> "xr.Dataset | None":
        """Return what has been appended, in this run and those before it; None if nothing."""
        blocks = self._rows.load()
        whole = combine(blocks, self.lead) if blocks else None
        return block.to_dataset(whole) if whole and whole.outline.headers else None

    def save_state(self, key: str, leaves: Sequence[Any], meta: Mapping[str, Any]) -> None:
        """Keep a state of the training beside the rows, to resume from.

        The newest two of each `key` are kept, so that there is one that fits the rows even if the
        process is killed between writing the one and the other.

        Parameters
        ----------
        key : str
            What the state is of, e.g. ``"seed-3"``.
        leaves : sequence of array
            Arrays of any dtype; they come back bit for bit.
        meta : mapping
            Whatever else is to be known, as JSON takes it; ``meta["epoch"]`` says where the state
            belongs.
        """
        self._check_open()
        states.save(self.folder, key, leaves, meta, durable=self.durable)

    def load_state(
        self, key: str, *, epoch: int | None = None
    ) -> tuple[list[np.ndarray], dict[str, Any]] | None:
        """Return the newest state that `save_state` has put there.

        Parameters
        ----------
        key : str
            As of `save_state`.
        epoch : int, optional
            Of this one or an earlier one; the newest of all unless given.

        Returns
        -------
        (leaves, meta), or None if there is none
            The arrays, and the mapping that was given with them.
        """
        return states.load(self.folder, key, epoch=epoch)

    def finish(self) -> Path:
        """Make one file of all rows, move it to its place, remove the folder; return its path."""
        self._check_open()
        self._rows.release()
        if self._is_as_found:
            self._drop()
            return self.path
        compact(self.folder, self.lead, self.storage, durable=self.durable)
        self._move_finished()
        self._lock.release(remove=True)
        self._remove_folder()
        return self.path

    def close(self) -> None:
        """Let go of the history. What has been appended stays, and can be resumed.

        A history into which nothing was put is removed: there is nothing to resume.
        """
        self._rows.release()
        kept = self._headers or self._has_more_than_rows()
        if not self._lock.held or (kept and not self._is_as_found):
            self._lock.release()
            return
        self._drop()

    def _drop(self) -> None:
        self._empty_folder()
        self._lock.release(remove=True)
        self._remove_folder()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"HistoryWriter({str(self.path)!r}, lead={self.lead})"

    def _stay(self) -> None:
        """Name all files from the root: the process may go to another folder while it writes.

        Not before the history is taken over, so that errors until then name what was given.
        """
        self.path = Path(os.path.abspath(self.path))
        self.folder = partial_path(self.path)
        for files in (self._lock, self._rows, self._activations):
            files.folder = self.folder

    def _take_over(self, *, overwrite: bool, resume: bool, extend: bool) -> None:
        """Bring the folder into a state in which rows can be appended; the lock is held."""
        remove_temporaries(self.folder)
        if (self.folder / FINISHED_NAME).exists():  # killed while finishing: do the rest of it
            self._move_finished()
        self._rows = RowFiles(self.folder, self.lead, durable=self.durable)
        self._activations = ActivationFiles(
            self.folder,
            self.lead,
            self.storage,
            attributes={name: self._attributes[name] for name in (MARK, ROW_DIMS)},
            durable=self.durable,
        )
        if self._rows.spans and not resume:
            if not overwrite:
                raise self._exists()
            self._empty_folder()
            self._rows.spans.clear()
        if self._rows.spans:
            self._resume()
            return
        if self.path.exists() and resume and extend:
            self._extend()
            return
        if self.path.exists() and not overwrite:
            raise self._exists(finished=resume)
        self._sizes: dict[str, int] = {}
        self._headers: dict[str, Header] = {}
        self._write(Block(Outline({}, {}, {}, (), block.plain_attributes(self._attributes)), {}))

    def _extend(self) -> None:
        """Take the finished file as what has been written so far, under names of the folder."""
        with reading(self.path) as file:
            attributes = block.read_outline(file).attributes
            holds_activations = any(True for _ in shelves(file))
        check_same_experiment(str(self.path), attributes, self._attributes)
        self._empty_folder()
        first = Span(0, 0)
        if holds_activations:  # first, so that rows never lack theirs after a kill
            share(self.path, self.folder / activations_name(0), durable=self.durable)
        share(self.path, self.folder / first.file_name(), durable=self.durable)
        self._rows.spans.append(first)
        self._resume()
        self._is_as_found = True

    def _resume(self) -> None:
        before = self._rows.load()
        remove_merged(self.folder)
        whole = combine(before, self.lead).outline
        check_same_experiment(str(self.folder), whole.attributes, self._attributes)
        self._sizes, self._headers = dict(whole.sizes), dict(whole.headers)
        self._activations.resume()
        past = str(whole.attributes.get("history", ""))
        self._attributes["history"] = f"{past}\n{event('resumed')}" if past else event("resumed")

    def _write(self, rows: Block) -> None:
        self._rows.write(rows)
        self._sizes.update(rows.outline.sizes)
        self._headers.update(rows.outline.headers)

    def _move_finished(self) -> None:
        # The segments go first: a folder that has neither them nor the finished file holds nothing,
        # so that a kill in between leaves no doubt about which file is the history.
        self._empty_folder(keep=FINISHED_NAME)
        try:
            replace(self.folder / FINISHED_NAME, self.path, durable=self.durable)
        except OSError as error:
            raise HistoryError(
                f"{self.path}: could not be written: {error.strerror}. "
                f"The history is complete in {str(self.folder / FINISHED_NAME)!r}."
            ) from error

    def _empty_folder(self, keep: str = "") -> None:
        for entry in self.folder.iterdir():
            if entry.name not in (LOCK_NAME, keep):
                entry.unlink(missing_ok=True)

    def _remove_folder(self) -> None:
        with contextlib.suppress(OSError):  # another process may just have begun a history here
            self.folder.rmdir()

    def _has_more_than_rows(self) -> bool:
        """Whether there are states or activations beside the rows."""
        return any(self.folder.glob("state-*")) or bool(activation_files(entries(self.folder)))

    def _check_open(self) -> None:
        if not self._lock.held:
            raise HistoryError(f"{self.path}: the writer is closed. Open another with resume=True.")

    def _exists(self, *, finished: bool = False) -> HistoryExistsError:
        if finished:
            try:
                with reading(self.path):
                    pass
            except HistoryError as error:  # it is damaged, rather than finished
                return HistoryExistsError(f"{error} Pass overwrite (--overwrite) to replace it.")
            return HistoryExistsError(
                f"{self.path}: is finished, there is nothing to resume. "
                "Pass overwrite (--overwrite) to replace it."
            )
        if not spans(entries(self.folder)):
            return HistoryExistsError(
                f"{self.path}: exists. Pass overwrite (--overwrite) to replace it, "
                "or choose another path."
            )
        return HistoryExistsError(
            f"{self.folder}: holds an unfinished history. Pass resume (--resume) to go on with it, "
            "or overwrite (--overwrite) to replace it."
        )
