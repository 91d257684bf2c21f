"""Intrinsic dimension, by each method's own paper."""

import itertools

import numpy as np
from scipy import optimize, special, stats
from scipy.sparse import csgraph
from scipy.spatial.distance import cdist, pdist
from sklearn.neighbors import NearestNeighbors

from tests.reference.oracles import concentration
from tests.reference.oracles.seen import in_float64, sampled


def intrinsic_dimension(
    x, y, x2, y2, *, method="two_nn", discard=0.1, neighbours=20, average="harmonic", seed=0
):
    """Example by example; tests compare it with scikit-dimension's figures."""
    (x2,) = in_float64(x2)
    if method == "separability":
        return _fisher_separability(x2)
    if method == "persistence":
        return _persistent_dimension(*sampled(x, x2))
    if method == "graph":
        return _persistent_dimension(*sampled(x, x2), neighbours=neighbours)
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
        return gride(far / near, k_near, k)
    each = {
        "likelihood": lambda i: 1 / np.log(far[i] / distances[i, : k - 1]).mean(),
        "moments": lambda i: distances[i, :k].mean() / (far[i] - distances[i, :k].mean()),
        "mada": lambda i: np.log(k / k_near) / np.log(far[i] / near[i]),
        "tle": lambda i: _tight_localities(x2[others[i, :k]] - x2[i]),
        "ess": lambda i: _simplex_skewness(x2[others[i, :k]]),
    }[method]
    averages = {"harmonic": stats.hmean, "mean": np.mean, "median": np.median}
    return averages[average]([each(i) for i in range(len(x2))])


def gride(ratio, near, far, lost=0):
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
