"""Reads scores off states: one small compiled program per shape of layer.

Such a program runs once per call of `probe` or per chunk of a run, on arrays that are small, and
most of its cost is compiling it. So it is compiled for quick compilation, apart from the model, and
layers of one shape share it.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import jax
import numpy as np

from probekit.probing.plan import LayerStates, Plan, Scores, States

Options = dict[str, bool | int | str]


@cache
def quick_options() -> Options:
    """Return compiler options that make compiling about four times as fast, where they exist."""
    return _accepted(
        {
            "xla_cpu_use_fusion_emitters": False,
            "xla_backend_optimization_level": 0,
            "xla_cpu_parallel_codegen_split_count": 1,  # parts of small programs cost more
        }
    )


@cache
def once_options() -> Options:
    """Return options for what runs once: twice as fast to compile, and the same in every digit."""
    return _accepted({"xla_cpu_use_fusion_emitters": False, "xla_backend_optimization_level": 1})


@cache
def many_options() -> Options:
    """Return options for what runs many times: 20 % less to compile, as fast, the same digits."""
    return _accepted({"xla_backend_optimization_level": 1})


def _accepted(options: Options) -> Options:
    """Return the options if this version of XLA knows them all, else none."""
    try:
        jax.jit(lambda x: x, compiler_options=options).lower(np.float32(0)).compile()
    except Exception:  # XLA gives no promise about its options, and raises what it likes
        return {}
    return options


def read_layers(plan: Plan, fit: States, held_out: States) -> Callable[[], Scores]:
    """Begin to compute the scores of all layers; return what waits for them and hands them out.

    What can be computed under ``jit`` is; the rest is given NumPy arrays.
    """
    read = _jitted()
    begun = {layer: read(plan, fit[layer], held_out[layer]) for layer in fit}

    def result() -> Scores:
        scores: Scores = jax.device_get(begun)
        if not plan.traceable:
            states = jax.device_get((fit, held_out))
            for layer in scores:
                pair = (split[layer] for split in states)
                scores[layer] |= plan.compute(*pair, traceable=False)
        return scores

    return result


@cache
def _jitted() -> Any:
    return jax.jit(read_layer, static_argnames="plan", compiler_options=quick_options())


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
