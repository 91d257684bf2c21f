"""Running checks: one call for all, or one pytest item for each."""

import functools
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Literal, NamedTuple

from probekit._checks import check_choice
from probekit.errors import OptionError, ProbekitError, suggestion

Check = Callable[[Any], None]


class ConformanceError(ProbekitError, AssertionError):
    """Something breaks the contract; the message names the check and quotes what it demands."""


class CheckResult(NamedTuple):
    """Outcome of one check.

    Attributes
    ----------
    check : str
        Name of the check.
    outcome : str
        ``"passed"``, ``"failed"`` or ``"expected"`` (failed as expected).
    message : str
        Why it failed, or the reason that was given beforehand.
    """

    check: str
    outcome: Literal["passed", "failed", "expected"]
    message: str = ""


def run_checks(
    subject: Any,
    checks: Iterable[Check],
    *,
    on_fail: Literal["raise", "collect"] = "raise",
    expected_failures: Mapping[str, str] | None = None,
) -> list[CheckResult]:
    """Run the checks and report; see `probekit.testing.check_estimator`."""
    check_choice("on_fail", on_fail, ("raise", "collect"))
    checks = list(checks)
    names = [check.__name__ for check in checks]
    expected = reasons_of(expected_failures, names, f"no check of {subject!r}")
    results = []
    for check in checks:
        result = _result(subject, check, expected.get(check.__name__))
        if result.outcome == "failed" and on_fail == "raise":
            raise ConformanceError(result.message)
        results.append(result)
    return results


def reasons_of(expected_failures: Any, names: Collection[str], unknown: str) -> dict[str, str]:
    """Return the failures that are expected with why.

    Raises `OptionError` if one is not among the `names` of checks, which is `unknown`, or has no
    reason.
    """
    if not isinstance(expected_failures, Mapping | None):
        given = type(expected_failures).__name__
        raise OptionError(f"expected_failures: a {given}; give {{name of a check: reason}}.")
    expected = dict(expected_failures or {})
    for name, reason in expected.items():
        if name not in names:
            raise OptionError(f"expected_failures: {name!r} is {unknown}{suggestion(name, names)}")
        if not isinstance(reason, str) or not reason.strip():
            raise OptionError(f"expected_failures[{name!r}]={reason!r}: say why it must fail.")
    return expected


def _result(subject: Any, check: Check, expected: str | None) -> CheckResult:
    name = check.__name__
    try:
        check(subject)
    except Exception as error:
        if expected is not None:
            return CheckResult(name, "expected", expected)
        return CheckResult(name, "failed", message_of(subject, check, error))
    if expected is not None:
        return CheckResult(
            name, "failed", f"{subject!r}: {name} passes, but was expected to fail: {expected}"
        )
    return CheckResult(name, "passed")


def told_by(check: Check) -> Check:
    """Return a check that says, if it fails in a test of its own, what `check_estimator` would."""

    @functools.wraps(check)
    def run(subject: Any) -> None:
        __tracebackhide__ = True
        try:
            check(subject)
        except Exception as error:
            raise ConformanceError(message_of(subject, check, error)) from error

    return run


def message_of(subject: Any, check: Check, error: Exception) -> str:
    """Say in one paragraph what was checked, what it demands, and what came instead."""
    contract = (check.__doc__ or "").strip().splitlines()[0]
    kind = "" if isinstance(error, AssertionError) else f"{type(error).__name__}: "
    # What pytest, which rewrites asserts, adds to a message is no part of it.
    found = " ".join(str(error).partition("\nassert ")[0].split())
    return f"{subject!r}: {check.__name__}: {contract} Found: {kind}{found}"
