"""The network of the task and its training, as pure functions."""

import jax
import jax.numpy as jnp
import optax
from jax.tree_util import Partial

import probekit


def init(config, seed):
    """Return weights and offsets of both layers."""
    keys = jax.random.split(jax.random.key(seed))
    sizes = [(config.bits, config.hidden), (config.hidden, 2)]
    draw = jax.nn.initializers.he_normal()
    return [
        {"weights": draw(key, size), "offsets": jnp.zeros(size[1])}
        for key, size in zip(keys, sizes, strict=True)
    ]


def layers(state, inputs):
    """Return the activations by name."""
    first, second = state
    hidden = jax.nn.relu(inputs @ first["weights"] + first["offsets"])
    return {"hidden": hidden, "logits": hidden @ second["weights"] + second["offsets"]}


def extractor(state):
    """Return the extractor: the state is its leaves, so that training compiles nothing anew."""
    return probekit.extractors.function(Partial(layers, state))


def metrics(logits, features):
    """Return the mean cross-entropy and the accuracy of each feature."""
    losses = optax.sigmoid_binary_cross_entropy(logits, features)
    return {"loss": losses.mean(), "accuracy": ((logits > 0) == (features > 0)).mean(axis=0)}


def step(config, state, inputs, features):
    """Go one step down the gradient."""
    gradients = jax.grad(lambda s: metrics(layers(s, inputs)["logits"], features)["loss"])(state)
    return jax.tree.map(lambda w, g: w - config.learning_rate * g, state, gradients)
