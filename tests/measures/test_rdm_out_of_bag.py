"""What a bootstrap did not draw, to score on: as rsatoolbox does on the same resamples."""

import numpy as np
import pytest
from scipy.spatial.distance import pdist, squareform

from probekit import Bootstrap, measures
from probekit.errors import OptionError, ShapeError
from tests.measures.test_rdm_bootstrap import (
    CANDIDATES,
    FITTERS,
    PEERS,
    SUBJECTS,
    TARGETS,
    N,
    models,
)
from tests.optional import optional
from tests.reference.tolerances import SCORE

slow = pytest.mark.slow
RESAMPLES = 12
NAMES = {
    "both": "bootstrap_testset",
    "conditions": "bootstrap_testset_pattern",
    "subjects": "bootstrap_testset_rdm",
}


def out_of_bag(candidates=CANDIDATES, targets=TARGETS, **options):
    return measures.out_of_bag_rdm_model(
        candidates, targets, **{"resamples": RESAMPLES, "seed": 3} | options
    )


def drawn(resample):
    """What is in each resample, in order, as `probekit.Bootstrap` counts it."""
    seeds = (3, int(np.random.SeedSequence((3, 1)).generate_state(1)[0]))
    found = []
    for things, size, seed in (("conditions", N, seeds[0]), ("subjects", SUBJECTS, seeds[1])):
        counts = np.ones((RESAMPLES, size), int)
        if resample in ("both", things):
            counts = np.int64(Bootstrap(resamples=RESAMPLES, seed=seed).weights(size))
        found.append([np.repeat(np.arange(size), row) for row in counts])
    return found


def of_rsatoolbox(monkeypatch, resample, model, comparison):
    """Its own function, which is handed our resamples instead of drawing some."""
    toolbox, theirs, data = models(model)
    module = optional("rsatoolbox.inference.boot_testset")
    rows, who = map(iter, drawn(resample))

    def sample(rdms, **_):
        conditions, subjects = next(rows), next(who)
        if resample != "conditions":
            rdms = rdms.subsample("index", subjects)
        if resample != "subjects":
            rdms = rdms.subsample_pattern("index", conditions)
        known = {"both": (subjects, conditions), "conditions": (conditions,)}
        return (rdms, *known.get(resample, (subjects,)))

    drawing = {"both": "", "conditions": "_pattern", "subjects": "_rdm"}[resample]
    monkeypatch.setattr(module, f"bootstrap_sample{drawing}", sample)
    return getattr(module, NAMES[resample])(
        theirs,
        data,
        method=PEERS[comparison],
        fitter=getattr(toolbox.model.fitter, FITTERS[model][1]),
        N=RESAMPLES,
    )


CASES = [
    ("nonnegative", "pearson", "both"),
    *(
        pytest.param(*case, marks=slow)
        for case in [
            ("linear", "whitened_cosine", "both"),
            ("nonnegative", "cosine", "conditions"),
            ("select", "spearman", "conditions"),
            ("linear", "pearson", "subjects"),
            ("select", "kendall", "subjects"),
            ("interpolate", "pearson", "both"),
        ]
    ),
]


@pytest.mark.filterwarnings("ignore:Noise ceiling for tau:UserWarning")
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # its ceilings of a single subject
@pytest.mark.parametrize(("model", "comparison", "resample"), CASES)
def test_scores_are_those_of_rsatoolbox(monkeypatch, model, comparison, resample):
    wanted, *sizes = of_rsatoolbox(monkeypatch, resample, model, comparison)
    found = out_of_bag(model=model, comparison=comparison, resample=resample)
    tolerance = 1e-3 if model == "interpolate" else 1e-4
    wanted = wanted.reshape(RESAMPLES)
    np.testing.assert_allclose(found.scores, wanted, atol=tolerance)
    assert np.isfinite(wanted).sum() > 6
    assert found.score == pytest.approx(np.nanmean(wanted), abs=tolerance)
    if resample != "conditions":
        np.testing.assert_array_equal(found.subjects, sizes[0])
    if resample != "subjects":
        np.testing.assert_array_equal(found.conditions, sizes[-1])


@pytest.mark.slow
def test_what_is_scored_is_not_fitted():
    """Whatever was not drawn may change in any way: the weights, and so the ratio, stay."""
    rows, who = drawn("both")
    found = out_of_bag()
    number = int(np.flatnonzero(~np.isnan(found.scores))[0])
    left, others = np.setdiff1d(np.arange(N), rows[number]), np.setdiff1d(range(5), who[number])
    assert (found.conditions[number], found.subjects[number]) == (len(left), len(others))
    targets = TARGETS.copy()
    between = np.ix_(range(SUBJECTS), left, np.unique(rows[number]))
    targets[between] = targets.transpose(0, 2, 1)[between] = 77  # which nobody looks at
    changed = out_of_bag(targets=targets)
    assert changed.scores[number] == found.scores[number]
    targets[np.ix_(others, left, left)] = 1 + np.arange(len(left))
    other = out_of_bag(targets=targets)
    assert other.scores[number] != found.scores[number]
    lower, upper = found.ceilings[number]
    assert lower <= upper + SCORE


def test_all_conditions_and_the_ceiling_of_other_subjects():
    """The lower bound is the comparison with the mean of those that were drawn."""
    found = out_of_bag(resample="subjects", model="fixed")
    assert found.conditions.tolist() == [N] * RESAMPLES
    upper = np.triu_indices(N, 1)
    for number, who in enumerate(drawn("subjects")[1]):
        rows = np.float64(TARGETS)[:, *upper]
        rows = rows - rows.mean(axis=1, keepdims=True)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        left = np.setdiff1d(np.arange(SUBJECTS), who)
        total = np.float64(CANDIDATES.sum(axis=0))[upper]
        wanted = np.mean([np.corrcoef(total, rows[subject])[0, 1] for subject in left])
        assert found.scores[number] == pytest.approx(wanted, abs=SCORE)
        bound = np.mean([np.corrcoef(rows[who].mean(axis=0), rows[s])[0, 1] for s in left])
        assert found.ceilings[number, 0] == pytest.approx(bound, abs=SCORE)


def test_the_same_options_give_the_same_resamples():
    first, second = out_of_bag(), out_of_bag(CANDIDATES[[1, 0, 1]])
    assert first.drawn == second.drawn != out_of_bag(seed=4).drawn
    np.testing.assert_array_equal(first.conditions, second.conditions)
    assert (first.scores != second.scores).any()
    with_groups = out_of_bag(groups=np.arange(N) // 2)
    assert (with_groups.conditions % 2 == 0).all()


def test_differences_of_models():
    first, second = out_of_bag(), out_of_bag(CANDIDATES[[1, 0, 1]])
    found = measures.rdm_model_difference(first, second)
    each = (first.scores - second.scores)[first.possible]
    assert np.isfinite(each).all()
    left_out = max(first.conditions.mean() / N, first.subjects.mean() / SUBJECTS)
    assert found.difference == pytest.approx(each.mean())
    variance = each.var(ddof=1) * (1 / len(each) + left_out / (1 - left_out))
    assert found.standard_error == pytest.approx(variance**0.5)
    assert found.interval.mean() == pytest.approx(found.difference)
    narrow = measures.rdm_model_difference(first, second, confidence=0.5)
    assert np.ptp(narrow.interval) < np.ptp(found.interval)
    back = measures.rdm_model_difference(second, first)
    assert back.p_value == pytest.approx(found.p_value)
    undefined = first._replace(scores=np.where(np.arange(RESAMPLES) < 4, np.nan, first.scores))
    assert np.isnan(measures.rdm_model_difference(undefined, second).difference)
    another = measures.RDMBootstrap(*[None] * 11, drawn=first.drawn)
    for other in (out_of_bag(seed=9), another):
        with pytest.raises(OptionError, match="second: not scored on the resamples of first; give"):
            measures.rdm_model_difference(first, other)
    with pytest.raises(OptionError, match="confidence"):
        measures.rdm_model_difference(first, second, confidence=2)


@slow
def test_the_standard_error_of_a_difference_is_that_of_new_data():
    """Of two fitted models that are equally good; rsatoolbox finds a difference less often."""
    util = optional("rsatoolbox.util.inference_util")
    found, theirs = [], []
    for seed in range(80):
        generator = np.random.default_rng(seed)
        z = generator.normal(size=(24, 4))
        candidates = np.stack([squareform(pdist(z[:, [i]], "sqeuclidean")) for i in range(4)])
        noisy = z + 0.8 * generator.normal(size=(8, 24, 4))
        targets = np.stack([squareform(pdist(subject, "sqeuclidean")) for subject in noisy])
        options = {"resample": "conditions", "resamples": 60}
        pair = [out_of_bag(part, targets, **options) for part in (candidates[:2], candidates[2:])]
        found.append(measures.rdm_model_difference(*pair))
        scores = np.stack([model.scores for model in pair], axis=1)
        theirs.append(util.pair_tests(scores, test_type="bootstrap")[0, 1])
    errors, values = ([getattr(z, n) for z in found] for n in ("standard_error", "difference"))
    assert 0.8 < np.sqrt(np.mean(np.square(errors))) / np.std(values) < 1.4
    ours = np.mean([z.p_value < 0.05 for z in found])
    assert np.mean(np.array(theirs) < 0.05) <= ours < 0.1


def test_undefined():
    hole = TARGETS.copy()
    hole[:, 1, 5] = np.nan
    found = out_of_bag(targets=hole)
    seen = [(1 in rows) == (5 in rows) for rows in drawn("both")[0]]
    assert np.isnan(found.scores[seen]).all()
    assert np.isnan(out_of_bag(targets=np.ones_like(TARGETS)).score)


@slow
def test_few_conditions_and_one_subject():
    few = out_of_bag(groups=np.minimum(np.arange(N), N - 3))
    assert (np.isnan(few.scores) >= (few.conditions < 3)).all()
    alone = measures.out_of_bag_rdm_model(CANDIDATES, TARGETS[0], resamples=RESAMPLES)
    assert np.isnan(alone.ceiling).all()
    assert np.isfinite(alone.score)
    assert (alone.subjects == 1).all()


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"resample": "dual"}, OptionError, "resample='dual': not a choice"),
        ({"resamples": 1}, OptionError, "resamples=1: must be at least 2"),
        ({"groups": [1]}, ShapeError, r"groups: shape \(1,\); there are 16 examples"),
        (
            {"resample": "both", "subject_groups": [0] * SUBJECTS},
            OptionError,
            "resample='both': 1 group of subjects; at least 2 are needed to resample them",
        ),
        ({"model": "convex"}, OptionError, "model='convex': not a choice"),
    ],
)
def test_what_cannot_be_is_refused(options, kind, message):
    with pytest.raises(kind, match=message):
        out_of_bag(**options)
