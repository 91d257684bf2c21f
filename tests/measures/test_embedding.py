"""Multidimensional scaling: against scikit-learn and rsatoolbox, with weights, and what fails."""

import numpy as np
import pytest
from scipy.spatial.distance import pdist, squareform
from sklearn.manifold import smacof

from probekit.errors import OptionError, ShapeError
from probekit.measures import embed_rdm
from tests.optional import optional

GENERATOR = np.random.default_rng(0)
POINTS = GENERATOR.normal(size=(20, 5))
SQUARE = squareform(pdist(POINTS))
WEIGHTS = GENERATOR.uniform(0.1, 2, size=(20, 20))
WEIGHTS = np.triu(WEIGHTS, 1) + np.triu(WEIGHTS, 1).T


def stress(positions, square=SQUARE, weights=1.0):
    upper = np.triu_indices(len(square), 1)
    weights = np.broadcast_to(weights, square.shape)[upper]
    apart = squareform(pdist(positions))[upper]
    return np.sqrt(
        np.sum(weights * (apart - square[upper]) ** 2) / np.sum(weights * square[upper] ** 2)
    )


def test_points_of_a_plane_are_found_again():
    plane = POINTS[:, :2] @ np.linalg.qr(GENERATOR.normal(size=(2, 2)))[0]
    found = embed_rdm(squareform(pdist(plane)))
    assert found.stress < 1e-4
    np.testing.assert_allclose(pdist(found.positions), pdist(plane), atol=1e-4)
    spread = found.positions.std(axis=0)
    assert spread[0] > spread[1]
    assert abs(np.corrcoef(found.positions.T)[0, 1]) < 1e-6


def test_as_scikit_learn_from_the_same_beginning():
    """Where we end it finds nothing better, and its own beginnings are not much better."""
    found = embed_rdm(SQUARE)
    assert found.stress == pytest.approx(stress(found.positions), abs=1e-5)
    options = {"n_components": 2, "metric": True, "normalized_stress": False, "eps": 1e-12}
    theirs, _ = smacof(SQUARE, init=found.positions, n_init=1, max_iter=500, **options)
    assert stress(theirs) == pytest.approx(found.stress, rel=1e-3)
    drawn, _ = smacof(SQUARE, n_init=8, max_iter=500, random_state=0, **options)
    assert found.stress < 1.05 * stress(drawn)


def test_as_rsatoolbox_with_weights():
    theirs = optional("rsatoolbox.util.weighted_mds")
    found = embed_rdm(SQUARE, weights=WEIGHTS)
    assert found.stress == pytest.approx(stress(found.positions, weights=WEIGHTS), abs=1e-5)
    options = {"weight": WEIGHTS, "eps": 1e-9, "max_iter": 300}
    on, _ = theirs.smacof(SQUARE, init=found.positions, n_init=1, **options)[:2]
    assert stress(on, weights=WEIGHTS) == pytest.approx(found.stress, rel=1e-3)
    again = embed_rdm(SQUARE, weights=7 * WEIGHTS)
    np.testing.assert_allclose(again.positions, found.positions, atol=1e-8)
    assert found.stress < stress(embed_rdm(SQUARE).positions, weights=WEIGHTS)


def test_a_pair_that_does_not_count_may_be_missing():
    plane = POINTS[:, :2]
    square, weights = squareform(pdist(plane)), np.ones((20, 20))
    for pair in ((0, 1), (3, 7), (4, 9)):
        square[pair], weights[pair] = np.nan, 0
    found = embed_rdm(square, weights=weights)
    assert found.stress < 1e-3
    np.testing.assert_allclose(pdist(found.positions), pdist(plane), atol=0.05)
    assert np.isnan(embed_rdm(square).positions).all()


def test_hard_input():
    assert np.isnan(embed_rdm(np.zeros((4, 4))).stress)
    assert np.isnan(embed_rdm(-SQUARE).stress)
    two = embed_rdm(np.array([[0, 3], [3, 0]]), dimensions=3)
    assert two.positions.shape == (2, 3)
    assert pdist(two.positions)[0] == pytest.approx(3)
    twice = np.concatenate([POINTS[:, :2]] * 2)
    assert embed_rdm(squareform(pdist(twice))).stress < 1e-4
    large = embed_rdm(SQUARE * 1e30)
    np.testing.assert_allclose(large.positions / 1e30, embed_rdm(SQUARE).positions, atol=1e-4)
    half = embed_rdm(np.float16(SQUARE))
    assert half.stress == pytest.approx(embed_rdm(SQUARE).stress, abs=1e-3)


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"dimensions": 0}, OptionError, "dimensions=0: must be at least 1"),
        ({"iterations": 0}, OptionError, "iterations=0: must be at least 1"),
        ({"weights": np.ones(20)}, ShapeError, r"weights: shape \(20,\); rdm has 20 examples"),
        ({"weights": -WEIGHTS}, OptionError, "weights: some are negative or not finite"),
        ({"weights": np.eye(20)}, OptionError, "weights: examples are in 20 sets without a pair"),
    ],
)
def test_what_cannot_be_is_refused(options, kind, message):
    with pytest.raises(kind, match=message):
        embed_rdm(SQUARE, **options)
