"""Takes the examples through the model in batches and keeps only statistics of them."""

import inspect
import math
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_count, plain, shape_text
from probekit.errors import OptionError, ShapeError
from probekit.extractors import Extractor
from probekit.probing.plan import Plan, States
from probekit.probing.updating import even_batch, no_examples, updated, way_through
from probekit.statistics import ShapeDtype


def collect(
    plan: Plan,
    extractor: Extractor,
    inputs: Any,
    y: np.ndarray,
    *,
    batch_size: int,
    weight: np.ndarray | None = None,
    argument: str = "features",
) -> States:
    """Return what the plan's statistics remember of all examples.

    Extraction and statistics are compiled, the same for every batch: the last one is filled up with
    examples of weight 0. New parameters of the same model do not recompile anything.

    Parameters
    ----------
    plan : Plan
    extractor : Extractor
    inputs : pytree of array (example, …)
        Not looked at if the extractor is indexed.
    y : array (example, column)
        The features.
    batch_size : int
        At most so many examples at a time.
    weight : array (example,), optional
        1 for every example unless given.
    argument : str
        What errors call the features.

    Raises
    ------
    OptionError
        If the extractor is none, or a weight is negative or not finite, or weights are shares.
    ShapeError
        If inputs and features do not have the same examples, or there are none.
    """
    check_count("batch_size", batch_size, 1)
    examples = check_inputs(extractor, inputs, len(y), argument=argument)
    weight = _checked_weight(weight, examples)

    def layers_of(size: int) -> Mapping[str, ShapeDtype]:
        return real_layers(extractor, first_examples(extractor, inputs, size))

    size = even_batch(examples, batch_size)
    layers = layers_of(size)
    way = way_through(plan, layers, examples, batch_size, held=not extractor.traceable)
    states = no_examples(plan, layers_of(way.size) if way.size < size else layers, way.apart)
    for start in range(0, examples, way.size):
        index = np.arange(start, start + way.size, dtype=np.int32)
        present = index < examples
        rows = np.minimum(index, examples - 1)
        batch_weight = np.where(present, weight[rows], 0).astype(np.float32)
        example = y[rows], batch_weight, index
        batch = given_to(extractor, inputs, rows)
        if start and way.apart and extractor.traceable:
            _wait_for(states)  # or what is handed out would pile up, batch upon batch
        states = updated(plan, extractor, states, batch, example, way.apart)
    return states


def _checked_weight(weight: np.ndarray | None, examples: int) -> np.ndarray:
    weight = np.ones(examples) if weight is None else plain(weight, "weight")
    weight = weight.astype(np.float32)
    if weight.shape != (examples,):
        raise ShapeError(f"weight: shape {weight.shape}; inputs have {examples} examples.")
    if not (np.isfinite(weight) & (weight >= 0)).all():
        raise OptionError("weight: some are negative or not finite; give 0 for an absent example.")
    if np.count_nonzero(weight) >= 2 and weight.sum(dtype=float) < 2:
        raise OptionError(
            f"weight: {weight.sum(dtype=float):.3g} in all, of {examples} examples; each counts "
            "how often one is there, which are too few. Give weight / weight.mean()."
        )
    return weight


def _wait_for(states: States) -> None:
    for leaf in jax.tree.leaves(states):
        leaf.block_until_ready()


def batches_of(
    source: tuple[Extractor, Any], layers: Sequence[str], *, batch_size: int
) -> Iterator[dict[str, np.ndarray]]:
    """Yield the activations of these layers batch by batch, on the host.

    Parameters
    ----------
    source : (Extractor, inputs)
    layers : sequence of str
    batch_size : int
    """
    extractor, inputs = source
    examples = count_examples(extractor, inputs)
    for start in range(0, examples, batch_size):
        rows = np.arange(start, min(start + batch_size, examples))
        batch = given_to(extractor, inputs, rows)
        if extractor.traceable:
            outputs = _extract_some(extractor, batch, tuple(layers))
        else:
            outputs = {layer: array for layer, array in extractor(batch).items() if layer in layers}
        found = jax.device_get(outputs)
        yield {layer: found[layer] for layer in layers}  # JAX sorts them by name


@partial(jax.jit, static_argnames="layers")
def _extract_some(
    extractor: Extractor, batch: Any, layers: tuple[str, ...]
) -> dict[str, jax.Array]:
    outputs = extractor(batch)
    return {layer: outputs[layer] for layer in layers}


_shapes_seen: dict[Any, dict[str, ShapeDtype]] = {}


def layer_shapes(extractor: Extractor, batch: Any) -> Mapping[str, ShapeDtype]:
    """Return ``extractor.layers(batch)``, remembered for models and batches of the same shapes.

    Listing the layers traces the model, which may take longer than running it.
    """
    if not extractor.traceable:
        return extractor.layers(batch)
    leaves, structure = jax.tree.flatten((extractor, batch))
    key = structure, tuple(map(_form, leaves))
    try:
        hash(key)
    except TypeError:  # an extractor whose static part has no hash
        return extractor.layers(batch)
    if key not in _shapes_seen:
        if len(_shapes_seen) >= 256:
            _shapes_seen.clear()
        _shapes_seen[key] = dict(extractor.layers(batch))
    return _shapes_seen[key]


def _form(leaf: Any) -> tuple[Any, Any]:
    """Return shape and dtype of an array, or of a number that is no array."""
    dtype = getattr(leaf, "dtype", None)  # asking JAX for it takes as long as a small program
    return np.shape(leaf), jax.dtypes.result_type(leaf) if dtype is None else dtype


def given_to(extractor: Extractor, inputs: Any, rows: np.ndarray) -> Any:
    """Return these examples as the extractor is given them: their numbers, if it holds them."""
    if extractor.indexed:
        return rows
    batch = take(inputs, rows)
    return jax.tree.map(_computable, batch) if extractor.traceable else batch


def _computable(array: Any) -> Any:
    """Return an array as JAX takes it; what a mask hides is NaN."""
    if isinstance(array, jax.Array):
        return array
    array = plain(array, "inputs")
    if array.dtype.kind in "iu":
        _check_fits(array)
    return array


def _check_fits(array: np.ndarray) -> None:
    """Raise `ShapeError` if JAX would wrap integers of 64 bits, of which it makes 32."""
    computed = np.iinfo(jax.dtypes.canonicalize_dtype(array.dtype))
    if array.dtype.itemsize * 8 > computed.bits and array.size:
        low, high = int(array.min()), int(array.max())
        if low < computed.min or high > computed.max:
            raise ShapeError(
                f"inputs: dtype {array.dtype}, from {low} to {high}; JAX computes in "
                f"{computed.dtype}, where such numbers are others. Number them anew, or set "
                "jax_enable_x64."
            )


def real_layers(extractor: Extractor, batch: Any) -> Mapping[str, ShapeDtype]:
    """Return `layer_shapes`; raise `ShapeError` if a layer has no units, or values not real."""
    shapes = layer_shapes(extractor, batch)
    for layer, shape in shapes.items():
        real = jnp.issubdtype(shape.dtype, jnp.floating) or jnp.issubdtype(shape.dtype, jnp.integer)
        if not real and shape.dtype != bool:
            raise ShapeError(
                f"layer {layer!r}: {shape_text(shape)}; real numbers are needed. Leave it out by "
                "layers=, or give real and imaginary parts as two layers."
            )
        if 0 in shape.shape[1:]:
            raise ShapeError(
                f"layer {layer!r}: {shape_text(shape)}; it has no units. Leave it out by layers=."
            )
    return shapes


def first_examples(extractor: Extractor, inputs: Any, count: int) -> Any:
    """Return the first examples, as the extractor is given them."""
    return given_to(extractor, inputs, np.arange(count, dtype=np.int32))


def outputs_of(extractor: Extractor, batch: Any) -> Mapping[str, Any]:
    """Return the representations of a batch; compiled, if the extractor can be."""
    outputs: Mapping[str, Any] = (
        _extract(extractor, batch) if extractor.traceable else extractor(batch)
    )
    return outputs


@jax.jit
def _extract(extractor: Extractor, batch: Any) -> Any:
    return extractor(batch)


def check_inputs(
    extractor: Extractor, inputs: Any, examples: int, *, argument: str = "features"
) -> int:
    """Return the number of examples of `inputs`, which must be that of the features."""
    given = count_examples(extractor, inputs)
    if given != examples:
        raise ShapeError(
            f"{argument}: {examples} examples; inputs have {given}. Give the same examples."
        )
    return given


def check_held_out_layers(
    fitted: Mapping[str, ShapeDtype], other: Mapping[str, ShapeDtype], *, argument: str
) -> None:
    """Raise `ShapeError` unless what is held out has the layers of what is fitted, and as wide."""
    widths, others = (
        {layer: math.prod(shape.shape[1:]) for layer, shape in side.items()}
        for side in (fitted, other)
    )
    if widths != others:
        raise ShapeError(
            f"held_out: layers of widths {others}; {argument} has {widths}. Give the same layers."
        )


def check_extractor(extractor: Any, argument: str = "extractor") -> None:
    """Raise `OptionError` unless it is one: a model alone, or a dict of arrays, is none."""
    if all(hasattr(extractor, part) for part in ("layers", "indexed", "traceable")):
        return
    are_activations = isinstance(extractor, Mapping) or hasattr(extractor, "shape")
    models = "linen(model, variables), nnx(model), …"
    if inspect.isroutine(extractor):
        models = f"function(fn), {models}"
    remedy = "arrays(activations)" if are_activations else models
    raise OptionError(
        f"{argument}: a {type(extractor).__name__} is no extractor; "
        f"make one of it with probekit.extractors.{remedy}."
    )


def count_examples(extractor: Extractor, inputs: Any, *, argument: str = "extractor") -> int:
    """Return the number of examples of `inputs`, or of those that the extractor holds itself."""
    check_extractor(extractor, argument)
    if extractor.indexed:
        given = int(extractor.examples)  # type: ignore[attr-defined]
    else:
        leaves = jax.tree.leaves(inputs)
        if not leaves or not all(_has_examples(leaf) for leaf in leaves):
            raise ShapeError(
                f"inputs: a {type(inputs).__name__}; give an array (example, …), "
                "or several in a tuple or dict."
            )
        if extractor.traceable:
            for leaf in leaves:
                _check_traceable(leaf)
        given = int(leaves[0].shape[0])
        for leaf in leaves:
            if leaf.shape[0] != given:
                raise ShapeError(
                    f"inputs: arrays of {given} and {leaf.shape[0]} examples; "
                    "all need the same examples."
                )
    if given == 0:
        raise ShapeError("inputs: 0 examples; at least 1 is needed.")
    return given


def _check_traceable(leaf: Any) -> None:
    """Raise `ShapeError` for what JAX cannot trace: it tells of that in many lines."""
    if hasattr(leaf, "detach"):
        raise ShapeError(
            f"inputs: a {type(leaf).__name__} of PyTorch; give inputs.numpy(), or a model of "
            "PyTorch by probekit.extractors.torch."
        )
    if getattr(leaf.dtype, "kind", "") in "OSUMm":
        raise ShapeError(f"inputs: {shape_text(leaf)}; numbers are needed.")


def _has_examples(leaf: Any) -> bool:
    return bool(getattr(leaf, "shape", ())) and hasattr(leaf, "dtype")


def take(inputs: Any, rows: np.ndarray) -> Any:
    """Return these examples of every array: a slice where they follow each other."""
    follow = rows[-1] - rows[0] == len(rows) - 1
    key = slice(int(rows[0]), int(rows[-1]) + 1) if follow else rows
    return jax.tree.map(lambda array: array[key], inputs)
