"""What users and authors of plugins call or write says what it takes: shapes, dtypes, units."""

import importlib
import inspect
from collections.abc import Iterator
from typing import Any

import pytest

PACKAGES = (
    "probekit",
    *("probekit.collecting", "probekit.errors", "probekit.estimators", "probekit.extractors"),
    *("probekit.history", "probekit.inference", "probekit.measures", "probekit.naming"),
    *("probekit.plugins", "probekit.plugins.hookspecs", "probekit.probing", "probekit.recording"),
    *("probekit.running", "probekit.statistics", "probekit.status", "probekit.tasks"),
    *("probekit.testing", "probekit.variables"),
)

EXEMPT = {"probekit.statistics.ShapeDtype"}
"""A class of JAX, under another name."""


def public(package: str) -> dict[str, Any]:
    """Return the public names of a package; those that it defines, if it has no list of them."""
    module = importlib.import_module(package)
    own = [
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", "") == package
    ]
    names = getattr(module, "__all__", own)
    return {n: getattr(module, n) for n in names if f"{package}.{n}" not in EXEMPT}


def tells(thing: Any) -> bool:
    return "Parameters\n" in (thing.__doc__ or "")


def takes_arguments(function: Any) -> bool:
    return bool({*inspect.signature(function).parameters} - {"self", "cls"})


def methods_of(kind: type) -> Iterator[tuple[str, Any]]:
    for name, value in vars(kind).items():
        function = getattr(value, "__func__", value)  # of a class method
        if inspect.isfunction(function) and not name.startswith("_") and takes_arguments(function):
            yield name, function


def silent(package: str) -> Iterator[str]:
    """Yield what takes arguments and says nothing of them.

    A method may leave it to the class that it inherits from, or to a protocol beside it that its
    own class fulfils without saying so.
    """
    names = public(package)
    protocols = [value for value in names.values() if getattr(value, "_is_protocol", False)]
    for name, value in names.items():
        if inspect.isfunction(value):
            if takes_arguments(value) and not tells(value):
                yield f"{package}.{name}"
        elif inspect.isclass(value):
            for method, _ in methods_of(value):
                contracts = [getattr(each, method, None) for each in (*value.__mro__, *protocols)]
                if not any(map(tells, contracts)):
                    yield f"{package}.{name}.{method}"


@pytest.mark.parametrize("package", PACKAGES)
def test_what_takes_arguments_tells_of_them(package):
    assert not [*silent(package)], "add a section Parameters: shapes with named axes, dtypes, laws"


def test_a_silent_function_and_a_silent_method_are_found(monkeypatch):
    class Kind:
        def method(self, x): ...

    package = importlib.import_module("probekit.naming")
    monkeypatch.setattr(package, "silent", lambda x: x, raising=False)
    monkeypatch.setattr(package, "Kind", Kind, raising=False)
    monkeypatch.setattr(package, "__all__", ["silent", "Kind", "is_folder"], raising=False)
    assert [*silent("probekit.naming")] == ["probekit.naming.silent", "probekit.naming.Kind.method"]
