"""Outputs of networks, compared example by example."""

import numpy as np
from scipy import special
from scipy.spatial.distance import jensenshannon
from sklearn import metrics

from tests.reference.oracles.seen import in_float64


def pair_alignment(x, y, x2, y2, *, power=2.0):
    a, b = (z / np.linalg.norm(z, axis=1, keepdims=True) for z in in_float64(x2, y2))
    return (np.linalg.norm(a - b, axis=1) ** power).mean()


def jensen_shannon_divergence(x, y, x2, y2, *, probabilities=False, distance=False):
    p, q = (_distribution(z, probabilities) for z in in_float64(x2, y2))
    root = jensenshannon(p, q, axis=1, base=2)
    return np.mean(root if distance else root**2)


def _distribution(z, probabilities):
    return z / z.sum(axis=1, keepdims=True) if probabilities else special.softmax(z, axis=1)


def disagreement(x, y, x2, y2):
    a, b = (z.argmax(axis=1) if z.shape[1] > 1 else z[:, 0] for z in in_float64(x2, y2))
    return 1 - metrics.accuracy_score(a.astype(int), b.astype(int))
