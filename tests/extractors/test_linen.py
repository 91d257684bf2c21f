"""Layers of linen models, written as users write them, against activations computed by hand."""

import dataclasses

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import probekit as pk
from probekit.errors import OptionError, ProbekitWarning

X = np.random.default_rng(0).normal(size=(6, 5)).astype(np.float32)


def dense(parameters, x):
    return x @ np.asarray(parameters["kernel"]) + np.asarray(parameters["bias"])


def extracted(module, x=X, *, init=None, **options):
    """Return variables, and what an extractor of them gives."""
    variables = module.init(jax.random.key(0), x, **(init or {}))
    extractor = pk.extractors.linen(module, variables, **options)
    outputs = jax.jit(lambda e, x: e(x))(extractor, x)
    shapes = extractor.layers(x)
    assert set(outputs) == set(shapes)
    for name, shape in shapes.items():
        assert (outputs[name].shape, outputs[name].dtype) == (shape.shape, shape.dtype)
    return variables, outputs, list(shapes)


class MLP(nn.Module):
    widths: list[int]  # a list has no hash, and users write it all the same

    @nn.compact
    def __call__(self, x):
        for width in self.widths[:-1]:
            x = nn.relu(nn.Dense(width)(x))
        return nn.Dense(self.widths[-1])(x)


def test_outputs_and_inputs_of_an_mlp():
    variables, outputs, order = extracted(MLP([4, 3, 2]), layers=["**", "**:in"])
    p = variables["params"]
    first = dense(p["Dense_0"], X)
    second = dense(p["Dense_1"], np.maximum(first, 0))
    assert order == [
        *("output:in", "Dense_0:in", "Dense_0", "Dense_1:in", "Dense_1"),
        *("Dense_2:in", "Dense_2", "output"),
    ]
    np.testing.assert_allclose(outputs["Dense_0:in"], X)
    np.testing.assert_allclose(outputs["Dense_0"], first, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(outputs["Dense_1:in"], np.maximum(first, 0), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(outputs["Dense_1"], second, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(
        outputs["output"], dense(p["Dense_2"], np.maximum(second, 0)), rtol=1e-5, atol=1e-5
    )


def test_only_what_was_asked_for():
    assert extracted(MLP([4, 3, 2]), layers="Dense_1")[2] == ["Dense_1"]
    assert extracted(MLP([4, 3, 2]), layers=["Dense_[02]", "output"][1:])[2] == ["output"]
    with pytest.raises(OptionError, match="layers='Dense_9': matches none of Dense_0, Dense_1"):
        extracted(MLP([4, 3, 2]), layers="Dense_9")


def test_new_parameters_do_not_compile_anything(compilations):
    module = MLP([4, 2])
    call = jax.jit(lambda e, x: e(x))
    variables = module.init(jax.random.key(0), X)

    def extractor(variables):
        """As in a training loop: the functions are made anew with each extractor."""
        return pk.extractors.linen(
            module, variables, pool=lambda a: 2 * a, method=lambda model, x: model(x)
        )

    call(extractor(variables), X)
    other = jax.tree.map(lambda a: a + 1, variables)
    with compilations() as compiled:
        call(extractor(other), X)
    assert compiled == []


class Classifier(nn.Module):
    def setup(self):
        self.hidden, self.output = nn.Dense(4), nn.Dense(3)

    def __call__(self, x):
        return nn.softmax(self.output(nn.relu(self.hidden(x))))


def test_a_submodule_named_output_is_not_the_model_itself():
    layers = ["**", "output:in", "__call__:in"]
    variables, outputs, order = extracted(Classifier(), layers=layers)
    assert order == ["__call__:in", "hidden", "output:in", "output", "__call__"]
    p = variables["params"]
    given = np.maximum(dense(p["hidden"], X), 0)
    logits = dense(p["output"], given)
    np.testing.assert_array_equal(outputs["__call__:in"], X)
    np.testing.assert_allclose(outputs["output:in"], given, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(outputs["output"], logits, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(outputs["__call__"], nn.softmax(logits), rtol=1e-5, atol=1e-5)
    found = pk.extractors.describe(pk.extractors.linen(Classifier(), variables), X)
    assert [layer.parameters for layer in found] == [24, 15, 39]


@dataclasses.dataclass
class Found:
    """No pytree: JAX takes it for a leaf."""

    logits: object
    hidden: object
    name: str = "found"


class Finding(nn.Module):
    @nn.compact
    def __call__(self, x):
        hidden = nn.Dense(4, name="dense")(x)
        return Found(nn.Dense(3)(hidden), [hidden, self])


def test_a_plain_dataclass_is_looked_into():
    variables, outputs, order = extracted(Finding())
    assert order == ["dense", "Dense_0", "output.hidden.0", "output.logits"]
    given = Finding().apply(variables, X)
    np.testing.assert_allclose(outputs["output.logits"], given.logits, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(outputs["output.hidden.0"], outputs["dense"])


class ConvNet(nn.Module):
    @nn.compact
    def __call__(self, x, train: bool):
        x = nn.Conv(4, (3, 3), name="conv")(x)
        x = nn.BatchNorm(use_running_average=not train, name="norm")(x)
        x = nn.Dropout(0.5, deterministic=not train)(nn.relu(x))
        return nn.Dense(2, name="head")(x.mean((1, 2)))


IMAGES = np.random.default_rng(1).normal(size=(3, 6, 6, 2)).astype(np.float32)


def convolved(parameters, images):
    """Convolve with a kernel of 3 × 3, one pixel at a time."""
    patches = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)))
    kernel, found = np.asarray(parameters["kernel"]), np.zeros((*images.shape[:3], 4))
    for row, column in np.ndindex(*images.shape[1:3]):
        patch = patches[:, row : row + 3, column : column + 3]
        found[:, row, column] = np.einsum("nijc,ijco->no", patch, kernel)
    return found + np.asarray(parameters["bias"])


def test_a_convolutional_network_in_evaluation_mode():
    module = ConvNet()
    variables = module.init(jax.random.key(0), IMAGES, train=False)
    statistics = {"norm": {"mean": jnp.arange(4.0), "var": jnp.arange(1.0, 5.0)}}
    variables = {"params": variables["params"], "batch_stats": statistics}
    outputs = pk.extractors.linen(module, variables, train=False)(IMAGES)
    assert list(outputs) == ["conv", "norm", "Dropout_0", "head", "output"]
    conv = convolved(variables["params"]["conv"], IMAGES)
    normal = (conv - np.arange(4)) / np.sqrt(np.arange(1, 5) + 1e-5)
    head = dense(variables["params"]["head"], np.maximum(normal, 0).mean((1, 2)))
    np.testing.assert_allclose(outputs["conv"], conv, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(outputs["norm"], normal, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(outputs["Dropout_0"], np.maximum(outputs["norm"], 0))
    np.testing.assert_allclose(outputs["head"], head, rtol=1e-4, atol=1e-5)
    mean = np.maximum(normal, 0).mean((1, 2))
    pooled = pk.extractors.linen(module, variables, train=False, pool="mean", layers="Drop*")
    np.testing.assert_allclose(pooled(IMAGES)["Dropout_0"], mean, rtol=1e-4, atol=1e-5)


def test_a_convolutional_network_in_training_mode_leaves_its_statistics():
    module = ConvNet()
    variables = module.init(jax.random.key(0), IMAGES, train=False)
    before = jax.tree.map(np.array, variables["batch_stats"])
    extractor = pk.extractors.linen(
        module, variables, train=True, mutable=["batch_stats"], rngs={"dropout": jax.random.key(1)}
    )
    outputs = extractor(IMAGES)
    assert (np.asarray(outputs["Dropout_0"]) == 0).mean() > 0.5, "dropout is at work"
    jax.tree.map(np.testing.assert_array_equal, variables["batch_stats"], before)


class Block(nn.Module):
    @nn.compact
    def __call__(self, x, deterministic):
        y = nn.LayerNorm()(x)
        y = nn.MultiHeadDotProductAttention(num_heads=2, name="attention")(
            y, deterministic=deterministic
        )
        x = x + nn.Dropout(0.1)(y, deterministic=deterministic)
        return x + nn.Dense(8, name="out")(nn.gelu(nn.Dense(16, name="up")(x)))


class Transformer(nn.Module):
    @nn.compact
    def __call__(self, tokens, *, deterministic=True):
        x = nn.Embed(11, 8, name="embed")(tokens)
        for number in range(2):
            x = Block(name=f"block_{number}")(x, deterministic)
        return {"last_hidden": x, "logits": nn.Dense(3, name="head")(x[:, 0])}


def attention(parameters, x):
    """Self-attention of the normalised x, one head and one query at a time."""
    x = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-6)
    query, key, value = (
        np.einsum("ntd,dhk->nthk", x, np.asarray(parameters[name]["kernel"]))
        for name in ("query", "key", "value")
    )
    mixed = np.zeros_like(value)
    for example, head, position in np.ndindex(x.shape[0], 2, x.shape[1]):
        fit = key[example, :, head] @ query[example, position, head] / np.sqrt(query.shape[-1])
        weight = np.exp(fit - fit.max())
        mixed[example, position, head] = weight / weight.sum() @ value[example, :, head]
    return np.einsum("nthk,hkd->ntd", mixed, np.asarray(parameters["out"]["kernel"]))


def test_a_transformer():
    tokens = np.random.default_rng(2).integers(0, 11, (4, 7))
    variables, outputs, order = extracted(Transformer(), tokens)
    assert order.index("block_0/attention/query") < order.index("block_0/attention")
    assert order.index("block_0") < order.index("block_1/up") < order.index("block_1")
    assert order[-2:] == ["output.last_hidden", "output.logits"]
    embedded = np.asarray(variables["params"]["embed"]["embedding"])[tokens]
    mixed = attention(variables["params"]["block_0"]["attention"], embedded)
    np.testing.assert_allclose(outputs["block_0/attention"], mixed, rtol=1e-4, atol=1e-5)
    up = dense(variables["params"]["block_0"]["up"], embedded + mixed)
    np.testing.assert_allclose(outputs["block_0/up"], up, rtol=1e-4, atol=1e-5)
    p = variables["params"]["block_1"]
    inner = outputs["block_1"] - dense(p["out"], np.asarray(nn.gelu(outputs["block_1/up"])))
    np.testing.assert_allclose(dense(p["up"], inner), outputs["block_1/up"], rtol=1e-3, atol=1e-4)
    last = pk.extractors.linen(Transformer(), variables, layers="block_*", pool="cls")(tokens)
    np.testing.assert_allclose(last["block_1"], outputs["block_1"][:, 0])


class Shared(nn.Module):
    def setup(self):
        self.layer = nn.Dense(5)

    def __call__(self, x):
        return self.layer(nn.relu(self.layer(x)))


def test_each_call_of_a_module_is_a_layer():
    variables, outputs, order = extracted(Shared(), layers=["**", "**:in"])
    p = variables["params"]["layer"]
    assert order[1:5] == ["layer:in", "layer", "layer@1:in", "layer@1"]
    np.testing.assert_allclose(outputs["layer"], dense(p, X), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(
        outputs["layer@1"], dense(p, np.maximum(dense(p, X), 0)), rtol=1e-5, atol=1e-5
    )


class Step(nn.Module):
    @nn.compact
    def __call__(self, x, _):
        x = jnp.tanh(nn.Dense(5, name="inner")(x))
        return x, None


class Scanned(nn.Module):
    prepared: bool = True

    @nn.compact
    def __call__(self, x):
        axes = {"params": 0, **({"intermediates": 0} if self.prepared else {})}
        scan = nn.scan(Step, variable_axes=axes, split_rngs={"params": True}, length=3)
        x, _ = scan(name="steps")(x, None)
        return nn.Dense(2, name="head")(x)


def test_scanned_modules_are_a_layer_each():
    variables, outputs, order = extracted(Scanned())
    p, x = variables["params"]["steps"]["inner"], X
    for number in range(3):
        y = dense({name: part[number] for name, part in p.items()}, x)
        np.testing.assert_allclose(outputs[f"steps/inner[{number}]"], y, rtol=1e-4, atol=1e-5)
        x = np.tanh(y)
    assert [name for name in order if name.startswith("steps/inner")] == [
        f"steps/inner[{number}]" for number in range(3)
    ]


def test_a_scan_that_hides_its_layers_is_reported():
    module = Scanned(prepared=False)
    variables = module.init(jax.random.key(0), X)
    extractor, said = pk.extractors.linen(module, variables), r"no layer for steps/inner: .*variab"
    for _ in range(2):  # whenever layers are looked at
        with pytest.warns(ProbekitWarning, match=said):
            assert "head" in extractor.layers(X)
    assert "head" in extractor(X)  # which has been said, and is not at every batch
    with pytest.warns(ProbekitWarning, match=said):
        extractor(X[:2])  # of these shapes not yet


class Ensemble(nn.Module):
    @nn.compact
    def __call__(self, x):
        members = nn.vmap(
            nn.Dense,
            variable_axes={"params": 0, "intermediates": 0},
            split_rngs={"params": True},
            in_axes=None,
            out_axes=0,
            axis_size=2,
        )
        return members(3, name="members")(x).mean(0)


def test_vectorised_modules():
    variables, outputs, _ = extracted(Ensemble())
    p = variables["params"]["members"]
    for number in range(2):
        expected = dense({name: part[number] for name, part in p.items()}, X)
        np.testing.assert_allclose(outputs[f"members[{number}]"], expected, rtol=1e-5, atol=1e-5)


class Rematerialised(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.Dense(2, name="head")(nn.remat(MLP)([4, 3], name="body")(x))


class Base(nn.Module):
    @nn.compact
    def __call__(self, x):
        return self.scaled(nn.Dense(3)(x))

    @staticmethod
    def scaled(x):
        return 2 * x


class Inheriting(Base):
    pass


class Sowing(nn.Module):
    @nn.compact
    def __call__(self, x):
        self.sow("intermediates", "gate", jax.nn.sigmoid(x))
        return nn.Dense(2)(x), x.sum(1)


class Outer(nn.Module):
    @nn.compact
    def __call__(self, x):
        return Inheriting(name="inner")(Sowing(name="sowing")(x)[0])


def test_rematerialised_inherited_static_and_sown():
    assert {"body/Dense_0", "body/Dense_1", "body", "head"} <= set(extracted(Rematerialised())[2])
    variables, outputs, _ = extracted(Outer())
    inner = dense(variables["params"]["inner"]["Dense_0"], outputs["sowing.0"])
    np.testing.assert_allclose(outputs["inner"], 2 * inner, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(outputs["sowing/gate"], jax.nn.sigmoid(X), rtol=1e-5)


class Heir(Base):
    @nn.compact
    def __call__(self, x):
        return super().__call__(x) + 100


class HeirOfSetup(MLP):
    """Whose parent's call is not compact within, but one of a method."""

    def __call__(self, x):
        return self.twice(super().__call__(x))

    def twice(self, x):
        return 2 * x


class Generations(nn.Module):
    @nn.compact
    def __call__(self, x):
        return HeirOfSetup([3, 2], name="second")(Heir(name="first")(x))


def test_what_a_parent_gives_is_not_what_the_module_gives_out():
    variables, outputs, order = extracted(Generations(), layers=["**", "first:in"])
    parts = ["second/Dense_0", "second/Dense_1", "second"]
    assert order == ["first:in", "first/Dense_0", "first", *parts, "output"]
    np.testing.assert_array_equal(outputs["first:in"], X)
    inner = dense(variables["params"]["first"]["Dense_0"], X)
    np.testing.assert_allclose(outputs["first"], 2 * inner + 100, rtol=1e-5)
    np.testing.assert_allclose(outputs["second"], 2 * outputs["second/Dense_1"], rtol=1e-5)


class Coder(nn.Module):
    def setup(self):
        self.body = nn.Dense(4)

    def __call__(self, x):
        return self.decode(self.encode(x))

    def encode(self, x):
        return self.body(x)

    def decode(self, z):
        return z**2


def test_other_methods_and_several_inputs():
    variables, outputs, _ = extracted(Coder(), method="encode")
    np.testing.assert_allclose(outputs["output"], outputs["body"])
    np.testing.assert_allclose(
        outputs["body"], dense(variables["params"]["body"], X), rtol=1e-5, atol=1e-5
    )

    class Two(nn.Module):
        @nn.compact
        def __call__(self, a, b):
            return nn.Dense(2)(a) + nn.Dense(2)(b)

    module = Two()
    variables = module.init(jax.random.key(0), X, X)
    by_place = pk.extractors.linen(module, variables)((X, 2 * X))
    by_name = pk.extractors.linen(module, variables)({"b": 2 * X, "a": X})
    np.testing.assert_array_equal(by_place["output"], by_name["output"])
    ds = pk.probe(pk.extractors.linen(module, variables), (X, 2 * X), {"f": X[:, 0]}, batch_size=4)
    assert ds.layer.values.tolist() == ["Dense_0", "Dense_1", "output"]


def test_half_precision_is_kept():
    class Half(nn.Module):
        @nn.compact
        def __call__(self, x):
            return nn.Dense(2, dtype=jnp.bfloat16)(x)

    assert extracted(Half())[1]["output"].dtype == jnp.bfloat16


def test_arguments_that_do_not_fit():
    with pytest.raises(OptionError, match=r"variables: a list; give what module\.init returned"):
        pk.extractors.linen(MLP([2]), [1])
    with pytest.raises(OptionError, match="pool='avg': not a choice"):
        pk.extractors.linen(MLP([2]), {}, pool="avg")
    for pool in (2.5, True):
        with pytest.raises(OptionError, match=rf"pool={pool}: give one of mean"):
            pk.extractors.linen(MLP([2]), {}, pool=pool)
    with pytest.raises(OptionError, match="method='encod': no method of Coder; did you mean 'enco"):
        pk.extractors.linen(Coder(), {}, method="encod").layers(X)
    with pytest.raises(OptionError, match="method=3: give the name of a method, or a function"):
        pk.extractors.linen(Coder(), {}, method=3).layers(X)


def test_its_repr_has_no_parameters():
    variables = {"params": {"body": np.ones((3, 3))}}
    shown = repr(pk.extractors.linen(Coder(), variables, layers="body", pool=0, method="encode"))
    assert shown == "linen(Coder, layers=['body'], pool=0, method='encode')"


def test_a_model_that_takes_a_dict_or_a_tuple():
    class Sum(nn.Module):
        @nn.compact
        def __call__(self, both):
            a, b = both.values() if isinstance(both, dict) else both
            return nn.Dense(2)(a + b)

    variables = Sum().init(jax.random.key(0), (X, X))
    extractor = pk.extractors.linen(Sum(), variables)
    for kind, gives, inputs in (
        ("dict", "inputs by keyword", {"left": X, "right": X}),
        ("tuple", "several inputs", (X, X)),
    ):
        with pytest.raises(
            OptionError, match=rf"the model takes both\. A {kind} gives {gives}; to"
        ):
            extractor.layers(inputs)
        assert extractor((inputs,))["output"].shape == (len(X), 2)


class Open(nn.Module):
    @nn.compact
    def __call__(self, x, **options):
        return nn.Dense(2)(x) * options.get("scale", 1)


def test_a_model_that_takes_any_keyword_arguments():
    variables, outputs, _ = extracted(Open(), scale=3)
    expected = 3 * dense(variables["params"]["Dense_0"], X)
    np.testing.assert_allclose(outputs["output"], expected, rtol=1e-5, atol=1e-5)
    given = {"x": X, "scale": 3.0}  # not every input is an array of examples
    outputs = pk.extractors.linen(Open(), variables)(given)
    np.testing.assert_allclose(outputs["output"], expected, rtol=1e-5, atol=1e-5)


def test_calls_that_do_not_fit_are_told_in_words_of_the_extractor():
    class Sum(nn.Module):
        @nn.compact
        def __call__(self, a, b, *, train=False):
            return nn.Dense(2)(a + b)

    variables = Sum().init(jax.random.key(0), X, X)
    with pytest.raises(
        OptionError, match=r"trian=: no argument of the model; did you mean 'train'"
    ):
        pk.extractors.linen(Sum(), variables, trian=True).layers((X, X))
    extractor = pk.extractors.linen(Sum(), variables)
    message = (
        r"inputs: missing a required argument: 'b'; the model takes a, b, train\. Give several "
        r"inputs in a tuple, or by keyword in a dict; or give the extractor b=…, if it is the same"
    )
    with pytest.raises(OptionError, match=message):
        extractor.layers(X)
    given = pk.extractors.linen(Sum(), variables, b=X)  # as it says
    assert given.layers(X)["output"].shape == (len(X), 2)
    with pytest.raises(OptionError, match=r"\(6, 2\)|Give inputs of the shape that module.init"):
        extractor.layers((X[:, :3], X[:, :3]))


def test_a_mistake_within_a_model_is_its_own():
    class Wrong(nn.Module):
        @nn.compact
        def __call__(self, x):
            return nn.Dense(2)(x, train=True)

    with pytest.raises(TypeError, match=r"Dense.__call__\(\) got an unexpected keyword") as caught:
        pk.extractors.linen(Wrong(), {"params": {}}).layers(X)
    assert not isinstance(caught.value, OptionError)


def test_collections_that_are_missing():
    model = nn.BatchNorm(use_running_average=True)
    parameters = {"params": model.init(jax.random.key(0), X)["params"]}
    with pytest.raises(OptionError, match=r"have params; give all of what module.init returned"):
        pk.extractors.linen(model, parameters).layers(X)
