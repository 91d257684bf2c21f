"""Scores and the status code beside them: undefined is NaN, and the code says why."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from probekit.status import Status

STATUS_MEANINGS = tuple(status.meaning for status in Status if status >= 0)
"""What each status code means, in CF style (``flag_meanings``); the code is the position."""

# As plain numbers, which every version of JAX takes.
OK = int(Status.OK)
NONFINITE = int(Status.NON_FINITE_INPUT)
RANK_DEFICIENT = int(Status.RANK_DEFICIENT)
TOO_FEW = int(Status.TOO_FEW_EXAMPLES)
CONSTANT = int(Status.CONSTANT_UNIT)
NOT_THERE = int(Status.NOT_RECORDED)
"""Beside NaN where there is nothing to score, as units of a narrower layer: no reason to warn."""


class Score(NamedTuple):
    """A score and its status, int8, of the same shape.

    Codes 1 and 3 come with NaN. Codes 2 and 4 come with NaN where they leave the score undefined,
    and otherwise with the value that the measure's documentation states, as a remark.
    """

    value: jax.Array
    status: jax.Array


def score(
    value: jax.Array,
    *,
    finite: jax.Array,
    enough: jax.Array | bool = True,
    constant: jax.Array | bool = False,
    deficient: jax.Array | bool = False,
) -> Score:
    """Put value and status together.

    Of several reasons the first counts, in the order of the arguments. A value that overflowed
    although all input was finite is NaN with status 1 as well, and so is one of moments that have
    vanished: squares of the input are out of the range of its dtype.
    """
    status = jnp.where(deficient, RANK_DEFICIENT, OK)
    status = jnp.where(constant, CONSTANT, status)
    status = jnp.where(enough, status, TOO_FEW)
    status = jnp.where(finite, status, NONFINITE)
    status = jnp.where((status == OK) & ~jnp.isfinite(value), NONFINITE, status)
    undefined = (status == NONFINITE) | (status == TOO_FEW)
    value = jnp.where(undefined, jnp.nan, value)
    return Score(value, jnp.broadcast_to(status, value.shape).astype(jnp.int8))


def divide(numerator: jax.Array, denominator: jax.Array) -> jax.Array:
    """Quotient, NaN where the denominator is not positive."""
    positive = denominator > 0
    return jnp.where(positive, numerator / jnp.where(positive, denominator, 1), jnp.nan)
