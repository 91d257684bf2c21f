"""The entrance to the checks of tasks."""

from collections.abc import Mapping
from typing import Any, Literal

from probekit.tasks import Task
from probekit.testing.conformance import CheckResult, run_checks
from probekit.testing.task_checks import Subject, checks_of


def check_task(
    task: Task | type[Task],
    *,
    on_fail: Literal["raise", "collect"] = "raise",
    expected_failures: Mapping[str, str] | None = None,
    **options: Any,
) -> list[CheckResult]:
    """Check a task against the contract that the built-in one keeps.

    Parameters
    ----------
    task : Task or class
    on_fail : {"raise", "collect"}
        Raise at the first check that fails, or run all and return the results.
    expected_failures : mapping, optional
        ``{name of a check: reason}``. Such a check must fail: one that passes is a failure.
    **options
        Settings of the task that make it small: it is run a few times, with two seeds and two
        epochs unless told otherwise.

    Returns
    -------
    list of CheckResult

    Raises
    ------
    ConformanceError
        If a check fails; the message names it and quotes what it demands.
    OptionError
        If `task` is none, or `expected_failures` names a check that does not apply.
    UnknownNameError
        If the task has no such option.

    Examples
    --------
    >>> from probekit.tasks.complexity import ReferenceComplexity
    >>> from probekit.testing import check_task
    >>> small = {"train_examples": 64, "fit_examples": 32, "test_examples": 32, "batch_size": 32}
    >>> results = check_task(ReferenceComplexity, hidden=(8,), **small)
    >>> {result.outcome for result in results}
    {'passed'}
    """
    subject = Subject.of(task, options)
    return run_checks(
        subject, checks_of(subject), on_fail=on_fail, expected_failures=expected_failures
    )
