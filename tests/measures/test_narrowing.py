"""Plain functions of far more units than examples, against the same without coordinates."""

import numpy as np
import pytest

import probekit as pk
from probekit import _coordinates as coordinates
from probekit.measures import _narrowing

M = pk.measures


def slow(measure):
    return pytest.param(measure, marks=pytest.mark.slow)


@pytest.mark.slow
@pytest.mark.parametrize(
    "measure",
    [
        M.rv_coefficient,
        slow(M.angular_cka_distance),
        slow(M.pls),
        slow(M.procrustes_distance),
        slow(M.bures_similarity),
        slow(lambda x, y: M.participation_ratio(x)),
        slow(lambda x, y: M.effective_rank(x)),
        lambda x, y: M.effective_rank(x, values="singular_values", centred=False),
        lambda x, y: M.stable_rank(x, centred=False),
        lambda x, y: M.svcca(x, y, variance=0.8),
        lambda x, y: M.linear_regression_similarity(x, y[:, :3]),
        lambda x, y: M.decoding_r2(x, y[:, :3]),
        # Of so few examples a smaller penalty would amplify rounding.
        slow(
            lambda x, y: M.decoding_r2(x[:8], y[:8, :3], penalty=0.1, held_out=(x[8:], y[8:, :3]))
        ),
        slow(lambda x, y: M.ridge_decoding_r2(x, y[:, :3], folds=3)),
        slow(lambda x, y: M.ridge_decoding_r2(x[:8], y[:8, 0], held_out=(x[8:], y[8:, 0]))),
        slow(lambda x, y: M.linear_predictivity(x, y[:, :3], folds=3, components=2)),
        slow(lambda x, y: M.linear_predictivity(x, y[:, :3], folds=3, method="ridge")),
        lambda x, y: M.procrustes_distance(x[:8], y[:8], held_out=(x[8:], y[8:])),
        slow(lambda x, y: M.shape_metric(x[:8], y[:8], alpha=0.5, held_out=(x[8:], y[8:]))),
        slow(lambda x, y: M.bures_metric(x[:8], y[:8, :3], held_out=(x[8:], y[8:, :3]))),
        slow(M.bures_metric),
    ],
)
def test_coordinates_change_nothing(monkeypatch, measure):
    generator = np.random.default_rng(0)
    hidden = generator.normal(size=(12, 3))
    x, y = (
        (hidden @ generator.normal(size=(3, 60)) + generator.normal(size=(12, 60)) + 2).astype(
            np.float32
        )
        for _ in range(2)
    )
    wanted = float(measure(x, y))
    seen = []

    def noted(*arguments, **options):
        seen.append(made(*arguments, **options))
        return seen[-1]

    made = coordinates.coordinates
    monkeypatch.setattr(coordinates, "LEAST", 50)
    monkeypatch.setattr(_narrowing, "coordinates", noted)
    assert float(measure(x, y)) == pytest.approx(wanted, rel=1e-4)
    assert seen
    x[3, 1] = np.nan
    assert np.isnan(measure(x, y))
