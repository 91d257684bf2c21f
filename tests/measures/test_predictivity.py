"""Linear predictivity against scikit-learn's maps on the same folds, and where it is undefined."""

import numpy as np
import pytest

import probekit as pk
from probekit import measures
from probekit.errors import OptionError, ShapeError
from probekit.estimators import LinearPredictivity
from tests.measures.reporting import reported
from tests.reference import oracles
from tests.reference.tolerances import SCORE

N, D, K = 120, 7, 4
slow = pytest.mark.slow


def data(examples=N, units=D, targets=K, *, offset=0.0):
    generator = np.random.default_rng(0)
    x = generator.normal(size=(examples, units)) @ generator.normal(size=(units, units))
    y = np.tanh(x @ generator.normal(size=(units, targets)) / units)
    y = (y + 0.5 * generator.normal(size=y.shape)) * np.arange(1, targets + 1)
    return np.float32(x + offset), np.float32(y + offset)


def check(x, y, **options):
    ours = measures.linear_predictivity(x, y, **options)
    theirs = oracles.linear_predictivity(None, None, x, y, **options)
    np.testing.assert_allclose(ours, theirs, atol=SCORE)


@pytest.mark.parametrize(
    "options",
    [
        {"components": 3},
        pytest.param({}, marks=slow),
        pytest.param({"components": 5, "standardised": True}, marks=slow),
        pytest.param({"method": "linear"}, marks=slow),
        pytest.param({"method": "ridge", "penalties": (0.01, 1.0, 10.0), "folds": 3}, marks=slow),
        pytest.param({"method": "ridge", "standardised": True}, marks=slow),
    ],
    ids=str,
)
def test_maps(options):
    check(*data(), multioutput="raw_values", **options)


@slow
@pytest.mark.parametrize("offset", [0.0, 1e3])
@pytest.mark.parametrize("scoring", ["correlation", "r2"])
@pytest.mark.parametrize(
    "multioutput", ["median", "uniform_average", "variance_weighted", "raw_values"]
)
def test_averages(multioutput, scoring, offset):
    x, y = data(offset=offset)
    check(x, y, components=4, multioutput=multioutput, scoring=scoring)


@slow
@pytest.mark.parametrize("method", ["pls", "ridge"])
@pytest.mark.parametrize("shape", [(80, 150, 5), (300, 20, 40), (60, 1, 1), (25, 40, 3)])
def test_wide_and_narrow(shape, method):
    check(*data(*shape), method=method)


@slow
def test_components_end_with_the_rank():
    """What is left after as many components as there are dimensions is rounding, not fitted."""
    x, y = data()
    wide = np.concatenate(
        [x, x @ np.float32(np.random.default_rng(1).normal(size=(D, 20)))], axis=1
    )
    few, many = (measures.linear_predictivity(wide, y, components=c) for c in (D, 25))
    np.testing.assert_allclose(many, few, atol=1e-4)
    exact = measures.linear_predictivity(x, x[:, :2] - x[:, 3:5], scoring="r2")
    assert float(exact) == pytest.approx(1, abs=SCORE)


@pytest.mark.slow
def test_units_of_unlike_spread():
    """Units that vary ten thousand times less count still; turned, rounding hides them."""
    generator = np.random.default_rng(1)
    parts = generator.normal(size=(N, D))
    x = parts * np.logspace(-3, 1, D)
    y = np.float32(parts @ generator.normal(size=(D, K)) + 0.1 * generator.normal(size=(N, K)))
    options = {"scoring": "r2", "multioutput": "raw_values"}
    check(np.float32(x), y, **options)
    found, code = status(np.float32(x), y, scoring="r2")
    assert found > 0.9
    assert code == "ok"
    turned = np.float32(x @ np.linalg.qr(generator.normal(size=(D, D)))[0])
    assert status(turned, y, scoring="r2")[1] == "rank_deficient"
    ridge = {"method": "ridge", "scoring": "r2"}
    assert status(turned, y, **ridge)[1] == "rank_deficient"
    assert status(turned, y, **ridge, penalties=(1.0, 10.0))[1] == "ok"  # too much for them


@slow
def test_constant_units_are_left_out():
    x, y = data()
    spoilt = np.concatenate([x, np.full((N, 1), 3.3, np.float32)], axis=1)
    flat = np.concatenate([y, np.full((N, 2), 3.3, np.float32)], axis=1)
    for multioutput in ("median", "uniform_average", "variance_weighted"):
        options = {"components": 3, "multioutput": multioutput}
        plain = measures.linear_predictivity(x, y, **options)
        found = measures.linear_predictivity(spoilt, flat, **options)
        np.testing.assert_allclose(found, plain, atol=SCORE)
    each = np.asarray(measures.linear_predictivity(x, flat, components=3, multioutput="raw_values"))
    assert np.isnan(each).tolist() == [False] * K + [True] * 2


@slow
@pytest.mark.parametrize("scoring", ["correlation", "r2"])
@pytest.mark.parametrize("method", ["pls", "ridge", "linear"])
def test_units_that_vary_in_one_fold_alone_are_scored_in_that(method, scoring):
    """Where one varies its prediction is constant: a correlation of 0, and an R² below 0."""
    x, y = data()
    y[:, 1] = np.arange(N) == 3
    options = {"method": method, "scoring": scoring, "components": 3}
    check(x, y, multioutput="uniform_average", **options)
    raw = np.asarray(measures.linear_predictivity(x, y, multioutput="raw_values", **options))
    assert raw[1] == 0 if scoring == "correlation" else raw[1] < 0


def status(x, y, **options):
    return reported(LinearPredictivity(**options), x, y)


@slow
def test_status():
    x, y = data()
    assert np.isnan(status(np.full_like(x, 3.3), y)[0])
    assert status(np.full_like(x, 3.3), y)[1] == "constant_unit"
    assert np.isnan(status(x, np.full_like(y, 3.3))[0])
    spoilt = x.copy()
    spoilt[3, 2] = np.inf
    assert status(spoilt, y)[1] == "non_finite_input"
    assert status(x[:2], y[:2])[1] == "too_few_examples"
    assert status(x[:, [0, 0, 1]], y, method="linear")[1] == "rank_deficient"
    score, code = status(x[:, [0, 0, 1]], y)
    assert code == "ok"
    assert score == pytest.approx(status(x[:, :2], y)[0], abs=0.1)


@slow
def test_the_second_is_predicted_from_the_first():
    x, y = data()
    a, b = (pk.extractors.arrays({"layer": z}) for z in (x, y))
    estimator = LinearPredictivity(components=3)
    for first, second, arrays in ((a, b, (x, y)), (b, a, (y, x))):
        found = pk.compare(first, second, None, estimators=[estimator], batch_size=50)
        wanted = measures.linear_predictivity(*arrays, components=3)
        np.testing.assert_allclose(found.linear_predictivity.item(), wanted, atol=SCORE)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "lasso"}, r"method='lasso': not a choice"),
        ({"components": 0}, r"components=0: must be at least 1"),
        ({"components": 2.5}, r"components=2.5: must be a whole number"),
        ({"penalties": ()}, r"penalties=\(\): none to choose from"),
        ({"penalties": (0.0,)}, r"penalties=0.0: must be greater than 0"),
        ({"folds": 1}, r"folds=1: must be at least 2"),
        ({"scoring": "mse"}, r"scoring='mse': not a choice"),
        ({"multioutput": "mean"}, r"multioutput='mean': not a choice"),
    ],
)
def test_what_cannot_be_is_refused(options, message):
    x, y = data()
    with pytest.raises(OptionError, match=message):
        measures.linear_predictivity(x, y, **options)
    with pytest.raises(OptionError, match=message):
        LinearPredictivity(**options)


def test_shapes_and_what_has_no_axis():
    x, y = data()
    with pytest.raises(ShapeError, match=r"y: 119 examples; x has 120"):
        measures.linear_predictivity(x, y[1:])
    with pytest.raises(OptionError, match=r"multioutput='raw_values': not a choice"):
        LinearPredictivity(multioutput="raw_values")
