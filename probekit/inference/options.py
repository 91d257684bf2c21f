"""What kind of uncertainty is asked for: options, and the weights or orders that they mean."""

import dataclasses
from typing import Any, Literal

import numpy as np

from probekit._checks import check_at_least, check_choice
from probekit.errors import OptionError, ShapeError
from probekit.inference.corrections import CORRECTIONS, Correction

Method = Literal["percentile", "basic"]
Alternative = Literal["greater", "less", "two-sided"]


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Bootstrap:
    """Intervals from resampling examples, or conditions, with replacement.

    A resample is the number of times that each example was drawn: its weight. The examples that
    probes are scored on are resampled; without others the probe is fitted anew on each resample.

    Parameters
    ----------
    resamples : int
    conditions : array (example,), optional
        The condition of each example: whole conditions are drawn then. Give it where examples of a
        condition are not independent.
    confidence : float
        Of the interval, between 0 and 1.
    method : {"percentile", "basic"}
        ``percentile``: the quantiles of the resamples; ``basic``: these mirrored at the score,
        which allows for a bias that resampling adds.
    replace : bool
        False: a resample is half of the examples, each once. Half of them spread as far about the
        score of all as draws with replacement do; for estimators that suppose that no example is
        there twice, such as debiased CKA.
    seed : int

    Notes
    -----
    Adds ``<name>_ci (…, bound)`` with the bounds ``lower`` and ``upper``. An example that was drawn
    twice is at distance 0 from itself: comparisons of dissimilarities (RSA) leave such pairs out.

    References
    ----------
    Efron and Tibshirani 1993, An introduction to the bootstrap, chapter 13; Politis and Romano
    1994, Large sample confidence regions based on subsamples (without replacement); Schütt et al.
    2023, Statistical inference on representational geometries (pairs of one example).

    Examples
    --------
    >>> Bootstrap(resamples=2, seed=1).weights(4).sum(axis=1).tolist()
    [4.0, 4.0]
    """

    resamples: int = 1000
    conditions: Any = None
    confidence: float = 0.95
    method: Method = "percentile"
    replace: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the options."""
        check_at_least("resamples", self.resamples, 2)
        check_choice("method", self.method, ("percentile", "basic"))
        if not 0 < self.confidence < 1:
            raise OptionError(f"confidence={self.confidence!r}: must lie between 0 and 1.")

    def weights(self, examples: int) -> np.ndarray:
        """Return how often each example was drawn, ``(resample, example)`` float32."""
        place = _labels("conditions", self.conditions, examples)
        groups = int(place.max()) + 1
        if groups < 2:
            what = "examples" if self.conditions is None else "conditions"
            raise OptionError(f"{what}: {groups}; at least 2 are needed to resample them.")
        generator = np.random.default_rng(self.seed)
        if self.replace:
            counts = generator.multinomial(groups, np.full(groups, 1 / groups), self.resamples)
        else:
            half = np.tile(np.arange(groups) < groups // 2, (self.resamples, 1))
            counts = generator.permuted(half, axis=1)
        weights: np.ndarray = counts.astype(np.float32)[:, place]
        return weights


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Permutation:
    """p-values from shuffling which label belongs to which example.

    Parameters
    ----------
    resamples : int
        How many shuffles; the smallest p-value is 1 / (resamples + 1).
    groups : array (example,), optional
        Shuffle only within these, as where examples are exchangeable within a session alone.
    alternative : {"greater", "less", "two-sided"}
        ``greater`` for scores that are large where there is a relation; ``less`` for distances and
        losses. Two-sided is twice the smaller.
    correction : {"holm", "fdr_bh", "fdr_by", "none"}
        For the tests of one variable, over all layers and features; see `corrected`.
    seed : int

    Notes
    -----
    Adds ``<name>_p`` and ``<name>_p_corrected``. (1 + shuffles at least as extreme) / (1 + all), so
    that p is never 0.

    References
    ----------
    Phipson and Smyth 2010, Permutation p-values should never be zero.
    """

    resamples: int = 1000
    groups: Any = None
    alternative: Alternative = "greater"
    correction: Correction = "holm"
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the options."""
        check_at_least("resamples", self.resamples, 1)
        check_choice("alternative", self.alternative, ("greater", "less", "two-sided"))
        check_choice("correction", self.correction, CORRECTIONS)

    def orders(self, examples: int) -> np.ndarray:
        """Return shuffled numbers of the examples, ``(resample, example)`` int32."""
        generator = np.random.default_rng(self.seed)
        rows = np.tile(np.arange(examples, dtype=np.int32), (self.resamples, 1))
        if self.groups is None:
            shuffled: np.ndarray = generator.permuted(rows, axis=1)
            return shuffled
        place = _labels("groups", self.groups, examples)
        if np.bincount(place).max() < 2:
            raise OptionError("groups: one example each; nothing can be shuffled within them.")
        for group in range(int(place.max()) + 1):
            own = place == group
            rows[:, own] = generator.permuted(rows[:, own], axis=1)
        return rows


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class CrossValidation:
    """Scores on folds that the probe was not fitted on.

    Parameters
    ----------
    folds : int
    groups : array (example,), optional
        Examples of one group are kept in one fold (as scikit-learn's `GroupKFold`).
    shuffle : bool
        Without it, and without groups, folds are blocks of examples that follow each other.
    seed : int
        Of the shuffle.

    Notes
    -----
    Adds ``<name>_cv``, the mean over folds, and ``<name>_folds (…, fold)``; of encoding and
    decoding estimators alone, as only these fit something. NaN in one fold is NaN in the mean.
    """

    folds: int = 5
    groups: Any = None
    shuffle: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the options."""
        check_at_least("folds", self.folds, 2)

    def weights(self, examples: int) -> np.ndarray:
        """Return 1 for the examples of each fold and 0 for others, ``(fold, example)`` float32."""
        from sklearn.model_selection import GroupKFold, KFold

        place = _labels("groups", self.groups, examples)
        there = int(place.max()) + 1
        if there < self.folds:
            what = "examples" if self.groups is None else "groups"
            raise OptionError(f"folds={self.folds}: more than the {there} {what} there are.")
        seed = self.seed if self.shuffle else None
        if self.groups is None:
            splits = KFold(self.folds, shuffle=self.shuffle, random_state=seed).split(place)
        else:
            grouped = GroupKFold(self.folds, shuffle=self.shuffle, random_state=seed)
            splits = grouped.split(place, groups=place)
        weights = np.zeros((self.folds, examples), np.float32)
        for fold, (_, rows) in enumerate(splits):
            weights[fold, rows] = 1
        return weights


Uncertainty = Bootstrap | Permutation | CrossValidation


def _labels(argument: str, labels: Any, examples: int) -> np.ndarray:
    """Return the number of each example's group, from 0; each its own if there are no labels."""
    if labels is None:
        return np.arange(examples)
    labels = np.asarray(labels)
    if labels.shape != (examples,):
        raise ShapeError(
            f"{argument}: shape {labels.shape}; there are {examples} examples. Give one label each."
        )
    return np.unique(labels, return_inverse=True)[1].reshape(-1)
