"""Similarity of predictions against SciPy and scikit-learn, and what is no prediction."""

import numpy as np
import pytest
from scipy import special
from scipy.spatial.distance import jensenshannon
from sklearn.metrics import accuracy_score

import probekit as pk
from probekit import measures
from probekit.errors import ShapeError
from probekit.estimators import Disagreement, JensenShannonDivergence
from probekit.measures import STATUS_MEANINGS
from tests.reference import oracles
from tests.reference.tolerances import SCORE

N, CLASSES = 48, 4  # the shape of the conformance suite


def logits(scale=1.0):
    generator = np.random.default_rng(0)
    x = generator.normal(size=(N, CLASSES))
    both = x, x + generator.normal(size=x.shape)
    return [np.float32(scale * z) for z in both]


@pytest.mark.parametrize("distance", [False, True])
@pytest.mark.parametrize("probabilities", [False, True])
def test_divergence(probabilities, distance):
    x, y = logits(5.0)
    if probabilities:
        x, y = (np.square(z) for z in (x, y))
        x[:, 0], y[:20, 1] = 0, 0
    options = {"probabilities": probabilities, "distance": distance}
    ours = measures.jensen_shannon_divergence(x, y, **options)
    theirs = oracles.jensen_shannon_divergence(None, None, x, y, **options)
    np.testing.assert_allclose(ours, theirs, atol=SCORE)
    assert 0.1 < theirs < 0.9


@pytest.mark.parametrize("step", [1e-4, 1e-2, 0.3])
def test_nothing_is_lost_where_predictions_are_nearly_equal(step):
    """Entropies would differ by rounding alone: of 1e-8, they leave no digit in float32."""
    p = np.float32(np.repeat([[0.3, 0.2, 0.3, 0.2]], N, axis=0))
    q = p + np.float32(step / 4) * np.float32([1, -1, 1, -1])
    ours = measures.jensen_shannon_divergence(p, q, probabilities=True)
    wanted = oracles.jensen_shannon_divergence(None, None, p, q, probabilities=True)
    np.testing.assert_allclose(ours, wanted, rtol=2e-3)


def test_ends_of_the_range():
    x, y = logits()
    for distance in (False, True):
        same = measures.jensen_shannon_divergence(x, x, distance=distance)
        assert float(same) == pytest.approx(0, abs=1e-7)
        never = measures.jensen_shannon_divergence(1e30 * x, -1e30 * x, distance=distance)
        assert float(never) == pytest.approx(1)
    shifted = measures.jensen_shannon_divergence(x, x + np.float32(4096))
    assert float(shifted) == pytest.approx(0, abs=1e-6)
    assert float(measures.disagreement(x, 7 * x)) == 0
    found = float(measures.disagreement(x, y))
    assert found == pytest.approx(oracles.disagreement(None, None, x, y))


def test_the_distance_is_a_metric():
    generator = np.random.default_rng(1)
    a, b, c = 3 * generator.normal(size=(3, N, CLASSES)).astype(np.float32)

    def between(x, y):
        return float(measures.jensen_shannon_divergence(x, y, distance=True))

    for row in range(N):
        repeated = (np.repeat(z[row : row + 1], N, axis=0) for z in (a, b, c))
        p, q, r = repeated
        assert between(p, r) <= between(p, q) + between(q, r) + 1e-6


def test_labels_stand_for_a_certain_prediction():
    x, _ = logits()
    labels = np.arange(N) % CLASSES
    error = 1 - accuracy_score(labels, x.argmax(axis=1))
    assert float(measures.disagreement(x, labels)) == pytest.approx(error)
    assert float(measures.disagreement(labels, x)) == pytest.approx(error)
    assert float(measures.disagreement(labels, x.argmax(axis=1))) == pytest.approx(error)
    certain = np.eye(CLASSES)[labels]
    wanted = np.mean(jensenshannon(special.softmax(x, axis=1), certain, axis=1, base=2) ** 2)
    np.testing.assert_allclose(measures.jensen_shannon_divergence(x, labels), wanted, atol=SCORE)
    different = measures.jensen_shannon_divergence(labels, x.argmax(axis=1))
    assert float(different) == pytest.approx(error)


def test_accuracy_difference():
    x, y = logits()
    labels = x.argmax(axis=1) * (np.arange(N) % 3 > 0)
    accuracies = [accuracy_score(labels, z.argmax(axis=1)) for z in (x, y)]
    found = float(measures.accuracy_difference(x, y, labels))
    assert found == pytest.approx(abs(accuracies[0] - accuracies[1]), abs=1e-6)
    assert found <= float(measures.disagreement(x, y))
    assert float(measures.accuracy_difference(x, x.argmax(axis=1), labels)) == 0


@pytest.mark.parametrize("value", [np.nan, np.inf, -1.0])
def test_what_is_no_prediction(value):
    x, y = logits()
    p, q = (special.softmax(z, axis=1) for z in (x, y))
    p[3, 1] = value
    assert np.isnan(measures.jensen_shannon_divergence(p, q, probabilities=True))
    assert np.isnan(measures.jensen_shannon_divergence(p, p, probabilities=True))
    if value != -1:
        assert np.isnan(measures.disagreement(p, q))


@pytest.mark.parametrize("label", [CLASSES, -1, 0.5, np.nan])
def test_what_is_no_number_of_a_class(label):
    x, _ = logits()
    labels = np.float32(np.arange(N) % CLASSES)
    labels[7] = label
    assert np.isnan(measures.disagreement(x, labels))
    assert np.isnan(measures.jensen_shannon_divergence(x, labels))
    assert np.isnan(measures.accuracy_difference(x, x, labels))
    if label != CLASSES:  # of numbers alone nobody knows how many classes there are
        assert np.isnan(measures.disagreement(np.arange(N) % CLASSES, labels))
        assert np.isnan(measures.disagreement(labels, np.arange(N) % CLASSES))


def test_none_of_the_probabilities_above_0():
    p = np.eye(CLASSES)[np.arange(N) % CLASSES]
    assert np.isnan(measures.jensen_shannon_divergence(p, 0 * p, probabilities=True))


def test_models_are_compared_and_probed():
    x, y = logits()
    estimators = [Disagreement(), JensenShannonDivergence(distance=True, name="js")]
    a, b = (pk.extractors.arrays({"logits": z}) for z in (x, y))
    scores = pk.compare(a, b, None, estimators=estimators)
    assert float(scores.disagreement[0, 0]) == pytest.approx(oracles.disagreement(0, 0, x, y))
    wanted = oracles.jensen_shannon_divergence(0, 0, x, y, distance=True)
    assert float(scores.js[0, 0]) == pytest.approx(wanted, abs=SCORE)
    labels = np.arange(N) % CLASSES
    probed = pk.probe(a, None, {"label": labels}, estimators=estimators[:1])
    error = 1 - accuracy_score(labels, x.argmax(axis=1))
    assert float(probed.disagreement[0, 0]) == pytest.approx(error)
    assert int(probed.disagreement_status[0, 0]) == STATUS_MEANINGS.index("ok")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: measures.disagreement(x, x[:, :3]), r"y: 3 classes; x has 4\. Give predictions"),
        (lambda x: measures.jensen_shannon_divergence(x[:, :2], x), r"y: 4 classes; x has 2"),
        (lambda x: measures.disagreement(x, x[1:]), r"y: 47 examples; x has 48"),
        (lambda x: measures.accuracy_difference(x, x, x), r"labels: 4 columns; one, of numbers"),
        (lambda x: measures.accuracy_difference(x, x, x[1:, 0]), r"labels: 47 examples; x has 48"),
    ],
)
def test_what_cannot_be_is_refused(call, message):
    with pytest.raises(ShapeError, match=message):
        call(logits()[0])


def test_models_of_different_classes_are_refused_when_compared():
    x, y = logits()
    a, b = (pk.extractors.arrays({"logits": z}) for z in (x, y[:, :3]))
    with pytest.raises(ShapeError, match=r"y: 3 classes; x has 4"):
        pk.compare(a, b, None, estimators=["disagreement"])


@pytest.mark.parametrize("size", [1e20, 1e37, 2e38])
def test_shares_of_large_numbers(size):
    x, y = (special.softmax(z, axis=1) for z in logits())
    found = measures.jensen_shannon_divergence(
        np.float32(x * size), np.float32(y * size), probabilities=True
    )
    expected = measures.jensen_shannon_divergence(x, y, probabilities=True)
    assert float(found) == pytest.approx(float(expected), rel=1e-5)
