"""The network of the reference task and its training: pure functions of a state."""

import dataclasses
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax

from probekit.extractors import Extractor

if TYPE_CHECKING:
    from probekit.tasks.complexity import ComplexityConfig

Parameters = Mapping[str, Any]


class MLP(nn.Module):
    """Dense layers with leaky ReLU between them; returns every layer's activations by name."""

    widths: tuple[int, ...]

    @nn.compact
    def __call__(self, x: jax.Array) -> dict[str, jax.Array]:
        """Return ``hidden_0`` … after the non-linearity, and ``logits``; each (example, unit)."""
        kernel_init = nn.initializers.variance_scaling(1.0, "fan_avg", "truncated_normal")
        layers = {}
        for number, width in enumerate(self.widths[:-1]):
            x = nn.leaky_relu(nn.Dense(width, kernel_init=kernel_init)(x))
            layers[f"hidden_{number}"] = x
        layers["logits"] = nn.Dense(self.widths[-1], kernel_init=kernel_init)(x)
        return layers


@partial(jax.tree_util.register_dataclass, data_fields=["parameters"], meta_fields=["widths"])
@dataclasses.dataclass(frozen=True)
class MLPExtractor(Extractor):
    """All layers of an `MLP`."""

    parameters: Parameters
    widths: tuple[int, ...]

    def layers(self, inputs: Any) -> dict[str, jax.ShapeDtypeStruct]:
        """Return the layers in forward order."""
        shapes = jax.eval_shape(self, inputs)
        names = [*(f"hidden_{number}" for number in range(len(self.widths) - 1)), "logits"]
        return {name: shapes[name] for name in names}

    def __call__(self, inputs: jax.Array) -> dict[str, jax.Array]:
        """Return the activations of a batch ``(example, input unit)``."""
        outputs = MLP(self.widths).apply({"params": self.parameters}, inputs)
        return cast(dict[str, jax.Array], outputs)


class TrainState(NamedTuple):
    """What training changes."""

    parameters: Parameters
    optimizer: optax.OptState


def widths(config: "ComplexityConfig") -> tuple[int, ...]:
    """Return the width of each layer, logits included."""
    return (*config.hidden, len(config.features))


def optimizer(config: "ComplexityConfig") -> optax.GradientTransformation:
    """Return the optimiser that the settings ask for."""
    if config.optimizer == "adam":
        return optax.adam(config.learning_rate)
    if config.optimizer == "adamw":
        return optax.adamw(config.learning_rate, weight_decay=config.weight_decay)
    momentum = config.momentum if config.optimizer == "momentum" else None
    return optax.sgd(config.learning_rate, momentum=momentum)


def init(config: "ComplexityConfig", seed: Any) -> TrainState:
    """Return the state before training."""
    inputs = jnp.ones((1, config.units * len(config.features)))
    parameters = MLP(widths(config)).init(jax.random.key(seed), inputs)["params"]
    return TrainState(parameters, optimizer(config).init(parameters))


def step(
    config: "ComplexityConfig", state: TrainState, inputs: jax.Array, features: jax.Array
) -> TrainState:
    """Return the state after one step on one batch."""

    def loss(parameters: Parameters) -> jax.Array:
        logits = MLPExtractor(parameters, widths(config))(inputs)["logits"]
        return metrics(logits, features)["loss"]

    gradients = jax.grad(loss)(state.parameters)
    updates, optimizer_state = optimizer(config).update(
        gradients, state.optimizer, state.parameters
    )
    return TrainState(optax.apply_updates(state.parameters, updates), optimizer_state)


def metrics(logits: jax.Array, features: jax.Array) -> dict[str, jax.Array]:
    """Return loss ``()`` and, for each feature, loss and accuracy ``(feature,)``."""
    feature_loss = optax.sigmoid_binary_cross_entropy(logits, features).mean(axis=0)
    accuracy = ((logits > 0) == (features > 0)).mean(axis=0)
    return {"loss": feature_loss.mean(), "feature_loss": feature_loss, "accuracy": accuracy}
