"""`compare` does with L preparations what it would do with L² states, and gives the same scores."""

import itertools
from copy import deepcopy

import numpy as np
import pytest

import probekit as pk
from probekit.errors import ScoreWarning
from probekit.estimators import CKA, RSA
from probekit.measures.directions import grams_cost_less
from probekit.probing import pairs
from probekit.probing.both_models import BothModels
from tests.reference import oracles

EXAMPLES = 40


def layers(count, units=24, seed=0):
    generator = np.random.default_rng(seed)
    hidden = generator.normal(size=(EXAMPLES, units))
    found = {}
    for number in range(count):
        hidden = np.maximum(hidden @ generator.normal(size=(units, units)) / 4, -1) + number
        width = units - (number == 2)  # two widths in all: each is compiled for
        found[f"layer_{number}"] = hidden[:, :width].astype(np.float32)
    return found


A, B = layers(3), layers(2, seed=1)
EXTRACTOR_A, EXTRACTOR_B = pk.extractors.arrays(A), pk.extractors.arrays(B)

SHARED = [
    CKA(),
    CKA(debiased=True),
    CKA(kernel="rbf", examples=EXAMPLES, debiased=True),
    CKA(kernel="max", examples=EXAMPLES),
]


def oracle(estimator, x, y):
    left_out = {"examples", "prior_lambda", "prior_weight"}  # no rates here, for which priors are
    options = {name: value for name, value in vars(estimator).items() if name not in left_out}
    function = oracles.BY_ESTIMATOR[options.pop("name")]
    return function(None, None, x, y, **options)


def compared(estimator, a, b, **options):
    ds = pk.compare(a, b, None, estimators=[estimator], **options)
    return ds[estimator.name]


@pytest.mark.parametrize("estimator", SHARED, ids=repr)
def test_every_pair_equals_its_oracle(estimator):
    units = tuple(x.shape[1] for x in (*A.values(), *B.values()))
    assert estimator.pairing(examples=EXAMPLES, units=units, pairs=6) is not None
    found = compared(estimator, EXTRACTOR_A, EXTRACTOR_B, batch_size=17)
    wanted = [[oracle(estimator, x, y) for y in B.values()] for x in A.values()]
    np.testing.assert_allclose(found, wanted, atol=1e-5)


@pytest.mark.parametrize("estimator", SHARED, ids=repr)
def test_a_model_with_itself(estimator):
    alone = compared(estimator, EXTRACTOR_A, EXTRACTOR_A)
    twice = compared(estimator, EXTRACTOR_A, pk.extractors.arrays(deepcopy(A)))
    np.testing.assert_allclose(alone, twice, atol=1e-6)
    np.testing.assert_allclose(np.diag(alone), 1, atol=1e-5)


def test_one_model_under_two_names_is_looked_at_once():
    arrays, f = pk.extractors.arrays, pk.extractors.function
    assert BothModels(arrays(A), arrays(A), None).same
    assert not BothModels(arrays(A), arrays(deepcopy(A)), None).same
    assert not BothModels(arrays(A), arrays({k: A[k] for k in ("layer_0", "layer_1")}), None).same
    renamed = dict(zip(("a", "b", "c"), A.values(), strict=True))
    assert not BothModels(arrays(A), arrays(renamed), None).same
    assert not BothModels(f(np.sin), f(np.sin), None).same, "who knows whether it gives the same"


@pytest.mark.slow
def test_large_gram_matrices_are_compared_in_pieces():
    generator = np.random.default_rng(0)
    x = {name: generator.normal(size=(400, 300)).astype(np.float32) for name in "ab"}
    x["b"] += x["a"]
    both = pk.extractors.arrays(x)
    found = compared(CKA(debiased=True), both, both)
    wanted = oracles.cka(None, None, x["a"], x["b"], debiased=True)
    assert float(found[0, 1]) == pytest.approx(wanted, abs=1e-5)


@pytest.mark.parametrize("estimator", SHARED, ids=repr)
def test_what_is_undefined_is_nan_in_its_own_pairs_alone(estimator):
    spoilt = dict(A)
    spoilt["layer_1"] = np.full_like(A["layer_1"], 3.3)
    spoilt["layer_2"] = A["layer_2"].copy()
    spoilt["layer_2"][5, 1] = np.nan
    with pytest.warns(pk.errors.ScoreWarning) as warned:
        ds = pk.compare(pk.extractors.arrays(spoilt), EXTRACTOR_B, None, estimators=[estimator])
    score, status = ds[estimator.name], ds[f"{estimator.name}_status"]
    assert np.isfinite(score[0]).all()
    assert np.isnan(score[1:]).all()
    assert status.values.tolist() == [[0, 0], [4, 4], [1, 1]]
    assert len(warned) == 2


@pytest.mark.slow
def test_estimators_with_and_without_preparations_together():
    ds = pk.compare(EXTRACTOR_A, EXTRACTOR_B, None, estimators=["cka", RSA(examples=EXAMPLES)])
    assert set(ds.data_vars) == {"cka", "cka_status", "rsa", "rsa_status"}
    wanted = oracles.rsa(None, None, A["layer_1"], B["layer_0"])
    assert float(ds.rsa[1, 0]) == pytest.approx(wanted, abs=1e-5)


def test_what_is_cheaper():
    assert grams_cost_less(2048, 18 * (512,), 18 * 18)
    assert not grams_cost_less(100_000, 18 * (512,), 18 * 18)  # would not fit
    assert not grams_cost_less(2048, (16, 16), 1)


@pytest.mark.slow
def test_pairs_that_are_kept_one_by_one_equal_their_oracle():
    """More examples than units: a debiased CKA keeps a state of each pair, beside that of RSA."""
    generator = np.random.default_rng(0)
    x, y = (generator.normal(size=(200, 6)).astype(np.float32) for _ in range(2))
    extractors = (pk.extractors.arrays({"layer": array}) for array in (x, y))
    estimators = [CKA(debiased=True), RSA()]
    ds = pk.compare(*extractors, None, estimators=estimators, batch_size=64)
    for estimator in estimators:
        assert estimator.pairing(examples=200, units=(6, 6), pairs=1) is None
        wanted = oracle(estimator, x, y)
        np.testing.assert_allclose(ds[estimator.name].item(), wanted, atol=1e-5)


def test_layers_that_do_not_fit_are_named():
    with pytest.raises(pk.errors.ShapeError, match=r"layers 'layer_0' and 'layer_2': y: 23"):
        pk.compare(EXTRACTOR_A, EXTRACTOR_A, None, estimators=["disagreement"])


@pytest.mark.slow
@pytest.mark.parametrize("batch_size", [17, 1])
def test_one_batch_or_many(batch_size):
    """The first batch is remembered in another way than those that follow."""
    names = ["cka", "rsa", "procrustes_distance", "disagreement"]
    a = pk.extractors.arrays({name: x for name, x in A.items() if x.shape[1] == 24})
    ds = pk.compare(a, a, None, estimators=names, batch_size=batch_size)
    whole = pk.compare(a, a, None, estimators=names, batch_size=EXAMPLES)
    for name in names:
        np.testing.assert_allclose(ds[name], whole[name], atol=2e-5, err_msg=name)


@pytest.mark.parametrize(
    ("names", "message"),
    [("n", r"layer 'x': cka is NaN with 'n' \("), ("no", r"cka is NaN with any layer of b \(")],
)
def test_a_warning_names_the_layers_of_the_other_model(names, message):
    x = np.random.default_rng(0).normal(size=(9, 2)).astype(np.float32)
    b = {layer: np.full_like(x, np.nan) if layer in names else x for layer in "no"}
    with pytest.warns(ScoreWarning, match=message):
        pk.compare(pk.extractors.arrays({"x": x}), pk.extractors.arrays(b), None)


MANY = [
    pk.estimators.CKA(),
    pk.estimators.CCA(),
    pk.estimators.ProcrustesDistance(),
    pk.estimators.ProcrustesDistance(align_on="fit", name="aligned"),
    pk.estimators.LinearRegressionSimilarity(),
]
SYMMETRIC = [estimator for estimator in MANY if estimator.symmetric]


def few_units(seed):
    """Many examples for their units: moments of pairs are kept, and no Gram matrices."""
    generator = np.random.default_rng(seed)
    hidden = np.random.default_rng(0).normal(size=(400, 3))
    return {
        f"layer_{units}": np.tanh(hidden @ generator.normal(size=(3, units)) + 1).astype(np.float32)
        + generator.normal(size=(400, units)).astype(np.float32) / 8
        for units in (3, 5, 6)
    }


@pytest.mark.parametrize("estimators", [MANY, SYMMETRIC], ids=["any", "symmetric"])
@pytest.mark.parametrize("same", [False, True], ids=["two", "same"])
@pytest.mark.parametrize("apart", [False, True], ids=["fitted", "held out"])
def test_what_is_of_one_layer_is_kept_once(monkeypatch, estimators, same, apart):
    """And of one model half of the pairs, where that is enough."""
    a = few_units(1)
    b = a if same else few_units(2)

    def both(a, b):
        """Return the arguments that compare these layers."""
        fit, rest = (slice(0, 300), slice(300, 400)) if apart else (slice(None), None)
        splits = []
        for rows in (fit, rest):
            if rows is not None:
                one = pk.extractors.arrays({name: x[rows] for name, x in a.items()})
                other = pk.extractors.arrays({name: x[rows] for name, x in b.items()})
                splits.append((one, one if a is b else other))
        return splits[0], {"held_out": splits[1]} if apart else {}

    found = []
    for work in (1 << 62, 0):
        monkeypatch.setattr(pairs, "_WORTH_DIVIDING", work)
        models, options = both(a, b)
        found.append(pk.compare(*models, estimators=estimators, batch_size=128, **options))
    for x, y in itertools.product(a, b):
        models, options = both({x: a[x]}, {y: b[y]})
        wanted = pk.compare(*models, estimators=estimators, **options)
        for name, score in wanted.data_vars.items():
            for ds in found:
                pair = ds[name].sel(layer_a=x, layer_b=y)
                np.testing.assert_allclose(pair, score.squeeze(), atol=2e-5, err_msg=name)


def test_what_is_kept_of_pairs_is_what_is_of_both(monkeypatch):
    monkeypatch.setattr(pairs, "_WORTH_DIVIDING", 0)
    layers, examples = few_units(1), {"weight": np.ones(400, np.float32), "index": np.arange(400)}
    plan = pairs.PairPlan.of([pk.estimators.CCA()], layers, layers, same=True, examples=400)
    states = plan.update(pairs.NOTHING_SEEN, layers, layers, **examples)
    assert (len(states.a), len(states.b), len(states.both)) == (3, 0, 6)
    assert all(kept.xx is None and kept.yy is None for (kept,) in states.both.values())
    assert all(kept.xx is not None and kept.xy is None for (kept,) in states.a.values())
