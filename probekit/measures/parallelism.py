"""Whether a representation holds features apart: their directions in all contexts."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from probekit.measures._arguments import jitted, matched
from probekit.measures._scale import moderate, moderating_power
from probekit.measures._status import Score, divide, score
from probekit.measures.class_means import more_than_rounding
from probekit.measures.parities import check_bits
from probekit.statistics import BitGroups, GroupMomentsState, state_of


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
    return parallelism_score_of(state_of(BitGroups(), moderate(x), y)).value


def parallelism_score_of(state: GroupMomentsState) -> Score:
    """`parallelism_score` from the means of all combinations of bits."""
    means = _Means.of(state)
    bits = len(means.there).bit_length() - 1
    found = [_of_bit(*means.by_context(bit)) for bit in range(bits)]
    value, contexts, undirected = (jnp.stack(parts) for parts in zip(*found, strict=True))
    return score(
        jnp.where(undirected | (contexts < 2), jnp.nan, jnp.clip(value, -1, 1)),
        finite=means.finite,
        enough=contexts >= 2,
        constant=undirected,
    )


class _Means(NamedTuple):
    """Means of the examples of each combination of bits, of moderate size.

    Attributes
    ----------
    mean, rest : array (cell, unit)
        The mean is their sum, to twice the digits.
    spread : array (cell, unit)
        How far examples are from it.
    rounding : array (cell,)
        What of the length of a mean may be rounding of examples that cancel out.
    there : array (cell,)
        Whether there are examples.
    finite : array ()
        Whether all of them were finite, and their squares neither too large nor too small.
    """

    mean: jax.Array
    rest: jax.Array
    spread: jax.Array
    rounding: jax.Array
    there: jax.Array
    finite: jax.Array

    @classmethod
    def of(cls, state: GroupMomentsState) -> "_Means":
        assert state.within is not None
        there, limits = state.count > 0, np.finfo(state.mean.dtype)
        squares = state.within.sum(axis=1) / jnp.where(there, state.count, 1)
        size = jnp.abs(jnp.where(there[:, None], state.mean, 0)).max()
        vanished = (size > 0) & (size < float(np.sqrt(limits.tiny / limits.eps)))
        finite = jnp.isfinite(state.mean).all() & jnp.isfinite(state.within).all() & ~vanished
        power = moderating_power(jnp.where(finite, state.mean, 0))
        rounding = 8 * float(limits.eps) * jnp.sqrt(squares) * power
        spread = jnp.sqrt(state.within / jnp.where(there, state.count, 1)[:, None]) * power
        return cls(state.mean * power, state.rest * power, spread, rounding, there, finite)

    def by_context(self, bit: int) -> tuple[jax.Array, jax.Array, jax.Array]:
        """Directions of a bit, what of their lengths may be rounding, and whether they are there.

        Of two means and nothing else: an example far out is in its own context alone.
        """
        cells = np.arange(len(self.there))
        unset = cells[(cells >> bit) & 1 == 0]
        as_set = unset | 1 << bit
        step = (self.mean[as_set] - self.mean[unset]) + (self.rest[as_set] - self.rest[unset])
        larger = jnp.maximum(jnp.abs(self.mean[as_set]), jnp.abs(self.mean[unset]))
        spread = jnp.maximum(self.spread[as_set], self.spread[unset])
        differs = more_than_rounding(jnp.abs(step), larger, spread)
        return (
            jnp.where(differs, step, 0),
            jnp.maximum(self.rounding[as_set], self.rounding[unset]),
            self.there[as_set] & self.there[unset],
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
