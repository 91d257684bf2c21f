"""Layers of Equinox models, written as users write them, against activations computed by hand."""

import sys
import threading

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import probekit as pk
from probekit.errors import MissingExtraError, OptionError, ProbekitWarning
from probekit.extractors.from_equinox import equinox
from tests.optional import optional

eqx = optional("equinox")

X = np.random.default_rng(0).normal(size=(6, 5)).astype(np.float32)
KEY = jax.random.key(0)
TOLERANCE = {"rtol": 1e-4, "atol": 1e-5}  # float32 against float32 in another order of summing


def dense(linear, x):
    return x @ np.asarray(linear.weight).T + np.asarray(linear.bias)


@jax.jit
def call(extractor, x):
    return extractor(x)


def extracted(model, x=X, **options):
    """Return what an extractor gives and the order of its layers; the model is as it was."""
    leaves, structure = jax.tree.flatten(model)
    classes = {type(model): dict(vars(type(model)))}
    extractor = equinox(model, **options)
    shapes = extractor.layers(x)
    outputs = call(extractor, x)
    assert set(outputs) == set(shapes)
    for name, shape in shapes.items():
        assert (outputs[name].shape, outputs[name].dtype) == (shape.shape, shape.dtype)
    after, same = jax.tree.flatten(model)
    assert same == structure
    assert all(one is other for one, other in zip(leaves, after, strict=True))
    assert all(dict(vars(cls)) == attributes for cls, attributes in classes.items())
    return outputs, list(shapes)


def mlp(seed=0):
    return eqx.nn.MLP(5, 2, 4, 2, key=jax.random.key(seed))


def test_outputs_and_inputs_of_an_mlp():
    model = mlp()
    outputs, order = extracted(model, layers=["**", "layers/*:in"])
    assert order == [
        *("layers/0:in", "layers/0", "layers/1:in", "layers/1"),
        *("layers/2:in", "layers/2", "output"),
    ]
    first = dense(model.layers[0], X)
    second = dense(model.layers[1], np.maximum(first, 0))
    np.testing.assert_array_equal(outputs["layers/0:in"], X)
    np.testing.assert_allclose(outputs["layers/0"], first, **TOLERANCE)
    np.testing.assert_allclose(outputs["layers/1:in"], np.maximum(first, 0), **TOLERANCE)
    np.testing.assert_allclose(outputs["layers/1"], second, **TOLERANCE)
    np.testing.assert_allclose(
        outputs["output"], dense(model.layers[2], np.maximum(second, 0)), **TOLERANCE
    )


def test_only_what_was_asked_for():
    assert extracted(mlp(), layers="layers/1")[1] == ["layers/1"]
    with pytest.raises(OptionError, match="layers='x': matches none of layers/0, layers/1"):
        equinox(mlp(), layers="x").layers(X)


def test_new_parameters_do_not_compile_anything(compilations):
    call(equinox(mlp()), X)
    other = mlp(seed=1)
    with compilations() as compiled:
        outputs = call(equinox(other), X)
    assert compiled == []
    np.testing.assert_allclose(outputs["layers/0"], dense(other.layers[0], X), **TOLERANCE)


class Classifier(eqx.Module):
    hidden: eqx.nn.Linear
    output: eqx.nn.Linear

    def __call__(self, x):
        return jax.nn.softmax(self.output(jax.nn.relu(self.hidden(x))))


def test_a_submodule_named_output_is_not_the_model_itself():
    model = Classifier(eqx.nn.Linear(5, 4, key=KEY), eqx.nn.Linear(4, 3, key=KEY))
    outputs, order = extracted(model, layers=["**", "output:in", "__call__:in"])
    assert order == ["__call__:in", "hidden", "output:in", "output", "__call__"]
    logits = dense(model.output, np.maximum(dense(model.hidden, X), 0))
    np.testing.assert_allclose(outputs["output"], logits, **TOLERANCE)
    np.testing.assert_allclose(outputs["__call__"], jax.nn.softmax(logits), **TOLERANCE)


class ConvNet(eqx.Module):
    conv: eqx.nn.Conv2d
    norm: eqx.nn.BatchNorm
    head: eqx.nn.Linear

    def __init__(self, key):
        self.conv = eqx.nn.Conv2d(2, 4, 3, padding=1, key=key)
        self.norm = eqx.nn.BatchNorm(4, axis_name="batch", mode="batch")
        self.head = eqx.nn.Linear(4, 2, key=key)

    def __call__(self, x, state):
        x, state = self.norm(self.conv(x), state)
        return self.head(jax.nn.relu(x).mean((1, 2))), state


IMAGES = np.random.default_rng(1).normal(size=(3, 2, 6, 6)).astype(np.float32)


def test_a_convolutional_network_with_batch_norm():
    model, state = eqx.nn.make_with_state(ConvNet)(KEY)
    outputs, order = extracted(model, IMAGES, state=state, inference=False)
    assert order == ["conv", "norm", "head", "output"]
    axes = (0, 2, 3)
    conv = np.asarray(outputs["conv"])
    mean, var = conv.mean(axes, keepdims=True), conv.var(axes, keepdims=True)
    np.testing.assert_allclose(outputs["norm"], (conv - mean) / np.sqrt(var + 1e-5), **TOLERANCE)
    evaluated = call(equinox(model, state=state), IMAGES)
    np.testing.assert_allclose(evaluated["conv"], conv, **TOLERANCE)
    np.testing.assert_allclose(
        evaluated["head"],
        dense(model.head, np.maximum(evaluated["norm"], 0).mean((2, 3))),
        **TOLERANCE,
    )


class Block(eqx.Module):
    attention: eqx.nn.MultiheadAttention
    norm: eqx.nn.LayerNorm
    dropout: eqx.nn.Dropout
    up: eqx.nn.Linear

    def __init__(self, key):
        self.attention = eqx.nn.MultiheadAttention(2, 4, key=key)
        self.norm = eqx.nn.LayerNorm(4)
        self.dropout = eqx.nn.Dropout(0.5)
        self.up = eqx.nn.Linear(4, 4, key=key)

    @eqx.filter_jit
    def __call__(self, x, key=None):
        y = jax.vmap(self.norm)(x)
        x = x + self.dropout(self.attention(y, y, y), key=key)
        return x + jax.vmap(self.up)(x)


class Transformer(eqx.Module):
    embed: eqx.nn.Embedding
    blocks: list

    def __init__(self, key):
        self.embed = eqx.nn.Embedding(11, 4, key=key)
        self.blocks = [Block(key), Block(key)]

    def __call__(self, tokens, *, key):
        x = jax.vmap(self.embed)(tokens)
        for block in self.blocks:
            x = block(x, key)
        return {"last_hidden": x, "name": "transformer"}


TOKENS = np.random.default_rng(2).integers(0, 11, (3, 7))


def test_a_transformer_whose_tokens_are_mapped_within():
    model = Transformer(KEY)
    outputs, order = extracted(model, TOKENS, key=None)
    assert order.index("blocks/0/attention/query_proj") < order.index("blocks/0/attention")
    assert order.index("blocks/0") < order.index("blocks/1/up") < order.index("blocks/1")
    assert order[-1] == "output.last_hidden"
    embedded = np.asarray(model.embed.weight)[TOKENS]
    np.testing.assert_array_equal(outputs["embed"], embedded)
    mean, var = embedded.mean(-1, keepdims=True), embedded.var(-1, keepdims=True)
    normal = (embedded - mean) / np.sqrt(var + 1e-5)
    np.testing.assert_allclose(outputs["blocks/0/norm"], normal, **TOLERANCE)
    query = normal @ np.asarray(model.blocks[0].attention.query_proj.weight).T
    np.testing.assert_allclose(outputs["blocks/0/attention/query_proj"], query, **TOLERANCE)
    inner = embedded + np.asarray(outputs["blocks/0/attention"])
    np.testing.assert_allclose(
        outputs["blocks/0/up"], dense(model.blocks[0].up, inner), **TOLERANCE
    )
    last = call(equinox(model, key=None, layers="embed", pool="last"), TOKENS)
    np.testing.assert_array_equal(last["embed"], embedded[:, -1])


def test_each_example_has_its_own_dropout():
    same = np.repeat(TOKENS[:1], 3, axis=0)
    extractor = equinox(Transformer(KEY), layers="blocks/0/dropout", inference=False, key=KEY)
    dropped = np.asarray(call(extractor, same)["blocks/0/dropout"]) == 0
    assert 0.2 < dropped.mean() < 0.8
    assert (dropped[0] != dropped[1]).any()


class Shared(eqx.Module):
    layer: eqx.nn.Linear
    unused: eqx.nn.Linear
    steps: eqx.nn.Linear

    known = {}

    def __init_subclass__(cls, **keywords):
        super().__init_subclass__(**keywords)
        Shared.known[cls.__name__] = cls

    def __init__(self, key):
        self.layer, self.unused, self.steps = (eqx.nn.Linear(5, 5, key=key) for _ in range(3))

    def __call__(self, a, b=0.0):
        x = self.layer(jax.nn.relu(self.layer(a))) + b
        return jax.lax.scan(lambda x, _: (self.steps(x), None), x, length=2)[0]

    def encode(self, a):
        return self.scaled(self.layer(a))

    @staticmethod
    def scaled(a):
        return 2 * a


class Heir(Shared):
    pass


def test_each_call_is_a_layer_and_what_is_hidden_is_reported():
    model = Heir(KEY)
    with pytest.warns(ProbekitWarning, match=r"no layer for steps, unused: .*jax\.lax\.scan"):
        outputs, order = extracted(model, (X, 2 * X), layers=["**", "layer*:in"])
    assert order == ["layer:in", "layer", "layer@1:in", "layer@1", "output"]
    second = dense(model.layer, np.maximum(dense(model.layer, X), 0))
    np.testing.assert_allclose(outputs["layer@1"], second, **TOLERANCE)
    twice = dense(model.steps, dense(model.steps, second + 2 * X))
    np.testing.assert_allclose(outputs["output"], twice, **TOLERANCE)
    assert Shared.known == {"Heir": Heir}
    by_name = call(equinox(model, layers="output"), {"b": 2 * X, "a": X})
    np.testing.assert_allclose(by_name["output"], twice, **TOLERANCE)


class Pair(eqx.Module):
    weight: jax.Array

    def __call__(self, x):
        return x * self.weight, self.weight[:2]


def test_what_does_not_depend_on_the_example_is_the_same_for_all():
    outputs = equinox(Pair(jnp.arange(5, dtype=jnp.float32)))(X)
    np.testing.assert_allclose(outputs["output.0"], X * np.arange(5), **TOLERANCE)
    np.testing.assert_array_equal(outputs["output.1"], np.tile([0, 1], (len(X), 1)))


def test_other_methods():
    model = Shared(KEY)
    for method in ("encode", model.encode, Shared.encode):
        outputs = call(equinox(model, method=method), X)
        assert set(outputs) == {"layer", "output"}
        np.testing.assert_allclose(outputs["layer"], dense(model.layer, X), **TOLERANCE)
        np.testing.assert_allclose(outputs["output"], 2 * outputs["layer"], **TOLERANCE)


def test_threads_do_not_see_each_other_and_an_exception_leaves_nothing():
    models, results = [mlp(seed) for seed in range(3)], {}
    start = threading.Barrier(3)

    def work(seed):
        start.wait()
        results[seed] = equinox(models[seed], layers=["**", "**:in"][: 1 + seed % 2])(X)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seed, outputs in results.items():
        assert len(outputs) == 4 * (1 + seed % 2)
        np.testing.assert_allclose(
            outputs["layers/0"], dense(models[seed].layers[0], X), **TOLERANCE
        )
    with pytest.raises(TypeError, match="dot_general requires"):
        equinox(models[0])(X[:, :3])
    np.testing.assert_allclose(jax.vmap(models[0])(X), results[0]["output"], **TOLERANCE)


def test_half_precision_is_kept_and_models_are_probed():
    half = jax.tree.map(lambda a: a.astype(jnp.bfloat16) if eqx.is_array(a) else a, mlp())
    assert equinox(half).layers(jnp.asarray(X, jnp.bfloat16))["output"].dtype == jnp.bfloat16
    ds = pk.probe(equinox(mlp(), layers="layers/*"), X, {"f": X[:, 0]}, batch_size=4)
    assert ds.layer.values.tolist() == ["layers/0", "layers/1", "layers/2"]


def test_arguments_that_do_not_fit(monkeypatch):
    with pytest.raises(OptionError, match=r"model: a int; give an equinox\.Module"):
        equinox(3)
    with pytest.raises(OptionError, match="pool='avg': not a choice"):
        equinox(mlp(), pool="avg")
    monkeypatch.setitem(sys.modules, "equinox", None)
    with pytest.raises(MissingExtraError, match=r"models need equinox, .*\[equinox\]"):
        equinox(3)
