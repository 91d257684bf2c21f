"""First persistent homology over Z/2 by reducing the whole boundary matrix, column by column."""

import itertools

import numpy as np


def rips_bars(distances):
    """Bars ``(birth, death)`` of the Vietoris-Rips filtration of a matrix of distances."""
    points = range(len(distances))
    edges = {frozenset(pair): distances[pair] for pair in itertools.combinations(points, 2)}
    triangles = [
        [frozenset(side) for side in itertools.combinations(corners, 2)]
        for corners in itertools.combinations(points, 3)
    ]
    return _reduced(edges, [(max(edges[side] for side in sides), sides) for sides in triangles])


def cone_bars(inner, outer):
    """Bars of the filtration of `outer` in which all that `inner` has joined is filled by a cone.

    `inner` is at no place below `outer`. The cone's tip is joined to all points from the start, so
    that what is left of the homology is relative to `inner`.
    """
    points, tip = range(len(outer)), -1
    pairs = list(itertools.combinations(points, 2))
    edges = {frozenset((tip, point)): 0.0 for point in points}  # first: they make no loops
    edges |= {frozenset(pair): outer[pair] for pair in pairs}
    filled = [
        (inner[i, j], [frozenset((i, j)), frozenset((tip, i)), frozenset((tip, j))])
        for i, j in pairs
    ]
    for corners in itertools.combinations(points, 3):
        sides = [frozenset(side) for side in itertools.combinations(corners, 2)]
        filled.append((max(edges[side] for side in sides), sides))
    return _reduced(edges, filled)


def witness_bars(far, most):
    """Bars of the witness complex of distances ``(witness, landmark)``; endless ones never die.

    A simplex is there from the least excess, over all witnesses, of its furthest corner over the
    nearest landmark that is no corner; and not before its faces.
    """
    corners = range(far.shape[1])

    far = np.hstack([far, np.full((len(far), 1), np.inf)]).T  # one more, for where all are corners

    def excess(simplex):
        others = far.copy()
        others[list(simplex)] = np.inf
        return max(0.0, (far[list(simplex)].max(axis=0) - others.min(axis=0)).min())

    edges = {frozenset(pair): excess(pair) for pair in itertools.combinations(corners, 2)}
    edges = {edge: start for edge, start in edges.items() if start <= most}
    triangles = []
    for triple in itertools.combinations(corners, 3):
        sides = [frozenset(side) for side in itertools.combinations(triple, 2)]
        if all(side in edges for side in sides):
            start = max(excess(triple), *(edges[side] for side in sides))
            triangles += [(start, sides)] if start <= most else []
    return _reduced(edges, triangles, endless=len(corners))


def _reduced(edges, triangles, *, endless=0):
    """Reduce the boundaries of triangles; each is a whole number whose bits are the edges."""
    place = {edge: k for k, edge in enumerate(sorted(edges, key=edges.get))}
    birth = sorted(edges.values())
    reduced, bars = {}, []
    for death, sides in sorted(triangles, key=lambda triangle: triangle[0]):
        column = sum(1 << place[side] for side in sides)
        while column and column.bit_length() in reduced:
            column ^= reduced[column.bit_length()]
        if column:
            reduced[column.bit_length()] = column
            bars.append((birth[column.bit_length() - 1], death))
    if endless:  # of so many points: edges that join nothing new, and no triangle fills
        bars += [(birth[k], np.inf) for k in _closing(place, endless) - {k - 1 for k in reduced}]
    return np.array([bar for bar in bars if bar[1] > bar[0]]).reshape(-1, 2)


def _closing(place, points):
    """Places of the edges that close a loop."""
    group, closing = list(range(points)), set()
    for edge, k in sorted(place.items(), key=lambda item: item[1]):
        a, b = (group[point] for point in edge)
        if a == b:
            closing.add(k)
        group = [a if other == b else other for other in group]
    return closing
