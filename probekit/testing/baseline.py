"""A Dataset that is stored as a baseline, and every value of another held against it."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from probekit.errors import HistoryError
from probekit.status import STATUS_SUFFIX
from probekit.testing.claims import status_words
from probekit.testing.differences import (
    Difference,
    Tolerances,
    axes_text,
    labels_of,
    one_sided,
    table,
)
from probekit.testing.looking import Look

if TYPE_CHECKING:
    import xarray as xr

MARK = "probekit_baseline"
"""The attribute of a file that `save` wrote: a history has not got it, and is read as one."""

_PACKAGES = ("probekit", "jax", "numpy")


def save(ds: "xr.Dataset", path: Path) -> None:
    """Write a baseline; it appears under its name only when it is complete."""
    from probekit.history.schema import CIRCUMSTANCES, version_of

    # What differs from run to run and says nothing of the scores would be noise under git.
    kept = {name: value for name, value in ds.attrs.items() if name not in CIRCUMSTANCES}
    versions = {f"{package}_version": version_of(package) for package in _PACKAGES}
    plain = ds.drop_encoding().assign_attrs()
    plain.attrs = {**kept, **versions, MARK: "1"}
    packed = {
        name: {"zlib": True}
        for name, array in ds.items()
        if array.ndim and array.dtype.kind in "fiu"
    }
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")  # xdist: several may write it
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        plain.to_netcdf(temporary, engine="netcdf4", encoding=packed)
        os.replace(temporary, path)
    except OSError as error:
        raise HistoryError(f"{path}: the baseline could not be written: {error}.") from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def load(path: str | os.PathLike[str]) -> "xr.Dataset":
    """Read a baseline, or a history."""
    import xarray as xr

    from probekit.history import open_history

    path = Path(path)
    if not path.is_file():
        return open_history(path)  # a history in the making, or an error with near matches
    try:
        ds = xr.load_dataset(path, engine="netcdf4")
    except (OSError, RuntimeError, ValueError) as error:
        raise HistoryError(
            f"{path}: cannot be read as a baseline ({error}). Write it again."
        ) from error
    return ds if MARK in ds.attrs else open_history(path)


def versions_apart(before: "xr.Dataset") -> str:
    """``; written with jax 0.9.1, now 0.10.2``, or nothing: what may explain a difference."""
    from probekit.history.schema import version_of

    apart = [
        f"{package} {then}, now {version_of(package)}"
        for package in _PACKAGES
        if (then := before.attrs.get(f"{package}_version")) not in (None, version_of(package))
    ]
    return f"; written with {'; '.join(apart)}" if apart else ""


def check_same(
    now: "xr.Dataset", before: "xr.Dataset", tolerances: Tolerances, where: str
) -> tuple[str, list[Look]]:
    """Hold every value against the baseline.

    Returns
    -------
    str
        The table of the differences; empty if there is none.
    list of Look
        What the report is to be told.
    """
    names = list(dict.fromkeys(map(str, (*before.data_vars, *now.data_vars))))
    tolerances.check_names(names)
    found, looks = [], []
    for name in names:
        lines = list(_differences(name, now, before, tolerances))
        wanted = f"as the baseline, within {tolerances.words(name)}"
        if not name.endswith(STATUS_SUFFIX) or lines:
            looks.append(Look(name, wanted=wanted, verdict="failed" if lines else "ok"))
        found += lines
    total = sum(array.size for array in before.values())
    title = f"{len(found)} of {total} values differ from {where}{versions_apart(before)}:"
    return (table(found, title) if found else ""), looks


def _differences(
    name: str, now: "xr.Dataset", before: "xr.Dataset", tolerances: Tolerances
) -> Iterator[Difference]:
    """Compare one variable, value by value."""
    if name not in now or name not in before:
        yield one_sided(name, "", in_now=name in now)
        return
    there, here = before[name], now[name]
    if set(there.dims) != set(here.dims):
        yield Difference(name, "", f"axes {axes_text(there.dims)}", f"axes {axes_text(here.dims)}")
        return
    here = here.transpose(*there.dims)
    for dim in map(str, there.dims):
        old, new = labels_of(there, dim), labels_of(here, dim)
        for label in [*old, *new]:
            if (label in old) != (label in new):
                yield one_sided(name, f"{dim}={label}", in_now=label in new)
        common = [label for label in old if label in new]
        there = there.isel({dim: [old.index(label) for label in common]})
        here = here.isel({dim: [new.index(label) for label in common]})
    yield from _unequal(name, there, here, tolerances)


def _unequal(
    name: str, there: "xr.DataArray", here: "xr.DataArray", tolerances: Tolerances
) -> Iterator[Difference]:
    """Compare two arrays with the same labels."""
    old, new = there.values, here.values
    if old.dtype.kind not in "fiub" or new.dtype.kind not in "fiub":
        old, new = old.astype(str), new.astype(str)
        wrong, excess = old != new, np.full(old.shape, np.inf)
        apart = allowed = np.full(old.shape, np.nan)
    else:
        allowed = tolerances.at(name, old)
        with np.errstate(invalid="ignore", divide="ignore"):
            apart = new.astype(np.float64) - old.astype(np.float64)
            excess = np.abs(apart) / allowed
            same = (old == new) | (np.isnan(old.astype(float)) & np.isnan(new.astype(float)))
            wrong = ~(same | (np.abs(apart) <= allowed))
        excess = np.where(np.isnan(excess), np.inf, excess)
    labels = [labels_of(there, str(dim)) for dim in there.dims]
    for index in map(tuple, np.argwhere(wrong)):
        where = zip(there.dims, labels, index, strict=True)
        words = " ".join(f"{dim}={known[i]}" for dim, known, i in where)
        cells = (_cell(name, old[index]), _cell(name, new[index]))
        difference = "" if np.isnan(apart[index]) else f"{apart[index]:+.3g}"
        tolerance = "" if np.isnan(allowed[index]) else f"{allowed[index]:.3g}"
        yield Difference(name, words, *cells, difference, tolerance, float(excess[index]))


def _cell(name: str, value: Any) -> str:
    """Return a value as the table shows it; a status in words."""
    if name.endswith(STATUS_SUFFIX):
        return status_words(value)
    return f"{value:.6g}" if isinstance(value, np.floating) else str(value)
