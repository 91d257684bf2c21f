"""Layers of a `flax.linen` module, without a change to it."""

import dataclasses
import inspect
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import flax.linen as nn
import jax
from flax.errors import (
    ApplyScopeInvalidVariablesStructureError,
    ApplyScopeInvalidVariablesTypeError,
    FlaxError,
    InvalidRngError,
    ModifyScopeVariableError,
    ScopeCollectionNotFound,
    ScopeParamNotFoundError,
    ScopeParamShapeError,
    ScopeVariableNotFoundError,
)

from probekit.errors import OptionError
from probekit.extractors._alike import first_alike
from probekit.extractors._calls import (
    as_arguments,
    check_arguments,
    first_argument,
    only_arrays,
)
from probekit.extractors._captured import Captured, called, root_among
from probekit.extractors._examples import Seen
from probekit.extractors._linen_tap import COLLECTION, Mutable, Tap, count, is_sown, sown_elsewhere
from probekit.extractors._paths import patterns_of
from probekit.extractors._pooling import Pool, check_pool
from probekit.extractors._static import Static, joined, parted
from probekit.extractors._traced import TracedExtractor

_REMEDY = (
    "If it is scanned or vectorised, give nn.scan, nn.vmap or nn.RNN "
    f"variable_axes={{{COLLECTION!r}: 0}}; if another method than __call__ is used, read it as the "
    "input of the next module (NAME:in)."
)


@jax.tree_util.register_pytree_node_class
@dataclasses.dataclass(frozen=True, repr=False)
class LinenExtractor(TracedExtractor):
    """What `linen` returns."""

    remedy: ClassVar[str] = _REMEDY

    module: Static
    variables: Mapping[str, Any]
    rngs: Any
    arrays: tuple[Any, ...]
    rest: Static
    patterns: tuple[str, ...]
    pool: Pool
    method: Any
    mutable: Static

    def _model(self) -> Any:
        return self.module.value

    def _run(self, inputs: Any) -> Seen:
        """Run the model; return all values that were captured."""
        variables = {
            name: part
            for name, part in self.variables.items()
            if name not in (COLLECTION, "perturbations")
        }
        check_arguments(self.module.value, self.method, inputs, self._options())
        stale = {name for name, part in variables.items() if is_sown(part)}
        fresh = {name: part for name, part in variables.items() if name not in stale}
        try:
            return self._with_sown(fresh, inputs)
        except FlaxError as error:
            if not stale:
                raise _explained(error, variables) from error
            # Sown when the variables were made, it seemed; but the model reads them.
            return self._with_sown(variables, inputs)

    def _with_sown(self, variables: Mapping[str, Any], inputs: Any) -> Seen:
        """Run the model once, and again if it sows values into further collections."""
        mutable = _names(self.mutable.value, self.variables)
        seen, tap = self._attempt(variables, inputs, mutable)
        further = [name for name in sown_elsewhere(tap, mutable) if name not in variables]
        if not further:
            return seen
        return self._attempt(variables, inputs, (*mutable, *further))[0]

    def _attempt(
        self, variables: Mapping[str, Any], inputs: Any, mutable: Sequence[str]
    ) -> tuple[Seen, Tap]:
        """Run the model with values kept in its state, or aside where it does not take that."""
        try:
            return self._tapped(variables, inputs, mutable, in_state=True)
        except (TypeError, ValueError):
            # Either the model fails, and will again, or one of its transformations, such as
            # nn.cond, refuses state that it does not know.
            return self._tapped(variables, inputs, mutable, in_state=False)

    def _tapped(
        self, variables: Mapping[str, Any], inputs: Any, mutable: Sequence[str], *, in_state: bool
    ) -> tuple[Seen, Tap]:
        tap = Tap(inputs_too=self.inputs_too, in_state=in_state)
        given, keywords = as_arguments(inputs)
        keywords = {**keywords, **self._options()}
        with nn.intercept_methods(tap):
            output, state = self.module.value.apply(
                variables,
                *given,
                rngs=self.rngs,
                mutable=Mutable((COLLECTION, *mutable), tap),
                method=self.method,
                **keywords,
            )
        root = root_among(tap.parameters)
        sown = [COLLECTION, *(name for name in mutable if name not in variables)]
        found = tap.captured(state, sown)
        if self.inputs_too:
            first = first_argument(given, keywords)
            found.insert(0, Captured(called("", 0, given=True, root=root), first))
        found.append(Captured(called("", 0, root=root), only_arrays(output)))
        parameters = variables.get("params", {})
        counts = {**tap.parameters, "": count(parameters)}
        return Seen(found, tap.missing(found, parameters), counts), tap

    def _options(self) -> dict[str, Any]:
        """Return the keyword arguments of the call."""
        return dict(joined(self.arrays, self.rest))

    def tree_flatten(self) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """Split into what may change without recompiling, and the rest."""
        static = (self.module, self.rest, self.patterns, self.pool, self.method, self.mutable)
        return (self.variables, self.rngs, self.arrays), static

    @classmethod
    def tree_unflatten(cls, static: tuple[Any, ...], children: tuple[Any, ...]) -> "LinenExtractor":
        """Put the parts together again."""
        module, *rest = static
        variables, rngs, arrays = children
        return cls(module, variables, rngs, arrays, *rest)


_NOT_FOUND = (
    ApplyScopeInvalidVariablesStructureError,
    ApplyScopeInvalidVariablesTypeError,
    ScopeCollectionNotFound,
    ScopeParamNotFoundError,
    ScopeVariableNotFoundError,
)


def _explained(error: FlaxError, variables: Mapping[str, Any]) -> Exception:
    """Return what to do about an error of flax, if it comes of how the extractor was made."""
    reason = str(error).partition(" (https:")[0].rstrip(".")
    if isinstance(error, ModifyScopeVariableError):
        remedy = "Name the collection in mutable=, or run in evaluation mode (e.g. train=False)"
    elif isinstance(error, InvalidRngError):
        remedy = "Give rngs={'dropout': key}, or run in evaluation mode (e.g. deterministic=True)"
    elif isinstance(error, ScopeParamShapeError):
        remedy = "Give inputs of the shape that module.init was given, or the variables for these"
    elif isinstance(error, _NOT_FOUND):
        given = ", ".join(variables) or "no collections"
        all_of_it = "all of what" if "params" in variables else "what"
        remedy = f"variables have {given}; give {all_of_it} module.init returned, {{'params': …}}"
    else:
        return error
    return OptionError(f"module: {reason}. {remedy}.")


def _no_module(given: Any) -> str:
    inner = ", its .module" if isinstance(getattr(given, "module", None), nn.Module) else ""
    return f"a {type(given).__name__}; give a flax.linen.Module{inner}"


def _names(mutable: Any, variables: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the collections that the call may change."""
    if isinstance(mutable, bool):
        return tuple(name for name in variables if name != "params") if mutable else ()
    return (mutable,) if isinstance(mutable, str) else tuple(mutable)


def linen(
    module: nn.Module,
    variables: Mapping[str, Any],
    *,
    layers: str | Sequence[str] = "**",
    pool: Pool = None,
    method: Any = None,
    rngs: Mapping[str, jax.Array] | jax.Array | None = None,
    mutable: str | Sequence[str] | bool = (),
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
        (``encoder/block_0/attention``); ``output`` is what the module itself gave out, or
        ``__call__`` where a part of it is named ``output``. ``NAME:in`` is what a submodule was
        given, which is how values that no module gave out are read, such as those of an activation
        function. A further call of a submodule is ``NAME@1``; copies that `flax.linen.scan` or
        `flax.linen.vmap` stacked are ``NAME[0]``, ``NAME[1]``, …; arrays in a dict or tuple are
        ``NAME.key``. What the model itself sows, into whichever collection, is ``PATH/NAME``; with
        a ``reduce_fn`` of its own only if `variables` lack that collection, of which nobody could
        tell whether the model also reads it. What has no axis of examples, such as the embedding of
        positions, is left out with a warning; where examples are not the first axis, they are made
        so.
    pool : str, int or callable, optional
        How token and pixel axes are reduced: ``"mean"``, ``"last"``, ``"cls"``, ``"flatten"``, a
        position, or a function of the array.
    method : optional
        As ``module.apply`` takes it.
    rngs : mapping or key, optional
        Keys for dropout and the like; not needed in evaluation mode.
    mutable : str, sequence of str or bool
        Collections that the call changes, such as ``"batch_stats"`` in training mode; True stands
        for all but the parameters. The changes are dropped.
    **arguments
        Keyword arguments of the call, for example ``train=False``.

    Returns
    -------
    Extractor
        Its inputs are the module's argument; a tuple gives several, a dict gives them by keyword.

    Raises
    ------
    OptionError
        If there is no such layer, or it has no axis of examples; the message lists those there
        are. If `module` is no module, or `variables` no mapping.

    Warns
    -----
    ProbekitWarning
        If a submodule has parameters but was not seen, as when it is scanned without
        ``variable_axes={"intermediates": 0}``. If a layer has no axis of examples.

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
    if not isinstance(module, nn.Module):
        raise OptionError(f"module: {_no_module(module)}.")
    check_pool(pool)
    if inspect.ismethod(method):  # another object each time, though the same function
        method = method.__func__
    pool, method = first_alike(pool), first_alike(method)
    arrays, rest = parted(arguments)
    return LinenExtractor(
        Static(module),
        variables,
        dict(rngs) if isinstance(rngs, Mapping) else rngs,
        arrays,
        rest,
        patterns_of(layers),
        pool,
        method,
        Static(mutable if isinstance(mutable, str | bool) else tuple(mutable)),
    )
