"""What kind of uncertainty is asked for: options, and the weights or orders that they mean."""

import abc
import dataclasses
import math
import zlib
from collections.abc import Iterable
from typing import Any, Literal, Self, get_args

import numpy as np

from probekit._checks import check_choice, check_confidence, check_count, check_flag
from probekit.errors import OptionError
from probekit.inference.corrections import SHUFFLE_CORRECTIONS, ShuffleCorrection
from probekit.inference.labels import numbered
from probekit.inference.orders import (
    kinds_of_whole,
    numbers_within,
    order_of_whole,
    order_within,
)

Interval = Literal["percentile", "bca", "basic"]
INTERVALS: tuple[Interval, ...] = get_args(Interval)
Alternative = Literal["greater", "less", "two-sided"]
ALTERNATIVES: tuple[Alternative, ...] = get_args(Alternative)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Uncertainty(abc.ABC):
    """What `Bootstrap`, `Permutation` and `CrossValidation` share; abstract.

    Parameters
    ----------
    groups : array (example,), optional
        Label of the group, such as condition, subject or session, of each example.
    seed : int
        Of what is drawn at random.
    """

    groups: Any = None
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the options."""
        check_count("seed", self.seed, 0)

    @abc.abstractmethod
    def check(self, examples: int) -> None:
        """Raise `OptionError` if so many examples, or the groups they are in, cannot be drawn."""

    def at(self, rows: np.ndarray) -> Self:
        """Return the same for these of the examples."""
        if self.groups is None:
            return self
        return dataclasses.replace(self, groups=np.asarray(self.groups)[rows])

    def places(self, examples: int) -> np.ndarray:
        """Return the number of each example's group, from 0; each its own if there are none."""
        if self.groups is None:
            return np.arange(examples)
        return numbered(self.groups, examples)

    def drawn(self, examples: int) -> int:
        """Return how many groups there are, or examples if there are none."""
        return int(self.places(examples).max(initial=-1)) + 1

    def text(self) -> str:
        """Return the repr, with groups by their number and a checksum of which they are."""
        options = ((field.name, getattr(self, field.name)) for field in dataclasses.fields(self))
        texts = (
            f"{name}={_plain(value)!r}"
            if np.ndim(value) == 0
            else f"{name}={self._sum_of_groups()}"
            for name, value in options
        )
        return f"{type(self).__name__}({', '.join(texts)})"

    def _sum_of_groups(self) -> str:
        places = self.places(len(self.groups))
        return f"<{places.max() + 1}:{zlib.crc32(places.astype('<i8').tobytes()):08x}>"

    def _things(self) -> str:
        return "examples" if self.groups is None else "groups"


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
    resamples help, or `held_out`, or ``interval="basic"``.

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
                "interval='bca': supposes draws with replacement. "
                "Give replace=True, or interval='basic'."
            )

    def check(self, examples: int) -> None:  # noqa: D102
        there = self.drawn(examples)
        if there < 2:
            raise OptionError(f"{self._things()}: {there}; at least 2 are needed to resample them.")

    def count(self, examples: int) -> int:
        """Return how many resamples there are."""
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


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Permutation(Uncertainty):
    """p-values from shuffling which label belongs to which example.

    Parameters
    ----------
    resamples : int
        How many shuffles; the smallest p-value is 1 / (resamples + 1), and corrected by ``holm``
        or ``bonferroni`` as many times that as there are tests, by ``max`` that itself.
    alternative : {"greater", "less", "two-sided"}, optional
        ``greater``: how likely it is that shuffles score as high, ``less``: as low; two-sided is
        twice the smaller. Unless given ``less`` for distances and losses, and ``greater`` for all
        other scores.
    correction : {"holm", "bonferroni", "fdr_bh", "fdr_by", "max", "none"}
        For the tests of one variable, over all layers and features; see `corrected`. ``max``:
        against the largest score of each shuffle, in standard deviations of a test's shuffles, step
        by step down; it bounds the probability of any false positive where nothing relates examples
        and labels, as ``holm`` does, and loses less by many tests, or tests that go together.
    groups : array (example,), optional
        Shuffle only within these, as where examples are exchangeable within a session alone; or
        `whole` groups.
    whole : bool
        Shuffle which labels belong to which group, and leave the examples in it in their order:
        where groups are exchangeable, but not the examples in them, as several of one subject, or
        of one stimulus whose label they share. Groups of one size change places with each other,
        and of those with examples of weight 0 the ones that lack them at the same places.
    seed : int

    Notes
    -----
    Without groups, examples that are more alike than others, as those of a subject, are taken as
    independent: of 15 groups of 4, p was below 0.05 where nothing was to be found in half of all
    cases; of whole groups in 5 %. Weights stay with the representation: with those that follow from
    labels, such as a balance of classes, p is no longer exact.

    Adds ``<name>_p`` and ``<name>_p_corrected``. p = (1 + shuffles at least as extreme) / (1 + all
    shuffles), so that it is never 0. The hypothesis is that nothing relates examples and labels:
    all features are shuffled together, so that of ``unique_r2`` it is not that a feature adds
    nothing to the others.

    Any test below 0.05 of 12 layers of 3 units that nothing relates to a feature, in % of 600
    simulated data sets of 40 examples (standard error 1), and where it explains 16 % of 3 layers:

    ==================================  =============  ================
    shuffles and correction             of nothing     of a relation
    ==================================  =============  ================
    199, ``max``                        5 (5)          100 (96)
    999, ``max``                        5 (5)          99 (96)
    199, ``holm``                       0 (0)          0 (0)
    999, ``holm``                       4 (2)          99 (90)
    ==================================  =============  ================

    In brackets of layers whose noise correlates by 0.9.

    References
    ----------
    Phipson and Smyth 2010, Permutation p-values should never be zero; Westfall and Young 1993,
    Resampling-based multiple testing; Nichols and Holmes 2002, Nonparametric permutation tests for
    functional neuroimaging (``max``).

    Examples
    --------
    >>> Permutation(resamples=1, groups=["a", "a", "b", "b"]).orders(4)[0, :2].max()
    np.int32(1)
    """

    resamples: int = 1000
    alternative: Alternative | None = None
    correction: ShuffleCorrection = "holm"
    whole: bool = False

    def __post_init__(self) -> None:
        """Check the options."""
        super().__post_init__()
        check_count("resamples", self.resamples, 1)
        check_flag("whole", self.whole)
        if self.whole and self.groups is None:
            raise OptionError("whole=True: there are no groups. Give groups, a label each.")
        if self.alternative is not None:
            check_choice("alternative", self.alternative, ALTERNATIVES)
        check_choice("correction", self.correction, SHUFFLE_CORRECTIONS)

    def check(self, examples: int) -> None:  # noqa: D102
        place = self.places(examples)
        if examples < 2:
            raise OptionError(f"examples: {examples}; at least 2 are needed to shuffle them.")
        if self.whole and np.bincount(self._kinds(place)).max() < 2:
            raise OptionError(
                "whole=True: groups are of unlike size, or lack unlike examples; "
                "at least 2 that are alike can change places."
            )
        if self.groups is not None and not self.whole and np.bincount(place).max() < 2:
            raise OptionError("groups: one example each; nothing can be shuffled within them.")

    def at(self, rows: np.ndarray) -> Self:
        """Return the same for these of the examples.

        Of whole groups it stays known which of their examples these are: a label that depends on
        the place in the group would move to another place with a group that lacks others.
        """
        if not self.whole:
            return super().at(rows)
        options = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        within = self._within(self.places(len(self.groups)))[rows]
        options |= {"groups": np.asarray(self.groups)[rows], "within": within}
        return _PartsOfGroups(**options)  # type: ignore[return-value]

    def ways(self, examples: int) -> float:
        """Return into how many orders examples are shuffled, each as likely; 1e300 at most."""
        place = self.places(examples)
        if self.groups is None:
            alike = np.array([examples])
        else:
            alike = np.bincount(self._kinds(place) if self.whole else place)
        logarithm = sum(math.lgamma(count + 1) for count in alike)
        return min(math.exp(min(logarithm, 700)), 1e300)

    def _within(self, place: np.ndarray) -> np.ndarray:
        return numbers_within(place)

    def _kinds(self, place: np.ndarray) -> np.ndarray:
        return kinds_of_whole(place, self._within(place))

    def orders(self, examples: int, rows: Iterable[int] | None = None) -> np.ndarray:
        """Return shuffled numbers of the examples, ``(resample, example)`` int32.

        `rows` are the shuffles that are wanted, as those of `Bootstrap.weights`.
        """
        self.check(examples)
        place = self.places(examples)
        kinds = self._kinds(place) if self.whole else place
        rows = range(self.resamples) if rows is None else rows
        return np.array([self._order(place, kinds, row) for row in rows], np.int32)

    def _order(self, place: np.ndarray, kinds: np.ndarray, row: int) -> np.ndarray:
        generator = np.random.default_rng((self.seed, row))
        if self.groups is None:
            return generator.permutation(len(place))
        if self.whole:
            return order_of_whole(place, kinds, generator)
        return order_within(place, generator)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class _PartsOfGroups(Permutation):
    """A permutation of whole groups some of whose examples are absent.

    Parameters
    ----------
    within : array (example,)
        The number of each example among all of its group.
    """

    within: Any = None

    def _within(self, place: np.ndarray) -> np.ndarray:
        return np.asarray(self.within)


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class CrossValidation(Uncertainty):
    """Scores on folds that the probe was not fitted on.

    Parameters
    ----------
    folds : int
    shuffle : bool
        Without it, and without groups, folds are blocks of examples that follow each other.
    groups : array (example,), optional
        Examples of one group are kept in one fold (as scikit-learn's `GroupKFold`).
    seed : int
        Of the shuffle.

    Notes
    -----
    Adds ``<name>_cv``, the mean over folds, and ``<name>_folds (…, fold)``; of encoding and
    decoding estimators alone, as only these fit something. NaN in one fold is NaN in the mean.
    Folds share examples to fit on: their spread is no standard error of the mean.

    Within the examples that are fitted, estimators such as ``ridge_r2`` choose a penalty on folds
    of their own, which know nothing of these groups; give them ``folds=cv.assigned(examples)``.

    References
    ----------
    Stone 1974, Cross-validatory choice and assessment of statistical predictions; Bengio and
    Grandvalet 2004, No unbiased estimator of the variance of k-fold cross-validation.

    Examples
    --------
    >>> CrossValidation(folds=2, shuffle=False).weights(4).tolist()
    [[1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 1.0]]
    """

    folds: int = 5
    shuffle: bool = True

    def __post_init__(self) -> None:
        """Check the options."""
        super().__post_init__()
        check_count("folds", self.folds, 2)
        check_flag("shuffle", self.shuffle)

    def check(self, examples: int) -> None:  # noqa: D102
        there = self.drawn(examples)
        if there < self.folds:
            raise OptionError(f"folds={self.folds}: more than the {there} {self._things()}.")

    def weights(self, examples: int) -> np.ndarray:
        """Return 1 for the examples of each fold and 0 for others, ``(fold, example)`` float32."""
        from sklearn.model_selection import GroupKFold, KFold

        self.check(examples)
        place = self.places(examples)
        seed = self._of_32_bits() if self.shuffle else None
        if self.groups is None:
            splits = KFold(self.folds, shuffle=self.shuffle, random_state=seed).split(place)
        else:
            grouped = GroupKFold(self.folds, shuffle=self.shuffle, random_state=seed)
            splits = grouped.split(place, groups=place)
        weights = np.zeros((self.folds, examples), np.float32)
        for fold, (_, rows) in enumerate(splits):
            weights[fold, rows] = 1
        return weights

    def assigned(self, examples: int) -> tuple[int, ...]:
        """Return the number of the fold of each example, from 0.

        It is the option `folds` of estimators that choose a penalty, or score, on folds of their
        own: of these, too, examples of one group then stay together.

        Examples
        --------
        >>> CrossValidation(folds=2, groups=["a", "b", "a", "c"]).assigned(4)
        (1, 0, 1, 0)
        """
        return tuple(self.weights(examples).argmax(axis=0).tolist())

    def _of_32_bits(self) -> int:
        """Return the seed as scikit-learn takes it, which knows no longer ones."""
        if self.seed < 1 << 32:
            return int(self.seed)
        return int(np.random.SeedSequence(self.seed).generate_state(1)[0])


def _plain(value: Any) -> Any:
    """Return a number of NumPy as Python's, which is written otherwise."""
    return value.item() if isinstance(value, np.generic) else value
