"""Scores held against those of a stored Dataset, and the table of their differences."""

import contextlib
import itertools
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from probekit._checks import check_confidence
from probekit.errors import HistoryError, OptionError, UnknownNameError
from probekit.testing.claims import check_dataset, last_rows, number, status_words
from probekit.testing.looking import Look, note

if TYPE_CHECKING:
    import xarray as xr

MARK = "probekit_baseline"
"""The attribute of a file that `save` wrote: a history has not got it, and is read as one."""

ROWS = 20
"""So many differences are shown; the rest are counted."""

_PACKAGES = ("probekit", "jax", "numpy")


class Tolerances(NamedTuple):
    """How far each variable may be from its baseline.

    Attributes
    ----------
    atol, rtol : float
        Of scores: atol + rtol · abs(baseline). Whole numbers and text must be equal.
    own : mapping
        ``{variable: (atol, rtol)}``.
    """

    atol: float
    rtol: float
    own: Mapping[str, tuple[float, float]]

    @classmethod
    def of(cls, atol: float, rtol: float, own: Mapping[str, Any] | None) -> "Tolerances":
        """Check tolerances; a number stands for (number, 0)."""
        pairs = {}
        for name, given in (own or {}).items():
            pair = given if isinstance(given, tuple) else (given, 0.0)
            if len(pair) != 2:
                raise OptionError(f"tolerances[{name!r}]={given!r}: give atol or (atol, rtol).")
            pairs[name] = (float(pair[0]), float(pair[1]))
        for name, pair in {"atol, rtol": (atol, rtol), **pairs}.items():
            if not all(np.isfinite(part) and part >= 0 for part in pair):
                raise OptionError(f"tolerance {name}={pair!r}: give numbers that are not negative.")
        return cls(atol, rtol, pairs)

    def check_names(self, known: Sequence[str]) -> None:
        """Raise `UnknownNameError` for a tolerance of nothing."""
        for name in self.own:
            if name not in known:
                raise UnknownNameError("variable in tolerances", name, known)

    def at(self, name: str, before: np.ndarray) -> np.ndarray:
        """Return the tolerance of each value of a variable."""
        exact = name not in self.own and before.dtype.kind != "f"
        atol, rtol = (0.0, 0.0) if exact else self.own.get(name, (self.atol, self.rtol))
        # An undefined or infinite value has no size that a tolerance could be a share of.
        size = np.where(np.isfinite(before), np.abs(before), 0)
        return np.asarray(atol + rtol * size, np.float64)

    def words(self, name: str) -> str:
        """``0.05``, or ``1e-05 + 0.0001·|baseline|``."""
        atol, rtol = self.own.get(name, (self.atol, self.rtol))
        return f"{atol:g}" + (f" + {rtol:g}·|baseline|" if rtol else "")


class Difference(NamedTuple):
    """One line of the table.

    Attributes
    ----------
    variable, labels, before, now, difference, tolerance : str
        The cells.
    excess : float
        How many times the tolerance it is: the worst stand first.
    """

    variable: str
    labels: str
    before: str
    now: str
    difference: str = ""
    tolerance: str = ""
    excess: float = np.inf

    @property
    def cells(self) -> tuple[str, ...]:
        """What is printed, below `HEAD`."""
        found = self.variable, self.labels, self.before, self.now
        return *found, self.difference, self.tolerance


HEAD = ("variable", "where", "baseline", "now", "difference", "tolerance")


def table(differences: Sequence[Difference], title: str) -> str:
    """Return the differences as text, the worst first."""
    worst = sorted(differences, key=lambda line: -line.excess)
    lines = [HEAD, *(line.cells for line in worst[:ROWS])]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    text = [
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        for line in lines
    ]
    rest = [f"  … and {len(worst) - ROWS} more"] if len(worst) > ROWS else []
    return "\n".join([title, *(line.rstrip() for line in text), *rest])


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
        if not name.endswith("_status") or lines:
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
        yield _one_sided(name, "", in_now=name in now)
        return
    there, here = before[name], now[name]
    if set(there.dims) != set(here.dims):
        yield Difference(name, "", f"axes {_list(there.dims)}", f"axes {_list(here.dims)}")
        return
    here = here.transpose(*there.dims)
    for dim in map(str, there.dims):
        old, new = labels_of(there, dim), labels_of(here, dim)
        for label in [*old, *new]:
            if (label in old) != (label in new):
                yield _one_sided(name, f"{dim}={label}", in_now=label in new)
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


def check_same_scores(
    ds: "xr.Dataset",
    baseline: Any,
    estimators: str | Sequence[str] | None,
    tolerances: Tolerances,
    *,
    confidence: float,
) -> str:
    """Hold final scores against a baseline with intervals over seeds, and note them for the report.

    Returns
    -------
    str
        The table of the differences; empty if there is none.
    """
    from probekit.history import register_accessor
    from probekit.history.accessor import scores

    register_accessor()
    check_confidence(confidence)
    stored = isinstance(baseline, str | os.PathLike)
    before = load(baseline) if stored else check_dataset(baseline, "baseline")
    names = [estimators] if isinstance(estimators, str) else list(estimators or scores(before))
    for name in names:
        if name not in scores(before):
            raise UnknownNameError("estimator", name, scores(before), "(in the baseline)")
    if not names:
        raise OptionError("baseline: has no score; give one with a variable of floats.")
    tolerances.check_names(names)
    final, final_before = last_rows(ds), last_rows(before)
    found, total = [], 0
    for name in names:
        lines, count = _score_differences(name, final, final_before, tolerances, confidence)
        wanted = f"unchanged within {tolerances.words(name)}"
        note(Look(name, wanted=wanted, verdict="failed" if lines else "ok"))
        found += lines
        total += count
    where = f"the baseline {baseline}" if stored else "the baseline"
    title = f"{len(found)} of {total} scores are not those of {where}{versions_apart(before)}:"
    return table(found, title) if found else ""


def _score_differences(
    name: str, now: "xr.Dataset", before: "xr.Dataset", tolerances: Tolerances, confidence: float
) -> tuple[list[Difference], int]:
    """Compare one score at every place that the baseline has; also return how many these are."""
    there = before[name]
    dims = [str(dim) for dim in there.dims if dim != "seed"]
    if name not in now:
        return [_one_sided(name, "", in_now=False)], there.size
    here = now[name]
    if set(dims) != set(map(str, here.dims)) - {"seed"}:
        axes = f"axes {_list(there.dims)}", f"axes {_list(here.dims)}"
        return [Difference(name, "", *axes)], there.size
    known = [labels_of(there, dim) for dim in dims]
    lines, count = [], 0
    for places in itertools.product(*map(enumerate, known)):
        where = {dim: label for dim, (_, label) in zip(dims, places, strict=True)}
        words = " ".join(f"{dim}={label}" for dim, label in where.items())
        count += 1
        if any(label not in labels_of(here, dim) for dim, label in where.items()):
            lines.append(_one_sided(name, words, in_now=False))
            continue
        old = there.isel({dim: place for dim, (place, _) in zip(dims, places, strict=True)})
        new = here.isel({dim: labels_of(here, dim).index(where[dim]) for dim in dims})
        line = _apart(name, words, old, new, tolerances, confidence)
        lines += [line] if line else []
    return lines, count


def _apart(
    name: str,
    words: str,
    old: "xr.DataArray",
    new: "xr.DataArray",
    tolerances: Tolerances,
    confidence: float,
) -> Difference | None:
    """Compare one score at one place, over seeds if there are; None if it is unchanged."""
    a, b = (np.atleast_1d(array.values).astype(np.float64) for array in (old, new))
    if np.isnan(a).any() or np.isnan(b).any():
        if np.isnan(a).all() and np.isnan(b).all():
            return None
        return Difference(name, words, number(a.mean()), number(b.mean()))
    difference = float(b.mean() - a.mean())
    allowed = float(tolerances.at(name, np.asarray(a.mean())))
    lower, upper = _interval(old, new, a, b, confidence)
    worst = max(abs(lower), abs(upper))
    # Two sums in unlike order differ in the last digit.
    if worst <= allowed + 1e-12 * max(1.0, abs(a.mean())):
        return None
    text = f"{difference:+.3g}"
    if a.size > 1 or b.size > 1:
        text += f" ({lower:+.3g} to {upper:+.3g}, n={b.size})"
    excess = worst / allowed if allowed else np.inf
    cells = (number(a.mean()), number(b.mean()), text, f"{allowed:.3g}")
    return Difference(name, words, *cells, excess)


def _interval(
    old: "xr.DataArray", new: "xr.DataArray", a: np.ndarray, b: np.ndarray, confidence: float
) -> tuple[float, float]:
    """Return the interval of the difference of the means; that itself for one seed."""
    import xarray as xr

    from probekit.history import compare_histories
    from probekit.history.accessor import interval

    difference = float(b.mean() - a.mean())
    if "seed" not in old.dims or "seed" not in new.dims or min(a.size, b.size) < 2:
        return difference, difference
    seeds = labels_of(old, "seed"), labels_of(new, "seed")
    if sorted(seeds[0]) == sorted(seeds[1]):
        order = [seeds[1].index(seed) for seed in seeds[0]]
        _, lower, upper, _ = interval(xr.DataArray(b[order] - a, dims="seed"), confidence)
        return float(lower), float(upper)
    old_scores, new_scores = (xr.Dataset({"score": ("seed", values)}) for values in (a, b))
    welch = compare_histories(old_scores, new_scores, confidence)["score"]
    return float(welch.sel(comparison="lower")), float(welch.sel(comparison="upper"))


def labels_of(array: "xr.DataArray", dim: str) -> list[Any]:
    """Return the labels along an axis, or its numbers if it has none."""
    return array[dim].values.tolist() if dim in array.coords else list(range(array.sizes[dim]))


def _one_sided(name: str, labels: str, *, in_now: bool) -> Difference:
    return (
        Difference(name, labels, "(none)", "new")
        if in_now
        else Difference(name, labels, "there", "missing")
    )


def _cell(name: str, value: Any) -> str:
    """Return a value as the table shows it; a status in words."""
    if name.endswith("_status"):
        return status_words(value)
    return f"{value:.6g}" if isinstance(value, np.floating) else str(value)


def _list(dims: Sequence[Any]) -> str:
    return ", ".join(map(str, dims)) or "none"
