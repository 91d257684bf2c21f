"""Float64 oracles: one slow, obvious function per measure, sharing no code with the package.

Each takes representation and features of the fitted examples and of the scored ones, as an
estimator sees them: ``oracle(x, y, x2, y2)``. Similarity and geometry look at the scored examples
alone.
"""

import numpy as np
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.metrics import r2_score


def _wide(*arrays):
    return [np.asarray(array).astype(np.float64) for array in arrays]


def linear_r2(x, y, x2, y2, multioutput="uniform_average"):
    x, y, x2, y2 = _wide(x, y, x2, y2)
    prediction = LinearRegression().fit(y, x).predict(y2)
    return r2_score(x2, prediction, multioutput=multioutput)


def decoding_r2(x, y, x2, y2, penalty=1e-3, multioutput="uniform_average"):
    x, y, x2, y2 = _wide(x, y, x2, y2)
    alpha = penalty * np.var(x, axis=0).mean() * len(x)
    prediction = Ridge(alpha=alpha, solver="svd").fit(x, y).predict(x2)
    return r2_score(y2, prediction.reshape(y2.shape), multioutput=multioutput)


def total_variance(x, y, x2, y2):
    (x2,) = _wide(x2)
    return np.var(x2, axis=0).sum()


def participation_ratio(x, y, x2, y2):
    (x2,) = _wide(x2)
    values = np.linalg.svd(x2 - x2.mean(axis=0), compute_uv=False) ** 2
    return values.sum() ** 2 / (values**2).sum()


def linear_cka(x, y, x2, y2):
    x2, y2 = _wide(x2, y2)
    n = len(x2)
    centring = np.eye(n) - np.full((n, n), 1 / n)
    k, m = (centring @ z @ z.T @ centring for z in (x2, y2))
    return np.trace(k @ m) / np.sqrt(np.trace(k @ k) * np.trace(m @ m))
