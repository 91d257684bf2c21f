"""Which units hold which feature."""

import numpy as np
from scipy import stats
from sklearn import metrics
from sklearn.base import clone
from sklearn.linear_model import Lasso, LinearRegression, Ridge
from sklearn.preprocessing import StandardScaler

from tests.reference.oracles.encoding import linear_r2
from tests.reference.oracles.seen import in_float64


def class_selectivity(
    x, y, x2, y2, *, index="contrast", multioutput="uniform_average", threshold=None
):
    x2, y2 = in_float64(x2, y2)
    each = _INDICES[index](x2, y2[:, 0])
    if threshold is not None:
        return np.mean(each >= threshold)
    return each if multioutput == "raw_values" else each.mean()


def _contrast(x, y):
    means = np.sort([x[y == c].mean(axis=0) for c in np.unique(y)], axis=0)
    most, others = means[-1], means[:-1].mean(axis=0)
    size = np.abs(most) + np.abs(others)
    return (most - others) / np.where(size > 0, size, 1)


def _d_prime(x, y):
    each = []
    for c in np.unique(y):
        own, rest = x[y == c], x[y != c]
        spread = np.sqrt((own.var(axis=0) + rest.var(axis=0)) / 2)
        each.append((own.mean(axis=0) - rest.mean(axis=0)) / spread)
    return np.max(each, axis=0)


def _auc(x, y):
    areas = [[metrics.roc_auc_score(y == c, unit) for unit in x.T] for c in np.unique(y)]
    return np.max(areas, axis=0)


_INDICES = {"contrast": _contrast, "d_prime": _d_prime, "auc": _auc}


def _bins_of(column, bins, binning):
    """NumPy's histogram as disentanglement_lib has it, or ranks by SciPy, cut evenly."""
    if binning == "equal_width":
        return np.digitize(column, np.histogram(column, bins)[1][:-1])
    twice = (2 * stats.rankdata(column)).astype(int) - 1
    return twice * bins // (2 * len(column))


def information_of(x, y, bins, binning, feature_bins):
    """Bits of each unit and each column, and the entropy of each column, by scikit-learn."""
    x, y = in_float64(x, y)
    most = bins if feature_bins is None else feature_bins
    units = [_bins_of(column, bins, binning) for column in x.T]
    features = [
        np.unique(column, return_inverse=True)[1]
        if len(np.unique(column)) <= most
        else _bins_of(column, most, binning)
        for column in y.T
    ]
    bits = [[metrics.mutual_info_score(u, f) / np.log(2) for f in features] for u in units]
    return np.array(bits), np.array([stats.entropy(np.bincount(f), base=2) for f in features])


def mutual_information(
    x,
    y,
    x2,
    y2,
    *,
    bins=20,
    binning="equal_width",
    feature_bins=None,
    multioutput="uniform_average",
):
    each = information_of(x2, y2, bins, binning, feature_bins)[0].mean(axis=1)
    return each if multioutput == "raw_values" else each.mean()


def mutual_information_gap(x, y, x2, y2, *, bins=20, binning="equal_width", feature_bins=None):
    """As disentanglement_lib's `mig` has it, its mean over factors."""
    bits, entropy = information_of(x2, y2, bins, binning, feature_bins)
    ordered = np.sort(bits, axis=0)[::-1]
    return np.mean((ordered[0] - ordered[1]) / entropy)


def modularity(x, y, x2, y2, *, bins=20, binning="equal_width", feature_bins=None):
    """As disentanglement_lib's has it, but for units that tell nothing: 0 there."""
    bits, _ = information_of(x2, y2, bins, binning, feature_bins)
    squares = bits[bits.max(axis=1) > 1e-6] ** 2
    most = squares.max(axis=1)
    return np.mean(1 - (squares.sum(axis=1) - most) / (most * (squares.shape[1] - 1)))


def separated_attribute_predictability(x, y, x2, y2):
    """By scikit-learn's linear regression of each feature on each unit."""
    x, y, x2, y2 = in_float64(x, y, x2, y2)
    leads = []
    for wanted, asked in zip(y.T, y2.T, strict=True):
        each = [
            LinearRegression().fit(u[:, None], wanted).score(u2[:, None], asked)
            for u, u2 in zip(x.T, x2.T, strict=True)
        ]
        best = np.sort(np.clip(each, 0, 1))[::-1]
        leads.append(best[0] - best[1])
    return np.mean(leads)


def importances(x, y, model):
    """Absolute weights of standardised units, one feature after the other."""
    x, y = (StandardScaler().fit_transform(part) for part in in_float64(x, y))
    return np.stack([np.abs(clone(model).fit(x, column).coef_) for column in y.T], axis=1)


def disentangled(importance):
    """As disentanglement_lib's `disentanglement`; of the transpose, its `completeness`."""
    each = 1 - stats.entropy(importance.T + 1e-11, base=importance.shape[1])
    return each @ importance.sum(axis=1) / importance.sum()


def dci(x, y, x2, y2, *, probe="lasso"):
    model = Ridge(alpha=1e-3 * len(x)) if probe == "ridge" else Lasso(alpha=0.01, tol=1e-12)
    return disentangled(importances(x, y, model))


def selectivity(x, y, x2, y2, *, threshold=0.1):
    each = linear_r2(x, y, x2, y2, multioutput="raw_values")
    return np.mean(each >= threshold)
