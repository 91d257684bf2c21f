"""Weighted models of dissimilarity matrices: against rsatoolbox, SciPy and the formulas."""

import itertools

import jax
import numpy as np
import pytest
import scipy.optimize

from probekit import measures
from probekit.errors import OptionError, ShapeError
from probekit.measures.comparisons import COMPARISONS
from probekit.measures.rdm_fitting import FITTABLE, MODELS
from tests.optional import optional
from tests.reference import oracles
from tests.reference.as_rsatoolbox import OF_MODELS as PEERS
from tests.reference.tolerances import SCORE

slow = pytest.mark.slow
N, K, SUBJECTS = 13, 4, 5
GENERATOR = np.random.default_rng(0)
UPPER = np.triu_indices(N, 1)


def squares():
    x = GENERATOR.normal(size=(N, K))
    candidates = [oracles.rdm(x[:, [i]], metric="squared_euclidean") for i in range(K)]
    noisy = [x[:, [0, 2]] * [2, 1] + GENERATOR.normal(size=(N, 2)) for _ in range(SUBJECTS)]
    targets = [oracles.rdm(z, metric="squared_euclidean") for z in noisy]
    return np.float32(candidates), np.float32(targets)


CANDIDATES, TARGETS = squares()


def models(kind):
    """Return rsatoolbox, its model of this kind and its matrices.

    The candidates are of one length in all: larger ones may keep it from ever coming to an end.
    """
    toolbox = optional("rsatoolbox")
    rows, targets = (np.float64(part)[:, *UPPER] for part in (CANDIDATES, TARGETS))
    candidates, targets = (toolbox.rdm.RDMs(z) for z in (rows / np.linalg.norm(rows), targets))
    return toolbox, getattr(toolbox.model, f"Model{kind}")("model", candidates), targets


def lengths(comparison):
    """Lengths of the candidates in the metric of the comparison, by the covariance V."""
    rows = np.float64(CANDIDATES)[:, *UPPER]
    if comparison in ("pearson", "whitened_correlation"):
        rows = rows - rows.mean(axis=1, keepdims=True)
    if not comparison.startswith("whitened"):
        return np.linalg.norm(rows, axis=1)
    contrast = np.zeros((len(rows[0]), N))
    contrast[np.arange(len(contrast)), UPPER[0]] = 1
    contrast[np.arange(len(contrast)), UPPER[1]] = -1
    covariance = (contrast @ contrast.T) ** 2
    return np.sqrt(np.einsum("ij,ij->i", rows, np.linalg.solve(covariance, rows.T).T))


ALL = [
    pytest.param(*case, marks=() if (case[1] > 0) == (case[2] == "linear") else slow)
    for case in itertools.product(FITTABLE, [0.0, 0.3], ["linear", "nonnegative"])
]


@pytest.mark.slow
@pytest.mark.parametrize(("comparison", "penalty", "model"), ALL)
def test_weights_are_those_of_rsatoolbox(comparison, penalty, model):
    """Which penalises weights of candidates as they are given, not scaled to length 1."""
    toolbox, _, targets = models("Weighted")
    scale = lengths(comparison)
    scaled = toolbox.rdm.RDMs(np.float64(CANDIDATES)[:, *UPPER] / scale[:, None])
    fit = {"linear": "fit_regress", "nonnegative": "fit_regress_nn"}[model]
    theirs = getattr(toolbox.model.fitter, fit)(
        toolbox.model.ModelWeighted("model", scaled),
        targets,
        method=PEERS[comparison],
        ridge_weight=penalty,
    )
    theirs = theirs / scale / np.linalg.norm(theirs / scale)
    options = {"model": model, "comparison": comparison, "penalty": penalty}
    ours = measures.fit_rdm_weights(CANDIDATES, TARGETS, **options)
    np.testing.assert_allclose(ours, theirs, atol=SCORE)
    assert model == "linear" or (ours >= 0).all()


@slow
@pytest.mark.parametrize("comparison", FITTABLE)
def test_no_other_weights_are_better(comparison):
    """Nor those that rsatoolbox finds by searching, as its optimum is flat."""
    toolbox, model, targets = models("Weighted")
    for name, kind in (("fit_optimize", "linear"), ("fit_optimize_positive", "nonnegative")):
        np.random.seed(0)  # where rsatoolbox starts from
        theirs = getattr(toolbox.model.fitter, name)(model, targets, method=PEERS[comparison])
        ours = measures.fit_rdm_weights(CANDIDATES, TARGETS, model=kind, comparison=comparison)
        np.testing.assert_allclose(ours, theirs * np.sign(theirs[0]), atol=1e-3)
        reached = [
            np.mean(toolbox.rdm.compare(model.predict_rdm(w), targets, method=PEERS[comparison]))
            for w in (np.float64(ours), theirs)
        ]
        assert reached[0] >= reached[1] - 1e-9


@pytest.mark.slow
@pytest.mark.parametrize(
    "comparison", ["pearson", *(pytest.param(name, marks=slow) for name in FITTABLE[1:])]
)
def test_the_best_mixture_is_that_of_rsatoolbox(comparison):
    toolbox, model, targets = models("Interpolate")
    theirs = toolbox.model.fitter.fit_interpolate(model, targets, method=PEERS[comparison])
    options = {"model": "interpolate", "comparison": comparison}
    ours = measures.fit_rdm_weights(CANDIDATES, TARGETS, **options)
    np.testing.assert_allclose(ours, theirs, atol=1e-4)  # they stop at 1e-5 of an interval
    assert float(ours.sum()) == pytest.approx(1, abs=1e-6)
    mixed = 0.3 * CANDIDATES[2] + 0.7 * CANDIDATES[3]
    inside = measures.fit_rdm_weights(CANDIDATES, mixed, **options)
    np.testing.assert_allclose(inside, [0, 0, 0.3, 0.7], atol=1e-5)
    against = CANDIDATES[2].max() - CANDIDATES[2:]  # both lie on the other side: the better end
    ends = np.asarray(measures.fit_rdm_weights(against, CANDIDATES[2], **options))
    assert comparison == "cosine" or sorted(ends.tolist()) == [0, 1]


@pytest.mark.slow
@pytest.mark.parametrize("comparison", [*PEERS])
def test_the_best_candidate_is_that_of_rsatoolbox(comparison):
    toolbox, model, _ = models("Select")
    for target in range(SUBJECTS):
        data = toolbox.rdm.RDMs(np.float64(TARGETS)[[target]][:, *UPPER])
        theirs = toolbox.model.fitter.fit_select(model, data, method=PEERS[comparison])
        options = {"model": "select", "comparison": comparison}
        ours = measures.fit_rdm_weights(CANDIDATES, TARGETS[target], **options)
        assert ours.tolist() == np.eye(K)[theirs].tolist()


FITTERS = {
    "linear": ("Weighted", "fit_regress"),
    "nonnegative": ("Weighted", "fit_regress_nn"),
    "interpolate": ("Interpolate", "fit_interpolate"),
    "select": ("Select", "fit_select"),
}
CASES = [
    ("nonnegative", "pearson", 2, 1),
    ("linear", "whitened_correlation", 1, 5),
    ("select", "spearman", 3, 2),
    *(
        pytest.param(*case, marks=slow)
        for case in [
            *((model, "pearson", 2, 1) for model in ("linear", "interpolate", "select")),
            ("nonnegative", "cosine", 3, 2),
            ("nonnegative", "whitened_cosine", 2, 2),
            ("select", "kendall", 2, 1),
        ]
    ),
]


@pytest.mark.slow
@pytest.mark.parametrize(("model", "comparison", "folds", "subject_folds"), CASES)
def test_cross_validation_is_that_of_rsatoolbox(model, comparison, folds, subject_folds):
    toolbox, theirs, targets = models(FITTERS[model][0])
    sets = toolbox.inference.sets_k_fold(
        targets, k_rdm=subject_folds, k_pattern=folds, random=False
    )
    wanted = toolbox.inference.crossval(
        theirs,
        targets,
        *sets[:2],
        method=PEERS[comparison],
        fitter=getattr(toolbox.model.fitter, FITTERS[model][1]),
        calc_noise_ceil=False,
    )
    of_conditions, of_subjects = np.zeros(N, int), np.zeros(SUBJECTS, int)
    for place, (rdms, patterns) in enumerate(sets[1]):
        of_conditions[list(patterns)] = place % folds
        of_subjects[rdms.rdm_descriptors["index"]] = place // folds
    ours = measures.evaluate_rdm_model(
        CANDIDATES,
        TARGETS,
        model=model,
        comparison=comparison,
        folds=of_conditions,
        subject_folds=of_subjects,
    )
    tolerance = 1e-4 if model == "interpolate" else SCORE
    np.testing.assert_allclose(ours.scores, wanted.evaluations[0, 0], atol=tolerance)
    assert float(ours.score) == pytest.approx(wanted.get_means()[0], abs=tolerance)


@pytest.mark.parametrize("comparison", ["cosine", "rho_a"])
def test_a_model_without_weights_is_rsatoolbox_s_fixed_one(comparison):
    toolbox, _, targets = models("Weighted")
    mean = np.float64(CANDIDATES)[:, *UPPER].mean(axis=0)
    fixed = toolbox.model.ModelFixed("model", mean)
    wanted = toolbox.inference.eval_fixed(fixed, targets, method=PEERS[comparison])
    options = {"model": "fixed", "comparison": comparison, "folds": 1, "subject_folds": 5}
    ours = measures.evaluate_rdm_model(CANDIDATES, TARGETS, **options)
    order = np.argmax(ours.subjects, axis=1)
    np.testing.assert_allclose(ours.scores, wanted.evaluations[0, 0][order], atol=SCORE)
    np.testing.assert_array_equal(ours.weights, np.ones((5, K)))


@pytest.mark.slow
def test_no_condition_and_no_subject_is_fitted_and_scored():
    """What is held out may change in any way: the weights stay what they are."""
    found = measures.evaluate_rdm_model(CANDIDATES, TARGETS, folds=3, subject_folds=2)
    assert found.conditions.shape == (6, N)
    assert (found.conditions.sum(axis=0) == 2).all()
    assert (found.subjects.sum(axis=0) == 3).all()
    candidates, targets = CANDIDATES.copy(), TARGETS.copy()
    condition, subject = (np.flatnonzero(part[0]) for part in (found.conditions, found.subjects))
    candidates[:, condition] = candidates[:, :, condition] = 77
    targets[:, condition] = targets[:, :, condition] = -5
    targets[subject] = GENERATOR.random(targets[subject].shape)
    other = measures.evaluate_rdm_model(candidates, targets, folds=3, subject_folds=2)
    np.testing.assert_array_equal(other.weights[0], found.weights[0])
    assert (other.weights[1:] != found.weights[1:]).any()
    alone = np.ix_(np.ones(len(subject), bool), condition, condition)
    wanted = [
        measures.compare_rdms(
            np.einsum("i,ijk", found.weights[0], CANDIDATES)[np.ix_(condition, condition)], square
        )
        for square in TARGETS[subject][alone]
    ]
    assert float(found.scores[0]) == pytest.approx(float(np.mean(wanted)), abs=SCORE)


@pytest.mark.parametrize("kind", ["independent", "alike", pytest.param("many", marks=slow)])
def test_nonnegative_weights_are_those_of_scipy(kind):
    """The active set, where many weights are 0, candidates nearly equal, or more than pairs."""
    generator = np.random.default_rng(3)
    for _ in range(20):
        count = 30 if kind == "many" else 8
        rows = generator.normal(size=(count, 21))
        if kind == "alike":
            rows = rows[:1] + 0.1 * rows
        target = generator.normal(size=21)
        both = np.zeros((count + 1, 7, 7), np.float32)
        both[:, *np.triu_indices(7, 1)] = [*rows, target]
        rows = np.float64(both[:, *np.triu_indices(7, 1)])
        unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        wanted, distance = scipy.optimize.nnls(unit[:-1].T, unit[-1])
        wanted = wanted / np.linalg.norm(rows[:-1], axis=1)
        ours = measures.fit_rdm_weights(both[:-1], both[-1], comparison="cosine")
        assert (ours >= 0).all()
        if kind != "many":
            scale = np.linalg.norm(wanted) or 1
            np.testing.assert_allclose(ours, wanted / scale, atol=1e-3 if kind == "alike" else 1e-4)
        if not wanted.any():
            assert not ours.any()
            continue
        reached = oracles.compare(np.float64(ours) @ rows[:-1], rows[-1], "cosine")
        assert reached == pytest.approx(np.sqrt(1 - distance**2), abs=1e-4)


@pytest.mark.slow
def test_constant_candidates_and_copies_of_one():
    flat = np.ones((1, N, N), np.float32)
    for model in ("nonnegative", "linear"):
        plain = measures.fit_rdm_weights(CANDIDATES, TARGETS, model=model)
        more = measures.fit_rdm_weights(np.concatenate([CANDIDATES, flat]), TARGETS, model=model)
        np.testing.assert_allclose(more, [*plain, 0], atol=SCORE)
        twice = np.concatenate([CANDIDATES, CANDIDATES[:1]])
        copies = np.asarray(measures.fit_rdm_weights(twice, TARGETS, model=model))
        together = np.append(copies[0] + copies[4], copies[1:4])
        np.testing.assert_allclose(together / np.linalg.norm(together), plain, atol=1e-4)
    picked = measures.fit_rdm_weights([flat[0], CANDIDATES[1]], -CANDIDATES[1], model="select")
    assert picked.tolist() == [0, 1]


def test_a_model_that_says_nothing_scores_0():
    against = CANDIDATES[:1].max() - TARGETS.mean(axis=0, keepdims=True)
    assert measures.fit_rdm_weights(against, TARGETS).tolist() == [0]
    found = measures.evaluate_rdm_model(against, TARGETS)
    assert found.scores.tolist() == [0, 0]
    constant = np.ones_like(TARGETS)
    assert np.isnan(measures.evaluate_rdm_model(against, constant).scores).all()


UNDEFINED = [
    *((model, "pearson") for model in MODELS),
    *(pytest.param(model, "whitened_cosine", marks=slow) for model in MODELS),
    *((model, "spearman") for model in ("select", "fixed")),
]


@pytest.mark.parametrize(("model", "comparison"), UNDEFINED)
def test_undefined(model, comparison):
    options = {"model": model, "comparison": comparison}
    hole, infinite = TARGETS.copy(), CANDIDATES.copy()
    hole[0, 1], hole[0, :, 1], infinite[2, 1], infinite[2, :, 1] = np.nan, np.nan, np.inf, np.inf
    for candidates, targets in ((CANDIDATES, hole), (infinite, TARGETS)):
        found = measures.evaluate_rdm_model(candidates, targets, **options)
        assert np.isnan(found.score)
        assert np.isnan(measures.fit_rdm_weights(candidates, targets, **options)).all()
    lower = np.tril(np.full((N, N), np.nan))
    found = measures.fit_rdm_weights(CANDIDATES + lower, TARGETS + lower, **options)
    np.testing.assert_array_equal(found, measures.fit_rdm_weights(CANDIDATES, TARGETS, **options))


@pytest.mark.parametrize("scale", [1e-18, 1e15])
@pytest.mark.parametrize("comparison", FITTABLE)
def test_scale_does_not_matter(scale, comparison):
    factors = np.float32(scale * np.array([1, 1, 1, 1]))[:, None, None]
    plain = measures.fit_rdm_weights(CANDIDATES, TARGETS, comparison=comparison)
    ours = measures.fit_rdm_weights(
        CANDIDATES * factors, np.float32(TARGETS * 1e3), comparison=comparison
    )
    np.testing.assert_allclose(ours, plain, atol=SCORE)


def test_under_jit_and_half_precision():
    compiled = jax.jit(lambda c, t: measures.fit_rdm_weights(c, t))
    wanted = measures.fit_rdm_weights(CANDIDATES, TARGETS)
    np.testing.assert_allclose(compiled(CANDIDATES, TARGETS), wanted, atol=1e-6)
    half = np.float16(CANDIDATES)
    np.testing.assert_array_equal(
        measures.fit_rdm_weights(half, TARGETS),
        measures.fit_rdm_weights(np.float32(half), TARGETS),
    )


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"model": "convex"}, OptionError, "model='convex': not a choice"),
        ({"comparison": "corr"}, OptionError, "comparison='corr': not a choice"),
        (
            {"comparison": "spearman", "penalty": 0.1},
            OptionError,
            "penalty=0.1: comparison='spearman' has none, as ranks do not depend on the length of",
        ),
        ({"penalty": -1}, OptionError, "penalty=-1: must be at least 0"),
        ({"penalty": 1, "model": "select"}, OptionError, "penalty=1: the model 'select' has none"),
        ({"folds": 0}, OptionError, "folds=0: must be a whole number, at least 1"),
        ({"folds": 2.5}, OptionError, "folds=2.5: must be a whole number, at least 1"),
        ({"folds": 1}, OptionError, "folds: 1 in all; give at least 2 of conditions or of"),
        ({"folds": 5}, ShapeError, "folds: 13 conditions in 5 folds; each, and what is left with"),
        ({"folds": [0, 1]}, ShapeError, r"folds: shape \(2,\); there are 13 conditions"),
        (
            {"subject_folds": 6},
            ShapeError,
            "subject_folds: 5 subjects in 6 folds; each, and what is left without it, must have at",
        ),
        ({"seed": -1}, OptionError, "seed=-1: must be at least 0"),
    ],
)
def test_what_cannot_be_is_refused(options, kind, message):
    with pytest.raises(kind, match=message):
        measures.evaluate_rdm_model(CANDIDATES, TARGETS, **options)


@pytest.mark.parametrize(
    ("candidates", "target", "options", "message"),
    [
        (CANDIDATES[:, :4], TARGETS, {}, r"candidates: shape \(4, 4, 13\), dtype float32; square"),
        (CANDIDATES, TARGETS[:, :9, :9], {}, "target: 9 examples; candidates have 13. Give the"),
        (CANDIDATES[:, :2, :2], TARGETS, {}, "square matrices of at least 3 examples are needed"),
        (CANDIDATES[:1], TARGETS, {"model": "interpolate"}, "candidates: 1; at least 2 are need"),
        (CANDIDATES[0, 0], TARGETS, {}, r"candidates: shape \(13,\).*must have 2 to 3 axes"),
    ],
)
def test_matrices_that_do_not_fit_are_refused(candidates, target, options, message):
    with pytest.raises(ShapeError, match=message):
        measures.fit_rdm_weights(candidates, target, **options)


@slow
@pytest.mark.parametrize("comparison", COMPARISONS)
def test_every_comparison_scores_a_fixed_model(comparison):
    options = {"model": "fixed", "comparison": comparison, "folds": 1, "subject_folds": 5}
    found = measures.evaluate_rdm_model(CANDIDATES, TARGETS, **options)
    total = CANDIDATES.sum(axis=0)
    wanted = [measures.compare_rdms(total, z, comparison=comparison) for z in TARGETS]
    np.testing.assert_allclose(np.sort(found.scores), np.sort(wanted), atol=SCORE)
