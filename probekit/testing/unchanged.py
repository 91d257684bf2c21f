"""Final scores held against those of a baseline, with intervals over seeds."""

import itertools
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from probekit._checks import check_confidence
from probekit.errors import OptionError, UnknownNameError
from probekit.testing.baseline import load, versions_apart
from probekit.testing.claims import check_dataset, last_rows, number
from probekit.testing.differences import (
    Difference,
    Tolerances,
    axes_text,
    labels_of,
    one_sided,
    table,
)
from probekit.testing.looking import Look, note

if TYPE_CHECKING:
    import xarray as xr


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
    from probekit.history.contents import scores

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
        return [one_sided(name, "", in_now=False)], there.size
    here = now[name]
    if set(dims) != set(map(str, here.dims)) - {"seed"}:
        axes = f"axes {axes_text(there.dims)}", f"axes {axes_text(here.dims)}"
        return [Difference(name, "", *axes)], there.size
    known = [labels_of(there, dim) for dim in dims]
    lines, count = [], 0
    for places in itertools.product(*map(enumerate, known)):
        where = {dim: label for dim, (_, label) in zip(dims, places, strict=True)}
        words = " ".join(f"{dim}={label}" for dim, label in where.items())
        count += 1
        if any(label not in labels_of(here, dim) for dim, label in where.items()):
            lines.append(one_sided(name, words, in_now=False))
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
    from probekit.history.intervals import interval

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
