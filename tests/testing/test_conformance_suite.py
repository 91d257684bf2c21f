"""The conformance suite finds what it is for: estimators that break one law each."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest

import probekit
from probekit.errors import OptionError
from probekit.estimators import Estimator, LinearR2
from probekit.testing import ConformanceError, check_estimator, parametrize_with_checks
from probekit.testing.estimator_checks import checks_of
from probekit.variables import Variable
from tests.testing.broken import Forgetful, Remembering, Variance


def test_the_first_failure_raises_with_the_law_in_words():
    with pytest.raises(
        ConformanceError,
        match=r"Variance\(.*\): check_reports_what_it_declares: Report the declared variables, "
        r"with their axes and within their ranges\. Found: missing",
    ):
        check_estimator(Variance(broken="name"))


@pytest.mark.slow
def test_all_failures_can_be_collected():
    results = check_estimator(Variance(broken="nan"), on_fail="collect")
    failed = {result.check for result in results if result.outcome == "failed"}
    assert "check_not_finite" in failed
    assert {"check_batches", "check_identity"} & failed == set()


def test_a_failure_can_be_expected_with_a_reason():
    expected = {"check_not_finite": "zero is what we want", "check_few_examples": "the same"}
    results = check_estimator(Variance(broken="nan"), on_fail="collect", expected_failures=expected)
    outcome = {result.check: (result.outcome, result.message) for result in results}
    assert outcome["check_not_finite"] == ("expected", "zero is what we want")


@pytest.mark.parametrize(
    ("of_first", "message"),
    [(False, "check_identity: "), (True, r"merge leave of the state as init made it: .*\.count")],
)
def test_a_merge_that_forgets_is_named_though_updates_merge_too(of_first, message):
    with pytest.raises(ConformanceError, match=message):
        check_estimator(Remembering(statistic=Forgetful(of_first=of_first)))


def test_an_expected_failure_that_passes_is_a_failure():
    with pytest.raises(ConformanceError, match=r"check_order passes, but was expected to fail: no"):
        check_estimator(Variance(), expected_failures={"check_order": "no"})


def test_an_expected_failure_must_be_a_check():
    with pytest.raises(OptionError, match=r"'check_ordr' is no check .*did you mean 'check_order'"):
        check_estimator(Variance(), expected_failures={"check_ordr": "a slip"})


@dataclasses.dataclass(frozen=True, kw_only=True)
class Level(Estimator):
    """Mean magnitude; with four functions of its own and nothing else of a statistic."""

    name: str = "level"
    kind = "geometry"
    invariances = frozenset({"permutation"})

    @property
    def variables(self):
        return (Variable(self.name),)

    @property
    def statistic(self):
        return self

    def init(self, x, y):
        return jnp.zeros(2)

    def update(self, state, x, y, *, weight, index):
        x = jnp.abs(jnp.where(weight[:, None] > 0, x.astype(jnp.float32), 0)).mean(axis=1)
        return state + jnp.stack([weight.sum(), (weight * x).sum()])

    def merge(self, a, b):
        return a + b

    def compute(self, fit, held_out):
        count, total = held_out
        return {self.name: jnp.where(jnp.isfinite(total) & (count > 0), total / count, jnp.nan)}


def test_four_functions_are_enough():
    assert all(result.outcome == "passed" for result in check_estimator(Level()))
    x = np.float32([[1, -3], [2, 2], [-4, 0]])
    estimators = [Level(), Level(name="again"), LinearR2()]
    layers = probekit.extractors.arrays({"a": x})
    ds = probekit.probe(layers, None, {"y": x[:, 0]}, estimators=estimators)
    assert ds.level.item() == ds.again.item() == 2


def test_on_fail_must_be_a_choice():
    with pytest.raises(OptionError, match=r"on_fail='warn': not a choice"):
        check_estimator(Variance(), on_fail="warn")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Infinite(Level):
    """Passes infinity on."""

    name: str = "infinite"

    def compute(self, fit, held_out):
        count, total = held_out
        return {self.name: jnp.where(count > 0, total / count, jnp.nan)}


def test_pytest_items_have_readable_ids_and_strict_expectations():
    mark = parametrize_with_checks([LinearR2()], expected_failures={"check_jit": "a reason"})
    parameters = mark.args[1]
    assert (
        parameters[0].id
        == "LinearR2(multioutput='uniform_average', name='linear_r2')-check_options"
    )
    (expected,) = [p for p in parameters if p.values[1].__name__ == "check_jit"]
    assert expected.marks[0].kwargs == {"reason": "a reason", "strict": True}


def test_an_item_that_fails_says_what_is_demanded():
    """And nothing of what pytest adds to a message where it rewrites asserts."""
    parameters = parametrize_with_checks([Infinite()]).args[1]
    (check,) = [p.values[1] for p in parameters if p.values[1].__name__ == "check_not_finite"]
    with pytest.raises(ConformanceError) as caught:
        check(Infinite())
    said = str(caught.value)
    assert said.startswith(f"{Infinite()!r}: check_not_finite: ")
    assert check.__doc__.splitlines()[0] in said
    assert said.endswith("Found: x with inf: infinite is inf")


def test_which_checks_apply_follows_from_declarations():
    names = {check.__name__ for check in checks_of(LinearR2(multioutput="variance_weighted"))}
    assert "check_rotation_invariance" in names
    assert "check_symmetry" not in names
    assert "check_rotation_invariance" not in {check.__name__ for check in checks_of(LinearR2())}


@pytest.mark.parametrize(
    ("expected", "message"),
    [
        ({"check_ordr": "a slip"}, "'check_ordr' is a check of none .*did you mean 'check_order'"),
        ({"check_order": " "}, r"expected_failures\['check_order'\]=' ': say why it must fail"),
        (["check_order"], "expected_failures: a list; give {name of a check: reason}"),
    ],
)
def test_what_is_expected_of_items_must_be_a_check_with_a_reason(expected, message):
    with pytest.raises(OptionError, match=message):
        parametrize_with_checks([Variance()], expected_failures=expected)


def test_variables_that_are_none_are_told_at_once():
    class OfTexts(Variance):
        @property
        def variables(self):
            return ("variance",)

    with pytest.raises(OptionError, match=r"declares the variable 'variance'; give a tuple of"):
        check_estimator(OfTexts())
