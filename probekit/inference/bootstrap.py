"""The bootstrap: what is asked for, and how often each example counts in a resample."""

import dataclasses
from collections.abc import Iterable
from typing import Literal, get_args

import numpy as np

from probekit._checks import check_choice, check_confidence, check_count, check_flag
from probekit.errors import Argument, OptionError
from probekit.inference.options import Uncertainty

Interval = Literal["percentile", "bca", "basic"]
INTERVALS: tuple[Interval, ...] = get_args(Interval)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Bootstrap(Uncertainty):
    """Intervals from resampling examples, or groups of them, with replacement.

    A resample is the number of times that each example was drawn: its weight. The examples that
    probes are scored on are resampled; without others the probe is fitted anew on each resample.

    Parameters
    ----------
    resamples : int
        With fewer than 2 / (1 - confidence) the interval ends at the least and the largest of them.
    confidence : float
        Of the interval, between 0 and 1.
    interval : {"percentile", "bca", "basic"}
        ``percentile``: the quantiles of the resamples; ``bca``: other quantiles of them, which
        allow for a bias that resampling adds and for skewness; ``basic``: quantiles mirrored at the
        score, which allows for the bias, but may leave the range of the score.
    replace : bool
        False: a resample is half of the examples, each once. Half of them spread as far about the
        score of all as draws with replacement do; for estimators that suppose that no example is
        there twice, such as debiased CKA.
    keep : bool
        Keep the score of every resample too, which `ds.probekit.compare` tests differences with.
    groups : array (example,), optional
        The group of each example, such as its condition: whole groups are drawn then. Give it where
        examples of a group are not independent.
    seed : int

    Notes
    -----
    Adds ``<name>_ci (…, bound)`` with the bounds ``lower`` and ``upper``, and its status; with
    `keep`, ``<name>_resamples (…, resample)``, and for BCa ``<name>_left_out (…, left_out)`` too.

    An example that was drawn twice is at distance 0 from itself: comparisons of dissimilarities
    (RSA) leave such pairs out, and those of two copies of one group. Estimators that keep a sample
    of the examples are resampled within it.

    The interval is that of the score at hand. Scores with a bias that grows as examples become
    fewer (R² of the examples that were fitted, biased CKA near 0) are the more biased on resamples,
    where fewer examples differ: score them on `held_out`, or take ``interval="bca"``, which costs
    up to 200 resamples more, each without one example, group or block of them. Where nearly all
    resamples lie above the score, or below, they cannot tell such an interval: it is NaN, for too
    few examples, if an end would miss the true score over twice as often as it should. More
    resamples help, or `held_out`, or ``interval="basic"``. Of quantiles that do not hold the score
    itself a warning tells.

    References
    ----------
    Efron and Tibshirani 1993, An introduction to the bootstrap, chapter 13; Efron 1987, Better
    bootstrap confidence intervals (BCa); Davison and Hinkley 1997 (basic); Politis and Romano
    1994, Large sample confidence regions based on subsamples (without replacement); Schütt et al.
    2023, Statistical inference on representational geometries (pairs of one example).

    Examples
    --------
    >>> Bootstrap(resamples=2, seed=1).weights(4).sum(axis=1).tolist()
    [4.0, 4.0]
    """

    resamples: int = 1000
    confidence: float = 0.95
    interval: Interval = "percentile"
    replace: bool = True
    keep: bool = False

    def __post_init__(self) -> None:
        """Check the options."""
        super().__post_init__()
        check_count("resamples", self.resamples, 2)
        check_choice("interval", self.interval, INTERVALS)
        check_confidence(self.confidence)
        check_flag("replace", self.replace)
        check_flag("keep", self.keep)
        if self.interval == "bca" and not self.replace:
            raise OptionError(
                Argument("interval", "bca"),
                ": supposes draws with replacement. Give replace=True, or ",
                Argument("interval", "basic"),
                ".",
            )

    def check(self, examples: int) -> None:  # noqa: D102
        there = self.drawn(examples)
        if there < 2:
            raise OptionError(f"{self._things()}: {there}; at least 2 are needed to resample them.")

    def count(self, examples: int) -> int:
        """Return how many resamples there are.

        Parameters
        ----------
        examples : int
            Of as many as of few.
        """
        del examples
        return self.resamples

    def weights(self, examples: int, rows: Iterable[int] | None = None) -> np.ndarray:
        """Return how often each example was drawn, ``(resample, example)`` float32.

        Parameters
        ----------
        examples : int
        rows : iterable of int, optional
            Which resamples; all unless given. Each is drawn on its own, so that a part of them is
            what it would be among all.

        Raises
        ------
        OptionError
            As `check` does.
        """
        self.check(examples)
        place = self.places(examples)
        groups = int(place.max()) + 1
        rows = range(self.resamples) if rows is None else rows
        return np.array([self._counts(groups, row)[place] for row in rows], np.float32)

    def _counts(self, groups: int, row: int) -> np.ndarray:
        generator = np.random.default_rng((self.seed, row))
        if self.replace:
            return np.bincount(generator.integers(0, groups, groups), minlength=groups)
        # Of an odd number the smaller half spreads too far, the larger not enough: they take turns.
        half: np.ndarray = generator.permutation(groups) < (groups + row % 2) // 2
        return half
