"""States of the training beside the rows: arrays of any dtype, bit for bit, and no pickle.

A state is one netCDF file, ``state-<key>-<number>.nc``: the bytes of all leaves one after another,
and what they mean in a JSON attribute.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from probekit.errors import OptionError, ShapeError
from probekit.history.file import fetch, reading, writing
from probekit.history.segments import entries

_KEPT = 2
_KEY = re.compile(r"[A-Za-z0-9_.-]+")

State = tuple[list[np.ndarray], dict[str, Any]]


def save(
    folder: Path,
    key: str,
    leaves: Sequence[Any],
    meta: Mapping[str, Any],
    *,
    durable: bool = False,
) -> None:
    """Write a state; those before the last one of this key are removed once it is in place."""
    if not _KEY.fullmatch(key):
        raise OptionError(f"key={key!r}: use letters, digits, '.', '-' and '_' only.")
    arrays = [_native(f"leaves[{number}]", leaf) for number, leaf in enumerate(leaves)]
    index = [{"dtype": array.dtype.name, "shape": array.shape} for array in arrays]
    text = json.dumps({"meta": dict(meta), "leaves": index})
    before = _files(folder, key)
    number = max(before, default=-1) + 1
    with writing(folder / f"state-{key}-{number:06d}.nc", durable=durable) as file:
        file.setncattr("state", text)
        file.createDimension("byte", max(1, sum(array.nbytes for array in arrays)))
        variable = file.createVariable(
            "leaves", np.uint8, ("byte",), fill_value=False, fletcher32=True
        )
        start = 0
        for array in arrays:
            if array.nbytes:
                variable[start : start + array.nbytes] = np.frombuffer(array.tobytes(), np.uint8)
                start += array.nbytes
    for old in sorted(before)[: 1 - _KEPT]:
        before[old].unlink(missing_ok=True)


def load(folder: Path, key: str, *, epoch: int | None = None) -> State | None:
    """Return the newest state of this key, up to `epoch` if given."""
    for _, path in sorted(_files(folder, key).items(), reverse=True):
        with reading(path) as file:
            description = json.loads(file.getncattr("state"))
            meta: dict[str, Any] = description["meta"]
            if epoch is not None and meta["epoch"] > epoch:
                continue
            buffer = fetch(file.variables["leaves"], ...).tobytes()
            return _leaves(description["leaves"], buffer), meta
    return None


def _native(name: str, leaf: Any) -> np.ndarray:
    array = np.asarray(leaf)
    if array.dtype.kind not in "biufcV" or array.dtype.fields:
        raise ShapeError(f"{name}: dtype {array.dtype}; a state is made of numbers and booleans.")
    return array.astype(array.dtype.newbyteorder("="))


def _leaves(index: Sequence[Mapping[str, Any]], buffer: bytes) -> list[np.ndarray]:
    leaves, start = [], 0
    for entry in index:
        dtype, shape = _dtype(entry["dtype"]), tuple(entry["shape"])
        count = math.prod(shape)
        leaves.append(np.frombuffer(buffer, dtype, count, start).reshape(shape).copy())
        start += count * dtype.itemsize
    return leaves


def _dtype(name: str) -> np.dtype[Any]:
    try:
        return np.dtype(name)
    except TypeError:  # bfloat16 and its like come from a package that jax brings
        import ml_dtypes

        dtype: np.dtype[Any] = np.dtype(getattr(ml_dtypes, name))
        return dtype


def _files(folder: Path, key: str) -> dict[int, Path]:
    pattern = re.compile(rf"state-{re.escape(key)}-(\d+)\.nc")
    matches = ((pattern.fullmatch(entry.name), entry) for entry in entries(folder))
    return {int(match[1]): entry for match, entry in matches if match}
