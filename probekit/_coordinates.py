"""Examples in as many coordinates as there are examples, where units are far more.

Whatever depends on distances and angles alone is the same of coordinates along an orthonormal basis
of what the examples span; and n of these take the place of d units.
"""

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

    The triangular factor of a QR decomposition of ``xᵀ``, which takes in units block by block.
    Rounding changes an example by a part of its own length, however long others are. It costs
    O(n² d).

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
    factor = np.zeros((0, examples))
    width = max(_BLOCK, 2 * examples)
    for start in range(0, units, width):
        block = np.where(finite[:, None], x[:, start : start + width], 0).astype(np.float64)
        if centred and counted.any():
            block = _about_the_mean(block, counted, float(np.finfo(dtype).eps))
        block[~finite] = 0
        factor = np.asarray(np.linalg.qr(np.concatenate([factor, block.T]), mode="r"))
    found = factor.T.astype(dtype)
    found[~finite] = np.nan
    return found


def _about_the_mean(block: np.ndarray, counted: np.ndarray, eps: float) -> np.ndarray:
    mean = block[counted].mean(axis=0)
    block = block - mean
    constant = np.abs(block[counted]).max(axis=0) <= 8 * eps * np.abs(mean)
    block[:, constant] = 0
    return block
