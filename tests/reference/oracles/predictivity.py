"""Linear maps from one representation to another, fold by fold."""

import numpy as np
from scipy import stats
from sklearn.cross_decomposition import PLSRegression
from sklearn.linear_model import LinearRegression
from sklearn.metrics import r2_score

from tests.reference.oracles.ridge import PENALTIES, chosen_by_folds, ridge_model
from tests.reference.oracles.seen import fold_of, in_float64


def linear_predictivity(
    x,
    y,
    x2,
    y2,
    *,
    method="pls",
    components=25,
    penalties=PENALTIES,
    folds=5,
    standardised=False,
    scoring="correlation",
    multioutput="median",
):
    first = 0 if x is None else len(x)  # the scored examples are numbered after the fitted ones
    x2, y2 = in_float64(x2, y2)
    fold, found = fold_of(range(first, first + len(x2)), folds), []
    for number in np.unique(fold):
        inside = fold != number
        if (~inside).sum() < 2:
            continue
        a, b = x2[inside], y2[inside]
        a_unit, b_unit = (z.std(axis=0) if standardised else 1.0 for z in (a, b))
        predict = _linear_map(a / a_unit, b / b_unit, method, components, penalties, fold[inside])
        truth, guess = y2[~inside], predict(x2[~inside] / a_unit) * b_unit
        if scoring == "r2":
            each = r2_score(truth, guess, multioutput="raw_values")
        else:
            each = [_correlation(*unit) for unit in zip(truth.T, guess.T, strict=True)]
        each = np.where(np.ptp(truth, axis=0) > 0, each, np.nan)  # left out where constant
        found.append(_average_of_units(each, truth, multioutput))
    return np.nanmean(found, axis=0)


def _correlation(truth, guess):
    varies = np.ptp(truth) > 0 and np.ptp(guess) > 1e-9 * np.abs(guess).max()
    return stats.pearsonr(truth, guess).statistic if varies else 0.0


def _average_of_units(each, truth, multioutput):
    if multioutput == "raw_values":
        return each
    known = ~np.isnan(each)
    if multioutput == "variance_weighted":
        return np.average(each[known], weights=truth.var(axis=0)[known] * len(truth))
    return {"median": np.median, "uniform_average": np.mean}[multioutput](each[known])


def _linear_map(x, y, method, components, penalties, fold):
    if method == "linear":
        return LinearRegression().fit(x, y).predict
    if method == "pls":
        components = min(components, x.shape[1], np.linalg.matrix_rank(x - x.mean(axis=0)))
        model = PLSRegression(components, scale=False, max_iter=10_000, tol=1e-14).fit(x, y)
        return lambda other: model.predict(other).reshape(len(other), -1)
    errors = np.zeros((len(penalties), y.shape[1]))
    for number in np.unique(fold):
        inside = fold != number
        for place, penalty in enumerate(penalties):
            guess = ridge_model(x[inside], y[inside], penalty)(x[~inside])
            errors[place] += ((y[~inside] - guess) ** 2).sum(axis=0)
    return ridge_model(x, y, penalties[chosen_by_folds(errors, y, False)[0]])
