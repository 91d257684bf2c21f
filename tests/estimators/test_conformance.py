"""Every registered estimator, with every option that matters, keeps the contract."""

import jax
import numpy as np
import pytest

from probekit.estimators import (
    CKA,
    RSA,
    DecodingAccuracy,
    DecodingR2,
    LinearR2,
    resolve,
)
from probekit.plugins import get_manager
from probekit.statistics import state_of
from probekit.testing import parametrize_with_checks
from tests.reference import oracles
from tests.reference.tolerances import SCORE

REGISTERED = sorted(get_manager().registry.names("estimator"))

# `examples` is the same throughout, so that what takes time, compiling the statistic, is shared.
CONFIGURED = [
    LinearR2(multioutput="variance_weighted"),
    LinearR2(multioutput="raw_values"),
    DecodingR2(penalty=0.0),
    DecodingAccuracy(method="logistic", examples=256),
    CKA(debiased=True),
    CKA(kernel="rbf", debiased=True),
    RSA(rdm="euclidean", comparison="kendall", examples=20),
]


@parametrize_with_checks([*REGISTERED, *CONFIGURED])
def test_contract(estimator, check):
    check(estimator)


@pytest.mark.parametrize("name", REGISTERED)
def test_every_registered_estimator_has_an_oracle(name):
    assert name in oracles.BY_ESTIMATOR


def examples(*, units=5, columns=1, seed=0):
    generator = np.random.default_rng(seed)
    y = np.float32(generator.integers(0, 2, (2, 40, columns)))
    x = y @ generator.normal(size=(columns, units)) + generator.normal(size=(2, 40, units))
    return np.float32(x[0]), y[0], np.float32(x[1]), y[1]


OPTIONS = {
    LinearR2(multioutput="variance_weighted"): {"multioutput": "variance_weighted"},
    DecodingAccuracy(examples=256): {},
    CKA(debiased=True): {"debiased": True},
    CKA(kernel="rbf", bandwidth=0.5): {"kernel": "rbf", "bandwidth": 0.5},
    RSA(rdm="cosine", comparison="spearman"): {"rdm": "cosine", "comparison": "spearman"},
    **{resolve(name)[0]: {} for name in REGISTERED if name != "decoding_accuracy"},
}


@pytest.mark.parametrize("estimator", OPTIONS, ids=repr)
def test_against_its_oracle(estimator):
    data = examples()
    statistic = estimator.statistic
    state = jax.jit(state_of, static_argnums=0)
    fit, held_out = state(statistic, *data[:2]), state(statistic, *data[2:])
    compute = jax.jit(estimator.compute) if estimator.traceable else estimator.compute
    np.testing.assert_allclose(
        compute(fit, held_out)[estimator.name],
        oracles.BY_ESTIMATOR[estimator.name](*data, **OPTIONS[estimator]),
        atol=SCORE,
    )
