"""Dissimilarities of conditions as rsatoolbox has them: runs, noise, rates, unbalanced designs."""

import warnings

import numpy as np
import pytest

import probekit as pk
from probekit import measures
from probekit.errors import OptionError, ScoreWarning, ShapeError
from probekit.measures.condition_scores import CONDITION_METRICS, OF_PATTERNS
from probekit.measures.conditions import conditions_in
from tests.optional import optional
from tests.reference import oracles
from tests.reference.tolerances import SCORE

N, UNITS, CONDITIONS, RUNS = 60, 6, 5, 3
GENERATOR = np.random.default_rng(1)
LABELS = np.arange(N) % CONDITIONS
FOLDS = np.arange(N) // CONDITIONS % RUNS
X = np.float32(GENERATOR.normal(size=(CONDITIONS, UNITS))[LABELS] + GENERATOR.normal(size=(N, 6)))
COUNTS = np.float32(GENERATOR.poisson(np.exp(1 + X / 2)))
ROOT = GENERATOR.normal(size=(UNITS, UNITS))
PRECISION = ROOT @ ROOT.T
UPPER = np.triu_indices(CONDITIONS, 1)


def theirs(x, method, labels=LABELS, folds=FOLDS, **options):
    """Return the distances that rsatoolbox finds, ``(pair,)``."""
    toolbox = optional("rsatoolbox")
    dataset = toolbox.data.Dataset(
        np.float64(x), obs_descriptors={"condition": labels * 1.0, "fold": folds * 1.0}
    )
    options |= {"method": method, "descriptor": "condition"}
    return toolbox.rdm.calc_rdm(dataset, **options).dissimilarities[0]


def ours(x, metric, **options):
    return np.asarray(measures.condition_rdm(x, LABELS, metric=metric, **options))[UPPER]


@pytest.mark.slow
@pytest.mark.parametrize("metric", OF_PATTERNS)
def test_distances_of_means(metric):
    x = COUNTS if metric == "poisson" else X
    means = np.stack([np.float64(x)[label == LABELS].mean(axis=0) for label in range(CONDITIONS)])
    found = ours(x, metric)
    np.testing.assert_allclose(found, oracles.rdm(means, metric=metric)[UPPER], atol=SCORE)
    if metric != "cosine":
        np.testing.assert_allclose(found, theirs(x, metric), atol=SCORE)


@pytest.mark.parametrize("constant", [False, True])
def test_correlations_of_means_far_from_zero(constant):
    """Correlations are blind to what all units share; a mean alike in all units has none."""
    x = X + np.float32(1e4)
    if constant:
        x[LABELS == 2] = x[LABELS == 2, :1]
    means = np.stack([np.float64(x)[label == LABELS].mean(axis=0) for label in range(CONDITIONS)])
    if constant:
        means[2] = np.nan
    wanted = 1 - np.corrcoef(means)
    np.testing.assert_allclose(ours(x, "correlation"), wanted[UPPER], atol=SCORE)


def test_poisson_between_runs():
    """Of each fold, and their mean; rsatoolbox returns that of the fold with the last label."""
    each = []
    for last in range(RUNS):
        folds = np.where(last == FOLDS, RUNS, FOLDS)
        each.append(theirs(COUNTS, "poisson_cv", folds=folds, cv_descriptor="fold"))
    found = ours(COUNTS, "poisson_cv", folds=FOLDS)
    np.testing.assert_allclose(found, np.mean(each, axis=0), rtol=1e-4, atol=SCORE)
    assert np.ptp(each, axis=0).min() > 0


@pytest.mark.parametrize("prior", [(3.0, 0.5), (0.2, 2.0)])
def test_priors_of_rates(prior):
    """Of two runs that are exchanged: rsatoolbox returns what the last of them has."""
    options = dict(zip(("prior_lambda", "prior_weight"), prior, strict=True))
    wanted = theirs(COUNTS, "poisson", **options)
    np.testing.assert_allclose(ours(COUNTS, "poisson", **options), wanted, rtol=1e-4, atol=SCORE)
    runs = FOLDS > 0
    each = [
        theirs(COUNTS, "poisson_cv", folds=folds, cv_descriptor="fold", **options)
        for folds in (runs, ~runs)
    ]
    found = ours(COUNTS, "poisson_cv", folds=runs, **options)
    np.testing.assert_allclose(found, np.mean(each, axis=0), rtol=1e-4, atol=SCORE)


@pytest.mark.slow
def test_estimators_have_priors_of_rates():
    options = {"metric": "poisson", "prior_lambda": 3.0, "prior_weight": 0.5}
    given = pk.estimators.ConditionRDM(**options)
    arrays = pk.extractors.arrays({"x": COUNTS})
    ds = pk.probe(arrays, None, {"condition": LABELS}, estimators=given)
    wanted = measures.condition_rdm(COUNTS, LABELS, **options)
    np.testing.assert_allclose(ds.condition_rdm.values.squeeze(), wanted, rtol=1e-4, atol=SCORE)


@pytest.mark.slow
def test_poisson_between_runs_is_0_on_average_for_equal_conditions():
    """And above 0 without cross-validation."""
    rates = np.exp(GENERATOR.normal(size=20))
    counts = GENERATOR.poisson(rates, size=(4000, 20))
    labels, folds = np.arange(4000) % 200, np.arange(4000) // 200 % 2
    upper = np.triu_indices(200, 1)
    crossed, plain = (
        np.asarray(measures.condition_rdm(counts, labels, metric=metric, folds=folds))[upper]
        for metric in ("poisson_cv", "poisson")
    )
    assert abs(crossed.mean()) < 0.05 * plain.mean()
    assert (plain > 0).all()
    assert (crossed < 0).any()


def test_crossnobis_between_runs_with_a_given_precision():
    wanted = theirs(X, "crossnobis", cv_descriptor="fold", noise=PRECISION)
    found = ours(X, "crossnobis", folds=FOLDS, precision=PRECISION) / UNITS
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4)
    named = ours(X, "crossnobis", folds=np.array(list("abc"))[FOLDS], precision=PRECISION)
    np.testing.assert_array_equal(named / UNITS, found)


@pytest.mark.parametrize("metric", ["squared_mahalanobis", "mahalanobis"])
def test_mahalanobis_with_a_given_precision(metric):
    wanted = UNITS * theirs(X, "mahalanobis", noise=PRECISION)
    wanted = np.sqrt(wanted) if metric == "mahalanobis" else wanted
    np.testing.assert_allclose(ours(X, metric, precision=PRECISION), wanted, rtol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("metric", CONDITION_METRICS)
def test_undefined(metric):
    x = COUNTS.copy()
    found = measures.condition_rdm(x, LABELS, metric=metric)
    assert np.isfinite(found).all()
    assert (np.diagonal(found) == 0).all()
    np.testing.assert_allclose(found, found.T, rtol=1e-5)
    x[7, 1] = np.nan
    assert np.isnan(measures.condition_rdm(x, LABELS, metric=metric)).all()
    assert np.isnan(measures.condition_rdm(COUNTS, np.where(LABELS, 1, np.nan))).all()


@pytest.mark.slow
def test_conditions_without_such_a_distance():
    x = COUNTS.copy()
    x[LABELS == 2] = 0
    x[LABELS == 3] = 1
    x[LABELS == 4, 0] = -1
    missing = {"correlation": [2, 3], "cosine": [2], "poisson": [4], "poisson_cv": [4]}
    for metric, conditions in missing.items():
        found = np.isnan(measures.condition_rdm(x, LABELS, metric=metric, folds=FOLDS))
        wanted = np.isin(np.arange(CONDITIONS), conditions)
        np.testing.assert_array_equal(found, wanted[:, None] | wanted[None, :])
    indefinite = np.diag([1.0, 1, 1, 1, 1, -1])
    found = measures.condition_rdm(X, LABELS, precision=indefinite)
    assert np.isnan(found).all()
    spoilt = np.where(np.eye(UNITS) > 0, np.nan, 0)
    assert np.isnan(measures.condition_rdm(X, LABELS, precision=spoilt)).all()
    flat = np.diag([1.0, 1, 1, 0, 0, 0])  # units that do not count
    found = measures.condition_rdm(X, LABELS, precision=flat, metric="squared_mahalanobis")
    wanted = measures.condition_rdm(X[:, :3], LABELS, metric="squared_euclidean")
    np.testing.assert_allclose(found, wanted, rtol=1e-4)
    alike = measures.condition_rdm(
        np.concatenate([X, X]), np.arange(2 * N) // N, metric="euclidean"
    )
    assert float(alike[0, 1]) < 1e-6


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"folds": [0, 1]}, ShapeError, r"folds: shape \(2,\); there are 60 examples. Give a la"),
        ({"folds": np.zeros(N)}, OptionError, "folds=1: must be at least 2"),
        (
            {"precision": np.eye(2)},
            ShapeError,
            r"precision: shape \(2, 2\); x has 6 units. Give \(unit, unit\)",
        ),
        (
            {"precision": np.eye(6), "metric": "euclidean"},
            OptionError,
            "precision: metric 'euclidean' uses none; leave it out",
        ),
        (
            {"precision": "unit"},
            OptionError,
            "precision='unit': not a choice",
        ),
        (
            {"unbalanced": True, "metric": "mahalanobis"},
            OptionError,
            "unbalanced=True: metric 'mahalanobis' is that of means, in which each example count",
        ),
    ],
)
def test_what_cannot_be_is_refused(options, kind, message):
    with pytest.raises(kind, match=message):
        measures.condition_rdm(X, LABELS, **options)


def test_conditions_are_the_values_of_a_feature_or_thirds_of_the_examples():
    x = np.float32(np.random.default_rng(0).normal(size=(90, 3)))
    features = {"bit": x[:, 0] > 0, "sign": np.sign(x[:, 1]), "value": x[:, 2]}
    thirds = np.searchsorted(np.quantile(x[:, 2], [1 / 3, 2 / 3]), x[:, 2])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        estimator = pk.estimators.ConditionRDM(metric="euclidean")
        ds = pk.probe(pk.extractors.arrays({"x": x}), None, features, estimators=estimator)
    found = ds.condition_rdm.sel(layer="x")
    assert found.sizes["condition"] == 3
    for name, labels in (*list(features.items())[:2], ("value", thirds)):
        means = np.stack([x[labels == label].mean(axis=0) for label in np.unique(labels)])
        expected = oracles.rdm(means, metric="euclidean")
        own = found.sel(feature=name).values[: len(expected), : len(expected)]
        np.testing.assert_allclose(own, expected, atol=SCORE)
    assert found.sel(feature="bit")[2].isnull().all()
    status = ds.condition_rdm_status.sel(layer="x", feature="bit")
    assert status.values.tolist() == [[0, 0, -1], [0, 0, -1], [-1, -1, -1]]


@pytest.mark.slow
def test_conditions_that_are_asked_for_and_lack_examples_are_told():
    bits = np.arange(40) % 2
    x = np.float32(np.random.default_rng(0).normal(size=(40, 3)))
    given = pk.estimators.ConditionRDM(conditions=3, metric="euclidean")
    with pytest.warns(ScoreWarning, match=r"condition_rdm is NaN \(too few examples\)"):
        pk.probe(pk.extractors.arrays({"x": x}), None, {"bit": bits}, estimators=given)
    constant = pk.estimators.ConditionRDM(metric="euclidean")
    with pytest.warns(ScoreWarning, match=r"condition_rdm is NaN \(too few examples\)"):
        pk.probe(pk.extractors.arrays({"x": x}), None, {"bit": 0 * bits}, estimators=constant)
    with pytest.raises(OptionError, match="conditions, edges: give one of them"):
        pk.estimators.ConditionRDM(conditions=2, edges=((0.5,),))


@pytest.mark.parametrize(
    ("values", "edges"),
    [
        ([3, 5, 5, np.nan, 4], (4, 5)),
        ([7, 7], ()),
        ([], ()),
        ([0] * 50 + list(range(1, 20)), (1,)),
        ([*range(12), *[12] * 50], (12,)),
    ],
)
def test_where_conditions_begin(values, edges):
    assert conditions_in(np.array(values, np.float32)) == edges


@pytest.mark.slow
def test_probe_sets_of_a_recorder_have_the_conditions_of_the_first(tmp_path):
    x = np.float32(np.random.default_rng(0).normal(size=(2, 60, 3)))
    identity = pk.extractors.function(lambda inputs: {"x": inputs})
    sets = {name: (part, {"value": part[:, 0]}) for name, part in zip("ab", x, strict=True)}
    estimator = pk.estimators.ConditionRDM(metric="euclidean")
    with pk.Recorder(tmp_path / "h.nc", probe_sets=sets, estimators=estimator) as recorder:
        recorder.record(0, identity)
    ds = pk.open_history(tmp_path / "h.nc")
    edges = conditions_in(x[0, :, 0])
    for name, part in zip("ab", x, strict=True):
        labels = np.searchsorted(edges, part[:, 0], side="right")
        expected = measures.condition_rdm(part, labels, metric="euclidean")
        found = ds.condition_rdm.sel(probe_set=name, layer="x", feature="value", step=0)
        np.testing.assert_allclose(found, expected, atol=SCORE)
