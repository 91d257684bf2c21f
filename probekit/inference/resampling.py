"""From resampled scores to intervals and p-values."""

import math
import warnings
from typing import Any

import numpy as np

from probekit.errors import ProbekitWarning
from probekit.inference.bootstrap import Bootstrap
from probekit.inference.permutation import Permutation

_UNDEFINED_AT_MOST = 0.1
_FEW = 10
"""Of so many, 95 % intervals hold the true mean in some 90 % of the cases; of 5 in 84 %."""


def interval_of(
    score: np.ndarray,
    resampled: np.ndarray,
    bootstrap: Bootstrap,
    *,
    acceleration: np.ndarray | float = 0.0,
) -> np.ndarray:
    """Return the bounds of the bootstrap interval, with the axis ``bound`` last.

    Parameters
    ----------
    score : array (…)
    resampled : array (resample, …)
        Resamples where a score is undefined (NaN) are left out; the interval is NaN if they are
        more than a tenth, or the score itself is.
    bootstrap : Bootstrap
    acceleration : array (…)
        Of `acceleration_of`, for ``interval="bca"``; 0 allows for bias alone. That interval is NaN,
        too, where the acceleration is, where all resamples lie on one side of the score, and where
        so many do that the outermost of them stands for more than twice the tail asked for.

    Returns
    -------
    array (…, bound)
        The lower bound and the upper.
    """
    tail = (1 - bootstrap.confidence) / 2
    score, resampled = np.asarray(score, float), np.asarray(resampled, float)
    enough = (~np.isnan(resampled)).mean(axis=0) >= 1 - _UNDEFINED_AT_MOST
    enough &= ~np.isnan(score)
    levels = np.stack([np.full(score.shape, tail), np.full(score.shape, 1 - tail)])
    if bootstrap.interval == "bca":
        levels = _adjusted(levels, score, resampled, acceleration)
        enough = enough & ~np.isnan(levels).any(axis=0)
    bounds = _quantiles(np.where(enough, resampled, 0), np.where(enough, levels, 0.5))
    if bootstrap.interval == "basic":
        bounds = 2 * score - bounds[::-1]
    found: np.ndarray = np.moveaxis(np.where(enough, bounds, np.nan), 0, -1)
    return found


def resamples_needed(confidence: float) -> int:
    """Return how many resamples there must be for quantiles where an interval ends.

    Parameters
    ----------
    confidence : float
        Of the interval, between 0 and 1.

    Returns
    -------
    int

    Examples
    --------
    >>> resamples_needed(0.95)
    40
    """
    # Less a little, since 2 / (1 - 0.9) is 20.000000000000004.
    return math.ceil(2 / (1 - confidence) - 1e-6)


def warn_of_few_resamples(
    uncertainty: Any, *, examples: int | None = None, stacklevel: int = 2
) -> None:
    """Warn if a bootstrap has too few resamples to have quantiles where its interval ends.

    Also if there are too few things to be drawn, or too few ways to shuffle them.

    Parameters
    ----------
    uncertainty : object
        Nothing is said of anything else than a `Bootstrap` or a `Permutation`.
    examples : int, optional
        Which are drawn or shuffled, if it shall be told that these, or the groups they are in, are
        few.
    stacklevel : int
        As `warnings.warn` takes it, counted from the caller.
    """
    if isinstance(uncertainty, Permutation) and examples is not None:
        _warn_of_few_orders(uncertainty, examples, stacklevel=stacklevel + 1)
    if not isinstance(uncertainty, Bootstrap):
        return
    if examples is not None:
        things = "examples" if uncertainty.groups is None else "groups"
        warn_of_few_drawn(things, uncertainty.drawn(examples), stacklevel=stacklevel + 1)
    needed = resamples_needed(uncertainty.confidence)
    if uncertainty.resamples < needed:
        warnings.warn(
            f"resamples={uncertainty.resamples}: too few for intervals of "
            f"{100 * uncertainty.confidence:g} %, which end at the least and the largest of them. "
            f"Use at least {needed}, better {max(1000, 10 * needed)}.",
            ProbekitWarning,
            stacklevel=stacklevel + 1,
        )


def _warn_of_few_orders(permutation: Permutation, examples: int, *, stacklevel: int) -> None:
    ways = permutation.ways(examples)
    sides = 1 + (permutation.alternative == "two-sided")
    if ways < 20 * sides:  # that share of the shuffles is the order that was given
        things = "examples" if permutation.groups is None else "groups"
        warnings.warn(
            f"{things}: {ways:g} orders to shuffle into; p is some {sides / ways:.2g} at least, "
            f"whatever the data. Use more {things}.",
            ProbekitWarning,
            stacklevel=stacklevel + 1,
        )


def warn_of_few_drawn(things: str, count: int, remedy: str = "", *, stacklevel: int = 2) -> None:
    """Warn if resamples spread less than they should, for so few things are drawn from.

    Parameters
    ----------
    things : str
        What is drawn.
    count : int
    remedy : str
        What else than more of them would help.
    stacklevel : int
        As `warnings.warn` takes it, counted from the caller.
    """
    if count < _FEW:
        warnings.warn(
            f"{things}: {count}; a bootstrap of so few holds the truth less often than it says, "
            f"a mean of 5 in 84 % for 95 %. Use at least {_FEW}{remedy}.",
            ProbekitWarning,
            stacklevel=stacklevel + 1,
        )


def warn_of_coarse_p(
    least: float, given: str, remedy: str, *, level: float = 0.05, stacklevel: int = 2
) -> None:
    """Warn if no p can be as small as is called significant.

    Parameters
    ----------
    least : float
        The smallest that can be found.
    given, remedy : str
        The argument with its value, and what would be enough.
    level : float
        What p must be able to reach.
    stacklevel : int
        As `warnings.warn` takes it, counted from the caller.
    """
    if least > level * (1 + 1e-9):
        warnings.warn(
            f"{given}: p is at least {least:.2g}, whatever the data; {remedy}.",
            ProbekitWarning,
            stacklevel=stacklevel + 1,
        )


def warn_of_few_shuffles(uncertainty: Any, tests: int, *, stacklevel: int = 2) -> None:
    """Warn if a permutation has too few resamples for p to be 0.05 once it is corrected.

    Parameters
    ----------
    uncertainty : object
        Nothing is said of anything else than a `Permutation`.
    tests : int
        How many there are of one score.
    stacklevel : int
        As `warnings.warn` takes it, counted from the caller.
    """
    if not isinstance(uncertainty, Permutation):
        return
    correction = uncertainty.correction
    times = tests if correction in ("holm", "bonferroni") else 1
    sides = 1 + (uncertainty.alternative == "two-sided")
    needed = math.ceil(20 * times * sides - 1e-6) - 1
    warn_of_coarse_p(
        min(times * sides / (uncertainty.resamples + 1), 1.0),
        f"resamples={uncertainty.resamples}"
        + (f" for {tests} tests of a score, corrected ({correction})" if times > 1 else ""),
        f"use at least {needed}" + (", or correction='max'" if times > 1 else ""),
        stacklevel=stacklevel + 1,
    )


def acceleration_of(*left_out: np.ndarray) -> np.ndarray:
    """Return how fast the standard error of a score changes with it: a sixth of its skewness.

    Σ d³ / (6 (Σ d²)^1.5) over what is left out in turn, with d its influence.

    Parameters
    ----------
    left_out : array (left out, …)
        The score without each example, group or block; one array for each independent sample.

    Returns
    -------
    array (…)
        NaN where a score is undefined; 0 where nothing that is left out makes a difference.

    References
    ----------
    Efron 1987, Better bootstrap confidence intervals, section 7.
    """
    square, cube = np.zeros(()), np.zeros(())
    for each in left_out:
        each = np.asarray(each, float)
        influence = (each.mean(axis=0) - each) * ((len(each) - 1) / len(each))
        square = square + (influence**2).sum(axis=0)
        cube = cube + (influence**3).sum(axis=0)
    some = square != 0  # NaN is some
    found: np.ndarray = np.where(some, cube / (6 * np.where(some, square, 1) ** 1.5), 0)
    return found


def _adjusted(
    levels: np.ndarray, score: np.ndarray, resampled: np.ndarray, acceleration: np.ndarray | float
) -> np.ndarray:
    """Return the levels of the quantiles that allow for bias and skewness; NaN if there are none.

    Φ(z₀ + (z₀ + z) / (1 - a (z₀ + z))), with Φ(z₀) the share of resamples below the score.
    """
    from scipy.special import ndtr, ndtri

    slack = _slack(score, resampled)
    below, above = (resampled < score - slack), (resampled > score + slack)
    counts = np.maximum((~np.isnan(resampled)).sum(axis=0), 1)
    bias = ndtri(0.5 + (below.sum(axis=0) - above.sum(axis=0)) / (2 * counts))
    defined = np.isfinite(bias)
    bias = np.where(defined, bias, 0)
    shifted = bias + ndtri(levels)
    slower = 1 - acceleration * shifted
    defined = defined & (slower > 0).all(axis=0)
    adjusted = ndtr(bias + shifted / np.where(slower > 0, slower, 1))
    # The same backwards: which tail the least and the largest resample stand for. A level beyond
    # them is not to be had from so few; with a tail of over twice that it is no such interval.
    outermost = ndtri(1 / (counts + 1))
    for sign in (1, -1):
        step = sign * outermost - bias
        tail = ndtr(sign * (step / (1 + acceleration * step) - bias))
        defined = defined & ~(tail > 2 * levels[0])
    return np.where(defined & ~np.isnan(acceleration), adjusted, np.nan)


def _quantiles(resampled: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Return quantiles over the first axis, NaN left out, at levels ``(level, …)`` of each place.

    Between order statistics linearly, as `numpy.quantile` does.
    """
    ordered = np.sort(resampled, axis=0)  # NaN last
    last = np.maximum((~np.isnan(ordered)).sum(axis=0) - 1, 0)
    place = levels * last
    lower = np.floor(place).astype(int)
    low, high = (
        np.take_along_axis(ordered, np.minimum(rows, last), axis=0) for rows in (lower, lower + 1)
    )
    found: np.ndarray = low + (high - low) * (place - lower)
    return found


def _slack(score: np.ndarray, resampled: np.ndarray) -> np.ndarray:
    """Return what is a tie: rounding differs between orders of the same sum.

    In the units of the scores, which may be small throughout; a small one among larger ones is
    rounded as these are, such as 1 less a ratio.
    """
    finite = np.where(np.isfinite(resampled), np.abs(resampled), 0).max(axis=0, initial=0)
    slack = 1e-6 * np.maximum(np.abs(score), finite)
    found: np.ndarray = np.where(np.isfinite(slack), slack, 0)
    return found


def p_value_of(
    score: np.ndarray,
    shuffled: np.ndarray,
    permutation: Permutation,
    *,
    rounding: np.ndarray | float = 0.0,
) -> np.ndarray:
    """Return the share of shuffles at least as extreme as the score, which counts as one itself.

    Parameters
    ----------
    score : array (…)
    shuffled : array (resample, …)
        One that is undefined counts as extreme: p is then too large rather than too small.
    permutation : Permutation
        Without an alternative it is ``greater``.
    rounding : array (…)
        How far a score may be off, if that is more than its own rounding; what differs by no more
        is as extreme.

    Returns
    -------
    array (…)
        In (0, 1]; NaN where the score is.
    """
    score, shuffled = np.asarray(score, float), np.asarray(shuffled, float)
    slack = np.maximum(_slack(score, shuffled), rounding)
    undefined = np.isnan(shuffled)
    above = ((shuffled >= score - slack) | undefined).sum(axis=0)
    below = ((shuffled <= score + slack) | undefined).sum(axis=0)
    one, all_ = {"greater": above, "less": below}, len(shuffled) + 1
    alternative = permutation.alternative or "greater"
    if alternative == "two-sided":
        p = np.minimum(2 * (1 + np.minimum(above, below)) / all_, 1)
    else:
        p = (1 + one[alternative]) / all_
    found: np.ndarray = np.where(np.isnan(score), np.nan, p)
    return found


def max_corrected_p(
    score: np.ndarray, shuffled: np.ndarray, permutation: Permutation
) -> np.ndarray:
    """Return p-values corrected for their number by the largest score of each shuffle.

    Every test's scores are first taken in standard deviations from their mean, over the shuffles
    and the order that was given. The test with the largest is held against the largest of all
    tests in each shuffle, the next against the largest of the others, and so on.

    Parameters
    ----------
    score : array (…)
        Of one family of tests. NaN is no test, nor is what is infinite in some shuffle.
    shuffled : array (resample, …)
        Of the same shuffle in all tests. One that is undefined counts as extreme.
    permutation : Permutation
        Without an alternative it is ``greater``.

    Returns
    -------
    array (…)
        Never below `p_value_of`.

    References
    ----------
    Westfall and Young 1993, Resampling-based multiple testing, algorithm 4.1 (step-down maxT).

    Examples
    --------
    >>> shuffled = np.random.default_rng(0).normal(size=(99, 2))
    >>> max_corrected_p(np.array([9.0, 0.0]), shuffled, Permutation()).round(2).tolist()
    [0.01, 0.54]
    """
    score, shuffled = np.asarray(score, float), np.asarray(shuffled, float)
    found = np.full(score.shape, np.nan)
    every = np.concatenate([score[None], shuffled]).reshape(len(shuffled) + 1, -1)
    tested = ~np.isnan(every[0]) & ~np.isinf(every).any(axis=0)
    if not tested.any():
        return found
    every = every[:, tested]
    slack = _slack(every[0], every[1:])
    spread = np.nanstd(every, axis=0)
    scale = np.where(spread > slack, spread, np.inf)  # equal but for rounding: nothing is extreme
    far = (every - np.nanmean(every, axis=0)) / scale
    if permutation.alternative == "less":
        far = -far
    elif permutation.alternative == "two-sided":
        far = np.abs(far)
    far = np.where(np.isnan(far), np.inf, far)
    order = np.argsort(-far[0], kind="stable")
    largest = np.maximum.accumulate(far[1:, order[::-1]], axis=1)[:, ::-1]
    as_far = (largest >= (far[0] - slack / scale)[order]).sum(axis=0)
    stepped = np.empty(len(order))
    stepped[order] = np.maximum.accumulate((1 + as_far) / len(every))
    found[tested.reshape(score.shape)] = stepped
    both: np.ndarray = np.maximum(found, p_value_of(score, shuffled, permutation))
    return both
