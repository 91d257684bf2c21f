"""Bootstraps and permutations of similarities that look at inner products: one preparation each."""

import numpy as np
import pytest

import probekit as pk
from probekit.measures.weighted_grams import MOST_EXAMPLES
from probekit.probing import comparing, uncertainty
from probekit.probing.blocks import Sample
from probekit.probing.weighing import weighings_of
from probekit.statistics import state_of

N = 40
E = pk.estimators
HALVES = pk.Bootstrap(resamples=20, replace=False, keep=True)
pytestmark = pytest.mark.filterwarnings("ignore:resamples=")


def layers(seed, *widths):
    generator = np.random.default_rng(seed)
    hidden = np.random.default_rng(0).normal(size=(N, 3))
    return {
        str(width): (
            hidden @ generator.normal(size=(3, width)) + generator.normal(size=(N, width)) + 5
        ).astype(np.float32)
        for width in widths
    }


def compared(a, b, estimators, resampling):
    a, b = map(pk.extractors.arrays, (a, b))
    return pk.compare(a, b, None, estimators=estimators, uncertainty=resampling)


@pytest.mark.slow
@pytest.mark.parametrize("width", [2, 30])
def test_halves_are_scored_as_halves(width):
    """Few units and many: through products of units, and through Gram matrices."""
    a, b = layers(1, width), layers(2, 4)
    estimators = [E.CKA(debiased=True), E.HSIC(), E.AngularCKADistance()]
    ds = compared(a, b, estimators, HALVES)
    halves = HALVES.weights(N) > 0
    for name, measure in {
        "cka_resamples": lambda x, y: pk.measures.cka(x, y, debiased=True),
        "hsic_resamples": pk.measures.hsic,
        "angular_cka_distance_resamples": pk.measures.angular_cka_distance,
    }.items():
        wanted = [float(measure(a[str(width)][rows], b["4"][rows])) for rows in halves[:3]]
        np.testing.assert_allclose(ds[name].values.ravel()[:3], wanted, rtol=2e-5, err_msg=name)


@pytest.mark.slow
@pytest.mark.parametrize(
    "resampling",
    [
        HALVES,
        pk.Bootstrap(resamples=20, keep=True, interval="bca", groups=np.arange(N) // 4),
        pk.Permutation(resamples=30),
    ],
)
def test_statistics_of_each_resample_say_the_same(monkeypatch, resampling):
    a, b = layers(1, 30), layers(2, 50)
    a["sparse"] = (np.arange(N)[:, None] % 20 == np.arange(30) % 2).astype(np.float32)
    a["hole"], a["dead"], a["tiny"] = a["30"].copy(), np.ones_like(a["30"]), a["30"] * 1e-25
    a["hole"][3, 1] = np.nan
    estimators = [E.CKA(), E.HSIC(), E.RVCoefficient(), E.AngularCKADistance()]
    if not getattr(resampling, "replace", False):
        estimators += [E.CKA(debiased=True, name="a"), E.HSIC(debiased=True, name="b")]
    every, found = [], comparing._resampled

    def kept(*arguments):
        every.append(found(*arguments))
        return every[-1]

    monkeypatch.setattr(comparing, "_resampled", kept)
    with pytest.warns(pk.errors.ScoreWarning):
        compared(a, b, estimators, resampling)
    for module in (comparing, uncertainty):
        monkeypatch.setattr(module, "weighings_of", lambda *_: {})
    with pytest.warns(pk.errors.ScoreWarning):
        compared(a, b, estimators, resampling)
    for name, wanted in every[1].items():
        atol = 1e-5 * np.nanmax(np.abs(wanted))
        np.testing.assert_allclose(every[0][name], wanted, rtol=1e-5, atol=atol, err_msg=name)


@pytest.mark.slow
def test_features_of_a_probe_are_shuffled_and_weighed():
    x = layers(1, 30)["30"]
    features = {"a": x[:, 0], "b": np.repeat([0.0, 1.0], N // 2)}
    permutation, bootstrap = pk.Permutation(resamples=19), pk.Bootstrap(resamples=20, keep=True)
    ds = [
        pk.probe(pk.extractors.arrays({"l": x}), None, features, estimators=["cka"], uncertainty=u)
        for u in (permutation, bootstrap)
    ]
    y = features["b"]
    shuffled = [float(pk.measures.cka(x, y[order])) for order in permutation.orders(N)]
    wanted = (1 + np.sum(np.array(shuffled) >= ds[0].cka.values[0, 1])) / 20
    assert ds[0].cka_p.values[0, 1] == pytest.approx(wanted)
    rows = np.repeat(np.arange(N), bootstrap.weights(N)[4].astype(int))
    score = float(pk.measures.cka(x[rows], y[rows]))
    assert ds[1].cka_resamples.values[0, 1, 4] == pytest.approx(score, abs=1e-5)


def test_rows_that_are_not_sure_are_asked_for_however_many_they_are():
    """More than are asked for at a time, all of them of a layer whose squares vanish."""
    x, y = layers(1, 2)["2"] * np.float32(1e-25), layers(2, 3)["3"]
    weights = np.random.default_rng(3).integers(0, 2, (150, N)).astype(float)
    estimator = E.CKA()
    way = estimator.weighing(examples=N, units=(2, 3))
    found = way.pair(way.prepare(x, weights), way.prepare(y, weights), weights)
    state = state_of(estimator.statistic, x, y, weight=weights[0])
    one = estimator.compute(state, state)
    assert np.isnan(one["cka"])
    assert np.isnan(found["cka"]).all()
    assert set(found["cka_status"]) == {int(one["cka_status"])}


def test_who_is_asked():
    """Similarities of all examples, where each of these counts once and they are not too many."""
    x = layers(1, 3)
    every = (E.CKA(), E.CKA(kernel="rbf", name="a"), E.ProcrustesDistance(), E.LinearR2())
    assert list(weighings_of(every, Sample.of(x, x["3"]), (3,))) == [E.CKA()]
    assert not weighings_of(every, Sample.of(x, x["3"], np.arange(N)), (3,))
    assert E.CKA().weighing(examples=MOST_EXAMPLES + 1, units=(3, 3)) is None
