"""Decorators that register a class or function on the spot, for notebooks and small plugins."""

from collections.abc import Callable
from typing import Any, TypeVar, overload

from probekit.errors import PluginError
from probekit.plugins.session import Declaration, remember

T = TypeVar("T", bound=Callable[..., Any])


@overload
def estimator(target: T, /) -> T: ...
@overload
def estimator(*, name: str | None = None, summary: str | None = None) -> Callable[[T], T]: ...
def estimator(target: Any = None, /, *, name: str | None = None, summary: str | None = None) -> Any:
    """Register an estimator class.

    Parameters
    ----------
    target : class
        With options to follow, leave it out: ``@estimator(name="mine")``.
    name : str, optional
        Instead of the class's default `name`.
    summary : str, optional
        Instead of the first line of its docstring.

    Raises
    ------
    PluginError
        If the name is taken by another class. Running a notebook's cell again is no such case.

    Examples
    --------
    >>> @estimator
    ... class Loudness:
    ...     '''Largest activation of a unit.'''
    ...     name = "loudness"
    >>> from probekit.plugins import get_manager
    >>> get_manager().registry.entry("estimator", "loudness").summary
    'Largest activation of a unit.'
    """
    return _decorator("estimator", target, name, summary)


@overload
def task(target: T, /) -> T: ...
@overload
def task(*, name: str | None = None, summary: str | None = None) -> Callable[[T], T]: ...
def task(target: Any = None, /, *, name: str | None = None, summary: str | None = None) -> Any:
    """Register a task class.

    Parameters
    ----------
    target : class
        With the attributes of `probekit.tasks.Task`; built without arguments when it is run. With
        options to follow, leave it out: ``@task(name="mine")``.
    name : str, optional
        Instead of the class's attribute `name`.
    summary : str, optional
        One line for lists, instead of the class's attribute `summary`, or else of the first line of
        its docstring.

    Raises
    ------
    PluginError
        As of `estimator`.
    """
    return _decorator("task", target, name, summary)


@overload
def extractor(target: T, /) -> T: ...
@overload
def extractor(*, name: str | None = None, summary: str | None = None) -> Callable[[T], T]: ...
def extractor(target: Any = None, /, *, name: str | None = None, summary: str | None = None) -> Any:
    """Register a function that makes an extractor.

    Parameters
    ----------
    target : callable
        From a model, and what else it needs, to a `probekit.extractors.Extractor`. It is listed by
        ``probekit list extractors``; users call the function itself, or
        ``get_manager().registry.load("extractor", "mine")``. With options to follow, leave it out:
        ``@extractor(name="mine")``.
    name : str, optional
        Instead of the function's own.
    summary : str, optional
        Instead of the first line of its docstring.

    Raises
    ------
    PluginError
        As of `estimator`.
    """
    return _decorator("extractor", target, name, summary)


def _decorator(kind: str, target: Any, name: str | None, summary: str | None) -> Any:
    def register(target: T) -> T:
        own = target.__name__ if kind == "extractor" else getattr(target, "name", None)
        chosen = name or own
        if not isinstance(chosen, str):
            raise PluginError(
                f"{kind} {target.__qualname__}: has no default name; give it an attribute 'name', "
                f"or write @{kind}(name='…')."
            )
        remember(Declaration(kind, chosen, target, summary or _summary(target)))
        return target

    return register if target is None else register(target)


def _summary(target: Any) -> str:
    """Return the first line of the docstring; a dataclass without one has a made-up signature."""
    declared = getattr(target, "summary", None)
    text = declared if isinstance(declared, str) else target.__doc__ or ""
    first = text.strip().partition("\n")[0]
    return "" if first.startswith(f"{target.__name__}(") else first
