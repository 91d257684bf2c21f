"""Which axis of an activation holds the examples.

Modules give out arrays of all kinds: time before examples, examples in the axis over which a module
was vectorised, or none at all, as with the embedding of a position. So a model is looked at twice
without being run, with the examples that were given and with twice as many: the axis that has
become twice as long is the one.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import shape_text
from probekit._shapes import struct
from probekit.errors import Argument, OptionError
from probekit.extractors._calls import warn_of_missing, warn_user
from probekit.extractors._captured import (
    Captured,
    Part,
    chosen,
    globs_of,
    layers_of,
    owner,
    parts_of,
    root_of,
)

Shapes = dict[str, jax.ShapeDtypeStruct]


@dataclasses.dataclass
class Seen:
    """What a run of a model has shown.

    Attributes
    ----------
    captured : list of Captured
    missing : list of str
        Modules with parameters of which no value was seen.
    parameters : dict
        How many numbers a module holds, by its path.
    """

    captured: list[Captured]
    missing: list[str] = dataclasses.field(default_factory=list)
    parameters: dict[str, int] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Listing:
    """What is known of a model before it is run.

    Attributes
    ----------
    axes : dict
        Of each captured array, by its name and key, the axis of the examples, or why it has none.
    shapes : dict
        Layers that have examples, examples first, in forward order.
    without : dict
        Layers that have none, and why.
    missing : tuple of str
        Modules with parameters of which no value was seen.
    parameters : dict
        How many numbers a module holds, by its path.
    warned : list
        Not empty once `warn` was called.
    """

    axes: Mapping[tuple[str, str], int | str]
    shapes: Shapes
    without: dict[str, str]
    missing: tuple[str, ...]
    parameters: Mapping[str, int]
    warned: list[bool] = dataclasses.field(default_factory=list, compare=False)

    @classmethod
    def of(cls, look: Callable[[Any], Seen], inputs: Any) -> "Listing":
        """List what a model gives out.

        Parameters
        ----------
        look : callable
            ``look(inputs)`` runs the model on shapes and returns shapes.
        inputs : pytree of array or `jax.ShapeDtypeStruct` (example, …)
        """
        given = jax.tree.map(shape_of, inputs)
        seen = look(given)
        parts, examples = parts_of(seen.captured), _examples(given)
        twice = None if examples is None else _with_more(look, given, examples, parts)
        axes = {
            (part.name, part.key): _axis(part, examples, other)
            for part, other in zip(parts, twice or parts, strict=True)
        }
        shapes = dict(layers_of(placed(parts, axes)))
        without = {
            name: axis
            for part in parts
            if isinstance(axis := axes[part.name, part.key], str)
            for name, _ in layers_of([part])
        }
        return cls(axes, shapes, without, tuple(seen.missing), seen.parameters)

    def chosen(self, patterns: Sequence[str]) -> tuple[str, ...]:
        """Return the layers that the globs choose, in forward order.

        Raises
        ------
        OptionError
            If a glob matches nothing, or only what has no axis of examples.
        """
        self._left_out(patterns)
        return tuple(name for name in self._matched(patterns) if name in self.shapes)

    def warn(self, patterns: Sequence[str], remedy: str, *, again: bool = True) -> None:
        """Warn of modules of which nothing was seen, and of what has no axis of examples.

        Parameters
        ----------
        patterns : sequence of str
            Globs of the layers that are asked for; of others nothing is said.
        remedy : str
            What to do about the modules.
        again : bool
            Also if there has been a warning of this listing before.
        """
        if self.warned and not again:
            return
        self.warned.append(True)
        warn_of_missing(self.missing, remedy)
        reasons = [f"{name} {reason}" for name, reason in self._left_out(patterns).items()]
        if reasons:
            more = f"; and {len(reasons) - 5} more" if len(reasons) > 5 else ""
            warn_user(f"left out: {'; '.join(reasons[:5])}{more}.")

    def _matched(self, patterns: Sequence[str]) -> tuple[str, ...]:
        return chosen([*self.shapes, *self.without], patterns)

    def _left_out(self, patterns: Sequence[str]) -> dict[str, str]:
        """Return what the globs match but has no axis of examples, and why."""
        for glob in globs_of(patterns):
            found = self._matched([glob])
            if all(name in self.without for name in found):
                raise OptionError(
                    Argument("layers", glob), f": {found[0]} {self.without[found[0]]}."
                )
        names = self._matched(patterns)
        return {name: self.without[name] for name in names if name in self.without}

    def counts(self, patterns: Sequence[str]) -> dict[str, int | None]:
        """Return for the layers that the globs choose how many numbers their modules hold."""
        root = root_of([*self.shapes, *self.without])
        owners = {
            layer: owner(layer, self.parameters, root=root) for layer in self.chosen(patterns)
        }
        return {
            layer: None if module is None else self.parameters[module]
            for layer, module in owners.items()
        }


def placed(parts: Sequence[Part], axes: Mapping[tuple[str, str], int | str]) -> list[Part]:
    """Return the arrays that have examples, these as first axis after those of copies."""
    found = []
    for part in parts:
        axis = axes[part.name, part.key]
        if isinstance(axis, str):
            continue
        # An axis over which a module was vectorised holds copies of it, or else the examples.
        copies = part.copies - (axis < part.copies)
        found.append(part._replace(array=_moved(part.array, axis, copies), copies=copies))
    return found


def shape_of(array: Any) -> jax.ShapeDtypeStruct:
    """Return shape and dtype of an array, of whatever kind."""
    dtype = array.dtype if hasattr(array, "dtype") else jnp.result_type(array)
    return struct(np.shape(array), dtype)


def _moved(array: Any, axis: int, place: int) -> Any:
    if isinstance(array, jax.ShapeDtypeStruct):
        sizes = list(array.shape)
        sizes.insert(place, sizes.pop(axis))
        return struct(tuple(sizes), array.dtype)
    if axis == place:
        return array
    moved = np.moveaxis if isinstance(array, np.ndarray) else jnp.moveaxis
    return moved(array, axis, place)


def _examples(inputs: Any) -> int | None:
    """Return the number of examples, if all inputs have the same."""
    sizes = {leaf.shape[0] if leaf.shape else None for leaf in jax.tree.leaves(inputs)}
    return sizes.pop() if len(sizes) == 1 else None


def _with_more(
    look: Callable[[Any], Seen], inputs: Any, examples: int, parts: Sequence[Part]
) -> list[Part] | None:
    """Look again at twice the examples; None if that cannot be, or is not alike."""

    def twice(leaf: Any) -> Any:
        return struct((2 * examples, *leaf.shape[1:]), leaf.dtype)

    try:
        again = parts_of(look(jax.tree.map(twice, inputs)).captured)
    # A model may be made for one number of examples, and fail in any way at another.
    except Exception:
        return None
    names, others = ([(part.name, part.key) for part in found] for found in (parts, again))
    ranks, other_ranks = ([len(part.array.shape) for part in found] for found in (parts, again))
    return again if (names, ranks) == (others, other_ranks) else None


def _axis(part: Part, examples: int | None, other: Part) -> int | str:
    """Return the axis of the examples, or why there is none."""
    shape, after = part.array.shape, other.array.shape
    text = shape_text(part.array)
    if other is part or examples is None:  # seen but once: examples come first, by all experience
        first = part.copies if len(shape) > part.copies else None
        if first is None or (examples is not None and shape[first] != examples):
            return f"has no axis of examples: {text}"
        return first
    grown = [axis for axis, size in enumerate(shape) if after[axis] != size]
    if not grown:
        return f"has no axis of examples: {text}"
    if len(grown) > 1:
        return f"has several axes that grow with the examples: {text}"
    if shape[grown[0]] != examples:
        return f"has an axis in which examples are mixed with something else: {text}"
    return grown[0]
