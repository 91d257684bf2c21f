"""Each measure against scikit-learn, SciPy or the formula in float64."""

import jax
import numpy as np
import pytest
import scipy.stats
from scipy.spatial.distance import pdist

from probekit import measures
from tests.reference import oracles
from tests.reference.tolerances import RELATIVE, SCORE

N, D, K = 60, 7, 2
MULTIOUTPUT = ["uniform_average", "variance_weighted", "raw_values"]
OFFSETS = [0.0, 1e4]


def data(*, offset=0.0, scale=1.0, examples=N, units=D):
    generator = np.random.default_rng(0)
    y = generator.integers(0, 2, (2, examples, K)).astype(float)
    noise = 0.5 * generator.normal(size=(2, examples, units))
    x = scale * (y @ generator.normal(size=(K, units)) + noise + offset)
    # What the measures see: that values were rounded to float32 is not their doing.
    return np.float32(x[0]), np.float32(y[0]), np.float32(x[1]), np.float32(y[1])


@pytest.mark.parametrize("offset", OFFSETS)
@pytest.mark.parametrize(
    ("features", "multioutput"), [*(([0, 1], way) for way in MULTIOUTPUT), ([0], "raw_values")]
)
def test_linear_r2(offset, features, multioutput):
    x, y, x2, y2 = data(offset=offset)
    y, y2 = y[:, features], y2[:, features]
    ours = measures.linear_r2(x, y, held_out=(x2, y2), multioutput=multioutput)
    theirs = oracles.linear_r2(x, y, x2, y2, multioutput=multioutput)
    np.testing.assert_allclose(ours, theirs, atol=SCORE)


@pytest.mark.parametrize("offset", OFFSETS)
@pytest.mark.parametrize(
    ("penalty", "multioutput"),
    [(0.0, "raw_values"), (10.0, "raw_values"), *((1e-3, way) for way in MULTIOUTPUT)],
)
def test_decoding_r2(offset, penalty, multioutput):
    x, y, x2, y2 = data(offset=offset)
    options = {"penalty": penalty, "multioutput": multioutput}
    ours = measures.decoding_r2(x, y, held_out=(x2, y2), **options)
    np.testing.assert_allclose(ours, oracles.decoding_r2(x, y, x2, y2, **options), atol=SCORE)


def test_decoding_r2_with_more_units_than_examples():
    x, y, x2, y2 = data(examples=20, units=40)
    ours = measures.decoding_r2(x, y, held_out=(x2, y2), penalty=0.1)
    theirs = oracles.decoding_r2(x, y, x2, y2, penalty=0.1)
    np.testing.assert_allclose(ours, theirs, atol=SCORE)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["ridge", "logistic"])
@pytest.mark.parametrize("units", [D, 2 * N])
def test_decoding_accuracy(method, units):
    x, y, x2, y2 = data(units=units)
    label, label2 = (z[:, :1] + 2 * z[:, 1:] for z in (y, y2))  # four classes
    ours = measures.decoding_accuracy(x, label, held_out=(x2, label2), method=method)
    theirs = oracles.decoding_accuracy(x, label, x2, label2, method=method)
    assert ours == pytest.approx(theirs, abs=SCORE)
    assert 0.5 < theirs < 1 or units > D  # a case that tells right from wrong


@pytest.mark.parametrize("offset", OFFSETS)
@pytest.mark.parametrize("scale", [1.0, 1e-6, 1e6])
@pytest.mark.parametrize("measure", ["total_variance", "participation_ratio"])
def test_geometry(measure, offset, scale):
    x, y, x2, y2 = data(offset=offset, scale=scale)
    ours = getattr(measures, measure)(x2)
    np.testing.assert_allclose(ours, getattr(oracles, measure)(x, y, x2, y2), rtol=RELATIVE)


@pytest.mark.parametrize("kernel", ["linear", "rbf"])
@pytest.mark.parametrize("debiased", [False, True])
@pytest.mark.parametrize("scale", [1.0, 1e-4, 1e4])
def test_cka(kernel, debiased, scale):
    x, y, x2, y2 = data(scale=scale)
    options = {"kernel": kernel, "debiased": debiased}
    ours = measures.cka(x2, y2, **options)
    np.testing.assert_allclose(ours, oracles.cka(x, y, x2, y2, **options), atol=SCORE)


@pytest.mark.parametrize("debiased", [False, True])
def test_linear_cka_through_gram_matrices(debiased):
    x, _, x2, _ = data(units=100)
    ours = measures.cka(x, x2, debiased=debiased)
    theirs = oracles.cka(None, None, x, x2, debiased=debiased)
    np.testing.assert_allclose(ours, theirs, atol=SCORE)


@pytest.mark.parametrize("debiased", [False, True])
def test_linear_cka_far_from_the_origin(debiased):
    x, _, _, _ = data(offset=1e4)
    y = np.float32(x[:, ::-1].astype(float) @ np.diag(np.arange(1, D + 1)) - 7e4)
    ours = measures.cka(x, y, debiased=debiased)
    theirs = oracles.cka(None, None, x, y, debiased=debiased)
    np.testing.assert_allclose(ours, theirs, atol=SCORE)


@pytest.mark.parametrize("kernel", ["linear", "rbf"])
@pytest.mark.parametrize("debiased", [False, True])
def test_hsic(kernel, debiased):
    x, y, x2, y2 = data(examples=6)
    options = {"kernel": kernel, "debiased": debiased}
    ours = measures.hsic(x2, y2, **options)
    np.testing.assert_allclose(ours, oracles.hsic(x, y, x2, y2, **options), rtol=1e-4, atol=SCORE)


@pytest.mark.parametrize("metric", list(oracles.SCIPY_METRICS))
@pytest.mark.parametrize("units", [D, 40])  # by differences, and through products
def test_rdm(metric, units):
    x, *_ = data(units=units)
    np.testing.assert_allclose(
        measures.rdm(x, metric=metric), oracles.rdm(x, metric=metric), rtol=1e-5, atol=1e-5
    )


@pytest.mark.parametrize("rdm", list(oracles.SCIPY_METRICS))
@pytest.mark.parametrize("feature", [False, True])
def test_rsa(rdm, feature):
    x, _, x2, y2 = data(examples=30)
    other = y2[:, :1] if feature else x2 + x
    ours = measures.rsa(x2, other, rdm=rdm)
    np.testing.assert_allclose(ours, oracles.rsa(None, None, x2, other, rdm=rdm), atol=SCORE)


@pytest.mark.parametrize("comparison", ["pearson", "spearman", "kendall", "cosine"])
@pytest.mark.parametrize("ties", [False, True])
def test_compare_rdms(comparison, ties):
    x, _, x2, _ = data(examples=30)
    a, b = (oracles.rdm(z) for z in (x, x2 + x))
    if ties:
        a, b = np.round(3 * a), np.round(3 * b)
    upper = np.triu_indices(30, 1)
    ours = measures.compare_rdms(a, b, comparison=comparison)
    theirs = oracles.compare(*np.float32([a[upper], b[upper]]).astype(float), comparison)
    np.testing.assert_allclose(ours, theirs, atol=SCORE)


def test_ranks_on_the_host_and_under_jit_agree():
    """Concrete arrays are ranked by NumPy; both meet SciPy, ties included."""
    x, y = np.random.default_rng(0).integers(0, 3, (2, 12, 2)).astype(np.float32)
    wanted = scipy.stats.spearmanr(*(pdist(z, "sqeuclidean") for z in (x, y))).statistic
    options = {"rdm": "squared_euclidean", "comparison": "spearman"}
    traced = jax.jit(lambda x, y: measures.rsa(x, y, **options))(x, y)
    np.testing.assert_allclose([measures.rsa(x, y, **options), traced], wanted, atol=1e-6)
    assert np.isnan(measures.rsa(x, np.ones_like(x), **options))
