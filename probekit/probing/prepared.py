"""What is probed with: a plan and its examples, for any number of models."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from probekit._checks import check_count, plain
from probekit.errors import OptionError
from probekit.estimators import Estimator
from probekit.extractors import Extractor, arrays
from probekit.inference import Uncertainty
from probekit.probing.blaming import adapted_to, check_counts, of_held_out
from probekit.probing.blocks import Sample
from probekit.probing.extracting import extract
from probekit.probing.features import Features
from probekit.probing.labelling import merged
from probekit.probing.narrowing import Layer, divided, wide_layers
from probekit.probing.plan import Plan, Scores, States
from probekit.probing.readout import read_layers
from probekit.probing.stream import (
    check_held_out_layers,
    check_inputs,
    collect,
    count_examples,
    first_examples,
    layer_shapes,
    real_layers,
)
from probekit.probing.uncertainty import check_uncertainty
from probekit.probing.updating import even_batch
from probekit.statistics import ShapeDtype


class Examples(NamedTuple):
    """Examples to probe with.

    Attributes
    ----------
    inputs : pytree or None
    y : array (example, column) or None
        Their features; None if there are none and the examples are yet to be counted.
    weight : array (example,) or None
        None: 1 each.
    """

    inputs: Any
    y: Any
    weight: Any = None


@dataclasses.dataclass(frozen=True)
class Probe:
    """A plan and the examples that it is carried out on, for any number of models.

    Attributes
    ----------
    plan : Plan
    fit : Examples
        Those that probes are fitted on.
    held_out : Examples or None
        Those that they are scored on, if others. Its inputs may be an extractor that holds its
        examples itself.
    batch_size : int
    """

    plan: Plan
    fit: Examples
    held_out: Examples | None
    batch_size: int

    def counted(self, extractor: Extractor) -> "Probe":
        """Return the same with a matrix of features, of no columns where there are none."""
        fit = _counted(self.fit, extractor, self.fit.inputs)
        held_out = self.held_out
        if held_out is not None:
            with of_held_out():
                held_out = _counted(held_out, *self.scored_on(extractor))
        counted = dataclasses.replace(self, fit=fit, held_out=held_out)
        counted._check_examples()
        return counted

    def states(self, extractor: Extractor) -> tuple[States, States]:
        """Return what the statistics remember of the examples to fit on and to score on."""
        fit = self._collect(extractor, self.fit)
        if self.held_out is None:
            return fit, fit
        scored_by, inputs = self.scored_on(extractor)
        held_out = self.held_out._replace(inputs=inputs)
        return fit, self._collect(scored_by, held_out, argument="held_out features")

    @property
    def scored_count(self) -> int:
        """How many examples there are to score on, of a probe set that is `counted`."""
        return len((self.held_out or self.fit).y)

    def check(self, uncertainty: Uncertainty, extractor: Extractor) -> None:
        """Raise unless there is such uncertainty and the examples fit; nothing is computed."""
        held_out = self.held_out is not None
        check_uncertainty(uncertainty, self.plan.estimators, held_out=held_out)
        check_inputs(extractor, self.fit.inputs, len(self.fit.y))
        self._check_held_out(extractor)
        uncertainty.check(self.scored_count)
        there, count = self.drawn_by(uncertainty)
        there.check(count)

    def drawn_by(self, uncertainty: Uncertainty) -> tuple[Uncertainty, int]:
        """Return what is drawn, and from how many: examples of weight 0 are not."""
        y, weight = (self.held_out or self.fit)[1:]
        if weight is None or np.shape(weight) != (len(y),):  # which is refused later
            return uncertainty, len(y)
        rows = np.flatnonzero(np.asarray(weight) > 0)
        return uncertainty.at(rows), len(rows)

    def in_memory(self, extractor: Extractor) -> tuple[Extractor, "Probe"]:
        """Return the same with the activations in memory: an extractor of them, and a probe set."""
        scored_by, inputs = self.scored_on(extractor)
        fit = arrays(extract(extractor, self.fit.inputs, batch_size=self.batch_size))
        held_out = self.held_out
        if held_out is not None:
            other = arrays(extract(scored_by, inputs, batch_size=self.batch_size))
            held_out = held_out._replace(inputs=other)
        fit_on = self.fit._replace(inputs=None)
        return fit, dataclasses.replace(self, fit=fit_on, held_out=held_out)

    def samples(self, extractor: Extractor) -> tuple[Sample, Sample | None]:
        """Return the examples to fit on and to score on, of a probe set that is `in_memory`."""

        def of(source: Any, examples: Examples) -> Sample:
            return Sample.of(source.arrays, examples.y, examples.weight)

        other = None if self.held_out is None else of(self.held_out.inputs, self.held_out)
        return of(extractor, self.fit), other

    def parts(self, extractor: Extractor) -> list["Part"]:
        """Return what is to be done with which layers: this with all, unless some are wide.

        With coordinates of what has far more units than there are examples, where an estimator has
        the same scores of these; activations are then in memory.
        """
        check_count("batch_size", self.batch_size, 1)
        check_inputs(extractor, self.fit.inputs, len(self.fit.y))
        count = len(self.fit.y) + (0 if self.held_out is None else len(self.held_out.y))
        layers = real_layers(extractor, self._first_batch(extractor))
        self._check_held_out(extractor)
        self.plan.check_sizes(layers, examples=len(self.fit.y))
        wide = wide_layers(layers, count)
        estimators = self.plan.estimators
        if not any(e.narrowed(units=d, to=count) for d in wide.values() for e in estimators):
            return [(self, extractor)]
        source, probe = self.in_memory(extractor)
        fit, held_out = probe.samples(source)
        shares: dict[tuple[Estimator, ...], list[Layer]] = {}
        for layer in fit.x:
            splits = [sample.x[layer] for sample in (fit, held_out) if sample is not None]
            if layer not in wide:
                shares.setdefault(estimators, []).append((layer, splits))
                continue
            weights = [sample.weight for sample in (fit, held_out) if sample is not None]
            for chosen, arrays_of in divided(estimators, splits, weights):
                shares.setdefault(chosen, []).append((layer, arrays_of))
        return [probe._of(chosen, layers) for chosen, layers in shares.items()]

    def _check_examples(self) -> None:
        """Raise where an option of an estimator is of another number of examples."""
        fitted, scored = (len(part.y) for part in (self.fit, self.held_out or self.fit))
        check_counts(self.plan.estimators, fitted=fitted, scored=scored)

    def _check_held_out(self, extractor: Extractor) -> None:
        """Raise unless what is held out fits its features, and the model gives the same layers."""
        if self.held_out is None:
            return
        scored_by, inputs = self.scored_on(extractor)
        with of_held_out():
            count = len(self.held_out.y)
            check_inputs(scored_by, inputs, count, argument="held_out features")
        if scored_by is extractor and _form(inputs) == _form(self.fit.inputs):
            return  # nothing can differ
        layers = real_layers(extractor, self._first_batch(extractor))
        with of_held_out():
            others = real_layers(scored_by, first_examples(scored_by, inputs, 1))
        check_held_out_layers(layers, others, argument="extractor")

    def _of(self, estimators: tuple[Estimator, ...], layers: Sequence[Layer]) -> "Part":
        """Return the same of some estimators and of layers in memory."""
        sources = [
            arrays({layer: splits[i] for layer, splits in layers}) for i in range(len(layers[0][1]))
        ]
        held_out = self.held_out
        if held_out is not None:
            held_out = held_out._replace(inputs=sources[1])
        plan = self.plan.only(estimators)
        return dataclasses.replace(self, plan=plan, held_out=held_out), sources[0]

    def scored_on(self, extractor: Extractor) -> tuple[Extractor, Any]:
        """Return extractor and inputs of the examples that probes are scored on."""
        inputs = self.fit.inputs if self.held_out is None else self.held_out.inputs
        if getattr(inputs, "indexed", False):
            return inputs, None
        # One that holds its examples would give those to fit on again, whatever the inputs are.
        if self.held_out is not None and getattr(extractor, "indexed", False):
            raise OptionError(
                "held_out: the extractor holds its examples itself; "
                "give (an extractor that holds others, features)."
            )
        return extractor, inputs

    def layer_shapes(self, extractor: Extractor) -> Mapping[str, ShapeDtype]:
        """Return shapes ``(example, …)`` of the layers, in forward order."""
        return layer_shapes(extractor, self._first_batch(extractor))

    def layer_order(self, extractor: Extractor) -> list[str]:
        """Return the layers in forward order, which compiled functions forget."""
        return list(self.layer_shapes(extractor))

    def _first_batch(self, extractor: Extractor) -> Any:
        """Return the examples that the model is given first; it is traced for these anyway."""
        given = self.counted(extractor).fit
        return first_examples(extractor, given.inputs, even_batch(len(given.y), self.batch_size))

    def _collect(
        self, extractor: Extractor, examples: Examples, *, argument: str = "features"
    ) -> States:
        return collect(
            self.plan,
            extractor,
            examples.inputs,
            examples.y,
            batch_size=self.batch_size,
            weight=examples.weight,
            argument=argument,
        )


Part = tuple[Probe, Extractor]
"""What is to be done, and the layers it is to be done with."""


def begin(parts: Sequence[Part], layers: Sequence[str]) -> Callable[[], Scores]:
    """Begin to compute all scores; return what waits for them and hands them out by layer."""
    begun = [read_layers(part.plan, *part.states(extractor)) for part, extractor in parts]

    def result() -> Scores:
        found = merged(read() for read in begun)
        return {layer: found[layer] for layer in layers}

    return result


def probe_set_of(
    estimators: tuple[Estimator, ...],
    inputs: Any,
    features: Any,
    held_out: tuple[Any, Any] | None = None,
    *,
    batch_size: int,
    weight: Any = None,
) -> Probe:
    """Check the arguments of `probe` and put them together.

    Features may be tables that were made before, as of several probe sets together.
    """
    if features is None:
        plan = Plan(estimators, (), ())
        other = None if held_out is None else _held_out_alone(held_out)
        return Probe(plan, Examples(inputs, None, weight), other, batch_size)
    other = None
    if held_out is None:
        table = features if isinstance(features, Features) else Features.of(features)
    else:
        others_inputs, others = pair_of(held_out, "(inputs, features)")
        made = isinstance(features, Features)
        table, scored = (features, others) if made else Features.of_all(features, others)
        other = _held_out(others_inputs, scored.in_order_of(table), table)
    columns = _of_present(table.by_name(), weight)
    estimators = adapted_to(columns, estimators)
    plan = Plan(estimators, table.names, table.widths, table.values.dtype.name)
    found = Probe(plan, Examples(inputs, table.values, weight), other, batch_size)
    found._check_examples()
    return found


def _of_present(columns: Mapping[str, np.ndarray], weight: Any) -> Mapping[str, np.ndarray]:
    """Return features without the values of examples that are absent: these are NaN."""
    if weight is None:
        return columns
    weight = plain(weight, "weight")
    if weight.dtype.kind not in "biuf":
        raise OptionError(f"weight: dtype {weight.dtype}; numbers are needed, 0 for an absent one.")
    if any(weight.shape != (len(values),) for values in columns.values()):
        return columns  # which is refused later, when the inputs have been counted
    present = weight[:, None] > 0
    return {name: np.where(present, values, np.nan) for name, values in columns.items()}


def _form(inputs: Any) -> Any:
    """Return the structure of inputs, and the shape of an example."""
    leaves, structure = jax.tree.flatten(inputs)
    return structure, [np.shape(leaf)[1:] for leaf in leaves]


def _counted(examples: Examples, extractor: Extractor, inputs: Any) -> Examples:
    if examples.y is not None:
        return examples
    return examples._replace(y=np.zeros((count_examples(extractor, inputs), 0), np.float32))


def _held_out_alone(held_out: Any) -> Examples:
    """Return examples to score on that have no features either."""
    inputs, features = pair_of(held_out, "(inputs, None), as there are no features")
    if features is not None:
        raise OptionError(
            "held_out: has features, and there are none to fit on. Give features too, or "
            "held_out=(inputs, None)."
        )
    return Examples(inputs, None)


def pair_of(held_out: Any, wanted: str) -> tuple[Any, Any]:
    """Return inputs and features of `held_out`; raise `OptionError` unless it is a pair."""
    if not isinstance(held_out, tuple | list) or len(held_out) != 2:
        raise OptionError(f"held_out: a {type(held_out).__name__}; give {wanted}.")
    inputs, features = held_out
    return inputs, features


def _held_out(inputs: Any, other: Features, table: Features) -> Examples:
    if (other.names, other.widths) != (table.names, table.widths):
        raise OptionError(
            f"held_out: features {other.names} of widths {other.widths}; "
            f"those to fit on are {table.names} of widths {table.widths}. Give the same."
        )
    return Examples(inputs, other.values)
