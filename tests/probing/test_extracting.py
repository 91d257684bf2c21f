"""`extract` gives what the model gives, whatever the batches."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import probekit as pk
from probekit.errors import OptionError, ProbekitWarning, ShapeError

X = np.random.default_rng(0).normal(size=(11, 5)).astype(np.float32)


class MLP(nn.Module):
    @nn.compact
    def __call__(self, x):
        x = nn.relu(nn.Dense(4)(x))
        return nn.Dense(3, dtype=jnp.bfloat16)(x), x.sum()


def mlp(**options):
    return pk.extractors.linen(MLP(), MLP().init(jax.random.key(0), X), **options)


@pytest.mark.parametrize("batch_size", [4, 11, 100])
def test_batches_and_the_last_one(batch_size):
    extractor = mlp(layers=["Dense_1", "Dense_0"])
    found = pk.extract(extractor, X, batch_size=batch_size)
    assert list(found) == ["Dense_0", "Dense_1"], "what was asked for, in forward order"
    kernel, bias = (np.asarray(a) for a in extractor.variables["params"]["Dense_0"].values())
    kernel, bias = (kernel, bias) if kernel.ndim == 2 else (bias, kernel)
    np.testing.assert_allclose(found["Dense_0"], X @ kernel + bias, rtol=1e-4, atol=1e-5)
    assert isinstance(found["Dense_1"], np.ndarray)
    assert (found["Dense_1"].shape, found["Dense_1"].dtype) == ((11, 3), jnp.bfloat16)


def test_one_compilation_for_all_batches_and_parameters(compilations):
    pk.extract(mlp(layers="Dense_*"), X, batch_size=4)
    other = jax.tree.map(lambda leaf: leaf + 1, mlp(layers="Dense_*"))
    with compilations() as compiled:
        pk.extract(other, X, batch_size=4)
    assert compiled == []


def test_several_inputs_and_examples_held_elsewhere():
    extractor = pk.extractors.function(lambda inputs: {"z": inputs["a"] - inputs["b"]})
    found = pk.extract(extractor, {"a": X, "b": 2 * X}, batch_size=3)
    np.testing.assert_array_equal(found["z"], -X)
    held = pk.extractors.arrays({"x": X.astype(np.float64), "y": X[:, 0]})
    found = pk.extract(held, None, batch_size=3)
    np.testing.assert_array_equal(found["x"], X.astype(np.float64))
    np.testing.assert_array_equal(found["y"], X[:, 0])


def test_what_is_left_out_is_said_once():
    with pytest.warns(ProbekitWarning, match="output.1 has no axis of examples") as told:
        pk.extract(mlp(), X, batch_size=2)
    assert [warning.filename for warning in told] == [__file__]


def test_arguments_that_do_not_fit():
    with pytest.raises(OptionError, match="batch_size=0: must be at least 1"):
        pk.extract(mlp(), X, batch_size=0)
    with pytest.raises(ShapeError, match="inputs: arrays of 11 and 3 examples"):
        pk.extract(mlp(), (X, X[:3]))
    with pytest.raises(OptionError, match="layers='Dense_7': matches none of Dense_0"):
        pk.extract(mlp(layers="Dense_7"), X)
