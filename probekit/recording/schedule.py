"""At which steps of a training loop to record."""

from collections.abc import Callable, Iterable

import numpy as np

from probekit._checks import check_at_least, check_count
from probekit.errors import OptionError

Schedule = int | Iterable[int] | Callable[[int], bool] | None


def log_spaced(last: int, count: int = 50) -> tuple[int, ...]:
    """Return steps from 0 to `last`, about evenly spaced on a logarithmic scale.

    Representations change most at the beginning of training.

    Parameters
    ----------
    last : int
        The last step, which is included.
    count : int
        At most so many steps; fewer where rounding makes two the same.

    Examples
    --------
    >>> log_spaced(1000, 7)
    (0, 1, 4, 16, 63, 251, 1000)
    """
    check_count("last", last, 0)
    check_count("count", count, 2)
    if last == 0:
        return (0,)
    steps = np.rint(np.geomspace(1, last, count - 1)).astype(int)
    return tuple(sorted({0, *steps.tolist()}))


def is_due(schedule: Schedule) -> Callable[[int], bool]:
    """Return whether a step is on the schedule, as a function of the step.

    Parameters
    ----------
    schedule : int, iterable of int, function or None
        Every so many steps; these steps; what the function says; or every step.

    Raises
    ------
    OptionError
        If it is none of these, or an interval less than 1.
    """
    if schedule is None:
        return lambda step: True
    if callable(schedule):
        return schedule
    if isinstance(schedule, int | np.integer):
        every = int(schedule)
        check_at_least("every", every, 1)
        return lambda step: step % every == 0
    try:
        steps = frozenset(int(step) for step in schedule)
    except (TypeError, ValueError):
        raise OptionError(
            f"every={schedule!r}: give a number of steps, a list of steps, or a function of a step."
        ) from None
    return steps.__contains__
