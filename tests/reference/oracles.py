"""Float64 oracles: one slow, obvious function per measure, sharing no code with the package.

Each takes representation and features of the fitted examples and of the scored ones, as an
estimator sees them: ``oracle(x, y, x2, y2, **options)``. Similarity and geometry look at the scored
examples alone.
"""

import functools
import itertools
import warnings

import jax
import jax.numpy as jnp
import numpy as np
from scipy import integrate, linalg, optimize, special, stats
from scipy.sparse import csgraph
from scipy.spatial.distance import cdist, jensenshannon, pdist, squareform
from sklearn import metrics
from sklearn.base import clone
from sklearn.cross_decomposition import PLSSVD, PLSRegression
from sklearn.decomposition import PCA
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import (
    Lasso,
    LinearRegression,
    LogisticRegression,
    Ridge,
    RidgeClassifier,
    RidgeCV,
)
from sklearn.metrics import r2_score
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors, kneighbors_graph
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from probekit.measures.banded import simplex_points
from tests.reference import concentration, erasure, examples, halves, pictures, two_sets
from tests.reference.homology import cone_bars, witness_bars


def _wide(*arrays):
    return [np.asarray(array).astype(np.float64) for array in arrays]


def linear_r2(x, y, x2, y2, *, multioutput="uniform_average"):
    x, y, x2, y2 = _wide(x, y, x2, y2)
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
    x2, y2 = _wide(x2, y2)
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
        x, x2 = _wide(x, x2)
        return r2_score(x2, np.broadcast_to(x.mean(axis=0), x2.shape), multioutput=multioutput)
    return linear_r2(x, y[:, columns], x2, y2[:, columns], multioutput=multioutput)


def hash_of(index):
    """The final step of MurmurHash3, in Python's integers."""
    found = []
    for number in index:
        bits = int(number)
        bits = (bits ^ (bits >> 16)) * 0x85EBCA6B & 0xFFFFFFFF
        bits = (bits ^ (bits >> 13)) * 0xC2B2AE35 & 0xFFFFFFFF
        found.append(bits ^ (bits >> 16))
    return np.array(found)


def fold_of(index, folds):
    return hash_of(index) % folds


def _left_out(x, y, folds, penalties, groups=None, gamma=None):
    """Squared errors of y by ridge on x, fitted on the other folds: (penalty, target)."""
    fold, errors = fold_of(range(len(x)), folds), np.zeros((len(penalties), y.shape[1]))
    for number in range(folds):
        inside = fold != number
        for place, penalty in enumerate(penalties):
            model = _ridge(x[inside], y[inside], penalty, groups, gamma)
            errors[place] += ((y[~inside] - model(x[~inside])) ** 2).sum(axis=0)
    return errors


def _ridge(x, y, penalty, groups=None, gamma=None):
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


def _chosen_by_folds(errors, y, per_target):
    """Number of the best choice for each target, by R² of what was left out."""
    each = 1 - errors / ((y - y.mean(axis=0)) ** 2).sum(axis=0)
    if not per_target:
        each = np.repeat(each.mean(axis=1, keepdims=True), each.shape[1], axis=1)
    return each.argmax(axis=0)


def _folded_ridge(x, y, x2, y2, penalties, folds, per_target, multioutput, scoring="r2"):
    chosen = _chosen_by_folds(_left_out(x, y, folds, penalties), y, per_target)
    prediction = np.stack(
        [_ridge(x, y, penalties[c])(x2)[:, target] for target, c in enumerate(chosen)], axis=1
    )
    return _scored_parts(prediction[None], 0, y2, multioutput, scoring)[0]


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
    x, y, x2, y2 = _wide(x, y, x2, y2)
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
    x, y, x2, y2 = _wide(x, y, x2, y2)
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
    x, y, x2, y2 = _wide(x, y, x2, y2)
    groups = [[column] for column in range(y.shape[1])] if groups is None else groups
    if points is None:
        points = simplex_points(len(groups), 20)  # what is tried is no part of the formula
    errors = [_left_out(y, x, folds, penalties, groups, point) for point in points]
    chosen = _chosen_by_folds(np.concatenate(errors), x, per_unit)
    prediction, parts = np.zeros(x2.shape), np.zeros((len(groups), *x2.shape))
    for unit, choice in enumerate(chosen):
        point, penalty = points[choice // len(penalties)], penalties[choice % len(penalties)]
        model = _ridge(y, x, penalty, groups, point)
        prediction[:, unit] = model(y2)[:, unit]
        for place, columns in enumerate(groups):
            centred = y2[:, columns] - y2[:, columns].mean(axis=0)
            parts[place, :, unit] = centred @ model.weights[columns, unit]
    mean = prediction - parts.sum(axis=0)
    return _scored_parts(parts, mean, x2, multioutput, scoring, sharing)


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
    x, y, x2, y2 = _wide(x, y, x2, y2)
    groups = groups or [[column] for column in range(y.shape[1])]
    fold, errors = fold_of(range(len(x)), folds), np.zeros((len(penalties), x.shape[1]))
    for number, (place, penalty) in itertools.product(range(folds), enumerate(penalties)):
        inside = fold != number
        weights = _lasso(y[inside], x[inside], penalty, groups, sparsity)
        predicted = x[inside].mean(axis=0) + (y[~inside] - y[inside].mean(axis=0)) @ weights
        errors[place] += ((x[~inside] - predicted) ** 2).sum(axis=0)
    chosen = np.asarray(penalties)[_chosen_by_folds(errors, x, per_unit)]
    weights = np.stack(
        [_lasso(y, x, penalty, groups, sparsity)[:, unit] for unit, penalty in enumerate(chosen)], 1
    )
    prediction = x.mean(axis=0) + (y2 - y.mean(axis=0)) @ weights
    centred = y2 - y2.mean(axis=0)
    parts = np.stack([centred[:, columns] @ weights[columns] for columns in groups])
    return _scored_parts(parts, prediction - parts.sum(axis=0), x2, multioutput, scoring)


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
    x, y, x2, y2 = _wide(x, y, x2, y2)
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
    chosen = _chosen_by_folds(np.array(errors), x, per_unit)
    parts = np.zeros((len(groups), *x2.shape))
    for unit, choice in enumerate(chosen):
        point, penalty = points[choice // len(penalties)], penalties[choice % len(penalties)]
        scored = np.arange(n, n + len(x2))
        parts[:, :, unit] = _kernel_parts(every, x[:, unit], np.arange(n), scored, point, penalty)
    return _scored_parts(parts, x.mean(axis=0), x2, multioutput, scoring)


@functools.wraps(kernel_ridge)
def kernel_ridge_r2(x, y, x2, y2, **options):
    """All columns of y in one kernel."""
    return kernel_ridge(x, y, x2, y2, groups=[range(np.shape(y)[1])], **options)[0]


@functools.wraps(kernel_ridge)
def multiple_kernel_ridge_r2(x, y, x2, y2, **options):
    """A kernel for each column of y."""
    return kernel_ridge(x, y, x2, y2, groups=[[c] for c in range(np.shape(y)[1])], **options)[0]


def _scored_parts(parts, mean, x2, multioutput, scoring, sharing="product"):
    """Score of the sum of the parts, and the share of each."""
    prediction, truth = parts.sum(axis=0), x2 - x2.mean(axis=0)
    weights = None if multioutput == "uniform_average" else np.var(x2, axis=0)
    parts, units = parts - parts.mean(axis=1, keepdims=True), range(x2.shape[1])
    if scoring == "r2":
        total = r2_score(x2, mean + prediction, multioutput=multioutput)
        each = (parts * (2 * truth - parts.sum(axis=0))).sum(axis=1) / (truth**2).sum(axis=0)
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


def _scaled(x, x2):
    """Both as probes see them: centred, and a mean unit's variance of 1."""
    x, x2 = _wide(x, x2)
    scale = np.sqrt(np.var(x, axis=0).mean())
    return (x - x.mean(axis=0)) / scale, (x2 - x.mean(axis=0)) / scale


def _logistic(x, y):
    return LogisticRegression(C=1e3 / len(x), max_iter=10_000, tol=1e-10).fit(x, y)


def decoding(x, y, x2, y2, *, probe="logistic", metric="accuracy"):
    """Logistic regression, nearest neighbours or a perceptron, and scikit-learn's scores."""
    x, x2 = _scaled(x, x2)
    y, y2 = np.asarray(y)[:, 0], np.asarray(y2)[:, 0]
    if probe == "knn":
        model = KNeighborsClassifier(5).fit(x, y)
    elif probe == "mlp":
        options = {"solver": "lbfgs", "alpha": 1e-3, "max_iter": 200, "random_state": 0}
        with warnings.catch_warnings(action="ignore"):  # so many steps are what was asked for
            model = MLPClassifier((32,), **options).fit(x, y)
    else:
        model = _logistic(x, y)
    if metric == "accuracy":
        return model.score(x2, y2)
    if metric == "balanced_accuracy":
        return metrics.balanced_accuracy_score(y2, model.predict(x2))
    p = model.predict_proba(x2)
    if metric == "cross_entropy":
        return metrics.log_loss(y2, p, labels=model.classes_) / np.log(2)
    return metrics.roc_auc_score(y2, p if p.shape[1] > 2 else p[:, 1], multi_class="ovr")


def sparse_decoding_accuracy(x, y, x2, y2, *, units=1, penalty=1e-3):
    """By scikit-learn's choice of units."""
    x, y, x2, y2 = _wide(x, y, x2, y2)
    labels = np.unique(y, axis=0, return_inverse=True)[1].reshape(-1)
    chosen = SelectKBest(k=min(units, x.shape[1])).fit(x, labels).get_support()
    return decoding_accuracy(x[:, chosen], y, x2[:, chosen], y2, penalty=penalty)


def ccgp(x, y, x2, y2, *, penalty=1e-3):
    """Context by context, by scikit-learn's ridge regression."""
    x, y, x2, y2 = _wide(x, y, x2, y2)
    bits, bits2 = y > 0, y2 > 0
    found = []
    for f in range(bits.shape[1]):
        others, others2 = (np.delete(b, f, axis=1) for b in (bits, bits2))
        each = [
            _in_context(
                x,
                bits,
                f,
                (others != c).any(axis=1),
                x2,
                bits2[:, f],
                (others2 == c).all(axis=1),
                penalty,
            )
            for c in np.unique(np.concatenate([others, others2]), axis=0)
        ]
        found.append(np.nanmean(each) if np.isfinite(each).any() else np.nan)
    return np.array(found)


def _in_context(x, bits, f, fitted, x2, side2, tested, penalty):
    side = bits[fitted, f]
    if len(set(side)) < 2 or len(set(side2[tested])) < 2:
        return np.nan
    _, conditions, sizes = np.unique(bits[fitted], axis=0, return_inverse=True, return_counts=True)
    weight = 1 / sizes[conditions.reshape(-1)]
    for value in (False, True):
        weight[side == value] /= 2 * weight[side == value].sum()
    x, target = x[fitted], np.where(side, 1.0, -1.0)
    variance = weight @ (x - weight @ x) ** 2
    model = Ridge(alpha=penalty * variance.mean() or 1.0).fit(x, target, sample_weight=weight)
    right = (model.predict(x2) > 0) == side2
    return np.mean([right[tested & (side2 == value)].mean() for value in (False, True)])


def balanced_accuracy(x, y, x2, y2):
    return decoding(x, y, x2, y2, metric="balanced_accuracy")


def auc(x, y, x2, y2):
    return decoding(x, y, x2, y2, metric="auc")


def cross_entropy(x, y, x2, y2):
    return decoding(x, y, x2, y2, metric="cross_entropy")


def knn_accuracy(x, y, x2, y2):
    return decoding(x, y, x2, y2, probe="knn")


def mlp_accuracy(x, y, x2, y2):
    order = _order(0, len(x))  # rounding depends on it
    return decoding(x[order], y[order], x2, y2, probe="mlp")


def v_information(x, y, x2, y2):
    classes, counts = np.unique(y, return_counts=True)
    blind = np.tile(counts / counts.sum(), (len(y2), 1))
    known = metrics.log_loss(np.asarray(y2)[:, 0], blind, labels=classes) / np.log(2)
    return known - cross_entropy(x, y, x2, y2)


def _order(start, examples):
    """Examples as a sample holds them: by the hash of their number."""
    return np.argsort(hash_of(range(start, start + examples)))


def online_codelength(x, y, x2, y2):
    order = _order(0, len(x))
    x, y = x[order], np.asarray(y)[order, 0]
    classes, codes = np.unique(y, return_inverse=True)
    n, k = len(y), len(classes)
    percent = [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.25, 12.5, 25, 50, 100]
    ends = sorted({max(1, round(n * p / 100)) for p in percent})
    bits = ends[0] * np.log2(k)
    for start, end in itertools.pairwise(ends):
        seen, coded = _scaled(x[:start], x[start:end]) if start > 1 else (None, None)
        p = np.zeros((end - start, k))
        if len(set(codes[:start])) == 1:
            p[:, codes[0]] = 1
        else:
            model = _logistic(seen, codes[:start])
            p[:, model.classes_] = model.predict_proba(coded)
        p = (start * p + 1) / (start + k)
        bits -= np.log2(p[np.arange(end - start), codes[start:end]]).sum()
    return bits


def variational_codelength(x, y, x2, y2, *, scales=(0.1, 1.0, 10.0, 100.0, 1000.0)):
    """Of three classes and more; derivatives are taken by JAX, in float64."""
    (x,) = _wide(x)
    parts = PCA().fit_transform(x)
    parts = parts / np.sqrt((parts**2).sum(axis=1).mean())
    truth = np.asarray(y) == np.unique(y)
    with jax.enable_x64(True):
        length = jax.jit(jax.value_and_grad(_variational_nats))
        nats = [
            optimize.minimize(
                length,
                np.zeros(2 * (parts.shape[1] + 1) * truth.shape[1]),
                (parts, truth, scale, *_hats()),
                jac=True,
                method="L-BFGS-B",
                options={"maxiter": 20_000, "maxfun": 40_000, "gtol": 1e-6, "ftol": 1e-14},
            ).fun
            for scale in scales
        ]
    return (np.log(len(scales)) - special.logsumexp(-np.array(nats))) / np.log(2)


def _variational_nats(values, parts, truth, scale, nodes, shares):
    (n, r), k = parts.shape, truth.shape[1]
    rows = jnp.concatenate([parts, jnp.ones((n, 1))], axis=1)
    prior = jnp.append(jnp.full(r, scale), np.pi / np.sqrt(3))[:, None]
    mean, log_deviation = values.reshape(2, r + 1, k)
    deviation = jnp.exp(log_deviation)
    m, v = rows @ (mean * prior), rows**2 @ (deviation * prior) ** 2
    a = jnp.full((n, k), 1 / k)
    # Steps that are too small for the curvature, which is at most v + v² / 2; the derivative of the
    # bound by a is 0 where they lead.
    step = lambda _, a: a - (a - jax.nn.softmax(m + (0.5 - a) * v)) / (1 + v / 2)  # noqa: E731
    a = jax.lax.stop_gradient(jax.lax.fori_loop(0, 100, step, a))
    total = jax.nn.logsumexp(m + (0.5 - a) * v, axis=1) + (a**2 * v).sum(axis=1) / 2
    tilted = total - (m * truth).sum(axis=1)
    apart = m - (m * truth).sum(axis=1, keepdims=True)
    width = jnp.sqrt(v + (v * truth).sum(axis=1, keepdims=True))
    pairs = jax.nn.softplus(apart[..., None] + width[..., None] * nodes) @ shares
    pairs = jnp.where(truth, 0, pairs).sum(axis=1)
    divergence = (deviation**2 + mean**2 - 1) / 2 - log_deviation
    return jnp.minimum(tilted, pairs).sum() + divergence.sum()


def _hats():
    """Nodes, and the integral of each one's hat times the normal density."""
    nodes = np.arange(-8.0, 9.0)
    integrals = [
        integrate.quad(
            lambda z, node=node: (1 - abs(z - node)) * stats.norm.pdf(z),
            node - 1,
            node + 1,
            points=[node],
            epsabs=1e-14,
        )[0]
        for node in nodes
    ]
    return nodes, np.array(integrals)


def control_selectivity(x, y, x2, y2):
    order = _order(0, len(x))
    x, y = x[order], np.asarray(y)[order, 0]
    x, _ = _scaled(x, x)
    _, codes = np.unique(y, return_inverse=True)
    generator, control = np.random.default_rng(0), []
    for _ in range(3):
        task = generator.choice(codes, len(codes))
        control.append(_logistic(x, task).score(x, task))
    return _logistic(x, codes).score(x, codes) - np.mean(control)


def _parities(bits):
    signs = 1 - 2 * (np.asarray(bits) > 0)
    k = signs.shape[1]
    sets = [[c for c in range(k) if s >> c & 1] for s in range(1, 2**k)]
    return np.stack([signs[:, chosen].prod(axis=1) for chosen in sets], axis=1).astype(float)


def parity_r2(x, y, x2, y2, *, multioutput="uniform_average"):
    signs, signs2 = _parities(y), _parities(y2)
    columns = [(signs[:, [s]], signs2[:, [s]]) for s in range(signs.shape[1])]
    return np.array([linear_r2(x, a, x2, b, multioutput=multioutput) for a, b in columns])


def subfeatures(feature, bits):
    """By the table of values, with SciPy's Hadamard matrix."""
    k = np.asarray(bits).shape[1]
    place = (np.asarray(bits) > 0) @ 2 ** np.arange(k)
    table = np.bincount(place, weights=feature, minlength=2**k) / np.bincount(place)
    coefficients = linalg.hadamard(2**k) @ table / 2**k
    return coefficients[1:] ** 2 / np.var(feature)


def total_variance(x, y, x2, y2):
    (x2,) = _wide(x2)
    return np.var(x2, axis=0).sum()


def participation_ratio(x, y, x2, y2, *, debiased=False):
    (x2,) = _wide(x2)
    if debiased:  # of four different examples at a time
        n, far = len(x2), cdist(x2, x2, "sqeuclidean")
        total = far.sum() ** 2 - 4 * np.square(far.sum(axis=0)).sum() + 2 * np.square(far).sum()
        above = total / 4 / (n * (n - 1) * (n - 2) * (n - 3))
        return above / _unbiased_hsic(x2 @ x2.T, x2 @ x2.T)
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
    if kernel == "max":
        z = z[:, np.ptp(z, axis=0) > 0]
        z = (z - z.mean(axis=0)) / z.std(axis=0)
        return np.array([[max(a * b) for b in z] for a in z])
    distances = cdist(z, z)
    upper = distances[np.triu_indices(len(z), 1)]
    width = bandwidth * np.median(upper[upper > 0])
    if kernel == "laplace":
        return np.exp(-distances / width)
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
    if metric == "poisson":
        rates = (x + 0.1) / 1.1
        return np.array([[np.mean((a - b) * np.log(a / b)) for b in rates] for a in rates])
    return cdist(x, x, SCIPY_METRICS[metric])


def rsa(x, y, x2, y2, *, rdm="correlation", comparison="pearson", rdm_y=None):
    single = np.asarray(y2).shape[1] == 1 and rdm in ("correlation", "cosine", "poisson")
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
    if comparison == "kendall_tau_b":
        return stats.kendalltau(a, b).statistic
    if comparison == "rho_a":
        ranks = [stats.rankdata(z) - (len(z) + 1) / 2 for z in (a, b)]
        return 12 * ranks[0] @ ranks[1] / (len(a) ** 3 - len(a))
    if comparison.startswith("whitened"):
        return _whitened(a, b, centre=comparison == "whitened_correlation")
    signs = np.sign(a[:, None] - a[None, :]) * np.sign(b[:, None] - b[None, :])
    return signs.sum() / (len(a) * (len(a) - 1))


def weighted_rsa(
    x,
    y,
    x2,
    y2,
    *,
    rdm="squared_euclidean",
    comparison="pearson",
    nonnegative=True,
    penalty=0.0,
    groups=None,
):
    """Of the score and the weights the score; the columns of y are a group each unless told."""
    options = (rdm, comparison, nonnegative, penalty)
    return weighted_rsa_and_weights(x, y, x2, y2, *options, groups)[0]


def weighted_rsa_and_weights(
    x, y, x2, y2, rdm="squared_euclidean", comparison="pearson", nonnegative=True, penalty=0.0,
    groups=None,
):  # fmt: skip
    """By SciPy's least squares, on dissimilarities times the root of their precision."""
    groups = [[column] for column in range(np.shape(y)[1])] if groups is None else groups
    upper = np.triu_indices(len(x), 1)
    root = np.eye(len(upper[0]))
    if comparison.startswith("whitened"):
        root = linalg.inv(np.linalg.cholesky(_covariance_of_dissimilarities(len(root))))
    if comparison in ("pearson", "whitened_correlation"):
        root = root @ (np.eye(len(root)) - 1 / len(root))
    target = root @ globals()["rdm"](x, metric=rdm)[upper]
    columns = np.stack(
        [root @ globals()["rdm"](y[:, g], metric=rdm)[upper] for g in groups], axis=1
    )
    scale = np.linalg.norm(columns, axis=0)
    stacked = np.concatenate([columns / scale, np.sqrt(penalty) * np.eye(len(groups))])
    wanted = np.append(target / np.linalg.norm(target), np.zeros(len(groups)))
    solve = optimize.nnls if nonnegative else np.linalg.lstsq
    weights = solve(stacked, wanted)[0]
    upper = np.triu_indices(len(x2), 1)
    parts = [globals()["rdm"](y2[:, g], metric=rdm)[upper] for g in groups]
    prediction = sum(w / s * part for w, s, part in zip(weights, scale, parts, strict=True))
    return compare(prediction, globals()["rdm"](x2, metric=rdm)[upper], comparison), weights


def _whitened(a, b, centre):
    inverse = np.linalg.inv(_covariance_of_dissimilarities(len(a)))
    a, b = (z - z.mean() if centre else z for z in (a, b))
    return a @ inverse @ b / np.sqrt((a @ inverse @ a) * (b @ inverse @ b))


def _covariance_of_dissimilarities(count):
    """Those of independent patterns (Diedrichsen et al. 2020)."""
    n = int((1 + np.sqrt(1 + 8 * count)) / 2)
    contrasts = np.zeros((count, n))
    for row, (i, j) in enumerate(zip(*np.triu_indices(n, 1), strict=True)):
        contrasts[row, [i, j]] = 1, -1
    return (contrasts @ contrasts.T) ** 2


def mutual_neighbours(x, y, x2, y2, *, neighbours=10, measure="jaccard", metric="cosine"):
    if measure == "second_order":
        return second_order(x2, y2, neighbours)
    near = [_nearest(z, neighbours, metric) for z in _wide(x2, y2)]
    if measure == "local_continuity":
        k, n = len(near[0][0]), len(near[0])
        shared = [len({*mine} & {*theirs}) for mine, theirs in zip(*near, strict=True)]
        return np.sum(shared) / (n * k) - k / (n - 1)
    if measure == "cycle":
        there, back = near[1], near[0]
        return np.mean([any(i in back[j] for j in there[i]) for i in range(len(there))])
    alike = {"subsequence": _subsequence, "edit": _unedited}.get(measure, _common)
    each = [alike(mine, theirs) for mine, theirs in zip(*near, strict=True)]
    return np.mean([found[measure] if isinstance(found, dict) else found for found in each])


def trustworthiness(x, y, x2, y2, *, neighbours=5, metric="euclidean"):
    """By the definition, pair by pair; tests compare it with scikit-learn's."""
    x2, y2 = _wide(x2, y2)
    n = len(x2)
    k = min(neighbours, (n - 1) // 2)
    order, near = _nearest(x2, n - 1, metric), _nearest(y2, k, metric)
    too_far = sum(max(0, order[i].index(j) + 1 - k) for i in range(n) for j in near[i])
    return 1 - 2 * too_far / (n * k * (2 * n - 3 * k - 1))


def mean_relative_rank_error(x, y, x2, y2, *, neighbours=5, metric="euclidean"):
    """By the definition, pair by pair; tests compare it with ZADU's figures."""
    x2, y2 = _wide(x2, y2)
    n = len(x2)
    k = min(neighbours, n - 1)
    order, pictured = _nearest(x2, n - 1, metric), _nearest(y2, k, metric)
    moved = sum(
        abs(order[i].index(j) + 1 - rank) / rank
        for i in range(n)
        for rank, j in enumerate(pictured[i], start=1)
    )
    return moved / (n * sum(abs(n - 2 * rank + 1) / rank for rank in range(1, k + 1)))


def information_imbalance(x, y, x2, y2, *, neighbours=1, metric="euclidean"):
    """By the definition, pair by pair; tests compare it with DADApy's figures."""
    x2, y2 = _wide(x2, y2)
    n = len(x2)
    near = _nearest(x2, min(neighbours, n - 1), metric)
    order = _nearest(y2, n - 1, metric)
    ranks = [order[i].index(j) + 1 for i in range(n) for j in near[i]]
    return 2 * np.mean(ranks) / n


def neighbourhood_hit(x, y, x2, y2, *, neighbours=10, metric="euclidean"):
    x2, y2 = _wide(x2, y2)
    near = _nearest(x2, neighbours, metric)
    return np.mean([(y2[i] == y2[j]).all() for i in range(len(x2)) for j in near[i]])


def _nearest(z, neighbours, metric):
    far = cdist(z, z, metric)
    np.fill_diagonal(far, np.inf)
    return np.argsort(far, axis=1, kind="stable")[:, : min(neighbours, len(z) - 1)].tolist()


def _common(mine, theirs):
    both = set(mine) & set(theirs)
    jaccard = len(both) / len(set(mine) | set(theirs))
    rank = 0.0
    for other in both:
        r, s = mine.index(other) + 1, theirs.index(other) + 1
        rank += 2 / ((1 + abs(r - s)) * (r + s))
    rank /= sum(1 / place for place in range(1, len(both) + 1)) or 1
    overlap = len(both) / len(mine)
    return {"jaccard": jaccard, "rank": rank, "joint": jaccard * rank, "overlap": overlap}


def _subsequence(a, b):
    """By the textbook's table over all beginnings of both lists."""
    table = np.zeros((len(a) + 1, len(b) + 1))
    for i, j in itertools.product(range(len(a)), range(len(b))):
        longer = max(table[i, j + 1], table[i + 1, j])
        table[i + 1, j + 1] = table[i, j] + 1 if a[i] == b[j] else longer
    return table[-1, -1] / len(a)


def _unedited(a, b):
    """Wagner and Fischer's table."""
    table = np.add.outer(np.arange(len(a) + 1), np.arange(len(b) + 1))
    for i, j in itertools.product(range(len(a)), range(len(b))):
        others = table[i, j + 1] + 1, table[i + 1, j] + 1
        table[i + 1, j + 1] = min(table[i, j] + (a[i] != b[j]), *others)
    return 1 - table[-1, -1] / len(a)


def cknna(x, y, x2, y2, *, neighbours=10, debiased=False):
    kernels, masks = [], []
    for z in _wide(x2, y2):
        kernel = 1 - cdist(z, z, "cosine")
        mask = np.zeros_like(kernel)
        for i, others in enumerate(_nearest(z, neighbours, "cosine")):
            mask[i, others] = 1
        kernels.append(kernel)
        masks.append(mask)
    (k, m), (a, b) = kernels, masks
    if debiased:
        inner = _unbiased_hsic_of_any
        return inner(a * b * k, a * b * m) / np.sqrt(inner(a * k, a * k) * inner(b * m, b * m))
    centring = np.eye(len(k)) - 1 / len(k)
    k, m = centring @ k @ centring, centring @ m @ centring
    return (a * b * k * m).sum() / np.sqrt((a * k**2).sum() * (b * m**2).sum())


def _unbiased_hsic_of_any(k, m):
    """Of matrices that need not be symmetric, in Song et al.'s order of factors."""
    n, ones = len(k), np.ones(len(k))
    total = np.trace(k @ m) + (ones @ k @ ones) * (ones @ m @ ones) / ((n - 1) * (n - 2))
    return (total - 2 / (n - 2) * (ones @ k @ m @ ones)) / (n * (n - 3))


def second_order(x, y, neighbours):
    """Mean cosine of cosines with the neighbours in either representation."""
    near, cosines = [], []
    for z in _wide(x, y):
        far = cdist(z, z, "cosine")
        cosines.append(1 - far)
        np.fill_diagonal(far, np.inf)
        near.append(np.argsort(far, axis=1, kind="stable")[:, :neighbours])
    each = []
    for i in range(len(x)):
        either = np.union1d(near[0][i], near[1][i])
        a, b = (z[i, either] for z in cosines)
        each.append(a @ b / np.linalg.norm(a) / np.linalg.norm(b))
    return np.mean(each)


def aligned_cosine(x, y, x2, y2, *, centred=False, align_on="scored"):
    if align_on == "fit":
        return _turned_cosine(x, y, x2, y2, centred)
    x, y = _padded(*_wide(x2, y2), centred)
    turned = x @ linalg.orthogonal_procrustes(x, y)[0]
    cosines = [
        a @ b / np.linalg.norm(a) / np.linalg.norm(b) for a, b in zip(turned, y, strict=True)
    ]
    return np.mean(cosines)


def _turned_cosine(x, y, x2, y2, centred):
    """One example after the other; of 0 what is left open."""
    x, y, x2, y2 = _wide(x, y, x2, y2)
    if centred:
        x, y, x2, y2 = x - x.mean(0), y - y.mean(0), x2 - x.mean(0), y2 - y.mean(0)
    x, y, x2, y2 = (*_padded(x, y, False), *_padded(x2, y2, False))
    u, s, v = np.linalg.svd(x.T @ y)
    turned = x2 @ (u * (s > 1e-7 * s[0]) @ v)
    lengths = np.linalg.norm(x2, axis=1) * np.linalg.norm(y2, axis=1)
    return np.mean((turned * y2).sum(axis=1) / lengths)


def _padded(x, y, centred):
    """Both with as many units, the last of which may be 0."""
    x, y = (z - z.mean(axis=0) if centred else z for z in (x, y))
    most = max(x.shape[1], y.shape[1])
    return [np.pad(z, ((0, 0), (0, most - z.shape[1]))) for z in (x, y)]


def semi_matching(x, y, x2, y2, *, units="both", absolute=False, align_on="scored"):
    x, y = (x, y) if align_on == "fit" else (x2, y2)
    r, r2 = (
        np.nan_to_num(1 - cdist(*(z.T for z in _wide(*pair)), "correlation"))
        for pair in ((x, y), (x2, y2))
    )
    r, r2 = (np.abs(z) if absolute else z for z in (r, r2))
    best = {
        "x": np.mean([row2[row.argmax()] for row, row2 in zip(r, r2, strict=True)]),
        "y": np.mean([row2[row.argmax()] for row, row2 in zip(r.T, r2.T, strict=True)]),
    }
    return best[units] if units in best else np.mean(list(best.values()))


def eigenspace_overlap(x, y, x2, y2, *, centred=False):
    bases = [linalg.orth(z) for z in _padded(*_wide(x2, y2), centred)]
    angles = linalg.subspace_angles(*bases)
    return (np.cos(angles) ** 2).sum() / max(basis.shape[1] for basis in bases)


def maximum_match(x, y, x2, y2, *, tolerance=0.25, centred=False):
    """By regression on the units themselves, one unit left out at a time: the furthest."""
    x, y = (z - z.mean(axis=0) if centred else z for z in _wide(x2, y2))
    units = [[u for u in z.T if np.linalg.norm(u) > 1e-6] for z in (x, y)]
    while True:
        far = []
        for side, other in ((0, 1), (1, 0)):
            for place, unit in enumerate(units[side]):
                others = np.array(units[other]).T.reshape(len(unit), -1)
                rest = unit - others @ np.linalg.lstsq(others, unit)[0] if others.size else unit
                far.append((np.linalg.norm(rest) / np.linalg.norm(unit), side, place))
        if not far or max(far)[0] <= tolerance:
            return sum(map(len, units)) / (x.shape[1] + y.shape[1])
        _, side, place = max(far)
        del units[side][place]


def rsm_norm_difference(x, y, x2, y2, *, rsm="euclidean", norm="frobenius"):
    a, b = (
        z @ z.T if rsm == "inner_product" else cdist(z, z, SCIPY_METRICS[rsm])
        for z in _wide(x2, y2)
    )
    return np.linalg.norm(a - b, "fro" if norm == "frobenius" else 2)


def multiscale_distance(x, y, x2, y2, *, neighbours=5):
    times = np.logspace(-1, 1, 256)
    heat = []
    for z in _wide(x2, y2):
        joined = kneighbors_graph(z, min(neighbours, len(z) - 1)).toarray()
        matrix = csgraph.laplacian(np.maximum(joined, joined.T), normed=True)
        heat.append([np.trace(linalg.expm(-t * matrix)) / len(z) for t in times])
    return np.max(np.exp(-2 * (times + 1 / times)) * np.abs(np.subtract(*heat)))


def rtd(x, y, x2, y2):
    """By the cone over one filtration within the other, where the authors double the points."""
    far = [squareform(pdist(z)) for z in _wide(x2, y2)]
    far = [z / np.quantile(z, 0.9) for z in far]
    bars = [cone_bars(z, np.minimum(*far)) for z in far]
    return np.mean([(z[:, 1] - z[:, 0]).sum() for z in bars])


def _sampled(x, *scored):
    """Those that are scored as a sample holds them; as they are if no others were fitted."""
    order = np.arange(len(scored[0])) if x is None else _order(len(x), len(scored[0]))
    return [z[order] for z in _wide(*scored)]


def geometry_score(x, y, x2, y2, *, landmarks=32, reach=0.125, draws=32, holes=100):
    """By the filtration of all simplices at once, and reduction of the whole matrix."""
    times = [[], []]
    for draw, (found, z) in itertools.product(
        range(draws), zip(times, _sampled(x, x2, y2), strict=True)
    ):
        far = cdist(z, z[np.random.default_rng(draw).permutation(len(z))[:landmarks]])
        most = reach * far.max()
        bars = np.minimum(witness_bars(far, most), most)
        steps = np.unique([0, most, *bars.ravel()])
        share = np.zeros(max(holes, len(bars) + 1))
        for low, high in itertools.pairwise(steps):
            alive = sum(birth <= low and high <= death for birth, death in bars)
            share[alive] += (high - low) / most
        found.append(share[:holes])
    return np.square(np.subtract(*np.mean(times, axis=1))).sum()


def versa(
    x,
    y,
    x2,
    y2,
    *,
    penalties=(1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0, 100.0, 1000.0),
    folds=5,
    rdm="correlation",
    comparison="kendall_tau_b",
):
    """By scikit-learn's ridge; of examples in the order in which a sample holds them."""
    x, y = _sampled(x, x2, y2)
    metric = rdm if y.shape[1] > 1 else "euclidean"
    measure = {"kendall_tau_b": stats.kendalltau, "spearman": stats.spearmanr}.get(
        comparison, stats.pearsonr
    )
    found = []
    for fold in range(folds):
        out = np.arange(len(x)) % folds == fold
        model = make_pipeline(
            StandardScaler(), RidgeCV(alphas=np.multiply(penalties, (~out).sum()))
        )
        predicted = model.fit(x[~out], y[~out]).predict(x[out]).reshape(out.sum(), -1)
        found.append(measure(pdist(predicted, metric), pdist(y[out], metric))[0])
    return np.mean(found)


def ensd(x, y, x2, y2):
    k, m = (z @ z.T for z in _unit_norm(x2, y2))
    return np.trace(k) * np.trace(m) * np.trace(k @ m) / (np.trace(k @ k) * np.trace(m @ m))


def gulp(x, y, x2, y2, *, penalty=1e-2):
    """Distance of the matrices that take targets to their predictions."""
    fitted = []
    for z in _unit_norm(x2, y2):
        fitted.append(z @ np.linalg.solve(z.T @ z + penalty * np.eye(z.shape[1]), z.T))
    return np.linalg.norm(fitted[0] - fitted[1])


def magnitude(x, y, x2, y2):
    (x,) = _wide(x2)
    return np.linalg.norm(x.mean(axis=0))


def concentricity(x, y, x2, y2):
    (x,) = _wide(x2)
    return 1 - cdist(x, x.mean(axis=0)[None], "cosine").mean()


def uniformity(x, y, x2, y2):
    (x,) = _wide(x2)
    rows = x / np.linalg.norm(x, axis=1, keepdims=True)
    return np.log(np.exp(-2 * pdist(rows, "sqeuclidean")).mean())


def anisotropy(x, y, x2, y2):
    (x,) = _wide(x2)
    return 1 - pdist(x, "cosine").mean()


def self_clustering(x, y, x2, y2):
    (x,) = _wide(x2)
    return (((1 - pdist(x, "cosine")) ** 2).mean() - 1 / x.shape[1]) / (1 - 1 / x.shape[1])


def pair_alignment(x, y, x2, y2, *, power=2.0):
    a, b = (z / np.linalg.norm(z, axis=1, keepdims=True) for z in _wide(x2, y2))
    return (np.linalg.norm(a - b, axis=1) ** power).mean()


def distance_correlation(x, y, x2, y2, *, debiased=False):
    centred = []
    for z in _wide(x2, y2):
        d, n = cdist(z, z), len(z)
        rows = d.sum(axis=1)
        if debiased:
            u = d - rows[:, None] / (n - 2) - rows / (n - 2) + d.sum() / ((n - 1) * (n - 2))
            centred.append(u - np.diag(np.diag(u)))
        else:
            centred.append(d - rows[:, None] / n - rows / n + d.mean())
    a, b = centred
    squared = (a * b).sum() / np.sqrt((a**2).sum() * (b**2).sum())
    return squared if debiased else np.sqrt(squared)


def riemannian_distance(x, y, x2, y2, *, shrinkage=0.1):
    grams = []
    for z in _wide(x2, y2):
        z = z - z.mean(axis=0)
        gram = z @ z.T
        n = len(z)
        grams.append((1 - shrinkage) * (n - 1) * gram / np.trace(gram) + shrinkage * np.eye(n))
    return np.sqrt((np.log(linalg.eigvalsh(*grams)) ** 2).sum())


def drawn_covariance(rest, freedom, shrinkage):
    """By loops over pairs of units."""
    n, units = rest.shape
    noise = rest.T @ rest / freedom
    target = np.diag(np.diag(noise))
    if isinstance(shrinkage, str):
        pairs = list(itertools.product(range(units), repeat=2))
        if shrinkage == "diagonal":
            rest = rest / np.sqrt(np.diag(noise))
            products = [rest[:, i] * rest[:, j] for i, j in pairs if i != j]
            spread = sum(n * (w @ w - w.sum() ** 2 / (n - 1)) for w in products)
            spread *= (n - 1) / freedom**2
            far = sum(w.sum() ** 2 for w in products)
        else:
            target = np.eye(units) * np.trace(noise) / units
            spread = sum(np.var(rest[:, i] * rest[:, j]) / n for i, j in pairs)
            far = ((noise - target) ** 2).sum() * (freedom / n) ** 2
        shrinkage = min(1, max(0, spread / far))
    return (1 - shrinkage) * noise + shrinkage * target


def condition_rdm(
    x,
    y,
    x2,
    y2,
    *,
    metric="crossnobis",
    folds=2,
    shrinkage=0.0,
    unbalanced=False,
    precision=None,
):
    """The number of the first example that is scored is that of the last fitted, plus 1."""
    (x2,) = _wide(x2)
    if metric == "correlation_cv":
        x2 = x2 - x2.mean(axis=1, keepdims=True)
        x2 = x2 / np.linalg.norm(x2, axis=1, keepdims=True)
    labels = np.asarray(y2)[:, 0]
    names = np.unique(labels)
    rest = x2 - np.stack([x2[labels == label].mean(axis=0) for label in labels])
    noise = drawn_covariance(rest, len(x2) - len(names), shrinkage)
    same = "euclidean" in metric or metric == "correlation_cv" or precision == "identity"
    precision = np.eye(x2.shape[1]) if same else np.linalg.inv(noise)

    def means(rows):
        return np.stack([x2[rows & (labels == name)].mean(axis=0) for name in names])

    start = 0 if x is None else len(x)
    fold = fold_of(range(start, start + len(x2)), folds)
    if unbalanced:
        origin = 0 if metric == "correlation_cv" else x2.mean(axis=0)
        common = (x2 - origin) @ precision @ (x2 - origin).T
        apart = fold[:, None] != fold[None, :]
        both = [[np.ix_(labels == a, labels == b) for b in names] for a in names]
        mean = np.array([[common[cell][apart[cell]].mean() for cell in row] for row in both])
        found = np.diag(mean)[:, None] + np.diag(mean)[None, :] - 2 * mean
        return found / 2 if metric == "correlation_cv" else found
    pairs = [(means(fold == f), means(fold != f)) for f in range(folds)]
    if metric not in ("crossnobis", "correlation_cv"):
        pairs = [(means(fold >= 0),) * 2]
    found = np.zeros((len(names), len(names)))
    for here, there in pairs:
        for i, j in itertools.product(range(len(names)), repeat=2):
            found[i, j] += (here[i] - here[j]) @ precision @ (there[i] - there[j]) / len(pairs)
    found = found / 2 if metric == "correlation_cv" else found
    return np.sqrt(found) if metric in ("mahalanobis", "euclidean") else found


def _unit_norm(*arrays):
    centred = [z - z.mean(axis=0) for z in _wide(*arrays)]
    return [z / np.linalg.norm(z) for z in centred]


def _rotated(x, y, x2, y2, alpha, angular):
    """By way of all maps, of representations filled up to one width; of 0 what is left open."""
    scored, maps, spaces = [], [], []
    width = max(x.shape[1], y.shape[1])
    for fit, other in ((x, x2), (y, y2)):
        fit, other = (np.pad(z, ((0, 0), (0, width - z.shape[1]))) for z in _wide(fit, other))
        mean, fit = fit.mean(axis=0), fit - fit.mean(axis=0)
        scale = np.linalg.norm(fit)
        _, s, axes = np.linalg.svd(fit / scale)
        s = np.pad(s, (0, width - len(s)))
        stretch = np.where(s > 1e-6 * s[0], alpha + (1 - alpha) / np.maximum(s, 1e-9), alpha)
        maps.append(axes.T * stretch @ axes)
        spaces.append(fit / scale @ maps[-1])
        scored.append((other - mean) / scale @ maps[-1])
    u, s, v = np.linalg.svd(spaces[0].T @ spaces[1])
    rotation = u * (s > 1e-9 * s[0]) @ v
    a, b = scored
    cosine = np.sum(a @ rotation * b) / np.linalg.norm(a) / np.linalg.norm(b)
    return np.arccos(np.clip(cosine, -1, 1)) if angular else np.sqrt(2 - 2 * cosine)


def procrustes_distance(x, y, x2, y2, *, align_on="scored"):
    """The residual after SciPy's best rotation, of representations filled up to one width."""
    if align_on == "fit":
        return _rotated(x, y, x2, y2, 1.0, False)
    a, b = _unit_norm(x2, y2)
    width = max(a.shape[1], b.shape[1])
    a, b = (np.pad(z, ((0, 0), (0, width - z.shape[1]))) for z in (a, b))
    rotation, _ = linalg.orthogonal_procrustes(a, b)
    return np.linalg.norm(a @ rotation - b)


def angular_procrustes_distance(x, y, x2, y2, *, align_on="scored"):
    if align_on == "fit":
        return _rotated(x, y, x2, y2, 1.0, True)
    a, b = _unit_norm(x2, y2)
    return np.arccos(np.clip(linalg.svdvals(a.T @ b).sum(), 0, 1))


def shape_metric(x, y, x2, y2, *, alpha=1.0, angular=True, align_on="scored"):
    if align_on == "fit":
        return _rotated(x, y, x2, y2, alpha, angular)
    whitened = []
    for z in _unit_norm(x2, y2):
        root = np.real(linalg.sqrtm(z.T @ z))
        whitened.append(z @ (alpha * np.eye(len(root)) + (1 - alpha) * np.linalg.inv(root)))
    measure = angular_procrustes_distance if angular else procrustes_distance
    return measure(x, y, *whitened)


def stochastic_shape_distance(x, y, x2, y2, *, conditions=1, in_a_row=1, alpha=1.0, labels=None):
    """By a general minimiser over rotations, from rotations and reflections drawn at random.

    The number of the first example that is scored is that of the last fitted, plus 1.
    """
    x2, y2 = _wide(x2, y2)
    width = max(x2.shape[1], y2.shape[1])
    x2, y2 = (np.pad(z, [(0, 0), (0, width - z.shape[1])]) for z in (x2, y2))
    if labels is None:
        first = 0 if x is None else len(x)
        labels = (first + np.arange(len(x2))) // in_a_row % conditions
    groups = [[z[labels == name] for name in np.unique(labels)] for z in (x2, y2)]
    means = [np.stack([group.mean(axis=0) for group in side]) for side in groups]
    means = [side - side.mean(axis=0) for side in means]
    noise = [[np.cov(group.T).reshape(width, width) for group in side] for side in groups]
    roots = [[_root(matrix) for matrix in side] for side in noise]
    traces = sum(np.trace(matrix) for side in noise for matrix in side)
    upper = np.triu_indices(width, 1)

    def turned(start, angles):
        skew = np.zeros((width, width))
        skew[upper] = angles
        return start @ linalg.expm(skew - skew.T)

    def squared(rotation):
        found = alpha * ((means[0] - means[1] @ rotation.T) ** 2).sum()
        common = [np.linalg.norm(s @ rotation @ t, "nuc") for s, t in zip(*roots, strict=True)]
        return (found + (2 - alpha) * (traces - 2 * sum(common))) / len(means[0])

    generator, best = np.random.default_rng(0), np.inf
    for _ in range(8 if len(groups[0]) > 1 else 2):
        start = stats.ortho_group.rvs(width, random_state=generator) if width > 1 else np.eye(1)
        angles = np.zeros(len(upper[0]))
        if width > 1:
            fit = optimize.minimize(lambda a, q=start: squared(turned(q, a)), angles)
            best = min(best, fit.fun)
        else:
            best = min(squared(start), squared(-start))
    return np.sqrt(max(best, 0))


def _root(matrix):
    values, vectors = np.linalg.eigh(matrix)
    return vectors * np.sqrt(np.maximum(values, 0)) @ vectors.T


def bures_similarity(x, y, x2, y2, *, align_on="scored"):
    """From matrices (example, example), as it is defined."""
    if align_on == "fit":
        return np.cos(_rotated(x, y, x2, y2, 1.0, True))
    k, m = (z @ z.T for z in _unit_norm(x2, y2))
    return _fidelity(k, m)


def bures_metric(x, y, x2, y2, *, align_on="scored"):
    if align_on == "fit":
        x, y, x2, y2 = _wide(x, y, x2, y2)
        x, y, x2, y2 = x - x.mean(0), y - y.mean(0), x2 - x.mean(0), y2 - y.mean(0)
        u, s, v = np.linalg.svd(x.T @ y, full_matrices=False)
        cross = np.sum(x2 @ (u * (s > 1e-9 * s[0])) @ v * y2)
        return np.sqrt((np.sum(x2**2) + np.sum(y2**2) - 2 * cross) / len(x2))
    k, m = ((z - z.mean(axis=0)) @ (z - z.mean(axis=0)).T / len(z) for z in _wide(x2, y2))
    return np.sqrt(np.trace(k) + np.trace(m) - 2 * _fidelity(k, m))


def _fidelity(k, m):
    values, vectors = np.linalg.eigh(k)
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    return np.sqrt(np.maximum(np.linalg.eigvalsh(root @ m @ root), 0)).sum()


def _canonical(x, y):
    """Canonical correlations and variates of x, by QR (Björck and Golub 1973)."""
    a, b = (linalg.orth(z - z.mean(axis=0)) for z in (x, y))
    left, correlations, _ = np.linalg.svd(a.T @ b)
    return correlations, a @ left


def cca(x, y, x2, y2, *, squared=False):
    correlations, _ = _canonical(*_wide(x2, y2))
    return np.mean(correlations**2 if squared else correlations)


def svcca(x, y, x2, y2, *, variance=0.99, components=None):
    kept = []
    for z in _wide(x2, y2):
        if components is not None:
            kept.append(PCA(min(components, *z.shape)).fit_transform(z))
            continue
        share = PCA().fit(z).explained_variance_ratio_.cumsum()
        kept.append(PCA(1 + int(np.argmax(share >= variance - 1e-9))).fit_transform(z))
    return np.mean(_canonical(*kept)[0])


def pwcca(x, y, x2, y2):
    x2, y2 = _wide(x2, y2)
    correlations, variates = _canonical(x2, y2)
    weights = np.abs(variates.T @ (x2 - x2.mean(axis=0))).sum(axis=1)[: len(correlations)]
    return np.average(correlations, weights=weights)


def linear_regression_similarity(x, y, x2, y2):
    x2, y2 = _wide(x2, y2)
    return r2_score(x2, LinearRegression().fit(y2, x2).predict(y2), multioutput="variance_weighted")


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
    x2, y2 = _wide(x2, y2)
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
            each = [stats.pearsonr(*unit).statistic for unit in zip(truth.T, guess.T, strict=True)]
        found.append(_average_of_units(np.array(each), truth, multioutput))
    return np.mean(found, axis=0)


def _average_of_units(each, truth, multioutput):
    if multioutput == "variance_weighted":
        return np.average(each, weights=truth.var(axis=0) * len(truth))
    return {"median": np.median, "uniform_average": np.mean, "raw_values": np.array}[multioutput](
        each
    )


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
            guess = _ridge(x[inside], y[inside], penalty)(x[~inside])
            errors[place] += ((y[~inside] - guess) ** 2).sum(axis=0)
    return _ridge(x, y, penalties[_chosen_by_folds(errors, y, False)[0]])


def rv_coefficient(x, y, x2, y2):
    a, b = (z - z.mean(axis=0) for z in _wide(x2, y2))
    own = np.trace(a @ a.T @ a @ a.T) * np.trace(b @ b.T @ b @ b.T)
    return np.trace(a @ a.T @ b @ b.T) / np.sqrt(own)


def angular_cka_distance(x, y, x2, y2):
    return np.arccos(min(rv_coefficient(x, y, x2, y2), 1))


def pls(x, y, x2, y2, *, weighting="covariance"):
    x2, y2 = _wide(x2, y2)
    components = min(x2.shape[1], y2.shape[1], len(x2))
    a, b = PLSSVD(n_components=components, scale=False).fit_transform(x2, y2)
    covariances = (a * b).sum(axis=0)
    correlations = covariances / np.sqrt((a**2).sum(axis=0) * (b**2).sum(axis=0))
    return np.average(correlations, weights=covariances if weighting == "covariance" else None)


def jensen_shannon_divergence(x, y, x2, y2, *, probabilities=False, distance=False):
    p, q = (_distribution(z, probabilities) for z in _wide(x2, y2))
    root = jensenshannon(p, q, axis=1, base=2)
    return np.mean(root if distance else root**2)


def _distribution(z, probabilities):
    return z / z.sum(axis=1, keepdims=True) if probabilities else special.softmax(z, axis=1)


def disagreement(x, y, x2, y2):
    a, b = (z.argmax(axis=1) if z.shape[1] > 1 else z[:, 0] for z in _wide(x2, y2))
    return 1 - metrics.accuracy_score(a.astype(int), b.astype(int))


def permutation_matching(x, y, x2, y2, *, align_on="scored"):
    """The best of all matchings, tried one by one."""
    found = scored = _correlations(x2, y2)
    found = _correlations(x, y) if align_on == "fit" else found
    if found.shape[0] > found.shape[1]:
        found, scored = found.T, scored.T
    rows = list(range(found.shape[0]))
    choices = itertools.permutations(range(found.shape[1]), found.shape[0])
    best = max(choices, key=lambda choice: found[rows, list(choice)].mean())
    return scored[rows, list(best)].mean()


def permutation_distance(x, y, x2, y2, *, angular=True, align_on="scored"):
    """The least of all permutations, tried one by one."""
    x, y, x2, y2 = _wide(*((x, y) if align_on == "fit" else (x2, y2)), x2, y2)
    width = max(x2.shape[1], y2.shape[1])
    sides = []
    for fit, other in ((x, x2), (y, y2)):
        centred = (z - fit.mean(axis=0) for z in (fit, other))
        padded = (np.pad(z, [(0, 0), (0, width - z.shape[1])]) for z in centred)
        sides.append([z / np.linalg.norm(z) for z in padded])
    (x, x2), (y, y2) = sides
    orders = map(list, itertools.permutations(range(width)))
    best = min(orders, key=lambda order: np.linalg.norm(x[:, order] - y))
    length = np.linalg.norm(x2[:, best] - y2)
    return 2 * np.arcsin(length / 2) if angular else length


def soft_matching(x, y, x2, y2, *, align_on="scored"):
    """By copying units until the widths are equal; then the best plan is an assignment."""
    found = scored = _correlations(x2, y2)
    found = _correlations(x, y) if align_on == "fit" else found
    common = np.lcm(*found.shape)
    copied, others = (
        np.repeat(np.repeat(z, common // z.shape[0], 0), common // z.shape[1], 1)
        for z in (found, scored)
    )
    return others[optimize.linear_sum_assignment(copied, maximize=True)].mean()


def unit_correlation(x, y, x2, y2, *, pairs="same", average="mean"):
    found = _correlations(x2, y2)
    found = np.diagonal(found) if pairs == "same" else found
    return getattr(np, average)(found)


def _correlations(x, y):
    x, y = _wide(x, y)
    return np.corrcoef(x.T, y.T)[: x.shape[1], x.shape[1] :]


def spectrum(x, y, x2, y2):
    return PCA().fit(_wide(x2)[0]).explained_variance_ * (len(x2) - 1) / len(x2)


def effective_rank(x, y, x2, y2, *, values="eigenvalues", centred=True):
    found = _singular_values(x2, centred)
    return np.exp(stats.entropy(found if values == "singular_values" else found**2))


def stable_rank(x, y, x2, y2, *, centred=True):
    found = _singular_values(x2, centred)
    return (found**2).sum() / found[0] ** 2


def _singular_values(x, centred):
    (x,) = _wide(x)
    return np.linalg.svd(x - x.mean(axis=0) * centred, compute_uv=False)


def spectrum_slope(x, y, x2, y2, *, first=1, last=100):
    values = spectrum(x, y, x2, y2)[first - 1 : last]
    rank = np.arange(first, first + len(values))
    return -np.polyfit(np.log(rank), np.log(values), 1, w=1 / np.sqrt(rank))[0]


def sparsity(x, y, x2, y2, *, measure="treves_rolls"):
    each = []
    for row in np.abs(_wide(x2)[0]):
        d = len(row)
        if measure == "hoyer":
            each.append((np.sqrt(d) - row.sum() / np.linalg.norm(row)) / (np.sqrt(d) - 1))
        else:
            each.append((1 - row.mean() ** 2 / (row**2).mean()) / (1 - 1 / d))
    return np.mean(each)


def intrinsic_dimension(
    x, y, x2, y2, *, method="two_nn", discard=0.1, neighbours=20, average="harmonic", seed=0
):
    """Example by example; tests compare it with scikit-dimension's figures."""
    (x2,) = _wide(x2)
    if method == "separability":
        return _fisher_separability(x2)
    if method == "persistence":
        return _persistent_dimension(*_sampled(x, x2))
    if method == "graph":
        return _persistent_dimension(*_sampled(x, x2), neighbours=neighbours)
    if method == "danco":
        return concentration.danco(x2, neighbours, seed)
    pair = neighbours if isinstance(neighbours, tuple) else None
    k = min(pair[1] if pair else neighbours, len(x2) - 1)
    k_near = pair[0] if pair else k // 2
    nearest = NearestNeighbors(n_neighbors=max(k, 2)).fit(x2)
    distances, others = nearest.kneighbors()
    near, far = distances[:, k_near - 1], distances[:, k - 1]
    if method == "correlation":
        radii = np.median(near), np.median(far)
        pairs = [(pdist(x2) < radius).sum() for radius in radii]
        return np.log(pairs[1] / pairs[0]) / np.log(radii[1] / radii[0])
    if method == "binomial":
        return -np.log2(((cdist(x2, x2) <= far[:, None] / 2).sum(axis=1) - 1).mean() / (k - 1))
    if method == "two_nn":
        ratio = np.sort(distances[:, 1] / distances[:, 0])
        n = len(ratio)
        kept = int(np.floor(n * (1 - discard)))
        height = -np.log(1 - np.arange(1, kept + 1) / n)
        slope, *_ = np.linalg.lstsq(np.log(ratio[:kept, None]), height)
        return slope[0]
    if method == "gride":
        return _gride(far / near, k_near, k)
    each = {
        "likelihood": lambda i: 1 / np.log(far[i] / distances[i, : k - 1]).mean(),
        "moments": lambda i: distances[i, :k].mean() / (far[i] - distances[i, :k].mean()),
        "mada": lambda i: np.log(k / k_near) / np.log(far[i] / near[i]),
        "tle": lambda i: _tight_localities(x2[others[i, :k]] - x2[i]),
        "ess": lambda i: _simplex_skewness(x2[others[i, :k]]),
    }[method]
    averages = {"harmonic": stats.hmean, "mean": np.mean, "median": np.median}
    return averages[average]([each(i) for i in range(len(x2))])


def _gride(ratio, near, far, lost=0):
    """Most likely d, by a search; `lost` of the n examples do not count in its logarithm."""

    def unlikely(log_d):
        d = np.exp(log_d)
        density = stats.beta.logpdf(ratio**-d, near, far - near)  # of u = 1 / μ^d
        return -(density - d * np.log(ratio)).sum() - (len(ratio) - lost) * log_d

    return np.exp(optimize.minimize_scalar(unlikely, bounds=(-2, 4), options={"xatol": 1e-9}).x)


def _tight_localities(neighbours):
    """Of vectors from the example in the middle; each ray's end is found by a root."""
    radius = np.linalg.norm(neighbours, axis=1).max()
    logs = []
    for i, start in enumerate(neighbours):
        logs += 2 * [np.log(np.linalg.norm(start) / radius)]
        for j, other in enumerate(neighbours):
            if i == j:
                continue
            both = [_share_of_ray(start, end, radius) for end in (other, -other)]
            logs += [] if min(both) < 1e-4 else np.log(both).tolist()
    return -1 / np.mean(logs)


def _share_of_ray(start, other, radius):
    """Of balls that grow from the point `start` to the whole ball, the one that ends at `other`.

    Enlarged about `start` by 1 / t it is the whole ball: t is how far `other` is on its ray.
    """
    start, other = start / radius, other / radius

    def outside(t):
        return np.linalg.norm(other - (1 - t) * start) - t

    return 1.0 if outside(1.0) >= 0 else optimize.brentq(outside, 0, 1, xtol=1e-14)


def _simplex_skewness(points):
    vectors = points - points.mean(axis=0)
    area = whole = 0
    for v, w in itertools.combinations(vectors, 2):
        whole += np.linalg.norm(v) * np.linalg.norm(w)
        area += np.sqrt(max(np.linalg.det([[v @ v, v @ w], [v @ w, w @ w]]), 0))
    dimension = np.arange(2, 2000)
    sines = np.exp(
        2 * special.gammaln(dimension / 2)
        - special.gammaln((dimension + 1) / 2)
        - special.gammaln((dimension - 1) / 2)
    )
    return np.interp(area / whole, [0, *sines], [1, *dimension])


def _persistent_dimension(x, *, neighbours=None):
    """Of examples in the order in which a sample holds them; of trees, or of neighbours."""
    n, logs = len(x), []
    most = min(neighbours or n, int(np.ceil(n / 4 - 1e-3)) - 1)
    for share in 4.0 ** np.linspace(-1, 0, 8):
        size = int(np.ceil(share * n - 1e-3))
        rows = [np.roll(x, -(draw * n // 8), axis=0)[:size] for draw in range(8)]
        far = [cdist(z, z) for z in rows]
        lengths = [
            np.sort(z, axis=1)[:, 1 : most + 1].sum()
            if neighbours
            else csgraph.minimum_spanning_tree(z).sum()
            for z in far
        ]
        logs.append([np.log(size), np.log(lengths).mean()])
    slope, _ = np.polyfit(*np.transpose(logs), 1)
    return 1 / (1 - slope)


def _fisher_separability(x):
    centred = x - x.mean(axis=0)
    values, vectors = np.linalg.eigh(np.cov(centred.T))
    kept = values > values.max() / 10
    white = centred @ vectors[:, kept] / np.sqrt(values[kept])
    white /= np.linalg.norm(white, axis=1, keepdims=True)
    cosines = (white @ white.T)[~np.eye(len(x), dtype=bool)]
    margins = np.arange(0.6, 1, 0.02)
    shares = np.array([(cosines >= margin).mean() for margin in margins])
    if not shares.any():
        return np.nan
    place = np.argmin(np.abs(margins - 0.9 * margins[shares > 0].max()))
    a, p = margins[place], shares[place]
    falls = -np.log(1 - a**2)
    return special.lambertw(falls / (2 * np.pi * p**2 * a**2 * (1 - a**2))).real / falls


def neural_collapse(x, y, x2, y2):
    return neural_collapses(x2, y2)[0]


def neural_collapses(x, y):
    """All three, with the pseudo-inverse in full, as Papyan's and Zhu's code has them."""
    x, y = _wide(x, y)
    labels = np.unique(y, axis=0, return_inverse=True)[1].reshape(-1)
    classes = labels.max() + 1
    means = np.array([x[labels == c].mean(axis=0) for c in range(classes)])
    inside, apart = x - means[labels], means - x.mean(axis=0)
    between = apart.T @ apart / classes
    inverse = np.linalg.pinv(between, rcond=1e-9, hermitian=True)
    length = np.linalg.norm(apart, axis=1)
    cosines = 1 - pdist(apart, "cosine")
    return (
        np.trace(inside.T @ inside / len(x) @ inverse) / classes,
        length.std() / length.mean(),
        np.abs(cosines + 1 / (classes - 1)).mean(),
    )


def lidar(x, y, x2, y2, *, penalty=1e-4):
    x2, y2 = _wide(x2, y2)
    labels = np.unique(y2, axis=0, return_inverse=True)[1].reshape(-1)
    means = np.array([x2[labels == c].mean(axis=0) for c in range(labels.max() + 1)])
    within = np.cov((x2 - means[labels]).T, bias=True).reshape(2 * x2.shape[1:])
    within += penalty * np.trace(within) * np.eye(len(within))
    apart = means - x2.mean(axis=0)
    found = linalg.eigh(apart.T @ apart, within, eigvals_only=True)
    return np.exp(stats.entropy(found[found > 1e-9 * found.max()]))


def manifold_capacity(x, y, x2, y2, *, margin=0.0, directions=200, seed=0):
    """The number of the first example that is scored is that of the last fitted, plus 1."""
    start = 0 if x is None else len(x)
    numbers = np.arange(start, start + len(x2))
    options = {"margin": margin, "directions": directions, "seed": seed}
    return 1 / np.mean([1 / one[0] for one in manifolds(x2, y2, numbers, **options)])


def manifolds(x, y, numbers, *, margin=0.0, directions=200, seed=0):
    """Capacity, radius and dimension of each class, with a quadratic programme a direction."""
    x, y = _wide(x, y)
    labels = np.unique(y.reshape(len(y), -1), axis=0, return_inverse=True)[1].reshape(-1)
    key = jax.random.key(seed, impl="threefry2x32")
    found = []
    last = special.ndtri((np.arange(directions) + 0.5) / directions)
    last = last / np.sqrt(np.mean(last**2)) + margin
    for label in range(labels.max() + 1):
        rows = labels == label
        centre = x[rows].mean(axis=0)
        points = (x[rows] - centre) / np.linalg.norm(centre - x.mean(axis=0))
        left, sizes, right = np.linalg.svd(points, full_matrices=False)
        rank = int((sizes > 1e-9 * sizes[0]).sum())
        left, right = left[:, :rank], right[:rank]
        wide = right[sizes[:rank] * 1024 > sizes[0]]
        normal = [
            jax.random.normal(jax.random.fold_in(key, number), (directions,), jnp.float32)
            for number in numbers[rows]
        ]
        ways = (left @ right).T @ np.float64(normal)  # in the units' own axes
        squares, anchors, cosines = [], [], []
        for way, height in zip(ways.T, last, strict=True):
            cone = np.hstack([points, np.ones((len(points), 1))])
            weights, _ = optimize.nnls(cone.T, np.append(way, height), maxiter=10000)
            nearest = weights @ cone
            highest = points[np.argmax(points @ way)]
            anchor = nearest[:-1] / nearest[-1] if weights.any() else highest
            counted = wide @ way
            lengths = np.linalg.norm(counted) * np.linalg.norm(anchor)
            squares.append(nearest @ nearest)
            anchors.append(anchor)
            cosines.append(counted @ (wide @ anchor) / lengths if lengths > 0 else 0)
        about = np.array(anchors) - np.mean(anchors, axis=0)
        radius = np.sqrt(np.mean(np.sum(about**2, axis=1)))
        found.append((1 / np.mean(squares), radius, len(wide) * np.mean(cosines) ** 2))
    return np.array(found)


def class_selectivity(
    x, y, x2, y2, *, index="contrast", multioutput="uniform_average", threshold=None
):
    x2, y2 = _wide(x2, y2)
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
    x, y = _wide(x, y)
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
    x, y, x2, y2 = _wide(x, y, x2, y2)
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
    x, y = (StandardScaler().fit_transform(part) for part in _wide(x, y))
    return np.stack([np.abs(clone(model).fit(x, column).coef_) for column in y.T], axis=1)


def disentangled(importance):
    """As disentanglement_lib's `disentanglement`; of the transpose, its `completeness`."""
    each = 1 - stats.entropy(importance.T + 1e-11, base=importance.shape[1])
    return each @ importance.sum(axis=1) / importance.sum()


def dci(x, y, x2, y2, *, probe="lasso"):
    model = Ridge(alpha=1e-3 * len(x)) if probe == "ridge" else Lasso(alpha=0.01, tol=1e-12)
    return disentangled(importances(x, y, model))


def silhouette(x, y, x2, y2, *, metric="euclidean"):
    x2, y2 = _wide(x2, y2)
    labels = np.unique(y2, axis=0, return_inverse=True)[1].reshape(-1)
    metric = {"squared_euclidean": "sqeuclidean"}.get(metric, metric)
    return metrics.silhouette_score(squareform(pdist(x2, metric)), labels, metric="precomputed")


def transrate(x, y, x2, y2, *, precision=1e-4, weighting="examples"):
    x2, y2 = _wide(x2, y2)
    labels = np.unique(y2, axis=0, return_inverse=True)[1].reshape(-1)
    rows = x2 - x2.mean(axis=0)

    def rate(z):
        return np.linalg.slogdet(np.eye(z.shape[1]) + z.T @ z / (len(z) * precision))[1] / 2

    counts = np.bincount(labels)
    weights = counts / len(rows) if weighting == "examples" else np.ones(len(counts)) / len(counts)
    return rate(rows) - sum(w * rate(rows[labels == c]) for c, w in enumerate(weights))


def logme(x, y, x2, y2, *, centred=False):
    """By fixed points of both variances from several starts, and the density of a normal vector."""
    x2, y2 = _wide(x2, y2)
    labels = np.unique(y2, axis=0, return_inverse=True)[1].reshape(-1)
    return np.mean([_evidence(x2, labels == c, centred) for c in np.unique(labels)])


def _evidence(x, y, centred):
    y, n = np.float64(y), len(x)
    if centred:
        basis = linalg.null_space(np.ones((1, n))).T  # of what is orthogonal to a constant
        x, y, n = basis @ x, basis @ y, n - 1
    values, vectors = np.linalg.eigh(x.T @ x)
    values, along = np.maximum(values, 0), vectors.T @ (x.T @ y)
    found = []
    for ratio in (1e-3, 1.0, 1e3):
        for _ in range(500):
            if ratio > 1e9 * values.max():  # all is noise
                break
            weights = along / (values + ratio)
            used = (values / (values + ratio)).sum()
            alpha = used / (weights @ weights)
            beta = (n - used) / np.sum((y - x @ (vectors @ weights)) ** 2)
            ratio = alpha / beta
        covariance = x @ x.T / alpha + np.eye(n) / beta
        found.append(stats.multivariate_normal(np.zeros(n), covariance).logpdf(y) / n)
    return max(found)


def parallelism_score(x, y, x2, y2):
    """Context by context, as the definition has it."""
    x2, y2 = _wide(x2, y2)
    bits = y2 > 0
    return np.array(
        [_parallelism(x2, bits[:, f], np.delete(bits, f, axis=1)) for f in range(bits.shape[1])]
    )


def _parallelism(x, feature, others):
    directions = []
    for context in np.unique(others, axis=0):
        here = (others == context).all(axis=1)
        if len(set(feature[here])) == 2:
            directions.append(x[here & feature].mean(axis=0) - x[here & ~feature].mean(axis=0))
    return np.mean(1 - pdist(directions, "cosine")) if len(directions) > 1 else np.nan


def selectivity(x, y, x2, y2, *, threshold=0.1):
    each = linear_r2(x, y, x2, y2, multioutput="raw_values")
    return np.mean(each >= threshold)


def feature_angles(x, y, x2, y2):
    directions = (x2 - x2.mean(axis=0)).T.astype(float) @ (y2 - y2.mean(axis=0))
    cosines = 1 - cdist(directions.T, directions.T, "cosine")
    return np.rad2deg(np.arccos(np.clip(cosines, -1, 1)))


def component_alignment(x, y, x2, y2, *, components=1):
    x2, y2 = _wide(x2, y2)
    directions = (x2 - x2.mean(axis=0)).T @ (y2 - y2.mean(axis=0))
    along = PCA(components).fit(x2).components_ @ directions
    return (along**2).sum() / (directions**2).sum()


BY_ESTIMATOR = {
    "linear_r2": linear_r2,
    "joint_r2": joint_r2,
    "unique_r2": unique_r2,
    "commonality": commonality,
    "shapley_r2": shapley_r2,
    "relative_weights": relative_weights,
    "erased_variance": erasure.erased_variance,
    "ridge_r2": ridge_r2,
    "ridge_decoding_r2": ridge_decoding_r2,
    "banded_ridge_r2": banded_ridge_r2,
    "group_lasso_r2": group_lasso_r2,
    "kernel_ridge_r2": kernel_ridge_r2,
    "multiple_kernel_ridge_r2": multiple_kernel_ridge_r2,
    "parity_r2": parity_r2,
    "parallelism_score": parallelism_score,
    "silhouette": silhouette,
    "neighbourhood_hit": neighbourhood_hit,
    "neural_collapse": neural_collapse,
    "lidar": lidar,
    "class_selectivity": class_selectivity,
    "mutual_information": mutual_information,
    "mutual_information_gap": mutual_information_gap,
    "modularity": modularity,
    "dci": dci,
    "separated_attribute_predictability": separated_attribute_predictability,
    "manifold_capacity": manifold_capacity,
    "transrate": transrate,
    "logme": logme,
    "decoding_r2": decoding_r2,
    "decoding_accuracy": decoding_accuracy,
    "decoding": decoding,
    "ccgp": ccgp,
    "shattering_dimensionality": halves.shattering_dimensionality,
    "sparse_decoding_accuracy": sparse_decoding_accuracy,
    "balanced_accuracy": balanced_accuracy,
    "auc": auc,
    "cross_entropy": cross_entropy,
    "knn_accuracy": knn_accuracy,
    "mlp_accuracy": mlp_accuracy,
    "control_selectivity": control_selectivity,
    "online_codelength": online_codelength,
    "variational_codelength": variational_codelength,
    "v_information": v_information,
    "cka": cka,
    "rsa": rsa,
    "weighted_rsa": weighted_rsa,
    "hsic": hsic,
    "mutual_neighbours": mutual_neighbours,
    "trustworthiness": trustworthiness,
    "mean_relative_rank_error": mean_relative_rank_error,
    "information_imbalance": information_imbalance,
    "distance_correlation": distance_correlation,
    "riemannian_distance": riemannian_distance,
    "multiscale_distance": multiscale_distance,
    "neighbour_dissimilarity": pictures.neighbour_dissimilarity,
    "local_procrustes": pictures.local_procrustes,
    "non_metric_stress": pictures.non_metric_stress,
    "cknna": cknna,
    "aligned_cosine": aligned_cosine,
    "semi_matching": semi_matching,
    "eigenspace_overlap": eigenspace_overlap,
    "maximum_match": maximum_match,
    "rsm_norm_difference": rsm_norm_difference,
    "rtd": rtd,
    "geometry_score": geometry_score,
    "versa": versa,
    "unit_correlation": unit_correlation,
    "ensd": ensd,
    "gulp": gulp,
    "magnitude": magnitude,
    "concentricity": concentricity,
    "uniformity": uniformity,
    "anisotropy": anisotropy,
    "self_clustering": self_clustering,
    "pair_alignment": pair_alignment,
    "stable_rank": stable_rank,
    "condition_rdm": condition_rdm,
    "procrustes_distance": procrustes_distance,
    "angular_procrustes_distance": angular_procrustes_distance,
    "shape_metric": shape_metric,
    "stochastic_shape_distance": stochastic_shape_distance,
    "bures_similarity": bures_similarity,
    "bures_metric": bures_metric,
    "cca": cca,
    "svcca": svcca,
    "pwcca": pwcca,
    "linear_regression_similarity": linear_regression_similarity,
    "linear_predictivity": linear_predictivity,
    "rv_coefficient": rv_coefficient,
    "angular_cka_distance": angular_cka_distance,
    "pls": pls,
    "jensen_shannon_divergence": jensen_shannon_divergence,
    "disagreement": disagreement,
    "permutation_matching": permutation_matching,
    "permutation_distance": permutation_distance,
    "soft_matching": soft_matching,
    "total_variance": total_variance,
    "participation_ratio": participation_ratio,
    "effective_rank": effective_rank,
    "spectrum": spectrum,
    "spectrum_slope": spectrum_slope,
    "intrinsic_dimension": intrinsic_dimension,
    "sparsity": sparsity,
    "selectivity": selectivity,
    "coherence": examples.coherence,
    "unit_split_rsa": examples.unit_split_rsa,
    "coverage": two_sets.coverage,
    "squared_mmd": two_sets.squared_mmd,
    "manifold_topology_divergence": two_sets.manifold_topology_divergence,
    "frechet_distance": two_sets.frechet_distance,
    "feature_angles": feature_angles,
    "component_alignment": component_alignment,
}
"""The oracle of every registered estimator, by its default name."""
