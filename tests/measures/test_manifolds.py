"""Manifold capacity: by a programme for each direction, at its ends, of shapes that are known."""

import numpy as np
import pytest
from scipy import integrate, stats

import probekit as pk
from probekit import measures
from probekit.errors import OptionError, ShapeError
from probekit.estimators import ManifoldCapacity
from tests.reference import oracles
from tests.reference.tolerances import SCORE

N, UNITS = 24, 3  # those of the doctest: what takes time is to compile
LABELS = np.arange(N) % 3


def cloud(*, examples=N, units=UNITS, labels=LABELS, offset=0.0, apart=3.0):
    generator = np.random.default_rng(0)
    centres = apart * generator.normal(size=(labels.max() + 1, units))
    x = centres[labels] + generator.normal(size=(examples, units))
    return np.float32(np.round(x * 256) / 256 + offset)


def check(x, labels, **options):
    found = measures.manifold_capacity(x, labels, **options)
    each = oracles.manifolds(x, labels, np.arange(len(x)), **options)
    wanted = 1 / np.mean(1 / each[:, 0]), each[:, 1].mean(), each[:, 2].mean()
    np.testing.assert_allclose(found[:3], wanted, rtol=3e-5)
    return found


@pytest.mark.slow
def test_it_is_that_of_a_programme_for_each_direction():
    for apart in (0.3, 3.0, 30.0):
        check(cloud(apart=apart), LABELS)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("units", "options"),
    [(1, {}), (2, {"margin": 0.5}), (9, {"seed": 3}), (80, {"margin": 0.2, "directions": 60})],
)
def test_of_other_shapes(units, options):
    for labels in (np.arange(60) % 4, np.minimum(np.arange(60) % 7, 3)):
        check(cloud(examples=60, units=units, labels=labels), labels, **options)


@pytest.mark.slow
def test_centres_and_their_correlation():
    x = cloud()
    means = np.stack([x[label == LABELS].mean(axis=0) for label in range(3)]).astype(float)
    about = means - means.mean(axis=0)
    about /= np.linalg.norm(about, axis=1, keepdims=True)
    wanted = np.abs(about @ about.T)[np.triu_indices(3, 1)].mean()
    found = measures.manifold_capacity(x, LABELS).correlation
    assert float(found) == pytest.approx(wanted, abs=SCORE)


def test_points_have_the_capacity_of_points():
    """2 of a perceptron without a margin (Gardner 1988)."""
    points = np.float32(cloud()[LABELS])
    np.testing.assert_array_equal(measures.manifold_capacity(points, LABELS)[:3], [2, 0, 0])


@pytest.mark.slow
def test_points_with_a_margin():
    points = np.float32(cloud()[LABELS])
    for margin in (0.1, 1.0, 3.0):
        wanted = integrate.quad(
            lambda t, margin=margin: stats.norm.pdf(t) * (t + margin) ** 2, -margin, 12
        )[0]
        found = measures.manifold_capacity(points, LABELS, margin=margin)
        assert float(found.capacity) == pytest.approx(1 / wanted, rel=2e-3)


@pytest.mark.slow
@pytest.mark.parametrize("radius", [0.2, 1.0, 3.0])
def test_of_lines_it_is_an_angle(radius):
    """The cone of a line of half length R is an angle of 2 arctan R in a plane."""
    generator = np.random.default_rng(0)
    centres, ways = 5 * np.eye(8)[:4], np.eye(8)[4:]
    centres -= centres.mean(axis=0)
    ends = radius * np.linalg.norm(centres[0]) * np.repeat([[-1], [1]], 4, axis=0)
    x = np.tile(centres, (2, 1)) + ends * np.tile(ways, (2, 1))
    turn = np.linalg.qr(generator.normal(size=(8, 8)))[0]
    labels = np.arange(8) % 4
    found = measures.manifold_capacity(x @ turn, labels, directions=4000, per_class=True)
    wanted = 1 / (0.5 + 2 * np.arctan(radius) / np.pi)
    np.testing.assert_allclose(found.capacity, wanted, rtol=0.05)
    np.testing.assert_allclose(found.dimension, 1, rtol=1e-4)  # a direction is along the line
    assert (np.asarray(found.radius) <= radius * (1 + 1e-5)).all()


@pytest.mark.slow
@pytest.mark.parametrize("radius", [0.3, 1.0])
def test_of_balls_it_is_a_round_cone(radius):
    """Of a disc: the mean of the square of what the cone keeps of a vector, as an integral."""

    def squared(length, height):
        turned = np.arctan2(length, height) - np.arctan(radius)
        kept = 1 if turned <= 0 else np.maximum(np.cos(turned), 0) ** 2 * (turned < np.pi / 2)
        return kept * (length**2 + height**2) * stats.chi.pdf(length, 2) * stats.norm.pdf(height)

    wanted = integrate.dblquad(squared, -8, 8, 0, 8, epsabs=1e-5)[0]
    angle = np.arange(64) * 2 * np.pi / 64
    ring = radius * np.stack([np.cos(angle), np.sin(angle)])
    centres = np.eye(6)[:3] - np.eye(6)[:3].mean(axis=0)
    centres /= np.linalg.norm(centres[0])
    x = np.concatenate([centre + (np.eye(6)[:, 3:5] @ ring).T for centre in centres])
    found = measures.manifold_capacity(x, np.repeat([0, 1, 2], 64), directions=4000)
    assert float(found.capacity) == pytest.approx(1 / wanted, rel=0.04)
    assert float(found.dimension) == pytest.approx(2, rel=5e-3)


@pytest.mark.parametrize("offset", [0.0, 300.0])
def test_what_rounding_leaves_is_no_dimension(offset):
    """Classes that vary in a plane of three units; turned, they vary in the third by rounding."""
    generator = np.random.default_rng(0)
    plane = generator.normal(size=(N, 2)) @ generator.normal(size=(2, UNITS))
    x = 3 * generator.normal(size=(3, UNITS))[LABELS] + plane
    exact = oracles.manifolds(x, LABELS, np.arange(N))[:, 2].mean()
    found = measures.manifold_capacity(np.float32(x + offset), LABELS).dimension
    assert float(found) == pytest.approx(exact, rel=1e-3)


def test_far_from_zero_turned_and_scaled_it_stays():
    x = cloud()
    near = measures.manifold_capacity(x, LABELS)
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(UNITS, UNITS)))[0]
    for other in (
        np.float32(cloud(offset=4096)),
        np.float32(x.astype(float) @ turn),
        x[:, ::-1],
        x * np.float32(1e30),
        x * np.float32(1e-30),
    ):
        found = measures.manifold_capacity(other, LABELS)
        np.testing.assert_allclose(found, near, rtol=1e-4)


def test_other_seeds_and_orders_have_other_directions_of_one_mean():
    x = cloud()
    found = [measures.manifold_capacity(x, LABELS, seed=0).capacity]
    order = np.random.default_rng(0).permutation(N)
    found.append(measures.manifold_capacity(x[order], LABELS[order]).capacity)
    assert found[0] != found[1]
    assert float(found[0]) == pytest.approx(float(found[1]), rel=0.1)


@pytest.mark.slow
def test_each_class_and_their_means():
    x = cloud()
    each = measures.manifold_capacity(x, LABELS, per_class=True)
    whole = measures.manifold_capacity(x, LABELS)
    assert each.capacity.shape == each.radius.shape == each.dimension.shape == (3,)
    capacity = 1 / np.mean(1 / np.float64(each.capacity))
    wanted = capacity, np.mean(each.radius), np.mean(each.dimension), each.correlation
    np.testing.assert_allclose(whole, wanted, rtol=1e-5)


def test_where_it_is_undefined():
    x = cloud()
    for value in (np.nan, np.inf):
        spoilt = x.copy()
        spoilt[5, 1] = value
        assert np.isnan(measures.manifold_capacity(spoilt, LABELS)).all()
    assert np.isnan(measures.manifold_capacity(np.full_like(x, 3.3), LABELS)).all()
    same = np.repeat(np.float32(np.round(x[:8])), 3, axis=0)  # classes of the same examples
    assert np.isnan(measures.manifold_capacity(same, LABELS)).all()
    assert np.isnan(measures.manifold_capacity(x, np.where(LABELS > 1, np.nan, 0))).all()


@pytest.mark.slow
def test_where_classes_are_too_few_or_too_small():
    x = cloud()
    for labels in (np.zeros(N), np.arange(N)):
        assert np.isnan(measures.manifold_capacity(x, labels)).all()
        assert np.isnan(measures.manifold_capacity(x, labels, per_class=True).capacity).all()
    one = np.where(np.arange(N) < 1, 9, LABELS)
    each = measures.manifold_capacity(x, one, per_class=True)
    np.testing.assert_allclose([part[-1] for part in each[:3]], [2, 0, 0], atol=SCORE)


@pytest.mark.slow
def test_the_estimator_takes_so_many_examples_of_each_class():
    x, labels = cloud(examples=90, labels=np.arange(90) % 3), np.arange(90) % 3
    few = ManifoldCapacity(examples=8)
    many = ManifoldCapacity(name="many")
    found = pk.probe(
        pk.extractors.arrays({"layer": x}),
        None,
        {"class": labels, "pair": labels // 2},
        estimators=[few, many],
        batch_size=7,
    ).sel(layer="layer", feature="class")
    whole = measures.manifold_capacity(x, labels)
    names = ("many", "many_radius", "many_dimension", "many_correlation")
    for name, wanted in zip(names, whole, strict=True):
        assert float(found[name]) == pytest.approx(float(wanted), rel=1e-4)
    assert float(found.manifold_capacity) > float(found.many)


def test_errors():
    with pytest.raises(ShapeError, match="x: 2 examples; at least 3 are needed"):
        measures.manifold_capacity(cloud()[:2], LABELS[:2])
    for margin in (-0.1, np.inf, np.nan):
        with pytest.raises(OptionError, match=r"margin=.*: must be at least 0, and finite"):
            measures.manifold_capacity(cloud(), LABELS, margin=margin)
    with pytest.raises(OptionError, match="directions=1: must be at least 2"):
        ManifoldCapacity(directions=1)
    with pytest.raises(OptionError, match="seed=-1: must be at least 0"):
        ManifoldCapacity(seed=-1)
    with pytest.raises(OptionError, match=r"seed=4294967296: must be less than 2\*\*32"):
        measures.manifold_capacity(cloud(), LABELS, seed=2**32)
    with pytest.raises(OptionError, match="examples=1: must be at least 2"):
        ManifoldCapacity(examples=1)
    with pytest.raises(OptionError, match="conditions=1: must be at least 2"):
        ManifoldCapacity(conditions=1)
