"""The participation ratio that there would be of examples without end."""

import jax
import jax.numpy as jnp
import numpy as np

from probekit._sums import diagonal
from probekit.measures._status import Score, divide, score
from probekit.statistics import CrossKernelState

LEAST = 4

_TOLD = 2.0**10
"""How many roundings of its terms the estimate of ‖C‖² must be: fewer are off by 1e-3 and more."""


def unbiased_ratio_score(state: CrossKernelState, *, own_fourths: jax.Array | None = None) -> Score:
    """`participation_ratio` of which examples, and perhaps units, are a sample.

    (tr C)² and ‖C‖² are each estimated without bias, from products of different examples alone.
    With k_i = ‖x_i - x̄‖², T = Σ k_i, F = ‖Xᵀ H X‖² and Q = Σ k_i² they are, up to one factor,
    T² - c Q + f (2 F - T²) and F - c Q + f T², with c = n / (n - 2), f = 1 / (n - 1) (n - 2).

    `own_fourths` are the sums of fourth powers of each unit: with them products of a unit with
    itself are left out, in which both estimates are the same.
    """
    moments = state.moments
    assert moments.xx is not None
    count, constant = moments.count, moments.x_constant.all()
    total = moments.x_squares.sum()
    unit = jnp.where(total > 0, total, 1)  # squares of shares cannot overflow
    share = moments.xx / unit
    c = divide(count, count - 2)
    f = divide(jnp.ones_like(count), (count - 1) * (count - 2))
    fourths = c * (state.kk / unit / unit)
    squares = jnp.square(share).sum()
    above = 1 - fourths + f * (2 * squares - 1)
    below = squares - fourths + f
    if own_fourths is not None:
        own = jnp.square(diagonal(share)).sum()
        both = (1 + f) * own - c * (own_fourths / unit / unit).sum()
        above, below = above - both, below - both
    told = below > _TOLD * float(np.finfo(below.dtype).eps) * (squares + fourths)
    value = divide(above, jnp.where(told, below, 0))
    return score(
        jnp.where(constant, jnp.nan, value),
        finite=moments.x_finite() & jnp.isfinite(state.kk),
        enough=(count >= LEAST) & (told | constant),
        constant=constant,
    )
