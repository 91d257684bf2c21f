"""How `probekit compare` tests two histories: options, words, JSON."""

import json

import numpy as np
import pytest

import probekit as pk
from probekit.history import HistoryWriter, compare_histories, make_attributes


@pytest.fixture
def two(history):
    """Two histories of three seeds; the second has 0.05 and some noise more."""
    a = pk.open_history(history("a.nc"))
    noise = np.random.default_rng(0).normal(0.05, 0.005, a.linear_r2.shape)
    b = a.assign(linear_r2=a.linear_r2 + noise.astype(np.float32)).load()
    with HistoryWriter("b.nc", attributes=a.attrs) as writer:
        writer.append(b)
        writer.finish()
    return a, b


FEW = "probekit: warning: {}\n".format


def first(done, warning=""):
    assert (done.code, done.err) == (0, warning)
    return json.loads(done.out)["scores"]["linear_r2"][0]


@pytest.mark.filterwarnings("ignore:.* of 3 seeds")
@pytest.mark.parametrize("test", ["t", "signs", "wilcoxon"])
def test_seeds_as_pairs(probekit, two, test):
    said = f"{test} of 3 seeds: p is at least 0.25, whatever the data; use at least 6 seeds, or t."
    done = probekit("compare", "a.nc", "b.nc", "--test", test, "--json")
    found = first(done, FEW(said) if test != "t" else "")
    a, b = two
    wanted = a.probekit.compare({}, b, test=test).linear_r2.sel(layer="hidden_0", feature="linear")
    assert set(found) == {"layer", "feature", *wanted.comparison.values.tolist()}
    for part, value in wanted.to_series().items():
        assert found[part] == (pytest.approx(value) if np.isfinite(value) else None)
    assert found["n"] == 3


def test_a_small_difference_is_never_minus_zero(probekit, two):
    (two[0] - 1e-6).to_netcdf("lower.nc")
    lines = probekit("compare", "a.nc", "lower.nc").out.splitlines()
    (row,) = (line for line in lines if line.startswith("  hidden_0, linear "))
    assert row.split()[4] == "+0.000"


def test_scores_of_other_features_are_left_out(probekit, two):
    a, b = two
    features = [f"other {name}" for name in b.feature.values]
    b.assign_coords(feature=features).to_netcdf("others.nc")
    found = json.loads(probekit("compare", "a.nc", "others.nc", "--json").out)
    kept = {
        name for name in a.data_vars if a[name].dtype.kind == "f" and "feature" not in a[name].dims
    }
    assert found["scores"].keys() == kept
    assert {f"feature {name}" for name in (*a.feature.values, *features)} <= {*found["left_out"]}
    done = probekit("compare", "a.nc", "others.nc", "--variables", "linear_r2")
    assert done.code == 2
    assert done.err == "probekit: a, b: linear_r2 has no feature in common.\n"
    b[["linear_r2"]].assign_coords(feature=features).to_netcdf("none.nc")
    assert probekit("compare", "a.nc", "none.nc").err == done.err


@pytest.mark.filterwarnings("ignore:seeds")
def test_seeds_resampled_and_shuffled(probekit, two):
    words = ("compare", "a.nc", "b.nc", "--json", "--confidence", "0.8", "--correction", "none")
    done = probekit(*words, "--bootstrap", "60")
    assert done.err.startswith("probekit: warning: seeds: 3; a bootstrap of so few holds the truth")
    found = first(done, done.err)
    bootstrap = pk.Bootstrap(resamples=60, confidence=0.8)
    wanted = compare_histories(*two, uncertainty=bootstrap).linear_r2
    wanted = wanted.sel(layer="hidden_0", feature="linear")
    for part in ("lower", "upper", "p"):
        assert found[part] == pytest.approx(float(wanted.sel(comparison=part)))
    assert found["p_corrected"] == found["p"]
    said = "19 shuffles of 3 and 3 seeds: p is at least 0.1, whatever the data; use more of both, "
    found = first(probekit(*words, "--permutations", "1000"), FEW(f"{said}or Welch's t."))
    assert found["p"] == 2 * 1 / 20, "one of the twenty ways to divide six seeds, and its mirror"


def test_the_words_say_what_was_done(probekit, two):
    words = ("compare", "a.nc", "b.nc", "--variables", "linear_r2")
    for given, said in [
        (("--bootstrap", "60"), "60 resamples of the seeds of a and of b, as independent; p corr"),
        (("--permutations", "9"), "p from 9 shuffles of seeds between a and b, interval of Welch"),
        (("--test", "t"), "t of the differences, seeds with the same number as pairs; p corrected"),
        (("--correction", "none"), "Welch's t of the means, seeds of a and of b as independent\n"),
        (
            ("--alternative", "less", "--correction", "none"),
            "Welch's t of the means, seeds of a and of b as independent; one-sided p, for b below",
        ),
    ]:
        assert f"  test  {said}" in probekit(*words, *given).out
    done = probekit(*words, "--test", "t", "--confidence", "0.9")
    (head,) = (line for line in done.out.splitlines() if "interval" in line)
    assert head.split() == ["a", "b", "b", "−", "a", "90", "%", "interval", "p"]


MODEL = """
import numpy as np
import probekit as pk

x = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
features = {"sum": x.sum(axis=1), "first": x[:, 0]}
noise = np.random.default_rng(1).normal(size=x.shape).astype(np.float32)

def a():
    return pk.extractors.arrays({"layer": x + 3 * noise}), None, features

def b():
    return pk.extractors.arrays({"layer": x + noise}), None, features
"""


@pytest.mark.slow
def test_resamples_that_were_kept(probekit, tmp_path):
    (tmp_path / "noisy.py").write_text(MODEL)
    for name in "ab":
        words = ("--bootstrap", "50", "--keep-resamples", "-o", f"{name}.nc", "-q")
        assert probekit("probe", f"noisy.py:{name}", *words).code == 0
    found = first(probekit("compare", "a.nc", "b.nc", "--test", "bootstrap", "--json"))
    a, b = (pk.open_history(f"{name}.nc") for name in "ab")
    each = (b.linear_r2_resamples - a.linear_r2_resamples).sel(feature=found["feature"])
    bounds = np.quantile(each.values.ravel(), [0.025, 0.975])
    assert [found["lower"], found["upper"]] == pytest.approx(bounds, rel=1e-5)
    assert found["n"] == 50
    words = ("compare", "a.nc", "b.nc", "--test", "bootstrap", "--interval")
    found = first(probekit(*words, "basic", "--json"))
    mirrored = 2 * found["difference"] - bounds[::-1]
    assert [found["lower"], found["upper"]] == pytest.approx(mirrored, rel=1e-4)
    assert "that both keep, interval basic; p corrected" in probekit(*words, "basic").out
    done = probekit(*words, "bca")
    assert "--interval bca: the histories keep too little for it. Probe both" in done.complaint
    assert list(json.loads(probekit("show", "a.nc", "--json").out)["scores"]) == ["linear_r2"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--test", "t", "--bootstrap", "9"), "--test, --bootstrap: give one of them."),
        (("--permutations", "9", "--bootstrap", "9"), "--bootstrap, --permutations: give one of"),
        (("--bootstrap", "1"), "--bootstrap 1: must be at least 2."),
        (("--permutations", "0"), "--permutations 0: must be at least 2."),
        (("--confidence", "95"), "--confidence 95: must lie between 0 and 1, e.g. 0.95."),
        (("--confidence", "-2"), "--confidence -2: must lie between 0 and 1."),
        (("--interval", "bca"), "--interval bca: is of a bootstrap; give --bootstrap N or --test"),
        (
            ("--test", "bootstrap"),
            "--test bootstrap: no score of both keeps resamples. "
            "Probe both with --bootstrap N --keep-resamples.",
        ),
    ],
)
def test_wrong_options(probekit, two, words, said):
    done = probekit("compare", "a.nc", "b.nc", *words)
    assert done.code == 2
    assert done.complaint.startswith(f"probekit: {said}")


@pytest.mark.filterwarnings("ignore:.*seeds")
@pytest.mark.parametrize(
    "words", [(), ("--test", "t"), ("--bootstrap", "60"), ("--permutations", "30")]
)
def test_one_sided(probekit, two, words):
    a, b = two
    p = {}
    for side in ("greater", "less"):
        done = probekit("compare", "a.nc", "b.nc", "--json", *words, "--alternative", side)
        answer = json.loads(done.out)
        assert answer["alternative"] == side
        p[side] = answer["scores"]["linear_r2"][0]["p"]
    assert p["greater"] < 0.1 < 0.9 < p["less"]
    if words == ("--test", "t"):
        wanted = a.probekit.compare({}, b, test="t", alternative="less").linear_r2
        wanted = wanted.sel(layer="hidden_0", feature="linear", comparison="p")
        assert p["less"] == pytest.approx(float(wanted))


def test_words_that_are_no_choice(probekit, two):
    assert "'welsh' is not a choice; did you mean 'welch'?" in (
        probekit("compare", "a.nc", "b.nc", "--test", "welsh").err
    )
    assert "'hol' is not a choice" in probekit("compare", "a.nc", "b.nc", "--correction", "hol").err


def test_pairs_that_there_are_not(probekit, two):
    _, b = two
    for name, dataset in [("c.nc", b.assign_coords(seed=[7, 8, 9])), ("d.nc", b.isel(seed=0))]:
        lead = ("seed", "epoch") if "seed" in dataset.dims else ("epoch",)
        attributes = make_attributes("my-task")
        with HistoryWriter(name, attributes=attributes, lead=lead) as writer:
            writer.append(dataset.drop_vars("seed") if lead == ("epoch",) else dataset)
            writer.finish()
    done = probekit("compare", "a.nc", "c.nc", "--test", "t")
    assert done.complaint == (
        "probekit: --test t: a and b have no seed in common. "
        "Give --test welch, which takes them as independent."
    )
    done = probekit("compare", "a.nc", "d.nc", "--test", "signs")
    assert done.complaint.startswith("probekit: --test signs: no score of both has the axis 'seed'")


def test_resamples_to_keep_need_more(probekit, tmp_path):
    (tmp_path / "noisy.py").write_text(MODEL)
    for words, said in [
        (("--bootstrap", "9"), "--keep-resamples: give --output FILE too."),
        (("-o", "x"), "--keep-resamples: give --bootstrap N too."),
    ]:
        done = probekit("probe", "noisy.py:a", "--keep-resamples", *words)
        assert (done.code, done.complaint) == (2, f"probekit: {said}")


def test_a_long_table_is_cut_and_says_so(probekit):
    import numpy as np
    import xarray as xr

    layers = [f"layer_{place}" for place in range(100)]
    scores = (("seed", "epoch", "layer"), np.full((1, 1, 100), 0.5))
    coords = {"seed": [0], "epoch": [1], "layer": layers}
    xr.Dataset({"total_variance": scores}, coords, {"probekit_version": "1"}).to_netcdf("l.nc")
    shown = probekit("compare", "l.nc", "l.nc").out
    assert "layer_99 " in shown
    assert "layer_50" not in shown
    assert "  …: rows that are not shown; --json has all 100.\n" in shown
