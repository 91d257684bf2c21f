"""From captured values to layers: names, several calls, several arrays, stacked copies.

Every framework's extractor names its layers in one way:

- ``encoder/block_0/attention``: what a module gave out; the model itself is ``output``;
- ``Dense_1:in``: what a module was given, its first argument, so that values that no module gave
  out can be read, such as those of an activation function;
- ``shared@1``: the second call of a module, ``shared`` being the first;
- ``block[0]``, ``block[1]``: copies of a module that scanning or vectorising has stacked;
- ``encoder.last_hidden``, ``decoder.0``: one of several arrays in a dict or a tuple.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import jax

from probekit.extractors._paths import match

INPUT = ":in"
ROOT = "output"


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


def called(path: str, call: int, *, given: bool = False) -> str:
    """Return the name of what a module gave out, or was given, in its call of this number."""
    number = f"@{call}" if call else ""
    return f"{path or ROOT}{number}{INPUT if given else ''}"


def layers_of(captured: Captured) -> Iterator[tuple[str, Any]]:
    """Yield name and array of each layer in a captured value."""
    leaves = jax.tree_util.tree_flatten_with_path(captured.value)[0]
    for path, leaf in leaves:
        part = "".join(f".{_key(key)}" for key in path)
        yield from _unstacked(captured.name, part, leaf, captured.copies)


def _unstacked(name: str, part: str, array: Any, copies: int) -> Iterator[tuple[str, Any]]:
    if copies == 0:
        yield f"{name}{part}", array
        return
    for place in range(array.shape[0]):
        copy = f"{name.removesuffix(INPUT)}[{place}]{INPUT if name.endswith(INPUT) else ''}"
        yield from _unstacked(copy, part, array[place], copies - 1)


def _key(key: Any) -> str:
    for attribute in ("key", "idx", "name"):
        if hasattr(key, attribute):
            return str(getattr(key, attribute))
    return str(key)


def is_arrays(value: Any) -> bool:
    """Whether a value is an array, or a pytree of arrays alone."""
    leaves = jax.tree.leaves(value)
    return bool(leaves) and all(
        hasattr(leaf, "shape") and hasattr(leaf, "dtype") for leaf in leaves
    )


def chosen(names: Sequence[str], patterns: Sequence[str]) -> tuple[str, ...]:
    """Return the layers that the globs choose, in forward order.

    What modules were given is listed only for globs that end in ``:in``: it is the output of other
    modules in most cases.
    """
    inputs = [name for name in names if name.endswith(INPUT) or f"{INPUT}." in name]
    outputs = [name for name in names if name not in set(inputs)]
    found: set[str] = set()
    for pattern in patterns:
        found.update(match(inputs if INPUT in pattern else outputs, pattern))
    return tuple(name for name in names if name in found)
