"""Any function from inputs to `{layer: array}` as an extractor."""

import dataclasses
import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from types import CodeType
from typing import Any
from weakref import WeakKeyDictionary

import jax

from probekit._checks import shape_text
from probekit.errors import OptionError, ShapeError
from probekit.extractors._calls import is_array, warn_user
from probekit.extractors._paths import check_names, match, patterns_of
from probekit.extractors._protocol import Extractor
from probekit.extractors._taken import taken


@jax.tree_util.register_pytree_node_class
@dataclasses.dataclass(frozen=True, repr=False)
class FunctionExtractor(Extractor):
    """What `function` returns."""

    fn: Callable[[Any], Mapping[str, Any]]
    patterns: tuple[str, ...] = ("**",)

    def layers(self, inputs: Any) -> dict[str, jax.ShapeDtypeStruct]:
        """Return the layers that were asked for, in the order in which the function gives them."""
        _note(self.fn)
        order: list[str] = []

        def call(inputs: Any) -> Mapping[str, Any]:
            outputs = _checked(self.fn(inputs))
            order.extend(outputs)  # seen while tracing: a traced dict comes back sorted
            return outputs

        try:
            shapes = jax.eval_shape(call, inputs)
        except (jax.errors.JAXTypeError, jax.errors.JAXIndexError) as error:
            raise OptionError(
                "fn: JAX cannot trace it, as it needs values while it is compiled "
                f"({type(error).__name__}). Write it with jax.numpy, or give activations that you "
                "have computed to probekit.extractors.arrays."
            ) from error
        chosen = {layer: shapes[layer] for layer in match(order, self.patterns)}
        _check_examples(chosen, inputs)
        return chosen

    def __call__(self, inputs: Any) -> dict[str, jax.Array]:
        """Return the activations of the layers that were asked for."""
        outputs = _checked(self.fn(inputs))
        return {layer: outputs[layer] for layer in match(outputs, self.patterns)}

    def __repr__(self) -> str:
        return f"function({_name(self.fn)}, layers={list(self.patterns)})"

    def tree_flatten(self) -> tuple[tuple[Any, ...], Any]:
        """Take parameters out of a function that is a pytree; any other function is static."""
        if jax.tree_util.all_leaves([self.fn]):
            return (), (self.fn, self.patterns, taken(self.fn))
        return (self.fn,), (None, self.patterns, None)

    @classmethod
    def tree_unflatten(cls, static: Any, children: tuple[Any, ...]) -> "FunctionExtractor":
        """Put the parts together again."""
        fn, patterns, _ = static
        return cls(children[0] if children else fn, patterns)


def function(
    fn: Callable[[Any], Mapping[str, Any]], *, layers: str | Sequence[str] = "**"
) -> FunctionExtractor:
    """Make an extractor of a function.

    Parameters
    ----------
    fn : callable
        ``fn(inputs) -> {layer: array (example, …)}``, which JAX can trace. A function that closes
        over parameters, or takes them from globals or its object, is compiled anew for each new
        one; give ``jax.tree_util.Partial(apply, parameters)``, or any pytree that can be called,
        and new parameters do not recompile. An array that is changed in place is not seen to have
        changed.
    layers : str or sequence of str
        Globs over the names of the layers to keep.

    Returns
    -------
    Extractor

    Raises
    ------
    OptionError
        If `fn` cannot be called; and when it is used, if it returns no dict, if JAX cannot trace
        it, or if a glob matches no layer.
    ShapeError
        When it is used, if a layer has no axis of examples, or not as its first one.

    Warns
    -----
    ProbekitWarning
        When it is used, if `fn` is the fourth function that one ``lambda`` or ``def``, or
        `functools.partial` of it, has made, or takes other values from outside for the fourth
        time: each is compiled anew.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> extractor = function(lambda x: {"double": 2 * x, "square": x**2}, layers="d*")
    >>> extractor(jnp.array([[3.0]]))
    {'double': Array([[6.]], dtype=float32)}
    """
    if not callable(fn):
        raise OptionError(f"fn: a {type(fn).__name__}; give a function of the inputs.")
    return FunctionExtractor(fn, patterns_of(layers))


_TOO_MANY = 4


class _Made:
    """Functions of one code: those that are still there, and how many there have been.

    One that takes other values from outside than before is another.
    """

    def __init__(self) -> None:
        self.known: WeakKeyDictionary[Any, int] = WeakKeyDictionary()
        self.count = 0


_made: WeakKeyDictionary[CodeType, _Made] = WeakKeyDictionary()


def _note(fn: Any) -> None:
    """Warn, once, of a function that is made again and again, which compiles it as often."""
    made = fn
    while type(made) is functools.partial:  # but that of JAX, whose parameters are leaves
        made = made.func
    if not inspect.isfunction(made):
        return
    alike = _made.setdefault(made.__code__, _Made())
    now = hash(taken(fn))  # not the values: they would keep the function itself
    if alike.known.get(fn) == now:
        return
    alike.known[fn] = now
    alike.count += 1
    if alike.count == _TOO_MANY:
        warn_user(
            f"fn: {_name(fn)} was made {_TOO_MANY} times, or takes other values from outside "
            "each time, and is compiled as often. Make it once; for new parameters give "
            "jax.tree_util.Partial(apply, parameters)."
        )


def _name(fn: Any) -> str:
    """Return what a function is called, or the class of another thing that can be called."""
    while isinstance(fn, functools.partial):  # that of JAX too
        fn = fn.func
    return str(getattr(fn, "__qualname__", type(fn).__name__))


def _checked(outputs: Any) -> Mapping[str, Any]:
    if not isinstance(outputs, Mapping):
        traced = isinstance(outputs, jax.core.Tracer)
        what = "an array" if traced else f"a {type(outputs).__name__}"
        raise OptionError(f"fn: returned {what}; it must return a dict {{layer: array}}.")
    if not outputs:
        raise OptionError("fn: returned no layers; it must return a dict {layer: array}.")
    check_names("fn", outputs)
    return outputs


def _check_examples(shapes: Mapping[str, Any], inputs: Any) -> None:
    """Raise `ShapeError` if a layer is no array with the examples of the inputs as first axis."""
    counts = {leaf.shape[0] for leaf in jax.tree.leaves(inputs) if getattr(leaf, "shape", ())}
    for layer, array in shapes.items():
        if not is_array(array):
            raise ShapeError(
                f"fn: layer {layer!r} is a {type(array).__name__}; give an array (example, …)."
            )
        if not array.shape or (len(counts) == 1 and array.shape[0] not in counts):
            raise ShapeError(
                f"fn: layer {layer!r} has {shape_text(array)}; "
                "its first axis must be the examples of the inputs."
            )
