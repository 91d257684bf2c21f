"""Examples in as many coordinates as there are examples, where units are far more.

Whatever depends on distances and angles alone is the same of coordinates along an orthonormal basis
of what the examples span; and n of these take the place of d units.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np

from probekit._checks import floating

LEAST = 1024
"""Of fewer units than this, coordinates save too little."""

FACTOR = 2
"""How many times as many units as examples there must be."""

_BLOCK = 4096
"""How many units are taken in float64 at a time."""


def is_wide(examples: int, units: int) -> bool:
    """Whether coordinates take much less time and memory than what is made of the units."""
    return units >= max(LEAST, FACTOR * examples)


def coordinates(x: Any, counted: np.ndarray, *, centred: bool) -> np.ndarray:
    """Return coordinates of examples that have the same distances and angles as the examples.

    A triangular factor L with ``L Lᵀ = x xᵀ``, made in float64 of blocks of units. Rounding changes
    an example by a part of its own length, however long others are, and no more than storing it as
    float32 does. It costs O(n² d).

    Parameters
    ----------
    x : array (example, unit)
        Not fewer units than examples.
    counted : array (example,) of bool
        The examples that means are of.
    centred : bool
        Take means off. Units that are constant within rounding are then 0, as elsewhere.

    Returns
    -------
    array (example, example)
        float64 if `x` is, or is made of whole numbers under ``jax_enable_x64``, else float32; NaN
        for examples that are not finite.
    """
    examples, units = x.shape
    dtype: Any = np.dtype(np.float64 if x.dtype == np.float64 else np.float32)
    if x.dtype.kind in "iub":
        dtype = floating()
    finite = np.isfinite(x).all(axis=1)
    counted = counted & finite
    in_full = dtype == np.float64
    width = max(_BLOCK, 2 * examples) if in_full else _BLOCK  # QR takes in what it has made before

    def block_from(start: int) -> np.ndarray:
        block: np.ndarray = x[:, start : start + width].astype(np.float64)
        if centred and counted.any():
            _take_off_the_mean(block, counted, float(np.finfo(dtype).eps))
        block[~finite] = 0
        return block

    triangle = _triangle if in_full else _triangle_of_gram
    found = triangle(map(block_from, range(0, units, width)), examples).astype(dtype)
    found[~finite] = np.nan
    return found


def _triangle(blocks: Iterable[np.ndarray], examples: int) -> np.ndarray:
    """Return the factor by a QR decomposition of ``xᵀ``, which keeps all digits."""
    factor = np.zeros((0, examples))
    for block in blocks:
        factor = np.asarray(np.linalg.qr(np.concatenate([factor, block.T]), mode="r"))
    return factor.T


def _triangle_of_gram(blocks: Iterable[np.ndarray], examples: int) -> np.ndarray:
    """Return the factor by a Cholesky decomposition of the Gram matrix: in half of the time.

    Squares lose half of the digits, and the half of float64 is what float32 has. With pivots, since
    examples may depend on each other; of examples of length 1, so that none is small beside others.
    """
    from scipy.linalg.lapack import dpstrf

    gram = np.zeros((examples, examples))
    for block in blocks:
        gram += block @ block.T
    lengths = np.sqrt(np.diag(gram))
    scale = np.where(lengths > 0, lengths, 1)
    gram /= np.outer(scale, scale)
    factor, pivots, rank, _ = dpstrf(gram, lower=1, tol=float(np.finfo(float).eps))
    found = np.zeros_like(gram)
    found[pivots - 1, :rank] = np.tril(factor)[:, :rank]
    return _triangle([found], examples) * lengths[:, None]  # in the order of the examples again


def _take_off_the_mean(block: np.ndarray, counted: np.ndarray, eps: float) -> None:
    rows = slice(None) if counted.all() else counted  # of all it is a view, and no copy
    mean = block[rows].mean(axis=0)
    block -= mean
    farthest = np.maximum(block[rows].max(axis=0), -block[rows].min(axis=0))
    block[:, farthest <= 8 * eps * np.abs(mean)] = 0
