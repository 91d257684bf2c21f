"""What happens in a run as lines of JSON, for machines: a listener."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from probekit.errors import told
from probekit.plugins import hookimpl
from probekit_cli._scores import scores_of
from probekit_cli._terminal import Terminal

if TYPE_CHECKING:
    import xarray as xr

    from probekit.running import RunInfo


class Events:
    """Writes one object per event: started, chunk, finished or failed.

    Parameters
    ----------
    terminal : Terminal
    """

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal
        self.is_heard = True
        self._path: Path | None = None

    @hookimpl
    def probekit_run_started(self, run: "RunInfo") -> None:
        """Write what is to come."""
        import json

        self._path = run.path
        from probekit.history.schema import config_text

        self.write(
            "started",
            task=run.task,
            config=json.loads(config_text(run.config)),
            seeds=run.seeds,
            epochs=run.epochs,
            layers=run.layers,
            features=run.features,
            path=run.path,
            resumed_epochs=run.resumed_epochs,
        )

    @hookimpl
    def probekit_chunk_finished(self, dataset: "xr.Dataset") -> None:
        """Write the new rows: for each seed and epoch all scores by their labels."""
        self.write("chunk", rows=rows_of(dataset))

    @hookimpl
    def probekit_run_failed(self, error: BaseException) -> None:
        """Write what ended the run."""
        self.write("failed", error=type(error).__name__, message=told(error))

    def finished(self, records: dict[str, Any], seconds: float) -> None:
        """Write the final scores; after the run, since the listeners hear of new rows only."""
        self.write("finished", path=self._path, seconds=round(seconds, 3), **records)

    def write(self, event: str, **content: Any) -> None:
        """Write one line; once nobody reads any more, write nothing and let the run go on."""
        if not self.is_heard:
            return
        try:
            self.terminal.json({"event": event, **content})
        except BrokenPipeError:
            self.is_heard = False


def rows_of(dataset: "xr.Dataset") -> list[dict[str, Any]]:
    """Return a row per seed and epoch in which anything is defined."""
    rows = []
    for seed in dataset["seed"].values.tolist():
        for epoch in dataset["epoch"].values.tolist():
            scores = scores_of(dataset.sel(seed=seed, epoch=epoch))
            if any(array.notnull().any() for array in scores.values()):
                found = {name: nested(array) for name, array in scores.items()}
                rows.append({"seed": seed, "epoch": epoch, **found})
    return rows


def nested(variable: "xr.DataArray") -> Any:
    """Return an array as objects in objects, keyed by the labels of its dims."""
    if not variable.dims:
        return float(str(variable.values))  # with the digits that its type has
    dim = variable.dims[0]
    if dim not in variable.coords:
        return variable.values
    labels = variable[dim].values.tolist()
    return {str(label): nested(variable.isel({dim: place})) for place, label in enumerate(labels)}
