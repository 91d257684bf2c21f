"""Encoding through kernels, against himalaya and with explicit inverses; correlation beside R²."""

import numpy as np
import pytest

from probekit import measures
from probekit.errors import OptionError, ShapeError
from probekit.estimators import (
    BandedRidgeR2,
    KernelRidgeR2,
    MultipleKernelRidgeR2,
    RidgeDecodingR2,
    RidgeR2,
)
from probekit.measures.banded import simplex_points
from probekit.statistics import Examples, state_of
from probekit.testing._harness import read
from tests.optional import optional
from tests.reference import oracles
from tests.reference.as_himalaya import folds, normalised, total_r2, width
from tests.reference.tolerances import SCORE

N, D, K, FOLDS = 60, 4, 3, 3
PENALTIES = (1e-2, 1.0, 100.0)
KERNELS = ["linear", "rbf", "polynomial"]
FEW = {"penalties": PENALTIES, "folds": FOLDS}


def data(*, offset=0.0, examples=N, units=D):
    generator = np.random.default_rng(0)
    y = generator.normal(size=(2, examples, K))
    x = np.sin(y @ generator.normal(size=(K, units))) + 0.3 * generator.normal(
        size=(2, examples, units)
    )
    x = x + offset
    return np.float32(x[0]), np.float32(y[0]), np.float32(x[1]), np.float32(y[1])


def split(y):
    return [y[:, 0], y[:, 1:]]


@pytest.mark.slow
@pytest.mark.parametrize("kernel", KERNELS)
def test_against_inverses(kernel):
    x, y, x2, y2 = data(offset=100.0)
    ours = measures.kernel_ridge_r2(x, y, held_out=(x2, y2), kernel=kernel, **FEW)
    theirs = oracles.kernel_ridge_r2(x, y, x2, y2, kernel=kernel, **FEW)
    np.testing.assert_allclose(ours, theirs, atol=3 * SCORE)


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        {"bandwidth": 0.3},
        {"kernel": "polynomial", "degree": 2, "multioutput": "raw_values"},
        {"per_unit": True, "multioutput": "variance_weighted"},
        {"per_unit": True, "multioutput": "raw_values", "scoring": "correlation"},
        {"multioutput": "variance_weighted", "scoring": "correlation"},
        {"penalties": tuple(oracles.KERNEL_PENALTIES), "folds": 5},
    ],
)
def test_options(options):
    x, y, x2, y2 = data()
    options = FEW | options
    ours = measures.kernel_ridge_r2(x, y, held_out=(x2, y2), **options)
    theirs = oracles.kernel_ridge_r2(x, y, x2, y2, **options)
    np.testing.assert_allclose(ours, theirs, atol=SCORE)


@pytest.mark.slow
@pytest.mark.parametrize("scoring", ["r2", "correlation"])
@pytest.mark.parametrize(
    ("kernels", "per_unit", "multioutput"),
    [
        ("rbf", False, "uniform_average"),
        (("linear", "rbf"), True, "variance_weighted"),
        (("polynomial", "rbf"), True, "raw_values"),
    ],
)
def test_several_kernels(kernels, per_unit, multioutput, scoring):
    x, y, x2, y2 = data()
    options = {"per_unit": per_unit, "multioutput": multioutput, "scoring": scoring}
    options |= FEW | {"candidates": 5}
    held_out = (x2, split(y2))
    ours = measures.multiple_kernel_ridge_r2(
        x, split(y), held_out=held_out, kernels=kernels, **options
    )
    groups = [[0], [1, 2]]
    total, shares = oracles.kernel_ridge(x, y, x2, y2, kernel=kernels, groups=groups, **options)
    np.testing.assert_allclose(ours.r2, total, atol=SCORE)
    np.testing.assert_allclose(ours.shares, shares, atol=SCORE)


@pytest.mark.slow
@pytest.mark.parametrize("kernel", ["linear", "rbf", "poly"])
def test_one_kernel_as_himalaya(kernel):
    """With their kernels, the same folds and penalties: the choice and the prediction."""
    himalaya = optional("himalaya.kernel_ridge")
    x, y, x2, y2 = map(np.float64, data())
    if kernel == "linear":
        options, gamma = {"kernel": "linear"}, {}
    elif kernel == "rbf":
        options, gamma = {"bandwidth": 1.0}, {"gamma": width(y)}
    else:
        about, mean = y - y.mean(axis=0), y.mean(axis=0)
        y, y2 = about, y2 - mean
        options = {"kernel": "polynomial", "degree": 2}
        gamma = {"degree": 2, "gamma": 1 / (about**2).sum(axis=1).mean()}
    theirs = himalaya.KernelRidge(kernel=kernel, kernel_params=gamma)
    gram = normalised(theirs.ALL_KERNELS[kernel](np.concatenate([y, y2]), y, **gamma))
    model = himalaya.KernelRidgeCV(
        alphas=np.array(PENALTIES),
        kernel="precomputed",
        fit_intercept=True,
        cv=folds(N, FOLDS),
        solver_params={"score_func": total_r2(x)},
    ).fit(gram[:N], x)
    ours = measures.kernel_ridge_r2(
        x, y, held_out=(x2, y2), per_unit=True, multioutput="raw_values", **FEW, **options
    )
    np.testing.assert_allclose(ours, model.score(gram[N:], x2), atol=3 * SCORE)


@pytest.mark.slow
def test_several_kernels_as_himalaya():
    """With the same folds, penalties and points of the simplex: choice, prediction and split."""
    himalaya = optional("himalaya.kernel_ridge")
    scoring = optional("himalaya.scoring")
    x, y, _, _ = map(np.float64, data())
    groups = [y[:, :1], y[:, 1:]]
    grams = np.stack([normalised(himalaya.rbf_kernel(z, gamma=width(z))) for z in groups])
    with np.errstate(divide="ignore"):  # they take logarithms of the weights, 0 included
        deltas, dual, _, intercept = himalaya.solve_multiple_kernel_ridge_random_search(
            grams,
            x,
            n_iter=simplex_points(2, 5),
            alphas=np.array(PENALTIES),
            score_func=total_r2(x),
            cv=folds(N, FOLDS),
            fit_intercept=True,
            return_weights="dual",
            progress_bar=False,
        )
    parts = himalaya.predict_weighted_kernel_ridge(grams, dual, deltas, split=True)
    ours = measures.multiple_kernel_ridge_r2(
        x, groups, candidates=5, per_unit=True, multioutput="raw_values", **FEW
    )
    wanted = scoring.r2_score_split(x - x.mean(axis=0), parts - parts.mean(axis=1, keepdims=True))
    np.testing.assert_allclose(ours.shares, wanted, atol=SCORE)
    total = scoring.r2_score(x, parts.sum(axis=0) + intercept)
    np.testing.assert_allclose(ours.r2, total, atol=SCORE)
    ours = measures.multiple_kernel_ridge_r2(
        x,
        groups,
        candidates=5,
        per_unit=True,
        multioutput="raw_values",
        scoring="correlation",
        **FEW,
    )
    total = scoring.correlation_score(x, parts.sum(axis=0))
    np.testing.assert_allclose(ours.r2, total, atol=SCORE)
    np.testing.assert_allclose(ours.shares, scoring.correlation_score_split(x, parts), atol=SCORE)


@pytest.mark.slow
@pytest.mark.parametrize("measure", ["ridge_r2", "ridge_decoding_r2"])
@pytest.mark.parametrize("multioutput", ["uniform_average", "variance_weighted", "raw_values"])
def test_correlation_of_ridge(measure, multioutput):
    x, y, x2, y2 = data(offset=100.0)
    options = {"scoring": "correlation", "multioutput": multioutput}
    ours = getattr(measures, measure)(x, y, held_out=(x2, y2), **options)
    theirs = getattr(oracles, measure)(x, y, x2, y2, **options)
    np.testing.assert_allclose(ours, theirs, atol=3 * SCORE)


@pytest.mark.slow
def test_correlation_of_banded_ridge():
    x, y, x2, y2 = data()
    options = {"scoring": "correlation", "multioutput": "variance_weighted", **FEW}
    ours = measures.banded_ridge_r2(
        x, split(y), held_out=(x2, split(y2)), candidates=4, per_unit=True, **options
    )
    total, shares = oracles.banded_ridge(
        x, y, x2, y2, points=simplex_points(2, 4), groups=[[0], [1, 2]], per_unit=True, **options
    )
    np.testing.assert_allclose(ours.r2, total, atol=3 * SCORE)
    np.testing.assert_allclose(ours.shares, shares, atol=3 * SCORE)
    np.testing.assert_allclose(ours.shares.sum(), ours.r2, atol=SCORE)


@pytest.mark.slow
def test_correlation_of_what_does_not_change():
    x, y, _, _ = data()
    x[:, 1] = 3.3
    each = measures.ridge_r2(x, y, scoring="correlation", multioutput="raw_values")
    assert each[1] == 0
    assert (np.delete(each, 1) > 0.3).all()
    for function in (measures.ridge_r2, measures.kernel_ridge_r2):
        assert np.isnan(function(x, np.ones(N), scoring="correlation"))


@pytest.mark.slow
def test_the_linear_kernel_is_ridge():
    x, y, x2, y2 = data()
    kernel = measures.kernel_ridge_r2(x, y, held_out=(x2, y2), kernel="linear", penalties=[N / K])
    assert float(kernel) == pytest.approx(
        float(measures.ridge_r2(x, y, held_out=(x2, y2), penalties=[1.0])), abs=3 * SCORE
    )
    callable_kernel = measures.kernel_ridge_r2(
        x, y, held_out=(x2, y2), kernel=product, penalties=[N / K]
    )
    assert float(callable_kernel) == pytest.approx(float(kernel), abs=3 * SCORE)


def product(y):
    return y @ y.T


@pytest.mark.slow
def test_a_bit_is_as_linear_as_can_be():
    """Two values: every kernel has one dimension, and what rounding adds must not be fitted."""
    generator = np.random.default_rng(1)
    y, y2 = generator.integers(0, 2, (2, 100, 1))
    x, x2 = (np.float32(z + generator.normal(size=(100, 3))) for z in (y, y2))
    found = [
        float(measures.kernel_ridge_r2(x, y, held_out=(x2, y2), kernel=kernel))
        for kernel in KERNELS
    ]
    np.testing.assert_allclose(found, found[0], atol=SCORE)
    assert found[0] == pytest.approx(float(measures.linear_r2(x, y, held_out=(x2, y2))), abs=0.01)


@pytest.mark.slow
def test_scales_of_groups_and_copies_of_examples_are_irrelevant():
    x, y, _, _ = data()
    found = measures.multiple_kernel_ridge_r2(x, split(y), **FEW)
    other = measures.multiple_kernel_ridge_r2(7 * x - 3, [1e4 * y[:, 0] + 5, y[:, 1:] / 50], **FEW)
    np.testing.assert_allclose(other.shares, found.shares, atol=SCORE)
    np.testing.assert_allclose(found.shares.sum(), found.r2, atol=SCORE)
    statistic, estimator = Examples(capacity=N), KernelRidgeR2(kernel="linear", **FEW)
    heavy, plain = (state_of(statistic, x, y, weight=np.full(N, w, np.float32)) for w in (2.0, 1.0))
    twice = read(estimator, heavy, heavy), read(estimator, plain, plain)
    assert abs(float(twice[0]["kernel_ridge_r2"] - twice[1]["kernel_ridge_r2"])) < 0.05


@pytest.mark.slow
def test_undefined():
    x, y, _, _ = data()
    for place in ((x, y), (y, x)):
        spoilt = [part.copy() for part in place]
        spoilt[0][3, 1] = np.nan
        given = spoilt if place[0] is x else spoilt[::-1]
        assert np.isnan(measures.kernel_ridge_r2(*given))
    assert np.isnan(measures.kernel_ridge_r2(np.full_like(x, 3.3), y))
    assert float(measures.kernel_ridge_r2(x, np.full(N, 3.3))) == pytest.approx(0, abs=SCORE)
    two = float(measures.kernel_ridge_r2(x[:2], y[:2]))
    assert np.isnan(two) or two <= 1


def wrong(y):
    return y


def distance(y):
    return np.square(y[:, None] - y[None, :]).sum(axis=-1)


@pytest.mark.parametrize(
    ("kernel", "message"),
    [
        (
            distance,
            r"kernel: its Gram matrix has an eigenvalue of -1 of the largest; .* e\.g\. exp",
        ),
        (
            lambda y: np.full((len(y), len(y)), np.nan),
            "kernel: returned values that are not finite",
        ),
        (lambda y: y @ np.triu(np.ones((K, K))) @ y.T, "a matrix that is not symmetric"),
    ],
)
def test_functions_that_are_no_kernels_are_refused(kernel, message):
    x, y, _, _ = data()
    with pytest.raises(OptionError, match=message):
        measures.kernel_ridge_r2(x, y, kernel=kernel, **FEW)
    with pytest.raises(OptionError, match=message):
        measures.multiple_kernel_ridge_r2(x, [y, y], kernels=["linear", kernel], **FEW)


def test_a_function_that_is_a_kernel_once_centred_or_in_single_precision():
    x, y, _, _ = data()
    expected = float(measures.kernel_ridge_r2(x, y, kernel="linear", **FEW))
    for kernel in (lambda y: -distance(y), lambda y: np.float32(y) @ np.float32(y).T):
        found = measures.kernel_ridge_r2(x, y, kernel=kernel, **FEW)
        assert float(found) == pytest.approx(expected, abs=SCORE)
    constant = measures.kernel_ridge_r2(x, np.ones_like(y), kernel=product, **FEW)
    assert float(constant) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x, y: measures.kernel_ridge_r2(x, y, kernel="rbg"), OptionError, r"kernel='rbg':"),
        (
            lambda x, y: measures.kernel_ridge_r2(x, y, bandwidth=0),
            OptionError,
            r"bandwidth=0: must be greater than 0",
        ),
        (lambda x, y: measures.kernel_ridge_r2(x, y, degree=0), OptionError, r"degree=0: must be"),
        (
            lambda x, y: measures.kernel_ridge_r2(x, y, kernel=wrong),
            ShapeError,
            r"kernel: returned shape \(120, 3\), dtype float64 for 120 examples",
        ),
        (
            lambda x, y: measures.multiple_kernel_ridge_r2(x, split(y), kernels=["rbf"]),
            OptionError,
            r"kernels: 1; there are 2 groups",
        ),
        (
            lambda x, y: measures.multiple_kernel_ridge_r2(x, [y], candidates=0),
            OptionError,
            r"candidates=0: must be at least 1",
        ),
        (
            lambda x, y: measures.ridge_r2(x, y, scoring="r"),
            OptionError,
            r"scoring='r': not a choice",
        ),
        (lambda x, y: KernelRidgeR2(kernel="poly"), OptionError, r"kernel='poly': not a choice"),
        (lambda x, y: KernelRidgeR2(examples=1), OptionError, r"examples=1: must be at least 2"),
        (lambda x, y: MultipleKernelRidgeR2(candidates=0), OptionError, r"candidates=0: must be"),
        (lambda x, y: RidgeR2(scoring="mse"), OptionError, r"scoring='mse': not a choice"),
        (lambda x, y: RidgeDecodingR2(folds=1), OptionError, r"folds=1: must be at least 2"),
        (lambda x, y: BandedRidgeR2(penalties=()), OptionError, r"penalties=\(\): none"),
    ],
)
def test_what_cannot_be_is_refused(call, error, message):
    x, y, _, _ = data()
    with pytest.raises(error, match=message):
        call(x, y)
