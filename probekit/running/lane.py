"""A lane: seeds that one call of the compiled program works on, chunk after chunk.

On an accelerator one lane holds all seeds, vectorised. On a CPU a lane holds one seed and lanes
run one after the other: the matrix products of one seed keep all cores busy, and vectorised ones
are slower.
"""

import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from typing import NamedTuple

import jax
import numpy as np

from probekit.probing import Scores
from probekit.running.compiled import Compiled
from probekit.running.program import Carry, Data, Epochs, Row
from probekit.tasks import Split

SECONDS = 0.5
"""About how long a chunk may take: how far apart progress, rows on disk and Ctrl-C are."""


class Pace:
    """How many epochs the next chunk takes: one at first, more while they are quick.

    The lanes of a run share it, so that only the first begins slowly.
    """

    def __init__(self) -> None:
        self.epochs = 1

    def adapt(self, seconds: float, room: int) -> None:
        """Take what a chunk of `epochs` has taken into account."""
        self.epochs = min(2 * self.epochs, room) if seconds < SECONDS else max(1, self.epochs // 2)


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


class _Begun(NamedTuple):
    """A chunk that the device is computing, and its scores."""

    epochs: tuple[int, ...]
    carry: Carry
    row: Row
    scores: Callable[[], Scores]

    def fetched(self) -> Chunk:
        """Wait for it, and bring it to the host but for the statistics, which have served."""
        scores = self.scores()
        carry, row = jax.device_get((self.carry, self.row._replace(states={})))
        return Chunk(self.epochs, carry, row, scores)


def run_lane(
    compiled: Compiled,
    data: Data,
    orders: Sequence[Iterator[np.ndarray]],
    carry: Carry,
    *,
    first: int,
    last: int,
    pace: Pace,
) -> Generator[Chunk, None, None]:
    """Yield chunk after chunk of the epochs `first` to `last`, until all seeds have stopped.

    The device is given its next chunk before the results of the last one are handed out, so that
    writing them costs no time.

    Parameters
    ----------
    compiled : Compiled
    data : Data
        Seeds stacked, on the device.
    orders : sequence of iterator
        For each seed the orders of its training examples, from the first epoch to be trained.
    carry : Carry
        Where the seeds stand, stacked.
    first, last : int
        Epochs; `last` is included.
    pace : Pace
    """
    epoch, began = first, time.monotonic()
    waiting: _Begun | None = None
    try:
        while epoch <= last or waiting is not None:
            ahead = None
            if epoch <= last:
                numbers = tuple(range(epoch, min(epoch + pace.epochs, last + 1)))
                carry, row = compiled.chunk(carry, data, _epochs(compiled, orders, numbers))
                ahead, epoch = _Begun(numbers, carry, row, compiled.reading(row)), numbers[-1] + 1
            if waiting is not None:
                chunk = waiting.fetched()
                yield chunk
                if bool(np.all(chunk.carry.finished)):
                    return
                now = time.monotonic()
                pace.adapt(now - began, compiled.room)
                began = now
            waiting = ahead
    except BaseException:
        # An interpreter that ends while the device computes may crash, so a run that is stopped
        # waits for the chunk that it had begun.
        jax.block_until_ready(jax.live_arrays())  # type: ignore[no-untyped-call]
        raise


def stacked_data(seeds: Sequence[Mapping[str, Split]]) -> Data:
    """Stack the data of seeds and place them on the device."""
    stacked = jax.tree.map(lambda *arrays: np.stack(arrays), *map(Data.of, seeds))
    placed: Data = jax.device_put(stacked)
    return placed


def _epochs(
    compiled: Compiled, orders: Sequence[Iterator[np.ndarray]], numbers: Sequence[int]
) -> Epochs:
    """Return the next epochs of each seed, with the room that is left marked as not wanted."""
    given = compiled.epochs()
    given.wanted[:, : len(numbers)] = True
    for place, number in enumerate(numbers):
        if number > 0:  # nothing is trained before epoch 0
            given.trained[:, place] = True
            for seed, order in enumerate(orders):
                given.order[seed, place] = next(order)
    return given
