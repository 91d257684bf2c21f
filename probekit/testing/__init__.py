"""The contracts of probekit as programs, for authors of plugins and for its own tests.

`check_estimator` runs every check that applies to an estimator, `check_extractor` to an extractor;
`parametrize_with_checks` makes pytest items of those of estimators. `probekit.testing.strategies`
holds hypothesis strategies for the data that is hard on numerical code. pytest and hypothesis are
imported only where they are used.
"""

from probekit.testing.conformance import CheckResult, ConformanceError
from probekit.testing.estimators import check_estimator, parametrize_with_checks
from probekit.testing.extractors import check_extractor

__all__ = [
    "CheckResult",
    "ConformanceError",
    "check_estimator",
    "check_extractor",
    "parametrize_with_checks",
]
