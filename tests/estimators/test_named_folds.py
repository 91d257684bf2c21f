"""Folds within estimators that are named, so that examples of one group stay together."""

import numpy as np
import pytest

import probekit as pk
from probekit import measures
from probekit.errors import OptionError, ShapeError
from probekit.statistics import FoldMoments, state_of
from tests.reference.tolerances import SCORE

N, GROUPS = 60, np.repeat(np.arange(12), 5)
FOLDS = pk.CrossValidation(folds=3, groups=GROUPS).assigned(N)
PENALTIES = (0.01, 1.0, 100.0)


def groupwise():
    """Features and representations that are alike within a group, and unlike across them."""
    g = np.random.default_rng(0)
    y = g.normal(size=(12, 8))[GROUPS]
    x = g.normal(size=(12, 4))[GROUPS] + 0.1 * y[:, :4] + 0.05 * g.normal(size=(N, 4))
    return np.float32(x), np.float32(y)


def ridge(y, x, penalty):
    y, x = y - y.mean(axis=0), x - x.mean(axis=0)
    squares = y.T @ y
    return np.linalg.solve(squares + penalty * np.trace(squares) / 8 * np.eye(8), y.T @ x)


def penalty_by_folds(x, y, fold):
    """Return the penalty that the folds choose, by the formula in float64."""
    x, y = np.float64(x), np.float64(y)
    explained = []
    for penalty in PENALTIES:
        errors = np.zeros(4)
        for k in np.unique(fold):
            rest = fold != k
            guess = (y[~rest] - y[rest].mean(axis=0)) @ ridge(y[rest], x[rest], penalty)
            errors += ((x[~rest] - x[rest].mean(axis=0) - guess) ** 2).sum(axis=0)
        explained.append((1 - errors / ((x - x.mean(axis=0)) ** 2).sum(axis=0)).mean())
    return PENALTIES[np.argmax(explained)]


@pytest.mark.slow
def test_groups_stay_together():
    assert all(len(set(np.array(FOLDS)[group == GROUPS])) == 1 for group in range(12))
    state = state_of(FoldMoments(folds=FOLDS), np.arange(float(N))[:, None])
    np.testing.assert_array_equal(state.count, np.bincount(FOLDS))
    wanted = [np.arange(N)[np.array(FOLDS) == fold].mean() for fold in range(3)]
    np.testing.assert_allclose(state.x_mean[:, 0], wanted, rtol=1e-6)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::probekit.errors.OptimismWarning")
def test_the_penalty_is_that_of_the_named_folds():
    x, y = groupwise()
    wanted = penalty_by_folds(x, y, np.array(FOLDS))
    assert wanted != penalty_by_folds(x, y, np.arange(N))  # each example by itself: by heart
    estimators = [
        pk.estimators.RidgeR2(folds=FOLDS, penalties=PENALTIES),
        pk.estimators.KernelRidgeR2(folds=FOLDS, kernel="linear", penalties=PENALTIES),
    ]
    ds = pk.probe(pk.extractors.arrays({"l": x}), None, {"f": y}, estimators=estimators)
    assert float(ds.ridge_r2_penalty.squeeze()) == pytest.approx(wanted)
    labels = np.array(list("abc"))[FOLDS,]
    found = measures.ridge_r2(x, y, folds=labels, penalties=PENALTIES)
    assert float(found) == pytest.approx(float(ds.ridge_r2.squeeze()), abs=SCORE)
    # With the linear kernel it is that ridge, with penalties of n/k of these.
    scaled = [penalty * N / 8 for penalty in PENALTIES]
    options = {"folds": labels, "penalties": scaled, "kernel": "linear"}
    kernel = measures.kernel_ridge_r2(x, y, **options)
    assert float(kernel) == pytest.approx(float(found), abs=SCORE)


@pytest.mark.slow
def test_what_is_known_by_heart_predicts_nothing_of_other_groups():
    y, x = groupwise()  # from more units to fewer
    options = {"method": "ridge", "folds": FOLDS, "scoring": "r2"}
    together = float(measures.linear_predictivity(x, y, **options))
    apart = float(measures.linear_predictivity(x, y, **options | {"folds": 3}))
    assert together < 0.2 < apart
    extractors = [pk.extractors.arrays({"l": part}) for part in (x, y)]
    estimator = pk.estimators.LinearPredictivity(**options)
    ds = pk.compare(*extractors, estimators=[estimator], batch_size=16)
    assert float(ds.linear_predictivity.squeeze()) == pytest.approx(together, abs=SCORE)


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [{}, {"shrinkage": "diagonal"}, {"unbalanced": True}, {"metric": "correlation_cv"}],
    ids=str,
)
def test_distances_of_conditions_are_those_between_the_runs(options):
    """As the measure has them, which is told the run of each example."""
    _, y = groupwise()
    condition, runs = np.arange(N) % 4, np.random.default_rng(1).permutation(np.arange(N) % 3)
    wanted = measures.condition_rdm(y, condition, folds=runs, **options)
    estimator = pk.estimators.ConditionRDM(conditions=4, folds=tuple(runs.tolist()), **options)
    a = pk.extractors.arrays({"l": y})
    ds = pk.probe(a, None, {"f": condition}, estimators=[estimator], batch_size=16)
    np.testing.assert_allclose(ds.condition_rdm.squeeze(), wanted, rtol=1e-4, atol=1e-5)
    if not options:  # held out examples have runs of their own
        held_out = (pk.extractors.arrays({"l": y[::-1]}), {"f": condition[::-1]})
        options = {"estimators": [estimator], "held_out": held_out}
        ds = pk.probe(pk.extractors.arrays({"l": y[:8]}), None, {"f": condition[:8]}, **options)
        wanted = measures.condition_rdm(y[::-1], condition[::-1], folds=runs)
        np.testing.assert_allclose(ds.condition_rdm.squeeze(), wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_encoding_rsa_of_named_folds():
    """As the measure has it, of the labels and examples that are kept."""
    y, x = groupwise()
    found = measures.versa(x, y, folds=np.array(list("abc"))[FOLDS,])
    estimator = pk.estimators.VERSA(folds=FOLDS)
    extractors = [pk.extractors.arrays({"l": part}) for part in (x, y)]
    ds = pk.compare(*extractors, estimators=[estimator], batch_size=16)
    assert float(ds.versa.squeeze()) == pytest.approx(float(found), abs=SCORE)
    few = measures.versa(x, y, folds=np.maximum(np.arange(N) - 56, 0) > 1)  # 2 in a fold
    assert np.isnan(few)


def test_errors():
    x, y = groupwise()
    with pytest.raises(ShapeError, match="folds: 59 labels; there are 60 examples"):
        measures.ridge_r2(x, y, folds=FOLDS[1:])
    with pytest.raises(ShapeError, match=r"folds: shape \(60, 1\); give how many, or one label"):
        measures.ridge_decoding_r2(x, y, folds=GROUPS[:, None])
    with pytest.raises(OptionError, match=r"folds=\(0, 0.*: 1 in all; give at least 2"):
        pk.estimators.RidgeR2(folds=(0,) * N)
    with pytest.raises(OptionError, match=r"folds=\('a', 'b'\): whole numbers are needed"):
        pk.estimators.KernelRidgeR2(folds=("a", "b"))
    a = pk.extractors.arrays({"l": x})
    for estimator in (pk.estimators.RidgeR2, pk.estimators.RidgeDecodingR2):
        with pytest.raises(ShapeError, match="folds: 59 labels; there are 60 examples"):
            pk.probe(a, None, {"f": y}, estimators=[estimator(folds=FOLDS[1:])])
    condition = {"f": np.arange(N) % 4}
    for estimator in (pk.estimators.LinearPredictivity, pk.estimators.VERSA):
        with pytest.raises(ShapeError, match="folds: 59 labels; there are 60 examples"):
            pk.compare(a, a, estimators=[estimator(folds=FOLDS[1:])])
    with pytest.raises(ShapeError, match="folds: 60 labels; there are 30 examples"):  # that count
        pk.probe(
            a,
            None,
            condition,
            held_out=(pk.extractors.arrays({"l": x[:30]}), {"f": condition["f"][:30]}),
            estimators=[pk.estimators.ConditionRDM(folds=FOLDS)],
        )
    with pytest.raises(OptionError, match=r"folds=\(0, 0.*: 1 in all; give at least 2"):
        pk.estimators.ConditionRDM(folds=(0,) * N)
