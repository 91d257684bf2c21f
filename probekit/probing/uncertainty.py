"""Takes resamples, shuffles and folds through the estimators: weights of examples held in memory.

The model is run once. What it gave is kept, and statistics are taken of it again and again with
other weights (or other labels), many at a time under ``vmap``.

Of the resamples of a bootstrap there are three kinds. Where a statistic is a sum over examples, a
resample is a weight for each. Where it keeps a sample of the examples, this sample is resampled: an
example that was drawn twice is there twice. And an estimator that can weigh what it kept
(`reweighted`) is given the weights, and does what is dear only once.
"""

from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from probekit.errors import OptionError
from probekit.estimators import Estimator
from probekit.inference import Bootstrap, CrossValidation, Permutation, Uncertainty
from probekit.probing.plan import LayerStates, Plan
from probekit.probing.readout import many_options
from probekit.statistics import Examples, state_of

Resampled = dict[str, dict[str, np.ndarray]]
"""For each layer and variable the scores ``(resample, …)``."""

Draw = Callable[[range], tuple[np.ndarray, ...]]
"""From the numbers of resamples to their weights, orders or places, the first axis of each."""

_WORKING_SET = 1 << 27  # bytes of what many resamples take at a time


class Sample(NamedTuple):
    """Examples in memory.

    Attributes
    ----------
    x : mapping of array (example, …)
        The representation of each layer.
    y : array (example, column)
    weight : array (example,)
    number : array (example,)
        Their numbers, by which statistics choose those that they keep.
    """

    x: Mapping[str, Any]
    y: Any
    weight: np.ndarray
    number: np.ndarray

    @classmethod
    def of(cls, x: Mapping[str, Any], y: Any, weight: Any = None) -> "Sample":
        """Take arrays; examples are numbered from 0, and their weight is 1 unless given."""
        weight = np.ones(len(y)) if weight is None else weight
        number = np.arange(len(y), dtype=np.int32)
        return cls(dict(x), y, np.asarray(weight, np.float32), number)

    def take(self, rows: np.ndarray) -> "Sample":
        """Return these examples; as they are if it is all of them."""
        if len(rows) == len(self.weight):
            return self
        x = {layer: array[rows] for layer, array in self.x.items()}
        return Sample(x, self.y[rows], self.weight[rows], self.number[rows])


def check_uncertainty(
    uncertainty: Any,
    estimators: tuple[Estimator, ...],
    *,
    examples: int | None = None,
    held_out: bool = False,
) -> None:
    """Raise `OptionError` if one of the estimators, or the data, has no such uncertainty.

    Parameters
    ----------
    uncertainty : object
        What was given.
    estimators : tuple of Estimator
    examples : int, optional
        How many there are to be resampled, if that is known yet.
    held_out : bool
        Whether probes are scored on other examples than they are fitted on.
    """
    if not isinstance(uncertainty, Uncertainty):
        raise OptionError(
            f"uncertainty: a {type(uncertainty).__name__}; "
            "give a Bootstrap, a Permutation or a CrossValidation."
        )
    if isinstance(uncertainty, Bootstrap) and uncertainty.replace:
        for estimator in estimators:
            if getattr(estimator, "distinct", False):
                raise OptionError(
                    f"uncertainty: {estimator.name!r} supposes that no example is there twice. "
                    "Use Bootstrap(replace=False)."
                )
    if not _concerned(uncertainty, estimators):
        kinds = ", ".join(sorted({estimator.kind for estimator in estimators}))
        fits = isinstance(uncertainty, CrossValidation)
        raise OptionError(
            f"uncertainty: {type(uncertainty).__name__} of kind {kinds}; "
            + ("only encoding and decoding fit something." if fits else "there are no labels.")
        )
    if held_out and isinstance(uncertainty, CrossValidation):
        raise OptionError("uncertainty: CrossValidation holds out its own; give no held_out.")
    if held_out and isinstance(uncertainty, Permutation) and uncertainty.groups is not None:
        raise OptionError("uncertainty: groups tell of one set of examples; give no held_out.")
    if examples is not None:
        uncertainty.check(examples)


def _concerned(
    uncertainty: Uncertainty, estimators: tuple[Estimator, ...]
) -> tuple[Estimator, ...]:
    """Return the estimators of which this uncertainty can be told."""
    if isinstance(uncertainty, Bootstrap):
        return estimators
    kinds = ["encoding", "decoding"]
    kinds += ["similarity"] if isinstance(uncertainty, Permutation) else []
    return tuple(estimator for estimator in estimators if estimator.kind in kinds)


def resample(
    plan: Plan, fit: Sample, held_out: Sample | None, uncertainty: Uncertainty
) -> Resampled:
    """Return the scores of every resample, shuffle or fold.

    Parameters
    ----------
    plan : Plan
    fit : Sample
        The examples that probes are fitted on.
    held_out : Sample or None
        Those that they are scored on, if others.
    uncertainty : Bootstrap, Permutation or CrossValidation
    """
    plan = plan.only(_concerned(uncertainty, plan.estimators))
    scored = fit if held_out is None else held_out
    there = np.flatnonzero(scored.weight > 0)  # what is absent must not be drawn
    scored, uncertainty = scored.take(there), uncertainty.at(there)
    fit = scored if held_out is None else fit.take(np.flatnonzero(fit.weight > 0))
    pair = (fit, None if held_out is None else scored)
    if isinstance(uncertainty, Permutation):
        return _shuffled(plan, *pair, uncertainty)
    if isinstance(uncertainty, CrossValidation):
        inside = uncertainty.weights(len(fit.weight))
        each = ((1 - inside) * fit.weight, inside * fit.weight)
        return _mapped(plan, fit, fit, _rows_of(*each), len(inside), _folded)
    assert isinstance(uncertainty, Bootstrap)
    return _drawn(plan, *pair, uncertainty)


def _rows_of(*arrays: np.ndarray) -> Draw:
    return lambda rows: tuple(array[rows.start : rows.stop] for array in arrays)


def _shuffled(
    plan: Plan, fit: Sample, held_out: Sample | None, permutation: Permutation
) -> Resampled:
    counts = [len(sample.weight) for sample in (fit, held_out) if sample is not None]
    for count in counts:
        permutation.check(count)

    def draw(rows: range) -> tuple[np.ndarray, ...]:
        return tuple(permutation.orders(count, rows) for count in counts)

    scored = fit if held_out is None else held_out
    return _mapped(plan, fit, scored, draw, permutation.resamples, _reordered)


def _drawn(plan: Plan, fit: Sample, held_out: Sample | None, bootstrap: Bootstrap) -> Resampled:
    """Return the scores of bootstrap resamples, each estimator in its own way."""
    found: Resampled = {layer: {} for layer in fit.x}
    ways: dict[Any, list[Estimator]] = {}
    for estimator in plan.estimators:
        ways.setdefault(_way(estimator), []).append(estimator)
    for (way, *statistic), estimators in ways.items():
        part = way(plan.only(tuple(estimators)), *statistic, fit, held_out, bootstrap)
        for layer, scores in part.items():
            found[layer] |= scores
    return found


def _way(estimator: Estimator) -> tuple[Any, ...]:
    """Return how an estimator is resampled, and what it keeps if that is a sample."""
    statistic = estimator.statistic
    if getattr(statistic, "memory", "fixed") == "fixed":
        return (_by_weight,)
    if hasattr(estimator, "reweighted") and not estimator.distinct:
        return (_by_reweighting, statistic)
    return (_by_copies, statistic)


def _by_weight(plan: Plan, fit: Sample, held_out: Sample | None, bootstrap: Bootstrap) -> Resampled:
    scored = fit if held_out is None else held_out

    def draw(rows: range) -> tuple[np.ndarray, ...]:
        return (bootstrap.weights(len(scored.weight), rows) * scored.weight,)

    states = _fitted_by_weight if held_out is None else _scored_by_weight
    return _mapped(plan, fit, scored, draw, bootstrap.resamples, states)


def _by_copies(
    plan: Plan, statistic: Any, fit: Sample, held_out: Sample | None, bootstrap: Bootstrap
) -> Resampled:
    scored, bootstrap = _kept(statistic, fit if held_out is None else held_out, bootstrap)
    counts = bootstrap.weights(len(scored.weight)).astype(int)
    places = np.full((len(counts), counts.sum(axis=1).max()), -1, np.int32)
    for row, count in zip(places, counts, strict=True):
        row[: count.sum()] = np.repeat(np.arange(len(count)), count)
    states = _fitted_on_copies if held_out is None else _scored_on_copies
    fit = scored if held_out is None else fit
    return _mapped(plan, fit, scored, _rows_of(places), len(places), states)


def _by_reweighting(
    plan: Plan, statistic: Any, fit: Sample, held_out: Sample | None, bootstrap: Bootstrap
) -> Resampled:
    sample, bootstrap = _kept(statistic, fit if held_out is None else held_out, bootstrap)
    weights = bootstrap.weights(len(sample.weight))
    states = jax.device_get(plan.of(sample.x, jnp.asarray(sample.y), jnp.asarray(sample.weight)))
    return {layer: plan.reweigh(states[layer], weights) for layer in sample.x}


def _kept(statistic: Any, sample: Sample, bootstrap: Bootstrap) -> tuple[Sample, Bootstrap]:
    """Return the examples that a statistic keeps, and the bootstrap of these.

    The same of every layer. A stranger's statistic chooses anew in every resample.
    """
    if not isinstance(statistic, Examples):
        return sample, bootstrap
    nothing = np.zeros((len(sample.weight), 0), np.float32)
    state = state_of(statistic, nothing, weight=sample.weight, index=sample.number)
    rows = np.flatnonzero(np.isin(sample.number, state.index[state.present]))
    return sample.take(rows), bootstrap.at(rows)


Arrays = tuple[jax.Array, jax.Array, jax.Array, jax.Array]
"""Representation, features, weights and numbers of the examples."""

PairOfStates = Callable[..., tuple[LayerStates, LayerStates]]
"""From plan, two samples and the row of a resample: what probes are fitted and scored on."""


def _fitted_by_weight(
    plan: Plan, fit: Arrays, held_out: Arrays, weight: jax.Array
) -> tuple[LayerStates, LayerStates]:
    del held_out
    state = _weighted(plan, fit, weight)
    return state, state


def _scored_by_weight(
    plan: Plan, fit: Arrays, held_out: Arrays, weight: jax.Array
) -> tuple[LayerStates, LayerStates]:
    return _state(plan, *fit), _weighted(plan, held_out, weight)


def _folded(
    plan: Plan, fit: Arrays, held_out: Arrays, outside: jax.Array, inside: jax.Array
) -> tuple[LayerStates, LayerStates]:
    del held_out
    return _weighted(plan, fit, outside), _weighted(plan, fit, inside)


def _fitted_on_copies(
    plan: Plan, fit: Arrays, held_out: Arrays, places: jax.Array
) -> tuple[LayerStates, LayerStates]:
    del held_out
    state = _copied(plan, fit, places)
    return state, state


def _scored_on_copies(
    plan: Plan, fit: Arrays, held_out: Arrays, places: jax.Array
) -> tuple[LayerStates, LayerStates]:
    return _state(plan, *fit), _copied(plan, held_out, places)


def _reordered(
    plan: Plan, fit: Arrays, held_out: Arrays, order: jax.Array, other: jax.Array | None = None
) -> tuple[LayerStates, LayerStates]:
    x, y, *example = fit
    state = _state(plan, x, y[order], *example)
    if other is None:
        return state, state
    x, y, *example = held_out
    return state, _state(plan, x, y[other], *example)


def _weighted(plan: Plan, sample: Arrays, weight: jax.Array) -> LayerStates:
    x, y, _, index = sample
    return _state(plan, x, y, weight, index)


def _copied(plan: Plan, sample: Arrays, places: jax.Array) -> LayerStates:
    """Return the state of the examples at these places, each as an example of its own."""
    x, y, weight, _ = (array[places] for array in sample)
    index = jnp.arange(len(places), dtype=jnp.int32)
    return _state(plan, x, y, jnp.where(places >= 0, weight, 0), index)


def _state(plan: Plan, x: Any, y: Any, weight: Any, index: Any) -> LayerStates:
    return plan.of({"": x}, y, weight, index)[""]


def _mapped(
    plan: Plan, fit: Sample, held_out: Sample, draw: Draw, count: int, states: PairOfStates
) -> Resampled:
    """Return the scores of `count` resamples, a block of them at a time."""
    found: dict[str, list[dict[str, np.ndarray]]] = {layer: [] for layer in fit.x}
    samples = {layer: (_arrays(fit, layer), _arrays(held_out, layer)) for layer in fit.x}
    one = draw(range(1))
    at_once = min(_at_once(plan, pair, one, states) for pair in samples.values())
    for start in range(0, count, min(at_once, count)):
        each = draw(range(start, min(start + at_once, count)))
        for layer, pair in samples.items():
            found[layer].append(_scores_of(plan, pair, each, states, min(at_once, count)))
    return {
        layer: {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}
        for layer, blocks in found.items()
    }


def _arrays(sample: Sample, layer: str) -> Arrays:
    """Return what is asked of one layer, on the device."""
    x, y, weight, number = sample.x[layer], sample.y, sample.weight, sample.number
    return jnp.asarray(x), jnp.asarray(y), jnp.asarray(weight), jnp.asarray(number)


def _at_once(plan: Plan, samples: Any, each: tuple[np.ndarray, ...], states: PairOfStates) -> int:
    """Return how many resamples are computed at a time, so that they stay in little memory."""
    one = tuple(array[0] for array in each)
    kept = jax.tree.leaves(jax.eval_shape(partial(states, plan), *samples, *one))
    size = sum(leaf.size for leaf in kept) + sum(2 * x.size for x, *_ in samples)
    for statistic, _ in plan.kept():  # where examples are kept there will be pairs of them
        if getattr(statistic, "memory", "fixed") != "fixed":
            examples = max(len(weight) for _, _, weight, _ in samples)
            size += 8 * min(examples, getattr(statistic, "capacity", examples)) ** 2
    return int(max(1, _WORKING_SET // (4 * size)))


def _scores_of(
    plan: Plan, samples: Any, each: tuple[np.ndarray, ...], states: PairOfStates, size: int
) -> dict[str, np.ndarray]:
    """Return the scores of one block, which is filled up to one size with its last row."""
    scores: dict[str, np.ndarray] = {}
    count = len(each[0])
    if any(estimator.traceable for estimator in plan.estimators):
        full = tuple(array[np.minimum(np.arange(size), count - 1)] for array in each)
        traced = jax.device_get(_traced()(plan, *samples, full, states))
        scores |= {name: array[:count] for name, array in traced.items()}
    if not plan.traceable:
        rows = [
            plan.compute(*jax.device_get(_one_pair(plan, *samples, row, states)), traceable=False)
            for row in zip(*each, strict=True)
        ]
        scores |= {name: np.stack([np.asarray(row[name]) for row in rows]) for name in rows[0]}
    return scores


@cache
def _traced() -> Any:
    static = ("plan", "states")
    return jax.jit(_compute_all, static_argnames=static, compiler_options=many_options())


def _compute_all(
    plan: Plan, fit: Any, held_out: Any, each: Any, states: PairOfStates
) -> dict[str, jax.Array]:
    """Return the scores of all rows that can be computed under ``jit``."""

    def one(row: Any) -> dict[str, jax.Array]:
        return plan.compute(*states(plan, fit, held_out, *row), traceable=True)

    found: dict[str, jax.Array] = jax.vmap(one)(each)
    return found


@partial(jax.jit, static_argnames=("plan", "states"))
def _one_pair(plan: Plan, fit: Any, held_out: Any, row: Any, states: PairOfStates) -> Any:
    return states(plan, fit, held_out, *row)
