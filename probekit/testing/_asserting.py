"""What checks of estimators assert of scores."""

import numpy as np

from probekit.estimators import Estimator
from probekit.status import Status
from probekit.testing import _harness
from probekit.testing._harness import TOLERANCE, Scores

_CODES = tuple(int(code) for code in Status if code is not Status.NOT_RECORDED)


def assert_same(found: Scores, wanted: Scores, *, tolerance: float = TOLERANCE) -> None:
    """Assert that all variables are the same to within rounding."""
    assert set(found) == set(wanted), f"variables {sorted(found)} instead of {sorted(wanted)}"
    for name, value in found.items():
        close = np.allclose(
            value.astype(float), wanted[name].astype(float), tolerance, tolerance, equal_nan=True
        )
        assert close, f"{name} is {value} instead of {wanted[name]}"


def assert_sound(estimator: Estimator, found: Scores) -> None:
    """Assert that each score lies in its range, or is NaN and its status, if any, says why."""
    status = _harness.status_of(estimator, found)
    for variable in estimator.variables:
        value = found[variable.name]
        undefined = np.isnan(value)
        if variable.valid_range is not None:
            low, high = variable.valid_range
            inside = undefined | ((value >= low) & (value <= high))
            assert inside.all(), f"{variable.name} is {value}; its range is {low} to {high}"
        if variable.name in status:
            codes = status[variable.name]
            silent = undefined & (codes == Status.OK)
            assert not silent.any(), f"{variable.name} is NaN, but its status is 0 (ok)"
            known = np.isin(codes, _CODES)
            assert known.all(), f"{variable.name}_status is {codes}; a computed score has {_CODES}"
