"""Layers with far more units than examples, as convolutions have: through fewer coordinates.

Statistics of second order keep d² numbers of d units. Where n examples are fewer, estimators that
look at nothing but distances and angles are given coordinates of the examples instead, which are n.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from probekit._coordinates import coordinates, is_wide
from probekit.estimators import Estimator

Splits = list[np.ndarray]
"""Activations ``(example, …)`` of one layer: those that are fitted, and those held out, if any."""

Layer = tuple[str, Splits]
"""A layer by name."""


def wide_layers(layers: Mapping[str, Any], examples: int) -> dict[str, int]:
    """Return the number of units of the layers that have far more of them than examples.

    Parameters
    ----------
    layers : mapping of array (example, …), or of shapes
    examples : int
        To fit on and to score on.
    """
    widths = {layer: int(np.prod(array.shape[1:], dtype=int)) for layer, array in layers.items()}
    return {layer: d for layer, d in widths.items() if is_wide(examples, d)}


def divided(
    estimators: Sequence[Estimator], splits: Splits, weights: Sequence[Any]
) -> Iterator[tuple[tuple[Estimator, ...], Splits]]:
    """Yield which estimators look at which arrays of a wide layer.

    Parameters
    ----------
    estimators : sequence of Estimator
    splits : list of array (example, …)
    weights : sequence of array (example,)
        Of either split; examples of weight 0 are absent.
    """
    examples, units = sum(map(len, splits)), int(np.prod(splits[0].shape[1:], dtype=int))
    of_coordinates = {e: e.narrowed(units=units, to=examples) for e in estimators}
    if as_they_are := tuple(e for e, other in of_coordinates.items() if other is None):
        yield as_they_are, splits
    for centred in (True, False):
        chosen = tuple(
            other
            for e, other in of_coordinates.items()
            if other is not None and ("translation" in e.invariances) == centred
        )
        if chosen:
            yield chosen, in_coordinates(splits, weights, centred=centred)


def in_coordinates(
    splits: Splits, weights: Sequence[Any] | None = None, *, centred: bool
) -> Splits:
    """Return as many coordinates as there are examples, the same ones in every split."""
    x = np.concatenate([split.reshape(len(split), -1) for split in splits])
    present = np.ones(len(x), bool)
    if weights is not None:
        present = np.concatenate([np.asarray(weight) > 0 for weight in weights])
    found = coordinates(x, present, centred=centred)
    return np.split(found, np.cumsum([len(split) for split in splits])[:-1])
