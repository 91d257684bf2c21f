"""Arguments that have an order: places of trajectories, one after the other."""

from typing import Any

import jax
import numpy as np

from probekit._checks import check_rank
from probekit.errors import ShapeError
from probekit.measures._arguments import matrix


def trajectories(argument: str, array: Any, *, least: int, what: str = "") -> jax.Array:
    """Return a floating JAX array ``(trajectory, time, unit)``, or raise.

    Parameters
    ----------
    argument : str
    array : array (trajectory, time, unit) or (time, unit)
    least : int
        How many times are needed.
    what : str
        They are needed for.
    """
    array = array if hasattr(array, "shape") else np.asarray(array)
    check_rank(argument, array, least=2, most=3)
    shape = array.shape if len(array.shape) == 3 else (1, *array.shape)
    if shape[1] < least:
        raise ShapeError(f"{argument}: {shape[1]} times; at least {least} are needed{what}.")
    return matrix(argument, array).reshape(shape)
