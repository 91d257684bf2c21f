"""Distance after the best shift: against rolling the image by hand for each of them."""

from functools import partial

import numpy as np
import pytest

from probekit import measures
from probekit.errors import OptionError, ShapeError
from tests.reference import oracles
from tests.reference.tolerances import SCORE

SHAPE = (6, 5, 4, 3)
ORACLES = {
    "angular_procrustes_distance": oracles.angular_procrustes_distance,
    "procrustes_distance": oracles.procrustes_distance,
    "bures_metric": oracles.bures_metric,
    "angular_cka_distance": oracles.angular_cka_distance,
}


def images(*, offset=0.0, noise=0.3):
    generator = np.random.default_rng(0)
    x = generator.normal(size=SHAPE) + offset
    y = np.roll(x, (2, -1), axis=(1, 2)) @ generator.normal(size=(3, 4))
    return np.float32(x), np.float32(y + noise * generator.normal(size=y.shape))


def rows(image):
    return image.reshape(-1, image.shape[-1])


def by_hand(distance, x, y):
    """In the layout of netrep's `convolve_metric`: the shift of 0 in the middle."""
    height, width = x.shape[1:3]
    found = [
        distance(rows(np.roll(x, (i - height // 2, j - width // 2), axis=(1, 2))), rows(y))
        for i in range(height)
        for j in range(width)
    ]
    return np.reshape([float(value) for value in found], (height, width))


@pytest.mark.parametrize(
    ("distance", "offset"),
    [
        ("angular_procrustes_distance", 1e2),
        *(pytest.param(name, 0.0, marks=pytest.mark.slow) for name in ORACLES),
    ],
)
def test_every_shift(distance, offset):
    x, y = images(offset=offset)
    found = measures.convolutional_distance(x, y, distance=distance)
    wanted = by_hand(partial(ORACLES[distance], None, None), x, y)
    np.testing.assert_allclose(found.distances, wanted, atol=SCORE)
    assert found.distance == found.distances.min()
    assert found.shift.tolist() == [2, -1]


@pytest.mark.slow
def test_any_function_of_rows():
    x, y = images()
    shape = partial(oracles.shape_metric, None, None, alpha=0.5)
    found = measures.convolutional_distance(x, y, distance=shape)
    np.testing.assert_allclose(found.distances, by_hand(shape, x, y), atol=SCORE)
    assert found.shift.tolist() == [2, -1]


@pytest.mark.slow
def test_a_shifted_and_rotated_layer_is_the_same():
    x, _ = images()
    rotation, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))
    moved = np.float32(np.roll(x, (-2, 1), axis=(1, 2)) @ rotation * 7 + 3)
    found = measures.convolutional_distance(x, moved)
    assert float(found.distance) == pytest.approx(0, abs=1e-6)
    assert found.shift.tolist() == [-2, 1]
    assert float(measures.angular_procrustes_distance(rows(x), rows(moved))) > 1
    back = measures.convolutional_distance(moved, x)
    assert back.shift.tolist() == [2, -1]


@pytest.mark.slow
def test_the_triangle_inequality():
    generator = np.random.default_rng(2)
    a, b, c = np.float32(generator.normal(size=(3, *SHAPE)))

    def between(x, y):
        return float(measures.convolutional_distance(x, y).distance)

    assert between(a, b) == pytest.approx(between(b, a), abs=SCORE)
    assert between(a, c) <= between(a, b) + between(b, c) + SCORE


@pytest.mark.slow
def test_undefined():
    x, _ = images()
    other = x[::-1].copy()
    other[2, 1, 1, 0] = np.nan
    assert np.isnan(measures.convolutional_distance(x, other).distances).all()
    assert np.isnan(measures.convolutional_distance(x, np.full_like(x, 3.3)).distance)


@pytest.mark.parametrize(
    ("shapes", "options", "error", "message"),
    [
        ([(6, 20, 3), SHAPE], {}, ShapeError, r"x: shape \(6, 20, 3\), .* must have 4 axes"),
        ([SHAPE, (6, 4, 5, 3)], {}, ShapeError, r"y: 4 × 5 positions; x has 5 × 4\. Give layers"),
        ([SHAPE, (5, 5, 4, 3)], {}, ShapeError, r"y: 5 examples; x has 6"),
        ([(1, 5, 4, 3)] * 2, {}, ShapeError, r"x: 1 examples; at least 2"),
        ([SHAPE, SHAPE], {"distance": "euclidean"}, OptionError, r"distance='euclidean': not a"),
    ],
)
def test_what_cannot_be_is_refused(shapes, options, error, message):
    with pytest.raises(error, match=message):
        measures.convolutional_distance(*(np.ones(shape) for shape in shapes), **options)
