"""The authors' demo notebook, its algorithm written anew: plain, slow and obviously right.

It is the oracle for the reference task: one seed after the other, data drawn example by example,
one jitted call per batch, scikit-learn for the probe. It shares no code with probekit. Run as a
script it prints one CSV line per epoch in the notebook's own columns, which is what the benchmark
of whole processes times.

The experiment is that of Lampinen, Chan and Hermann (2024), arXiv 2405.05847, as their demo
notebook gives it.
"""

import argparse
import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np

OPERATIONS = {"and": np.logical_and, "or": np.logical_or, "xor": np.logical_xor}


def boolean_function(feature: str, bits: np.ndarray) -> bool:
    """Value of ``top_left_right`` on the first four bits of one example's block."""
    top, left, right = (OPERATIONS[name] for name in feature.split("_"))
    return bool(top(left(bits[0], bits[1]), right(bits[2], bits[3])))


def sample_dataset(
    features: Sequence[str], examples: int, seed: int, units: int = 16
) -> tuple[np.ndarray, np.ndarray]:
    """Draw one data set from NumPy's global generator, which is left where the sampling stopped."""
    np.random.seed(seed)
    inputs = np.random.binomial(1, 0.5, (examples, len(features) * units))
    labels = np.zeros((examples, len(features)), inputs.dtype)
    for column, feature in enumerate(features):
        block = inputs[:, column * units : (column + 1) * units]  # a view: inputs change with it
        if feature == "linear":
            block[:, :4] = block[:, :1]
            labels[:, column] = block[:, 0]
            continue
        for position, example in enumerate(np.random.permutation(examples)):
            while boolean_function(feature, block[example]) != position % 2:
                block[example] = np.random.binomial(1, 0.5, units)
            labels[example, column] = boolean_function(feature, block[example])
    return inputs, labels


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """The notebook's constants."""

    features: tuple[str, ...] = ("linear", "xor_xor_xor")
    hidden: tuple[int, ...] = (256, 128, 64, 64)
    units: int = 16
    train_examples: int = 8192
    test_examples: int = 1024
    batch_size: int = 1024
    epochs: int = 100


def rows(settings: Settings, seeds: Sequence[int]) -> Iterator[tuple[float, ...]]:
    """One row per seed and epoch: seed, epoch, then the notebook's figures in its order."""
    import flax.linen as nn
    import jax
    import jax.numpy as jnp
    import optax
    from flax.training import train_state
    from sklearn.linear_model import LinearRegression

    kernel_init = nn.initializers.variance_scaling(1.0, "fan_avg", "truncated_normal")

    class Network(nn.Module):
        @nn.compact
        def __call__(self, x):
            for width in settings.hidden:
                x = nn.leaky_relu(nn.Dense(width, kernel_init=kernel_init)(x))
            return nn.Dense(len(settings.features), kernel_init=kernel_init)(x), x

    @jax.jit
    def evaluate(state, inputs, labels):
        def loss(params):
            logits, representation = state.apply_fn({"params": params}, inputs)
            per_feature = jnp.mean(optax.sigmoid_binary_cross_entropy(logits, labels), axis=0)
            return jnp.mean(per_feature), (logits, representation, per_feature)

        (value, extras), gradients = jax.value_and_grad(loss, has_aux=True)(state.params)
        logits, representation, per_feature = extras
        accuracy = jnp.mean((logits > 0) * 1.0 == labels, axis=0)
        return gradients, value, accuracy, representation, per_feature

    @jax.jit
    def update(state, gradients):
        return state.apply_gradients(grads=gradients)

    def probe(fit_x, fit_y, test_x, test_y):
        return [
            LinearRegression().fit(fit_y[:, [f]], fit_x).score(test_y[:, [f]], test_x)
            for f in range(fit_y.shape[1])
        ]

    for seed in seeds:
        network = Network()
        ones = jnp.ones([1, settings.units * len(settings.features)])
        parameters = network.init(jax.random.key(123 + seed), ones)["params"]
        state = train_state.TrainState.create(
            apply_fn=network.apply, params=parameters, tx=optax.adam(1e-3)
        )
        train, fit, test = (
            sample_dataset(settings.features, examples, first + seed, settings.units)
            for first, examples in (
                (123, settings.train_examples),
                (1234, settings.test_examples),
                (12345, settings.test_examples),
            )
        )
        for epoch in range(settings.epochs + 1):
            _, train_loss, train_accuracy, _, train_losses = evaluate(state, *train)
            _, _, _, fit_x, _ = evaluate(state, *fit)
            _, test_loss, test_accuracy, test_x, test_losses = evaluate(state, *test)
            scores = probe(fit_x, fit[1], test_x, test[1])
            variance = np.sum(np.var(test_x, axis=0))
            yield (
                *(seed, epoch, train_loss, test_loss, variance),
                *(*train_accuracy, *test_accuracy, *train_losses, *test_losses, *scores),
            )
            order = np.random.permutation(settings.train_examples)
            inputs, labels = (array[order] for array in train)
            for start in range(0, settings.train_examples, settings.batch_size):
                batch = slice(start, start + settings.batch_size)
                gradients, *_ = evaluate(state, inputs[batch], labels[batch])
                state = update(state, gradients)


def main() -> None:
    """Print the rows of the requested seeds, as the notebook writes them to its file."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--features", nargs="+", default=["linear", "xor_xor_xor"])
    options = parser.parse_args()
    settings = Settings(features=tuple(options.features), epochs=options.epochs)
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    name = "(" + ", ".join(settings.features) + ")"
    for seed, epoch, *figures in rows(settings, seeds):
        print(f"{seed}, {epoch}, {name}, " + ", ".join(f"{x:.8f}" for x in figures), flush=True)


if __name__ == "__main__":
    main()
