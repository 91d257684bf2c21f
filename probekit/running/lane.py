"""A lane: seeds that one call of the compiled program works on, chunk after chunk.

On an accelerator one lane holds all seeds, vectorised. On a CPU a lane holds one seed, since
vectorised products are slower, and two lanes run side by side: one works while the other has
nothing for all cores to do, which saves some 10 % of the time.
"""

import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

import jax
import numpy as np

from probekit.errors import OptionError, ShapeError
from probekit.probing.plan import Scores
from probekit.running.compiled import Compiled
from probekit.running.program import Carry, Data, Epochs, Row
from probekit.tasks import Split

SECONDS = 1.0
"""About how long a chunk may take: how far apart progress, rows on disk and Ctrl-C are."""


class Pace:
    """How many epochs the next chunk takes: one at first, more while they are quick.

    The lanes of a run share it, so that only the first begins slowly. It changes only where it is
    off by a factor of two: of two lanes with chunks of unlike length one waits for the other.
    """

    def __init__(self) -> None:
        self.epochs = 1

    def adapt(self, epochs: int, seconds: float, room: int) -> None:
        """Take into account what a chunk of so many epochs has taken."""
        if 2 * self.epochs * seconds <= SECONDS * epochs:
            self.epochs = min(2 * self.epochs, room)
        elif self.epochs * seconds >= 2 * SECONDS * epochs:
            self.epochs = max(1, self.epochs // 2)


class Chunk(NamedTuple):
    """What came of one call; arrays have the axes ``seed, epoch`` first, and lie on the host.

    Attributes
    ----------
    seeds : tuple of int
        The seeds of the lane.
    epochs : tuple of int
        The epochs of this chunk, whether or not training has stopped before them.
    carry : Carry
        What goes on after the last of them; seeds stacked.
    row : Row
        Of all epochs that the chunk has room for.
    scores : dict
        ``{layer: {variable: array}}`` of the same.
    """

    seeds: tuple[int, ...]
    epochs: tuple[int, ...]
    carry: Carry
    row: Row
    scores: Scores


class _Begun(NamedTuple):
    """A chunk that the device is computing, and its scores."""

    carry: Carry
    row: Row
    scores: Callable[[], Scores]


def run_lane(
    compiled: Compiled,
    data: Data,
    seeds: tuple[int, ...],
    orders: Sequence[Iterator[np.ndarray]],
    carry: Carry,
    *,
    first: int,
    last: int,
    pace: Pace,
) -> Generator[Future[Chunk], None, None]:
    """Yield chunk after chunk of the epochs `first` to `last`, until all seeds have stopped.

    The device is given its next chunk before the last one is handed out, so that writing what came
    of that costs no time.

    Parameters
    ----------
    compiled : Compiled
    data : Data
        Seeds stacked, on the device.
    seeds : tuple of int
    orders : sequence of iterator
        For each seed the orders of its training examples, from the first epoch to be trained.
    carry : Carry
        Where the seeds stand, stacked.
    first, last : int
        Epochs; `last` is included.
    pace : Pace
    """
    epoch, began = first, time.monotonic()
    waiting: tuple[tuple[int, ...], Future[_Begun]] | None = None
    # XLA computes one after the other what one thread asks for: each lane asks in its own.
    thread = ThreadPoolExecutor(1, thread_name_prefix="probekit-lane")
    try:
        while epoch <= last or waiting is not None:
            ahead = None
            if epoch <= last:
                epochs = tuple(range(epoch, min(epoch + pace.epochs, last + 1)))
                given = _epochs(compiled, orders, epochs)
                before = carry if waiting is None else waiting[1]
                ahead = epochs, thread.submit(_begin, compiled, data, before, given)
                epoch = epochs[-1] + 1
            if waiting is not None:
                coming = thread.submit(_fetch, seeds, *waiting)
                yield coming
                chunk = coming.result()
                if bool(np.all(chunk.carry.finished)):
                    return
                now = time.monotonic()
                pace.adapt(len(chunk.epochs), now - began, compiled.room)
                began = now
            waiting = ahead
    except BaseException:
        # An interpreter that ends while the device computes may crash, so a run that is stopped
        # waits for the chunk that it had begun; what it has not been given yet it shall not get.
        thread.shutdown(cancel_futures=True)
        jax.block_until_ready(jax.live_arrays())  # type: ignore[no-untyped-call]
        raise
    finally:
        thread.shutdown()


def _begin(compiled: Compiled, data: Data, before: Carry | Future[_Begun], given: Epochs) -> _Begun:
    """Give the device a chunk, which goes on from where the one before it ends."""
    carry = before.result().carry if isinstance(before, Future) else before
    carry, row = compiled.chunk(carry, data, given)
    return _Begun(carry, row, compiled.reading(row))


def _fetch(seeds: tuple[int, ...], epochs: tuple[int, ...], begun: Future[_Begun]) -> Chunk:
    """Wait for a chunk, and bring it to the host but for the statistics, which have served."""
    carry, row, scores = begun.result()
    read = scores()
    carry, row = jax.device_get((carry, row._replace(states={})))
    return Chunk(seeds, epochs, carry, row, read)


def stacked_data(seeds: Sequence[Mapping[str, Split]]) -> Data:
    """Stack the data of seeds and place them on the device; raise `ShapeError` if they differ."""
    each = [Data.of(splits) for splits in seeds]
    for data in each:
        if data.sizes != each[0].sizes:
            raise ShapeError(
                f"data: seeds that run at once have splits of {each[0].sizes} and {data.sizes} "
                "examples. Give each seed as many, or vectorized=False."
            )
    stacked = jax.tree.map(lambda *arrays: np.stack(arrays), *each)
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
                given.order[seed, place] = _next(order, number, examples=given.order.shape[-1])
    return given


def _next(orders: Iterator[np.ndarray], epoch: int, *, examples: int) -> np.ndarray:
    """Return the order of an epoch, if it is one of the training examples."""
    order = next(orders, None)
    if order is None:
        raise OptionError(f"orders: none is left for epoch {epoch}; yield one after the other.")
    order = np.asarray(order)
    if order.shape != (examples,) or not 0 <= order.min() <= order.max() < examples:
        between = f", from {order.min()} to {order.max()}" if order.size else ""
        raise OptionError(
            f"orders: for epoch {epoch} shape {order.shape}{between}; "
            f"yield the numbers of all {examples} training examples."
        )
    return order
