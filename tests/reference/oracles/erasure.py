"""Least-squares erasure by whitening, as its theorem has it, in float64."""

import numpy as np
from scipy import linalg


def eraser(x, y, tolerance=1e-2):
    """Return the mean and R: what is erased of an example is R (x - mean)."""
    x, y = np.float64(x), np.float64(y).reshape(len(x), -1)
    about, sides = x - x.mean(axis=0), y - y.mean(axis=0)
    values, vectors = np.linalg.eigh(about.T @ about / len(x))
    kept = values > 1e-6 * values[-1]
    vectors, root = vectors[:, kept], np.sqrt(values[kept])
    whiten, back = vectors / root @ vectors.T, vectors * root @ vectors.T
    sides = linalg.orth(sides) * np.sqrt(len(x))
    left, size, _ = np.linalg.svd(whiten @ about.T @ sides / len(x), full_matrices=False)
    left = left[:, size > tolerance]
    return x.mean(axis=0), back @ left @ left.T @ whiten


def erased_variance(x, y, x2, y2, *, tolerance=1e-2):
    mean, taken = eraser(x, y, tolerance)
    about = np.float64(x2) - mean
    return np.square(about @ taken.T).sum() / np.square(about).sum()
