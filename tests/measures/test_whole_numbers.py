"""Angles between rows of whole numbers: equal ones are equal numbers, as fractions tell."""

from fractions import Fraction

import jax
import numpy as np
import pytest
import scipy.stats

from probekit import measures


def squared_cosines(x, metric):
    """Signed squares of the cosines of all pairs of rows, as fractions: their order is exact."""
    rows = [[Fraction(int(value)) for value in row] for row in x]
    if metric == "correlation":
        rows = [[value - sum(row) / len(row) for value in row] for row in rows]
    found = []
    for i, row in enumerate(rows):
        for other in rows[i + 1 :]:
            inner = sum(a * b for a, b in zip(row, other, strict=True))
            found.append(inner * abs(inner) / sum(a * a for a in row) / sum(b * b for b in other))
    return found


def exact_ranks(values):
    place = {value: i for i, value in enumerate(sorted(set(values), reverse=True))}
    return scipy.stats.rankdata([place[value] for value in values])


@pytest.mark.parametrize("jitted", [False, True])
@pytest.mark.parametrize("metric", ["cosine", "correlation"])
def test_equal_angles_are_tied(metric, jitted):
    rng = np.random.default_rng(4)
    x, y = rng.integers(1, 4, (2, 40, 5))
    x[:, 0] += x.std(axis=1) == 0
    y[:, 0] += y.std(axis=1) == 0
    exact = [exact_ranks(squared_cosines(z, metric)) for z in (x, y)]
    distances = jax.jit(lambda z: measures.rdm(z, metric=metric)) if jitted else None
    for z, ranks in zip((x, y), exact, strict=True):
        found = (distances or (lambda z: measures.rdm(z, metric=metric)))(z.astype(np.float32))
        found = np.asarray(found)[np.triu_indices(len(z), 1)]
        np.testing.assert_array_equal(scipy.stats.rankdata(found), ranks)
    both = measures.rsa(x, y, rdm=metric, comparison="spearman")
    assert float(both) == pytest.approx(np.corrcoef(exact)[0, 1], abs=1e-7)


def test_rows_without_direction_and_with_large_numbers_are_as_before():
    x = np.array([[1, 2, 4], [0, 0, 0], [2, 4, 8], [5000, 1, 3], [np.nan, 1, 2]])
    found = np.asarray(measures.rdm(x, metric="cosine"))
    assert np.isnan(found[[1, 4]]).all()
    assert found[0, 2] == 0
    z = x[[0, 3]] / np.linalg.norm(x[[0, 3]], axis=1, keepdims=True)
    assert found[0, 3] == pytest.approx(1 - z[0] @ z[1], rel=1e-6)


@pytest.mark.parametrize("metric", ["cosine", "correlation", "euclidean"])
def test_multiples_of_any_power_of_two_are_as_whole_numbers(metric):
    x = np.random.default_rng(4).integers(1, 4, (40, 20)).astype(np.float32)
    found = np.asarray(measures.rdm(x, metric=metric))
    for power in (0.5, 2.0**-9, 4096.0, 2.0**-60, 2.0**70):
        other = np.asarray(measures.rdm(x * np.float32(power), metric=metric))
        np.testing.assert_array_equal(other / (power if metric == "euclidean" else 1), found)
