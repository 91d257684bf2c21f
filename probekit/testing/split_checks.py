"""Which split an estimator looks at, and what for: it fits on `fit` and scores on `held_out`."""

from collections.abc import Callable, Iterator

import numpy as np

from probekit.estimators import Estimator
from probekit.testing import _harness
from probekit.testing._asserting import assert_same
from probekit.testing._harness import EXAMPLES, TOLERANCE, Data, Rows, data_for, scores
from probekit.variables import Variable

_FEW, _TIMES = 8, 16
"""Examples that are few to fit on, and how often they are drawn."""

_SURE = 0.75
"""Share of the draws that chance exceeds in one case of 40."""


def checks_of_splits(estimator: Estimator) -> Iterator[Callable[[Estimator], None]]:
    """Yield the checks that apply to what an estimator fits and scores."""
    alone = estimator.kind in ("geometry", "similarity") and not estimator.fitted
    if alone:
        yield check_held_out_alone
        return
    if not estimator.of_fit:
        yield check_looks_at_held_out
    if estimator.kind != "encoding":
        yield check_looks_at_fit
    if estimator.kind == "encoding":
        yield check_encodes_from_fit
    elif estimator.kind != "geometry" and not estimator.of_fit:  # which learns nothing
        yield check_learns_from_fit


def check_held_out_alone(estimator: Estimator) -> None:
    """Look at `held_out` alone, as geometry and similarity do that are not said to be `fitted`."""
    data = data_for(estimator)
    other = data.fit.of(data.fit.x[::-1] * 3)
    kept = [_harness.state(estimator.statistic, rows) for rows in (other, data.held_out)]
    assert_same(_harness.read(estimator, *kept), _harness.read(estimator, kept[1], kept[1]))


def check_looks_at_held_out(estimator: Estimator) -> None:
    """Score the examples that are held out, or say that the score is `of_fit`."""
    fit, held_out = data_for(estimator)
    _assert_undefined(estimator, Data(fit, _spoilt(held_out)), "held_out")


def check_looks_at_fit(estimator: Estimator) -> None:
    """Fit on the examples to fit on: decoding does, and what is said to be `fitted`."""
    fit, held_out = data_for(estimator)
    _assert_undefined(estimator, Data(_spoilt(fit), held_out), "fit")


def check_learns_from_fit(estimator: Estimator) -> None:
    """Score no worse on few examples what many taught than on many what few taught."""
    data, generator = data_for(estimator), _harness.rng()
    few = [(generator.permutation(EXAMPLES) < _FEW).astype(np.float32) for _ in range(_TIMES)]
    found: dict[str, list[tuple[float, float]]] = {v.name: [] for v in estimator.variables}
    for turn, weight in enumerate(few):
        one, other = data if turn % 2 else reversed(data)
        part = other._replace(weight=weight)
        right, exchanged = (scores(estimator, each) for each in (Data(one, part), Data(part, one)))
        for name, both in found.items():
            both.append((float(right[name].mean()), float(exchanged[name].mean())))
    worse = [_is_worse(variable, found[variable.name]) for variable in estimator.variables]
    first = np.mean(found[estimator.name], axis=0)
    assert not all(worse), (
        f"fitted on {EXAMPLES} examples and scored on {_FEW} it is {first[0]:.3g}, and "
        f"{first[1]:.3g} the other way round; are fit and held_out exchanged?"
    )


def check_encodes_from_fit(estimator: Estimator) -> None:
    """Explain no more of a small representation by a fit to a large one than the reverse."""
    fit, held_out = data_for(estimator)
    variable = estimator.variables[0]
    small, was_small = (
        float(scores(estimator, each)[variable.name].mean())
        for each in (Data(fit, _smaller(held_out)), Data(_smaller(fit), held_out))
    )
    sign = -1 if variable.lower_is_better else 1
    assert not sign * (small - was_small) > TOLERANCE, (
        f"where what is held out is a sixteenth of what was fitted it is {small:.3g}, and "
        f"{was_small:.3g} the other way round; are fit and held_out exchanged?"
    )


def _smaller(rows: Rows) -> Rows:
    return rows.of(rows.x / 16)


def _spoilt(rows: Rows) -> Rows:
    x = rows.x.copy()
    x[EXAMPLES // 2] = np.nan
    return rows.of(x)


def _assert_undefined(estimator: Estimator, data: Data, split: str) -> None:
    found = scores(estimator, data)
    for variable in estimator.variables:
        score = found[variable.name]
        assert np.isnan(score).all(), f"with NaN in {split} alone {variable.name} is {score}"


def _is_worse(variable: Variable, pairs: list[tuple[float, float]]) -> bool:
    """Whether the first of each pair is worse than the second, in nearly all of them."""
    sign = -1 if variable.lower_is_better else 1
    each = sign * np.diff(np.array(pairs), axis=1)[:, 0]
    return bool((each > TOLERANCE).mean() > _SURE)
