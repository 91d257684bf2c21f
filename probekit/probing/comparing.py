"""`compare`: how alike the layers of two models are."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_count
from probekit.errors import OptionError, ShapeError
from probekit.estimators import Estimator, resolve
from probekit.extractors import Extractor, arrays
from probekit.inference import Uncertainty, warn_of_few_resamples, warn_of_few_shuffles
from probekit.probing.blocks import Sample
from probekit.probing.extracting import extract
from probekit.probing.labelling import (
    add_uncertainty,
    dataset_of_pairs,
    largest_family,
    stack_resamples,
)
from probekit.probing.pairs import NOTHING_SEEN, PairPlan, PairStates
from probekit.probing.plan import Plan, units
from probekit.probing.stream import (
    count_examples,
    first_examples,
    given_to,
    layer_shapes,
    outputs_of,
    real_layers,
)
from probekit.probing.uncertainty import check_uncertainty, resample
from probekit.probing.undefined import warn_of_undefined
from probekit.probing.updating import even_batch
from probekit.statistics import ShapeDtype

if TYPE_CHECKING:
    import xarray as xr


_Given = tuple[Extractor, Extractor, Any]
"""Two models, and their inputs."""

_Layers = tuple[Mapping[str, jax.Array], Mapping[str, jax.Array]]
"""The layers of both models."""


def compare(
    extractor_a: Extractor,
    extractor_b: Extractor,
    inputs: Any,
    *,
    held_out: Any = None,
    estimators: str | Estimator | Iterable[str | Estimator] = ("cka",),
    batch_size: int = 4096,
    uncertainty: Uncertainty | None = None,
) -> "xr.Dataset":
    """Compare every layer of one model with every layer of another, on the same inputs.

    Parameters
    ----------
    extractor_a, extractor_b : Extractor
        The two models; the same one twice compares a model's layers with each other.
    inputs : pytree of array (example, …)
        What both models are given; None for extractors that hold their examples themselves.
    held_out : pytree of array (example, …), or (Extractor, Extractor), optional
        Other examples, that are scored instead. An alignment with ``align_on="fit"`` is that of the
        first ones, and no other similarity looks at these. In place of the inputs may stand two
        extractors that hold their examples themselves.
    estimators : names or instances
        Of kind similarity.
    batch_size : int
        At most so many examples are taken through the models at a time.
    uncertainty : Bootstrap or Permutation, optional
        How sure the similarities are, in further variables such as ``<name>_ci`` and ``<name>_p``;
        a permutation shuffles which example of one model belongs to which of the other. The models
        are still run once, but their activations are kept in memory. With `held_out` see Notes.

    Returns
    -------
    xarray.Dataset
        One variable per estimator, dims ``(layer_a, layer_b)``, and its status.

    Raises
    ------
    OptionError
        If an estimator is not of kind similarity, an extractor is none, or extractors that hold
        their examples, or a permutation within groups, are given with other inputs held out.
    ShapeError
        If the two do not have the same examples, or layers of what is held out have other names or
        widths.

    Warns
    -----
    ScoreWarning
        Once per layer with undefined scores (NaN): which, and why.
    ProbekitWarning
        If a bootstrap has too few resamples for its intervals, or fewer than 10 examples or groups
        to draw from; or if a permutation has too few for a corrected p of 0.05.

    Notes
    -----
    With `held_out` a bootstrap resamples the examples that are scored, and its groups are theirs;
    what was fitted stays. The interval is that of this alignment on new examples. It tells nothing
    of how the alignment would differ, had other examples been there to fit it: the mean over
    alignments, which is a property of the two models and of the number of fitted examples, it holds
    less often than its confidence, and the more seldom the fewer are fitted. It supposes that no
    group has examples in both sets. A permutation shuffles either set within itself and fits anew.

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
    chosen = _similarities(estimators)
    check_count("batch_size", batch_size, 1)
    examples = _examples(extractor_a, extractor_b, inputs)
    same = extractor_b is extractor_a
    if uncertainty is not None:
        check_uncertainty(uncertainty, chosen, held_out=held_out is not None)
    given = scored = (extractor_a, extractor_b, inputs)
    if held_out is not None:
        scored = _scored_on(extractor_a, extractor_b, held_out)
        examples = _examples(*scored)
        same = same and scored[0] is scored[1]
    if uncertainty is not None:
        uncertainty.check(examples)
        warn_of_few_resamples(uncertainty, examples=examples)
        given = _in_memory(*given, batch_size)
        scored = given if held_out is None else _in_memory(*scored, batch_size)
    shapes = tuple(_units(extractor, scored[2]) for extractor in scored[:2])
    plan = PairPlan.of(chosen, *shapes, same=same, examples=examples)
    states = _seen(plan, *scored, batch_size)
    fit = None
    if held_out is not None:
        _check_layers(given, shapes)
        fit = _fitted(plan.fitted(), given, batch_size)
    dataset = dataset_of_pairs(chosen, plan.compute(fit, states))
    if uncertainty is not None:
        other = None if held_out is None else _layers_of(scored)
        every = _resampled(chosen, _layers_of(given), other, uncertainty)
        dataset = add_uncertainty(dataset, every, uncertainty, examples=examples)
        warn_of_few_shuffles(uncertainty, largest_family(dataset))
    warn_of_undefined(dataset)
    return dataset


def _similarities(estimators: str | Estimator | Iterable[str | Estimator]) -> tuple[Estimator, ...]:
    """Return the estimators that are meant, all of kind similarity."""
    chosen = resolve(estimators)
    for estimator in chosen:
        if estimator.kind != "similarity":
            raise OptionError(
                f"estimators: {estimator.name!r} is of kind {estimator.kind}; "
                "compare needs kind similarity, e.g. 'cka'."
            )
    return chosen


def _seen(
    plan: PairPlan, extractor_a: Extractor, extractor_b: Extractor, inputs: Any, batch_size: int
) -> PairStates:
    """Return what is remembered of all examples."""
    states = NOTHING_SEEN
    for rows, weight, index in _batches(_examples(extractor_a, extractor_b, inputs), batch_size):
        a = _outputs(extractor_a, inputs, rows)
        b = a if extractor_b is extractor_a else _outputs(extractor_b, inputs, rows)
        states = plan.update(states, a, b, weight=weight, index=index)
    return states


def _fitted(plan: PairPlan, given: _Given, batch_size: int) -> PairStates:
    """Return the same of examples that are fitted; the models are not run if none looks at them."""
    return _seen(plan, *given, batch_size) if plan.estimators else NOTHING_SEEN


def _scored_on(a: Extractor, b: Extractor, held_out: Any) -> _Given:
    """Return the extractors and the inputs of the examples that are held out."""
    pair = isinstance(held_out, tuple) and len(held_out) == 2
    if pair and all(getattr(part, "indexed", False) for part in held_out):
        return (*held_out, None)
    for name, extractor in (("extractor_a", a), ("extractor_b", b)):
        if extractor.indexed:
            raise OptionError(
                f"held_out: {name} holds its examples itself; give two extractors that hold others."
            )
    return a, b, held_out


def _check_layers(given: _Given, scored: tuple[Mapping[str, ShapeDtype], ...]) -> None:
    """Raise unless what is held out has the layers of what is fitted, of the same widths."""
    for name, extractor, shapes in zip("ab", given[:2], scored, strict=True):
        fitted, other = (
            {layer: shape.shape[1] for layer, shape in side.items()}
            for side in (_units(extractor, given[2]), shapes)
        )
        if fitted != other:
            raise ShapeError(
                f"held_out: layers of widths {other}; extractor_{name} has {fitted}. "
                "Give the same layers."
            )


def _in_memory(a: Extractor, b: Extractor, inputs: Any, batch_size: int) -> _Given:
    """Run both models on all inputs, one that is there twice once."""
    of_a = arrays(extract(a, inputs, batch_size=batch_size))
    return of_a, of_a if b is a else arrays(extract(b, inputs, batch_size=batch_size)), None


def _layers_of(given: _Given) -> _Layers:
    """Return what extractors in memory hold, as matrices."""
    a, b = (
        {layer: units(jnp.asarray(array)) for layer, array in extractor(None).items()}
        for extractor in given[:2]
    )
    return a, b


def _resampled(
    estimators: tuple[Estimator, ...],
    fit: _Layers,
    held_out: _Layers | None,
    uncertainty: Uncertainty,
) -> dict[str, np.ndarray]:
    """Return ``{name: (resample, layer_a, layer_b, …)}``: each layer of b as a feature of a's."""
    of_b: list[dict[str, np.ndarray]] = []
    for layer, y in fit[1].items():
        plan = Plan(estimators, ("",), (y.shape[1],))
        other = None if held_out is None else Sample.of(held_out[0], held_out[1][layer])
        found = stack_resamples(resample(plan, Sample.of(fit[0], y), other, uncertainty))
        of_b.append({name: scores[:, :, 0] for name, scores in found.items()})
    return {name: np.stack([scores[name] for scores in of_b], axis=2) for name in of_b[0]}


def _examples(a: Extractor, b: Extractor, inputs: Any) -> int:
    """Return the number of examples, which must be the same for both."""
    examples = count_examples(a, inputs, argument="extractor_a")
    of_b = count_examples(b, inputs, argument="extractor_b")
    if of_b != examples:
        raise ShapeError(
            f"extractor_b: {of_b} examples; extractor_a has {examples}. "
            "Give the same examples in the same order."
        )
    return examples


def _batches(examples: int, batch_size: int) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Yield rows, weights and numbers of batches of one size; the last is filled up."""
    size = even_batch(examples, batch_size)
    for start in range(0, examples, size):
        index = np.arange(start, start + size, dtype=np.int32)
        yield np.minimum(index, examples - 1), (index < examples).astype(np.float32), index


def _units(extractor: Extractor, inputs: Any) -> dict[str, ShapeDtype]:
    """Return shapes and dtypes of the layers as matrices ``(1, unit)``."""
    batch = first_examples(extractor, inputs, 1)
    return {
        layer: jax.eval_shape(units, shape)
        for layer, shape in real_layers(extractor, batch).items()
    }


def _outputs(extractor: Extractor, inputs: Any, rows: np.ndarray) -> Mapping[str, jax.Array]:
    """Return the representations of these examples, in forward order, as matrices."""
    batch = given_to(extractor, inputs, rows)
    outputs = outputs_of(extractor, batch)
    return {layer: units(jnp.asarray(outputs[layer])) for layer in layer_shapes(extractor, batch)}
