"""Decorators that register a class or function at once, for notebooks and single files."""

from typing import Any, TypeVar, cast

from probekit.plugins.manager import get_manager
from probekit.plugins.registry import Kind

Thing = TypeVar("Thing")


def estimator(thing: Thing) -> Thing:
    """Register an estimator class under the default of its option `name`."""
    return _registered("estimator", thing)


def extractor(thing: Thing) -> Thing:
    """Register a function that returns an extractor, under its own name."""
    return _registered("extractor", thing)


def task(thing: Thing) -> Thing:
    """Register a task under its `name`."""
    return _registered("task", thing)


def _registered(kind: Kind, thing: Thing) -> Thing:
    module = cast(Any, thing).__module__
    name = getattr(thing, "name", None)
    if not isinstance(name, str):
        name = cast(Any, thing).__name__
    summary = (getattr(thing, "__doc__", "") or "").strip().split("\n")[0]
    get_manager().registry.of_plugin(module).add(kind, name, thing, summary)
    return thing
