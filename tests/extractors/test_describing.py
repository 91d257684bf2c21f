"""Layers described without running the model, and NNX values that are not examples first."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen
from flax import nnx as fnn

import probekit as pk
from probekit.errors import OptionError, ProbekitWarning
from probekit.extractors import LayerInfo, describe
from tests.optional import optional

X = np.random.default_rng(0).normal(size=(4, 5)).astype(np.float32)
TOKENS = np.random.default_rng(2).integers(0, 11, (4, 7))
TOLERANCE = {"rtol": 1e-4, "atol": 1e-5}  # float32 against float32 in another order of summing


def counts(extractor, inputs):
    return {info.path: info.parameters for info in describe(extractor, inputs)}


class Block(linen.Module):
    @linen.compact
    def __call__(self, x):
        self.sow("intermediates", "squares", x**2)
        return linen.Dense(5)(linen.LayerNorm()(x))


class Stack(linen.Module):
    @linen.compact
    def __call__(self, x):
        axes = {"params": 0, "intermediates": 0}
        scan = linen.scan(
            lambda block, x, _: (block(x), None),
            variable_axes=axes,
            split_rngs={"params": True},
            length=3,
        )
        x, _ = scan(Block(name="blocks"), x, None)
        shared = linen.Dense(5, use_bias=False, name="shared")
        return {"code": shared(shared(x)), "first": x[:, 0]}


def test_parameters_of_a_linen_model_are_those_of_one_copy():
    shape = jax.ShapeDtypeStruct((7, 5), jnp.float32)
    variables = jax.eval_shape(Stack().init, jax.random.key(0), shape)  # nothing is computed
    extractor = pk.extractors.linen(Stack(), variables, layers=["**", "shared:in"])
    found = counts(extractor, shape)
    for copy in range(3):
        assert found[f"blocks/LayerNorm_0[{copy}]"] == 10
        assert found[f"blocks/Dense_0[{copy}]"] == 30
        assert found[f"blocks[{copy}]"] == 40
        assert found[f"blocks/squares[{copy}]"] is None
    assert (found["shared"], found["shared@1"], found["shared:in"]) == (25, 25, None)
    assert found["output.code"] == found["output.first"] == 3 * 40 + 25
    info = describe(extractor, shape)[-1]
    assert info == LayerInfo(path="output.first", shape=(7,), dtype=np.dtype("f4"), parameters=145)


class Network(fnn.Module):
    def __init__(self, rngs):
        self.blocks = fnn.vmap(lambda rngs: fnn.Linear(5, 5, rngs=rngs))(rngs.split(3))
        self.norm = fnn.BatchNorm(5, rngs=rngs)
        self.scale = fnn.Param(jnp.ones(5))

    def __call__(self, x):
        @fnn.scan(in_axes=(0, fnn.Carry), out_axes=fnn.Carry)
        def through(block, x):
            return fnn.relu(block(x))

        return self.norm(through(self.blocks, x)) * self.scale


def test_parameters_of_an_nnx_model():
    found = counts(pk.extractors.nnx(Network(fnn.Rngs(0))), jax.ShapeDtypeStruct((7, 5), "f4"))
    blocks = {f"blocks[{copy}]": 30 for copy in range(3)}
    assert found == {**blocks, "norm": 10, "output": 3 * 30 + 10 + 5}


def test_parameters_of_other_models():
    assert counts(pk.extractors.function(lambda x: {"a": x}), X) == {"a": None}
    assert counts(pk.extractors.arrays({"a": X}), None) == {"a": None}

    class Strange(pk.extractors.Extractor):
        parameters = {"a": X}  # which is no count

        def layers(self, inputs):
            return {"a": jax.ShapeDtypeStruct((4, 2), jnp.bfloat16)}

    assert describe(Strange(), X)[0].dtype == jnp.bfloat16
    assert counts(Strange(), X) == {"a": None}


def test_parameters_of_an_equinox_model():
    eqx = optional("equinox")
    found = counts(pk.extractors.equinox(eqx.nn.MLP(5, 2, 4, 1, key=jax.random.key(0))), X)
    assert found == {"layers/0": 24, "layers/1": 10, "output": 34}


def test_parameters_of_a_torch_model():
    nn = optional("torch").nn
    model = nn.Sequential(nn.Linear(5, 4), nn.Sequential(nn.ReLU(), nn.Linear(4, 2)))
    found = counts(pk.extractors.torch(model, layers=["**", "1:in"]), X)
    assert found == {"0": 24, "1:in": None, "1/0": 0, "1/1": 10, "1": 10, "output": 34}


def test_torch_examples_need_not_be_first():
    nn = optional("torch").nn

    class TimeMajor(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn, self.head = nn.GRU(5, 3), nn.Linear(3, 2)

        def forward(self, x):
            return self.head(self.rnn(x.transpose(0, 1))[0]).transpose(0, 1), x.sum()

    sequences = np.random.default_rng(1).normal(size=(4, 6, 5)).astype(np.float32)
    extractor = pk.extractors.torch(TimeMajor())
    with pytest.warns(ProbekitWarning, match=r"left out: output\.1 has no axis of examples"):
        outputs = extractor(sequences)
    assert {layer: array.shape for layer, array in outputs.items()} == {
        "rnn.0": (4, 6, 3),
        "rnn.1": (4, 1, 3),
        "head": (4, 6, 2),
        "output.0": (4, 6, 2),
    }
    np.testing.assert_array_equal(outputs["head"], outputs["output.0"])


class Language(fnn.Module):
    def __init__(self, rngs):
        self.embed, self.position = fnn.Embed(11, 8, rngs=rngs), fnn.Embed(7, 8, rngs=rngs)
        self.head = fnn.Linear(8, 3, rngs=rngs)

    def __call__(self, tokens):
        x = self.embed(tokens) + self.position(jnp.arange(tokens.shape[1]))
        self.sow(fnn.Intermediate, "norm", (x**2).sum())
        return self.head(x.swapaxes(0, 1))


def test_nnx_values_without_examples_or_with_them_elsewhere():
    model = Language(fnn.Rngs(0))
    with pytest.warns(ProbekitWarning, match="left out: position has .*; norm has no axis") as told:
        outputs = pk.extractors.nnx(model)(TOKENS)
    assert told[0].filename == __file__
    assert list(outputs) == ["embed", "head", "output"]
    position = np.asarray(model.position.embedding[...])
    x = np.asarray(outputs["embed"]) + position
    expected = x @ np.asarray(model.head.kernel[...]) + np.asarray(model.head.bias[...])
    np.testing.assert_allclose(outputs["head"], expected, **TOLERANCE)
    with pytest.raises(OptionError, match="layers='position': position has no axis of examples"):
        pk.extractors.nnx(model, layers="position")(TOKENS)


class Step(fnn.Module):
    def __init__(self, rngs):
        self.inner = fnn.Linear(5, 5, rngs=rngs)

    def __call__(self, x):
        return jnp.tanh(self.inner(x))


class Mapped(fnn.Module):
    def __init__(self, rngs):
        self.step, self.steps = Step(rngs), fnn.vmap(Step)(rngs.split(5))

    def __call__(self, x):
        one = fnn.StateAxes({fnn.Param: None, ...: 0})
        x = fnn.vmap(lambda step, x: step(x), in_axes=(one, 0))(self.step, x)
        along = fnn.StateAxes({fnn.Param: 0, ...: 1})

        @fnn.scan(in_axes=(along, fnn.Carry), out_axes=fnn.Carry)
        def through(step, x):
            return step(x)

        return through(self.steps, x)


def test_nnx_modules_vectorised_over_examples_or_stacked_along_another_axis():
    model = Mapped(fnn.Rngs(0))
    outputs = pk.extractors.nnx(model)(X)
    pairs = [(f"steps/inner[{n}]", f"steps[{n}]") for n in range(5)]
    assert list(outputs) == ["step/inner", "step", *sum(pairs, ()), "output"]
    kernel, bias = (np.asarray(p[...]) for p in (model.step.inner.kernel, model.step.inner.bias))
    np.testing.assert_allclose(outputs["step/inner"], X @ kernel + bias, **TOLERANCE)
    x = np.asarray(outputs["step"])
    kernels, biases = (
        np.asarray(p[...]) for p in (model.steps.inner.kernel, model.steps.inner.bias)
    )
    for n in range(5):
        x = x @ kernels[n] + biases[n]
        np.testing.assert_allclose(outputs[f"steps/inner[{n}]"], x, **TOLERANCE)
        x = np.tanh(x)
