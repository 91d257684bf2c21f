"""The precision of noise: that of rsatoolbox, of scikit-learn, and of the published formulas."""

import numpy as np
import pytest

import probekit as pk
from probekit import measures
from probekit.errors import OptionError, ShapeError
from tests.optional import optional
from tests.reference import oracles

N, UNITS, CONDITIONS, RUNS = 30, 5, 3, 2
GENERATOR = np.random.default_rng(3)
LABELS = np.arange(N) % CONDITIONS
FOLDS = np.arange(N) // CONDITIONS % RUNS
MIXING = GENERATOR.normal(size=(9, 9)) / 3 + np.eye(9)
NOISE = np.float32(GENERATOR.normal(size=(N, 9)) @ MIXING)
X = np.float32(NOISE[:, :UNITS] + GENERATOR.normal(size=(CONDITIONS, UNITS))[LABELS])
UNBALANCED = GENERATOR.random(N) < 0.8
THEIRS = {"diagonal": "shrinkage_diag", "identity": "shrinkage_eye", 1: "diag", 0: "full"}
SHRINKAGES = ["diagonal", "identity"]


def toolbox():
    optional("rsatoolbox")
    return optional("rsatoolbox.data.noise")


def labelled(x, labels, folds=FOLDS):
    data = optional("rsatoolbox.data")
    return data.Dataset(np.float64(x), obs_descriptors={"label": labels * 1.0, "fold": folds * 1.0})


def close(found, wanted):
    assert np.abs(found - wanted).max() <= 1e-4 * np.abs(wanted).max()


@pytest.mark.slow
@pytest.mark.parametrize("shrinkage", THEIRS, ids=str)
def test_as_rsatoolbox(shrinkage):
    method = THEIRS[shrinkage]
    options = {"shrinkage": shrinkage}
    found = measures.noise_precision(X, **options)
    close(found, toolbox().prec_from_residuals(np.float64(X), method=method))
    np.testing.assert_array_equal(found, np.swapaxes(found, 0, 1))
    fewer = measures.noise_precision(X, freedom=20, **options)
    close(fewer, toolbox().prec_from_residuals(np.float64(X), dof=20, method=method))
    x, labels = X[UNBALANCED], LABELS[UNBALANCED]
    dataset = labelled(x, labels, FOLDS[UNBALANCED])
    of_labels = measures.noise_precision(x, labels, **options)
    close(of_labels, toolbox().prec_from_unbalanced(dataset, "label", method=method))
    # Which takes for the degrees of freedom those of means: (conditions - 1) * repeats.
    theirs = toolbox().prec_from_measurements(labelled(X, LABELS), "label", method=method)
    repeats = N // CONDITIONS
    freedom = (CONDITIONS - 1) * repeats
    close(measures.noise_precision(X, LABELS, freedom=freedom, **options), theirs)


def test_more_units_than_examples():
    x = NOISE[:6]
    for shrinkage in SHRINKAGES:
        wanted = toolbox().prec_from_residuals(np.float64(x), method=THEIRS[shrinkage])
        close(measures.noise_precision(x, shrinkage=shrinkage), wanted)
    assert np.isnan(measures.noise_precision(x, shrinkage=0)).all()


def test_as_ledoit_and_wolf_of_scikit_learn():
    covariance = optional("sklearn.covariance").ledoit_wolf(np.float64(X))[0]
    found = measures.noise_precision(X, shrinkage="identity")
    close(found, np.linalg.inv(covariance) * (N - 1) / N)


def test_as_schafer_and_strimmer():
    """The variance of a correlation as published; that of rsatoolbox is less by 1 / (n - 1)²."""
    rows = np.float64(X) - X.mean(axis=0, dtype=float)
    rows /= np.std(rows, axis=0, ddof=1)
    products = rows[:, :, None] * rows[:, None, :]
    correlation = products.sum(axis=0) / (N - 1)
    variance = N / (N - 1) ** 3 * np.square(products - products.mean(axis=0)).sum(axis=0)
    apart = ~np.eye(UNITS, dtype=bool)
    published = variance[apart].sum() / np.square(correlation[apart]).sum()
    covariance = np.linalg.inv(np.float64(measures.noise_precision(X)))
    plain = np.cov(X, rowvar=False)
    share = 1 - (covariance[apart] @ plain[apart]) / (plain[apart] @ plain[apart])
    assert share == pytest.approx(published - 1 / (N - 1) ** 2, abs=1e-4)
    assert 0.01 < share < 0.99


@pytest.mark.parametrize("shrinkage", SHRINKAGES)
def test_far_away_and_of_any_scale(shrinkage):
    found = np.asarray(measures.noise_precision(X, LABELS, shrinkage=shrinkage))
    far = measures.noise_precision(np.float32(X + 1000), LABELS, shrinkage=shrinkage)
    np.testing.assert_allclose(far, found, rtol=1e-2, atol=1e-2)
    for scale in (2.0**-30, 2.0**30):
        other = measures.noise_precision(X * np.float32(scale), LABELS, shrinkage=shrinkage)
        close(np.asarray(other) * scale**2, found)
    half = measures.noise_precision(np.float16(X), LABELS, shrinkage=shrinkage)
    assert half.dtype == np.float32


@pytest.mark.parametrize("shrinkage", SHRINKAGES)
def test_undefined(shrinkage):
    of = lambda x, labels=LABELS: np.asarray(  # noqa: E731
        measures.noise_precision(x, labels, shrinkage=shrinkage)
    )
    for bad in (np.nan, np.inf):
        x = X.copy()
        x[4, 2] = bad
        assert np.isnan(of(x)).all()
    assert np.isnan(of(X, np.where(LABELS, 1, np.nan))).all()
    assert np.isnan(of(X, np.arange(N))).all()  # nothing is left within conditions
    assert np.isnan(of(np.full_like(X, 0.1))).all()
    x = X.copy()
    x[:, 1] = 0.1
    assert np.isnan(of(x)).all() == (shrinkage == "diagonal")  # else it has a mean variance
    one = of(X[:, :1])
    rest = X[:, 0] - np.stack([X[label == LABELS, 0].mean() for label in LABELS])
    np.testing.assert_allclose(one, [[(N - CONDITIONS) / (rest**2).sum()]], rtol=1e-5)


@pytest.mark.parametrize("shrinkage", SHRINKAGES)
def test_conditions_by_their_own_noise(shrinkage):
    precision = measures.noise_precision(X, LABELS, shrinkage=shrinkage)
    options = {"metric": "crossnobis", "folds": FOLDS}
    wanted = measures.condition_rdm(X, LABELS, precision=precision, **options)
    found = measures.condition_rdm(X, LABELS, shrinkage=shrinkage, **options)
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4)
    y = LABELS[:, None]
    theirs = oracles.condition_rdm(None, None, X, y, shrinkage=shrinkage)
    found = measures.condition_rdm(X, LABELS, shrinkage=shrinkage)
    np.testing.assert_allclose(found, theirs, rtol=1e-4, atol=1e-4)


@pytest.mark.slow
def test_a_precision_for_each_run():
    rdm = optional("rsatoolbox.rdm")
    folds = np.arange(N) // CONDITIONS % 3
    precision = np.asarray(measures.noise_precision(X, LABELS, folds=folds))
    for run in range(3):
        alone = measures.noise_precision(X[folds == run], LABELS[folds == run])
        np.testing.assert_array_equal(precision[run], alone)
    theirs = rdm.calc_rdm(
        labelled(X, LABELS, folds),
        method="crossnobis",
        descriptor="label",
        cv_descriptor="fold",
        noise=list(np.float64(precision)),
    )
    found = np.asarray(measures.condition_rdm(X, LABELS, folds=folds, precision=precision))
    close(found / UNITS, theirs.get_matrices()[0])
    same = np.stack([precision[0]] * 2)
    alike = measures.condition_rdm(X, LABELS, folds=FOLDS, precision=same)
    close(alike, np.asarray(measures.condition_rdm(X, LABELS, folds=FOLDS, precision=same[0])))
    for bad in (np.diag([1.0, 1, 1, 1, 0]), np.full((UNITS, UNITS), np.nan)):
        spoilt = np.stack([same[0], bad])
        assert np.isnan(measures.condition_rdm(X, LABELS, folds=FOLDS, precision=spoilt)).all()


@pytest.mark.slow
def test_few_examples_tell_how_far_and_all_the_rest():
    """Of the estimator, which keeps some examples: nearly the distances by all of them."""
    n = 2000
    x = np.float32(np.random.default_rng(0).normal(size=(n, 9)) @ MIXING)
    labels = np.arange(n) % CONDITIONS
    wanted = np.asarray(measures.condition_rdm(x, labels, metric="euclidean"))
    assert wanted.max() < 1
    of = lambda **options: (  # noqa: E731
        pk.probe(
            pk.extractors.arrays({"x": x}),
            None,
            {"label": labels},
            estimators=pk.estimators.ConditionRDM(metric="squared_mahalanobis", **options),
        ).condition_rdm.values.squeeze()
    )
    every = measures.condition_rdm(x, labels, metric="squared_mahalanobis", shrinkage="diagonal")
    np.testing.assert_allclose(of(shrinkage="diagonal", examples=n), every, rtol=1e-4)
    np.testing.assert_allclose(of(shrinkage="diagonal", examples=200), every, rtol=1e-2)


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (
            lambda: measures.noise_precision(X, shrinkage="eye"),
            OptionError,
            "shrinkage='eye': not a choice",
        ),
        (
            lambda: measures.noise_precision(X, shrinkage=-1),
            OptionError,
            "shrinkage=-1: must be from 0 to 1, or 'diagonal' or 'identity'",
        ),
        (
            lambda: measures.noise_precision(X, freedom=0),
            OptionError,
            "freedom=0: must be at least 1 and finite",
        ),
        (
            lambda: measures.noise_precision(X, folds=[1]),
            ShapeError,
            r"folds: shape \(1,\); there are 30 examples. Give a label each",
        ),
        (lambda: measures.noise_precision(X[:1]), ShapeError, "x: 1 example"),
        (lambda: measures.noise_precision(X, LABELS[:3]), ShapeError, "conditions: 3 examples"),
        (
            lambda: measures.condition_rdm(X, LABELS, precision=np.ones((3, UNITS, UNITS))),
            ShapeError,
            r"precision: shape \(3, 5, 5\); there are 2 folds and 5 units. Give \(unit, unit\), or",
        ),
        (
            lambda: measures.condition_rdm(
                X, LABELS, precision=np.ones((2, UNITS, UNITS)), unbalanced=True
            ),
            OptionError,
            r"precision: shape \(2, 5, 5\), one for each fold, is for metric 'crossnobis' with unb",
        ),
        (
            lambda: measures.condition_rdm(
                X, LABELS, precision=np.ones((2, UNITS, UNITS)), metric="mahalanobis"
            ),
            OptionError,
            r"precision: shape \(2, 5, 5\), one for each fold, is for metric 'crossnobis' with unb",
        ),
        (
            lambda: measures.rdm(X, metric="poisson", prior_lambda=np.inf),
            OptionError,
            "prior_lambda=inf: must be at least 0 and finite",
        ),
    ],
)
def test_what_cannot_be_is_refused(call, kind, message):
    with pytest.raises(kind, match=message):
        call()
