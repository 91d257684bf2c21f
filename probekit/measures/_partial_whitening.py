"""Partial whitening: units on the way from what they are to an orthonormal basis of them.

The map is found in a basis of what the units span, each measured by its own spread. So whitening
does not depend on what units are measured in; and how they spread in that basis may be wrong where
it is little, as 1 - α of something whole is added to it.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from probekit._sums import product
from probekit.measures._arguments import Splits, jitted
from probekit.measures._basis import basis_of
from probekit.measures._linalg import svd
from probekit.measures._scale import moderate, moderating_power
from probekit.measures._span import span_of
from probekit.measures.gram import centred_rows


class Whitening(NamedTuple):
    """α I + (1 - α) C^(-1/2) of a covariance C of trace 1.

    Attributes
    ----------
    map : array (unit, unit)
        α I on directions without variance: nothing else is known of them.
    size : array ()
        Norm of the examples that it is fitted on, mapped.
    deficient : array ()
        Whether directions were left out of the whitening although all units vary there, or
        rounding may have turned some that were not.
    rank : array ()
        How many directions are whitened.
    """

    map: jax.Array
    size: jax.Array
    deficient: jax.Array
    rank: jax.Array


def partial_whitening(covariance: jax.Array, constant: jax.Array, alpha: float) -> Whitening:
    """Return the map that a covariance of trace 1 gives; units that are `constant` are left out."""
    basis = basis_of(covariance, constant)
    turned = _turned(product(basis.coefficients.T, covariance), alpha)
    missing = basis.rank < (~constant).sum()
    kept = (basis.coefficients != 0).any(axis=0)
    size = jnp.sqrt(jnp.square(jnp.where(kept[:, None], turned.stretched, 0)).sum())
    mapping = _mapping(basis.coefficients, turned, missing, alpha)
    return Whitening(mapping, size, missing | basis.vague, basis.rank)


@jitted(1, 2)
def partly_whitened(x: jax.Array, alpha: float, eps: float) -> jax.Array:
    """Return what partial whitening makes of examples, up to a rotation."""
    columns, _ = span_of(x, eps)
    rows = _centred(moderate(x))
    turned = _turned(product(columns.T, rows / _norm(rows)), alpha)
    return product(columns, turned.stretched)


@jitted(1)
def both_partly_whitened(given: Splits, alpha: float) -> Splits:
    """Return what it makes of both splits, by those examples that are fitted."""
    assert given.held_out is not None
    (x, x_scored), (y, y_scored) = (
        _both_mapped(fit, scored, alpha)
        for fit, scored in zip(given.fit, given.held_out, strict=True)
    )
    return Splits((x, y), (x_scored, y_scored))


def _both_mapped(fit: jax.Array, scored: jax.Array, alpha: float) -> tuple[jax.Array, jax.Array]:
    power = moderating_power(fit)
    fit, scored = fit * power, scored * power
    eps = float(np.finfo(fit.dtype).eps)
    rows, (columns, coefficients) = _centred(fit), span_of(fit, eps)
    size = _norm(rows)
    turned = _turned(product(columns.T, rows / size), alpha)
    missing = (columns != 0).any(axis=0).sum() < (rows != 0).any(axis=0).sum()
    mapping = _mapping(coefficients * size, turned, missing, alpha)
    step = fit.mean(axis=0) + (fit - rows - fit.mean(axis=0)).mean(axis=0)
    return product(rows / size, mapping), product((scored - step) / size, mapping)


class _Turned(NamedTuple):
    """Singular vectors and values of an orthonormal basis times the units, ``(component, unit)``.

    Attributes
    ----------
    left : array (component, component)
    sizes : array (component,)
    right : array (component, unit)
    stretched : array (component, component)
        `left`, times α of the sizes and 1 - α of 1: what the units are, mapped and rotated.
    """

    left: jax.Array
    sizes: jax.Array
    right: jax.Array
    stretched: jax.Array


def _turned(along: jax.Array, alpha: float) -> _Turned:
    finite = jnp.isfinite(along).all()
    left, sizes, right = svd(jnp.where(finite, along, 0))
    stretched = left * (alpha * sizes + (1 - alpha))[None, :]
    return _Turned(left, sizes, right, jnp.where(finite, stretched, jnp.nan))


def _mapping(
    coefficients: jax.Array, turned: _Turned, missing: jax.Array, alpha: float
) -> jax.Array:
    """Return the map; `coefficients` make the orthonormal basis of the units."""
    whitened = product(product(coefficients, turned.left), turned.right)
    # If some directions are `missing`, other coefficients would make the same basis; those count
    # that are 0 along these directions.
    rounding = max(turned.right.shape) * float(np.finfo(whitened.dtype).eps)
    spanned = jnp.where((turned.sizes > rounding * turned.sizes[0])[:, None], turned.right, 0)
    onto = product(spanned.T, product(spanned, whitened))
    whitened = jnp.where(missing, onto, whitened)
    return alpha * jnp.eye(len(whitened), dtype=whitened.dtype) + (1 - alpha) * whitened


def _centred(x: jax.Array) -> jax.Array:
    return centred_rows(x, jnp.ones(len(x), x.dtype))


def _norm(rows: jax.Array) -> jax.Array:
    norm = jnp.sqrt(jnp.square(rows).sum())
    return jnp.where(norm > 0, norm, 1)
