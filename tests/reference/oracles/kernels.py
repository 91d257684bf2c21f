"""Similarity of Gram matrices: HSIC, CKA and what is like them."""

import itertools

import numpy as np
from scipy.spatial.distance import cdist

from tests.reference.oracles.seen import in_float64


def cka(x, y, x2, y2, *, kernel="linear", debiased=False, bandwidth=1.0):
    k, m = (_gram(z, kernel, bandwidth) for z in in_float64(x2, y2))
    inner = unbiased_hsic if debiased else biased_hsic
    return inner(k, m) / np.sqrt(inner(k, k) * inner(m, m))


def hsic(x, y, x2, y2, *, kernel="linear", debiased=False, bandwidth=1.0):
    k, m = (_gram(z, kernel, bandwidth) for z in in_float64(x2, y2))
    return unbiased_hsic(k, m) if debiased else biased_hsic(k, m)


def _gram(z, kernel, bandwidth):
    if kernel == "linear":
        z = z - z.mean(axis=0)  # HSIC does not depend on the origin, but float64 does a little
        return z @ z.T
    if kernel == "max":
        z = z[:, np.ptp(z, axis=0) > 0]
        z = (z - z.mean(axis=0)) / z.std(axis=0)
        return np.array([[max(a * b) for b in z] for a in z])
    distances = cdist(z, z)
    upper = distances[np.triu_indices(len(z), 1)]
    width = bandwidth * np.median(upper[upper > 0])
    if kernel == "laplace":
        return np.exp(-distances / width)
    return np.exp(-(distances**2) / (2 * width**2))


def biased_hsic(k, m):
    n = len(k)
    centring = np.eye(n) - np.full((n, n), 1 / n)
    return np.trace(k @ centring @ m @ centring) / (n - 1) ** 2


def unbiased_hsic(k, m):
    """Song et al. 2012 as the mean over all quadruples of different examples, not as a formula."""
    n, total = len(k), 0.0
    if n <= 8:
        quadruples = list(itertools.permutations(range(n), 4))
        for i, j, q, r in quadruples:
            total += k[i, j] * (m[i, j] + m[q, r] - 2 * m[i, q])
        return total / len(quadruples)
    k, m, ones = k - np.diag(np.diag(k)), m - np.diag(np.diag(m)), np.ones(n)
    total = np.trace(k @ m) + (ones @ k @ ones) * (ones @ m @ ones) / ((n - 1) * (n - 2))
    return (total - 2 / (n - 2) * (ones @ k @ m @ ones)) / (n * (n - 3))


def distance_correlation(x, y, x2, y2, *, debiased=False):
    centred = []
    for z in in_float64(x2, y2):
        d, n = cdist(z, z), len(z)
        rows = d.sum(axis=1)
        if debiased:
            u = d - rows[:, None] / (n - 2) - rows / (n - 2) + d.sum() / ((n - 1) * (n - 2))
            centred.append(u - np.diag(np.diag(u)))
        else:
            centred.append(d - rows[:, None] / n - rows / n + d.mean())
    a, b = centred
    squared = (a * b).sum() / np.sqrt((a**2).sum() * (b**2).sum())
    return squared if debiased else np.sqrt(squared)


def rv_coefficient(x, y, x2, y2):
    a, b = (z - z.mean(axis=0) for z in in_float64(x2, y2))
    own = np.trace(a @ a.T @ a @ a.T) * np.trace(b @ b.T @ b @ b.T)
    return np.trace(a @ a.T @ b @ b.T) / np.sqrt(own)


def angular_cka_distance(x, y, x2, y2):
    return np.arccos(min(rv_coefficient(x, y, x2, y2), 1))
