"""Ridge regression through kernels, by Gram matrices and their inverses."""

import functools
import itertools

import numpy as np
from scipy.spatial.distance import cdist, pdist

from probekit.measures.banded import simplex_points
from tests.reference.oracles.ridge import chosen_by_folds, scored_parts
from tests.reference.oracles.seen import fold_of, in_float64

KERNEL_PENALTIES = 10.0 ** np.arange(-3, 5)


def kernel_ridge(
    x,
    y,
    x2,
    y2,
    *,
    groups,
    kernel="rbf",
    bandwidth=1.0,
    degree=3,
    candidates=20,
    penalties=KERNEL_PENALTIES,
    folds=5,
    per_unit=False,
    multioutput="uniform_average",
    scoring="r2",
):
    """With the Gram matrices' inverses; in no order but that of the examples' numbers."""
    x, y, x2, y2 = in_float64(x, y, x2, y2)
    n, kernels = len(x), [kernel] * len(groups) if isinstance(kernel, str) else kernel
    every = [
        _ridge_gram(np.concatenate([y, y2])[:, list(columns)], n, name, bandwidth, degree)
        for columns, name in zip(groups, kernels, strict=True)
    ]
    points = simplex_points(len(groups), candidates)
    fold = fold_of(range(n), folds)
    errors = []
    for point, penalty in itertools.product(points, penalties):
        k, left_out = sum(g * gram for g, gram in zip(point, every, strict=True)), 0
        for number in range(folds):
            inside, outside = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
            parts = _kernel_parts([k], x[inside], inside, outside, [1.0], penalty)
            left_out += ((x[outside] - x[inside].mean(axis=0) - parts[0]) ** 2).sum(axis=0)
        errors.append(left_out)
    chosen = chosen_by_folds(np.array(errors), x, per_unit)
    parts = np.zeros((len(groups), *x2.shape))
    for unit, choice in enumerate(chosen):
        point, penalty = points[choice // len(penalties)], penalties[choice % len(penalties)]
        scored = np.arange(n, n + len(x2))
        parts[:, :, unit] = _kernel_parts(every, x[:, unit], np.arange(n), scored, point, penalty)
    return scored_parts(parts, x.mean(axis=0), x2, multioutput, scoring)


@functools.wraps(kernel_ridge)
def kernel_ridge_r2(x, y, x2, y2, **options):
    """All columns of y in one kernel."""
    return kernel_ridge(x, y, x2, y2, groups=[range(np.shape(y)[1])], **options)[0]


@functools.wraps(kernel_ridge)
def multiple_kernel_ridge_r2(x, y, x2, y2, **options):
    """A kernel for each column of y."""
    return kernel_ridge(x, y, x2, y2, groups=[[c] for c in range(np.shape(y)[1])], **options)[0]


def _kernel_parts(grams, x, inside, scored, point, penalty):
    """What each kernel adds to the prediction, about the mean of x."""
    centre = np.eye(len(inside)) - 1 / len(inside)
    centred = [
        g * centre @ k[np.ix_(inside, inside)] @ centre for g, k in zip(point, grams, strict=True)
    ]
    dual = np.linalg.solve(sum(centred) + penalty * np.eye(len(inside)), x - x.mean(axis=0))
    return np.array(
        [
            g * (k[np.ix_(scored, inside)] - k[np.ix_(inside, inside)].mean(axis=0)) @ centre @ dual
            for g, k in zip(point, grams, strict=True)
        ]
    )


def _ridge_gram(y, n, kernel, bandwidth, degree):
    """All examples with all; the mean diagonal, once centred on the first n, is 1 among those."""
    y = y - y[:n].mean(axis=0)
    if kernel == "rbf":
        apart = pdist(y[:n])
        width = bandwidth * np.median(apart[apart > 0])
        k = np.exp(-cdist(y, y, "sqeuclidean") / (2 * width**2))
    else:
        k = y @ y.T
        if kernel == "polynomial":
            k = (1 + k / (y[:n] ** 2).sum(axis=1).mean()) ** degree
    centre = np.eye(n) - 1 / n
    return k / np.trace(centre @ k[:n, :n] @ centre) * n
