"""From the names and options that a user gives to the program that is to be run."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, cast

import numpy as np

from probekit.errors import OptionError, UnknownNameError
from probekit.estimators import Estimator, resolve
from probekit.extractors import match
from probekit.plugins import get_manager
from probekit.probing.blaming import adapted_to, check_counts
from probekit.probing.plan import Plan
from probekit.running.program import Program, computable
from probekit.tasks import Task, TaskConfig

_PARTS = (
    *("name", "summary", "Config", "estimators", "variables", "features", "layers"),
    *("data", "orders", "init", "step", "extractor", "metrics", "finished"),
)
"""What `Task` asks for."""


def task_of(task: str | Task | type[Task]) -> Task:
    """Return the task that is meant.

    Parameters
    ----------
    task : str, Task or type
        A registered name, a task, or its class, of which there is one instance in a process.

    Returns
    -------
    Task

    Raises
    ------
    UnknownNameError
        If no task is registered under the name.
    OptionError
        If it is no task.
    """
    found = get_manager().registry.load("task", task) if isinstance(task, str) else task
    if isinstance(found, type):
        found = _instance(found)
    missing = [part for part in _PARTS if not hasattr(found, part)]
    if missing:
        raise OptionError(f"task={task!r}: is no task (it has no {', '.join(missing)}).")
    return cast(Task, found)


@cache
def _instance(task: type[Task]) -> Task:
    """Return the one instance of a task: equal programs are compiled once."""
    return task()


def config_of(task: Task, options: Mapping[str, Any]) -> TaskConfig:
    """Return the settings of a task, whose fields are the options there are.

    Parameters
    ----------
    task : Task
    options : mapping
        ``{name: value}``, a list as good as a tuple; of others the defaults hold.

    Returns
    -------
    TaskConfig

    Raises
    ------
    UnknownNameError
        If there is no such option.
    OptionError
        If its value cannot be used.
    """
    if not dataclasses.is_dataclass(task.Config):
        raise OptionError(
            f"task {task.name!r}: its Config is no dataclass; make it a child of TaskConfig, with "
            "@dataclasses.dataclass(frozen=True, kw_only=True)."
        )
    fields = {field.name: field for field in dataclasses.fields(task.Config)}
    for name in options:
        if name not in fields:
            raise UnknownNameError(f"option of task {task.name!r}:", name, sorted(fields))
    for name, field in fields.items():
        known = name in options or field.default is not field.default_factory  # both are MISSING
        if field.init and not known:
            raise OptionError(
                f"task {task.name!r}: its setting {name} has no default; give {name}=."
            )
    given = {name: tuple(v) if isinstance(v, list) else v for name, v in options.items()}
    settings: Any = task.Config  # which fields it has is known to the task alone
    config: TaskConfig = settings(**given)
    _check_hashable(task, config)
    return config


def _check_hashable(task: Task, config: TaskConfig) -> None:
    """Raise `OptionError` if a setting may change: programs are compiled for each config."""
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        try:
            hash(value)
        except TypeError:
            raise OptionError(
                f"task {task.name!r}: its setting {field.name} is a {type(value).__name__}, which "
                "has no hash; use a number, a text or a tuple of them."
            ) from None


def differing(
    config: Mapping[str, Any],
    there: Sequence[str],
    *,
    estimators: Any = None,
    layers: Any = None,
    store_activations: Any = None,
) -> Iterator[tuple[str, list[str], list[str]]]:
    """Yield what a history was made with, where that is not what is asked for now.

    Parameters
    ----------
    config : mapping
        Of the history. It says nothing of estimators or layers if no run made it.
    there : sequence of str
        The layers that could have been probed.
    estimators, layers, store_activations : optional
        As `run` takes them; what is None may be anything.

    Yields
    ------
    tuple
        Its name, what it was in the history, and what is asked for.
    """
    before = config.get("estimators")
    if estimators is not None and before is not None:
        asked = resolve(estimators)
        # What estimators have found out about the features is not known before a run.
        fixed = {repr(each) for each in asked if type(each).adapted is Estimator.adapted}
        if len(asked) != len(before) or not fixed <= {*before}:
            yield "estimators", list(before), [repr(each) for each in asked]
    of_layers = [("layers", layers, there), ("store_activations", store_activations, ())]
    for name, globs, unless_told in of_layers:
        before = list(config.get(name, unless_told))
        chosen = before if globs is None else _matched(there, globs)
        if chosen != before:
            yield name, before, chosen


def _matched(there: Sequence[str], globs: str | Sequence[str]) -> list[str]:
    """Return the layers that are meant; the globs, if one could not have been given."""
    try:
        return list(match(there, globs))
    except OptionError:
        return [globs] if isinstance(globs, str) else list(globs)


def check_apart(task: Task, estimators: tuple[Estimator, ...]) -> None:
    """Raise `OptionError` if an estimator reports what the task itself does: one would be lost."""
    own = {variable.name for variable in task.variables}
    for estimator in estimators:
        for variable in estimator.variables:
            if variable.name in own:
                raise OptionError(
                    f"estimators: {estimator!r} reports {variable.name!r}, as task {task.name!r} "
                    "itself does; give it another name=."
                )


def adapted(
    task: Task, config: TaskConfig, estimators: tuple[Estimator, ...]
) -> tuple[Estimator, ...]:
    """Return the estimators with what they make of the features, by the data of the first seed.

    One program serves all seeds, whose scores are to be of the same; and a run that is resumed must
    find what it has found before.
    """
    asks = [(type(each).adapted, type(each).check_examples) for each in estimators]
    if all(hooks == (Estimator.adapted, Estimator.check_examples) for hooks in asks):
        return estimators  # making data may take long
    data = task.data(config, config.first_seed)
    fitted, scored = (computable(np.asarray(data[split].features)) for split in ("fit", "test"))
    check_counts(estimators, fitted=len(fitted), scored=len(scored))
    columns = dict(zip(task.features(config), fitted.T[:, :, None], strict=True))
    return adapted_to(columns, estimators)


def program_of(
    task: Task,
    config: TaskConfig,
    estimators: tuple[Estimator, ...],
    layers: str | Sequence[str],
    stored: str | Sequence[str],
) -> Program:
    """Return what is to be compiled: which layers there are is found out without running them."""
    names = task.features(config)
    shapes = task.layers(config)
    return Program(
        task,
        config,
        Plan(estimators, names, (1,) * len(names)),
        layers=match(shapes, layers),
        stored=match(shapes, stored, argument="store_activations") if stored else (),
    )
