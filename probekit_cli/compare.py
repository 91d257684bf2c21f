"""``probekit compare``: two histories side by side."""

import dataclasses
import math
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from probekit.errors import OptionError
from probekit.plugins import Manager
from probekit_cli._comparing import TESTS, Comparison
from probekit_cli._completing import names_of, scores
from probekit_cli._declared import Json, command_with
from probekit_cli._files import history_argument
from probekit_cli._options import choice, separated, some_names
from probekit_cli._resampling import (
    Resampling,
    alternative_option,
    bootstrap_option,
    confidence_option,
    correction_option,
    interval_option,
    permutations_option,
)
from probekit_cli._terminal import Terminal
from probekit_cli.show import config_of

if TYPE_CHECKING:
    import xarray as xr

HELP = """Put the final scores of two histories side by side.

Shows the mean over the seeds of each, their difference (B − A), its interval, and the p-value of
there being none. A score, layer or feature that only one of them has is named and left out."""

LABELS = ("layer", "feature", "split")
"""Axes whose labels two histories need not share."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class CompareOptions:
    """What can be asked for."""

    a: Annotated[Path, history_argument("A.nc")]
    b: Annotated[Path, history_argument("B.nc")]
    variables: Annotated[
        list[str] | None,
        typer.Option(
            "--variables",
            metavar="NAME,…",
            help="Which scores; all unless given.",
            callback=some_names,
            autocompletion=names_of(scores),
        ),
    ] = None
    test: Annotated[
        str | None,
        choice(
            tuple(TESTS),
            "--test",
            help="welch: the seeds of the two are independent; t, signs, wilcoxon: seeds with the "
            "same number are pairs; bootstrap: the resamples of the examples that `probekit probe "
            "--bootstrap N --keep-resamples` kept. welch unless given.",
            show_default=False,
        ),
    ] = None
    bootstrap: Annotated[
        int | None,
        bootstrap_option("Intervals and p from so many resamples of the seeds of each."),
    ] = None
    permutations: Annotated[
        int | None,
        permutations_option(
            "p from so many shuffles of seeds between the two; from all if there are fewer."
        ),
    ] = None
    interval: Annotated[
        str | None,
        interval_option("percentile, or with --test bootstrap that of the resamples,"),
    ] = None
    confidence: Annotated[
        float | None, confidence_option("Of the intervals of the differences.")
    ] = None
    alternative: Annotated[
        str | None,
        alternative_option(
            "What p speaks for; greater: that b is above a. two-sided unless given."
        ),
    ] = None
    correction: Annotated[
        str,
        correction_option(
            text="Of p for the number of tests of a score, over layers, features and the like."
        ),
    ] = "holm"
    as_json: Json = False


class Row(NamedTuple):
    """One score of both histories: its labels, and what was found (``difference``, ``p``, …)."""

    labels: dict[str, str]
    found: dict[str, float]


def add(app: typer.Typer, manager: Manager) -> None:
    """Add the command."""
    app.command("compare", help=HELP)(command_with(CompareOptions, _compare))


def _compare(asked: CompareOptions) -> None:
    comparison = Comparison(Resampling.of(asked), test=asked.test, correction=asked.correction)
    from probekit.history import open_history

    one, other = open_history(asked.a), open_history(asked.b)
    variables = separated(asked.variables)
    apart = disjoint(one, other, needed=variables)
    tables = tabulated(one.drop_vars(apart), other.drop_vars(apart), variables, comparison)
    left_out = only_in_one(one, other)
    terminal = Terminal()
    if asked.as_json:
        terminal.json(
            {
                "a": asked.a,
                "b": asked.b,
                "settings": differing_settings(one, other),
                "test": comparison.described(),
                "alternative": comparison.alternative,
                "confidence": comparison.confidence,
                "scores": {
                    name: [{**row.labels, **row.found} for row in rows]
                    for name, rows in tables.items()
                },
                "left_out": left_out,
            }
        )
        return
    _show_head(terminal, (asked.a, asked.b), (one, other), comparison)
    for name, rows in tables.items():
        _show_table(terminal, one[name], rows, comparison)
    if _untested(tables):
        terminal.line()
        terminal.paragraph(
            "no intervals: that needs at least 2 seeds of each, or resamples of the examples: "
            "'probekit probe --bootstrap N --keep-resamples', then --test bootstrap here."
        )
    if left_out:
        terminal.line()
        terminal.paragraph(f"in one of them only, and left out: {', '.join(left_out)}")


def tabulated(
    a: "xr.Dataset", b: "xr.Dataset", variables: list[str], comparison: Comparison
) -> dict[str, list[Row]]:
    """Return the rows of a table for each score that both have.

    Scores with an axis that has no labels, as those of single units, are left out.
    """
    from probekit.errors import UnknownNameError

    table = comparison.table(a, b)
    for name in variables:
        if name not in table:
            raise UnknownNameError("score of both histories:", name, map(str, table.data_vars))
    return {
        str(name): _rows(table[name])
        for name in table.data_vars
        if (not variables or name in variables) and _is_labelled(table[name])
    }


def differing_settings(a: "xr.Dataset", b: "xr.Dataset") -> dict[str, list[object]]:
    """Return the settings in which two histories differ: name, value of a, value of b."""
    one, other = config_of(a), config_of(b)
    return {
        name: [one.get(name), other.get(name)]
        for name in dict.fromkeys([*one, *other])
        if one.get(name) != other.get(name)
    }


def disjoint(a: "xr.Dataset", b: "xr.Dataset", *, needed: Collection[str]) -> list[str]:
    """Return scores that both have, but of other layers or features, beside some that compare.

    Without any of those, or where one is `needed`, the comparison says what is wrong.
    """
    from probekit_cli._scores import scores_of

    shared = [name for name in scores_of(a) if name in scores_of(b)]
    both = [dim for dim in LABELS if dim in a.coords and dim in b.coords]
    foreign = {dim for dim in both if not a[dim].isin(b[dim]).any()}
    apart = [name for name in shared if foreign & {*a[name].dims} and name not in needed]
    return apart if len(apart) < len(shared) else []


def only_in_one(a: "xr.Dataset", b: "xr.Dataset") -> list[str]:
    """Return scores, layers, features and the like that only one of two histories has."""
    from probekit_cli._scores import scores_of

    names = _either(scores_of(a), scores_of(b))
    for dim in LABELS:
        if dim in a.coords and dim in b.coords:
            labels = _either(a[dim].values.tolist(), b[dim].values.tolist())
            names += [f"{dim} {label}" for label in labels]
    return names


def _either(a: Any, b: Any) -> list[str]:
    """Return what is in one of two collections only, in their order."""
    return [str(each) for each in dict.fromkeys([*a, *b]) if (each in a) != (each in b)]


def _is_labelled(array: "xr.DataArray") -> bool:
    return all(dim in array.coords for dim in array.dims)


def _rows(table: "xr.DataArray") -> list[Row]:
    import numpy as np

    dims = [str(dim) for dim in table.dims if dim != "comparison"]
    parts = [str(part) for part in table["comparison"].values]
    values = table.transpose("comparison", *dims).values
    rows = []
    for place in np.ndindex(values.shape[1:]):
        labels = {dim: str(table[dim].values[i]) for dim, i in zip(dims, place, strict=True)}
        found = dict(zip(parts, values[(slice(None), *place)].tolist(), strict=True))
        counts = {part: int(found[part]) for part in ("n", "n_a", "n_b") if part in found}
        rows.append(Row(labels, found | counts))
    return rows


def _untested(tables: dict[str, list[Row]]) -> bool:
    """Whether no score has an interval, for want of seeds."""
    rows = [row.found for rows in tables.values() for row in rows]
    few = all(min(found.get("n_a", 2), found.get("n_b", 2)) < 2 for found in rows)
    return bool(rows) and few and all(math.isnan(found["lower"]) for found in rows)


def _show_head(
    terminal: Terminal,
    paths: tuple[Path, Path],
    datasets: "tuple[xr.Dataset, xr.Dataset]",
    comparison: Comparison,
) -> None:
    fields = [
        (letter, f"{path} ({_size(dataset)})")
        for letter, path, dataset in zip("ab", paths, datasets, strict=True)
    ]
    terminal.fields([*fields, ("test", comparison.described())])
    terminal.line()
    differing = differing_settings(*datasets)
    settings = [(name, f"{_setting(x)} → {_setting(y)}") for name, (x, y) in differing.items()]
    terminal.heading("settings that differ" if settings else "no setting differs")
    if settings:
        terminal.fields(settings)


def _setting(value: object) -> str:
    """Return a setting as people write it; a dash for one that is not there."""
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "–" if value is None else str(value)


def _size(dataset: "xr.Dataset") -> str:
    """Return how many seeds a history has, and how far it goes."""
    seeds = dataset.sizes.get("seed", 1)
    text = f"{seeds} seed{'s' * (seeds != 1)}"
    try:
        time = dataset.probekit.time
    except OptionError:  # of `probekit probe`: no rows
        return text
    return f"{text}, {time}s to {dataset[time].values.max()}"


def _show_table(
    terminal: Terminal, score: "xr.DataArray", rows: list[Row], comparison: Comparison
) -> None:
    long_name = score.attrs.get("long_name", "")
    terminal.line()
    terminal.heading(f"{score.name}: {long_name}" if long_name else str(score.name))
    head = ["", "a", "b", "b − a", f"{100 * comparison.confidence:g} % interval", "p"]
    cells = [[", ".join(row.labels.values()) or "all", *_cells(row.found)] for row in rows]
    from probekit_cli._tables import REST, cut

    shown = cut([head, *cells])
    terminal.table(shown, right=True)
    if len(shown) <= len(cells):
        terminal.line(f"  {REST}: rows that are not shown; --json has all {len(cells)}.")


def _cells(found: dict[str, float]) -> list[str]:
    ends = (found["lower"], found["upper"])
    between = ", ".join(_text(end, sign=True) for end in ends)
    return [
        _text(found["a"]),
        _text(found["b"]),
        _text(found["difference"], sign=True),
        "–" if any(map(math.isnan, ends)) else f"[{between}]",
        "–" if math.isnan(found["p_corrected"]) else f"{found['p_corrected']:.2g}",
    ]


def _text(value: float, *, sign: bool = False) -> str:
    if math.isnan(value):
        return "–"
    form = ".3f" if abs(value) < 1000 else ".4g"
    return f"{value:{'+' if sign else ''}z{form}}"  # z: never -0.000
