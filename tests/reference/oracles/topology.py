"""Graphs and holes of representations."""

import itertools

import numpy as np
from scipy import linalg
from scipy.sparse import csgraph
from scipy.spatial.distance import cdist, pdist, squareform
from sklearn.neighbors import kneighbors_graph

from tests.reference.oracles.homology import cone_bars, witness_bars
from tests.reference.oracles.seen import in_float64, sampled


def multiscale_distance(x, y, x2, y2, *, neighbours=5):
    times = np.logspace(-1, 1, 256)
    heat = []
    for z in in_float64(x2, y2):
        joined = kneighbors_graph(z, min(neighbours, len(z) - 1)).toarray()
        matrix = csgraph.laplacian(np.maximum(joined, joined.T), normed=True)
        heat.append([np.trace(linalg.expm(-t * matrix)) / len(z) for t in times])
    return np.max(np.exp(-2 * (times + 1 / times)) * np.abs(np.subtract(*heat)))


def rtd(x, y, x2, y2):
    """By the cone over one filtration within the other, where the authors double the points."""
    far = [squareform(pdist(z)) for z in in_float64(x2, y2)]
    far = [z / np.quantile(z, 0.9) for z in far]
    bars = [cone_bars(z, np.minimum(*far)) for z in far]
    return np.mean([(z[:, 1] - z[:, 0]).sum() for z in bars])


def geometry_score(x, y, x2, y2, *, landmarks=32, reach=0.125, draws=32, holes=100):
    """By the filtration of all simplices at once, and reduction of the whole matrix."""
    times = [[], []]
    for draw, (found, z) in itertools.product(
        range(draws), zip(times, sampled(x, x2, y2), strict=True)
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
