"""Two sets of examples in the same units, pair by pair, in float64."""

import numpy as np
from scipy import linalg
from scipy.spatial.distance import cdist


def coverages(x, x2, neighbours=5):
    x, x2 = np.float64(x), np.float64(x2)
    balls, balls2 = (
        np.sort(cdist(rows, rows), axis=1)[:, min(neighbours, len(rows) - 1)] for rows in (x, x2)
    )
    far = cdist(x, x2)
    inside, inside2 = far < balls[:, None] * (1 - 1e-6), far < balls2[None, :] * (1 - 1e-6)
    density = inside.sum() / min(neighbours, len(x) - 1) / len(x2)
    return inside.any(1).mean(), density, inside.any(0).mean(), inside2.any(1).mean()


def coverage(x, y, x2, y2, *, neighbours=5):
    return coverages(x, x2, neighbours)[0]


def frechet_distance(x, y, x2, y2):
    x, x2 = np.float64(x), np.float64(x2)
    a, b = (np.atleast_2d(np.cov(rows.T)) for rows in (x, x2))
    root = linalg.sqrtm(a)
    both = np.trace(a + b) - 2 * np.trace(linalg.sqrtm(root @ b @ root).real)
    return np.sqrt(np.square(x.mean(axis=0) - x2.mean(axis=0)).sum() + both)
