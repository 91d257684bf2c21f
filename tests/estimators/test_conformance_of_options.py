"""With other options than the usual ones, estimators keep the contract, too."""

import pytest

from probekit.estimators import JensenShannonDivergence
from probekit.testing import parametrize_with_checks
from tests.estimators.against_oracle import assert_as_its_oracle
from tests.estimators.configured import CONFIGURED


@pytest.mark.slow
@parametrize_with_checks(
    [JensenShannonDivergence(distance=True)],
    expected_failures={
        "check_constant_representation": "a model that always predicts the same predicts"
    },
)
def test_contract_of_a_distance_of_outputs(estimator, check):
    check(estimator)


# Compiling one operation after the other takes a third of the time, and says little about options.
ONCE = {"check_jit": pytest.mark.skip(reason="checked with the usual options")}


@pytest.mark.slow
@parametrize_with_checks(CONFIGURED, marks=ONCE)
def test_contract_with_other_options(estimator, check):
    check(estimator)


@pytest.mark.slow
@pytest.mark.parametrize("estimator", CONFIGURED, ids=repr)
def test_against_its_oracle(estimator):
    assert_as_its_oracle(estimator)
