"""Gram matrices: how alike examples are to each other, by a kernel."""

from collections.abc import Callable
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import shape_text
from probekit._sums import product
from probekit.errors import ShapeError
from probekit.measures._scale import moderate, scaled_to_one
from probekit.measures.rdm import pairs, squared_distances

Kernel = Literal["linear", "rbf", "laplace", "max"]
KernelFunction = Callable[[jax.Array], jax.Array]
AnyKernel = Kernel | KernelFunction
KERNELS = ("linear", "rbf", "laplace", "max")
DEFINITE = ("linear", "rbf", "laplace")
"""Kernels whose Gram matrices have no negative eigenvalue."""

KERNEL_NAMES = {"linear": "linear", "rbf": "RBF", "laplace": "Laplace", "max": "maximum"}


def gram(x: jax.Array, present: jax.Array, kernel: Kernel, bandwidth: float) -> jax.Array:
    """Gram matrix ``(example, example)``; zeros for examples that are absent (`present` 0)."""
    both = present[:, None] * present[None, :]
    if kernel == "linear":
        x = centred_rows(x, present)
        return product(x, x.T)
    if kernel == "max":
        return _largest_products(x, present) * both
    squared = squared_distances(moderate(x))  # measured by their median
    width = bandwidth * _median_distance(squared, both)
    width = jnp.where(width > 0, width, 1)
    if kernel == "laplace":
        return jnp.exp(-jnp.sqrt(squared) / width) * both
    return jnp.exp(-squared / (2 * jnp.square(width))) * both


def own_gram(x: jax.Array, kernel: KernelFunction) -> jax.Array:
    """Gram matrix by a function, called outside of `jit`.

    It may be one of NumPy then, and is not remembered with whatever else it read at its first call.
    """
    own = jnp.asarray(kernel(x))
    if own.shape != (x.shape[0], x.shape[0]):
        raise ShapeError(
            f"kernel: returned {shape_text(own)} for {x.shape[0]} examples; "
            "a Gram matrix (example, example) is needed."
        )
    return own.astype(x.dtype)


def least_alignment(kernel: AnyKernel, debiased: bool) -> float:
    """Return the least that CKA can be: -1 where Gram matrices may have negative eigenvalues."""
    return 0.0 if kernel in DEFINITE and not debiased else -1.0


def _largest_products(x: jax.Array, present: jax.Array) -> jax.Array:
    """Largest product of two examples in a unit, of units of mean 0 and variance 1."""
    rows = scaled_to_one(centred_rows(moderate(x, axis=0), present), axis=0)
    variance = jnp.square(rows).sum(axis=0) / jnp.maximum(present.sum(), 1)
    rows = rows * jax.lax.rsqrt(jnp.where(variance > 0, variance, 1))

    def with_all(row: jax.Array) -> jax.Array:
        return jnp.where(variance > 0, rows * row, -jnp.inf).max(axis=1)

    found = jax.lax.map(with_all, rows)  # of all at once there were n² d
    return jnp.where(jnp.isfinite(found), found, 0)


def centred_rows(x: jax.Array, present: jax.Array) -> jax.Array:
    """Differences to the mean; zeros for absent examples and for units that are constant."""
    count = jnp.maximum(present.sum(), 1)
    mean = product(present, x) / count
    x = (x - mean[None, :]) * present[:, None]
    x = (x - (product(present, x) / count)[None, :]) * present[:, None]  # the mean's own rounding
    rounding = 8 * np.finfo(x.dtype).eps * jnp.abs(mean)
    return jnp.where(jnp.abs(x).max(axis=0) <= rounding, 0, x)


def varying(x: jax.Array, present: jax.Array) -> jax.Array:
    """Representation with zeros for absent examples and for units that are constant.

    For distances, which are taken from differences of examples: those to the mean have lost digits
    where that lies far from most of them.
    """
    constant = (centred_rows(x, present) == 0).all(axis=0)
    return jnp.where(constant, 0, x) * present[:, None]


def _median_distance(squared: jax.Array, both: jax.Array) -> jax.Array:
    """Median of the positive distances between examples; 0 if there are none."""
    distances = jnp.sqrt(pairs(squared))
    counted = (pairs(both) > 0) & (distances > 0)
    count = counted.sum()
    ordered = jnp.sort(jnp.where(counted, distances, jnp.inf))
    middle = (ordered[jnp.maximum(count - 1, 0) // 2] + ordered[count // 2]) / 2
    return jnp.where(count > 0, middle, 0)


def u_centred(square: jax.Array, present: jax.Array) -> jax.Array:
    """U-centre a symmetric matrix: rows sum to zero without the diagonal, which is zero."""
    n = present.sum()
    both = present[:, None] * present[None, :] * (1 - jnp.eye(present.size, dtype=square.dtype))
    square = square * both
    rows = square.sum(axis=1) / jnp.maximum(n - 2, 1)
    whole = rows.sum() / jnp.maximum(n - 1, 1)
    return (square - rows[:, None] - rows[None, :] + whole) * both


def centred_gram(k: jax.Array, present: jax.Array) -> jax.Array:
    """H K H over the examples that are present."""
    n = jnp.maximum(present.sum(), 1)
    rows = k.sum(axis=1) / n
    both = present[:, None] * present[None, :]
    return (k - rows[:, None] - rows[None, :] + rows.sum() / n) * both
