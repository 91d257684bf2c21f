"""Distances of dynamics: known angles, another search, DSA's figures, other coordinates, errors."""

import itertools

import numpy as np
import pytest
from scipy import linalg, optimize

from probekit import measures
from probekit.errors import OptionError, ShapeError
from probekit.measures.conjugation import largest_trace
from tests.reference.tolerances import SCORE

ANGLE = 1e-4
"""Near 0 an angle is the root of what a search leaves."""


def turning(*angles, kept=0.98):
    """A map that turns planes by these angles."""
    return kept * linalg.block_diag(
        *([[np.cos(w), -np.sin(w)], [np.sin(w), np.cos(w)]] for w in angles)
    )


def run(step, times=40, trajectories=6, noise=0.1, seed=0):
    generator = np.random.default_rng(seed)
    places = [generator.normal(size=(trajectories, len(step)))]
    for _ in range(times - 1):
        pushed = noise * generator.normal(size=places[-1].shape)
        places.append(places[-1] @ step.T + pushed)
    return np.float32(np.stack(places, axis=1))


def rotation(units, seed=0):
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(units, units)))[0]


def fitted(x, rank, delays=1, interval=1):
    """The map of one array, by the definition."""
    x = np.float64(x)
    times = x.shape[1] - (delays - 1) * interval
    rows = np.concatenate([x[:, i * interval :][:, :times] for i in range(delays)], axis=2)
    left = np.linalg.svd(rows.reshape(-1, rows.shape[2]), full_matrices=False)[0]
    left = left[:, :rank].reshape(*rows.shape[:2], rank)
    before, after = (z.reshape(-1, rank) for z in (left[:, :-1], left[:, 1:]))
    return (np.linalg.pinv(before) @ after).T


def another_search(a, b, starts):
    """The largest trace over rotations that are exponentials, and over them times a reflection."""
    upper = np.triu_indices(len(a), 1)

    def turned(angles, flip):
        skew = np.zeros_like(a)
        skew[upper] = angles
        return linalg.expm(skew - skew.T) @ flip

    def lost(angles, flip):
        c = turned(angles, flip)
        return -np.trace(a.T @ c @ b @ c.T)

    flips = [np.eye(len(a)), np.diag([-1.0, *np.ones(len(a) - 1)])]
    generator = np.random.default_rng(0)
    return -min(
        optimize.minimize(lost, 3 * generator.normal(size=len(upper[0])), args=(flip,)).fun
        for flip in flips
        for _ in range(starts)
    )


def test_the_angle_of_two_turns_is_their_difference():
    speeds = 2 * np.pi * np.array([2, 5, -5]) / 40  # whole turns, so that circles stay circles
    circles = [run(turning(w, kept=1.0), noise=0) for w in speeds]
    apart = measures.dynamical_distance(*circles[:2])
    assert float(apart) == pytest.approx(speeds[1] - speeds[0], abs=ANGLE)
    # Seen from behind it turns the other way round.
    assert float(measures.dynamical_distance(*circles[1:])) == pytest.approx(0, abs=ANGLE)
    apart = measures.dynamical_distance(*circles[:2], distance="wasserstein")
    assert float(apart) == pytest.approx(2 * np.sin((speeds[1] - speeds[0]) / 2), abs=SCORE)


@pytest.mark.parametrize("options", [{}, {"delays": 3, "interval": 2, "components": 3}])
def test_eigenvalues_against_the_definition(options):
    x, y = run(turning(0.3, 0.9)), run(turning(0.5, 1.4)[:, ::-1], times=30, seed=1)
    window = {name: options.get(name, 1) for name in ("delays", "interval")}
    maps = [fitted(z, options.get("components", 4), **window) for z in (x, y)]
    values = [np.linalg.eigvals(z) for z in maps]
    wanted = min(
        np.mean(np.abs(values[0] - values[1][list(order)]) ** 2) ** 0.5
        for order in itertools.permutations(range(len(values[0])))
    )
    found = measures.dynamical_distance(x, y, distance="wasserstein", **options)
    assert float(found) == pytest.approx(wanted, abs=SCORE)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_the_search_finds_what_another_finds(seed):
    a, b = (np.random.default_rng(seed + 10 * k).normal(size=(3, 3)) for k in (0, 1))
    found, wanted = largest_trace(a, b, restarts=8), another_search(a, b, starts=4)
    assert found == pytest.approx(wanted, abs=1e-5)


def test_angles_are_those_of_the_maps():
    x, y = run(turning(0.3, 0.9)), run(0.9 * rotation(4) * [1, 0.8, 0.5, 0.2], noise=0.3, seed=3)
    a, b = (fitted(z, 4) for z in (x, y))
    a, b = a / np.linalg.norm(a), b / np.linalg.norm(b)
    wanted = np.arccos(largest_trace(a, b, restarts=8))
    assert float(measures.dynamical_distance(x, y)) == pytest.approx(wanted, abs=ANGLE)
    assert float(measures.dynamical_distance(y, x)) == pytest.approx(wanted, abs=1e-3)


@pytest.mark.parametrize("distance", ["angular", "wasserstein"])
def test_coordinates_do_not_matter(distance):
    x, y = run(turning(0.3, 0.9)), run(turning(0.5, 1.4), seed=2)
    options = {"delays": 2, "components": 3, "distance": distance}
    wanted = measures.dynamical_distance(x, y, **options)
    turned = measures.dynamical_distance(8 * x @ rotation(4), y[:, :, ::-1], **options)
    assert float(turned) == pytest.approx(float(wanted), abs=ANGLE)
    whole = measures.dynamical_distance(x, y, distance=distance)
    mixed = x @ np.random.default_rng(5).normal(size=(4, 7))  # in three units more
    found = measures.dynamical_distance(mixed, y, distance=distance)
    assert float(found) == pytest.approx(float(whole), abs=ANGLE)
    assert float(measures.dynamical_distance(mixed, x, distance=distance)) < 2e-3


def test_delays_see_what_units_do_not_show():
    """Of two circles seen from the side one is faster, which no single place tells."""
    t = np.arange(60)
    slow, fast = (np.cos(2 * np.pi * w * t / 60)[:, None] for w in (3, 8))
    assert float(measures.dynamical_distance(slow, fast)) == pytest.approx(0, abs=ANGLE)
    found = measures.dynamical_distance(slow, fast, delays=2)
    assert float(found) == pytest.approx(np.pi / 6, abs=0.02)  # the map is not quite normal


def test_where_there_is_no_distance():
    x = run(turning(0.3))
    still, spoilt = np.zeros_like(x), x.copy()
    spoilt[1, 3, 0] = np.inf
    for a, b in ((x, still), (still, x), (x, spoilt), (spoilt, x)):
        for distance in ("angular", "wasserstein"):
            assert np.isnan(measures.dynamical_distance(a, b, distance=distance))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"distance": "sum"}, "distance='sum': not a choice"),
        ({"delays": 0}, "delays=0: must be at least 1"),
        ({"interval": 0}, "interval=0: must be at least 1"),
        ({"components": 0}, "components=0: must be at least 1"),
        ({"restarts": -1}, "restarts=-1: must be at least 0"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(OptionError, match=message):
        measures.dynamical_distance(run(turning(0.3)), run(turning(0.3)), **options)


def test_bad_shapes_are_refused():
    x = run(turning(0.3), times=9, trajectories=1)
    with pytest.raises(ShapeError, match="y: 9 times; at least 11 are needed for delays=4 and int"):
        measures.dynamical_distance(run(turning(0.3)), x, delays=4, interval=3)
    with pytest.raises(ShapeError, match="x: 4 steps and 5 components; any map would fit"):
        measures.dynamical_distance(x, x, delays=5)
    with pytest.raises(ShapeError, match="x"):
        measures.dynamical_distance(np.arange(9.0), x)


# What DSA of dsa-metric 2.0.2 found of `run(…)` below with 4 components, after 1500 steps.
OF_DSA = {"angular": 0.3809494078159332, "wasserstein": 0.13696596026420593}


def of_dsa():
    """Arrays that it was given too, of two trajectories that turn at other speeds."""
    first, second = (turning(*angles) for angles in ((0.3, 0.9), (0.5, 1.4)))
    return run(first), run(second, seed=2)


def test_the_figures_of_dsa():
    found = measures.dynamical_distance(*of_dsa(), components=4, distance="wasserstein")
    assert float(found) ** 2 == pytest.approx(OF_DSA["wasserstein"], rel=1e-5)
    angle = float(measures.dynamical_distance(*of_dsa(), components=4))
    assert OF_DSA["angular"] - 1e-3 < angle < OF_DSA["angular"]
