"""Two layers, features or runs against each other: whether one scores higher than the other."""

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

import numpy as np

from probekit._checks import check_choice, check_confidence, warn_of_no_effect
from probekit.errors import Argument, OptionError, UnknownNameError
from probekit.history.contents import scores
from probekit.history.schema import LEFT_OUT, UNCERTAINTY
from probekit.history.sides import (
    Table,
    aligned,
    final_rows,
    joined,
    p_of_resamples,
    rounding_of,
)
from probekit.inference import (
    ALTERNATIVES,
    CORRECTIONS,
    INTERVALS,
    Alternative,
    Bootstrap,
    Correction,
    Interval,
    acceleration_of,
    interval_of,
    least_p,
    paired_test,
    warn_of_coarse_p,
    warn_of_few_resamples,
)
from probekit.inference.paired import PairedTestName

if TYPE_CHECKING:
    import xarray as xr

Test = Literal["t", "signs", "wilcoxon", "bootstrap"]
TESTS: tuple[Test, ...] = get_args(Test)
PARTS = ("a", "b", "difference", "lower", "upper", "p", "p_corrected", "n")
"""Labels of the axis `comparison`."""

_RESAMPLES = "_resamples"


def compare_selections(
    dataset: "xr.Dataset",
    a: "Mapping[Hashable, Any] | xr.Dataset",
    b: "Mapping[Hashable, Any] | xr.Dataset",
    *,
    test: Test | None = None,
    confidence: float = 0.95,
    correction: Correction = "holm",
    interval: Interval | None = None,
    alternative: Alternative = "two-sided",
    seed: int = 0,
) -> "xr.Dataset":
    """Test each score of one selection against that of another; see `HistoryAccessor.compare`."""
    import xarray as xr

    _check_options(test, confidence, correction, interval, alternative)
    one, other = (_selected(name, dataset, side) for name, side in (("a", a), ("b", b)))
    names = _tested_names(dataset, a, b, one, other)
    if test is None:
        test = "t" if any("seed" in one[name].dims for name in names) else "bootstrap"
    if interval is not None and test != "bootstrap":
        warn_of_no_effect("interval", interval, f"with test={test!r}")
    asked = _Asked(test, confidence, correction, interval, alternative, seed)
    found = _tested(names, one, other, asked)
    about = _about(found, one, asked)
    if test == "bootstrap":
        drawn = Bootstrap(resamples=about["resamples"], confidence=confidence)
        warn_of_few_resamples(drawn, stacklevel=3)
    else:
        _warn_of_few_seeds(found, test, alternative)
    return xr.Dataset(found, {"comparison": list(PARTS)}, about)


class _Asked(NamedTuple):
    """How scores are tested."""

    test: Test
    confidence: float
    correction: Correction
    interval: Interval | None
    alternative: Alternative
    seed: int


def _check_options(
    test: Test | None,
    confidence: float,
    correction: Correction,
    interval: Interval | None,
    alternative: Alternative,
) -> None:
    """Raise `OptionError` unless each is one that there is; None stands for the usual."""
    check_confidence(confidence)
    check_choice("correction", correction, CORRECTIONS)
    check_choice("alternative", alternative, ALTERNATIVES)
    if test is not None:
        check_choice("test", test, TESTS)
    if interval is not None:
        check_choice("interval", interval, INTERVALS)


def _tested(
    names: list[str], one: "xr.Dataset", other: "xr.Dataset", asked: _Asked
) -> "dict[str, xr.DataArray]":
    """Return the parts of each score that has what it is tested by."""
    table_of = _by_resamples if asked.test == "bootstrap" else _by_seeds
    tables = {name: table_of(name, one, other, asked) for name in names}
    found = {
        name: joined(table, PARTS, asked.correction).assign_attrs(one[name].attrs)
        for name, table in tables.items()
        if table is not None
    }
    if not found:
        needed = "resamples" if asked.test == "bootstrap" else "the axis 'seed'"
        raise OptionError(
            Argument("test", asked.test),
            f": no score has {needed}. Record several seeds, "
            "or probe with uncertainty=Bootstrap(keep=True).",
        )
    return found


def _about(found: "Mapping[str, xr.DataArray]", one: "xr.Dataset", asked: _Asked) -> dict[str, Any]:
    """Return what the attributes say of the test."""
    about: dict[str, Any] = {
        "test": asked.test,
        "alternative": asked.alternative,
        "confidence": asked.confidence,
        "correction": asked.correction,
    }
    if asked.test == "bootstrap":
        drawn = one[f"{next(iter(found))}{_RESAMPLES}"].attrs.get(UNCERTAINTY)
        interval = asked.interval or _interval_in(drawn)
        about |= {"resamples": one.sizes["resample"], "interval": interval}
    if asked.test == "signs":
        about["seed"] = asked.seed
    return about


def _warn_of_few_seeds(
    found: "Mapping[str, xr.DataArray]", test: PairedTestName, alternative: Alternative
) -> None:
    """Warn if there is no place where a test can find as small a p as is called significant."""
    of_seeds = PARTS.index("n")
    most = max(int(array.isel(comparison=of_seeds).max()) for array in found.values())
    if most > 1:  # of fewer nothing is told at all
        warn_of_coarse_p(
            least_p(most, test=test, alternative=alternative),
            f"{test} of {most} seeds",
            "use at least 6 seeds, or t",
            stacklevel=4,
        )


def _is_selection(side: Any) -> bool:
    return isinstance(side, Mapping) and not hasattr(side, "data_vars")  # a Dataset is a mapping


def _selected(argument: str, dataset: "xr.Dataset", side: Any) -> "xr.Dataset":
    """Return the last rows of a Dataset, or of a selection of this one."""
    if not _is_selection(side):
        if not hasattr(side, "data_vars"):
            raise OptionError(
                f"{argument}: a {type(side).__name__}; "
                "give a mapping such as {'layer': 'hidden_0'}, or a Dataset."
            )
        return final_rows(side)
    for dim, label in side.items():
        if dim not in dataset.dims:
            raise UnknownNameError("axis", str(dim), map(str, dataset.dims))
        labels = dataset[dim].values.tolist()
        if label not in labels:
            raise UnknownNameError(str(dim), str(label), map(str, labels))
    return final_rows(dataset.sel(dict(side), drop=True))


def _tested_names(
    dataset: "xr.Dataset", a: Any, b: Any, one: "xr.Dataset", other: "xr.Dataset"
) -> list[str]:
    """Return the scores that both sides have, and that have the axes that are selected."""
    axes = [{*side} for side in (a, b) if _is_selection(side)]
    if len(axes) == 2 and axes[0] != axes[1]:
        given = " and ".join(str(sorted(map(str, dims))) for dims in axes)
        raise OptionError(f"a, b: select {given}; select the same axes in both.")
    asked = axes[0] if axes else set()
    names = [
        name
        for name in scores(one)
        if name in scores(other) and (name not in dataset or asked <= {*dataset[name].dims})
    ]
    if not names:
        raise OptionError("a, b: no score in common that has the axes that are selected.")
    return names


def _by_resamples(name: str, one: "xr.Dataset", other: "xr.Dataset", asked: _Asked) -> Table | None:
    """Return a difference, its interval and its p, by the resamples that both kept, if any."""
    kept = f"{name}{_RESAMPLES}"
    if kept not in one or kept not in other:
        return None
    drawn = [side[kept].attrs.get(UNCERTAINTY) for side in (one, other)]
    if drawn[0] != drawn[1]:
        raise OptionError(
            f"a, b: {name} was resampled by {drawn[0]} and by {drawn[1]}; "
            "probe the same inputs with the same Bootstrap."
        )
    score_a, score_b = aligned(name, one[name], other[name])
    difference = _beyond_rounding(score_a, score_b)
    resampled = aligned(name, one[kept], other[kept])
    each = _beyond_rounding(*resampled).transpose("resample", *difference.dims)
    interval = asked.interval or _interval_in(drawn[0])
    bootstrap = Bootstrap(confidence=asked.confidence, interval=interval)
    acceleration = _acceleration(name, one, other) if bootstrap.interval == "bca" else 0.0
    bounds = interval_of(difference.values, each.values, bootstrap, acceleration=acceleration)
    p = p_of_resamples(bounds, each.values, asked.alternative)
    return {
        "a": score_a + 0 * difference,
        "b": score_b + 0 * difference,
        "difference": difference,
        "lower": difference.copy(data=bounds[..., 0]),
        "upper": difference.copy(data=bounds[..., 1]),
        "p": difference.copy(data=p),
        "n": each.notnull().sum("resample").astype(float),
    }


def _beyond_rounding(a: "xr.DataArray", b: "xr.DataArray") -> "xr.DataArray":
    """Return b - a; 0 where they are equal but for rounding, which has a sign."""
    difference = b.astype(float) - a.astype(float)
    return difference.where(~(abs(difference) <= rounding_of(a, b)), 0.0)


def _interval_in(drawn: Any) -> Interval:
    """Return the kind of interval that resamples were drawn for, as their attribute says."""
    return next((kind for kind in INTERVALS if f"interval={kind!r}" in str(drawn)), INTERVALS[0])


def _acceleration(name: str, one: "xr.Dataset", other: "xr.Dataset") -> np.ndarray:
    """Return that of the difference: what both sides leave out are the same examples."""
    left_out = f"{name}_{LEFT_OUT}"
    if left_out not in one or left_out not in other:
        raise OptionError(
            Argument("interval", "bca"),
            f": {left_out} is not there; probe with Bootstrap(interval='bca', keep=True), or give ",
            Argument("interval", "percentile"),
            " or 'basic'.",
        )
    a, b = aligned(name, one[left_out], other[left_out])
    each = (b - a).isel({LEFT_OUT: slice(one[left_out].attrs.get(LEFT_OUT))})
    dims = [dim for dim in each.dims if dim != LEFT_OUT]
    return acceleration_of(each.transpose(LEFT_OUT, *dims).values)


def _by_seeds(name: str, one: "xr.Dataset", other: "xr.Dataset", asked: _Asked) -> Table | None:
    """Return what `paired_test` tells of the differences of the seeds that both have, if any."""
    if "seed" not in one[name].dims or "seed" not in other[name].dims:
        return None
    score_a, score_b = aligned(name, one[name], other[name])
    rounding = rounding_of(score_a, score_b)
    score_a, score_b = score_a.astype(float), score_b.astype(float)
    with np.errstate(invalid="ignore"):  # of two that are infinite
        each = score_b - score_a
    there = each.notnull()
    count = there.sum("seed").astype(float)
    ordered = each.transpose(..., "seed")
    rows, slack = ordered.values, rounding.transpose(*ordered.dims).values
    options: Any = {
        "test": asked.test,
        "confidence": asked.confidence,
        "alternative": asked.alternative,
        "seed": asked.seed,
    }
    tested = np.full((*rows.shape[:-1], 4), np.nan)
    for place in np.ndindex(rows.shape[:-1]):
        tested[place] = paired_test(rows[place], rounding=slack[place], **options)[:4]
    names = ("difference", "lower", "upper", "p")
    table = {name: count.copy(data=tested[..., i]) for i, name in enumerate(names)}
    means = {"a": score_a.where(there).mean("seed"), "b": score_b.where(there).mean("seed")}
    return {**means, **table, "n": count}
