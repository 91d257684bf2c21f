"""Every estimator gives what slow, obvious code does."""

import inspect

import numpy as np

from probekit.testing._harness import EXAMPLES, data_for, scores, state
from tests.reference import oracles
from tests.reference.tolerances import RELATIVE, SCORE


def assert_as_its_oracle(estimator):
    oracle = oracles.BY_ESTIMATOR[estimator.name]
    known = inspect.signature(oracle).parameters
    options = {name: value for name, value in vars(estimator).items() if name in known}
    fit, held_out = data = data_for(estimator)
    wanted = oracle(fit.x, fit.y, held_out.x, held_out.y, **options)
    if getattr(estimator, "examples", EXAMPLES) < EXAMPLES:
        kept = state(estimator.statistic, held_out)
        wanted = oracle(None, None, kept.x, kept.y, **options)
    np.testing.assert_allclose(
        scores(estimator, data)[estimator.name], wanted, rtol=RELATIVE, atol=SCORE
    )
