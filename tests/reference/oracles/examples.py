"""What single examples, and halves of the units, decide of a geometry, in float64."""

import numpy as np
from scipy import linalg, stats
from scipy.spatial.distance import pdist


def coherence(x, y, x2, y2, *, centred=False):
    x2 = np.float64(x2)
    basis = linalg.orth(x2 - x2.mean(axis=0) if centred else x2, rcond=1e-6)
    leverage = np.diag(basis @ basis.T)
    return leverage.max() / leverage.mean()


def unit_split_rsa(x, y, x2, y2, *, halves=32, seed=0, rdm="cosine"):
    x2, half = np.float64(x2), x2.shape[1] // 2
    generator, found = np.random.RandomState(seed), []
    for _ in range(halves):
        order = generator.permutation(x2.shape[1])
        parts = (order[:half], order[half : 2 * half])
        a, b = (pdist(x2[:, units], rdm) for units in parts)
        found.append(stats.spearmanr(a, b).statistic)
    return np.mean(found)
