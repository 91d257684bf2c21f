"""The checks of extractors find what they are for; all built-in extractors pass them."""

import dataclasses

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx as fnn

import probekit as pk
from probekit.errors import OptionError, ShapeError
from probekit.testing import ConformanceError, check_extractor
from tests.optional import optional

X = np.random.default_rng(0).normal(size=(8, 5)).astype(np.float32)


class Linen(nn.Module):
    @nn.compact
    def __call__(self, x):
        return nn.Dense(2)(nn.relu(nn.Dense(4)(x))), jnp.ones(3)  # which is left out, and said


class NNX(fnn.Module):
    def __init__(self, rngs):
        self.first, self.drop = fnn.Linear(5, 4, rngs=rngs), fnn.Dropout(0.5, rngs=rngs)

    def __call__(self, x):
        return self.drop(fnn.relu(self.first(x)))


def network(w, x):
    return {"z": x @ w, "a": jnp.tanh(x @ w)}


def linen(seed):
    return pk.extractors.linen(
        Linen(), Linen().init(jax.random.key(seed), X), layers=["**", "*:in"]
    )


def nnx(seed):
    return pk.extractors.nnx(NNX(fnn.Rngs(seed)))


def function(seed):
    w = jax.random.normal(jax.random.key(seed), (5, 3))
    return pk.extractors.function(jax.tree_util.Partial(network, w))


def equinox(seed):
    eqx = optional("equinox")
    return pk.extractors.equinox(eqx.nn.MLP(5, 2, 4, 1, key=jax.random.key(seed)))


def torch(seed):
    tt = optional("torch")
    tt.manual_seed(seed)
    return pk.extractors.torch(tt.nn.Sequential(tt.nn.Linear(5, 4), tt.nn.ReLU(inplace=True)))


SLOW = pytest.mark.slow


@pytest.mark.parametrize(
    "make",
    [linen, nnx, function, pytest.param(equinox, marks=SLOW), pytest.param(torch, marks=SLOW)],
)
def test_extractors_of_models_pass(make):
    results = check_extractor(make(0), X, another=make(1))
    assert len(results) >= 9
    assert {result.outcome for result in results} == {"passed"}


def test_arrays_pass():
    extractor = pk.extractors.arrays({"x": X, "half": jnp.asarray(X, jnp.bfloat16)})
    checks = [result.check for result in check_extractor(extractor)]
    assert "check_all_examples" in checks
    assert "check_not_finite" not in checks


class Broken(pk.extractors.Extractor):
    """Twice the inputs; the options break one law each."""

    traceable = False

    def __init__(self, broken):
        self.broken, self.calls = broken, 0

    def layers(self, inputs):
        rows = 1 if self.broken == "shape" else 0
        if self.broken == "names":
            return ["x"]
        return {"x": jax.ShapeDtypeStruct((inputs.shape[0] + rows, 5), jnp.float32)}

    def __call__(self, inputs):
        self.calls += 1
        if self.broken == "list":
            return [2 * inputs]
        if self.broken == "order":
            return {"x": 2 * inputs[::-1]}
        found = 2 * inputs
        if self.broken == "first":
            found = found.T if len(inputs) == 4 else found
        elif self.broken == "random":
            found = found + np.float32(self.calls)
        elif self.broken == "batch":
            found = found - found.mean(0)
        elif self.broken == "nan":
            found = np.nan_to_num(found)
        elif self.broken == "inputs":
            inputs += 1
            found = 2 * (inputs - 1)
        elif self.broken == "padding" and (np.diff(inputs, axis=0) == 0).any():
            found = found + 1
        return {"x": found}


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ("shape", r"check_layers: List by shapes alone .* listed with \(9, 5\), float32; it is"),
        ("names", r"check_layers: .* Found: layers gives a list; give a mapping from the names of"),
        ("list", r"check_layers: .* Found: a call gives a list; give a mapping from the names of"),
        ("first", r"check_examples_first: .* x of 4 examples is \(5, 4\)"),
        ("random", r"check_repeatable: Give the same bits when called again\. Found: x differs"),
        ("order", r"check_order: Give the examples in the order .* x is off by"),
        ("batch", r"check_batches: Give each example the same .* x is off by"),
        ("padding", r"check_padding: Give the same where a batch is filled up"),
        ("nan", r"check_not_finite: Pass NaN on.* is in none of its layers"),
    ],
)
def test_what_breaks_a_law_is_found(broken, message):
    with pytest.raises(ConformanceError, match=message):
        check_extractor(Broken(broken), X)


def test_changed_inputs_are_found():
    with pytest.raises(ConformanceError, match=r"check_leaves_no_trace: .*inputs have changed"):
        check_extractor(Broken("inputs"), X.copy())


class Counting(Broken):
    """One that counts parameters, of another layer or in parts."""

    def parameters(self, inputs):
        return {"y": 1} if self.broken == "other" else {"x": 1.5}


def test_what_is_counted_wrongly_is_found():
    with pytest.raises(ConformanceError, match=r"check_parameters: .* counted of \['y'\]"):
        check_extractor(Counting("other"), X)
    with pytest.raises(ConformanceError, match=r"check_parameters: .* x has 1\.5 parameters"):
        check_extractor(Counting("part"), X)


@jax.tree_util.register_pytree_node_class
@dataclasses.dataclass(frozen=True)
class Traced(pk.extractors.Extractor):
    """A matrix product; what is static decides about compiling."""

    w: object
    static: object = None

    def layers(self, inputs):
        return jax.eval_shape(self, inputs)

    def __call__(self, inputs):
        return {"y": inputs @ self.w}

    def tree_flatten(self):
        return (self.w,), self.static

    @classmethod
    def tree_unflatten(cls, static, children):
        return cls(children[0], static)


def test_what_is_traced_anew_or_not_read_is_found():
    w = jnp.ones((5, 2))
    check_extractor(Traced(w), X, another=Traced(2 * w))
    with pytest.raises(ConformanceError, match=r"check_no_recompilation: .* were traced anew"):
        check_extractor(Traced(w, 1), X, another=Traced(2 * w, 2))
    with pytest.raises(ConformanceError, match="give the same: they are not read"):
        check_extractor(Traced(w), X, another=Traced(w))


class Leaf(Traced):
    """Not registered as a pytree."""


def test_what_is_no_pytree_is_found():
    with pytest.raises(ConformanceError, match=r"check_pytree: .* register its class"):
        check_extractor(Leaf(jnp.ones((5, 2))), X)


def test_expected_failures_and_arguments_that_do_not_fit():
    results = check_extractor(Broken("nan"), X, expected_failures={"check_not_finite": "clipped"})
    assert ("check_not_finite", "expected", "clipped") in results
    with pytest.raises(OptionError, match="extractor: a dict without 'layers'; give an extractor"):
        check_extractor({}, X)
    with pytest.raises(ShapeError, match="inputs: 3 examples; at least 4 are needed"):
        check_extractor(Broken(""), X[:3])
    with pytest.raises(OptionError, match="'check_jitt' is no check of Broken"):
        check_extractor(Broken(""), X, expected_failures={"check_jitt": ""})
