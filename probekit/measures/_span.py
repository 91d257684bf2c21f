"""What units span, from the examples themselves: covariances have lost half of the digits."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

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


@jitted()
def spanning(x: jax.Array) -> jax.Array:
    """Return orthonormal columns that span what the units of `x` do about their means.

    Measures that no invertible map of the units changes may look at these instead. Columns of zeros
    stand for what is not there within rounding; all are NaN if a value is not finite.

    Parameters
    ----------
    x : array (example, unit)

    Returns
    -------
    array (example, min(example, unit))
    """
    return span_of(x).columns


def span_of(x: jax.Array) -> Span:
    """Return `spanning`, and how the columns are made; all NaN if a value is not finite."""
    # Units of one spread: the rank must not depend on what they are measured in.
    power = moderating_power(x, axis=0)
    rows = centred_rows(x * power, jnp.ones(x.shape[0], x.dtype))
    largest = largest_or_1(rows, axis=0)
    rows = rows / largest
    finite = jnp.isfinite(rows).all()
    columns, sizes, right = svd(jnp.where(finite, rows, 0))
    there = sizes > sizes[0] * rounding_of(x)
    inverse = jnp.where(there, 1 / jnp.where(there, sizes, 1), 0)
    coefficients = right.T * inverse[None, :] * (power / largest).reshape(-1, 1)
    return Span(
        jnp.where(finite, columns * there[None, :], jnp.nan),
        jnp.where(finite, coefficients, jnp.nan),
    )


def rounding_of(x: jax.Array) -> float:
    """Return the largest singular value of examples that may be rounding, over the largest one.

    What depends on other units left at most 4.3 ε of 10 to 100,000 examples: as many ε as there
    are examples, as is usual, would be a hundredth of the largest of the latter.
    """
    most = max(x.shape)
    return min(most, 4 * float(np.sqrt(most))) * float(np.finfo(x.dtype).eps)
