"""Where float32 loses what features, or units, differ by: it is told, or it is not lost."""

import jax
import numpy as np
import pytest

import probekit as pk
from probekit import measures
from probekit.errors import ScoreWarning
from probekit.estimators import LinearR2
from tests.reference import oracles
from tests.reference.tolerances import SCORE

N = 48
G = np.random.default_rng(0)
A, B, C = G.normal(size=(3, N))
NEARLY = np.float32(np.stack([A, A + 3e-4 * B], axis=1))  # what tells them apart explains `X`
X = np.float32(np.stack([B, C, A + B], axis=1))


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["unique_r2", "commonality", "shapley_r2", "relative_weights", "selectivity"]
)
def test_columns_that_hardly_differ_are_told_of(name):
    ds = pk.probe(pk.extractors.arrays({"l": X}), None, {"pair": NEARLY, "c": C}, estimators=[name])
    status = ds[f"{name}_status"].values
    assert status.flat[0] == 2  # rank-deficient
    features = {"pair": np.float32(np.stack([A, B], axis=1)), "c": C}
    whole = pk.probe(pk.extractors.arrays({"l": X}), None, features, estimators=[name])
    assert (whole[f"{name}_status"].values == 0).all()


@pytest.mark.parametrize("far", [1e5, 1e7])
def test_directions_in_other_contexts_do_not_feel_an_example_far_out(far):
    bits = np.arange(64)[:, None] >> np.arange(3) & 1
    x = np.float32(bits @ G.normal(size=(3, 5)) + G.normal(size=(64, 5)))
    x[7] += np.float32(far)
    wanted = oracles.parallelism_score(None, None, x.astype(float), bits)
    np.testing.assert_allclose(measures.parallelism_score(x, bits), wanted, atol=SCORE)


def test_a_code_beside_an_example_far_out():
    x, labels = np.float32(X), np.arange(N) % 3
    near = float(measures.transrate(x, labels))
    far = x.copy()
    far[7] += 1e7
    assert np.isnan(measures.transrate(far, labels))  # 5 % off, as it was
    far[7] = x[7] + 1e4
    rows = far.astype(float) - far.astype(float).mean(axis=0)

    def rate(z):
        return np.linalg.slogdet(np.eye(3) + z.T @ z / (len(z) * 1e-4))[1] / 2

    wanted = rate(rows) - np.mean([rate(rows[labels == c]) for c in range(3)])
    assert float(measures.transrate(far, labels)) == pytest.approx(wanted, abs=1e-3)
    assert near > 0


@pytest.mark.slow
def test_the_penalty_of_a_kernel_does_not_depend_on_the_scale_in_float64():
    y = np.stack([A, B], axis=1)
    x = np.stack([A * B, np.sin(A), C], axis=1)
    with jax.enable_x64(True):
        near, far = (float(measures.kernel_ridge_r2(x * scale, y)) for scale in (1, 1e20))
    assert far == pytest.approx(near, abs=1e-6)  # in float64 1e20 is no large number


def test_far_from_zero_the_middle_between_classes_is_where_it_was():
    labels = np.arange(N) % 2
    grid = 1024  # at 8192 float32 has steps of 1/1024, so that nothing is rounded
    x = np.round((G.normal(size=(N, 3)) + labels[:, None]) * grid) / grid
    near = np.round((x.mean(axis=0) + G.normal(size=(400, 3)) / 64) * grid) / grid
    asked = np.arange(400) % 2
    accuracies = [
        float(measures.decoding_accuracy(x + offset, labels, held_out=(near + offset, asked)))
        for offset in (0, 8192)
    ]
    assert accuracies[0] == accuracies[1]


@pytest.mark.parametrize("batch_size", [N, 7])
def test_units_that_differ_by_their_rounding_are_told_apart_from_constant_ones(batch_size):
    steps = np.random.default_rng(1).integers(0, 3, N) * np.spacing(np.float32(1e4))
    x = np.float32(np.stack([B, 1e4 + steps, np.full(N, 1e4 / 3)], axis=1))
    raw = LinearR2(multioutput="raw_values", name="raw")
    chosen = [raw, LinearR2()]
    ds = pk.probe(
        pk.extractors.arrays({"l": x}), None, {"a": A}, estimators=chosen, batch_size=batch_size
    )
    assert ds.raw_status.values.ravel().tolist() == [0, 2, 4]  # ok, rank-deficient, constant
    assert ds.linear_r2_status.item() == 2
    only = pk.extractors.arrays({"l": x[:, ::2]})
    with pytest.warns(ScoreWarning, match="over constant ones, which count 1"):
        ds = pk.probe(only, None, {"a": A}, estimators=["linear_r2"])
    assert ds.linear_r2_status.item() == 4
