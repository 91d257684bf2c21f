"""`compare`: how alike the layers of two models are."""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_at_least
from probekit.errors import OptionError, ShapeError
from probekit.estimators import Estimator, resolve
from probekit.extractors import Extractor
from probekit.probing.labelling import dataset_of_pairs, warn_of_undefined
from probekit.probing.plan import units
from probekit.probing.stream import count_examples, even_batch, layer_shapes, take
from probekit.statistics import Statistic, shape_of, shared

if TYPE_CHECKING:
    import xarray as xr

Pair = tuple[str, str]


def compare(
    extractor_a: Extractor,
    extractor_b: Extractor,
    inputs: Any,
    *,
    estimators: str | Estimator | Iterable[str | Estimator] = ("cka",),
    batch_size: int = 4096,
) -> "xr.Dataset":
    """Compare every layer of one model with every layer of another, on the same inputs.

    Parameters
    ----------
    extractor_a, extractor_b : Extractor
        The two models; the same one twice compares a model's layers with each other.
    inputs : pytree of array (example, …)
        What both models are given; None for extractors that hold their examples themselves.
    estimators : names or instances
        Of kind similarity.
    batch_size : int
        At most so many examples are taken through the models at a time.

    Returns
    -------
    xarray.Dataset
        One variable per estimator, dims ``(layer_a, layer_b)``, and its status.

    Raises
    ------
    OptionError
        If an estimator is not of kind similarity.
    ShapeError
        If the two do not have the same examples.

    Warns
    -----
    ScoreWarning
        Once per layer with undefined scores (NaN): which, and why.

    Examples
    --------
    >>> import numpy as np
    >>> import probekit as pk
    >>> x = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32)
    >>> a = pk.extractors.arrays({"first": x, "second": x**2})
    >>> ds = pk.compare(a, a, None, estimators=["cka"])
    >>> ds.cka.dims, round(float(ds.cka.sel(layer_a="first", layer_b="first")), 5)
    (('layer_a', 'layer_b'), 1.0)
    """
    chosen = resolve(estimators)
    for estimator in chosen:
        if estimator.kind != "similarity":
            raise OptionError(
                f"estimators: {estimator.name!r} is of kind {estimator.kind}; "
                "compare needs kind similarity, e.g. 'cka'."
            )
    check_at_least("batch_size", batch_size, 1)
    examples = _examples(extractor_a, extractor_b, inputs)
    serving = shared(estimator.statistic for estimator in chosen)
    kept = tuple(dict.fromkeys(serving.values()))
    states = _collect(kept, extractor_a, extractor_b, inputs, examples, batch_size)
    scores: dict[Pair, dict[str, Any]] = {}
    for pair, state in states.items():
        scores[pair] = {}
        for estimator in chosen:
            part = state[kept.index(serving[estimator.statistic])]
            scores[pair] |= jax.device_get(_compute(estimator, part))
    dataset = dataset_of_pairs(chosen, scores)
    warn_of_undefined(dataset)
    return dataset


def _examples(a: Extractor, b: Extractor, inputs: Any) -> int:
    """Return the number of examples, which must be the same for both."""
    examples = count_examples(a, inputs)
    if count_examples(b, inputs) != examples:
        raise ShapeError(
            f"extractor_b: {count_examples(b, inputs)} examples; extractor_a has {examples}. "
            "Give the same examples in the same order."
        )
    return examples


def _collect(
    kept: tuple[Statistic[Any], ...],
    a: Extractor,
    b: Extractor,
    inputs: Any,
    examples: int,
    batch_size: int,
) -> dict[Pair, tuple[Any, ...]]:
    """Return what the statistics remember of each pair of layers."""
    size = even_batch(examples, batch_size)
    states: dict[Pair, tuple[Any, ...]] = {}
    for start in range(0, examples, size):
        index = np.arange(start, start + size, dtype=np.int32)
        weight = (index < examples).astype(np.float32)
        rows = np.minimum(index, examples - 1)
        outputs_a, outputs_b = (_outputs(extractor, inputs, rows) for extractor in (a, b))
        for name_a, x in outputs_a.items():
            for name_b, y in outputs_b.items():
                pair = name_a, name_b
                if pair not in states:
                    states[pair] = tuple(s.init(shape_of(x), shape_of(y)) for s in kept)
                states[pair] = _update(kept, states[pair], x, y, weight, index)
    return states


def _outputs(extractor: Extractor, inputs: Any, rows: np.ndarray) -> Mapping[str, jax.Array]:
    """Return the representations of these examples, in forward order, as matrices."""
    batch = rows if extractor.indexed else take(inputs, rows)
    outputs = _extract(extractor, batch) if extractor.traceable else extractor(batch)
    return {layer: units(jnp.asarray(outputs[layer])) for layer in layer_shapes(extractor, batch)}


@jax.jit
def _extract(extractor: Extractor, inputs: Any) -> Any:
    return extractor(inputs)


@partial(jax.jit, static_argnames="kept", donate_argnames="states")
def _update(
    kept: tuple[Statistic[Any], ...],
    states: tuple[Any, ...],
    x: jax.Array,
    y: jax.Array,
    weight: jax.Array,
    index: jax.Array,
) -> tuple[Any, ...]:
    return tuple(
        statistic.update(state, x, y, weight=weight, index=index)
        for statistic, state in zip(kept, states, strict=True)
    )


def _compute(estimator: Estimator, state: Any) -> Any:
    if estimator.traceable:
        return _compute_traced(estimator, state)
    return estimator.compute(jax.device_get(state), jax.device_get(state))


@partial(jax.jit, static_argnames="estimator")
def _compute_traced(estimator: Estimator, state: Any) -> Any:
    return estimator.compute(state, state)
