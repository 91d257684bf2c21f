"""``probekit compare``: two histories side by side."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from probekit.errors import OptionError
from probekit.plugins import Manager
from probekit_cli._files import checked_history
from probekit_cli._terminal import Terminal
from probekit_cli.show import config_of

if TYPE_CHECKING:
    import xarray as xr

PARTS = ("a", "b", "difference", "lower", "upper", "n_a", "n_b")


class Row(NamedTuple):
    """One score of both histories."""

    labels: dict[str, str]
    a: float
    b: float
    difference: float
    lower: float
    upper: float
    n_a: int
    n_b: int


def add(app: typer.Typer, manager: Manager) -> None:
    """Add the command."""

    @app.command("compare")
    def compare_command(
        a: Annotated[Path, _history("A")],
        b: Annotated[Path, _history("B")],
        variables: Annotated[
            list[str] | None,
            typer.Option("--variables", metavar="NAME,…", help="Which scores; all unless given."),
        ] = None,
        confidence: Annotated[
            float, typer.Option(metavar="NUMBER", help="Of the intervals of the differences.")
        ] = 0.95,
        as_json: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False,
    ) -> None:
        """Put the final scores of two histories side by side.

        Shows the mean over the seeds of each, their difference (B − A), and Welch's interval of it,
        which takes the seeds of the two as independent. A score, layer or feature that only one of
        them has is named and left out.
        """
        if not 0 < confidence < 1:
            raise OptionError(f"--confidence {confidence}: must lie between 0 and 1.")
        from probekit.history import open_history
        from probekit_cli._options import separated

        one, other = open_history(a), open_history(b)
        tables = tabulated(one, other, separated(variables), confidence)
        terminal = Terminal()
        left_out = only_in_one(one, other)
        if as_json:
            terminal.json(
                {
                    "a": a,
                    "b": b,
                    "settings": differing_settings(one, other),
                    "scores": {
                        name: [{**row.labels, **_numbers(row)} for row in rows]
                        for name, rows in tables.items()
                    },
                    "left_out": left_out,
                }
            )
            return
        _show_head(terminal, (a, b), (one, other))
        for name, rows in tables.items():
            _show_table(terminal, one[name], rows, confidence)
        if left_out:
            terminal.line()
            terminal.paragraph(f"in one of them only, and left out: {', '.join(left_out)}")


def tabulated(
    a: "xr.Dataset", b: "xr.Dataset", variables: list[str], confidence: float
) -> dict[str, list[Row]]:
    """Return the rows of a table for each score that both have.

    Scores with an axis that has no labels, as those of single units, are left out.
    """
    from probekit.errors import UnknownNameError
    from probekit.history import compare_histories

    table = compare_histories(a, b, confidence)
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


def only_in_one(a: "xr.Dataset", b: "xr.Dataset") -> list[str]:
    """Return scores, layers, features and the like that only one of two histories has."""
    from probekit_cli._scores import scores_of

    names = _either(scores_of(a), scores_of(b))
    for dim in ("layer", "feature", "split"):
        if dim in a.coords and dim in b.coords:
            labels = _either(a[dim].values.tolist(), b[dim].values.tolist())
            names += [f"{dim} {label}" for label in labels]
    return names


def _history(name: str) -> Any:
    return typer.Argument(
        metavar=f"{name}.nc", help="A history, finished or not.", callback=checked_history
    )


def _either(a: Any, b: Any) -> list[str]:
    """Return what is in one of two collections only, in their order."""
    return [str(each) for each in dict.fromkeys([*a, *b]) if (each in a) != (each in b)]


def _is_labelled(array: "xr.DataArray") -> bool:
    return all(dim in array.coords for dim in array.dims)


def _rows(table: "xr.DataArray") -> list[Row]:
    import numpy as np

    dims = [str(dim) for dim in table.dims if dim != "comparison"]
    values = table.transpose("comparison", *dims).sel(comparison=list(PARTS)).values
    rows = []
    for place in np.ndindex(values.shape[1:]):
        labels = {dim: str(table[dim].values[i]) for dim, i in zip(dims, place, strict=True)}
        mean_a, mean_b, difference, lower, upper, n_a, n_b = values[(slice(None), *place)].tolist()
        rows.append(Row(labels, mean_a, mean_b, difference, lower, upper, int(n_a), int(n_b)))
    return rows


def _numbers(row: Row) -> dict[str, Any]:
    return {name: getattr(row, name) for name in PARTS}


def _show_head(
    terminal: Terminal, paths: tuple[Path, Path], datasets: "tuple[xr.Dataset, xr.Dataset]"
) -> None:
    fields = [
        (letter, f"{path} ({_size(dataset)})")
        for letter, path, dataset in zip("ab", paths, datasets, strict=True)
    ]
    terminal.fields(fields)
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
    from probekit.errors import OptionError

    seeds = dataset.sizes.get("seed", 1)
    text = f"{seeds} seed{'s' * (seeds != 1)}"
    try:
        time = dataset.probekit.time
    except OptionError:  # of `probekit probe`: no rows
        return text
    return f"{text}, {time}s to {dataset[time].values.max()}"


def _show_table(
    terminal: Terminal, score: "xr.DataArray", rows: list[Row], confidence: float
) -> None:
    long_name = score.attrs.get("long_name", "")
    terminal.line()
    terminal.heading(f"{score.name}: {long_name}" if long_name else str(score.name))
    head = ["", "a", "b", "b − a", f"{confidence:.0%} interval"]
    cells = [
        [
            ", ".join(row.labels.values()) or "all",
            _text(row.a),
            _text(row.b),
            _text(row.difference, sign=True),
            "–"
            if math.isnan(row.lower)
            else f"[{_text(row.lower, sign=True)}, {_text(row.upper, sign=True)}]",
        ]
        for row in rows
    ]
    terminal.table([head, *cells], right=True)


def _text(value: float, *, sign: bool = False) -> str:
    if math.isnan(value):
        return "–"
    form = ".3f" if abs(value) < 1000 else ".4g"
    return f"{value:{'+' if sign else ''}{form}}"
