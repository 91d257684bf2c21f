"""Weights, folds and corrections against SciPy and scikit-learn."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import pdist, squareform
from scipy.stats import false_discovery_control, spearmanr
from sklearn.model_selection import GroupKFold, KFold

import probekit as pk
from probekit.errors import OptionError, ProbekitWarning, ShapeError
from probekit.inference import corrected, p_value_of, warn_of_few_resamples
from probekit.measures.reweighting import compare_rdms_weighted
from probekit.measures.shuffling import compare_rdms_shuffled
from tests.optional import optional


def test_counts_of_conditions_are_equal_within_them():
    conditions = np.array(list("aabbbc"))
    weights = pk.Bootstrap(resamples=20, groups=conditions).weights(6)
    assert (weights[:, 0] == weights[:, 1]).all()
    assert (weights[:, [0, 2, 5]].sum(axis=1) == 3).all()
    assert (weights == pk.Bootstrap(resamples=20, groups=conditions).weights(6)).all()
    assert (weights != pk.Bootstrap(resamples=20, groups=conditions, seed=1).weights(6)).any()


def test_half_samples_hold_each_example_once():
    weights = pk.Bootstrap(resamples=50, replace=False).weights(9)
    assert set(np.unique(weights)) == {0, 1}
    assert sorted(set(weights.sum(axis=1))) == [4, 5]


@pytest.mark.parametrize("seed", [None, 3])
@pytest.mark.parametrize("grouped", [False, True])
def test_folds_are_those_of_scikit_learn(grouped, seed):
    groups = np.repeat(np.arange(6), 4)
    kind, of_groups = (GroupKFold, {"groups": groups}) if grouped else (KFold, {})
    shuffle = seed is not None
    ours = pk.CrossValidation(folds=3, seed=seed or 0, shuffle=shuffle, **of_groups).weights(24)
    splits = kind(3, shuffle=shuffle, random_state=seed).split(groups, **of_groups)
    for fold, (_, rows) in enumerate(splits):
        assert np.flatnonzero(ours[fold]).tolist() == rows.tolist()


def test_shuffles_within_groups_stay_there():
    groups = np.array([0, 1, 0, 1, 0, 1])
    orders = pk.Permutation(resamples=10, groups=groups).orders(6)
    assert (groups[orders] == groups).all()
    assert (np.sort(orders, axis=1) == np.arange(6)).all()
    assert len(np.unique(orders, axis=0)) > 3
    assert (orders != pk.Permutation(resamples=10, groups=groups, seed=1).orders(6)).any()


def test_whole_groups_change_places_with_those_of_their_size():
    groups = np.array(list("abacbcddd"))
    orders = pk.Permutation(resamples=60, groups=groups, whole=True).orders(9)
    at = {label: np.flatnonzero(groups == label) for label in "abcd"}
    assert (orders[:, at["d"]] == at["d"]).all(), "there is no other of three"
    ways = set()
    for row in orders:
        labels = [str(groups[row[at[group][0]]]) for group in "abc"]
        for group, label in zip("abc", labels, strict=True):
            np.testing.assert_array_equal(row[at[group]], at[label])
        ways.add("".join(labels))
    assert sorted(ways) == ["abc", "acb", "bac", "bca", "cab", "cba"]


@pytest.mark.parametrize("method", ["bh", "by"])
def test_false_discovery(method):
    p = np.random.default_rng(0).uniform(size=(3, 4)) ** 2
    ours = corrected(p, method=f"fdr_{method}")
    np.testing.assert_allclose(ours.ravel(), false_discovery_control(p.ravel(), method=method))


def test_holm_by_hand():
    # sorted 0.01, 0.02, 0.04 times 3, 2, 1, never falling
    np.testing.assert_allclose(corrected([0.04, 0.01, np.nan, 0.02]), [0.04, 0.03, np.nan, 0.04])
    np.testing.assert_allclose(corrected([0.5, 0.6, 0.04], method="none"), [0.5, 0.6, 0.04])
    assert corrected([0.9, 0.8]).tolist() == [1, 1]
    assert corrected([0.0, 1.0]).tolist() == [0, 1]
    with pytest.raises(OptionError, match=r"p: from 0.5 to 1.5; p-values lie in \[0, 1\]"):
        corrected([0.5, 1.5])


def test_bonferroni_by_hand():
    p = [0.01, np.nan, 0.4, 0.02]
    np.testing.assert_allclose(corrected(p, method="bonferroni"), [0.03, np.nan, 1, 0.06])
    assert (corrected(p, method="bonferroni")[[0, 2, 3]] >= corrected(p)[[0, 2, 3]]).all()


@pytest.mark.parametrize("replace", [True, False])
def test_resamples_spread_as_means_do(replace):
    """The variance of a mean is s²/n; of examples that come in groups that of the groups' means."""
    generator = np.random.default_rng(0)
    values = np.repeat(generator.normal(size=40), 5)
    for groups, expected in [(None, values.var() / 200), (np.arange(200) // 5, values.var() / 40)]:
        option = pk.Bootstrap(resamples=4000, replace=replace, groups=groups)
        weights = option.weights(200)
        means = weights @ values / weights.sum(axis=1)
        assert means.var() == pytest.approx(expected, rel=0.1)


def test_halves_of_an_odd_number_spread_hardly_more():
    """Of 7 by 50 / 48; were 3 drawn each time, by a third."""
    values = np.random.default_rng(0).normal(size=7)
    weights = pk.Bootstrap(resamples=4000, replace=False).weights(7)
    assert sorted(set(weights.sum(axis=1))) == [3, 4]
    means = weights @ values / weights.sum(axis=1)
    assert means.var() == pytest.approx(values.var(ddof=1) / 7 * 50 / 48, rel=0.05)


def test_a_resample_is_the_same_in_any_block():
    groups = np.arange(8) // 2
    for option, draw in [
        (pk.Bootstrap(resamples=9), "weights"),
        (pk.Bootstrap(resamples=9, replace=False), "weights"),
        (pk.Permutation(resamples=9), "orders"),
        (pk.Permutation(resamples=9, groups=groups), "orders"),
    ]:
        whole = getattr(option, draw)(8)
        assert len(whole) == 9
        np.testing.assert_array_equal(getattr(option, draw)(8, range(4, 6)), whole[4:6])


def test_text_tells_groups_by_their_number():
    text = pk.Bootstrap(groups=["a", "b", "b"], keep=True).text()
    assert text.startswith("Bootstrap(groups=<2:")
    assert ">, seed=0, resamples=1000, " in text
    other = pk.Bootstrap(groups=["a", "a", "b"], keep=True).text()
    assert other != text, "as many groups, but others: resamples of the two are no pairs"
    assert pk.Bootstrap(groups=[7, 8, 8], keep=True).text() == text
    assert pk.Bootstrap(resamples=np.int64(9)).text() == pk.Bootstrap(resamples=9).text()


def test_p_values_count_the_score_itself():
    null = np.array([[1.0], [2.0], [3.0], [np.nan]])
    for alternative, expected in [("greater", 3 / 5), ("less", 4 / 5), ("two-sided", 1.0)]:
        option = pk.Permutation(resamples=4, alternative=alternative)
        assert p_value_of(np.array([2.5]), null, option).tolist() == [expected]
    assert np.isnan(p_value_of(np.array([np.nan]), null, pk.Permutation())).all()


@pytest.mark.parametrize("alternative", ["greater", "less", "two-sided"])
def test_what_only_rounding_tells_from_the_score_is_as_extreme(alternative):
    ties = 0.3 * (1 + 1e-8 * np.array([-1, 0, 1]))
    option = pk.Permutation(resamples=3, alternative=alternative)
    assert p_value_of(np.array(0.3), ties, option) == 1


def test_few_orders_are_too_few_for_two_sides_first():
    """Of 24, one is 4 %; warnings are errors here."""
    warn_of_few_resamples(pk.Permutation(), examples=4)
    with pytest.warns(ProbekitWarning, match=r"examples: 24 orders .* p is some 0\.083 at least"):
        warn_of_few_resamples(pk.Permutation(alternative="two-sided"), examples=4)


COMPARED = {
    "pearson": lambda u, v: np.corrcoef(u, v)[0, 1],
    "spearman": lambda u, v: spearmanr(u, v).statistic,
    "cosine": lambda u, v: u @ v / np.linalg.norm(u) / np.linalg.norm(v),
}


@pytest.mark.parametrize("comparison", ["pearson", "spearman", "cosine"])
def test_weighted_comparison_is_that_of_copies(comparison):
    """Rows repeated, then the pairs of an example with itself left out, in NumPy and SciPy."""
    generator = np.random.default_rng(0)
    a, b = (squareform(generator.integers(1, 9, 45).astype(float)) for _ in range(2))
    weights = pk.Bootstrap(resamples=30).weights(10)
    found = compare_rdms_weighted(a, b, weights, comparison=comparison)
    for weight, value in zip(weights, found, strict=True):
        drawn = np.repeat(np.arange(10), weight.astype(int))
        i, j = np.triu_indices(10, k=1)
        i, j = drawn[i], drawn[j]
        u, v = a[i, j][i != j], b[i, j][i != j]
        assert value == pytest.approx(COMPARED[comparison](u, v), abs=1e-10)


@pytest.mark.parametrize("comparison", ["pearson", "spearman", "cosine"])
def test_weighted_comparison_of_conditions(comparison):
    """Copies of a condition are no pairs of conditions; each has its own pairs within."""
    generator = np.random.default_rng(0)
    a, b = (squareform(generator.integers(1, 9, 66).astype(float)) for _ in range(2))
    conditions = np.array(list("aaabbcdddeef"))
    weights = pk.Bootstrap(resamples=30, groups=conditions).weights(12)
    found = compare_rdms_weighted(a, b, weights, comparison=comparison, groups=conditions)
    for weight, value in zip(weights, found, strict=True):
        drawn = np.repeat(np.arange(12), weight.astype(int))
        # the first, second, … copy of its condition
        copy = np.concatenate([np.arange(count) for count in weight.astype(int)])
        i, j = np.triu_indices(len(drawn), k=1)
        same = conditions[drawn[i]] == conditions[drawn[j]]
        kept = (drawn[i] != drawn[j]) & (~same | (copy[i] == copy[j]))
        pairs = drawn[i][kept], drawn[j][kept]
        assert value == pytest.approx(COMPARED[comparison](a[pairs], b[pairs]), abs=1e-10)
    alone = compare_rdms_weighted(a, b, weights, comparison=comparison, groups=np.arange(12))
    np.testing.assert_allclose(
        alone, compare_rdms_weighted(a, b, weights, comparison=comparison), atol=1e-12
    )


def test_whole_groups_change_places_with_those_that_lack_the_same():
    """Whatever their order; and where all are there as if nothing had been left out."""
    generator = np.random.default_rng(0)
    groups = generator.permutation(np.repeat(np.arange(9), 4))
    within = np.array([(groups[:i] == group).sum() for i, group in enumerate(groups)])
    kept = np.flatnonzero(within != groups % 3)  # each lacks one of the first three
    option = pk.Permutation(resamples=50, groups=groups, whole=True)
    some = option.at(kept)
    assert some.ways(len(kept)) == pytest.approx(6**3)
    orders = some.orders(len(kept))
    assert (within[kept][orders] == within[kept]).all()
    assert (groups[kept][orders] % 3 == groups[kept] % 3).all()
    for order in orders:
        pairs = set(zip(groups[kept].tolist(), groups[kept][order].tolist(), strict=True))
        assert len(pairs) == 9, "groups stay together"
    assert len(np.unique(orders, axis=0)) > 25
    everything = option.at(np.arange(36))
    np.testing.assert_array_equal(everything.orders(36), option.orders(36))
    again = some.at(np.arange(len(kept)))
    np.testing.assert_array_equal(again.orders(len(kept)), orders)


@pytest.mark.parametrize(
    ("option", "examples", "ways"),
    [
        (pk.Permutation(), 4, 24),
        (pk.Permutation(groups=list("aabbbc")), 6, 12),
        (pk.Permutation(groups=list("aabbccd"), whole=True), 7, 6),
    ],
)
def test_ways_to_shuffle_are_those_that_are_met(option, examples, ways):
    many = dataclasses.replace(option, resamples=400)
    assert len(np.unique(many.orders(examples), axis=0)) == ways
    assert option.ways(examples) == pytest.approx(ways)
    assert pk.Permutation().ways(10**6) == 1e300, "no overflow"


def test_weighted_comparison_needs_whole_groups():
    a = squareform(np.arange(1.0, 7))
    with pytest.raises(OptionError, match="groups: examples of one group have unlike weights"):
        compare_rdms_weighted(a, a, [[1, 2, 1, 1]], groups=[0, 0, 1, 1])
    with pytest.raises(ShapeError, match=r"groups: shape \(3,\); there are 4 examples"):
        compare_rdms_weighted(a, a, [[1, 1, 1, 1]], groups=[0, 0, 1])


def test_shuffled_comparison_of_what_is_undefined():
    a = squareform(np.arange(1.0, 7))
    hole = a.copy()
    hole[0, 1] = hole[1, 0] = np.nan
    orders = [[0, 1, 2, 3], [3, 1, 0, 2]]
    assert compare_rdms_shuffled(a, a, orders)[0] == pytest.approx(1)
    for square in (hole, np.ones((4, 4))):
        assert np.isnan(compare_rdms_shuffled(square, a, orders)).all()
        assert np.isnan(compare_rdms_shuffled(a, square, orders, comparison="spearman")).all()
    with pytest.raises(ShapeError, match=r"shapes \(4, 4\), \(4, 4\), \(2, 3\)"):
        compare_rdms_shuffled(a, a, np.zeros((2, 3), int))
    with pytest.raises(OptionError, match="comparison='kendall': not a choice"):
        compare_rdms_shuffled(a, a, orders, comparison="kendall")


PEERS = [("pearson", "corr"), ("cosine", "cosine"), ("spearman", "spearman")]


@pytest.fixture(scope="module")
def rdms_of_conditions():
    """Of 15 conditions, by two measurements that have something in common."""
    generator = np.random.default_rng(0)
    signal = generator.normal(size=(15, 4))
    return [
        squareform(pdist(signal + generator.normal(size=(15, 4)), "sqeuclidean")) for _ in range(2)
    ]


@pytest.mark.parametrize(("comparison", "peer"), PEERS)
def test_resampled_conditions_are_those_of_rsatoolbox(rdms_of_conditions, comparison, peer):
    """The same draws: it, too, leaves out the zeros between copies of one condition."""
    rsatoolbox = optional("rsatoolbox")
    weights = pk.Bootstrap(resamples=20).weights(15)
    a, b = (rsatoolbox.rdm.RDMs(rdm[None]) for rdm in rdms_of_conditions)
    drawn = [np.repeat(np.arange(15), weight.astype(int)) for weight in weights]
    theirs = [
        rsatoolbox.rdm.compare(
            a.subsample_pattern("index", rows), b.subsample_pattern("index", rows), method=peer
        ).item()
        for rows in drawn
    ]
    ours = compare_rdms_weighted(*rdms_of_conditions, weights, comparison=comparison)
    np.testing.assert_allclose(ours, theirs, atol=1e-10)


@pytest.mark.slow
@pytest.mark.parametrize(("comparison", "peer"), PEERS)
def test_variance_over_conditions_is_that_of_rsatoolbox(rdms_of_conditions, comparison, peer):
    """From 4000 draws of its own and of ours.

    Found, theirs and ours: pearson 0.0251, 0.0247; cosine 0.00323, 0.00327; spearman 0.0276,
    0.0279.
    """
    rsatoolbox = optional("rsatoolbox")
    model, data = (rsatoolbox.rdm.RDMs(rdm[None]) for rdm in rdms_of_conditions)
    np.random.seed(0)
    result = rsatoolbox.inference.eval_bootstrap_pattern(
        rsatoolbox.model.ModelFixed("model", model),
        data,
        method=peer,
        N=4000,
        boot_noise_ceil=False,
    )
    weights = pk.Bootstrap(resamples=4000).weights(15)
    ours = compare_rdms_weighted(*rdms_of_conditions, weights, comparison=comparison)
    assert np.var(ours, ddof=1) == pytest.approx(np.var(result.evaluations, ddof=1), rel=0.1)
    assert np.mean(ours) == pytest.approx(np.mean(result.evaluations), abs=0.01)


def test_weighted_comparison_of_what_is_undefined():
    a = squareform(np.arange(1.0, 7))
    hole = a.copy()
    hole[0, 1] = hole[1, 0] = np.nan
    weights = [[1, 1, 1, 1], [0, 1, 1, 1]]
    found = compare_rdms_weighted(hole, a, weights)
    assert np.isnan(found[0])
    assert found[1] == pytest.approx(1)
    assert np.isnan(compare_rdms_weighted(np.ones((4, 4)), a, weights)).all()
    with pytest.raises(ShapeError, match=r"shapes \(4, 4\), \(4, 4\), \(2, 3\)"):
        compare_rdms_weighted(a, a, np.ones((2, 3)))
    with pytest.raises(OptionError, match="comparison='kendall': not a choice"):
        compare_rdms_weighted(a, a, weights, comparison="kendall")


def test_folds_take_seeds_of_any_size():
    first, second = (pk.CrossValidation(seed=seed).weights(40) for seed in (2**40, 2**40 + 1))
    assert first.sum() == 40
    assert (first != second).any()


def test_masked_p_values_are_no_tests():
    masked = np.ma.masked_array([0.04, 0.001], [False, True])
    np.testing.assert_allclose(corrected(masked), [0.04, np.nan])
    with pytest.raises(OptionError, match="p: a list; give an array of p-values"):
        corrected(["a"])


def test_texts_beside_numbers_are_labels():
    mixed = np.array(["a", 1, "a", 2], dtype=object)
    assert pk.Bootstrap(groups=mixed).places(4).tolist() == [0, 1, 0, 2]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: pk.Bootstrap(resamples=1), "resamples=1: must be at least 2"),
        (lambda: pk.Bootstrap(resamples=1e3), "resamples=1000.0: must be a whole number, at lea"),
        (lambda: pk.Bootstrap(confidence=95), "confidence=95: must lie between 0 and 1"),
        (lambda: pk.Bootstrap(interval="bc"), "interval='bc': not a choice; did you mean 'bca'"),
        (
            lambda: pk.Bootstrap(interval="bca", replace=False),
            r"interval='bca': supposes draws with replacement. Give replace=True, or int",
        ),
        (lambda: pk.Bootstrap(groups=[1] * 4).weights(4), "groups: 1; at least 2"),
        (lambda: pk.Bootstrap(groups=[1, 2]).weights(4), r"groups: shape \(2,\); there"),
        (
            lambda: pk.Bootstrap(groups="bit").weights(4),
            "groups: a str; give an array of labels.",
        ),
        (
            lambda: pk.Bootstrap(groups=[1, np.nan, 2, 2]).weights(4),
            "groups: 1 of 4 labels are missing .NaN or None.; give one for each of the examples.",
        ),
        (
            lambda: pk.Bootstrap(groups=pd.array([1, None, 2, 2], dtype="Int64")).weights(4),
            "groups: 1 of 4 labels are missing",
        ),
        (lambda: pk.Bootstrap(groups=[]).weights(4), r"groups: shape \(0,\); there are 4"),
        (lambda: pk.Bootstrap(groups=[[1], [1, 2]] * 2).weights(4), "groups: 4 lists; there are 4"),
        (lambda: pk.Bootstrap(seed=-1), "seed=-1: must be at least 0"),
        (lambda: pk.CrossValidation(seed=None), "seed=None: must be a whole number"),
        (lambda: pk.Permutation(seed=1.5), "seed=1.5: must be a whole number"),
        (lambda: pk.Permutation(groups=["a", None, "b", "b"]).orders(4), "groups: 1 of 4 labels"),
        (lambda: pk.Bootstrap(confidence="95"), "confidence='95': must lie between 0 and 1"),
        (lambda: pk.CrossValidation(folds=1), "folds=1: must be at least 2"),
        (lambda: pk.CrossValidation(folds=9).weights(4), "folds=9: more than the 4 examples"),
        (
            lambda: pk.CrossValidation(folds=3, groups=[0, 0, 1, 1]).weights(4),
            "folds=3: more than the 2 groups",
        ),
        (lambda: pk.Permutation(groups=np.arange(4)).orders(4), "groups: one example each"),
        (
            lambda: pk.Permutation(whole=True),
            "whole=True: there are no groups. Give gr",
        ),
        (
            lambda: pk.Permutation(whole=True, groups=list("abb")).orders(3),
            "whole=True: groups are of unlike size, or lack unlike examples; at least 2 that",
        ),
        (lambda: pk.Permutation().orders(1), "examples: 1; at least 2 are needed to shuffle"),
        (lambda: pk.Bootstrap().weights(1), "examples: 1; at least 2 are needed to resample"),
        (lambda: pk.Permutation(alternative="more"), "alternative='more': not a choice"),
        (lambda: pk.Permutation(correction="bonferoni"), "correction='bonferoni': not a choice"),
    ],
)
def test_errors(make, message):
    with pytest.raises(OptionError, match=message):
        make()
