"""Whether two sets of examples lie in one place: each among the neighbourhoods of the other."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_count
from probekit.errors import ShapeError
from probekit.measures._arguments import jitted, matrix
from probekit.measures._scale import moderate
from probekit.measures._status import Score, divide, score
from probekit.measures.rdm import FEW_UNITS, squared_distances
from probekit.statistics import Examples, ExamplesState, state_of

DEFAULT_BALL = 5


class Coverage(NamedTuple):
    """How two sets of examples lie to each other.

    Attributes
    ----------
    coverage : array ()
        Share of the first that have some of the second near.
    density : array ()
        In how many neighbourhoods of the first an example of the second lies, over k.
    precision : array ()
        Share of the second that lie in some neighbourhood of the first.
    recall : array ()
        Share of the first that lie in some neighbourhood of the second.
    """

    coverage: jax.Array
    density: jax.Array
    precision: jax.Array
    recall: jax.Array


def coverage(x: Any, x2: Any, *, neighbours: int = DEFAULT_BALL) -> Coverage:
    """Coverage, density, precision and recall of two sets of examples in the same units.

    The neighbourhood of an example is the ball about it that ends at its k-th nearest other of its
    own set. With B_i that of x_i and B'_j that of x2_j, of n and m examples: ``coverage`` is the
    share of i with some x2_j in B_i; ``density`` Σ_j Σ_i [x2_j ∈ B_i] / (k m); ``precision`` the
    share of j with x2_j in some B_i; ``recall`` the share of i with x_i in some B'_j.

    Parameters
    ----------
    x : array (example, unit)
        Those that are to be covered: the fitted, the real.
    x2 : array (example_2, unit)
        Other examples, in the same units: the held out, the generated.
    neighbours : int
        k; all others of its own set, if there are fewer.

    Returns
    -------
    Coverage
        Each in [0, 1], but for ``density``, which is at least 0 and not bounded. For two draws from
        one distribution ``density`` is 1 on average, and ``coverage`` is near 1 - 2^-k (of as many
        examples each); for the same examples twice all are 1. NaN if either set has fewer than 2
        examples or lies in one place, or the input is not finite.

    Raises
    ------
    ShapeError
        If the numbers of units differ, or there are fewer than 2 examples in either.
    OptionError
        If `neighbours` is below 1.

    Notes
    -----
    Invariant to translation, scaling, rotation and permutation of units, of both alike. What lies
    at the very end of a ball, within rounding, is not in it. Precision and recall trust single
    examples that lie far out, whose balls are large; density and coverage do less.
    O((n² + m² + n m) d).

    References
    ----------
    Naeem, Oh, Uh, Choi and Yoo 2020, Reliable fidelity and diversity metrics for generative models
    (density, coverage); Kynkäänniemi et al. 2019, Improved precision and recall metric for
    assessing generative models.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import coverage
    >>> line = np.arange(20.0)[:, None]
    >>> found = coverage(line, line[:10] + 0.25, neighbours=2)
    >>> [round(float(value), 2) for value in found]
    [0.55, 1.05, 1.0, 0.6]
    """
    check_count("neighbours", neighbours, 1)
    return Coverage(*_coverage(*two_sets(x, x2), int(neighbours)))


def two_sets(x: Any, x2: Any) -> tuple[jax.Array, jax.Array]:
    """Return both as matrices of one dtype, or raise unless they have the same units."""
    a, b = matrix("x", x, least=2), matrix("x2", x2, least=2)
    if a.shape[1] != b.shape[1]:
        raise ShapeError(
            f"x2: {b.shape[1]} units; x has {a.shape[1]}. Give both in the same units."
        )
    dtype = jnp.promote_types(a.dtype, b.dtype)
    return a.astype(dtype), b.astype(dtype)


@jitted()  # one program for any number of neighbours
def _coverage(x: jax.Array, x2: jax.Array, neighbours: int) -> tuple[jax.Array, ...]:
    states = [state_of(Examples(capacity=len(rows)), rows) for rows in (x, x2)]
    return tuple(found.value for found in coverage_scores(*states, neighbours=neighbours))


def coverage_scores(
    fit: ExamplesState, held_out: ExamplesState, *, neighbours: int | jax.Array
) -> tuple[Score, Score, Score, Score]:
    """`coverage` of the examples that were kept, in its order."""
    first = len(fit.x)
    present = jnp.concatenate([fit.present, held_out.present])
    rows = jnp.concatenate([fit.x, held_out.x])
    rows = moderate(jnp.where(present[:, None], rows, 0))
    far = squared_distances(rows)
    own, other = slice(None, first), slice(first, None)
    balls, balls2 = (_balls(far[part, part], present[part], neighbours) for part in (own, other))
    across = far[own, other] + _rounding(rows, far, present)[own, other]
    pairs = present[own, None] & present[None, other]
    inside = (across < balls[:, None]) & pairs
    inside2 = (across < balls2[None, :]) & pairs
    n, m = (counted.sum().astype(far.dtype) for counted in (fit.present, held_out.present))
    k = jnp.minimum(neighbours, jnp.maximum(n - 1, 1))
    values = (
        divide(inside.any(axis=1).sum().astype(far.dtype), n),
        divide(inside.sum(axis=1).astype(far.dtype).sum(), k * m),
        divide(inside.any(axis=0).sum().astype(far.dtype), m),
        divide(inside2.any(axis=1).sum().astype(far.dtype), n),
    )
    together = ((balls <= 0) | ~fit.present).all() | ((balls2 <= 0) | ~held_out.present).all()
    finite = fit.x_finite.all() & held_out.x_finite.all()
    lost = jnp.isnan(far).any()
    coverage, density, precision, recall = (
        score(
            jnp.where(together | lost, jnp.nan, value),
            finite=finite & ~lost,
            enough=(n >= 2) & (m >= 2),
            constant=together,
        )
        for value in values
    )
    return coverage, density, precision, recall


def _balls(far: jax.Array, present: jax.Array, neighbours: int | jax.Array) -> jax.Array:
    """Squared distance of each example to its k-th nearest other."""
    apart = present[None, :] & ~np.eye(len(far), dtype=bool)
    ordered = jnp.sort(jnp.where(apart, far, jnp.inf), axis=1)
    last = jnp.maximum(jnp.minimum(neighbours, present.sum() - 1), 1) - 1
    return jnp.where(present, jnp.take(ordered, last, axis=1), 0)


def _rounding(rows: jax.Array, far: jax.Array, present: jax.Array) -> jax.Array:
    """Return how much two distances that are equal may differ by rounding."""
    epsilon = 16 * float(np.finfo(rows.dtype).eps)
    if rows.shape[1] <= FEW_UNITS:
        return epsilon * far
    centred = rows - rows.sum(axis=0) / jnp.maximum(present.sum(), 1)
    squares = jnp.square(centred).sum(axis=1)
    return epsilon * (squares[:, None] + squares[None, :])
