"""Noting what the modules of an Equinox model are given and give out.

Equinox's models take one example and use `jax.vmap` freely, over the examples and within. A value
within is a tracer that must not leave; but JAX asks a function with a rule of its own for vmap how
it is vectorised, and the rule is given the whole array, one level further out. So each value goes
through an identity with such a rule, outwards, until it is outside of the model, with the examples
as its first axis. The model is rebuilt of classes that know their path, and is itself not touched.
"""

import contextlib
import contextvars
import dataclasses
import functools
from collections.abc import Iterable, Iterator
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.custom_batching import custom_vmap
from jax.extend.core import get_opaque_trace_state

from probekit.extractors._calls import first_argument, only_arrays
from probekit.extractors._captured import Captured, called, key_text


def _trace() -> Any:
    return get_opaque_trace_state()  # type: ignore[no-untyped-call]


@dataclasses.dataclass
class Tap:
    """What was seen in a run of a model, in the order of the calls."""

    inputs_too: bool
    root: str
    home: Any = dataclasses.field(default_factory=_trace)
    found: list[Captured] = dataclasses.field(default_factory=list)
    calls: dict[tuple[str, bool], int] = dataclasses.field(default_factory=dict)

    def note(self, path: str, value: Any, *, given: bool) -> None:
        """Keep a value that a module was given or gave out."""
        value = only_arrays(_without_state(value))
        if not jax.tree.leaves(value) or (given and not self.inputs_too):
            return
        number = self.calls.get((path, given), 0)
        self.calls[path, given] = number + 1
        self._outwards(called(path, number, given=given, root=self.root), value)

    def _outwards(self, name: str, value: Any) -> None:
        if _trace() == self.home:
            self.found.append(Captured(name, value))
            return

        @custom_vmap
        def identity(value: Any) -> Any:
            return value

        @identity.def_vmap
        def further_out(size: int, batched: list[Any], value: Any) -> tuple[Any, Any]:
            def whole(leaf: Any, is_batched: bool) -> Any:
                return leaf if is_batched else jnp.broadcast_to(leaf, (size, *leaf.shape))

            value = jax.tree.map(whole, value, batched[0])
            self._outwards(name, value)
            return value, jax.tree.map(lambda _: True, value)

        identity(value)


_CURRENT: contextvars.ContextVar[Tap | None] = contextvars.ContextVar("probekit_tap", default=None)


@contextlib.contextmanager
def listening(tap: Tap) -> Iterator[None]:
    """Let the modules of a rebuilt model note their values in this tap."""
    token = _CURRENT.set(tap)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def rebuilt(model: Any, path: str = "") -> Any:
    """Return the model with modules that note what they are given and give out."""
    children, structure = jax.tree_util.tree_flatten_with_path(
        model, is_leaf=lambda node: node is not model
    )
    if len(children) == 1 and children[0][1] is model:
        return model  # a leaf
    parts = [rebuilt(part, _below(path, keys)) for keys, part in children]
    model = jax.tree_util.tree_unflatten(structure, parts)
    if not isinstance(model, eqx.Module) or not callable(model):
        return model
    tapped: Any = object.__new__(_tapped_class(type(model), path))
    for name, value in vars(model).items():
        object.__setattr__(tapped, name, value)
    return tapped


def _below(path: str, keys: Iterable[Any]) -> str:
    """Return the path of a part of the module at `path`."""
    return "/".join(filter(None, [path, *map(key_text, keys)]))


def parameters_of(model: Any) -> tuple[set[str], dict[str, int]]:
    """Return the paths of modules that have parameters of their own, and how many each holds."""
    owners, counts = set[str](), dict[str, int]()

    def go_through(module: Any, path: str) -> int:
        total = 0
        for keys, part in jax.tree_util.tree_flatten_with_path(
            module, is_leaf=lambda node: isinstance(node, eqx.Module) and node is not module
        )[0]:
            if isinstance(part, eqx.Module):
                total += go_through(part, _below(path, keys))
            elif eqx.is_inexact_array(part):
                owners.add(path)
                total += int(part.size)
        counts[path] = total
        return total

    go_through(model, "")
    return owners, counts


@functools.cache
def _tapped_class(cls: type, path: str) -> type:
    run = _function_of(cls)

    def __call__(self: Any, *arguments: Any, **keywords: Any) -> Any:
        tap = _CURRENT.get()
        if tap is None:
            return run(self, *arguments, **keywords)
        tap.note(path, first_argument(arguments, keywords), given=True)
        output = run(self, *arguments, **keywords)
        tap.note(path, output, given=False)
        return output

    class Meta(type(cls)):  # type: ignore[misc]
        def mro(self) -> list[type]:
            # A user's own hook, such as a registry of model classes, shall not see this class.
            own, *inherited = super().mro()
            return [own, _Quiet, *inherited]

    body = {"__module__": cls.__module__, "__qualname__": cls.__qualname__, "__call__": __call__}
    return Meta(cls.__name__, (cls,), body)


class _Quiet:
    def __init_subclass__(cls) -> None:
        pass


def _function_of(cls: type) -> Any:
    """Return what a module does when called; what is compiled on its own would keep its values."""
    run: Any = cls.__call__
    compiled = (type(jax.jit(len)), type(eqx.filter_jit(len)))
    while type(run) in compiled:
        run = run.__wrapped__
    return run


def _without_state(value: Any) -> Any:
    """Return a value without the states of stateful layers; a single thing left stands alone."""
    if isinstance(value, tuple) and any(isinstance(part, eqx.nn.State) for part in value):
        rest = tuple(part for part in value if not isinstance(part, eqx.nn.State))
        return rest[0] if len(rest) == 1 else rest
    return None if isinstance(value, eqx.nn.State) else value
