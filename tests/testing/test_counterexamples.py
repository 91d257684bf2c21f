"""Every check of estimators finds an estimator that breaks its law, and nothing in a sound one."""

import pytest

from probekit.testing import (
    check_estimator,
    column_checks,
    copy_checks,
    declaration_checks,
    estimator_checks,
    invariance_checks,
    split_checks,
    state_checks,
)
from probekit.variables import Variable
from tests.testing.broken import (
    BROKEN,
    Alike,
    Declaring,
    Demanding,
    EquallyNarrow,
    Explained,
    Listed,
    NotInARow,
    OfBatches,
    OfLargestWeight,
    OfVolume,
    OfWholeWeights,
    Reworded,
    Variance,
)

CHECKS = {
    name: check
    for module in (
        declaration_checks,
        estimator_checks,
        invariance_checks,
        split_checks,
        column_checks,
        copy_checks,
        state_checks,
    )
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


@pytest.mark.slow
@pytest.mark.parametrize("estimator", [Variance(), Alike(), Explained()], ids=repr)
def test_what_the_broken_are_made_of_is_sound(estimator):
    assert {result.outcome for result in check_estimator(estimator)} == {"passed"}


@pytest.mark.parametrize(
    ("estimator", "check", "message"),
    [
        (Variance(broken="name"), "check_reports_what_it_declares", r"missing: \['variance'\]"),
        (Variance(broken="axes"), "check_reports_what_it_declares", r"\(1,\) for the axes \(\)"),
        (Variance(broken="labels"), "check_reports_what_it_declares", "labels of the axis 'unit'"),
        (Alike(always=True), "check_itself", "another representation, too, scores 1"),
        (NotInARow(), "check_options", "the option 'power' is not keyword-only"),
        (Demanding(power=2.0), "check_options", "the option 'power' has no default"),
        (Reworded(), "check_options", "repr a variance is no expression that rebuilds it"),
        (Listed(which=[0]), "check_options", r"not hashable \(unhashable type: 'list'\)"),
        (Declaring(declared=[Variable("variance")]), "check_declarations", "are no tuple"),
        (Declaring(declared=(Variable("Variance"),)), "check_declarations", "not in lower case"),
        (
            Declaring(declared=(Variable("variance", ("layer",)),)),
            "check_declarations",
            r"\['layer'\] are axes of the library",
        ),
        (
            Declaring(declared=(Variable("variance", ("unit", "unit")),)),
            "check_declarations",
            "one is there twice",
        ),
        (
            Declaring(name="layer", declared=(Variable("layer"),)),
            "check_declarations",
            "'layer' is the name of an axis",
        ),
        (
            Declaring(declared=(Variable("variance"), Variable("other"))),
            "check_name",
            r"\['other', 'variance'\] under the name 'variance_2', too",
        ),
        (Variance(broken="half"), "check_reports_what_it_declares", "float16, not float32"),
        (Variance(broken="list"), "check_reports_what_it_declares", "compute returns a list"),
        (Variance(broken="warns"), "check_reports_what_it_declares", "it warns: UserWarning: hm"),
        (Variance(broken="status"), "check_few_examples", "variance_status is 9; a computed"),
        (Variance(broken="if"), "check_jit", "compute does not work under jit"),
        (OfBatches(), "check_batches", "instead of"),
        (OfWholeWeights(), "check_weights_are_copies", "instead of"),
        (OfLargestWeight(), "check_weights_are_copies", "instead of"),
        (OfVolume(), "check_linear_invariance", "instead of"),
        (EquallyNarrow(), "check_narrowed", "instead of"),
        (Explained(looks_at="fit"), "check_looks_at_held_out", "with NaN in held_out alone"),
        (Explained(exchanged=True), "check_encodes_from_fit", "fit and held_out exchanged?"),
    ],
)
def test_other_ways_to_break_a_law(estimator, check, message):
    with pytest.raises(AssertionError, match=message):
        CHECKS[check](estimator)
