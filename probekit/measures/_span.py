"""What units span, from the examples themselves: covariances have lost half of the digits."""

import jax
import jax.numpy as jnp
import numpy as np

from probekit.measures._arguments import jitted
from probekit.measures._linalg import svd
from probekit.measures._scale import moderate, scaled_to_one
from probekit.measures.gram import centred_rows


@jitted()
def spanning(x: jax.Array) -> jax.Array:
    """Return orthonormal columns that span what the units of `x` do about their means.

    Measures that no invertible map of the units changes may look at these instead. Columns of zeros
    stand for what is not there within rounding; all are NaN if a value is not finite.

    Parameters
    ----------
    x : array (example, unit)

    Returns
    -------
    array (example, min(example, unit))
    """
    # Units of one spread: the rank must not depend on what they are measured in.
    rows = centred_rows(moderate(x, axis=0), jnp.ones(x.shape[0], x.dtype))
    rows = scaled_to_one(rows, axis=0)
    finite = jnp.isfinite(rows).all()
    columns, sizes, _ = svd(jnp.where(finite, rows, 0))
    there = sizes > sizes[0] * (max(x.shape) * float(np.finfo(x.dtype).eps))
    return jnp.where(finite, columns * there[None, :], jnp.nan)
