"""What an estimator says of itself: options, declarations, and scores that are as declared."""

import dataclasses
import warnings
from collections.abc import Callable, Iterator
from typing import Any, get_args

import jax
import numpy as np

from probekit.estimators import Estimator, Kind
from probekit.history.schema import DIMS
from probekit.statistics import memory_of
from probekit.status import STATUS_SUFFIX
from probekit.testing import _harness
from probekit.testing._asserting import assert_sound
from probekit.testing._harness import Scores, data_for, rebuilt, scores, status_of
from probekit.variables import Variable

INVARIANCES = ("translation", "scaling", "rotation", "embedding", "permutation", "linear")


def checks_of_declarations(estimator: Estimator) -> Iterator[Callable[[Estimator], None]]:
    """Yield the checks of what an estimator says of itself; they apply to all."""
    del estimator
    yield from (check_options, check_declarations, check_reports_what_it_declares)
    yield from (check_name, check_adapted)


def check_options(estimator: Estimator) -> None:
    """Have frozen, hashable, keyword-only options with defaults, and a repr that rebuilds it."""
    try:
        again = rebuilt(estimator)
    except Exception as error:
        kind = type(error).__name__
        raise AssertionError(
            f"repr {estimator!r} is no expression that rebuilds it ({kind}: {error})"
        ) from None
    assert estimator == again, (
        f"{estimator!r} rebuilt is {again!r}, which is not equal (==); "
        "the repr tells all options, and @dataclass makes equal what has equal ones"
    )
    try:
        same = hash(estimator) == hash(again)
    except TypeError as error:
        raise AssertionError(f"it is not hashable ({error}); {_AS_DATACLASS}") from None
    assert same, "equal estimators have unequal hashes"
    for option in _options(estimator):
        assert option.kw_only, f"the option {option.name!r} is not keyword-only; {_AS_DATACLASS}"
        missing = dataclasses.MISSING
        has_default = (option.default, option.default_factory) != (missing, missing)
        assert has_default, f"the option {option.name!r} has no default"
    try:
        setattr(estimator, "name", estimator.name)  # noqa: B010 (a frozen attribute, on purpose)
    except (dataclasses.FrozenInstanceError, AttributeError):
        return
    raise AssertionError(f"an option can be set; {_AS_DATACLASS}")


def check_declarations(estimator: Estimator) -> None:
    """Declare name, kind, variables, statistic and invariances as the protocol says."""
    assert estimator.name.isidentifier(), f"name {estimator.name!r} is no identifier"
    assert estimator.kind in get_args(Kind), f"kind {estimator.kind!r} is none of {get_args(Kind)}"
    assert isinstance(estimator.variables, tuple), f"variables {estimator.variables!r} are no tuple"
    for variable in estimator.variables:
        assert isinstance(variable, Variable), f"{variable!r} is no Variable"
        _assert_fits_a_dataset(variable)
    names = [variable.name for variable in estimator.variables]
    assert names, "there are no variables"
    assert names[0] == estimator.name, f"the first variable is {names[0]!r}, not the name"
    assert len(set(names)) == len(names), f"two variables of one name: {names}"
    claimed = estimator.invariances
    assert isinstance(claimed, frozenset | set), f"invariances {claimed!r} are no frozenset"
    unknown = set(claimed) - set(INVARIANCES)
    assert not unknown, f"unknown invariances {sorted(unknown)}; there are {INVARIANCES}"
    for method in ("init", "update", "merge"):
        assert callable(getattr(estimator.statistic, method, None)), f"statistic has no {method}"
    memory = memory_of(estimator.statistic)
    assert memory in ("fixed", "capacity", "examples"), f"memory {memory!r} is none of the three"
    assert estimator.statistic == rebuilt(estimator).statistic, "the statistic is never the same"


def check_name(estimator: Estimator) -> None:
    """Report under the `name` that it is given, so that two configurations can be in one call."""
    assert "name" in [option.name for option in _options(estimator)], "`name` is no option"
    other = dataclasses.replace(estimator, name=f"{estimator.name}_2")  # type: ignore[type-var]
    both = {v.name for v in estimator.variables} & {v.name for v in other.variables}
    assert not both, f"{sorted(both)} under the name {other.name!r}, too"
    found = _harness.names_of(other, data_for(other))
    lacking = {variable.name for variable in other.variables} - found
    assert not lacking, f"as {other.name!r} it reports {sorted(found)}, and not {sorted(lacking)}"


def check_adapted(estimator: Estimator) -> None:
    """Report the same variables once it is `adapted` to features, and then stay what it is."""
    y = data_for(estimator).fit.y
    features = {name: y[:, [place]] for place, name in enumerate(_names(estimator))}
    adapted = estimator.adapted(features)
    assert type(adapted) is type(estimator), f"adapted it is {adapted!r}"
    names, others = ([v.name for v in each.variables] for each in (estimator, adapted))
    assert names == others, f"adapted it reports {others} instead of {names}"
    again = adapted.adapted(features)
    assert again == adapted, f"adapted it is {adapted!r}, and once more {again!r}"


def check_reports_what_it_declares(estimator: Estimator) -> None:
    """Report the declared variables, with their axes and within their ranges."""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        found = scores(estimator, data_for(estimator))
    said = [f"{warning.category.__name__}: {warning.message}" for warning in warned]
    assert not said, f"on ordinary data it warns: {said[0]}"
    declared = {variable.name for variable in estimator.variables}
    allowed = declared | {f"{name}{STATUS_SUFFIX}" for name in declared}
    assert declared <= set(found), f"missing: {sorted(declared - set(found))}"
    assert set(found) <= allowed, f"not declared: {sorted(set(found) - allowed)}"
    for variable in estimator.variables:
        value = found[variable.name]
        assert value.dtype in (np.float32, np.float64), (
            f"{variable.name} has dtype {value.dtype}, not float32 or float64"
        )
        assert value.ndim == len(variable.dims), f"{value.shape} for the axes {variable.dims}"
        assert np.isfinite(value).all(), (
            f"{variable.name} is {value} on ordinary data{_untouched(estimator)}"
        )
    for name, status in status_of(estimator, found).items():
        assert status.dtype == np.int8, f"{name}_status has dtype {status.dtype}, not int8"
        assert status.shape == found[name].shape, f"{name}_status has shape {status.shape}"
    assert_sound(estimator, found)
    _assert_labels_fit(estimator, found)


def _untouched(estimator: Estimator) -> str:
    """Say which parts of a state are as `init` made them, as where a merge forgets them."""
    rows = data_for(estimator).held_out
    states = (f(estimator.statistic, rows) for f in (_harness.empty, _harness.state))
    empty, seen = (jax.tree_util.tree_flatten_with_path(state)[0] for state in states)
    same = [
        jax.tree_util.keystr(path) or "all of it"
        for (path, leaf), (_, before) in zip(seen, empty, strict=True)
        if np.shape(leaf) == np.shape(before) and np.array_equal(leaf, before, equal_nan=True)
    ]
    told = f"; update and merge leave of the state as init made it: {', '.join(same)}"
    return told if same else ""


def _assert_labels_fit(estimator: Estimator, found: Scores) -> None:
    names = _names(estimator)
    sizes = {
        dim: size
        for variable in estimator.variables
        for dim, size in zip(variable.dims, found[variable.name].shape, strict=True)
    }
    for axis, labels in estimator.labels(names).items():
        assert axis in sizes, f"labels of the axis {axis!r}; the variables have {[*sizes]}"
        assert len(labels) == sizes[axis], f"{len(labels)} labels for {sizes[axis]} of {axis!r}"
        assert len({*labels}) == len(labels), f"labels of {axis!r} are there twice: {labels}"


_AS_DATACLASS = "use @dataclass(frozen=True, kw_only=True)"


def _options(estimator: Any) -> list["dataclasses.Field[Any]"]:
    """Return the fields that can be given."""
    assert dataclasses.is_dataclass(estimator), f"it is no dataclass; {_AS_DATACLASS}"
    return [option for option in dataclasses.fields(estimator) if option.init]


def _names(estimator: Estimator) -> tuple[str, ...]:
    """Return the names of the features of a check."""
    return ("first", "second")[: 1 + estimator.joint]


def _assert_fits_a_dataset(variable: Variable) -> None:
    name, dims = variable.name, variable.dims
    assert name == name.lower(), f"name {name!r} is not in lower case"
    assert name not in DIMS, f"{name!r} is the name of an axis; there are {DIMS}"
    assert isinstance(dims, tuple), f"dims {dims!r} of {name} are no tuple"
    taken = set(dims) & (set(DIMS) - {"feature"})
    assert not taken, f"dims {dims} of {name}: {sorted(taken)} are axes of the library, which lead"
    assert len({*dims}) == len(dims), f"dims {dims} of {name}: one is there twice"
    low, high = variable.valid_range or (0, 1)
    assert low < high, f"valid_range {variable.valid_range} is empty"
