"""What a statistic keeps and an estimator looks at: states of one shape, and of the right split."""

from collections.abc import Callable, Iterator
from typing import Any

import jax

from probekit.estimators import Estimator
from probekit.statistics import is_mergeable, memory_of, shape_of
from probekit.testing import _harness
from probekit.testing._asserting import assert_same


def checks_of_states(estimator: Estimator) -> Iterator[Callable[[Estimator], None]]:
    """Yield the checks that apply to the memory of an estimator, and to what it looks at."""
    if memory_of(estimator.statistic) != "examples":
        yield check_state_keeps_its_shape
    if estimator.kind in ("geometry", "similarity") and not estimator.fitted:
        yield check_held_out_alone


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


def check_held_out_alone(estimator: Estimator) -> None:
    """Look at `held_out` alone, as geometry and similarity do that are not said to be `fitted`."""
    data = _harness.data_for(estimator)
    other = data.fit.of(data.fit.x[::-1] * 3)
    kept = [_harness.state(estimator.statistic, rows) for rows in (other, data.held_out)]
    assert_same(_harness.read(estimator, *kept), _harness.read(estimator, kept[1], kept[1]))


def _assert_shapes(found: Any, first: Any, made_by: str) -> None:
    structure, wanted = (str(jax.tree.structure(state)) for state in (found, first))
    assert structure == wanted, f"{made_by} returns {structure}, init {wanted}"
    pairs = zip(jax.tree.leaves(found), jax.tree.leaves(first), strict=True)
    for now, before in pairs:
        assert (now.shape, now.dtype) == (before.shape, before.dtype), (
            f"{made_by} returns shape {now.shape}, dtype {now.dtype} "
            f"where init has {before.shape}, {before.dtype}"
        )
