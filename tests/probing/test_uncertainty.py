"""Intervals, p-values and folds of probes, against doing the same by hand."""

import dataclasses

import numpy as np
import pytest
import xarray as xr
from scipy.spatial.distance import pdist, squareform
from scipy.stats import pearsonr
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import KFold, cross_val_score

import probekit as pk
from probekit.errors import OptionError, ProbekitError, ProbekitWarning
from probekit.estimators import resolve
from probekit.inference import Jackknife, acceleration_of, interval_of
from probekit.measures.reweighting import compare_rdms_weighted
from probekit.plugins import get_manager
from probekit.probing import blocks
from probekit.probing.blocks import Sample
from probekit.probing.labelling import add_uncertainty
from probekit.probing.plan import Plan
from probekit.probing.uncertainty import check_uncertainty, resample
from probekit.statistics import state_of
from probekit.variables import TOLD_OF_SCORES

pytestmark = pytest.mark.filterwarnings("ignore:resamples=")  # few are quick

N = 60
DECODING = pk.estimators.DecodingR2(penalty=0.0)


@pytest.fixture(scope="module")
def data():
    generator = np.random.default_rng(0)
    bit = generator.integers(0, 2, N).astype(np.float32)
    noise = generator.normal(size=N).astype(np.float32)
    x = (bit[:, None] * [1.0, 0.5, 0.0] + generator.normal(size=(N, 3))).astype(np.float32)
    return x, {"bit": bit, "noise": noise}


def probe(x, features, **options):
    return pk.probe(pk.extractors.arrays({"layer": x}), None, features, **options)


def drawn(resamples=25, **options):
    """Which examples each resample holds."""
    weights = pk.Bootstrap(resamples=resamples, **options).weights(N).astype(int)
    return [np.repeat(np.arange(N), weight) for weight in weights]


def quantiles(scores):
    return np.quantile(scores, [0.025, 0.975])


@pytest.fixture(scope="module")
def bootstrapped(data):
    estimators = ["linear_r2", pk.estimators.RSA(rdm="euclidean")]
    return probe(*data, estimators=estimators, uncertainty=pk.Bootstrap(resamples=25, keep=True))


@pytest.mark.slow
def test_weights_are_copies(data, bootstrapped):
    x, features = data
    scores = [float(pk.measures.linear_r2(x[rows], features["bit"][rows])) for rows in drawn()]
    own = bootstrapped.sel(layer="layer", feature="bit")
    np.testing.assert_allclose(own.linear_r2_resamples, scores, atol=2e-6)
    np.testing.assert_allclose(own.linear_r2_ci, quantiles(scores), atol=2e-6)
    assert bootstrapped.linear_r2_ci.dims == ("layer", "feature", "bound")
    assert bootstrapped.bound.values.tolist() == ["lower", "upper"]
    text = bootstrapped.linear_r2_ci.attrs["uncertainty"]
    assert text.startswith("Bootstrap(groups=None, seed=0, resamples=25")
    assert text.endswith(f"of {N} examples"), "resamples of other examples are no pairs"
    assert (bootstrapped.linear_r2_ci_status == 0).all()


@pytest.mark.slow
def test_the_score_stays_what_it_was(data, bootstrapped):
    plain = probe(*data, estimators=["linear_r2", pk.estimators.RSA(rdm="euclidean")])
    np.testing.assert_array_equal(plain.linear_r2, bootstrapped.linear_r2)
    np.testing.assert_array_equal(plain.rsa, bootstrapped.rsa)
    lower, upper = bootstrapped.rsa_ci.sel(feature="bit").values[0]
    assert lower < bootstrapped.rsa.sel(feature="bit") < upper


def test_two_features_are_compared_by_their_resamples(bootstrapped):
    table = bootstrapped.probekit.compare({"feature": "noise"}, {"feature": "bit"})
    found = table.linear_r2.sel(comparison=["difference", "lower", "upper"])[:, 0]
    each = bootstrapped.linear_r2_resamples.values[0]
    score = bootstrapped.linear_r2.values[0]
    each, score = (
        values[names == "bit"][0] - values[names == "noise"][0]
        for names in [bootstrapped.feature.values]
        for values in (each, score)
    )
    np.testing.assert_allclose(found, [score, *quantiles(each)], rtol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("estimator", "measure"),
    [
        ("linear_r2", pk.measures.linear_r2),
        (
            pk.estimators.RSA(rdm="euclidean"),
            lambda x, y: pk.measures.rsa(x, y, rdm="euclidean"),
        ),
        (pk.estimators.HSIC(kernel="rbf"), lambda x, y: pk.measures.hsic(x, y, kernel="rbf")),
    ],
)
@pytest.mark.parametrize("groups", [None, np.arange(N) // 5])
def test_bca_leaves_out_in_turn(data, estimator, measure, groups):
    """By weights, by weighing what was kept, and by copies."""
    x, y = data[0], data[1]["bit"]
    option = pk.Bootstrap(resamples=200, confidence=0.8, interval="bca", keep=True, groups=groups)
    ds = probe(x, {"bit": y}, estimators=[estimator], uncertainty=option)
    name = resolve([estimator])[0].name
    left_out = [
        float(measure(x[weight > 0], y[weight > 0]))
        for weight in Jackknife(groups=groups).weights(N)
    ]
    resampled = ds[f"{name}_resamples"].values.ravel()
    assert len(resampled) == 200
    expected = interval_of(
        ds[name].values.ravel()[0],
        resampled,
        option,
        acceleration=acceleration_of(np.array(left_out)),
    )
    np.testing.assert_allclose(ds[f"{name}_ci"].values.ravel(), expected, rtol=1e-3)
    assert (ds[f"{name}_ci_status"] == 0).all()
    np.testing.assert_allclose(ds[f"{name}_left_out"].values.ravel(), left_out, rtol=1e-3)


@pytest.mark.parametrize(
    ("option", "added"), [(pk.CrossValidation(folds=2), "cv"), (pk.Bootstrap(resamples=4), "ci")]
)
def test_what_is_filled_up_has_no_uncertainty_and_lacks_no_examples(option, added):
    x = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
    layers = pk.extractors.arrays({"wide": x, "narrow": x[:, :2]})
    estimators = [
        pk.estimators.LinearR2(multioutput="raw_values"),
        pk.estimators.DecodingR2(multioutput="raw_values"),
    ]
    features = {"one": x[:, 0], "two": x[:, 1:]}
    ds = pk.probe(layers, None, features, estimators=estimators, uncertainty=option)
    for name, place in (("linear_r2", {"layer": 1, "unit": 2}), ("decoding_r2", {"feature": 0})):
        status = ds[f"{name}_{added}_status"]
        assert status.isel(place).values.ravel()[-1] == pk.history.Status.NOT_RECORDED
        xr.testing.assert_equal(status, ds[f"{name}_status"].rename(status.name))


def test_scores_with_fewer_examples_to_leave_out_are_filled_up():
    ds = xr.Dataset({"a": ("layer", [0.5]), "b": ("layer", [0.5])})
    generator = np.random.default_rng(0)
    rows = {"a": generator.normal(size=(20 + 9, 1)), "b": generator.normal(size=(20 + 4, 1))}
    option = pk.Bootstrap(resamples=20, interval="bca", keep=True)
    found = add_uncertainty(ds, rows, option, examples=9)
    np.testing.assert_array_equal(found.a_left_out[0], rows["a"][20:, 0])
    np.testing.assert_array_equal(found.b_left_out[0, :4], rows["b"][20:, 0])
    assert found.b_left_out.isnull().sum() == 5
    assert (found.a_left_out.attrs["left_out"], found.b_left_out.attrs["left_out"]) == (9, 4)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::probekit.errors.OptimismWarning")
def test_bca_of_a_score_below_all_its_resamples(data):
    """R² of 25 units fitted on 60 examples: with fewer that differ it is always higher."""
    x = np.random.default_rng(0).normal(size=(N, 25)).astype(np.float32)
    given = (x, {"noise": data[1]["noise"]})
    option = pk.Bootstrap(resamples=50, interval="bca")
    with pytest.warns(pk.errors.ScoreWarning, match=r"r2_ci is NaN \(too few examples\)"):
        ds = probe(*given, estimators=[DECODING], uncertainty=option)
    assert np.isfinite(ds.decoding_r2).all()
    assert ds.decoding_r2_ci.isnull().all()
    assert (ds.decoding_r2_ci_status == pk.history.Status.TOO_FEW_EXAMPLES).all()
    with pytest.warns(ProbekitWarning, match="decoding_r2: 1 of 1 intervals do not hold their own"):
        probe(*given, estimators=[DECODING], uncertainty=pk.Bootstrap(resamples=50))
    # Narrow intervals lie beside the score of what is hardly biased, too: nothing is said of them.
    probe(*given, estimators=[DECODING], uncertainty=pk.Bootstrap(resamples=50, confidence=0.5))


@pytest.mark.slow
@pytest.mark.parametrize("kernel", ["linear", "rbf"])
def test_cka_of_copies(data, kernel):
    """The RBF kernel's width is that of all examples, in every resample."""
    x, y = data[0], data[1]["bit"]
    estimator, bootstrap = pk.estimators.CKA(kernel=kernel), pk.Bootstrap(resamples=25)
    ds = probe(*data, estimators=[estimator], uncertainty=bootstrap)

    def gram(z):
        if kernel == "linear":
            return z @ z.T
        squared = squareform(pdist(z, "sqeuclidean"))
        width = np.median(np.sqrt(squared[np.triu_indices(N, k=1)][pdist(z) > 0]))
        return np.exp(-squared / (2 * width**2))

    grams = gram(x.astype(float)), gram(y[:, None].astype(float))
    scores = []
    for rows in drawn():
        centre = np.eye(N) - 1 / N
        k, m = (centre @ whole[np.ix_(rows, rows)] @ centre for whole in grams)
        scores.append((k * m).sum() / np.sqrt((k * k).sum() * (m * m).sum()))
    np.testing.assert_allclose(ds.cka_ci.sel(feature="bit")[0], quantiles(scores), atol=1e-5)


def test_conditions_are_resampled_without_pairs_of_their_copies(data):
    """RSA of 60 examples of 12 conditions, through `probe` and by hand."""
    x, y = data[0], data[1]["noise"]
    option = pk.Bootstrap(resamples=25, keep=True, groups=np.arange(N) // 5)
    ds = probe(x, {"y": y}, estimators=[pk.estimators.RSA(rdm="euclidean")], uncertainty=option)
    rdms = (squareform(pdist(z)) for z in (x, y[:, None]))
    expected = compare_rdms_weighted(*rdms, option.weights(N), groups=np.arange(N) // 5)
    np.testing.assert_allclose(ds.rsa_resamples.values.ravel(), expected, atol=1e-5)


@pytest.mark.slow
def test_debiased_cka_of_halves(data):
    x, features = data
    estimator = pk.estimators.CKA(debiased=True)
    halves = pk.Bootstrap(resamples=25, replace=False)
    ds = probe(*data, estimators=[estimator], uncertainty=halves)
    scores = [
        float(pk.measures.cka(x[rows], features["bit"][rows], debiased=True))
        for rows in drawn(replace=False)
    ]
    np.testing.assert_allclose(ds.cka_ci.sel(feature="bit")[0], quantiles(scores), atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("groups", [None, np.arange(N) // 3])
def test_a_probe_of_scikit_learn_is_scored_on_copies(data, groups):
    """The fitted probe stays; the kept examples that it is scored on are resampled."""
    x, features = data
    half = N // 2
    bit = {"bit": features["bit"]}
    held_out = (pk.extractors.arrays({"layer": x[half:]}), {"bit": bit["bit"][half:]})
    groups = None if groups is None else groups[half:]
    options = {"resamples": 12, "groups": groups}
    ds = pk.probe(
        pk.extractors.arrays({"layer": x[:half]}),
        None,
        {"bit": bit["bit"][:half]},
        held_out=held_out,
        estimators=["auc"],
        uncertainty=pk.Bootstrap(**options, keep=True),
    )
    weights = pk.Bootstrap(**options).weights(half).astype(int)
    for weight, found in zip(weights, ds.auc_resamples.values.ravel(), strict=True):
        rows = half + np.repeat(np.arange(half), weight)
        expected = pk.measures.decoding(
            x[:half], bit["bit"][:half], held_out=(x[rows], bit["bit"][rows]), metric="auc"
        )
        assert found == pytest.approx(float(expected), abs=1e-6)


@pytest.mark.slow
def test_copies_are_on_one_side_of_the_folds_within_an_estimator():
    """Else each foretells the other: R² of noise was 0.3 on resamples, and 0 of the data."""
    x, y = np.random.default_rng(3).normal(size=(2, 40, 3)).astype(np.float32)
    estimator = pk.estimators.KernelRidgeR2(kernel="linear", penalties=(0.1, 1.0, 10.0, 100.0))
    bootstrap = pk.Bootstrap(resamples=2, keep=True)
    ds = probe(x, {"noise": y}, estimators=[estimator], uncertainty=bootstrap)
    found = ds.kernel_ridge_r2_resamples.values.ravel()
    assert (ds.kernel_ridge_r2_penalty_resamples > 1).all(), "of copies the least is the best"
    for weight, score in zip(bootstrap.weights(40), found, strict=True):
        by_weight = probe(x, {"noise": y}, estimators=[estimator], weight=weight)
        assert float(by_weight.kernel_ridge_r2.squeeze()) == pytest.approx(score, abs=1e-5)


@pytest.mark.slow
def test_a_sample_is_resampled_within_itself(data):
    """With places for 20 examples, each resample holds these alone, 20 draws of them."""
    x, features = data
    estimator = pk.estimators.HSIC(kernel="rbf", examples=20)
    kept = np.sort(np.asarray(state_of(estimator.statistic, x).index))
    ds = probe(
        x,
        {"bit": features["bit"]},
        estimators=[estimator],
        uncertainty=pk.Bootstrap(resamples=12, keep=True),
    )
    weights = pk.Bootstrap(resamples=12).weights(20).astype(int)
    for weight, found in zip(weights, ds.hsic_resamples.values.ravel(), strict=True):
        rows = np.repeat(kept, weight)
        expected = float(pk.measures.hsic(x[rows], features["bit"][rows], kernel="rbf"))
        assert found == pytest.approx(expected, abs=1e-6)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::probekit.errors.OptimismWarning")
def test_copies_that_do_not_fit_in_a_sample_are_left_out_by_chance(data):
    """Groups of unlike size make resamples of the 20 that are kept larger than 20."""
    x, features = data
    seen = []

    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Kept(pk.estimators.DecodingAccuracy):
        traceable = False

        def compute(self, fit, held_out):
            seen.append(np.asarray(held_out.index[held_out.present]))
            return super().compute(fit, held_out)

    groups = np.minimum(np.arange(N) // 2, 10)
    estimator = Kept(method="logistic", examples=20)
    bootstrap = pk.Bootstrap(resamples=60, groups=groups)
    probe(x, {"bit": features["bit"]}, estimators=[estimator], uncertainty=bootstrap)
    once, resamples = seen[0], [index for index in seen if len(index) == 20][1:]
    large = np.flatnonzero(np.bincount(groups)[groups] > 2)
    often = [np.mean([(index == one).sum() for index in resamples]) for one in large if one in once]
    assert len(resamples) > 10
    assert max(often) < 2 * min(often)


@pytest.mark.slow
@pytest.mark.parametrize("uncertainty", [pk.Bootstrap(resamples=9), pk.Permutation(resamples=99)])
def test_absent_examples_are_not_drawn(data, uncertainty):
    x, features = data
    weight = np.where(np.arange(N) < N // 2, 1, 0)
    hole = np.where(weight[:, None] > 0, x, np.nan).astype(np.float32)
    ours = probe(hole, features, weight=weight, uncertainty=uncertainty)
    half = {name: label[: N // 2] for name, label in features.items()}
    theirs = probe(x[: N // 2], half, uncertainty=uncertainty)
    name = "linear_r2_ci" if "linear_r2_ci" in ours else "linear_r2_p"
    assert ours[name].notnull().all()
    np.testing.assert_allclose(ours[name], theirs[name], atol=1e-6)


@pytest.mark.slow
def test_blocks_of_resamples_change_nothing(data, bootstrapped, monkeypatch):
    monkeypatch.setattr(blocks, "_WORKING_SET", 4 * 3 * N * 4 * 7)
    ds = probe(*data, uncertainty=pk.Bootstrap(resamples=25, keep=True))
    np.testing.assert_allclose(ds.linear_r2_resamples, bootstrapped.linear_r2_resamples, atol=1e-6)


ALL = get_manager().registry.names("estimator")


@pytest.mark.parametrize("name", ALL)
def test_copies_are_refused_by_name_or_allowed(name):
    """Before anything is computed; halves of the examples are always allowed."""
    chosen = resolve([name])
    check_uncertainty(pk.Bootstrap(replace=False), chosen)
    if not chosen[0].distinct:
        check_uncertainty(pk.Bootstrap(), chosen)
        return
    with pytest.raises(OptionError, match=f"'{name}' supposes that no example is there twice. Use"):
        check_uncertainty(pk.Bootstrap(), chosen)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["ridge_r2", "unique_r2", "soft_matching", "mutual_neighbours", "sparsity", "spectrum"]
)
def test_every_kind_of_statistic_can_be_resampled(data, name):
    (estimator,) = resolve([name])
    halves = pk.Bootstrap(resamples=6, replace=not estimator.distinct)
    ds = probe(*data, estimators=[estimator], uncertainty=halves)
    for variable in estimator.variables:
        bounds = ds[f"{variable.name}_ci"]
        assert bounds.dims == (*ds[variable.name].dims, "bound")
        assert (bounds.sel(bound="lower") <= bounds.sel(bound="upper")).all()
        assert bounds.notnull().all()


def test_cross_validation_is_that_of_scikit_learn(data):
    x, features = data
    folds = pk.CrossValidation(folds=4, seed=2)
    ds = probe(x, features, estimators=[DECODING, "total_variance"], uncertainty=folds)
    splitter = KFold(4, shuffle=True, random_state=2)
    for name, label in features.items():
        theirs = cross_val_score(LinearRegression(), x, label, cv=splitter)
        np.testing.assert_allclose(ds.decoding_r2_folds.sel(feature=name)[0], theirs, atol=1e-4)
        np.testing.assert_allclose(ds.decoding_r2_cv.sel(feature=name)[0], theirs.mean(), atol=1e-4)
    assert "total_variance_cv" not in ds


def test_weights_count_inside_folds_and_outside(data):
    x, features = data
    weight = np.random.default_rng(3).integers(1, 4, N)
    folds = pk.CrossValidation(folds=4, seed=2)
    estimators = [DECODING, "total_variance"]
    ds = probe(x, features, weight=weight, estimators=estimators, uncertainty=folds)
    for name, label in features.items():
        theirs = []
        for outside, inside in KFold(4, shuffle=True, random_state=2).split(x):
            fitted = LinearRegression().fit(x[outside], label[outside], weight[outside])
            theirs.append(fitted.score(x[inside], label[inside], weight[inside]))
        found = ds.decoding_r2_folds.sel(feature=name)[0]
        np.testing.assert_allclose(found, theirs, atol=1e-5)


def test_permutation(data):
    """R² of one unit is a squared correlation: against the same shuffles by hand."""
    x, features = data
    ds = probe(x[:, :1], features, uncertainty=pk.Permutation(resamples=99))
    orders = pk.Permutation(resamples=99).orders(N)
    for name, label in features.items():
        score, *null = (pearsonr(x[:, 0], label[rows])[0] ** 2 for rows in [np.arange(N), *orders])
        expected = (1 + np.sum(np.array(null) >= score)) / 100
        assert float(ds.linear_r2_p.sel(feature=name)[0]) == pytest.approx(expected)
    assert float(ds.linear_r2_p.sel(feature="bit")[0]) == 0.01
    assert float(ds.linear_r2_p_corrected.sel(feature="bit")[0]) == 0.02


@pytest.mark.parametrize("comparison", ["pearson", "spearman", "cosine"])
def test_shuffled_rdms_are_those_of_shuffled_features(data, comparison):
    x, y = data[0], data[1]["noise"]
    estimator = pk.estimators.RSA(rdm="euclidean", comparison=comparison)
    plan = Plan((estimator,), ("y",), (1,))
    option = pk.Permutation(resamples=9, groups=np.arange(N) % 2)
    found = resample(plan, Sample.of({"layer": x}, y[:, None]), None, option)["layer"]["rsa"]
    expected = [
        float(pk.measures.rsa(x, y[order], rdm="euclidean", comparison=comparison))
        for order in option.orders(N)
    ]
    np.testing.assert_allclose(found[:, 0], expected, atol=1e-5)


@pytest.mark.slow
def test_shuffles_of_a_sample_stay_within_it(data):
    """With places for 20 examples, labels of these alone are shuffled."""
    x, y = data[0], data[1]["noise"]
    estimator = pk.estimators.RSA(rdm="euclidean", examples=20)
    kept = np.sort(np.asarray(state_of(estimator.statistic, x).index))
    option = pk.Permutation(resamples=9)
    plan = Plan((estimator,), ("y",), (1,))
    found = resample(plan, Sample.of({"layer": x}, y[:, None]), None, option)["layer"]["rsa"]
    expected = [
        float(pk.measures.rsa(x[kept], y[kept][order], rdm="euclidean"))
        for order in option.orders(20)
    ]
    np.testing.assert_allclose(found[:, 0], expected, atol=1e-5)


@pytest.mark.slow
def test_whole_groups_are_shuffled_where_examples_are_alike():
    """Of 48 pairs of a layer and a feature that nothing relates, some 2 at 0.05; else half."""
    generator = np.random.default_rng(0)
    groups = np.repeat(np.arange(15), 4)
    x = generator.normal(size=(N, 8, 2)) / 2 + generator.normal(size=(15, 8, 2))[groups]
    layers = pk.extractors.arrays(dict(zip("abcdefgh", np.float32(x.swapaxes(0, 1)), strict=True)))
    labels = generator.normal(size=(6, 15)).astype(np.float32)[:, groups]
    features = dict(zip("uvwxyz", labels, strict=True))
    found = []
    for options in ({}, {"groups": groups, "whole": True}):
        option = pk.Permutation(resamples=99, correction="none", **options)
        ds = pk.probe(layers, None, features, uncertainty=option)
        found.append((ds.linear_r2_p <= 0.05).sum().item())
    alone, whole = found
    assert alone > 12
    assert whole <= 6


@pytest.mark.slow
def test_whole_groups_keep_their_order_in_a_sample():
    """With places for 20 of 60 examples: of a label that says the place in the group alone."""
    groups, place = np.repeat(np.arange(15), 4), np.tile(np.arange(4.0), 15)
    x = np.float32(np.random.default_rng(0).normal(size=(N, 2)) + place[:, None])
    option = pk.Permutation(resamples=9, groups=groups, whole=True)
    estimator = pk.estimators.RSA(rdm="euclidean", examples=20)
    plan = Plan((estimator,), ("y",), (1,))
    sample = Sample.of({"layer": x}, np.float32(place[:, None]))
    found = resample(plan, sample, None, option)["layer"]["rsa"]
    assert np.ptp(found) < 1e-6  # no shuffle changes it


def test_whole_groups_that_lack_unlike_examples_keep_places():
    """Of a label that says the place in the group alone: no shuffle changes what it scores."""
    groups, place = np.repeat(np.arange(12), 4), np.tile(np.arange(4.0), 12)
    x = np.float32(np.random.default_rng(0).normal(size=(48, 2)) + place[:, None])
    lacking = np.arange(12) * 4 + np.tile([0, 1, 3], 4)
    weight = np.ones(48)
    weight[lacking] = 0
    option = pk.Permutation(resamples=9, groups=groups, whole=True)
    plan = Plan((pk.estimators.RSA(rdm="euclidean"),), ("y",), (1,))
    sample = Sample.of({"layer": x}, np.float32(place[:, None]), weight)
    found = resample(plan, sample, None, option)["layer"]["rsa"]
    assert np.ptp(found) < 1e-6


@pytest.mark.parametrize(
    ("uncertainty", "present", "message"),
    [
        (pk.Bootstrap(), 0, "examples: 0; at least 2 are needed to resample them"),
        (pk.Bootstrap(groups=np.arange(N) // 20), 20, "groups: 1; at least 2 are needed to res"),
        (pk.Bootstrap(), 9, "examples: 9; a bootstrap of so few holds the truth less often"),
        (pk.Permutation(), 1, "examples: 1; at least 2 are needed to shuffle them"),
        (pk.CrossValidation(groups=np.arange(N) // 10), 40, "folds=5: more than the 4 groups"),
        (
            pk.Permutation(groups=np.arange(N) // 20, whole=True),
            35,
            "whole=True: groups are of unlike size, or lack unlike examples; at least 2",
        ),
        (
            pk.Permutation(groups=np.arange(N) // 20, whole=True),
            40,
            "groups: 2 orders to shuffle into; p is some 0.5 at least, whatever the data",
        ),
    ],
)
def test_absent_examples_do_not_count_as_enough(uncertainty, present, message):
    """Told before the model is run; warnings are errors here."""

    def unreached(inputs):
        raise AssertionError(inputs)

    extractor = pk.extractors.function(unreached)
    weight, x = np.arange(N) < present, np.ones((N, 2), np.float32)
    with pytest.raises((ProbekitError, ProbekitWarning), match=message):
        pk.probe(extractor, x, {"y": x[:, 0]}, weight=weight, uncertainty=uncertainty)


def test_p_of_what_is_small_where_there_is_a_relation(data):
    """Unless an alternative is given it follows what the score declares."""
    options = {"estimators": ["procrustes_distance", "cka"]}
    ds = probe(*data, **options, uncertainty=pk.Permutation(resamples=49))
    assert ds.procrustes_distance_p.sel(feature="bit") == 1 / 50
    assert ds.cka_p.sel(feature="bit") == 1 / 50
    assert "alternative='less'" in ds.procrustes_distance_p.attrs["uncertainty"]
    ds = probe(*data, **options, uncertainty=pk.Permutation(resamples=49, alternative="greater"))
    assert ds.procrustes_distance_p.sel(feature="bit") == 1


@pytest.mark.slow
def test_compare(data):
    x, _ = data
    a = pk.extractors.arrays({"layer": x, "square": x**2})
    b = pk.extractors.arrays({"part": x[:, :2] + 0.5})
    ds = pk.compare(a, b, None, uncertainty=pk.Bootstrap(resamples=25))
    assert ds.cka_ci.dims == ("layer_a", "layer_b", "bound")
    scores = [float(pk.measures.cka(x[rows] ** 2, x[rows, :2])) for rows in drawn()]
    found = ds.cka_ci.sel(layer_a="square", layer_b="part")
    np.testing.assert_allclose(found, quantiles(scores), atol=2e-6)


@pytest.mark.parametrize("given", ["x", pk.CrossValidation()])
def test_compare_offers_what_it_takes(data, given):
    one = pk.extractors.arrays({"layer": data[0]})
    with pytest.raises(OptionError, match=r"; give a Bootstrap\(\) or a Permutation\(\)\.$"):
        pk.compare(one, one, None, uncertainty=given)


@pytest.mark.slow
@pytest.mark.parametrize("estimator", ["linear_r2", "rsa", "hsic"])
def test_nan_stays_nan(data, estimator):
    x, features = data
    broken = x.copy()
    broken[3, 0] = np.nan
    with pytest.warns(pk.errors.ScoreWarning) as warned:
        ds = probe(broken, features, estimators=[estimator], uncertainty=pk.Bootstrap(resamples=40))
    assert [str(one.message) for one in warned] == [
        f"layer 'layer': {estimator} is NaN (non finite input, or squares out of range)."
    ], "its interval is NaN for the same reason"
    assert ds[f"{estimator}_ci"].isnull().all()
    assert (ds[f"{estimator}_ci_status"] == pk.history.Status.NON_FINITE_INPUT).all()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:examples")
def test_two_examples_are_too_few_for_an_interval():
    """Every second resample holds one of the two alone, and has no R²."""
    x = np.array([[0.0, 1.0], [2.0, 5.0]], np.float32)
    with pytest.warns(pk.errors.ScoreWarning, match="linear_r2_ci is NaN"):
        ds = probe(x, {"y": x[:, 0]}, uncertainty=pk.Bootstrap(resamples=40))
    assert float(ds.linear_r2[0, 0]) == pytest.approx(1)
    assert ds.linear_r2_ci.isnull().all()
    assert (ds.linear_r2_ci_status > 0).all()


@pytest.mark.parametrize(
    ("estimator", "uncertainty", "message"),
    [
        ("linear_r2", 0.95, "uncertainty: a float; give a Bootstrap"),
        ("linear_r2", Jackknife(), "uncertainty: a Jackknife; give a Bootstrap"),
        ("linear_r2", pk.Bootstrap, r"uncertainty: the class Bootstrap; give a Bootstrap\(\)"),
        (
            pk.estimators.CKA(debiased=True),
            pk.Bootstrap(),
            r"no example is there twice. Use Bootstrap\(replace=False\)",
        ),
        (pk.estimators.RSA(comparison="kendall"), pk.Bootstrap(), "'rsa' supposes that no"),
        ("total_variance", pk.Permutation(), "Permutation of kind geometry; there are no labels"),
        ("cka", pk.CrossValidation(), "only encoding and decoding fit something"),
        ("online_codelength", pk.CrossValidation(), "'online_codelength' is of the examples that"),
        ("linear_r2", pk.CrossValidation(folds=99), "folds=99: more than the 60 examples"),
    ],
)
def test_errors(data, estimator, uncertainty, message):
    with pytest.raises(OptionError, match=message):
        probe(*data, estimators=[estimator], uncertainty=uncertainty)


def test_what_holds_out_its_own_takes_no_other(data):
    x, features = data
    other = (pk.extractors.arrays({"layer": x}), features)
    with pytest.raises(OptionError, match="CrossValidation holds out its own; give no held_out"):
        probe(x, features, held_out=other, uncertainty=pk.CrossValidation())


@pytest.mark.filterwarnings("ignore::probekit.errors.ScoreWarning")  # of few resamples
def test_no_score_can_be_called_as_what_uncertainties_add(data):
    """The names that `resolve` keeps free are all that are added."""
    options = (
        pk.Bootstrap(resamples=20, interval="bca", keep=True),
        pk.Permutation(resamples=19),
        pk.CrossValidation(folds=3),
    )
    added = set()
    for option in options:
        ds = probe(*data, estimators=["linear_r2"], uncertainty=option)
        added |= {str(name) for name in ds.data_vars} - {"linear_r2"}
    told = {f"linear_r2_{told}" for told in TOLD_OF_SCORES}
    assert {name.removesuffix("_status") for name in added} - {"linear_r2"} <= told
    assert told <= added


@pytest.mark.parametrize("together", [1, 3, 25])
def test_how_many_resamples_are_computed_side_by_side_changes_nothing(
    data, bootstrapped, monkeypatch, together
):
    """Blocks are filled up, which the scores do not show."""
    monkeypatch.setattr(
        blocks, "_sizes", lambda *_, **__: (together, -(-10 // together) * together)
    )
    estimators = ["linear_r2", pk.estimators.RSA(rdm="euclidean")]
    found = probe(*data, estimators=estimators, uncertainty=pk.Bootstrap(resamples=25, keep=True))
    xr.testing.assert_allclose(found, bootstrapped, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("nbytes", "count"), [(1, 5), (1 << 10, 10**6), (1 << 22, 999), (1 << 40, 3)]
)
def test_blocks_of_resamples_are_whole_and_take_little_memory(nbytes, count):
    together, size = blocks._sizes(nbytes, count, sharing=False)
    assert size % together == 0
    assert together == 1 or nbytes * together <= 1 << 23
    assert size < count + together
    assert size <= together or nbytes * (size - together) < 1 << 27
    both, all_at_once = blocks._sizes(nbytes, count, sharing=True)
    assert both == all_at_once <= count
