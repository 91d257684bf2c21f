"""`compare`: how alike the layers of two models are."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import jax.numpy as jnp
import numpy as np

from probekit._checks import check_count
from probekit.errors import OptionError
from probekit.estimators import Estimator, resolve
from probekit.extractors import Extractor
from probekit.inference import (
    Bootstrap,
    Permutation,
    Uncertainty,
    warn_of_few_resamples,
    warn_of_few_shuffles,
)
from probekit.probing.biased import warn_of_biased
from probekit.probing.blaming import check_counts, of_held_out
from probekit.probing.blocks import Sample
from probekit.probing.both_models import BothModels
from probekit.probing.comparison import Comparison
from probekit.probing.labelling import (
    add_uncertainty,
    dataset_of_pairs,
    largest_family,
    merged,
    stack_resamples,
)
from probekit.probing.pairs import NOTHING_SEEN, Pair, PairPlan, PairStates
from probekit.probing.plan import Plan
from probekit.probing.stream import check_held_out_layers
from probekit.probing.uncertainty import check_uncertainty, resample
from probekit.probing.undefined import warn_of_undefined
from probekit.probing.weighing import weighings_of

if TYPE_CHECKING:
    import xarray as xr


def compare(
    extractor_a: Extractor,
    extractor_b: Extractor,
    inputs: Any = None,
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
        Once per layer with undefined scores (NaN): which, and why; and once with scores that are
        means over units of which some are constant.
    ProbekitWarning
        If a bootstrap has too few resamples for its intervals, or fewer than 10 examples or groups
        to draw from; if percentile intervals do not hold the score that they are of; or if a
        permutation has too few for a corrected p of 0.05.

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
    given = scored = BothModels(extractor_a, extractor_b, inputs)
    examples = given.examples()
    if uncertainty is not None:
        taken = (Bootstrap, Permutation)  # similarities fit nothing that could be left out
        check_uncertainty(uncertainty, chosen, held_out=held_out is not None, taken=taken)
    if held_out is not None:
        given.shapes()  # what is wrong with the models is not said of what is held out
        with of_held_out():
            scored = _scored_on(given, held_out)
            examples = scored.examples()
            scored.shapes()
    check_counts(chosen, fitted=given.examples(), scored=examples)
    if uncertainty is not None:
        uncertainty.check(examples)
        warn_of_few_resamples(uncertainty, examples=examples)
        given = given.in_memory(batch_size)
        scored = given if held_out is None else scored.in_memory(batch_size)
    if held_out is not None:
        _check_layers(given, scored)
    whole = Comparison(chosen, given, None if held_out is None else scored)
    parts = whole.parts(batch_size, resampled=uncertainty is not None)
    scores = merged(_scores_of(part, batch_size) for part in parts)
    dataset = dataset_of_pairs(chosen, scores)
    if uncertainty is not None:
        every: dict[str, np.ndarray] = {}
        for part in parts:
            every |= _resampled(part, uncertainty)
        dataset = add_uncertainty(dataset, every, uncertainty, examples=examples)
        warn_of_few_shuffles(uncertainty, largest_family(dataset))
        warn_of_biased(dataset, uncertainty)
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


def _scored_on(given: BothModels, held_out: Any) -> BothModels:
    """Return the extractors and the inputs of the examples that are held out."""
    pair = isinstance(held_out, tuple) and len(held_out) == 2
    if pair and all(getattr(part, "indexed", False) for part in held_out):
        return BothModels(held_out[0], held_out[1], None)
    for name, extractor in (("extractor_a", given.a), ("extractor_b", given.b)):
        if extractor.indexed:
            raise OptionError(
                f"held_out: {name} holds its examples itself; give two extractors that hold others."
            )
    return given._replace(inputs=held_out)


def _check_layers(given: BothModels, scored: BothModels) -> None:
    """Raise unless what is held out has the layers of what is fitted, of the same widths."""
    for name, *sides in zip("ab", given.shapes(), scored.shapes(), strict=True):
        check_held_out_layers(*sides, argument=f"extractor_{name}")


def _scores_of(part: Comparison, batch_size: int) -> dict[Pair, dict[str, np.ndarray]]:
    """Return the scores of all pairs of layers."""
    scored, given = part.scored, part.given
    same = given.same and scored.same
    plan = PairPlan.of(part.estimators, *scored.shapes(), same=same, examples=scored.examples())
    states = _seen(plan, scored, batch_size)
    if part.held_out is None:
        return plan.compute(None, states)
    fitting = plan.fitted()  # the models are not run if no estimator looks at what is fitted
    fit = _seen(fitting, given, batch_size) if fitting.estimators else NOTHING_SEEN
    return plan.compute(fit, states)


def _seen(plan: PairPlan, models: BothModels, batch_size: int) -> PairStates:
    """Return what is remembered of all examples."""
    states = NOTHING_SEEN
    for batch in models.batches(batch_size):
        states = plan.update(states, batch.a, batch.b, weight=batch.weight, index=batch.number)
    return states


def _resampled(part: Comparison, uncertainty: Uncertainty) -> dict[str, np.ndarray]:
    """Return ``{name: (resample, layer_a, layer_b, …)}``: each layer of b as a feature of a's.

    What is prepared of a layer of b is prepared once for all of a's; statistics are of one pair.
    """
    fit = part.given.layers()
    held_out = None if part.held_out is None else part.held_out.layers()
    widths = tuple(y.shape[1] for y in fit[1].values())
    scored = fit if held_out is None else held_out
    sample = Sample.of(scored[0], next(iter(scored[1].values())))
    weighings = weighings_of(part.estimators, sample, widths)
    rest = tuple(estimator for estimator in part.estimators if estimator not in weighings)
    found: dict[str, np.ndarray] = {}
    if weighings:
        plan = Plan(tuple(weighings), tuple(fit[1]), widths)
        sample = sample._replace(y=jnp.concatenate(list(scored[1].values()), axis=1))
        found |= stack_resamples(resample(plan, sample, None, uncertainty))
    of_b: list[dict[str, np.ndarray]] = []
    for layer, y in fit[1].items() if rest else ():
        plan = Plan(rest, ("",), (y.shape[1],))
        other = None if held_out is None else Sample.of(held_out[0], held_out[1][layer])
        own = stack_resamples(resample(plan, Sample.of(fit[0], y), other, uncertainty))
        of_b.append({name: scores[:, :, 0] for name, scores in own.items()})
    if of_b:
        found |= {name: np.stack([scores[name] for scores in of_b], axis=2) for name in of_b[0]}
    return found
