"""Noting what the modules of a linen model are given and give out.

An interceptor of method calls sows values into the model's own collection for captured values, and
does not put them into a list of its own, because what is sown survives `flax.linen.scan` and its
kin. On the side it notes names, ranks and order alone. A function that `flax.linen.jit` has traced
before would not be run again, and nothing be noted; so the collections that may be changed, which
are part of what such a function is remembered by, are given a mark that is new at every call.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any, NamedTuple

import flax.linen as nn
import jax
from flax.core import meta
from flax.core.tracers import current_trace

from probekit.extractors._calls import first_argument, only_arrays
from probekit.extractors._captured import Captured, called
from probekit.extractors._stacks import Axis, copies_first, marks_of, stacked_alike

# The collection in which users who scan their layers have asked for captured values to be kept.
COLLECTION = "intermediates"
# Collections to which nobody sows, but of which modules ask whether they may be changed.
_NOT_SOWN = {"params", "perturbations", COLLECTION}
# Names that no submodule can have: sowing under a submodule's name is an error.
_OUTPUT, _INPUT, _MARK = "__probekit_out__", "__probekit_in__", "__probekit_mark__"
_SERIAL = itertools.count()

Path = tuple[str, ...]


class Mutable(Set[str]):
    """The collections that may be changed; it notes of which that has been asked.

    Whenever it is gone through it has one more member, the mark of the latest call.
    """

    def __init__(self, names: Sequence[str], tap: "Tap") -> None:
        self.names, self.tap = frozenset(names), tap

    def __contains__(self, name: object) -> bool:
        self.tap.asked.add(str(name))
        return name in self.names

    def __iter__(self) -> Iterator[str]:
        return iter([*sorted(self.names), f"probekit {self.tap.serial} {self.tap.count}"])

    def __len__(self) -> int:
        return len(self.names) + 1


class _Event(NamedTuple):
    """A value that was noted: whose it is, which call, and itself, if it is kept aside."""

    path: Path
    name: str
    number: int
    value: Any = None


class Tap:
    """An interceptor of method calls.

    Parameters
    ----------
    inputs_too : bool
        Note what modules are given.
    in_state : bool
        Sow values. If not, only those of calls outside of transformations are noted, but no
        transformation is given values that it does not expect.
    """

    def __init__(self, *, inputs_too: bool, in_state: bool = True) -> None:
        self.inputs_too, self.in_state = inputs_too, in_state
        self.home = _trace()
        self.serial, self.count = next(_SERIAL), 0
        self.running: list[tuple[nn.Module, str]] = []
        self.calls: dict[tuple[Path, str], int] = {}
        self.events: list[_Event] = []
        self.asked: set[str] = set()
        self.parameters: dict[str, int] = {}
        self.own: set[Path] = set()

    def __call__(self, call: Any, arguments: Any, keywords: Any, context: Any) -> Any:
        module, name = context.module, context.method_name
        within = self.running[-1] if self.running else None
        # What super().__call__ returns is not what the module gives out.
        inherited = within is not None and within[0] is module and within[1] == name
        noted = name == "__call__" and module.path != () and not inherited
        self.count += 1
        if isinstance(module.scope.mutable, Set) and not isinstance(module.scope.mutable, Mutable):
            module.scope.mutable = Mutable(tuple(module.scope.mutable), self)
        if noted and self.inputs_too:
            self._note(module, _INPUT, first_argument(arguments, keywords))
        self.running.append((module, name))
        try:
            output = call(*arguments, **keywords)
        finally:
            self.running.pop()
        self._know(module)
        if noted:
            self._note(module, _OUTPUT, only_arrays(output))
        return output

    def _know(self, module: nn.Module) -> None:
        """Note how many parameters a module has, and which are its own."""
        parameters = module.variables.get("params", {})
        self.parameters["/".join(module.path)] = count(parameters)
        self.own |= {
            (*module.path, name)
            for name, kind in module._state.children.items()
            if kind == "params"
        }

    def _note(self, module: nn.Module, name: str, value: Any) -> None:
        leaves = jax.tree.leaves(value)
        # A module from outside of a transformation, called within: its state stays outside.
        if not leaves or _level(module) != _trace():
            return
        number = self.calls.get((module.path, name), 0)
        self.calls[module.path, name] = number + 1
        aside = not self.in_state and _trace() == self.home
        self.events.append(_Event(module.path, name, number, value if aside else None))
        if self.in_state:
            module.sow(COLLECTION, name, value)
            module.sow(COLLECTION, name + _MARK, marks_of(value))

    def captured(self, state: Mapping[str, Any], sown: Sequence[str]) -> list[Captured]:
        """Return what was noted and came back, in the order of the calls.

        What a module itself has sown, into one of the collections `sown`, comes before what it gave
        out.
        """
        kept = state.get(COLLECTION, {})
        theirs = dict(_sown(state, sown))
        found: list[Captured] = []
        for path, name, number, value in self.events:
            values = _at(kept, path).get(name, ())
            stack: tuple[Axis, ...] = ()
            if number < len(values):
                marks = _at(kept, path)[name + _MARK][number]
                value, stack = copies_first(values[number], marks)
            if name == _OUTPUT:
                for one in theirs.pop(path, []):
                    found.append(Captured(one.name, *stacked_alike(one.value, stack)))
            if value is not None:
                layer = called("/".join(path), number, given=name == _INPUT)
                found.append(Captured(layer, value, len(stack)))
        return [*found, *(value for values in theirs.values() for value in values)]

    def missing(self, found: Sequence[Captured], parameters: Mapping[str, Any]) -> list[str]:
        """Return the paths of modules with parameters of which nothing came back."""
        seen = {value.name for value in found}
        leaves = jax.tree_util.tree_flatten_with_path(parameters, is_leaf=_is_boxed)[0]
        owners = {self._owner(tuple(str(getattr(k, "key", k)) for k in path)) for path, _ in leaves}
        return sorted({"/".join(path) for path in owners if path} - seen)

    def _owner(self, path: Path) -> Path:
        """Return the path of the module to which a parameter belongs; one may be a dict itself."""
        own = (path[:length] for length in range(1, len(path)) if path[:length] in self.own)
        return next(own, path)[:-1]


def count(parameters: Any) -> int:
    """Return how many numbers there are in all arrays.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> count({"kernel": jnp.ones((2, 3)), "bias": jnp.ones(3)})
    9
    """
    return sum(int(leaf.size) for leaf in jax.tree.leaves(parameters))


def _trace() -> Any:
    return current_trace()  # type: ignore[no-untyped-call]


def _level(module: nn.Module) -> Any:
    assert module.scope is not None, "it is being called"
    return module.scope.trace_level


def _is_boxed(value: Any) -> bool:
    return isinstance(value, meta.AxisMetadata)


def _at(tree: Mapping[str, Any], path: Sequence[str]) -> Mapping[str, Any]:
    for part in path:
        tree = tree.get(part, {})
    return tree


def _sown(state: Mapping[str, Any], collections: Sequence[str]) -> Iterator[tuple[Path, Any]]:
    """Yield paths of modules and what they have sown themselves."""
    found: dict[Path, dict[str, Any]] = {}
    for collection in collections:
        for path, name, value in _entries(state.get(collection, {})):
            values = value if isinstance(value, tuple) else (value,)
            place = found.setdefault(path, {})
            for number, one in enumerate(values):
                layer = called("/".join([*path, name]), number)
                if layer in place or layer == "output":  # the name is another one's
                    layer = f"{collection}/{layer}"
                place[layer] = Captured(layer, only_arrays(one))
    for path, place in found.items():
        yield path, list(place.values())


def _entries(tree: Mapping[str, Any], path: Path = ()) -> Iterator[tuple[Path, str, Any]]:
    for name, value in tree.items():
        if name.startswith((_INPUT, _OUTPUT)):
            continue
        if isinstance(value, Mapping):
            yield from _entries(value, (*path, name))
        else:
            yield path, name, value


def is_sown(collection: Any) -> bool:
    """Whether a collection holds only what sowing makes: tuples of values."""
    values = (
        [value for _, _, value in _entries(collection)] if isinstance(collection, Mapping) else []
    )
    return bool(values) and all(isinstance(value, tuple) for value in values)


def sown_elsewhere(tap: Tap, names: Sequence[str]) -> list[str]:
    """Return the collections of which it was asked whether they may be changed, and are not."""
    return sorted(tap.asked - set(names) - _NOT_SOWN)
