"""Opening a history, finished or in the making."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from probekit.errors import HistoryError
from probekit.history import block
from probekit.history.block import Block
from probekit.history.layout import combine
from probekit.history.schema import ROW_DIMS
from probekit.history.segments import (
    FINISHED_NAME,
    activation_files,
    locate,
    reading_history,
    steadily,
)
from probekit.naming import PARTIAL_SUFFIX

if TYPE_CHECKING:
    import xarray as xr


def open_history(path: str | os.PathLike[str]) -> "xr.Dataset":
    """Load a history into memory, finished or still being written, by this or another process.

    Parameters
    ----------
    path : path
        ``NAME.nc``, or ``NAME`` for short. If there is no such file yet, the rows so far are read
        from ``NAME.nc.partial/``; named itself, that folder is read even if an older ``NAME.nc``
        stands beside it.

    Returns
    -------
    xarray.Dataset
        Its rows sorted by seed and epoch (or step). Activations are left in the file:
        `open_activations` reads them piece by piece.

    Raises
    ------
    HistoryError
        If there is no history, if the file is not one, or if it is damaged.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import numpy as np
    >>> import probekit as pk
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "history.nc"
    >>> x = np.array([[0.0, 1.0], [2.0, 3.0]])
    >>> with pk.Recorder(path, features={"f": x[:, 0]}, estimators="total_variance") as recorder:
    ...     recorder.record(0, pk.extractors.arrays({"layer": x}))
    >>> pk.open_history(path).total_variance.values.tolist()
    [[2.0]]
    """
    from probekit.history.accessor import register_accessor

    register_accessor()
    dataset = block.to_dataset(load(path))
    dataset.encoding["source"] = str(path)  # as xarray notes it; figures of activations look there
    return dataset


def is_finished(path: str | os.PathLike[str]) -> bool:
    """Whether a history is complete, rather than being written or left by a run that was stopped.

    Raises
    ------
    HistoryError
        If there is none.
    """
    first = steadily(lambda: locate(path))[0]
    return not first.parent.name.endswith(PARTIAL_SUFFIX) or first.name == FINISHED_NAME


def load(path: str | os.PathLike[str]) -> Block:
    """Load all rows of a history as a block."""

    def read() -> Block:
        blocks = []
        files = locate(path)
        for file in files:
            with reading_history(file) as opened:
                blocks += [block.read(group) for group in block.groups(opened)]
        # Activations are written before their row, which may not be there yet.
        rows = blocks[: len(blocks) - len(activation_files(files))]
        in_the_making = files[0].parent.name.endswith(PARTIAL_SUFFIX)
        if in_the_making and not any(each.outline.headers for each in rows):
            raise HistoryError(f"{files[0].parent}: nothing has been recorded yet.")
        return put_together(blocks)

    return steadily(read)


def put_together(blocks: Sequence[Block]) -> Block:
    """Put the segments of a history together; a finished file is one that needs no putting."""
    if len(blocks) == 1:
        return blocks[0]
    return combine(blocks, lead=lead_of(blocks[0]))


def lead_of(part: Block) -> tuple[str, ...]:
    """Return the leading axes that the writer wrote down in every file."""
    return tuple(str(part.outline.attributes[ROW_DIMS]).split())
