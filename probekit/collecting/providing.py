"""What the function of a task is given to work with, and what it may return."""

import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from probekit.collecting.settings import Settings
from probekit.errors import OptionError

if TYPE_CHECKING:
    import xarray as xr


class Runs:
    """What a function is given to run and probe with, heeding the settings."""

    def __init__(self, path: Path, settings: Settings) -> None:
        self.path, self.settings = path, settings
        self.output = path.with_suffix(".recorded.nc")
        self.count = 0
        self.only: tuple[Path, xr.Dataset] | None = None

    def given(self) -> dict[str, Any]:
        """Return the arguments that every task may ask for."""
        asked = self.settings.chosen()
        estimators = {name: asked[name] for name in ("estimators",) if name in asked}
        return {
            "run": self._run,
            "probe": partial(_call, "probe", estimators),
            "compare": partial(_call, "compare", estimators),
            "output": self.output,
        }

    def _run(self, task: Any, **options: Any) -> "xr.Dataset":
        from probekit.running import run

        self.count += 1
        path = self.path.with_suffix(f".run-{self.count}.nc")
        kept = {"output": path, "durable": self.settings.durable}
        if path.exists():  # finished before the task was stopped
            from probekit.history import open_history

            dataset = open_history(path)
        else:
            dataset = run(task, **{**options, **self.settings.chosen(), **kept, "resume": True})
        self.only = (path, dataset.copy(deep=True)) if self.count == 1 else None
        return dataset


def _call(name: str, chosen: Mapping[str, Any], *arguments: Any, **options: Any) -> "xr.Dataset":
    from probekit import probing

    function: Callable[..., xr.Dataset] = getattr(probing, name)
    return function(*arguments, **{**options, **chosen})


def dataset_of(returned: Any, output: Path, name: str) -> "xr.Dataset":
    """Return what a function returned as a Dataset, or raise."""
    import xarray as xr

    from probekit.history import open_history

    if isinstance(returned, xr.Dataset):
        return returned
    if isinstance(returned, xr.DataArray):
        return returned.to_dataset(name=returned.name or name)
    if isinstance(returned, str | os.PathLike):
        return open_history(returned)
    if returned is None and output.exists():
        return open_history(output)
    raise OptionError(
        f"{name} returned {'nothing' if returned is None else f'a {type(returned).__name__}'}; a "
        "task returns a Dataset, as probekit.probe and probekit.run do, or the path of a history."
    )
