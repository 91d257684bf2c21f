"""The shape of a cloud of examples at all scales at once: heat on its graph of neighbours."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_count
from probekit.measures._arguments import jitted, matched
from probekit.measures._linalg import eigvalsh
from probekit.measures._scale import moderate
from probekit.measures._status import Score, score
from probekit.measures.neighbour_ranks import neighbour_ranks
from probekit.measures.rdm import distances
from probekit.measures.rounding_of_distances import rounding_of_distances
from probekit.statistics import Examples, ExamplesState, state_of

DEFAULT_NEIGHBOURS = 5

LARGEST = float(np.exp(-4))
"""What heat traces of 0 and 1 would be apart."""

_TIMES = np.logspace(-1, 1, 256)
_FADING = np.exp(-2 * (_TIMES + 1 / _TIMES))
_FAR = 1e4
"""An eigenvalue from which no heat comes back at any of the times."""


def multiscale_distance(x: Any, y: Any, *, neighbours: int = DEFAULT_NEIGHBOURS) -> jax.Array:
    """Multi-scale intrinsic distance (IMD): how differently heat spreads among the examples.

    max_t e^(-2 (t + 1/t)) |h_x(t) - h_y(t)| over 256 times t from 0.1 to 10, with the heat trace
    h(t) = Σ_i e^(-t λ_i) / n of the eigenvalues of the normalised Laplacian I - D^(-1/2) A D^(-1/2)
    of the graph in which two examples are joined if either is among the k nearest of the other.

    Parameters
    ----------
    x : array (example, unit)
    y : array (example, unit_y)
        As many examples; which of them belong together does not matter.
    neighbours : int
        k; all others, if there are fewer.

    Returns
    -------
    array ()
        From 0 to e^-4 = 0.0183; 0 for equal graphs, and for all others that sound alike. NaN if
        either is constant or not finite.

    Raises
    ------
    ShapeError
        If the numbers of examples differ, or there are fewer than 3.
    OptionError
        If `neighbours` is below 1.

    Notes
    -----
    Invariant to translation, scaling and rotation, and to the order of examples. The eigenvalues
    are computed, not estimated as the authors do for large graphs. O(n² (d + d_y) + n³).

    References
    ----------
    Tsitsulin, Munkhoeva, Mottin, Karras, Bronstein, Oseledets and Müller 2020, The shape of data:
    intrinsic distance for data distributions.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import multiscale_distance
    >>> x = np.random.default_rng(0).normal(size=(30, 2))
    >>> float(multiscale_distance(x, 3 * x[::-1] + 1))
    0.0
    >>> bool(multiscale_distance(x, x[:, :1]) > 1e-4)  # a plane, a line
    True
    """
    check_count("neighbours", neighbours, 1)
    return _distance(*matched(x, y, least=3), int(neighbours))


@jitted(2)
def _distance(x: jax.Array, y: jax.Array, neighbours: int) -> jax.Array:
    state = state_of(Examples(capacity=x.shape[0]), x, y)
    return multiscale_score(state, neighbours=neighbours).value


def multiscale_score(state: ExamplesState, *, neighbours: int) -> Score:
    """`multiscale_distance` of the examples that were kept."""
    finite, present = state.finite(), state.present
    both = present[:, None] & present[None, :]
    rows = [moderate(jnp.where(finite & present[:, None], z, 0)) for z in (state.x, state.y)]
    far = [distances(z, "euclidean") for z in rows]
    constant = jnp.stack([~((z > 0) & both).any() for z in far]).any()
    traces = [
        _heat_trace(z, rounding_of_distances(of, z, "euclidean"), present, neighbours)
        for of, z in zip(rows, far, strict=True)
    ]
    apart = (jnp.asarray(_FADING, state.x.dtype) * jnp.abs(traces[0] - traces[1])).max()
    rounding = 8 * float(np.finfo(state.x.dtype).eps) * LARGEST
    value = jnp.where(apart > rounding, apart, 0)
    return score(
        jnp.where(constant, jnp.nan, value),
        finite=finite,
        enough=present.sum() >= 3,
        constant=constant,
    )


def _heat_trace(
    far: jax.Array, rounding: jax.Array, present: jax.Array, neighbours: int
) -> jax.Array:
    """Share of the heat that is where it began, at each of the times."""
    count = present.sum()
    near = neighbour_ranks(far, rounding, present) <= jnp.minimum(neighbours, count - 1)
    near = near & present[:, None] & present[None, :]
    joined = (near | near.T).astype(far.dtype)
    degree = joined.sum(axis=1)
    root = jax.lax.rsqrt(jnp.where(degree > 0, degree, 1))
    own = jnp.where(present, 1, _FAR)
    laplacian = jnp.diag(own).astype(far.dtype) - joined * root[:, None] * root[None, :]
    values = jnp.maximum(eigvalsh(laplacian), 0)
    heat = jnp.exp(-jnp.asarray(_TIMES, far.dtype)[:, None] * values[None, :])
    return heat.sum(axis=1) / jnp.maximum(count, 1)
