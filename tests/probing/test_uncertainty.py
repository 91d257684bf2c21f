"""Intervals, p-values and folds of probes, against doing the same by hand."""

import numpy as np
import pytest
from scipy.stats import pearsonr
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import KFold, cross_val_score

import probekit as pk
from probekit.errors import OptionError

N = 60
DECODING = pk.estimators.DecodingR2(penalty=0.0)


@pytest.fixture(scope="module")
def data():
    generator = np.random.default_rng(0)
    bit = generator.integers(0, 2, N).astype(np.float32)
    noise = generator.normal(size=N).astype(np.float32)
    x = (bit[:, None] * [1.0, 0.5, 0.0] + generator.normal(size=(N, 3))).astype(np.float32)
    return x, {"bit": bit, "noise": noise}


def probe(x, features, **options):
    return pk.probe(pk.extractors.arrays({"layer": x}), None, features, **options)


@pytest.fixture(scope="module")
def bootstrapped(data):
    estimators = ["linear_r2", "cka", pk.estimators.RSA(rdm="euclidean")]
    return probe(*data, estimators=estimators, uncertainty=pk.Bootstrap(resamples=25))


@pytest.mark.parametrize("name", ["linear_r2", "cka"])
def test_weights_are_copies(data, bootstrapped, name):
    x, features = data
    measure = {"linear_r2": pk.measures.linear_r2, "cka": pk.measures.cka}[name]
    weights = pk.Bootstrap(resamples=25).weights(N).astype(int)
    drawn = [np.repeat(np.arange(N), weight) for weight in weights]
    scores = [float(measure(x[rows], features["bit"][rows])) for rows in drawn]
    found = bootstrapped[f"{name}_ci"].sel(layer="layer", feature="bit")
    np.testing.assert_allclose(found, np.quantile(scores, [0.025, 0.975]), atol=2e-6)
    assert found.bound.values.tolist() == ["lower", "upper"]


def test_the_score_stays_what_it_was(data, bootstrapped):
    plain = probe(*data, estimators=["linear_r2", "cka"])
    np.testing.assert_array_equal(plain.linear_r2, bootstrapped.linear_r2)
    np.testing.assert_array_equal(plain.cka, bootstrapped.cka)
    lower, upper = bootstrapped.rsa_ci.sel(feature="bit").values[0]
    assert lower < bootstrapped.rsa.sel(feature="bit") < upper


def test_cross_validation_is_that_of_scikit_learn(data):
    x, features = data
    folds = pk.CrossValidation(folds=4, seed=2)
    ds = probe(x, features, estimators=[DECODING, "total_variance"], uncertainty=folds)
    splitter = KFold(4, shuffle=True, random_state=2)
    for name, label in features.items():
        theirs = cross_val_score(LinearRegression(), x, label, cv=splitter)
        np.testing.assert_allclose(ds.decoding_r2_folds.sel(feature=name)[0], theirs, atol=1e-4)
        np.testing.assert_allclose(ds.decoding_r2_cv.sel(feature=name)[0], theirs.mean(), atol=1e-4)
    assert "total_variance_cv" not in ds


def test_permutation(data):
    """R² of one unit is a squared correlation: against the same shuffles by hand."""
    x, features = data
    ds = probe(x[:, :1], features, uncertainty=pk.Permutation(resamples=99))
    orders = pk.Permutation(resamples=99).orders(N)
    for name, label in features.items():
        score, *null = (pearsonr(x[:, 0], label[rows])[0] ** 2 for rows in [np.arange(N), *orders])
        expected = (1 + np.sum(np.array(null) >= score)) / 100
        assert float(ds.linear_r2_p.sel(feature=name)[0]) == pytest.approx(expected)
    assert float(ds.linear_r2_p.sel(feature="bit")[0]) == 0.01
    assert float(ds.linear_r2_p_corrected.sel(feature="bit")[0]) == 0.02


def test_compare(data):
    x, _ = data
    a = pk.extractors.arrays({"layer": x, "square": x**2})
    b = pk.extractors.arrays({"part": x[:, :2] + 0.5})
    ds = pk.compare(a, b, None, uncertainty=pk.Bootstrap(resamples=25))
    assert ds.cka_ci.dims == ("layer_a", "layer_b", "bound")
    weights = pk.Bootstrap(resamples=25).weights(N).astype(int)
    drawn = [np.repeat(np.arange(N), weight) for weight in weights]
    scores = [float(pk.measures.cka(x[rows] ** 2, x[rows, :2])) for rows in drawn]
    np.testing.assert_allclose(
        ds.cka_ci.sel(layer_a="square", layer_b="part"),
        np.quantile(scores, [0.025, 0.975]),
        atol=2e-6,
    )


def test_nan_stays_nan(data):
    x, features = data
    broken = x.copy()
    broken[3, 0] = np.nan
    with pytest.warns(pk.errors.ScoreWarning, match="NaN"):
        ds = probe(broken, features, estimators=["cka"], uncertainty=pk.Bootstrap(resamples=25))
    assert ds.cka_ci.isnull().all()


@pytest.mark.parametrize(
    ("estimator", "uncertainty", "message"),
    [
        ("linear_r2", 0.95, "uncertainty: a float; give a Bootstrap"),
        (
            pk.estimators.CKA(debiased=True),
            pk.Bootstrap(),
            r"no example is there twice. Use Bootstrap\(replace=False\)",
        ),
        (pk.estimators.RSA(comparison="kendall"), pk.Bootstrap(), "'rsa' supposes that no"),
        ("total_variance", pk.Permutation(), "Permutation of kind geometry; there are no labels"),
        ("cka", pk.CrossValidation(), "only encoding and decoding fit something"),
        ("linear_r2", pk.CrossValidation(folds=99), "folds=99: more than the 60 examples"),
    ],
)
def test_errors(data, estimator, uncertainty, message):
    with pytest.raises(OptionError, match=message):
        probe(*data, estimators=[estimator], uncertainty=uncertainty)


def test_what_holds_out_its_own_takes_no_other(data):
    x, features = data
    other = (pk.extractors.arrays({"layer": x}), features)
    with pytest.raises(OptionError, match="CrossValidation holds out its own; give no held_out"):
        probe(x, features, held_out=other, uncertainty=pk.CrossValidation())


@pytest.mark.slow
def test_coverage():
    """The interval of a correlation's square holds the true one about as often as it says."""
    generator = np.random.default_rng(1)
    x = generator.normal(size=(300, 80, 1)).astype(np.float32)
    y = x[:, :, 0] + generator.normal(size=(300, 80)).astype(np.float32)
    held = 0
    for one, label in zip(x, y, strict=True):
        ds = probe(one, {"y": label}, uncertainty=pk.Bootstrap(resamples=200, confidence=0.9))
        lower, upper = ds.linear_r2_ci.values.ravel()
        held += lower < 0.5 < upper
    assert 0.84 < held / 300 < 0.95
