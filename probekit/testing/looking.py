"""The scores that a test looks at, remembered for the report of the pytest plugin.

The standard library alone: the plugin drains this module after each phase of a test, if something
has imported it.
"""

from collections import deque
from collections.abc import Mapping
from typing import Any, NamedTuple


class Look(NamedTuple):
    """One score that was looked at; all fields go through JSON, as pytest-xdist sends reports.

    Attributes
    ----------
    what : str
        The variable, such as ``linear_r2``.
    where : mapping of str
        ``{"layer": "hidden_3", "feature": "xor"}``.
    value, lower, upper : float or None
        The score, or the mean over seeds and its interval.
    n : int
        Number of seeds; 0 for a score without seeds.
    wanted : str
        What was asserted; empty for a score that was computed only.
    verdict : str
        ``"ok"``, ``"failed"``, ``"written"`` or nothing.
    """

    what: str
    where: Mapping[str, str] = {}
    value: float | None = None
    lower: float | None = None
    upper: float | None = None
    n: int = 0
    wanted: str = ""
    verdict: str = ""


# Bounded: without the plugin (-p no:probekit) nobody drains it.
_looks: deque[Look] = deque(maxlen=10_000)


def note(look: Look) -> None:
    """Remember that a score was looked at."""
    _looks.append(look)


def drain() -> list[dict[str, Any]]:
    """Return what was looked at since the last call, in plain values, and forget it."""
    drained = [{**look._asdict(), "where": dict(look.where)} for look in _looks]
    _looks.clear()
    return drained


def restore(looks: list[dict[str, Any]]) -> None:
    """Put back what was drained: a test may itself run tests in this process."""
    _looks.extendleft(Look(**look) for look in reversed(looks))
