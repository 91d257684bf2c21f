"""Intrinsic dimension: of how many dimensions the cloud of examples is, seen from close by."""

from typing import Any, Literal, get_args

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import check_at_least, check_choice, check_count
from probekit.errors import OptionError
from probekit.measures._arguments import jitted, matrix
from probekit.measures._scale import moderate
from probekit.measures._status import Score, divide, score
from probekit.measures.rdm import squared_distances
from probekit.statistics import Examples, ExamplesState, state_of

DimensionMethod = Literal["two_nn", "likelihood", "correlation"]
DIMENSION_METHODS: tuple[DimensionMethod, ...] = get_args(DimensionMethod)
DEFAULT_DISCARD = 0.1
DEFAULT_NEAREST = 20


def intrinsic_dimension(
    x: Any,
    *,
    method: DimensionMethod = "two_nn",
    discard: float = DEFAULT_DISCARD,
    neighbours: int = DEFAULT_NEAREST,
) -> jax.Array:
    """Intrinsic dimension, from the distances to near neighbours.

    ``two_nn``: with μ_i the ratio of the distances to the second and the first neighbour of example
    i, in ascending order, and F_i = i / n: the slope through the origin of -log(1 - F) on log μ,
    without the largest `discard` of them; ``likelihood``: n (k - 1) / Σ_i Σ_{j<k} log(r_ik / r_ij),
    with r_ij the distance of example i to its j-th neighbour; ``correlation``:
    log(C(r₂) / C(r₁)) / log(r₂ / r₁), with C(r) how many pairs are closer than r, and r₂ and r₁ the
    medians of the distances to the k-th and to the (k / 2)-th neighbour.

    Parameters
    ----------
    x : array (example, unit)
    method : {"two_nn", "likelihood", "correlation"}
        By two nearest neighbours; the maximum of the likelihood of Levina and Bickel, of all
        examples together, as MacKay and Ghahramani have it; or the correlation dimension of
        Grassberger and Procaccia between two scales.
    discard : float
        Of ``two_nn``: the share of the largest ratios that is left out, at least 0 and below 1.
    neighbours : int
        Of the others: k, at least 2; all others, if there are fewer. With 2 the likelihood is that
        of two nearest neighbours.

    Returns
    -------
    array ()
        Above 0; not bounded by the number of units, which noise may exceed. Too low for many
        dimensions, unless there are exponentially many examples. Examples that have a copy are left
        out (``correlation``: count). NaN if fewer than 3 are left, neighbours are equally far, or
        `x` is not finite.

    Raises
    ------
    ShapeError
        If there are fewer than 3 examples.
    OptionError
        If `method` is none of these, `discard` not at least 0 and below 1, or `neighbours` below 2.

    Notes
    -----
    Invariant to translation, scaling, rotation and permutation of units. O(n² d + n² log n).

    References
    ----------
    Facco, d'Errico, Rodriguez and Laio 2017, Estimating the intrinsic dimension of datasets by a
    minimal neighborhood information; Levina and Bickel 2004, Maximum likelihood estimation of
    intrinsic dimension; MacKay and Ghahramani 2005, Comments on that; Grassberger and Procaccia
    1983, Measuring the strangeness of strange attractors.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import intrinsic_dimension
    >>> plane = np.random.default_rng(0).random((500, 2)) @ np.random.default_rng(1).random((2, 9))
    >>> bool(1.7 < intrinsic_dimension(plane) < 2.3)
    True
    >>> bool(1.7 < intrinsic_dimension(plane, method="likelihood") < 2.3)
    True
    """
    check_dimension(method, discard, neighbours)
    x = matrix("x", x, least=3)
    return _dimension(x, method, float(discard), min(int(neighbours), x.shape[0] - 1))


def check_dimension(method: DimensionMethod, discard: float, neighbours: int) -> None:
    """Raise `OptionError` unless the options are possible."""
    check_choice("method", method, DIMENSION_METHODS)
    check_at_least("discard", discard, 0)
    if not discard < 1:
        raise OptionError(f"discard={discard!r}: must be below 1.")
    check_count("neighbours", neighbours, 2)


@jitted(1, 2, 3)
def _dimension(x: Any, method: DimensionMethod, discard: float, neighbours: int) -> jax.Array:
    state = state_of(Examples(capacity=x.shape[0]), x)
    return dimension_score(state, method=method, discard=discard, neighbours=neighbours).value


def dimension_score(
    state: ExamplesState, *, method: DimensionMethod, discard: float, neighbours: int
) -> Score:
    """`intrinsic_dimension` of the examples that were kept."""
    present, n = state.present, state.x.shape[0]
    squared = squared_distances(moderate(jnp.where(present[:, None], state.x, 0)))
    apart = present[:, None] & present[None, :] & ~np.eye(n, dtype=bool)
    squared = jnp.where(apart, squared, jnp.inf)
    if method == "correlation":
        value = _correlation_dimension(squared, present, neighbours)
        counted = present
    else:
        places = 2 if method == "two_nn" else min(neighbours, n - 1)
        nearest = -jax.lax.top_k(-squared, places)[0]
        counted = present & (nearest[:, 0] > 0) & jnp.isfinite(nearest[:, 1])
        nearest = jnp.where(counted[:, None] & jnp.isfinite(nearest), nearest, 1)
        if method == "two_nn":
            value = _slope(jnp.log(nearest[:, 1] / nearest[:, 0]) / 2, counted, discard)
        else:
            value = _likeliest(nearest, counted, jnp.minimum(places, present.sum() - 1))
    return score(
        value,
        finite=state.x_finite.all(),
        enough=present.sum() >= 3,
        constant=(counted.sum() < 3) | jnp.isnan(value),
    )


def _slope(log_ratio: jax.Array, counted: jax.Array, discard: float) -> jax.Array:
    """Slope through the origin of the quantiles on the logarithms of the ratios."""
    log_ratio = jnp.sort(jnp.where(counted, log_ratio, jnp.inf))
    count = counted.sum()
    place = jnp.arange(1, len(log_ratio) + 1, dtype=log_ratio.dtype)
    fitted = place <= jnp.floor(count * (1 - discard))
    fitted = fitted & (place < count)  # at the last one, 1 - F is 0
    log_ratio = jnp.where(fitted, log_ratio, 0)
    height = -jnp.log1p(-jnp.where(fitted, place / jnp.maximum(count, 1), 0))
    return divide((height * log_ratio).sum(), jnp.square(log_ratio).sum())


def _likeliest(squared: jax.Array, counted: jax.Array, k: jax.Array) -> jax.Array:
    """Maximum of the likelihood, of squared distances in ascending order."""
    k = jnp.maximum(k, 2)
    farthest = jnp.take(squared, k - 1, axis=1)
    nearer = counted[:, None] & (jnp.arange(squared.shape[1]) < k - 1)[None, :]
    logs = jnp.where(nearer, jnp.log(farthest[:, None] / squared) / 2, 0)
    return divide((counted.sum() * (k - 1)).astype(squared.dtype), logs.sum())


def _correlation_dimension(squared: jax.Array, present: jax.Array, neighbours: int) -> jax.Array:
    """Slope of the logarithm of how many pairs are near, between two distances."""
    n = len(squared)
    most = jnp.clip(present.sum() - 1, 2, min(neighbours, n - 1))
    ordered = jnp.sort(squared, axis=1)

    def median(place: jax.Array) -> jax.Array:
        column = jnp.sort(jnp.where(present, jnp.take(ordered, place - 1, axis=1), jnp.inf))
        count = present.sum()
        middle = [jnp.take(column, at, mode="clip") for at in ((count - 1) // 2, count // 2)]
        return (jnp.sqrt(middle[0]) + jnp.sqrt(middle[1])) / 2

    near, far = median(jnp.maximum(most // 2, 1)), median(most)
    distances = jnp.sqrt(squared)
    pairs = [(distances < radius).sum().astype(squared.dtype) for radius in (near, far)]
    apart = (near > 0) & jnp.isfinite(far) & (pairs[0] > 0)
    ratio = divide(far, jnp.where(apart, near, 0))
    return divide(jnp.log(divide(pairs[1], pairs[0])), jnp.log(jnp.where(apart, ratio, 1)))
