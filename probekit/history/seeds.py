"""Resampled seeds: means of draws from those that have a score."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np

from probekit._checks import warn_of_no_effect
from probekit.errors import OptionError
from probekit.inference import (
    Bootstrap,
    Jackknife,
    Uncertainty,
    acceleration_of,
    check_kind,
    interval_of,
    warn_of_few_drawn,
)

_USUAL = 0.95
"""The confidence of those who give none."""

_OTHER_STREAM = 1 << 32
"""Added to a seed, so that the draws of a second sample are not those of the first."""


def check_of_seeds(uncertainty: Any, kinds: tuple[type[Uncertainty], ...]) -> None:
    """Raise `OptionError` unless it is one of these kinds, for seeds and not for examples."""
    check_kind(uncertainty, kinds)
    if uncertainty.groups is not None:
        raise OptionError("uncertainty: groups are of examples; seeds have none. Leave them out.")


def warn_of_other_confidence(confidence: float, uncertainty: Uncertainty) -> None:
    """Warn if a confidence was given beside a bootstrap that has another."""
    if isinstance(uncertainty, Bootstrap) and confidence not in (_USUAL, uncertainty.confidence):
        beside = f"with Bootstrap(confidence={uncertainty.confidence:g})"
        warn_of_no_effect("confidence", confidence, beside)


def warn_of_few_seeds(counts: np.ndarray, *, stacklevel: int = 2) -> None:
    """Warn if means of resampled seeds spread less than they should, for so few are there.

    Parameters
    ----------
    counts : array
        Of each place; what has no interval for it is passed over.
    stacklevel : int
        As `warnings.warn` takes it, counted from the caller.
    """
    some = counts[counts > 1]
    if some.size:
        remedy = ", or the t distribution"
        warn_of_few_drawn("seeds", int(some.min()), remedy, stacklevel=stacklevel + 1)


def resampled_seeds(
    score: np.ndarray, samples: list[np.ndarray], bootstrap: Bootstrap
) -> tuple[np.ndarray, np.ndarray]:
    """Return the bounds of a mean, or of a difference of two means, and its resamples.

    Parameters
    ----------
    score : array (…)
        The mean over seeds, or that of the second sample less that of the first.
    samples : list of one or two arrays (seed, …)
        NaN is a seed without a score: it is not drawn. With fewer than two there is no interval.
    bootstrap : Bootstrap

    Returns
    -------
    (bounds, resampled) : array (…, 2), array (resample, …)
    """
    bounds = np.full((score.size, 2), np.nan)
    resampled = np.full((bootstrap.resamples, score.size), np.nan)
    signs = (1.0,) if len(samples) == 1 else (-1.0, 1.0)
    for places, present in _alike([sample.reshape(len(sample), -1) for sample in samples]):
        if min(map(len, present)) < 2 or not np.isfinite(score.reshape(-1)[places]).any():
            continue
        each, left_out = np.zeros((bootstrap.resamples, 1)), []
        for stream, (sign, rows) in enumerate(zip(signs, present, strict=True)):
            own = dataclasses.replace(bootstrap, seed=bootstrap.seed + stream * _OTHER_STREAM)
            each = each + sign * _means(own.weights(len(rows)), rows)
            left_out.append(sign * _means(Jackknife().weights(len(rows)), rows))
        resampled[:, places] = each
        acceleration = acceleration_of(*left_out)
        bounds[places] = interval_of(
            score.reshape(-1)[places], each, bootstrap, acceleration=acceleration
        )
    return bounds.reshape(*score.shape, 2), resampled.reshape(-1, *score.shape)


def _alike(samples: list[np.ndarray]) -> Iterator[tuple[np.ndarray, list[np.ndarray]]]:
    """Yield the places where the same seeds have a score, and the scores of these."""
    present = np.concatenate([~np.isnan(sample) for sample in samples])
    patterns, which = np.unique(present, axis=1, return_inverse=True)
    for number, pattern in enumerate(patterns.T):
        places = np.flatnonzero(which.reshape(-1) == number)
        sides = np.split(pattern, [len(samples[0])]) if len(samples) == 2 else [pattern]
        yield (
            places,
            [sample[side][:, places] for sample, side in zip(samples, sides, strict=True)],
        )


def _means(weights: np.ndarray, rows: np.ndarray) -> np.ndarray:
    weights = weights.astype(float)
    with np.errstate(invalid="ignore"):  # an infinite score that was not drawn: NaN, as it should
        means: np.ndarray = weights @ rows / weights.sum(axis=1, keepdims=True)
    return means
