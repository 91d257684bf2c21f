"""Trajectories as one line of text each, for the terminal."""

import itertools
import math
from collections.abc import Sequence

BLOCKS = "▁▂▃▄▅▆▇█"
GAP = "·"
DIGITS = "12345678"
"""The same heights where the output cannot hold blocks; a gap is a dot of ASCII then."""


def sparkline(
    values: Sequence[float], *, low: float, high: float, width: int = 50, ascii_only: bool = False
) -> str:
    """Draw values as blocks of eight heights between `low` and `high`.

    Parameters
    ----------
    values : sequence of float
        NaN where there is none: drawn as a dot.
    low, high : float
        What the lowest and the highest block stand for; values beyond are drawn as these.
    width : int
        The most characters to use; more values than that are averaged in equal parts.
    ascii_only : bool
        Write heights as the digits 1 to 8.

    Examples
    --------
    >>> sparkline([0, 1, 2, 3, float("nan"), 7], low=0, high=7)
    '▁▂▃▄·█'
    >>> sparkline([0, 1, 7], low=0, high=7, ascii_only=True)
    '128'
    """
    blocks = "".join(_block(value, low, high) for value in _thinned(values, width))
    return blocks.translate(str.maketrans(BLOCKS + GAP, DIGITS + ".")) if ascii_only else blocks


def _block(value: float, low: float, high: float) -> str:
    if math.isnan(value):
        return GAP
    share = 0.0 if high <= low else (min(max(value, low), high) - low) / (high - low)
    return BLOCKS[round(share * (len(BLOCKS) - 1))]


def _thinned(values: Sequence[float], width: int) -> list[float]:
    """Return at most `width` values: means of neighbours, NaN only where all are NaN."""
    if len(values) <= width:
        return [float(value) for value in values]
    edges = [round(part * len(values) / width) for part in range(width + 1)]
    thinned = []
    for begin, end in itertools.pairwise(edges):
        defined = [float(value) for value in values[begin:end] if not math.isnan(value)]
        thinned.append(sum(defined) / len(defined) if defined else math.nan)
    return thinned
