"""Similarity of two representations through their Gram matrices: CKA."""

from typing import Any

import jax
import jax.numpy as jnp

from probekit.measures._arguments import jitted, matched
from probekit.measures._status import Score, divide, score
from probekit.statistics import Moments, MomentsState, state_of


def cka(x: Any, y: Any) -> jax.Array:
    """Linear centred kernel alignment: how alike two representations are up to rotation and scale.

    CKA = ‖XᵀHY‖² / (‖XᵀHX‖ ‖YᵀHY‖), Frobenius norms, with H the centring matrix.

    Parameters
    ----------
    x : array (example, unit)
    y : array (example, unit_y)
        The same examples in the same order; widths may differ.

    Returns
    -------
    array ()
        In [0, 1]; 1 for equal up to rotation, scale and offset. NaN if either is constant or not
        finite.
    """
    return _linear_cka(*matched(x, y, least=2))


@jitted()
def _linear_cka(x: Any, y: Any) -> jax.Array:
    return linear_cka_score(state_of(Moments(), x, y)).value


def linear_cka_score(state: MomentsState) -> Score:
    """Biased linear CKA from moments; needs all blocks in full."""
    xx, xy, yy = state.blocks()
    constant = state.x_constant.all() | state.y_constant.all()
    # Traces first: squares of sums of products overflow long before their shares do.
    x_trace, y_trace = state.x_squares.sum(), state.y_squares.sum()
    x_scale, y_scale = (jax.lax.rsqrt(jnp.where(t > 0, t, 1)) for t in (x_trace, y_trace))
    cross = jnp.square(xy * x_scale * y_scale).sum()
    x_norm = jnp.sqrt(jnp.square(xx * x_scale * x_scale).sum())
    y_norm = jnp.sqrt(jnp.square(yy * y_scale * y_scale).sum())
    value = jnp.where(constant, jnp.nan, jnp.minimum(divide(cross, x_norm * y_norm), 1))
    return score(value, finite=state.finite(), enough=state.count >= 2, constant=constant)
