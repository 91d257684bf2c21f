"""Linen modules within transformations, and values that are not arrays of examples first."""

import types
import warnings

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import probekit as pk
from probekit.errors import OptionError, ProbekitWarning
from probekit.extractors.from_linen import linen

X = np.random.default_rng(0).normal(size=(4, 5)).astype(np.float32)
TOKENS = np.random.default_rng(2).integers(0, 11, (4, 7))
TOLERANCE = {"rtol": 1e-4, "atol": 1e-5}  # float32 against float32 in another order of summing


def dense(parameters, x, copy=...):
    return x @ np.asarray(parameters["kernel"])[copy] + np.asarray(parameters["bias"])[copy]


def extracted(module, x=X, **options):
    """Return parameters, and what an extractor of the module gives."""
    variables = module.init(jax.random.key(0), x)
    extractor = linen(module, variables, **options)
    outputs = extractor(x)
    shapes = extractor.layers(x)
    assert list(outputs) == list(shapes)
    for name, shape in shapes.items():
        assert (outputs[name].shape, outputs[name].dtype) == (shape.shape, shape.dtype)
    return variables.get("params"), outputs


class Block(nn.Module):
    @nn.compact
    def __call__(self, x):
        self.sow("intermediates", "squares", x**2)
        return jnp.tanh(nn.Dense(5, name="inner")(x))


JittedBlock = nn.jit(Block)


class Jitted(nn.Module):
    @nn.compact
    def __call__(self, x):
        x = JittedBlock(name="z")(x)
        x = nn.Dense(5, name="m")(x)
        return JittedBlock(name="a")(x)


JITTED = ["z/inner", "z/squares", "z", "m", "a/inner", "a/squares", "a", "output"]


def test_a_compiled_module_that_is_used_twice():
    Jitted().apply(Jitted().init(jax.random.key(1), X), X)  # traced before, without a tap
    p, outputs = extracted(Jitted())
    assert list(outputs) == JITTED
    first = dense(p["z"]["inner"], X)
    middle = dense(p["m"], np.tanh(first))
    np.testing.assert_allclose(outputs["z/inner"], first, **TOLERANCE)
    np.testing.assert_allclose(outputs["m"], middle, **TOLERANCE)
    np.testing.assert_allclose(outputs["a/inner"], dense(p["a"]["inner"], middle), **TOLERANCE)
    np.testing.assert_allclose(outputs["a/squares"], middle**2, **TOLERANCE)
    inputs = extracted(Jitted(), layers="**:in")[1]  # again, with more to be noted
    np.testing.assert_allclose(inputs["a/inner:in"], middle, **TOLERANCE)


def test_a_compiled_module_compiles_nothing_for_new_parameters(compilations):
    one, other = (Jitted().init(jax.random.key(seed), X) for seed in (0, 1))
    linen(Jitted(), one)(X)
    with compilations() as compiled:
        outputs = linen(Jitted(), other)(X)
    assert compiled == []
    expected = dense(other["params"]["z"]["inner"], X)
    np.testing.assert_allclose(outputs["z/inner"], expected, **TOLERANCE)


class Scanned(nn.Module):
    axis: int = 0

    @nn.compact
    def __call__(self, x):
        class Step(nn.Module):
            @nn.compact
            def __call__(self, x, _):
                return JittedBlock(name="one")(nn.Dense(5, name="two")(x)), None

        axes = {"params": 0, "intermediates": self.axis}
        scan = nn.scan(Step, variable_axes=axes, split_rngs={"params": True}, length=5)
        return scan(name="steps")(x, None)[0]


SLOW = pytest.mark.slow


@pytest.mark.parametrize("axis", [1, pytest.param(0, marks=SLOW), pytest.param(-1, marks=SLOW)])
def test_a_scan_along_any_axis_in_the_order_of_the_calls(axis):
    p, outputs = extracted(Scanned(axis))
    names = ["two[{}]", "one/inner[{}]", "one/squares[{}]", "one[{}]"]
    order = [f"steps/{name.format(n)}" for n in range(5) for name in names]
    assert [name for name in outputs if name.startswith("steps/")] == order
    x = X
    for n in range(5):  # as many as there are units
        x = dense(p["steps"]["two"], x, n)
        np.testing.assert_allclose(outputs[f"steps/two[{n}]"], x, **TOLERANCE)
        np.testing.assert_allclose(outputs[f"steps/one/squares[{n}]"], x**2, **TOLERANCE)
        x = dense(p["steps"]["one"]["inner"], x, n)
        np.testing.assert_allclose(outputs[f"steps/one/inner[{n}]"], x, **TOLERANCE)
        x = np.tanh(x)
        np.testing.assert_allclose(outputs[f"steps[{n}].0"], x, **TOLERANCE)


class Step(nn.Module):
    @nn.compact
    def __call__(self, x, _):
        return jnp.tanh(nn.Dense(5, name="inner")(x)), None


def scan(module, length, name):
    options = {"variable_axes": {"params": 0, "intermediates": 0}, "split_rngs": {"params": True}}
    return nn.scan(module, length=length, **options)(name=name)


class Group(nn.Module):
    @nn.compact
    def __call__(self, x, _):
        return scan(Step, 3, "deep")(nn.Dense(5, name="first")(x), None)


class Groups(nn.Module):
    """A scan of scans, one that is as long, and one that is as long as there are examples."""

    @nn.compact
    def __call__(self, x):
        for module, length, name in ((Group, 2, "groups"), (Step, 2, "group"), (Step, 3, "last")):
            x, _ = scan(module, length, name)(x, None)
        return x


def test_scans_within_scans_and_beside_each_other():
    p, outputs = extracted(Groups(), X[:3])
    x, expected = X[:3], {}
    for g in range(2):
        expected[f"groups/first[{g}]"] = x = dense(p["groups"]["first"], x, g)
        for d in range(3):
            inner = dense(p["groups"]["deep"]["inner"], x, (g, d))
            expected[f"groups/deep/inner[{g}][{d}]"] = inner
            expected[f"groups/deep[{g}][{d}].0"] = x = np.tanh(inner)
        expected[f"groups[{g}].0"] = x
    for name, length in (("group", 2), ("last", 3)):
        for number in range(length):
            expected[f"{name}/inner[{number}]"] = inner = dense(p[name]["inner"], x, number)
            expected[f"{name}[{number}].0"] = x = np.tanh(inner)
    expected["output"] = x
    assert list(outputs) == list(expected)
    for layer, value in expected.items():
        np.testing.assert_allclose(outputs[layer], value, **TOLERANCE, err_msg=layer)


class PerExample(nn.Module):
    @nn.compact
    def __call__(self, x):
        axes = {"params": None, "intermediates": 0}
        return nn.vmap(Block, variable_axes=axes, split_rngs={"params": False})(name="each")(x)


def test_a_module_vectorised_over_the_examples_is_one_layer():
    p, outputs = extracted(PerExample())
    assert list(outputs) == ["each/inner", "each/squares", "each", "output"]
    np.testing.assert_allclose(outputs["each/inner"], dense(p["each"]["inner"], X), **TOLERANCE)
    np.testing.assert_allclose(outputs["each/squares"], X**2, **TOLERANCE)


class TimeMajor(nn.Module):
    @nn.compact
    def __call__(self, x):
        y = nn.Dense(3, name="head")(jnp.swapaxes(x, 0, 1))
        return {"all": y, "last": y[-1]}


def test_examples_are_made_the_first_axis():
    sequences = np.random.default_rng(1).normal(size=(4, 6, 5)).astype(np.float32)
    p, outputs = extracted(TimeMajor(), sequences, pool="last", layers=["head", "output.*"])
    last = dense(p["head"], sequences[:, -1])
    for layer in ("head", "output.all", "output.last"):
        np.testing.assert_allclose(outputs[layer], last, **TOLERANCE)


class Language(nn.Module):
    @nn.compact
    def __call__(self, tokens):
        position = nn.Embed(7, 8, name="position")(jnp.arange(tokens.shape[1]))
        x = nn.Embed(11, 8, name="embed")(tokens) + position
        self.sow("intermediates", "norm", (x**2).sum())
        return nn.Dense(3, name="head")(x.reshape(-1, 8)).reshape(*tokens.shape, 3)


def test_what_has_no_examples_is_left_out_and_said():
    for tokens in (TOKENS, TOKENS[:, :4]):  # as many examples as positions
        with pytest.warns(ProbekitWarning, match=r"left out: position has no axis of exam") as told:
            outputs = extracted(Language(), tokens)[1]
        assert list(outputs) == ["embed", "output"]
        assert "head has an axis in which examples are mixed with" in str(told[-1].message)
        assert "norm has no axis of examples: shape ()" in str(told[-1].message)
        assert all(warning.filename == __file__ for warning in told), "at the user's line"


def test_what_has_no_examples_cannot_be_asked_for():
    variables = Language().init(jax.random.key(0), TOKENS)
    with pytest.raises(OptionError, match=r"layers='position': position has no axis of examples"):
        linen(Language(), variables, layers=["embed", "position"])(TOKENS)
    with pytest.raises(OptionError, match=r"layers='n\*': norm has no axis of exam.*: shape \(\)"):
        linen(Language(), variables, layers="n*").layers(TOKENS)
    with pytest.raises(OptionError, match=r"pool=7: embed has 7 positions\."):
        linen(Language(), variables, layers="embed", pool=7).layers(TOKENS)
    with pytest.raises(OptionError, match=r"layers=\(\): no pattern"):
        linen(Language(), variables, layers=[]).layers(TOKENS)
    assert list(linen(Language(), variables, layers="embed,output")(TOKENS)) == ["embed", "output"]
    ds = pk.probe(linen(Language(), variables, layers="embed"), TOKENS, {"f": TOKENS[:, 0]})
    assert ds.layer.values.tolist() == ["embed"]


@pytest.mark.parametrize("error", [TypeError, AssertionError, KeyError])
def test_a_batch_that_cannot_be_doubled(error):
    class Fixed(nn.Module):
        @nn.compact
        def __call__(self, x):
            if len(x) != 4:
                raise error
            return nn.Dense(2, name="head")(x.reshape(4, 5)), jnp.ones(3), jnp.ones(())

    said = r"left out: output\.1 has no axis of examples.*; output\.2 has no axis of examples"
    with pytest.warns(ProbekitWarning, match=said):
        p, outputs = extracted(Fixed())
    np.testing.assert_allclose(outputs["head"], dense(p["head"], X), **TOLERANCE)


@pytest.mark.parametrize(
    ("mix", "reason"),
    [
        (lambda x: x @ x.T, "has several axes that grow with the examples"),
        (lambda x: x.reshape(-1), "has an axis in which examples are mixed with something else"),
        (lambda x: x.mean(axis=0), "has no axis of examples"),
    ],
)
def test_what_mixes_examples_is_left_out(mix, reason):
    class Mixing(nn.Module):
        @nn.compact
        def __call__(self, x):
            return nn.Dense(2, name="head")(x), mix(x)

    with pytest.warns(ProbekitWarning, match=f"left out: output.1 {reason}"):
        _, outputs = extracted(Mixing())
    assert list(outputs) == ["head", "output.0"]


class Choosing(nn.Module):
    within: bool = True

    def setup(self):
        self.before, self.a, self.b = nn.Dense(5), nn.Dense(5), nn.Dense(5)

    def __call__(self, x):
        x = self.before(x)
        if self.is_initializing():
            return self.a(x) + self.b(x)
        if self.within:
            return nn.cond(x.sum() < 1e9, lambda m, x: m.a(x), lambda m, x: m.b(x), self, x)
        a, b = self.a, self.b
        return nn.cond(x.sum() < 1e9, lambda m, x: a(x), lambda m, x: b(x), self, x)


@pytest.mark.parametrize("within", [True, False])
def test_a_transformation_that_takes_no_further_state(within):
    with pytest.warns(ProbekitWarning, match="no layer for a, b: "):
        p, outputs = extracted(Choosing(within))
    assert list(outputs) == ["before", "output"]
    expected = dense(p["a"], dense(p["before"], X))
    np.testing.assert_allclose(outputs["output"], expected, **TOLERANCE)


class Sowing(nn.Module):
    @nn.compact
    def __call__(self, x):
        self.sow("metrics", "mean", x.mean(1))
        self.sow("sums", "total", x.sum(1), reduce_fn=jnp.add, init_fn=lambda: 0.0)
        inner = Block(name="block")(x)
        self.sow("intermediates", "output", inner)  # a name that another layer has
        return nn.Dense(2, name="head")(self.perturb("noise", inner))


def test_what_is_sown_into_whichever_collection():
    _, outputs = extracted(Sowing())
    order = ["block/inner", "block/squares", "block", "head", "intermediates/output", "mean"]
    assert list(outputs) == [*order, "output"]
    np.testing.assert_allclose(outputs["mean"], X.mean(1), **TOLERANCE)
    np.testing.assert_array_equal(outputs["intermediates/output"], outputs["block"])
    variables = Sowing().init(jax.random.key(0), X)
    assert "metrics" in variables, "what was sown when the parameters were made is not shown"
    fresh = {"params": variables["params"]}
    for mutable in (["metrics", "sums"], True):
        named = linen(Sowing(), fresh, layers=["mean", "total"][: 1 + (mutable is not True)])
        np.testing.assert_allclose(named(X)["mean"], X.mean(1), **TOLERANCE)
    total = linen(Sowing(), fresh, layers="total", mutable="sums")(X)
    np.testing.assert_allclose(total["total"], X.sum(1), **TOLERANCE)


def test_a_state_of_tuples_is_not_taken_for_something_sown():
    class Remembering(nn.Module):
        @nn.compact
        def __call__(self, x):
            pair = self.variable("memory", "pair", lambda: (jnp.ones(5), jnp.zeros(5)))
            return x * pair.value[0] + pair.value[1]

    np.testing.assert_array_equal(extracted(Remembering())[1]["output"], X)


class Boxed(nn.Module):
    @nn.compact
    def __call__(self, x):
        pair = self.param("pair", lambda _: {"scale": jnp.full(5, 2.0), "shift": jnp.ones(5)})
        kernel = nn.with_partitioning(nn.initializers.lecun_normal(), (None, "model"))
        return nn.Dense(3, kernel_init=kernel, name="head")(x * pair["scale"] + pair["shift"])


class Outer(nn.Module):
    @nn.compact
    def __call__(self, x):
        return Boxed(name="boxed")(x)


def test_boxed_parameters_and_parameters_that_are_dicts_warn_of_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        p, outputs = extracted(Outer())
    head = nn.meta.unbox(p)["boxed"]["head"]
    np.testing.assert_allclose(outputs["boxed/head"], dense(head, 2 * X + 1), **TOLERANCE)
    infos = pk.extractors.describe(linen(Outer(), {"params": p}), X)
    counts = {info.path: info.parameters for info in infos}
    assert counts == {"boxed/head": 18, "boxed": 28, "output": 28}


class Keywords(nn.Module):
    @nn.compact
    def __call__(self, x, extra=None, names=("a",), train=True):
        x = nn.Dense(3, name="head")(inputs=x)
        return {"shifted": x + extra["bias"], "names": str(names), "train": train}


def test_keyword_arguments_of_all_kinds(compilations):
    variables = Keywords().init(jax.random.key(0), X, {"bias": jnp.ones(3)})

    def extractor(value):
        extra = {"bias": np.full(3, value, np.float32)}
        return linen(
            Keywords(), variables, layers=["head:in", "**"], extra=extra, names=["a"], train=False
        )

    outputs = extractor(2.0)(X)
    assert list(outputs) == ["head:in", "head", "output.shifted"]
    np.testing.assert_array_equal(outputs["head:in"], X)
    np.testing.assert_allclose(outputs["output.shifted"], outputs["head"] + 2, **TOLERANCE)
    with compilations() as compiled:
        other = extractor(3.0)
    assert compiled == [], "arrays within a dict are leaves"
    np.testing.assert_allclose(other(X)["output.shifted"], outputs["head"] + 3, **TOLERANCE)


class Normal(nn.Module):
    @nn.compact
    def __call__(self, x, train=True):
        x = nn.BatchNorm(use_running_average=not train, name="norm")(x)
        return nn.Dropout(0.5, deterministic=not train)(x)


def test_what_flax_misses_is_said_with_the_remedy():
    variables = Normal().init(jax.random.key(0), X, train=False)
    key = {"dropout": jax.random.key(1)}
    with pytest.raises(OptionError, match=r'"batch_stats" is immutable\. Name the .* mutable='):
        linen(Normal(), variables, rngs=key)(X)
    with pytest.raises(OptionError, match=r"needs PRNG for \"dropout\"\. Give rngs="):
        linen(Normal(), variables, mutable="batch_stats")(X)
    with pytest.raises(OptionError, match=r"variables have bias, scale; give what module\.init"):
        linen(Normal(), variables["params"]["norm"], train=False)(X)
    with pytest.raises(OptionError, match=r"module: a dict; give a flax\.linen\.Module"):
        linen({}, variables)
    with pytest.raises(OptionError, match=r"give a flax\.linen\.Module, its \.module\."):
        linen(types.SimpleNamespace(module=Normal()), variables)
    trained = linen(Normal(), variables, mutable="batch_stats", rngs=jax.random.key(1))(X)
    mean, variance = X.mean(0), X.var(0)
    expected = (X - mean) / np.sqrt(variance + 1e-5)
    np.testing.assert_allclose(trained["norm"], expected, rtol=1e-3, atol=1e-4)


def test_a_method_of_this_very_module_and_a_function(compilations):
    class Coder(nn.Module):
        def setup(self):
            self.body = nn.Dense(3)

        def __call__(self, x):
            return self.encode(x) ** 2

        def encode(self, x):
            return self.body(x)

    variables = Coder().init(jax.random.key(0), X)
    expected = dense(variables["params"]["body"], X)
    first = linen(Coder(), variables, method=Coder().encode)(X)
    np.testing.assert_allclose(first["output"], expected, **TOLERANCE)
    with compilations() as compiled:
        linen(Coder(), variables, method=Coder().encode)(X)
    assert compiled == []
    both = linen(Coder(), variables, method=lambda m, x: {"code": m.encode(x), "all": m(x)})(X)
    assert list(both) == ["body", "body@1", "output.all", "output.code"]
    np.testing.assert_allclose(both["output.all"], expected**2, **TOLERANCE)
    parts = linen(Coder(), variables, method=lambda m, x: m.body(x) + 1, layers=["**", "body:in"])
    assert list(parts(X)) == ["body:in", "body", "output"]
    np.testing.assert_allclose(parts(X)["body"], expected, **TOLERANCE)
