"""Brings the states of all layers up to date with a batch.

Model and statistics are one compiled program, in which XLA shares memory and works on several
layers at a time. But each layer in it takes some 40 ms to compile. So of a shape that many layers
have, the program hands the representations out, and one small program, which these layers share, is
called for each in turn. That gives the same numbers. It runs up to twice as long, and is no way to
go through a lot of data.
"""

import math
from collections import Counter
from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from probekit._compiling import compiled_with, many_options, once_options, quick_options
from probekit._shapes import struct
from probekit.extractors import Extractor
from probekit.probing.plan import LayerStates, Plan, States, units
from probekit.statistics import ShapeDtype

ALIKE = 8
"""From how many layers of one shape on they share a program: those of fewer compile in no time."""

BATCHES = 16
"""Of more batches running takes longer than compiling, and everything stays in one program."""

ROOM = 256 << 20
"""How many bytes the representations of a batch may take that are handed out.

More if what is kept of their layers takes more.
"""

Layers = Mapping[str, ShapeDtype]


class Way(NamedTuple):
    """How examples are gone through.

    Attributes
    ----------
    size : int
        How many are taken through the model at a time.
    apart : tuple of str
        Layers that are handed out by the model's program.
    """

    size: int
    apart: tuple[str, ...] = ()


def way_through(plan: Plan, layers: Layers, examples: int, batch_size: int, *, held: bool) -> Way:
    """Decide how examples are gone through, by nothing but sizes.

    Parameters
    ----------
    plan : Plan
    layers : mapping of ShapeDtype
    examples, batch_size : int
    held : bool
        Whether the representations of a batch are in memory anyway, as they are of extractors that
        run on the host.
    """
    whole = Way(even_batch(examples, batch_size))
    alike = Counter(map(_form, layers.values()))
    apart = tuple(layer for layer, shape in layers.items() if alike[_form(shape)] >= ALIKE)
    if not apart:
        return whole
    size = whole.size
    one = sum(_nbytes((1, *layers[layer].shape[1:]), layers[layer].dtype) for layer in apart)
    if not held and size * one > ROOM:
        kept = _kept_nbytes(plan, {layer: layers[layer] for layer in apart})
        size = even_batch(examples, max(1, min(batch_size, max(ROOM, kept) // one)))
    return Way(size, apart) if examples <= BATCHES * size else whole


def even_batch(examples: int, batch_size: int) -> int:
    """Return the size of equal batches, at most `batch_size`, with the least to fill up.

    Examples
    --------
    >>> even_batch(5000, 4096)
    2500
    """
    batches = math.ceil(examples / batch_size)
    return math.ceil(examples / batches)


def no_examples(plan: Plan, layers: Layers, apart: tuple[str, ...]) -> States:
    """Return the states of no examples, in the order of the layers."""
    within = {layer: shape for layer, shape in layers.items() if layer not in apart}
    states = _init(plan, tuple(within.items())) if within else {}
    for layer in apart:
        units, dtype = _form(layers[layer])
        alike = struct((layers[layer].shape[0], units), dtype)
        states |= {layer: _init(plan, (("", alike),))[""]}
    return {layer: states[layer] for layer in layers}


def updated(
    plan: Plan,
    extractor: Extractor,
    states: States,
    batch: Any,
    example: tuple[Any, Any, Any],
    apart: tuple[str, ...],
) -> States:
    """Return the states that have also seen this batch, in the same order; the others are gone.

    Parameters
    ----------
    plan : Plan
    extractor : Extractor
    states : dict
    batch : pytree of array (example, …)
        What the extractor is given.
    example : (y, weight, index)
        As `Plan.update` takes them.
    apart : tuple of str
        Layers that are handed out.
    """
    within = {layer: state for layer, state in states.items() if layer not in apart}
    if apart:
        example = jax.device_put(example)  # once for all of them
    if extractor.traceable:
        within, handed_out = _update(plan, extractor, within, batch, *example, apart=apart)
    else:
        outputs = extractor(batch)
        handed_out = {layer: _matrix(outputs[layer]) for layer in apart}
        if within:
            with np.errstate(over="ignore"):  # what does not fit becomes infinite: NaN
                arrays = {layer: jnp.asarray(outputs[layer]) for layer in within}
            within = _update_with(plan, within, arrays, *example)
        del outputs
    found = dict(within)
    update = _update_traced if extractor.traceable else _update_held
    for layer in apart:  # each is let go of as soon as it has been seen
        found[layer] = update(plan, states[layer], handed_out.pop(layer), *example)
    return {layer: found[layer] for layer in states}


@compiled_with(quick_options, static_argnums=(0, 1))
def _init(plan: Plan, layers: tuple[tuple[str, ShapeDtype], ...]) -> States:
    """Return the states of no examples; compiled, as each of many small arrays has its price."""
    return plan.init(dict(layers))


@compiled_with(many_options, static_argnames=("plan", "apart"), donate_argnames="states")
def _update(
    plan: Plan,
    extractor: Extractor,
    states: States,
    inputs: Any,
    y: Any,
    weight: Any,
    index: Any,
    *,
    apart: tuple[str, ...],
) -> tuple[States, dict[str, jax.Array]]:
    outputs = extractor(inputs)
    within = plan.update(states, outputs, y, weight=weight, index=index)
    return within, {layer: units(outputs[layer]) for layer in apart}


@compiled_with(once_options, static_argnames="plan", donate_argnames="states")
def _update_with(
    plan: Plan, states: States, outputs: Mapping[str, Any], y: Any, weight: Any, index: Any
) -> States:
    return plan.update(states, outputs, y, weight=weight, index=index)


def _update_layer(
    plan: Plan, state: LayerStates, x: Any, y: Any, weight: Any, index: Any
) -> LayerStates:
    return plan.update({"": state}, {"": x}, y, weight=weight, index=index)[""]


# With the options of the programs above, or last digits would differ from theirs.
_update_traced = compiled_with(many_options, static_argnames="plan", donate_argnames="state")(
    _update_layer
)
_update_held = compiled_with(once_options, static_argnames="plan", donate_argnames="state")(
    _update_layer
)


def _form(shape: ShapeDtype) -> tuple[int, Any]:
    """Return what layers have in common that share a program: how many units, and the dtype."""
    return math.prod(shape.shape[1:]), jax.dtypes.canonicalize_dtype(shape.dtype)


def _matrix(array: Any) -> Any:
    return array if len(array.shape) == 2 else array.reshape(len(array), -1)


def _kept_nbytes(plan: Plan, layers: Layers) -> int:
    """Return how many bytes the states of these layers take."""
    alike = Counter(map(_form, layers.values()))
    one = {_form(shape): shape for shape in layers.values()}
    return sum(
        count * sum(_nbytes(leaf.shape, leaf.dtype) for leaf in jax.tree.leaves(state))
        for form, count in alike.items()
        for state in [jax.eval_shape(partial(plan.init, {"": one[form]}))]
    )


def _nbytes(shape: tuple[int, ...], dtype: Any) -> int:
    return math.prod(shape) * int(jnp.dtype(dtype).itemsize)
