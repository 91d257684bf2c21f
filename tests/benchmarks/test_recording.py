"""The cost of recording along a training loop: linear R² of 5 layers every 10 steps."""

import time

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax

import probekit as pk


class Network(nn.Module):
    @nn.compact
    def __call__(self, x):
        for width in (512, 512, 512, 512):
            x = nn.relu(nn.Dense(width)(x))
        return nn.Dense(2)(x)


def test_cost_of_recording(tmp_path, tiny, report):
    model, optimizer = Network(), optax.adam(1e-3)
    generator = np.random.default_rng(0)
    inputs = generator.integers(0, 2, (8192, 64)).astype(np.float32)
    labels = np.stack([inputs[:, 0], inputs[:, 1:5].sum(1) % 2], 1)
    on_device = jnp.asarray(inputs), jnp.asarray(labels)
    probes = slice(0, 512), slice(512, 1024)
    features = [{"easy": labels[part, 0], "hard": labels[part, 1]} for part in probes]

    @jax.jit
    def step(variables, state, rows):
        def loss(variables):
            batch, targets = (array[rows] for array in on_device)
            logits = model.apply(variables, batch)
            return optax.sigmoid_binary_cross_entropy(logits, targets).mean()

        value, gradients = jax.value_and_grad(loss)(variables)
        updates, state = optimizer.update(gradients, state)
        return optax.apply_updates(variables, updates), state, value

    def train(steps, recorder=None):
        variables = model.init(jax.random.key(0), inputs[:1])
        state = optimizer.init(variables)
        for number in range(steps):
            rows = jnp.arange(1024) + 1024 * (number % 8)
            variables, state, _ = step(variables, state, rows)
            if recorder is not None and recorder.is_due(number):
                recorder.record(number, pk.extractors.linen(model, variables, layers="Dense_*"))
        return jax.block_until_ready(variables)

    def timed(steps, path=None):
        start = time.perf_counter()
        if path is None:
            train(steps)
            return time.perf_counter() - start
        with pk.Recorder(
            path,
            inputs=inputs[probes[0]],
            features=features[0],
            held_out=(inputs[probes[1]], features[1]),
            every=10,
        ) as recorder:
            start = time.perf_counter()
            train(steps, recorder)
            recorder.flush()
            return time.perf_counter() - start

    steps = 20 if tiny else 400
    timed(20, tmp_path / "warm.nc")
    plain, recorded = [], []
    for number in range(1 if tiny else 5):
        plain.append(timed(steps))
        recorded.append(timed(steps, tmp_path / f"{number}.nc"))
    ratio = np.median(recorded) / np.median(plain)
    report(f"a step: {1e3 * np.median(plain) / steps:.1f} ms; recorded: {100 * (ratio - 1):+.1f} %")
    assert tiny or ratio < 1.05
