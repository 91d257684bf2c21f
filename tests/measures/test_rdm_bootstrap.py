"""Bootstraps around models of dissimilarities: rsatoolbox's on the same resamples, and as a whole.

Resamples of a few shapes alone, as most of the time is that of compiling.
"""

import numpy as np
import pytest

from probekit import Bootstrap, measures
from probekit.errors import OptionError, ShapeError
from probekit.inference import noise_ceiling
from probekit.measures.rdm_bootstrap import drawings
from probekit.measures.rdm_draws import Plan, counts_of, divided
from probekit.measures.rdm_spread import standard_error
from probekit.measures.reweighting import compare_rdms_weighted
from tests.optional import optional
from tests.reference import oracles
from tests.reference.as_rsatoolbox import OF_MODELS as PEERS
from tests.reference.tolerances import SCORE

slow = pytest.mark.slow
N, K, SUBJECTS, RESAMPLES = 16, 3, 5, 12
GENERATOR = np.random.default_rng(0)
UPPER = np.triu_indices(N, 1)
FITTERS = {
    "linear": ("Weighted", "fit_regress"),
    "nonnegative": ("Weighted", "fit_regress_nn"),
    "select": ("Select", "fit_select"),
    "interpolate": ("Interpolate", "fit_interpolate"),
}
KINDS = ("both", "subjects", "conditions")


def squares(noise=1.0, generator=GENERATOR):
    x = generator.normal(size=(N, K))
    candidates = [oracles.rdm(x[:, [i]], metric="squared_euclidean") for i in range(K)]
    noisy = [x[:, [0, 2]] * [2, 1] + noise * generator.normal(size=(N, 2)) for _ in range(SUBJECTS)]
    targets = [oracles.rdm(z, metric="squared_euclidean") for z in noisy]
    return np.float32(candidates), np.float32(targets)


CANDIDATES, TARGETS = squares()


def bootstrap(candidates=CANDIDATES, targets=TARGETS, **options):
    return measures.bootstrap_rdm_model(
        candidates, targets, **{"resamples": RESAMPLES, "seed": 3} | options
    )


def models(model, candidates=CANDIDATES):
    """Return rsatoolbox, its model and its matrices; larger ones may keep it from ending."""
    toolbox = optional("rsatoolbox")
    rows, targets = (np.float64(part)[:, *UPPER] for part in (candidates, TARGETS))
    rows = rows / np.linalg.norm(rows)
    targets = toolbox.rdm.RDMs(targets)
    if model == "fixed":
        return toolbox, toolbox.model.ModelFixed("model", rows.sum(axis=0)), targets
    kind = getattr(toolbox.model, f"Model{FITTERS[model][0]}")
    return toolbox, kind("model", toolbox.rdm.RDMs(rows)), targets


def draws_of(plan, seed=3):
    options = drawings(RESAMPLES, None, None, seed)
    return divided(*counts_of(*options, KINDS, (N, SUBJECTS)), *options, plan)


def scored_by_rsatoolbox(draws, number, plan, model, comparison):
    """Return score and lower ceiling of one resample, with the folds that were drawn for it."""
    toolbox, theirs, data = models(model)
    rows, who = (np.asarray(z[number]) for z in (draws.rows, draws.subjects))
    sample = data.subsample("index", who).subsample_pattern("index", rows)
    train, test, lower, upper = [], [], [], []
    for g in range(plan.subject_folds):
        for f in range(plan.folds):
            inside = rows[np.asarray(draws.folds[number]) == f]
            outside = rows if plan.folds == 1 else np.setdiff1d(rows, inside)
            mine = who[np.asarray(draws.subject_folds[number]) == g]
            others = who if plan.subject_folds == 1 else np.setdiff1d(who, mine)
            conditions, subjects = (np.unique(z) for z in (inside, mine))
            held = sample.subset("index", subjects).subset_pattern("index", conditions)
            fit = sample.subset("index", np.unique(others)).subset_pattern(
                "index", np.unique(outside)
            )
            # Copies of conditions, in the order of the matrices.
            train.append([fit, [r for r in rows if r in outside]])
            test.append([held, [r for r in rows if r in inside]])
            part = sample.subset_pattern("index", conditions)
            if plan.subject_folds == 1:
                bounds = toolbox.inference.boot_noise_ceiling(part, method=PEERS[comparison])
            else:
                rest = part.subset("index", np.unique(others))
                bounds = toolbox.inference.noise_ceiling.cv_noise_ceiling(
                    part, [[rest, conditions]], [[held, conditions]], method=PEERS[comparison]
                )
            lower.append(bounds[0])
            upper.append(bounds[1])
    if model == "fixed":
        predicted = theirs.predict_rdm().subsample_pattern("index", rows)
        score = np.mean(toolbox.rdm.compare(predicted, sample, method=PEERS[comparison]))
        return score, np.mean(lower), np.mean(upper)
    found = toolbox.inference.crossval(
        theirs,
        sample,
        train,
        test,
        method=PEERS[comparison],
        fitter=getattr(toolbox.model.fitter, FITTERS[model][1]),
        calc_noise_ceil=False,
    )
    return found.evaluations[0, 0].mean(), np.mean(lower), np.mean(upper)


CASES = [
    ("nonnegative", "pearson", 2, 1),
    *(
        pytest.param(*case, marks=slow)
        for case in [
            ("nonnegative", "cosine", 2, 2),
            ("nonnegative", "whitened_cosine", 2, 1),
            ("linear", "whitened_correlation", 2, 2),
            ("linear", "pearson", 1, 2),
            ("interpolate", "pearson", 2, 1),
            ("select", "spearman", 2, 2),
            ("select", "rho_a", 2, 1),
            ("fixed", "kendall", 1, 1),
            ("fixed", "whitened_cosine", 1, 1),
        ]
    ),
]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Noise ceiling for tau:UserWarning")
@pytest.mark.parametrize(("model", "comparison", "folds", "subject_folds"), CASES)
def test_each_resample_is_scored_as_rsatoolbox_does(model, comparison, folds, subject_folds):
    options = {"model": model, "comparison": comparison}
    found = bootstrap(folds=folds, subject_folds=subject_folds, **options)
    repeats = found.resamples.shape[2]
    plan = Plan(folds, subject_folds, repeats)
    draws = draws_of(plan)
    scores, bounds = found.resamples.reshape(-1), found.ceilings.reshape(-1, 2)
    tolerance = 1e-3 if model == "interpolate" else 1e-4
    compared = 0
    for number in range(0, len(scores), 4):
        place = number + repeats  # those of the data itself come first
        assert np.isnan(scores[number]) == (not draws.possible[place])
        if np.isnan(scores[number]):
            continue
        wanted = scored_by_rsatoolbox(draws, place, plan, model, comparison)
        assert scores[number] == pytest.approx(wanted[0], abs=tolerance)
        if len(np.unique(draws.subjects[place])) > 1:
            # Where it whitens, its pooled matrices are not quite the best.
            near = 2e-2 if comparison.startswith("whitened") else 1e-4
            np.testing.assert_allclose(bounds[number], wanted[1:], atol=near)
        compared += 1
    assert compared > 2


@pytest.mark.slow
def test_the_score_is_that_of_the_data():
    found = bootstrap()
    draws = draws_of(Plan(2, 1, 2))
    scores, bounds = [], []
    for repeat in range(2):
        folds = np.asarray(draws.folds[repeat])
        scores.append(measures.evaluate_rdm_model(CANDIDATES, TARGETS, folds=folds).score)
        parts = [np.flatnonzero(folds == fold) for fold in range(2)]
        bounds.extend(noise_ceiling(TARGETS[:, c][:, :, c]) for c in parts)
    assert found.score == pytest.approx(float(np.mean(scores)), abs=SCORE)
    np.testing.assert_allclose(found.ceiling, np.mean(bounds, axis=0), atol=SCORE)
    assert found.interval.mean() == pytest.approx(found.score)
    assert found.degrees == SUBJECTS - 1
    assert found.p_value < 0.05
    again = bootstrap()
    np.testing.assert_array_equal(again.resamples, found.resamples)
    assert (bootstrap(seed=4).resamples != found.resamples).any()


def test_no_condition_and_no_subject_is_on_both_sides():
    plan = Plan(2, 2, 3)
    groups, subject_groups = np.arange(N) // 2, [0, 0, 1, 1, 2]
    options = drawings(RESAMPLES, groups, subject_groups, 0)
    draws = divided(*counts_of(*options, KINDS, (N, SUBJECTS)), *options, plan)
    for things, folds, label in (
        (draws.rows, draws.folds, groups),
        (draws.subjects, draws.subject_folds, np.array(subject_groups)),
    ):
        things, folds = np.asarray(things), np.asarray(folds)
        np.testing.assert_array_equal(things < 0, folds < 0)
        for row, fold in zip(things, folds, strict=True):
            inside = [np.unique(label[row[fold == number]]) for number in range(2)]
            assert not np.intersect1d(*inside).size
    counts = np.stack([np.bincount(row[row >= 0], minlength=N) for row in np.asarray(draws.rows)])
    assert (counts[:3] == 1).all()
    assert (counts[:, ::2] == counts[:, 1::2]).all()
    alone = counts.reshape(-1, 3, N)[1 + RESAMPLES : 1 + 2 * RESAMPLES]
    assert (alone == 1).all()  # subjects alone are drawn there
    weights = Bootstrap(resamples=RESAMPLES, groups=groups).weights(N)
    np.testing.assert_array_equal(counts.reshape(-1, 3, N)[1 : 1 + RESAMPLES, 0], weights)


@pytest.mark.parametrize("groups", [None, np.arange(N) // 2], ids=["single", "groups"])
def test_a_fixed_model_is_compared_with_weights(groups):
    """As `probekit.compare` resamples RSA: pairs of copies do not count."""
    options = {"model": "fixed", "folds": 1, "resample": "conditions", "groups": groups}
    found = bootstrap(CANDIDATES[:1], TARGETS[0], **options)
    weights = Bootstrap(resamples=RESAMPLES, groups=groups, seed=3).weights(N)
    wanted = compare_rdms_weighted(CANDIDATES[0], TARGETS[0], weights, groups=groups)
    np.testing.assert_allclose(found.resamples[0, :, 0], wanted, atol=SCORE)
    assert np.isnan(found.ceiling).all()
    assert np.isnan(found.p_ceiling)
    assert found.sizes == (N if groups is None else N // 2, None)
    count = found.sizes[0]
    spread = np.std(wanted, ddof=1) * np.sqrt(count / (count - 1))
    assert found.standard_error == pytest.approx(spread, rel=1e-4)


def test_standard_errors_are_those_of_rsatoolbox():
    util = optional("rsatoolbox.util.inference_util")
    for scale in ([3, 2, 1], [1, 2, 0.1], [3, 0.1, 0.1]):
        draws = GENERATOR.normal(size=(3, 400, 1)) * np.reshape(scale, (3, 1, 1))
        draws = draws + 0.3 * GENERATOR.normal(size=(3, 400, 2))
        draws[:, 7] = np.nan
        kept = np.delete(draws, 7, axis=1)
        of_mean = kept.mean(axis=2).var(axis=1, ddof=1)
        of_one = kept.var(axis=1, ddof=1).mean(axis=1)
        variances = (2 * of_mean - of_one)[:, None, None]
        theirs = util.extract_variances(variances, False, 6, 20)[0]
        assert standard_error(draws, (20, 6)) == pytest.approx(float(theirs[0]) ** 0.5)
        for sizes, given in (((20, 6), (6, 20)), ((20, None), (None, 20)), ((None, 6), (6, None))):
            theirs = util.extract_variances(variances[0], False, *given)[0]
            assert standard_error(draws[:1], sizes) == pytest.approx(float(theirs[0]) ** 0.5)


@slow
@pytest.mark.parametrize("resample", ["both", "conditions", "subjects", "dual"])
def test_as_a_whole_it_is_that_of_rsatoolbox(resample):
    """Of other resamples, for as many candidates as three conditions can tell apart."""
    toolbox, model, data = models("linear", CANDIDATES[:2])
    np.random.seed(0)
    fitter = toolbox.model.fitter.fit_regress
    options = {"method": "corr", "fitter": fitter, "k_pattern": 2, "k_rdm": 1, "N": 1000}
    if resample == "dual":
        theirs = toolbox.inference.eval_dual_bootstrap(model, data, **options)
    else:
        kind = {"conditions": "pattern", "subjects": "rdm"}.get(resample, "both")
        theirs = toolbox.inference.bootstrap_crossval(model, data, boot_type=kind, **options)
    found = bootstrap(CANDIDATES[:2], resample=resample, resamples=1000, model="linear")
    ratio = found.standard_error / theirs.get_sem()[0]
    if resample == "subjects":
        # Folds add far more variance than subjects do: what is left of it is mostly chance.
        apart = found.standard_error**2 - theirs.get_sem()[0] ** 2
        assert abs(apart) < 0.1 * np.nanvar(found.resamples[0, :, 0])
    else:
        assert 0.8 < ratio < 1.25
    first = theirs.evaluations if resample != "dual" else theirs.evaluations[..., 0]
    each = np.nanmean(first, axis=(1, 2, 3))
    near = 4 * np.nanstd(each) / np.sqrt(len(each))
    assert np.nanmean(found.resamples[0]) == pytest.approx(np.nanmean(each), abs=near)


@slow
def test_the_standard_error_is_that_of_new_data():
    """Of a fitted model, over conditions and subjects that are drawn anew."""
    found = [
        bootstrap(*squares(2.0, np.random.default_rng(seed)), resamples=100) for seed in range(60)
    ]
    scores, errors = (np.array([getattr(z, n) for z in found]) for n in ("score", "standard_error"))
    assert 0.8 < np.sqrt(np.mean(errors**2)) / np.std(scores) < 1.6


def test_differences_of_models():
    options = {"comparison": "pearson", "resample": "dual"}
    first, second = bootstrap(**options), bootstrap(CANDIDATES[[1, 0, 1]], **options)
    found = measures.rdm_model_difference(first, second)
    assert found.difference == pytest.approx(first.score - second.score)
    apart = standard_error(first.resamples - second.resamples, first.sizes)
    assert found.standard_error == apart
    assert found.interval.mean() == pytest.approx(found.difference)
    back = measures.rdm_model_difference(second, first)
    assert back.p_value == pytest.approx(found.p_value)
    same = measures.rdm_model_difference(first, first)
    assert (same.difference, same.standard_error) == (0, 0)
    assert same.p_value == 1, "a model is no better than itself"
    with pytest.raises(OptionError, match="second: not scored on the resamples of first; give"):
        measures.rdm_model_difference(first, bootstrap(seed=9, **options))


def test_undefined():
    hole = TARGETS.copy()
    hole[0, 1, 5] = np.nan
    found = bootstrap(targets=hole)
    assert np.isnan([found.score, found.standard_error, found.p_value, *found.ceiling]).all()
    lower = np.tril(np.full((N, N), np.nan))
    found, plain = bootstrap(CANDIDATES + lower, TARGETS + lower), bootstrap()
    np.testing.assert_array_equal(found.resamples, plain.resamples)
    scaled = bootstrap(np.float32(1e-15) * CANDIDATES, np.float32(1e15) * TARGETS)
    np.testing.assert_allclose(scaled.resamples, plain.resamples, atol=SCORE)
    assert np.isnan(bootstrap(targets=np.ones_like(TARGETS)).score)


@slow
def test_too_few_conditions_to_be_drawn():
    """All can be divided, but not what is left of most resamples."""
    few = (CANDIDATES[:, :6, :6], TARGETS[:, :6, :6])
    found = bootstrap(*few)
    assert np.isfinite([found.score, *found.ceiling]).all()
    assert np.isnan(found.resamples[0]).any()
    assert np.isnan([found.standard_error, found.p_value, *found.interval]).all()


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"folds": 0}, OptionError, "folds=0: must be at least 1"),
        ({"folds": [0, 1]}, OptionError, r"folds=\[0, 1\]: must be a whole number"),
        ({"subject_folds": 0}, OptionError, "subject_folds=0: must be at least 1"),
        ({"repeats": 0}, OptionError, "repeats=0: must be at least 1"),
        ({"folds": 1}, OptionError, "folds: 1 in all; give at least 2 of conditions or of"),
        ({"folds": 6}, ShapeError, "folds, subject_folds: 16 conditions in 6 folds, 5 subjects in"),
        ({"resample": "all"}, OptionError, "resample='all': not a choice"),
        ({"confidence": 2}, OptionError, "confidence=2: must lie between 0 and 1"),
        ({"resamples": 1}, OptionError, "resamples=1: must be at least 2"),
        ({"groups": [1]}, ShapeError, r"groups: shape \(1,\); there are 16 examples"),
        (
            {"resample": "both", "subject_groups": [0] * SUBJECTS},
            OptionError,
            "resample='both': 1 group of subjects; at least 2 are needed to resample them",
        ),
        (
            {"comparison": "kendall", "penalty": 1.0},
            OptionError,
            "penalty=1.0: comparison='kendall' has none",
        ),
    ],
)
def test_what_cannot_be_is_refused(options, kind, message):
    with pytest.raises(kind, match=message):
        bootstrap(**options)
