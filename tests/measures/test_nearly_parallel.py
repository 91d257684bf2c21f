"""What an offset that all examples share does to angles and distances: nothing but make them small.

One minus a cosine near 1 is lost in float32; so is what differs, where the mean is that of examples
and of places that are empty.
"""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

import probekit as pk
from probekit import measures

GENERATOR = np.random.default_rng(5)
NARROW = GENERATOR.normal(size=(24, 5))
WIDE = GENERATOR.normal(size=(24, 40)) + NARROW[:, :1]
Y = np.float32(NARROW[:, :3] @ GENERATOR.normal(size=(3, 3)))
PATTERN = 1e3 * GENERATOR.normal(size=40)


def moved(x, offset):
    """The numbers of float32, so that nothing but arithmetic differs."""
    return np.float64(np.float32(x + offset))


@pytest.mark.parametrize(
    ("metric", "x"),
    [
        ("cosine", moved(NARROW, 1e4)),
        ("cosine", moved(WIDE, 1e4)),
        ("cosine", moved(WIDE, PATTERN)),
        ("correlation", moved(WIDE, PATTERN)),
    ],
)
def test_distances_of_nearly_parallel_rows(metric, x):
    found = measures.rdm(x, metric=metric)
    wanted = cdist(x, x, metric)
    assert wanted.max() < 1e-5
    np.testing.assert_allclose(found, wanted, rtol=2e-3, atol=2e-3 * wanted.max())


@pytest.mark.parametrize("offset", [1e3, 1e5])
def test_correlations_do_not_see_what_all_units_share(offset):
    x = moved(WIDE, offset)
    np.testing.assert_allclose(
        measures.rdm(x, metric="correlation"), cdist(x, x, "correlation"), atol=1e-6
    )
    equal = np.vstack([x[:2], np.full((1, x.shape[1]), 0.1 + offset)])
    assert np.isnan(measures.rdm(equal, metric="correlation")[2]).all()  # no direction


def test_opposite_and_parallel_rows():
    x = np.array([[3.0, 1.0], [6.0, 2.0], [-3.0, -1.0], [1.0, -3.0]])
    found = measures.rdm(x, metric="cosine")
    np.testing.assert_allclose(found[0], [0, 0, 2, 1], atol=1e-6)
    assert found[0, 1] == 0


def neighbours(x, count=10):
    far = cdist(x, x, "cosine")
    np.fill_diagonal(far, np.inf)
    return far.argsort(axis=1).argsort(axis=1) < count


@pytest.mark.slow
def test_neighbours_by_directions():
    far = moved(WIDE, 1e4)
    a, b = neighbours(far), neighbours(np.float64(Y))
    jaccard = ((a & b).sum(axis=1) / (a | b).sum(axis=1)).mean()
    assert measures.mutual_neighbours(far, Y) == pytest.approx(jaccard, abs=0.01)

    kernels = [1 - cdist(z, z, "cosine") for z in (far, np.float64(Y))]
    k, m = (z - z.mean(axis=0) - z.mean(axis=1)[:, None] + z.mean() for z in kernels)
    norm = np.sqrt((a * k * k).sum() * (b * m * m).sum())
    assert measures.cknna(far, Y) == pytest.approx((a * b * k * m).sum() / norm, abs=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("rdm", ["cosine", "euclidean"])
def test_a_sample_with_room_for_more_examples(rdm):
    far = np.float32(moved(WIDE, 1e4))
    estimators = [pk.estimators.RSA(rdm=rdm), "intrinsic_dimension"]
    layers = pk.extractors.arrays({"a": far})
    ds = pk.probe(layers, None, {"y": Y}, estimators=estimators)
    assert float(ds.rsa[0, 0]) == pytest.approx(float(measures.rsa(far, Y, rdm=rdm)), abs=1e-4)
    wanted = float(measures.intrinsic_dimension(far))
    assert float(ds.intrinsic_dimension[0]) == pytest.approx(wanted, rel=1e-3)
