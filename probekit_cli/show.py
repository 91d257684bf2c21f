"""``probekit show``: what is in a history."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from probekit.plugins import Manager
from probekit_cli._declared import Json
from probekit_cli._files import History
from probekit_cli._scores import has_rows
from probekit_cli._terminal import Terminal

if TYPE_CHECKING:
    import xarray as xr


CHARTS = 8
"""How many features, and how many layers of each, are drawn at most."""


UNFINISHED = "unfinished: it is being written, or what writes it was stopped and can be resumed"


def add(app: typer.Typer, manager: Manager) -> None:
    """Add the command."""

    @app.command("show")
    def show_command(
        file: History,
        as_json: Json = False,
    ) -> None:
        """Show what is in a history."""
        from probekit.history import open_history
        from probekit.history.reading import is_finished

        finished = is_finished(file)  # asked first: what is finished stays so
        dataset = open_history(file)
        terminal = Terminal()
        if as_json:
            terminal.json({**record(file, dataset), "finished": finished})
            return
        from probekit_cli._tables import show_scores

        _show_head(terminal, file, dataset, finished=finished)
        show_scores(terminal, dataset)
        if has_rows(dataset):
            _show_trajectories(terminal, dataset)


def record(file: Path, dataset: "xr.Dataset") -> dict[str, object]:
    """Return what is in a history, for JSON."""
    from probekit_cli._scores import records_of

    return {
        "path": file,
        "dims": dict(dataset.sizes),
        "coords": {name: dataset[name].values for name in dataset.dims if name in dataset.coords},
        "config": config_of(dataset),
        "attributes": dict(dataset.attrs),
        **records_of(dataset),
    }


def _show_head(terminal: Terminal, file: Path, dataset: "xr.Dataset", *, finished: bool) -> None:
    attributes = dataset.attrs
    terminal.heading(str(attributes.get("title", file)))
    version = attributes.get("probekit_version", "–")
    row = dataset.probekit.time if has_rows(dataset) else ""
    dims = [
        _range(row, dataset[dim].values) if dim == row else f"{size} {dim}{'s' if size > 1 else ''}"
        for dim, size in dataset.sizes.items()
    ]
    settings = ", ".join(f"{name}={_setting(value)}" for name, value in config_of(dataset).items())
    terminal.fields(
        [
            ("task", str(attributes.get("task", "–"))),
            ("config", settings or "–"),
            ("dims", ", ".join(dims)),
            ("variables", ", ".join(str(name) for name in dataset.data_vars)),
            ("written", f"{attributes.get('date', '–')}, probekit {version}"),
            *([] if finished else [("state", UNFINISHED)]),
        ]
    )


def _range(row: str, values: Any) -> str:
    first, last = values.min(), values.max()
    return f"{row} {first}" if first == last else f"{row} {first} to {last}"


def config_of(dataset: "xr.Dataset") -> dict[str, object]:
    """Return the settings that the history notes; empty if there are none that can be read."""
    from probekit.history import schema

    return schema.config_of(dataset.attrs)


def _setting(value: object) -> str:
    """Return a setting as people write it."""
    if isinstance(value, list):
        return ",".join(_setting(item) for item in value)
    return str(value)


def _show_trajectories(terminal: Terminal, dataset: "xr.Dataset") -> None:
    """Draw for each feature how R² went in each layer, all on one scale."""
    from probekit_cli._charts import BLOCKS, sparkline
    from probekit_cli._tables import some

    row = dataset.probekit.time
    score = dataset.get("linear_r2")
    if score is None or not {row, "layer", "feature"} <= {*score.dims} or score.sizes[row] < 2:
        return
    means = score.mean([dim for dim in score.dims if dim not in (row, "layer", "feature")])
    high = float(means.max())
    if not (math.isfinite(high) and high > 0):
        return  # blocks from 0 would say nothing
    features, layers = means["feature"].values.tolist(), means["layer"].values.tolist()
    shown = some(features, CHARTS), some(layers, CHARTS)
    terminal.line()
    first, last = dataset[row].values[[0, -1]]
    over = "mean over seeds; " * (dataset.sizes.get("seed", 1) > 1)
    terminal.heading(f"linear_r2 from {row} {first} to {last} ({over}0 to {high:.2f})")
    for feature in shown[0]:
        terminal.line(f"  {feature}")
        rows = []
        for layer in shown[1]:
            values = means.sel(feature=feature, layer=layer).values.tolist()
            plain = not terminal.can_show(BLOCKS)
            rows.append([str(layer), sparkline(values, low=0.0, high=high, ascii_only=plain)])
        terminal.table(rows, indent=4)
    counts = (len(shown[0]), len(features), "features"), (len(shown[1]), len(layers), "layers")
    cut = [f"{few} of {all_} {what}" for few, all_, what in counts if few < all_]
    if cut:
        terminal.line(f"  drawn: {' and '.join(cut)}; 'probekit plot' draws those that you name.")
