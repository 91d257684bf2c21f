"""Alignments that are fitted on some examples and scored on others, from the moments of both.

Means, whitening, rotation and matching are those of the examples that are fitted; what is left is
what they are worth for new ones. Where the fitted examples say nothing of how two directions lie to
each other, any rotation of them would do, and the mean of all of these counts: 0 in the product of
the two representations, and the whole length in that of each.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from probekit._rounding import reciprocal
from probekit._sums import product
from probekit.measures._linalg import svd, svdvals
from probekit.measures._moments import unit_scales
from probekit.measures._partial_whitening import partial_whitening
from probekit.measures._status import Score, divide, score
from probekit.statistics import MomentsState

_UNDETERMINED = 1e-2
"""How much of a cosine may depend on what the fitted examples leave open, before it is said."""


class Blocks(NamedTuple):
    """Second moments of scored examples about the means of those that are fitted.

    In units of the lengths of the fitted representations; of `xx` and `yy` what is kept, in full or
    the diagonal.
    """

    xx: jax.Array
    xy: jax.Array
    yy: jax.Array

    def x_length(self) -> jax.Array:
        """Return the root of the sum of all squares of `x`."""
        return _length(self.xx)

    def y_length(self) -> jax.Array:
        """Return the root of the sum of all squares of `y`."""
        return _length(self.yy)


def blocks_of(fit: MomentsState, held_out: MomentsState) -> Blocks:
    """Return the moments of the scored examples as the fitted ones would have them."""
    x_step, y_step = fit.steps(held_out)
    x_scale, y_scale = unit_scales(fit)
    x_step, y_step = x_step * x_scale, y_step * y_scale

    def about(block: jax.Array, scale: jax.Array, left: jax.Array, right: jax.Array) -> jax.Array:
        way = left * right if block.ndim == 1 else left[:, None] * right[None, :]
        return block * scale + held_out.count * way

    xx, xy, yy = held_out.blocks()
    return Blocks(
        about(xx * x_scale, x_scale, x_step, x_step),
        about(xy * x_scale, y_scale, x_step, y_step),
        about(yy * y_scale, y_scale, y_step, y_step),
    )


class Rotated(NamedTuple):
    """Scored examples after the rotation of those that are fitted.

    Attributes
    ----------
    cosine : array ()
        Of the two representations as a whole; NaN if one has no length.
    x_length, y_length : array ()
        Roots of their sums of squares, in units of the lengths of the fitted ones.
    deficient : array ()
        Whether much of the cosine depends on what the fitted examples leave open, or directions
        were left out of the whitening.
    """

    cosine: jax.Array
    x_length: jax.Array
    y_length: jax.Array
    deficient: jax.Array


def rotated_score(
    fit: MomentsState, held_out: MomentsState, *, alpha: float, angular: bool
) -> Score:
    """`shape_metric` of examples other than those it is fitted on.

    Needs `xy` and the diagonals of the others, and unless `alpha` is 1 all blocks in full.
    """
    found = _rotated(fit, held_out, alpha)
    return transferred_score(
        found.cosine, fit, held_out, angular=angular, deficient=found.deficient
    )


def rotated_similarity_score(fit: MomentsState, held_out: MomentsState) -> Score:
    """`bures_similarity` of examples other than those it is fitted on; needs as `rotated_score`."""
    found = _rotated(fit, held_out, 1.0)
    value = jnp.clip(found.cosine, -1, 1)
    return of_both(value, fit, held_out, deficient=found.deficient)


def rotated_metric_score(
    fit: MomentsState, held_out: MomentsState, *, sizes: jax.Array | None = None
) -> Score:
    """`bures_metric` of examples other than those it is fitted on; needs as `rotated_score`.

    `sizes` are by what the two representations are multiplied; 1 unless given.
    """
    found = _rotated(fit, held_out, 1.0)
    share = jnp.sqrt(reciprocal(held_out.count))
    x_scale, y_scale = unit_scales(fit)
    x_size, y_size = found.x_length / x_scale * share, found.y_length / y_scale * share
    if sizes is not None:
        x_size, y_size = x_size * sizes[0], y_size * sizes[1]
    # (a - b)² + 2ab (1 - s): no difference of large terms where the two are of one size.
    far = squared_distance(2 - 2 * jnp.clip(found.cosine, -1, 1), fit.xy)
    value = jnp.sqrt(jnp.square(x_size - y_size) + x_size * y_size * far)
    return of_both(value, fit, held_out, deficient=found.deficient)


def _rotated(fit: MomentsState, held_out: MomentsState, alpha: float) -> Rotated:
    fitted, scored = blocks_of(fit, fit), blocks_of(fit, held_out)
    lost: jax.Array | bool = False
    if alpha < 1:
        x_way = partial_whitening(fitted.xx, fit.x_constant, alpha)
        y_way = partial_whitening(fitted.yy, fit.y_constant, alpha)
        lost = x_way.deficient | y_way.deficient
        fitted, scored = (_mapped(blocks, x_way.map, y_way.map) for blocks in (fitted, scored))
    finite = jnp.isfinite(fitted.xy).all()
    left, values, right = svd(jnp.where(finite, fitted.xy, 0))
    rounding = max(fitted.xy.shape) * float(np.finfo(values.dtype).eps)
    known = values > rounding * values[0]
    left, right = jnp.where(known, left, 0), jnp.where(known[:, None], right, 0)
    along = (product(left.T, scored.xy) * right).sum()
    x_length, y_length = scored.x_length(), scored.y_length()
    lengths = x_length * y_length
    open_ = divide(svdvals(_without(scored.xy, left, right)).sum(), lengths)
    return Rotated(divide(along, lengths), x_length, y_length, lost | (open_ > _UNDETERMINED))


def _mapped(blocks: Blocks, x_map: jax.Array, y_map: jax.Array) -> Blocks:
    return Blocks(
        product(product(x_map.T, blocks.xx), x_map),
        product(product(x_map.T, blocks.xy), y_map),
        product(product(y_map.T, blocks.yy), y_map),
    )


def _length(block: jax.Array) -> jax.Array:
    squares = block if block.ndim == 1 else block.diagonal()
    return jnp.sqrt(jnp.maximum(squares, 0).sum())


def _without(cross: jax.Array, left: jax.Array, right: jax.Array) -> jax.Array:
    """Take out of a product what lies in the directions whose rotation is known, on both sides."""
    cross = jnp.where(jnp.isfinite(cross).all(), cross, 0)
    cross = cross - product(left, product(left.T, cross))
    return cross - product(product(cross, right.T), right)


def transferred_score(
    cosine: jax.Array,
    fit: MomentsState,
    held_out: MomentsState,
    *,
    angular: bool,
    deficient: jax.Array | bool = False,
) -> Score:
    """Turn the cosine of what is aligned into a distance, and put its status beside it."""
    far = squared_distance(2 - 2 * jnp.clip(cosine, -1, 1), fit.xy)
    length = jnp.minimum(jnp.sqrt(far), 2)
    value = 2 * jnp.arcsin(length / 2) if angular else length
    return of_both(value, fit, held_out, deficient=deficient)


def squared_distance(squared: jax.Array, block: jax.Array | None) -> jax.Array:
    """Keep what is more than the rounding of a difference of numbers of order 1; else 0."""
    assert block is not None
    rounding = 16 * np.finfo(squared.dtype).eps * np.sqrt(max(block.shape))
    return jnp.where(squared <= rounding, 0, jnp.maximum(squared, 0))


def of_both(
    value: jax.Array,
    fit: MomentsState,
    held_out: MomentsState,
    *,
    deficient: jax.Array | bool = False,
) -> Score:
    """Put value and status together: NaN where one of the two is constant, in either split."""
    states = (fit, held_out)
    constant = jnp.stack([z.x_constant.all() | z.y_constant.all() for z in states]).any()
    constant = constant | jnp.isnan(value)
    return score(
        jnp.where(constant, jnp.nan, value),
        finite=fit.finite() & held_out.finite(),
        enough=(fit.count >= 2) & (held_out.count >= 2),
        constant=constant,
        deficient=deficient,
    )
