"""Noting what the modules of an NNX model are given and give out.

Nothing of the user's is touched, neither the model nor its classes: a private copy of the model is
given classes of its own, each a subclass whose ``__call__`` notes what went in and came out. So
extraction in one thread is not seen by another, and an exception leaves nothing to be undone.

What is noted is kept in the state of the modules, in a variable of its own type, so that it comes
out of ``nnx.scan``, ``nnx.vmap``, ``nnx.remat`` and ``nnx.jit`` as the rest of the state does. All
else that must be known of a value (whose, which call, its rank) is in its key and not on the side:
a function that JAX has traced before is not run again, but its outputs have their keys still.

A linen model within (``nnx.bridge.ToNNX``) is one module of NNX. What its parts give out is kept as
that module's, unless it comes from within a transformation of linen, out of which nothing is lifted
that linen does not know.
"""

import contextlib
import contextvars
import dataclasses
import functools
import itertools
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import jax
from flax import linen, nnx
from flax.errors import TraceContextError

from probekit.extractors._calls import bound, first_argument, only_arrays
from probekit.extractors._captured import Captured, called, root_among
from probekit.extractors._stacks import copies_first, marks_of

# With the beginning of its own names flax leaves them out of the items of an `nnx.Dict`.
_SLOT, _PATH = "_pytree__probekit_values", "_pytree__probekit_path"
# In the order of calls, what a module was given comes before what its submodules were, and what it
# gave out comes after.
_BEFORE, _AFTER = -1, 2**31


class Tapped(nnx.Intermediate[Any]):
    """Values seen by a tap; a type of its own, so that what users sow stays apart."""


class Key(NamedTuple):
    """What is known of a value: path of its module, whether given, when, parameters."""

    path: str
    given: bool
    when: tuple[int, ...]
    parameters: int | None = None


@dataclasses.dataclass(frozen=True)
class _Call:
    """A call in progress: its place among the calls of its caller, and of that one's, and so on.

    Where values are kept aside, and not in the state of the modules, `paths` has the modules' paths
    by their identity, and `aside` is the place.
    """

    inputs_too: bool
    place: tuple[int, ...] = ()
    below: Iterator[int] = dataclasses.field(default_factory=itertools.count)
    paths: Mapping[int, str] = dataclasses.field(default_factory=dict)
    aside: nnx.Variable[Any] | None = None

    def next(self) -> "_Call":
        place = (*self.place, next(self.below))
        return dataclasses.replace(self, place=place, below=itertools.count())

    def note(self, module: Any, arguments: Any, keywords: Mapping[str, Any], output: Any) -> None:
        """Keep what a module was given, if that is asked for, and what it gave out."""
        size = sum(int(leaf.size) for leaf in jax.tree.leaves(nnx.state(module, nnx.Param)))
        self._note(*self._of(module), size, (arguments, keywords), output)

    def note_part(
        self, bridge: Any, part: linen.Module, given: tuple[Any, Any], output: Any
    ) -> None:
        """Keep the same of a part of the linen model that a bridge holds."""
        path, slot = self._of(bridge)
        leaves = jax.tree.leaves(part.variables.get("params", {}))
        size = sum(int(leaf.size) for leaf in leaves)
        self._note("/".join([path, *part.path] if path else part.path), slot, size, given, output)

    def _note(self, path: str, slot: Any, size: int, given: tuple[Any, Any], output: Any) -> None:
        if self.inputs_too:
            _keep(slot, Key(path, True, (*self.place, _BEFORE)), first_argument(*given))
        _keep(slot, Key(path, False, (*self.place, _AFTER), parameters=size), output)

    def sown(self, module: Any, name: str, value: Any) -> None:
        """Keep what a module itself sows, as the output of a submodule of that name."""
        path, slot = self._of(module)
        place = (*self.place, next(self.below))
        _keep(slot, Key(f"{path}/{name}" if path else name, False, place), value)

    def _of(self, module: Any) -> tuple[str, Any]:
        """Return the path of a module, and where its values are kept."""
        if self.aside is not None:
            return self.paths[id(module)], self.aside
        return getattr(module, _PATH)[0], getattr(module, _SLOT)

    def knows(self, module: Any) -> bool:
        return id(module) in self.paths if self.aside is not None else _PATH in vars(module)


_CURRENT: contextvars.ContextVar[_Call | None] = contextvars.ContextVar("probekit_call")


class _Tap:
    """Comes before a module's class in the order in which methods are looked up."""

    def __init_subclass__(cls) -> None:
        # A user's own hook, such as a registry of model classes, shall not see this class.
        nnx.Pytree.__init_subclass__.__func__(cls)  # type: ignore[attr-defined]

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        run = super().__call__  # type: ignore[misc]
        caller = _CURRENT.get(None)
        if caller is None or not caller.knows(self):
            return run(*arguments, **keywords)
        call = caller.next()
        with _current(call), _parts_of(self):
            output = run(*arguments, **keywords)
        call.note(self, arguments, keywords, output)
        return output

    def sow(self, variable_type: Any, name: str, value: Any, *functions: Any, **named: Any) -> bool:
        call = _CURRENT.get(None)
        if call is None or not call.knows(self):
            sown: bool = super().sow(variable_type, name, value, *functions, **named)  # type: ignore[misc]
            return sown
        call.sown(self, name, value)
        if hasattr(self, "__captures__"):  # a capture of the model's own, which it will read
            super().sow(variable_type, name, value, *functions, **named)  # type: ignore[misc]
        return True

    def perturb(self, name: str, value: Any, *rest: Any, **named: Any) -> Any:
        return value  # what is perturbed is the business of whoever takes gradients


@contextlib.contextmanager
def _current(call: _Call) -> Iterator[None]:
    token = _CURRENT.set(call)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def _parts_of(module: Any) -> contextlib.AbstractContextManager[Any]:
    """Note what the parts of a linen model give out, if the module is a bridge to one."""
    if not isinstance(module, nnx.bridge.ToNNX):
        return contextlib.nullcontext()

    running: list[linen.Module] = []

    def intercept(run: Any, arguments: Any, keywords: Any, context: Any) -> Any:
        part = context.module
        inherited = bool(running) and running[-1] is part  # it is super().__call__
        if context.method_name != "__call__" or not part.path or inherited:
            return run(*arguments, **keywords)
        call = _CURRENT.get().next()  # type: ignore[union-attr]
        running.append(part)
        with _current(call):
            output = run(*arguments, **keywords)
        running.pop()
        call.note_part(module, part, (arguments, keywords), output)
        return output

    return linen.intercept_methods(intercept)


def _keep(slot: Any, key: Key, value: Any) -> None:
    value = only_arrays(value)
    if not jax.tree.leaves(value):
        return
    values = slot.get_value()
    # The module may have been called within a transformation of JAX that does not give its state
    # back, such as jax.vmap over a closure: the value must stay there.
    with contextlib.suppress(TraceContextError):
        slot.set_value({**values, key: (*values.get(key, ()), (value, marks_of(value)))})


@functools.cache
def _tapped_class(cls: type) -> type:
    class Meta(type(cls)):  # type: ignore[misc]
        def mro(self) -> list[type]:
            # A tap among the bases would change the layout of objects, and an object's class can
            # only be replaced by one of the same layout.
            own, *inherited = super().mro()
            return [own, _Tap, *inherited]

    body = {"__module__": cls.__module__, "__qualname__": cls.__qualname__, "__doc__": cls.__doc__}
    return Meta(cls.__name__, (cls,), body)


def run_tapped(
    model: nnx.Module,
    method: Any,
    arguments: tuple[Any, ...],
    keywords: dict[str, Any],
    *,
    inputs_too: bool,
    in_state: bool,
) -> tuple[list[Captured], dict[str, int]]:
    """Return what modules gave out, and were given, and how many parameters each has.

    Parameters
    ----------
    model : flax.nnx.Module
        Of which nobody else has hold: it is changed.
    method, arguments, keywords
        What is called, as `bound` takes the method, and with what.
    inputs_too : bool
        Whether to note what modules were given.
    in_state : bool
        Keep values in the state of the modules. If not, only calls outside of transformations are
        noted, but no transformation is given state that it does not expect.
    """
    modules = {
        "/".join(map(str, path)): module
        for path, module in nnx.iter_modules(model)
        if not isinstance(module, nnx.List)  # is not called, and has numbers for attributes
    }
    for module in modules.values():
        object.__setattr__(module, "__class__", _tapped_class(type(module)))
    if in_state:
        # While tracing, a function that was traced before must be traced again: calls are counted.
        tracing = any(isinstance(leaf, jax.core.Tracer) for leaf in jax.tree.leaves(arguments))
        token = object() if tracing else None
        for path, module in modules.items():
            setattr(module, _PATH, (path, inputs_too, token))
            setattr(module, _SLOT, Tapped({}))
        slots = [getattr(module, _SLOT) for module in modules.values()]
        call = _Call(inputs_too)
    else:
        slots = [Tapped({})]
        paths = {id(module): path for path, module in modules.items()}
        call = _Call(inputs_too, paths=paths, aside=slots[0])
    with _current(call):
        output = bound(model, method)(*arguments, **keywords)
    if method is not None:
        call.note(model, arguments, keywords, output)
    return _in_order(slots, list(modules))


def _in_order(slots: list[Any], modules: list[str]) -> tuple[list[Captured], dict[str, int]]:
    """Return what was kept in the order of the calls, and the parameters of the modules."""
    seen = [
        (key, value)
        for slot in slots
        for key, values in slot.get_value().items()
        for value in values
    ]
    root = root_among([*modules, *(key.path for key, _ in seen)])  # and names of what is sown
    found, numbers = [], dict[tuple[str, bool], int]()
    for key, value in sorted(seen, key=lambda pair: pair[0].when):
        number = numbers.get((key.path, key.given), 0)
        numbers[key.path, key.given] = number + 1
        value, stack = copies_first(*value)
        name = called(key.path, number, given=key.given, root=root)
        found.append(Captured(name, value, len(stack)))
    counts = {key.path: key.parameters for key, _ in seen if key.parameters is not None}
    return found, counts
