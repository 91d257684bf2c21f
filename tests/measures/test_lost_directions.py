"""Directions that rounding hides beside an example far out, or that the fit does not have."""

import jax.numpy as jnp
import numpy as np
import pytest

from probekit.estimators import CCA, PLS, ShapeMetric
from probekit.measures import STATUS_MEANINGS
from probekit.statistics import state_of

RANK_DEFICIENT = STATUS_MEANINGS.index("rank_deficient")


@pytest.mark.parametrize("seed", range(4))
def test_pls_beside_an_example_far_out_is_never_called_not_finite(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(40, 6)), rng.normal(size=(40, 4))
    x[3] *= 1e5
    estimator = PLS()
    state = state_of(estimator.statistic, jnp.asarray(x, jnp.float32), jnp.asarray(y, jnp.float32))
    assert int(estimator.compute(state, state)["pls_status"]) == RANK_DEFICIENT


@pytest.mark.parametrize("alpha", [0.0, 0.5])
def test_a_fitted_whitening_that_leaves_directions_out_says_so(alpha: float) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(80, 6))
    y = x[:, :4] + 0.1 * rng.normal(size=(80, 4))
    estimator = ShapeMetric(alpha=alpha, align_on="fit")

    def status(x: np.ndarray) -> int:
        fit, scored = (
            state_of(estimator.statistic, *(jnp.asarray(z[part], jnp.float32) for z in (x, y)))
            for part in (slice(40), slice(40, 80))
        )
        return int(estimator.compute(fit, scored)["shape_metric_status"])

    assert status(x) == 0
    x[:, 5] = x[:, 0] + x[:, 1]
    assert status(x) == RANK_DEFICIENT


@pytest.mark.parametrize(("apart", "expected"), [(100.0, 0), (700.0, RANK_DEFICIENT)])
def test_a_direction_that_rounding_may_turn_is_told(apart: float, expected: int) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(50, 3))
    y = x[:, :2] + rng.normal(size=(50, 2))
    x[:, 1] = x[:, 0] + x[:, 1] / apart
    state = state_of(CCA().statistic, jnp.asarray(x, jnp.float32), jnp.asarray(y, jnp.float32))
    assert int(CCA().compute(state, state)["cca_status"]) == expected
