"""Bures similarity and metric: the best rotation, told by the Gram matrices alone."""

from typing import Any

import jax
import jax.numpy as jnp

from probekit._rounding import reciprocal
from probekit.measures._arguments import Splits, jitted, splits
from probekit.measures._moments import from_moments, from_splits, pair_score, states_of
from probekit.measures._narrowing import both_narrowed
from probekit.measures._scale import moderating_power, restored
from probekit.measures._status import Score
from probekit.measures.alignment import overlap_of
from probekit.measures.transfer import (
    rotated_metric_score,
    rotated_similarity_score,
    squared_distance,
)
from probekit.statistics import Moments, MomentsState


def bures_similarity(x: Any, y: Any, *, held_out: tuple[Any, Any] | None = None) -> jax.Array:
    """Normalised Bures similarity: tr (K^½ L K^½)^½ / √(tr K tr L) = ‖X̂ᵀŶ‖_*.

    K and L are the Gram matrices of the centred representations; it is the cosine of
    `angular_procrustes_distance`.

    Parameters
    ----------
    x : array (example, unit)
    y : array (example, unit_y)
        The same examples in the same order.
    held_out : tuple of array, optional
        Representations ``(x2, y2)`` of the examples that are scored, by the means and the rotation
        of those that are fitted; those themselves, unless given.

    Returns
    -------
    array ()
        In [0, 1], of held out examples in [-1, 1]; 1 for representations that are equal up to
        rotation, scale and offset. NaN if either is constant or not finite.

    Raises
    ------
    ShapeError
        If the numbers of examples or units differ, or there are fewer than 2 examples.

    Notes
    -----
    Invariant to translation, scaling and rotation. O(n d d_y + d d_y min(d, d_y)).

    A fidelity of two Gram matrices is that of the best rotation, X̂ Q to Ŷ. Of held out examples it
    is tr(X̂₂ Q Ŷ₂ᵀ) with the rotation of the others, what is left of it for new examples, and no
    fidelity any more; what is open counts as in `shape_metric`.

    References
    ----------
    Tang, Maddox, Dickens, Diethe and Damianou 2020, Similarity of neural networks with gradients.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import bures_similarity
    >>> x = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 2.0], [0.0, -2.0]])
    >>> round(float(bures_similarity(x, x[:, :1])), 4)  # √(2/10)
    0.4472
    """
    if held_out is None:
        return from_moments(bures_similarity_score, x, y, narrow=True)
    return from_splits(rotated_similarity_score, splits(x, y, held_out, least=2))


def bures_metric(x: Any, y: Any, *, held_out: tuple[Any, Any] | None = None) -> jax.Array:
    """Bures metric: √(tr K + tr L - 2 tr (K^½ L K^½)^½), the distance after the best rotation.

    K = H X Xᵀ H / n and L likewise, so that it does not grow with the number of examples: the root
    mean squared distance between examples of the two after the best rotation and shift.

    Parameters
    ----------
    x : array (example, unit)
    y : array (example, unit_y)
        The same examples in the same order.
    held_out : tuple of array, optional
        Representations ``(x2, y2)`` of the examples that are scored, by the means and the rotation
        of those that are fitted; those themselves, unless given.

    Returns
    -------
    array ()
        At least 0, in units of the representations; a metric. NaN if either is constant or not
        finite.

    Raises
    ------
    ShapeError
        If the numbers of examples or units differ, or there are fewer than 2 examples.

    Notes
    -----
    Invariant to translation and rotation, not to scaling. rsatoolbox's ``bures_metric`` is n times
    its square. O(n d d_y + d d_y min(d, d_y)). Of held out examples it is the root mean squared
    distance after the rotation and the shift of the others (over all rotations, where these leave
    them open, as in `shape_metric`).

    References
    ----------
    Bhatia, Jain and Lim 2019, On the Bures-Wasserstein distance between positive definite matrices.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import bures_metric
    >>> x = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 2.0], [0.0, -2.0]])
    >>> round(float(bures_metric(x, x[:, :1])), 4)  # √(8/4)
    1.4142
    """
    return _bures_metric(both_narrowed(splits(x, y, held_out, least=2)))


@jitted()
def _bures_metric(given: Splits) -> jax.Array:
    powers = jnp.stack([moderating_power(z) for z in given.fit])
    fit, scored = states_of(Moments(), given)
    # On the scale of the larger: what vanishes there adds nothing, but it is known where it points.
    shared = powers.min()
    sizes = shared / powers
    whole = given.held_out is None
    found = (
        bures_metric_score(scored, sizes=sizes)
        if whole
        else rotated_metric_score(fit, scored, sizes=sizes)
    )
    return restored(found.value, shared, degree=1)


def bures_similarity_score(state: MomentsState) -> Score:
    """`bures_similarity` from moments; needs `xy` and the diagonals of the others."""
    return pair_score(overlap_of(state, 1.0)[0], state)


def bures_metric_score(state: MomentsState, *, sizes: jax.Array | None = None) -> Score:
    """`bures_metric` from moments; needs `xy` and the diagonals of the others.

    `sizes` are by what the two representations are multiplied; 1 unless given.
    """
    overlap, *_ = overlap_of(state, 1.0)
    share = reciprocal(state.count)
    x_size, y_size = (jnp.sqrt(z.sum() * share) for z in (state.x_squares, state.y_squares))
    if sizes is not None:
        x_size, y_size = x_size * sizes[0], y_size * sizes[1]
    # (a - b)² + 2ab (1 - s): no difference of large terms where the two are of one size.
    closeness = squared_distance(2 - 2 * overlap, state.xy)
    value = jnp.sqrt(jnp.square(x_size - y_size) + x_size * y_size * closeness)
    return pair_score(value, state)
