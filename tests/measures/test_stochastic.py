"""Stochastic shape distances: against other minimisers and netrep, as metrics, and in `compare`."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist, pdist

import probekit as pk
from probekit import measures
from probekit.errors import OptionError, ShapeError
from probekit.estimators import StochasticShapeDistance
from probekit.measures import stochastic_shape_distance as distance
from tests.reference import oracles

CONDITIONS, PRESENTED = 6, 10
LABELS = np.repeat(np.arange(CONDITIONS), PRESENTED)
ANY_ORDER = np.random.default_rng(3).permutation(len(LABELS))
GROUNDS = ["wasserstein", "energy"]


def pair(units=(3, 3), seed=0):
    generator = np.random.default_rng(seed)
    means = generator.normal(size=(CONDITIONS, units[0]))
    x = means[LABELS] + 0.5 * generator.normal(size=(len(LABELS), units[0]))
    y = x @ generator.normal(size=units) + 0.3 * generator.normal(size=(len(LABELS), units[1]))
    return np.float32(x), np.float32(y)


def rotated(x, seed=5):
    rotation, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(x.shape[1],) * 2))
    return np.float32(np.float64(x) @ rotation)


@pytest.mark.slow
@pytest.mark.parametrize("units", [(3, 3), (3, 2)])
@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0, 2.0])
def test_against_a_general_minimiser(units, alpha):
    x, y = pair(units)
    wanted = oracles.stochastic_shape_distance(None, None, x, y, alpha=alpha, labels=LABELS)
    found = float(distance(x, y, LABELS, alpha=alpha, restarts=5))
    assert found == pytest.approx(wanted, rel=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_against_all_rotations_of_the_plane(alpha):
    x, y = pair((2, 2))
    groups = [[np.float64(z[name == LABELS]) for name in range(CONDITIONS)] for z in (x, y)]
    means = [np.stack([group.mean(axis=0) for group in side]) for side in groups]
    means = [side - side.mean(axis=0) for side in means]
    noise = [[np.cov(group.T) for group in side] for side in groups]
    found = []
    for rotation in every_rotation():
        common = [
            np.sqrt(np.maximum(np.linalg.eigvals(s @ rotation @ t @ rotation.T).real, 0)).sum()
            for s, t in zip(*noise, strict=True)
        ]
        traces = sum(np.trace(s) + np.trace(t) for s, t in zip(*noise, strict=True))
        bures = traces - 2 * np.sum(common)
        found.append(alpha * ((means[0] - means[1] @ rotation.T) ** 2).sum() + (2 - alpha) * bures)
    wanted = np.sqrt(min(found) / CONDITIONS)
    assert float(distance(x, y, LABELS, alpha=alpha)) == pytest.approx(wanted, rel=1e-4)


def test_the_energy_distance_against_all_rotations_of_the_plane():
    x, y = pair((2, 2))
    groups = [[np.float64(z[name == LABELS]) for name in range(CONDITIONS)] for z in (x, y)]
    middles = [np.mean([group.mean(axis=0) for group in side], axis=0) for side in groups]
    a, b = ([g - m for g in side] for side, m in zip(groups, middles, strict=True))
    within = np.mean([pdist(group).mean() for group in (*a, *b)])
    between = min(
        np.mean([cdist(u, v @ rotation.T).mean() for u, v in zip(a, b, strict=True)])
        for rotation in every_rotation()
    )
    found = float(distance(x, y, LABELS, ground="energy"))
    assert found == pytest.approx(np.sqrt(between - within), rel=1e-3)


def every_rotation():
    for angle in np.linspace(0, 2 * np.pi, 721):
        cos, sin = np.cos(angle), np.sin(angle)
        yield np.array([[cos, -sin], [sin, cos]])
        yield np.array([[cos, sin], [sin, -cos]])


@pytest.mark.parametrize(
    ("options", "theirs"),
    [
        ({"alpha": 1.0}, 1.0497259519454105),
        ({"alpha": 2.0}, 1.1586306426884019),
        ({"ground": "energy"}, 0.39749815630897734),
    ],
)
def test_the_figures_of_netrep(options, theirs):
    """Of its commit 0186b8a, for the same moments about the mean over conditions."""
    assert float(distance(*pair(), LABELS, **options)) == pytest.approx(theirs, rel=1e-6)


@pytest.mark.parametrize(("alpha", "theirs"), [(0.0, 0.8886006), (0.5, 0.9918646), (1.5, 1.105553)])
def test_where_netrep_seeks_with_other_weights(alpha, theirs):
    """It scores a rotation that is the best for other weights, or for its only beginning."""
    assert float(distance(*pair(), LABELS, alpha=alpha)) < theirs - 5e-6


def test_of_means_alone_it_is_the_bures_metric():
    x, y = pair((4, 3))
    means = [[z[name == LABELS].mean(axis=0) for name in range(CONDITIONS)] for z in (x, y)]
    wanted = np.sqrt(2) * float(measures.bures_metric(*map(np.array, means)))
    assert float(distance(x, y, LABELS, alpha=2.0)) == pytest.approx(wanted, rel=1e-5)


def test_of_one_condition_only_spreads_count():
    x, y = pair()
    spreads = [np.linalg.svd(np.cov(np.float64(z).T))[1] for z in (x, y)]
    wanted = np.linalg.norm(np.sqrt(spreads[0]) - np.sqrt(spreads[1]))
    assert float(distance(x, y, np.zeros(len(x)))) == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize("ground", GROUNDS)
def test_invariances(ground):
    x, y = pair()
    wanted = float(distance(x, y, LABELS, ground=ground))

    def same(*changed):
        assert float(distance(*changed, ground=ground)) == pytest.approx(wanted, rel=1e-4)

    same(rotated(x), y, LABELS)
    same(x, rotated(y), LABELS)
    same(x + np.float32(3), y - np.float32(1), LABELS)
    same(x, np.pad(y, [(0, 0), (0, 2)]), LABELS)
    same(y, x, LABELS)
    same(x, y, 100 - 7 * LABELS)
    order = np.random.default_rng(1).permutation(len(x))
    same(x[order], y[order], LABELS[order])
    scale = 2.0 if ground == "wasserstein" else np.sqrt(2)
    both = float(distance(2 * x, 2 * y, LABELS, ground=ground))
    assert both == pytest.approx(scale * wanted, rel=1e-4)


@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("units", [3, 40])
def test_a_rotated_network_is_the_same(ground, units):
    x, _ = pair((units, 3))
    assert float(distance(x, x, LABELS, ground=ground)) == 0
    size = float(np.linalg.norm(x) / np.sqrt(len(x)))
    assert float(distance(x, rotated(x) + 1, LABELS, ground=ground)) < 1e-5 * size


def test_a_rotation_of_noise_alone_is_seen():
    """Networks that have equal means, and noise of equal spread, but not in equal directions."""
    generator = np.random.default_rng(0)
    means = generator.normal(size=(CONDITIONS, 3))[LABELS]
    noise = generator.normal(size=means.shape) * [1.0, 0.1, 0.1]
    for name in range(CONDITIONS):
        noise[name == LABELS] -= noise[name == LABELS].mean(axis=0)
    x, y = means + noise, means + noise[:, [1, 0, 2]]
    assert float(distance(x, y, LABELS, alpha=2.0)) < 1e-5
    assert float(distance(x, y, LABELS, alpha=0.0)) < 1e-3  # the noise alone can be turned back
    assert float(distance(x, y, LABELS, alpha=1.0)) > 0.5


@pytest.mark.parametrize("ground", GROUNDS)
def test_a_metric(ground):
    networks = [pair(seed=seed)[0] for seed in range(4)]
    far = np.array(
        [
            [float(distance(a, b, LABELS, ground=ground, restarts=3)) for b in networks]
            for a in networks
        ]
    )
    assert (far.diagonal() == 0).all()
    np.testing.assert_allclose(far, far.T, rtol=1e-5)
    through = (far[:, :, None] + far[None, :, :]).min(axis=1)
    assert (far <= through * 1.0001).all()


@pytest.mark.parametrize("ground", GROUNDS)
def test_networks_presented_in_another_order_and_number(ground):
    x, y = pair()
    order = np.random.default_rng(1).permutation(len(x))[:50]
    found = distance(x, y[order], LABELS, conditions_y=LABELS[order], ground=ground, restarts=3)
    kept = np.sort(order)
    same = distance(x, y[kept], LABELS, conditions_y=LABELS[kept], ground=ground, restarts=3)
    assert float(found) == pytest.approx(float(same), rel=1e-5)
    whole = distance(x, y[::-1], LABELS, conditions_y=LABELS[::-1], ground=ground, restarts=3)
    wanted = distance(x, y, LABELS, ground=ground, restarts=3)
    assert float(whole) == pytest.approx(float(wanted), rel=1e-5)


def test_networks_without_noise():
    x, y = pair()
    still = np.float32(x[LABELS * PRESENTED])
    noise = [np.trace(np.cov(x[name == LABELS].T)) for name in range(CONDITIONS)]
    wanted = np.sqrt(2 * np.mean(noise))
    assert float(distance(x, still, LABELS, alpha=0.0)) == pytest.approx(wanted, rel=1e-5)
    assert float(distance(still, still, LABELS, alpha=0.0)) == 0
    quiet = np.float32(y[LABELS * PRESENTED])
    means = float(distance(still, quiet, LABELS, alpha=2.0)) / np.sqrt(2)
    assert float(distance(still, quiet, LABELS)) == pytest.approx(means, rel=1e-5)


@pytest.mark.parametrize("ground", GROUNDS)
def test_where_it_is_undefined(ground):
    x, y = pair()
    for value in (np.nan, np.inf):
        spoilt = x.copy()
        spoilt[7, 2] = value
        assert np.isnan(distance(spoilt, y, LABELS, ground=ground))
    assert np.isnan(distance(x, np.full_like(y, 3.3), LABELS, ground=ground))
    once = LABELS.copy()
    once[0] = 99
    assert np.isnan(distance(x, y, once, ground=ground))
    assert np.isnan(distance(x, y, np.where(LABELS == 0, np.nan, LABELS), ground=ground))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ground": "bures"}, r"ground='bures': not a choice"),
        ({"alpha": -0.1}, r"alpha=-0.1: must be at least 0"),
        ({"alpha": 2.1}, r"alpha=2.1: must be at most 2"),
        ({"alpha": 0.5, "ground": "energy"}, r"alpha=0.5: of ground 'wasserstein' only"),
        ({"restarts": -1}, r"restarts=-1: must be at least 0"),
        ({"conditions_y": LABELS + 1}, r"conditions_y: 6 conditions that are not the 6 of"),
        ({"conditions_y": LABELS % 2}, r"conditions_y: 2 conditions that are not the 6 of"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(OptionError, match=message):
        distance(*pair(), LABELS, **options)


def test_bad_shapes_are_refused():
    x, y = pair()
    with pytest.raises(ShapeError, match=r"y: 9 examples; x has 60"):
        distance(x, y[:9], LABELS)
    with pytest.raises(ShapeError, match=r"conditions: 9 examples; x has 60"):
        distance(x, y, LABELS[:9])
    with pytest.raises(ShapeError, match=r"conditions_y: 60 examples; y has 9"):
        distance(x, y[:9], LABELS, conditions_y=LABELS)
    with pytest.raises(ShapeError, match=r"x: 1 examples; at least 2 are needed"):
        distance(x[:1], y[:1], LABELS[:1])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("order", "options"),
    [
        (np.arange(60), {"in_a_row": PRESENTED}),
        (np.arange(60).reshape(CONDITIONS, PRESENTED).T.reshape(-1), {}),
        (ANY_ORDER, {"conditions": tuple(LABELS[ANY_ORDER].tolist())}),
    ],
)
def test_in_compare_the_place_among_the_inputs_tells_the_condition(order, options):
    x, y = pair((3, 4))
    a, b = (pk.extractors.arrays({"layer": z[order]}) for z in (x, y))
    estimator = StochasticShapeDistance(**{"conditions": CONDITIONS, **options})
    ds = pk.compare(a, b, None, estimators=[estimator], batch_size=17)
    wanted = float(distance(x, y, LABELS))
    assert float(ds.stochastic_shape_distance.squeeze()) == pytest.approx(wanted, rel=1e-5)


@pytest.mark.slow
def test_a_bootstrap_keeps_the_conditions():
    x, y = pair()
    a, b = (pk.extractors.arrays({"layer": z}) for z in (x, y))
    estimator = StochasticShapeDistance(conditions=CONDITIONS, in_a_row=PRESENTED)
    uncertainty = pk.inference.Bootstrap(resamples=40)
    ds = pk.compare(a, b, None, estimators=[estimator], uncertainty=uncertainty)
    low, high = np.ravel(ds.stochastic_shape_distance_ci)
    assert 0 < low < high < 2 * float(distance(x, y, LABELS))


def test_energy_counts_directions_that_only_one_has():
    x = np.array([[-1.71], [-2.87], [2.9], [3.04], [-4.95], [-5.65]])
    y = [[4.25, 0.49], [4.63, 2.27], [-1.93, 6.75], [-0.91, 4.69], [7.63, 3.85], [7.1, 3.09]]
    forth = float(distance(x, y, [0, 0, 1, 1, 2, 2], ground="energy"))
    back = float(distance(y, x, [0, 0, 1, 1, 2, 2], ground="energy"))
    assert forth == pytest.approx(back, rel=1e-5)
    assert forth == pytest.approx(0.508, abs=0.003)  # the least of 240 rotations of the plane
