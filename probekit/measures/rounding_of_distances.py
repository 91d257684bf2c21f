"""By how much distances between rows may be off: what differs by no more is equally far."""

import jax
import jax.numpy as jnp
import numpy as np

from probekit.measures.rdm import FEW_UNITS, NEARLY_EQUAL, NEARLY_PARALLEL, PARALLEL, Metric

_ROUNDINGS = 4


def rounding_of_distances(rows: jax.Array, far: jax.Array, metric: Metric) -> jax.Array:
    """Return what rounding may have done to each of the distances `far` between rows.

    Parameters
    ----------
    rows : array (example, unit)
        0 for absent ones.
    far : array (example, example)
        As `rdm.distances` has them.
    metric : str
        Of `rdm`.
    """
    eps = _ROUNDINGS * float(np.finfo(far.dtype).eps)
    if metric == "poisson":  # of sums in which large terms may cancel
        return jnp.full_like(far, eps) * jnp.where(jnp.isfinite(far), far, 0).max()
    if metric in ("cosine", "correlation"):
        # Of many units those of moderate angles come from a product of rows of length 1.
        from_steps = NEARLY_PARALLEL if rows.shape[1] <= FEW_UNITS else NEARLY_EQUAL
        return eps * jnp.where(far < PARALLEL, far, jnp.where(far < from_steps, jnp.sqrt(far), 1))
    if rows.shape[1] <= FEW_UNITS:  # from differences, which are exact to their last digits
        return eps * far
    counted = (rows != 0).any(axis=1)
    mean = rows.sum(axis=0) / jnp.maximum(counted.sum(), 1)
    squares = jnp.square(rows - mean).sum(axis=1)
    both = squares[:, None] + squares[None, :]
    squared = far if metric == "squared_euclidean" else jnp.square(far)
    from_product = squared >= NEARLY_EQUAL * both
    if metric == "squared_euclidean":
        return eps * jnp.where(from_product, both, far)
    return eps * jnp.where(from_product, both / (2 * jnp.where(far > 0, far, 1)), far)
