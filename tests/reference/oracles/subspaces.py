"""What units span: canonical correlations and overlaps of subspaces."""

import numpy as np
from scipy import linalg
from sklearn.cross_decomposition import PLSSVD
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression
from sklearn.metrics import r2_score

from tests.reference.oracles.seen import in_float64, padded, unit_norm


def eigenspace_overlap(x, y, x2, y2, *, centred=False):
    bases = [linalg.orth(z) for z in padded(*in_float64(x2, y2), centred)]
    angles = linalg.subspace_angles(*bases)
    return (np.cos(angles) ** 2).sum() / max(basis.shape[1] for basis in bases)


def ensd(x, y, x2, y2):
    k, m = (z @ z.T for z in unit_norm(x2, y2))
    return np.trace(k) * np.trace(m) * np.trace(k @ m) / (np.trace(k @ k) * np.trace(m @ m))


def gulp(x, y, x2, y2, *, penalty=1e-2):
    """Distance of the matrices that take targets to their predictions."""
    fitted = []
    for z in unit_norm(x2, y2):
        fitted.append(z @ np.linalg.solve(z.T @ z + penalty * np.eye(z.shape[1]), z.T))
    return np.linalg.norm(fitted[0] - fitted[1])


def _canonical(x, y):
    """Canonical correlations and variates of x, by QR (Björck and Golub 1973)."""
    a, b = (linalg.orth(z - z.mean(axis=0)) for z in (x, y))
    left, correlations, _ = np.linalg.svd(a.T @ b)
    return correlations, a @ left


def cca(x, y, x2, y2, *, squared=False):
    correlations, _ = _canonical(*in_float64(x2, y2))
    return np.mean(correlations**2 if squared else correlations)


def svcca(x, y, x2, y2, *, variance=0.99, components=None):
    kept = []
    for z in in_float64(x2, y2):
        if components is not None:
            kept.append(PCA(min(components, *z.shape)).fit_transform(z))
            continue
        share = PCA().fit(z).explained_variance_ratio_.cumsum()
        kept.append(PCA(1 + int(np.argmax(share >= variance - 1e-9))).fit_transform(z))
    return np.mean(_canonical(*kept)[0])


def pwcca(x, y, x2, y2):
    x2, y2 = in_float64(x2, y2)
    correlations, variates = _canonical(x2, y2)
    weights = np.abs(variates.T @ (x2 - x2.mean(axis=0))).sum(axis=1)[: len(correlations)]
    return np.average(correlations, weights=weights)


def linear_regression_similarity(x, y, x2, y2):
    x2, y2 = in_float64(x2, y2)
    return r2_score(x2, LinearRegression().fit(y2, x2).predict(y2), multioutput="variance_weighted")


def pls(x, y, x2, y2, *, weighting="covariance"):
    x2, y2 = in_float64(x2, y2)
    components = min(x2.shape[1], y2.shape[1], len(x2))
    a, b = PLSSVD(n_components=components, scale=False).fit_transform(x2, y2)
    covariances = (a * b).sum(axis=0)
    correlations = covariances / np.sqrt((a**2).sum(axis=0) * (b**2).sum(axis=0))
    return np.average(correlations, weights=covariances if weighting == "covariance" else None)
