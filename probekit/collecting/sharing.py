"""Fixtures: which ones a task sees, what they need, and their values, computed once."""

import inspect
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, NamedTuple, Self

from probekit.collecting.finding import shown
from probekit.collecting.importing import TaskFileError
from probekit.collecting.marking import FIXTURE
from probekit.errors import suggestion

GIVEN = ("compare", "output", "probe", "run")
"""What every task may ask for; see `probekit.task`."""


class Fixture(NamedTuple):
    """A function that a file shares, and the level it stands at (0: the task's own file)."""

    function: Any
    path: Path
    level: int

    @property
    def place(self) -> str:
        """Where it stands, for messages."""
        line = self.function.__code__.co_firstlineno
        return f"{shown(self.path)}:{line}: fixture {self.function.__name__!r}"


class Fixtures:
    """The fixtures that the tasks of one file see; the nearest of one name counts.

    Parameters
    ----------
    modules : sequence of module
        The task file, then each ``probefile.py``, the nearest first.
    """

    def __init__(self, modules: Sequence[ModuleType]) -> None:
        self.levels = [
            {
                name: Fixture(value, Path(str(module.__file__)), level)
                for name, value in vars(module).items()
                if getattr(value, FIXTURE, False)
            }
            for level, module in enumerate(modules)
        ]

    def find(self, name: str, asking: Fixture | None) -> Fixture | None:
        """Return the fixture that a task (None) or a fixture means: the one nearest to the task.

        A fixture that asks for its own name means the one that it replaces, further up.
        """
        above = asking is not None and asking.function.__name__ == name
        levels = self.levels[asking.level + 1 :] if asking and above else self.levels
        return next((table[name] for table in levels if name in table), None)

    def check(self, where: str, function: Any, known: Sequence[str], given: Sequence[str]) -> None:
        """Raise unless everything that a function asks for is there.

        Parameters
        ----------
        where : str
            File, line and name of the task, for messages.
        function : function
        known : sequence of str
            Arguments that the task has values for.
        given : sequence of str
            What only the task itself may ask for.

        Raises
        ------
        TaskFileError
            If something is missing, or fixtures ask for each other.
        """
        self._check(where, function, frozenset(known), given, ())

    def _check(
        self,
        where: str,
        function: Any,
        known: frozenset[str],
        given: Sequence[str],
        above: tuple[Fixture, ...],
    ) -> None:
        for name, has_default in asked_for(function).items():
            if name in known or name in given:
                continue
            fixture = self.find(name, above[-1] if above else None)
            if fixture is None:
                if has_default:
                    continue
                raise TaskFileError(f"{where}: {self._missing(name, known, given)}")
            if fixture in above:
                names = " and ".join(each.function.__name__ for each in above)
                raise TaskFileError(f"{where}: {names} need each other.")
            self._check(fixture.place, fixture.function, known, (), (*above, fixture))

    def _missing(self, name: str, known: frozenset[str], given: Sequence[str]) -> str:
        if name in GIVEN:
            return f"asks for {name!r}, which only tasks have; a fixture has not."
        there = {name for table in self.levels for name in table}
        return f"unknown fixture {name!r}{suggestion(name, sorted({*there, *known, *given}))}"

    def arguments_behind(self, function: Any) -> set[str]:
        """Return the names of all arguments that a task asks for, itself or by fixtures."""
        return {*asked_for(function)}.union(
            *(asked_for(fixture.function) for fixture in self.behind(function))
        )

    def behind(self, function: Any, asking: Fixture | None = None) -> list[Fixture]:
        """Return all fixtures that a function asks for, itself or by others, in a fixed order."""
        found: list[Fixture] = []
        for name in asked_for(function):
            fixture = self.find(name, asking)
            if fixture is not None:
                found += [fixture, *self.behind(fixture.function, fixture)]
        return found


class Values:
    """The values of fixtures, kept for a session; as a context manager it ends them.

    Attributes
    ----------
    problems : list of (Fixture, Exception)
        Fixtures that could not be ended.
    """

    def __init__(self) -> None:
        self._values: dict[tuple[Any, ...], Any] = {}
        self._open: list[tuple[Fixture, Iterator[Any]]] = []
        self.problems: list[tuple[Fixture, Exception]] = []

    def call(
        self,
        fixtures: Fixtures,
        function: Any,
        provided: Mapping[str, Any],
        asking: Fixture | None = None,
    ) -> Any:
        """Call a task or fixture with its arguments: provided, or else values of fixtures."""
        arguments = {}
        for name in asked_for(function):
            if name in provided:
                arguments[name] = provided[name]
            elif fixture := fixtures.find(name, asking):
                arguments[name] = self._value(fixtures, fixture, provided)
        return function(**arguments)

    def _value(self, fixtures: Fixtures, fixture: Fixture, provided: Mapping[str, Any]) -> Any:
        behind = [fixture, *fixtures.behind(fixture.function, fixture)]
        functions = tuple(each.function for each in behind)
        names = {name for function in functions for name in asked_for(function)}
        # Values need not be hashable: their text tells them apart.
        key = (functions, *((name, repr(provided[name])) for name in sorted(names & {*provided})))
        if key not in self._values:
            value = self.call(fixtures, fixture.function, provided, fixture)
            if inspect.isgenerator(value):
                generator, value = value, next(value)
                self._open.append((fixture, generator))
            self._values[key] = value
        return self._values[key]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        while self._open:
            fixture, generator = self._open.pop()
            try:
                next(generator, None)
            except Exception as problem:
                self.problems.append((fixture, problem))


def asked_for(function: Any) -> dict[str, bool]:
    """Return the arguments that a function asks for by name, and whether each has a default."""
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return {
        name: parameter.default is not inspect.Parameter.empty
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind in kinds
    }
