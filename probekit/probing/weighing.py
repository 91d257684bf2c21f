"""Resamples of similarities that weigh or shuffle what they made of the examples once.

A statistic of each resample costs what one of the data does. Similarities that look at inner
products of examples need not take it again: they prepare each layer and each feature, or layer of
the other model, and then a resample of a pair is a cheap step.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from probekit.estimators import Estimator, Weighing
from probekit.probing.blaming import blaming
from probekit.probing.blocks import Resampled, Sample, joined
from probekit.probing.plan import units

_WORKING_SET = 1 << 28  # bytes of what is prepared of many resamples at a time

Weighings = Mapping[Estimator, Weighing]


def weighings_of(
    estimators: Sequence[Estimator], sample: Sample, widths: Sequence[int]
) -> dict[Estimator, Weighing]:
    """Return the ways of those that have one for these examples, all of which must count once.

    Parameters
    ----------
    estimators : sequence of Estimator
    sample : Sample
        What is scored.
    widths : sequence of int
        Of the features.
    """
    if (sample.weight != 1).any():
        return {}
    layers = [int(np.prod(x.shape[1:], dtype=int)) for x in sample.x.values()]
    examples, every = len(sample.weight), (*layers, *widths)
    found = {
        estimator: estimator.weighing(examples=examples, units=every)
        for estimator in estimators
        if estimator.kind == "similarity"
    }
    return {estimator: way for estimator, way in found.items() if way is not None}


def by_weighing(
    weighings: Weighings,
    sample: Sample,
    columns: Sequence[tuple[int, ...]],
    draw: Callable[[range], np.ndarray],
    count: int,
) -> Resampled:
    """Return the scores of `count` resamples, a block of them at a time.

    Parameters
    ----------
    weighings : mapping
    sample : Sample
    columns : sequence of tuple of int
        Of each feature.
    draw : callable
        From the numbers of resamples to weights ``(resample, example)``.
    count : int
    """
    examples, features = len(sample.weight), _features(sample, columns)
    at_once = max(64, _WORKING_SET // (8 * examples * (len(features) + 1)))
    found: dict[str, list[dict[str, np.ndarray]]] = {layer: [] for layer in sample.x}
    for start in range(0, count, at_once):
        weights = draw(range(start, min(start + at_once, count)))
        block: dict[str, dict[str, np.ndarray]] = {layer: {} for layer in sample.x}
        for estimator, way in weighings.items():
            with blaming([estimator]):
                others = [way.prepare(y, weights) for y in features]
                for layer, x in sample.x.items():
                    own = way.prepare(units(x), weights)
                    block[layer] |= _stacked([way.pair(own, other, weights) for other in others])
        for layer, scores in block.items():
            found[layer].append(scores)
    return joined(found)


def by_shuffling(
    weighings: Weighings, sample: Sample, columns: Sequence[tuple[int, ...]], orders: np.ndarray
) -> Resampled:
    """Return the scores for each order ``(shuffle, example)`` of the features."""
    features = _features(sample, columns)
    found: Resampled = {layer: {} for layer in sample.x}
    for layer, x in sample.x.items():
        for estimator, way in weighings.items():
            with blaming([estimator]):
                found[layer] |= _stacked([way.reorder(units(x), y, orders) for y in features])
    return found


def _features(sample: Sample, columns: Sequence[tuple[int, ...]]) -> list[Any]:
    return [sample.y[:, np.array(own)] for own in columns]


def _stacked(features: Sequence[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Put the features' scores along the second axis."""
    return {name: np.stack([scores[name] for scores in features], axis=1) for name in features[0]}
