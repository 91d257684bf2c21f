"""Digits that float32 covariances, quotients and differences had lost, against float64."""

import numpy as np
import pytest
from scipy.spatial.distance import pdist

import probekit as pk
from probekit import measures
from probekit.errors import ShapeError
from probekit.measures.penalties import DEFAULT_PENALTIES
from tests.measures.reporting import reported


def scene(n=24, d=18, k=20, seed=0):
    rng = np.random.default_rng(seed)
    shared = rng.normal(size=(n, 3))
    return tuple(
        np.float32(shared @ rng.normal(size=(3, units)) + 0.7 * rng.normal(size=(n, units)))
        for units in (d, k)
    )


def far_out(x, size):
    x = x.copy()
    x[3] *= np.float32(size)
    return x


def decades(seed=0, n=200, d=16):
    """Units over five decades, features made of all of them alike, and classes."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, d))
    y = np.float32(x @ rng.normal(size=(d, 2)) + rng.normal(size=(n, 2)))
    return np.float32(x * np.logspace(-2.5, 2.5, d)), y, np.argmax(x @ rng.normal(size=(d, 3)), 1)


def centred(x):
    return np.float64(x) - np.float64(x).mean(axis=0)


def pls(x, y):
    a, b = centred(x), centred(y)
    u, s, vt = np.linalg.svd(a.T @ b, full_matrices=False)
    kept = s > 1e-10 * s[0]
    p, q = a @ u[:, kept], b @ vt.T[:, kept]
    return ((p * q).sum(axis=0) / np.sqrt((p**2).sum(axis=0) * (q**2).sum(axis=0))).mean()


SLOW = pytest.mark.slow


@pytest.mark.slow
@pytest.mark.parametrize("size", [pytest.param(1, marks=SLOW), pytest.param(1e5, marks=SLOW), 1e6])
def test_no_component_of_pls_is_lost(size):
    """Of one example a million times as far out, all others were left out: 0.2 too low."""
    x, y = scene()
    x = far_out(x, size)
    found = float(measures.pls(x, y, weighting="mean"))
    assert found == pytest.approx(pls(x, y), abs=1e-6)
    value, status = reported(pk.estimators.PLS(weighting="mean"), x, y)
    assert status == "rank_deficient" if size > 1 else value == pytest.approx(found, abs=1e-5)


def test_rounding_is_no_component_of_pls():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(60, 3)) @ rng.normal(size=(3, 12)), rng.normal(size=(60, 8))
    found = measures.pls(np.float32(x), np.float32(y), weighting="mean")
    assert float(found) == pytest.approx(pls(x, np.float32(y)), abs=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("size", [30, 300, 1000, 3000])
def test_components_that_are_vague_are_told(size, seed):
    x, y = scene(2000, 12, 8, seed)
    x = far_out(x, size)
    value, status = reported(pk.estimators.SVCCA(components=3), x, y)
    a, b = (np.linalg.svd(centred(z), full_matrices=False)[0][:, :3] for z in (x, y))
    wanted = np.linalg.svd(a.T @ b)[1].mean()
    assert status == "rank_deficient" or value == pytest.approx(wanted, abs=1e-4)
    assert status == ("ok" if size < 1000 else status)


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=SLOW)])
def test_ridge_of_units_over_five_decades(seed):
    """It was up to 0.07 off."""
    x, y, _ = decades(seed)
    folds = np.arange(len(x)) % 5

    def predict(part, penalty, asked):
        a, mean = centred(x[part]), np.float64(x[part]).mean(axis=0)
        u, s, vt = np.linalg.svd(a, full_matrices=False)
        shrunk = s / (s**2 + penalty * (s**2).sum() / x.shape[1])
        return (asked - mean) @ vt.T @ (shrunk[:, None] * (u.T @ centred(y[part]))) + y[part].mean(
            0
        )

    def explained(errors):
        return (1 - (errors**2).sum(axis=0) / (centred(y) ** 2).sum(axis=0)).mean()

    def outside(penalty):
        parts = [folds == fold for fold in range(5)]
        return explained(np.concatenate([y[p] - predict(~p, penalty, x[p]) for p in parts]))

    wanted = explained(y - predict(folds < 5, max(DEFAULT_PENALTIES, key=outside), x))
    found = float(measures.ridge_decoding_r2(x, y, folds=folds))
    assert found == pytest.approx(wanted, abs=1e-5)


@pytest.mark.parametrize("centred_too", [False, True])
def test_evidence_of_units_over_five_decades(centred_too):
    """Centred it was 0.011 off."""
    x, _, labels = decades()
    rows = centred(x) if centred_too else np.float64(x)
    count = len(x) - centred_too
    u, s, _ = np.linalg.svd(rows, full_matrices=False)
    each = []
    for code in range(3):
        target = (labels == code) - centred_too * (labels == code).mean()
        along, ratio = (u.T @ target) ** 2, np.exp(np.linspace(-28, 14, 20001))[:, None] * s[0] ** 2
        error = target @ target - (along * s**2 / (s**2 + ratio)).sum(axis=1)
        fit = count * np.log(2 * np.pi * np.e * error / count)
        each.append((-(np.log1p(s**2 / ratio).sum(axis=1) + fit) / 2 / count).max())
    found = float(measures.logme(x, labels, centred=centred_too))
    assert found == pytest.approx(np.mean(each), abs=1e-5)


@pytest.mark.slow
def test_evidence_says_what_rounding_hides():
    x, _, labels = decades()
    y = np.float32(labels)[:, None]
    estimator = pk.estimators.LogME(centred=True, conditions=3, examples=len(x))
    assert reported(estimator, x, y)[1] == "rank_deficient"
    assert reported(estimator, x / x.std(axis=0), y)[1] == "ok"


@pytest.mark.parametrize("offset", [0, 1e4])
def test_cosine_distances_beside_a_large_offset(offset):
    rng = np.random.default_rng(0)
    x = np.float32(rng.normal(size=(20, 24)) + offset)
    wanted = x.astype(np.longdouble)
    wanted /= np.sqrt((wanted**2).sum(axis=1, keepdims=True))
    wanted = np.float64(((wanted[:, None] - wanted[None]) ** 2).sum(axis=2) / 2)
    found = np.asarray(measures.rdm(x, metric="cosine"))
    np.testing.assert_allclose(found, wanted, rtol=1e-4 if offset else 1e-5, atol=1e-12)


def test_cosine_distances_beside_one_large_unit_that_varies():
    """Whole rows have lost what is aside of their step; those of length 1 have not."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(20, 24))
    x[:, 3] = 1e9 * rng.uniform(0.5, 2, 20)
    wanted = np.float32(x).astype(np.longdouble)
    wanted /= np.sqrt((wanted**2).sum(axis=1, keepdims=True))
    wanted = np.float64(((wanted[:, None] - wanted[None]) ** 2).sum(axis=2) / 2)
    found = np.asarray(measures.rdm(np.float32(x), metric="cosine"))
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=0)


def test_cosines_of_parallel_rows_of_any_length():
    rows = np.float32(np.outer([1, 2, 3e10, 1e-20], np.arange(1, 8)))
    assert (np.asarray(measures.rdm(rows, metric="cosine")) < 1e-13).all()
    assert pdist(rows[:3].astype(float), "cosine").max() < 1e-13


def tight_localities(x, k):
    """The inverse of the dimension at each example, by loops in extended floats."""
    x, inverse = x.astype(np.longdouble), []
    for own in x:
        near = x - own
        squares = (near**2).sum(axis=1)
        near = near[np.argsort(squares)[1 : k + 1]] / np.sqrt(np.sort(squares)[k])
        logs = list(np.log((near**2).sum(axis=1)))
        for i in range(k):
            for j in range(k):
                ends = []
                for other in (near[j], -near[j]) if i != j else ():
                    v, b = ((other - near[i]) ** 2).sum(), 1 - (near[i] ** 2).sum()
                    a = v + 1 - b - (other**2).sum()
                    root = np.sqrt(a * a + 4 * v * b)
                    ends.append(2 * v / (root + a) if a > 0 else (root - a) / (2 * b) if b else 0)
                if ends and min(ends) >= 1e-4:
                    logs += [np.log(ends[0] * ends[1]), 0]
        pairs = (len(logs) - k) // 2
        inverse.append(-sum(logs) / (2 * (pairs + k)))
    return float(np.mean(inverse))


@pytest.mark.parametrize("size", [1, 1e5])
def test_tight_localities_beside_one_example_far_out(size):
    """They were 0.3 % off: seen from there, all neighbours are equally far."""
    x = far_out(scene(40, 12, seed=2)[0], size)
    found = float(measures.intrinsic_dimension(x, method="tle", neighbours=6))
    assert found == pytest.approx(1 / tight_localities(x, 6), rel=1e-5)


@pytest.mark.slow
def test_spans_of_all_there_is_have_no_distance():
    rng = np.random.default_rng(0)
    x, y = np.float32(rng.normal(size=(2, 8, 7)))
    with pytest.raises(ShapeError, match="x: 7 units of 8 examples, which span whatever there is"):
        measures.shape_metric(x, y, alpha=0.0)
    value, status = reported(pk.estimators.ShapeMetric(alpha=0.0), x, y)
    assert np.isnan(value)
    assert status == "too_few_examples"
    assert reported(pk.estimators.ShapeMetric(alpha=0.5), x, y)[1] == "ok"
    assert measures.shape_metric(x[:, :6], y[:, :6], alpha=0.0) > 0.1
