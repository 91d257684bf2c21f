"""What a regression says of the penalty that it has chosen."""

import numpy as np
import pytest

from probekit.estimators import RidgeR2
from probekit.statistics import state_of

X = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
Y = X[:, :1] + np.float32(0.1) * np.random.default_rng(1).normal(size=(40, 1)).astype(np.float32)


@pytest.mark.parametrize("constant", [0, 1, 3])
def test_of_an_undefined_score_no_penalty_was_chosen(constant):
    x = X.copy()
    x[:, :constant] = 2
    estimator = RidgeR2()
    state = state_of(estimator.statistic, x, Y)
    found = estimator.compute(state, state)
    is_undefined = constant == 3
    assert bool(np.isnan(found["ridge_r2"])) == is_undefined
    assert bool(np.isnan(found["ridge_r2_penalty"])) == is_undefined
