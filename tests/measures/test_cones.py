"""Nearest points of cones: those of SciPy, and the nearest there are, also of hard cones."""

import jax
import numpy as np
import pytest
from scipy.optimize import nnls

from probekit.measures import _cones
from probekit.measures._cones import nearest_in_cone

find = jax.jit(nearest_in_cone)
PLACES, COORDINATES, TARGETS = 30, 6, 60


def cone(radius, *, generator, copies=0.0, places=PLACES, coordinates=COORDINATES):
    """Points of a cloud about the axis, the second half all but equal to the first if asked for."""
    points = generator.normal(size=(places, coordinates - 1)) * radius
    if copies:
        points[places // 2 :] = points[: places - places // 2]
        points[places // 2 :] += copies * generator.normal(size=points[places // 2 :].shape)
    rows = np.hstack([points - points.mean(axis=0), np.ones((places, 1))])
    return np.float32(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def check(generators, targets, *, nearest, slope):
    """Points are those of SciPy, and no generator leads nearer."""
    found = find(generators, targets)
    assert np.asarray(found.reached).all()
    assert (np.asarray(found.weights) >= 0).all()
    rows, wide = np.float64(generators), np.float64(targets)
    points = np.float64(found.weights) @ rows
    wanted = np.stack([nnls(rows.T, target, maxiter=10000)[0] for target in wide]) @ rows
    size = np.linalg.norm(wide, axis=1).max()
    np.testing.assert_allclose(points, wanted, atol=nearest * size)
    left = wide - points
    assert (left @ rows.T).max() <= slope * size
    assert np.abs((left * points).sum(axis=1)).max() <= slope * size**2


@pytest.mark.parametrize("radius", [0.03, 1.0, 10.0])
@pytest.mark.parametrize("copies", [0.0, 1e-3, 1e-6])
def test_they_are_those_of_scipy(radius, copies):
    for seed in range(3):
        generator = np.random.default_rng(seed)
        generators = cone(radius, generator=generator, copies=copies)
        targets = np.float32(generator.normal(size=(TARGETS, COORDINATES)))
        # Of generators that are all but equal it is open, within rounding, which is let free.
        check(generators, targets, nearest=2e-3 if copies else 2e-5, slope=3e-5)


@pytest.mark.parametrize("radius", [100.0, 1000.0])
def test_cones_that_are_all_but_closed(radius):
    for seed in range(3):
        generator = np.random.default_rng(seed)
        targets = np.float32(generator.normal(size=(TARGETS, COORDINATES)))
        generators = cone(radius, generator=generator)
        check(generators, targets, nearest=1e-3, slope=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize(("places", "coordinates"), [(60, 40), (40, 41), (12, 2), (1, 3)])
def test_of_other_shapes(places, coordinates):
    for radius in (0.1, 1.0, 10.0):
        generator = np.random.default_rng(1)
        generators = cone(radius, generator=generator, places=places, coordinates=coordinates)
        targets = np.float32(generator.normal(size=(TARGETS, coordinates)))
        check(generators, targets, nearest=1e-5, slope=3e-5)


def test_the_ends():
    """Of a target in the cone it is itself, of one opposite to it 0; a place may be empty."""
    corners = np.zeros((PLACES, COORDINATES), np.float32)
    corners[:COORDINATES] = np.eye(COORDINATES)
    generator = np.random.default_rng(0)
    inside = np.float32(generator.random((TARGETS, COORDINATES)))
    inside[TARGETS // 2 :] *= -1
    found = find(corners, inside)
    np.testing.assert_allclose(found.weights @ corners, np.maximum(inside, 0), atol=1e-6)
    assert (found.weights[TARGETS // 2 :] == 0).all()
    assert (found.weights[:, COORDINATES:] == 0).all()
    assert found.reached.all()


@pytest.mark.slow
def test_too_few_steps_are_told(monkeypatch):
    generator = np.random.default_rng(0)
    generators = cone(1.0, generator=generator)
    targets = np.float32(generator.normal(size=(TARGETS, COORDINATES)))
    monkeypatch.setattr(_cones, "_STEPS", (0, 2))
    reached = np.asarray(jax.jit(lambda *both: nearest_in_cone(*both))(generators, targets).reached)
    assert not reached.all()


@pytest.mark.slow
def test_parts_of_the_targets_give_the_same(monkeypatch):
    generator = np.random.default_rng(0)
    generators = cone(1.0, generator=generator)
    targets = np.float32(generator.normal(size=(TARGETS, COORDINATES)))
    whole = find(generators, targets)
    monkeypatch.setattr(_cones, "_AT_ONCE", 7 * generators.size)
    parts = jax.jit(lambda *both: nearest_in_cone(*both))(generators, targets)
    np.testing.assert_allclose(parts.weights, whole.weights, atol=1e-5)
    both = jax.vmap(lambda part: nearest_in_cone(generators, part))(targets.reshape(2, -1, 6))
    np.testing.assert_allclose(both.weights.reshape(TARGETS, -1), whole.weights, atol=1e-5)
