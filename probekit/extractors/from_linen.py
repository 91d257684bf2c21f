"""Layers of a `flax.linen` module, without a change to it."""

import dataclasses
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import flax.linen as nn
import jax
import numpy as np

from probekit.errors import OptionError, ProbekitWarning
from probekit.extractors._captured import Captured, called, chosen, is_arrays, layers_of
from probekit.extractors._pooling import Pool, check_pool, pooled
from probekit.extractors._protocol import Extractor
from probekit.extractors._static import Static

# The collection in which users who scan their layers have asked for captured values to be kept.
COLLECTION = "intermediates"
# Names that no submodule can have: sowing under a submodule's name is an error.
_OUTPUT, _INPUT = "__probekit_out__", "__probekit_in__"


@jax.tree_util.register_pytree_node_class
@dataclasses.dataclass(frozen=True)
class LinenExtractor(Extractor):
    """What `linen` returns."""

    module: Static
    variables: Mapping[str, Any]
    rngs: Mapping[str, Any]
    arguments: Mapping[str, Any]
    options: tuple[tuple[str, Any], ...]
    patterns: tuple[str, ...]
    pool: Pool
    method: Any
    mutable: tuple[str, ...]

    def layers(self, inputs: Any) -> dict[str, jax.ShapeDtypeStruct]:
        """Return the layers that were asked for, in the order in which they are computed."""
        order: list[str] = []

        def call(extractor: "LinenExtractor", inputs: Any) -> dict[str, Any]:
            found, missing = extractor._captured(inputs)
            order.extend(chosen(list(found), extractor.patterns))
            if missing:
                _warn_of_missing(missing)
            return {layer: pooled(found[layer], extractor.pool) for layer in order}

        shapes = jax.eval_shape(call, self, inputs)
        return {layer: shapes[layer] for layer in order}

    def __call__(self, inputs: Any) -> dict[str, jax.Array]:
        """Return the activations of the layers that were asked for."""
        found, _ = self._captured(inputs)
        return {
            layer: pooled(found[layer], self.pool) for layer in chosen(list(found), self.patterns)
        }

    def _captured(self, inputs: Any) -> tuple[dict[str, Any], list[str]]:
        """Return all layers by name, and the modules with parameters that were not seen."""
        module = self.module.value
        tap = _Tap(inputs_too=any(":in" in pattern for pattern in self.patterns))
        given, keywords = _as_arguments(inputs)
        variables = {name: part for name, part in self.variables.items() if name != COLLECTION}
        with nn.intercept_methods(tap):
            _, state = module.apply(
                variables,
                *given,
                rngs=dict(self.rngs) or None,
                mutable=[COLLECTION, *self.mutable],
                method=self.method,
                **keywords,
                **self.arguments,
                **dict(self.options),
            )
        kept = state.get(COLLECTION, {})
        layers: dict[str, Any] = {}
        for captured in tap.captured(kept):
            layers.update(layers_of(captured))
        layers.update(_sown(kept))
        return layers, tap.missing(kept, variables.get("params", {}))

    def tree_flatten(self) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """Split into what may change without recompiling, and the rest."""
        static = (self.module, self.options, self.patterns, self.pool, self.method, self.mutable)
        return (self.variables, self.rngs, self.arguments), static

    @classmethod
    def tree_unflatten(cls, static: tuple[Any, ...], children: tuple[Any, ...]) -> "LinenExtractor":
        """Put the parts together again."""
        module, options, patterns, pool, method, mutable = static
        variables, rngs, arguments = children
        return cls(module, variables, rngs, arguments, options, patterns, pool, method, mutable)


def linen(
    module: nn.Module,
    variables: Mapping[str, Any],
    *,
    layers: str | Sequence[str] = "**",
    pool: Pool = None,
    method: Any = None,
    rngs: Mapping[str, jax.Array] | None = None,
    mutable: Sequence[str] = (),
    **arguments: Any,
) -> LinenExtractor:
    """Make an extractor of a `flax.linen` module.

    Parameters
    ----------
    module : flax.linen.Module
    variables : mapping
        What ``module.init`` returned, or training made of it: ``{"params": …, …}``.
    layers : str or sequence of str
        Globs over the names of layers. A layer is what a submodule gave out, named by its path
        (``encoder/block_0/attention``); ``output`` is what the module itself gave out. ``NAME:in``
        is what a submodule was given, which is how values that no module gave out are read, such as
        those of an activation function. A further call of a submodule is ``NAME@1``; copies that
        `flax.linen.scan` or `flax.linen.vmap` stacked are ``NAME[0]``, ``NAME[1]``, …; arrays in a
        dict or tuple are ``NAME.key``. What the model itself sows is ``PATH/NAME``.
    pool : str, int or callable, optional
        How token and pixel axes are reduced: ``"mean"``, ``"last"``, ``"cls"``, ``"flatten"``, a
        position, or a function of the array.
    method : optional
        As ``module.apply`` takes it.
    rngs : mapping, optional
        Keys for dropout and the like; not needed in evaluation mode.
    mutable : sequence of str
        Collections that the call changes, such as ``"batch_stats"`` in training mode. The changes
        are dropped.
    **arguments
        Keyword arguments of the call, for example ``train=False``.

    Returns
    -------
    Extractor
        Its inputs are the module's argument; a tuple gives several, a dict gives them by keyword.

    Raises
    ------
    OptionError
        If there is no such layer; the message lists those there are. If `variables` is no mapping.

    Warns
    -----
    ProbekitWarning
        If a submodule has parameters but was not seen, as when it is scanned without
        ``variable_axes={"intermediates": 0}``.

    Examples
    --------
    >>> import jax, flax.linen as nn, jax.numpy as jnp
    >>> model = nn.Sequential([nn.Dense(4), nn.relu, nn.Dense(2)])
    >>> variables = model.init(jax.random.key(0), jnp.ones((1, 3)))
    >>> list(linen(model, variables).layers(jnp.ones((5, 3))))
    ['layers_0', 'layers_2', 'output']
    >>> linen(model, variables, layers="layers_2:in")(jnp.ones((5, 3)))["layers_2:in"].shape
    (5, 4)
    """
    if not isinstance(variables, Mapping):
        raise OptionError(
            f"variables: a {type(variables).__name__}; give what module.init returned, "
            "{'params': …}."
        )
    check_pool(pool)
    arrays = {
        name: value
        for name, value in arguments.items()
        if isinstance(value, jax.Array | np.ndarray)
    }
    options = tuple((name, value) for name, value in arguments.items() if name not in arrays)
    return LinenExtractor(
        Static(module),
        variables,
        dict(rngs or {}),
        arrays,
        options,
        (layers,) if isinstance(layers, str) else tuple(layers),
        pool,
        method,
        tuple(mutable),
    )


class _Tap:
    """An interceptor of method calls that sows what modules are given and give out.

    Sowing, and not a list of its own, because sown values survive `flax.linen.scan` and its kin;
    what the tap notes on the side are names, ranks and order alone.
    """

    def __init__(self, *, inputs_too: bool) -> None:
        self.inputs_too = inputs_too
        self.calls: dict[tuple[tuple[str, ...], str], int] = {}
        self.order: list[tuple[tuple[str, ...], str, int, int]] = []
        self.depth = 0

    def __call__(self, call: Any, arguments: Any, keywords: Any, context: Any) -> Any:
        module, outermost = context.module, self.depth == 0
        self.depth += 1
        try:
            output = call(*arguments, **keywords)
        finally:
            self.depth -= 1
        if context.method_name == "__call__" or (outermost and context.method_name != "setup"):
            if self.inputs_too and arguments and is_arrays(arguments[0]):
                self._sow(module, _INPUT, arguments[0])
            if is_arrays(output):
                self._sow(module, _OUTPUT, output)
        return output

    def _sow(self, module: nn.Module, name: str, value: Any) -> None:
        number = self.calls.get((module.path, name), 0)
        self.calls[module.path, name] = number + 1
        rank = jax.tree.leaves(value)[0].ndim
        self.order.append((module.path, name, number, rank))
        module.sow(COLLECTION, name, value)

    def captured(self, kept: Mapping[str, Any]) -> list[Captured]:
        """Return what was sown and came back, in the order of the calls."""
        found = []
        for path, name, number, rank in self.order:
            values = _at(kept, path).get(name, ())
            if number < len(values):
                value = values[number]
                copies = jax.tree.leaves(value)[0].ndim - rank
                layer = called("/".join(path), number, given=name == _INPUT)
                found.append(Captured(layer, value, copies))
        return found

    def missing(self, kept: Mapping[str, Any], parameters: Mapping[str, Any]) -> list[str]:
        """Return the paths of modules with parameters of which nothing came back."""
        called = {path for path, name, _, _ in self.order if name == _OUTPUT}
        seen = {path for path in called if _OUTPUT in _at(kept, path)}
        with_parameters = {
            tuple(str(getattr(key, "key", key)) for key in path[:-1])
            for path, _ in jax.tree_util.tree_flatten_with_path(parameters)[0]
        }
        return sorted("/".join(path) for path in with_parameters - seen if path)


def _at(tree: Mapping[str, Any], path: Sequence[str]) -> Mapping[str, Any]:
    for part in path:
        tree = tree.get(part, {})
    return tree


def _sown(tree: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    """Return what the model itself has sown, by path and name."""
    found: dict[str, Any] = {}
    for name, value in tree.items():
        if name in (_INPUT, _OUTPUT):
            continue
        below = f"{path}/{name}" if path else name
        if isinstance(value, Mapping):
            found.update(_sown(value, below))
        else:
            for number, part in enumerate(value if isinstance(value, tuple) else (value,)):
                found.update(layers_of(Captured(called(below, number), part)))
    return found


def _as_arguments(inputs: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return positional and keyword arguments of the call."""
    if isinstance(inputs, tuple):
        return inputs, {}
    if isinstance(inputs, dict):
        return (), inputs
    return (inputs,), {}


def _warn_of_missing(missing: Sequence[str]) -> None:
    shown = ", ".join(missing[:5]) + (", …" if len(missing) > 5 else "")
    warnings.warn(
        f"no layer for {shown}: it has parameters but no value was captured. If it is scanned or "
        f"vectorised, give nn.scan or nn.vmap variable_axes={{{COLLECTION!r}: 0}}; if another "
        "method than __call__ is used, read it as the input of the next module (NAME:in).",
        ProbekitWarning,
        stacklevel=4,
    )
