"""`probe` and `compare`: against scikit-learn, whatever the batches, and with clear errors."""

import dataclasses
import re
import warnings

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from sklearn.linear_model import LinearRegression

import probekit as pk
from probekit.errors import OptionError, ScoreWarning, ShapeError
from probekit.estimators import Estimator
from probekit.probing import stream
from probekit.statistics import Statistic
from probekit.variables import Variable

GENERATOR = np.random.default_rng(0)
INPUTS = GENERATOR.normal(size=(90, 4)).astype(np.float32)
OTHER = GENERATOR.normal(size=(60, 4)).astype(np.float32)
WEIGHTS = GENERATOR.normal(size=(4, 5)).astype(np.float32)


def network(weights, x):
    return {"hidden": jnp.tanh(x @ weights), "also": (x @ weights).reshape(-1, 5, 1) ** 2}


EXTRACTOR = pk.extractors.function(jax.tree_util.Partial(network, WEIGHTS))


def features_of(inputs):
    return {"sign": inputs[:, 0] > 0, "pair": inputs[:, 1:3], "first": inputs[:, 0]}


def probe(**options):
    given = {"held_out": (OTHER, features_of(OTHER)), **options}
    return pk.probe(EXTRACTOR, INPUTS, features_of(INPUTS), **given)


def test_linear_r2_is_scikit_learn_s():
    ds = probe()
    assert ds.linear_r2.dims == ("layer", "feature")
    assert ds.layer.values.tolist() == ["hidden", "also"], "forward order, not sorted"
    fit, scored = network(WEIGHTS, INPUTS), network(WEIGHTS, OTHER)
    for layer in ds.layer.values:
        for feature, y in features_of(INPUTS).items():
            x, other = (
                np.asarray(split[layer]).reshape(len(split[layer]), -1) for split in (fit, scored)
            )
            y, other_y = (
                np.asarray(columns[feature], float).reshape(len(columns[feature]), -1)
                for columns in (features_of(INPUTS), features_of(OTHER))
            )
            expected = LinearRegression().fit(y, x).score(other_y, other)
            got = float(ds.linear_r2.sel(layer=layer, feature=feature))
            assert got == pytest.approx(expected, abs=1e-5)


ALL = ["linear_r2", "decoding_r2", "cka", "rsa", "total_variance", "participation_ratio"]


@pytest.mark.parametrize(
    "batch_size", [1000, 31, *(pytest.param(n, marks=pytest.mark.slow) for n in (60, 7))]
)
def test_scores_do_not_depend_on_batches(batch_size):
    whole, batched = probe(estimators=ALL), probe(estimators=ALL, batch_size=batch_size)
    xr.testing.assert_allclose(batched, whole, rtol=1e-4, atol=1e-5)


def test_weight_zero_is_absent():
    weight = np.ones(90)
    weight[70:] = 0
    broken = INPUTS.copy()
    broken[70:] = np.nan
    weighted = pk.probe(EXTRACTOR, broken, features_of(INPUTS), weight=weight, batch_size=40)
    absent = pk.probe(EXTRACTOR, INPUTS[:70], features_of(INPUTS[:70]))
    xr.testing.assert_allclose(weighted, absent, rtol=1e-4, atol=1e-5)


def test_weights_that_are_shares_are_refused():
    with pytest.raises(OptionError, match=r"weight: 1 in all, of 90 examples; .* weight.mean"):
        probe(weight=np.full(90, 1 / 90))


def test_geometry_has_no_features_and_raw_values_have_units():
    raw = pk.estimators.LinearR2(multioutput="raw_values", name="raw")
    ds = probe(estimators=["total_variance", raw])
    assert ds.total_variance.dims == ("layer",)
    assert ds.raw.dims == ("layer", "feature", "unit")
    assert ds.raw.attrs["estimator"] == repr(raw)


def test_layers_of_unlike_width_are_filled_up_with_nan():
    raw = pk.estimators.LinearR2(multioutput="raw_values", name="raw")
    wide = pk.extractors.function(lambda x: {"wide": x, "narrow": x[:, :2]})
    ds = pk.probe(wide, INPUTS, {"first": INPUTS[:, 0]}, estimators=[raw])
    assert ds.raw.sel(layer="narrow").notnull().sum() == 2
    assert ds.raw_status.sel(layer="narrow").values.tolist()[0][2:] == [-1, -1]


@pytest.mark.parametrize("estimator", [pk.estimators.DecodingR2, pk.estimators.RidgeDecodingR2])
def test_features_of_unlike_numbers_of_columns_are_filled_up_with_nan(estimator):
    raw = estimator(multioutput="raw_values", name="raw")
    features = {"both": INPUTS[:, :2], "second": INPUTS[:, 1]}
    layers = pk.extractors.arrays({"layer": INPUTS**2})
    ds = pk.probe(layers, None, features, estimators=[raw])
    for name, columns in features.items():
        alone = pk.probe(layers, None, {name: columns}, estimators=[raw])
        found = ds.sel(feature=[name]).isel(k=slice(alone.sizes["k"]))
        xr.testing.assert_allclose(found, alone, rtol=1e-5)
    assert ds.raw.sel(feature="second").isel(k=1).isnull().all()
    assert ds.raw_status.sel(layer="layer").values.tolist() == [[0, 0], [0, -1]]


def test_large_integers_neither_wrap_nor_lose_their_differences():
    x = np.random.default_rng(0).integers(0, 100, (20, 3))
    scored = {"estimators": ["linear_r2", "total_variance"]}
    expected = pk.probe(pk.extractors.arrays({"x": x}), None, {"f": x[:, 0]}, **scored)
    far = 2**32 - 50 + 1_000_000 * x  # as int32 they would go to both ends
    found = pk.probe(pk.extractors.arrays({"x": far}), None, {"f": far[:, 0]}, **scored)
    np.testing.assert_allclose(found.linear_r2, expected.linear_r2, atol=1e-3)
    np.testing.assert_allclose(found.total_variance, 1e12 * expected.total_variance, rtol=1e-3)
    with pytest.raises(
        ShapeError, match=r"features\['f'\]: dtype int64, from .* Subtract an offset"
    ):
        pk.probe(pk.extractors.arrays({"x": x}), None, {"f": 2**40 + x[:, 0]})
    with pytest.raises(ShapeError, match=r"activations\['x'\]: dtype int64, from .* Subtract"):
        pk.probe(pk.extractors.arrays({"x": 2**40 + x}), None, {"f": x[:, 0]})


def test_features_may_be_a_dataset_or_dataarrays():
    table = xr.Dataset(
        {
            name: (("example",) if np.ndim(v) == 1 else ("example", "k"), v)
            for name, v in features_of(INPUTS).items()
        }
    )
    xr.testing.assert_identical(
        pk.probe(EXTRACTOR, INPUTS, table), pk.probe(EXTRACTOR, INPUTS, features_of(INPUTS))
    )


def test_features_may_be_a_data_frame_whatever_its_index():
    features = {"sign": INPUTS[:, 0] > 0, "first": INPUTS[:, 0]}
    frame = pd.DataFrame(features, index=np.arange(90)[::-1])
    xr.testing.assert_identical(
        pk.probe(EXTRACTOR, INPUTS, frame), pk.probe(EXTRACTOR, INPUTS, features)
    )


def test_axes_that_features_name_are_labelled():
    ds = probe(estimators=["commonality", "feature_angles"])
    subsets = ["sign", "pair", "sign+pair", "first", "sign+first", "pair+first", "sign+pair+first"]
    assert ds.subset.values.tolist() == subsets
    assert ds.other_feature.values.tolist() == ds.feature.values.tolist()
    assert ds.commonality_status.dims == ("layer", "subset")


@pytest.mark.parametrize(
    ("names", "expected"),
    [("ab", "a b a+b"), (("a+b", "b"), "a+b b a+b&b"), (("a+", "&|"), "0 1 0+1")],
)
def test_no_two_sets_of_features_have_one_name(names, expected):
    assert pk.estimators.Commonality().labels(names)["subset"] == expected.split()


def test_arrays_as_extractor_and_as_held_out():
    fit, scored = network(WEIGHTS, INPUTS), network(WEIGHTS, OTHER)
    held = pk.extractors.arrays(jax.tree.map(np.asarray, scored))
    ds = pk.probe(
        pk.extractors.arrays(jax.tree.map(np.asarray, fit)),
        None,
        features_of(INPUTS),
        held_out=(held, features_of(OTHER)),
        batch_size=25,
    )
    xr.testing.assert_allclose(ds.sel(layer=["hidden", "also"]), probe(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("inputs", [None, INPUTS[::-1], OTHER])
@pytest.mark.parametrize("uncertainty", [None, pk.Bootstrap(resamples=40)])
def test_activations_to_fit_on_are_not_scored_as_what_is_held_out(inputs, uncertainty):
    extractor = pk.extractors.arrays({"layer": INPUTS})
    count = len(INPUTS if inputs is None else inputs)
    held_out = (inputs, {"a": np.arange(float(count))})
    with pytest.raises(OptionError, match="held_out: the extractor holds its examples itself"):
        pk.probe(extractor, None, {"a": INPUTS[:, 0]}, held_out=held_out, uncertainty=uncertainty)


def test_non_finite_activations_are_nan_and_warned_of_once_per_layer():
    broken = INPUTS.copy()
    broken[3, 0] = np.inf
    spoilt = pk.extractors.function(lambda x: {"bad": x, "good": x[:, 1:]})
    with pytest.warns(ScoreWarning, match=r"layer 'bad': .*non finite input") as caught:
        ds = pk.probe(
            spoilt, broken, {"second": INPUTS[:, 1]}, estimators=["cka", "total_variance"]
        )
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert bool(ds.cka.sel(layer="bad").isnull().all())
    assert bool(ds.cka.sel(layer="good").notnull().all())


@pytest.mark.parametrize(
    ("constant", "message"),
    [
        ("b", r"is NaN for 'b' \(constant"),
        ("bcd", r"is NaN for 'b', 'c' and 'd' \(constant"),
        ("abcde", r"is NaN for 5 of 6 features \(constant"),
        ("abcdef", r"is NaN \(constant"),
    ],
)
def test_warnings_name_the_features_that_are_concerned(constant, message):
    features = {name: INPUTS[:, 0] * (name not in constant) for name in "abcdef"}
    arrays = pk.extractors.arrays({"x": INPUTS})
    with pytest.warns(ScoreWarning, match=f"layer 'x': decoding_r2 {message} unit"):
        pk.probe(arrays, None, features, estimators="decoding_r2")


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"features": {}}, OptionError, "features: there are none"),
        ({"features": INPUTS[:, 0]}, OptionError, "a ndarray is no mapping"),
        ({"features": pd.Series(INPUTS[:, 0])}, OptionError, "a Series is no mapping"),
        (
            {"features": pd.DataFrame(INPUTS[:, :2], columns=["a", "a"])},
            OptionError,
            "features: two columns are named 'a'; rename one of them",
        ),
        (
            {"features": {1: INPUTS[:, 0], "1": INPUTS[:, 1]}},
            OptionError,
            "features: two are named '1'; rename one of them",
        ),
        ({"features": {"a": INPUTS[:50, 0]}}, ShapeError, "features: 50 examples; inputs have 90"),
        (
            {"features": {"a": INPUTS[:, 0], "b": INPUTS[:9, 0]}},
            ShapeError,
            r"features\['b'\]: 9 examples; features\['a'\] has 90",
        ),
        ({"features": {"a": np.array([1j] * 90)}}, ShapeError, "must be numeric, or texts"),
        ({"features": {"a": np.ones((90, 2, 2))}}, ShapeError, "must have 1 to 2 axes"),
        ({"features": {"a": np.ones((90, 0))}}, ShapeError, "at least 1 column is needed"),
        ({"inputs": None}, ShapeError, "inputs: a NoneType; give an array"),
        (
            {"inputs": INPUTS[:0], "features": {"a": INPUTS[:0, 0]}},
            ShapeError,
            "inputs: 0 examples",
        ),
        ({"inputs": (INPUTS, INPUTS[:5])}, ShapeError, "arrays of 90 and 5 examples"),
        ({"weight": np.ones(3)}, ShapeError, r"weight: shape \(3,\); inputs have 90"),
        ({"weight": -np.ones(90)}, OptionError, "weight: some are negative or not finite; give 0"),
        ({"weight": np.full(90, np.nan)}, OptionError, "weight: some are negative or not"),
        ({"batch_size": 0}, OptionError, "batch_size=0: must be at least 1"),
        ({"batch_size": 1.5}, OptionError, r"batch_size=1\.5: must be a whole number"),
        ({"held_out": INPUTS}, OptionError, "held_out: a ndarray; give"),
        ({"held_out": (INPUTS, {"b": INPUTS[:, 0]})}, OptionError, "held_out: features"),
        (
            {"held_out": (OTHER, {"a": INPUTS[:, 0]})},
            ShapeError,
            "held_out features: 90 examples; inputs have 60",
        ),
        (
            {"held_out": (None, {"a": INPUTS[:, 0]})},
            ShapeError,
            "held_out: inputs: a NoneType; give an array",
        ),
        ({"estimators": []}, OptionError, "estimators: none given"),
    ],
)
def test_arguments_that_do_not_fit(change, error, message):
    given = {"inputs": INPUTS, "features": {"a": INPUTS[:, 0]}, **change}
    with pytest.raises(error, match=message):
        pk.probe(EXTRACTOR, given.pop("inputs"), given.pop("features"), **given)


@pytest.mark.parametrize("uncertainty", [None, pk.Bootstrap(resamples=40)])
def test_examples_held_out_of_another_width_are_told(uncertainty):
    def fitting(x):
        if x.shape[1] == 3:
            raise OptionError("module: 3 units.")
        return {"l": x}

    features = {"a": INPUTS[:, 0]}
    for width, message in [(2, "held_out: layers of widths {'l': 2}"), (3, "held_out: module: 3")]:
        with pytest.raises(OptionError, match=message):
            pk.probe(
                pk.extractors.function(fitting),
                INPUTS,
                features,
                held_out=(INPUTS[:, :width], features),
                uncertainty=uncertainty,
            )


@pytest.mark.parametrize("dtype", [np.float32, np.int16])
def test_masked_values_are_unknown(dtype):
    hidden = np.zeros(INPUTS.shape, bool)
    hidden[5, 2] = True
    layers = {"whole": INPUTS, "masked": np.ma.array((9 * INPUTS).astype(dtype), mask=hidden)}
    label = np.ma.array(np.arange(90), mask=hidden[:, 2])
    with pytest.warns(ScoreWarning, match="non finite input"):
        ds = pk.probe(
            pk.extractors.arrays(layers), None, {"y": INPUTS[:, 0], "masked": label}, batch_size=32
        )
    assert np.isnan(ds.linear_r2).values.tolist() == [[False, True], [True, True]]


def test_a_table_is_no_inputs():
    extractor = pk.extractors.function(lambda x: {"x": x})
    with pytest.raises(ShapeError, match=r"inputs: a DataFrame; give an array \(example, …\)"):
        pk.probe(extractor, pd.DataFrame(np.eye(3)), {"y": np.arange(3)})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (network, r"a function is no extractor; .*extractors.function\(fn\), linen\(model, variab"),
        ({"x": INPUTS}, r"a dict is no extractor; .*probekit.extractors.arrays\(activations\)"),
        (nn.Dense(3), r"a Dense is no extractor; .*extractors.linen\(model, variables\), nnx"),
    ],
)
def test_what_is_no_extractor_is_named(given, message, tmp_path):
    with pytest.raises(OptionError, match=f"extractor: {message}"):
        pk.probe(given, INPUTS, {"a": INPUTS[:, 0]})
    with pytest.raises(OptionError, match=f"extractor_b: {message}"):
        pk.compare(EXTRACTOR, given, INPUTS)
    recorder = pk.Recorder(tmp_path / "h.nc", inputs=INPUTS, features={"a": INPUTS[:, 0]})
    with pytest.raises(OptionError, match=f"extractor: {message}"):
        recorder.record(0, given)


def test_features_held_out_are_matched_by_name():
    turned = dict(reversed(features_of(OTHER).items()))
    xr.testing.assert_identical(probe(held_out=(OTHER, turned)), probe())


def test_dataarrays_are_read_by_the_dim_example():
    pair = xr.DataArray(INPUTS[:, 1:3].T, dims=("column", "example"))
    turned = pk.probe(EXTRACTOR, INPUTS, {"pair": pair})
    xr.testing.assert_identical(turned, pk.probe(EXTRACTOR, INPUTS, {"pair": INPUTS[:, 1:3]}))


def test_dataarrays_that_label_examples_in_unlike_ways_are_refused():
    first = xr.DataArray(INPUTS[:, 0], dims="example", coords={"example": np.arange(90)})
    with pytest.raises(ShapeError, match=r"features\['b'\]: its 'example' labels are not those of"):
        pk.probe(EXTRACTOR, INPUTS, {"a": first, "b": first[::-1]})


def test_new_parameters_do_not_compile_anything(compilations):
    probe(batch_size=50)
    other = pk.extractors.function(jax.tree_util.Partial(network, WEIGHTS + 1))
    with compilations() as compiled:
        pk.probe(
            other, INPUTS, features_of(INPUTS), held_out=(OTHER, features_of(OTHER)), batch_size=50
        )
    assert compiled == []


def test_even_batches():
    for examples in range(1, 60):
        for most in range(1, 20):
            size = stream.even_batch(examples, most)
            assert size <= most
            assert 0 <= -(-examples // size) * size - examples < -(-examples // size)


@dataclasses.dataclass(frozen=True, kw_only=True)
class MaxOfFeature(Estimator, Statistic):
    """An estimator that brings its own functions, and cannot select columns."""

    name: str = "largest"
    kind = "encoding"

    @property
    def statistic(self):
        return self

    @property
    def variables(self):
        return (Variable(self.name),)

    def init(self, x, y):
        return jnp.full(y.shape[1], -jnp.inf)

    def update(self, state, x, y, *, weight, index):
        return jnp.maximum(state, jnp.where(weight[:, None] > 0, y, -jnp.inf).max(0))

    def merge(self, a, b):
        return jnp.maximum(a, b)

    def compute(self, fit, held_out):
        return {self.name: held_out.max()}


@dataclasses.dataclass(frozen=True, kw_only=True)
class CountOfColumns(MaxOfFeature):
    """An estimator of all features together."""

    name: str = "columns"
    joint = True

    @property
    def variables(self):
        return (Variable(self.name, dims=("feature",)),)

    def compute(self, fit, held_out, *, columns):
        return {self.name: jnp.array([len(part) for part in columns])}


def test_estimators_with_statistics_of_their_own():
    ds = probe(estimators=[MaxOfFeature(), CountOfColumns()], batch_size=17)
    expected = [np.max(np.asarray(column, float)) for column in features_of(OTHER).values()]
    np.testing.assert_allclose(ds.largest.sel(layer="hidden"), expected, rtol=1e-6)
    assert ds["columns"].sel(layer="also").values.tolist() == [1, 2, 1]


def test_compare_gives_every_pair_of_layers():
    ds = pk.compare(EXTRACTOR, EXTRACTOR, INPUTS, estimators=["cka", "rsa"], batch_size=37)
    assert ds.cka.dims == ("layer_a", "layer_b")
    np.testing.assert_allclose(np.diag(ds.cka), 1, atol=1e-5)
    np.testing.assert_allclose(ds.cka, ds.cka.T, atol=1e-5)
    x, y = (np.asarray(a).reshape(90, -1) for a in network(WEIGHTS, INPUTS).values())
    expected = float(pk.measures.cka(x, y))
    assert float(ds.cka.sel(layer_a="hidden", layer_b="also")) == pytest.approx(expected, abs=1e-5)


def test_compare_two_sources_of_activations():
    x = pk.extractors.arrays({"x": INPUTS})
    ds = pk.compare(EXTRACTOR, x, INPUTS, batch_size=40)
    assert dict(ds.cka.sizes) == {"layer_a": 2, "layer_b": 1}
    with pytest.raises(ShapeError, match="extractor_b: 90 examples; extractor_a has 60"):
        pk.compare(EXTRACTOR, x, OTHER)


def test_compare_refuses_what_is_no_similarity():
    with pytest.raises(OptionError, match="'linear_r2' is of kind encoding"):
        pk.compare(EXTRACTOR, EXTRACTOR, INPUTS, estimators=["linear_r2"])


@pytest.mark.parametrize(
    ("metric", "text"),
    [
        ("cosine", r"constant unit, or an example without direction \(its units are all 0\)"),
        ("correlation", r"constant unit, or an example without direction \(.* all equal\)"),
        ("euclidean", ""),
    ],
)
def test_an_example_without_direction_is_named_as_the_reason(metric, text):
    x, y = np.random.default_rng(0).normal(size=(2, 12, 4)).astype(np.float32)
    x[3] = 0
    a, b = pk.extractors.arrays({"a": x}), pk.extractors.arrays({"b": y})
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        scores = pk.compare(a, b, None, estimators=[pk.estimators.RSA(rdm=metric)])
    told = [str(one.message) for one in caught if one.category is ScoreWarning]
    assert bool(scores.rsa.isnull()) == bool(text)
    assert len(told) == bool(text)
    assert all(re.search(text, one) for one in told)
    assert ("direction" in scores.rsa_status.attrs.get("also_constant_unit", "")) == bool(text)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (
            np.ones((5, 2), np.complex64),
            r"layer 'odd': shape \(5, 2\), dtype complex64; real numbers",
        ),
        (
            np.ones((5, 0), np.float32),
            r"layer 'odd': shape \(5, 0\), dtype float32; it has no units",
        ),
    ],
)
def test_layers_that_cannot_be_probed_are_named(array, message):
    extractor = pk.extractors.function(lambda x: {"fine": x, "odd": jnp.asarray(array)})
    inputs = np.ones((5, 3), np.float32)
    with pytest.raises(ShapeError, match=message):
        pk.probe(extractor, inputs, {"feature": np.arange(5)})
    extractor = pk.extractors.function(
        lambda x: {"odd": jnp.zeros((len(x), *array.shape[1:]), array.dtype)}
    )
    with pytest.raises(ShapeError, match=message.replace("5", "1", 1)):
        pk.compare(extractor, extractor, inputs)


def test_a_model_is_traced_once_for_its_layers_and_once_to_run():
    traced = []

    def fn(x):
        traced.append(x.shape)
        return {"b": x, "a": x[:, :2] * 3}

    inputs = np.random.default_rng(0).normal(size=(13, 4)).astype(np.float32)
    extractor = pk.extractors.function(fn)
    ds = pk.probe(extractor, inputs, {"first": inputs[:, 0]}, batch_size=7)
    assert ds.layer.values.tolist() == ["b", "a"]
    assert traced == [(7, 4), (7, 4)]
