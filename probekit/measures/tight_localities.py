"""Tight localities: the local dimension from all pairs among an example's neighbours."""

import jax
import jax.numpy as jnp
import numpy as np

from probekit.measures._status import divide
from probekit.measures.nearest import Cloud, Nearest

SHORTEST = 1e-4
"""Lengths below this share of the radius are left out: their logarithms would outweigh all else."""

_CLOSE = 1e-2
"""Squared distances, in units of the radius, below which differences of squares lose digits."""


def from_localities(cloud: Cloud, nearest: Nearest) -> jax.Array:
    """Inverse of the dimension, with every neighbour as a centre, and every other mirrored too.

    From neighbour i, at r_i, the ray to neighbour j ends on the sphere of radius r around the
    example; s_ij is how far j is on it, as a length out of r, and t_ij the same of the point
    opposite j. The inverse is minus the mean of log(s_ij / r), log(t_ij / r) and, twice each,
    log(r_j / r).
    """
    # In units of the radius; what they lack of it has more digits than a difference of them.
    short = jnp.maximum(nearest.short() / nearest.at(nearest.far)[:, None], 0)
    short = jnp.where(nearest.among, short, 0)
    own = 1 - short
    between = nearest.between(cloud) / nearest.at(nearest.far)[:, None, None]
    mirrored = _opposite(cloud, nearest, 2 * own[:, :, None] + 2 * own[:, None, :] - between)
    places = own.shape[1]
    there = nearest.among[:, None] & nearest.among[None, :] & ~np.eye(places, dtype=bool)
    straight, opposite = (_shares_of_rays(short, squared) for squared in (between, mirrored))
    there = there & (jnp.minimum(straight, opposite) >= SHORTEST)
    logs = jnp.where(there, jnp.log(jnp.where(there, straight * opposite, 1)), 0)
    total = logs.sum(axis=(1, 2)) - 2 * jnp.where(nearest.among, nearest.log_ratios(), 0).sum(
        axis=1
    )
    count = (there.sum(axis=(1, 2)) + nearest.far).astype(own.dtype)
    return jnp.maximum(-total / (2 * count), 0)


def _opposite(cloud: Cloud, nearest: Nearest, squared: jax.Array) -> jax.Array:
    """Squared distances of neighbours from the points opposite to others, to their last digits.

    Of two that lie opposite each other, as on a grid, a difference of squares is rounding, the root
    of which is no short length: then the sum of both steps from the example is looked at.
    """
    close = squared < _CLOSE
    radius = nearest.at(nearest.far)[:, None, None]

    def of_example(own: tuple[jax.Array, jax.Array]) -> jax.Array:
        row, others = own
        steps = cloud.rows[others] - row
        return jnp.square(steps[:, None] + steps[None, :]).sum(axis=2)

    found: jax.Array = jax.lax.cond(
        (close & nearest.counted[:, None, None]).any(),
        lambda: jax.lax.map(of_example, (cloud.rows, nearest.others)) / radius,
        lambda: squared,
    )
    return jnp.where(close, found, squared)


def _shares_of_rays(short: jax.Array, squared: jax.Array) -> jax.Array:
    """How far along its ray each point lies, from 0 to 1, by its squared distance from the centre.

    With a = v² + r_i² - r_j² and b = 1 - r_i², which is what a square is `short` of 1, it is
    (√(a² + 4 v² b) - a) / (2 b), or the same as a quotient that loses nothing where a is above 0,
    and has a limit where b is 0.
    """
    a = squared + (short[:, None, :] - short[:, :, None])
    b = short[:, :, None]
    root = jnp.sqrt(jnp.square(a) + 4 * squared * b)
    positive = a > 0
    inside = divide(2 * squared, jnp.where(positive, root + a, 0))
    outside = divide(root - a, jnp.where(positive, 0, 2 * b))
    return jnp.nan_to_num(jnp.where(positive, inside, outside), nan=0.0)
