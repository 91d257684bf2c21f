"""What a task file is written with: `task`, `parametrize`, `fixture`. They mark; nothing runs."""

import dataclasses
import inspect
import numbers
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar, overload

from probekit.errors import OptionError

T = TypeVar("T")

TASK = "__probekit_task__"
FIXTURE = "__probekit_fixture__"
PARAMETERS = "__probekit_parameters__"


@dataclasses.dataclass(frozen=True)
class Parameter:
    """An argument of a task that is swept: the history gets a dim of this name.

    Attributes
    ----------
    name : str
    values : tuple
        What the task is given, one after the other.
    """

    name: str
    values: tuple[Any, ...]

    @property
    def labels(self) -> tuple[Any, ...]:
        """Labels along the dim: the values themselves if all are numbers or all are text.

        Examples
        --------
        >>> Parameter("hidden", ((16,), (16, 8))).labels
        ('16', '16,8')
        """
        kinds = {_kind(value) for value in self.values}
        if len(kinds) == 1 and None not in kinds:
            return self.values
        return tuple(map(_text, self.values))


@dataclasses.dataclass(frozen=True)
class Variant:
    """A task with other defaults, as `task` makes it from a name or a class.

    Attributes
    ----------
    base : str or class
    defaults : mapping
    parameters : tuple of Parameter
    line : int
        Where it stands in its file.
    """

    base: Any
    defaults: Mapping[str, Any]
    parameters: tuple[Parameter, ...] = ()
    line: int = 0


@overload
def task(what: str, /, **defaults: Any) -> Variant: ...
@overload
def task(what: T, /) -> T: ...
@overload
def task(what: type, /, **defaults: Any) -> Variant: ...
def task(what: Any, /, **defaults: Any) -> Any:
    """Make something a task of the file it stands in, which ``probekit run FILE`` runs.

    Parameters
    ----------
    what : function, class or str
        A function that returns a Dataset (what `probekit.probe`, `probekit.run` or `xarray` make),
        or the path of a history. Its arguments are filled in by name: those with a default are
        options of the task, others are swept by `parametrize`, are fixtures, or one of

        - ``run``, ``probe``, ``compare``: those of probekit, heeding what the command line says of
          estimators, layers, resuming;
        - ``output``: where a `probekit.Recorder` may write its history.

        Or a class that follows `probekit.tasks.Task`; or such a class, or the name of a registered
        task, together with `defaults`.
    **defaults
        Settings of the task that differ from its own defaults.

    Returns
    -------
    function, class or Variant
        The function or class as it was; a `Variant` of a task that is named.

    Examples
    --------
    >>> import probekit as pk
    >>> small = pk.task("reference-complexity", hidden=(16, 16), epochs=20)
    >>> @pk.task
    ... def shallow(run, width: int = 64):
    ...     '''One hidden layer.'''
    ...     return run("reference-complexity", hidden=(width,))
    """
    if isinstance(what, str) or (isinstance(what, type) and defaults):
        return Variant(what, defaults, line=sys._getframe(1).f_lineno)
    if not inspect.isfunction(what) and not isinstance(what, type):
        raise OptionError(f"task: {what!r}; give a function, a class or the name of a task.")
    if defaults:
        raise OptionError(
            f"task: {', '.join(defaults)} given with the function {what.__name__!r}; "
            "its own arguments have defaults."
        )
    setattr(what, TASK, what.__qualname__)
    return what


def parametrize(name: str, values: Iterable[Any]) -> Callable[[T], T]:
    """Run a task once for each value; the history gets the dim `name`.

    Several of them make all combinations; the uppermost is the first dim.

    Parameters
    ----------
    name : str
        An argument of the function, or a setting of the task.
    values : iterable
        Numbers and text label the dim as they are; other things as text.

    Raises
    ------
    OptionError
        If there is no value, or two have the same label.

    Examples
    --------
    >>> import probekit as pk
    >>> @pk.parametrize("width", [16, 64, 256])
    ... @pk.task
    ... def shallow(run, width):
    ...     return run("reference-complexity", hidden=(width,))
    """
    parameter = Parameter(name, tuple(values))
    if not isinstance(name, str) or not name.isidentifier():
        raise OptionError(
            f"parametrize: name={name!r}; give the name of one argument. "
            "Several decorators make all combinations."
        )
    if not parameter.values:
        raise OptionError(f"parametrize({name!r}): no values; give at least one.")
    repeated = [label for label in parameter.labels if parameter.labels.count(label) > 1]
    if repeated:
        raise OptionError(f"parametrize({name!r}): {repeated[0]!r} occurs twice; leave one out.")

    def decorate(target: T) -> T:
        before = parameters_of(target)
        if name in (other.name for other in before):
            raise OptionError(f"parametrize({name!r}): is parametrized already.")
        if isinstance(target, Variant):
            return dataclasses.replace(target, parameters=(parameter, *before))
        setattr(target, PARAMETERS, (parameter, *before))
        return target

    return decorate


def fixture(function: T) -> T:
    """Make a function's value available to tasks, under its name.

    Fixtures stand in a task file, or in a ``probefile.py`` beside it or in a folder above; the
    nearest one counts. A fixture may ask for others, and for arguments that a task is parametrized
    by. It is computed once a session (for each value of those), when first asked for. What a
    generator does after its ``yield`` is done at the end.

    Parameters
    ----------
    function : callable
        Its arguments are the names of other fixtures, or of parameters. It returns the value, or
        yields it, once.

    Returns
    -------
    callable
        The function itself, marked.

    Raises
    ------
    OptionError
        If it is no function.

    Examples
    --------
    >>> import numpy as np
    >>> import probekit as pk
    >>> @pk.fixture
    ... def inputs():
    ...     return np.eye(4)
    """
    if not inspect.isfunction(function):
        raise OptionError(f"fixture: {function!r}; give a function.")
    setattr(function, FIXTURE, True)
    return function


def parameters_of(target: Any) -> tuple[Parameter, ...]:
    """Return what a task is parametrized by."""
    if isinstance(target, Variant):
        return target.parameters
    found: tuple[Parameter, ...] = getattr(target, PARAMETERS, ())
    return found


def _kind(value: Any) -> type | None:
    """Return what kind of label a value can be: a boolean, a number, a text."""
    kinds: tuple[type, ...] = (bool, numbers.Real, str)
    return next((kind for kind in kinds if isinstance(value, kind)), None)


def _text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ",".join(map(_text, value))
    return str(getattr(value, "__name__", value))
