"""Who is near whom, in lists of neighbours, example by example."""

import itertools

import numpy as np
from scipy.spatial.distance import cdist

from tests.reference.oracles.seen import in_float64


def mutual_neighbours(x, y, x2, y2, *, neighbours=10, measure="jaccard", metric="cosine"):
    if measure == "second_order":
        return second_order(x2, y2, neighbours)
    near = [_nearest(z, neighbours, metric) for z in in_float64(x2, y2)]
    if measure == "local_continuity":
        k, n = len(near[0][0]), len(near[0])
        shared = [len({*mine} & {*theirs}) for mine, theirs in zip(*near, strict=True)]
        return np.sum(shared) / (n * k) - k / (n - 1)
    if measure == "cycle":
        there, back = near[1], near[0]
        return np.mean([any(i in back[j] for j in there[i]) for i in range(len(there))])
    alike = {"subsequence": subsequence, "edit": _unedited}.get(measure, _common)
    each = [alike(mine, theirs) for mine, theirs in zip(*near, strict=True)]
    return np.mean([found[measure] if isinstance(found, dict) else found for found in each])


def trustworthiness(x, y, x2, y2, *, neighbours=5, metric="euclidean"):
    """By the definition, pair by pair; tests compare it with scikit-learn's."""
    x2, y2 = in_float64(x2, y2)
    n = len(x2)
    k = min(neighbours, (n - 1) // 2)
    order, near = _nearest(x2, n - 1, metric), _nearest(y2, k, metric)
    too_far = sum(max(0, order[i].index(j) + 1 - k) for i in range(n) for j in near[i])
    return 1 - 2 * too_far / (n * k * (2 * n - 3 * k - 1))


def mean_relative_rank_error(x, y, x2, y2, *, neighbours=5, metric="euclidean"):
    """By the definition, pair by pair; tests compare it with ZADU's figures."""
    x2, y2 = in_float64(x2, y2)
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
    x2, y2 = in_float64(x2, y2)
    n = len(x2)
    near = _nearest(x2, min(neighbours, n - 1), metric)
    order = _nearest(y2, n - 1, metric)
    ranks = [order[i].index(j) + 1 for i in range(n) for j in near[i]]
    return 2 * np.mean(ranks) / n


def neighbourhood_hit(x, y, x2, y2, *, neighbours=10, metric="euclidean"):
    x2, y2 = in_float64(x2, y2)
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


def subsequence(a, b):
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
    for z in in_float64(x2, y2):
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
    for z in in_float64(x, y):
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
