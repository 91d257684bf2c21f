"""What is kept of distances and neighbourhoods, example by example, in float64."""

import numpy as np
from scipy.spatial import procrustes
from scipy.spatial.distance import cdist, pdist
from sklearn.isotonic import IsotonicRegression


def _ordered(z, metric):
    far = cdist(np.float64(z), np.float64(z), "euclidean" if z.shape[1] == 1 else metric)
    np.fill_diagonal(far, -1)
    return far, np.argsort(far, axis=1)[:, 1:]


def non_metric_stress(x, y, x2, y2):
    near, far = pdist(np.float64(x2)), pdist(np.float64(y2))
    curve = IsotonicRegression().fit_transform(near, far)
    return np.linalg.norm(far - curve) / np.linalg.norm(far)


def topographic_product(x, y, x2, y2, *, neighbours=5, metric="euclidean"):
    (far, order), (far2, order2) = (_ordered(z, metric) for z in (x2, y2))
    total = []
    for i in range(len(far)):
        logs = np.log(far[i, order2[i]] / far[i, order[i]] * far2[i, order2[i]] / far2[i, order[i]])
        total += [logs[:last].sum() / 2 / last for last in range(1, neighbours + 1)]
    return np.mean(total)


def neighbour_dissimilarity(x, y, x2, y2, *, neighbours=5, metric="euclidean", relative=True):
    shared = []
    for z in (x2, y2):
        near = np.zeros((len(z), len(z)))
        for i, row in enumerate(_ordered(z, metric)[1]):
            near[i, row[:neighbours]] = near[row[:neighbours], i] = 1
        shared.append([[a @ b * (i != j) for j, b in enumerate(near)] for i, a in enumerate(near)])
    step = np.subtract(*shared)
    norms = np.linalg.norm(step[step > 0]), np.linalg.norm(step[step < 0])
    whole = max(map(np.linalg.norm, shared)) if relative else neighbours
    return max(norms) / whole


def local_procrustes(x, y, x2, y2, *, neighbours=10, scaled=True):
    _, order = _ordered(x2, "euclidean")
    wide = max(x2.shape[1], y2.shape[1])
    left = []
    for i, row in enumerate(order):
        a, b = (
            np.pad(np.float64(z[[i, *row[:neighbours]]]), ((0, 0), (0, wide - z.shape[1])))
            for z in (x2, y2)
        )
        if scaled:
            left.append(procrustes(a, b)[2])
            continue
        a, b = a - a.mean(axis=0), b - b.mean(axis=0)
        turn, _, back = np.linalg.svd(b.T @ a)
        left.append(np.square(a - b @ turn @ back).sum() / np.square(a).sum())
    return np.mean(left)
