"""Dissimilarities between geometry and topology, against rsatoolbox and by hand."""

import numpy as np
import pytest
from scipy.spatial.distance import squareform

from probekit import measures
from probekit.errors import OptionError, ShapeError
from tests.optional import optional

N = 10
UPPER = np.triu_indices(N, 1)
SQUARE = np.float32(squareform(np.random.default_rng(0).random(N * (N - 1) // 2)))


def theirs(name, square, *options):
    toolbox = optional("rsatoolbox")
    transform = optional("rsatoolbox.rdm.transform")  # hidden behind a function
    rdms = toolbox.rdm.RDMs(np.float64(square)[UPPER][None])
    return getattr(transform, name)(rdms, *options).get_matrices()[0]


@pytest.mark.parametrize(("low", "high"), [(0, 1), (0.1, 0.6), (0.3, 0.9)])
def test_geotopological_as_rsatoolbox(low, high):
    """Of large dissimilarities: it would set to 1 what is scaled to more than an upper bound."""
    ours = measures.geotopological_rdm(SQUARE, low=low, high=high)
    wanted = theirs("geotopological_transform", 100 * SQUARE, low, high)
    np.testing.assert_allclose(ours, wanted, atol=1e-5)
    entries = np.float64(SQUARE[UPPER])
    least, most = np.quantile(entries, [low, high])
    wanted = np.clip((entries - least) / (most - least), 0, 1)
    np.testing.assert_allclose(ours[UPPER], wanted, atol=1e-6)


def test_a_graph_of_the_near():
    middle = np.float32(np.median(SQUARE[UPPER]))
    graph = measures.geotopological_rdm(SQUARE, low=0.5, high=0.5)
    np.testing.assert_array_equal(graph, middle < SQUARE)
    flat = measures.geotopological_rdm(np.ones((4, 4)))
    assert not flat.any()


def ways(square):
    """Every example in turn as a stop on the way; the nearest pair is joined, at 0."""
    entries = square[UPPER]
    lengths = (np.float64(square) - entries.min()) / (entries.max() - entries.min())
    lengths[square == entries.max()] = np.inf
    np.fill_diagonal(lengths, 0)
    for stop in range(N):
        lengths = np.minimum(lengths, lengths[:, [stop]] + lengths[[stop]])
    return lengths


def test_geodesic():
    """But for ways over the nearest pair as rsatoolbox, for which there is no edge of length 0."""
    ours = np.asarray(measures.geodesic_rdm(SQUARE))
    np.testing.assert_allclose(ours, ways(SQUARE), atol=1e-6)
    other = theirs("geodesic_transform", SQUARE)
    assert (ours <= other + 1e-6).all()
    near = np.unravel_index(np.argmin(np.where(np.eye(N) > 0, np.inf, SQUARE)), SQUARE.shape)
    assert ours[near] == 0 < other[near]
    over = np.minimum(ours[:, [near[0]]] + ours[[near[1]]], ours[:, [near[1]]] + ours[[near[0]]])
    direct = ours < over - 1e-6
    assert direct.sum() > 20
    np.testing.assert_allclose(ours[direct], other[direct], atol=1e-6)


def test_ways_that_there_are_not():
    square = squareform([1.0, 2, 2, 2, 2, 1])  # two pairs, far from each other
    ours = np.asarray(measures.geodesic_rdm(square))
    np.testing.assert_array_equal(ours[0], [0, 0, np.inf, np.inf])


@pytest.mark.slow
def test_undefined():
    hole = SQUARE.copy()
    hole[1, 4] = np.nan
    assert np.isnan(measures.geotopological_rdm(hole)).all()
    assert np.isnan(measures.geodesic_rdm(hole)).all()
    assert np.isnan(measures.geodesic_rdm(np.ones((4, 4)))).all()
    lower = SQUARE + np.tril(np.full((N, N), np.nan))
    np.testing.assert_array_equal(measures.geodesic_rdm(lower), measures.geodesic_rdm(SQUARE))


def test_errors():
    with pytest.raises(OptionError, match=r"low=0\.5, high=0\.2: must be 0 ≤ low ≤ high ≤ 1"):
        measures.geotopological_rdm(SQUARE, low=0.5, high=0.2)
    with pytest.raises(ShapeError, match=r"rdm: shape \(10, 4\).*; a square matrix is needed"):
        measures.geodesic_rdm(SQUARE[:, :4])
    with pytest.raises(ShapeError, match="rdm: 1 examples; at least 2 are needed"):
        measures.geotopological_rdm(SQUARE[:1, :1])
