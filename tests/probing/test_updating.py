"""Layers of one shape share a program, with the same numbers, in little memory."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import probekit as pk
from probekit.estimators import resolve
from probekit.probing import updating
from probekit.probing.plan import Plan
from probekit.probing.updating import BATCHES, Way, way_through

GENERATOR = np.random.default_rng(0)
INPUTS = GENERATOR.normal(size=(60, 6)).astype(np.float32)
FEATURES = {"first": INPUTS[:, 0] > 0, "second": INPUTS[:, 1]}
ESTIMATORS = ["linear_r2"]
PLAN = Plan(resolve(ESTIMATORS), ("first", "second"), (1, 1))

LAYERS = 3


@pytest.fixture(autouse=True)
def few_are_many(monkeypatch):
    """Compile less than what ordinarily shares a program."""
    monkeypatch.setattr(updating, "ALIKE", LAYERS)


def network(weights, x):
    """Give many layers of one shape, in two forms, and one of another; none in order of names."""
    outputs = {"z_first": x[:, :3]}
    for number, weight in enumerate(weights):
        x = jnp.tanh(x @ weight)
        outputs[f"layer_{-number}"] = x if number % 2 else x.reshape(-1, 2, 3)
    return outputs


def weights():
    return [GENERATOR.normal(size=(6, 6)).astype(np.float32) for _ in range(LAYERS)]


def extractor(kind):
    function = pk.extractors.function(jax.tree_util.Partial(network, weights()))
    if kind == "traced":
        return function, INPUTS
    outputs = {layer: np.asarray(array, np.float16) for layer, array in function(INPUTS).items()}
    return pk.extractors.arrays(outputs), None


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["traced", "on the host"])
def test_one_program_for_all_and_the_same_numbers(kind, monkeypatch, compilations):
    model, inputs = extractor(kind)
    with compilations() as compiled:
        apart = pk.probe(model, inputs, FEATURES, estimators=ESTIMATORS, batch_size=25)
    assert sum("_update_layer" in name for name in compiled) == 1
    assert list(apart.layer.values) == list(model.layers(inputs))
    monkeypatch.setattr(updating, "ALIKE", 1000)
    with compilations() as compiled:
        whole = pk.probe(model, inputs, FEATURES, estimators=ESTIMATORS, batch_size=25)
    assert not any("_update_layer" in name for name in compiled)
    assert apart.drop_attrs().identical(whole.drop_attrs())


def test_new_parameters_do_not_compile_anything(compilations):
    def probed():
        return pk.probe(extractor("traced")[0], INPUTS, FEATURES, estimators=ESTIMATORS)

    probed()
    with compilations() as compiled:
        probed()
    assert compiled == []


def test_what_does_not_fit_is_gone_through_in_smaller_batches(monkeypatch):
    model, inputs = extractor("traced")
    whole = pk.probe(model, inputs, FEATURES, estimators=ESTIMATORS)
    sizes = []
    monkeypatch.setattr(updating, "ROOM", 20 * LAYERS * 6 * 4)
    monkeypatch.setattr(
        "probekit.probing.stream.updated",
        lambda *given: sizes.append(len(given[3])) or updating.updated(*given),
    )
    parts = pk.probe(model, inputs, FEATURES, estimators=ESTIMATORS)
    assert sizes == [20, 20, 20]
    np.testing.assert_allclose(parts.linear_r2, whole.linear_r2, rtol=1e-5)


def test_the_way_is_decided_by_sizes(monkeypatch):
    def way(layers=LAYERS, units=1000, examples=4096, batch_size=4096, *, held=False):
        shapes = {
            str(number): jax.ShapeDtypeStruct((examples, units), jnp.float32)
            for number in range(layers)
        }
        return way_through(PLAN, shapes, examples, batch_size, held=held)

    every = tuple(map(str, range(LAYERS)))
    assert way(LAYERS - 1) == Way(4096, ())
    assert way() == Way(4096, every)
    assert way(examples=BATCHES * 100, batch_size=100) == Way(100, every)
    assert way(examples=BATCHES * 100 + 1, batch_size=100) == Way(95, ())
    assert way(400, 100, 20_000, 20_000).size == 1667  # of at most 256 MB
    assert way(400, 100, 20_000, 20_000, held=True).size == 20_000
    shapes = {layer: jax.ShapeDtypeStruct((4096, 2000), jnp.float32) for layer in every}
    monkeypatch.setattr(updating, "ROOM", 0)
    covariances = Plan(resolve(["cka"]), ("first",), (1,))
    found = way_through(covariances, shapes, 4096, 4096, held=False)
    assert found == Way(1366, every)  # what is kept of a layer takes as much as 2000 examples
