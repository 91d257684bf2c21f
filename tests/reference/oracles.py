"""Float64 oracles: one slow, obvious function per measure, sharing no code with the package.

Each takes representation and features of the fitted examples and of the scored ones, as an
estimator sees them: ``oracle(x, y, x2, y2, **options)``. Similarity and geometry look at the scored
examples alone.
"""

import itertools

import numpy as np
from scipy import stats
from scipy.spatial.distance import cdist
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge, RidgeClassifier
from sklearn.metrics import r2_score


def _wide(*arrays):
    return [np.asarray(array).astype(np.float64) for array in arrays]


def linear_r2(x, y, x2, y2, *, multioutput="uniform_average"):
    x, y, x2, y2 = _wide(x, y, x2, y2)
    prediction = LinearRegression().fit(y, x).predict(y2)
    return r2_score(x2, prediction, multioutput=multioutput)


def decoding_r2(x, y, x2, y2, *, penalty=1e-3, multioutput="uniform_average"):
    x, y, x2, y2 = _wide(x, y, x2, y2)
    alpha = penalty * np.var(x, axis=0).mean() * len(x)
    prediction = Ridge(alpha=alpha, solver="svd").fit(x, y).predict(x2)
    return r2_score(y2, prediction.reshape(y2.shape), multioutput=multioutput)


def decoding_accuracy(x, y, x2, y2, *, method="ridge", penalty=1e-3):
    x, y, x2, y2 = _wide(x, y, x2, y2)
    scale = np.sqrt(np.var(x, axis=0).mean())
    if method == "ridge":
        classifier = RidgeClassifier(alpha=penalty * len(x), solver="svd")
    else:
        classifier = LogisticRegression(C=1 / (penalty * len(x)), max_iter=10_000)
    return classifier.fit(x / scale, y[:, 0]).score(x2 / scale, y2[:, 0])


def total_variance(x, y, x2, y2):
    (x2,) = _wide(x2)
    return np.var(x2, axis=0).sum()


def participation_ratio(x, y, x2, y2):
    (x2,) = _wide(x2)
    values = np.linalg.svd(x2 - x2.mean(axis=0), compute_uv=False) ** 2
    return values.sum() ** 2 / (values**2).sum()


def cka(x, y, x2, y2, *, kernel="linear", debiased=False, bandwidth=1.0):
    k, m = (_gram(z, kernel, bandwidth) for z in _wide(x2, y2))
    inner = _unbiased_hsic if debiased else _biased_hsic
    return inner(k, m) / np.sqrt(inner(k, k) * inner(m, m))


def hsic(x, y, x2, y2, *, kernel="linear", debiased=False, bandwidth=1.0):
    k, m = (_gram(z, kernel, bandwidth) for z in _wide(x2, y2))
    return _unbiased_hsic(k, m) if debiased else _biased_hsic(k, m)


def _gram(z, kernel, bandwidth):
    if kernel == "linear":
        z = z - z.mean(axis=0)  # HSIC does not depend on the origin, but float64 does a little
        return z @ z.T
    distances = cdist(z, z)
    upper = distances[np.triu_indices(len(z), 1)]
    width = bandwidth * np.median(upper[upper > 0])
    return np.exp(-(distances**2) / (2 * width**2))


def _biased_hsic(k, m):
    n = len(k)
    centring = np.eye(n) - np.full((n, n), 1 / n)
    return np.trace(k @ centring @ m @ centring) / (n - 1) ** 2


def _unbiased_hsic(k, m):
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


SCIPY_METRICS = {
    "correlation": "correlation",
    "euclidean": "euclidean",
    "squared_euclidean": "sqeuclidean",
    "cosine": "cosine",
}


def rdm(x, *, metric="correlation"):
    (x,) = _wide(x)
    return cdist(x, x, SCIPY_METRICS[metric])


def rsa(x, y, x2, y2, *, rdm="correlation", comparison="pearson", rdm_y=None):
    single = np.asarray(y2).shape[1] == 1 and rdm in ("correlation", "cosine")
    metrics = (rdm, rdm_y or ("euclidean" if single else rdm))
    a, b = (globals()["rdm"](z, metric=m) for z, m in zip((x2, y2), metrics, strict=True))
    upper = np.triu_indices(len(a), 1)
    return compare(a[upper], b[upper], comparison)


def compare(a, b, comparison):
    if comparison == "pearson":
        return stats.pearsonr(a, b).statistic
    if comparison == "spearman":
        return stats.spearmanr(a, b).statistic
    if comparison == "cosine":
        return a @ b / np.sqrt((a @ a) * (b @ b))
    signs = np.sign(a[:, None] - a[None, :]) * np.sign(b[:, None] - b[None, :])
    return signs.sum() / (len(a) * (len(a) - 1))


BY_ESTIMATOR = {
    "linear_r2": linear_r2,
    "decoding_r2": decoding_r2,
    "decoding_accuracy": decoding_accuracy,
    "cka": cka,
    "rsa": rsa,
    "total_variance": total_variance,
    "participation_ratio": participation_ratio,
}
"""The oracle of every registered estimator, by its default name."""
