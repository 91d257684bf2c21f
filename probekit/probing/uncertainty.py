"""Takes resamples, shuffles and folds through the estimators: weights of examples held in memory.

The model is run once. What it gave is kept, and statistics are taken of it again and again with
other weights (or other labels), many at a time under ``vmap``.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from probekit.errors import OptionError
from probekit.estimators import Estimator
from probekit.inference import Bootstrap, CrossValidation, Permutation, Uncertainty
from probekit.probing.plan import LayerStates, Plan

Resampled = dict[str, dict[str, np.ndarray]]
"""For each layer and variable the scores ``(resample, …)``."""

_WORKING_SET = 1 << 27  # bytes of what many resamples take at a time


class Sample(NamedTuple):
    """Representations ``{layer: (example, …)}``, features and weights, in memory."""

    x: Mapping[str, Any]
    y: Any
    weight: np.ndarray


def check_uncertainty(uncertainty: Any, estimators: tuple[Estimator, ...]) -> None:
    """Raise `OptionError` if one of the estimators has no such uncertainty."""
    if not isinstance(uncertainty, Bootstrap | Permutation | CrossValidation):
        raise OptionError(
            f"uncertainty: a {type(uncertainty).__name__}; "
            "give a Bootstrap, a Permutation or a CrossValidation."
        )
    if isinstance(uncertainty, Bootstrap):
        for estimator in estimators:
            _check_weightable(estimator, uncertainty)
    elif not _concerned(uncertainty, estimators):
        kinds = ", ".join(sorted({estimator.kind for estimator in estimators}))
        fits = isinstance(uncertainty, CrossValidation)
        raise OptionError(
            f"uncertainty: {type(uncertainty).__name__} of kind {kinds}; "
            + ("only encoding and decoding fit something." if fits else "there are no labels.")
        )


def _check_weightable(estimator: Estimator, bootstrap: Bootstrap) -> None:
    if hasattr(estimator, "reweighted"):
        return
    statistic = estimator.statistic
    reason = ""
    if getattr(statistic, "memory", "fixed") != "fixed":
        reason = "it keeps some examples and not sums over all, so that weights are not copies"
    elif not estimator.traceable:
        reason = "it runs on the host"
    elif bootstrap.replace and getattr(statistic, "distinct", False):
        reason = "it supposes that no example is there twice. Use Bootstrap(replace=False)"
    if reason:
        raise OptionError(f"uncertainty: {estimator.name!r} cannot be weighted: {reason}.")


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
    plan = Plan(_concerned(uncertainty, plan.estimators), plan.names, plan.widths)
    if isinstance(uncertainty, Permutation):
        return _shuffled(plan, fit, held_out, uncertainty)
    if isinstance(uncertainty, CrossValidation):
        if held_out is not None:
            raise OptionError("uncertainty: CrossValidation holds out its own; give no held_out.")
        inside = uncertainty.weights(len(fit.weight))
        each = ((1 - inside) * fit.weight, inside * fit.weight)
        return _mapped(plan, fit, fit, each, _folded)
    scored = fit if held_out is None else held_out
    weights = uncertainty.weights(len(scored.weight)) * scored.weight
    by_index = tuple(e for e in plan.estimators if hasattr(e, "reweighted"))
    by_weight = tuple(e for e in plan.estimators if not hasattr(e, "reweighted"))
    found: Resampled = {layer: {} for layer in fit.x}
    if by_weight:
        part = Plan(by_weight, plan.names, plan.widths)
        score = _fitted_anew if held_out is None else _scored_anew
        for layer, scores in _mapped(part, fit, scored, (weights,), score).items():
            found[layer] |= scores
    if by_index:
        part = Plan(by_index, plan.names, plan.widths)
        # The statistic has seen the weights of the examples already.
        counts = uncertainty.weights(len(scored.weight))
        for layer, scores in _reweighted(part, scored, counts).items():
            found[layer] |= scores
    return found


PairOfStates = Callable[..., tuple[LayerStates, LayerStates]]
"""From plan, two samples and the row of a resample: what probes are fitted and scored on."""


def _fitted_anew(
    plan: Plan, fit: tuple[Any, Any, Any], held_out: tuple[Any, Any, Any], weight: jax.Array
) -> tuple[LayerStates, LayerStates]:
    del held_out
    state = _state(plan, *fit[:2], weight)
    return state, state


def _scored_anew(
    plan: Plan, fit: tuple[Any, Any, Any], held_out: tuple[Any, Any, Any], weight: jax.Array
) -> tuple[LayerStates, LayerStates]:
    return _state(plan, *fit), _state(plan, *held_out[:2], weight)


def _folded(
    plan: Plan,
    fit: tuple[Any, Any, Any],
    held_out: tuple[Any, Any, Any],
    outside: jax.Array,
    inside: jax.Array,
) -> tuple[LayerStates, LayerStates]:
    del held_out
    return _state(plan, *fit[:2], outside), _state(plan, *fit[:2], inside)


def _reordered(
    plan: Plan,
    fit: tuple[Any, Any, Any],
    held_out: tuple[Any, Any, Any],
    order: jax.Array,
    other: jax.Array | None = None,
) -> tuple[LayerStates, LayerStates]:
    x, y, weight = fit
    state = _state(plan, x, y[order], weight)
    if other is None:
        return state, state
    x, y, weight = held_out
    return state, _state(plan, x, y[other], weight)


def _state(plan: Plan, x: jax.Array, y: jax.Array, weight: jax.Array) -> LayerStates:
    return plan.of({"": x}, y, weight)[""]


def _shuffled(
    plan: Plan, fit: Sample, held_out: Sample | None, permutation: Permutation
) -> Resampled:
    orders = [permutation.orders(len(fit.weight))]
    if held_out is not None:
        if permutation.groups is not None:
            raise OptionError("uncertainty: groups tell of one set of examples; give no held_out.")
        orders.append(permutation.orders(len(held_out.weight)))
    return _mapped(plan, fit, fit if held_out is None else held_out, tuple(orders), _reordered)


def _mapped(
    plan: Plan, fit: Sample, held_out: Sample, each: tuple[np.ndarray, ...], states: PairOfStates
) -> Resampled:
    """Return the scores of every row of the arrays in `each`, layer by layer."""
    found: Resampled = {}
    for layer in fit.x:
        samples = tuple(
            (jnp.asarray(sample.x[layer]), jnp.asarray(sample.y), jnp.asarray(sample.weight))
            for sample in (fit, held_out)
        )
        found[layer] = {}
        if any(estimator.traceable for estimator in plan.estimators):
            at_once = _rows_at_once(plan, samples, each, states)
            traced = _traced(plan, *samples, _blocks(each, at_once), states)
            found[layer] |= {
                name: array.reshape(-1, *array.shape[2:])[: len(each[0])]
                for name, array in jax.device_get(traced).items()
            }
        if not plan.traceable:
            found[layer] |= _on_host(plan, samples, each, states)
    return found


def _rows_at_once(plan: Plan, samples: Any, each: Any, states: PairOfStates) -> int:
    """Return how many resamples are computed at a time, so that they stay in little memory."""
    one = tuple(array[0] for array in each)
    kept = jax.tree.leaves(jax.eval_shape(partial(states, plan), *samples, *one))
    size = sum(leaf.size for leaf in kept) + sum(2 * x.size for x, _, _ in samples)
    return int(np.clip(_WORKING_SET // (4 * size), 1, len(each[0])))


def _blocks(each: tuple[np.ndarray, ...], size: int) -> tuple[np.ndarray, ...]:
    """Return arrays as ``(block, row, …)``; the last block is filled up with the last row."""
    rows = np.arange(-(-len(each[0]) // size) * size).reshape(-1, size)
    return tuple(array[np.minimum(rows, len(array) - 1)] for array in each)


@partial(jax.jit, static_argnames=("plan", "states"))
def _traced(
    plan: Plan, fit: Any, held_out: Any, blocks: Any, states: PairOfStates
) -> dict[str, jax.Array]:
    """Return the scores ``(block, row, …)``, a block at a time."""

    def one(row: Any) -> dict[str, jax.Array]:
        return plan.compute(*states(plan, fit, held_out, *row), traceable=True)

    found: dict[str, jax.Array] = jax.lax.map(jax.vmap(one), blocks)
    return found


@partial(jax.jit, static_argnames=("plan", "states"))
def _one_pair(plan: Plan, fit: Any, held_out: Any, row: Any, states: PairOfStates) -> Any:
    return states(plan, fit, held_out, *row)


def _on_host(plan: Plan, samples: Any, each: Any, states: PairOfStates) -> dict[str, np.ndarray]:
    """Return the scores of estimators that cannot be compiled, one row after the other."""
    rows = [
        plan.compute(
            *jax.device_get(_one_pair(plan, *samples, row, states)),
            traceable=False,
        )
        for row in zip(*each, strict=True)
    ]
    return {name: np.stack([np.asarray(row[name]) for row in rows]) for name in rows[0]}


def _reweighted(plan: Plan, sample: Sample, weights: np.ndarray) -> Resampled:
    """Return the scores of estimators that weigh what they kept, from one state of each layer."""
    states = jax.device_get(plan.of(sample.x, jnp.asarray(sample.y), jnp.asarray(sample.weight)))
    return {layer: plan.reweigh(states[layer], weights) for layer in sample.x}
