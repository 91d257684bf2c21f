"""Partial least squares regression from moments: a linear map through a few components."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from probekit._sums import diagonal, product
from probekit.measures._linalg import eigh
from probekit.measures._moments import unit_scales
from probekit.statistics import MomentsState


class _Found(NamedTuple):
    """What the components found so far leave and give.

    Attributes
    ----------
    xy : array (unit, k)
        Covariances that they do not explain.
    directions : array (unit, component)
        r_a: the scores of component a are X r_a. Zeros where there is none yet.
    loadings : array (unit, component)
    weights : array (unit, k)
        Of predicting `y` from `x` by them.
    noise : array (unit,)
        How much of the covariances of each unit may be rounding.
    going : array ()
        Whether there is anything left to explain.
    short : array ()
        Whether there is, but along a direction in which `x` does not vary by more than rounding,
        or a component was taken that may be rounding in place of it.
    """

    xy: jax.Array
    directions: jax.Array
    loadings: jax.Array
    weights: jax.Array
    noise: jax.Array
    going: jax.Array
    short: jax.Array


def pls_weights(state: MomentsState, components: int) -> tuple[jax.Array, jax.Array]:
    """Weights ``(unit, k)`` of predicting `y` from `x` by PLS regression on this many components.

    And whether some of these were wanted in directions that rounding hides.

    The components of ``PLSRegression(scale=False)`` of scikit-learn, of which there are no more
    than there is covariance to explain. Only covariances are needed: the scores of different
    components do not correlate, so what a component explains is taken off XᵀY alone, and XᵀX stays
    as it is (Dayal and MacGregor 1997). Needs `xx` in full.
    """
    xx, xy, _ = state.blocks()
    x_scale, y_scale = unit_scales(state)
    varying = ~state.x_constant[:, None] & ~state.y_constant[None, :]
    finite = jnp.isfinite(xx).all() & jnp.isfinite(xy).all()
    xx = jnp.where(finite, xx * x_scale * x_scale, 0)
    xy = jnp.where(finite & varying, xy * x_scale * y_scale, 0)
    sizes = _Sizes.of(xx, xy)

    def add(found: _Found, place: jax.Array) -> tuple[_Found, None]:
        return _with_component(found, place, xx, sizes), None

    none = jnp.zeros((len(xx), min(int(components), len(xx))), xx.dtype)
    noise = _epsilon(xx) * jnp.sqrt(jnp.square(xy).sum(axis=1))
    true = jnp.ones((), bool)
    start = _Found(xy, none, none, jnp.zeros_like(xy), noise, true, ~true)
    found = jax.lax.scan(add, start, jnp.arange(none.shape[1]))[0]
    return found.weights * (x_scale / y_scale), found.short


class _Sizes(NamedTuple):
    """How large everything is to begin with: what there is to tell rounding by.

    Attributes
    ----------
    xx : array (unit, unit)
        Covariances without their signs.
    inverse : array (unit, 1)
        One over the spread of each unit: covariances of those that vary little would be rounding
        beside others.
    least_covariance : array ()
        Of units of spread 1; below it there is nothing left to explain.
    """

    xx: jax.Array
    inverse: jax.Array
    least_covariance: jax.Array

    @classmethod
    def of(cls, xx: jax.Array, xy: jax.Array) -> "_Sizes":
        squares = diagonal(xx)
        inverse = jnp.where(squares > 0, jax.lax.rsqrt(jnp.where(squares > 0, squares, 1)), 0)
        inverse = inverse[:, None]
        least = 8 * _epsilon(xx) * np.sqrt(max(xy.shape)) * _norm(xy * inverse)
        return cls(jnp.abs(xx), inverse, least)


def _with_component(found: _Found, place: jax.Array, xx: jax.Array, sizes: _Sizes) -> _Found:
    """Return what has been found with one more component, if there is one to be told."""
    epsilon = _epsilon(xx)
    w = _largest_covariance(found.xy)
    r = w - product(found.directions, product(found.loadings.T, w))
    along = product(xx, r)
    spread = (r * along).sum()
    # Of units of unlike spread, those that vary little add little rounding.
    rounding = 8 * epsilon * (jnp.abs(r) * product(sizes.xx, jnp.abs(r))).sum()
    wanted = found.going & (_norm(found.xy * sizes.inverse) > sizes.least_covariance)
    going = wanted & (spread > rounding)
    # What is left of units that vary much may be rounding, and yet more than all of the others.
    real = _norm(product(found.xy.T, w)) > (jnp.abs(w) * found.noise).sum()
    short = found.short | (wanted & ~(going & real))
    spread = jnp.where(going, spread, 1)
    loading = along / spread
    seen = product(found.xy.T, r)
    reach = jnp.abs(w) + product(
        jnp.abs(found.directions), product(jnp.abs(found.loadings.T), jnp.abs(w))
    )
    grown = _Found(
        xy=found.xy - loading[:, None] * seen[None, :],
        directions=found.directions.at[:, place].set(r),
        loadings=found.loadings.at[:, place].set(loading),
        weights=found.weights + r[:, None] * (seen / spread)[None, :],
        noise=found.noise + epsilon * product(sizes.xx, reach) * _norm(seen) / spread,
        going=going,
        short=short,
    )
    left = found._replace(going=going, short=short)
    kept: _Found = jax.tree.map(lambda new, old: jnp.where(going, new, old), grown, left)
    return kept


def _epsilon(values: jax.Array) -> float:
    return float(np.finfo(values.dtype).eps)


def _largest_covariance(xy: jax.Array) -> jax.Array:
    """Direction of `x`, of length 1, that has most covariance with some direction of `y`."""
    wide = xy.shape[1] > xy.shape[0]
    largest = jnp.abs(xy).max()
    xy = xy / jnp.where(largest > 0, largest, 1)  # what is left may be small, and is squared
    _, vectors = eigh(product(xy, xy.T) if wide else product(xy.T, xy))
    direction = vectors[:, -1] if wide else product(xy, vectors[:, -1])
    length = _norm(direction)
    return direction / jnp.where(length > 0, length, 1)


def _norm(values: jax.Array) -> jax.Array:
    """Square root of the sum of squares, of values of moderate size."""
    return jnp.sqrt(jnp.square(values).sum())
