"""Assertions about representations, on Datasets made by hand."""

import re

import numpy as np
import pytest
import xarray as xr

from probekit.errors import HistoryError, OptionError, UnknownNameError
from probekit.history import Status
from probekit.testing import assert_represented, assert_similar, assert_unchanged
from probekit.testing.baseline import load, save
from probekit.testing.differences import ROWS


def probed(r2, status=None, **coords):
    """Scores of two layers and two features, as `probe` returns them."""
    coords = {"layer": ["first", "second"], "feature": ["xor", "and"], **coords}
    dims = (*(dim for dim in coords if dim not in ("layer", "feature")), "layer", "feature")
    variables = {"linear_r2": (dims, np.asarray(r2, np.float32))}
    if status is not None:
        variables["linear_r2_status"] = (dims, np.asarray(status, np.int8))
    return xr.Dataset(variables, coords)


def seeds(scores):
    """One score a seed."""
    return xr.Dataset({"linear_r2": ("seed", np.asarray(scores))}, {"seed": np.arange(len(scores))})


ONE = probed([[0.5, 0.1], [0.01, 0.2]])


def test_a_score_within_its_bounds_passes():
    assert_represented(ONE, feature="xor", layer="first")
    assert_represented(ONE, feature=["xor", "and"], layer="first", at_most=0.6)
    assert_represented(ONE, feature="xor", layer="second", at_least=None, at_most=0.02)
    assert_represented(ONE, feature="and")


def test_a_score_out_of_its_bounds_is_named():
    expected = "feature 'xor' in layer 'second': linear_r2 is 0.01; must be at least 0.05."
    with pytest.raises(AssertionError, match=f"^{re.escape(expected)}$"):
        assert_represented(ONE, feature="xor", layer="second")
    with pytest.raises(AssertionError, match=r"is 0\.5; must be at most 0\.3"):
        assert_represented(ONE, feature="xor", layer="first", at_most=0.3)


def test_of_several_scores_those_that_fail_are_named():
    with pytest.raises(AssertionError) as caught:
        assert_represented(ONE, at_least=0.15)
    head, *lines = str(caught.value).splitlines()
    assert head == "2 of 4 scores are not at least 0.15:"
    assert [line.split(":")[0].strip() for line in lines] == [
        "feature 'and' in layer 'first'",
        "feature 'xor' in layer 'second'",
    ]


def test_over_seeds_the_end_of_the_interval_counts():
    ds = seeds([0.4, 0.5, 0.6])  # 0.252 to 0.748
    assert_represented(ds, at_least=0.25, at_most=0.75)
    with pytest.raises(
        AssertionError, match=r"the lower end must be at least 0\.26; the mean keep"
    ):
        assert_represented(ds, at_least=0.26)
    with pytest.raises(AssertionError, match=r"the upper end must be at most 0\.74"):
        assert_represented(ds, at_most=0.74)
    with pytest.raises(AssertionError, match="over 3 seeds") as caught:
        assert_represented(ds, at_least=0.7)
    assert "more seeds" not in str(caught.value)


def test_the_confidence_is_that_of_the_interval():
    ds = seeds([0.4, 0.5, 0.6])
    assert_represented(ds, at_least=0.3, confidence=0.8)
    with pytest.raises(AssertionError, match=r"99 % interval"):
        assert_represented(ds, at_least=0.2, confidence=0.99)
    with pytest.raises(OptionError, match="confidence=95"):
        assert_represented(ds, confidence=95)


def test_one_seed_has_no_interval():
    assert_represented(seeds([0.5]), at_least=0.5)
    with pytest.raises(AssertionError, match="one seed, so no interval"):
        assert_represented(seeds([0.5]), at_least=0.6)


def test_of_a_history_the_last_recorded_row_of_each_seed_counts():
    r2 = [[0.9, 0.1, 0.5], [0.9, 0.5, np.nan]]
    ds = xr.Dataset({"linear_r2": (("seed", "epoch"), r2)}, {"seed": [0, 1], "epoch": [0, 10, 20]})
    assert_represented(ds, at_least=0.5, at_most=0.5)
    assert_represented(ds, at_least=0.9, at={"epoch": 0})
    with pytest.raises(AssertionError, match="over 2 seeds, at epochs 10 to 20"):
        assert_represented(ds, at_least=0.6)
    with pytest.raises(AssertionError, match="at epoch 0"):
        assert_represented(ds, at_least=0.95, at={"epoch": 0})


def test_an_undefined_score_fails_and_says_why():
    status = [[0, 0], [Status.CONSTANT_UNIT, 0]]
    ds = probed([[0.5, 0.1], [np.nan, 0.2]], status)
    with pytest.raises(AssertionError, match=r"NaN \(status: constant unit\); must be at least"):
        assert_represented(ds, feature="xor", layer="second")
    with pytest.raises(AssertionError, match="NaN"):
        assert_represented(ds, feature="xor", layer="second", at_least=None, at_most=1)
    with pytest.raises(AssertionError, match="its status is not in the Dataset; seed 1 of 3"):
        assert_represented(seeds([0.5, np.nan, 0.5]))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"feature": "xro"}, "unknown feature 'xro'; did you mean 'xor'?"),
        ({"layer": ["first", "secnd"]}, "unknown layer 'secnd'; did you mean 'second'?"),
        ({"estimator": "liner_r2"}, "unknown estimator 'liner_r2'; did you mean 'linear_r2'?"),
        ({"at": {"epoc": 1}}, "unknown axis of linear_r2 'epoc'; there are: layer, feature."),
    ],
)
def test_unknown_names_list_near_matches(arguments, message):
    with pytest.raises(UnknownNameError, match=re.escape(message)):
        assert_represented(ONE, **arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"at_least": None}, "nothing is asserted"),
        ({"at_most": 0.01}, "at_least=0.05 is above at_most=0.01; at_least=None leaves it out"),
        ({"at_least": np.nan}, "give a finite number"),
        ({"layer": "first", "at": {"layer": "first"}}, "at: has 'layer'"),
    ],
)
def test_arguments_that_cannot_be_meant(arguments, message):
    with pytest.raises(OptionError, match=re.escape(message)):
        assert_represented(ONE, **arguments)
    with pytest.raises(OptionError, match="ds: a DataArray; give the Dataset"):
        assert_represented(ONE.linear_r2)


def test_of_other_axes_one_label_must_be_chosen():
    ds = probed(np.full((2, 2, 2), 0.5), split=["train", "test"])
    with pytest.raises(
        OptionError, match=re.escape("axes split; choose of each, as in at={'split'")
    ):
        assert_represented(ds)
    assert_represented(ds, at={"split": "test"})


PAIRS = xr.Dataset(
    {"cka": (("layer_a", "layer_b"), [[0.95, 0.2], [0.3, 0.91]])},
    {"layer_a": ["first", "second"], "layer_b": ["first", "second"]},
)


def test_similar_layers():
    assert_similar(PAIRS)
    assert_similar(PAIRS, layers="first", at_least=0.95)
    assert_similar(PAIRS, layers=("first", "second"), at_least=None, at_most=0.25)
    with pytest.raises(AssertionError, match=r"'second', layer_b 'first': cka is 0\.3; must"):
        assert_similar(PAIRS, layers=("second", "first"))
    with pytest.raises(UnknownNameError, match="layer_b 'third'"):
        assert_similar(PAIRS, layers=("first", "third"))
    with pytest.raises(OptionError, match="no layer has a namesake"):
        assert_similar(PAIRS.assign_coords(layer_b=["other", "last"]))
    with pytest.raises(OptionError, match="has no axis 'layer_a'"):
        assert_similar(ONE, estimator="linear_r2")


def test_similar_arrays():
    x = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
    assert_similar(x, 2 * x + 1)
    with pytest.raises(AssertionError, match=r"layer_a 'a', layer_b 'b': cka is 0\.\d+; must"):
        assert_similar(x, x[::-1])
    with pytest.raises(OptionError, match="goes with a Dataset"):
        assert_similar(x, x, layers="first")


def test_things_far_apart_are_not_similar():
    ds = PAIRS.rename(cka="procrustes_distance")
    with pytest.raises(OptionError, match="is a distance"):
        assert_similar(ds, estimator="procrustes_distance")
    assert_similar(ds, estimator="procrustes_distance", at_least=None, at_most=0.96)


def test_unchanged_scores():
    assert_unchanged(ONE, ONE)
    assert_unchanged(ONE + 0.04, ONE)
    with pytest.raises(AssertionError) as caught:
        assert_unchanged(ONE + np.array([[0, 0], [0.06, -0.5]]), ONE)
    title, head, worst, other = str(caught.value).splitlines()
    assert title == "2 of 4 scores are not those of the baseline:"
    assert head.split() == ["variable", "where", "baseline", "now", "difference", "tolerance"]
    assert "feature=and" in worst
    assert worst.split()[-4:] == ["0.2", "-0.3", "-0.5", "0.05"]
    assert "layer=second feature=xor" in other


def test_pairs_of_seeds_are_compared_as_pairs():
    before = seeds([0.1, 0.5, 0.9])
    assert_unchanged(before + 0.04, before)
    assert_unchanged((before + 0.04).isel(seed=[2, 0, 1]), before)
    # Other seeds are other samples, and three of them this far apart show nothing.
    with pytest.raises(AssertionError, match=r"\+0.04 \(-.* to \+.*, n=3\)"):
        assert_unchanged((before + 0.04).assign_coords(seed=[3, 4, 5]), before)


def test_a_mean_within_the_tolerance_is_not_enough():
    before, now = seeds([0.5, 0.5, 0.5]), seeds([0.4, 0.5, 0.6])
    with pytest.raises(AssertionError, match=r"\(-0.248 to \+0.248, n=3\)"):
        assert_unchanged(now, before)
    assert_unchanged(now, before, atol=0.25)
    assert_unchanged(now, before, rtol=0.5, atol=0)
    assert_unchanged(now, before, tolerances={"linear_r2": 0.25})


def test_what_is_missing_or_undefined_has_changed():
    with pytest.raises(AssertionError, match=r"layer=second feature=xor +there +missing"):
        assert_unchanged(ONE.sel(layer=["first"]), ONE)
    assert_unchanged(ONE, ONE.sel(layer=["first"]))
    with pytest.raises(AssertionError, match=r"linear_r2 +there +missing"):
        assert_unchanged(ONE.drop_vars("linear_r2"), ONE)
    undefined = ONE.where(ONE.linear_r2 > 0.05)
    assert_unchanged(undefined, undefined)
    for now, before in ((undefined, ONE), (ONE, undefined)):
        with pytest.raises(AssertionError, match=r"1 of 4"):
            assert_unchanged(now, before)


def test_names_of_what_should_be_unchanged():
    with pytest.raises(UnknownNameError, match="'ckka'"):
        assert_unchanged(PAIRS, PAIRS, estimators="ckka")
    with pytest.raises(UnknownNameError, match="variable in tolerances 'linear'"):
        assert_unchanged(ONE, ONE, tolerances={"linear": 0.1})
    with pytest.raises(OptionError, match="not negative"):
        assert_unchanged(ONE, ONE, atol=-1)


def test_a_baseline_from_a_file(tmp_path):
    path = tmp_path / "folder" / "one.nc"
    ds = ONE.assign_attrs(date="today", task="xor")
    save(ds, path)
    stored = load(path)
    assert stored.linear_r2.identical(ONE.linear_r2)
    assert stored.attrs["task"] == "xor"
    assert "date" not in stored.attrs
    assert [entry.name for entry in path.parent.iterdir()] == ["one.nc"]
    assert_unchanged(ONE, path)
    stored.attrs["numpy_version"] = "1.0"
    with pytest.raises(AssertionError, match=r"written with numpy 1\.0, now 2"):
        assert_unchanged(ONE + 1, stored)
    path.write_bytes(b"nonsense")
    with pytest.raises(HistoryError, match="cannot be read as a baseline"):
        assert_unchanged(ONE, path)
    with pytest.raises(HistoryError, match="no such history"):
        assert_unchanged(ONE, path.parent / "another.nc")


def test_a_long_table_is_cut():
    before = xr.Dataset({"score": ("layer", np.zeros(50))}, {"layer": np.arange(50)})
    with pytest.raises(AssertionError) as caught:
        assert_unchanged(before + np.arange(50), before)
    lines = str(caught.value).splitlines()
    assert len(lines) == 2 + ROWS + 1
    assert "layer=49" in lines[2]
    assert lines[-1].strip() == f"… and {49 - ROWS} more"


@pytest.mark.slow
@pytest.mark.parametrize("estimator", ["rsa", "distance_correlation"])
def test_what_is_made_of_distances_is_none(estimator):
    x = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)
    assert_similar(x, 2 * x, estimator=estimator, at_least=0.9)
