"""Ridge regression and group lasso with what cross-validation chooses, and the shares of groups."""

import functools
import itertools

import numpy as np
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score

from probekit.measures.banded import simplex_points
from tests.reference.oracles.seen import fold_of, in_float64


def _left_out(x, y, folds, penalties, groups=None, gamma=None):
    """Squared errors of y by ridge on x, fitted on the other folds: (penalty, target)."""
    fold, errors = fold_of(range(len(x)), folds), np.zeros((len(penalties), y.shape[1]))
    for number in range(folds):
        inside = fold != number
        for place, penalty in enumerate(penalties):
            model = ridge_model(x[inside], y[inside], penalty, groups, gamma)
            errors[place] += ((y[~inside] - model(x[~inside])) ** 2).sum(axis=0)
    return errors


def ridge_model(x, y, penalty, groups=None, gamma=None):
    """A function that predicts; each group of columns is scaled to its gamma."""
    if groups is None:
        scale = np.full(x.shape[1], 1 / np.sqrt(np.var(x, axis=0).mean() * len(x)))
    else:
        scale = np.zeros(x.shape[1])
        for columns, share in zip(groups, gamma, strict=True):
            scale[columns] = np.sqrt(share / (np.var(x[:, columns], axis=0).mean() * len(x)))
    model = Ridge(alpha=penalty, solver="svd").fit(x * scale, y)

    def predict(other):
        return model.predict(other * scale).reshape(len(other), -1)

    predict.weights = (model.coef_ * scale).reshape(y.shape[1], -1).T
    return predict


PENALTIES = 10.0 ** np.arange(-5, 4)


def chosen_by_folds(errors, y, per_target):
    """Number of the best choice for each target, by R² of what was left out; 0 if constant."""
    varies = np.ptp(y, axis=0) > 0
    total = np.where(varies, ((y - y.mean(axis=0)) ** 2).sum(axis=0), 1)
    each = np.where(varies, 1 - errors / total, 0)
    if not per_target:
        each = np.repeat(each.mean(axis=1, keepdims=True), each.shape[1], axis=1)
    return each.argmax(axis=0)


def _folded_ridge(x, y, x2, y2, penalties, folds, per_target, multioutput, scoring="r2"):
    chosen = chosen_by_folds(_left_out(x, y, folds, penalties), y, per_target)
    prediction = np.stack(
        [ridge_model(x, y, penalties[c])(x2)[:, target] for target, c in enumerate(chosen)], axis=1
    )
    return scored_parts(prediction[None], 0, y2, multioutput, scoring)[0]


def ridge_r2(
    x,
    y,
    x2,
    y2,
    *,
    penalties=PENALTIES,
    folds=5,
    per_unit=False,
    multioutput="uniform_average",
    scoring="r2",
):
    x, y, x2, y2 = in_float64(x, y, x2, y2)
    return _folded_ridge(y, x, y2, x2, penalties, folds, per_unit, multioutput, scoring)


def ridge_decoding_r2(
    x,
    y,
    x2,
    y2,
    *,
    penalties=PENALTIES,
    folds=5,
    multioutput="uniform_average",
    scoring="r2",
):
    x, y, x2, y2 = in_float64(x, y, x2, y2)
    return _folded_ridge(x, y, x2, y2, penalties, folds, False, multioutput, scoring)


def banded_ridge_r2(
    x,
    y,
    x2,
    y2,
    *,
    points=None,
    groups=None,
    penalties=PENALTIES,
    folds=5,
    per_unit=False,
    multioutput="uniform_average",
    scoring="r2",
    sharing="product",
):
    """R² of all groups; the columns of y are a group each unless told otherwise."""
    return banded_ridge(
        x,
        y,
        x2,
        y2,
        points=points,
        groups=groups,
        penalties=penalties,
        folds=folds,
        per_unit=per_unit,
        multioutput=multioutput,
        scoring=scoring,
        sharing=sharing,
    )[0]


def banded_ridge(
    x,
    y,
    x2,
    y2,
    *,
    points,
    groups,
    penalties,
    folds,
    per_unit,
    multioutput,
    scoring="r2",
    sharing="product",
):
    x, y, x2, y2 = in_float64(x, y, x2, y2)
    groups = [[column] for column in range(y.shape[1])] if groups is None else groups
    if points is None:
        points = simplex_points(len(groups), 20)  # what is tried is no part of the formula
    errors = [_left_out(y, x, folds, penalties, groups, point) for point in points]
    chosen = chosen_by_folds(np.concatenate(errors), x, per_unit)
    prediction, parts = np.zeros(x2.shape), np.zeros((len(groups), *x2.shape))
    for unit, choice in enumerate(chosen):
        point, penalty = points[choice // len(penalties)], penalties[choice % len(penalties)]
        model = ridge_model(y, x, penalty, groups, point)
        prediction[:, unit] = model(y2)[:, unit]
        for place, columns in enumerate(groups):
            centred = y2[:, columns] - y2[:, columns].mean(axis=0)
            parts[place, :, unit] = centred @ model.weights[columns, unit]
    mean = prediction - parts.sum(axis=0)
    return scored_parts(parts, mean, x2, multioutput, scoring, sharing)


def group_lasso(
    x,
    y,
    x2,
    y2,
    *,
    groups=None,
    penalties=(0.003, 0.01, 0.03, 0.1, 0.3),
    sparsity=0.0,
    folds=5,
    per_unit=False,
    multioutput="uniform_average",
    scoring="r2",
):
    """By himalaya's solver for given penalties, on values in units of their spread.

    The columns of y are a group each unless told otherwise.
    """
    x, y, x2, y2 = in_float64(x, y, x2, y2)
    groups = groups or [[column] for column in range(y.shape[1])]
    fold, errors = fold_of(range(len(x)), folds), np.zeros((len(penalties), x.shape[1]))
    for number, (place, penalty) in itertools.product(range(folds), enumerate(penalties)):
        inside = fold != number
        weights = _lasso(y[inside], x[inside], penalty, groups, sparsity)
        predicted = x[inside].mean(axis=0) + (y[~inside] - y[inside].mean(axis=0)) @ weights
        errors[place] += ((x[~inside] - predicted) ** 2).sum(axis=0)
    chosen = np.asarray(penalties)[chosen_by_folds(errors, x, per_unit)]
    weights = np.stack(
        [_lasso(y, x, penalty, groups, sparsity)[:, unit] for unit, penalty in enumerate(chosen)], 1
    )
    prediction = x.mean(axis=0) + (y2 - y.mean(axis=0)) @ weights
    centred = y2 - y2.mean(axis=0)
    parts = np.stack([centred[:, columns] @ weights[columns] for columns in groups])
    return scored_parts(parts, prediction - parts.sum(axis=0), x2, multioutput, scoring)


@functools.wraps(group_lasso)
def group_lasso_r2(x, y, x2, y2, **options):
    """R² of all groups."""
    return group_lasso(x, y, x2, y2, **options)[0]


def _lasso(x, y, penalty, groups, sparsity):
    """Weights ``(column, target)``."""
    from himalaya.lasso import solve_sparse_group_lasso

    owner, spread = np.zeros(x.shape[1], int), np.zeros(x.shape[1])
    for number, columns in enumerate(groups):
        owner[columns], spread[columns] = number, np.sqrt(np.var(x[:, columns], axis=0).mean())
    x, target = (x - x.mean(axis=0)) / spread, y.std(axis=0)
    found = solve_sparse_group_lasso(
        x,
        (y - y.mean(axis=0)) / target,
        groups=owner,
        l21_reg=penalty * (1 - sparsity),
        l1_reg=penalty * sparsity,
        max_iter=2000,
        tol=1e-9,
        lipschitz=np.linalg.norm(x, 2) ** 2,  # its own estimate may be too low, and it diverges
        progress_bar=False,
    )
    return found * target / spread[:, None]


def scored_parts(parts, mean, x2, multioutput, scoring, sharing="product"):
    """Score of the sum of the parts, and the share of each."""
    prediction, truth = parts.sum(axis=0), x2 - x2.mean(axis=0)
    weights = None if multioutput == "uniform_average" else np.var(x2, axis=0)
    parts, units = parts - parts.mean(axis=1, keepdims=True), range(x2.shape[1])
    if scoring == "r2":
        total = r2_score(x2, mean + prediction, multioutput=multioutput)
        squares = np.where(np.ptp(x2, axis=0) > 0, (truth**2).sum(axis=0), 1)
        each = (parts * (2 * truth - parts.sum(axis=0))).sum(axis=1) / squares
    else:
        length = np.linalg.norm(parts.sum(axis=0), axis=0) * np.linalg.norm(truth, axis=0)
        each = (parts * truth).sum(axis=1) / length
        total = np.array([np.corrcoef(x2[:, u], prediction[:, u])[0, 1] for u in units])
        total = total if multioutput == "raw_values" else np.average(total, weights=weights)
    if sharing == "relative_weights":
        each = each.sum(axis=0) * np.stack([_relative(parts[:, :, u].T) for u in units], axis=1)
    return total, each if multioutput == "raw_values" else np.average(each, axis=1, weights=weights)


def _relative(parts):
    """Share of each column in the squares of their sum, by the nearest orthonormal variables."""
    u, _, v = np.linalg.svd(parts, full_matrices=False)
    nearest = u @ v
    correlations = nearest.T @ parts / np.linalg.norm(parts, axis=0)
    weights = (nearest.T @ parts.sum(axis=1)) ** 2
    return correlations**2 @ weights / weights.sum()
