"""Shapes and dtypes of arrays that need not be there, with which JAX traces."""

from collections.abc import Callable
from typing import Any

import jax

ShapeDtype = jax.ShapeDtypeStruct

struct: Callable[[tuple[int, ...], Any], ShapeDtype] = ShapeDtype
"""Return this shape and dtype: JAX's own constructor, of which it does not say what it takes."""


def shape_of(array: Any) -> ShapeDtype:
    """Return shape and dtype of an array.

    Parameters
    ----------
    array : array
        Of NumPy or JAX, traced or not; or another `jax.ShapeDtypeStruct`.

    Returns
    -------
    jax.ShapeDtypeStruct
        Of the array's own dtype: float64 of NumPy stays float64.
    """
    return struct(array.shape, array.dtype)
