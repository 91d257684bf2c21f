"""Representations that are rotated onto each other: Procrustes, shapes, Bures."""

import numpy as np
from scipy import linalg, optimize, stats

from tests.reference.oracles.seen import in_float64, padded, unit_norm


def aligned_cosine(x, y, x2, y2, *, centred=False, align_on="scored"):
    if align_on == "fit":
        return _turned_cosine(x, y, x2, y2, centred)
    x, y = padded(*in_float64(x2, y2), centred)
    turned = x @ linalg.orthogonal_procrustes(x, y)[0]
    cosines = [
        a @ b / np.linalg.norm(a) / np.linalg.norm(b) for a, b in zip(turned, y, strict=True)
    ]
    return np.mean(cosines)


def _turned_cosine(x, y, x2, y2, centred):
    """One example after the other; of 0 what is left open."""
    x, y, x2, y2 = in_float64(x, y, x2, y2)
    if centred:
        x, y, x2, y2 = x - x.mean(0), y - y.mean(0), x2 - x.mean(0), y2 - y.mean(0)
    x, y, x2, y2 = (*padded(x, y, False), *padded(x2, y2, False))
    u, s, v = np.linalg.svd(x.T @ y)
    turned = x2 @ (u * (s > 1e-7 * s[0]) @ v)
    lengths = np.linalg.norm(x2, axis=1) * np.linalg.norm(y2, axis=1)
    return np.mean((turned * y2).sum(axis=1) / lengths)


def _rotated(x, y, x2, y2, alpha, angular):
    """By way of all maps, of representations filled up to one width; of 0 what is left open."""
    scored, maps, spaces = [], [], []
    width = max(x.shape[1], y.shape[1])
    for fit, other in ((x, x2), (y, y2)):
        fit, other = (np.pad(z, ((0, 0), (0, width - z.shape[1]))) for z in in_float64(fit, other))
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
    a, b = unit_norm(x2, y2)
    width = max(a.shape[1], b.shape[1])
    a, b = (np.pad(z, ((0, 0), (0, width - z.shape[1]))) for z in (a, b))
    rotation, _ = linalg.orthogonal_procrustes(a, b)
    return np.linalg.norm(a @ rotation - b)


def angular_procrustes_distance(x, y, x2, y2, *, align_on="scored"):
    if align_on == "fit":
        return _rotated(x, y, x2, y2, 1.0, True)
    a, b = unit_norm(x2, y2)
    return np.arccos(np.clip(linalg.svdvals(a.T @ b).sum(), 0, 1))


def shape_metric(x, y, x2, y2, *, alpha=1.0, angular=True, align_on="scored"):
    if align_on == "fit":
        return _rotated(x, y, x2, y2, alpha, angular)
    whitened = []
    for z in unit_norm(x2, y2):
        root = np.real(linalg.sqrtm(z.T @ z))
        whitened.append(z @ (alpha * np.eye(len(root)) + (1 - alpha) * np.linalg.inv(root)))
    measure = angular_procrustes_distance if angular else procrustes_distance
    return measure(x, y, *whitened)


def stochastic_shape_distance(x, y, x2, y2, *, conditions=1, in_a_row=1, alpha=1.0, labels=None):
    """By a general minimiser over rotations, from rotations and reflections drawn at random.

    The number of the first example that is scored is that of the last fitted, plus 1.
    """
    x2, y2 = in_float64(x2, y2)
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
    k, m = (z @ z.T for z in unit_norm(x2, y2))
    return _fidelity(k, m)


def bures_metric(x, y, x2, y2, *, align_on="scored"):
    if align_on == "fit":
        x, y, x2, y2 = in_float64(x, y, x2, y2)
        x, y, x2, y2 = x - x.mean(0), y - y.mean(0), x2 - x.mean(0), y2 - y.mean(0)
        u, s, v = np.linalg.svd(x.T @ y, full_matrices=False)
        cross = np.sum(x2 @ (u * (s > 1e-9 * s[0])) @ v * y2)
        return np.sqrt((np.sum(x2**2) + np.sum(y2**2) - 2 * cross) / len(x2))
    k, m = ((z - z.mean(axis=0)) @ (z - z.mean(axis=0)).T / len(z) for z in in_float64(x2, y2))
    return np.sqrt(np.trace(k) + np.trace(m) - 2 * _fidelity(k, m))


def _fidelity(k, m):
    values, vectors = np.linalg.eigh(k)
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    return np.sqrt(np.maximum(np.linalg.eigvalsh(root @ m @ root), 0)).sum()
