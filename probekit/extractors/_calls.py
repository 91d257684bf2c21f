"""Calling a model, and what its modules are given and give out: the same for every framework."""

import dataclasses
import functools
import inspect
import os
import re
import sys
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jax

from probekit.errors import OptionError, ProbekitWarning, suggestion


def as_arguments(inputs: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return positional and keyword arguments: a tuple is several, a dict gives them by keyword.

    Examples
    --------
    >>> as_arguments({"x": 1, "mask": 2})
    ((), {'x': 1, 'mask': 2})
    """
    if isinstance(inputs, tuple):
        return inputs, {}
    if isinstance(inputs, dict):
        return (), inputs
    return (inputs,), {}


def check_arguments(
    model: Any, method: Any, inputs: Any, options: Mapping[str, Any] | None = None
) -> None:
    """Raise `OptionError` unless a model can be called with these inputs and keywords.

    An error from within the model is its own; one of the call would be told in words of Python.

    Parameters
    ----------
    model : callable
    method : str, callable or None
        What is called: a method, by its name, or a function of the model; None is the model.
    inputs : pytree
        What `as_arguments` makes arguments of.
    options : mapping, optional
        The other keyword arguments.
    """
    options = {} if options is None else options
    _check_method(model, method)
    try:
        parameters = inspect.signature(bound(model, method)).parameters
    except (TypeError, ValueError):  # not written in Python
        return
    open_ended = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
    for name in () if open_ended else options:
        if name not in parameters:
            raise OptionError(f"{name}=: no argument of the model{suggestion(name, parameters)}")
    given, keywords = as_arguments(inputs)
    try:
        inspect.Signature(list(parameters.values())).bind(*given, **{**keywords, **options})
    except TypeError as error:
        raise OptionError(
            f"inputs: {error}; the model takes {', '.join(parameters) or 'none'}. "
            f"{_ways_to_give(inputs, str(error))}"
        ) from error


def _check_method(model: Any, method: Any) -> None:
    """Raise `OptionError` unless this is a method of the model, or a function."""
    kind = type(model)
    if isinstance(method, str) and not callable(getattr(model, method, None)):
        own = {name for parent in kind.__mro__ if not _is_foreign(parent) for name in vars(parent)}
        known = [name for name in own if not name.startswith("_") and callable(getattr(kind, name))]
        raise OptionError(
            f"method={method!r}: no method of {kind.__name__}{suggestion(method, sorted(known))}"
        )
    if not (method is None or isinstance(method, str) or callable(method)):
        raise OptionError(
            f"method={method!r}: give the name of a method, or a function of the model."
        )


def _is_foreign(parent: type) -> bool:
    """Whether a class comes with a framework: its methods do not call the model."""
    return parent.__module__.split(".")[0] in ("builtins", "flax", "equinox", "abc", "typing")


def _ways_to_give(inputs: Any, problem: str) -> str:
    """Say what these inputs are taken for, and how to give what else is meant."""
    lacking = re.search(r"missing .*'(\w+)'", problem)
    kind = "dict" if isinstance(inputs, dict) else "tuple"
    if isinstance(inputs, dict | tuple):
        way = "inputs by keyword" if kind == "dict" else "several inputs"
        return (
            f"A {kind} gives {way}; to a model that takes a {kind} give a tuple of one: (inputs,)."
        )
    ways = "Give several inputs in a tuple, or by keyword in a dict"
    if lacking is None:
        return f"{ways}."
    return f"{ways}; or give the extractor {lacking[1]}=…, if it is the same for all examples."


def bound(model: Any, method: Any) -> Any:
    """Return what takes the arguments of a call: a method, a function of the model, or itself."""
    if method is None:
        return model.__call__
    return getattr(model, method) if isinstance(method, str) else functools.partial(method, model)


def is_array(value: Any) -> bool:
    """Whether a value has a shape and a dtype."""
    return hasattr(value, "shape") and hasattr(value, "dtype")


def only_arrays(value: Any) -> Any:
    """Return the value without those leaves that are no arrays, such as names and flags.

    Of a dataclass that is no pytree, which models give out too, the fields are looked into.
    """
    return jax.tree.map(_opened, value)


def _opened(leaf: Any) -> Any:
    if is_array(leaf):
        return leaf
    fields = {name: only_arrays(getattr(leaf, name)) for name in field_names(leaf)}
    return fields or None


def field_names(value: Any) -> tuple[str, ...]:
    """Return the fields of a dataclass that holds values; none of anything else, as of a module.

    Examples
    --------
    >>> @dataclasses.dataclass
    ... class Output:
    ...     logits: float
    >>> field_names(Output(1.0)), field_names(Output)
    (('logits',), ())
    """
    if not dataclasses.is_dataclass(value) or isinstance(value, type) or _is_module(value):
        return ()
    return tuple(field.name for field in dataclasses.fields(value) if hasattr(value, field.name))


def _is_module(value: Any) -> bool:
    return any(parent.__module__.startswith("flax.linen") for parent in type(value).__mro__)


def first_argument(arguments: Sequence[Any], keywords: Mapping[str, Any]) -> Any:
    """Return the first argument of a call that has arrays, however it is given; None if none has.

    Examples
    --------
    >>> import numpy as np
    >>> first_argument((None,), {"x": np.ones(2), "mask": np.ones(1)}).shape
    (2,)
    """
    values = map(only_arrays, [*arguments, *keywords.values()])
    return next((value for value in values if jax.tree.leaves(value)), None)


def warn_user(message: str) -> None:
    """Warn at the line outside of probekit from which it has been called."""
    package, level, frame = f"{Path(__file__).parents[1]}{os.sep}", 1, sys._getframe()
    while frame.f_back is not None and frame.f_code.co_filename.startswith(package):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, ProbekitWarning, stacklevel=level)


def warn_of_missing(missing: Sequence[str], remedy: str) -> None:
    """Warn of modules that have parameters but of which no value was seen."""
    if missing:
        shown = ", ".join(missing[:5]) + (", …" if len(missing) > 5 else "")
        warn_user(f"no layer for {shown}: it has parameters but no value was captured. {remedy}")
