"""Running one task of a file: every combination of its parameters, into one history.

While it runs, finished combinations lie in a folder ``NAME.parts/`` beside the history, so that a
run that was stopped can be resumed.
"""

import contextlib
import dataclasses
import json
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from probekit.collecting.items import Item, combinations
from probekit.collecting.marking import Parameter
from probekit.collecting.providing import Runs, dataset_of
from probekit.collecting.settings import Settings
from probekit.collecting.sharing import Values
from probekit.errors import HistoryExistsError, OptionError, ProbekitWarning

if TYPE_CHECKING:
    import xarray as xr

PARTS = ".parts"
NODE = "node"
"""The attribute of a history that names its task."""
_BEGUN = "begun.json"


def execute(
    item: Item, output: Path | None, options: Mapping[str, Any], settings: Settings, values: Values
) -> "xr.Dataset":
    """Run a task and return its history.

    Parameters
    ----------
    item : Item
    output : Path or None
        The history, in a folder that exists; None keeps nothing.
    options : mapping
        Options of the task.
    settings : Settings
    values : Values
        The fixtures of the session.

    Raises
    ------
    OptionError, UnknownNameError
        If an option or a setting is none that the task has.
    HistoryExistsError
        If the history is there, and nothing says what to do with it.
    """
    item.check_options(options)
    _check_settings(item, settings)
    sweep = item.sweep(options)
    if not item.is_function and not sweep:
        return _run(item, options, settings, output=output)
    with contextlib.ExitStack() as stack:
        if output is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            return _Execution(item, folder / "history.nc", options, settings, values).go(sweep)
        return _Execution(item, output, options, settings, values).go(sweep)


def _check_settings(item: Item, settings: Settings) -> None:
    """Raise `OptionError` for what the task would not heed."""
    if "store_activations" in settings.chosen() and item.parameters:
        raise OptionError(
            f"store_activations: {item.name} is parametrized, and activations of different models "
            "do not go into one array. Give each parameter as an option, one run each."
        )
    if not item.is_function:
        return
    used = item.fixtures.arguments_behind(item.target)
    for name in settings.chosen():
        heeding = {"run", "probe", "compare"} if name == "estimators" else {"run"}
        if not used & heeding:
            raise OptionError(
                f"{name}: {item.name} would not heed it; give the function the argument "
                f"{' or '.join(map(repr, sorted(heeding, reverse=True)))} and use that."
            )


def _run(
    item: Item, options: Mapping[str, Any], settings: Settings, *, output: Path | None
) -> "xr.Dataset":
    """Run a task that `probekit.run` knows."""
    from probekit.running import run

    keeping = {name: getattr(settings, name) for name in ("overwrite", "resume", "durable")}
    given = {**item.defaults, **options}
    return run(item.task, output=output, **keeping, **settings.chosen(), **given)


class _Execution:
    """A task that is run in parts: a function, or one that is parametrized."""

    def __init__(
        self,
        item: Item,
        output: Path,
        options: Mapping[str, Any],
        settings: Settings,
        values: Values,
    ) -> None:
        self.item, self.output, self.values = item, output, values
        self.options, self.told = options, item.told(options)
        self.parts = output.with_suffix(PARTS)
        self.settings = settings

    def go(self, sweep: tuple[Parameter, ...]) -> "xr.Dataset":
        """Run what is not there yet, put it together, and clear away."""
        from probekit.history import open_history

        with self._lock():
            self._begin()
            cells = []
            for number, (given, labels) in enumerate(combinations(sweep)):
                with self._telling(labels):
                    cells.append((labels, self._cell(self.parts / f"{number:03}.nc", given)))
            if sweep:
                self._save(self.output, cells)
            else:
                os.replace(self.parts / "000.nc", self.output)
            shutil.rmtree(self.parts)
        return open_history(self.output)

    @contextlib.contextmanager
    def _lock(self) -> Iterator[None]:
        """Let no other process run the same into the same file."""
        from probekit.history.file import LOCK_NAME, Lock
        from probekit.history.segments import check_replaceable

        check_replaceable(self.output)
        if self.output.exists() and not (self.settings.overwrite or self.parts.exists()):
            raise HistoryExistsError(
                f"{self.output}: exists. Pass overwrite (--overwrite) to replace it, "
                "or choose another path."
            )
        lock = Lock(self.parts)
        lock.acquire()
        try:
            yield
        finally:
            there = self.parts.exists()
            nothing = not there or {p.name for p in self.parts.iterdir()} <= {LOCK_NAME, _BEGUN}
            if there and nothing:  # to resume
                (self.parts / _BEGUN).unlink(missing_ok=True)
            lock.release(remove=nothing)
            if there and nothing:
                with contextlib.suppress(OSError):  # another process may have begun just now
                    self.parts.rmdir()

    def _begin(self) -> None:
        """Look at what is there already; note what this run is about."""
        from probekit.history.file import LOCK_NAME, writing_text
        from probekit.history.schema import check_same_settings

        note = self.parts / _BEGUN
        now = as_json({**self.told, **self.settings.chosen()})
        if note.exists() and self.settings.resume:
            check_same_settings(str(self.parts), json.loads(note.read_text()), now)
            return
        if note.exists() and not self.settings.overwrite:
            raise HistoryExistsError(
                f"{self.parts}: holds an unfinished history. Pass resume (--resume) to go on with "
                "it, or overwrite (--overwrite) to replace it."
            )
        for entry in self.parts.iterdir():
            if entry.name != LOCK_NAME:
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        with writing_text(note) as file:
            json.dump(now, file)

    @contextlib.contextmanager
    def _telling(self, labels: Mapping[str, Any]) -> Iterator[None]:
        """Have errors say at which combination they occurred."""
        try:
            yield
        except Exception as error:
            if labels:
                error.add_note(f"[{', '.join(f'{k}={v}' for k, v in labels.items())}]")
            raise

    def _cell(self, path: Path, given: Mapping[str, Any]) -> "xr.Dataset":
        """Return the history of one combination, of this run or of one that was stopped."""
        from probekit.history import open_history
        from probekit.history.schema import config_of

        if path.exists():
            return open_history(path)
        if not self.item.is_function:
            unfinished = dataclasses.replace(self.settings, resume=True, overwrite=False)
            return _run(self.item, {**self.options, **given}, unfinished, output=path)
        runs = Runs(path, self.settings)
        provided = {**runs.given(), **self.item.defaults, **self.options, **given}
        returned = self.values.call(self.item.fixtures, self.item.target, provided)
        dataset = dataset_of(returned, runs.output, self.item.name)
        as_it_was = runs.only is not None and runs.only[1].identical(dataset)
        if runs.only and as_it_was and "store_activations" in config_of(dataset.attrs):
            os.replace(runs.only[0], path)  # with the activations in it
            return dataset
        if self.settings.chosen().get("store_activations"):
            warnings.warn(
                f"store_activations: {self.item.name} does not return the Dataset of 'run' as it "
                "was; the activations are not kept.",
                ProbekitWarning,
                stacklevel=2,
            )
        self._save(path, [({}, dataset)])
        return dataset

    def _save(self, path: Path, cells: "list[tuple[dict[str, Any], xr.Dataset]]") -> None:
        from probekit.history import HistoryWriter
        from probekit.history.schema import ROW_DIMS

        datasets = _numbered([_expanded(dataset, labels) for labels, dataset in cells])
        first = datasets[0]
        rows = str(first.attrs.get(ROW_DIMS, "")).split()
        lead = rows if all(dim in first.dims and dim in first.coords for dim in rows) else ()
        attributes = self._attributes([dataset.attrs for dataset in datasets])
        with HistoryWriter(
            path, attributes=attributes, lead=lead, overwrite=True, durable=self.settings.durable
        ) as writer:
            for dataset in datasets:
                writer.append(dataset)
            writer.finish()

    def _attributes(self, parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Return what the history says of itself: of the task, and what its parts share."""
        from probekit.history import make_attributes
        from probekit.history.schema import config_of

        configs = [config_of(attributes) for attributes in parts]
        common = {
            name: value
            for name, value in configs[0].items()
            if all(name in config and config[name] == value for config in configs)
        }
        name = self.item.name if self.item.is_function else parts[0].get("task", self.item.name)
        own = make_attributes(str(name), {**common, **self.told}, title=self.item.summary)
        return {**parts[0], **own, NODE: self.item.nodeid}


def _expanded(dataset: "xr.Dataset", labels: Mapping[str, Any]) -> "xr.Dataset":
    """Add the dims of a sweep, of length 1."""
    new = {name: [label] for name, label in labels.items() if name not in dataset.dims}
    for name in {*labels} - {*new}:  # the seed, say, of a run of that one seed
        if name not in dataset.coords or dataset[name].values.tolist() != [labels[name]]:
            raise OptionError(
                f"parametrize({name!r}): what the task returns has a dim {name!r} already; "
                "take another name."
            )
    return dataset.drop_vars([*new], errors="ignore").expand_dims(new)


def _numbered(datasets: "list[xr.Dataset]") -> "list[xr.Dataset]":
    """Label axes that have no labels and differ in length, as units of layers do, by numbers."""
    import numpy as np

    names = {dim for dataset in datasets for dim in dataset.dims}
    unequal = [dim for dim in names if len({dataset.sizes.get(dim) for dataset in datasets}) > 1]
    return [
        dataset.assign_coords(
            {
                dim: np.arange(dataset.sizes[dim])
                for dim in unequal
                if dim in dataset.sizes and dim not in dataset.coords
            }
        )
        for dataset in datasets
    ]


def as_json(settings: Mapping[str, Any]) -> Any:
    """Return settings as a history gives them back, so that they can be compared."""
    from probekit.history.schema import config_text

    return json.loads(config_text(settings))
