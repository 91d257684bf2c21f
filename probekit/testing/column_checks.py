"""Features of several columns, and several features at once."""

from collections.abc import Callable, Iterator

import numpy as np

from probekit.estimators import Estimator
from probekit.testing import _harness
from probekit.testing._asserting import assert_same
from probekit.testing._harness import EXAMPLES, Rows, data_for, scores


def checks_of_columns(estimator: Estimator) -> Iterator[Callable[[Estimator], None]]:
    """Yield the checks that apply to an estimator of features."""
    if estimator.kind in ("encoding", "decoding"):
        yield check_named_columns if estimator.joint else check_all_columns


def check_named_columns(estimator: Estimator) -> None:
    """Look, for each feature, at the columns that `columns` names, wherever these are."""
    data = data_for(estimator)
    exchanged = data.map(lambda rows: rows._replace(y=rows.y[:, ::-1]))
    fit, held_out = (_harness.state(estimator.statistic, rows) for rows in exchanged)
    found = _harness.read(estimator, fit, held_out, columns=((1,), (0,)))
    wanted = scores(estimator, data)
    names = [v.name for v in estimator.variables if "feature" in v.dims]
    assert_same({name: found[name] for name in names}, {name: wanted[name] for name in names})


def check_all_columns(estimator: Estimator) -> None:
    """Look at all columns of a feature, as one of three classes has, or give NaN for several."""
    apart = np.arange(EXAMPLES)[:, None] % 3 == 0

    def of_classes(rows: Rows, later: int) -> Rows:
        told = rows.y[:, :1] > 0
        second = np.roll(told, later, axis=0)
        columns = [apart, ~apart & second, ~apart & ~second]  # the first says nothing of x
        x, y = rows.x + 8 * told, np.concatenate(columns, axis=1)
        return rows._replace(x=x.astype(np.float32), y=y.astype(np.float32))

    data = data_for(estimator)
    found, *others = (
        scores(estimator, data.map(lambda rows, later=later: of_classes(rows, later)))  # type: ignore[misc]
        for later in (0, 5, 11)
    )
    for other in others:
        for name, score in found.items():
            if not np.array_equal(score, other[name]) or np.isnan(score).all():
                return
    raise AssertionError(f"other columns than the first change nothing: it is {found} in any case")
