"""What docstrings say of representations that have nothing in common."""

import numpy as np
import pytest

from probekit import measures

N, D, K = 200, 100, 50
GENERATOR = np.random.default_rng(0)
DRAWN = [(GENERATOR.normal(size=(N, D)), GENERATOR.normal(size=(N, K))) for _ in range(8)]


@pytest.mark.parametrize(
    ("measure", "options", "expected"),
    [
        (measures.cca, {"squared": True}, D / (N - 1)),
        (measures.linear_regression_similarity, {}, K / (N - 1)),
        (measures.cka, {}, np.sqrt(D * K / ((N + D) * (N + K)))),
        (measures.cka, {"debiased": True}, 0),
    ],
    ids=["cca", "linear regression", "cka", "debiased cka"],
)
def test_the_mean_of_some_draws(measure, options, expected):
    found = np.mean([measure(x, y, **options) for x, y in DRAWN])
    assert found == pytest.approx(expected, rel=0.03, abs=0.01)
