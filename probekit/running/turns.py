"""Whose turn it is: lanes of work, some of them side by side."""

from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import TypeAlias, TypeVar

T = TypeVar("T")

Lane: TypeAlias = Generator[Future[T] | None, None, None]
"""Results that are on their way, one after the other; None where the lane rests."""


def side_by_side(lanes: Iterable[Lane[T]], count: int) -> Generator[T, None, None]:
    """Yield the results of some lanes as they come; the next lane begins when one has ended.

    A lane that rests goes on when the others have begun.

    Parameters
    ----------
    lanes : iterable of generator
        Each is asked for its next result when its last one has been used.
    count : int
        How many lanes run at a time.
    """
    waiting, running = deque(lanes), dict[Future[T], Lane[T]]()
    lane: Lane[T]
    try:
        while waiting or running:
            if waiting and len(running) < count:
                lane = waiting.popleft()
            else:
                done = wait(running, return_when=FIRST_COMPLETED).done
                came = next(future for future in running if future in done)
                lane = running[came]
                yield came.result()
                del running[came]
            for coming in lane:
                if coming is None:
                    waiting.append(lane)
                else:
                    running[coming] = lane
                break
    finally:
        for lane in (*running.values(), *waiting):
            lane.close()
