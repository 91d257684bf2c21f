"""Shuffled orders of examples that come in groups."""

import numpy as np


def order_within(place: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Return an order in which each place has another example of its group, if any."""
    shuffled = generator.permutation(len(place))
    # Both list the examples group by group: the first in their order, the second shuffled.
    order = np.empty_like(shuffled)
    order[np.argsort(place, kind="stable")] = shuffled[np.argsort(place[shuffled], kind="stable")]
    return order


def order_of_whole(place: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Return an order in which groups stand at the places of other groups of their size."""
    sizes = np.bincount(place)
    members = np.split(np.argsort(place, kind="stable"), np.cumsum(sizes)[:-1])
    order = np.empty(len(place), int)
    for size in np.unique(sizes):
        alike = np.flatnonzero(sizes == size)
        for group, other in zip(alike, generator.permutation(alike), strict=True):
            order[members[group]] = members[other]
    return order
