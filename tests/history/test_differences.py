"""`ds.probekit.compare` and intervals of resampled seeds, against SciPy and by hand."""

import numpy as np
import pytest
import xarray as xr
from scipy.stats import bootstrap, permutation_test, ttest_rel

import probekit as pk
from probekit.errors import OptionError, ProbekitWarning, UnknownNameError
from probekit.history import compare_histories, register_accessor
from probekit.history.seeds import resampled_seeds
from probekit.inference import (
    Bootstrap,
    Permutation,
    acceleration_of,
    corrected,
    interval_of,
    paired_test,
)

pytestmark = pytest.mark.filterwarnings("ignore:resamples=", "ignore:seeds")  # few are quick

register_accessor()
SEEDS, LAYERS = 7, ["h0", "h1", "h2"]
FIRST, SECOND = {"layer": "h0"}, {"layer": "h1"}


@pytest.fixture
def history():
    generator = np.random.default_rng(0)
    r2 = generator.normal([[0.4], [0.48], [0.7]], 0.1, (SEEDS, 2, 3, 2))
    r2[1, 1, 0, 0] = np.nan  # a score that is undefined for one seed
    loss = generator.uniform(size=(SEEDS, 2))
    return xr.Dataset(
        {"r2": (("seed", "epoch", "layer", "feature"), r2), "loss": (("seed", "epoch"), loss)},
        {"seed": range(SEEDS), "epoch": [0, 9], "layer": LAYERS, "feature": ["easy", "hard"]},
    )


def difference(history, feature, epoch=9):
    row = history.r2.sel(epoch=epoch, feature=feature)
    each = (row.sel(layer="h1") - row.sel(layer="h0")).values
    return each[~np.isnan(each)]


def parts(table, *names):
    return [float(table.sel(comparison=name)) for name in names]


@pytest.mark.parametrize("feature", ["easy", "hard"])
def test_t_is_that_of_scipy(history, feature):
    table = history.probekit.compare(FIRST, SECOND, confidence=0.9).r2.sel(feature=feature)
    each = difference(history, feature)
    theirs = ttest_rel(each, np.zeros_like(each))
    lower, upper = theirs.confidence_interval(0.9)
    found = parts(table, "difference", "lower", "upper", "p", "n")
    np.testing.assert_allclose(found, [each.mean(), lower, upper, theirs.pvalue, len(each)])
    mean_a, mean_b = parts(table, "a", "b")
    assert mean_b - mean_a == pytest.approx(each.mean()), "means over the same seeds"


@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
@pytest.mark.parametrize("test", ["t", "signs", "wilcoxon"])
def test_one_side_is_that_of_b_above_a(history, test, alternative):
    table = history.probekit.compare(FIRST, SECOND, test=test, alternative=alternative)
    each = difference(history, "hard")
    expected = paired_test(each, test=test, alternative=alternative)
    found = parts(table.r2.sel(feature="hard"), "difference", "lower", "upper", "p", "n")
    assert found == pytest.approx(expected)
    assert table.attrs["alternative"] == alternative
    other = history.probekit.compare(SECOND, FIRST, test=test, alternative="less").r2
    if alternative == "greater":
        assert parts(other.sel(feature="hard"), "p") == pytest.approx([expected.p])


@pytest.mark.parametrize("test", ["t", "signs", "wilcoxon"])
def test_a_history_is_no_better_than_itself(history, test):
    """Seeds are found by their labels, in whatever order they stand."""
    turned = history.isel(seed=slice(None, None, -1))
    table = history.probekit.compare({}, turned, test=test).r2
    assert (table.sel(comparison=["difference", "lower", "upper"]) == 0).all()
    assert (table.sel(comparison=["p", "p_corrected"]) == 1).all()


@pytest.mark.parametrize("test", ["t", "signs", "wilcoxon"])
def test_an_infinite_score_is_no_number_to_test(history, test):
    """Of a seed that diverged; changed signs had p = 0."""
    infinite = history.where(history.seed > 0, np.inf)
    table = history.probekit.compare({}, infinite, test=test).loss
    assert np.isnan(parts(table, "lower", "upper", "p", "p_corrected")).all()


@pytest.mark.parametrize("feature", ["easy", "hard"])
def test_signs_are_those_of_scipy(history, feature):
    table = history.probekit.compare(FIRST, SECOND, test="signs").r2.sel(feature=feature)
    each = difference(history, feature)
    zeros = np.zeros_like(each)
    theirs = permutation_test(
        (each, zeros), lambda a, b: (a - b).mean(), permutation_type="samples", n_resamples=np.inf
    )
    assert parts(table, "p") == pytest.approx([theirs.pvalue])


def test_many_seeds_change_signs_at_random():
    each = np.random.default_rng(1).normal(0.4, 1, 20)
    ds = xr.Dataset({"r2": (("seed", "layer"), np.stack([0 * each, each], 1))}, {"layer": [0, 1]})
    ds = ds.assign_coords(seed=range(20))
    one, other = (
        ds.probekit.compare({"layer": 0}, {"layer": 1}, test=test).r2 for test in ("signs", "t")
    )
    assert parts(one, "p") == pytest.approx(parts(other, "p"), abs=0.02)
    assert parts(one, "lower", "upper") == pytest.approx(parts(other, "lower", "upper"), abs=0.1)
    again = ds.probekit.compare({"layer": 0}, {"layer": 1}, test="signs").r2
    xr.testing.assert_identical(one, again)


def test_interval_of_signs_holds_what_the_test_does_not_reject(history):
    """At each end of the interval p crosses 1 - confidence."""
    table = history.probekit.compare(FIRST, SECOND, test="signs", confidence=0.9)
    each = difference(history, "hard")

    def p(centre):
        signs = 1 - 2 * ((np.arange(2**SEEDS)[:, None] >> np.arange(SEEDS)) % 2)
        means = np.abs(signs @ (each - centre))
        return np.mean(means >= means[0] * (1 - 1e-9))

    lower, upper = parts(table.r2.sel(feature="hard"), "lower", "upper")
    for end, inwards in ((lower, 1e-6), (upper, -1e-6)):
        assert p(end + inwards) > 0.1 >= p(end - inwards)
    sure = history.probekit.compare(FIRST, SECOND, test="signs", confidence=0.99)
    assert parts(sure.r2.sel(feature="hard"), "lower", "upper") == [-np.inf, np.inf]


def test_a_row_and_a_dataset_can_be_chosen(history):
    table = history.probekit.compare({"epoch": 0, **FIRST}, {"epoch": 0, **SECOND})
    assert parts(table.r2.sel(feature="hard"), "difference") == pytest.approx(
        [difference(history, "hard", epoch=0).mean()]
    )
    assert list(table) == ["r2"], "loss has no layers"
    assert table.attrs["test"] == "t"
    shifted = history.copy()
    shifted["loss"] = history.loss + xr.DataArray(np.arange(1.0, SEEDS + 1), dims="seed")
    both = history.probekit.compare({}, shifted, correction="bonferroni")
    assert parts(both.loss, "difference") == pytest.approx([4.0])
    assert set(both) == {"r2", "loss"}


def test_p_is_corrected_over_what_is_left(history):
    table = history.probekit.compare({"feature": "easy"}, {"feature": "hard"}, correction="fdr_bh")
    p = table.r2.sel(comparison="p")
    assert p.dims == ("layer",)
    expected = corrected(p, method="fdr_bh")
    np.testing.assert_allclose(table.r2.sel(comparison="p_corrected"), expected)


def resampled(seed=0, drawn="Bootstrap(seed=0)"):
    generator = np.random.default_rng(seed)
    each = generator.normal([0.3, 0.45], 0.1, (500, 2)).T
    return xr.Dataset(
        {
            "cka": ("layer", [0.3, 0.45]),
            "cka_resamples": (("layer", "resample"), each, {"uncertainty": drawn}),
        },
        {"layer": ["h0", "h1"]},
    )


def test_resamples_that_are_at_hand():
    ds = resampled()
    table = ds.probekit.compare(FIRST, SECOND).cka
    each = ds.cka_resamples.values[1] - ds.cka_resamples.values[0]
    expected = [0.15, *np.quantile(each, [0.025, 0.975]), 2 * (1 + (each <= 0).sum()) / 501, 500]
    np.testing.assert_allclose(parts(table, "difference", "lower", "upper", "p", "n"), expected)
    assert parts(table, "a", "b") == [0.3, 0.45]
    for alternative, beyond in (("greater", each <= 0), ("less", each >= 0)):
        one_sided = ds.probekit.compare(FIRST, SECOND, alternative=alternative)
        expected = [*parts(table, "lower", "upper"), (1 + beyond.sum()) / 501]
        assert parts(one_sided.cka, "lower", "upper", "p") == pytest.approx(expected)
    said = {"test": "bootstrap", "alternative": "less", "resamples": 500, "interval": "percentile"}
    assert said.items() <= one_sided.attrs.items()
    tiny = ds * 1e-9
    tiny.cka_resamples.attrs = ds.cka_resamples.attrs
    small = tiny.probekit.compare(FIRST, SECOND).cka
    assert parts(small, "p") == parts(table, "p"), "in whatever units"
    broken = ds.copy(deep=True)
    broken.cka_resamples[0, :100] = np.nan
    table = broken.probekit.compare(FIRST, SECOND).cka
    assert np.isnan(parts(table, "lower", "upper", "p")).all()


@pytest.mark.parametrize("interval", ["percentile", "basic", "bca"])
def test_the_interval_is_that_of_the_bootstrap_that_drew_the_resamples(interval):
    ds = resampled(drawn=f"Bootstrap(seed=0, interval={interval!r})")
    left_out = np.random.default_rng(2).gamma(1.0, 0.1, (2, 40))
    padded = np.pad(left_out, ((0, 0), (0, 5)), constant_values=np.nan)
    attributes = {"uncertainty": "", "left_out": 40}
    ds["cka_left_out"] = (("layer", "left_out"), padded, attributes)
    each = ds.cka_resamples.values[1] - ds.cka_resamples.values[0]
    acceleration = acceleration_of(left_out[1] - left_out[0])
    assert abs(acceleration) > 0.01
    bootstrap = Bootstrap(interval=interval)
    expected = interval_of(np.array(0.15), each, bootstrap, acceleration=acceleration)
    table = ds.probekit.compare(FIRST, SECOND).cka
    np.testing.assert_allclose(parts(table, "lower", "upper"), expected)
    given = resampled().assign(cka_left_out=ds.cka_left_out)
    table = given.probekit.compare(FIRST, SECOND, interval=interval).cka
    np.testing.assert_allclose(parts(table, "lower", "upper"), expected)


def test_bca_needs_scores_with_examples_left_out():
    with pytest.raises(OptionError, match=r"'bca': cka_left_out is not there; .* or give int"):
        resampled().probekit.compare(FIRST, SECOND, interval="bca")
    with pytest.raises(OptionError, match="interval='bcc': not a choice; did you mean 'bca'"):
        resampled().probekit.compare(FIRST, SECOND, interval="bcc")


def test_resamples_of_other_draws_are_no_pairs():
    with pytest.raises(OptionError, match=r"resampled by Bootstrap\(seed=0\) and by Bootstrap\(s"):
        resampled().probekit.compare({}, resampled(1, "Bootstrap(seed=1)"))


def test_what_cannot_be_tested_is_nan(history):
    one = history.isel(seed=[0])
    table = one.probekit.compare(FIRST, SECOND).r2.sel(feature="hard")
    assert np.isnan(parts(table, "lower", "upper", "p", "p_corrected")).all()
    assert parts(table, "n") == [1]
    shifted = history + 0.25
    table = history.probekit.compare({}, shifted).loss
    assert np.isnan(parts(table, "lower", "upper", "p")).all(), "no spread to test by"
    signs = history.probekit.compare({}, shifted, test="signs").loss
    assert parts(signs, "p") == [2 / 2**SEEDS]
    with pytest.warns(ProbekitWarning, match="signs of 2 seeds: p is at least 0.5, whatever"):
        two = history.isel(seed=[2, 3]).probekit.compare(FIRST, SECOND, test="signs").r2
    assert parts(two.sel(feature="hard"), "lower", "upper") == [-np.inf, np.inf]


@pytest.mark.parametrize(
    ("a", "b", "options", "error", "message"),
    [
        (FIRST, {"layer": "h9"}, {}, UnknownNameError, "unknown layer 'h9'; there are: h0, h1"),
        ({"layr": "h0"}, SECOND, {}, UnknownNameError, "unknown axis 'layr'; did you mean 'layer'"),
        (FIRST, {"feature": "easy"}, {}, OptionError, r"select \['layer'\] and \['feature'\]"),
        ("h0", SECOND, {}, OptionError, "a: a str; give a mapping such as"),
        (FIRST, SECOND, {"test": "z"}, OptionError, "test='z': not a choice"),
        (FIRST, SECOND, {"alternative": "up"}, OptionError, "alternative='up': not a choice"),
        (FIRST, SECOND, {"correction": "no"}, OptionError, "correction='no': not a choice"),
        (FIRST, SECOND, {"confidence": 95}, OptionError, "confidence=95: must lie between 0 and 1"),
        (FIRST, SECOND, {"test": "bootstrap"}, OptionError, "no score has resamples. Record sev"),
    ],
)
def test_errors(history, a, b, options, error, message):
    with pytest.raises(error, match=message):
        history.probekit.compare(a, b, **options)


def test_errors_of_datasets_that_do_not_fit(history):
    others = history.assign_coords(seed=range(10, 10 + SEEDS))
    with pytest.raises(OptionError, match=r"no seed in common. Take them as independent with"):
        history.probekit.compare({}, others)
    with pytest.raises(OptionError, match=r"b: loss has seed 1 twice; drop one\."):
        history[["loss"]].probekit.compare({}, history.isel(seed=[0, 1, 1]))
    unnamed = [history[["loss"]].isel(seed=slice(n)).drop_vars("seed") for n in (5, 4)]
    with pytest.raises(OptionError, match="loss has 5 and 4 of seed, without labels; give it the"):
        unnamed[0].probekit.compare({}, unnamed[1])
    with pytest.raises(OptionError, match="r2 has no layer in common"):
        history[["r2"]].probekit.compare({}, history.assign_coords(layer=["x", "y", "z"]))
    with pytest.raises(OptionError, match="no score in common that has the axes"):
        history.probekit.compare({}, history[["loss"]].rename(loss="other"))
    with pytest.raises(OptionError, match="test='bootstrap': no score has resamples"):
        history.isel(seed=0, drop=True).probekit.compare(FIRST, SECOND)


def test_resampled_seeds_are_those_of_scipy(history):
    final = history.isel(epoch=[-1])
    table = final.probekit.summary(uncertainty=pk.Bootstrap(resamples=4000)).r2
    values = final.r2.sel(layer="h2", feature="hard").values.ravel()
    theirs = bootstrap((values,), np.mean, method="percentile", n_resamples=4000, rng=0)
    found = table.sel(layer="h2", feature="hard").isel(epoch=0)
    expected = [values.mean(), *theirs.confidence_interval, SEEDS]
    np.testing.assert_allclose(found, expected, atol=0.006)
    hole = table.sel(layer="h0", feature="easy").isel(epoch=0)
    assert float(hole.sel(statistic="n")) == SEEDS - 1
    assert np.isfinite(hole).all()
    alone = final.isel(seed=[0]).probekit.summary(uncertainty=pk.Bootstrap(resamples=5)).loss
    assert np.isnan(alone.sel(statistic=["lower", "upper"])).all()


@pytest.mark.parametrize(
    ("uncertainty", "message"),
    [
        (pk.Permutation(), r"uncertainty: a Permutation; give a Bootstrap\(\)\."),
        (pk.Bootstrap, r"uncertainty: the class Bootstrap; give a Bootstrap\(\)\."),
        (pk.Bootstrap(groups=[0, 1]), "groups are of examples; seeds have none. Leave them out."),
    ],
)
def test_seeds_are_resampled_by_a_bootstrap_alone(history, uncertainty, message):
    with pytest.raises(OptionError, match=message):
        history.probekit.summary(uncertainty=uncertainty)


def test_a_summary_says_of_what_kind_it_is(history, tmp_path):
    given = pk.Bootstrap(resamples=50, confidence=0.9, seed=3)
    history.probekit.summary(uncertainty=given).to_netcdf(tmp_path / "summary.nc")
    with xr.open_dataset(tmp_path / "summary.nc") as read:
        assert read.attrs == {"confidence": 0.9, "uncertainty": given.text()}
    assert history.probekit.summary(0.5).attrs == {"confidence": 0.5}
    table = history.probekit.compare(FIRST, SECOND, test="signs", confidence=0.9, seed=4)
    table.to_netcdf(tmp_path / "table.nc")
    with xr.open_dataset(tmp_path / "table.nc") as read:
        xr.testing.assert_identical(read, table)
        assert (read.attrs["test"], read.attrs["seed"]) == ("signs", 4)


def test_few_resampled_seeds_are_told(history):
    ten = xr.Dataset({"r2": ("seed", np.arange(10.0))}, {"seed": range(10)})
    ten.probekit.summary(uncertainty=pk.Bootstrap(resamples=40))  # enough
    with pytest.warns(ProbekitWarning, match="seeds: 6; a bootstrap of so few") as caught:
        history.probekit.summary(uncertainty=pk.Bootstrap(resamples=40))
    assert [one.filename for one in caught] == [__file__]


@pytest.mark.parametrize("test", ["signs", "wilcoxon"])
def test_too_few_seeds_for_a_small_p_are_told(history, test):
    with pytest.warns(ProbekitWarning, match=f"{test} of 5 seeds: p is at least 0.062") as caught:
        history.isel(seed=slice(2, None)).probekit.compare(FIRST, SECOND, test=test)
    assert [one.filename for one in caught] == [__file__]
    options = {"test": test, "alternative": "greater"}
    history.isel(seed=slice(2, None)).probekit.compare(FIRST, SECOND, **options)  # 1 / 32
    history.isel(seed=[0]).probekit.compare(FIRST, SECOND, test=test)  # nothing is told at all


def test_halves_do_not_vanish():
    """Squares of differences of float16 scores of 0.0001 are 0 in float16."""
    small = xr.Dataset({"r2": ("seed", np.float16([1e-4, 2e-4, 3e-4]))}, {"seed": range(3)})
    for find in (
        lambda ds: ds.probekit.summary().r2[1:3] / 1e-4,
        lambda ds: ds.probekit.compare({}, ds * np.float16(2), test="t").r2[3:5] / 1e-4,
        lambda ds: compare_histories(ds, ds * np.float16(2)).r2[3:5] / 1e-4,
    ):
        found, wanted = find(small), find(small.astype(float))
        np.testing.assert_allclose(found, wanted, rtol=0.01)
        assert found[1] - found[0] > 1


def test_what_says_how_sure_a_score_is_is_no_score():
    assert list(resampled().expand_dims(seed=3).probekit.summary()) == ["cka"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda ds: ds.probekit.compare(ds, ds, interval="bca"), "interval='bca': .* test='t'"),
        (
            lambda ds: ds.probekit.summary(0.5, uncertainty=Bootstrap(confidence=0.9)),
            r"confidence=0.5: has no effect with Bootstrap\(confidence=0.9\); leave it out",
        ),
        (
            lambda ds: compare_histories(ds, ds, 0.5, uncertainty=Bootstrap()),
            r"confidence=0.5: has no effect with Bootstrap\(confidence=0.95\)",
        ),
        (
            lambda ds: compare_histories(
                ds, ds, correction="fdr_by", uncertainty=Permutation(correction="none")
            ),
            r"correction='fdr_by': has no effect with Permutation\(correction='none'\)",
        ),
    ],
)
def test_what_has_no_effect_is_told(call, message):
    ds = xr.Dataset({"r2": ("seed", np.arange(12.0))}, {"seed": range(12)})
    with pytest.warns(ProbekitWarning, match=message) as caught:
        call(ds)
    assert [one.filename for one in caught] == [__file__]


@pytest.mark.parametrize(("seeds", "held"), [(5, 0.842), (10, 0.898), (30, 0.928)])
def test_how_often_means_of_few_seeds_are_held(seeds, held):
    """Of 2000 normal samples: the figures of the docstring, from 10,000 of them."""
    rows = np.random.default_rng(seeds).normal(size=(seeds, 2000))
    bounds, _ = resampled_seeds(rows.mean(axis=0), [rows], Bootstrap(resamples=400))
    found = ((bounds[:, 0] < 0) & (bounds[:, 1] > 0)).mean()
    assert found == pytest.approx(held, abs=0.025)  # three standard errors


def of_seeds(scores, dtype):
    return xr.Dataset({"r2": ("seed", np.asarray(scores, dtype))}, {"seed": range(len(scores))})


SCORES = np.array([0.1, 0.2, 0.4, 0.35, 0.7, 0.6])


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_rounding_of_the_scores_is_no_spread(dtype):
    """Differences of 0.1 and what float32 makes of it had p = 5e-48."""
    one, other = of_seeds(SCORES, dtype), of_seeds(SCORES + 0.1, dtype)
    found = one.probekit.compare({}, other, test="t").r2
    assert np.isnan(parts(found, "lower", "upper", "p")).all()
    nearly = of_seeds(np.nextafter(one.r2.values, dtype(1)), dtype)
    for test in ("t", "signs", "wilcoxon"):
        assert parts(one.probekit.compare({}, nearly, test=test).r2, "difference", "p") == [0, 1]
    flat, higher = of_seeds([0.1] * 6, dtype), of_seeds([0.7] * 6, dtype)
    assert np.isnan(parts(compare_histories(flat, higher).r2, "p")).all()
    above = of_seeds(np.nextafter(flat.r2.values, dtype(1)), dtype)
    assert parts(compare_histories(flat, above).r2, "difference", "p") == [0, 1]


@pytest.mark.parametrize("test", ["signs", "wilcoxon", "permutation"])
def test_rounding_of_the_scores_breaks_no_ties(test):
    """Accuracies of 100 examples: whole numbers, but for rounding."""
    right = np.random.default_rng(0).integers(80, 95, (2, 8))

    def p(unit, dtype):
        one, other = (of_seeds(side * unit, dtype) for side in right)
        if test == "permutation":
            shuffled = Permutation(resamples=20000, alternative="two-sided")
            return parts(compare_histories(one, other, uncertainty=shuffled).r2, "p")
        return parts(one.probekit.compare({}, other, test=test).r2, "p")

    whole = p(1.0, np.float64)
    assert p(0.01, np.float32) == p(0.01, np.float64) == whole


def test_resamples_that_differ_by_rounding_are_equal():
    """A layer and itself, turned: the difference was 3e-8 in every resample, and p 0.004."""
    ds = resampled().astype(np.float32)
    ds.cka_resamples.attrs = resampled().cka_resamples.attrs
    turned = (ds * np.float32(1 + 2**-23)).sel(layer=["h0"])
    turned.cka_resamples.attrs = ds.cka_resamples.attrs
    table = ds.sel(layer=["h0"]).probekit.compare({}, turned).cka
    assert parts(table.squeeze(), "difference", "lower", "upper", "p") == [0, 0, 0, 1]
