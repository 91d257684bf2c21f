"""Intrinsic dimension from how distances and angles concentrate, compared with those in balls.

Both concentrate with the dimension, in a way that depends on how many examples there are: so what
the examples have is compared with what as many points have that are drawn in balls of 1, 2, 3 …
dimensions (DANCo).
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from probekit.measures.distance_ratios import likeliest_of_ratios
from probekit.measures.nearest import Cloud, Nearest, nearest
from probekit.measures.rdm import squared_distances

MOST_DIMENSIONS = 64
"""Of the balls; as many as units, or as examples span, if these are fewer."""

_STEPS = 8
"""From a dimension to twice as many: what is compared differs by as much from each to the next."""

_LARGEST_CONCENTRATION = 256.0
"""Of angles that are all alike, as those of the ends of a line, which would outweigh all others."""


class Concentration(NamedTuple):
    """What DANCo looks at, of some examples or of each of several clouds.

    Attributes
    ----------
    dimension : array
        That makes the nearest distances, as shares of the k + 1st, the most likely.
    angle : array
        ν, the mean angle between two of k neighbours, seen from an example; averaged.
    concentration : array
        τ of the von Mises distribution of these angles; averaged.
    """

    dimension: jax.Array
    angle: jax.Array
    concentration: jax.Array


def concentration_dimension(
    cloud: Cloud, neighbours: int, seed: int
) -> tuple[jax.Array, jax.Array]:
    """Dimension of the ball whose points are most like the examples, and which of these counted."""
    most = min(cloud.rows.shape[1], MOST_DIMENSIONS)
    found = nearest(cloud, 1, neighbours + 1)
    here, inside = _concentration(cloud, found), _in_balls(cloud, neighbours, seed, most)
    steps = np.arange(int(np.ceil(_STEPS * np.log2(most))) + 1) / _STEPS
    at = np.minimum(2**steps, most).astype(cloud.rows.dtype)
    there = Concentration(
        *(jnp.interp(at, np.arange(1, most + 1, dtype=at.dtype), z) for z in inside)
    )
    k = jnp.clip(cloud.examples - 2, 1, neighbours).astype(cloud.rows.dtype)
    apart = _of_distances(here.dimension, there.dimension, k) + _of_angles(here, there)
    # So many examples lie in so many dimensions, whatever they are embedded in.
    value = _lowest(at, jnp.where(at <= jnp.maximum(cloud.examples - 1, 1), apart, jnp.inf))
    # Equal distances are those of no dimension.
    return jnp.where(jnp.isfinite(here.dimension), value, jnp.nan), found.counted


def _in_balls(cloud: Cloud, neighbours: int, seed: int, most: int) -> Concentration:
    """Return the same of as many points in balls of 1, 2, … `most` dimensions."""
    balls = _Balls.of(len(cloud.rows), seed)

    def of_one(dimension: jax.Array) -> Concentration:
        rows = jnp.where(cloud.present[:, None], balls.points(dimension, cloud.rows.dtype), 0)
        apart = jnp.isfinite(cloud.squared)
        squared = jnp.where(apart, squared_distances(rows), jnp.inf)
        ball = Cloud(rows, squared, cloud.present)
        return _concentration(ball, nearest(ball, 1, neighbours + 1))

    found: Concentration = jax.lax.map(of_one, jnp.arange(1, most + 1))
    return found


class _Balls(NamedTuple):
    """Points of balls of any dimension; those of one are made of those of the one before.

    With z normal and e exponential, z / √(|z|² + 2 e) is uniform in the ball.

    Attributes
    ----------
    normal : array (example, dimension)
    radial : array (example,)
        2 e, which is a sum of two squares of normal numbers.
    """

    normal: np.ndarray
    radial: np.ndarray

    @classmethod
    def of(cls, examples: int, seed: int) -> "_Balls":
        # This generator draws the same with every version of NumPy; and the first rows are the same
        # of any number of examples, so that places which are left over change nothing.
        drawn = np.random.RandomState(seed).standard_normal((examples, MOST_DIMENSIONS + 2))
        return cls(drawn[:, 2:], np.square(drawn[:, :2]).sum(axis=1))

    def points(self, dimension: jax.Array, dtype: np.dtype) -> jax.Array:
        normal, radial = (jnp.asarray(z, dtype) for z in self)
        z = jnp.where(jnp.arange(MOST_DIMENSIONS) < dimension, normal, 0)
        return z / jnp.sqrt(jnp.square(z).sum(axis=1) + radial)[:, None]


def _concentration(cloud: Cloud, found: Nearest) -> Concentration:
    likeliest = likeliest_of_ratios(found.log_ratio(), found.counted, found.near, found.far)
    among = jnp.arange(found.others.shape[1]) < found.far - 1
    cosine, sine = _mean_directions(cloud.rows[found.others] - cloud.rows[:, None, :], among)
    counted = found.counted & ((cosine != 0) | (sine != 0))  # without a mean there is no angle
    tau = _concentration_of(jnp.hypot(cosine, sine))
    angle = jnp.arctan2(sine, jnp.where(counted, cosine, 1))
    return Concentration(likeliest, _mean(angle, found.counted), _mean(tau, found.counted))


def _mean_directions(vectors: jax.Array, among: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Mean cosine and sine of the angles of any two of the vectors of each example."""
    length = jnp.sqrt(jnp.square(vectors).sum(axis=-1, keepdims=True))
    directions = vectors / jnp.where(length > 0, length, 1)
    cosines = jnp.einsum("nkd,nld->nkl", directions, directions, precision="highest")
    cosines = jnp.clip(cosines, -1, 1)
    pairs = among[:, None] & among[None, :] & ~np.eye(len(among), dtype=bool)
    count = jnp.maximum(pairs.sum(), 1)
    cosine, sine = (
        jnp.where(pairs, z, 0).sum(axis=(1, 2)) / count
        for z in (cosines, jnp.sqrt(1 - jnp.square(cosines)))
    )
    return cosine, sine


def _mean(values: jax.Array, counted: jax.Array) -> jax.Array:
    return jnp.where(counted, values, 0).sum() / jnp.maximum(counted.sum(), 1)


def _concentration_of(length: jax.Array) -> jax.Array:
    """Concentration of angles whose mean direction is of this length, by Fisher's approximation."""
    middle = -0.4 + 1.39 * length + 0.43 / jnp.maximum(1 - length, 0.1)
    large = length**3 - 4 * length**2 + 3 * length
    small = 2 * length + length**3 + 5 * length**5 / 6
    tau = jnp.where(length < 0.85, middle, 1 / jnp.maximum(large, 1 / _LARGEST_CONCENTRATION))
    return jnp.where(length < 0.53, small, tau)


def _of_distances(here: jax.Array, there: jax.Array, k: jax.Array) -> jax.Array:
    """Divergence of what nearest distances are in two dimensions.

    With the density k d ρ^(d - 1) (1 - ρ^d)^(k - 1), and q the second dimension over the first:
    (q - 1) H_k - log q - (k - 1) E log((1 - u^q) / (1 - u)), u being ρ^d.
    """
    q = (there / here)[:, None]
    harmonic = jax.scipy.special.digamma(k + 1) + np.euler_gamma
    # Over w, with u = w³, whose powers are smooth at 0; the density of u is k (1 - u)^(k - 1).
    nodes, shares = np.polynomial.legendre.leggauss(64)
    log_u = 3 * jnp.log(jnp.asarray((nodes + 1) / 2, k.dtype))
    rest = jnp.log(-jnp.expm1(log_u))
    weight = jnp.asarray(shares * 3 / 8 * (nodes + 1) ** 2, k.dtype) * k * jnp.exp((k - 1) * rest)
    mean = ((jnp.log(-jnp.expm1(q * log_u)) - rest) * weight).sum(axis=1)
    return ((q - 1) * harmonic - jnp.log(q))[:, 0] - (k - 1) * mean


def _of_angles(here: Concentration, there: Concentration) -> jax.Array:
    """Divergence of two von Mises distributions."""
    mine, theirs = here.concentration, there.concentration
    resultant = jax.scipy.special.i1e(mine) / jax.scipy.special.i0e(mine)
    turned = mine - theirs * jnp.cos(here.angle - there.angle)
    return _log_bessel(theirs) - _log_bessel(mine) + resultant * turned


def _log_bessel(x: jax.Array) -> jax.Array:
    return jnp.log(jax.scipy.special.i0e(x)) + x


def _lowest(at: np.ndarray, height: jax.Array) -> jax.Array:
    """Where the parabola through the lowest value and those beside it is lowest, over log d."""
    place = jnp.argmin(jnp.where(jnp.isnan(height), jnp.inf, height))
    if len(at) < 3:
        return jnp.take(at, place)
    inner = jnp.clip(place, 1, len(at) - 2)
    log = jnp.log(at)
    left, right = (jnp.take(log, inner + step) - jnp.take(log, inner) for step in (-1, 1))
    before, after = (jnp.take(height, inner + s) - jnp.take(height, inner) for s in (-1, 1))
    bent = right * before - left * after
    curved = jnp.isfinite(bent) & (bent > 0) & (inner == place)
    off = jnp.where(curved, (right**2 * before - left**2 * after) / jnp.where(curved, bent, 1), 0)
    return jnp.take(at, place) * jnp.exp(off / 2)
