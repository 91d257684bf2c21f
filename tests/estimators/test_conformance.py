"""Every registered estimator keeps the contract."""

import pytest

from probekit.estimators import resolve
from probekit.plugins import get_manager
from probekit.testing import (
    column_checks,
    copy_checks,
    declaration_checks,
    estimator_checks,
    invariance_checks,
    parametrize_with_checks,
    split_checks,
)
from tests.estimators.against_oracle import assert_as_its_oracle
from tests.reference import oracles

REGISTERED = sorted(get_manager().registry.names("estimator"))

# What is compiled for most checks: these need another program for each estimator, and are left to
# CI, but for estimators of one statistic each.
CORE = {
    "check_options",
    "check_declarations",
    "check_reports_what_it_declares",
    "check_weight_zero",
}
OTHERS = {"check_pairing"} | {
    name
    for module in (
        declaration_checks,
        estimator_checks,
        invariance_checks,
        copy_checks,
        split_checks,
        column_checks,
    )
    for name in vars(module)
    if name.startswith("check_")
} - CORE
OF_OUTPUTS = ["disagreement", "jensen_shannon_divergence"]
MANY_SECONDS = {"geometry_score", "unit_split_rsa", "variational_codelength"}
EXEMPLARY = ["linear_r2", "cka", "rsa", "total_variance", "condition_rdm"]


@parametrize_with_checks(EXEMPLARY, marks={"check_jit": pytest.mark.slow})
def test_contract(estimator, check):
    check(estimator)


@parametrize_with_checks(
    sorted(set(REGISTERED) - {*EXEMPLARY, "ensd", *OF_OUTPUTS}),
    marks=dict.fromkeys(OTHERS, pytest.mark.slow),
)
def test_contract_of_all(estimator, check):
    check(estimator)


@parametrize_with_checks(
    ["ensd"],
    marks=dict.fromkeys(OTHERS, pytest.mark.slow),
    expected_failures={"check_itself": "with itself it is the participation ratio, of no end"},
)
def test_contract_of_one_without_an_end(estimator, check):
    check(estimator)


@parametrize_with_checks(
    OF_OUTPUTS,
    marks=dict.fromkeys(OTHERS, pytest.mark.slow),
    expected_failures={
        "check_constant_representation": "a model that always predicts the same predicts"
    },
)
def test_contract_of_outputs(estimator, check):
    check(estimator)


@pytest.mark.parametrize("name", REGISTERED)
def test_every_registered_estimator_has_an_oracle(name):
    assert name in oracles.BY_ESTIMATOR


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.slow] if name in MANY_SECONDS else [])
        for name in REGISTERED
    ],
)
def test_against_its_oracle(name):
    """Beside the contract, so that what is compiled for it serves here."""
    assert_as_its_oracle(*resolve(name))
