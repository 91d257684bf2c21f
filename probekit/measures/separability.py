"""Fisher separability: the dimension of a sphere whose points are as easily told apart."""

import jax
import jax.numpy as jnp
import numpy as np

from probekit._sums import product
from probekit.measures._linalg import svd
from probekit.measures._scale import scaled_to_one
from probekit.measures._status import divide
from probekit.measures.gram import centred_rows
from probekit.measures.nearest import Cloud
from probekit.measures.rdm import unit_rows

LEAST_VARIANCE = 0.1
"""Of a component that is kept, as a share of the largest one's."""

MARGINS = np.arange(30, 50) / 50
"""α: a plane at α of its length tells an example from those whose cosine with it is below α."""

TOWARDS = 0.9
"""Which margin counts, as a share of the widest that some pair is within."""

_STEPS = 30


def separability_dimension(cloud: Cloud) -> jax.Array:
    """Return the dimension: infinite if every margin tells all pairs apart, NaN of a point."""
    rows = _whitened(cloud)
    counted = ~jnp.isnan(rows).any(axis=1) & cloud.present  # one in the very middle has no angles
    rows = jnp.where(counted[:, None], rows, 0)
    cosines = product(rows, rows.T)
    pairs = counted[:, None] & counted[None, :] & ~np.eye(len(rows), dtype=bool)
    margins = jnp.asarray(MARGINS, rows.dtype)
    # As margins ascend, shares fall; one at a time, as all pairs at all margins need much memory.
    shares = jax.lax.map(lambda margin: ((cosines > margin) & pairs).sum(), margins)
    shares = shares.astype(rows.dtype) / jnp.maximum(pairs.sum(), 1)
    widest = jnp.where(shares > 0, margins, 0).max()
    chosen = jnp.argmin(jnp.abs(margins - TOWARDS * widest))
    dimension = _of_sphere(margins[chosen], shares[chosen])
    return jnp.where(counted.sum() > 1, jnp.where(widest > 0, dimension, jnp.inf), jnp.nan)


def _whitened(cloud: Cloud) -> jax.Array:
    """Directions of the examples in the components that are kept; NaN of one that has none."""
    finite = jnp.isfinite(cloud.rows).all()
    rows = scaled_to_one(centred_rows(cloud.rows, cloud.present.astype(cloud.rows.dtype)))
    left, sizes, _ = svd(jnp.where(finite, rows, 0))
    kept = (jnp.square(sizes) > LEAST_VARIANCE * jnp.square(sizes[0])) & (sizes[0] > 0)
    return unit_rows(jnp.where(kept[None, :], left, 0))


def _of_sphere(margin: jax.Array, share: jax.Array) -> jax.Array:
    """Return d of share = (1 - α²)^((d - 1) / 2) / (α √(2 π d)): W(z) / -log(1 - α²).

    z is -log(1 - α²) / (2 π α² (1 - α²) share²), and W, of which W e^W is z, is sought from above
    by Newton's steps on W + log W = log z.
    """
    squared = jnp.square(margin)
    falls = -jnp.log1p(-squared)
    log_z = jnp.log(falls / (2 * jnp.pi * squared * (1 - squared))) - 2 * jnp.log(share)
    start = jnp.where(log_z > 1, log_z, jnp.exp(jnp.minimum(log_z, 1)))

    def step(_: int, w: jax.Array) -> jax.Array:
        return jnp.maximum(w * (1 + log_z - jnp.log(w)) / (1 + w), w / 8)

    return divide(jax.lax.fori_loop(0, _STEPS, step, start), falls)
