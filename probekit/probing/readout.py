"""Reads scores off states: one small compiled program per shape of layer.

Such a program runs once per call of `probe` or per chunk of a run, on arrays that are small, and
most of its cost is compiling it. So it is compiled for quick compilation, apart from the model, and
layers of one shape share it.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from probekit._compiling import compiled_with, quick_options
from probekit.probing.plan import LayerStates, Plan, Scores, States


def read_layers(plan: Plan, fit: States, held_out: States) -> Callable[[], Scores]:
    """Begin to compute the scores of all layers; return what waits for them and hands them out.

    Their order is that of `fit`. What can be computed under ``jit`` is; the rest is given NumPy
    arrays.
    """
    begun = {layer: _read(plan, fit[layer], held_out[layer]) for layer in fit}

    def result() -> Scores:
        found: Scores = jax.device_get(begun)
        scores = {layer: found[layer] for layer in fit}  # JAX sorts them by name
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


def read_rows(
    plan: Plan, fit: LayerStates, held_out: LayerStates, wanted: jax.Array
) -> dict[str, jax.Array]:
    """Return the same for rows, the first axis of every state; of rows not wanted what is `absent`.

    Row by row and not vectorised, so that a row does not depend on its neighbours in any digit, and
    one that is not wanted costs nothing.
    """
    read = jax.jit(partial(read_layer, plan))  # so that it is traced once

    def of_row(row: tuple[jax.Array, LayerStates, LayerStates]) -> dict[str, jax.Array]:
        is_wanted, *states = row
        nothing = jax.tree.map(absent, jax.eval_shape(read, *states))
        found: dict[str, jax.Array] = jax.lax.cond(is_wanted, read, lambda *_: nothing, *states)
        return found

    rows: dict[str, jax.Array] = jax.lax.map(of_row, (wanted, fit, held_out))
    return rows


def host_rows(
    plan: Plan, fit: LayerStates, held_out: LayerStates, wanted: np.ndarray
) -> Mapping[str, np.ndarray]:
    """Return the scores of rows that can not be computed under ``jit``, from NumPy arrays."""
    computed = {
        int(row): plan.compute(
            *jax.tree.map(lambda array, row=row: array[row], (fit, held_out)), traceable=False
        )
        for row in np.flatnonzero(wanted)
    }
    if not computed:
        return {}
    example = next(iter(computed.values()))
    nothing = {name: np.asarray(absent(np.asarray(score))) for name, score in example.items()}
    return {
        name: np.stack([np.asarray(computed.get(row, nothing)[name]) for row in range(len(wanted))])
        for name in example
    }


def absent(shape: Any) -> jax.Array:
    """Return what stands for an array of this shape and dtype that was not computed."""
    if shape.dtype == bool:
        return jnp.zeros(shape.shape, bool)
    fill = jnp.nan if jnp.issubdtype(shape.dtype, jnp.inexact) else -1
    return jnp.full(shape.shape, fill, shape.dtype)
