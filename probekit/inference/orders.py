"""Shuffled orders of examples that come in groups."""

import numpy as np


def order_within(place: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Return an order in which each place has another example of its group, if any."""
    shuffled = generator.permutation(len(place))
    # Both list the examples group by group: the first in their order, the second shuffled.
    order = np.empty_like(shuffled)
    order[np.argsort(place, kind="stable")] = shuffled[np.argsort(place[shuffled], kind="stable")]
    return order


def order_of_whole(
    place: np.ndarray, kind: np.ndarray, generator: np.random.Generator
) -> np.ndarray:
    """Return an order in which groups stand at the places of other groups of their kind."""
    sizes = np.bincount(place)
    members = np.split(np.argsort(place, kind="stable"), np.cumsum(sizes)[:-1])
    order = np.empty(len(place), int)
    for one in np.unique(kind):
        alike = np.flatnonzero(kind == one)
        for group, other in zip(alike, generator.permutation(alike), strict=True):
            order[members[group]] = members[other]
    return order


def numbers_within(place: np.ndarray) -> np.ndarray:
    """Return the number of each example among those of its group, from 0."""
    sizes = np.bincount(place)
    within = np.empty(len(place), int)
    within[np.argsort(place, kind="stable")] = np.arange(len(place)) - np.repeat(
        np.cumsum(sizes) - sizes, sizes
    )
    return within


def kinds_of_whole(place: np.ndarray, within: np.ndarray) -> np.ndarray:
    """Return the kind of each group: those of one kind hold examples of the same numbers."""
    held = np.split(within[np.argsort(place, kind="stable")], np.cumsum(np.bincount(place))[:-1])
    patterns = [(len(one), *one.tolist()) for one in held]
    number = {pattern: kind for kind, pattern in enumerate(sorted(set(patterns)))}
    return np.array([number[pattern] for pattern in patterns], int)
