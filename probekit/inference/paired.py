"""Tests of differences between pairs: over seeds, subjects or runs."""

import math
from typing import Any, Literal, NamedTuple, get_args

import numpy as np

from probekit._checks import check_choice, check_confidence, check_count
from probekit.errors import OptionError, ShapeError
from probekit.inference.options import ALTERNATIVES, Alternative

PairedTestName = Literal["t", "signs", "wilcoxon"]
PAIRED_TESTS: tuple[PairedTestName, ...] = get_args(PairedTestName)

_EXACT_UP_TO = 12  # differences: 4096 ways to change their signs
_DRAWN = 1 << 14
_EXACT_RANKS = 200  # differences of which the distribution of the ranks is counted out


class PairedTest(NamedTuple):
    """What differences of pairs tell of their centre.

    Attributes
    ----------
    difference : float
        Their mean.
    lower, upper : float
        Ends of the interval, which is two-sided whatever the alternative.
    p : float
        Of no difference.
    n : int
        How many pairs there are.
    """

    difference: float
    lower: float
    upper: float
    p: float
    n: int


Told = tuple[float, float, float]
"""Lower and upper end of an interval, and p."""

_UNDEFINED: Told = (float("nan"), float("nan"), float("nan"))


def paired_test(
    differences: Any,
    *,
    test: PairedTestName = "t",
    alternative: Alternative = "two-sided",
    confidence: float = 0.95,
    seed: int = 0,
    rounding: Any = 0.0,
) -> PairedTest:
    """Test whether differences of pairs lie about 0.

    ``t``: mean ± t · s / √n; supposes that differences are roughly normal. ``signs``: the share of
    the ways to change their signs with a sum as far from 0; ``wilcoxon``: the signed-rank test,
    whose statistic is the sum of the ranks of the positive ones. Both suppose that differences lie
    as often so far above their centre as below, and of n differences p is at least 2 / 2ⁿ.

    Parameters
    ----------
    differences : array (pair,)
        Of one seed, subject or run each: of the scores of two models, or of one and a fixed value,
        such as 0 or a noise ceiling. NaN is no pair.
    test : {"t", "signs", "wilcoxon"}
    alternative : {"two-sided", "greater", "less"}
        ``greater``: that differences are above 0.
    confidence : float
        Of the interval, between 0 and 1; it has two ends whatever the `alternative`.
    seed : int
        Of the signs, where there are too many to change them in every way (over 12 differences).
    rounding : float or array (pair,)
        How far a difference may be off because scores are rounded: some 1e-7 times the scores, if
        they are float32. Differences no further apart are equal, and no further from 0 are 0.

    Returns
    -------
    PairedTest
        The interval of ``wilcoxon`` is that of the pseudomedian, the median of the means of two
        differences; of ``signs`` and ``wilcoxon`` it is infinite where p cannot reach
        1 - `confidence`. NaN where fewer than 2 differences are there or one is infinite, and for
        ``t`` where all are equal, but for 0: then p is 1.

    Raises
    ------
    ShapeError
        Unless there is one axis.
    OptionError
        If an option is not among its choices, or there are no numbers.

    Notes
    -----
    ``t`` and ``wilcoxon`` are those of SciPy (differences of 0 have no rank; p is exact of up to 50
    without ties). rsatoolbox's ``pair_tests``, ``zero_tests`` and ``nc_tests`` of type ``ranksum``
    are ``wilcoxon`` over subjects, though a ceiling is known no better than the scores below it.

    References
    ----------
    Student 1908; Fisher 1935, The design of experiments, section 21 (signs); Hartigan 1969, Using
    subsample values as typical values (its interval); Wilcoxon 1945, Individual comparisons by
    ranking methods; Tukey 1949 and Hodges and Lehmann 1963 (its interval).

    Examples
    --------
    >>> found = paired_test([0.1, 0.3, 0.2, 0.5, 0.4, 0.6], test="wilcoxon")
    >>> found.p, round(found.lower, 2), round(found.upper, 2)
    (0.03125, 0.1, 0.6)
    """
    check_choice("test", test, PAIRED_TESTS)
    check_choice("alternative", alternative, ALTERNATIVES)
    check_confidence(confidence)
    check_count("seed", seed, 0)
    try:
        each = np.asarray(differences, float)
    except (TypeError, ValueError):
        given = type(differences).__name__
        raise OptionError(f"differences: a {given}; give an array of numbers.") from None
    if each.ndim != 1:
        raise ShapeError(f"differences: shape {each.shape}; (pair,) is needed.")
    slack = _slack_of(rounding, each.shape)[~np.isnan(each)]
    each = each[~np.isnan(each)]
    each = np.where(np.abs(each) > slack, each, 0.0)
    mean = float(each.mean()) if len(each) else float("nan")
    if len(each) < 2 or not np.isfinite(each).all():
        return PairedTest(mean, *_UNDEFINED, len(each))
    if test == "t":
        found = _by_t(each, slack, alternative, confidence)
    elif test == "signs":
        found = _by_signs(each, slack, alternative, confidence, seed)
    else:
        found = _by_ranks(_tied(each, slack), alternative, confidence)
    return PairedTest(mean, *found, len(each))


def least_p(pairs: int, *, test: PairedTestName, alternative: Alternative = "two-sided") -> float:
    """Return the smallest p that a test can give of so many pairs.

    1 / 2ⁿ of n pairs for the tests that change signs in every way, twice that two-sided; 0 for
    ``t``, which has no such bound.

    Parameters
    ----------
    pairs : int
    test : {"t", "signs", "wilcoxon"}
    alternative : {"two-sided", "greater", "less"}

    Returns
    -------
    float
        In [0, 1].

    Examples
    --------
    >>> least_p(5, test="wilcoxon")
    0.0625
    """
    if test == "t":
        return 0.0
    return min((1 + (alternative == "two-sided")) / 2.0**pairs, 1.0)


def _slack_of(rounding: Any, shape: tuple[int, ...]) -> np.ndarray:
    try:
        slack = np.broadcast_to(np.asarray(rounding, float), shape)
    except (TypeError, ValueError):
        raise OptionError(
            f"rounding: {rounding!r}; give a number, or one for each of {shape[0]} differences."
        ) from None
    if not ((slack >= 0) & (slack < np.inf)).all():
        raise OptionError("rounding: not all are finite and at least 0.")
    return slack


def _tied(each: np.ndarray, slack: np.ndarray) -> np.ndarray:
    """Return the differences, those whose sizes are equal but for rounding made equal."""
    if not slack.any():
        return each
    order = np.argsort(np.abs(each))
    sizes = np.abs(each)[order]
    apart = np.diff(sizes) > np.maximum(slack[order][1:], slack[order][:-1])
    runs = np.concatenate([[0], np.cumsum(apart)])
    tied = np.empty_like(each)
    tied[order] = (np.bincount(runs, sizes) / np.bincount(runs))[runs]
    signed: np.ndarray = np.copysign(tied, each)
    return signed


def _by_t(each: np.ndarray, slack: np.ndarray, alternative: Alternative, confidence: float) -> Told:
    from scipy.special import stdtr, stdtrit  # scipy.stats takes a second to import

    n, mean = len(each), each.mean()
    if not each.any():
        return 0.0, 0.0, 1.0
    error = each.std(ddof=1) / np.sqrt(n)
    equal = bool((np.abs(each - np.median(each)) <= slack).all())
    if equal or error <= 1e-12 * np.abs(each).max():
        return _UNDEFINED  # no spread to test by
    half = error * stdtrit(n - 1, 0.5 + confidence / 2)
    ratio = mean / error
    away = {"greater": -ratio, "less": ratio, "two-sided": -abs(ratio)}[alternative]
    p = stdtr(n - 1, away) * (1 + (alternative == "two-sided"))
    return float(mean - half), float(mean + half), float(p)


def _by_signs(
    each: np.ndarray, slack: np.ndarray, alternative: Alternative, confidence: float, seed: int
) -> Told:
    changed = _subsets(len(each), seed)
    sums, total = changed @ each, each.sum()
    # Rounding is of the differences' size, not of their sum's: that may be nothing but rounding.
    others, off = total - 2 * sums, 1e-12 * np.abs(each).sum() + slack.sum()
    as_far = {
        "greater": others >= total - off,
        "less": others <= total + off,
        "two-sided": np.abs(others) >= abs(total) - off,
    }[alternative]
    # Hartigan's typical values: means of subsets cut the line into equally likely parts.
    sizes = changed.sum(axis=1)
    means = np.sort(sums[sizes > 0] / sizes[sizes > 0])
    outside = int((1 - confidence) / 2 * len(changed) + 1e-9)
    return *_ends(means, outside), float(as_far.mean())


def _subsets(count: int, seed: int) -> np.ndarray:
    """Return all subsets of so many, or many of them at random and the empty one, boolean."""
    if count <= _EXACT_UP_TO:
        every: np.ndarray = (np.arange(2**count)[:, None] >> np.arange(count)) % 2 == 1
        return every
    drawn: np.ndarray = np.random.default_rng(seed).integers(0, 2, (_DRAWN, count)) == 1
    drawn[0] = False
    return drawn


def _by_ranks(each: np.ndarray, alternative: Alternative, confidence: float) -> Told:
    from scipy.stats import wilcoxon

    n = len(each)
    p = float(wilcoxon(each, alternative=alternative).pvalue) if each.any() else 1.0
    first, second = np.triu_indices(n)
    means = np.sort((each[first] + each[second]) / 2)
    return *_ends(means, _ranks_outside(n, (1 - confidence) / 2)), p


def _ranks_outside(n: int, tail: float) -> int:
    """How many of the means of two lie outside of the interval on either side.

    The most of which P(sum of ranks < most) is at most the tail.
    """
    if n > _EXACT_RANKS:
        from scipy.special import ndtri

        centre, spread = n * (n + 1) / 4, math.sqrt(n * (n + 1) * (2 * n + 1) / 24)
        return max(0, math.floor(float(centre + ndtri(tail) * spread) + 0.5))
    chance = np.zeros(n * (n + 1) // 2 + 1)
    chance[0] = 1.0
    for rank in range(1, n + 1):  # each rank is in the sum, or not
        chance[rank:] = chance[rank:] + chance[:-rank]
        chance /= 2
    return int((np.cumsum(chance) <= tail * (1 + 1e-9)).sum())


def _ends(ordered: np.ndarray, outside: int) -> tuple[float, float]:
    """Return the ends of what is left without so many on either side; infinite without any."""
    if not outside:
        return -math.inf, math.inf
    return float(ordered[outside - 1]), float(ordered[-outside])
