"""Functions that are made anew at each use, though they are the same: a loop must not recompile.

JAX compiles for a function as an object: ``pool=lambda x: x.max(axis=1)``, written in a training
loop, would be another function, and compiled anew, at every step.
"""

import functools
import threading
import types
from collections.abc import Iterator
from typing import Any
from weakref import WeakSet

_known: WeakSet[Any] = WeakSet()
_looking = threading.Lock()


def first_alike(fn: Any) -> Any:
    """Return the first function that is still there and does the same; anything else as it is.

    Two of one ``lambda`` or ``def`` do the same if they were given the same defaults and take the
    same objects from outside; two of `functools.partial` if they give the same to the same.

    Examples
    --------
    >>> first, again, other = [lambda x, axis=axis: x.max(axis) for axis in (1, 1, 2)]
    >>> kept = first_alike(first)
    >>> first_alike(again) is kept, first_alike(other) is kept
    (True, False)
    """
    if not isinstance(fn, types.FunctionType | functools.partial):
        return fn
    with _looking:
        found = next((known for known in _known if _alike(known, fn)), fn)
        _known.add(found)
    return found


def _alike(a: Any, b: Any) -> bool:
    if a is b:
        return True
    if type(a) is not type(b):
        return False
    if isinstance(a, types.FunctionType):
        return _same_source(a, b) and _same(_held(a), _held(b))
    if isinstance(a, functools.partial):
        return _alike(a.func, b.func) and _same(_given(a), _given(b))
    return False


def _same_source(a: types.FunctionType, b: types.FunctionType) -> bool:
    return a.__code__ == b.__code__ and a.__globals__ is b.__globals__


def _held(fn: types.FunctionType) -> list[Any]:
    """Return what a function holds beside its code: its defaults, and what it closes over."""
    return [*(fn.__defaults__ or ()), *_items(fn.__kwdefaults__ or {}), *_enclosed(fn)]


def _enclosed(fn: types.FunctionType) -> Iterator[Any]:
    for cell in fn.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # not bound yet: the same as nothing else
            yield cell


def _given(fn: "functools.partial[Any]") -> list[Any]:
    return [*fn.args, *_items(fn.keywords)]


def _items(values: dict[str, Any]) -> Iterator[Any]:
    for name, value in values.items():
        yield from (name, value)


def _same(a: list[Any], b: list[Any]) -> bool:
    """Whether these are the same objects, or equal numbers or texts of one type."""
    return len(a) == len(b) and all(map(_same_value, a, b))


def _same_value(a: Any, b: Any) -> bool:
    plain = type(a) is type(b) and isinstance(a, int | float | str | bytes | None)
    return a is b or (plain and a == b) or _alike(a, b)
