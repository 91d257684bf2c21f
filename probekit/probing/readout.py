"""Reads scores off states: one small compiled program per shape of layer.

Such a program runs once per call of `probe` or per chunk of a run, on arrays that are small, and
most of its cost is compiling it. So it is compiled for quick compilation, apart from the model, and
layers of one shape share it.
"""

from collections.abc import Callable, Mapping

import jax
import numpy as np

from probekit.probing.options import compiled_with, quick_options
from probekit.probing.plan import LayerStates, Plan, Scores, States


def read_layers(plan: Plan, fit: States, held_out: States) -> Callable[[], Scores]:
    """Begin to compute the scores of all layers; return what waits for them and hands them out.

    What can be computed under ``jit`` is; the rest is given NumPy arrays.
    """
    begun = {layer: _read(plan, fit[layer], held_out[layer]) for layer in fit}

    def result() -> Scores:
        scores: Scores = jax.device_get(begun)
        if not plan.traceable:
            states = jax.device_get((fit, held_out))
            for layer in scores:
                pair = (split[layer] for split in states)
                scores[layer] |= plan.compute(*pair, traceable=False)
        return scores

    return result


@compiled_with(quick_options, static_argnames="plan")
def _read(plan: Plan, fit: LayerStates, held_out: LayerStates) -> dict[str, jax.Array]:
    return read_layer(plan, fit, held_out)


def read_layer(plan: Plan, fit: LayerStates, held_out: LayerStates) -> dict[str, jax.Array]:
    """Return the scores of one layer that can be computed under ``jit``."""
    return plan.compute(fit, held_out, traceable=True)


def read_rows(plan: Plan, fit: LayerStates, held_out: LayerStates) -> dict[str, jax.Array]:
    """Return the same for rows, the first axis of every state.

    Row by row and not vectorised, so that a row does not depend on its neighbours in any digit.
    """
    read: dict[str, jax.Array]
    read = jax.lax.map(lambda states: read_layer(plan, *states), (fit, held_out))
    return read


def host_rows(plan: Plan, fit: LayerStates, held_out: LayerStates) -> Mapping[str, np.ndarray]:
    """Return the scores of rows that can not be computed under ``jit``, from NumPy arrays."""
    rows = len(jax.tree.leaves(fit)[0])
    computed = [
        plan.compute(
            *jax.tree.map(lambda array, row=row: array[row], (fit, held_out)), traceable=False
        )
        for row in range(rows)
    ]
    return {name: np.stack([np.asarray(part[name]) for part in computed]) for name in computed[0]}
