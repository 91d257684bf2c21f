"""Measures beside what the field's other packages take for the same, in one run.

The peers are test-only and some are large: a benchmark whose peer is not installed is skipped
(they come with the extra ``benchmarks``).
"""

import time

import jax
import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

import probekit as pk


def fastest(rounds, *functions, turns=3):
    """Return the least time of each function in milliseconds.

    They take turns, so that drift hits all alike, but at each turn one is called again and again:
    threads that another one left spinning would slow the first calls.
    """
    times = [[] for _ in functions]
    for _ in range(turns):
        for function, seconds in zip(functions, times, strict=True):
            function()  # compiles
            for _ in range(rounds):
                start = time.perf_counter()
                function()
                seconds.append(time.perf_counter() - start)
    return [1e3 * min(seconds) for seconds in times]


def show(report, what, peer, theirs, ours):
    report(f"{what}: {peer} {theirs:.1f} ms, probekit {ours:.1f} ms: {theirs / ours:.1f} times")
    return theirs / ours


@pytest.mark.parametrize("models", [1, 2], ids=["one model", "two models"])
def test_debiased_cka_of_all_layers(models, tiny, report):
    """All layers of a model with one another, and with those of another model."""
    torch, cka = pytest.importorskip("torch"), pytest.importorskip("cka")
    layers, examples, units = (3, 64, 8) if tiny else (18, 2048, 512)
    shape = (models, layers, examples, units)
    x = np.random.default_rng(0).normal(size=shape).astype(np.float32)[[0, -1]]
    a = pk.extractors.arrays(dict(zip("abcdefghijklmnopqr", x[0], strict=False)))
    b = a if models == 1 else pk.extractors.arrays(dict(zip(a(None), x[1], strict=True)))
    found = {}

    def ours():
        found["ours"] = pk.compare(a, b, None, estimators=[pk.estimators.CKA(debiased=True)]).cka

    def theirs():
        found["theirs"] = cka.cka_from_features(*map(torch.from_numpy, x))

    theirs_ms, ours_ms = fastest(1 if tiny else 3, theirs, ours)
    # That package cuts at 0 what an unbiased estimate has below it.
    np.testing.assert_allclose(np.maximum(found["ours"], 0), found["theirs"], atol=1e-4)
    what = f"debiased CKA, {layers}², {models} model{'s' * (models - 1)}"
    ratio = show(report, what, "pytorch-cka", theirs_ms, ours_ms)
    assert tiny or ratio > 5


def test_rsa(tiny, report):
    rsatoolbox = pytest.importorskip("rsatoolbox")
    shape = (20, 8) if tiny else (500, 1024)
    x = np.random.default_rng(0).normal(size=(2, *shape)).astype(np.float32)
    found = {}

    def ours():
        options = {"rdm": "correlation", "comparison": "spearman"}
        found["ours"] = float(pk.measures.rsa(*x, **options))

    def theirs():
        a, b = (
            rsatoolbox.rdm.calc_rdm(rsatoolbox.data.Dataset(z), method="correlation") for z in x
        )
        found["theirs"] = rsatoolbox.rdm.compare(a, b, method="spearman").item()

    theirs_ms, ours_ms = fastest(1 if tiny else 10, theirs, ours)
    assert found["ours"] == pytest.approx(found["theirs"], abs=1e-5)
    ratio = show(report, f"RSA, {shape[0]} × {shape[1]}", "rsatoolbox", theirs_ms, ours_ms)
    assert tiny or ratio > 4


def test_linear_r2(tiny, report):
    generator = np.random.default_rng(0)
    y = generator.integers(0, 2, (1024, 2)).astype(np.float32)
    x = (y @ generator.normal(size=(2, 64)) + generator.normal(size=(1024, 64))).astype(np.float32)
    on_device = jax.device_put((x, y))
    found = {}

    @jax.jit
    def each(x, y):
        return jax.vmap(lambda column: pk.measures.linear_r2(x, column), in_axes=1)(y)

    def ours():
        found["ours"] = jax.block_until_ready(each(*on_device))

    def theirs():
        columns = (y[:, place, None] for place in range(2))
        found["theirs"] = [LinearRegression().fit(c, x).score(c, x) for c in columns]

    theirs_ms, ours_ms = fastest(1 if tiny else 50, theirs, ours)
    np.testing.assert_allclose(found["ours"], found["theirs"], atol=1e-5)
    ratio = show(report, "linear R², 1024 × 64, 2 features", "scikit-learn", theirs_ms, ours_ms)
    assert tiny or ratio > 5


def test_ridge(tiny, report):
    """A penalty chosen for each of 1,000 units out of 20, by 5 folds; then fitted and scored."""
    ridge = pytest.importorskip("himalaya.ridge")
    examples, columns, units = (60, 5, 7) if tiny else (1024, 256, 1000)
    generator = np.random.default_rng(0)
    y = generator.normal(size=(examples, columns)).astype(np.float32)
    noise = generator.normal(size=(examples, units)) * generator.uniform(1, 30, units)
    x = (y @ generator.normal(size=(columns, units)) + noise).astype(np.float32)
    penalties = np.logspace(-3, 3, 20)
    found = {}

    def ours():
        options = {"penalties": penalties, "per_unit": True, "multioutput": "raw_values"}
        found["ours"] = np.asarray(pk.measures.ridge_r2(x, y, folds=5, **options))

    def theirs():
        # Absolute penalties; those of probekit are fractions of the mean column's sum of squares.
        model = ridge.RidgeCV(alphas=penalties * examples, cv=5).fit(y, x)
        found["theirs"] = model.score(y, x)

    theirs_ms, ours_ms = fastest(1 if tiny else 3, theirs, ours)
    # Folds differ, so that here and there the next penalty is taken; where not, scores are equal.
    assert tiny or np.mean(np.abs(found["ours"] - found["theirs"]) < 5e-3) > 0.7
    ratio = show(report, "ridge, 20 penalties × 1,000 units", "himalaya", theirs_ms, ours_ms)
    assert tiny or ratio > 1
