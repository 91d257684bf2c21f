"""The conformance suite finds what it is for: estimators that break one law each."""

import dataclasses

import jax.numpy as jnp
import pytest

from probekit.errors import OptionError
from probekit.estimators import Estimator, LinearR2, TotalVariance
from probekit.statistics import Moments, Statistic
from probekit.testing import ConformanceError, check_estimator, parametrize_with_checks
from probekit.testing.estimator_checks import checks_of
from probekit.variables import Variable

CHECKS = {check.__name__: check for check in checks_of(TotalVariance())}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sums(Statistic):
    """Count, sum and sum of squares: simple, and wrong far from the origin."""

    def init(self, x, y):
        return jnp.zeros(()), jnp.zeros(x.shape[1]), jnp.zeros(x.shape[1])

    def update(self, state, x, y, *, weight, index):
        x = jnp.where((weight > 0)[:, None], x.astype(jnp.float32), 0) * weight[:, None]
        return self.merge(state, (weight.sum(), x.sum(axis=0), (x * x).sum(axis=0)))

    def merge(self, a, b):
        return tuple(first + second for first, second in zip(a, b, strict=True))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Variance(Estimator):
    """The mean variance of a unit; the options break one law each."""

    name: str = "variance"
    broken: str = ""
    kind = "geometry"

    @property
    def invariances(self):
        return frozenset({"scaling"} if self.broken == "invariance" else {"translation"})

    @property
    def variables(self):
        low = 1e6 if self.broken == "range" else 0
        return (Variable(self.name, valid_range=(low, float("inf"))),)

    @property
    def statistic(self):
        return {
            "offset": Sums(),
            "weights": Unweighted(),
            "identity": Drifting(),
            "index": FirstExample(),
        }.get(self.broken, Moments(xx="diagonal", xy=False, yy="none"))

    def compute(self, fit, held_out):
        if self.broken == "offset":
            count, total, squares = held_out
            value = (squares / count - (total / count) ** 2).mean()
        elif self.broken == "index":
            value = held_out[1].mean()
        else:
            value = held_out.x_squares.mean() / held_out.count
        if self.broken == "nan":
            value = jnp.nan_to_num(value)
        if self.broken == "name":
            return {"varians": value}
        if self.broken == "axes":
            return {self.name: value[None]}
        return {self.name: value}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Unweighted(Moments):
    """Moments that see the absent."""

    xx: str = "diagonal"
    xy: bool = False
    yy: str = "none"

    def update(self, state, x, y, *, weight, index):
        return super().update(state, x, y, weight=jnp.ones_like(weight), index=index)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Drifting(Unweighted):
    """Moments of which merging makes something more each time."""

    def update(self, state, x, y, *, weight, index):
        return Moments.update(self, state, x, y, weight=weight, index=index)

    def merge(self, a, b):
        merged = super().merge(a, b)
        return dataclasses.replace(merged, xx=merged.xx * 1.1)


@dataclasses.dataclass(frozen=True, kw_only=True)
class FirstExample(Sums):
    """Remembers whatever came last in the batch."""

    def update(self, state, x, y, *, weight, index):
        return state[0] + weight.sum(), x[-1].astype(jnp.float32), state[2]


@pytest.mark.parametrize(
    ("broken", "check", "message"),
    [
        ("", None, ""),
        ("name", "check_reports_what_it_declares", r"missing: \['variance'\]"),
        ("axes", "check_reports_what_it_declares", r"\(1,\) for the axes \(\)"),
        ("range", "check_reports_what_it_declares", r"its range is 1000000"),
        ("offset", "check_large_offset", r"variance is .* instead of"),
        ("weights", "check_weight_zero", r"variance is .* instead of"),
        ("identity", "check_identity", r"variance is .* instead of"),
        ("identity", "check_batches", r"variance is .* instead of"),
        ("index", "check_order", r"variance is .* instead of"),
        ("nan", "check_not_finite", r"x with nan: variance is 0"),
        ("invariance", "check_scaling_invariance", r"variance is .* instead of"),
    ],
)
def test_a_broken_law_is_found_and_named(broken, check, message):
    estimator = Variance(broken=broken)
    if check is None:
        assert {result.outcome for result in check_estimator(estimator)} == {"passed"}
        return
    only = [one for one in checks_of(estimator) if one.__name__ == check]
    with pytest.raises(AssertionError, match=message):
        only[0](estimator)


class Thawed(Variance):
    """Neither frozen options nor a repr that rebuilds it."""

    __setattr__ = object.__setattr__


def test_options_that_can_be_set_are_found():
    with pytest.raises(AssertionError, match=r"an option can be set; use @dataclass\(frozen=True"):
        CHECKS["check_options"](Thawed())


def test_the_first_failure_raises_with_the_law_in_words():
    with pytest.raises(
        ConformanceError,
        match=r"Variance\(.*\): check_reports_what_it_declares: Report the declared variables, "
        r"with their axes and within their ranges\. Found: missing",
    ):
        check_estimator(Variance(broken="name"))


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


def test_an_expected_failure_that_passes_is_a_failure():
    with pytest.raises(ConformanceError, match=r"check_order passes, but was expected to fail: no"):
        check_estimator(Variance(), expected_failures={"check_order": "no"})


def test_an_expected_failure_must_be_a_check():
    with pytest.raises(OptionError, match=r"'check_ordr' is no check .*did you mean 'check_order'"):
        check_estimator(Variance(), expected_failures={"check_ordr": "a slip"})


def test_on_fail_must_be_a_choice():
    with pytest.raises(OptionError, match=r"on_fail='warn': not a choice"):
        check_estimator(Variance(), on_fail="warn")


def test_pytest_items_have_readable_ids_and_strict_expectations():
    mark = parametrize_with_checks([LinearR2()], expected_failures={"check_jit": "a reason"})
    parameters = mark.args[1]
    assert (
        parameters[0].id
        == "LinearR2(multioutput='uniform_average', name='linear_r2')-check_options"
    )
    (expected,) = [p for p in parameters if p.values[1].__name__ == "check_jit"]
    assert expected.marks[0].kwargs == {"reason": "a reason", "strict": True}


def test_which_checks_apply_follows_from_declarations():
    names = {check.__name__ for check in checks_of(LinearR2(multioutput="variance_weighted"))}
    assert "check_rotation_invariance" in names
    assert "check_symmetry" not in names
    assert "check_rotation_invariance" not in {check.__name__ for check in checks_of(LinearR2())}
