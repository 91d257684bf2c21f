"""From what a user names to estimators."""

import dataclasses
import itertools
from collections.abc import Iterable, Mapping
from typing import Any

from probekit._checks import check_flag
from probekit.errors import OptionError
from probekit.estimators._protocol import Estimator
from probekit.status import STATUS_SUFFIX
from probekit.variables import TOLD_OF_SCORES, Variable

_OWN = ("name", "kind", "variables", "statistic", "compute")
_AXES = (
    *("seed", "epoch", "step", "split", "layer", "layer_a", "layer_b"),
    *("feature", "probe_set", "example", "unit"),
)
"""What the axes of a history are called, and hence no variable of it."""

_INHERITED = ("joint", "traceable", "distinct", "adapted", "labels", "pairing")


def resolve(estimators: str | Estimator | Iterable[Any]) -> tuple[Estimator, ...]:
    """Return estimators for registered names, classes and instances.

    Parameters
    ----------
    estimators : str, estimator, or iterable of these
        A name or a class stands for an instance with default options.

    Returns
    -------
    tuple of Estimator

    Raises
    ------
    UnknownNameError
        If a name is not registered.
    OptionError
        If there are none, if one is none of the three, if one reports under a name that no variable
        can have, or two under the same.

    Examples
    --------
    >>> from probekit.estimators import LinearR2
    >>> resolve([LinearR2, LinearR2(multioutput="variance_weighted", name="share")])[1].name
    'share'
    """
    if isinstance(estimators, str) or not isinstance(estimators, Iterable):
        estimators = [estimators]
    resolved = tuple(map(_one, estimators))
    if not resolved:
        raise OptionError("estimators: none given; at least one is needed, e.g. 'linear_r2'.")
    owners: dict[str, Estimator] = {}
    for estimator in resolved:
        _check_hashable(estimator)
        for variable in estimator.variables:
            if not isinstance(variable, Variable):
                raise OptionError(
                    f"estimators: {estimator!r} declares the variable {variable!r}; "
                    "give a tuple of probekit.variables.Variable."
                )
            _check_name(variable.name, estimator)
            other = owners.setdefault(variable.name, estimator)
            if other is not estimator:
                raise OptionError(
                    f"estimators: {other!r} and {estimator!r} both report {variable.name!r}; "
                    "give one of them another name=."
                )
    for name, told in itertools.product(owners, TOLD_OF_SCORES):
        _check_apart(name, f"{name}_{told}", owners)
    return resolved


def _check_name(name: Any, estimator: Estimator) -> None:
    """Raise `OptionError` for a name that no variable of a history can have."""
    if not isinstance(name, str) or not name.strip() or "/" in name or name in _AXES:
        raise OptionError(
            f"estimators: {estimator!r} reports {name!r}; a name is a text that is no axis and has "
            "no '/' in it. Give another name=."
        )
    if name.endswith(STATUS_SUFFIX):
        raise OptionError(
            f"estimators: {estimator!r} reports {name!r}; what ends in {STATUS_SUFFIX!r} are codes "
            "of another variable. Give another name=."
        )


def _check_apart(name: str, told: str, owners: Mapping[str, Estimator]) -> None:
    """Raise `OptionError` if what may be told of a score is the name of another score."""
    if told in owners:
        raise OptionError(
            f"estimators: {owners[told]!r} reports {told!r}, which is what is told of the {name!r} "
            f"of {owners[name]!r}; give one of them another name=."
        )


def _check_hashable(estimator: Estimator) -> None:
    """Raise `OptionError` if an estimator may change: programs are compiled for each."""
    try:
        hash(estimator)
    except TypeError as error:
        raise OptionError(
            f"estimators: {estimator!r} has no hash ({error}); make it a frozen dataclass, with "
            "tuples in place of lists."
        ) from None


def _one(item: Any) -> Estimator:
    if isinstance(item, str):
        item = _named(item)
    if isinstance(item, type):
        item = _with_defaults(item)
    missing = [part for part in _OWN if not hasattr(item, part)]
    if missing:
        raise OptionError(
            f"estimators: {item!r} is no estimator "
            f"(it has no {', '.join(missing)}); give a registered name or an instance."
        )
    if not all(hasattr(item, part) for part in _INHERITED):
        raise OptionError(
            f"estimators: {item!r} is no subclass of probekit.Estimator; make its class one."
        )
    for option in dataclasses.fields(item) if dataclasses.is_dataclass(item) else ():
        if option.type in (bool, "bool"):  # text where annotations are not evaluated
            check_flag(option.name, getattr(item, option.name))
    estimator: Estimator = item
    return estimator


def _named(text: str) -> Any:
    """Return what is registered under a name; options behind it are for the command line alone."""
    from probekit.plugins import get_manager

    name, bracket, options = text.partition("(")
    found = get_manager().registry.load("estimator", name.strip() if bracket else text)
    if bracket:
        made = getattr(found, "__name__", repr(found))
        raise OptionError(
            f"estimators: {text!r}: a name has no options here; give an instance, {made}({options}."
        )
    return found


def _with_defaults(chosen: type) -> Any:
    """Return an instance of a class that was named, or given in place of one."""
    if dataclasses.is_dataclass(chosen):
        missing = dataclasses.MISSING
        for option in dataclasses.fields(chosen):
            if option.init and option.default is option.default_factory is missing:
                raise OptionError(
                    f"estimators: {chosen.__name__} has no default for its option "
                    f"{option.name!r}; give an instance, {chosen.__name__}({option.name}=…)."
                )
    return chosen()
