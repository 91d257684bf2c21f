"""Least squares from features to representations, and what of it each feature has."""

import itertools

import numpy as np
from scipy import linalg, stats
from sklearn.linear_model import LinearRegression
from sklearn.metrics import r2_score

from tests.reference.oracles.seen import in_float64


def linear_r2(x, y, x2, y2, *, multioutput="uniform_average"):
    x, y, x2, y2 = in_float64(x, y, x2, y2)
    prediction = LinearRegression().fit(y, x).predict(y2)
    return r2_score(x2, prediction, multioutput=multioutput)


def joint_r2(x, y, x2, y2, *, multioutput="uniform_average"):
    return linear_r2(x, y, x2, y2, multioutput=multioutput)


def unique_r2(x, y, x2, y2, *, multioutput="uniform_average"):
    every = linear_r2(x, y, x2, y2, multioutput=multioutput)
    return np.array(
        [
            every - _r2_of(x, y, x2, y2, [c for c in range(y.shape[1]) if c != left], multioutput)
            for left in range(y.shape[1])
        ]
    )


def shared_r2(x, y, x2, y2, *, multioutput="uniform_average"):
    alone = [_r2_of(x, y, x2, y2, [c], multioutput) for c in range(y.shape[1])]
    return np.array(alone) - unique_r2(x, y, x2, y2, multioutput=multioutput)


def commonality(x, y, x2, y2, *, multioutput="uniform_average"):
    """As the solution of R²(B) = sum of the parts of all sets that meet B."""
    sets = range(1, 2 ** y.shape[1])
    of_sets = [
        _r2_of(x, y, x2, y2, [c for c in range(y.shape[1]) if s >> c & 1], multioutput)
        for s in sets
    ]
    nothing = _r2_of(x, y, x2, y2, [], multioutput)
    meets = np.array([[float((a & b) > 0) for b in sets] for a in sets])
    return np.linalg.solve(meets, np.array(of_sets) - nothing)


def shapley_r2(x, y, x2, y2, *, multioutput="uniform_average"):
    """What each feature adds, averaged over all permutations."""
    shares = np.zeros(y.shape[1])
    orders = list(itertools.permutations(range(y.shape[1])))
    for order in orders:
        for place, feature in enumerate(order):
            before, after = order[:place], order[: place + 1]
            gain = _r2_of(x, y, x2, y2, list(after), multioutput)
            shares[feature] += gain - _r2_of(x, y, x2, y2, list(before), multioutput)
    return shares / len(orders)


def relative_weights(x, y, x2, y2, *, multioutput="uniform_average"):
    """By way of the orthonormal variables nearest to the features, one unit after the other."""
    x2, y2 = in_float64(x2, y2)
    z = stats.zscore(y2, axis=0)
    left, _, right = np.linalg.svd(z, full_matrices=False)
    nearest = left @ right * np.sqrt(len(z))
    loadings = z.T @ nearest / len(z)
    each = [
        loadings**2 @ LinearRegression().fit(nearest, unit).coef_ ** 2
        for unit in stats.zscore(x2, axis=0).T
    ]
    weights = x2.var(axis=0) if multioutput == "variance_weighted" else None
    return np.average(each, axis=0, weights=weights)


def _r2_of(x, y, x2, y2, columns, multioutput):
    if not columns:
        x, x2 = in_float64(x, x2)
        return r2_score(x2, np.broadcast_to(x.mean(axis=0), x2.shape), multioutput=multioutput)
    return linear_r2(x, y[:, columns], x2, y2[:, columns], multioutput=multioutput)


def parities(bits):
    signs = 1 - 2 * (np.asarray(bits) > 0)
    k = signs.shape[1]
    sets = [[c for c in range(k) if s >> c & 1] for s in range(1, 2**k)]
    return np.stack([signs[:, chosen].prod(axis=1) for chosen in sets], axis=1).astype(float)


def parity_r2(x, y, x2, y2, *, multioutput="uniform_average"):
    signs, signs2 = parities(y), parities(y2)
    columns = [(signs[:, [s]], signs2[:, [s]]) for s in range(signs.shape[1])]
    return np.array([linear_r2(x, a, x2, b, multioutput=multioutput) for a, b in columns])


def subfeatures(feature, bits):
    """By the table of values, with SciPy's Hadamard matrix."""
    k = np.asarray(bits).shape[1]
    place = (np.asarray(bits) > 0) @ 2 ** np.arange(k)
    table = np.bincount(place, weights=feature, minlength=2**k) / np.bincount(place)
    coefficients = linalg.hadamard(2**k) @ table / 2**k
    return coefficients[1:] ** 2 / np.var(feature)
