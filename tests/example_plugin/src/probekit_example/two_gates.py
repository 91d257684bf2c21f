"""A task: its settings and data. The network is in `network`, which alone imports jax."""

import dataclasses

import numpy as np

from probekit.tasks import Split, TaskConfig, option
from probekit.variables import Variable


@dataclasses.dataclass(frozen=True, kw_only=True)
class TwoGatesConfig(TaskConfig):
    """Settings; each becomes an option of ``probekit run two-gates``."""

    seeds: int = option(3, "How many seeds to run.", least=1)
    epochs: int = option(60, "Epochs of training; epoch 0 is before any.", least=0)
    examples: int = option(256, "Training examples; as many to fit and to score probes.", least=4)
    bits: int = option(10, "Bits of an input; the first four matter.", least=4)
    hidden: int = option(32, "Units of the hidden layer.", least=1)
    learning_rate: float = option(0.5, "Of gradient descent.")


class TwoGates:
    """AND of the first two bits, XOR of the next two, by a network with one hidden layer."""

    name = "two-gates"
    summary = "A small ReLU network learns AND of two bits and XOR of two others."
    Config = TwoGatesConfig
    estimators = ("linear_r2", "dead_units")
    variables = (
        Variable("loss", long_name="cross-entropy", units="nat"),
        Variable("accuracy", ("feature",), "accuracy", valid_range=(0.0, 1.0)),
    )

    def features(self, config):
        """Names of the columns of the labels."""
        return ("and", "xor")

    def layers(self, config):
        """Names of what the extractor gives."""
        return ("hidden", "logits")

    def data(self, config, seed):
        """Draw the splits: for training, for fitting probes, for scoring them."""
        rng = np.random.default_rng(seed)

        def split():
            inputs = rng.integers(0, 2, (config.examples, config.bits)).astype(np.float32)
            a, b, c, d = inputs[:, :4].T
            return Split(inputs, np.stack([a * b, np.abs(c - d)], axis=1))

        return {name: split() for name in ("train", "fit", "test")}

    def orders(self, config, seed):
        """Shuffle anew for each epoch."""
        rng = np.random.default_rng([seed, 1])
        while True:
            yield rng.permutation(config.examples).astype(np.int32)

    def init(self, config, seed):
        """Return the state before training."""
        from probekit_example import network

        return network.init(config, seed)

    def step(self, config, state, inputs, features):
        """Return the state after a batch."""
        from probekit_example import network

        return network.step(config, state, inputs, features)

    def extractor(self, config, state):
        """Read both layers."""
        from probekit_example import network

        return network.extractor(state)

    def metrics(self, config, outputs, features):
        """Return loss and accuracy of a split."""
        from probekit_example import network

        return network.metrics(outputs["logits"], features)

    def finished(self, config, metrics):
        """Train to the last epoch."""
        return np.False_
