"""Where an exception comes from: which estimator, which examples; a traceback need not show it."""

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from numbers import Real
from typing import Any

import numpy as np

from probekit.errors import IN_ESTIMATOR, OptionError, ProbekitError
from probekit.estimators import Estimator
from probekit.variables import Variable

SHOWN = 3
"""Of how many estimators that share a statistic the note tells."""


@contextlib.contextmanager
def blaming(estimators: Iterable[Estimator]) -> Iterator[None]:
    """Add a note to what is raised inside that names the estimators it is done for.

    Where one is inside another, the inner knows better.
    """
    try:
        yield
    except Exception as error:
        if not any(note.startswith(IN_ESTIMATOR) for note in getattr(error, "__notes__", ())):
            names = [*map(repr, estimators)]
            more = f" or {len(names) - SHOWN} more" if len(names) > SHOWN else ""
            error.add_note(f"{IN_ESTIMATOR}{' or '.join(names[:SHOWN])}{more}")
        raise


@contextlib.contextmanager
def of_held_out() -> Iterator[None]:
    """Put ``held_out:`` before the message of an error that names the inputs, or the model."""
    try:
        yield
    except ProbekitError as error:
        if not str(error).startswith("held_out"):
            error.args = ("held_out: ", *error.args)
        raise


def computed(estimator: Estimator, fit: Any, held_out: Any, **more: Any) -> Mapping[str, Any]:
    """Return what an estimator computes, which must be what it declares.

    Raises
    ------
    OptionError
        If a variable that it declares is missing, no number, or has other axes.
    """
    with blaming([estimator]):
        found: Mapping[str, Any] = estimator.compute(fit, held_out, **more)
        names = [variable.name for variable in estimator.variables]
        if not isinstance(found, Mapping) or not {*names} <= {*found}:
            returned = list(found) if isinstance(found, Mapping) else type(found).__name__
            raise OptionError(
                f"estimators: compute returned {returned}; return a dict of what is declared in "
                f"variables: {names}."
            )
        for variable in estimator.variables:
            _check_axes(variable, found[variable.name])
    return found


def _check_axes(variable: Variable, value: Any) -> None:
    if not isinstance(value, Real) and not hasattr(value, "dtype"):
        raise OptionError(
            f"estimators: compute returned a {type(value).__name__} as {variable.name!r}; "
            "return a number or an array."
        )
    if np.ndim(value) != len(variable.dims):
        raise OptionError(
            f"estimators: compute returned {variable.name!r} of shape {np.shape(value)}; its "
            f"declared dims are {variable.dims}."
        )


def check_counts(estimators: Iterable[Estimator], *, fitted: int, scored: int) -> None:
    """Raise where an option of an estimator is of another number of examples."""
    for estimator in estimators:
        with blaming([estimator]):
            estimator.check_examples(fitted=fitted, scored=scored)


def adapted_to(
    columns: Mapping[str, np.ndarray], estimators: Iterable[Estimator]
) -> tuple[Estimator, ...]:
    """Return estimators with what they make of these features."""
    adapted = []
    for estimator in estimators:
        with blaming([estimator]):
            adapted.append(estimator.adapted(columns))
    return tuple(adapted)
