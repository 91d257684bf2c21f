"""What is compared on what, divided where layers have far more units than examples."""

from typing import Any, NamedTuple

from probekit.estimators import Estimator
from probekit.extractors import Extractor, arrays
from probekit.probing.both_models import BothModels, Shapes
from probekit.probing.narrowing import in_coordinates, wide_layers


class Comparison(NamedTuple):
    """Similarities, and what they are of.

    Attributes
    ----------
    estimators : tuple of Estimator
    given : BothModels
        With the examples that are fitted, and scored unless others are.
    held_out : BothModels or None
    """

    estimators: tuple[Estimator, ...]
    given: BothModels
    held_out: BothModels | None

    @property
    def scored(self) -> BothModels:
        """What is scored."""
        return self.given if self.held_out is None else self.held_out

    def parts(self, batch_size: int, *, resampled: bool) -> list["Comparison"]:
        """Return what is to be compared on what: all on all, unless layers are wide.

        With coordinates of these, where estimators have the same scores of them and would not make
        Gram matrices anyway, which resamples do not; activations are then in memory.
        """
        shapes, examples = self.scored.shapes(), self.scored.examples()
        count = examples + (0 if self.held_out is None else self.given.examples())
        wide = tuple(wide_layers(side, count) for side in shapes)
        if not any(wide):
            return [self]
        ways: dict[_Way | None, list[Estimator]] = {}
        for estimator in self.estimators:
            way = _way_of(estimator, wide, count)
            if way is not None and not resampled and _has_pairing(estimator, shapes, examples):
                way = None
            ways.setdefault(way, []).append(estimator)
        if not any(ways):
            return [self]
        memory = Comparison(
            self.estimators,
            self.given.in_memory(batch_size),
            None if self.held_out is None else self.held_out.in_memory(batch_size),
        )
        return [
            (memory if way is None else memory._narrowed(way, wide))._replace(
                estimators=tuple(estimators)
            )
            for way, estimators in ways.items()
        ]

    def _narrowed(self, way: "_Way", wide: tuple[dict[str, int], ...]) -> "Comparison":
        """Return the same, of models in memory, with coordinates of the wide layers."""
        models = [self.given] if self.held_out is None else [self.given, self.held_out]
        sides = [_narrowed_side([m.a for m in models], wide[0], way.centred)]
        if not way.both:
            sides.append([m.b for m in models])
        elif all(m.same for m in models):
            sides.append(sides[0])
        else:
            sides.append(_narrowed_side([m.b for m in models], wide[1], way.centred))
        found = [BothModels(a, b, None) for a, b in zip(*sides, strict=True)]
        return Comparison(self.estimators, found[0], found[1] if self.held_out else None)


class _Way(NamedTuple):
    """How layers are narrowed for an estimator: about their means, and of both models."""

    centred: bool
    both: bool


def _way_of(estimator: Estimator, wide: tuple[dict[str, int], ...], examples: int) -> _Way | None:
    """Return how an estimator may be given coordinates; None if it may not, or gains nothing."""
    both = estimator.symmetric
    units = [d for side in wide[: 2 if both else 1] for d in side.values()]
    if not units or estimator.narrowed(units=max(units), to=examples) is not estimator:
        return None
    return _Way("translation" in estimator.invariances, both)


def _has_pairing(estimator: Estimator, shapes: tuple[Shapes, Shapes], examples: int) -> bool:
    units = tuple(shape.shape[1] for side in shapes for shape in side.values())
    pairs = len(shapes[0]) * len(shapes[1])
    return estimator.pairing(examples=examples, units=units, pairs=pairs) is not None


def _narrowed_side(models: list[Any], wide: dict[str, int], centred: bool) -> list[Extractor]:
    """Return extractors of one model's layers, for what is fitted and what is held out."""
    layers: list[dict[str, Any]] = [{} for _ in models]
    for layer in models[0].arrays:
        splits = [model.arrays[layer] for model in models]
        if layer in wide:
            splits = in_coordinates(splits, centred=centred)
        for kept, split in zip(layers, splits, strict=True):
            kept[layer] = split
    return [arrays(kept) for kept in layers]
