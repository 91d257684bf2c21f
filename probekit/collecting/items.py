"""The tasks of a file: what they are called, which options they have, where they stand."""

import dataclasses
import inspect
import itertools
import types
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any, get_type_hints

from probekit.collecting.finding import SEPARATOR, shared_files, shown
from probekit.collecting.importing import TaskFileError, described, import_file
from probekit.collecting.marking import FIXTURE, TASK, Parameter, Variant, parameters_of
from probekit.collecting.sharing import GIVEN, Fixtures, asked_for
from probekit.errors import ProbekitError, UnknownNameError

_PROTOCOL = ("name", "Config", "data", "step")


@dataclasses.dataclass(frozen=True, eq=False)
class Item:
    """A task of a file.

    Attributes
    ----------
    path : Path
        Its file.
    line : int
        Where in it.
    name : str
    target : function, class or Variant
    fixtures : Fixtures
        Those that it sees.
    """

    path: Path
    line: int
    name: str
    target: Any
    fixtures: Fixtures

    @property
    def nodeid(self) -> str:
        """``probes/probe_xor.py::small``; ``probekit run`` takes it."""
        return f"{shown(self.path)}{SEPARATOR}{self.name}"

    @property
    def place(self) -> str:
        """File, line and name, as messages begin."""
        return f"{shown(self.path)}:{self.line}: {self.name}"

    @property
    def is_function(self) -> bool:
        """Whether it is a function, and no task that `probekit.run` knows."""
        return inspect.isfunction(self.target)

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """What it is parametrized by."""
        return parameters_of(self.target)

    @property
    def task(self) -> Any:
        """What `probekit.run` runs: a class or a registered name."""
        return self.target.base if isinstance(self.target, Variant) else self.target

    @property
    def defaults(self) -> dict[str, Any]:
        """What the file says that options are unless given."""
        if self.is_function:
            return {
                name: argument.default
                for name, argument in inspect.signature(self.target).parameters.items()
                if argument.default is not inspect.Parameter.empty
            }
        return dict(self.target.defaults) if isinstance(self.target, Variant) else {}

    @cached_property
    def summary(self) -> str:
        """One line about it."""
        task = self._loaded
        declared = getattr(task, "summary", None)
        text = declared if isinstance(declared, str) else inspect.getdoc(task) or ""
        return text.strip().partition("\n")[0]

    @cached_property
    def Config(self) -> type:
        """A dataclass of its options, as a registered task has; its defaults are this task's."""
        if self.is_function:
            return _config_of_function(self.target, self.parameters)
        config: type = self._loaded.Config
        return _with_defaults(config, self.defaults) if self.defaults else config

    @property
    def _loaded(self) -> Any:
        if isinstance(self.task, str):
            from probekit.plugins import get_manager

            return get_manager().registry.load("task", self.task)
        return self.task

    def check(self) -> None:
        """Raise `TaskFileError` if this can be no task; called when it is collected."""
        names = [parameter.name for parameter in self.parameters]
        if self.is_function:
            asked = asked_for(self.target)
            known = (*names, *(name for name, has_default in asked.items() if has_default))
            self.fixtures.check(self.place, self.target, known, GIVEN)
            behind = self.fixtures.arguments_behind(self.target)
            for name in names:
                if name not in behind:
                    raise TaskFileError(
                        f"{self.place}: is parametrized by {name!r}, but neither it nor a fixture "
                        "has an argument of this name."
                    )
            return
        try:
            self.check_options(names)
            self.check_options(self.defaults)
        except ProbekitError as error:
            raise TaskFileError(f"{self.place}: {described(error)}") from error

    def check_options(self, options: Mapping[str, Any] | list[str]) -> None:
        """Raise `UnknownNameError` unless it has all these options.

        Parameters
        ----------
        options : mapping or list of str
            Of which the names are looked at.
        """
        known = sorted(field.name for field in dataclasses.fields(self.Config))
        for name in options:
            if name not in known:
                raise UnknownNameError(f"option of task {self.name!r}:", name, known)

    def told(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Return what its history says that it was made with: these options, or what the file says.

        Of what is swept all the labels; defaults that are no numbers or texts are left out.

        Parameters
        ----------
        options : mapping
            ``{name: value}``.
        """
        plain = {name: value for name, value in self.defaults.items() if _is_plain(value)}
        swept = {each.name: list(each.labels) for each in self.sweep(options)}
        return {**plain, **options, **swept}

    def sweep(self, options: Mapping[str, Any]) -> tuple[Parameter, ...]:
        """Return what is swept; a parameter that is given as an option keeps that one value.

        Parameters
        ----------
        options : mapping
            ``{name: value}``.
        """
        return tuple(
            Parameter(each.name, (options[each.name],)) if each.name in options else each
            for each in self.parameters
        )


def combinations(sweep: tuple[Parameter, ...]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yield ``({name: value}, {name: label})`` for each combination; one if nothing is swept."""
    names = [parameter.name for parameter in sweep]
    pairs = [zip(each.values, each.labels, strict=True) for each in sweep]
    for chosen in itertools.product(*pairs):
        values, labels = zip(*chosen, strict=True) if chosen else ((), ())
        yield dict(zip(names, values, strict=True)), dict(zip(names, labels, strict=True))


def items_of(path: Path) -> list[Item]:
    """Import a task file and return its tasks, in the order of the file.

    Raises
    ------
    TaskFileError
        If the file, or a ``probefile.py`` above it, cannot be imported; if a task asks for what is
        not there; if two have one name.
    """
    module = import_file(path)
    fixtures = Fixtures([module, *map(import_file, shared_files(path))])
    items = [
        Item(path, _line_of(target), _name_of(variable, target), target, fixtures)
        for variable, target in vars(module).items()
        if _is_task(variable, target, module)
    ]
    items.sort(key=lambda item: item.line)
    names: dict[str, Item] = {}
    for item in items:
        other = names.setdefault(item.name, item)
        if other is not item:
            raise TaskFileError(f"{item.place}: a task of this name is in line {other.line} too.")
        item.check()
    return items


def _is_task(variable: str, target: Any, module: ModuleType) -> bool:
    if isinstance(target, Variant):
        return not variable.startswith("_")
    if getattr(target, "__module__", None) != module.__name__ or variable.startswith("_"):
        return False
    if inspect.isfunction(target):
        return hasattr(target, TASK) and not hasattr(target, FIXTURE)
    if not isinstance(target, type):
        return False
    if vars(target).get(TASK) == target.__qualname__:  # marked itself, not a class above it
        missing = [part for part in _PROTOCOL if not hasattr(target, part)]
        if missing:
            where = f"{shown(Path(str(module.__file__)))}:{_line_of(target)}: {target.__name__}"
            raise TaskFileError(f"{where}: is no task, it has no {', '.join(missing)}.")
        return True
    return isinstance(vars(target).get("name"), str) and all(
        hasattr(target, part) for part in _PROTOCOL
    )


def _name_of(variable: str, target: Any) -> str:
    if isinstance(target, Variant):
        return variable
    # A class that is marked may have no name but that of the task that it changes.
    return str(vars(target).get("name", target.__name__))


def _line_of(target: Any) -> int:
    if isinstance(target, Variant):
        return target.line
    if inspect.isfunction(target):
        return target.__code__.co_firstlineno
    return inspect.getsourcelines(target)[1]


def _config_of_function(function: Any, parameters: tuple[Parameter, ...]) -> type:
    """Return a dataclass of the arguments that have defaults, and of those that are swept."""
    hints = get_type_hints(function, include_extras=True)
    fields: dict[str, tuple[str, Any, Any]] = {}
    for name, argument in inspect.signature(function).parameters.items():
        default = argument.default
        if default is not inspect.Parameter.empty:
            default = _immutable(default)
            kind = hints.get(name, type(default))
            fields[name] = (name, kind, dataclasses.field(default=default))
    for parameter in parameters:
        kind = hints.get(parameter.name, _kind_of(parameter.values))
        told = {"help": f"Swept over {', '.join(map(str, parameter.labels))} unless given."}
        one = dataclasses.field(default=None, metadata=told)
        fields[parameter.name] = (parameter.name, kind | None, one)
    name = f"{function.__name__.title().replace('_', '')}Options"
    return dataclasses.make_dataclass(name, fields.values(), frozen=True, kw_only=True)


def _kind_of(values: tuple[Any, ...]) -> Any:
    """Return the type of the values, as one could annotate it."""
    kinds = {type(value) for value in values}
    if kinds and kinds <= {tuple, list}:
        return types.GenericAlias(tuple, (_kind_of(tuple(itertools.chain(*values))), ...))
    if kinds == {int, float}:
        return float
    return kinds.pop() if len(kinds) == 1 else str


def _with_defaults(config: type, defaults: Mapping[str, Any]) -> type:
    """Return a config with other defaults; what is told of its fields stays."""
    hints = get_type_hints(config, include_extras=True)
    fields = []
    for field in dataclasses.fields(config):
        if field.name in defaults:
            default = _immutable(defaults[field.name])
            changed = dataclasses.field(default=default, metadata=field.metadata)
            fields.append((field.name, hints[field.name], changed))
    return dataclasses.make_dataclass(
        config.__name__, fields, bases=(config,), frozen=True, kw_only=True
    )


def _is_plain(value: Any) -> bool:
    """Whether a value is made of numbers and texts: others are not told alike by each process."""
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, int | float | str)


def _immutable(default: Any) -> Any:
    """Return a list as a tuple: a dataclass takes no default that can change."""
    return tuple(default) if isinstance(default, list) else default
