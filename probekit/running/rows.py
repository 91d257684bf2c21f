"""The rows of a chunk as a labelled Dataset, and the states to resume from as plain arrays."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from probekit._shapes import struct
from probekit.probing.labelling import dataset_of
from probekit.running.lane import Chunk
from probekit.running.program import Carry, Program

if TYPE_CHECKING:
    import xarray as xr

SCORED = ("train", "test")
"""The splits that the network itself is scored on."""


def rows_of(program: Program, chunk: Chunk) -> "xr.Dataset | None":
    """Label what was recorded, with dims ``seed`` and ``epoch``; None if training had stopped.

    A seed that stopped earlier than others of its lane has NaN in their rows.
    """
    recorded = np.asarray(chunk.row.recorded)
    count = int(recorded.any(axis=0).sum())
    if count == 0:
        return None
    scores, metrics = jax.tree.map(
        lambda array: array[:, :count], (chunk.scores, chunk.row.metrics)
    )
    lead = {"seed": list(chunk.seeds), "epoch": list(chunk.epochs[:count])}
    dataset = dataset_of(program.plan, scores, lead=lead)
    rows = dataset.assign_coords(split=list(SCORED)).assign(_metrics(program, metrics))
    # No estimator needs to have scores of features, and the network still has.
    return rows.assign_coords(feature=list(program.plan.names)) if "feature" in rows.dims else rows


def _metrics(program: Program, metrics: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the task's variables, dims ``(split, seed, epoch, …)``."""
    return {
        variable.name: (
            ("split", "seed", "epoch", *variable.dims),
            np.stack([metrics[split][variable.name] for split in SCORED]),
            variable.attributes(),
        )
        for variable in program.task.variables
    }


def activations_of(program: Program, chunk: Chunk, *, every: int) -> dict[str, "xr.DataArray"]:
    """Return the activations to be stored, dims ``(seed, epoch, example, unit)``."""
    import xarray as xr

    recorded = np.asarray(chunk.row.recorded)
    wanted = [
        place
        for place, epoch in enumerate(chunk.epochs)
        if epoch % every == 0 and recorded[:, place].any()
    ]
    if not wanted:
        return {}
    stored = {}
    for layer in program.stored:
        array = np.asarray(chunk.row.activations[layer])[:, wanted]
        flat = array.reshape(*array.shape[:3], -1)
        coords = {"seed": list(chunk.seeds), "epoch": [chunk.epochs[place] for place in wanted]}
        stored[layer] = xr.DataArray(flat, coords, ("seed", "epoch", "example", "unit"))
    return stored


def leaves_of(carry: Carry, place: int) -> list[np.ndarray]:
    """Return what one seed of a lane goes on from, as plain arrays."""
    leaves = jax.tree.leaves(jax.tree.map(lambda array: array[place], carry))
    return [np.asarray(jax.random.key_data(leaf) if _is_key(leaf) else leaf) for leaf in leaves]


def carry_of(program: Program, seeds: Sequence[Sequence[np.ndarray]]) -> Carry:
    """Return the stacked carry of seeds from what `leaves_of` returned for each."""
    shapes = jax.eval_shape(program.init, struct((), np.int32))
    like, structure = jax.tree.flatten(shapes)
    stacked = [np.stack(parts) for parts in zip(*seeds, strict=True)]
    leaves = [
        jax.random.wrap_key_data(jnp.asarray(array), impl=jax.random.key_impl(shape))
        if _is_key(shape)
        else array
        for array, shape in zip(stacked, like, strict=True)
    ]
    carry: Carry = jax.device_put(jax.tree.unflatten(structure, leaves))
    return carry


def _is_key(leaf: Any) -> bool:
    """Whether an array holds typed random keys, which have no NumPy dtype."""
    return jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)
