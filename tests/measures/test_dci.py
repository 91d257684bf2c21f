"""Disentanglement, completeness, informativeness: codes by hand, formulas, and scikit-learn."""

import numpy as np
import pytest
import scipy.stats
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import Lasso, LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from probekit import measures
from probekit.errors import OptionError, ShapeError
from probekit.estimators import DCI
from probekit.statistics import Examples, state_of
from probekit.testing._harness import read
from tests.measures.factors import TURN, N, Y, noisy
from tests.reference import oracles
from tests.reference.tolerances import SCORE

FOREST = RandomForestClassifier(n_estimators=8, random_state=0)
OK, NONFINITE, _, TOO_FEW, CONSTANT = range(5)


def importances():
    found = np.random.default_rng(2).random((6, 3)) ** 3
    return np.float32(np.where(found < 0.01, 0, found))


@pytest.mark.parametrize("weighting", ["importance_weighted", "uniform_average", "raw_values"])
def test_scores_of_importances_are_entropies_by_scipy(weighting):
    matrix = importances()
    for measure, rows in (
        (measures.disentanglement, matrix),
        (measures.completeness, matrix.T),
    ):
        each = 1 - scipy.stats.entropy(rows, base=rows.shape[1], axis=1)
        weights = rows.sum(axis=1) if weighting == "importance_weighted" else None
        wanted = each if weighting == "raw_values" else np.average(each, weights=weights)
        for size in (1, 1e-30, 1e30):
            found = measure(np.float32(matrix * np.float32(size)), multioutput=weighting)
            np.testing.assert_allclose(found, wanted, atol=SCORE)


def test_they_are_those_of_disentanglement_lib():
    matrix = importances().astype(float)
    found = measures.disentanglement(matrix), measures.completeness(matrix)
    wanted = oracles.disentangled(matrix), oracles.disentangled(matrix.T)
    np.testing.assert_allclose(found, wanted, atol=SCORE)


@pytest.mark.slow
def test_units_of_no_importance_are_left_out():
    matrix = np.array([[1.0, 0.0], [0.0, 2.0], [0.0, 0.0]])
    assert float(measures.disentanglement(matrix)) == 1
    assert float(measures.disentanglement(matrix, multioutput="uniform_average")) == 1
    raw = measures.disentanglement(matrix, multioutput="raw_values")
    np.testing.assert_array_equal(raw, [1, 1, np.nan])
    assert float(measures.completeness(matrix)) == 1


@pytest.mark.parametrize("value", [-1, np.nan, np.inf])
def test_what_is_no_importance_makes_the_mean_undefined(value):
    matrix = importances()
    matrix[1, 1] = value
    assert np.isnan(measures.disentanglement(matrix))
    raw = np.isnan(measures.completeness(matrix, multioutput="raw_values"))
    np.testing.assert_array_equal(raw, [False, True, False])


def test_of_one_feature_or_one_unit_or_none_there_is_none():
    assert np.isnan(measures.disentanglement(np.ones((4, 1))))
    assert np.isnan(measures.completeness(np.ones((1, 4))))
    assert np.isnan(measures.completeness(np.zeros((3, 4))))


@pytest.mark.parametrize("probe", ["lasso", "ridge", FOREST, "logistic"])
def test_a_unit_for_each_feature_is_perfect_and_less_so_once_turned(probe):
    metric = "r2" if probe in ("lasso", "ridge") else "accuracy"
    options = {"probe": probe, "metric": metric}
    # Of a forest and of logistic regression, other units have some little importance.
    least = 1 - 1e-6 if metric == "r2" else 0.5
    straight, turned = (measures.dci(x, Y, **options) for x in (3 - 2 * Y, Y @ TURN))
    assert float(straight.disentanglement) > least
    assert (np.asarray(straight.completeness) > least).all()
    assert (np.asarray(straight.informativeness) > 0.99).all()
    assert float(turned.disentanglement) < 0.6 * float(straight.disentanglement)


@pytest.mark.parametrize(
    ("probe", "model"),
    [("lasso", Lasso(alpha=0.01, tol=1e-12)), ("ridge", Ridge(alpha=1e-3 * N))],
)
def test_importances_are_the_weights_of_scikit_learn(probe, model):
    x = noisy() * np.float32([1, 100, 1, 1e-3, 1])
    found = measures.dci(x, Y, probe=probe)
    matrix = oracles.importances(x, Y, model)
    np.testing.assert_allclose(found.importance, matrix, atol=SCORE)
    assert float(found.disentanglement) == pytest.approx(oracles.disentangled(matrix), abs=SCORE)
    each = [1 - scipy.stats.entropy(column, base=5) for column in matrix.T]
    np.testing.assert_allclose(found.completeness, each, atol=SCORE)


@pytest.mark.parametrize("probe", ["lasso", "ridge"])
def test_constant_units_change_nothing_of_the_others(probe):
    x = noisy()
    wide = np.concatenate([x, np.full((len(x), 5), 2.5, np.float32)], axis=1)
    plain, found = (measures.dci(z, Y, probe=probe) for z in (x, wide))
    assert (np.asarray(found.importance)[x.shape[1] :] == 0).all()
    np.testing.assert_allclose(found.importance[: x.shape[1]], plain.importance, atol=SCORE)
    for part in ("disentanglement", "informativeness"):  # completeness is of so many units
        np.testing.assert_allclose(getattr(found, part), getattr(plain, part), atol=SCORE)


def test_informativeness_is_that_of_the_probe_on_other_examples():
    x, x2 = noisy(), noisy(1)
    mean, deviation = x.mean(axis=0), x.std(axis=0)
    z, z2 = (x - mean) / deviation, (x2 - mean) / deviation
    found = measures.dci(x, Y, held_out=(x2, Y))
    centred = Y - Y.mean(axis=0)
    wanted = [
        Lasso(alpha=0.01 * column.std()).fit(z, column).score(z2, column) for column in centred.T
    ]
    np.testing.assert_allclose(found.informativeness, wanted, atol=1e-4)
    found = measures.dci(x, Y, held_out=(x2, Y), probe=FOREST, metric="accuracy")
    order, even = oracles.order_of_sample(0, N), np.ones(N)  # which trees depend on
    wanted = [FOREST.fit(z[order], c[order], sample_weight=even).score(z2, c) for c in Y.T]
    np.testing.assert_allclose(found.informativeness, wanted, atol=0.02)


def test_importance_for_several_classes_is_the_sum_over_them():
    options = {"C": 1.0, "max_iter": 10_000, "tol": 1e-8}
    found = measures.dci(noisy(), Y[:, 2:], probe="logistic", metric="accuracy", options=options)
    z = StandardScaler().fit_transform(noisy())
    weights = np.abs(LogisticRegression(**options).fit(z, Y[:, 2]).coef_).sum(axis=0)
    np.testing.assert_allclose(found.importance[:, 0], weights, rtol=1e-3)


def scores(x, y, **options):
    estimator = DCI(**options)
    columns = ((0, 1), (2,)) if y.shape[1] == 3 else ((0,),)
    state = state_of(Examples(capacity=128), np.float32(x), np.float32(y))
    return read(estimator, state, state, columns=columns)


@pytest.mark.slow
def test_columns_of_one_feature_are_predicted_together():
    found = scores(noisy(), Y)
    z = StandardScaler().fit_transform(Y)
    each = oracles.importances(noisy(), z, Lasso(alpha=0.01, tol=1e-12))
    together = np.stack([each[:, 0] + each[:, 1], each[:, 2]], axis=1)
    assert float(found["dci"]) == pytest.approx(oracles.disentangled(together), abs=SCORE)
    assert found["dci_completeness"].shape == found["dci_informativeness"].shape == (2,)


def statuses(found):
    names = ("dci", "dci_completeness", "dci_informativeness")
    for name in names:
        np.testing.assert_array_equal(np.isnan(found[name]), found[f"{name}_status"] != OK)
    return [np.asarray(found[f"{name}_status"]).tolist() for name in names]


@pytest.mark.slow
def test_what_is_undefined_says_why():
    x = noisy()
    assert statuses(scores(x, Y)) == [OK, [OK, OK], [OK, OK]]
    assert statuses(scores(x[:, :1], Y)) == [OK, [CONSTANT] * 2, [OK, OK]]
    assert statuses(scores(x, Y[:, :1])) == [CONSTANT, [OK], [OK]]
    assert statuses(scores(x, Y * [1, 1, 0])) == [CONSTANT, [OK, CONSTANT], [OK, CONSTANT]]
    assert statuses(scores(x[:1], Y[:1])) == [TOO_FEW, [TOO_FEW] * 2, [TOO_FEW] * 2]
    assert statuses(scores(np.full_like(x, 3.3), Y)) == [CONSTANT, [CONSTANT] * 2, [OK, OK]]
    unknown = np.where(np.arange(3) == 2, np.nan, Y)
    assert statuses(scores(x, unknown)) == [NONFINITE, [OK, NONFINITE], [OK, NONFINITE]]
    x[5, 2] = np.inf
    assert statuses(scores(x, Y)) == [NONFINITE, [NONFINITE] * 2, [NONFINITE] * 2]


def test_errors():
    with pytest.raises(OptionError, match=r"probe='knn': .*lasso"):
        measures.dci(noisy(), Y, probe="knn", metric="accuracy")
    with pytest.raises(OptionError, match="probe='lasso': predicts numbers, and metric='auc'"):
        DCI(metric="auc")
    with pytest.raises(OptionError, match="probe='logistic': names classes"):
        DCI(probe="logistic")
    with pytest.raises(OptionError, match="metric='r3'"):
        DCI(metric="r3")
    with pytest.raises(OptionError, match="probe='Pipeline': says of no unit how important"):
        measures.dci(noisy(), Y, probe=make_pipeline(StandardScaler(), Lasso()))
    with pytest.raises(OptionError, match="multioutput='variance_weighted'"):
        measures.completeness(importances(), multioutput="variance_weighted")
    with pytest.raises(ShapeError, match=r"importance: .*"):
        measures.disentanglement([1.0, 2.0])
