"""Features read out of representations, by scikit-learn's probes."""

import warnings

import numpy as np
from sklearn import metrics
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression, Ridge, RidgeClassifier
from sklearn.metrics import r2_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier

from tests.reference.oracles.seen import in_float64, order_of_sample


def decoding_r2(x, y, x2, y2, *, penalty=1e-3, multioutput="uniform_average"):
    x, y, x2, y2 = in_float64(x, y, x2, y2)
    alpha = penalty * np.var(x, axis=0).mean() * len(x)
    prediction = Ridge(alpha=alpha, solver="svd").fit(x, y).predict(x2)
    return r2_score(y2, prediction.reshape(y2.shape), multioutput=multioutput)


def decoding_accuracy(x, y, x2, y2, *, method="ridge", penalty=1e-3):
    x, y, x2, y2 = in_float64(x, y, x2, y2)
    scale = np.sqrt(np.var(x, axis=0).mean())
    if method == "ridge":
        classifier = RidgeClassifier(alpha=penalty * len(x), solver="svd")
    else:
        classifier = LogisticRegression(C=1 / (penalty * len(x)), max_iter=10_000)
    return classifier.fit(x / scale, y[:, 0]).score(x2 / scale, y2[:, 0])


def as_probes_see(x, x2):
    """Both as probes see them: centred, and a mean unit's variance of 1."""
    x, x2 = in_float64(x, x2)
    scale = np.sqrt(np.var(x, axis=0).mean())
    return (x - x.mean(axis=0)) / scale, (x2 - x.mean(axis=0)) / scale


def logistic(x, y):
    return LogisticRegression(C=1e3 / len(x), max_iter=10_000, tol=1e-10).fit(x, y)


def decoding(x, y, x2, y2, *, probe="logistic", metric="accuracy"):
    """Logistic regression, nearest neighbours or a perceptron, and scikit-learn's scores."""
    x, x2 = as_probes_see(x, x2)
    y, y2 = np.asarray(y)[:, 0], np.asarray(y2)[:, 0]
    if probe == "knn":
        model = KNeighborsClassifier(5).fit(x, y)
    elif probe == "mlp":
        options = {"solver": "lbfgs", "alpha": 1e-3, "max_iter": 200, "random_state": 0}
        with warnings.catch_warnings(action="ignore"):  # so many steps are what was asked for
            model = MLPClassifier((32,), **options).fit(x, y)
    else:
        model = logistic(x, y)
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
    x, y, x2, y2 = in_float64(x, y, x2, y2)
    labels = np.unique(y, axis=0, return_inverse=True)[1].reshape(-1)
    chosen = SelectKBest(k=min(units, x.shape[1])).fit(x, labels).get_support()
    return decoding_accuracy(x[:, chosen], y, x2[:, chosen], y2, penalty=penalty)


def ccgp(x, y, x2, y2, *, penalty=1e-3):
    """Context by context, by scikit-learn's ridge regression."""
    x, y, x2, y2 = in_float64(x, y, x2, y2)
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
    order = order_of_sample(0, len(x))  # rounding depends on it
    return decoding(x[order], y[order], x2, y2, probe="mlp")


def control_selectivity(x, y, x2, y2):
    order = order_of_sample(0, len(x))
    x, y = x[order], np.asarray(y)[order, 0]
    x, _ = as_probes_see(x, x)
    _, codes = np.unique(y, return_inverse=True)
    generator, control = np.random.default_rng(0), []
    for _ in range(3):
        task = generator.choice(codes, len(codes))
        control.append(logistic(x, task).score(x, task))
    return logistic(x, codes).score(x, codes) - np.mean(control)
