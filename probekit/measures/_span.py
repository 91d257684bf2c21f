"""What units span, from the examples themselves: covariances have lost half of the digits."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from probekit._sums import product
from probekit.measures._arguments import jitted
from probekit.measures._linalg import svd
from probekit.measures._scale import largest_or_1, moderating_power
from probekit.measures.gram import centred_rows


class Span(NamedTuple):
    """What the units of a representation span, and how they do.

    Attributes
    ----------
    columns : array (example, component)
        Orthonormal; zeros stand for what is not there within rounding.
    coefficients : array (unit, component)
        The centred units times these are the columns.
    """

    columns: jax.Array
    coefficients: jax.Array


@jitted(1, 2)
def spanning(x: jax.Array, eps: float, centred: bool = True) -> jax.Array:
    """Return orthonormal columns that span what the units of `x` do, about their means or 0.

    Measures that no invertible map of the units changes may look at these instead. Columns of zeros
    stand for what is not there within rounding; all are NaN if a value is not finite.

    Parameters
    ----------
    x : array (example, unit)
    eps : float
        Rounding of the values, which may be more than that of their dtype.
    centred : bool
        About the means. Else the dtype must be wider than the rounding: large means hide the rest.

    Returns
    -------
    array (example, min(example, unit))
    """
    return span_of(x, eps, centred).columns


def span_of(x: jax.Array, eps: float, centred: bool = True) -> Span:
    """Return `spanning`, and how the columns are made; all NaN if a value is not finite."""
    # Units of one spread: the rank must not depend on what they are measured in.
    power = moderating_power(x, axis=0)
    rows = centred_rows(x * power, jnp.ones(x.shape[0], x.dtype)) if centred else x * power
    largest = largest_or_1(rows, axis=0)
    rows = rows / largest
    finite = jnp.isfinite(rows).all()
    columns, sizes, right = svd(jnp.where(finite, rows, 0))
    there = sizes > _noise(rows, columns, sizes[0], eps)
    inverse = jnp.where(there, 1 / jnp.where(there, sizes, 1), 0)
    coefficients = right.T * inverse[None, :] * (power / largest).reshape(-1, 1)
    return Span(
        jnp.where(finite, columns * there[None, :], jnp.nan),
        jnp.where(finite, coefficients, jnp.nan),
    )


def _noise(rows: jax.Array, columns: jax.Array, largest: jax.Array, eps: float) -> jax.Array:
    """Return the singular values that may be rounding, of each of the orthonormal columns."""
    own = float(np.finfo(rows.dtype).eps)
    noise = largest * rounding_of(rows, eps)
    if eps <= own:
        return noise
    # In a wider dtype rounding is that of what was given, of each example by itself: what lies far
    # from most of them blurs no direction in which it has no part.
    lengths = jnp.sqrt(squares_about_most(rows) * len(rows))
    along = jnp.sqrt(jnp.square(columns * lengths[:, None]).sum(axis=0))
    return jnp.maximum(jnp.minimum(noise, along * rounding_of(rows, eps)), own * noise / eps)


def squares_about_most(rows: jax.Array) -> jax.Array:
    """Squared distances of examples from where most of them are, ``(example,)``."""
    own = float(np.finfo(rows.dtype).eps)
    centre = rows.mean(axis=0)
    for _ in range(3):  # towards the median: beside one example far out the mean is far, too
        squares = jnp.square(rows - centre).sum(axis=1)
        weight = 1 / jnp.maximum(squares, jnp.maximum(squares.max() * own, np.finfo(own).tiny))
        centre = product(weight / weight.sum(), rows)
    return jnp.square(rows - centre).sum(axis=1)


def floor_of(x: jax.Array, eps: float) -> float:
    """Return the share of the largest variance that may be rounding, if `x` is of a wider dtype."""
    return rounding_of(x, eps) ** 2 if eps > np.finfo(x.dtype).eps else 0.0


def rounding_of(x: jax.Array, eps: float) -> float:
    """Return the largest singular value of examples that may be rounding, over the largest one.

    What depends on other units left at most 4.3 ε of 10 to 100,000 examples: as many ε as there
    are examples, as is usual, would be a hundredth of the largest of the latter.
    """
    most = max(x.shape)
    return min(most, 4 * float(np.sqrt(most))) * eps
