"""Every registered estimator on input that is hard on it: a score in range, or NaN that says why.

The cases are layers of one shape, so that one call of `probe` takes them all.
"""

import warnings

import ml_dtypes
import numpy as np
import pytest
import xarray as xr

import probekit as pk
from probekit.errors import OptimismWarning, ProbekitError, ScoreWarning
from probekit.estimators import resolve
from probekit.measures import STATUS_MEANINGS
from probekit.plugins import get_manager

REGISTERED = sorted(get_manager().registry.names("estimator"))
EXAMPLES, UNITS = 32, 4
NOT_FINITE = "non_finite_input"


def features(examples=EXAMPLES):
    labels = np.arange(examples) % 2
    return {"plain": labels, "other": (np.arange(examples) // 2) % 2}


def features_for(estimator):
    """With one that never changes, unless all features are taken together."""
    flat = {} if estimator.joint else {"flat": np.ones(EXAMPLES, np.int64)}
    return {**features(), **flat}


def plain(examples=EXAMPLES, units=UNITS):
    """Multiples of 1/32 between 1 and 31: exact in half precision, and after a shift by 4096."""
    generator = np.random.default_rng(0)
    noise = generator.normal(size=(examples, units))
    far = 8 + 2 * noise + np.arange(examples)[:, None] % 2
    return np.float32(np.round(np.clip(far, 1, 31) * 32) / 32)


def spoilt(value):
    x = plain()
    x[5, 2] = value
    return x


def layers():
    x, constant = plain(), plain()
    constant[:, 1] = 3.3
    return {
        "plain": x,
        "far": x + np.float32(4096),
        "large": x * np.float32(1024),
        "small": x / np.float32(1024),
        "half": x.astype(np.float16),
        "bfloat": np.round(x).astype(ml_dtypes.bfloat16),
        "bytes": np.round(x).astype(np.uint8),
        "rounded": np.round(x),
        "constant_unit": constant,
        "constant": np.full_like(x, 3.3),
        "zero": np.zeros_like(x),
        "twice": np.repeat(x[::2], 2, axis=0),
        "collinear": x[:, :1] * np.float32([1, 2, -1, 3]),
        "nan": spoilt(np.nan),
        "infinite": spoilt(np.inf),
        "huge": x * np.float32(1e37),
        "tiny": x * np.float32(1e-36),
    }


def probed(name, arrays, labels):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ScoreWarning)
        warnings.simplefilter("ignore", OptimismWarning)
        return pk.probe(pk.extractors.arrays(arrays), None, labels, estimators=[name])


def check_score_or_refusal(name, arrays, labels):
    """Either the scores keep the law, or one line says why there are none."""
    refusal = None
    try:
        check_law(name, probed(name, arrays, labels))
    except ProbekitError as error:
        refusal = str(error)
    assert refusal is None or (len(refusal) > 20 and "\n" not in refusal)


def check_law(name, scores):
    """Each value is finite and in its range, or NaN with a status that is not ok."""
    (estimator,) = resolve(name)
    for variable in estimator.variables:
        values = scores[variable.name]
        low, high = variable.valid_range or (-np.inf, np.inf)
        defined = values.notnull()
        assert np.isfinite(values.where(defined, 0)).all(), f"{variable.name}: not finite"
        inside = (values >= low - 1e-6) & (values <= high + 1e-6)
        assert (inside | ~defined).all(), f"{variable.name}: {values.values} outside {low} … {high}"
        status = f"{variable.name}_status"
        if status in scores:
            told = scores[status] != STATUS_MEANINGS.index("ok")
            assert (told | defined).all(), f"{variable.name}: NaN, and no status says why"


@pytest.mark.slow
@pytest.mark.parametrize("name", REGISTERED)
def test_hard_layers(name):
    (estimator,) = resolve(name)
    scores = probed(name, layers(), features_for(estimator))
    check_law(name, scores)
    if "flat" in scores.get("feature", ()):
        scores = scores.drop_sel(feature="flat")
    first = scores[estimator.variables[0].name]
    assert first.sel(layer="plain").notnull().any()

    def same(layer, other, **tolerance):
        np.testing.assert_allclose(first.sel(layer=layer), first.sel(layer=other), **tolerance)

    if "translation" in estimator.invariances:
        same("far", "plain", rtol=1e-3, atol=1e-4)
    if "scaling" in estimator.invariances:
        same("large", "plain", rtol=1e-4, atol=1e-5)
    same("half", "plain", rtol=1e-6)
    same("bfloat", "rounded", rtol=1e-6)
    same("bytes", "rounded", rtol=1e-6)
    for layer in ("nan", "infinite"):
        status = scores[f"{first.name}_status"].sel(layer=layer)
        assert first.sel(layer=layer).isnull().all(), f"{layer}: {first.sel(layer=layer).values}"
        assert (status == STATUS_MEANINGS.index(NOT_FINITE)).all()
    huge = first.sel(layer="huge")
    if huge.isnull().any():  # it overflowed: nothing about it is constant
        status = scores[f"{first.name}_status"].sel(layer="huge")
        assert (status.where(huge.isnull()) != STATUS_MEANINGS.index("constant_unit")).all()
    elif "scaling" in estimator.invariances:
        same("huge", "plain", rtol=1e-4, atol=1e-5)
    tiny = first.sel(layer="tiny")
    if "scaling" in estimator.invariances and tiny.notnull().any():  # else its squares vanished
        same("tiny", "plain", rtol=1e-3, atol=1e-4)
    alone = probed(name, {"plain": plain()}, features_for(estimator))[first.name]
    alone, beside = xr.align(alone, first, join="inner")
    assert alone.size
    np.testing.assert_array_equal(alone, beside)


@pytest.mark.slow
@pytest.mark.parametrize(("examples", "units"), [(2, 4), (8, 20), (32, 1)])
@pytest.mark.parametrize("name", REGISTERED)
def test_few_examples_and_few_units(name, examples, units):
    check_score_or_refusal(name, {"layer": plain(examples, units)}, features(examples))


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in REGISTERED if resolve(name)[0].joint])
def test_a_constant_feature(name):
    labels = {**features(), "flat": np.ones(EXAMPLES, np.int64)}
    check_score_or_refusal(name, {"layer": plain()}, labels)


@pytest.mark.parametrize("name", ["unique_r2", "ridge_r2", "effective_rank"])
def test_sums_whose_squares_overflow(name):
    """Near 1e18 squares are finite, and squares of sums of products are not."""
    expected = probed(name, {"layer": plain()}, features())[name].values
    found = probed(name, {"layer": plain() * np.float32(1e18)}, features())[name].values
    assert (np.isnan(found) | np.isclose(found, expected, rtol=1e-3)).all()
