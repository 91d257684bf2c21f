"""What a function takes from outside its arguments: a compiled one would never see it change.

JAX compiles a function once and keeps what it found in its globals, its closure or its object. So
that a function whose ``parameters`` are bound anew gives new activations, what it takes belongs to
what it is compiled for.
"""

import types
from collections.abc import Iterator
from typing import Any

import jax

from probekit.extractors._calls import is_array


class Taken:
    """Values that a function takes from outside; equal to others if they are the same objects.

    They are held, so that no other object can have the identity of one that is gone.
    """

    def __init__(self, values: tuple[Any, ...]) -> None:
        self._values = values
        self._key = tuple(map(id, values))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Taken) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)


def taken(fn: Any) -> Taken:
    """Return what a function takes from its closure, its globals and its object.

    Functions of the same module that it calls are looked into too; what an array holds is not, so
    that one which is changed in place is seen as the same.

    Examples
    --------
    >>> def scaled(x):
    ...     return {"layer": x * scale["of all"]}
    >>> globals().update(scale={"of all": 2.0})
    >>> before = taken(scaled)
    >>> before == taken(scaled)
    True
    >>> scale["of all"] = 3.0
    >>> before == taken(scaled)
    False
    """
    return Taken(tuple(_values(fn, set())))


def _values(value: Any, seen: set[int]) -> Iterator[Any]:
    if isinstance(value, types.MethodType):
        yield from _values(value.__func__, seen)
        yield from _parts(value.__self__)
    elif isinstance(value, types.FunctionType):
        if id(value) in seen:
            return
        seen.add(id(value))
        yield value
        for one in _outside(value):
            if not isinstance(one, types.FunctionType) or one.__globals__ is value.__globals__:
                yield from _values(one, seen)
    elif not isinstance(value, types.ModuleType | type):
        yield from _parts(value)


def _parts(value: Any) -> Iterator[Any]:
    """Yield a value and the parameters in it: of a pytree its leaves, of an object its attributes.

    Other things in it, as a list of what has been called, may change while a function is traced.
    """
    yield value
    for leaf in _leaves(value):
        if hasattr(leaf, "__dict__") and not is_array(leaf):
            yield from filter(_is_parameter, _leaves(vars(leaf)))
        elif _is_parameter(leaf):
            yield leaf


def _is_parameter(leaf: Any) -> bool:
    return is_array(leaf) or isinstance(leaf, float)


def _leaves(value: Any) -> list[Any]:
    try:
        return jax.tree_util.tree_leaves(value)
    except (TypeError, ValueError):  # a dict whose keys have no order, say
        return [value]


def _outside(function: types.FunctionType) -> Iterator[Any]:
    """Yield what stands for the names of a function that are not its own."""
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # not bound yet
            continue
    yield from global_values(function)


def global_values(function: types.FunctionType) -> Iterator[Any]:
    """Yield what a function, and those defined within, may take from the globals of its module."""
    for name in _names(function.__code__):
        if name in function.__globals__:
            yield function.__globals__[name]


def _names(code: types.CodeType) -> Iterator[str]:
    """Yield the global names, and attributes, of a function and of those defined within."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names(constant)
