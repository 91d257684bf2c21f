"""What is kept to compare layers with layers, and how all pairs are scored.

What can be is kept of each layer alone, and only what depends on both is kept of each pair: L
preparations and L² cheap steps instead of L² updates with all there is.
"""

import contextlib
import dataclasses
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, cast

import jax
import numpy as np

from probekit._compiling import compiled_with, once_options, quick_options
from probekit.errors import ShapeError
from probekit.estimators import Estimator, Pairing
from probekit.probing.blaming import blaming, computed
from probekit.statistics import Divisible, ShapeDtype, Statistic, shared, state_of

Layers = Mapping[str, ShapeDtype]
Pair = tuple[str, str]
Kept = tuple[Any, ...]
"""One state of each statistic that is kept."""


class PairStates(NamedTuple):
    """What has been remembered: of each layer of either side alone, and of each pair."""

    a: dict[str, Kept]
    b: dict[str, Kept]
    both: dict[Pair, Kept]


_WORTH_DIVIDING = 1 << 36
"""From how many multiplications on it pays to compile more programs, of which each does less."""

NOTHING_SEEN = PairStates({}, {}, {})
"""Before the first batch. A state that is not there yet needs no program to make it."""


@dataclasses.dataclass(frozen=True)
class PairPlan:
    """Which statistics are kept of layers and of pairs of layers, and what is read off them.

    Parameters
    ----------
    estimators : tuple of Estimator
    pairings : tuple of (Pairing or None)
        Of each estimator, the way to do with preparations, if there is one.
    same : bool
        Whether both sides are one and the same model: then its layers are kept once.
    divided : bool
        Whether statistics that can be divided are: what is of one layer alone is kept once.
    halved : bool
        Whether of two layers of one model one is compared with the other, and not back again.
    """

    estimators: tuple[Estimator, ...]
    pairings: tuple[Pairing | None, ...]
    same: bool
    divided: bool = False
    halved: bool = False

    @classmethod
    def of(
        cls, estimators: Sequence[Estimator], a: Layers, b: Layers, *, same: bool, examples: int
    ) -> "PairPlan":
        """Ask each estimator for its pairing, given the sizes."""
        sides = (a,) if same else (a, b)
        units = tuple(shape.shape[1] for side in sides for shape in side.values())
        pairs = len(a) * len(b)
        pairings = []
        for estimator in estimators:
            with blaming([estimator]):
                pairings.append(estimator.pairing(examples=examples, units=units, pairs=pairs))
        worth = pairs > len(units) and pairs * examples * max(units) ** 2 >= _WORTH_DIVIDING
        of_pairs = [e for e, pairing in zip(estimators, pairings, strict=True) if pairing is None]
        halved = same and all(getattr(estimator, "symmetric", False) for estimator in of_pairs)
        return cls(tuple(estimators), tuple(pairings), same, worth, halved)

    def fitted(self) -> "PairPlan":
        """Return the plan for examples that are fitted and not scored: few look at these."""
        looking = tuple(
            estimator
            for estimator, pairing in zip(self.estimators, self.pairings, strict=True)
            if pairing is None and getattr(estimator, "fitted", True)  # a stranger's may not say
        )
        return dataclasses.replace(self, estimators=looking, pairings=(None,) * len(looking))

    def _of_layers(self) -> dict[Statistic[Any], Statistic[Any]]:
        """Return for each statistic that is read of layers alone the one that is kept for it."""
        prepared = [pairing.statistic for pairing in self.pairings if pairing is not None]
        parts = map(self._parts, self._of_pairs().values())
        return shared([*prepared, *(part[0] for part in parts if part is not None)])

    def _of_pairs(self) -> dict[Statistic[Any], Statistic[Any]]:
        """Return for each statistic that is read of pairs of layers the one that serves it."""
        both = zip(self.estimators, self.pairings, strict=True)
        return shared(estimator.statistic for estimator, pairing in both if pairing is None)

    def _parts(self, statistic: Statistic[Any]) -> tuple[Statistic[Any], Statistic[Any]] | None:
        """Return what is kept of layers alone and of pairs, if that is not the same."""
        divided = getattr(statistic, "divided", None)
        parts: tuple[Statistic[Any], Statistic[Any]] | None
        parts = divided() if divided is not None and self.divided else None
        return parts

    def _pairs(self, a: Iterable[str], b: Iterable[str]) -> Iterator[Pair]:
        """Return the pairs of which something is kept."""
        if self.halved:
            return itertools.combinations_with_replacement(a, 2)
        return itertools.product(a, b)

    def _kept_of_pairs(self) -> tuple[Statistic[Any], ...]:
        """Return what is kept of each pair of layers, in place of `_of_pairs`."""
        return tuple(
            statistic if (parts := self._parts(statistic)) is None else parts[1]
            for statistic in _kept(self._of_pairs())
        )

    def _readers(self, *, alone: bool) -> dict[Statistic[Any], list[Estimator]]:
        """Return who reads each statistic that is kept of layers alone, or of pairs of layers."""
        of_layers, of_pairs = self._of_layers(), self._of_pairs()
        readers: dict[Statistic[Any], list[Estimator]] = {}
        for estimator, pairing in zip(self.estimators, self.pairings, strict=True):
            if pairing is not None:
                kept = of_layers[pairing.statistic] if alone else None
            elif (parts := self._parts(of_pairs[estimator.statistic])) is not None:
                kept = of_layers[parts[0]] if alone else parts[1]
            else:
                kept = None if alone else of_pairs[estimator.statistic]
            if kept is not None:
                readers.setdefault(kept, []).append(estimator)
        return readers

    @contextlib.contextmanager
    def _blaming(self, given: Iterable[tuple[Any, ...]], *, alone: bool) -> Iterator[None]:
        """Blame those whose statistic fails, of any of the arguments: one program has them all."""
        try:
            yield
        except Exception:
            readers, given = self._readers(alone=alone), list(given)
            failing = (
                of for statistic, of in readers.items() if any(_fails(statistic, *z) for z in given)
            )
            with blaming(next(failing, list(itertools.chain(*readers.values())))):
                raise

    def update(
        self,
        states: PairStates,
        a: Mapping[str, jax.Array],
        b: Mapping[str, jax.Array],
        *,
        weight: np.ndarray,
        index: np.ndarray,
    ) -> PairStates:
        """Return the states that have also seen this batch of both models' representations."""
        of_layers, of_pairs = _kept(self._of_layers()), self._kept_of_pairs()

        def seen(kept: tuple[Statistic[Any], ...], state: Kept | None, x: Any, y: Any) -> Kept:
            if not kept:
                return ()
            if state is None:
                return _of_batch(kept, x, y, weight, index)
            return _update(kept, state, x, y, weight, index)

        nothing = np.zeros((len(index), 0), np.float32)

        def alone(known: dict[str, Kept], batch: Mapping[str, jax.Array]) -> dict[str, Kept]:
            return {
                layer: seen(of_layers, known.get(layer), x, nothing) for layer, x in batch.items()
            }

        def of_both(pair: Pair) -> Kept:
            try:
                return seen(of_pairs, states.both.get(pair), a[pair[0]], b[pair[1]])
            except ShapeError as error:
                raise ShapeError(f"layers {pair[0]!r} and {pair[1]!r}: {error}") from None

        layers = ((x, nothing, weight, index) for x in (*a.values(), *b.values()))
        with self._blaming(layers, alone=True):
            alone_a, alone_b = alone(states.a, a), {} if self.same else alone(states.b, b)
        pairs = ((x, y, weight, index) for x in a.values() for y in b.values())
        with self._blaming(pairs, alone=False):
            both = {pair: of_both(pair) for pair in self._pairs(a, b)}
        return PairStates(alone_a, alone_b, both)

    def compute(
        self, fit: PairStates | None, held_out: PairStates
    ) -> dict[Pair, dict[str, np.ndarray]]:
        """Return the scores of all pairs.

        Parameters
        ----------
        fit : PairStates or None
            What the plan for fitted examples remembers; None if they are those that are scored.
        held_out : PairStates
            What is scored; all there is to see for preparations, and for estimators that look at
            nothing else.
        """
        a, b = (dict.fromkeys(pair[side] for pair in held_out.both) for side in (0, 1))
        scores: dict[Pair, dict[str, np.ndarray]] = {pair: {} for pair in itertools.product(a, b)}
        for estimator, pairing in zip(self.estimators, self.pairings, strict=True):
            with blaming([estimator]):
                if pairing is None:
                    found = self._from_pairs(estimator, fit, held_out)
                    if self.halved:
                        found |= {(b, a): score for (a, b), score in found.items()}
                else:
                    found = self._from_layers(pairing, held_out)
            for pair, score in found.items():
                scores[pair] |= score
        return scores

    def _from_pairs(
        self, estimator: Estimator, fit: PairStates | None, held_out: PairStates
    ) -> dict[Pair, dict[str, np.ndarray]]:
        scored, fitting = self._states_for(estimator, held_out), self.fitted()
        known = scored
        if fit is not None and estimator in fitting.estimators:
            known = fitting._states_for(estimator, fit)
        return {
            pair: jax.device_get(_compute(estimator, known[pair], state))
            for pair, state in scored.items()
        }

    def _states_for(self, estimator: Estimator, states: PairStates) -> dict[Pair, Any]:
        """Return of all that is kept of each pair what an estimator reads."""
        serving = self._of_pairs()
        statistic = serving[estimator.statistic]
        place, parts = _kept(serving).index(statistic), self._parts(statistic)
        if parts is None:
            return {pair: kept[place] for pair, kept in states.both.items()}
        of_layers = self._of_layers()
        alone = _kept(of_layers).index(of_layers[parts[0]])
        states_b = states.a if self.same else states.b
        joined = cast(Divisible[Any], statistic).joined
        return {
            (a, b): joined(states.a[a][alone], states_b[b][alone], kept[place])
            for (a, b), kept in states.both.items()
        }

    def _from_layers(
        self, pairing: Pairing, states: PairStates
    ) -> dict[Pair, dict[str, np.ndarray]]:
        serving = self._of_layers()
        place = _kept(serving).index(serving[pairing.statistic])

        def prepared(side: Mapping[str, Kept]) -> dict[str, Any]:
            return {layer: pairing.prepare(state[place]) for layer, state in side.items()}

        a = prepared(states.a)
        b = a if self.same else prepared(states.b)
        all_a = list(a.values())
        every = jax.device_get(pairing.pair_all(all_a, all_a if self.same else list(b.values())))
        if every is not None:
            return {
                (name_a, name_b): {name: value[i, j] for name, value in every.items()}
                for i, name_a in enumerate(a)
                for j, name_b in enumerate(b)
            }
        return {
            (name_a, name_b): jax.device_get(_pair(pairing, x, y))
            for name_a, x in a.items()
            for name_b, y in b.items()
        }


def _fails(statistic: Statistic[Any], *arguments: Any) -> bool:
    try:
        jax.eval_shape(partial(_states_of, (statistic,)), *arguments)
    except Exception:
        return True
    return False


def _kept(serving: Mapping[Statistic[Any], Statistic[Any]]) -> tuple[Statistic[Any], ...]:
    return tuple(dict.fromkeys(serving.values()))


LARGE = 1 << 18
"""From how many numbers on running a program costs more than compiling it with some care."""


def _of_batch(kept: tuple[Statistic[Any], ...], x: Any, y: Any, *example: Any) -> Kept:
    of = _of_large if x.size + y.size > LARGE else _of_small
    return of(kept, x, y, *example)


def _states_of(
    kept: tuple[Statistic[Any], ...],
    x: jax.Array,
    y: jax.Array,
    weight: jax.Array,
    index: jax.Array,
) -> Kept:
    return tuple(state_of(statistic, x, y, weight=weight, index=index) for statistic in kept)


_of_small = compiled_with(quick_options, static_argnames="kept")(_states_of)
_of_large = compiled_with(once_options, static_argnames="kept")(_states_of)


@compiled_with(once_options, static_argnames="kept", donate_argnames="states")
def _update(
    kept: tuple[Statistic[Any], ...],
    states: Kept,
    x: jax.Array,
    y: jax.Array,
    weight: jax.Array,
    index: jax.Array,
) -> Kept:
    return tuple(
        statistic.update(state, x, y, weight=weight, index=index)
        for statistic, state in zip(kept, states, strict=True)
    )


def _compute(estimator: Estimator, fit: Any, held_out: Any) -> Any:
    if not estimator.traceable:
        return computed(estimator, jax.device_get(fit), jax.device_get(held_out))
    return _compute_traced(estimator, None if fit is held_out else fit, held_out)


@compiled_with(quick_options, static_argnames="estimator")
def _compute_traced(estimator: Estimator, fit: Any, held_out: Any) -> Any:
    return computed(estimator, held_out if fit is None else fit, held_out)


@compiled_with(quick_options, static_argnames="pairing")
def _pair(pairing: Pairing, a: Any, b: Any) -> Any:
    return pairing.pair(a, b)
