"""Final scores as tables: layers down, features across."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

from probekit_cli._scores import (
    Score,
    final_scores,
    finding,
    has_rows,
    of_one_seed,
    scores_of,
)
from probekit_cli._terminal import Terminal

if TYPE_CHECKING:
    import xarray as xr

NETWORK, LAYERS = "network", "by layer"
ROWS, COLUMNS = 40, 12
"""How much of a table is shown at most: more than that nobody reads on a screen."""
REST = "…"


Item = TypeVar("Item")


def some(items: Sequence[Item], most: int) -> list[Item]:
    """Return all items, or if they are too many the first and the last of them.

    Examples
    --------
    >>> some("abc", 4), some("abcdefgh", 4)
    (['a', 'b', 'c'], ['a', 'b', 'g', 'h'])
    """
    if len(items) <= most:
        return [*items]
    return [*items[: most - most // 2], *items[len(items) - most // 2 :]]


def show_scores(terminal: Terminal, dataset: "xr.Dataset") -> None:
    """Write all final scores, and the finding if there is one."""
    scores = final_scores(dataset)
    is_cut = _show_tables(terminal, dataset, scores)
    undefined = why_undefined(dataset, scores)
    others = [
        f"{name} ({', '.join(str(dim) for dim in array.dims)})"
        for name, array in scores_of(dataset).items()
        if name not in scores
    ]
    remarks = [
        is_cut
        and f"{REST}: rows or columns that are not shown; 'probekit export' and --json have all.",
        undefined and f"–: undefined. {'; '.join(undefined)}.",
        others and f"not shown: {', '.join(others)}; 'probekit export' writes them from a history.",
        finding(dataset, scores),
    ]
    for remark in filter(None, remarks):
        terminal.line()
        terminal.paragraph(str(remark))


def _show_tables(terminal: Terminal, dataset: "xr.Dataset", scores: dict[str, list[Score]]) -> bool:
    """Write a table for each score that has features, and one for those that have not.

    Returns whether anything of them is left out.
    """
    tables: dict[str, dict[tuple[str, str], str]] = {}
    for name, found in scores.items():
        for score in found:
            title, row, column = _place(name, score.labels)
            tables.setdefault(title, {})[row, column] = score.text()
    numbers, is_cut = _meaning(dataset, scores), False
    for title, cells in sorted(tables.items(), key=lambda item: item[0] != NETWORK):
        long_name = dataset[title].attrs.get("long_name", "") if title in dataset else ""
        heading = f"{title}: {long_name}" if long_name else title
        terminal.line()
        terminal.heading(f"{heading} ({numbers})" if numbers else heading)
        numbers = ""  # it is said once
        rows = _rows(cells)
        terminal.table(cut(rows), right=True)
        is_cut = is_cut or cut(rows) != rows
    return is_cut


def _meaning(dataset: "xr.Dataset", scores: dict[str, list[Score]]) -> str:
    """Say what the numbers in a cell are; nothing if it is a score and no more."""
    if any(of_one_seed(dataset, f"{name}_p_corrected") is not None for name in scores):
        return "score (corrected p of a permutation test)"
    bounds = (of_one_seed(dataset, f"{name}_ci") for name in scores)
    first = next((array for array in bounds if array is not None), None)
    if first is not None:
        text = str(first.attrs.get("long_name", "bootstrap interval"))
        return f"score [{text.partition(' of ')[0]}]"
    if "seed" not in dataset.dims:
        return ""
    seeds = dataset.sizes["seed"]
    return f"mean ± 95 % interval over {seeds} seeds" if seeds > 1 else "1 seed"


def why_undefined(dataset: "xr.Dataset", scores: dict[str, list[Score]]) -> list[str]:
    """Return for each score with NaN in the last row what its status says of that."""
    from probekit.status import STATUS_SUFFIX, Status

    last = dataset.probekit.final() if has_rows(dataset) else dataset
    reasons = []
    for name, found in scores.items():
        status = last.get(f"{name}{STATUS_SUFFIX}")
        if status is None or not any(math.isnan(score.mean) for score in found):
            continue
        codes = status.where(last[name].isnull()).values
        words = [Status(code).words for code in {*codes[codes > 0]}]
        reasons += [f"{name}: {' or '.join(sorted(words))}"] if words else []
    return reasons


def _place(name: str, labels: dict[str, str]) -> tuple[str, str, str]:
    """Return table, row and column in which a score stands."""
    labels = dict(labels)
    row = _taken(labels, "layer", "layer_a")
    if row is None:
        whole = labels.pop("feature", "all")
        return NETWORK, ", ".join([name, *labels.values()]), whole
    column = _taken(labels, "feature", "layer_b")
    if column is None and len(labels) == 1:  # sets of features, say
        column = labels.popitem()[1]
    cell = ", ".join([row, *labels.values()])
    return (LAYERS, cell, name) if column is None else (name, cell, column)


def _taken(labels: dict[str, str], *names: str) -> str | None:
    """Take out the first of these labels that is there: it may be empty, as names of layers may."""
    return next((labels.pop(name) for name in names if name in labels), None)


def _rows(cells: dict[tuple[str, str], str]) -> list[list[str]]:
    rows = list(dict.fromkeys(row for row, _ in cells))
    columns = list(dict.fromkeys(column for _, column in cells))
    if columns == ["all"]:
        return [[row, cells[row, "all"]] for row in rows]
    head = ["", *columns]
    return [head, *([row, *(cells.get((row, column), "") for column in columns)] for row in rows)]


def cut(rows: list[list[str]]) -> list[list[str]]:
    """Return a table with its head, and no more than can be read; dots stand for the rest."""
    head, *others = rows
    if len(others) > ROWS:
        few = some(others, ROWS)
        others = [*few[: ROWS // 2], [REST, *[""] * (len(head) - 1)], *few[ROWS // 2 :]]
    if len(head) <= COLUMNS + 1:
        return [head, *others]
    half = COLUMNS // 2
    return [[*row[: half + 1], REST, *row[-half:]] for row in [head, *others]]
