"""From captured values to layers: names, several calls, several arrays, stacked copies.

Every framework's extractor names its layers in one way:

- ``encoder/block_0/attention``: what a module gave out; the model itself is ``output``, or
  ``__call__`` where a part of it bears that name;
- ``Dense_1:in``: what a module was given, its first argument, so that values that no module gave
  out can be read, such as those of an activation function;
- ``shared@1``: the second call of a module, ``shared`` being the first;
- ``block[0]``, ``block[1]``: copies of a module that scanning or vectorising has stacked;
- ``encoder.last_hidden``, ``decoder.0``: one of several arrays in a dict or a tuple.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import jax

from probekit._shapes import struct
from probekit.extractors._paths import match

INPUT = ":in"
ROOT, ROOT_BESIDE_ITS_NAMESAKE = "output", "__call__"
# What may follow the path of a module in the name of a layer.
_SUFFIX = re.compile(r"(@\d+)?(\[\d+\])*(:in)?(\..*)?")


class Captured(NamedTuple):
    """A value seen in a call of a module, or several copies of it stacked along leading axes.

    Attributes
    ----------
    name : str
        Path of the module, and ``:in`` for what it was given.
    value : pytree of array
    copies : int
        How many leading axes hold copies.
    """

    name: str
    value: Any
    copies: int = 0


class Part(NamedTuple):
    """One array of a captured value.

    Attributes
    ----------
    name : str
        Of the captured value.
    key : str
        Which of several arrays it is, such as ``.last_hidden``.
    array : array
    copies : int
        How many leading axes hold copies.
    """

    name: str
    key: str
    array: Any
    copies: int


def root_among(paths: Iterable[str]) -> str:
    """Return what the model itself is called, given the paths of its modules.

    Examples
    --------
    >>> root_among(["hidden", "decoder/output"]), root_among(["hidden", "output"])
    ('output', '__call__')
    """
    return ROOT_BESIDE_ITS_NAMESAKE if ROOT in paths else ROOT


def root_of(layers: Iterable[str]) -> str:
    """Return what the model itself is called among these layers."""
    own = re.compile(re.escape(ROOT_BESIDE_ITS_NAMESAKE) + _SUFFIX.pattern)
    return ROOT_BESIDE_ITS_NAMESAKE if any(map(own.fullmatch, layers)) else ROOT


def called(path: str, call: int, *, given: bool = False, root: str = ROOT) -> str:
    """Return the name of what a module gave out, or was given, in its call of this number.

    The path of the model itself is ``""``; its name is `root`.
    """
    number = f"@{call}" if call else ""
    return f"{path or root}{number}{INPUT if given else ''}"


def parts_of(values: Iterable[Captured]) -> list[Part]:
    """Return the arrays in captured values, one by one."""
    return [
        Part(captured.name, "".join(f".{key_text(key)}" for key in path), leaf, captured.copies)
        for captured in values
        for path, leaf in jax.tree_util.tree_flatten_with_path(captured.value)[0]
    ]


def layers_of(parts: Sequence[Part]) -> Iterator[tuple[str, Any]]:
    """Yield name and array of each layer, in forward order.

    Of what was stacked, the first copy of all comes before the second one of all: so a scan is
    gone through as it was run. What belongs to a stack are the values from within the module that
    comes last of them.
    """
    start = 0
    while start < len(parts):
        stop = start + 1
        if parts[start].copies:
            stop = _end_of_stack(parts, start)
            for place in range(parts[start].array.shape[0]):
                yield from layers_of([_copy(part, place) for part in parts[start:stop]])
        else:
            yield f"{parts[start].name}{parts[start].key}", parts[start].array
        start = stop


def _end_of_stack(parts: Sequence[Part], start: int) -> int:
    """Return where the stack ends that begins here: after the last value of an enclosing module."""
    length, end = parts[start].array.shape[0], start + 1
    members: set[str] = set()
    for place in range(start, len(parts)):
        part = parts[place]
        if not part.copies or part.array.shape[0] != length:
            break
        members.add(_module_of(part.name))
        if all(_within(member, _module_of(part.name)) for member in members):
            end = place + 1
    return end


def _module_of(name: str) -> str:
    path = re.sub(r"(@\d+)?(\[\d+\])*(:in)?$", "", name)
    return "" if path in (ROOT, ROOT_BESIDE_ITS_NAMESAKE) else path


def _within(path: str, module: str) -> bool:
    return not module or path == module or path.startswith(f"{module}/")


def _copy(part: Part, place: int) -> Part:
    given = INPUT if part.name.endswith(INPUT) else ""
    name = f"{part.name.removesuffix(INPUT)}[{place}]{given}"
    return Part(name, part.key, _row(part.array, place), part.copies - 1)


def _row(array: Any, place: int) -> Any:
    if isinstance(array, jax.ShapeDtypeStruct):
        return struct(array.shape[1:], array.dtype)
    return array[place]


def key_text(key: Any) -> str:
    """Return a step of a path in a pytree as names of layers show it."""
    for attribute in ("key", "idx", "name"):
        if hasattr(key, attribute):
            return str(getattr(key, attribute))
    return str(key)


def owner(layer: str, paths: Iterable[str], *, root: str = ROOT) -> str | None:
    """Return which of these modules gave a layer out, if one did; the model itself is ``""``.

    Examples
    --------
    >>> owner("block/inner@1[0].last", ["block", "block/inner"])
    'block/inner'
    >>> owner("block:in", ["block"]) is None
    True
    """
    fitting = []
    for path in paths:
        name = path or root
        rest = _SUFFIX.fullmatch(layer[len(name) :]) if layer.startswith(name) else None
        if rest is not None and rest[3] is None:
            fitting.append(path)
    return max(fitting, key=len) if fitting else None


def chosen(names: Sequence[str], patterns: Sequence[str]) -> tuple[str, ...]:
    """Return the layers that the globs choose, in forward order.

    What modules were given is listed only for globs that end in ``:in``: it is the output of other
    modules in most cases.
    """
    inputs = [name for name in names if name.endswith(INPUT) or f"{INPUT}." in name]
    outputs = [name for name in names if name not in set(inputs)]
    found: set[str] = set()
    for glob in globs_of(patterns) or match(names, ()):
        found.update(match(inputs if INPUT in glob else outputs, glob))
    return tuple(name for name in names if name in found)


def globs_of(patterns: Sequence[str]) -> tuple[str, ...]:
    """Return the globs one by one: several may be in one string, separated by commas."""
    return tuple(glob.strip() for pattern in patterns for glob in pattern.split(","))
