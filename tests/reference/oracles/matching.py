"""Units that are matched with units."""

import itertools

import numpy as np
from scipy import optimize
from scipy.spatial.distance import cdist

from tests.reference.oracles.seen import in_float64


def semi_matching(x, y, x2, y2, *, units="both", absolute=False, align_on="scored"):
    x, y = (x, y) if align_on == "fit" else (x2, y2)
    r, r2 = (
        np.nan_to_num(1 - cdist(*(z.T for z in in_float64(*pair)), "correlation"))
        for pair in ((x, y), (x2, y2))
    )
    r, r2 = (np.abs(z) if absolute else z for z in (r, r2))
    best = {
        "x": np.mean([row2[row.argmax()] for row, row2 in zip(r, r2, strict=True)]),
        "y": np.mean([row2[row.argmax()] for row, row2 in zip(r.T, r2.T, strict=True)]),
    }
    return best[units] if units in best else np.mean(list(best.values()))


def maximum_match(x, y, x2, y2, *, tolerance=0.25, centred=False):
    """By regression on the units themselves, one unit left out at a time: the furthest."""
    x, y = (z - z.mean(axis=0) if centred else z for z in in_float64(x2, y2))
    units = [[u for u in z.T if np.linalg.norm(u) > 1e-6] for z in (x, y)]
    while True:
        far = []
        for side, other in ((0, 1), (1, 0)):
            for place, unit in enumerate(units[side]):
                others = np.array(units[other]).T.reshape(len(unit), -1)
                rest = unit - others @ np.linalg.lstsq(others, unit)[0] if others.size else unit
                far.append((np.linalg.norm(rest) / np.linalg.norm(unit), side, place))
        if not far or max(far)[0] <= tolerance:
            return sum(map(len, units)) / (x.shape[1] + y.shape[1])
        _, side, place = max(far)
        del units[side][place]


def permutation_matching(x, y, x2, y2, *, align_on="scored"):
    """The best of all matchings, tried one by one."""
    found = scored = _correlations(x2, y2)
    found = _correlations(x, y) if align_on == "fit" else found
    if found.shape[0] > found.shape[1]:
        found, scored = found.T, scored.T
    rows = list(range(found.shape[0]))
    choices = itertools.permutations(range(found.shape[1]), found.shape[0])
    best = max(choices, key=lambda choice: found[rows, list(choice)].mean())
    return scored[rows, list(best)].mean()


def permutation_distance(x, y, x2, y2, *, angular=True, align_on="scored"):
    """The least of all permutations, tried one by one."""
    x, y, x2, y2 = in_float64(*((x, y) if align_on == "fit" else (x2, y2)), x2, y2)
    width = max(x2.shape[1], y2.shape[1])
    sides = []
    for fit, other in ((x, x2), (y, y2)):
        centred = (z - fit.mean(axis=0) for z in (fit, other))
        padded = (np.pad(z, [(0, 0), (0, width - z.shape[1])]) for z in centred)
        sides.append([z / np.linalg.norm(z) for z in padded])
    (x, x2), (y, y2) = sides
    orders = map(list, itertools.permutations(range(width)))
    best = min(orders, key=lambda order: np.linalg.norm(x[:, order] - y))
    length = np.linalg.norm(x2[:, best] - y2)
    return 2 * np.arcsin(length / 2) if angular else length


def soft_matching(x, y, x2, y2, *, align_on="scored"):
    """By copying units until the widths are equal; then the best plan is an assignment."""
    found = scored = _correlations(x2, y2)
    found = _correlations(x, y) if align_on == "fit" else found
    common = np.lcm(*found.shape)
    copied, others = (
        np.repeat(np.repeat(z, common // z.shape[0], 0), common // z.shape[1], 1)
        for z in (found, scored)
    )
    return others[optimize.linear_sum_assignment(copied, maximize=True)].mean()


def unit_correlation(x, y, x2, y2, *, pairs="same", average="mean"):
    found = _correlations(x2, y2)
    found = np.diagonal(found) if pairs == "same" else found
    return getattr(np, average)(found)


def _correlations(x, y):
    x, y = in_float64(x, y)
    return np.corrcoef(x.T, y.T)[: x.shape[1], x.shape[1] :]
