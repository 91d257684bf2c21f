"""Whether a representation holds features apart: their directions in all contexts."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from probekit.measures._arguments import jitted, matched
from probekit.measures._scale import moderate
from probekit.measures._status import Score, divide, score
from probekit.measures.parities import check_bits
from probekit.statistics import MomentsState, ParityMoments, state_of


def parallelism_score(x: Any, y: Any) -> jax.Array:
    """Parallelism score of each feature: whether its direction is the same in all contexts.

    A context is a combination of the other features. v_c = x̄(set, c) - x̄(not set, c) is the
    direction of the feature in context c, the difference of the means of its examples; the score is
    the mean of cos(v_c, v_c') over pairs of contexts.

    Parameters
    ----------
    x : array (example, unit)
        The representation.
    y : array (example, k)
        The features, one a column; one is set where the number is above 0. At least 2 are needed
        for a score, and at most 12 are possible.

    Returns
    -------
    array (k,)
        In [-1, 1]: 1 where a feature is coded by itself, so that a readout that was learned in one
        context serves in the others; 0 where each context has a code of its own; below 0 down to
        -1 / (contexts - 1), and of two contexts -1, where contexts turn it round. Contexts without
        examples on both sides are left out. NaN if fewer than two are left, in one of them the
        means are equal, or the input is not finite.

    Raises
    ------
    ShapeError
        If the numbers of examples differ, or there are fewer than 4.
    OptionError
        If there are more than 12 features.

    Notes
    -----
    Invariant to translation, scaling, rotation and permutation of units. O(n d 2^k).
    Bernardi et al. take of the ways to pair conditions the one with the largest score; here the
    other features pair them.

    References
    ----------
    Bernardi et al. 2020, The geometry of abstraction in the hippocampus and prefrontal cortex.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import parallelism_score
    >>> y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    >>> np.round(parallelism_score(3 * y, y), 3).tolist()
    [1.0, 1.0]
    >>> np.round(parallelism_score(y[:, :1] ^ y[:, 1:], y), 3).tolist()  # exclusive or
    [-1.0, -1.0]
    """
    x, y = matched(x, y, least=4)
    check_bits(y.shape[1], "y")
    return _parallelism(x, y)


@jitted()
def _parallelism(x: jax.Array, y: jax.Array) -> jax.Array:
    return parallelism_score_of(state_of(ParityMoments(), moderate(x), y)).value


def parallelism_score_of(state: MomentsState) -> Score:
    """`parallelism_score` from moments with parities."""
    sums, counts = _cells(state)
    bits = len(counts).bit_length() - 1
    # As a fraction of an example: what is there of a cell that is empty is rounding.
    there = counts > 0.5
    means = sums / jnp.where(there, counts, 1)[:, None]
    epsilon = float(np.finfo(sums.dtype).eps)
    spread = jnp.sqrt(state.x_squares.sum() * state.count)
    found = [
        _of_bit(*_by_context(bit, means, 16 * epsilon * divide(spread, counts), there))
        for bit in range(bits)
    ]
    value, contexts, undirected = (jnp.stack(parts) for parts in zip(*found, strict=True))
    return score(
        jnp.where(undirected | (contexts < 2), jnp.nan, jnp.clip(value, -1, 1)),
        finite=state.finite(),
        enough=contexts >= 2,
        constant=undirected,
    )


def _cells(state: MomentsState) -> tuple[jax.Array, jax.Array]:
    """Sum about the mean of all, and count, of the examples of each combination of bits."""
    assert state.xy is not None
    sums = jnp.concatenate([jnp.zeros_like(state.xy[:, :1]), state.xy], axis=1).T
    counts = jnp.concatenate([jnp.ones(1, sums.dtype), state.y_mean + state.y_rest]) * state.count
    return _untangled(sums), _untangled(counts[:, None])[:, 0]


def _untangled(of_parities: jax.Array) -> jax.Array:
    """Return sums of cells from sums with parities: Walsh and Hadamard's transform, undone."""
    cells, columns = of_parities.shape
    found = of_parities / cells
    for bit in range(cells.bit_length() - 1):
        even, odd = jnp.moveaxis(found.reshape(-1, 2, 2**bit, columns), 1, 0)
        found = jnp.stack([even + odd, even - odd], axis=1)
    return found.reshape(cells, columns)


def _by_context(
    bit: int, means: jax.Array, rounding: jax.Array, there: jax.Array
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Directions of a bit, what of their lengths may be rounding, and whether they are there."""
    cells = np.arange(len(means))
    unset = cells[(cells >> bit) & 1 == 0]
    as_set = unset | 1 << bit
    return (
        means[as_set] - means[unset],
        jnp.maximum(rounding[as_set], rounding[unset]),
        there[as_set] & there[unset],
    )


def _of_bit(
    directions: jax.Array, rounding: jax.Array, there: jax.Array
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Mean cosine over pairs, of how many directions, and whether one of them has no length."""
    length = jnp.sqrt(jnp.square(directions).sum(axis=1))
    directed = there & (length > rounding)
    rows = jnp.where(directed[:, None], directions / jnp.where(directed, length, 1)[:, None], 0)
    contexts = there.sum()
    m = contexts.astype(rows.dtype)
    pairs = jnp.square(rows.sum(axis=0)).sum() - jnp.square(rows).sum()
    return divide(pairs, m * (m - 1)), contexts, (there & ~directed).any()
