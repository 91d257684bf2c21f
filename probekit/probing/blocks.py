"""Scores of many resamples, a block of them at a time under ``vmap``.

A row of a block says of one resample which examples it holds, by weights, places or orders; it is
made to states of what probes are fitted and scored on, and these are read.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from probekit._compiling import compiled_with, once_options
from probekit.probing.plan import LayerStates, Plan
from probekit.statistics import memory_of

Resampled = dict[str, dict[str, np.ndarray]]
"""For each layer and variable the scores ``(resample, …)``."""

Draw = Callable[[range], tuple[np.ndarray, ...]]
"""From the numbers of resamples to their weights, orders or places, the first axis of each."""

_WORKING_SET = 1 << 27  # bytes of what many resamples take at a time
_CACHED = 1 << 23  # bytes of those that a processor works on side by side


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


Arrays = tuple[jax.Array, jax.Array, jax.Array, jax.Array]
"""Representation, features, weights and numbers of the examples."""

PairOfStates = Callable[..., tuple[LayerStates, LayerStates]]
"""From plan, two samples and the row of a resample: what probes are fitted and scored on."""


def fitted_by_weight(
    plan: Plan, fit: Arrays, held_out: Arrays, weight: jax.Array
) -> tuple[LayerStates, LayerStates]:
    """Fit and score on the weighted examples."""
    del held_out
    state = _weighted(plan, fit, weight)
    return state, state


def scored_by_weight(
    plan: Plan, fit: Arrays, held_out: Arrays, weight: jax.Array
) -> tuple[LayerStates, LayerStates]:
    """Score on the weighted examples what was fitted on others."""
    return _state(plan, *fit), _weighted(plan, held_out, weight)


def folded(
    plan: Plan, fit: Arrays, held_out: Arrays, outside: jax.Array, inside: jax.Array
) -> tuple[LayerStates, LayerStates]:
    """Fit on the examples outside a fold, and score on those inside."""
    del held_out
    return _weighted(plan, fit, outside), _weighted(plan, fit, inside)


def fitted_on_copies(
    plan: Plan, fit: Arrays, held_out: Arrays, places: jax.Array
) -> tuple[LayerStates, LayerStates]:
    """Fit and score on the examples at these places."""
    del held_out
    state = _copied(plan, fit, places)
    return state, state


def scored_on_copies(
    plan: Plan, fit: Arrays, held_out: Arrays, places: jax.Array
) -> tuple[LayerStates, LayerStates]:
    """Score on the examples at these places what was fitted on others."""
    return _state(plan, *fit), _copied(plan, held_out, places)


def reordered(
    plan: Plan, fit: Arrays, held_out: Arrays, order: jax.Array, other: jax.Array | None = None
) -> tuple[LayerStates, LayerStates]:
    """Fit and score with labels in another order."""
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
    """Return the state of the examples at these places, each as an example of its own.

    Copies keep their number, by which folds are dealt within an estimator: of two copies in
    unlike folds one would tell what is asked of the other.
    """
    x, y, weight, number = (array[places] for array in sample)
    return _state(plan, x, y, jnp.where(places >= 0, weight, 0), number)


def _state(plan: Plan, x: Any, y: Any, weight: Any, index: Any) -> LayerStates:
    return plan.of({"": x}, y, weight, index)[""]


def scores_of_rows(
    plan: Plan, fit: Sample, held_out: Sample, draw: Draw, count: int, states: PairOfStates
) -> Resampled:
    """Return the scores of `count` resamples, a block of them at a time."""
    found: dict[str, list[dict[str, np.ndarray]]] = {layer: [] for layer in fit.x}
    samples = {layer: (_arrays(fit, layer), _arrays(held_out, layer)) for layer in fit.x}
    one = draw(range(1))
    nbytes = max(_nbytes_of_one(plan, pair, one, states) for pair in samples.values())
    together, size = _sizes(nbytes, count, sharing=states is reordered)
    for start in range(0, count, size):
        each = draw(range(start, min(start + size, count)))
        for layer, pair in samples.items():
            found[layer].append(_scores_of(plan, pair, each, states, (together, size)))
    return joined(found)


def _sizes(nbytes: int, count: int, *, sharing: bool) -> tuple[int, int]:
    """Return how many resamples are computed side by side, and how many in a block of such.

    Shuffled labels share what is made of the representation: that is made once for all of a block.
    """
    block = min(count, max(1, _WORKING_SET // nbytes))
    if sharing or jax.default_backend() != "cpu":
        return block, block
    together = min(block, max(1, _CACHED // nbytes))
    return together, -(-block // together) * together


def joined(found: Mapping[str, Sequence[Mapping[str, np.ndarray]]]) -> Resampled:
    """Return the scores of each layer's blocks, one block after the other."""
    return {
        layer: {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}
        for layer, blocks in found.items()
    }


def _arrays(sample: Sample, layer: str) -> Arrays:
    """Return what is asked of one layer, on the device."""
    x, y, weight, number = sample.x[layer], sample.y, sample.weight, sample.number
    return jnp.asarray(x), jnp.asarray(y), jnp.asarray(weight), jnp.asarray(number)


def _nbytes_of_one(
    plan: Plan, samples: Any, each: tuple[np.ndarray, ...], states: PairOfStates
) -> int:
    """Return how many bytes computing one resample takes."""
    one = tuple(array[0] for array in each)
    kept = jax.tree.leaves(jax.eval_shape(partial(states, plan), *samples, *one))
    size = sum(leaf.size for leaf in kept) + sum(2 * x.size for x, *_ in samples)
    for statistic, _ in plan.kept():  # where examples are kept there will be pairs of them
        if memory_of(statistic) != "fixed":
            examples = max(len(weight) for _, _, weight, _ in samples)
            size += 8 * min(examples, getattr(statistic, "capacity", examples)) ** 2
    return 4 * int(size)


def _scores_of(
    plan: Plan,
    samples: Any,
    each: tuple[np.ndarray, ...],
    states: PairOfStates,
    sizes: tuple[int, int],
) -> dict[str, np.ndarray]:
    """Return the scores of one block, which is filled up to one size with its last row."""
    scores: dict[str, np.ndarray] = {}
    count, (together, size) = len(each[0]), sizes
    if any(estimator.traceable for estimator in plan.estimators):
        full = tuple(array[np.minimum(np.arange(size), count - 1)] for array in each)
        traced = jax.device_get(_compute_all(plan, *samples, full, states, together))
        scores |= {name: array[:count] for name, array in traced.items()}
    if not plan.traceable:
        rows = [
            plan.compute(*jax.device_get(_one_pair(plan, *samples, row, states)), traceable=False)
            for row in zip(*each, strict=True)
        ]
        scores |= {name: np.stack([np.asarray(row[name]) for row in rows]) for name in rows[0]}
    return scores


@compiled_with(once_options, static_argnames=("plan", "states", "together"))
def _compute_all(
    plan: Plan, fit: Any, held_out: Any, each: Any, states: PairOfStates, together: int
) -> dict[str, jax.Array]:
    """Return the scores of all rows that can be computed under ``jit``, so many side by side."""

    def one(row: Any) -> dict[str, jax.Array]:
        return plan.compute(*states(plan, fit, held_out, *row), traceable=True)

    found: dict[str, jax.Array]
    if together == len(each[0]):
        found = jax.vmap(one)(each)
    else:
        found = jax.lax.map(one, each, batch_size=together if together > 1 else None)
    return found


@partial(jax.jit, static_argnames=("plan", "states"))
def _one_pair(plan: Plan, fit: Any, held_out: Any, row: Any, states: PairOfStates) -> Any:
    return states(plan, fit, held_out, *row)
