"""Classes in a representation: how far apart, how tight, how separable they lie."""

import jax
import jax.numpy as jnp
import numpy as np
from scipy import linalg, optimize, special, stats
from scipy.spatial.distance import pdist, squareform
from sklearn import metrics

from tests.reference.oracles.seen import in_float64


def neural_collapse(x, y, x2, y2):
    return neural_collapses(x2, y2)[0]


def neural_collapses(x, y):
    """All three, with the pseudo-inverse in full, as Papyan's and Zhu's code has them."""
    x, y = in_float64(x, y)
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
    x2, y2 = in_float64(x2, y2)
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
    x, y = in_float64(x, y)
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


def silhouette(x, y, x2, y2, *, metric="euclidean"):
    x2, y2 = in_float64(x2, y2)
    labels = np.unique(y2, axis=0, return_inverse=True)[1].reshape(-1)
    metric = {"squared_euclidean": "sqeuclidean"}.get(metric, metric)
    return metrics.silhouette_score(squareform(pdist(x2, metric)), labels, metric="precomputed")


def transrate(x, y, x2, y2, *, precision=1e-4, weighting="examples"):
    x2, y2 = in_float64(x2, y2)
    labels = np.unique(y2, axis=0, return_inverse=True)[1].reshape(-1)
    rows = x2 - x2.mean(axis=0)

    def rate(z):
        return np.linalg.slogdet(np.eye(z.shape[1]) + z.T @ z / (len(z) * precision))[1] / 2

    counts = np.bincount(labels)
    weights = counts / len(rows) if weighting == "examples" else np.ones(len(counts)) / len(counts)
    return rate(rows) - sum(w * rate(rows[labels == c]) for c, w in enumerate(weights))


def logme(x, y, x2, y2, *, centred=False):
    """By fixed points of both variances from several starts, and the density of a normal vector."""
    x2, y2 = in_float64(x2, y2)
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
    x2, y2 = in_float64(x2, y2)
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
