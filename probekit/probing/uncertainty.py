"""Takes resamples, shuffles and folds through the estimators: weights of examples held in memory.

The model is run once. What it gave is kept, and statistics are taken of it again and again with
other weights (or other labels), many at a time under ``vmap``.

Of the resamples of a bootstrap there are four kinds. An estimator may prepare the examples and
score all resamples from that (`weighing`). Where a statistic is a sum over examples, a
resample is a weight for each. Where it keeps a sample of the examples, this sample is resampled: an
example that was drawn twice is there twice. And an estimator that can weigh what it kept
(`reweighted`) is given the weights, and does what is dear only once.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from probekit.errors import OptionError
from probekit.estimators import Estimator
from probekit.inference import (
    Bootstrap,
    CrossValidation,
    Jackknife,
    Permutation,
    Uncertainty,
    check_kind,
)
from probekit.probing.blocks import (
    Draw,
    Resampled,
    Sample,
    fitted_by_weight,
    fitted_on_copies,
    folded,
    reordered,
    scored_by_weight,
    scored_on_copies,
    scores_of_rows,
)
from probekit.probing.labelling import merged
from probekit.probing.plan import Plan
from probekit.probing.weighing import Weighings, by_shuffling, by_weighing, weighings_of
from probekit.statistics import Examples, memory_of, state_of


def check_uncertainty(
    uncertainty: Any,
    estimators: tuple[Estimator, ...],
    *,
    held_out: bool = False,
    taken: tuple[type[Uncertainty], ...] = (Bootstrap, Permutation, CrossValidation),
) -> None:
    """Raise `OptionError` if one of the estimators has no such uncertainty.

    Parameters
    ----------
    uncertainty : object
        What was given.
    estimators : tuple of Estimator
    held_out : bool
        Whether probes are scored on other examples than they are fitted on.
    taken : tuple of type
        The kinds that the caller takes.
    """
    check_kind(uncertainty, taken)
    if isinstance(uncertainty, Bootstrap) and uncertainty.replace:
        for estimator in estimators:
            if estimator.distinct:
                raise OptionError(
                    f"uncertainty: {estimator.name!r} supposes that no example is there twice. "
                    "Use Bootstrap(replace=False)."
                )
    of_fit = [estimator.name for estimator in estimators if estimator.of_fit]
    if not _concerned(uncertainty, estimators):
        if of_fit:
            raise OptionError(
                f"uncertainty: {of_fit[0]!r} is of the examples that it is fitted on; "
                "no fold can be left out of these. Give no CrossValidation."
            )
        kinds = ", ".join(sorted({estimator.kind for estimator in estimators}))
        fits = isinstance(uncertainty, CrossValidation)
        raise OptionError(
            f"uncertainty: {type(uncertainty).__name__} of kind {kinds}; "
            + ("only encoding and decoding fit something." if fits else "there are no labels.")
        )
    if held_out and of_fit and isinstance(uncertainty, Bootstrap):
        raise OptionError(
            f"uncertainty: {of_fit[0]!r} is of the examples that it is fitted on; "
            "those held out, which a bootstrap would draw, change nothing. Give no held_out."
        )
    if held_out and isinstance(uncertainty, CrossValidation):
        raise OptionError("uncertainty: CrossValidation holds out its own; give no held_out.")
    if held_out and isinstance(uncertainty, Permutation) and uncertainty.groups is not None:
        raise OptionError("uncertainty: groups tell of one set of examples; give no held_out.")


def _concerned(
    uncertainty: Uncertainty, estimators: tuple[Estimator, ...]
) -> tuple[Estimator, ...]:
    """Return the estimators of which this uncertainty can be told."""
    if isinstance(uncertainty, Bootstrap):
        return estimators
    kinds = ["encoding", "decoding"]
    kinds += ["similarity"] if isinstance(uncertainty, Permutation) else []
    concerned = tuple(estimator for estimator in estimators if estimator.kind in kinds)
    if isinstance(uncertainty, CrossValidation):
        return tuple(estimator for estimator in concerned if not estimator.of_fit)
    return concerned


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
        With BCa intervals what `Jackknife` leaves follows after the resamples.
    """
    plan = plan.only(_concerned(uncertainty, plan.estimators))
    if not plan.estimators:
        return {layer: {} for layer in fit.x}
    scored = fit if held_out is None else held_out
    there = np.flatnonzero(scored.weight > 0)  # what is absent must not be drawn
    scored, uncertainty = scored.take(there), uncertainty.at(there)
    fit = scored if held_out is None else fit.take(np.flatnonzero(fit.weight > 0))
    pair = (fit, None if held_out is None else scored)
    if isinstance(uncertainty, Permutation):
        return _apart(_by_shuffling, _shuffled, plan, *pair, uncertainty)
    if isinstance(uncertainty, CrossValidation):
        inside = uncertainty.weights(len(fit.weight))
        each = ((1 - inside) * fit.weight, inside * fit.weight)
        return scores_of_rows(plan, fit, fit, _rows_of(*each), len(inside), folded)
    assert isinstance(uncertainty, Bootstrap)
    left_out = (Jackknife(groups=uncertainty.groups, seed=uncertainty.seed),)
    draws = _Draws((uncertainty, *left_out * (uncertainty.interval == "bca")))
    return _apart(_by_weighing, _drawn, plan, *pair, draws)


def _apart(
    cheaply: Callable[..., Resampled],
    otherwise: Callable[..., Resampled],
    plan: Plan,
    fit: Sample,
    held_out: Sample | None,
    draws: Any,
) -> Resampled:
    """Return the scores of resamples: of estimators with a `weighing` by that, and of the rest."""
    scored = fit if held_out is None else held_out
    weighings = weighings_of(plan.estimators, scored, plan.widths)
    rest = tuple(estimator for estimator in plan.estimators if estimator not in weighings)
    found = cheaply(weighings, plan, scored, draws) if weighings else {}
    others = otherwise(plan.only(rest), fit, held_out, draws) if rest else {}
    return {layer: found.get(layer, {}) | others.get(layer, {}) for layer in fit.x}


def _by_weighing(weighings: Weighings, plan: Plan, scored: Sample, draws: "_Draws") -> Resampled:
    examples = len(scored.weight)

    def draw(rows: range) -> np.ndarray:
        return draws.weights(examples, rows)

    return by_weighing(weighings, scored, plan.columns, draw, draws.count(examples))


def _by_shuffling(
    weighings: Weighings, plan: Plan, scored: Sample, permutation: Permutation
) -> Resampled:
    examples = len(scored.weight)
    permutation.check(examples)
    return by_shuffling(weighings, scored, plan.columns, permutation.orders(examples))


def _rows_of(*arrays: np.ndarray) -> Draw:
    return lambda rows: tuple(array[rows.start : rows.stop] for array in arrays)


def _by_way(plan: Plan, way_of: Callable[[Estimator], Any]) -> Iterator[tuple[Any, Plan]]:
    """Yield each way there is, and the plan of the estimators that go it."""
    ways: dict[Any, list[Estimator]] = {}
    for estimator in plan.estimators:
        ways.setdefault(way_of(estimator), []).append(estimator)
    for way, estimators in ways.items():
        yield way, plan.only(tuple(estimators))


def _shuffled(
    plan: Plan, fit: Sample, held_out: Sample | None, permutation: Permutation
) -> Resampled:
    """Return the scores of shuffles: of what was kept where that will do, else of all examples."""
    scored = fit if held_out is None else held_out
    counts = [len(sample.weight) for sample in (fit, held_out) if sample is not None]
    for count in counts:
        permutation.check(count)

    def reordered_in(estimator: Estimator) -> Any:
        """Return the statistic whose examples are put in order, if they are."""
        if not _is_weighed(estimator, "reordered"):
            return None
        # Of a group other places may be kept than of that which it changes with.
        apart = permutation.whole and len(_kept_rows(estimator.statistic, scored)) < counts[-1]
        return None if apart else estimator.statistic

    def draw(rows: range) -> tuple[np.ndarray, ...]:
        return tuple(permutation.orders(count, rows) for count in counts)

    def scores_of(statistic: Any, own: Plan) -> Resampled:
        if statistic is not None:
            return _by_reordering(own, statistic, scored, permutation)
        return scores_of_rows(own, fit, scored, draw, permutation.resamples, reordered)

    return merged(scores_of(*part) for part in _by_way(plan, reordered_in))


def _by_reordering(
    plan: Plan, statistic: Any, scored: Sample, permutation: Permutation
) -> Resampled:
    """Shuffle, of the examples that are kept, what was made of them."""
    sample, permutation = _kept(statistic, scored, permutation)
    orders = permutation.orders(len(sample.weight))
    states = _on_host(plan, sample)
    return {layer: plan.reorder(states[layer], orders) for layer in sample.x}


def _is_weighed(estimator: Estimator, method: str) -> bool:
    """Whether an estimator has a method for many resamples of the examples that it kept."""
    keeps = memory_of(estimator.statistic) != "fixed"
    return keeps and hasattr(estimator, method) and not estimator.distinct


class _Draws(NamedTuple):
    """A bootstrap, and what else is drawn from the same examples, row after row."""

    parts: tuple[Bootstrap | Jackknife, ...]

    def at(self, rows: np.ndarray) -> "_Draws":
        """Return the same for these of the examples."""
        return _Draws(tuple(part.at(rows) for part in self.parts))

    def count(self, examples: int) -> int:
        """Return how many rows there are."""
        return sum(part.count(examples) for part in self.parts)

    def weights(self, examples: int, rows: Iterable[int]) -> np.ndarray:
        """Return the weights of these rows, ``(row, example)``."""
        asked, first = list(rows), 0
        blocks = []
        for part in self.parts:
            end = first + part.count(examples)
            own = [row - first for row in asked if first <= row < end]
            if own:
                blocks.append(part.weights(examples, own))
            first = end
        return np.concatenate(blocks)

    def groups(self, examples: int) -> np.ndarray | None:
        """Return the number of each example's group; None if each is drawn by itself."""
        first = self.parts[0]
        return None if first.groups is None else first.places(examples)

    def all_weights(self, examples: int) -> np.ndarray:
        """Return the weights of all rows."""
        return self.weights(examples, range(self.count(examples)))


def _drawn(plan: Plan, fit: Sample, held_out: Sample | None, draws: _Draws) -> Resampled:
    """Return the scores of resamples, each estimator in its own way."""
    return merged(
        way(own, *statistic, fit, held_out, draws) for (way, *statistic), own in _by_way(plan, _way)
    )


def _way(estimator: Estimator) -> tuple[Any, ...]:
    """Return how an estimator is resampled, and what it keeps if that is a sample."""
    statistic = estimator.statistic
    if memory_of(statistic) == "fixed":
        return (_by_weight,)
    if _is_weighed(estimator, "reweighted"):
        return (_by_reweighting, statistic)
    return (_by_copies, statistic)


def _by_weight(plan: Plan, fit: Sample, held_out: Sample | None, draws: _Draws) -> Resampled:
    scored = fit if held_out is None else held_out

    def draw(rows: range) -> tuple[np.ndarray, ...]:
        return (draws.weights(len(scored.weight), rows) * scored.weight,)

    states = fitted_by_weight if held_out is None else scored_by_weight
    return scores_of_rows(plan, fit, scored, draw, draws.count(len(scored.weight)), states)


def _by_copies(
    plan: Plan, statistic: Any, fit: Sample, held_out: Sample | None, draws: _Draws
) -> Resampled:
    scored, draws = _kept(statistic, fit if held_out is None else held_out, draws)
    counts = draws.all_weights(len(scored.weight)).astype(int)
    counts = _at_most(getattr(statistic, "capacity", None), counts, draws.parts[0].seed)
    places = np.full((len(counts), counts.sum(axis=1).max()), -1, np.int32)
    for row, count in zip(places, counts, strict=True):
        row[: count.sum()] = np.repeat(np.arange(len(count)), count)
    states = fitted_on_copies if held_out is None else scored_on_copies
    fit = scored if held_out is None else fit
    return scores_of_rows(plan, fit, scored, _rows_of(places), len(places), states)


def _at_most(capacity: int | None, counts: np.ndarray, seed: int) -> np.ndarray:
    """Return how many copies a statistic is given: not more than it keeps, which ones by chance.

    Groups of unlike size make resamples larger than the sample. The statistic would leave out the
    examples with the largest hash, the same in every resample.
    """
    if capacity is None:
        return counts
    for row in np.flatnonzero(counts.sum(axis=1) > capacity):
        generator = np.random.default_rng((seed, int(row), 1))
        counts[row] = generator.multivariate_hypergeometric(counts[row], capacity)
    return counts


def _by_reweighting(
    plan: Plan, statistic: Any, fit: Sample, held_out: Sample | None, draws: _Draws
) -> Resampled:
    sample, draws = _kept(statistic, fit if held_out is None else held_out, draws)
    weights = draws.all_weights(len(sample.weight))
    states = _on_host(plan, sample)
    groups = draws.groups(len(sample.weight))
    return {layer: plan.reweigh(states[layer], weights, groups) for layer in sample.x}


def _on_host(plan: Plan, sample: Sample) -> Any:
    """Return the states of each layer, of all examples of a sample."""
    return jax.device_get(plan.of(sample.x, jnp.asarray(sample.y), jnp.asarray(sample.weight)))


def _kept(statistic: Any, sample: Sample, draws: Any) -> tuple[Sample, Any]:
    """Return the examples that a statistic keeps, and the draws of these."""
    rows = _kept_rows(statistic, sample)
    return sample.take(rows), draws.at(rows)


def _kept_rows(statistic: Any, sample: Sample) -> np.ndarray:
    """Return which examples a statistic keeps, the same of every layer.

    A stranger's statistic chooses anew in every resample.
    """
    if not isinstance(statistic, Examples):
        return np.arange(len(sample.weight))
    nothing = np.zeros((len(sample.weight), 0), np.float32)
    state = state_of(statistic, nothing, weight=sample.weight, index=sample.number)
    return np.flatnonzero(np.isin(sample.number, state.index[state.present]))
