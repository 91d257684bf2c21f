"""The entrance to the checks of extractors."""

from collections.abc import Mapping
from typing import Any, Literal

from probekit.errors import OptionError, ShapeError
from probekit.extractors import Extractor
from probekit.testing.conformance import CheckResult, run_checks
from probekit.testing.extractor_checks import Subject, checks_of


def check_extractor(
    extractor: Extractor,
    inputs: Any = None,
    *,
    another: Extractor | None = None,
    on_fail: Literal["raise", "collect"] = "raise",
    expected_failures: Mapping[str, str] | None = None,
) -> list[CheckResult]:
    """Check an extractor against the contract that the built-in ones keep.

    Parameters
    ----------
    extractor : Extractor
    inputs : pytree of array (example, …)
        At least 4 examples that the model takes; None where the extractor holds them itself.
    another : Extractor, optional
        One of the same model with other parameters: it is checked that nothing is compiled anew.
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
        If `extractor` is none, or `expected_failures` names a check that does not apply.
    ShapeError
        If there are fewer than 4 examples.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.extractors import function
    >>> from probekit.testing import check_extractor
    >>> results = check_extractor(function(lambda x: {"double": 2 * x}), np.ones((4, 3)))
    >>> {result.outcome for result in results}
    {'passed'}
    """
    for name in ("layers", "__call__", "traceable", "indexed"):
        if not hasattr(extractor, name):
            raise OptionError(
                f"extractor: a {type(extractor).__name__} without {name!r}; give an extractor, "
                "as probekit.extractors.Extractor describes it."
            )
    subject = Subject.of(extractor, inputs, another)
    if subject.examples < 4:
        raise ShapeError(f"inputs: {subject.examples} examples; at least 4 are needed.")
    return run_checks(
        subject, checks_of(subject), on_fail=on_fail, expected_failures=expected_failures
    )
