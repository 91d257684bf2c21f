"""What a statistic keeps: states of one shape."""

from collections.abc import Callable, Iterator
from typing import Any

import jax
import numpy as np

from probekit.estimators import Estimator, Pairing
from probekit.statistics import is_mergeable, memory_of, shape_of
from probekit.testing import _harness
from probekit.testing._asserting import assert_same


def checks_of_states(estimator: Estimator) -> Iterator[Callable[[Estimator], None]]:
    """Yield the checks that apply to the memory of an estimator."""
    if memory_of(estimator.statistic) != "examples":
        yield check_state_keeps_its_shape
    if _pairing_of(estimator) is not None:
        yield check_pairing


def check_state_keeps_its_shape(estimator: Estimator) -> None:
    """Keep the shapes and dtypes of `init` in `update` and `merge`, or say what `memory` grows."""
    statistic, rows = estimator.statistic, _harness.data_for(estimator).fit
    x, y, weight, index = map(shape_of, rows)

    def updated(state: Any, x: Any, y: Any, weight: Any, index: Any) -> Any:
        return statistic.update(state, x, y, weight=weight, index=index)

    first = jax.eval_shape(lambda: statistic.init(x, y))
    _assert_shapes(jax.eval_shape(updated, first, x, y, weight, index), first, "update")
    if is_mergeable(statistic):
        _assert_shapes(jax.eval_shape(statistic.merge, first, first), first, "merge")


def check_pairing(estimator: Estimator) -> None:
    """Give from preparations of two layers the scores that `compute` gives, pair by pair or all."""
    pairing, rows = _pairing_of(estimator), _harness.data_for(estimator).held_out
    assert pairing is not None
    nothing = rows.y[:, :0]
    sides = [rows._replace(x=x, y=nothing) for x in (rows.x, rows.y)]
    a, b = (pairing.prepare(_harness.state(pairing.statistic, side)) for side in sides)
    wanted = _harness.scores(estimator, _harness.Data(rows, rows))
    found = jax.jit(pairing.pair)(a, b)
    assert_same({name: np.asarray(value) for name, value in found.items()}, wanted)
    every = pairing.pair_all([a, b], [b, a]) if hasattr(pairing, "pair_all") else None
    if every is not None:
        assert_same({name: np.asarray(value)[0, 0] for name, value in every.items()}, wanted)


def _pairing_of(estimator: Estimator) -> Pairing | None:
    """Return how many pairs of wide layers would be compared."""
    if estimator.kind != "similarity":
        return None
    size = {"examples": _harness.EXAMPLES, "units": (_harness.UNITS,) * 100, "pairs": 10_000}
    return estimator.pairing(**size)  # type: ignore[arg-type]


def _assert_shapes(found: Any, first: Any, made_by: str) -> None:
    structure, wanted = (str(jax.tree.structure(state)) for state in (found, first))
    assert structure == wanted, f"{made_by} returns {structure}, init {wanted}"
    pairs = zip(jax.tree.leaves(found), jax.tree.leaves(first), strict=True)
    for now, before in pairs:
        assert (now.shape, now.dtype) == (before.shape, before.dtype), (
            f"{made_by} returns shape {now.shape}, dtype {now.dtype} "
            f"where init has {before.shape}, {before.dtype}"
        )
