"""The contract of estimators as checks: each takes an estimator and raises if it is broken.

Which apply follows from what the estimator declares, never from its name. The first sentence of
each docstring is the law that is checked.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import jax
import numpy as np

from probekit.estimators import Estimator
from probekit.statistics import Moments, is_mergeable, is_numbered, memory_of, shared
from probekit.testing import _harness
from probekit.testing._asserting import assert_same, assert_sound
from probekit.testing._harness import EXAMPLES, TOLERANCE, Data, Rows, data_for, scores
from probekit.testing.column_checks import checks_of_columns
from probekit.testing.copy_checks import checks_of_copies
from probekit.testing.declaration_checks import checks_of_declarations
from probekit.testing.invariance_checks import checks_of_invariances
from probekit.testing.split_checks import checks_of_splits
from probekit.testing.state_checks import checks_of_states

_SIZES = (17, 20, 11)


def checks_of(estimator: Estimator) -> Iterator[Callable[[Estimator], None]]:
    """Yield the checks that apply to what the estimator declares."""
    yield from checks_of_declarations(estimator)
    fixed = memory_of(estimator.statistic) == "fixed"
    if is_mergeable(estimator.statistic):  # before batches, as an update may merge too
        yield from (check_identity, check_merge_commutative, check_merge_associative)
    yield check_batches
    yield check_weight_zero
    yield check_order
    if fixed and not is_numbered(estimator.statistic):
        yield check_numbers
    yield check_shared_statistic
    yield check_no_recompilation
    yield check_half_precision
    yield check_large_offset
    yield from (check_not_finite, check_one_not_finite)
    yield check_constant_unit
    yield check_few_examples
    yield check_one_unit
    if fixed:
        yield check_weights_are_copies
    yield from checks_of_states(estimator)
    yield from checks_of_splits(estimator)
    yield from checks_of_columns(estimator)
    yield from checks_of_copies(estimator)
    if hasattr(estimator.statistic, "select") and not estimator.joint:
        yield check_select
    if estimator.traceable:
        yield from (check_jit, check_vmap)
    yield from checks_of_invariances(estimator)
    if estimator.kind == "similarity":
        yield check_constant_representation
        if estimator.symmetric:
            yield from (check_symmetry, check_itself)


def check_batches(estimator: Estimator) -> None:
    """Give the same scores however the examples are cut into batches, of whatever lengths."""
    data = data_for(estimator)
    whole = scores(estimator, data)
    assert_same(_harness.scores_in_batches(estimator, data, _SIZES), whole)
    statistic, longest = estimator.statistic, max(_SIZES)

    def of_unlike_lengths(rows: Rows) -> Any:
        first = (np.arange(EXAMPLES) < EXAMPLES - longest).astype(np.float32)
        kept = _harness.state(statistic, rows._replace(weight=first))
        return _harness.state(statistic, rows.take(slice(EXAMPLES - longest, None)), start=kept)

    assert_same(_harness.read(estimator, *map(of_unlike_lengths, data)), whole)


def check_identity(estimator: Estimator) -> None:
    """Change nothing by merging with the state of no examples, on either side."""
    data, statistic = data_for(estimator), estimator.statistic
    none, seen = _harness.empty(statistic, data.fit), _harness.state(statistic, data.fit)
    for merged in (
        _harness.merge(statistic, none, seen),
        _harness.merge(statistic, seen, none),
    ):
        assert_same(_harness.read(estimator, merged, merged), _harness.read(estimator, seen, seen))


def check_merge_commutative(estimator: Estimator) -> None:
    """Give the same scores from a merged with b and from b merged with a."""
    data, statistic = data_for(estimator), estimator.statistic

    def folded(states: list[Any], flipped: bool) -> Any:
        first = states[0]
        for other in states[1:]:
            pair = (other, first) if flipped else (first, other)
            first = _harness.merge(statistic, *pair)
        return first

    forwards, backwards = (
        _harness.scores_merged(estimator, data, partial(folded, flipped=flipped), _SIZES)
        for flipped in (False, True)
    )
    assert_same(backwards, forwards)
    assert_same(forwards, scores(estimator, data))


def check_merge_associative(estimator: Estimator) -> None:
    """Give the same scores in whatever order of brackets three states are merged."""
    data, statistic = data_for(estimator), estimator.statistic

    def join(a: Any, b: Any) -> Any:
        return _harness.merge(statistic, a, b)

    left = _harness.scores_merged(estimator, data, lambda s: join(join(s[0], s[1]), s[2]), _SIZES)
    right = _harness.scores_merged(estimator, data, lambda s: join(s[0], join(s[1], s[2])), _SIZES)
    assert_same(right, left)


def check_weight_zero(estimator: Estimator) -> None:
    """Treat an example of weight 0 as absent, whatever its values, NaN and infinity included."""
    data = data_for(estimator)

    def spoilt(rows: Rows) -> Rows:
        x, y, weight = rows.x.copy(), rows.y.copy(), rows.weight.copy()
        weight[[3, 5, 8]] = 0
        x[3], x[5, 0], y[8] = np.nan, np.inf, np.nan
        return rows._replace(x=x, y=y, weight=weight)

    def without(rows: Rows) -> Rows:
        kept = np.delete(np.arange(EXAMPLES), [3, 5, 8])
        return next(iter(_harness.batches(rows.take(kept), (EXAMPLES - 3, EXAMPLES))))

    assert_same(scores(estimator, data.map(spoilt)), scores(estimator, data.map(without)))


def check_weights_are_copies(estimator: Estimator) -> None:
    """Count an example of weight 3 as three copies of it, and one of 3/4 as three of 1/4."""
    data = data_for(estimator)
    copies = np.concatenate([np.full(12, 3), np.full(12, 1), np.full(24, 0)])
    repeated = data.map(lambda rows: rows.take(np.repeat(np.arange(EXAMPLES), copies)))
    for each in np.array([1, 0.25], np.float32):
        weight = each * copies.astype(np.float32)
        weighted = data.map(lambda rows, w=weight: rows._replace(weight=w))  # type: ignore[misc]
        scaled = repeated.map(lambda rows, each=each: rows._replace(weight=each * rows.weight))  # type: ignore[misc]
        wanted = scores(estimator, scaled)
        assert_same(scores(estimator, weighted), wanted)
        assert_same(_harness.scores_in_batches(estimator, weighted, _SIZES), wanted)


def check_order(estimator: Estimator) -> None:
    """Give the same scores in whatever order the examples come, as each keeps its number."""
    data = data_for(estimator)
    order = _harness.rng().permutation(EXAMPLES)
    assert_same(scores(estimator, data.map(lambda rows: rows.take(order))), scores(estimator, data))


def check_numbers(estimator: Estimator) -> None:
    """Give the same scores whatever numbers examples have, or be of a `numbered` statistic."""
    data = data_for(estimator)
    renumbered = data.map(lambda rows: rows._replace(number=7 * rows.number[::-1] + 1000))
    assert_same(scores(estimator, renumbered), scores(estimator, data))


def check_select(estimator: Estimator) -> None:
    """Give the same scores from selected columns of a state as from those columns alone."""
    data, statistic = data_for(estimator), estimator.statistic
    others = data.map(lambda rows: rows._replace(y=np.concatenate([rows.y[::-1], rows.y], axis=1)))
    columns = np.arange(data.fit.y.shape[1], 2 * data.fit.y.shape[1])
    states = (_harness.state(statistic, rows) for rows in others)
    chosen = [statistic.select(state, y=columns) for state in states]  # type: ignore[attr-defined]
    assert_same(_harness.read(estimator, *chosen), scores(estimator, data))


def check_shared_statistic(estimator: Estimator) -> None:
    """Give the same scores from a statistic that also serves other estimators."""
    data, asked = data_for(estimator), estimator.statistic
    kept = shared([asked, Moments()])[asked]
    states = [_harness.state(kept, rows) for rows in data]
    assert_same(_harness.read(estimator, *states), scores(estimator, data))


def check_jit(estimator: Estimator) -> None:
    """Give the same scores compiled and not compiled."""
    data, statistic = data_for(estimator), estimator.statistic
    states = [_harness.state(statistic, rows) for rows in data]
    plain = {
        name: np.asarray(value) for name, value in _harness.read_plainly(estimator, *states).items()
    }
    assert_same(plain, scores(estimator, data))


def check_vmap(estimator: Estimator) -> None:
    """Give under `vmap` the scores of a loop."""
    data, statistic = data_for(estimator), estimator.statistic
    fit, held_out = (_harness.state(statistic, rows) for rows in data)
    both = _harness.vmapped(
        estimator, _harness.stacked([fit, held_out]), _harness.stacked([held_out, fit])
    )
    assert_same({name: value[0] for name, value in both.items()}, scores(estimator, data))
    swapped = scores(estimator, Data(data.held_out, data.fit))
    assert_same({name: value[1] for name, value in both.items()}, swapped)


def check_no_recompilation(estimator: Estimator) -> None:
    """Compile nothing for new values, nor for an equal estimator built anew."""
    data = data_for(estimator)
    scores(estimator, data)
    before = _harness.traces
    scores(_harness.rebuilt(estimator), data.map(lambda rows: rows.of(rows.x + 1)))
    again = _harness.traces - before
    assert again == 0, f"{again} functions were traced again"


def check_half_precision(estimator: Estimator) -> None:
    """float16 and bfloat16 give the scores of the same values in float32."""

    def cast(rows: Rows, x_dtype: Any, y_dtype: Any) -> Rows:
        return rows._replace(x=rows.x.astype(x_dtype), y=rows.y.astype(y_dtype))

    half = data_for(estimator).map(lambda rows: cast(rows, np.float16, jax.numpy.bfloat16))
    single = half.map(lambda rows: cast(rows, np.float32, np.float32))
    assert_same(scores(estimator, half), scores(estimator, single))


def check_large_offset(estimator: Estimator) -> None:
    """Lose nothing to a mean of thousands of deviations, where translation is an invariance."""
    data = data_for(estimator)
    far = data.map(lambda rows: rows.of(rows.x + np.float32(8192)))
    found = scores(estimator, far)
    assert_sound(estimator, found)
    if "translation" in estimator.invariances:
        assert_same(found, scores(estimator, data))


def check_not_finite(estimator: Estimator) -> None:
    """Give NaN, and status 1 where there is one, for NaN or infinity anywhere in the input."""
    for value in (np.nan, np.inf):
        for part in ("x", "y"):
            if part == "y" and estimator.kind == "geometry":
                continue

            def spoilt(rows: Rows, part: str = part, value: float = value) -> Rows:
                array = getattr(rows, part).copy()
                array[EXAMPLES // 2, :] = value
                return rows._replace(**{part: array})

            found = scores(estimator, data_for(estimator).map(spoilt))
            for variable in estimator.variables:
                score = found[variable.name]
                assert np.isnan(score).all(), f"{part} with {value}: {variable.name} is {score}"
            for name, status in _harness.status_of(estimator, found).items():
                assert (status == 1).all(), f"{part} with {value}: {name}_status is {status}"


def check_one_not_finite(estimator: Estimator) -> None:
    """Give NaN for a single value that is NaN, but for what is of other units alone."""

    def spoilt(rows: Rows) -> Rows:
        x = rows.x.copy()
        x[EXAMPLES // 2, 0] = np.nan
        return rows.of(x)

    found = scores(estimator, data_for(estimator).map(spoilt))
    for variable in estimator.variables:
        if set(variable.dims) <= {"feature"}:
            score = found[variable.name]
            assert np.isnan(score).all(), f"with NaN in one unit {variable.name} is {score}"


def check_constant_unit(estimator: Estimator) -> None:
    """Give a score within its range, or NaN with a status, where a unit never changes."""

    def constant(rows: Rows) -> Rows:
        x = rows.x.copy()
        x[:, 0] = 3.3  # not exact in float32, nor is a mean of it
        return rows.of(x)

    data = data_for(estimator).map(constant)
    assert_sound(estimator, scores(estimator, data))
    assert_same(_harness.scores_in_batches(estimator, data, _SIZES), scores(estimator, data))


def check_constant_representation(estimator: Estimator) -> None:
    """Give NaN for a representation that is the same for all examples."""
    data = data_for(estimator).map(lambda rows: rows.of(np.full_like(rows.x, 3.3)))
    found = scores(estimator, data)
    assert_sound(estimator, found)
    assert np.isnan(found[estimator.name]).all(), f"the score is {found[estimator.name]}"


def check_few_examples(estimator: Estimator) -> None:
    """Give a score within its range, or NaN with a status, for no, one or two examples."""
    data = data_for(estimator)
    for few in (0, 1, 2):
        weight = (np.arange(EXAMPLES) < few).astype(np.float32)
        found = scores(estimator, data.map(lambda rows, w=weight: rows._replace(weight=w)))  # type: ignore[misc]
        assert_sound(estimator, found)
        if few == 0:
            score = found[estimator.name]
            assert np.isnan(score).all(), f"of no examples at all the score is {score}"


def check_one_unit(estimator: Estimator) -> None:
    """Give a score within its range, or NaN with a status, for a single unit."""
    assert_sound(estimator, scores(estimator, data_for(estimator, units=1)))


def check_symmetry(estimator: Estimator) -> None:
    """Change no score by exchanging the two representations."""
    data = data_for(estimator)
    swapped = data.map(lambda rows: rows._replace(x=rows.y, y=rows.x))
    assert_same(scores(estimator, swapped), scores(estimator, data))


def check_itself(estimator: Estimator) -> None:
    """Score at the better end of the range for a representation and itself, not for another."""
    data, variable = data_for(estimator), estimator.variables[0]
    if variable.valid_range is None:
        return
    end = variable.valid_range[0 if variable.lower_is_better else 1]
    itself = scores(estimator, data.map(lambda rows: rows._replace(y=rows.x)))[estimator.name]
    another = scores(estimator, data)[estimator.name]
    declared = f"lower_is_better={variable.lower_is_better}"
    assert abs(itself - end) <= TOLERANCE, f"the score is {itself} instead of {end} ({declared})"
    assert abs(another - end) > TOLERANCE, f"another representation, too, scores {another}"
