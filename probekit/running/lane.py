"""A lane: seeds that one call of the compiled program works on, chunk after chunk.

On an accelerator one lane holds all seeds, vectorised. On a CPU a lane holds one seed and lanes
run one after the other: the matrix products of one seed keep all cores busy, and vectorised ones
are slower.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from probekit.running.program import Carry, Data, Epochs, Program, Row
from probekit.tasks import Split

CHUNK = 16
"""How many epochs a chunk has room for."""

SECONDS = 0.5
"""About how long a chunk may take: how far apart progress, rows on disk and Ctrl-C are."""


class Chunk(NamedTuple):
    """What came of one call; arrays have the axes ``seed, epoch`` first.

    Attributes
    ----------
    epochs : tuple of int
        The epochs of this chunk, whether or not training has stopped before them.
    carry : Carry
        What goes on after the last of them; on the device, seeds stacked.
    row : Row
        Of all epochs that the chunk has room for; on the host.
    """

    epochs: tuple[int, ...]
    carry: Carry
    row: Row


class Compiler:
    """Compiles a program in the background, once for each number of seeds.

    Tracing holds the interpreter but compiling does not, so the caller can go on with other work.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="probekit-compile")
        self._init: dict[int, Future[Any]] = {}
        self._chunk: dict[int, Future[Any]] = {}

    def start_init(self, seeds: int) -> None:
        """Start to compile what makes initial states."""
        if seeds not in self._init:
            lowered = jax.jit(self._over_seeds(self.program.init, seeds)).lower(_seeds(seeds))
            self._init[seeds] = self._pool.submit(lowered.compile)

    def start_chunk(self, seeds: int, data: Data) -> None:
        """Start to compile a chunk for data of these shapes, seeds stacked."""
        if seeds not in self._chunk:
            init = self._over_seeds(self.program.init, seeds)
            carry = jax.eval_shape(init, _seeds(seeds))
            examples = data["train"].inputs.shape[1]
            shapes = carry, _shapes(data), _room(seeds, examples)
            lowered = jax.jit(self._over_seeds(self.program.chunk, seeds)).lower(*shapes)
            self._chunk[seeds] = self._pool.submit(lowered.compile)

    def init(self, seeds: Sequence[int]) -> Carry:
        """Return the initial states of these seeds, stacked."""
        self.start_init(len(seeds))
        carry: Carry = self._init[len(seeds)].result()(np.array(seeds, np.int32))
        return carry

    def chunk(self, carry: Carry, data: Data, epochs: Epochs) -> tuple[Carry, Row]:
        """Run a chunk; returns as soon as the device has begun."""
        seeds = len(epochs.order)
        self.start_chunk(seeds, data)
        result: tuple[Carry, Row] = self._chunk[seeds].result()(carry, data, epochs)
        return result

    def close(self) -> None:
        """Let the threads go."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    @staticmethod
    def _over_seeds(function: Any, seeds: int) -> Any:
        """Return the function with an axis of seeds; one seed is not vectorised, only unpacked."""
        if seeds > 1:
            return jax.vmap(function)

        def of_one(*stacked: Any) -> Any:
            single = jax.tree.map(lambda array: array[0], stacked)
            return jax.tree.map(lambda array: array[None], function(*single))

        return of_one


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
    data : mapping of Split
        Seeds stacked, on the device.
    orders : sequence of iterator
        For each seed the orders of its training examples, from the first epoch to be trained.
    carry : Carry
        Where the seeds stand, stacked.
    first, last : int
        Epochs; `last` is included.
    """
    examples = data["train"].inputs.shape[1]
    epoch, count, began = first, 1, time.monotonic()
    waiting: Chunk | None = None
    while epoch <= last or waiting is not None:
        ahead: Chunk | None = None
        if epoch <= last:
            numbers = tuple(range(epoch, min(epoch + count, last + 1)))
            given = _epochs(orders, numbers, examples)
            carry, row = compiler.chunk(carry, data, given)
            ahead, epoch = Chunk(numbers, carry, row), numbers[-1] + 1
        if waiting is not None:
            yield waiting._replace(row=jax.device_get(waiting.row))
            if bool(np.all(waiting.carry.finished)):
                return
            seconds, began = time.monotonic() - began, time.monotonic()
            count = min(2 * count, CHUNK) if seconds < SECONDS else max(1, count // 2)
        waiting = ahead


def stacked_data(parts: Sequence[Mapping[str, Split]]) -> dict[str, Split]:
    """Stack the data of seeds, as numbers that the device computes with, and place them on it."""
    stacked = {
        name: Split(*(np.stack([part[name][field] for part in parts]) for field in (0, 1)))
        for name in parts[0]
    }
    placed: dict[str, Split] = jax.device_put(jax.tree.map(_computable, stacked))
    return placed


def _computable(array: np.ndarray) -> np.ndarray:
    """Return integers and wide floats as float32, so that no step has to convert them."""
    return array.astype(np.float32) if array.dtype != np.float16 else array


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


def _room(seeds: int, examples: int, zeros: Any = jax.ShapeDtypeStruct) -> Epochs:
    """Return the shapes of a chunk, or arrays of zeros."""
    return Epochs(
        order=zeros((seeds, CHUNK, examples), np.int32),
        wanted=zeros((seeds, CHUNK), np.bool_),
        trained=zeros((seeds, CHUNK), np.bool_),
    )


def _seeds(seeds: int) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct((seeds,), jnp.int32)  # type: ignore[no-untyped-call]


def _shapes(tree: Any) -> Any:
    return jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype), tree)  # type: ignore[no-untyped-call]
