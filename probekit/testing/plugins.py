"""The entrance to the checks of plugins."""

from collections.abc import Mapping
from typing import Literal

from probekit.testing.conformance import CheckResult, run_checks
from probekit.testing.plugin_checks import Subject, checks_of


def check_plugin(
    plugin: object,
    *,
    on_fail: Literal["raise", "collect"] = "raise",
    expected_failures: Mapping[str, str] | None = None,
) -> list[CheckResult]:
    """Check a plugin as a whole: its hooks, what it registers, and that it does no harm to a run.

    What it registers has checks of its own: `check_estimator`, `check_extractor`, `check_task`.

    Parameters
    ----------
    plugin : module or object
        With hook implementations; not one that is active already.
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
        If `expected_failures` names a check that does not apply.

    Examples
    --------
    >>> import probekit
    >>> from probekit.testing import check_plugin
    >>> class Plugin:
    ...     @probekit.hookimpl
    ...     def probekit_register(self, registry):
    ...         registry.estimator("mean_r2", "probekit.estimators:LinearR2", summary="Mine.")
    >>> {result.outcome for result in check_plugin(Plugin())}
    {'passed'}
    """
    subject = Subject.of(plugin)
    return run_checks(
        subject, checks_of(subject), on_fail=on_fail, expected_failures=expected_failures
    )
