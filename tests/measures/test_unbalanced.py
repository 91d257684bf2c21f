"""Conditions with different numbers of examples, some in no more than one run: as rsatoolbox."""

import numpy as np
import pytest

import probekit as pk
from probekit import measures
from probekit.errors import OptionError, ShapeError
from probekit.measures.condition_scores import CROSSED, OF_PAIRS
from tests.optional import optional
from tests.reference import oracles
from tests.reference.tolerances import SCORE

UNITS, CONDITIONS, RUNS = 6, 5, 3
GENERATOR = np.random.default_rng(1)
PLACES = np.arange(60) % CONDITIONS, np.arange(60) // CONDITIONS % RUNS
KEPT = (PLACES[0] != PLACES[1]) & (GENERATOR.random(60) < 0.8)  # each run misses a condition
LABELS, FOLDS = (places[KEPT] for places in PLACES)
N = len(LABELS)
X = np.float32(GENERATOR.normal(size=(CONDITIONS, UNITS))[LABELS] + GENERATOR.normal(size=(N, 6)))
X = X - X.mean(axis=0)  # rsatoolbox depends on where 0 is
COUNTS = np.float32(GENERATOR.poisson(np.exp(1 + X / 2)))
ROOT = GENERATOR.normal(size=(UNITS, UNITS))
PRECISION = ROOT @ ROOT.T
UPPER = np.triu_indices(CONDITIONS, 1)
OF_EXAMPLES = np.arange(N)


def theirs(x, method, folds=None, labels=LABELS, **options):
    """Return the distances that rsatoolbox finds, ``(condition, condition)``."""
    toolbox = optional("rsatoolbox")
    described = {"condition": labels * 1.0}
    if folds is not None:
        described["fold"] = folds * 1.0
        options["cv_descriptor"] = "fold"
    found = toolbox.rdm.calc_rdm_unbalanced(
        toolbox.data.Dataset(np.float64(x), obs_descriptors=described),
        method=method,
        descriptor="condition",
        **options,
    )
    order = np.argsort(found.pattern_descriptors["condition"])
    return found.get_matrices()[0][np.ix_(order, order)]


def check(found, wanted, tolerance=1e-4):
    np.testing.assert_allclose(found, wanted, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("metric", ["euclidean", "mahalanobis"])
def test_of_means_each_example_counts_alike(metric):
    given = {} if metric == "euclidean" else {"precision": PRECISION}
    found = measures.condition_rdm(X, LABELS, metric=f"squared_{metric}", **given)
    check(found / UNITS, theirs(X, metric, noise=given.get("precision")))


@pytest.mark.parametrize("metric", ["correlation", "poisson"])
def test_pairs(metric):
    x = COUNTS if metric == "poisson" else X
    found = measures.condition_rdm(x, LABELS, metric=metric, unbalanced=True)
    check(found, theirs(x, metric), SCORE)


@pytest.mark.slow
@pytest.mark.parametrize("metric", ["correlation", "poisson"])
def test_pairs_of_one_example_each(metric):
    x = COUNTS if metric == "poisson" else X
    found = measures.condition_rdm(x, OF_EXAMPLES, metric=metric, unbalanced=True)
    check(found, measures.rdm(x, metric=metric), SCORE)


@pytest.mark.slow
def test_cosines_of_pairs():
    rows = np.float64(X) / np.linalg.norm(np.float64(X), axis=1, keepdims=True)
    means = np.stack([rows[label == LABELS].mean(axis=0) for label in range(CONDITIONS)])
    found = measures.condition_rdm(X, LABELS, metric="cosine", unbalanced=True)
    check(found, oracles.rdm(means, metric="squared_euclidean") / 2, SCORE)


@pytest.mark.parametrize(
    "folds",
    [FOLDS, pytest.param(OF_EXAMPLES, marks=pytest.mark.slow)],
    ids=["runs", "examples"],
)
@pytest.mark.parametrize("metric", ["correlation_cv", "poisson_cv"])
def test_pairs_in_two_runs(metric, folds):
    """Correlations are cross-validated there if runs are given."""
    x, prior = X, {}
    if metric == "poisson_cv":
        x, prior = COUNTS, {"prior_lambda": 2.0, "prior_weight": 0.3}
    found = measures.condition_rdm(x, LABELS, metric=metric, folds=folds, unbalanced=True, **prior)
    named = "correlation" if metric == "correlation_cv" else metric
    check(found, theirs(x, named, folds, **prior), SCORE)


@pytest.mark.filterwarnings("ignore:cv_descriptor not set", "ignore:invalid value")
@pytest.mark.parametrize("precision", [PRECISION, "identity"], ids=["given", "identity"])
@pytest.mark.parametrize("folds", [FOLDS, OF_EXAMPLES, None], ids=["runs", "examples", "unsaid"])
def test_crossnobis(folds, precision):
    """Unless told, rsatoolbox takes the identity, and each example for a run by itself."""
    noise = None if isinstance(precision, str) else precision
    wanted = theirs(X, "crossnobis", folds, noise=noise)
    options = {"folds": OF_EXAMPLES if folds is None else folds, "precision": precision}
    found = measures.condition_rdm(X, LABELS, unbalanced=True, **options)
    check(found / UNITS, wanted, 1e-3)
    far = measures.condition_rdm(X + 100, LABELS, unbalanced=True, **options)
    check(far, found, 1e-2)


@pytest.mark.slow
def test_noise_is_that_within_conditions():
    noise = oracles.drawn_covariance(
        X - np.stack([X[label == LABELS].mean(axis=0) for label in LABELS]), N - CONDITIONS, 0
    )
    options = {"folds": FOLDS, "unbalanced": True}
    given = measures.condition_rdm(X, LABELS, precision=np.linalg.inv(noise), **options)
    check(measures.condition_rdm(X, LABELS, **options), given, 1e-3)
    drawn = measures.condition_rdm(X, LABELS, shrinkage="diagonal", **options)
    precision = measures.noise_precision(X, LABELS)
    check(drawn, measures.condition_rdm(X, LABELS, precision=precision, **options), 1e-3)


@pytest.mark.parametrize(
    "metric",
    [CROSSED[0], *(pytest.param(metric, marks=pytest.mark.slow) for metric in CROSSED[1:])],
)
def test_conditions_in_one_run_alone(metric):
    """They have no distance, the others have; in rsatoolbox then nobody has."""
    x = COUNTS if metric == "poisson_cv" else X
    labels = np.where(LABELS == 4, 4 + FOLDS, LABELS)
    options = {"metric": metric, "folds": FOLDS}
    options |= {"precision": "identity"} if metric == "crossnobis" else {}
    found = np.asarray(measures.condition_rdm(x, labels, unbalanced=True, **options))
    alone = np.arange(7) > 3
    np.testing.assert_array_equal(np.isnan(found), alone[:, None] | alone[None, :])
    assert (np.diagonal(found)[~alone] == 0).all()
    method = "correlation" if metric == "correlation_cv" else metric
    assert np.isnan(theirs(x, method, FOLDS, labels)[np.triu_indices(7, 1)]).all()
    others = labels < 4
    wanted = theirs(x[others], method, FOLDS[others], labels[others])
    check(found[:4, :4] / (UNITS if metric == "crossnobis" else 1), wanted, 1e-3)
    assert np.isnan(measures.condition_rdm(x, LABELS, **options)[:RUNS]).all()  # of means


@pytest.mark.slow
@pytest.mark.parametrize("metric", ["crossnobis", "correlation_cv"])
def test_balanced_designs_are_no_other(metric):
    labels, folds = (np.tile(places[: CONDITIONS * RUNS], 3) for places in PLACES)
    x = GENERATOR.normal(size=(len(labels), UNITS))
    options = {"metric": metric, "folds": folds}
    plain = measures.condition_rdm(x, labels, **options)
    check(measures.condition_rdm(x, labels, unbalanced=True, **options), plain, 1e-3)


@pytest.mark.slow
def test_correlation_between_runs_is_that_of_patterns():
    labels, folds = (places[: CONDITIONS * 2] for places in PLACES)  # one example each
    rows = np.float64(X[: CONDITIONS * 2])
    rows = rows - rows.mean(axis=1, keepdims=True)
    rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    here, there = rows[:CONDITIONS], rows[CONDITIONS:]
    wanted = [
        [(here[i] - here[j]) @ (there[i] - there[j]) / 2 for j in range(CONDITIONS)]
        for i in range(CONDITIONS)
    ]
    x = X[: CONDITIONS * 2]
    check(measures.condition_rdm(x, labels, metric="correlation_cv", folds=folds), wanted, SCORE)


@pytest.mark.parametrize(
    "metric", [*CROSSED, *(pytest.param(m, marks=pytest.mark.slow) for m in OF_PAIRS[3:])]
)
def test_undefined(metric):
    x = COUNTS + 1
    options = {"metric": metric, "folds": FOLDS, "unbalanced": True}
    assert np.isfinite(measures.condition_rdm(x, LABELS, **options)).all()
    row = np.flatnonzero(LABELS == 2)[0]
    spoilt = {"correlation": 3.3, "correlation_cv": 3.3, "cosine": 0, "crossnobis": np.nan}
    x[row] = spoilt.get(metric, -1)
    wanted = (np.arange(CONDITIONS) == 2) | (metric == "crossnobis")
    found = np.isnan(measures.condition_rdm(x, LABELS, **options))
    np.testing.assert_array_equal(found, wanted[:, None] | wanted[None, :])
    for value in (np.nan, np.inf):
        x[row, 1] = value
        assert np.isnan(measures.condition_rdm(x, LABELS, **options)).all()


@pytest.mark.slow
@pytest.mark.parametrize("metric", ["poisson", "poisson_cv"])
def test_large_rates_that_differ_little(metric):
    """In float32; of their products some digits are lost, of the distance not as many."""
    x = GENERATOR.poisson(1000 + 20 * LABELS[:, None], size=(N, 100))
    found = measures.condition_rdm(x, LABELS, metric=metric, folds=FOLDS, unbalanced=True)
    wanted = theirs(x, metric, FOLDS if metric == "poisson_cv" else None)
    np.testing.assert_allclose(np.asarray(found)[UPPER], wanted[UPPER], rtol=0.01, atol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("metric", OF_PAIRS)
def test_estimators(metric):
    """By folds that are drawn, in which conditions have different numbers of examples."""
    estimator = pk.estimators.ConditionRDM(metric=metric, unbalanced=True, folds=3)
    arrays = pk.extractors.arrays({"x": COUNTS})
    ds = pk.probe(arrays, None, {"condition": LABELS}, estimators=estimator, batch_size=16)
    folds = oracles.fold_of(range(N), 3)
    options = {"metric": metric, "unbalanced": True}
    wanted = measures.condition_rdm(COUNTS, LABELS, folds=folds, **options)
    check(ds.condition_rdm.values.squeeze(), wanted, 1e-3)
    check(measures.condition_rdm(COUNTS, LABELS, folds=3, **options), wanted, 1e-3)


@pytest.mark.parametrize(
    "precision",
    [pytest.param(PRECISION, marks=pytest.mark.slow), "identity"],
    ids=["given", "identity"],
)
def test_estimators_of_a_given_precision(precision):
    given = precision if isinstance(precision, str) else tuple(map(tuple, precision.tolist()))
    estimator = pk.estimators.ConditionRDM(metric="squared_mahalanobis", precision=given)
    assert eval(repr(estimator), {"ConditionRDM": pk.estimators.ConditionRDM}) == estimator
    arrays = pk.extractors.arrays({"x": X})
    ds = pk.probe(arrays, None, {"condition": LABELS}, estimators=estimator)
    wanted = measures.condition_rdm(X, LABELS, metric="squared_mahalanobis", precision=precision)
    check(ds.condition_rdm.values.squeeze(), wanted)
    if isinstance(given, tuple):
        assert estimator.invariances == {"translation"}
        wider = pk.extractors.arrays({"wide": np.tile(X, 2)})
        with pytest.raises(ShapeError, match=r"precision: shape \(6, 6\); x has 12 units"):
            pk.probe(wider, None, {"condition": LABELS}, estimators=estimator)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"precision": np.eye(2)}, "a square matrix in tuples is needed, such as tuple"),
        ({"precision": ((1.0,), (0.0, 1.0))}, "a square matrix in tuples is needed"),
        ({"precision": (("a",),)}, "or 'identity'"),
        ({"precision": "unit"}, "precision='unit': not a choice"),
        ({"precision": "identity", "metric": "cosine"}, "precision: metric 'cosine' uses none"),
        ({"unbalanced": True, "metric": "euclidean"}, "metric 'euclidean' is that of means"),
    ],
)
def test_estimators_refuse(options, message):
    with pytest.raises(OptionError, match=message):
        pk.estimators.ConditionRDM(**options)
