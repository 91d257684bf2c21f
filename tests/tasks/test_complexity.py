"""The reference task: its settings, initial parameters and batch order."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from probekit.errors import OptionError
from probekit.tasks import TaskConfig, mlp
from probekit.tasks.complexity import ComplexityConfig, ReferenceComplexity
from tests.reference.notebook import sample_dataset

TASK = ReferenceComplexity()


def test_the_defaults_are_the_notebook_s():
    config = ComplexityConfig()
    assert config.features == ("linear", "xor_xor_xor")
    assert config.hidden == (256, 128, 64, 64)
    assert (config.units, config.train_examples, config.test_examples) == (16, 8192, 1024)
    assert (config.batch_size, config.epochs, config.seeds) == (1024, 100, 5)
    assert (config.optimizer, config.learning_rate) == ("adam", 1e-3)


def test_every_setting_has_a_help_text():
    for field in dataclasses.fields(ComplexityConfig):
        assert field.metadata["help"].endswith((".", "given."))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"features": ()}, r"features=\(\): no feature"),
        ({"features": ("linear", "nand_or_or")}, r"unknown operation 'nand'"),
        ({"hidden": ()}, r"hidden=\(\): no hidden layer"),
        ({"hidden": (64, 0)}, r"hidden=0: must be at least 1"),
        ({"train_examples": 0}, r"train_examples=0: must be at least 1"),
        ({"test_examples": -5}, r"test_examples=-5: must be at least 2"),
        ({"fit_examples": 1}, r"fit_examples=1: must be at least 2"),
        ({"batch_size": 1.5}, r"batch_size=1\.5: must be a whole number"),
        ({"seeds": True}, "seeds=True: must be a whole number"),
        ({"hidden": (8, 2.5)}, r"hidden=2\.5: must be a whole number"),
        ({"hidden": 8}, r"hidden=8: must be a tuple, e\.g\. \(8,\)"),
        ({"learning_rate": "fast"}, "learning_rate='fast': must be a number"),
        ({"stop_accuracy": "high"}, "stop_accuracy='high': must be a number"),
        ({"optimizer": 3}, "optimizer=3: must be text"),
        ({"batch_size": 0}, r"batch_size=0: must be at least 1"),
        ({"seeds": 0}, r"seeds=0: must be at least 1"),
        (
            {"first_seed": 2**32 - 2, "seeds": 2},
            r"first_seed=4294967294, seeds=2: the last seed must",
        ),
        ({"seeds": 10**9}, r"seeds=1000000000: must be at most 1000000\."),
        ({"first_seed": -1}, r"first_seed=-1: must be at least 0"),
        ({"epochs": -1}, r"epochs=-1: must be at least 0"),
        ({"optimizer": "adm"}, r"optimizer='adm': not a choice; did you mean 'adam'"),
        ({"learning_rate": 0.0}, r"learning_rate=0.0: must be greater than 0"),
        ({"learning_rate": float("inf")}, r"learning_rate=inf: must be finite"),
        ({"learning_rate": 1e40}, r"learning_rate=1e\+40: must be finite in float32, at most 3.4e"),
        ({"weight_decay": float("inf")}, r"weight_decay=inf: must be finite"),
        ({"momentum": 1.0}, r"momentum=1.0: must be less than 1"),
        ({"weight_decay": -1.0}, r"weight_decay=-1.0: must be at least 0"),
        ({"stop_accuracy": 1.5}, r"stop_accuracy=1.5: must be greater than 0 and at most 1"),
        ({"units": 10**14}, r"units=1\d+: must be at most 2147483647"),
        ({"train_examples": 10**23}, r"train_examples=1\d+: must be at most 2147483647"),
        ({"batch_size": 2**31}, r"batch_size=2147483648: must be at most 2147483647"),
        ({"epochs": 10**20}, r"epochs=1\d+: must be at most 2147483647"),
        ({"hidden": (8, 2**31)}, r"hidden=2147483648: must be at most 2147483647"),
        ({"hidden": (2**31 - 1,) * 2}, r"hidden=\(2147483647, .*: these are 4\.6e\+18 para"),
        ({"features": ("linera",)}, r"features='linera': .* did you mean 'linear'\?"),
        ({"features": ("LINEAR",)}, r"features='LINEAR': .* did you mean 'linear'\?"),
        ({"units": 2}, r"units=2: feature 'xor_xor_xor' depends on 4 units"),
    ],
)
def test_settings_that_no_run_could_use(settings, message):
    with pytest.raises(OptionError, match=message):
        ComplexityConfig(**settings)


def test_repeated_features_get_numbers():
    config = ComplexityConfig(features=("linear", "and_or_or", "linear", "linear"))
    assert TASK.features(config) == ("linear", "and_or_or", "linear#2", "linear#3")


def test_initial_parameters_are_those_of_the_notebook_s_own_network():
    """A compact linen module of Dense layers, initialised eagerly with the notebook's key."""
    import flax.linen as nn

    kernel_init = nn.initializers.variance_scaling(1.0, "fan_avg", "truncated_normal")

    class Network(nn.Module):
        @nn.compact
        def __call__(self, x):
            for width in (8, 6):
                x = nn.leaky_relu(nn.Dense(width, kernel_init=kernel_init)(x))
            return nn.Dense(2, kernel_init=kernel_init)(x), x

    expected = Network().init(jax.random.key(123 + 4), jnp.ones([1, 10]))["params"]
    state = TASK.init(ComplexityConfig(hidden=(8, 6), units=5), 4)
    jax.tree.map(np.testing.assert_array_equal, state.parameters, expected)


def test_batch_order_goes_on_from_the_test_set():
    config = ComplexityConfig(train_examples=40, test_examples=30)
    sample_dataset(config.features, 30, 12345 + 2)
    orders = TASK.orders(config, 2)
    for _ in range(3):
        np.testing.assert_array_equal(next(orders), np.random.permutation(40))


def test_data_seeds():
    config = ComplexityConfig(train_examples=20, fit_examples=10, test_examples=12)
    data = TASK.data(config, 1)
    for name, examples, seed in (("train", 20, 124), ("fit", 10, 1235), ("test", 12, 12346)):
        inputs, _ = sample_dataset(config.features, examples, seed)
        np.testing.assert_array_equal(data[name].inputs, inputs)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("adam", optax.adam(0.1)),
        ("sgd", optax.sgd(0.1)),
        ("momentum", optax.sgd(0.1, momentum=0.5)),
        ("adamw", optax.adamw(0.1, weight_decay=0.3)),
    ],
)
def test_optimizers(name, expected):
    config = ComplexityConfig(optimizer=name, learning_rate=0.1, momentum=0.5, weight_decay=0.3)
    parameters, gradients = {"w": jnp.array([1.0, -2.0])}, {"w": jnp.array([0.5, 0.25])}
    optimizer = mlp.optimizer(config)
    got, want = optimizer.init(parameters), expected.init(parameters)
    for _ in range(2):
        update, got = optimizer.update(gradients, got, parameters)
        other, want = expected.update(gradients, want, parameters)
        np.testing.assert_array_equal(update["w"], other["w"])


def test_layers_are_what_the_extractor_lists():
    config = ComplexityConfig(hidden=(5,) * 11, units=4)
    extractor = TASK.extractor(config, TASK.init(config, 0))
    inputs = np.zeros((3, 8), np.float32)
    shapes = extractor.layers(inputs)
    assert tuple(shapes) == TASK.layers(config)
    outputs = extractor(inputs)
    assert {name: array.shape for name, array in outputs.items()} == {
        name: shape.shape for name, shape in shapes.items()
    }


def test_types_that_options_do_not_have_are_left_alone():
    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Config(TaskConfig):
        pair: tuple[str, int] = ("a", 1)
        either: int | str = "auto"
        anything: object = None

    assert Config().pair == ("a", 1)
    assert Config(either=3).either == 3
