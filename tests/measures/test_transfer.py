"""Alignments that are scored on other examples: against float64, netrep, and what is left open."""

import numpy as np
import pytest
from scipy.stats import ortho_group

import probekit as pk
from probekit import measures
from probekit.errors import OptionError, ShapeError
from tests.reference import oracles
from tests.reference.tolerances import SCORE

slow = pytest.mark.slow
MEASURES = {
    "procrustes_distance": {},
    "angular_procrustes_distance": {},
    "shape_metric": {"alpha": 0.3},
    "permutation_matching": {},
    "permutation_distance": {},
    "soft_matching": {},
    "semi_matching": {},
    "bures_similarity": {},
    "bures_metric": {},
    "aligned_cosine": {"centred": True},
}
QUICK = ("shape_metric", "permutation_matching", "aligned_cosine")
SOME = [pytest.param(name, marks=() if name in QUICK else slow) for name in MEASURES]
ROTATED = ("procrustes_distance", "angular_procrustes_distance", "shape_metric")
TURNED = (*ROTATED, "bures_similarity", "bures_metric", "aligned_cosine")


def pair(fitted=60, scored=40, units=(6, 4), *, seed=0, offset=0.0):
    """Of five causes, so that both have a part in common; what is fitted, and what is scored."""
    generator = np.random.default_rng(seed)
    causes = generator.normal(size=(fitted + scored, 5))
    x, y = (np.tanh(causes @ generator.normal(size=(5, count))) for count in units)
    x, y = (z + 0.3 * generator.normal(size=z.shape) for z in (x, y))
    x, y = np.float32(x + offset), np.float32(3 * y - offset)
    return (x[:fitted], y[:fitted]), (x[fitted:], y[fitted:])


def measured(name, fit, held_out, **options):
    return float(getattr(measures, name)(*fit, held_out=held_out, **MEASURES[name], **options))


@pytest.mark.slow
@pytest.mark.parametrize("offset", [0.0, pytest.param(1e3, marks=slow)])
@pytest.mark.parametrize("name", SOME)
def test_against_float64(name, offset):
    fit, held_out = pair(offset=offset)
    oracle = getattr(oracles, name)
    wanted = oracle(*fit, *held_out, align_on="fit", **MEASURES[name])
    ours = measured(name, fit, held_out)
    assert ours == pytest.approx(wanted, abs=1e-4 if offset else SCORE)
    if name in ROTATED:
        assert ours > float(getattr(measures, name)(*held_out, **MEASURES[name])) + 0.01
    alone = float(getattr(measures, name)(*fit, **MEASURES[name]))
    assert measured(name, fit, fit) == pytest.approx(alone, abs=1e-5)
    back = measured(name, fit[::-1], held_out[::-1])
    assert back == pytest.approx(ours, abs=SCORE)


@pytest.mark.parametrize(
    ("alpha", "theirs"),
    [
        (1.0, 0.974003697873834),
        pytest.param(0.5, 1.0918721649945935, marks=slow),
        pytest.param(0.0, 1.1564562050365192, marks=slow),
    ],
)
def test_the_figures_of_netrep(alpha, theirs):
    """`LinearMetric.score` of its commit 0186b8a, of both over the norm of what is fitted."""
    fit, held_out = pair()
    ours = measures.shape_metric(*fit, alpha=alpha, held_out=held_out)
    assert float(ours) == pytest.approx(theirs, rel=1e-5)


@pytest.mark.slow
def test_the_figure_of_netrep_for_permutations():
    fit, held_out = pair()
    ours = measures.permutation_distance(*fit, held_out=held_out)
    assert float(ours) == pytest.approx(1.3232903158389502, rel=1e-5)


@pytest.mark.slow
def test_of_fewer_examples_than_units_all_of_the_narrower_may_be_known():
    """As netrep has it: eleven directions of the fitted examples are enough for ten units."""
    fit, held_out = pair(12, units=(20, 10))
    ours = measured("angular_procrustes_distance", fit, held_out)
    assert ours == pytest.approx(0.8475236204954903, rel=1e-5)
    wanted = oracles.procrustes_distance(*fit, *held_out, align_on="fit")
    assert measured("procrustes_distance", fit, held_out) == pytest.approx(wanted, abs=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("name", TURNED)
def test_what_is_left_open_counts_as_the_mean_of_all_rotations(name):
    """Fitted to fewer examples than units, on which any rotation of the others is as good."""
    fit, held_out = pair(12, units=(20, 20))
    ours = measured(name, fit, held_out)
    wanted = getattr(oracles, name)(*fit, *held_out, align_on="fit", **MEASURES[name])
    assert ours == pytest.approx(wanted, abs=2e-4)
    if name != "procrustes_distance":
        return
    (x, y), (x2, y2) = ([np.float64(z) for z in split] for split in (fit, held_out))
    x2, y2 = x2 - x.mean(axis=0), y2 - y.mean(axis=0)
    u, _, v = np.linalg.svd((x - x.mean(axis=0)).T @ (y - y.mean(axis=0)))
    known = u[:, :11] @ v[:11]
    turns = ortho_group.rvs(9, size=400, random_state=0)
    a, b = x2 / np.linalg.norm(x2), y2 / np.linalg.norm(y2)
    each = [np.sum(a @ (known + u[:, 11:] @ turn @ v[11:]) * b) for turn in turns]
    assert np.std(each) > 0.005
    assert 1 - ours**2 / 2 == pytest.approx(np.mean(each), abs=4 * np.std(each) / 20)


@pytest.mark.slow
def test_what_is_left_open_is_said():
    fit, held_out = pair(12, units=(20, 20))
    y, y2 = ({"y": z[1]} for z in (fit, held_out))
    extractor = pk.extractors.function(lambda x: {"x": x})
    options = {"held_out": (held_out[0], y2)}
    estimators = [pk.estimators.AngularProcrustesDistance(align_on="fit")]
    found = pk.probe(extractor, fit[0], y, estimators=estimators, **options)
    status = found.angular_procrustes_distance_status
    assert int(status.squeeze()) == measures.STATUS_MEANINGS.index("rank_deficient")
    score = float(found.angular_procrustes_distance.squeeze())
    assert score == pytest.approx(measured("angular_procrustes_distance", fit, held_out), abs=SCORE)
    usual = pk.probe(extractor, fit[0], y, estimators=["angular_procrustes_distance"], **options)
    wanted = float(measures.angular_procrustes_distance(*held_out))
    assert float(usual.angular_procrustes_distance.squeeze()) == pytest.approx(wanted, abs=SCORE)
    assert int(usual.angular_procrustes_distance_status.squeeze()) == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", SOME)
def test_invariances(name):
    fit, held_out = pair()
    wanted = measured(name, fit, held_out)
    turn = np.eye(6)[::-1]
    if name in TURNED:
        turn = ortho_group.rvs(6, random_state=0)
    sizes = (1, 1) if name == "bures_metric" else (5, 1 / 7)
    changed = [
        (np.float32(sizes[0] * x @ turn + 3), np.float32(sizes[1] * y - 1))
        for x, y in (fit, held_out)
    ]
    assert measured(name, *changed) == pytest.approx(wanted, abs=SCORE)
    sizes = np.float32((1e25, 1e25 if name == "bures_metric" else 1e-25))
    large = [(x * sizes[0], y * sizes[1]) for x, y in (fit, held_out)]
    unit = 1e25 if name == "bures_metric" else 1
    assert measured(name, *large) / unit == pytest.approx(wanted, abs=SCORE)


def test_of_whitened_representations_no_linear_map_counts():
    fit, held_out = pair()
    mixed = np.random.default_rng(0).normal(size=(6, 6))
    changed = [(np.float32(x @ mixed), y) for x, y in (fit, held_out)]
    wanted = float(measures.shape_metric(*fit, alpha=0.0, held_out=held_out))
    ours = float(measures.shape_metric(*changed[0], alpha=0.0, held_out=changed[1]))
    assert ours == pytest.approx(wanted, abs=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("name", SOME)
def test_units_that_never_change_in_one_of_the_splits(name):
    """They are matched with nothing, and add to lengths alone."""
    fit, held_out = pair()
    flat = [np.concatenate([x, np.full((len(x), 1), 3.3, np.float32)], axis=1) for x, _ in (fit,)]
    varied = np.concatenate([held_out[0], 3.3 + held_out[0][:, :1]], axis=1)
    ours = measured(name, (flat[0], fit[1]), (varied, held_out[1]))
    assert np.isfinite(ours)
    same = np.concatenate([held_out[0], np.full_like(held_out[0][:, :1], 3.3)], axis=1)
    never = measured(name, (flat[0], fit[1]), (same, held_out[1]))
    if "distance" in name or name == "shape_metric":
        assert never == pytest.approx(measured(name, fit, held_out), abs=SCORE)
        assert ours > never


@pytest.mark.parametrize("name", SOME)
def test_undefined(name):
    fit, held_out = pair()
    for split in (0, 1):
        for value in (np.nan, 3.3):
            given = [[*fit], [*held_out]]
            spoilt = np.full_like(given[split][0], value)
            spoilt[1:] = spoilt[1:] if value == 3.3 else given[split][0][1:]
            given[split][0] = spoilt
            assert np.isnan(measured(name, *given))
    half = [tuple(z.astype(np.float16) for z in split) for split in (fit, held_out)]
    wide = [tuple(z.astype(np.float32) for z in split) for split in half]
    assert measured(name, *half) == measured(name, *wide)


@pytest.mark.parametrize("name", MEASURES)
def test_what_does_not_fit_is_refused(name):
    fit, held_out = pair()
    with pytest.raises(ShapeError, match=r"held_out: 5 columns of x; the fitted x has 6"):
        measured(name, fit, (held_out[0][:, :5], held_out[1]))
    with pytest.raises(ShapeError, match=r"held_out: ndarray; a pair of arrays"):
        measured(name, fit, held_out[0])
    with pytest.raises(ShapeError, match=r"held_out\[1\]: 9 examples; held_out\[0\] has 40"):
        measured(name, fit, (held_out[0], held_out[1][:9]))


def test_bad_options_are_refused():
    with pytest.raises(OptionError, match=r"align_on='train': not a choice"):
        pk.estimators.ShapeMetric(align_on="train")
