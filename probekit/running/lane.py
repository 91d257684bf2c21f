"""A lane: seeds that one call of the compiled program works on, chunk after chunk.

On an accelerator one lane holds all seeds, vectorised. On a CPU a lane holds one seed and lanes
run one after the other: the matrix products of one seed keep all cores busy, and vectorised ones
are slower.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache, lru_cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from probekit.probing import LayerStates, Scores, host_rows, lowered_rows, once_options
from probekit.running.packing import Packing
from probekit.running.program import Carry, Data, Epochs, Program, Row
from probekit.tasks import Split

CHUNK = 16
"""How many epochs a chunk has room for."""

SECONDS = 0.5
"""About how long a chunk may take: how far apart progress, rows on disk and Ctrl-C are."""


class Chunk(NamedTuple):
    """What came of one call; arrays have the axes ``seed, epoch`` first, and lie on the host.

    Attributes
    ----------
    epochs : tuple of int
        The epochs of this chunk, whether or not training has stopped before them.
    carry : Carry
        What goes on after the last of them; seeds stacked.
    row : Row
        Of all epochs that the chunk has room for.
    scores : dict
        ``{layer: {variable: array}}`` of the same.
    """

    epochs: tuple[int, ...]
    carry: Carry
    row: Row
    scores: Scores


class Compiler:
    """Compiles a program, in the background, for a number of seeds at once.

    Tracing holds the interpreter but compiling does not, so the caller can go on with other work.
    """

    def __init__(self, program: Program, seeds: int) -> None:
        self.program, self.seeds = program, seeds
        init = jax.jit(self._over_seeds(program.init), compiler_options=once_options())
        self._init = self._compile(init.lower(self._seed_numbers))
        self._chunks: dict[Any, tuple[Future[Any], Packing]] = {}
        self._readouts: dict[Any, Future[Any]] = {}

    def start(self, data: Data) -> tuple[Future[Any], Packing]:
        """Start to compile for data of these shapes, seeds stacked."""
        key = data.sizes, data.inputs.shape, data.inputs.dtype
        if key not in self._chunks:
            carry = jax.eval_shape(self._over_seeds(self.program.init), self._seed_numbers)
            shapes = carry, _shapes(data), _room(self.seeds, data.sizes[0])
            chunk = self._compile(jax.jit(self._over_seeds(self.program.chunk)).lower(*shapes))
            one_seed = jax.tree.map(lambda array: _struct(array.shape[1:], array.dtype), data)
            packing = self.program.packing(one_seed)
            self._chunks[key] = chunk, packing
            for states in packing.shapes(self.seeds * CHUNK).values():
                self._readout_of(states)
        return self._chunks[key]

    def init(self, seeds: Sequence[int]) -> Carry:
        """Return the initial states of these seeds, stacked."""
        carry: Carry = self._init.result()(np.array(seeds, np.int32))
        return carry

    def chunk(self, carry: Carry, data: Data, epochs: Epochs) -> tuple[Carry, Row]:
        """Run a chunk; returns as soon as the device has begun."""
        compiled, _ = self.start(data)
        result: tuple[Carry, Row] = compiled.result()(carry, data, epochs)
        return result

    def scores(self, data: Data, row: Row) -> Scores:
        """Return the scores of all layers, axes ``seed, epoch`` first; `row` is on the host."""
        _, packing = self.start(data)
        lead = row.recorded.shape
        fit, test = (packing.unpack(_rows_of_split(row, split)) for split in (0, 1))
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
            shapes = _shapes(states)
            self._readouts[key] = self._compile(lowered_rows(self.program.plan, shapes, shapes))
        return self._readouts[key]

    def _compile(self, lowered: Any) -> Future[Any]:
        return _pool().submit(lowered.compile)

    @property
    def _seed_numbers(self) -> Any:
        return _struct((self.seeds,), jnp.int32)

    def _over_seeds(self, function: Any) -> Any:
        """Return the function with an axis of seeds; one seed is not vectorised, only unpacked."""
        if self.seeds > 1:
            return jax.vmap(function)

        def of_one(*stacked: Any) -> Any:
            single = jax.tree.map(lambda array: array[0], stacked)
            return jax.tree.map(lambda array: array[None], function(*single))

        return of_one


@lru_cache(maxsize=8)
def compiler_of(program: Program, seeds: int) -> Compiler:
    """Return the compiler of a program; a program that has been run is not compiled again."""
    return Compiler(program, seeds)


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(2, thread_name_prefix="probekit-compile")


def run_lane(
    compiler: Compiler,
    data: Data,
    orders: Sequence[Iterator[np.ndarray]],
    carry: Carry,
    *,
    first: int,
    last: int,
) -> Iterator[Chunk]:
    """Yield chunk after chunk of the epochs `first` to `last`, until all seeds have stopped.

    The device is given its next chunk before the results of the last one are handed out, so that
    writing them costs no time. Chunks begin with one epoch and grow while they are quick.

    Parameters
    ----------
    compiler : Compiler
    data : Data
        Seeds stacked, on the device.
    orders : sequence of iterator
        For each seed the orders of its training examples, from the first epoch to be trained.
    carry : Carry
        Where the seeds stand, stacked.
    first, last : int
        Epochs; `last` is included.
    """
    epoch, count, began = first, 1, time.monotonic()
    waiting: tuple[tuple[int, ...], Carry, Row] | None = None
    while epoch <= last or waiting is not None:
        ahead = None
        if epoch <= last:
            numbers = tuple(range(epoch, min(epoch + count, last + 1)))
            carry, row = compiler.chunk(carry, data, _epochs(orders, numbers, data.sizes[0]))
            ahead, epoch = (numbers, carry, row), numbers[-1] + 1
        if waiting is not None:
            chunk = _fetched(compiler, data, *waiting)
            yield chunk
            if bool(np.all(chunk.carry.finished)):
                return
            seconds, began = time.monotonic() - began, time.monotonic()
            count = min(2 * count, CHUNK) if seconds < SECONDS else max(1, count // 2)
        waiting = ahead


def _fetched(
    compiler: Compiler, data: Data, numbers: tuple[int, ...], carry: Carry, row: Row
) -> Chunk:
    """Wait for a chunk, read off its scores, bring it to the host."""
    carry, row = jax.device_get((carry, row))
    scores = compiler.scores(data, row)
    return Chunk(numbers, carry, row._replace(states={}), scores)  # the statistics have served


def stacked_data(seeds: Sequence[Mapping[str, Split]]) -> Data:
    """Stack the data of seeds and place them on the device."""
    stacked = jax.tree.map(lambda *arrays: np.stack(arrays), *map(Data.of, seeds))
    placed: Data = jax.device_put(stacked)
    return placed


def _epochs(
    orders: Sequence[Iterator[np.ndarray]], numbers: Sequence[int], examples: int
) -> Epochs:
    """Return the next epochs of each seed, with the room that is left marked as not wanted."""
    given = _room(len(orders), examples, zeros=np.zeros)
    given.wanted[:, : len(numbers)] = True
    for place, number in enumerate(numbers):
        if number > 0:  # nothing is trained before epoch 0
            given.trained[:, place] = True
            for seed, order in enumerate(orders):
                given.order[seed, place] = next(order)
    return given


def _room(seeds: int, examples: int, zeros: Any = None) -> Epochs:
    """Return the shapes of a chunk, or arrays of zeros."""
    zeros = zeros or _struct
    return Epochs(
        order=zeros((seeds, CHUNK, examples), np.int32),
        wanted=zeros((seeds, CHUNK), np.bool_),
        trained=zeros((seeds, CHUNK), np.bool_),
    )


def _rows_of_split(row: Row, split: int) -> dict[str, np.ndarray]:
    """Return vectors ``(row, …)`` of one split out of ``(seed, epoch, split, …)``."""
    states = {name: np.asarray(array)[:, :, split] for name, array in row.states.items()}
    return {name: array.reshape(-1, array.shape[-1]) for name, array in states.items()}


def _shapes(tree: Any) -> Any:
    return jax.tree.map(lambda array: _struct(array.shape, array.dtype), tree)


def _struct(shape: tuple[int, ...], dtype: Any) -> Any:
    return jax.ShapeDtypeStruct(shape, dtype)  # type: ignore[no-untyped-call]
