"""Trust in what a picture shows of classes: pair by pair, at both ends, and where there is none."""

import itertools

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from probekit import measures
from probekit.errors import OptionError, ShapeError
from tests.reference.tolerances import SCORE

N = 30
LABELS = np.arange(N) % 3


def draw(seed=0):
    x = np.random.default_rng(seed).normal(size=(N, 3)) + LABELS[:, None] * [1, 0, 2]
    return np.float32(np.round(x * 256) / 256)


def ranks(z):
    far = cdist(z, z)
    np.fill_diagonal(far, -1)
    return np.argsort(np.argsort(far, axis=1), axis=1)


def of_classes(x, y, k):
    found, worst = [], N * k * (2 * N - 3 * k - 1) / 2
    for near, far, same in ((ranks(y), ranks(x), False), (ranks(x), ranks(y), True)):
        lost = sum(
            far[i, j] - k
            for i, j in itertools.permutations(range(N), 2)
            if near[i, j] <= k < far[i, j] and (LABELS[i] == LABELS[j]) == same
        )
        found.append(1 - lost / worst)
    return found


def of_labels(x, y):
    steps = []
    for a, b in itertools.combinations(range(3), 2):
        rows = np.isin(LABELS, (a, b))
        own = (LABELS[rows] == b).astype(int)
        shares = []
        for z in (x, y):
            means = [z[label == LABELS].mean(axis=0) for label in (a, b)]
            shares.append((cdist(z[rows], means).argmin(axis=1) == own).mean())
        steps.append(shares[0] - shares[1])
    return 1 - np.maximum(steps, 0).mean(), 1 - np.maximum(np.negative(steps), 0).mean()


def test_by_the_definitions():
    x, y = np.float64(draw()), np.float64(draw(1))
    found = measures.class_trustworthiness(x, y, LABELS, neighbours=4)
    np.testing.assert_allclose(found, of_classes(x, y, 4), atol=SCORE)
    np.testing.assert_allclose(
        measures.label_trustworthiness(x, y, LABELS), of_labels(x, y), atol=SCORE
    )
    moved = measures.label_trustworthiness(x + 512, 3 - 2 * y, LABELS)
    np.testing.assert_allclose(moved, of_labels(x, y), atol=SCORE)


def test_every_intruder_is_of_one_class_or_another():
    x, y = draw(), draw(1)
    whole = measures.trustworthiness(x, y)
    alike = measures.class_trustworthiness(x, y, np.zeros(N))
    assert alike.trustworthiness == 1
    np.testing.assert_allclose(alike.continuity, measures.trustworthiness(y, x), atol=SCORE)
    each = measures.class_trustworthiness(x, y, np.arange(N))
    np.testing.assert_allclose(each.trustworthiness, whole, atol=SCORE)
    assert each.continuity == 1


def test_a_picture_of_itself_can_be_trusted():
    for trust in (measures.class_trustworthiness, measures.label_trustworthiness):
        np.testing.assert_array_equal(trust(draw(), draw(), LABELS), 1)


def test_there_is_none_in_one_place_or_of_one_class_or_of_what_is_not_finite():
    same, spoilt = np.full((N, 3), 3.3), draw()
    spoilt[3, 1] = np.nan
    for trust in (measures.class_trustworthiness, measures.label_trustworthiness):
        for other in (same, spoilt):
            assert np.isnan(trust(draw(), other, LABELS)).all()
            assert np.isnan(trust(other, draw(), LABELS)).all()
        assert np.isnan(trust(draw(), draw(1), np.where(LABELS, np.nan, 0))).all()
    assert np.isnan(measures.label_trustworthiness(draw(), draw(1), np.zeros(N))).all()


def test_errors():
    with pytest.raises(ShapeError, match=r"classes: 29 examples; x has 30"):
        measures.class_trustworthiness(draw(), draw(), LABELS[1:])
    with pytest.raises(ShapeError, match=r"classes: 29 examples; x has 30"):
        measures.label_trustworthiness(draw(), draw(), LABELS[1:])
    with pytest.raises(OptionError, match=r"neighbours=0: must be at least 1"):
        measures.class_trustworthiness(draw(), draw(), LABELS, neighbours=0)
