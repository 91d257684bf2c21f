"""What is recorded: a network that changes with the step, inputs and features."""

import jax
import jax.numpy as jnp
import numpy as np

import probekit as pk

INPUTS = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
FEATURES = {"a": INPUTS[:, 0], "b": INPUTS[:, 1] > 0}


def network(weights, x):
    return {"z": x @ weights, "a": jnp.tanh(x @ weights)}


def model_at(step):
    return pk.extractors.function(jax.tree_util.Partial(network, jnp.eye(3) * (1.0 + step)))
