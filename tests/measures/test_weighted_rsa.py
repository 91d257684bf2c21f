"""RSA with weighted features: against the formulas, through `probe`, and what is undefined."""

import itertools

import numpy as np
import pytest

import probekit as pk
from probekit import measures
from probekit.errors import OptionError, ShapeError
from probekit.measures.rdm_fitting import FITTABLE
from tests.reference import oracles
from tests.reference.tolerances import SCORE

N = 40
GENERATOR = np.random.default_rng(0)
Y = np.float32(GENERATOR.integers(0, 3, (2, N, 4)))
NOISE = GENERATOR.normal(size=(2, N, 5))
X = np.float32(Y[..., :3] @ GENERATOR.normal(size=(3, 5)) + NOISE)
GROUPS = [[0], [1, 2], [3]]


def split(y):
    return [y[:, group] for group in GROUPS]


CASES = [
    pytest.param(*case, marks=() if case == ("pearson", True, 0.5) else pytest.mark.slow)
    for case in itertools.product(FITTABLE, [True, False], [0.0, 0.5])
]


@pytest.mark.parametrize(("comparison", "nonnegative", "penalty"), CASES)
def test_on_other_examples(comparison, nonnegative, penalty):
    options = {"comparison": comparison, "nonnegative": nonnegative, "penalty": penalty}
    ours = measures.weighted_rsa(X[0], split(Y[0]), held_out=(X[1], split(Y[1])), **options)
    score, weights = oracles.weighted_rsa_and_weights(
        X[0], Y[0], X[1], Y[1], groups=GROUPS, **options
    )
    assert float(ours.score) == pytest.approx(score, abs=SCORE)
    np.testing.assert_allclose(ours.weights, weights, atol=2 * SCORE)


def test_with_one_feature_it_is_rsa():
    found = measures.weighted_rsa(X[0], [Y[0, :, :1]])
    wanted = measures.rsa(X[0], Y[0, :, :1], rdm="squared_euclidean")
    assert float(found.score) == pytest.approx(float(wanted), abs=SCORE)
    assert float(found.weights[0]) == pytest.approx(float(wanted), abs=SCORE)


@pytest.mark.slow
def test_features_that_tell_nothing_get_nothing():
    bits = GENERATOR.integers(0, 2, (2, 100, 3))
    x = bits[:, :, :2] @ np.array([[3.0, 0, 0], [0, 2.0, 0]])
    groups = [[z[:, [0]], z[:, [1]], z[:, [2]]] for z in bits]
    found = measures.weighted_rsa(x[0], groups[0], held_out=(x[1], groups[1]))
    assert float(found.score) == pytest.approx(1, abs=SCORE)
    assert found.weights[0] > 1.5 * found.weights[1] > 0
    assert abs(float(found.weights[2])) < SCORE
    first, second, third = groups[0]
    scaled = measures.weighted_rsa(1e3 * x[0] - 7, [5 * first, second, 1e4 * third])
    plain = measures.weighted_rsa(x[0], groups[0])
    np.testing.assert_allclose(scaled.weights, plain.weights, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("rdm", ["correlation", "cosine", "euclidean"])
def test_features_of_one_column_have_euclidean_distances(rdm):
    found = measures.weighted_rsa(X[0], [Y[0, :, :1], Y[0, :, 1:2]], rdm=rdm)
    parts = [measures.rdm(Y[0, :, [i]].T, metric="euclidean") for i in (0, 1)]
    wanted = measures.fit_rdm_weights(parts, measures.rdm(X[0], metric=rdm))
    total = sum(w * part for w, part in zip(wanted, parts, strict=True))
    score = measures.compare_rdms(total, measures.rdm(X[0], metric=rdm))
    assert float(found.score) == pytest.approx(float(score), abs=SCORE)


@pytest.mark.slow
def test_probe_reports_weights_and_cross_validates():
    """The mean over folds of the scores of examples that the weights were not fitted to."""
    features = {"first": Y[0, :, 0], "pair": Y[0, :, 1:3], "none": Y[0, :, 3]}
    folds = pk.CrossValidation(folds=2, seed=1)
    extractor = pk.extractors.arrays({"layer": X[0]})
    ds = pk.probe(extractor, None, features, estimators="weighted_rsa", uncertainty=folds)
    whole = measures.weighted_rsa(X[0], split(Y[0]))
    assert ds.weighted_rsa_weight.dims == ("layer", "feature")
    np.testing.assert_allclose(ds.weighted_rsa_weight.sel(layer="layer"), whole.weights, atol=SCORE)
    assert float(ds.weighted_rsa[0]) == pytest.approx(float(whole.score), abs=SCORE)
    wanted = []
    for inside in folds.weights(N).astype(bool):
        groups, held_out = split(Y[0, ~inside]), (X[0, inside], split(Y[0, inside]))
        found = measures.weighted_rsa(X[0, ~inside], groups, held_out=held_out)
        wanted.append(float(found.score))
    np.testing.assert_allclose(ds.weighted_rsa_folds[0], wanted, atol=SCORE)
    assert float(ds.weighted_rsa_cv[0]) == pytest.approx(np.mean(wanted), abs=SCORE)


def test_examples_drawn_twice_are_refused():
    extractor = pk.extractors.arrays({"layer": X[0]})
    with pytest.raises(OptionError, match="'weighted_rsa' supposes that no example is there twi"):
        pk.probe(
            extractor,
            None,
            {"y": Y[0, :, 0]},
            estimators="weighted_rsa",
            uncertainty=pk.Bootstrap(resamples=3),
        )


@pytest.mark.slow
def test_constant_features_and_no_use_of_any():
    flat = np.ones((N, 1))
    found = measures.weighted_rsa(X[0], [flat, Y[0, :, :1]])
    wanted = measures.weighted_rsa(X[0], [Y[0, :, :1]])
    np.testing.assert_allclose(found.weights, [0, *wanted.weights], atol=SCORE)
    assert float(found.score) == pytest.approx(float(wanted.score), abs=SCORE)
    assert np.isnan(measures.weighted_rsa(X[0], [flat]).score)
    assert np.isnan(measures.weighted_rsa(np.full_like(X[0], 3.3), split(Y[0])).score)
    # Examples of unlike features lie close to each other.
    x = np.array([[0.0], [5.0], [0.0], [5.0]])
    silent = measures.weighted_rsa(x, [[[0], [0], [1], [1]]])
    assert (float(silent.score), float(silent.weights[0])) == (0, 0)


@pytest.mark.slow
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_not_finite(value):
    x, y = X[0].copy(), Y[0].copy()
    x[3, 1] = y[5, 0] = value
    for pair in ((x, Y[0]), (X[0], y)):
        found = measures.weighted_rsa(pair[0], split(pair[1]))
        assert np.isnan(found.score)
        assert np.isnan(found.weights).all()
    undefined = X[0].copy()
    undefined[4] = 1  # of equal units there is no correlation
    assert np.isnan(measures.weighted_rsa(undefined, split(Y[0]), rdm="correlation").score)


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (
            lambda: measures.weighted_rsa(X[0], split(Y[0]), comparison="rho_a", penalty=1),
            OptionError,
            "penalty=1.0: comparison='rho_a' has none, as ranks do not depend",
        ),
        (
            lambda: measures.weighted_rsa(X[0], split(Y[0]), comparison="corr"),
            OptionError,
            "comparison='corr': not a choice",
        ),
        (
            lambda: measures.weighted_rsa(X[0], split(Y[0]), rdm="manhattan"),
            OptionError,
            "rdm='manhattan': not a choice",
        ),
        (
            lambda: measures.weighted_rsa(X[0], split(Y[0]), rdm_y="manhattan"),
            OptionError,
            "rdm_y='manhattan': not a choice",
        ),
        (
            lambda: measures.weighted_rsa(X[0], split(Y[0]), penalty=-1),
            OptionError,
            "penalty=-1.0: must be at least 0",
        ),
        (lambda: measures.weighted_rsa(X[0], []), ShapeError, "groups: there are none; give one"),
        (
            lambda: measures.weighted_rsa(X[0, :2], split(Y[0, :2])),
            ShapeError,
            "x: 2 examples; at least 3 are needed",
        ),
        (lambda: pk.estimators.WeightedRSA(examples=2), OptionError, "examples=2: must be at lea"),
    ],
)
def test_what_cannot_be_is_refused(call, kind, message):
    with pytest.raises(kind, match=message):
        call()
