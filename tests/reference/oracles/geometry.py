"""One representation: its spectrum, its cloud of examples and its directions."""

import numpy as np
from scipy import stats
from scipy.spatial.distance import cdist, pdist
from sklearn.decomposition import PCA

from tests.reference.oracles.kernels import unbiased_hsic
from tests.reference.oracles.seen import in_float64


def total_variance(x, y, x2, y2):
    (x2,) = in_float64(x2)
    return np.var(x2, axis=0).sum()


def participation_ratio(x, y, x2, y2, *, debiased=False):
    (x2,) = in_float64(x2)
    if debiased:  # of four different examples at a time
        n, far = len(x2), cdist(x2, x2, "sqeuclidean")
        total = far.sum() ** 2 - 4 * np.square(far.sum(axis=0)).sum() + 2 * np.square(far).sum()
        above = total / 4 / (n * (n - 1) * (n - 2) * (n - 3))
        return above / unbiased_hsic(x2 @ x2.T, x2 @ x2.T)
    values = np.linalg.svd(x2 - x2.mean(axis=0), compute_uv=False) ** 2
    return values.sum() ** 2 / (values**2).sum()


def magnitude(x, y, x2, y2):
    (x,) = in_float64(x2)
    return np.linalg.norm(x.mean(axis=0))


def concentricity(x, y, x2, y2):
    (x,) = in_float64(x2)
    return 1 - cdist(x, x.mean(axis=0)[None], "cosine").mean()


def uniformity(x, y, x2, y2):
    (x,) = in_float64(x2)
    rows = x / np.linalg.norm(x, axis=1, keepdims=True)
    return np.log(np.exp(-2 * pdist(rows, "sqeuclidean")).mean())


def anisotropy(x, y, x2, y2):
    (x,) = in_float64(x2)
    return 1 - pdist(x, "cosine").mean()


def self_clustering(x, y, x2, y2):
    (x,) = in_float64(x2)
    return (((1 - pdist(x, "cosine")) ** 2).mean() - 1 / x.shape[1]) / (1 - 1 / x.shape[1])


def spectrum(x, y, x2, y2):
    return PCA().fit(in_float64(x2)[0]).explained_variance_ * (len(x2) - 1) / len(x2)


def effective_rank(x, y, x2, y2, *, values="eigenvalues", centred=True):
    found = _singular_values(x2, centred)
    return np.exp(stats.entropy(found if values == "singular_values" else found**2))


def stable_rank(x, y, x2, y2, *, centred=True):
    found = _singular_values(x2, centred)
    return (found**2).sum() / found[0] ** 2


def _singular_values(x, centred):
    (x,) = in_float64(x)
    return np.linalg.svd(x - x.mean(axis=0) * centred, compute_uv=False)


def spectrum_slope(x, y, x2, y2, *, first=1, last=100):
    values = spectrum(x, y, x2, y2)[first - 1 : last]
    rank = np.arange(first, first + len(values))
    return -np.polyfit(np.log(rank), np.log(values), 1, w=1 / np.sqrt(rank))[0]


def sparsity(x, y, x2, y2, *, measure="treves_rolls"):
    each = []
    for row in np.abs(in_float64(x2)[0]):
        d = len(row)
        if measure == "hoyer":
            each.append((np.sqrt(d) - row.sum() / np.linalg.norm(row)) / (np.sqrt(d) - 1))
        else:
            each.append((1 - row.mean() ** 2 / (row**2).mean()) / (1 - 1 / d))
    return np.mean(each)


def feature_angles(x, y, x2, y2):
    directions = (x2 - x2.mean(axis=0)).T.astype(float) @ (y2 - y2.mean(axis=0))
    cosines = 1 - cdist(directions.T, directions.T, "cosine")
    return np.rad2deg(np.arccos(np.clip(cosines, -1, 1)))


def component_alignment(x, y, x2, y2, *, components=1):
    x2, y2 = in_float64(x2, y2)
    directions = (x2 - x2.mean(axis=0)).T @ (y2 - y2.mean(axis=0))
    along = PCA(components).fit(x2).components_ @ directions
    return (along**2).sum() / (directions**2).sum()
