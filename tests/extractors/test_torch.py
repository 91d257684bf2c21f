"""Layers of PyTorch models, against activations computed by hand."""

import dataclasses
import sys
import threading
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import probekit as pk
from probekit.errors import MissingExtraError, OptionError, ProbekitWarning
from probekit.extractors.from_torch import torch
from tests.optional import optional

tt = optional("torch")
nn = tt.nn

X = np.random.default_rng(0).normal(size=(6, 5)).astype(np.float32)
TOLERANCE = {"rtol": 1e-4, "atol": 1e-5}  # float32 against float32 in another order of summing


@pytest.fixture(autouse=True)
def _seeded():
    tt.manual_seed(0)


def dense(linear, x):
    return x @ linear.weight.detach().numpy().T + linear.bias.detach().numpy()


def extracted(model, x=X, **options):
    """Return what an extractor gives and the order of its layers; the model is as it was."""
    before = {name: part.clone() for name, part in model.state_dict().items()}
    modes = [module.training for module in model.modules()]
    extractor = torch(model, **options)
    shapes, outputs = extractor.layers(x), extractor(x)
    assert list(outputs) == list(shapes)
    for name, shape in shapes.items():
        assert (outputs[name].shape, outputs[name].dtype) == (shape.shape, shape.dtype)
    assert [module.training for module in model.modules()] == modes
    assert all(tt.equal(part, before[name]) for name, part in model.state_dict().items())
    assert all(part.device.type == "cpu" for part in model.state_dict().values())
    for module in model.modules():
        assert not module._forward_hooks
        assert not module._forward_pre_hooks
    return outputs, list(shapes)


def mlp(*, inplace=True):
    return nn.Sequential(
        nn.Linear(5, 4), nn.ReLU(inplace=inplace), nn.Sequential(nn.Linear(4, 3)), nn.Linear(3, 2)
    )


def test_outputs_and_inputs_of_an_mlp():
    model = mlp()
    outputs, order = extracted(model, layers=["**", "1:in", "2/**:in"])
    assert order == ["0", "1:in", "1", "2/0:in", "2/0", "2", "3", "output"]
    first = dense(model[0], X)
    np.testing.assert_allclose(outputs["0"], first, **TOLERANCE)
    np.testing.assert_allclose(outputs["1:in"], first, **TOLERANCE)
    np.testing.assert_allclose(outputs["1"], np.maximum(first, 0), **TOLERANCE)
    np.testing.assert_allclose(
        outputs["2/0"], dense(model[2][0], np.maximum(first, 0)), **TOLERANCE
    )
    np.testing.assert_allclose(outputs["output"], dense(model[3], outputs["2"]), **TOLERANCE)


def test_only_what_was_asked_for():
    assert extracted(mlp(), layers="2/*")[1] == ["2/0"]
    with pytest.raises(OptionError, match="layers='x': matches none of 0, 1, 2/0, 2, 3, output"):
        torch(mlp(), layers="x").layers(X)


def test_layers_are_listed_without_data():
    model = mlp()
    seen = []
    model[0].register_forward_hook(lambda module, inputs, output: seen.append(inputs[0]))
    shapes = torch(model, layers="0").layers(jax.ShapeDtypeStruct((100, 5), jnp.float32))
    assert (shapes["0"].shape, shapes["0"].dtype) == ((100, 4), jnp.float32)
    assert {tensor.device.type for tensor in seen} == {"meta"}


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden, self.output = nn.Linear(5, 4), nn.Linear(4, 3)

    def forward(self, x):
        return self.output(self.hidden(x).relu()).softmax(-1)


def test_a_submodule_named_output_is_not_the_model_itself():
    model = Classifier()
    outputs, order = extracted(model, layers=["**", "output:in", "__call__:in"])
    assert order == ["__call__:in", "hidden", "output:in", "output", "__call__"]
    logits = dense(model.output, np.maximum(dense(model.hidden, X), 0))
    np.testing.assert_allclose(outputs["output"], logits, **TOLERANCE)
    np.testing.assert_allclose(outputs["__call__"], jax.nn.softmax(logits), **TOLERANCE)
    assert list(torch(model, layers="output")(X)) == ["output"]


class Pair(NamedTuple):
    first: object
    second: object


@dataclasses.dataclass(frozen=True)
class Found:
    logits: object
    hidden: object


class Finding(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden, self.head = nn.Linear(5, 4), nn.Linear(4, 3)

    def forward(self, x):
        hidden = self.hidden(x)
        return Found(self.head(hidden), Pair(hidden, "hidden"))


def test_dataclasses_and_named_tuples_are_looked_into():
    outputs, order = extracted(Finding())
    assert order == ["hidden", "head", "output.hidden.first", "output.logits"]
    np.testing.assert_array_equal(outputs["output.logits"], outputs["head"])
    np.testing.assert_array_equal(outputs["output.hidden.first"], outputs["hidden"])


class Keeping(nn.Module):
    """Keeps what it was given and what it gave out."""

    given = []

    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(5, 4)

    def forward(self, x, scale):
        self.given.append(Found(self.hidden(x) * scale.logits, None))
        return self.given[-1]


def test_a_dataclass_is_the_user_s_and_stays_as_it_is():
    model, scale = Keeping(), Found(tt.tensor(2.0), None)
    outputs, order = extracted(model, scale=scale)
    assert order == ["hidden", "output.logits"]
    np.testing.assert_allclose(outputs["output.logits"], 2 * outputs["hidden"], **TOLERANCE)
    assert isinstance(model.given[-1].logits, tt.Tensor)
    assert isinstance(scale.logits, tt.Tensor)
    assert scale.logits.device.type == "cpu"


class ConvNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.drop = nn.Dropout(0.5)
        self.head = nn.Linear(4, 2)

    def forward(self, x):
        return self.head(self.drop(tt.relu(self.norm(self.conv(x)))).mean((2, 3)))


IMAGES = np.random.default_rng(1).normal(size=(3, 2, 6, 6)).astype(np.float32)


def test_a_convolutional_network_in_evaluation_mode():
    model = ConvNet()
    model.train()
    model.norm.eval()  # modes are restored module by module
    model.norm.running_mean += tt.arange(4.0)
    model.norm.running_var += tt.arange(4.0)
    outputs, order = extracted(model, IMAGES)
    assert order == ["conv", "norm", "drop", "head", "output"]
    mean, scale = np.arange(4)[:, None, None], np.sqrt(np.arange(1, 5) + 1e-5)[:, None, None]
    normal = (outputs["conv"] - mean) / scale
    np.testing.assert_allclose(outputs["norm"], normal, **TOLERANCE)
    np.testing.assert_allclose(outputs["drop"], np.maximum(normal, 0), **TOLERANCE)
    pooled = extracted(model, IMAGES, layers="norm", pool=lambda a: a.mean((2, 3)))[0]
    np.testing.assert_allclose(pooled["norm"], normal.mean((2, 3)), **TOLERANCE)


class Encoder(nn.Module):
    """As Hugging Face's models do, it takes keywords and returns a dict."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(11, 4)
        layer = nn.TransformerEncoderLayer(4, 2, dim_feedforward=8, batch_first=True)
        self.layers = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)

    def forward(self, tokens, *, padding=None, with_logits=False):
        x = self.layers(self.embed(tokens), src_key_padding_mask=padding)
        out = {"last_hidden": x, "name": "encoder"}
        return out | {"logits": x @ self.embed.weight.T} if with_logits else out


TOKENS = np.random.default_rng(2).integers(0, 11, (4, 7)).astype(np.int32)


def test_a_transformer_that_takes_keywords_and_returns_a_dict():
    model = Encoder()
    with pytest.warns(ProbekitWarning, match="no layer for layers/layers/0/self_attn/out_proj"):
        outputs, order = extracted(model, {"tokens": jnp.asarray(TOKENS)}, with_logits=True)
    weight = model.embed.weight.detach().numpy()
    assert order[-2:] == ["output.last_hidden", "output.logits"]
    assert "layers/layers/1/self_attn.0" in order
    np.testing.assert_array_equal(outputs["embed"], weight[TOKENS])
    np.testing.assert_allclose(
        outputs["output.logits"], outputs["output.last_hidden"] @ weight.T, **TOLERANCE
    )
    block = model.layers.layers[1]
    hidden = dense(block.linear1, outputs["layers/layers/1/norm1"])
    np.testing.assert_allclose(outputs["layers/layers/1/linear1"], hidden, **TOLERANCE)
    padding = np.zeros((4, 7), bool)
    padding[:, 3:] = True
    extractor = torch(model, layers="layers", pool="cls", padding=tt.from_numpy(padding))
    with pytest.warns(ProbekitWarning, match="no layer for"):
        short = extractor(TOKENS)["layers"]
    other = np.where(padding, 0, TOKENS)
    np.testing.assert_allclose(extractor(other)["layers"], short, **TOLERANCE)
    assert not np.allclose(short, outputs["layers"][:, 0])


def test_each_call_of_a_module_is_a_layer():
    class Shared(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(5, 5)

        def forward(self, a, b):
            return self.layer(tt.relu(self.layer(a))), [b.sum(1), {"b": b}]

    model = Shared()
    outputs, order = extracted(model, (X, 2 * X), layers=["**", "layer*:in"])
    assert order == [
        *("layer:in", "layer", "layer@1:in", "layer@1"),
        *("output.0", "output.1.0", "output.1.1.b"),
    ]
    second = dense(model.layer, np.maximum(dense(model.layer, X), 0))
    np.testing.assert_allclose(outputs["layer@1"], second, **TOLERANCE)
    np.testing.assert_array_equal(outputs["output.1.1.b"], 2 * X)


def test_what_cannot_be_listed_without_values_is_listed_with_zeros():
    class Choosing(nn.Module):
        def __init__(self):
            super().__init__()
            self.small, self.large = nn.Linear(5, 4), nn.Linear(5, 4)
            self.offset = tt.ones(5)  # no buffer

        def forward(self, x):
            x = x + self.offset
            return self.small(x) if float(x.mean()) < 100 else self.large(x)

    model = Choosing()
    with pytest.warns(ProbekitWarning, match="no layer for large: it has parameters"):
        outputs, order = extracted(model)
    assert order == ["small", "output"]
    np.testing.assert_allclose(outputs["small"], dense(model.small, X + 1), **TOLERANCE)


def test_what_is_no_array_is_no_layer():
    class Ragged(nn.Module):
        def forward(self, x):
            rows = tt.nested.as_nested_tensor([x[0], x[1, :3]], layout=tt.jagged)
            return x, rows, None, 3

    assert extracted(Ragged())[1] == ["output.0"]


def test_kinds_of_numbers():
    outputs, _ = extracted(mlp().to(tt.bfloat16), layers="0")
    assert outputs["0"].dtype == jnp.bfloat16
    full = mlp()
    np.testing.assert_allclose(
        extracted(full.to(tt.bfloat16), layers="0")[0]["0"].astype(np.float32),
        dense(full.to(tt.float32)[0], X),
        rtol=0.02,
        atol=0.02,  # 8 bits
    )
    for given in (X.astype(np.float64), jnp.asarray(X), tt.from_numpy(X)):
        outputs = torch(full)(given)
        np.testing.assert_allclose(outputs["0"], dense(full[0], X), **TOLERANCE)
    half = torch(full)(jnp.asarray(X, jnp.bfloat16))["0"]
    np.testing.assert_allclose(half, dense(full[0], X), rtol=0.05, atol=0.02)
    assert extracted(mlp().to(tt.float64), layers="0")[0]["0"].dtype == np.float64
    assert torch(nn.Flatten())(np.ones((2, 3, 4)))["output"].shape == (2, 12)


def test_an_exception_leaves_nothing():
    model = mlp()
    extractor = torch(model)
    with pytest.raises(RuntimeError, match="mat1 and mat2 shapes cannot be multiplied"):
        extractor(X[:, :3])
    assert all(module.training and not module._forward_hooks for module in model.modules())
    np.testing.assert_allclose(extractor(X)["0"], dense(model[0], X), **TOLERANCE)


def test_calls_in_other_threads_are_not_seen():
    waiting, going_on = threading.Event(), threading.Event()

    class Slow(nn.Linear):
        def forward(self, x):
            if x.device.type != "meta" and not waiting.is_set():
                waiting.set()
                going_on.wait(10)
            return super().forward(x)

    model = nn.Sequential(nn.Linear(5, 4), Slow(4, 3))
    result = []
    thread = threading.Thread(target=lambda: result.append(torch(model)(X)))
    thread.start()
    waiting.wait(10)
    model(tt.zeros(2, 5))
    going_on.set()
    thread.join()
    assert {name: a.shape for name, a in result[0].items()} == {
        "0": (6, 4),
        "1": (6, 3),
        "output": (6, 3),
    }


def test_two_threads_leave_a_model_in_its_mode():
    """One extraction at a time: the other would find it in evaluation mode, and leave it so."""
    running = {name: (threading.Event(), threading.Event()) for name in ("first", "second")}

    class Waiting(nn.Linear):
        def forward(self, x):
            begun, going_on = running.get(threading.current_thread().name, (None, None))
            if begun is not None and x.device.type != "meta":
                begun.set()
                going_on.wait(10)
            return super().forward(x)

    model = Waiting(5, 4)
    extractor = torch(model)
    extractor.layers(X)
    first, second = (threading.Thread(target=extractor, args=(X,), name=name) for name in running)
    first.start()
    running["first"][0].wait(10)
    second.start()
    assert not running["second"][0].wait(0.1)
    for name, thread in (("first", first), ("second", second)):
        running[name][1].set()
        thread.join(10)
    assert model.training


def test_a_torch_model_is_compared_with_another_kind():
    a, b = torch(mlp(), layers="0,3"), pk.extractors.function(lambda x: {"double": 2 * x})
    ds = pk.compare(a, b, X, estimators=["cka"], batch_size=4)
    assert ds.cka.dims == ("layer_a", "layer_b")
    x, y = X - X.mean(0), dense(a.model[0], X - X.mean(0)) - a.model[0].bias.detach().numpy()
    cka = ((x.T @ y) ** 2).sum() / np.sqrt(((x.T @ x) ** 2).sum() * ((y.T @ y) ** 2).sum())
    np.testing.assert_allclose(ds.cka.sel(layer_a="0", layer_b="double").item(), cka, rtol=1e-4)


def test_arguments_that_do_not_fit(monkeypatch):
    assert repr(torch(mlp(), layers="0")) == "torch(Sequential, layers=['0'])"
    with pytest.raises(OptionError, match=r"model: a int; give a torch\.nn\.Module"):
        torch(3)
    with pytest.raises(OptionError, match="pool='avg': not a choice"):
        torch(mlp(), pool="avg")
    monkeypatch.setitem(sys.modules, "torch.nn", None)
    with pytest.raises(MissingExtraError, match=r"models need torch, .*\[torch\]"):
        torch(mlp)


def test_calls_that_do_not_fit_are_told_in_words_of_the_extractor():

    inputs = np.ones((5, 3), np.float32)
    model = tt.nn.Linear(3, 2)
    with pytest.raises(OptionError, match=r"train=: no argument of the model; there are: input\."):
        torch(model, train=True).layers(inputs)
    with pytest.raises(OptionError, match=r"A tuple gives several inputs; to a model that takes"):
        torch(model).layers((inputs, inputs))


def called_and_trained(model):
    """Return what a model gives out, after a step backward from it."""
    output = model(tt.tensor(X))
    output.sum().backward()
    assert all(part.grad is not None for part in model.parameters())
    return output.detach().numpy()


def test_a_module_with_several_names_keeps_its_parameters():
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = self.again = nn.Linear(5, 5)
            self.all = nn.ModuleList([self.first, nn.Linear(5, 2)])

        def forward(self, x):
            return self.all[1](self.again(self.first(x).relu()))

    model = Tied()
    parameters = list(model.parameters())
    outputs, order = extracted(model)
    assert order == ["first", "first@1", "all/1", "output"]
    once = dense(model.first, X)
    np.testing.assert_allclose(outputs["first"], once, **TOLERANCE)
    np.testing.assert_allclose(
        outputs["first@1"], dense(model.first, np.maximum(once, 0)), **TOLERANCE
    )
    assert all(map(lambda a, b: a is b, model.parameters(), parameters))
    np.testing.assert_allclose(called_and_trained(model), outputs["output"], **TOLERANCE)


class Remembering(nn.Module):
    """Keeps what it needs again, as masks and angles of positions are kept."""

    def __init__(self):
        super().__init__()
        self.hidden, self.rows = nn.Linear(5, 5), None
        self.seen, self.calls = [], 0
        self.register_buffer("count", tt.zeros(1))

    def forward(self, x):
        if self.rows is None:
            self.rows = tt.arange(5, device=x.device, dtype=x.dtype)
        if not hasattr(self, "more"):
            self.register_buffer("more", 2 * self.rows, persistent=False)
        self.count += 1
        self.calls += 1
        x = self.hidden(x)
        self.seen.append(x)
        return x * self.rows + self.more


def test_nothing_stays_of_what_a_model_keeps_of_a_call():
    model = Remembering()
    outputs, _ = extracted(model)
    assert (model.rows, model.seen, model.calls, model.count.item()) == (None, [], 0, 0)
    assert not hasattr(model, "more")
    expected = dense(model.hidden, X) * np.arange(5) + 2 * np.arange(5)
    np.testing.assert_allclose(outputs["output"], expected, **TOLERANCE)
    np.testing.assert_allclose(called_and_trained(model), expected, **TOLERANCE)
    given = model.rows, model.more, model.seen[0]
    outputs, _ = extracted(model)
    assert all(map(lambda a, b: a is b, (model.rows, model.more, *model.seen), given))
    np.testing.assert_allclose(outputs["output"], expected, **TOLERANCE)


@pytest.mark.filterwarnings("ignore:.*weight_norm. is deprecated:FutureWarning")
def test_a_weight_that_is_made_of_two_others_can_be_trained():
    model = nn.Sequential(tt.nn.utils.weight_norm(nn.Linear(5, 4)))
    model(tt.tensor(X))
    weight = model[0].weight
    outputs = torch(model)(X)
    assert model[0].weight is weight
    np.testing.assert_allclose(outputs["0"], dense(model[0], X), **TOLERANCE)


class Adapted(nn.Linear):
    """Adds a correction to its weight in evaluation mode, as LoRA does."""

    def __init__(self, given, out):
        super().__init__(given, out)
        self.down, self.up = nn.Parameter(tt.randn(2, given)), nn.Parameter(tt.randn(out, 2))
        self.merged = False

    def train(self, mode=True):
        super().train(mode)
        if self.merged == mode:
            self.weight.data += (-1 if mode else 1) * (self.up @ self.down)
            self.merged = not mode
        return self

    def forward(self, x):
        output = super().forward(x)
        return output if self.merged else output + x @ (self.up @ self.down).T


def test_modules_go_back_to_training_by_their_own_way():
    model = nn.Sequential(Adapted(5, 4), nn.ReLU(), Adapted(4, 3))
    model[2].eval()
    weights = [layer.weight.detach().numpy().copy() for layer in (model[0], model[2])]
    outputs = torch(model)(X)
    assert [model[0].merged, model[2].merged] == [False, True]
    assert [module.training for module in model.modules()] == [True, True, True, False]
    for layer, weight in zip((model[0], model[2]), weights, strict=True):
        np.testing.assert_allclose(layer.weight.detach(), weight, **TOLERANCE)
    model[2].train()
    np.testing.assert_allclose(called_and_trained(model), outputs["output"], **TOLERANCE)


def test_random_numbers_are_not_used_up():
    class Noisy(nn.Linear):
        def forward(self, x):
            return super().forward(x) + tt.randn(4)

    model = nn.Sequential(Noisy(5, 4))
    before = tt.get_rng_state()
    extracted(model)
    assert tt.equal(tt.get_rng_state(), before)


def test_gradients_that_a_model_takes_itself():
    class Slope(nn.Module):
        def __init__(self):
            super().__init__()
            self.energy = nn.Linear(5, 1)

        def forward(self, x):
            with tt.enable_grad():
                x = x.clone().requires_grad_()
                return tt.autograd.grad((self.energy(x) ** 2).sum(), x)[0]

    model = Slope()
    outputs, order = extracted(model)
    assert order == ["energy", "output"]
    expected = 2 * dense(model.energy, X) * model.energy.weight.detach().numpy()
    np.testing.assert_allclose(outputs["output"], expected, **TOLERANCE)


def test_tuples_of_their_own_kind_and_keys_of_several_kinds():
    class Largest(nn.Module):
        def forward(self, x):
            return x.max(1)

    class Named(nn.Module):
        def __init__(self):
            super().__init__()
            self.largest = Largest()

        def forward(self, x):
            return {"last": self.largest(x)[0], 0: 2 * x}

    outputs, order = extracted(Named())
    assert order == ["largest.0", "largest.1", "output.last", "output.0"]
    np.testing.assert_array_equal(outputs["largest.0"], X.max(1))
    np.testing.assert_array_equal(outputs["largest.1"], X.argmax(1))
    np.testing.assert_array_equal(outputs["output.0"], 2 * X)


def test_what_is_compiled_is_run_as_it_was_written():
    plain = mlp(inplace=False)
    outputs, order = extracted(tt.compile(plain, backend="eager"))
    assert order == ["0", "1", "2/0", "2", "3", "output"]
    inner = nn.Sequential(tt.compile(plain, backend="eager"))
    within, order = extracted(inner)
    assert order[:2] == ["0/_orig_mod/0", "0/_orig_mod/1"]
    for found in (outputs["2/0"], within["0/_orig_mod/2/0"]):
        expected = dense(plain[2][0], np.maximum(dense(plain[0], X), 0))
        np.testing.assert_allclose(found, expected, **TOLERANCE)


@pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning")
def test_a_traced_model_keeps_its_parameters():
    model = tt.jit.trace(nn.Sequential(nn.Linear(5, 4)), tt.tensor(X))
    with pytest.warns(ProbekitWarning, match="no layer for 0"):
        outputs = torch(model)(X)
    np.testing.assert_allclose(outputs["output"], model(tt.tensor(X)).detach(), **TOLERANCE)


def test_inputs_that_are_no_arrays():
    with pytest.raises(OptionError, match="inputs: a float among them; give arrays"):
        torch(mlp()).layers(X.tolist())


class Counted(nn.Linear):
    """Counts how often its mode was set, and lets nothing but that count."""

    times = 0

    def train(self, mode=True):
        type(self).times += 1
        return super().train(mode)


def test_a_model_that_evaluates_is_not_told_to(monkeypatch):
    monkeypatch.setattr(Counted, "times", 0)
    model = nn.Sequential(Counted(5, 4)).eval()
    Counted.times = 0
    extracted(model)
    assert Counted.times == 0


class Frozen(nn.Dropout):
    """Stays in evaluation mode, as what is not to be trained."""

    def train(self, mode=True):
        return super().train(False)


def test_modes_that_train_itself_would_not_set():
    model = nn.Sequential(nn.Linear(5, 4), Frozen(), nn.Dropout()).train()
    model[1].training = True
    extracted(model)
    assert [module.training for module in model.modules()] == [True] * 4


class Stepping(nn.Module):
    """Has a parameter of whole numbers, before all others."""

    def __init__(self):
        super().__init__()
        self.steps = nn.Parameter(tt.zeros(1, dtype=tt.int64), requires_grad=False)
        self.dense = nn.Linear(5, 4)

    def forward(self, x):
        return self.dense(x)


def test_whole_numbers_among_the_parameters_are_no_dtype_of_inputs():
    x = X.astype(np.float64)
    outputs, order = extracted(Stepping().double(), x)
    assert order == ["dense", "output"]
    assert outputs["dense"].dtype == np.float64
