"""Two sets of examples in the same units, pair by pair, in float64."""

import numpy as np
from scipy import linalg
from scipy.spatial.distance import cdist, pdist


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


def squared_mmd(x, y, x2, y2, *, kernel="rbf", bandwidth=1.0):
    x, x2 = np.float64(x), np.float64(x2)
    width = bandwidth * np.median(pdist(np.concatenate([x, x2])))

    def mean(a, b):
        k = (a @ b.T / a.shape[1] + 1) ** 3
        if kernel == "rbf":
            k = np.exp(-cdist(a, b, "sqeuclidean") / 2 / width**2)
        return (k.sum() - np.trace(k)) / (len(a) ** 2 - len(a)) if a is b else k.mean()

    return mean(x, x) + mean(x2, x2) - 2 * mean(x, x2)


def manifold_topology_divergence(x, y, x2, y2):
    """By ripser, which is another implementation."""
    from ripser import ripser

    rows = np.float64(np.concatenate([x, x2]))
    far = cdist(rows, rows)
    far[len(x) :, len(x) :] = 0
    far = np.where(far < 1e-6 * far.mean(), 0, far)
    bars = ripser(far, distance_matrix=True, maxdim=1)["dgms"][1]
    return (bars[:, 1] - bars[:, 0]).sum()


def frechet_distance(x, y, x2, y2):
    x, x2 = np.float64(x), np.float64(x2)
    a, b = (np.atleast_2d(np.cov(rows.T)) for rows in (x, x2))
    root = linalg.sqrtm(a)
    both = np.trace(a + b) - 2 * np.trace(linalg.sqrtm(root @ b @ root).real)
    return np.sqrt(np.square(x.mean(axis=0) - x2.mean(axis=0)).sum() + both)
