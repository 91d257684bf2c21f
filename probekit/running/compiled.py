"""A program compiled for data of certain shapes: in the background, and once per process.

Tracing holds the interpreter but compiling does not, so the caller goes on with other work. What
takes longest to compile is begun first.
"""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache, lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from probekit.probing import LayerStates, Scores, host_rows, lowered_rows, once_options
from probekit.running.program import Carry, Data, Epochs, Program, Row

EPOCHS = 16
"""How many epochs a chunk has room for, at most."""

ROOM = 256 << 20
"""How many bytes a chunk may hold of what it hands out."""


def compiled_for(program: Program, data: Data) -> "Compiled":
    """Return the program compiled for these data, seeds stacked; it need not be ready yet."""
    return _compiled(program, jax.tree.map(_struct_of, data))


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
        one_seed = jax.tree.map(lambda array: _struct(array.shape[1:], array.dtype), data)
        self.packing, handed_out = program.packing(one_seed)
        self.room = max(1, min(EPOCHS, ROOM // max(1, self.seeds * handed_out)))
        numbers = _struct((self.seeds,), jnp.int32)
        carry = jax.eval_shape(self._over_seeds(program.init), numbers)
        chunk = jax.jit(self._over_seeds(program.chunk)).lower(carry, data, self.epochs(_struct))
        self._chunk = _compiling(chunk)
        init = jax.jit(self._over_seeds(program.init), compiler_options=once_options())
        self._init = _compiling(init.lower(numbers))
        self._readouts: dict[Any, Future[Any]] = {}
        for states in self.packing.shapes(self.seeds * self.room).values():
            self._readout_of(states)

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

    def scores(self, row: Row) -> Scores:
        """Return the scores of all layers, axes ``seed, epoch`` first; `row` is on the host."""
        lead = row.recorded.shape
        fit, test = (self.packing.unpack(_rows_of_split(row, split)) for split in (0, 1))
        scores: Scores = {}
        for layer in fit:
            states = fit[layer], test[layer]
            read = dict(jax.device_get(self._readout_of(fit[layer]).result()(*states)))
            if not self.program.plan.traceable:
                read |= host_rows(self.program.plan, *states)
            scores[layer] = {name: a.reshape(*lead, *a.shape[1:]) for name, a in read.items()}
        return scores

    def _readout_of(self, states: LayerStates) -> Future[Any]:
        """Return the program that reads scores off the states of a layer of these shapes."""
        key = tuple((leaf.shape, leaf.dtype) for leaf in jax.tree.leaves(states))
        if key not in self._readouts:
            shapes = jax.tree.map(_struct_of, states)
            self._readouts[key] = _compiling(lowered_rows(self.program.plan, shapes, shapes))
        return self._readouts[key]

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


def _rows_of_split(row: Row, split: int) -> dict[str, np.ndarray]:
    """Return vectors ``(row, …)`` of one split out of ``(seed, epoch, split, …)``."""
    states = {name: np.asarray(array)[:, :, split] for name, array in row.states.items()}
    return {name: array.reshape(-1, array.shape[-1]) for name, array in states.items()}


def _struct_of(array: Any) -> Any:
    return _struct(array.shape, array.dtype)


def _struct(shape: tuple[int, ...], dtype: Any) -> Any:
    return jax.ShapeDtypeStruct(shape, dtype)  # type: ignore[no-untyped-call]
