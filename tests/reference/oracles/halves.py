"""Conditions divided in halves, each way on its own, by scikit-learn in float64."""

import itertools

import numpy as np
from sklearn.linear_model import Ridge


def shattering_dimensionality(x, y, x2, y2, *, penalty=1e-3, edges=()):
    """Of classes that begin at edges, or of Boolean features: set where they are above 0."""
    starts = edges or ((1e-9,),) * y.shape[1]
    rows = [np.stack(list(map(np.digitize, z.T, starts)), axis=1) for z in (y, y2)]
    return mean_over_halves(x, rows[0], x2, rows[1], penalty=penalty)


def mean_over_halves(x, y, x2, y2, *, penalty=1e-3):
    """All ways to divide the different rows of `y`."""
    x, x2 = np.float64(x), np.float64(x2)
    names = np.unique(y, axis=0)
    own, asked = (
        np.array([(rows == name).all(axis=1) for name in names]).T
        for rows in map(np.array, (y, y2))
    )
    weight = (own / own.sum(axis=0)).sum(axis=1) / len(names)
    return np.nanmean(
        [
            _accuracy(x, own, x2, asked, np.isin(np.arange(len(names)), half), weight, penalty)
            for half in itertools.combinations(range(len(names)), len(names) // 2)
        ]
    )


def _accuracy(x, own, x2, asked, half, weight, penalty):
    scale = penalty * (weight @ (x - weight @ x) ** 2).mean()
    target = 2.0 * own[:, half].any(axis=1) - 1
    model = Ridge(alpha=scale if scale > 0 else 1.0).fit(x, target, sample_weight=weight)
    height = model.predict(x)
    middle = np.mean(
        [np.mean([height[mine].mean() for mine in own.T[side]]) for side in (half, ~half)]
    )
    right = (model.predict(x2) > middle) == asked[:, half].any(axis=1)
    sides = [[right[mine].mean() for mine in asked.T[side] if mine.any()] for side in (half, ~half)]
    return np.mean([np.mean(each) for each in sides]) if all(sides) else np.nan
