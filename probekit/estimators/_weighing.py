"""Many resamples of a similarity of Gram matrices: a preparation of each side, a cheap step a pair.

What is near the edge of being undefined is left to the estimator itself, row by row.
"""

import dataclasses
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from probekit.estimators._protocol import Estimator, Weighing
from probekit.estimators._readout import reported
from probekit.measures.weighted_grams import (
    MOST_EXAMPLES,
    Own,
    Sums,
    own_of,
    scores_of_sums,
    shuffled_sums,
    weighed,
    weighted_sums,
)
from probekit.statistics import state_of

_HELD = 1 << 29
"""How many bytes the Gram matrices of all representations together may take."""

_ROWS = 64
"""How many rows are left to the estimator at a time: one size, so that it is compiled once."""

Reading = Callable[[Sums], Any]
"""From inner products of Gram matrices to the score, where it is defined."""


@dataclasses.dataclass(frozen=True)
class OfGrams(Weighing):
    """Reads a similarity off inner products of two centred Gram matrices.

    Parameters
    ----------
    estimator : Estimator
        Of one variable and its status.
    reading : callable
    debiased : bool
        Whether the inner products are the unbiased ones.
    hold : bool
        Whether Gram matrices are kept.
    """

    estimator: Estimator
    reading: Reading
    debiased: bool
    hold: bool

    def prepare(self, x: Any, weights: np.ndarray) -> Own:
        return own_of(weighed(x, weights, hold=self.hold))

    def pair(self, a: Own, b: Own, weights: np.ndarray) -> dict[str, np.ndarray]:
        sums = weighted_sums(a, b, debiased=self.debiased)
        x, y = a.side.given, b.side.given

        def asked(rows: np.ndarray) -> dict[str, Any]:
            each = jnp.asarray(weights[rows], jnp.float32)
            found: dict[str, Any] = _by_weight(self.estimator, x, y, each)
            return found

        return self._reported(sums, a, b, asked)

    def reorder(self, x: Any, y: Any, orders: np.ndarray) -> dict[str, np.ndarray]:
        a, b = (self.prepare(z, np.ones((1, len(z)))) for z in (x, y))
        sums = shuffled_sums(a, b, orders, debiased=self.debiased)

        def asked(rows: np.ndarray) -> dict[str, Any]:
            found: dict[str, Any] = _by_order(self.estimator, x, y, jnp.asarray(orders[rows]))
            return found

        return self._reported(sums, a, b, asked)

    def _reported(
        self, sums: Sums, a: Own, b: Own, asked: Callable[[np.ndarray], dict[str, Any]]
    ) -> dict[str, np.ndarray]:
        """Return the scores, those that are not sure as the estimator has them."""
        scores, unsure = scores_of_sums(np.asarray(self.reading(sums)), sums, a.side, b.side)
        found: dict[str, Any] = reported(self.estimator.name, scores)
        for start in range(0, len(unsure), _ROWS):
            rows = unsure[start : start + _ROWS]
            filled = rows[np.minimum(np.arange(_ROWS), len(rows) - 1)]
            for name, values in jax.device_get(asked(filled)).items():
                found[name][rows] = values[: len(rows)]
        return found


def weighing_of_grams(
    estimator: Estimator,
    reading: Reading,
    *,
    debiased: bool = False,
    examples: int,
    units: tuple[int, ...],
) -> OfGrams | None:
    """Return the way to weigh and to shuffle examples, or None if there are too many."""
    if examples > MOST_EXAMPLES:
        return None
    hold = 8 * examples**2 * len(units) <= _HELD
    return OfGrams(estimator, reading, debiased, hold)


@partial(jax.jit, static_argnums=0)
def _by_weight(estimator: Estimator, x: Any, y: Any, weights: jax.Array) -> dict[str, jax.Array]:
    return _each(
        estimator, lambda weight: state_of(estimator.statistic, x, y, weight=weight), weights
    )


@partial(jax.jit, static_argnums=0)
def _by_order(estimator: Estimator, x: Any, y: Any, orders: jax.Array) -> dict[str, jax.Array]:
    return _each(estimator, lambda order: state_of(estimator.statistic, x, y[order]), orders)


def _each(
    estimator: Estimator, of_row: Callable[[Any], Any], rows: jax.Array
) -> dict[str, jax.Array]:
    def one(row: jax.Array) -> dict[str, jax.Array]:
        state = of_row(row)
        return estimator.compute(state, state)

    found: dict[str, jax.Array] = jax.lax.map(one, rows)
    return found
