"""Every check of estimators finds an estimator that breaks its law, and nothing in a sound one."""

import pytest

from probekit.testing import (
    check_estimator,
    copy_checks,
    declaration_checks,
    estimator_checks,
    state_checks,
)
from tests.testing.broken import BROKEN, Alike, Variance

CHECKS = {
    name: check
    for module in (declaration_checks, estimator_checks, copy_checks, state_checks)
    for name, check in vars(module).items()
    if name.startswith("check_")
}


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_every_check_finds_what_it_is_for(name):
    assert name in BROKEN, "write an estimator that it finds, in broken.py"
    estimator, message = BROKEN[name]
    applied = {check.__name__ for check in estimator_checks.checks_of(estimator)}
    assert name in applied, f"what {estimator!r} declares does not call for it"
    with pytest.raises(AssertionError, match=message):
        CHECKS[name](estimator)


def test_every_counterexample_is_of_a_check():
    assert set(BROKEN) == set(CHECKS)


@pytest.mark.parametrize("estimator", [Variance(), Alike()], ids=repr)
def test_what_the_broken_are_made_of_is_sound(estimator):
    assert {result.outcome for result in check_estimator(estimator)} == {"passed"}


@pytest.mark.parametrize(
    ("estimator", "check", "message"),
    [
        (Variance(broken="name"), "check_reports_what_it_declares", r"missing: \['variance'\]"),
        (Variance(broken="axes"), "check_reports_what_it_declares", r"\(1,\) for the axes \(\)"),
        (Variance(broken="labels"), "check_reports_what_it_declares", "labels of the axis 'unit'"),
        (Alike(always=True), "check_itself", "another representation, too, scores 1"),
    ],
)
def test_other_ways_to_break_a_law(estimator, check, message):
    with pytest.raises(AssertionError, match=message):
        CHECKS[check](estimator)
