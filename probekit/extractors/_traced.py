"""What extractors of models that JAX can trace have in common."""

from collections.abc import Iterable
from typing import Any, ClassVar

import jax

from probekit.extractors._captured import INPUT, layers_of, parts_of
from probekit.extractors._examples import Listing, Seen, Shapes, placed, shape_of
from probekit.extractors._pooling import Pool, pooled, pooled_shape
from probekit.extractors._protocol import Extractor


class TracedExtractor(Extractor):
    """An extractor that runs a model and takes the layers out of all that it has captured.

    Attributes
    ----------
    patterns : tuple of str
        Globs of the layers that are asked for.
    pool : str, int, callable or None
    method : str, callable or None
        What is called in place of the model.
    remedy : str
        What to do if nothing is seen of a module.
    """

    patterns: tuple[str, ...]
    pool: Pool
    method: Any
    remedy: ClassVar[str] = ""

    @property
    def inputs_too(self) -> bool:
        """Whether what modules are given is asked for, and not only what they give out."""
        return any(INPUT in pattern for pattern in self.patterns)

    def __repr__(self) -> str:
        """Name the model and what is read of it, and no parameters: they would fill pages."""
        framework = type(self).__name__.removesuffix("Extractor").lower()
        given = {"pool": self.pool, "method": self.method}
        options = [f"{name}={value!r}" for name, value in given.items() if value is not None]
        model = type(self._model()).__name__
        return f"{framework}({', '.join([model, f'layers={list(self.patterns)}', *options])})"

    def _model(self) -> Any:
        """Return the model, whatever its parameters."""
        raise NotImplementedError

    def _run(self, inputs: Any) -> Seen:
        """Run the model; return all values that were captured."""
        raise NotImplementedError

    def layers(self, inputs: Any) -> Shapes:
        """Return the layers that were asked for, in the order in which they are computed."""
        listing = self._listing(inputs)
        listing.warn(self.patterns, self.remedy)
        return {
            layer: pooled_shape(listing.shapes[layer], self.pool, layer)
            for layer in listing.chosen(self.patterns)
        }

    def parameters(self, inputs: Any) -> dict[str, int | None]:
        """Return how many numbers the module holds that gives a layer out."""
        return self._listing(inputs).counts(self.patterns)

    def __call__(self, inputs: Any) -> dict[str, jax.Array]:
        """Return the activations of the layers that were asked for."""
        if not any(isinstance(leaf, jax.core.Tracer) for leaf in jax.tree.leaves((self, inputs))):
            self._listing(inputs).warn(self.patterns, self.remedy, again=False)
        return dict(_extract(self, inputs))

    def _extract(self, inputs: Any) -> "_Layers":
        listing = self._listing(inputs)
        found = dict(layers_of(placed(parts_of(self._run(inputs).captured), listing.axes)))
        names = listing.chosen(self.patterns)
        return _Layers(names, (pooled(found[name], self.pool, layer=name) for name in names))

    def _listing(self, inputs: Any) -> Listing:
        """Return what the model gives out for inputs of these shapes; nothing is computed."""
        shapes = jax.tree.map(shape_of, (self, inputs))
        leaves, structure = jax.tree.flatten(shapes)
        key = structure, *((leaf.shape, leaf.dtype) for leaf in leaves)
        listing = _LISTINGS.get(key)
        if listing is None:
            if len(_LISTINGS) >= 256:
                _LISTINGS.clear()  # another thread may be about to return one of them
            listing = _LISTINGS[key] = Listing.of(shapes[0]._look, shapes[1])
        return listing

    def _look(self, inputs: Any) -> Seen:
        """Return what a run shows, in shapes."""
        found: list[Seen] = []

        def look(extractor: "TracedExtractor", inputs: Any) -> Any:
            found.append(extractor._run(inputs))
            return [captured.value for captured in found[0].captured]

        values = jax.eval_shape(look, self, inputs)
        seen = found[0]
        pairs = zip(seen.captured, values, strict=True)
        seen.captured = [captured._replace(value=value) for captured, value in pairs]
        return seen


@jax.tree_util.register_pytree_node_class
class _Layers(dict[str, Any]):
    """Layers in forward order, which JAX leaves as it is: plain dicts it sorts by key."""

    def __init__(self, names: Iterable[str], arrays: Iterable[Any]) -> None:
        super().__init__(zip(names, arrays, strict=True))

    def tree_flatten(self) -> tuple[tuple[Any, ...], tuple[str, ...]]:
        return tuple(self.values()), tuple(self)

    @classmethod
    def tree_unflatten(cls, names: tuple[str, ...], arrays: tuple[Any, ...]) -> "_Layers":
        return cls(names, arrays)


@jax.jit
def _extract(extractor: TracedExtractor, inputs: Any) -> _Layers:
    return extractor._extract(inputs)


_LISTINGS: dict[Any, Listing] = {}
