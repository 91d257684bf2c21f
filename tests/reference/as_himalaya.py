"""What tests against himalaya share: folds, the score of a fold, Gram matrices, as measures do."""

import numpy as np

from tests.reference import oracles


def folds(examples, count):
    """Pairs of the examples that are fitted and those that are left out."""
    fold = oracles.fold_of(range(examples), count)
    return [(np.flatnonzero(fold != f), np.flatnonzero(fold == f)) for f in range(count)]


def total_r2(x):
    """Score of a fold, which adds up to R² over folds, as the measure has it."""
    total = ((x - x.mean(axis=0)) ** 2).sum(axis=0)

    def score(truth, predicted):
        return -((truth - predicted) ** 2).sum(axis=-2) / total

    return score


def width(y):
    """The γ of an RBF kernel whose σ is the median distance."""
    apart = np.linalg.norm(y[:, None] - y[None], axis=2)
    return 0.5 / np.median(apart[np.triu_indices(len(y), 1)]) ** 2


def normalised(gram):
    """Of ``(example, fitted example)``, fitted ones first: centred, with a mean diagonal of 1."""
    own = gram[: gram.shape[1]]
    gram = gram - gram.mean(axis=1, keepdims=True) - own.mean(axis=0) + own.mean()
    return gram / np.diagonal(gram).mean()
