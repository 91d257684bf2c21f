"""Upper bounds of expected losses of a classifier whose logits are Gaussian."""

from functools import cache

import numpy as np

_FAR = 8.0  # where nodes end, in standard deviations
_APART = 0.25  # between nodes of pairs: chords add 1 % of what a variance costs
_INNER_STEPS, _QUARTERINGS, _SOLVED = 12, 6, 1e-9

Bound = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Of an expectation over Gaussians, with its derivatives by their means and variances."""


def expected_softplus(mean: np.ndarray, variance: np.ndarray, step: float) -> Bound:
    """Bound each E log(1 + exp f).

    The function is convex: its chords between nodes lie above it, and so does their mean.
    """
    nodes, shares = _chords(step)
    deviation = np.sqrt(variance)
    f = mean[..., None] + deviation[..., None] * nodes
    power = np.exp(-np.abs(f))
    p = np.where(f > 0, 1, power) / (1 + power)
    value = (np.maximum(f, 0) + np.log1p(power)) @ shares
    return value, p @ shares, (p @ (nodes * shares)) / (2 * deviation)


@cache
def _chords(step: float) -> tuple[np.ndarray, np.ndarray]:
    """Nodes, and how much each counts in the mean over N(0, 1) of the chords between them.

    That is the mean of a hat: a second difference of E max(z - node, 0).
    """
    from scipy.special import ndtr

    nodes = np.arange(-_FAR, _FAR + step / 2, step)
    wide = np.concatenate([[-_FAR - step], nodes, [_FAR + step]])
    beyond = np.exp(-(wide**2) / 2) / np.sqrt(2 * np.pi) - wide * ndtr(-wide)
    shares = np.diff(beyond, 2) / step
    return nodes, shares / shares.sum()


def expected_losses(mean: np.ndarray, variance: np.ndarray, truth: np.ndarray) -> Bound:
    """Bound each example's E log Σ exp(f - f of the true class), of more than two classes.

    The tighter of two is taken: the tilted bound, where many classes are likely, and Σ over the
    others of E log(1 + exp(f - f of the true class)), where few are.
    """
    log_sum, by_mean, by_variance = _expected_log_sums(mean, variance)
    tilted = log_sum - (truth * mean).sum(axis=1)
    own = [(truth * part).sum(axis=1, keepdims=True) for part in (mean, variance)]
    others = 1 - truth
    each, slopes, bends = (
        part * others for part in expected_softplus(mean - own[0], variance + own[1], _APART)
    )
    slopes = slopes - truth * slopes.sum(axis=1, keepdims=True)
    bends = bends + truth * bends.sum(axis=1, keepdims=True)
    pairs = each.sum(axis=1)
    better = (pairs < tilted)[:, None]
    return (
        np.minimum(tilted, pairs),
        np.where(better, slopes, by_mean - truth),
        np.where(better, bends, by_variance),
    )


def _expected_log_sums(mean: np.ndarray, variance: np.ndarray) -> Bound:
    """Bound E log Σ exp of each example's logits, which are independent.

    For any a, E log Σ exp f = E aᵀf + E log Σ exp(f - aᵀf) is at most, by Jensen,
    Σ a² v / 2 + log Σ exp(m + (1/2 - a) v): convex in a, and least where a = softmax of what the
    exponential is taken of. Newton's steps towards that, quartered where they go too far.
    """
    a, _ = _softmax(mean)
    value, p = _tilted(a, mean, variance)
    for _ in range(_INNER_STEPS):
        off = a - p
        if (np.abs(off) * variance).max() < _SOLVED:
            break
        damped = 1 / (1 + variance * p)
        shift = (variance * p * off * damped).sum(axis=1) / (p * damped).sum(axis=1)
        step = damped * (off + p * shift[:, None])
        part = np.ones((len(a), 1))
        for _ in range(_QUARTERINGS):
            tried, tried_p = _tilted(a - part * step, mean, variance)
            worse = tried > value + 1e-14 * np.abs(value)
            if not worse.any():
                break
            part[worse] /= 4
        better = ~worse[:, None]
        a, p = np.where(better, a - part * step, a), np.where(better, tried_p, p)
        value = np.where(worse, value, tried)
    return value, p, a**2 / 2 + p * (0.5 - a)


def _tilted(a: np.ndarray, mean: np.ndarray, variance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    p, log_sum = _softmax(mean + (0.5 - a) * variance)
    return (a**2 * variance).sum(axis=1) / 2 + log_sum, p


def _softmax(logit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities ``(example, class)`` and the logarithm of the sum ``(example,)``."""
    top = logit.max(axis=1, keepdims=True)
    powers = np.exp(logit - top)
    total = powers.sum(axis=1, keepdims=True)
    return powers / total, (top + np.log(total))[:, 0]
