"""Layers of a `flax.nnx` model, without a change to it."""

import dataclasses
import inspect
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import jax
from flax import nnx as flax_nnx

from probekit.errors import OptionError
from probekit.extractors._alike import first_alike
from probekit.extractors._calls import as_arguments, check_arguments, is_array
from probekit.extractors._examples import Seen
from probekit.extractors._nnx_tap import run_tapped
from probekit.extractors._paths import patterns_of
from probekit.extractors._pooling import Pool, check_pool
from probekit.extractors._static import Static
from probekit.extractors._traced import TracedExtractor

EVALUATION = {"deterministic": True, "use_running_average": True}
_REMEDY = (
    "If it is called within jax.vmap, jax.lax.scan or the like, use nnx.vmap, nnx.scan, … in their "
    "place, with nnx.Intermediate mapped as the parameters are; if another method than __call__ is "
    "used, read it as the input of the next module (NAME:in); if it is a part of a linen model "
    "that transforms it (nn.scan, nn.remat, …), take probekit.extractors.linen of that model."
)


class _Structure(Static):
    """A graphdef, compared by value even where it has no hash: users give their modules lists."""

    def __init__(self, graphdef: Any) -> None:
        super().__init__(graphdef)
        if self._hash is None:
            self._hash = 0


@jax.tree_util.register_pytree_node_class
@dataclasses.dataclass(frozen=True, repr=False)
class NNXExtractor(TracedExtractor):
    """What `nnx` returns."""

    remedy: ClassVar[str] = _REMEDY

    graphdef: Static
    state: Any
    options: tuple[tuple[str, Static], ...]
    patterns: tuple[str, ...]
    pool: Pool
    method: Any

    def _model(self) -> Any:
        return self._rebuilt()[0]

    def _run(self, inputs: Any) -> Seen:
        """Run the model; return all values that were captured."""
        model, options = self._rebuilt()
        check_arguments(model, self.method, inputs, options)
        try:
            return self._tapped(inputs, in_state=True)
        except (TypeError, ValueError):
            # Either the model fails, and will again, or one of its transformations refuses state
            # that it does not know; then only what lies outside of transformations can be read.
            return self._tapped(inputs, in_state=False)

    def _tapped(self, inputs: Any, *, in_state: bool) -> Seen:
        model, options = self._rebuilt()
        given, keywords = as_arguments(inputs)
        captured, parameters = run_tapped(
            model,
            self.method,
            given,
            {**keywords, **options},
            inputs_too=self.inputs_too,
            in_state=in_state,
        )
        return Seen(captured, _missing(model, {value.name for value in captured}), parameters)

    def _rebuilt(self) -> tuple[Any, dict[str, Any]]:
        """Return a model that nobody else has hold of, and the keyword arguments of the call."""
        model, arrays = flax_nnx.merge(self.graphdef.value, self.state)
        return model, {**arrays, **{name: option.value for name, option in self.options}}

    def tree_flatten(self) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """Split into what may change without recompiling, and the rest."""
        return (self.state,), (self.graphdef, self.options, self.patterns, self.pool, self.method)

    @classmethod
    def tree_unflatten(cls, static: tuple[Any, ...], children: tuple[Any, ...]) -> "NNXExtractor":
        """Put the parts together again."""
        graphdef, *rest = static
        return cls(graphdef, children[0], *rest)


def nnx(
    model: flax_nnx.Module,
    *,
    layers: str | Sequence[str] = "**",
    pool: Pool = None,
    method: Any = None,
    view: Mapping[str, Any] | None = None,
    **arguments: Any,
) -> NNXExtractor:
    """Make an extractor of a `flax.nnx` model.

    The model is left as it is: attributes, parameters, batch statistics, counts of random numbers.
    The extractor holds the parameters of this moment; make another one after training on, which
    costs no compilation.

    Parameters
    ----------
    model : flax.nnx.Module
    layers : str or sequence of str
        Globs over the names of layers. A layer is what a submodule gave out, named by its path
        (``encoder/blocks/0/attention``); ``output`` is what the model itself gave out, or
        ``__call__`` where a part of it is named ``output``. ``NAME:in`` is what a submodule was
        given, which is how values that no module gave out are read, such as those of an activation
        function. A further call of a submodule is ``NAME@1``; copies that `flax.nnx.scan` or
        `flax.nnx.vmap` stacked are ``NAME[0]``, ``NAME[1]``, …; arrays in a dict or tuple are
        ``NAME.key``. What the model itself sows is ``PATH/NAME``. Parts of a linen model within
        (`flax.nnx.bridge.ToNNX`) are layers as its modules of NNX are.
    pool : str, int or callable, optional
        How token and pixel axes are reduced: ``"mean"``, ``"last"``, ``"cls"``, ``"flatten"``, a
        position, or a function of the array.
    method : str or callable, optional
        The method to call in place of ``__call__``: its name, or a function of the model and the
        inputs.
    view : mapping, optional
        The mode to run in, as `flax.nnx.view` takes it. Unless given, it is evaluation mode:
        ``{"deterministic": True, "use_running_average": True}``; ``{}`` is the model's own.
    **arguments
        Keyword arguments of the call, for example ``train=False`` or ``rngs=nnx.Rngs(0)``.

    Returns
    -------
    Extractor
        Its inputs are the model's argument; a tuple gives several, a dict gives them by keyword.

    Raises
    ------
    OptionError
        If there is no such layer; the message lists those there are. If `model` is no module.

    Warns
    -----
    ProbekitWarning
        If a submodule has parameters but was not seen, as when it is called within `jax.vmap`, or
        is a part of a linen model within and there in a transformation, such as `flax.linen.remat`.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> from flax import nnx as fnn
    >>> rngs = fnn.Rngs(0)
    >>> model = fnn.Sequential(fnn.Linear(3, 4, rngs=rngs), fnn.relu, fnn.Linear(4, 2, rngs=rngs))
    >>> list(nnx(model).layers(jnp.ones((5, 3))))
    ['layers/0', 'layers/2', 'output']
    >>> nnx(model, layers="layers/2:in")(jnp.ones((5, 3)))["layers/2:in"].shape
    (5, 4)
    """
    if not isinstance(model, flax_nnx.Module):
        raise OptionError(f"model: a {type(model).__name__}; give a flax.nnx.Module.")
    check_pool(pool)
    if inspect.ismethod(method):  # bound to this very model: it would not see the private copy
        method = method.__func__
    pool, method = first_alike(pool), first_alike(method)
    dynamic = {name: value for name, value in arguments.items() if _is_dynamic(value)}
    graphdef, state = flax_nnx.split((_viewed(model, view), dynamic))
    return NNXExtractor(
        _Structure(graphdef),
        flax_nnx.as_pure(state),
        tuple((name, Static(value)) for name, value in arguments.items() if name not in dynamic),
        patterns_of(layers),
        pool,
        method,
    )


def _viewed(model: flax_nnx.Module, view: Mapping[str, Any] | None) -> flax_nnx.Module:
    """Return a copy of the model in the mode to run in."""
    graphdef, state = flax_nnx.split(model)  # `view` asks modules, which a linen bridge counts
    model = flax_nnx.merge(graphdef, flax_nnx.as_pure(state))
    if view is None:
        model.set_attributes(raise_if_not_found=False, **EVALUATION)  # of modules of the user's too
        return flax_nnx.view(model, raise_if_not_found=False, **EVALUATION)
    try:
        return flax_nnx.view(model, **view)
    except ValueError as error:
        raise OptionError(f"view={dict(view)!r}: {error}.") from None


def _is_dynamic(value: Any) -> bool:
    """Whether an argument may change without recompiling: arrays, or an object that has state."""
    leaves = jax.tree.leaves(value)
    return isinstance(value, flax_nnx.Pytree) or (bool(leaves) and all(map(is_array, leaves)))


def _missing(model: flax_nnx.Module, seen: set[str]) -> list[str]:
    """Return the paths of modules with parameters that gave nothing out."""
    modules = dict(flax_nnx.iter_modules(model))
    owners = set()
    for path, _ in flax_nnx.to_flat_state(flax_nnx.state(model, flax_nnx.Param)):
        above = (path[:length] for length in range(len(path) - 1, -1, -1))
        owner = next(part for part in above if part in modules)
        # The parameters of a linen model are in dicts, one for each of its parts.
        owners.add(path[:-1] if isinstance(modules[owner], flax_nnx.bridge.ToNNX) else owner)
    names = {"/".join(map(str, path)) for path in owners if path}
    return sorted(names - seen)
