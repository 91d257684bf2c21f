"""Layers of NNX models, written as users write them, against activations computed by hand."""

import itertools
import threading

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import linen
from flax import nnx as fnn

import probekit as pk
from probekit.errors import OptionError, ProbekitWarning
from probekit.extractors.from_nnx import nnx

X = np.random.default_rng(0).normal(size=(6, 5)).astype(np.float32)
TOLERANCE = {"rtol": 1e-4, "atol": 1e-5}  # float32 against float32 in another order of summing


def dense(linear, x):
    return x @ np.asarray(linear.kernel[...]) + np.asarray(linear.bias[...])


@jax.jit
def call(extractor, x):
    return extractor(x)


def leaves_of(model):
    """All that a model consists of: structure, and values as bytes."""
    graphdef, state = fnn.split(model)
    arrays = [jax.random.key_data(a) if is_key(a) else a for a in jax.tree.leaves(state)]
    return graphdef, [np.asarray(array).tobytes() for array in arrays]


def is_key(array):
    return jnp.issubdtype(array.dtype, jax.dtypes.prng_key)


def extracted(model, x=X, **options):
    """Return what an extractor gives and the order of its layers; the model is as it was."""
    before, classes = leaves_of(model), [vars(type(m)).copy() for _, m in fnn.iter_modules(model)]
    attributes = [list(vars(module)) for _, module in fnn.iter_modules(model)]
    extractor = nnx(model, **options)
    shapes = extractor.layers(x)
    outputs = call(extractor, x)
    assert set(outputs) == set(shapes)
    for name, shape in shapes.items():
        assert (outputs[name].shape, outputs[name].dtype) == (shape.shape, shape.dtype)
    assert leaves_of(model) == before
    assert [list(vars(module)) for _, module in fnn.iter_modules(model)] == attributes
    assert [vars(type(m)).copy() for _, m in fnn.iter_modules(model)] == classes
    return outputs, list(shapes)


class MLP(fnn.Module):
    def __init__(self, widths, *, rngs):
        self.widths = list(widths)  # has no hash
        pairs = itertools.pairwise(widths)
        self.layers = fnn.List([fnn.Linear(a, b, rngs=rngs) for a, b in pairs])

    def __call__(self, x):
        for layer in self.layers[:-1]:
            x = fnn.relu(layer(x))
        return self.layers[-1](x)


def mlp(seed=0):
    return MLP([5, 4, 3, 2], rngs=fnn.Rngs(seed))


def test_outputs_and_inputs_of_an_mlp():
    model = mlp()
    outputs, order = extracted(model, layers=["**", "**:in"])
    first = dense(model.layers[0], X)
    second = dense(model.layers[1], np.maximum(first, 0))
    assert order == [
        *("output:in", "layers/0:in", "layers/0", "layers/1:in", "layers/1"),
        *("layers/2:in", "layers/2", "output"),
    ]
    np.testing.assert_array_equal(outputs["layers/0:in"], X)
    np.testing.assert_allclose(outputs["layers/0"], first, **TOLERANCE)
    np.testing.assert_allclose(outputs["layers/1:in"], np.maximum(first, 0), **TOLERANCE)
    np.testing.assert_allclose(outputs["layers/1"], second, **TOLERANCE)
    np.testing.assert_allclose(
        outputs["output"], dense(model.layers[2], np.maximum(second, 0)), **TOLERANCE
    )


def test_only_what_was_asked_for():
    assert extracted(mlp(), layers="layers/1")[1] == ["layers/1"]
    assert extracted(mlp(), layers="layers/2:in")[1] == ["layers/2:in"]
    with pytest.raises(OptionError, match="layers='x': matches none of layers/0, layers/1"):
        nnx(mlp(), layers="x").layers(X)


def test_layers_are_listed_without_running_the_model():
    shape = jax.ShapeDtypeStruct((100, 5), jnp.float32)
    ran = []
    counted = mlp()
    counted.__class__ = type("Counted", (MLP,), {"__call__": counting(ran)})
    shapes = nnx(counted, layers="layers/*").layers(shape)
    assert [s.shape for s in shapes.values()] == [(100, 4), (100, 3), (100, 2)]
    assert all(isinstance(x, jax.core.Tracer) for x in ran), "traced, not run"
    assert len(ran) == 2, "to see which axis grows with the examples"


def counting(ran):
    def counted(self, x):
        ran.append(x)
        return MLP.__call__(self, x)

    return counted


def test_new_parameters_do_not_compile_anything(compilations):
    model = mlp()
    optimizer = fnn.Optimizer(model, optax.sgd(0.1), wrt=fnn.Param)
    before = call(nnx(model), X)
    gradients = fnn.grad(lambda model: (model(X) ** 2).mean())(model)
    optimizer.update(model, gradients)
    extractor = nnx(model)
    with compilations() as compiled:
        after = call(extractor, X)
        nnx(model).layers(X)
    assert compiled == []
    assert repr(extractor) == "nnx(MLP, layers=['**'])"
    assert repr(jax.eval_shape(lambda: extractor)) == repr(extractor)
    with pytest.raises(OptionError, match="method='nope': no method of MLP; there are none"):
        nnx(model, method="nope").layers(X)
    np.testing.assert_allclose(after["layers/0"], dense(model.layers[0], X), **TOLERANCE)
    assert not np.allclose(before["output"], after["output"])


class Classifier(fnn.Module):
    def __init__(self, *, rngs):
        self.hidden, self.output = fnn.Linear(5, 4, rngs=rngs), fnn.Linear(4, 3, rngs=rngs)

    def __call__(self, x):
        return fnn.softmax(self.output(fnn.relu(self.hidden(x))))


class SowingItsOutput(fnn.Module):
    def __init__(self, *, rngs):
        self.hidden = fnn.Linear(5, 4, rngs=rngs)

    def __call__(self, x):
        x = self.hidden(x)
        self.sow(fnn.Intermediate, "output", 2 * x)
        return 3 * x


def test_what_is_named_output_is_not_the_model_itself():
    model = Classifier(rngs=fnn.Rngs(0))
    outputs, order = extracted(model, layers=["**", "output:in", "__call__:in"])
    assert order == ["__call__:in", "hidden", "output:in", "output", "__call__"]
    logits = dense(model.output, np.maximum(dense(model.hidden, X), 0))
    np.testing.assert_allclose(outputs["output"], logits, **TOLERANCE)
    np.testing.assert_allclose(outputs["__call__"], fnn.softmax(logits), **TOLERANCE)
    found = pk.extractors.describe(nnx(model), X)
    assert [layer.parameters for layer in found] == [24, 15, 39]
    outputs, order = extracted(SowingItsOutput(rngs=fnn.Rngs(0)))
    assert order == ["hidden", "output", "__call__"]
    np.testing.assert_allclose(outputs["output"], 2 * outputs["hidden"], **TOLERANCE)
    np.testing.assert_allclose(outputs["__call__"], 3 * outputs["hidden"], **TOLERANCE)
    found = pk.extractors.describe(nnx(SowingItsOutput(rngs=fnn.Rngs(0))), X)
    assert [layer.parameters for layer in found] == [24, None, 24]


class ConvNet(fnn.Module):
    def __init__(self, rngs):
        self.conv = fnn.Conv(2, 4, (3, 3), rngs=rngs)
        self.norm = fnn.BatchNorm(4, rngs=rngs)
        self.dropout = fnn.Dropout(0.5, rngs=rngs)
        self.head = fnn.Linear(4, 2, rngs=rngs)

    def __call__(self, x):
        x = self.dropout(fnn.relu(self.norm(self.conv(x))))
        return self.head(x.mean((1, 2)))


IMAGES = np.random.default_rng(1).normal(size=(3, 6, 6, 2)).astype(np.float32)


def test_a_convolutional_network_in_evaluation_mode():
    model = ConvNet(fnn.Rngs(0))
    model.norm.mean[...] = jnp.arange(4.0)
    model.norm.var[...] = jnp.arange(1.0, 5.0)
    outputs, order = extracted(model, IMAGES, layers=["**", "dropout:in"])
    assert order == ["conv", "norm", "dropout:in", "dropout", "head", "output"]
    patches = np.pad(IMAGES, ((0, 0), (1, 1), (1, 1), (0, 0)))
    kernel, conv = np.asarray(model.conv.kernel[...]), np.zeros((3, 6, 6, 4))
    for row in range(6):
        for column in range(6):
            patch = patches[:, row : row + 3, column : column + 3]
            conv[:, row, column] = np.einsum("nijc,ijco->no", patch, kernel)
    np.testing.assert_allclose(outputs["conv"], conv, **TOLERANCE)
    normal = (conv - np.arange(4)) / np.sqrt(np.arange(1, 5) + 1e-5)
    np.testing.assert_allclose(outputs["norm"], normal, **TOLERANCE)
    np.testing.assert_array_equal(outputs["dropout"], outputs["dropout:in"])
    pooled = nnx(model, layers="conv", pool="mean")(IMAGES)
    np.testing.assert_allclose(pooled["conv"], conv.mean((1, 2)), **TOLERANCE)


def test_training_mode_leaves_statistics_and_random_numbers():
    model = ConvNet(fnn.Rngs(0))
    outputs, _ = extracted(model, IMAGES, view={})
    assert (np.asarray(outputs["dropout"]) == 0).mean() > 0.5, "dropout is at work"
    np.testing.assert_allclose(outputs["norm"].mean((0, 1, 2)), 0, atol=1e-5)
    fixed = nnx(model, view={"deterministic": True, "use_running_average": False})(IMAGES)
    np.testing.assert_array_equal(fixed["dropout"], fnn.relu(fixed["norm"]))
    with pytest.raises(OptionError, match=r"view=\{'dropped': 1\}: Unused keys found"):
        nnx(model, view={"dropped": 1})


class Block(fnn.Module):
    def __init__(self, width, rngs):
        self.norm = fnn.LayerNorm(width, rngs=rngs)
        self.attention = fnn.MultiHeadAttention(2, width, decode=False, rngs=rngs)
        self.dropout = fnn.Dropout(0.1, rngs=rngs)
        self.up = fnn.Linear(width, 2 * width, rngs=rngs)
        self.out = fnn.Linear(2 * width, width, rngs=rngs)

    def __call__(self, x, mask=None):
        x = x + self.dropout(self.attention(self.norm(x), mask=mask))
        return x + self.dropout(self.out(fnn.gelu(self.up(x))))


class Transformer(fnn.Module):
    def __init__(self, rngs, width=4):
        self.embed = fnn.Embed(11, width, rngs=rngs)
        self.blocks = fnn.List([Block(width, rngs) for _ in range(2)])
        self.head = fnn.Linear(width, 3, rngs=rngs)

    def __call__(self, tokens, *, mask=None):
        x = self.embed(tokens)
        for block in self.blocks:
            x = block(x, mask)
        return {"last_hidden": x, "logits": self.head(x[:, 0]), "name": "transformer"}


@pytest.fixture(scope="module")
def transformer():
    return fnn.jit(lambda: Transformer(fnn.Rngs(0)))()  # one compilation in place of many


TOKENS = np.random.default_rng(2).integers(0, 11, (4, 7))


@pytest.mark.slow
def test_a_transformer(transformer):
    model = transformer
    outputs, order = extracted(model, TOKENS)
    assert order.index("blocks/0/attention/query") < order.index("blocks/0/attention")
    assert order.index("blocks/0") < order.index("blocks/1/up") < order.index("blocks/1")
    assert "blocks/0/dropout@1" in order
    assert order[-2:] == ["output.last_hidden", "output.logits"]
    embedded = np.asarray(model.embed.embedding[...])[TOKENS]
    np.testing.assert_array_equal(outputs["embed"], embedded)
    np.testing.assert_allclose(
        outputs["blocks/0/attention"], attention(model.blocks[0], embedded), **TOLERANCE
    )
    inner = embedded + np.asarray(outputs["blocks/0/attention"])
    np.testing.assert_allclose(
        outputs["blocks/0/up"], dense(model.blocks[0].up, inner), **TOLERANCE
    )
    last = call(nnx(model, layers="blocks/*", pool="last"), TOKENS)
    np.testing.assert_allclose(last["blocks/1"], outputs["blocks/1"][:, -1], **TOLERANCE)


def attention(block, x):
    """Self-attention of the normalised x, one head and one query at a time."""
    x = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-6)
    parts = [block.attention.query, block.attention.key, block.attention.value]
    query, key, value = (
        np.einsum("ntd,dhk->nthk", x, np.asarray(part.kernel[...])) for part in parts
    )
    mixed = np.zeros_like(value)
    for example, head, position in np.ndindex(x.shape[0], 2, x.shape[1]):
        fit = key[example, :, head] @ query[example, position, head] / np.sqrt(query.shape[-1])
        weight = np.exp(fit - fit.max())
        mixed[example, position, head] = weight / weight.sum() @ value[example, :, head]
    return np.einsum("nthk,hkd->ntd", mixed, np.asarray(block.attention.out.kernel[...]))


def test_arguments_by_keyword_and_as_arrays(transformer, compilations):
    model = transformer
    mask = jnp.tril(jnp.ones((1, 1, 7, 7), bool))
    causal, plain = (
        call(nnx(model, layers="blocks/0", mask=value), TOKENS)["blocks/0"]
        for value in (mask, jnp.ones_like(mask))
    )
    np.testing.assert_allclose(causal[:, -1], plain[:, -1], **TOLERANCE)
    assert not np.allclose(causal[:, 0], plain[:, 0])
    by_name = call(nnx(model, layers="blocks/0"), {"tokens": TOKENS, "mask": mask})
    np.testing.assert_allclose(by_name["blocks/0"], causal, **TOLERANCE)
    other = nnx(model, layers="blocks/0", mask=~np.asarray(mask))
    with compilations() as compiled:
        call(other, TOKENS)
    assert compiled == []


class Noisy(fnn.Module):
    def __init__(self, rngs):
        self.layer = fnn.Linear(5, 5, rngs=rngs)

    def __call__(self, x, rngs, *, twice=False):
        x = self.layer(x) + jax.random.normal(rngs.noise(), x.shape)
        return self.layer(fnn.relu(x)) if twice else x


def test_each_call_of_a_module_is_a_layer_and_random_numbers_are_arguments():
    model, rngs = Noisy(fnn.Rngs(0)), fnn.Rngs(noise=3)
    outputs, order = extracted(model, layers=["**", "layer*:in"], rngs=rngs, twice=True)
    assert order == ["layer:in", "layer", "layer@1:in", "layer@1", "output"]
    assert int(rngs.noise.count[...]) == 0, "the user's random numbers are not used up"
    noisy = dense(model.layer, X) + np.asarray(jax.random.normal(fnn.Rngs(noise=3).noise(), (6, 5)))
    np.testing.assert_allclose(outputs["layer@1:in"], np.maximum(noisy, 0), **TOLERANCE)
    np.testing.assert_allclose(
        outputs["layer@1"], dense(model.layer, np.maximum(noisy, 0)), **TOLERANCE
    )


class Step(fnn.Module):
    def __init__(self, rngs):
        self.inner = fnn.Linear(5, 5, rngs=rngs)

    def __call__(self, x):
        return jnp.tanh(self.inner(x))


class Stacked(fnn.Module):
    def __init__(self, rngs):
        self.steps = fnn.vmap(Step)(rngs.split(3))
        self.head = fnn.Linear(5, 2, rngs=rngs)


class Scanned(Stacked):
    def __call__(self, x):
        @fnn.scan(in_axes=(0, fnn.Carry), out_axes=fnn.Carry)
        def through(step, x):
            return step(x)

        return self.head(through(self.steps, x))


class Ensemble(Stacked):
    def __call__(self, x):
        members = fnn.vmap(lambda step, x: step(x), in_axes=(0, None))
        return self.head(members(self.steps, x).mean(0))


def test_scanned_and_vectorised_modules_are_a_layer_each():
    model = Scanned(fnn.Rngs(0))
    outputs, order = extracted(model)
    assert order[:6] == [f"{name}[{n}]" for n in range(3) for name in ("steps/inner", "steps")]
    members = extracted(Ensemble(fnn.Rngs(0)))[0]
    kernels, biases = (
        np.asarray(a[...]) for a in (model.steps.inner.kernel, model.steps.inner.bias)
    )
    x = X
    for number in range(3):
        y = x @ kernels[number] + biases[number]
        np.testing.assert_allclose(outputs[f"steps/inner[{number}]"], y, **TOLERANCE)
        np.testing.assert_allclose(
            members[f"steps/inner[{number}]"], X @ kernels[number] + biases[number], **TOLERANCE
        )
        x = np.tanh(y)
    np.testing.assert_allclose(outputs["head"], dense(model.head, x), **TOLERANCE)


class Wrapped(fnn.Module):
    """One step, called within a transformation."""

    def __init__(self, rngs, through):
        self.step, self.head = Step(rngs), fnn.Linear(5, 2, rngs=rngs)
        self.through = through

    def __call__(self, x):
        return self.head(self.through(self.step, x))


@fnn.jit
def jitted(step, x):
    return step(x)


SEEN = {
    "nnx.remat": fnn.remat(lambda step, x: step(x)),
    "nnx.jit": jitted,
}
HIDDEN = {
    "nnx.vmap over examples": fnn.vmap(lambda step, x: step(x), in_axes=(None, 0)),
    "nnx.cond": lambda step, x: fnn.cond(x.sum() < 1e9, lambda s, x: s(x), lambda s, x: x, step, x),
    "jax.vmap": lambda step, x: jax.vmap(step)(x),
    "jax.jit": lambda step, x: jax.jit(lambda x: step(x))(x),
    "jax.lax.scan": lambda step, x: jax.lax.scan(lambda x, _: (step(x), None), x, length=1)[0],
}


@pytest.mark.parametrize("through", SEEN.values(), ids=SEEN)
def test_transformations_that_give_their_state_back(through):
    for seed in (0, 1):  # the second time, functions that were traced before come into play
        model = Wrapped(fnn.Rngs(seed), through)
        outputs, order = extracted(model)
        assert order == ["step/inner", "step", "head", "output"]
        np.testing.assert_allclose(outputs["step/inner"], dense(model.step.inner, X), **TOLERANCE)


@pytest.mark.slow
@pytest.mark.parametrize("through", HIDDEN.values(), ids=HIDDEN)
def test_a_transformation_that_hides_its_layers_is_reported(through):
    model = Wrapped(fnn.Rngs(0), through)
    with pytest.warns(ProbekitWarning, match=r"no layer for step/inner: .*nnx\.vmap"):
        layers = nnx(model).layers(X)
    assert list(layers) == ["head", "output"]
    np.testing.assert_allclose(nnx(model)(X)["output"], model(X), **TOLERANCE)


class Base(fnn.Module):
    known = {}

    def __init_subclass__(cls, **keywords):
        super().__init_subclass__(**keywords)
        Base.known[cls.__name__] = cls

    def __init__(self, rngs):
        self.linear = fnn.Linear(5, 3, rngs=rngs)
        self.unused = fnn.Linear(5, 3, rngs=rngs)

    def __call__(self, x):
        return self.scaled(self.linear(x))

    @staticmethod
    def scaled(x):
        return 2 * x


class Heir(Base):
    pass


class Calling(Base):
    def __call__(self, x):
        return super().__call__(x) + 1


class Sowing(fnn.Module):
    def __call__(self, x):
        self.sow(fnn.Intermediate, "gate", jax.nn.sigmoid(x))
        return x, x.sum(1)


class Outer(fnn.Module):
    def __init__(self, rngs):
        self.base, self.heir, self.calling = Base(rngs), Heir(rngs), Calling(rngs)
        self.sowing, self.bridge = Sowing(), None

    def __call__(self, x):
        return self.base(x) + self.heir(self.sowing(x)[0]) + self.calling(x)


def test_inherited_static_super_and_sown():
    model = Outer(fnn.Rngs(0))
    with pytest.warns(ProbekitWarning, match="no layer for base/unused, calling/unused, heir/unus"):
        outputs, order = extracted(model)
    np.testing.assert_allclose(outputs["heir"], 2 * dense(model.heir.linear, X), **TOLERANCE)
    np.testing.assert_allclose(outputs["calling"], 2 * outputs["calling/linear"] + 1, **TOLERANCE)
    np.testing.assert_allclose(outputs["sowing/gate"], jax.nn.sigmoid(X), **TOLERANCE)
    assert not any("@" in name for name in order), "a call of super() is no call of the module"
    assert Base.known == {"Heir": Heir, "Calling": Calling}


def test_a_linen_module_within():
    class Bridged(fnn.Module):
        def __init__(self, rngs):
            self.inner = fnn.bridge.ToNNX(linen.Dense(4), rngs=rngs).lazy_init(X)
            self.head = fnn.Linear(4, 2, rngs=rngs)

        def __call__(self, x):
            return self.head(self.inner(x))

    model = Bridged(fnn.Rngs(0))
    outputs, order = extracted(model)
    assert order == ["inner", "head", "output"]
    np.testing.assert_allclose(outputs["inner"], dense(model.inner, X), **TOLERANCE)


class Doubled(linen.Dense):
    @linen.compact
    def __call__(self, x):
        return 2 * super().__call__(x)


class Halves(linen.Module):
    @linen.compact
    def __call__(self, x):
        shared = linen.Dense(3, name="shared")
        return Doubled(2, name="last")(linen.relu(shared(linen.relu(shared(x)))))


class Bridged(fnn.Module):
    def __init__(self, part, rngs):
        self.first = fnn.Linear(5, 3, rngs=rngs)
        self.inner = fnn.bridge.ToNNX(part, rngs=rngs)

    def __call__(self, x):
        return self.inner(self.first(x))


def bridged(part):
    return fnn.bridge.lazy_init(Bridged(part, fnn.Rngs(0)), X)


def test_the_parts_of_a_linen_model_within():
    """As the extractor of the linen model itself sees them, with the parameters of the bridge."""
    model = bridged(Halves())
    found = nnx(model, layers=("**", "inner/last:in"))(X)
    parts = ["inner/shared", "inner/shared@1", "inner/last:in", "inner/last"]
    assert list(found) == ["first", *parts, "inner", "output"]
    params = {
        name: {key: value[...] for key, value in getattr(model.inner, name).items()}
        for name in ("shared", "last")
    }
    alone = pk.extractors.linen(Halves(), {"params": params}, layers=("**", "last:in"))
    for name, value in alone(found["first"]).items():
        here = "inner" if name == "output" else f"inner/{name}"
        np.testing.assert_allclose(found[here], value, rtol=1e-6)
    assert nnx(model).parameters(X) == {
        "first": 18, "inner/shared": 12, "inner/shared@1": 12, "inner/last": 8, "inner": 20,
        "output": 38,
    }  # fmt: skip


class Again(linen.Module):
    """A part that linen runs within a transformation of its own."""

    @linen.compact
    def __call__(self, x):
        return linen.remat(linen.Dense)(3, name="hidden")(linen.Dense(3, name="seen")(x))


def test_what_a_linen_model_within_transforms_is_said_to_be_hidden():
    extractor = nnx(bridged(Again()))
    with pytest.warns(ProbekitWarning, match=r"no layer for inner/hidden: .*extractors\.linen"):
        assert list(extractor.layers(X)) == ["first", "inner/seen", "inner", "output"]
    assert list(extractor(X)) == ["first", "inner/seen", "inner", "output"]


class Coder(fnn.Module):
    def __init__(self, rngs):
        self.body = fnn.Linear(5, 4, rngs=rngs)

    def __call__(self, x):
        return self.encode(x) ** 2

    def encode(self, x):
        return self.body(x)


def test_other_methods_and_several_inputs():
    model = Coder(fnn.Rngs(0))
    expected = dense(model.body, X)
    for method in ("encode", model.encode, Coder.encode):
        outputs, order = extracted(model, method=method)
        assert order == ["body", "output"]
        np.testing.assert_allclose(outputs["output"], expected, **TOLERANCE)

    class Two(Coder):
        def __call__(self, a, b):
            return self.body(a) - self.body(b)

    two = Two(fnn.Rngs(0))
    by_place, by_name = nnx(two)((X, 2 * X)), nnx(two)({"b": 2 * X, "a": X})
    np.testing.assert_array_equal(by_place["output"], by_name["output"])
    np.testing.assert_allclose(by_place["body@1"], dense(two.body, 2 * X), **TOLERANCE)


def test_threads_do_not_see_each_other():
    models = [Noisy(fnn.Rngs(seed)) for seed in range(4)]
    rngs = fnn.Rngs(noise=0)
    results = [None] * len(models)
    start = threading.Barrier(len(models))

    def work(number):
        start.wait()
        extractor = nnx(models[number], rngs=rngs, twice=bool(number % 2))
        results[number] = [extractor(X) for _ in range(3)]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(len(models))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, model in enumerate(models):
        for outputs in results[number]:
            assert list(outputs) == ["layer", *(["layer@1"] if number % 2 else []), "output"]
            np.testing.assert_allclose(outputs["layer"], dense(model.layer, X), **TOLERANCE)


def test_an_exception_leaves_nothing():
    model = mlp()
    before = leaves_of(model)
    extractor = nnx(model)
    with pytest.raises(TypeError, match="dot_general requires"):
        extractor(X[:, :3])
    assert leaves_of(model) == before
    np.testing.assert_allclose(extractor(X)["layers/0"], dense(model.layers[0], X), **TOLERANCE)


@pytest.mark.slow
def test_half_precision_is_kept_and_models_are_probed():
    class Half(fnn.Module):
        def __init__(self, rngs):
            self.linear = fnn.Linear(5, 2, dtype=jnp.bfloat16, rngs=rngs)

        def __call__(self, x):
            return self.linear(x)

    assert extracted(Half(fnn.Rngs(0)))[0]["linear"].dtype == jnp.bfloat16
    ds = pk.probe(nnx(mlp(), layers="layers/*"), X, {"f": X[:, 0]}, batch_size=4)
    assert ds.layer.values.tolist() == ["layers/0", "layers/1", "layers/2"]


def test_arguments_that_do_not_fit():
    with pytest.raises(OptionError, match=r"model: a Dense; give a flax\.nnx\.Module"):
        nnx(linen.Dense(3))
    with pytest.raises(OptionError, match="pool='avg': not a choice"):
        nnx(mlp(), pool="avg")


def test_calls_that_do_not_fit_are_told_in_words_of_the_extractor():
    model = fnn.Linear(3, 2, rngs=fnn.Rngs(0))
    inputs = np.ones((5, 3), np.float32)
    message = r"train=: no argument of the model; there are: inputs, out_sharding"
    with pytest.raises(OptionError, match=message):
        nnx(model, train=True).layers(inputs)
    with pytest.raises(OptionError, match=r"A dict gives inputs by keyword; to a model that takes"):
        nnx(model).layers({"x": inputs})


class Heads(fnn.Module):
    def __init__(self, rngs):
        self.heads = fnn.Dict(a=fnn.Linear(5, 3, rngs=rngs), b=fnn.Linear(5, 3, rngs=rngs))

    def __call__(self, x):
        return sum(self.heads[name](x) for name in ("a", "b")) / len(self.heads)


class Stack(Stacked):
    def __call__(self, x):
        @fnn.scan(in_axes=(0, fnn.Carry), out_axes=fnn.Carry)
        def through(step, x):
            return step(x)

        return {name: layer(through(self.steps, x)) for name, layer in self.heads.items()}

    def __init__(self, rngs):
        super().__init__(rngs)
        self.heads = fnn.Dict(only=fnn.Linear(5, 2, rngs=rngs))
        del self.head


def test_a_dict_of_modules_has_the_items_it_has():
    model = Heads(fnn.Rngs(0))
    outputs, order = extracted(model)
    assert order == ["heads/a", "heads/b", "output"]
    mean = (dense(model.heads["a"], X) + dense(model.heads["b"], X)) / 2
    np.testing.assert_allclose(outputs["output"], mean, **TOLERANCE)
    order = extracted(Stack(fnn.Rngs(0)))[1]
    assert order[:2] == ["steps/inner[0]", "steps[0]"]
    assert order[-2:] == ["heads/only", "output.only"]


class Noise(fnn.Module):
    """A module of the user's own that asks for the mode as those of flax do."""

    def __init__(self):
        self.deterministic = False

    def __call__(self, x):
        return x if self.deterministic else x + 100


class WithNoise(fnn.Module):
    def __init__(self, rngs):
        self.noise, self.head = Noise(), fnn.Linear(5, 3, rngs=rngs)
        self.use_running_average = False

    def __call__(self, x):
        return self.head(self.noise(x)) * (1 if self.use_running_average else -1)


def test_evaluation_mode_is_that_of_the_user_s_modules_too():
    model = WithNoise(fnn.Rngs(0))
    outputs, _ = extracted(model)
    np.testing.assert_allclose(outputs["output"], dense(model.head, X), **TOLERANCE)
    own, _ = extracted(model, view={})
    np.testing.assert_allclose(own["output"], -dense(model.head, X + 100), rtol=1e-3, atol=1e-2)
    assert not model.noise.deterministic


def test_what_a_model_captures_itself_it_can_read():
    class Part(fnn.Module):
        def __call__(self, x):
            self.sow(fnn.Intermediate, "doubled", 2 * x)
            return x

    class Reading(fnn.Module):
        def __init__(self, rngs):
            self.part, self.head = Part(), fnn.Linear(5, 3, rngs=rngs)

        def __call__(self, x):
            captured = fnn.capture(lambda part, x: part(x), fnn.Intermediate)
            return self.head(sum(jax.tree.leaves(captured(self.part, x))))

    model = Reading(fnn.Rngs(0))
    outputs, _ = extracted(model)
    np.testing.assert_allclose(outputs["output"], dense(model.head, 3 * X), **TOLERANCE)
