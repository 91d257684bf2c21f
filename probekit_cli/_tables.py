"""Final scores as tables: layers down, features across."""

from typing import TYPE_CHECKING

from probekit_cli._scores import final_scores, finding, scores_of
from probekit_cli._terminal import Terminal

if TYPE_CHECKING:
    import xarray as xr

NETWORK, LAYERS = "network", "by layer"


def show_scores(terminal: Terminal, dataset: "xr.Dataset") -> None:
    """Write all final scores, and the finding if there is one."""
    scores = final_scores(dataset)
    seeds = dataset.sizes.get("seed", 1)
    over = f"mean ± 95 % interval over {seeds} seeds" if seeds > 1 else "1 seed"
    bounds = [f"{name}_ci" for name in scores if f"{name}_ci" in dataset]
    if bounds:
        text = str(dataset[bounds[0]].attrs.get("long_name", "bootstrap interval"))
        over = f"score [{text.partition(' of ')[0]}]"
    if any(f"{name}_p_corrected" in dataset for name in scores):
        over = "score (corrected p of a permutation test)"
    tables: dict[str, dict[tuple[str, str], str]] = {}
    for name, found in scores.items():
        for score in found:
            title, row, column = _place(name, score.labels)
            tables.setdefault(title, {})[row, column] = score.text()
    first = True
    for title, cells in sorted(tables.items(), key=lambda item: item[0] != NETWORK):
        long_name = dataset[title].attrs.get("long_name", "") if title in dataset else ""
        heading = f"{title}: {long_name}" if long_name else title
        terminal.line()
        terminal.heading(f"{heading} ({over})" if first else heading)
        terminal.table(_rows(cells), right=True)
        first = False
    others = [
        f"{name} ({', '.join(str(dim) for dim in array.dims)})"
        for name, array in scores_of(dataset).items()
        if name not in scores
    ]
    if others:
        terminal.line()
        terminal.paragraph(f"not shown: {', '.join(others)}")
    if sentence := finding(dataset, scores):
        terminal.line()
        terminal.paragraph(sentence)


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
