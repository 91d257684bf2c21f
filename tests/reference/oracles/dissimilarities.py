"""Dissimilarity matrices of examples or conditions, and how they are compared."""

import itertools

import numpy as np
from scipy import linalg, optimize, stats
from scipy.spatial.distance import cdist, pdist
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tests.reference.oracles.seen import fold_of, in_float64, sampled

SCIPY_METRICS = {
    "correlation": "correlation",
    "euclidean": "euclidean",
    "squared_euclidean": "sqeuclidean",
    "cosine": "cosine",
}


def rdm_of(x, *, metric="correlation"):
    (x,) = in_float64(x)
    if metric == "poisson":
        rates = (x + 0.1) / 1.1
        return np.array([[np.mean((a - b) * np.log(a / b)) for b in rates] for a in rates])
    return cdist(x, x, SCIPY_METRICS[metric])


def rsa(x, y, x2, y2, *, rdm="correlation", comparison="pearson", rdm_y=None):
    single = np.asarray(y2).shape[1] == 1 and rdm in ("correlation", "cosine", "poisson")
    metrics = (rdm, rdm_y or ("euclidean" if single else rdm))
    a, b = (rdm_of(z, metric=m) for z, m in zip((x2, y2), metrics, strict=True))
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
    target = root @ rdm_of(x, metric=rdm)[upper]
    columns = np.stack([root @ rdm_of(y[:, g], metric=rdm)[upper] for g in groups], axis=1)
    scale = np.linalg.norm(columns, axis=0)
    stacked = np.concatenate([columns / scale, np.sqrt(penalty) * np.eye(len(groups))])
    wanted = np.append(target / np.linalg.norm(target), np.zeros(len(groups)))
    solve = optimize.nnls if nonnegative else np.linalg.lstsq
    weights = solve(stacked, wanted)[0]
    upper = np.triu_indices(len(x2), 1)
    parts = [rdm_of(y2[:, g], metric=rdm)[upper] for g in groups]
    prediction = sum(w / s * part for w, s, part in zip(weights, scale, parts, strict=True))
    return compare(prediction, rdm_of(x2, metric=rdm)[upper], comparison), weights


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


def rsm_norm_difference(x, y, x2, y2, *, rsm="euclidean", norm="frobenius"):
    a, b = (
        z @ z.T if rsm == "inner_product" else cdist(z, z, SCIPY_METRICS[rsm])
        for z in in_float64(x2, y2)
    )
    return np.linalg.norm(a - b, "fro" if norm == "frobenius" else 2)


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
    x, y = sampled(x, x2, y2)
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


def riemannian_distance(x, y, x2, y2, *, shrinkage=0.1):
    grams = []
    for z in in_float64(x2, y2):
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
    (x2,) = in_float64(x2)
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
