"""Curvature of trajectories: known angles, the formula, steps without direction, errors."""

import numpy as np
import pytest

from probekit import measures
from probekit.errors import ShapeError
from tests.reference.tolerances import SCORE


def places(seed=0, shape=(5, 12, 4)):
    return np.float32(np.random.default_rng(seed).normal(size=shape))


def by_the_formula(x):
    steps = np.diff(np.float64(x), axis=1)
    steps /= np.linalg.norm(steps, axis=2, keepdims=True)
    return np.arccos((steps[:, :-1] * steps[:, 1:]).sum(axis=2)).mean()


def test_against_the_formula():
    found = measures.trajectory_curvature(places())
    assert float(found) == pytest.approx(by_the_formula(places()), abs=SCORE)
    assert float(found) == pytest.approx(2 * np.pi / 3, abs=0.25)
    one = measures.trajectory_curvature(places()[0])
    assert float(one) == pytest.approx(by_the_formula(places()[:1]), abs=SCORE)


def test_what_goes_straight_on_or_back_and_forth():
    line = np.arange(9.0)[:, None] * [1.0, 2.0, -3.0]
    assert float(measures.trajectory_curvature(line)) == pytest.approx(0, abs=1e-6)
    there_and_back = line[np.arange(9) % 2]
    assert float(measures.trajectory_curvature(there_and_back)) == pytest.approx(np.pi, abs=1e-6)


def test_coordinates_do_not_matter():
    x = np.round(places() * 256) / 256
    rotation = np.linalg.qr(np.random.default_rng(1).normal(size=(4, 4)))[0]
    wanted = float(measures.trajectory_curvature(x))
    for other in (x + 4096, 8 * x @ rotation, x * np.float32(1e-25), x * np.float32(1e25)):
        found = measures.trajectory_curvature(np.float32(other))
        assert float(found) == pytest.approx(wanted, abs=SCORE)


def test_a_step_without_direction_is_left_out():
    corner = np.array([[0, 0], [1, 0], [1, 0], [1, 0], [2, 0], [2, 1.0]])
    assert float(measures.trajectory_curvature(corner)) == pytest.approx(np.pi / 2, abs=SCORE)
    assert np.isnan(measures.trajectory_curvature(corner[:5]))
    spoilt = places()
    spoilt[2, 4, 1] = np.nan
    assert np.isnan(measures.trajectory_curvature(spoilt))


def test_bad_shapes_are_refused():
    with pytest.raises(ShapeError, match="x: 2 times; at least 3 are needed"):
        measures.trajectory_curvature(places()[:, :2])
    with pytest.raises(ShapeError, match="x"):
        measures.trajectory_curvature(places()[0, 0])
