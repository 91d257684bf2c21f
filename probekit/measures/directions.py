"""Representations as directions: vectors of length 1 whose inner products are the similarities.

Kernel and distance based measures are cosines between matrices ``(example, example)``. So the
matrix of each representation is made, centred and scaled once, and each pair of representations
costs one inner product.
"""

import dataclasses
from collections.abc import Sequence
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from probekit._sums import product, upper_places
from probekit.measures._arguments import jitted
from probekit.measures._status import Score, divide, score
from probekit.measures.gram import Kernel, centred_gram, centred_rows, gram, u_centred
from probekit.statistics import ExamplesState

_CORNER = 512
"""Up to how many rows the whole of a symmetric matrix is made: fewer parts compile sooner."""

_PIECE = 1 << 15
"""How many entries of all vectors together stay in the cache."""


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Direction:
    """One representation, prepared for being compared with others.

    Attributes
    ----------
    parts : tuple of array (entry,)
        The vector, in parts that lie where they were made: to join them would cost as much as
        to compute them.
    length : array ()
        Of the vector; 0 if the representation has no direction.
    finite, enough : array ()
        Whether the representation was finite, and had enough examples.
    """

    parts: tuple[jax.Array, ...]
    length: jax.Array
    finite: jax.Array
    enough: jax.Array

    @classmethod
    def along(
        cls,
        parts: tuple[jax.Array, ...],
        *,
        finite: jax.Array,
        enough: jax.Array,
        noise: float = 0.0,
    ) -> "Direction":
        """Return the direction of a vector; one no longer than `noise` has none."""
        length = jnp.sqrt(_inner(parts, parts))
        return cls(parts, jnp.where(length > noise, length, 0), finite, enough)


def direction_score(a: Direction, b: Direction, *, low: float) -> Score:
    """Similarity of two representations: the inner product of their directions."""
    return _score(_inner(a.parts, b.parts), a, b, low)


def _inner(a: tuple[jax.Array, ...], b: tuple[jax.Array, ...]) -> jax.Array:
    return jnp.stack(list(map(product, a, b))).sum()


def direction_scores(a: Sequence[Direction], b: Sequence[Direction], *, low: float) -> Score:
    """Similarities of all pairs, ``(layer_a, layer_b)``; the vectors must be of one length."""
    return _scores(list(a), None if a is b else list(b), low)


@jitted(2)
def _scores(a: list[Direction], b: list[Direction] | None, low: float) -> Score:
    products = _products(a, a if b is None else b)
    a_rest, b_rest = (
        jax.tree.map(lambda *leaves: jnp.stack(leaves), *(_without_parts(z) for z in side))
        for side in (a, a if b is None else b)
    )
    of_row = jax.vmap(partial(_score, low=low), (0, None, 0))
    return jax.vmap(of_row, (0, 0, None))(products, a_rest, b_rest)


def _without_parts(direction: Direction) -> Direction:
    return dataclasses.replace(direction, parts=())


def _products(a: list[Direction], b: list[Direction]) -> jax.Array:
    """Inner products of all pairs, ``(layer_a, layer_b)``."""
    of_parts = [
        _part_products(list(left), list(right))
        for left, right in zip(
            zip(*(z.parts for z in a), strict=True),
            zip(*(z.parts for z in b), strict=True),
            strict=True,
        )
    ]
    return jnp.stack(of_parts).sum(axis=0)


def _part_products(a: list[jax.Array], b: list[jax.Array]) -> jax.Array:
    """Inner products of all pairs, in pieces that stay in the cache: several times faster."""
    entries = a[0].shape[0]
    whole = entries - entries % _PIECE

    def of_piece(start: jax.Array | int, size: int) -> jax.Array:
        left, right = (
            jnp.stack([jax.lax.dynamic_slice_in_dim(vector, start, size) for vector in side])
            for side in (a, b)
        )
        return product(left, right.T)

    rest = of_piece(whole, entries - whole)
    if not whole:
        return rest

    def add(total: jax.Array, start: jax.Array) -> tuple[jax.Array, None]:
        return total + of_piece(start, _PIECE), None

    starts = jnp.arange(0, whole, _PIECE, dtype=jnp.int32)
    total: jax.Array = jax.lax.scan(add, rest, starts)[0]
    return total


def _score(inner: jax.Array, a: Direction, b: Direction, low: float) -> Score:
    lengths = a.length * b.length
    return score(
        jnp.clip(divide(inner, lengths), low, 1),
        finite=a.finite & b.finite,
        enough=a.enough & b.enough,
        constant=lengths == 0,
    )


def kernel_direction(
    state: ExamplesState, *, kernel: Kernel, debiased: bool, bandwidth: float
) -> Direction:
    """Direction of a centred Gram matrix: inner products of these are CKA.

    Debiased, the matrix is U-centred (Székely and Rizzo 2014), and inner products are the unbiased
    HSIC of Song et al. 2012: the same estimator, without its differences of large terms.
    """
    present = state.present.astype(state.x.dtype)
    x_finite = state.x_finite.all()
    x = jnp.where(x_finite, state.x, 0)
    enough = present.sum() >= (4 if debiased else 2)
    if kernel == "linear":
        rows = centred_rows(x, present)
        squares = jnp.square(rows).sum()
        rows = rows * jax.lax.rsqrt(jnp.where(squares > 0, squares, 1))  # of trace 1
        parts = _gram_parts(rows, present, debiased)
    else:
        matrix = gram(x, present, kernel, bandwidth)
        matrix = u_centred(matrix, present) if debiased else centred_gram(matrix, present)
        parts = (matrix.reshape(-1),)
    noise = 8 * float(np.finfo(x.dtype).eps)
    return Direction.along(parts, finite=x_finite, enough=enough, noise=noise)


def _gram_parts(rows: jax.Array, present: jax.Array, debiased: bool) -> tuple[jax.Array, ...]:
    """Entries of a Gram matrix, each once; without those on the diagonal if debiased.

    An entry off the diagonal stands for two. So that inner products are those of the whole
    matrices, up to scale, the others count 1/√2.
    """
    left = right = rows
    if debiased:
        # Rows of centred rows' Gram matrix sum to zero with the diagonal; U-centring it is adding
        # u_i + u_j, which two further columns do.
        count, own = present.sum(), jnp.square(rows).sum(axis=1)
        total = own.sum() / jnp.maximum((count - 1) * (count - 2), 1)
        u = ((own / jnp.maximum(count - 2, 1) - total / 2) * present)[:, None]
        left = jnp.concatenate([rows, u, present[:, None]], axis=1)
        right = jnp.concatenate([rows, present[:, None], u], axis=1)
    parts = []
    for i, j in upper_places(rows.shape[0], _CORNER):
        block = product(left[i], right[j].T)
        if i == j:
            counted = 1 - np.eye(len(block)) if debiased else np.ones(block.shape)
            block = block * (counted * np.sqrt(1 / 2)).astype(block.dtype)
        parts.append(block.reshape(-1))
    return tuple(parts)


def grams_cost_less(examples: int, units: tuple[int, ...], pairs: int) -> bool:
    """Whether comparing layers through Gram matrices takes less work than through their units.

    Gram matrices cost n² Σ d for all layers and n² a pair; sums of products cost 2 n d² for each
    layer and 2 n d d' a pair. Matrices that would need more than 1 GiB are never made.
    """
    entries = examples**2 // 2 + examples * sum(units) // max(len(units), 1)
    if 4 * entries * len(units) > 2**30:
        return False
    width = sum(units) / len(units)
    through_grams = examples * (sum(units) + pairs)
    through_units = 2 * sum(d * d for d in units) + 2 * pairs * width * width
    return through_grams < through_units
