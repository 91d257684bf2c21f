"""Weights that are searched for, for comparisons of ranks: against rsatoolbox, and all there are.

Of the same shapes, as most of the time is that of compiling.
"""

import itertools

import numpy as np
import pytest
from scipy.spatial.distance import pdist, squareform
from scipy.stats import rankdata

from probekit import measures
from probekit.estimators import WeightedRSA
from probekit.testing import estimator_checks
from tests.optional import optional
from tests.reference import oracles
from tests.reference.tolerances import SCORE

slow = pytest.mark.slow
N, K, SUBJECTS = 13, 4, 5
UPPER = np.triu_indices(N, 1)
PEERS = {"spearman": "spearman", "kendall": "tau-a", "rho_a": "rho-a"}
FITTERS = {
    "linear": ("Weighted", "fit_optimize"),
    "nonnegative": ("Weighted", "fit_optimize_positive"),
    "interpolate": ("Interpolate", "fit_interpolate"),
}
CASES = [
    pytest.param(*case, marks=() if case == ("nonnegative", "spearman") else slow)
    for case in itertools.product(FITTERS, PEERS)
]


def squares(seed, count=K):
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(N, count))
    mixed = x @ generator.normal(size=(count, 3))
    targets = [mixed + generator.normal(size=mixed.shape) for _ in range(SUBJECTS)]
    return (
        np.float32([squareform(pdist(x[:, [i]], "sqeuclidean")) for i in range(count)]),
        np.float32([squareform(pdist(z, "cityblock")) for z in targets]),
    )


def reached(weights, candidates, targets, comparison):
    prediction = np.einsum("i,ijk", np.float64(weights), np.float64(candidates))[UPPER]
    return np.mean([oracles.compare(prediction, np.float64(z)[UPPER], comparison) for z in targets])


@pytest.mark.slow
@pytest.mark.parametrize(("model", "comparison"), CASES)
def test_they_are_as_good_as_those_of_rsatoolbox(model, comparison):
    toolbox = optional("rsatoolbox")
    kind, fitter = FITTERS[model]
    gains = []
    for seed in range(6):
        candidates, targets = squares(seed)
        rows, wanted = (np.float64(z)[:, *UPPER] for z in (candidates, targets))
        rows = toolbox.rdm.RDMs(rows / np.linalg.norm(rows))
        theirs = getattr(toolbox.model, f"Model{kind}")("model", rows)
        np.random.seed(seed)  # where it begins
        found = getattr(toolbox.model.fitter, fitter)(
            theirs, toolbox.rdm.RDMs(wanted), method=PEERS[comparison]
        )
        ours = measures.fit_rdm_weights(candidates, targets, model=model, comparison=comparison)
        assert model == "linear" or (ours >= 0).all()
        scores = [
            np.mean(toolbox.rdm.compare(theirs.predict_rdm(w), wanted, method=PEERS[comparison]))
            for w in (np.float64(ours), found)
        ]
        gains.append(scores[0] - scores[1])
    assert min(gains) > -1e-3
    assert model == "interpolate" or np.mean(gains) > 0.01


def of_length_1(rows, comparison):
    """Vectors whose products are the comparison, where nothing ties."""
    vectors = rankdata(rows, axis=1) - (rows.shape[1] + 1) / 2
    if comparison == "kendall":
        first, second = np.triu_indices(rows.shape[1], 1)
        vectors = np.sign(rows[:, first] - rows[:, second])
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@slow
@pytest.mark.parametrize("comparison", PEERS)
def test_they_are_nearly_the_best_there_are(comparison):
    """Of all weights of three candidates, at a degree from each other."""
    circle = np.deg2rad(np.arange(0, 180, 2))
    for seed in range(3):
        candidates, targets = squares(seed, 3)
        rows, wanted = (np.float64(z)[:, *UPPER] for z in (candidates, targets))
        every = np.array(
            [
                [np.cos(a), np.sin(a) * np.cos(b), np.sin(a) * np.sin(b)]
                for a, b in itertools.product(circle, circle)
            ]
        ) / np.linalg.norm(rows, axis=1)
        means = of_length_1(every @ rows, comparison) @ of_length_1(wanted, comparison).mean(axis=0)
        best = reached(every[means.argmax()], candidates, targets, comparison)
        assert best == pytest.approx(means.max())
        ours = measures.fit_rdm_weights(candidates, targets, model="linear", comparison=comparison)
        assert reached(ours, candidates, targets, comparison) > best - 3e-3


@pytest.mark.parametrize(
    ("model", "comparison"),
    [
        ("nonnegative", "kendall_tau_b"),
        *(
            pytest.param(model, comparison, marks=slow)
            for model in FITTERS
            for comparison in (*PEERS, "kendall_tau_b")
        ),
    ],
)
def test_of_two_candidates_and_few_pairs_they_are_the_best(model, comparison):
    """Of all weights at a fiftieth of a degree from each other."""
    circle = np.deg2rad(np.arange(0, 360 if model == "linear" else 90.01, 0.02))
    every = np.stack([np.cos(circle), np.sin(circle)], axis=1)
    for seed, few in itertools.product(range(3), (5, 7)):
        candidates, targets = (z[:, :few, :few] for z in squares(seed, 2))
        rows, wanted = (np.float64(z)[:, *np.triu_indices(few, 1)] for z in (candidates, targets))
        kind = "kendall" if "kendall" in comparison else "spearman"
        means = of_length_1((every / np.linalg.norm(rows, axis=1)) @ rows, kind)
        means = means @ of_length_1(wanted, kind).mean(axis=0)
        ours = measures.fit_rdm_weights(candidates, targets, model=model, comparison=comparison)
        mine = of_length_1((np.float64(ours) @ rows)[None], kind) @ of_length_1(wanted, kind).T
        assert mine.mean() >= means.max() - 1e-6


@slow
@pytest.mark.parametrize("model", ["linear", "nonnegative"])
@pytest.mark.parametrize("comparison", ["spearman", "kendall"])
def test_of_more_candidates_and_few_pairs_they_are_nearly_the_best(model, comparison):
    """Of many that are drawn."""
    short = []
    for seed in range(8):
        candidates, targets = (z[:, :6, :6] for z in squares(seed, 4))
        rows, wanted = (np.float64(z)[:, *np.triu_indices(6, 1)] for z in (candidates, targets))
        drawn = np.random.default_rng(seed).normal(size=(20_000, 4))
        drawn = drawn if model == "linear" else np.abs(drawn)
        order = of_length_1(wanted, comparison).mean(axis=0)
        means = of_length_1((drawn / np.linalg.norm(rows, axis=1)) @ rows, comparison) @ order
        ours = measures.fit_rdm_weights(candidates, targets, model=model, comparison=comparison)
        mine = of_length_1((np.float64(ours) @ rows)[None], comparison) @ order
        short.append(means.max() - mine.item())
    assert np.max(short) < 0.02
    assert np.mean(short) < 0.005


@pytest.mark.slow
def test_what_orders_as_the_target_does_is_found():
    """Of any monotone function of a sum the weights are found, within what orders alike."""
    candidates, _ = squares(0)
    target = np.log1p(np.einsum("i,ijk", [3, 1, 0, 2], candidates))
    target = np.float32(np.repeat(target[None], SUBJECTS, axis=0))
    options = {"model": "nonnegative", "comparison": "spearman"}
    ours = measures.fit_rdm_weights(candidates, target, **options)
    assert reached(ours, candidates, target[:1], "spearman") > 0.9995
    np.testing.assert_allclose(ours, np.array([3, 1, 0, 2]) / 14**0.5, atol=0.05)
    again = measures.fit_rdm_weights(candidates, target, **options)
    np.testing.assert_array_equal(again, ours)
    scaled = measures.fit_rdm_weights(candidates * np.float32(1e18), target, **options)
    np.testing.assert_allclose(scaled, ours, atol=SCORE)


def test_undefined_and_of_no_use():
    candidates, targets = squares(0)
    options = {"model": "nonnegative", "comparison": "spearman"}
    flat = np.concatenate([candidates[:3], np.ones((1, N, N), np.float32)])
    ours = np.asarray(measures.fit_rdm_weights(flat, targets, **options))
    assert ours[3] == 0
    assert np.linalg.norm(ours) == pytest.approx(1, abs=1e-5)
    assert np.isnan(measures.fit_rdm_weights(candidates, np.ones_like(targets), **options)).all()
    assert np.isnan(measures.fit_rdm_weights(np.ones_like(candidates), targets, **options)).all()
    hole = targets.copy()
    hole[1, 0, 5] = np.nan
    assert np.isnan(measures.fit_rdm_weights(candidates, hole, **options)).all()
    against = targets.max() - np.repeat(targets.mean(axis=0, keepdims=True), K, axis=0)
    assert not np.any(measures.fit_rdm_weights(against, targets, **options))


@slow
def test_cross_validated_and_resampled():
    candidates, targets = squares(1)
    options = {"comparison": "spearman", "model": "nonnegative"}
    found = measures.evaluate_rdm_model(candidates, targets, **options)
    for fold, weights in enumerate(found.weights):
        inside = found.conditions[fold]
        part = np.ix_(inside, inside)
        total = np.einsum("i,ijk", weights, candidates)[part]
        wanted = [measures.compare_rdms(total, z[part], comparison="spearman") for z in targets]
        assert float(found.scores[fold]) == pytest.approx(float(np.mean(wanted)), abs=SCORE)
    against = targets.max() - np.repeat(targets.mean(axis=0, keepdims=True), K, axis=0)
    silent = measures.evaluate_rdm_model(against, targets, **options)
    assert silent.scores.tolist() == [0, 0]
    resampled = measures.bootstrap_rdm_model(candidates, targets, resamples=5, **options)
    assert np.isfinite(resampled.score)


@slow
@pytest.mark.parametrize("comparison", ["spearman", "kendall_tau_b"])
def test_weighted_rsa_by_ranks(comparison):
    """Its weights are those of the same matrices, and score on other examples."""
    generator = np.random.default_rng(0)
    y = np.float32(generator.normal(size=(2, 20, 3)))
    x = np.float32(np.tanh(y) * [3, 1, 2] + generator.normal(size=y.shape) / 4)
    groups = [[z[:, [0]], z[:, 1:]] for z in y]
    ours = measures.weighted_rsa(x[0], groups[0], held_out=(x[1], groups[1]), comparison=comparison)
    matrices = [
        [measures.rdm(z, metric="squared_euclidean") for z in (*group, rows)]
        for group, rows in zip(groups, x, strict=True)
    ]
    weights = measures.fit_rdm_weights(matrices[0][:2], matrices[0][2], comparison=comparison)
    total = sum(w * z for w, z in zip(weights, matrices[1], strict=False))
    wanted = measures.compare_rdms(total, matrices[1][2], comparison=comparison)
    assert float(ours.score) == pytest.approx(float(wanted), abs=1e-4)
    assert float(ours.score) > 0.5


@slow
@pytest.mark.parametrize(
    "check",
    ["check_batches", "check_not_finite", "check_constant_unit", "check_few_examples"],
)
def test_the_estimator_keeps_its_contract_with_ranks(check):
    getattr(estimator_checks, check)(WeightedRSA(comparison="spearman"))
