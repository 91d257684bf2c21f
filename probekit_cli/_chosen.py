"""Some layers of an extractor; imports jax, so commands import this when they run."""

import dataclasses
import inspect
from typing import Any

import jax

from probekit.extractors import Extractor, arrays, match


@jax.tree_util.register_pytree_node_class
@dataclasses.dataclass(frozen=True)
class Chosen(Extractor):
    """An extractor that gives some of the layers of another one; use `chosen`."""

    extractor: Extractor
    globs: tuple[str, ...]

    @property
    def traceable(self) -> bool:  # type: ignore[override]
        """As that of the other."""
        return self.extractor.traceable

    @property
    def indexed(self) -> bool:  # type: ignore[override]
        """As that of the other."""
        return self.extractor.indexed

    @property
    def examples(self) -> int:
        """How many examples the other one holds, if it does."""
        return int(self.extractor.examples)  # type: ignore[attr-defined]

    def layers(self, inputs: Any) -> dict[str, jax.ShapeDtypeStruct]:
        """Return the layers that the globs match."""
        there = self.extractor.layers(inputs)
        return {layer: there[layer] for layer in match(there, self.globs)}

    def parameters(self, inputs: Any) -> dict[str, int | None]:
        """Return the counts of parameters that the other one knows."""
        count = getattr(self.extractor, "parameters", None)
        # Many an extractor has a field of that name, which holds parameters and counts none.
        return dict(count(inputs)) if inspect.ismethod(count) else {}

    def __call__(self, inputs: Any) -> dict[str, jax.Array]:
        """Return the activations of these layers; under ``jit`` no others are kept."""
        outputs = self.extractor(inputs)
        return {layer: outputs[layer] for layer in match(outputs, self.globs)}

    def tree_flatten(self) -> tuple[tuple[Any], tuple[str, ...]]:
        """Take the other extractor as a pytree of its own."""
        return (self.extractor,), self.globs

    @classmethod
    def tree_unflatten(cls, globs: tuple[str, ...], children: tuple[Any]) -> "Chosen":
        """Put the parts together again."""
        return cls(children[0], globs)


def chosen(extractor: Any, globs: list[str]) -> Any:
    """Return an extractor of the layers that globs match; all of them if there are no globs."""
    if not globs:
        return extractor
    held = getattr(extractor, "arrays", None)
    if isinstance(held, dict):  # layers on a disk that were not asked for are not read
        return arrays(held, layers=globs)
    return Chosen(extractor, tuple(globs))
