"""The contracts of probekit as programs, for authors of plugins and for its own tests.

`check_estimator` runs every check that applies to an estimator, `check_extractor` to an extractor,
`check_task` to a task and `check_plugin` to a whole plugin; `parametrize_with_checks` makes pytest
items of those of estimators. `assert_represented`, `assert_similar` and `assert_unchanged` say in a
test what a model represents; the fixtures that go with them are in `probekit.pytest_plugin`.
`probekit.testing.strategies` holds hypothesis strategies for the data that is hard on numerical
code. pytest and hypothesis are imported only where they are used, and so are jax and xarray: a test
file that imports an assertion is collected fast.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from probekit.testing.assertions import assert_represented as assert_represented
    from probekit.testing.assertions import assert_similar as assert_similar
    from probekit.testing.assertions import assert_unchanged as assert_unchanged
    from probekit.testing.conformance import CheckResult as CheckResult
    from probekit.testing.conformance import ConformanceError as ConformanceError
    from probekit.testing.estimators import check_estimator as check_estimator
    from probekit.testing.estimators import parametrize_with_checks as parametrize_with_checks
    from probekit.testing.extractors import check_extractor as check_extractor
    from probekit.testing.plugins import check_plugin as check_plugin
    from probekit.testing.tasks import check_task as check_task

_MODULE_OF = {
    "CheckResult": "conformance",
    "ConformanceError": "conformance",
    "assert_represented": "assertions",
    "assert_similar": "assertions",
    "assert_unchanged": "assertions",
    "check_estimator": "estimators",
    "check_extractor": "extractors",
    "check_plugin": "plugins",
    "check_task": "tasks",
    "parametrize_with_checks": "estimators",
}

__all__ = [
    "CheckResult",
    "ConformanceError",
    "assert_represented",
    "assert_similar",
    "assert_unchanged",
    "check_estimator",
    "check_extractor",
    "check_plugin",
    "check_task",
    "parametrize_with_checks",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = importlib.import_module(f"{__name__}.{_MODULE_OF[name]}")
    value = globals()[name] = getattr(module, name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
