"""Layers of an Equinox model, without a change to it."""

import dataclasses
from collections.abc import Sequence
from typing import Any, ClassVar

import jax

from probekit.errors import MissingExtraError, OptionError
from probekit.extractors._alike import first_alike
from probekit.extractors._calls import as_arguments, bound, check_arguments
from probekit.extractors._captured import root_among
from probekit.extractors._examples import Seen
from probekit.extractors._paths import patterns_of
from probekit.extractors._pooling import Pool, check_pool
from probekit.extractors._static import Static, joined, parted
from probekit.extractors._traced import TracedExtractor

_REMEDY = (
    "If it is called within jax.lax.scan, jax.checkpoint or a compiled function, call it outside; "
    "if another method than __call__ is used, read it as the input of the next module (NAME:in); "
    "a value that does not depend on the example is no layer."
)


@jax.tree_util.register_pytree_node_class
@dataclasses.dataclass(frozen=True, repr=False)
class EquinoxExtractor(TracedExtractor):
    """What `equinox` returns."""

    remedy: ClassVar[str] = _REMEDY

    arrays: tuple[Any, ...]
    rest: Static
    patterns: tuple[str, ...]
    pool: Pool
    method: Any

    def _model(self) -> Any:
        return joined(self.arrays, self.rest)[0]

    def _run(self, inputs: Any) -> Seen:
        """Run the model; return all values that were captured."""
        from probekit.extractors._equinox_tap import Tap, listening, parameters_of, rebuilt

        model, arguments = joined(self.arrays, self.rest)
        check_arguments(model, self.method, inputs, arguments)
        tapped = rebuilt(model)
        owners, counts = parameters_of(model)
        tap = Tap(inputs_too=self.inputs_too, root=root_among(counts))
        keys = None
        if arguments.get("key") is not None:
            examples = jax.tree.leaves(inputs)[0].shape[0]
            keys = jax.random.split(arguments.pop("key"), examples)

        def one(example: Any, key: Any) -> None:
            given, keywords = as_arguments(example)
            keywords = {**keywords, **arguments, **({} if keys is None else {"key": key})}
            output = bound(tapped, self.method)(*given, **keywords)
            if self.method is not None:  # as a call of the model is noted anyway
                tap.note("", output, given=False)

        with listening(tap):
            jax.vmap(one, in_axes=(0, None if keys is None else 0), axis_name="batch")(inputs, keys)
        seen = {value.name for value in tap.found}
        return Seen(tap.found, sorted({path for path in owners if path} - seen), counts)

    def tree_flatten(self) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """Split into what may change without recompiling, and the rest."""
        return (self.arrays,), (self.rest, self.patterns, self.pool, self.method)

    @classmethod
    def tree_unflatten(
        cls, static: tuple[Any, ...], children: tuple[Any, ...]
    ) -> "EquinoxExtractor":
        """Put the parts together again."""
        return cls(children[0], *static)


def equinox(
    model: Any,
    *,
    layers: str | Sequence[str] = "**",
    pool: Pool = None,
    method: Any = None,
    inference: bool = True,
    **arguments: Any,
) -> EquinoxExtractor:
    """Make an extractor of an Equinox model, which takes one example.

    Parameters
    ----------
    model : equinox.Module
    layers : str or sequence of str
        Globs over the names of layers: the path of a submodule (``layers/0/attention``); ``output``
        is what the model itself gave out, or ``__call__`` where a part of it is named ``output``;
        ``NAME:in`` is what a submodule was given, ``NAME@1`` its second call, ``NAME.key`` an array
        in a dict or tuple. What `jax.vmap` maps within the model comes as axes after the examples.
    pool : str, int or callable, optional
        How token axes are reduced: ``"mean"``, ``"last"``, ``"cls"``, ``"flatten"``, a position, or
        a function of the array (of all examples of a batch).
    method : str or callable, optional
        The method to call in place of ``__call__``: its name, or a function of the model and the
        example.
    inference : bool
        Run in inference mode, without dropout; if not, as the model is.
    **arguments
        Keyword arguments of the call, the same for all examples, for example ``state=state``; but
        each example is given its own part of ``key``. In inference mode ``key=None`` will do.

    Returns
    -------
    Extractor
        Its inputs are the model's argument with examples as first axis; a tuple gives several, a
        dict gives them by keyword.

    Raises
    ------
    OptionError
        If there is no such layer; the message lists those there are. If `model` is no module.
    MissingExtraError
        If Equinox is not installed.

    Warns
    -----
    ProbekitWarning
        If a submodule has parameters but was not seen, as when it is called in `jax.lax.scan`.
    """
    try:
        import equinox as eqx
    except ImportError:
        raise MissingExtraError(
            "equinox", extra="equinox", needed_for="extractors of its models"
        ) from None
    if not isinstance(model, eqx.Module):
        raise OptionError(f"model: a {type(model).__name__}; give an equinox.Module.")
    check_pool(pool)
    if callable(method) and getattr(method, "__self__", None) is not None:
        method = method.__func__  # bound to this very model: it would not see the rebuilt one
    pool, method = first_alike(pool), first_alike(method)
    model = eqx.nn.inference_mode(model) if inference else model
    return EquinoxExtractor(*parted((model, arguments)), patterns_of(layers), pool, method)
