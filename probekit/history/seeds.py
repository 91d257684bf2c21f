"""Resampled seeds: means of draws from those that have a score."""

import dataclasses
from collections.abc import Iterator

import numpy as np

from probekit.inference import Bootstrap, Jackknife, acceleration_of, interval_of

_OTHER_STREAM = 1 << 32
"""Added to a seed, so that the draws of a second sample are not those of the first."""


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
        if min(map(len, present)) < 2:
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
    means: np.ndarray = weights @ rows / weights.sum(axis=1, keepdims=True)
    return means
