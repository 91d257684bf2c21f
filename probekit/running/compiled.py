"""A program compiled for data of certain shapes: in the background, and once per process.

Tracing holds the interpreter but compiling does not, so the caller goes on with other work. What
takes longest to compile is begun first.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache, lru_cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from probekit._compiling import many_options, once_options, quick_options
from probekit._shapes import shape_of, struct
from probekit.probing.plan import LayerStates, Plan, Scores
from probekit.probing.readout import host_rows, read_rows
from probekit.running.packing import Packing
from probekit.running.program import Carry, Data, Epochs, Program, Row

EPOCHS = 32
"""How many epochs a chunk has room for, at most."""

ROOM = 256 << 20
"""How many bytes a chunk may hold of what it hands out."""


def compiled_for(program: Program, data: Data) -> "Compiled":
    """Return the program compiled for these data, seeds stacked; it need not be ready yet."""
    return _compiled(program, jax.tree.map(shape_of, data))


@lru_cache(maxsize=8)
def _compiled(program: Program, data: Data) -> "Compiled":
    return Compiled(program, data)


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(2, thread_name_prefix="probekit-compile")


class Compiled:
    """A program compiled for a number of seeds at once and data of certain shapes.

    Parameters
    ----------
    program : Program
    data : Data
        Shapes, seeds stacked.

    Attributes
    ----------
    room : int
        How many epochs a chunk has room for.
    """

    def __init__(self, program: Program, data: Data) -> None:
        self.program, self.seeds = program, data.inputs.shape[0]
        self.examples = data.sizes[0]
        numbers = struct((self.seeds,), jnp.int32)
        init = jax.jit(self._over_seeds(program.init), compiler_options=once_options())
        # Traced once, for this and for compiling it.
        carry = init.eval_shape(numbers)  # type: ignore[no-untyped-call]
        self.packings, handed_out = program.packings(_of_one(carry), _of_one(data))
        self.room = max(1, min(EPOCHS, ROOM // max(1, self.seeds * handed_out)))
        run = program.chunk_of_seeds if self.seeds > 1 else self._over_seeds(program.chunk)
        chunk = jax.jit(run, compiler_options=many_options())
        self._chunk = _compiling(chunk.lower(carry, data, self.epochs(struct)))
        self._init = _compiling(init.lower(numbers))
        self._readouts: dict[Packing, Future[Any]] = {}  # layers of one shape share one
        for packing in self.packings.values():
            if packing not in self._readouts:
                states = packing.shapes(self.seeds, self.room, 2)
                read = jax.jit(
                    partial(_read, program.plan, packing), compiler_options=quick_options()
                )
                wanted = struct((self.seeds, self.room), jnp.bool_)
                self._readouts[packing] = _compiling(read.lower(wanted, states))

    def epochs(self, zeros: Any = np.zeros) -> Epochs:
        """Return a chunk of epochs, none of them wanted: arrays, or shapes."""
        lead = self.seeds, self.room
        return Epochs(
            order=zeros((*lead, self.examples), np.int32),
            wanted=zeros(lead, np.bool_),
            trained=zeros(lead, np.bool_),
        )

    def init(self, seeds: Sequence[int]) -> Carry:
        """Return the initial states of these seeds, stacked."""
        carry: Carry = self._init.result()(np.array(seeds, np.int32))
        return carry

    def chunk(self, carry: Carry, data: Data, epochs: Epochs) -> tuple[Carry, Row]:
        """Run a chunk; returns as soon as the device has begun."""
        result: tuple[Carry, Row] = self._chunk.result()(carry, data, epochs)
        return result

    def reading(self, row: Row) -> Callable[[], Scores]:
        """Begin to read off the scores of all layers; return what waits for them.

        Their arrays have the axes ``seed, epoch`` first. The device is asked before it is given
        its next chunk, so that the scores are there while that one runs.
        """
        begun = {
            layer: self._readouts[packing].result()(row.recorded, row.states[layer])
            for layer, packing in self.packings.items()
        }

        def result() -> Scores:
            scores: dict[str, dict[str, Any]] = jax.device_get(begun)
            if not self.program.plan.traceable:
                wanted = np.asarray(row.recorded)
                for layer, packing in self.packings.items():
                    states = jax.device_get(row.states[layer])
                    scores[layer] |= _host_read(self.program.plan, packing, wanted, states)
            return scores

        return result

    def _over_seeds(self, function: Any) -> Any:
        """Return the function with an axis of seeds; one seed is not vectorised, only unpacked."""
        if self.seeds > 1:
            return jax.vmap(function)

        def of_one(*stacked: Any) -> Any:
            single = jax.tree.map(lambda array: array[0], stacked)
            return jax.tree.map(lambda array: array[None], function(*single))

        return of_one


def _compiling(lowered: Any) -> Future[Any]:
    return _pool().submit(lowered.compile)


def _read(
    plan: Plan, packing: Packing, wanted: jax.Array, packed: Mapping[str, jax.Array]
) -> dict[str, jax.Array]:
    """Return the scores of a layer for every seed and epoch that is wanted, from packed states."""
    read = read_rows(plan, *_states_of_rows(packing, packed), wanted.reshape(-1))
    return {name: array.reshape(*wanted.shape, *array.shape[1:]) for name, array in read.items()}


def _host_read(
    plan: Plan, packing: Packing, wanted: np.ndarray, packed: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Return the scores that can not be computed under ``jit``."""
    read = host_rows(plan, *_states_of_rows(packing, packed), wanted.reshape(-1))
    return {name: array.reshape(*wanted.shape, *array.shape[1:]) for name, array in read.items()}


def _states_of_rows(packing: Packing, packed: Mapping[str, Any]) -> tuple[LayerStates, LayerStates]:
    """Return the states of both splits, with one leading axis ``row``, out of packed ones."""

    def of_split(split: int) -> LayerStates:
        vectors = {name: array[:, :, split] for name, array in packed.items()}
        rows = {name: vector.reshape(-1, vector.shape[-1]) for name, vector in vectors.items()}
        states: LayerStates = packing.unpack(rows)
        return states

    return of_split(0), of_split(1)


def _of_one(stacked: Any) -> Any:
    """Return the shapes of one seed's part."""
    return jax.tree.map(lambda array: struct(array.shape[1:], array.dtype), stacked)
