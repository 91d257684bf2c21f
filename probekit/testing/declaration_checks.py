"""What an estimator says of itself: options, declarations, and scores that are as declared."""

import dataclasses
from collections.abc import Callable, Iterator
from typing import get_args

import numpy as np

from probekit.estimators import Estimator, Kind
from probekit.statistics import memory_of
from probekit.testing._asserting import assert_sound
from probekit.testing._harness import Scores, data_for, rebuilt, scores, status_of
from probekit.variables import Variable

INVARIANCES = ("translation", "scaling", "rotation", "embedding", "permutation", "linear")


def checks_of_declarations(estimator: Estimator) -> Iterator[Callable[[Estimator], None]]:
    """Yield the checks of what an estimator says of itself; they apply to all."""
    del estimator
    yield from (check_options, check_declarations, check_reports_what_it_declares)


def check_options(estimator: Estimator) -> None:
    """Have frozen and hashable options, and a repr that rebuilds an equal estimator."""
    assert estimator == rebuilt(estimator), f"{estimator!r} rebuilt is {rebuilt(estimator)!r}"
    assert hash(estimator) == hash(rebuilt(estimator)), "equal estimators have unequal hashes"
    try:
        setattr(estimator, "name", estimator.name)  # noqa: B010 (a frozen attribute, on purpose)
    except (dataclasses.FrozenInstanceError, AttributeError):
        return
    raise AssertionError("an option can be set; use @dataclass(frozen=True, kw_only=True)")


def check_declarations(estimator: Estimator) -> None:
    """Declare name, kind, variables, statistic and invariances as the protocol says."""
    assert estimator.name.isidentifier(), f"name {estimator.name!r} is no identifier"
    assert estimator.kind in get_args(Kind), f"kind {estimator.kind!r} is none of {get_args(Kind)}"
    names = [variable.name for variable in estimator.variables]
    assert names, "there are no variables"
    assert names[0] == estimator.name, f"the first variable is {names[0]!r}, not the name"
    assert len(set(names)) == len(names), f"two variables of one name: {names}"
    for variable in estimator.variables:
        assert isinstance(variable, Variable), f"{variable!r} is no Variable"
        low, high = variable.valid_range or (0, 1)
        assert low < high, f"valid_range {variable.valid_range} is empty"
    unknown = set(estimator.invariances) - set(INVARIANCES)
    assert not unknown, f"unknown invariances {sorted(unknown)}; there are {INVARIANCES}"
    for method in ("init", "update", "merge"):
        assert callable(getattr(estimator.statistic, method, None)), f"statistic has no {method}"
    memory = memory_of(estimator.statistic)
    assert memory in ("fixed", "capacity", "examples"), f"memory {memory!r} is none of the three"
    assert estimator.statistic == rebuilt(estimator).statistic, "the statistic is never the same"


def check_reports_what_it_declares(estimator: Estimator) -> None:
    """Report the declared variables, with their axes and within their ranges."""
    found = scores(estimator, data_for(estimator))
    declared = {variable.name for variable in estimator.variables}
    allowed = declared | {f"{name}_status" for name in declared}
    assert declared <= set(found), f"missing: {sorted(declared - set(found))}"
    assert set(found) <= allowed, f"not declared: {sorted(set(found) - allowed)}"
    for variable in estimator.variables:
        value = found[variable.name]
        assert value.dtype.kind == "f", f"{variable.name} has dtype {value.dtype}, not a float"
        assert value.ndim == len(variable.dims), f"{value.shape} for the axes {variable.dims}"
        assert np.isfinite(value).all(), f"{variable.name} is {value} on ordinary data"
    for name, status in status_of(estimator, found).items():
        assert status.dtype == np.int8, f"{name}_status has dtype {status.dtype}, not int8"
        assert status.shape == found[name].shape, f"{name}_status has shape {status.shape}"
    assert_sound(estimator, found)
    _assert_labels_fit(estimator, found)


def _assert_labels_fit(estimator: Estimator, found: Scores) -> None:
    names = ("first", "second")[: 1 + estimator.joint]
    sizes = {
        dim: size
        for variable in estimator.variables
        for dim, size in zip(variable.dims, found[variable.name].shape, strict=True)
    }
    for axis, labels in estimator.labels(names).items():
        assert axis in sizes, f"labels of the axis {axis!r}; the variables have {[*sizes]}"
        assert len(labels) == sizes[axis], f"{len(labels)} labels for {sizes[axis]} of {axis!r}"
        assert len({*labels}) == len(labels), f"labels of {axis!r} are there twice: {labels}"
