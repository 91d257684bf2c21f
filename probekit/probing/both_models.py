"""Two models and what both are given."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from probekit.errors import ShapeError
from probekit.extractors import Extractor, arrays
from probekit.probing.extracting import extract
from probekit.probing.plan import units
from probekit.probing.stream import (
    count_examples,
    first_examples,
    given_to,
    layer_shapes,
    outputs_of,
    real_layers,
)
from probekit.probing.updating import even_batch
from probekit.statistics import ShapeDtype

Layers = Mapping[str, jax.Array]
Shapes = Mapping[str, ShapeDtype]


class Batch(NamedTuple):
    """Some examples: matrices ``(example, unit)`` of either model, in forward order."""

    a: Layers
    b: Layers
    weight: np.ndarray
    number: np.ndarray


class BothModels(NamedTuple):
    """Two models, or one twice, and their inputs."""

    a: Extractor
    b: Extractor
    inputs: Any

    @property
    def same(self) -> bool:
        """Whether it is one model, whose layers are looked at once."""
        return self.b is self.a or _holds_the_same(self.a, self.b)

    def examples(self) -> int:
        """Return the number of examples, which must be the same for both."""
        examples = count_examples(self.a, self.inputs, argument="extractor_a")
        of_b = count_examples(self.b, self.inputs, argument="extractor_b")
        if of_b != examples:
            raise ShapeError(
                f"extractor_b: {of_b} examples; extractor_a has {examples}. "
                "Give the same examples in the same order."
            )
        return examples

    def shapes(self) -> tuple[Shapes, Shapes]:
        """Return shapes and dtypes of the layers as matrices ``(1, unit)``."""
        a = _shapes(self.a, self.inputs)
        return a, a if self.same else _shapes(self.b, self.inputs)

    def in_memory(self, batch_size: int) -> "BothModels":
        """Run the models on all inputs, one that is there twice once."""
        a = arrays(extract(self.a, self.inputs, batch_size=batch_size))
        b = a if self.same else arrays(extract(self.b, self.inputs, batch_size=batch_size))
        return BothModels(a, b, None)

    def layers(self) -> tuple[Layers, Layers]:
        """Return what extractors that are `in_memory` hold, as matrices."""
        a, b = (
            {layer: units(jnp.asarray(array)) for layer, array in extractor(None).items()}
            for extractor in (self.a, self.b)
        )
        return a, b

    def batches(self, batch_size: int) -> Iterator[Batch]:
        """Yield all examples in batches of one size; the last is filled up by weights of 0."""
        examples, same = self.examples(), self.same
        size = even_batch(examples, batch_size)
        for start in range(0, examples, size):
            index = np.arange(start, start + size, dtype=np.int32)
            rows = np.minimum(index, examples - 1)
            a = _outputs(self.a, self.inputs, rows)
            b = a if same else _outputs(self.b, self.inputs, rows)
            yield Batch(a, b, (index < examples).astype(np.float32), index)


def _holds_the_same(a: Extractor, b: Extractor) -> bool:
    """Whether two extractors are of the very same arrays, read in the same way.

    A function without arrays is not trusted to give twice the same.
    """
    structures: Any
    (leaves, others), structures = zip(*map(jax.tree.flatten, (a, b)), strict=True)
    return (
        0 < len(leaves) == len(others)
        and all(one is other for one, other in zip(leaves, others, strict=True))
        and bool(structures[0] == structures[1])
    )


def _shapes(extractor: Extractor, inputs: Any) -> Shapes:
    batch = first_examples(extractor, inputs, 1)
    return {
        layer: jax.eval_shape(units, shape)
        for layer, shape in real_layers(extractor, batch).items()
    }


def _outputs(extractor: Extractor, inputs: Any, rows: np.ndarray) -> Layers:
    batch = given_to(extractor, inputs, rows)
    outputs = outputs_of(extractor, batch)
    with np.errstate(over="ignore"):  # what does not fit becomes infinite: NaN
        return {
            layer: units(jnp.asarray(outputs[layer])) for layer in layer_shapes(extractor, batch)
        }
