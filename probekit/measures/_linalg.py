"""LAPACK, one matrix at a time, also under ``vmap``.

On a CPU, jaxlib (0.10 at least) divides a stack of matrices among the threads of a pool and lets
the thread that asked wait. Two such calls side by side can each wait for the thread of the other,
for ever. A loop over the stack never does, and does not change a digit of any matrix. Derivatives
are jax's own: those of a stack are taken of the whole stack.
"""

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

import jax
import jax.numpy as jnp
from jax.custom_batching import sequential_vmap

Function = TypeVar("Function", bound=Callable[..., Any])


def _one_by_one(function: Function) -> Function:
    """Return the same function of arrays, which ``vmap`` turns into a loop on a CPU."""
    sequential = sequential_vmap(function)  # type: ignore[no-untyped-call]

    @jax.custom_jvp
    def either(*arrays: jax.Array) -> Any:
        return (sequential if jax.default_backend() == "cpu" else function)(*arrays)

    @either.defjvp  # a loop made by `sequential_vmap` has no derivative of its own
    def _(primals: Any, tangents: Any) -> Any:
        return jax.jvp(function, primals, tangents)

    return cast(Function, functools.wraps(function)(either))


@_one_by_one
def eigh(a: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Eigenvalues in ascending order, and eigenvectors as columns, of a symmetric matrix."""
    values, vectors = jnp.linalg.eigh(a)
    return values, vectors


@_one_by_one
def eigvalsh(a: jax.Array) -> jax.Array:
    """Eigenvalues of a symmetric matrix, in ascending order."""
    values: jax.Array = jnp.linalg.eigvalsh(a)
    return values


@_one_by_one
def svd(a: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Thin singular value decomposition: left vectors, values in descending order, right ones."""
    left, values, right = jnp.linalg.svd(a, full_matrices=False)
    return left, values, right


@_one_by_one
def svdvals(a: jax.Array) -> jax.Array:
    """Singular values in descending order."""
    values: jax.Array = jnp.linalg.svd(a, full_matrices=False, compute_uv=False)
    return values


@_one_by_one
def cholesky(a: jax.Array) -> jax.Array:
    """Lower triangular root of a positive definite matrix."""
    factor: jax.Array = jnp.linalg.cholesky(a)
    return factor


@_one_by_one
def solve_lower(factor: jax.Array, b: jax.Array) -> jax.Array:
    """Solve ``factor x = b`` for a lower triangular factor."""
    solution: jax.Array = jax.scipy.linalg.solve_triangular(factor, b, lower=True)
    return solution


@_one_by_one
def solve_cholesky(factor: jax.Array, b: jax.Array) -> jax.Array:
    """Solve ``a x = b`` for the matrix of which `factor` is the `cholesky`.

    Apart from it, so that matrices with many right sides are taken apart once.
    """
    solution: jax.Array = jax.scipy.linalg.cho_solve((factor, True), b)
    return solution
