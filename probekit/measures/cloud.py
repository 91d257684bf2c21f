"""Where the examples of a representation lie: how far out, how close together, how evenly."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from probekit._sums import product
from probekit.measures._arguments import jitted, matrix
from probekit.measures._scale import largest_or_1, scaled_to_one
from probekit.measures._status import Score, divide, score
from probekit.measures.rdm import squared_distances, unit_rows
from probekit.statistics import Examples, ExamplesState, Moments, MomentsState, state_of


def magnitude(x: Any) -> jax.Array:
    """Length of the mean example, ‖x̄‖.

    Parameters
    ----------
    x : array (example, unit)

    Returns
    -------
    array ()
        At least 0. NaN if `x` is not finite.

    Raises
    ------
    ShapeError
        If there are no examples.

    Notes
    -----
    Invariant to rotation and permutation of units. O(n d).

    References
    ----------
    Klabunde, Schumacher, Strohmaier and Lemmerich 2025, Similarity of neural network models
    (descriptive statistics of representations).

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import magnitude
    >>> float(magnitude(np.array([[2.0, 4.0], [4.0, 4.0]])))
    5.0
    """
    return _magnitude(matrix("x", x))


def concentricity(x: Any) -> jax.Array:
    """Mean cosine of the examples with their mean: Σ_i x_i·x̄ / (‖x_i‖ ‖x̄‖) / n.

    Parameters
    ----------
    x : array (example, unit)

    Returns
    -------
    array ()
        In [-1, 1]; 1 if all point one way. Examples in which all units are 0 are left out. NaN if
        there are no others, their mean is 0 within rounding, or `x` is not finite.

    Raises
    ------
    ShapeError
        If there are no examples.

    Notes
    -----
    Invariant to scaling, rotation and permutation of units. O(n d).

    References
    ----------
    Klabunde, Schumacher, Strohmaier and Lemmerich 2025, Similarity of neural network models
    (descriptive statistics of representations).

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import concentricity
    >>> round(float(concentricity(np.array([[1.0, 0.0], [0.0, 1.0]]))), 4)  # 45 degrees
    0.7071
    """
    return _concentricity(matrix("x", x))


def uniformity(x: Any) -> jax.Array:
    """How evenly the directions of the examples cover the sphere.

    log of the mean of e^(-2 ‖u_i - u_j‖²) over pairs i ≠ j, with u = x / ‖x‖.

    Parameters
    ----------
    x : array (example, unit)

    Returns
    -------
    array ()
        From -8 (a single pair of opposite examples) to 0 (all alike); lower is more even. NaN if an
        example is 0 in all units, or `x` is not finite.

    Raises
    ------
    ShapeError
        If there are fewer than 2 examples.

    Notes
    -----
    Invariant to scaling, rotation and permutation of units. O(n² d).

    References
    ----------
    Wang and Isola 2020, Understanding contrastive representation learning through alignment and
    uniformity on the hypersphere.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import uniformity
    >>> float(uniformity(np.array([[3.0, 0.0], [-1.0, 0.0]])))
    -8.0
    """
    return _uniformity(matrix("x", x, least=2))


@jitted()
def _magnitude(x: Any) -> jax.Array:
    return magnitude_score(state_of(Moments(xx="none", xy=False, yy="none"), x)).value


@jitted()
def _concentricity(x: Any) -> jax.Array:
    return concentricity_score(state_of(Examples(capacity=x.shape[0]), x)).value


@jitted()
def _uniformity(x: Any) -> jax.Array:
    return uniformity_score(state_of(Examples(capacity=x.shape[0]), x)).value


def magnitude_score(state: MomentsState) -> Score:
    """`magnitude` from moments; needs the mean of `x` alone."""
    finite = jnp.isfinite(state.x_mean).all()
    scale = largest_or_1(state.x_mean)
    value = scale * jnp.sqrt(jnp.square(scaled_to_one(state.x_mean)).sum())
    return score(value, finite=finite, enough=state.count > 0)


def concentricity_score(state: ExamplesState) -> Score:
    """`concentricity` of the examples that were kept."""
    rows, counted = directions(state.x, state.present)
    weight = jnp.where(state.present, state.weight, 0)
    mean = product(
        divide(weight, weight.sum()), scaled_to_one(jnp.where(state.present[:, None], state.x, 0))
    )
    length = jnp.sqrt(jnp.square(mean).sum())
    nowhere = length <= 8 * float(np.finfo(mean.dtype).eps)
    cosines = product(rows, mean / jnp.where(nowhere, 1, length))
    weight = jnp.where(counted, weight, 0)
    value = divide((cosines * weight).sum(), weight.sum())
    return score(
        jnp.where(nowhere, jnp.nan, jnp.clip(value, -1, 1)),
        finite=state.x_finite.all(),
        enough=state.present.any(),
        constant=nowhere,
    )


def uniformity_score(state: ExamplesState) -> Score:
    """`uniformity` of the examples that were kept."""
    rows, counted = directions(state.x, state.present)
    present = state.present
    apart = present[:, None] & present[None, :] & ~np.eye(len(rows), dtype=bool)
    heat = jnp.where(apart, jnp.exp(-2 * jnp.clip(squared_distances(rows), 0, 4)), 0)
    value = jnp.log(divide(heat.sum(), apart.sum().astype(rows.dtype)))
    undefined = (present & ~counted).any()
    return score(
        jnp.where(undefined, jnp.nan, jnp.clip(value, -8, 0)),
        finite=state.x_finite.all(),
        enough=present.sum() >= 2,
        constant=undefined,
    )


def directions(z: jax.Array, present: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Return the examples scaled to length 1, and which of them have a direction; else 0."""
    rows = unit_rows(jnp.where(present[:, None], z, 0))
    counted = ~jnp.isnan(rows).any(axis=1)
    return jnp.where(counted[:, None], rows, 0), counted
