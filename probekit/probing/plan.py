"""What is kept of the examples, and how scores are read off it: pure functions of arrays.

A `Plan` is static: it is made of the estimators and the names and widths of the features.
Estimators that need the same statistic share it, so that ten of them cost about one.
"""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from probekit._checks import floating
from probekit._shapes import struct
from probekit.estimators import Estimator
from probekit.probing.blaming import blaming, computed
from probekit.statistics import ShapeDtype, Statistic, empty_state, shared, state_of
from probekit.status import Status

LayerStates = tuple[Any, ...]
"""Of one layer: one state of each statistic that is kept, or a tuple of them, one a feature."""

States = dict[str, LayerStates]

Scores = dict[str, dict[str, jax.Array]]
"""For each layer the arrays of all variables."""


class _Kept(NamedTuple):
    """A statistic that is kept: of all features at once, or of each on its own."""

    statistic: Statistic[Any]
    each: bool


@dataclasses.dataclass(frozen=True)
class Plan:
    """Estimators and features; decides which statistics are kept.

    Parameters
    ----------
    estimators : tuple of Estimator
    names : tuple of str
        Names of the features.
    widths : tuple of int
        How many columns each feature has.
    dtype : str
        Of the features.
    """

    estimators: tuple[Estimator, ...]
    names: tuple[str, ...]
    widths: tuple[int, ...]
    dtype: str = "float32"

    @property
    def columns(self) -> tuple[tuple[int, ...], ...]:
        """For each feature its columns in the matrix of features."""
        ends = np.cumsum(self.widths).tolist()
        return tuple(
            tuple(range(end - width, end)) for end, width in zip(ends, self.widths, strict=True)
        )

    @property
    def traceable(self) -> bool:
        """Whether every score can be computed under ``jit``."""
        return all(estimator.traceable for estimator in self.estimators)

    def check_sizes(self, layers: Mapping[str, ShapeDtype], *, examples: int) -> None:
        """Raise `ShapeError` where the data would make no difference to a score.

        Parameters
        ----------
        layers : mapping
            Shapes ``(example, …)``.
        examples : int
            To fit on.
        """
        columns = dict(zip(self.names, self.widths, strict=True))
        for layer, shape in layers.items():
            units = int(np.prod(shape.shape[1:], dtype=int))
            for estimator in self.estimators:
                with blaming([estimator]):
                    estimator.check_sizes(
                        examples=examples, layer=layer, units=units, columns=columns
                    )

    def only(self, estimators: tuple[Estimator, ...]) -> "Plan":
        """Return the plan of these estimators and the same features."""
        return dataclasses.replace(self, estimators=estimators)

    def kept(self) -> tuple[_Kept, ...]:
        """Return the statistics that are kept, each once."""
        return tuple(self._readers())

    def _readers(self) -> dict[_Kept, list[Estimator]]:
        """Return for each statistic that is kept the estimators that read it."""
        readers: dict[_Kept, list[Estimator]] = {}
        for estimator, kept in self._serving().items():
            readers.setdefault(kept, []).append(estimator)
        return readers

    def _serving(self) -> dict[Estimator, _Kept]:
        """Return for each estimator the statistic that it reads."""
        asked = {}
        for estimator in self.estimators:
            with blaming([estimator]):
                asked[estimator] = _Kept(estimator.statistic, _needs_each(estimator))
        serving: dict[_Kept, _Kept] = {}
        for each in (False, True):
            statistics = [kept.statistic for kept in asked.values() if kept.each == each]
            for statistic, union in shared(statistics).items():
                serving[_Kept(statistic, each)] = _Kept(union, each)
        return {estimator: serving[kept] for estimator, kept in asked.items()}

    def init(self, layers: Mapping[str, ShapeDtype]) -> States:
        """Return the states of no examples, for layers of these shapes ``(example, …)``."""
        return {layer: self._init_layer(shape) for layer, shape in layers.items()}

    def _init_layer(self, shape: ShapeDtype) -> LayerStates:
        units = int(np.prod(shape.shape[1:], dtype=int))
        x = struct((shape.shape[0], units), _numeric(shape.dtype))

        readers = self._readers()

        def init(kept: _Kept, width: int) -> Any:
            with blaming(readers[kept]):
                return empty_state(kept.statistic, x, struct((shape.shape[0], width), self.dtype))

        return tuple(
            tuple(init(kept, width) for width in self.widths)
            if kept.each
            else init(kept, sum(self.widths))
            for kept in readers
        )

    def update(
        self,
        states: States,
        representations: Mapping[str, jax.Array],
        y: jax.Array,
        *,
        weight: jax.Array,
        index: jax.Array,
    ) -> States:
        """Return the states that have also seen this batch.

        Parameters
        ----------
        states : dict
        representations : mapping of array (example, …)
            Further axes are flattened into units.
        y : array (example, column)
        weight, index : array (example,)
            As `Statistic.update` takes them.
        """
        update = jax.jit(self._update_layer)  # so that layers of one shape are traced once
        return {
            layer: update(state, units(representations[layer]), y, weight=weight, index=index)
            for layer, state in states.items()
        }

    def _update_layer(
        self, states: LayerStates, x: jax.Array, y: jax.Array, **example: jax.Array
    ) -> LayerStates:
        readers = self._readers()

        def update(kept: _Kept, state: Any) -> Any:
            with blaming(readers[kept]):
                if not kept.each:
                    return kept.statistic.update(state, x, y, **example)
                each = zip(state, self._each_feature(kept.statistic, y), strict=True)
                return tuple(own.update(part, x, mine, **example) for part, (own, mine) in each)

        return tuple(update(*pair) for pair in zip(readers, states, strict=True))

    def of(
        self,
        representations: Mapping[str, jax.Array],
        y: jax.Array,
        weight: Any = None,
        index: Any = None,
    ) -> States:
        """Return what the statistics remember of these examples, all of them at once."""
        example = {
            "weight": jnp.ones(len(y), jnp.float32) if weight is None else weight,
            "index": jnp.arange(len(y), dtype=jnp.int32) if index is None else index,
        }
        x = {layer: units(array) for layer, array in representations.items()}
        states: dict[str, list[Any]] = {layer: [] for layer in x}
        for kept, readers in self._readers().items():
            with blaming(readers):
                for layer, state in self._of_statistic(kept, x, y, example).items():
                    states[layer].append(state)
        return {layer: tuple(parts) for layer, parts in states.items()}

    def _of_statistic(
        self,
        kept: _Kept,
        x: Mapping[str, jax.Array],
        y: jax.Array,
        example: Mapping[str, jax.Array],
    ) -> dict[str, Any]:
        """Return what one statistic remembers of each layer."""
        if kept.each:
            return {
                layer: tuple(
                    state_of(own, array, columns, **example)
                    for own, columns in self._each_feature(kept.statistic, y)
                )
                for layer, array in x.items()
            }
        if getattr(kept.statistic, "by_unit", False):
            return _side_by_side(kept.statistic, x, y, example)
        return {layer: state_of(kept.statistic, array, y, **example) for layer, array in x.items()}

    def _each_feature(
        self, statistic: Statistic[Any], y: jax.Array
    ) -> Iterator[tuple[Any, jax.Array]]:
        """Yield for each feature the statistic that is kept of it, and its columns of `y`."""
        for place, columns in enumerate(self.columns):
            yield _of_feature(statistic, place), y[:, np.array(columns)]

    def merge(self, a: States, b: States) -> States:
        """Return the states that have seen what `a` and `b` have seen."""
        readers = self._readers()

        def merge(kept: _Kept, part_a: Any, part_b: Any) -> Any:
            with blaming(readers[kept]):
                if not kept.each:
                    return kept.statistic.merge(part_a, part_b)
                return tuple(map(kept.statistic.merge, part_a, part_b))

        return {
            layer: tuple(merge(*part) for part in zip(readers, a[layer], b[layer], strict=True))
            for layer in a
        }

    def compute(
        self, fit: LayerStates, held_out: LayerStates, *, traceable: bool
    ) -> dict[str, jax.Array]:
        """Return the scores of one layer, with the axis ``feature`` first where there is one.

        Of the estimators that can be computed under ``jit``, or of those that cannot.
        """
        serving = self._serving()
        scores: dict[str, jax.Array] = {}
        for kept, *states in zip(self.kept(), fit, held_out, strict=True):
            readers = [
                estimator
                for estimator in self.estimators
                if serving[estimator] == kept and estimator.traceable == traceable
            ]
            scores |= self._read(readers, kept, *states)
        return scores

    def reweigh(
        self, held_out: LayerStates, weights: np.ndarray, groups: np.ndarray | None
    ) -> dict[str, np.ndarray]:
        """Return the scores of one layer for each row of weights, ``(resample, feature)``.

        Of estimators with `reweighted`, which weigh the examples that their statistic kept.
        """
        return self._again("reweighted", held_out, weights, groups=groups)

    def reorder(self, held_out: LayerStates, orders: np.ndarray) -> dict[str, np.ndarray]:
        """Return the same for each order of the features, of estimators with `reordered`."""
        return self._again("reordered", held_out, orders)

    def _again(
        self, method: str, held_out: LayerStates, rows: np.ndarray, **more: Any
    ) -> dict[str, np.ndarray]:
        """Return what a method of each estimator makes of many rows, ``(row, feature)``."""
        serving, kept = self._serving(), self.kept()
        scores: dict[str, np.ndarray] = {}
        for estimator in self.estimators:
            state = held_out[kept.index(serving[estimator])]
            statistic: Any = serving[estimator].statistic
            with blaming([estimator]):
                parts = [
                    getattr(estimator, method)(
                        statistic.select(state, y=np.array(columns)), rows, **more
                    )
                    for columns in self.columns
                ]
            scores |= {name: np.stack([p[name] for p in parts], axis=1) for name in parts[0]}
        return scores

    def _read(
        self, readers: Sequence[Estimator], kept: _Kept, fit: Any, held_out: Any
    ) -> dict[str, jax.Array]:
        """Return what the estimators that read one statistic report of one layer."""
        scores: dict[str, jax.Array] = {}
        by_feature = []
        for estimator in readers:
            if estimator.joint:
                scores |= computed(estimator, fit, held_out, columns=self.columns)
            elif estimator.kind == "geometry":
                scores |= computed(estimator, fit, held_out)
            else:
                by_feature.append(estimator)
        if by_feature:
            scores |= self._read_by_feature(by_feature, kept, fit, held_out)
        return scores

    def _read_by_feature(
        self, readers: Sequence[Estimator], kept: _Kept, fit: Any, held_out: Any
    ) -> dict[str, jax.Array]:
        """Return the scores of each feature; its columns are selected once for all readers."""

        def of_feature(fit: Any, held_out: Any) -> dict[str, jax.Array]:
            parts = [computed(estimator, fit, held_out) for estimator in readers]
            return {name: score for part in parts for name, score in part.items()}

        def of_columns(columns: jax.Array) -> dict[str, jax.Array]:
            statistic: Any = kept.statistic
            with blaming(readers):
                pair = [statistic.select(state, y=columns) for state in (fit, held_out)]
            return of_feature(*pair)

        if kept.each:
            return _stacked([of_feature(*pair) for pair in zip(fit, held_out, strict=True)])
        # Equal widths share one trace; what depends on the representation alone is done once.
        if readers[0].traceable and len(set(self.widths)) == 1:
            return jax.vmap(of_columns)(jnp.array(self.columns, jnp.int32))
        return _stacked([of_columns(np.array(columns)) for columns in self.columns])  # type: ignore[arg-type]


def _needs_each(estimator: Estimator) -> bool:
    """Whether a statistic must be kept per feature, for want of a way to select columns."""
    whole = estimator.joint or estimator.kind == "geometry"
    return not whole and not hasattr(estimator.statistic, "select")


def _of_feature(statistic: Statistic[Any], place: int) -> Any:
    """Return the statistic for one feature, where it is not the same for all."""
    own = getattr(statistic, "of_feature", None)
    return statistic if own is None else own(place)


def _side_by_side(
    statistic: Any, x: Mapping[str, jax.Array], y: jax.Array, example: Mapping[str, jax.Array]
) -> dict[str, Any]:
    """Return the state of each layer, read out of one state of all layers side by side."""
    whole = state_of(statistic, jnp.concatenate(list(x.values()), axis=1), y, **example)
    ends = np.cumsum([array.shape[1] for array in x.values()]).tolist()
    return {
        layer: statistic.select(whole, x=slice(end - array.shape[1], end))
        for (layer, array), end in zip(x.items(), ends, strict=True)
    }


def _stacked(parts: Sequence[dict[str, jax.Array]]) -> dict[str, jax.Array]:
    """Put the features' scores along the first axis, those of fewer columns filled up."""
    return {
        name: jnp.stack(_of_one_shape([jnp.asarray(part[name]) for part in parts]))
        for name in parts[0]
    }


def _of_one_shape(arrays: Sequence[jax.Array]) -> list[jax.Array]:
    """Return the arrays with NaN, or -1 for codes, up to the largest of each axis."""
    shape = np.max([array.shape for array in arrays], axis=0) if arrays[0].ndim else ()
    filled = []
    for array in arrays:
        fill = jnp.nan if jnp.issubdtype(array.dtype, jnp.inexact) else Status.NOT_RECORDED
        missing = [(0, int(most) - size) for size, most in zip(array.shape, shape, strict=True)]
        filled.append(jnp.pad(array, missing, constant_values=fill) if missing else array)
    return filled


def units(representation: jax.Array) -> jax.Array:
    """Return a representation as a matrix ``(example, unit)`` of floating numbers."""
    flat = representation.reshape(representation.shape[0], -1)
    return flat.astype(_numeric(flat.dtype))


def _numeric(dtype: Any) -> Any:
    return dtype if jnp.issubdtype(dtype, jnp.inexact) else floating()
