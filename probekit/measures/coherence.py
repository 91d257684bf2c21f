"""How far single examples decide of the directions that a representation spans."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from probekit.measures._arguments import jitted, matrix
from probekit.measures._linalg import svd
from probekit.measures._scale import largest_or_1, moderating_power
from probekit.measures._span import rounding_of
from probekit.measures._status import Score, divide, score
from probekit.statistics import Examples, ExamplesState, state_of


def coherence(x: Any, *, centred: bool = False) -> jax.Array:
    """Coherence: the largest leverage of an example, relative to the mean one.

    n / r max_i ‖u_i‖², with U the left singular vectors of `x` and r their number: ‖u_i‖² is how
    much of example i a least squares fit to any targets takes from its own target.

    Parameters
    ----------
    x : array (example, unit)
        Of more examples than units, to say anything.
    centred : bool
        Subtract the means of the units first.

    Returns
    -------
    array ()
        From 1 (all examples alike in this; so it is whenever there are no more examples than
        directions) to n / r, where one example has a direction for itself. Of directions that
        float32 cannot tell from none, as beside a mean 100,000 times larger, none is counted:
        estimators report ``rank_deficient``. NaN if `x` is 0 in all
        units (or constant, if centred) or not finite.

    Raises
    ------
    ShapeError
        If there are fewer than 2 examples.

    Notes
    -----
    Invariant to scaling, and to rotation and every invertible linear map; centred also to
    translation. O(n d min(n, d)).

    References
    ----------
    Candès and Recht 2009, Exact matrix completion via convex optimization, definition 1.2;
    Tsitsulin, Munkhoeva and Perozzi 2023, Unsupervised embedding quality evaluation.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import coherence
    >>> x = np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0], [0.0, 5.0]])  # one is all of a direction
    >>> round(float(coherence(x)), 3)
    2.0
    """
    return _coherence(matrix("x", x, least=2), bool(centred))


@jitted(1)
def _coherence(x: jax.Array, centred: bool) -> jax.Array:
    return coherence_score(state_of(Examples(capacity=len(x)), x), centred=centred).value


def coherence_score(state: ExamplesState, *, centred: bool) -> Score:
    """`coherence` of the examples that were kept."""
    present = state.present
    finite = state.x_finite.all()
    rows = jnp.where(present[:, None] & finite, state.x, 0)
    # Units of one spread: the rank must not depend on what they are measured in.
    rows = rows * moderating_power(rows, axis=0)
    count = present.sum()
    least = rounding_of(rows, float(np.finfo(rows.dtype).eps))
    if centred:
        largest = jnp.abs(rows).max(axis=0)
        rows = jnp.where(present[:, None], rows - rows.sum(axis=0) / jnp.maximum(count, 1), 0)
        varies = jnp.abs(rows).max(axis=0) > least * largest
        rows = jnp.where(varies[None, :], rows, 0)
    rows = rows / largest_or_1(rows, axis=0)
    left, sizes, _ = svd(rows)
    there = sizes > least * sizes[0]
    rank = there.sum()
    # Directions are lost, exactly or in the rounding of larger ones, as beside an offset.
    most_ranks = jnp.minimum((jnp.abs(rows).max(axis=0) > 0).sum(), count - centred)
    leverage = jnp.square(jnp.where(there[None, :], left, 0)).sum(axis=1)
    most = jnp.where(present, leverage, 0).max()
    value = divide(most * count, rank.astype(most.dtype))
    return score(
        jnp.where(rank > 0, jnp.maximum(value, 1), jnp.nan),
        finite=finite,
        enough=count >= 2,
        constant=rank == 0,
        deficient=rank < most_ranks,
    )
