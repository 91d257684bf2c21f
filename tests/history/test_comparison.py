"""Two histories side by side, against SciPy's Welch test."""

import numpy as np
import pytest
import scipy.stats

import probekit as pk
from probekit.errors import OptionError, ProbekitWarning
from probekit.history import compare_histories
from probekit.inference import corrected

pytestmark = pytest.mark.filterwarnings("ignore:resamples=", "ignore:seeds")  # few are quick


def test_differences_are_those_of_welch(notebook):
    a = notebook.where(notebook.epoch <= 90)  # other last rows
    b = notebook.isel(seed=[1, 2, 4])
    table = compare_histories(a, b, confidence=0.9)
    for feature in ("linear", "xor_xor_xor"):
        where = {"layer": "hidden_3", "feature": feature}
        x = notebook.linear_r2.sel({**where, "epoch": 90}).values
        y = b.linear_r2.sel({**where, "epoch": 100}).values
        found = table.linear_r2.sel(where).to_series().to_dict()
        test = scipy.stats.ttest_ind(y, x, equal_var=False)
        low, high = test.confidence_interval(0.9)
        assert found == pytest.approx(
            {
                "a": x.mean(),
                "b": y.mean(),
                "difference": y.mean() - x.mean(),
                "lower": low,
                "upper": high,
                "p": test.pvalue,
                "p_corrected": corrected(table.linear_r2.sel(comparison="p"))[
                    table.layer.values.tolist().index("hidden_3"),
                    table.feature.values.tolist().index(feature),
                ],
                "n_a": 5,
                "n_b": 3,
            }
        )


def test_only_what_both_have_is_compared(notebook):
    b = notebook.sel(layer=["hidden_3", "logits"]).drop_vars("accuracy")
    table = compare_histories(notebook, b)
    assert set(table.data_vars) == {"loss", "feature_loss", "linear_r2", "total_variance"}
    assert table.layer.values.tolist() == ["hidden_3", "logits"]
    assert (table.linear_r2.sel(comparison="difference") == 0).all()


def test_single_seeds_have_no_interval(notebook):
    table = compare_histories(notebook.sel(seed=[0]), notebook.isel(seed=1))
    loss = table.loss.sel(split="test")
    assert loss.sel(comparison=["n_a", "n_b"]).values.tolist() == [1, 1]
    assert np.isfinite(loss.sel(comparison="difference"))
    assert np.isnan(loss.sel(comparison=["lower", "upper", "p", "p_corrected"])).all()
    for uncertainty in (pk.Bootstrap(resamples=9), pk.Permutation(resamples=9)):
        table = compare_histories(
            notebook.sel(seed=[0]), notebook.isel(seed=1), uncertainty=uncertainty
        )
        assert np.isnan(table.loss.sel(comparison=["lower", "upper", "p"])).all()


def test_scores_without_rows_are_compared_as_they_are(notebook):
    last = notebook.isel(epoch=-1, drop=True)
    table = compare_histories(last, notebook)
    assert (table.accuracy.sel(comparison="difference") == 0).all()


def test_no_spread_gives_a_point(notebook):
    flat = notebook * 0 + 1.0
    table = compare_histories(flat, flat + 1)
    assert (table.loss.sel(comparison=["difference", "lower", "upper"]) == 1).all()
    assert np.isnan(table.loss.sel(comparison="p")).all(), "no spread to test by"
    assert (compare_histories(flat, flat).loss.sel(comparison=["p", "p_corrected"]) == 1).all()


@pytest.mark.parametrize("uncertainty", [None, pk.Bootstrap(resamples=9), pk.Permutation()])
def test_an_infinite_score_is_no_number_to_test(two, uncertainty):
    a, b = two
    b["loss"] = b.loss.where(b.seed > b.seed[0], np.inf)
    table = compare_histories(a, b, uncertainty=uncertainty)
    assert np.isnan(table.loss.sel(comparison=["lower", "upper", "p"])).all()
    assert table.linear_r2.sel(comparison="p").notnull().all()


@pytest.mark.parametrize("uncertainty", [pk.Bootstrap(resamples=99), pk.Permutation()])
def test_units_do_not_matter(two, uncertainty):
    """Nor are scores that are small throughout all the same."""
    p = [
        compare_histories(*(z * unit for z in two), uncertainty=uncertainty).linear_r2.sel(
            comparison="p"
        )
        for unit in (1.0, 1e-10)
    ]
    np.testing.assert_allclose(*p)
    assert (p[0] < 0.5).any()


def test_the_attributes_say_how_it_was_tested(two):
    shuffled = pk.Permutation(resamples=60, alternative="less", correction="fdr_bh")
    bootstrap = pk.Bootstrap(resamples=50, confidence=0.5)
    for options, wanted in [
        ({"confidence": 0.9}, ("welch", "two-sided", 0.9, "holm", None)),
        ({"alternative": "less"}, ("welch", "less", 0.95, "holm", None)),
        (
            {"uncertainty": bootstrap, "correction": "none"},
            ("bootstrap", "two-sided", 0.5, "none", f"{bootstrap.text()} of seeds"),
        ),
        (
            {"uncertainty": shuffled},
            ("permutation", "less", 0.95, "fdr_bh", f"{shuffled.text()} of seeds"),
        ),
    ]:
        found = compare_histories(*two, **options).attrs
        names = ("test", "alternative", "confidence", "correction", "uncertainty")
        assert tuple(map(found.get, names)) == wanted


@pytest.mark.filterwarnings("error")
def test_too_few_seeds_are_told(two):
    a, b = two
    few = a.isel(seed=slice(3))
    with pytest.warns(ProbekitWarning, match="seeds: 2; a bootstrap of so few") as caught:
        compare_histories(a, b, uncertainty=pk.Bootstrap(resamples=40))
    with pytest.warns(ProbekitWarning, match="19 shuffles of 3 and 3 seeds: p is at least 0.1"):
        compare_histories(few, b, uncertainty=pk.Permutation())
    compare_histories(few, b, uncertainty=pk.Permutation(alternative="less"))
    with pytest.warns(ProbekitWarning, match="20 shuffles of 5 and 3 seeds: p is at least 0.095"):
        compare_histories(a, b, uncertainty=pk.Permutation(resamples=20))
    assert [one.filename for one in caught] == [__file__]


@pytest.fixture
def two(notebook):
    """Five seeds and three others, one of which lacks a score."""
    a, b = notebook.isel(epoch=[-1]), notebook.isel(seed=[0, 1, 3], epoch=[40]).copy(deep=True)
    b["epoch"] = a["epoch"]
    b["total_variance"][0, 0, 1] = np.nan
    return a, b


def of_layer(dataset, layer):
    values = dataset.total_variance.isel(layer=layer).values.ravel()
    return values[~np.isnan(values)]


@pytest.mark.parametrize("alternative", [None, "two-sided", "greater", "less"])
@pytest.mark.parametrize("layer", [0, 1])
def test_shuffled_seeds_are_those_of_scipy(two, layer, alternative):
    """There are 56 ways to divide eight seeds, and 21 to divide seven."""
    permutation = pk.Permutation(alternative=alternative, correction="bonferroni")
    table = compare_histories(*two, uncertainty=permutation).total_variance
    x, y = (of_layer(side, layer) for side in two)
    theirs = scipy.stats.permutation_test(
        (y, x),
        lambda y, x: y.mean() - x.mean(),
        n_resamples=np.inf,
        alternative=alternative or "two-sided",
    )
    found = table.isel(layer=layer)
    assert float(found.sel(comparison="p")) == pytest.approx(theirs.pvalue)
    expected = corrected(table.sel(comparison="p"), method="bonferroni")
    np.testing.assert_allclose(table.sel(comparison="p_corrected"), expected)
    welch = compare_histories(*two).total_variance.isel(layer=layer)
    parts = ["lower", "upper", "n_a", "n_b"]
    np.testing.assert_array_equal(found.sel(comparison=parts), welch.sel(comparison=parts))


@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
def test_alternatives_of_welch_are_those_of_scipy(two, alternative):
    p = compare_histories(*two, alternative=alternative).total_variance.sel(comparison="p")
    for layer in (0, 1):
        x, y = (of_layer(side, layer).astype(float) for side in two)
        theirs = scipy.stats.ttest_ind(y, x, equal_var=False, alternative=alternative)
        assert float(p.isel(layer=layer)) == pytest.approx(theirs.pvalue)


@pytest.mark.filterwarnings("ignore:seeds")
def test_alternatives_of_resampled_seeds(two):
    bootstrap = pk.Bootstrap(resamples=50)
    greater, less, both = (
        compare_histories(*two, uncertainty=bootstrap, alternative=side).total_variance.sel(
            comparison=["p", "difference"]
        )
        for side in ("greater", "less", "two-sided")
    )
    p = np.stack([side.sel(comparison="p").values for side in (greater, less)])
    np.testing.assert_allclose(np.minimum(2 * p.min(axis=0), 1), both.sel(comparison="p"))
    above = greater.sel(comparison="difference").values > 0
    assert ((p[0] < p[1]) == above).all()


def test_some_of_many_shuffles(two):
    exact, some = (
        compare_histories(
            *two, uncertainty=pk.Permutation(resamples=n, alternative="two-sided")
        ).linear_r2.sel(comparison="p")
        for n in (56, 50)
    )
    assert not np.array_equal(exact, some)
    np.testing.assert_allclose(exact, some, atol=0.25)


@pytest.mark.slow
@pytest.mark.parametrize("interval", ["percentile", "bca", "basic"])
@pytest.mark.parametrize("layer", [0, 1])
def test_resampled_seeds_are_those_of_scipy(two, layer, interval):
    option = pk.Bootstrap(resamples=4000, interval=interval, confidence=0.8)
    found = compare_histories(*two, uncertainty=option).total_variance.isel(layer=layer)
    x, y = (of_layer(side, layer) for side in two)
    theirs = scipy.stats.bootstrap(
        (x, y),
        lambda x, y, axis: y.mean(axis=axis) - x.mean(axis=axis),
        n_resamples=4000,
        confidence_level=0.8,
        method={"bca": "BCa"}.get(interval, interval),
        rng=0,
    )
    ours = found.sel(comparison=["lower", "upper"])
    np.testing.assert_allclose(ours, theirs.confidence_interval, atol=theirs.standard_error / 8)
    below = (theirs.bootstrap_distribution <= 0).mean()
    expected = 2 * min(below, 1 - below)
    assert float(found.sel(comparison="p")) == pytest.approx(expected, abs=0.02)


def test_two_sides_are_drawn_apart(notebook):
    """A history and itself: were the draws the same, the interval would be a point."""
    table = compare_histories(notebook, notebook, uncertainty=pk.Bootstrap(resamples=50))
    lower, upper = table.total_variance.sel(comparison=["lower", "upper"])
    assert (lower < 0).all()
    assert (upper > 0).all()


def test_what_cannot_be_compared(notebook):
    with pytest.raises(OptionError, match=r"no score in common; a has .*, b has none"):
        compare_histories(notebook, notebook[["epoch", "seed"]])
    renamed = notebook.assign_coords(layer=["a", "b", "c"])
    with pytest.raises(OptionError, match=r"a, b: linear_r2 has no layer in common"):
        compare_histories(notebook, renamed)
    with pytest.raises(OptionError, match=r"confidence=0: must lie"):
        compare_histories(notebook, notebook, confidence=0)
    with pytest.raises(OptionError, match=r"correction='no': not a choice"):
        compare_histories(notebook, notebook, correction="no")
    with pytest.raises(OptionError, match=r"uncertainty: a CrossValidation; give a Bootstrap or"):
        compare_histories(notebook, notebook, uncertainty=pk.CrossValidation())
    with pytest.raises(OptionError, match=r"uncertainty: groups are of examples; seeds have none"):
        compare_histories(notebook, notebook, uncertainty=pk.Bootstrap(groups=[0, 1]))
