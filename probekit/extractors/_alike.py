"""Functions that are made anew at each use, though they are the same: a loop must not recompile.

JAX compiles for a function as an object: ``pool=lambda x: x.max(axis=1)``, written in a training
loop, would be another function, and compiled anew, at every step. One that was compiled before may
stand for it only if nothing that it takes from outside can have changed since; where that is not
certain, as of globals and of objects with attributes, it is another function.
"""

import functools
import threading
import types
from collections.abc import Hashable, Iterator
from typing import Any
from weakref import WeakValueDictionary

import jax

from probekit._identity import Same
from probekit.extractors._taken import global_values

_known: WeakValueDictionary[Hashable, Any] = WeakValueDictionary()
_looking = threading.Lock()


def first_alike(fn: Any) -> Any:
    """Return the first function that is still there and does the same; anything else as it is.

    Two of one ``lambda`` or ``def`` do the same if they hold the same numbers, texts and JAX arrays
    and use no globals but modules; two of `functools.partial` if they give the same to the same.

    Examples
    --------
    >>> first, again, other = [lambda x, axis=axis: x.max(axis) for axis in (1, 1, 2)]
    >>> kept = first_alike(first)
    >>> first_alike(again) is kept, first_alike(other) is kept
    (True, False)
    """
    if not isinstance(fn, types.FunctionType | functools.partial):
        return fn
    try:
        key = _key(fn)
    except _MayChangeError:
        return fn
    with _looking:
        return _known.setdefault(key, fn)


class _MayChangeError(Exception):
    """Something that a function takes from outside may do something else the next time."""


def _key(fn: Any) -> Hashable:
    """Return what a function does, as far as it can be said once and for all."""
    if isinstance(fn, functools.partial):
        return (_key(fn.func), _key_of_value(fn.args), *map(_key_of_value, _items(fn.keywords)))
    if not isinstance(fn, types.FunctionType) or _is_of_jax(fn):
        return _key_of_value(fn)
    if not all(map(_is_module, global_values(fn))):
        raise _MayChangeError
    held = (*(fn.__defaults__ or ()), *_items(fn.__kwdefaults__ or {}), *_enclosed(fn))
    return (fn.__code__, Same(fn.__globals__), *map(_key_of_value, held))


def _key_of_value(value: Any) -> Hashable:
    if isinstance(value, int | float | str | bytes | None):
        return (type(value), repr(value))  # which tells 0.0 from -0.0
    if isinstance(value, tuple):
        return (type(value), *map(_key_of_value, value))
    is_value = isinstance(value, jax.Array) and not isinstance(value, jax.core.Tracer)
    is_function = isinstance(value, jax.stages.Wrapped) or _is_of_jax(value)
    if is_value or is_function or _is_module(value):
        return Same(value)
    raise _MayChangeError


def _enclosed(fn: types.FunctionType) -> Iterator[Any]:
    for cell in fn.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError as error:  # not bound yet
            raise _MayChangeError from error


def _items(values: dict[str, Any]) -> Iterator[Any]:
    for name in sorted(values):
        yield from (name, values[name])


def _is_module(value: Any) -> bool:
    return isinstance(value, types.ModuleType)


def _is_of_jax(value: Any) -> bool:
    """Whether this is a function that JAX itself has defined."""
    module = getattr(value, "__module__", None)
    return isinstance(value, types.FunctionType) and str(module).split(".")[0] == "jax"
