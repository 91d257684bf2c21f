"""What the checks of estimators run on: small data, and scores from them in every way there is."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from probekit._compiling import compiled_with, quick_options
from probekit.estimators import Estimator
from probekit.measures.columns import Columns
from probekit.statistics import Statistic, shape_of
from probekit.status import STATUS_SUFFIX

EXAMPLES, UNITS = 48, 4
"""One shape for nearly all checks: what takes time is to compile for another."""

TOLERANCE = 1e-5
"""Relative and absolute: what float32 may lose when the same sums are taken in another order."""

Scores = dict[str, np.ndarray]

traces = 0
"""How often something was traced: it must not grow when only values change."""


class Rows(NamedTuple):
    """Examples of one split: representation, features, weight and number of each."""

    x: np.ndarray
    y: np.ndarray
    weight: np.ndarray
    number: np.ndarray

    def take(self, rows: Any) -> "Rows":
        """Return these rows, in this order."""
        return Rows(*(part[rows] for part in self))

    def of(self, x: np.ndarray) -> "Rows":
        """Return the same examples with another representation."""
        return self._replace(x=x)


class Data(NamedTuple):
    """The two splits."""

    fit: Rows
    held_out: Rows

    def map(self, change: Callable[[Rows], Rows]) -> "Data":
        """Change both splits alike."""
        return Data(change(self.fit), change(self.held_out))


def data_for(estimator: Estimator, *, examples: int = EXAMPLES, units: int = UNITS) -> Data:
    """Return examples that suit the estimator's kind.

    Values are multiples of 1/256 below 64, so that shifts by some thousands are exact in float32.
    Features are small whole numbers on which the representation depends; for similarity `y` is
    another representation of the same examples.
    """
    generator = np.random.default_rng(7)
    directions = generator.normal(size=(2, units))

    def split(start: int) -> Rows:
        labels = generator.integers(0, 3, (examples, 2))
        x = labels @ directions + generator.normal(size=(examples, units))
        other = x[:, :1] + generator.normal(size=(examples, UNITS))
        y = other if estimator.kind == "similarity" else labels[:, : 1 + estimator.joint]
        number = np.arange(start, start + examples, dtype=np.int32)
        return Rows(_grid(x), _grid(y), np.ones(examples, np.float32), number)

    return Data(split(0), split(examples))


def _grid(values: np.ndarray) -> np.ndarray:
    return (np.round(values * 256) / 256).astype(np.float32)


def rng() -> np.random.Generator:
    """Return the generator of what a check draws for itself."""
    return np.random.default_rng(11)


def rebuilt(estimator: Estimator) -> Any:
    """Evaluate the repr where the class was written, and with the class at hand."""
    names = dict(vars(sys.modules[type(estimator).__module__]))
    return eval(repr(estimator), names | {type(estimator).__name__: type(estimator)})


def state(statistic: Statistic[Any], rows: Rows, *, start: Any = None) -> Any:
    """State of these rows, compiled; it goes on from `start` if given."""
    if start is None:
        start = empty(statistic, rows)
    try:
        return _update(statistic, start, *rows)
    except jax.errors.JAXTypeError as error:
        kind = type(error).__name__
        raise AssertionError(
            f"update does not work under jit ({kind}): use jax.numpy throughout, and no `if` on "
            "values"
        ) from error


def empty(statistic: Statistic[Any], rows: Rows) -> Any:
    """State of no examples of this kind."""
    return statistic.init(shape_of(rows.x), shape_of(rows.y))


def merge(statistic: Statistic[Any], a: Any, b: Any) -> Any:
    """Return the merged state, compiled."""
    return _merge(statistic, a, b)


def read(estimator: Estimator, fit: Any, held_out: Any, columns: Columns = ((0,), (1,))) -> Scores:
    """Scores from two states, compiled if the estimator can be."""
    if not estimator.traceable:
        on_host = jax.device_get(fit), jax.device_get(held_out)
        return _arrays(read_plainly(estimator, *on_host, columns))
    try:
        return _arrays(_compute((estimator, columns), fit, held_out))
    except jax.errors.JAXTypeError as error:
        kind = type(error).__name__
        raise AssertionError(
            f"compute does not work under jit ({kind}): use jax.numpy throughout, and no `if` on "
            "values; or say traceable = False"
        ) from error


def read_plainly(
    estimator: Estimator, fit: Any, held_out: Any, columns: Columns = ((0,), (1,))
) -> Mapping[str, Any]:
    """Call `compute` as the engine does, with the columns of each feature if it is joint."""
    if estimator.joint:
        found = estimator.compute(fit, held_out, columns=columns)  # type: ignore[call-arg]
    else:
        found = estimator.compute(fit, held_out)
    assert isinstance(found, Mapping), (
        f"compute returns a {type(found).__name__}, not {{variable name: array}}"
    )
    return found


def names_of(estimator: Estimator, data: Data) -> set[str]:
    """Return what `compute` reports; nothing is compiled if it can be traced."""
    statistic = estimator.statistic
    if not estimator.traceable:
        return set(read(estimator, *(state(statistic, rows) for rows in data)))

    def seen(x: Any, y: Any, weight: Any, number: Any) -> Any:
        start = statistic.init(shape_of(x), shape_of(y))
        return statistic.update(start, x, y, weight=weight, index=number)

    def whole(fit: Rows, held_out: Rows) -> Mapping[str, Any]:
        return read_plainly(estimator, seen(*fit), seen(*held_out))

    return set(jax.eval_shape(whole, *data))


def scores(estimator: Estimator, data: Data) -> Scores:
    """Scores of both splits, each seen at once."""
    return read(estimator, *(state(estimator.statistic, rows) for rows in data))


def scores_in_batches(estimator: Estimator, data: Data, sizes: Sequence[int]) -> Scores:
    """Scores of both splits, updated batch by batch."""

    def streamed(rows: Rows) -> Any:
        kept = empty(estimator.statistic, rows)
        for batch in batches(rows, sizes):
            kept = state(estimator.statistic, batch, start=kept)
        return kept

    return read(estimator, *map(streamed, data))


def scores_merged(
    estimator: Estimator, data: Data, combine: Callable[[list[Any]], Any], sizes: Sequence[int]
) -> Scores:
    """Scores of both splits, merged by `combine` from the states of batches."""

    def merged(rows: Rows) -> Any:
        return combine([state(estimator.statistic, batch) for batch in batches(rows, sizes)])

    return read(estimator, *map(merged, data))


def batches(rows: Rows, sizes: Sequence[int]) -> Iterator[Rows]:
    """Cut the rows into batches of one length, the rest of each of weight 0, as the engine does."""
    length, start = max(sizes), 0
    for size in sizes:
        batch = rows.take(np.arange(start, start + length) % len(rows.x))
        yield batch._replace(weight=np.where(np.arange(length) < size, batch.weight, 0))
        start += size


def stacked(states: Sequence[Any]) -> Any:
    """Put states along a new first axis, as `vmap` takes them."""
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *states)


def vmapped(estimator: Estimator, fit: Any, held_out: Any) -> Scores:
    """Scores of stacked states."""
    return _arrays(_compute_all(estimator, fit, held_out))


def status_of(estimator: Estimator, found: Scores) -> dict[str, np.ndarray]:
    """Return the status of each declared variable that has one."""
    names = {variable.name: f"{variable.name}{STATUS_SUFFIX}" for variable in estimator.variables}
    return {name: found[status] for name, status in names.items() if status in found}


def _compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile with the first argument static, as fast as can be: each program runs a few times."""
    return compiled_with(quick_options, static_argnums=0)(function)


def _arrays(found: Mapping[str, Any]) -> Scores:
    return {name: np.asarray(value) for name, value in found.items()}


def _traced() -> None:
    global traces
    traces += 1


@_compiled
def _update(statistic: Any, kept: Any, x: Any, y: Any, weight: Any, index: Any) -> Any:
    _traced()
    return statistic.update(kept, x, y, weight=weight, index=index)


@_compiled
def _merge(statistic: Any, a: Any, b: Any) -> Any:
    _traced()
    return statistic.merge(a, b)


@_compiled
def _compute(asked: tuple[Any, Columns], fit: Any, held_out: Any) -> Any:
    _traced()
    estimator, columns = asked
    return read_plainly(estimator, fit, held_out, columns)


@_compiled
def _compute_all(estimator: Any, fit: Any, held_out: Any) -> Any:
    return jax.vmap(partial(read_plainly, estimator))(fit, held_out)
