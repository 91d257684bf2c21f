"""The extractors `function` and `arrays`, globs and pooling."""

import functools
import re
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import probekit as pk
from probekit.errors import OptionError, ProbekitWarning, ShapeError
from probekit.extractors import match
from probekit.extractors._pooling import check_pool, pooled

X = np.random.default_rng(0).normal(size=(7, 4)).astype(np.float32)
NAMES = ["Dense_0", "Dense_1", "block_0/attention/query", "block_0/mlp", "block_1/mlp", "logits"]


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        ("**", NAMES),
        ("*", ["Dense_0", "Dense_1", "logits"]),
        ("Dense_?", ["Dense_0", "Dense_1"]),
        ("**/mlp", ["block_0/mlp", "block_1/mlp"]),
        ("**/Dense_*", ["Dense_0", "Dense_1"]),
        ("block_0/**", ["block_0/attention/query", "block_0/mlp"]),
        ("block_*/mlp", ["block_0/mlp", "block_1/mlp"]),
        ("logits, Dense_0", ["Dense_0", "logits"]),
        (["logits", "**/query"], ["block_0/attention/query", "logits"]),
    ],
)
def test_globs(patterns, expected):
    assert match(NAMES, patterns) == tuple(expected)


@pytest.mark.parametrize("layers", [3, None, ["a", 3], [None]])
def test_what_is_no_glob(layers):
    with pytest.raises(OptionError, match=r"^layers=.*: give a glob, e\.g\. '\*\*' for all, or "):
        pk.extractors.function(lambda x: {"a": x}, layers=layers)
    with pytest.raises(OptionError, match=r"^layers=.*: give a glob"):
        pk.extractors.arrays({"a": np.ones((2, 2))}, layers=layers)


def test_several_globs_in_one_string():
    names = dict.fromkeys(["a", "b/c", "d"], np.ones((2, 2), np.float32))
    for extractor, inputs in (
        (pk.extractors.arrays(names, layers="d, b/*"), None),
        (pk.extractors.function(lambda x: {**names}, layers="d, b/*"), np.ones((2, 1))),
    ):
        assert list(extractor.layers(inputs)) == ["b/c", "d"]


def test_globs_that_match_nothing():
    with pytest.raises(OptionError, match=r"layers='Dense_7': matches none of Dense_0, .*logits\."):
        match(NAMES, ["Dense_0", "Dense_7"])
    many = [f"layer_{number}" for number in range(30)]
    with pytest.raises(OptionError, match=r"store='layr_3': .*, …; did you mean 'layer_3'"):
        match(many, "layr_3", argument="store")
    with pytest.raises(OptionError, match="no pattern"):
        match(NAMES, [])
    with pytest.raises(OptionError, match=r"layers='block_0\?mlp': matches none of"):
        match(NAMES, "block_0?mlp")


def test_function_keeps_forward_order_and_what_was_asked_for():
    extractor = pk.extractors.function(lambda x: {"z": x, "a": 2 * x}, layers=["a", "z"])
    assert list(extractor.layers(X)) == ["z", "a"]
    only = pk.extractors.function(lambda x: {"z": x, "a": 2 * x}, layers="a")
    assert list(only(X)) == ["a"]
    assert only.layers(jax.ShapeDtypeStruct((3, 4), jnp.float32))["a"].shape == (3, 4)


def test_function_with_parameters_as_leaves(compilations):
    def network(w, x):
        return {"y": x @ w}

    def extractor(w):
        return pk.extractors.function(jax.tree_util.Partial(network, w))

    assert len(jax.tree.leaves(extractor(jnp.ones((4, 2))))) == 1
    call = jax.jit(lambda e, x: e(x))
    call(extractor(jnp.ones((4, 2))), X)
    with compilations() as compiled:
        got = call(extractor(np.full((4, 2), 3.0, np.float32)), X)
    assert compiled == []
    np.testing.assert_allclose(got["y"][:, 0], 3 * X.sum(1), rtol=1e-5)


weights = {"scale": 2.0}


def scaled(x):
    return x * weights["scale"]


class Model:
    def __init__(self):
        self.scale = 2.0

    def __call__(self, x):
        return {"y": x * self.scale}

    def forward(self, x):
        return self(x)


def closing_over_a_number():
    scale = 2.0

    def change():
        nonlocal scale
        scale = 3.0

    return lambda x: {"y": x * scale}, change


def calling_another_with_a_global():
    globals().update(weights={"scale": 2.0})
    return lambda x: {"y": scaled(x)}, lambda: globals().update(weights={"scale": 3.0})


def having_a_function_within():
    globals().update(weights={"scale": 2.0})
    return (
        lambda x: {"y": jax.tree.map(lambda leaf: leaf * weights["scale"], x)},
        lambda: globals().update(weights={"scale": 3.0}),
    )


def closing_over_what_is_bound_later():
    def function(x):
        return {"y": x * scale}

    pk.extractors.function(function).tree_flatten()  # as where one is looked at before its time
    scale = 2.0

    def change():
        nonlocal scale
        scale = 3.0

    return function, change


def reading_a_dict():
    globals().update(weights={"scale": 2.0})
    return lambda x: {"y": scaled(x)}, lambda: weights.update(scale=3.0)


def being_a_method():
    model = Model()
    return model.forward, lambda: setattr(model, "scale", 3.0)


def being_an_object():
    model = Model()
    return model, lambda: setattr(model, "scale", 3.0)


@pytest.mark.parametrize(
    "case",
    [
        closing_over_a_number,
        calling_another_with_a_global,
        having_a_function_within,
        closing_over_what_is_bound_later,
        reading_a_dict,
        being_a_method,
        being_an_object,
    ],
)
def test_what_a_function_takes_from_outside_may_change(case):
    function, change = case()
    call = jax.jit(lambda extractor, x: extractor(x)["y"])
    extractor = pk.extractors.function(function)
    for _ in range(2):
        np.testing.assert_array_equal(call(extractor, X), 2 * X)
    assert call._cache_size() == 1
    change()
    np.testing.assert_array_equal(call(extractor, X), 3 * X)


def test_functions_that_call_themselves_and_hold_what_has_no_order():
    odd = {1: 2.0, "b": 3.0}

    def deep(x, more):
        return deep(x * odd["b"], more - 1) if more else x

    extractor = pk.extractors.function(lambda x: {"y": deep(x, 2)})
    np.testing.assert_allclose(jax.jit(lambda e, x: e(x))(extractor, X)["y"], 9 * X)


def test_a_function_that_takes_other_values_each_time():
    extractor = pk.extractors.function(lambda x: {"y": x * weights["scale"]})
    for number in range(3):
        weights["scale"] = jnp.float32(number)
        extractor.layers(X)
    weights["scale"] = jnp.float32(3)
    with pytest.warns(ProbekitWarning, match="takes other values from outside each time"):
        extractor.layers(X)


def test_a_function_that_is_made_again_and_again():
    def used(weight):
        pk.extractors.function(lambda x: {"y": x * weight}).layers(X)

    once = pk.extractors.function(lambda x: {"y": x})
    for weight in range(3):
        used(weight)
        once.layers(X)
    with pytest.warns(ProbekitWarning, match="<lambda> was made 4 times.*Partial") as caught:
        used(3)
    assert caught[0].filename == __file__
    for weight in range(3):
        used(weight)
        once.layers(X)


def test_a_partial_function_that_is_made_again_and_again():
    def scale(weight, x):
        return {"y": x * weight}

    def used(make, weight):
        extractor = pk.extractors.function(make(scale, weight))
        assert repr(extractor) == f"function({scale.__qualname__}, layers=['**'])"
        extractor.layers(X)

    for weight in range(5):
        used(jax.tree_util.Partial, np.float32(weight))
    for weight in range(3):
        used(functools.partial, weight)
    with pytest.warns(ProbekitWarning, match="scale was made 4 times.*Partial"):
        used(functools.partial, 3)


def test_function_that_does_not_fit():
    with pytest.raises(OptionError, match="fn: a dict; give a function"):
        pk.extractors.function({"a": 1})
    with pytest.raises(OptionError, match="fn: returned a ndarray; it must return a dict"):
        pk.extractors.function(lambda x: x)(X)
    with pytest.raises(OptionError, match="fn: returned an array; it must return a dict"):
        pk.extractors.function(lambda x: x).layers(X)
    for untraceable in (np.tanh, lambda x: x if x.sum() > 0 else -x, lambda x: x[x > 0]):
        with pytest.raises(OptionError, match="fn: JAX cannot trace it, as it needs val"):
            pk.extractors.function(lambda x: {"a": untraceable(x)}).layers(X)  # noqa: B023
    for wrong, reason in [(lambda x: x.sum(), "shape ()"), (lambda x: x.T, "shape (4, 7)")]:
        with pytest.raises(ShapeError, match=re.escape(f"fn: layer 'a' has {reason}")):
            pk.extractors.function(lambda x: {"a": wrong(x)}).layers(X)  # noqa: B023
    with pytest.raises(ShapeError, match="fn: layer 'a' is a dict; give an array"):
        pk.extractors.function(lambda x: {"a": {"b": x}}).layers(X)


class Lazy:
    """Something on disk: notes which slices are read."""

    def __init__(self, array):
        self.array, self.shape, self.dtype, self.read = array, array.shape, array.dtype, []

    def __getitem__(self, key):
        self.read.append(key)
        return self.array[key]


def test_arrays_read_only_what_is_asked_for():
    lazy = Lazy(X)
    extractor = pk.extractors.arrays({"x": lazy, "y": jnp.asarray(X)})
    assert (extractor.indexed, extractor.examples) == (True, 7)
    rows = np.array([2, 3, 4])
    np.testing.assert_array_equal(extractor(rows)["x"], X[2:5])
    padded = np.array([5, 6, 6, 6])
    np.testing.assert_array_equal(extractor(padded)["x"], X[padded])
    np.testing.assert_array_equal(extractor(padded)["y"], X[padded])
    assert lazy.read == [slice(2, 5), slice(5, 7), slice(5, 7)]
    for mixed in (np.array([5, 0, 5]), np.array([2, 4, 3, 5])):
        np.testing.assert_array_equal(extractor(mixed)["x"], X[mixed])
        np.testing.assert_array_equal(extractor(mixed)["y"], X[mixed])
    assert extractor.layers(rows)["x"].shape == (3, 4)
    assert extractor.layers(None)["x"].shape == X.shape
    np.testing.assert_array_equal(extractor(None)["y"], X)
    assert "examples=7" in repr(extractor)


@pytest.mark.parametrize("mode", ["r", "r+", "c"])
def test_arrays_in_a_mapped_file(tmp_path, mode):
    """What was read is let go of; what was written to the map is kept."""
    np.save(tmp_path / "x.npy", X)
    mapped = np.load(tmp_path / "x.npy", mmap_mode=mode)
    expected = X.copy()
    if mode != "r":
        mapped[3] = expected[3] = 5
    extractor = pk.extractors.arrays({"layer": mapped[1:]})
    for rows in (np.arange(2), np.arange(2, 6), np.array([5, 0, 5]), np.array([1, 3, 2, 4])):
        np.testing.assert_array_equal(extractor(rows)["layer"], expected[1:][rows])
    np.testing.assert_array_equal(mapped, expected)


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="Linux tells what is resident")
def test_a_mapped_file_does_not_come_to_lie_in_memory(tmp_path):
    path = tmp_path / "x.npy"
    np.save(path, np.ones((16384, 256), np.float32))  # 16 MB
    extractor = pk.extractors.arrays({"layer": np.load(path, mmap_mode="r")})

    def resident():
        """Kilobytes of the file that lie in the memory of this process."""
        maps = Path("/proc/self/smaps").read_text().split(str(path))[1]
        return int(re.search(r"Rss:\s+(\d+) kB", maps)[1])

    for start in range(0, 16384, 512):
        assert extractor(np.arange(start, start + 512))["layer"].sum() == 512 * 256
    assert 0 < resident() <= 8192  # the last rows, in pages of up to 2 MB


def test_arrays_that_do_not_fit():
    with pytest.raises(OptionError, match="activations: there are none"):
        pk.extractors.arrays({})
    with pytest.raises(ShapeError, match=r"activations\['b'\]: 3 examples; 'a' has 7"):
        pk.extractors.arrays({"a": X, "b": X[:3]})
    with pytest.raises(ShapeError, match=r"activations\['b'\]: 7 examples; 'a' has 3"):
        pk.extractors.arrays({"a": X[:3], "b": X})
    with pytest.raises(ShapeError, match="must be numeric"):
        pk.extractors.arrays({"a": np.array(["x"])})
    with pytest.raises(ShapeError, match="must have 1 to 32 axes"):
        pk.extractors.arrays({"a": np.float32(1)})


TOKENS = np.random.default_rng(1).normal(size=(2, 3, 4, 5)).astype(np.float32)


@pytest.mark.parametrize(
    ("pool", "expected"),
    [
        (None, TOKENS),
        ("flatten", TOKENS.reshape(2, -1)),
        ("mean", TOKENS.mean((1, 2))),
        ("last", TOKENS[:, -1, -1]),
        ("cls", TOKENS[:, 0, 0]),
        (5, TOKENS[:, 1, 1]),
        (-2, TOKENS[:, 2, 2]),
        (lambda a: a.max((1, 2)), TOKENS.max((1, 2))),
    ],
)
def test_pooling(pool, expected):
    np.testing.assert_allclose(pooled(TOKENS, pool), expected, rtol=1e-6)


def test_pooling_leaves_matrices_and_checks_positions():
    assert pooled(X, "mean") is X
    for position in (12, -13):
        with pytest.raises(OptionError, match=f"pool={position}: a layer has 12 positions"):
            pooled(TOKENS, position)


@pytest.mark.parametrize("pool", [True, 1.5, ["mean"]])
def test_what_is_no_way_to_pool(pool):
    with pytest.raises(OptionError, match=r"give one of mean, last, cls, flatten, a position, or"):
        check_pool(pool)


@pytest.mark.parametrize(
    ("activations", "message"),
    [
        ([X], "activations: a list is no mapping; give"),
        ({}, "activations: there are none; give"),
        ({0: X}, "activations: a layer is named 0, a int; name it by a string, e.g. 'layer_0'"),
    ],
)
def test_activations_that_have_no_names(activations, message):
    with pytest.raises(OptionError, match=message):
        pk.extractors.arrays(activations)


def test_functions_that_name_no_layers():
    with pytest.raises(OptionError, match=r"fn: a layer is named 1, a int; name it by a string"):
        pk.extractors.function(lambda x: {1: x}).layers(X)
    with pytest.raises(OptionError, match=r"fn: returned no layers; it must return a dict"):
        pk.extractors.function(lambda x: {}).layers(X)


def test_a_function_that_pools_keeps_the_examples():
    assert pooled(X, lambda array: array.max(axis=1)).shape == (7,)
    message = r"pool: gives shape \(4,\) for Conv_0, shape \(7, 4\); give a function that keeps"
    with pytest.raises(ShapeError, match=message):
        pooled(X, lambda array: array.max(axis=0), layer="Conv_0")
