"""Intrinsic dimension: known dimensions, scikit-dimension's numbers, copies, few neighbours."""

import numpy as np
import pytest

from probekit import measures
from tests.reference import oracles

METHODS = ("two_nn", "likelihood", "correlation")


def cloud(examples=300):
    generator = np.random.default_rng(0)
    inside = generator.random((300, 3)) @ generator.random((3, 7))
    return np.float32(inside + 0.01 * generator.random((300, 7)))[:examples]


@pytest.mark.parametrize("dimension", [1, 2, 5])
def test_of_a_curved_surface(dimension):
    inside = np.random.default_rng(1).random((600, dimension))
    bent = np.concatenate([inside, inside**2, np.sin(inside)], axis=1)
    padded = np.pad(bent, ((0, 0), (0, 15 - bent.shape[1])))
    found = {
        method: float(measures.intrinsic_dimension(padded, method=method)) for method in METHODS
    }
    assert found["two_nn"] == pytest.approx(dimension, rel=0.15)
    # Twenty neighbours reach to the edges of a cube of five dimensions.
    assert found["likelihood"] == pytest.approx(dimension, rel=0.05 if dimension < 3 else 0.25)
    assert found["correlation"] == pytest.approx(dimension, rel=0.1 if dimension < 3 else 0.3)


@pytest.mark.slow
def test_the_numbers_of_scikit_dimension():
    """What `MLE`, `CorrInt` and `TwoNN` of scikit-dimension 0.5.0 give of `cloud()`."""
    x = cloud()
    of = measures.intrinsic_dimension
    assert float(of(x)) == pytest.approx(3.1704444687577173, rel=1e-5)
    assert float(of(x, discard=0.2)) == pytest.approx(3.047019791729431, rel=1e-5)
    assert float(of(x, method="likelihood")) == pytest.approx(2.492394079729881, rel=1e-5)
    few = of(x, method="likelihood", neighbours=5)
    assert float(few) == pytest.approx(2.766840235763102, rel=1e-5)
    assert float(of(x, method="correlation")) == pytest.approx(2.5337848703309773, rel=1e-5)
    near = of(x, method="correlation", neighbours=8)
    assert float(near) == pytest.approx(2.7342473574307786, rel=1e-5)


@pytest.mark.parametrize(
    "options",
    [{}, *(pytest.param({"neighbours": k}, marks=pytest.mark.slow) for k in (3, 999))],
)
@pytest.mark.parametrize("method", METHODS)
def test_against_the_formula(method, options):
    x = cloud(31)
    found = measures.intrinsic_dimension(x, method=method, **options)
    wanted = oracles.intrinsic_dimension(None, None, x, None, method=method, **options)
    assert float(found) == pytest.approx(wanted, rel=1e-4)


def test_two_neighbours_have_a_likelihood():
    x = cloud(40)
    far = np.sort(measures.rdm(x, metric="euclidean"), axis=1)
    wanted = 1 / np.log(far[:, 2] / far[:, 1]).mean()
    found = measures.intrinsic_dimension(x, method="likelihood", neighbours=2)
    assert float(found) == pytest.approx(wanted, rel=1e-4)


@pytest.mark.parametrize("method", METHODS)
def test_far_from_zero_nothing_is_lost(method):
    x = np.round(cloud(31) * 256) / 256
    near, far = (measures.intrinsic_dimension(z, method=method) for z in (x, x + 4096))
    assert float(far) == pytest.approx(float(near), rel=1e-4)


@pytest.mark.parametrize("method", METHODS[:2])
def test_copies_are_left_out(method):
    x = cloud(60)
    twice = np.concatenate([x, x[:1]])
    alone = x[1:]
    # Without it, its neighbours have others: near, but not equal.
    found, wanted = (float(measures.intrinsic_dimension(z, method=method)) for z in (twice, alone))
    assert found == pytest.approx(wanted, rel=0.2)
    assert np.isnan(measures.intrinsic_dimension(np.repeat(x[:3], 2, axis=0), method=method))


@pytest.mark.parametrize("method", METHODS)
def test_where_there_is_none(method):
    x = cloud(31)
    spoilt = x.copy()
    spoilt[3, 1] = np.nan
    for z in (np.ones_like(x), np.eye(5), spoilt):  # of the second, all are equally far
        assert np.isnan(measures.intrinsic_dimension(z, method=method))
    # Of three examples no two need be nearer than the median, which `correlation` counts.
    least = float(measures.intrinsic_dimension(x[:3], method=method))
    assert least > 0 or (method == "correlation" and np.isnan(least))
