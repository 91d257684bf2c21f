"""What the fixtures of the pytest plugin do; they need no pytest themselves."""

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from probekit._identity import Same
from probekit.errors import OptionError
from probekit.testing.baseline import check_same, load, save
from probekit.testing.claims import check_dataset
from probekit.testing.differences import Tolerances
from probekit.testing.looking import Look, note

if TYPE_CHECKING:
    import xarray as xr

Tolerance = float | tuple[float, float]
"""``atol`` or ``(atol, rtol)``."""


@dataclasses.dataclass
class Regression:
    """The fixture ``probe_regression``: a Dataset must be what it was.

    Attributes
    ----------
    folder : Path
        Where baselines lie.
    name : str
        That of the baseline, unless a call gives one.
    nodeid : str
        The test, to say how its baseline is written.
    root : Path
        Paths are shown from here.
    update : bool
        Whether baselines are written.
    """

    folder: Path
    name: str
    nodeid: str
    root: Path
    update: bool
    _used: set[str] = dataclasses.field(default_factory=set)

    def __call__(
        self,
        dataset: "xr.Dataset",
        name: str | None = None,
        *,
        tolerances: Mapping[str, Tolerance] | None = None,
        atol: float = 1e-5,
        rtol: float = 1e-4,
    ) -> None:
        """Compare every value of a Dataset with the baseline.

        Parameters
        ----------
        dataset : xarray.Dataset
            Scores of any kind; a history with all its rows.
        name : str, optional
            Of the baseline; that of the test unless given. Needed for a second one in a test.
        tolerances : mapping, optional
            ``{variable: atol or (atol, rtol)}``, for variables with a tolerance of their own.
        atol, rtol : float
            Tolerance of the other scores: atol + rtol · abs(baseline). Whole numbers, text and
            statuses must be equal.

        Raises
        ------
        AssertionError
            If there is no baseline, or something differs; ``--probe-update`` writes it instead.
        OptionError, UnknownNameError, HistoryError
            If an argument does not fit, or the baseline cannot be read.
        """
        __tracebackhide__ = True
        allowed = Tolerances.of(atol, rtol, tolerances)
        check_dataset(dataset, "dataset")
        path = self.folder / f"{self._baseline(name)}.nc"
        shown = os.path.relpath(path, self.root)
        remedy = f"pytest --probe-update '{self.nodeid}'"
        if path.is_file():
            message, looks = check_same(dataset, load(path), allowed, f"the baseline {shown}")
            if not (message and self.update):
                for look in looks:
                    note(look)
                if message:
                    raise AssertionError(f"{message}\nIf that is how it should be now: {remedy}")
                return  # what keeps its tolerance is not written again: it would be noise under git
        elif not self.update:
            raise AssertionError(f"{shown}: there is no such baseline yet. Write it: {remedy}")
        else:
            allowed.check_names(list(map(str, dataset.data_vars)))
        save(dataset, path)
        note(Look("baseline", {"file": shown}, verdict="written"))

    def _baseline(self, given: str | None) -> str:
        name = self.name if given is None else given
        if not name or name != os.path.basename(name) or name.startswith("."):
            raise OptionError(f"name={given!r}: give the name of a file, without its folder.")
        if name in self._used:
            raise OptionError(
                f"name={name!r}: this test has compared that baseline; give each its own name=."
            )
        self._used.add(name)
        return name.removesuffix(".nc")


class Histories:
    """The fixture ``probe_history``: runs of tasks, each once a session."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._histories: dict[Any, xr.Dataset] = {}

    def __call__(self, task: Any, **options: Any) -> "xr.Dataset":
        """Return the history of a task, run if it has not been with these options.

        Parameters
        ----------
        task : str, Task, class or Variant
            A registered name, a task of a file (``"probes/probe_xor.py::small"``, as seen from
            pytest's root folder), a task, or what `probekit.task` makes of one.
        **options
            As `probekit.run` takes them, but for where and how the history is written.

        Returns
        -------
        xarray.Dataset
            A copy: what a test does to it, no other test sees.

        Raises
        ------
        OptionError, UnknownNameError
            If an option does not fit, or there is no such task.
        TaskFileError
            If a task of a file fails.
        """
        from probekit.collecting import Variant, names_task_file
        from probekit.history.schema import config_text

        for name in ("output", "overwrite", "resume", "durable"):
            if name in options:
                raise OptionError(f"{name}={options[name]!r}: a history of a test is in memory.")
        if isinstance(task, Variant):
            if task.parameters:
                raise OptionError(
                    f"task: is parametrized by {task.parameters[0].name}; give that as an option "
                    "of the task itself, one run each."
                )
            task, options = task.base, {**task.defaults, **options}
        # The task itself is in the key, and so kept alive: an id would be used again.
        ordered = {name: options[name] for name in sorted(options)}
        key = (task if isinstance(task, str | type) else Same(task), config_text(ordered))
        if key not in self._histories:
            of_file = isinstance(task, str) and names_task_file(task)
            self._histories[key] = (self._of_file if of_file else _run)(task, options)
        return self._histories[key].copy(deep=True)

    def _of_file(self, node: str, options: Mapping[str, Any]) -> "xr.Dataset":
        """Run a task of a file, with all its parameters."""
        from probekit.collecting import Settings, TaskFileError, collect, run_tasks

        collection = collect(self._root / node)
        names = [item.name for item in collection.items]
        if len(names) > 1:
            raise OptionError(f"task={node!r}: there are several; name one: {', '.join(names)}.")
        of_run = {field.name for field in dataclasses.fields(Settings)} & set(options)
        report = run_tasks(
            collection,
            options={name: value for name, value in options.items() if name not in of_run},
            settings=Settings(**{name: options[name] for name in of_run}),
        )
        for result in report.failures:
            raise TaskFileError(result.message)
        (result,) = report.results
        assert result.dataset is not None, "it has succeeded"
        return result.dataset


def _run(task: Any, options: Mapping[str, Any]) -> "xr.Dataset":
    from probekit.running import run

    return run(task, **options)
