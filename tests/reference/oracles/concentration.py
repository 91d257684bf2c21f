"""DANCo by its paper's formulas, example by example; what the package draws is drawn again."""

import itertools

import numpy as np
from scipy import optimize, special, stats
from sklearn.neighbors import NearestNeighbors

MOST = 64


def danco(x, neighbours, seed):
    k, most = min(neighbours, len(x) - 2), min(x.shape[1], MOST, len(x) - 1)
    here = _seen(x, k)
    there = np.transpose([_seen(points, k) for points in balls(len(x), most, seed)])
    grid = np.minimum(2 ** (np.arange(np.ceil(8 * np.log2(most)) + 1) / 8), most)
    at = np.transpose([np.interp(grid, np.arange(1, most + 1), row) for row in there])
    apart = np.array([_of_distances(here[0], z[0], k) + _of_angles(here, z) for z in at])
    best = apart.argmin()
    if best in (0, len(grid) - 1):
        return grid[best]
    beside = slice(best - 1, best + 2)
    a, b, _ = np.polyfit(np.log(grid[beside]), apart[beside], 2)
    return np.exp(-b / (2 * a))


def balls(examples, most, seed):
    drawn = np.random.RandomState(seed).standard_normal((examples, MOST + 2))
    radial, normal = (drawn[:, :2] ** 2).sum(axis=1), drawn[:, 2:]
    for d in range(1, most + 1):
        z = normal[:, :d]
        yield z / np.sqrt((z**2).sum(axis=1) + radial)[:, None]


def _seen(x, k):
    """What DANCo looks at: the likeliest dimension, mean angle and concentration."""
    distances, others = NearestNeighbors(n_neighbors=k + 1).fit(x).kneighbors()
    share = distances[:, 0] / distances[:, -1]

    def unlikely(log_d):
        return -stats.beta.logpdf(share ** np.exp(log_d), 1, k).sum() - np.sum(
            log_d + (np.exp(log_d) - 1) * np.log(share)
        )

    likeliest = optimize.minimize_scalar(unlikely, bounds=(-3, 8), options={"xatol": 1e-10})
    angles = np.array([_angles(x[near[:k]] - z) for z, near in zip(x, others, strict=True)])
    cosine, sine = np.cos(angles).mean(axis=1), np.sin(angles).mean(axis=1)
    tau = [_concentration(length) for length in np.hypot(cosine, sine)]
    return np.exp(likeliest.x), np.arctan2(sine, cosine).mean(), np.mean(tau)


def _angles(vectors):
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return [np.arccos(np.clip(a @ b, -1, 1)) for a, b in itertools.combinations(unit, 2)]


def _concentration(length):
    if length < 0.53:
        return 2 * length + length**3 + 5 * length**5 / 6
    if length < 0.85:
        return -0.4 + 1.39 * length + 0.43 / (1 - length)
    return min(256, 1 / max(length**3 - 4 * length**2 + 3 * length, 1e-9))


def _of_distances(here, there, k):
    """With the sum of digammas of the paper."""
    q = there / here
    i = np.arange(k + 1)
    terms = (-1.0) ** i * special.comb(k, i) * special.digamma(1 + i / q)
    harmonic = special.digamma(k + 1) + np.euler_gamma
    return harmonic * q - 1 - (harmonic - 1 / k) - np.log(q) - (k - 1) * terms.sum()


def _of_angles(here, there):
    (_, angle, mine), (_, mean, theirs) = here, there
    resultant = special.i1e(mine) / special.i0e(mine)
    bessel = np.log(special.i0e(theirs)) + theirs - np.log(special.i0e(mine)) - mine
    return bessel + resultant * (mine - theirs * np.cos(angle - mean))
