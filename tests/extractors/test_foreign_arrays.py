"""Activations and features as other packages hold them: a score does not depend on that."""

import jax.numpy as jnp
import numpy as np
import pytest

import probekit as pk
from probekit._checks import plain
from probekit.errors import ShapeError
from tests.optional import optional

X = np.random.default_rng(0).integers(-100, 100, (20, 3)).astype(np.float32)
Y = X[:, 0] + np.arange(20, dtype=np.float32)
IDENTITY = pk.extractors.function(lambda x: {"layer": x})


class _Tensor:
    """What NumPy sees of a tensor of PyTorch: a dtype it does not know, and a gradient."""

    def __init__(self, values, dtype="torch.float32", *, free=False):
        self.values, self.dtype, self.free = values, dtype, free
        self.shape = values.shape

    def detach(self):
        return _Tensor(self.values, self.dtype, free=True)

    def cpu(self):
        return self

    def float(self):
        return _Tensor(self.values.astype(np.float32), free=self.free)

    def __array__(self, dtype=None, copy=None):
        if not self.free or "bfloat16" in self.dtype:
            raise TypeError("not to be had")
        return self.values


def _frame(x):
    return optional("pandas").DataFrame(x)


KINDS = {
    "tensor": _Tensor,
    "bfloat16 tensor": lambda x: _Tensor(x.astype(jnp.bfloat16), "torch.bfloat16"),
    "data frame": _frame,
    "other order of bytes": lambda x: x.astype(">f4"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_activations_of_any_package_are_read(kind):
    extractor = pk.extractors.arrays({"layer": KINDS[kind](X)})
    # Integers up to 256 are exact in bfloat16.
    assert np.array_equal(extractor(np.array([2, 5]))["layer"], X[[2, 5]])
    assert extractor.layers(None)["layer"].shape == (20, 3)
    scores = pk.probe(extractor, None, {"y": KINDS["tensor"](Y)})
    assert np.allclose(scores.linear_r2, pk.measures.linear_r2(X, Y), atol=1e-6)


@pytest.mark.parametrize(
    "array",
    [
        X.astype(">f4"),
        X.astype(np.float16),
        X.astype(np.int8),
        X.astype(np.int64),
        X > 0,
        np.ma.array(X.astype(np.int16), mask=X > 0),
    ],
    ids=lambda array: f"{type(array).__name__}-{array.dtype}",
)
def test_layers_have_the_dtype_that_they_are_read_as(array):
    extractor = pk.extractors.arrays({"layer": array})
    found = extractor(np.array([2, 5]))["layer"]
    assert extractor.layers(None)["layer"].dtype == found.dtype
    assert found.dtype.isnative


def test_whole_numbers_that_float32_cannot_tell_from_each_other_are_refused():
    extractor = pk.extractors.arrays({"layer": np.array([[10**12], [10**12 + 1]])})
    with pytest.raises(ShapeError, match=r"activations\['layer'\]: .*such differences are lost in"):
        extractor(None)


@pytest.mark.parametrize("dtype", ["int64", "uint64"])
def test_whole_numbers_as_large_as_there_are_overflow_nothing(dtype):
    info = np.iinfo(dtype)
    array = np.array([[info.min], [info.max]], dtype)
    found = pk.extractors.arrays({"layer": array})(None)["layer"]
    assert np.array_equal(found, array.astype(np.float32))


@pytest.mark.parametrize("kind", KINDS)
def test_measures_take_arrays_of_any_package(kind):
    assert np.allclose(pk.measures.cka(KINDS[kind](X), X), 1, atol=1e-6)


def test_tensors_of_pytorch_are_read():
    torch = optional("torch")
    tensor = torch.tensor(X)
    for given in (tensor.requires_grad_(True), tensor.detach().bfloat16()):
        assert np.array_equal(plain(given), X)


@pytest.mark.parametrize(
    "inputs",
    [
        X.astype(np.longdouble),
        X.astype(">f4"),
        np.ma.array(X),
        pytest.param(lambda: optional("xarray").DataArray(X), id="xarray"),
    ],
)
def test_inputs_of_any_package_are_read(inputs):
    inputs = inputs() if callable(inputs) else inputs
    scores = [pk.probe(IDENTITY, given, {"f": Y}).linear_r2.item() for given in (inputs, X)]
    assert scores[0] == scores[1]


def test_activations_wider_than_double():
    layers = pk.extractors.arrays({"layer": X.astype(np.longdouble)})
    plain_ones = pk.extractors.arrays({"layer": X})
    scores = [pk.probe(each, None, {"f": Y}).linear_r2.item() for each in (layers, plain_ones)]
    assert scores[0] == scores[1]


def test_inputs_of_pytorch_are_told_as_such():
    torch = optional("torch")
    with pytest.raises(ShapeError, match=r"inputs: a Tensor of PyTorch; give inputs\.numpy"):
        pk.probe(IDENTITY, torch.tensor(X), {"f": Y})
