"""The entrance to the checks of estimators."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from probekit.estimators import Estimator, resolve
from probekit.testing.conformance import Check, CheckResult, reasons_of, run_checks, told_by
from probekit.testing.estimator_checks import checks_of


def check_estimator(
    estimator: Any,
    *,
    on_fail: Literal["raise", "collect"] = "raise",
    expected_failures: Mapping[str, str] | None = None,
) -> list[CheckResult]:
    """Check an estimator against the contract that the built-in ones keep.

    Parameters
    ----------
    estimator : Estimator, type or str
        An instance, as options matter; a class or a registered name stands for its defaults.
    on_fail : {"raise", "collect"}
        Raise at the first check that fails, or run all and return the results.
    expected_failures : mapping, optional
        ``{name of a check: reason}``. Such a check must fail: one that passes is a failure.

    Returns
    -------
    list of CheckResult

    Raises
    ------
    ConformanceError
        If a check fails; the message names it and quotes what it demands.
    OptionError
        If `expected_failures` names a check that does not apply, or gives no reason.

    Examples
    --------
    >>> from probekit.estimators import TotalVariance
    >>> from probekit.testing import check_estimator
    >>> {result.outcome for result in check_estimator(TotalVariance())}
    {'passed'}
    """
    (subject,) = resolve(estimator)
    return run_checks(
        subject, checks_of(subject), on_fail=on_fail, expected_failures=expected_failures
    )


def parametrize_with_checks(
    estimators: Iterable[Any],
    *,
    expected_failures: Mapping[str, str] | None = None,
    marks: Mapping[str, Any] | None = None,
) -> Any:
    """Return a pytest decorator that makes one test of each check of each estimator.

    Parameters
    ----------
    estimators : iterable of Estimator, type or str
    expected_failures : mapping, optional
        ``{name of a check: reason}``, for every estimator to which the check applies.
    marks : mapping, optional
        ``{name of a check: pytest mark}``, such as ``{"check_jit": pytest.mark.slow}``.

    Returns
    -------
    decorator
        For a function of ``estimator`` and ``check``.

    Raises
    ------
    OptionError
        If a failure is expected of a check that applies to none of them, or without a reason.

    Examples
    --------
    >>> from probekit.estimators import TotalVariance
    >>> from probekit.testing import parametrize_with_checks
    >>> @parametrize_with_checks([TotalVariance()])
    ... def test_total_variance(estimator, check):
    ...     check(estimator)
    """
    import pytest

    def parameter(subject: Estimator, check: Check) -> Any:
        name = check.__name__
        found = [marks[name]] if marks and name in marks else []
        if name in expected:
            found.append(pytest.mark.xfail(reason=expected[name], strict=True))
        return pytest.param(subject, told_by(check), id=f"{subject!r}-{name}", marks=found)

    subjects = [resolve(estimator)[0] for estimator in estimators]
    both = [(subject, check) for subject in subjects for check in checks_of(subject)]
    names = sorted({check.__name__ for _, check in both})
    expected = reasons_of(expected_failures, names, "a check of none of the estimators")
    parameters = [parameter(subject, check) for subject, check in both]
    return pytest.mark.parametrize(("estimator", "check"), parameters)
