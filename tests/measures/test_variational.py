"""Variational codelength: a code, near the shortest there is, and short where something is told."""

import numpy as np
import pytest
from scipy import optimize, special, stats

from probekit import measures
from probekit.errors import OptionError
from probekit.estimators import VariationalCodelength
from probekit.measures.gaussian_bounds import expected_losses
from probekit.statistics import Examples, state_of
from probekit.testing._harness import read
from tests.reference import oracles

GENERATOR = np.random.default_rng(4)
BIAS = np.pi / np.sqrt(3)
SCALES = (0.1, 1.0, 10.0, 100.0, 1000.0)


def length(x, y, **options):
    return float(measures.variational_codelength(x, y, **options))


def bits_of_evidence(log_joint, dimensions, points):
    """-log₂ of the integral, by a grid about the mode as wide as 9 deviations."""
    found = optimize.minimize(lambda w: -log_joint(w[None])[0], np.zeros(dimensions))
    root = np.linalg.cholesky(found.hess_inv)
    line = np.linspace(-9, 9, points)
    grid = np.stack(np.meshgrid(*[line] * dimensions), axis=-1).reshape(-1, dimensions)
    logs = log_joint(found.x + grid @ root.T) + np.log(np.diag(root)).sum()
    return -(special.logsumexp(logs) + dimensions * np.log(line[1] - line[0])) / np.log(2)


@pytest.mark.parametrize("noise", [1.0, 3.0])
@pytest.mark.parametrize("scale", [1.0, 10.0])
def test_it_is_no_shorter_than_the_evidence_and_hardly_longer(noise, scale):
    """Two classes and one unit: two weights, whose posterior can be integrated."""
    y = GENERATOR.integers(0, 2, 60)
    x = y + noise * GENERATOR.normal(size=60)
    z = (x - x.mean()) / x.std()

    def log_joint(weights):
        logit = weights @ np.stack([z, np.ones(60)])
        prior = stats.norm.logpdf(weights, scale=[scale, BIAS]).sum(axis=1)
        return prior - np.logaddexp(0, np.where(y > 0, -logit, logit)).sum(axis=1)

    exact = bits_of_evidence(log_joint, 2, 201)
    assert exact < length(x, y, scales=(scale,)) < exact + 0.15


def test_it_is_no_shorter_than_the_evidence_of_three_classes():
    """Nothing is known but how often each occurs: three intercepts."""
    y = np.repeat([0, 1, 2], [30, 9, 4])

    def log_joint(intercepts):
        log_p = intercepts - special.logsumexp(intercepts, axis=1, keepdims=True)
        return stats.norm.logpdf(intercepts, scale=BIAS).sum(axis=1) + log_p[:, y].sum(axis=1)

    exact = bits_of_evidence(log_joint, 3, 61)
    assert exact < length(np.zeros(43), y) < exact + 2  # the sum of the three is not told


def test_pairs_with_the_true_class_cost_hardly_more_than_they_do():
    """Where one class is likely: the mean over a Gaussian by quadrature, not by chords."""
    mean, variance = np.array([[6.0, 0.0, 2.0, 4.0]]), np.array([[3.0, 2.0, 0.5, 1.0]])
    truth = np.array([[1.0, 0.0, 0.0, 0.0]])
    points, shares = np.polynomial.hermite_e.hermegauss(80)
    apart, deviation = mean[:, 1:] - mean[:, :1], np.sqrt(variance[:, 1:] + variance[:, :1])
    losses = np.logaddexp(0, apart[..., None] + deviation[..., None] * points)
    exact = (losses @ shares).sum() / shares.sum()
    without_variance = np.logaddexp(0, apart).sum()
    found, _, _ = expected_losses(mean, variance, truth)
    assert 0 < found[0] - exact < 0.015 * (exact - without_variance)


def test_the_prior_is_a_mixture_of_scales():
    y = GENERATOR.integers(0, 2, 60)
    x = y[:, None] + GENERATOR.normal(size=(60, 3))
    each = np.array([length(x, y, scales=(scale,)) for scale in SCALES])
    mixed = np.log2(len(SCALES)) - np.logaddexp2.reduce(-each)
    assert length(x, y) == pytest.approx(mixed, rel=1e-5)
    assert length(x, y, scales=SCALES[::-1]) == pytest.approx(mixed, rel=1e-5)
    assert each.min() < mixed < each.min() + np.log2(len(SCALES))


@pytest.mark.slow
@pytest.mark.parametrize("classes", [2, 4])
def test_a_representation_that_tells_nothing_costs_the_entropy(classes):
    n = 1000
    y = GENERATOR.choice(classes, n, p=[0.7, *[0.3 / (classes - 1)] * (classes - 1)])
    entropy = n * stats.entropy(np.bincount(y), base=2)
    blind = length(GENERATOR.normal(size=(n, 10)), y)
    assert entropy - 1 < blind < entropy + 25
    assert length(np.full((n, 10), 3.3), y) < blind + 1


@pytest.mark.slow
def test_it_lies_between_knowing_all_and_nothing():
    n, y = 400, np.arange(400) % 4
    known = np.eye(4)[y] + 0.01 * GENERATOR.normal(size=(n, 4))
    noise = GENERATOR.normal(size=(2, n, 4))
    lengths = [length(x, y) for x in (known, known + noise[0] / 2, known + noise[0], noise[1])]
    assert lengths == sorted(lengths)
    assert lengths[0] < 0.1 * n * np.log2(4)
    assert lengths[-1] > 0.95 * n * np.log2(4)
    assert lengths[-2] < length(np.concatenate([known + noise[0], noise[1]], axis=1), y)


def test_it_is_of_the_length_of_the_online_code():
    y = GENERATOR.integers(0, 3, 300)
    x = np.eye(3)[y] + 0.4 * GENERATOR.normal(size=(300, 3))
    online = float(measures.online_codelength(x, y))
    assert 0.5 * online < length(x, y) < 1.5 * online


@pytest.mark.slow
def test_names_of_classes_and_maps_of_the_representation_are_irrelevant():
    y = GENERATOR.integers(0, 3, 50)
    x = y[:, None] % 2 + GENERATOR.normal(size=(50, 4))
    wanted = length(x, y)
    rotation, _ = np.linalg.qr(GENERATOR.normal(size=(4, 4)))
    assert length(x, np.array([7, -1, 3])[y]) == pytest.approx(wanted, rel=1e-5)
    assert length(1e3 * x @ rotation + 100, y) == pytest.approx(wanted, rel=1e-4)
    assert length(np.concatenate([x, x], axis=1), y) == pytest.approx(wanted, rel=1e-5)


@pytest.mark.slow
def test_more_units_than_examples():
    y = np.arange(20) % 2
    x = GENERATOR.normal(size=(20, 200))
    assert 18 < length(x, y) < 30
    x[:, 0] = 100 * y
    assert length(x, y) < 10


@pytest.mark.slow
def test_weights_are_copies():
    y = GENERATOR.integers(0, 2, (40, 1)).astype(np.float32)
    x = np.float32(y + GENERATOR.normal(size=(40, 3)))
    twice = state_of(Examples(capacity=80), np.tile(x, (2, 1)), np.tile(y, (2, 1)))
    heavy = state_of(Examples(capacity=80), x, y, weight=np.full(40, 2, np.float32))
    found = [read(VariationalCodelength(), state, None) for state in (twice, heavy)]
    for name in ("variational_codelength", "variational_codelength_compression"):
        np.testing.assert_allclose(found[0][name], found[1][name], rtol=1e-5)
    product = found[0]["variational_codelength"] * found[0]["variational_codelength_compression"]
    assert float(product) == pytest.approx(80)


@pytest.mark.slow
@pytest.mark.parametrize(("classes", "tolerance"), [(3, 1e-5), (5, 5e-3)])
def test_against_derivatives_by_jax(classes, tolerance):
    """Of many classes, which are told apart, there is more than one least length nearby."""
    y = GENERATOR.integers(0, classes, (70, 1))
    x = np.eye(classes)[y[:, 0]] + 0.3 * GENERATOR.normal(size=(70, classes))
    wanted = oracles.variational_codelength(np.float32(x), y, None, None)
    assert length(np.float32(x), y) == pytest.approx(wanted, rel=tolerance)


def test_undefined():
    x, y = GENERATOR.normal(size=(20, 3)), np.arange(20) % 2
    spoilt = x.copy()
    spoilt[3] = np.inf
    for known, labels in ((spoilt, y), (x, 0 * y), (x, np.arange(20))):
        assert np.isnan(length(known, labels))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: length(np.eye(4), [0, 1, 0, 1], scales=()), r"scales=\(\): the prior needs at l"),
        (lambda: length(np.eye(4), [0, 1, 0, 1], scales=(1, 0)), r"scales=0: must be greater"),
        (lambda: VariationalCodelength(scales=(-1.0,)), r"scales=-1.0: must be greater than 0"),
        (lambda: VariationalCodelength(examples=1), r"examples=1: must be at least 2"),
    ],
)
def test_what_cannot_be_is_refused(call, message):
    with pytest.raises(OptionError, match=message):
        call()
