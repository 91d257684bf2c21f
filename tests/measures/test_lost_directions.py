"""Directions that rounding hides beside an example far out, or that the fit does not have."""

import jax.numpy as jnp
import numpy as np
import pytest

from probekit import measures
from probekit.estimators import (
    CCA,
    PLS,
    LinearPredictivity,
    RidgeDecodingR2,
    RidgeR2,
    ShapeMetric,
)
from probekit.measures import STATUS_MEANINGS
from probekit.measures.penalties import DEFAULT_PENALTIES
from probekit.statistics import state_of
from probekit.testing._harness import read
from tests.reference import oracles

RANK_DEFICIENT = STATUS_MEANINGS.index("rank_deficient")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_pls_beside_an_example_far_out_is_never_called_not_finite(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(40, 6)), rng.normal(size=(40, 4))
    x[3] *= 1e5
    estimator = PLS()
    state = state_of(estimator.statistic, jnp.asarray(x, jnp.float32), jnp.asarray(y, jnp.float32))
    assert int(read(estimator, state, state)["pls_status"]) == RANK_DEFICIENT


@pytest.mark.slow
@pytest.mark.parametrize("alpha", [0.0, 0.5])
def test_a_fitted_whitening_that_leaves_directions_out_says_so(alpha: float) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(80, 6))
    y = x[:, :4] + 0.1 * rng.normal(size=(80, 4))
    estimator = ShapeMetric(alpha=alpha, align_on="fit")

    def status(x: np.ndarray) -> int:
        fit, scored = (
            state_of(estimator.statistic, *(jnp.asarray(z[part], jnp.float32) for z in (x, y)))
            for part in (slice(40), slice(40, 80))
        )
        return int(read(estimator, fit, scored)["shape_metric_status"])

    assert status(x) == 0
    x[:, 5] = x[:, 0] + x[:, 1]
    assert status(x) == RANK_DEFICIENT


@pytest.mark.slow
@pytest.mark.parametrize(("apart", "expected"), [(100.0, 0), (700.0, RANK_DEFICIENT)])
def test_a_direction_that_rounding_may_turn_is_told(apart: float, expected: int) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(50, 3))
    y = x[:, :2] + rng.normal(size=(50, 2))
    x[:, 1] = x[:, 0] + x[:, 1] / apart
    state = state_of(CCA().statistic, jnp.asarray(x, jnp.float32), jnp.asarray(y, jnp.float32))
    assert int(read(CCA(), state, state)["cca_status"]) == expected


def canonical(x: np.ndarray, y: np.ndarray) -> dict[str, float]:
    """Float64, by the singular vectors of the examples."""

    def basis(z: np.ndarray) -> np.ndarray:
        return np.linalg.svd((z - z.mean(axis=0)) / z.std(axis=0), full_matrices=False)[0]

    a, b, centred = basis(x), basis(y), x - x.mean(axis=0)
    left, correlations, _ = np.linalg.svd(a.T @ b, full_matrices=False)
    weights = np.abs((a @ left).T @ centred).sum(axis=1)
    return {
        "cca": correlations.mean(),
        "pwcca": weights @ correlations / weights.sum(),
        "linear_regression_similarity": np.square(b.T @ centred).sum() / np.square(centred).sum(),
        "eigenspace_overlap": np.square(correlations).sum() / max(a.shape[1], b.shape[1]),
    }


@pytest.mark.slow
@pytest.mark.parametrize("far", [1e3, 1e5])
def test_arrays_keep_all_directions_beside_an_example_far_out(far: float) -> None:
    """Covariances in float32 have lost them; what is computed of the examples has not."""
    rng = np.random.default_rng(1)
    y = rng.normal(size=(60, 6))
    x = y[:, :5] @ rng.normal(size=(5, 5)) + rng.normal(size=(60, 5))
    x[7], y[7] = far * x[7], far * y[7]
    x, y = (z.astype(np.float32).astype(float) for z in (x, y))
    for name, expected in canonical(x, y).items():
        options = {"centred": True} if name == "eigenspace_overlap" else {}
        found = getattr(measures, name)(x, y, **options)
        assert found == pytest.approx(expected, abs=1e-4), name
        assert np.isnan(getattr(measures, name)(np.where(x == x[7], np.inf, x), y, **options)), name


def shape(x: np.ndarray, y: np.ndarray, alpha: float) -> float:
    """Float64: α of the singular values and 1 - α, of examples in a basis of unlike units."""
    mapped = []
    for z in (x, y):
        z = z - z.mean(axis=0)
        basis, s, _ = np.linalg.svd(z / z.std(axis=0), full_matrices=False)
        basis = basis[:, s > 1e-9 * s[0]]
        left, s, _ = np.linalg.svd(basis.T @ z / np.linalg.norm(z))
        mapped.append(basis @ left[:, : len(s)] * (alpha * s + 1 - alpha))
    cosine = np.linalg.svd(mapped[0].T @ mapped[1])[1].sum()
    return float(np.arccos(cosine / np.prod([np.linalg.norm(z) for z in mapped])))


def near(kind: str) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    y = rng.normal(size=(60, 6))
    x = y[:, :5] @ rng.normal(size=(5, 5)) + rng.normal(size=(60, 5))
    if kind == "an example far out":
        x[7], y[7] = 1e5 * x[7], 1e5 * y[7]
    elif kind == "a unit nearly twice":
        x[:, 4] = x[:, 0] + 1e-3 * x[:, 4]
    else:
        x *= np.float64([1, 1, 1e-6, 1e-6, 1e-6])
    return x.astype(np.float32).astype(float), y.astype(np.float32).astype(float)


@pytest.mark.slow
@pytest.mark.parametrize("alpha", [0.0, pytest.param(0.5, marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", ["an example far out", "a unit nearly twice", "small units"])
def test_partial_whitening_leaves_no_direction_out(kind: str, alpha: float) -> None:
    """Covariances lose them: of the first two the estimator says so, and is up to 0.5 off."""
    x, y = near(kind)
    expected = shape(x, y, alpha)
    found = float(measures.shape_metric(x, y, alpha=alpha))
    assert found == pytest.approx(expected, abs=1e-4)
    again = float(measures.shape_metric(x, y, alpha=alpha, held_out=(x, y)))
    assert again == pytest.approx(expected, abs=1e-3)
    estimator = ShapeMetric(alpha=alpha)
    state = state_of(estimator.statistic, jnp.asarray(x, jnp.float32), jnp.asarray(y, jnp.float32))
    reported = read(estimator, state, state)
    if kind == "small units":
        assert float(reported["shape_metric"]) == pytest.approx(expected, abs=1e-4)
    assert int(reported["shape_metric_status"]) == (0 if kind == "small units" else RANK_DEFICIENT)


def test_many_examples_do_not_hide_a_direction() -> None:
    """What may be rounding does not grow as their number: 30,000 lost all below 0.0036."""
    rng = np.random.default_rng(0)
    y = rng.normal(size=(30_000, 2)).astype(np.float32)
    x = np.stack([y[:, 1], y[:, 1] + np.float32(3e-3) * y[:, 0]], axis=1)
    assert float(measures.cca(x, y)) == pytest.approx(1, abs=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_rounding_does_not_choose_the_penalty_where_units_are_more_than_examples(seed: int) -> None:
    """Errors of the smallest penalties were 5e-3 off, scores 0.01."""
    rng = np.random.default_rng(seed)
    way, estimator = rng.normal(size=(1, 40)), RidgeDecodingR2()
    y = rng.integers(0, 3, size=(40, 1)).astype(np.float32)
    x = (y * way + rng.normal(size=(40, 40))).astype(np.float32)
    fit, scored = (
        state_of(estimator.statistic, x[part], y[part], index=jnp.arange(40)[part])
        for part in (slice(20), slice(20, 40))
    )
    found = read(estimator, fit, scored)
    wide = [np.asarray(z, float) for z in (x[:20], y[:20], x[20:], y[20:])]
    assert int(found["ridge_decoding_r2_status"]) == 0
    assert float(found["ridge_decoding_r2"]) == pytest.approx(
        oracles.ridge_decoding_r2(*wide), abs=1e-4
    )


@pytest.mark.slow
def test_a_penalty_below_rounding_is_told() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 6))
    y = (x[:, 4:5] - x[:, 5:]).astype(np.float32)
    estimator = RidgeDecodingR2(penalties=(1e-7,))
    for scales, status in ((1.0, 0), (10.0 ** np.arange(0, -6, -1), RANK_DEFICIENT)):
        state = state_of(estimator.statistic, (x * scales).astype(np.float32), y)
        assert int(read(estimator, state, state)["ridge_decoding_r2_status"]) == status


def test_variability_that_is_rounding_beside_an_example_far_out_is_undefined() -> None:
    """It was 150 where it is 20."""
    rng = np.random.default_rng(8)
    label = rng.integers(0, 3, size=48)
    x = rng.normal(size=(3, 6))[label] + rng.normal(size=(48, 6))
    assert float(measures.neural_collapse(x, label).variability) > 0
    x[7] *= 1e5
    assert np.isnan(measures.neural_collapse(x, label).variability)


@pytest.mark.slow
def test_components_of_rounding_in_place_of_others_are_told() -> None:
    """Of units from 1e-6 to 1e3, most covariance is at last what the largest leave: rounding."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 6))
    y = (x[:, :4] @ rng.normal(size=(4, 4)) + rng.normal(size=(60, 4))).astype(np.float32)
    estimator = LinearPredictivity()
    for scales, status in ((1.0, 0), (10.0 ** np.linspace(-6, 3, 6), RANK_DEFICIENT)):
        state = state_of(estimator.statistic, (x * scales).astype(np.float32), y)
        assert int(read(estimator, state, state)["linear_predictivity_status"]) == status


@pytest.mark.slow
@pytest.mark.parametrize("decades", [3, 6])
def test_ridge_of_features_of_unlike_scale_is_exact(decades: int) -> None:
    """In float32 scores were up to 0.6 off, and of 3 decades another penalty was chosen."""
    rng = np.random.default_rng(0)
    scales = 10.0 ** np.linspace(0, -decades, 5)
    y = rng.normal(size=(40, 5)) * scales
    x = y @ (rng.normal(size=(5, 3)) / scales[:, None]) + rng.normal(size=(40, 3)) / 2
    x, y = x.astype(np.float32), y.astype(np.float32)
    state = state_of(RidgeR2().statistic, x, y)
    assert int(read(RidgeR2(), state, state)["ridge_r2_status"]) == RANK_DEFICIENT
    for penalties in (DEFAULT_PENALTIES, (1e-10, 1e-6)):
        options = {"penalties": penalties, "multioutput": "raw_values"}
        wanted = oracles.ridge_r2(x[:24], y[:24], x[24:], y[24:], **options)
        held_out = (x[24:], y[24:])
        ridge = measures.ridge_r2(x[:24], y[:24], held_out=held_out, **options)
        np.testing.assert_allclose(ridge, wanted, atol=1e-4)
        held_out = (x[24:], [y[24:]])
        banded = measures.banded_ridge_r2(x[:24], [y[:24]], held_out=held_out, **options)
        np.testing.assert_allclose(banded.r2, wanted, atol=1e-4)
