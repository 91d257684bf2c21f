"""Examples that are there twice, as a bootstrap draws them: what `distinct` is declared for."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from probekit.estimators import Estimator
from probekit.statistics import memory_of
from probekit.testing import _harness
from probekit.testing._asserting import assert_same
from probekit.testing._harness import (
    EXAMPLES,
    TOLERANCE,
    UNITS,
    Data,
    Rows,
    Scores,
    data_for,
    read,
    scores,
    state,
)

_HALF = EXAMPLES // 2

_DEGREES = 2
"""Examples that a normaliser may count off: one for a mean, one for a group more than another."""


def checks_of_copies(estimator: Estimator) -> Iterator[Callable[[Estimator], None]]:
    """Yield the checks of `weighing`, and of an estimator that does not declare `distinct`."""
    if estimator.weighing(examples=EXAMPLES, units=(UNITS, UNITS)) is not None:
        yield check_weighing
    if estimator.distinct:
        return
    if _keeps(estimator) and hasattr(estimator, "reordered"):
        yield check_reordered
    if _keeps(estimator) and hasattr(estimator, "reweighted"):
        yield check_reweighted
    elif getattr(estimator.statistic, "capacity", EXAMPLES) >= EXAMPLES:
        yield check_copies


def check_copies(estimator: Estimator) -> None:
    """Change no score by more than 2/n of it if n examples are there twice, or be `distinct`.

    Of the examples that are scored. So much may a normaliser such as n - 1 change; what is made of
    pairs of examples, or of neighbours, changes more, as copies are each other's. Similarities are
    looked at where there is next to none.
    """

    def unrelated(rows: Rows) -> Rows:
        return rows._replace(y=np.roll(rows.y, 7, axis=0))

    data = data_for(estimator)
    fit, rows = data.map(unrelated) if estimator.kind == "similarity" else data
    # The second half has every combination of features.
    present = (np.arange(EXAMPLES) >= _HALF).astype(np.float32)
    once = rows._replace(weight=present)
    if memory_of(estimator.statistic) == "fixed":
        twice = rows._replace(weight=2 * present)
    else:
        twice = rows.take(np.tile(np.flatnonzero(present), 2))._replace(number=rows.number)
    wanted, found = (scores(estimator, Data(fit, part)) for part in (once, twice))
    for variable in estimator.variables:
        value, of_copies = wanted[variable.name], found[variable.name]
        allowed = TOLERANCE + _DEGREES / _HALF * np.abs(value)
        close = np.abs(of_copies - value) <= allowed
        assert close.all(), f"{variable.name} is {of_copies} of copies, and {value} without"


def check_reweighted(estimator: Estimator) -> None:
    """Give from `reweighted` the score itself where all weights are 1, and where all are 2."""
    kept, wanted = _kept(estimator, data_for(estimator).held_out)
    weights = np.ones((2, EXAMPLES), np.float32) * np.array([[1], [2]], np.float32)
    found = _method(estimator, "reweighted")(kept, weights)
    for row in range(2):
        assert_same({name: np.asarray(value)[row] for name, value in found.items()}, wanted)


def check_reordered(estimator: Estimator) -> None:
    """Give from `reordered` the scores of the other side's examples in these orders."""
    rows = data_for(estimator).held_out
    orders = np.stack([np.arange(EXAMPLES), _harness.rng().permutation(EXAMPLES)])
    kept, _ = _kept(estimator, rows)
    found = _method(estimator, "reordered")(kept, orders)
    for row, order in enumerate(orders):
        _, wanted = _kept(estimator, rows._replace(y=rows.y[order]))
        assert_same({name: np.asarray(value)[row] for name, value in found.items()}, wanted)


def check_weighing(estimator: Estimator) -> None:
    """Give by `weighing` the scores and the status of weighted examples, and of other orders.

    Of rows that are left out, there several times, all the same, or not finite as well.
    """
    rows = data_for(estimator).held_out
    many, one = np.ones(EXAMPLES), np.zeros(EXAMPLES)
    one[5] = EXAMPLES
    counts = np.bincount(_harness.rng().integers(1, EXAMPLES, EXAMPLES), minlength=EXAMPLES)
    weights = np.stack([many, np.arange(EXAMPLES) % 2, counts, one])
    orders = np.stack([np.arange(EXAMPLES), _harness.rng().permutation(EXAMPLES)])
    spoilt = rows.x.copy()
    spoilt[0, 0] = np.nan  # where `counts` has nothing
    for x in (rows.x, spoilt):
        way = estimator.weighing(examples=EXAMPLES, units=(x.shape[1], rows.y.shape[1]))
        assert way is not None
        found = way.pair(way.prepare(x, weights), way.prepare(rows.y, weights), weights)
        _assert_rows(
            estimator, found, [rows.of(x)._replace(weight=w.astype(np.float32)) for w in weights]
        )
        shuffled = way.reorder(x, rows.y, orders)
        _assert_rows(
            estimator, shuffled, [rows.of(x)._replace(y=rows.y[order]) for order in orders]
        )


def _assert_rows(estimator: Estimator, found: dict[str, np.ndarray], wanted: list[Rows]) -> None:
    """Assert that each row is what the estimator finds itself."""
    for place, rows in enumerate(wanted):
        row = {name: np.asarray(value)[place] for name, value in found.items()}
        assert_same(row, scores(estimator, Data(rows, rows)))


def _keeps(estimator: Estimator) -> bool:
    """Whether the estimator keeps all examples of a check, for resamples to be made of them."""
    statistic = estimator.statistic
    return memory_of(statistic) != "fixed" and getattr(statistic, "capacity", EXAMPLES) >= EXAMPLES


def _kept(estimator: Estimator, rows: Rows) -> tuple[Any, Scores]:
    """Return what is kept of examples that are numbered from 0, and their scores."""
    kept = state(estimator.statistic, rows._replace(number=np.arange(EXAMPLES, dtype=np.int32)))
    return kept, read(estimator, kept, kept)


def _method(estimator: Any, name: str) -> Callable[..., dict[str, np.ndarray]]:
    method: Callable[..., dict[str, np.ndarray]] = getattr(estimator, name)
    return method
