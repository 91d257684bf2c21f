"""Any probe and any score of it, and what probes tell in bits."""

import itertools
import os
import subprocess
import sys

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge, RidgeClassifier
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import KNeighborsRegressor
from sklearn.svm import SVC
from threadpoolctl import threadpool_info, threadpool_limits

from probekit import measures
from probekit.errors import OptionError
from probekit.estimators import ControlSelectivity, Decoding
from probekit.measures.control_tasks import selectivity_score
from probekit.measures.information import codelength_score
from probekit.statistics import Examples, state_of
from tests.reference import oracles
from tests.reference.tolerances import SCORE

GENERATOR = np.random.default_rng(3)
N, D = 80, 5
Y, Y2 = GENERATOR.integers(0, 3, (2, N, 1)).astype(np.float32)
WAY = GENERATOR.normal(size=(3, D))
X, X2 = (
    np.float32(WAY[labels[:, 0].astype(int)] + GENERATOR.normal(size=(N, D))) for labels in (Y, Y2)
)
METRICS = ["accuracy", "balanced_accuracy", "auc", "cross_entropy"]


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("probe", ["logistic", "knn"])
def test_against_scikit_learn(probe, metric):
    ours = measures.decoding(X, Y, held_out=(X2, Y2), probe=probe, metric=metric)
    if (probe, metric) == ("knn", "cross_entropy"):  # where 0 is the probability of some
        assert float(ours) > float(measures.decoding(X, Y, held_out=(X2, Y2), metric=metric))
        return
    theirs = oracles.decoding(X, Y, X2, Y2, probe=probe, metric=metric)
    np.testing.assert_allclose(ours, theirs, rtol=1e-4)


class Watched(LogisticRegression):
    """Notes how many threads it is called with."""

    threads = set()

    def noted(self):
        self.threads.update(library["num_threads"] for library in threadpool_info())
        return super()

    def fit(self, x, y):
        return self.noted().fit(x, y)

    def predict_proba(self, x):
        return self.noted().predict_proba(x)

    def decision_function(self, x):
        return self.noted().decision_function(x)


@pytest.mark.parametrize("metric", METRICS)
def test_probes_are_fitted_and_asked_on_one_thread(metric):
    """Of few numbers neighbours take twenty times as long on two."""
    Watched.threads.clear()
    with threadpool_limits(2):
        measures.decoding(X, Y, probe=Watched(), metric=metric)
        assert {library["num_threads"] for library in threadpool_info()} == {2}
    assert Watched.threads == {1}


@pytest.mark.slow
def test_every_library_is_known_that_has_threads():
    """SciPy brings a BLAS of its own, which may be loaded later than it is limited."""
    code = (
        "from probekit.measures._threads import one_thread\n"
        "with one_thread():\n"
        "    import scipy.linalg, scipy.optimize\n"
        "    from threadpoolctl import threadpool_info\n"
        "    print({library['num_threads'] for library in threadpool_info()})\n"
    )
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "2", "OMP_NUM_THREADS": "2"}
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    assert run.stdout.strip() == "{1}"


@pytest.mark.parametrize("metric", ["accuracy", "auc"])
def test_two_classes(metric):
    y, y2 = (np.minimum(z, 1) for z in (Y, Y2))
    for probe in ("logistic", "ridge"):
        ours = measures.decoding(X, y, held_out=(X2, y2), probe=probe, metric=metric)
        if probe == "logistic":
            theirs = oracles.decoding(X, y, X2, y2, metric=metric)
        else:
            x, x2 = oracles.as_probes_see(X, X2)
            model = RidgeClassifier(alpha=1e-3 * N).fit(x, y[:, 0])
            area = roc_auc_score(y2[:, 0], model.decision_function(x2))
            theirs = area if metric == "auc" else model.score(x2, y2[:, 0])
        np.testing.assert_allclose(ours, theirs, rtol=1e-4)


def test_offsets_and_half_precision_change_nothing():
    far = measures.decoding(X + 1e4, Y, held_out=(X2 + 1e4, Y2), metric="auc")
    assert float(far) == pytest.approx(oracles.auc(X, Y, X2, Y2), abs=2e-3)
    half = [np.float16(X), Y, np.float16(X2), Y2]
    ours = measures.decoding(*half[:2], held_out=half[2:], metric="auc")
    assert float(ours) == pytest.approx(oracles.auc(*half), abs=SCORE)


def test_any_scikit_learn_estimator():
    x, x2 = oracles.as_probes_see(X, X2)
    theirs = SVC(C=3.0).fit(x, Y[:, 0]).score(x2, Y2[:, 0])
    options = {"held_out": (X2, Y2)}
    assert float(measures.decoding(X, Y, probe=SVC(C=3.0), **options)) == pytest.approx(theirs)
    by_name = {"probe": "sklearn.svm:SVC", "options": {"C": 3.0}}
    assert float(measures.decoding(X, Y, **by_name, **options)) == pytest.approx(theirs)
    estimator = Decoding(probe="sklearn.svm:SVC", options=(("C", 3.0),), name="svm")
    states = [state_of(Examples(capacity=N), *rows) for rows in ((X, Y), (X2, Y2))]
    assert float(estimator.compute(*states)["svm"]) == pytest.approx(theirs)


@pytest.mark.slow
def test_a_forest():
    forest, options = RandomForestClassifier(10, random_state=0), {"held_out": (X2, Y2)}
    assert 0.5 < float(measures.decoding(X, Y, probe=forest, metric="auc", **options)) < 1


@pytest.mark.parametrize("probe", ["ridge", "knn"])
def test_regressions(probe):
    y, y2 = X @ WAY.T, X2 @ WAY.T
    ours = measures.decoding(X, y, held_out=(X2, y2), probe=probe, metric="r2")
    x, x2 = oracles.as_probes_see(X, X2)
    model = Ridge(alpha=1e-3 * N) if probe == "ridge" else KNeighborsRegressor(5)
    theirs = model.fit(x, y).score(x2, y2)
    np.testing.assert_allclose(ours, theirs, atol=1e-4)
    assert np.isnan(measures.decoding(X, 0 * y, probe=probe, metric="r2"))


def test_ridge_regression_is_decoding_r2():
    y, y2 = X[:, :1] * X[:, 1:2], X2[:, :1] * X2[:, 1:2]
    ours = measures.decoding(X, y, held_out=(X2, y2), probe="ridge", metric="r2")
    theirs = measures.decoding_r2(X, y, held_out=(X2, y2))
    assert float(ours) == pytest.approx(float(theirs), abs=1e-4)


@pytest.mark.slow
def test_a_perceptron_reads_what_no_line_divides():
    bits = GENERATOR.integers(0, 2, (300, 2))
    x, y = bits + 0.1 * GENERATOR.normal(size=(300, 2)), bits[:, 0] ^ bits[:, 1]
    assert float(measures.decoding(x, y, probe="mlp")) > 0.95
    assert float(measures.decoding(x, y, probe="logistic")) < 0.8


def test_a_class_that_was_never_fitted_costs_23_bits():
    new = np.where(Y2 == 2, 7, Y2)
    known = np.minimum(Y, 1)
    bits = measures.decoding(X, known, held_out=(X2, np.full_like(new, 7)), metric="cross_entropy")
    assert float(bits) == pytest.approx(23)


@pytest.mark.parametrize("metric", METRICS)
def test_undefined(metric):
    spoilt = X.copy()
    spoilt[3] = np.nan
    assert np.isnan(measures.decoding(spoilt, Y, metric=metric))
    assert np.isnan(measures.decoding(X, 0 * Y, metric=metric))
    assert np.isnan(measures.decoding(X, np.arange(N), metric=metric))
    constant = float(measures.decoding(np.full_like(X, 3.3), Y, metric=metric))
    assert np.isfinite(constant)


@pytest.mark.slow
def test_codelength_lies_between_knowing_all_and_nothing():
    n, uniform = 400, 400 * np.log2(2)
    y = GENERATOR.integers(0, 2, n)
    known = y[:, None] + 0.01 * GENERATOR.normal(size=(n, 3))
    lengths = [
        float(measures.online_codelength(x, y))
        for x in (known, known + GENERATOR.normal(size=(n, 3)), GENERATOR.normal(size=(n, 3)))
    ]
    assert lengths == sorted(lengths)
    assert lengths[0] < 0.1 * uniform
    assert lengths[2] > 0.95 * uniform


@pytest.mark.parametrize("unit", [1, 0.5])
def test_a_weighted_example_is_sent_as_copies_of_it(unit):
    """Which are in one block, so that none is known when another is coded."""
    weight = np.arange(N) % 4 * unit
    state = state_of(Examples(capacity=N), X, Y, weight=weight.astype(np.float32))
    fractions = (0.3, 0.6, 1.0)
    found, shorter = codelength_score(state, probe="logistic", fractions=fractions, options=())
    order = np.asarray(state.index)[np.asarray(state.present)]
    x, codes, weight = X[order], Y[order, 0].astype(int), weight[order]
    sent, total = np.cumsum(weight), weight.sum()
    ends = [int((sent <= round(share * total)).sum()) for share in fractions[:2]] + [len(order)]
    bits = weight[: ends[0]].sum() * np.log2(3)
    for start, end in itertools.pairwise(ends):
        copies = np.repeat(np.arange(start), (weight[:start] / unit).astype(int))
        mean, scale = x[copies].mean(axis=0), np.sqrt(x[copies].astype(float).var(axis=0).mean())
        model = LogisticRegression(C=1e3 / len(copies), max_iter=10_000, tol=1e-10)
        model.fit((x[copies] - mean) / scale, codes[copies])
        p = model.predict_proba((x[start:end] - mean) / scale)
        p = (sent[start - 1] * p + 1) / (sent[start - 1] + 3)
        bits -= weight[start:end] @ np.log2(p[np.arange(end - start), codes[start:end]])
    assert float(found.value) == pytest.approx(bits, rel=1e-4)
    assert float(shorter.value) == pytest.approx(total * np.log2(3) / bits, rel=1e-4)


def test_information_of_a_blind_probe_is_none():
    informed = float(measures.v_information(X, Y, held_out=(X2, Y2)))
    theirs = oracles.v_information(X, Y, X2, Y2)
    assert informed == pytest.approx(theirs, abs=1e-4)
    blind = float(measures.v_information(np.zeros_like(X), Y, held_out=(X2, Y2)))
    assert blind == pytest.approx(0, abs=1e-4)
    assert 0.3 < informed < np.log2(3)


def test_information_is_that_of_the_fitted_probe_and_not_of_one_on_its_way():
    """With more units than examples scikit-learn's tolerance left 0.017 bits an example."""
    generator = np.random.default_rng(3)
    x, x2 = generator.normal(size=(2, 40, 60))
    y, y2 = (x[:, :1] + 0.7 * generator.normal(size=(40, 1)) > 0), generator.integers(0, 2, (40, 1))
    ours = float(measures.v_information(x, y, held_out=(x2, y2)))
    assert ours == pytest.approx(oracles.v_information(x, y, x2, y2), abs=2e-4)


def test_control_tasks_have_classes_as_often_as_their_weight_says():
    """Of a class that weighs next to nothing none is drawn, and the rest is learned by heart."""
    y = np.arange(N, dtype=np.float32)[:, None] % 2
    weight = np.where(y[:, 0] == 1, 1e-6, 1.0).astype(np.float32)
    state = state_of(Examples(capacity=N), X, y, weight=weight)
    options = {"probe": "logistic", "types": False, "draws": 3, "options": ()}
    _, control = selectivity_score(state, state, **options)
    assert float(control.value) == 1


@pytest.mark.slow
def test_control_tasks_by_type():
    """Types are told apart by the first unit; only what depends on them can be learned by heart."""
    types = GENERATOR.integers(0, 6, 2 * N)
    x = np.eye(6)[types] + 0.05 * GENERATOR.normal(size=(2 * N, 6))
    y = types % 2
    split = (x[:N], y[:N]), (x[N:], y[N:], types[N:])
    found = measures.control_selectivity(*split[0], types=types[:N], held_out=split[1])
    assert abs(float(found)) < 0.05  # every type can be memorised
    alone = measures.control_selectivity(x[:, :1] + y[:, None], y)
    assert float(alone) > 0.2  # noise cannot
    estimator = ControlSelectivity(types=True)
    both = [np.stack([y, types], axis=1)[part] for part in (slice(N), slice(N, None))]
    states = [
        state_of(Examples(capacity=N), rows, label)
        for rows, label in zip((x[:N], x[N:]), both, strict=True)
    ]
    scores = estimator.compute(*states)
    assert float(scores["control_selectivity"]) == pytest.approx(float(found), abs=SCORE)
    assert float(scores["control_selectivity_control"]) > 0.95


@pytest.mark.parametrize("function", ["online_codelength", "v_information", "control_selectivity"])
def test_undefined_information(function):
    spoilt = X.copy()
    spoilt[3] = np.inf
    for x, y in ((spoilt, Y), (X, 0 * Y), (X, np.arange(N))):
        assert np.isnan(getattr(measures, function)(x, y))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: measures.decoding(X, Y, probe="svm"), r"probe='svm': not a choice"),
        (lambda: measures.decoding(X, Y, metric="f1"), r"metric='f1': not a choice"),
        (lambda: measures.decoding(X, Y, probe="logistic", metric="r2"), r"metric='r2' needs num"),
        (lambda: Decoding(probe="ridge", metric="cross_entropy"), r"probe='ridge': gives no prob"),
        (
            lambda: measures.decoding(X, Y, probe="sklearn.svm:LinearSVC", metric="cross_entropy"),
            r"probe='sklearn.svm:LinearSVC': gives no probabilities",
        ),
        (lambda: measures.decoding(X, Y, probe="sklearn.svm:SVD"), r"cannot be imported"),
        (lambda: measures.decoding(X, Y, probe="nowhere:SVC"), r"probe='nowhere:SVC': cannot be"),
        (lambda: measures.decoding(X, Y, options={"D": 1}), r"options=\{.*refused by Logistic"),
        (lambda: measures.online_codelength(X, Y, fractions=(0.5,)), r"fractions=\(0.5,\): must"),
        (lambda: measures.online_codelength(X, Y, fractions=(0.5, 0.5, 1)), r"must ascend"),
        (lambda: measures.control_selectivity(X, Y, draws=0), r"draws=0: must be at least 1"),
        (lambda: measures.control_selectivity(X, Y, held_out=(X2, Y2)), r"given without types"),
    ],
)
def test_what_cannot_be_is_refused(call, message):
    with pytest.raises(OptionError, match=message):
        call()
