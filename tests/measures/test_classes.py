"""Neural collapse and class selectivity: by their definitions, at their ends, on hard data."""

import numpy as np
import pytest

import probekit as pk
from probekit import measures
from probekit.errors import OptionError, ShapeError
from probekit.estimators import ClassSelectivity, NeuralCollapse
from tests.reference import oracles
from tests.reference.tolerances import SCORE

N = 60
LABELS = np.arange(N) % 4


def cloud(spread=1.0, offset=0.0, units=5):
    generator = np.random.default_rng(0)
    centres = np.round(generator.normal(size=(4, units)) * 64) / 16
    inside = np.round(generator.normal(size=(N, units)) * 256) / 256
    return np.float32(centres[LABELS] + spread * inside + offset)


@pytest.mark.parametrize(
    "units", [5, *(pytest.param(d, marks=pytest.mark.slow) for d in (2, 3, 90))]
)
def test_collapse_against_the_definition(units):
    found = measures.neural_collapse(cloud(units=units), LABELS)
    wanted = oracles.neural_collapses(cloud(units=units), LABELS)
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=SCORE)


def test_collapse_of_unequal_classes():
    labels = np.minimum(np.arange(N) % 7, 3)
    found = measures.neural_collapse(cloud(), labels)
    np.testing.assert_allclose(found, oracles.neural_collapses(cloud(), labels), rtol=1e-4)


@pytest.mark.parametrize("offset", [0, 4096])
@pytest.mark.parametrize("spread", [2.0**-4, 2.0**-9, 2.0**-13])
def test_little_that_is_left_within_classes_keeps_its_digits(spread, offset):
    """Down to 1e-9, where differences of sums of squares would be all rounding."""
    exact = np.float32(cloud(spread) + offset)
    wanted = oracles.neural_collapses(exact, LABELS)
    np.testing.assert_allclose(measures.neural_collapse(exact, LABELS), wanted, rtol=1e-3)


@pytest.mark.slow
def test_collapse_in_batches_and_against_itself():
    x = cloud(spread=2.0**-9)
    whole = measures.neural_collapse(x, LABELS)
    found = pk.probe(
        pk.extractors.arrays({"layer": x}),
        None,
        {"class": LABELS, "pair": LABELS // 2},
        estimators=[NeuralCollapse()],
        batch_size=7,
    ).sel(layer="layer")
    names = ("neural_collapse", "neural_collapse_norms", "neural_collapse_angles")
    for name, wanted in zip(names, whole, strict=True):
        assert float(found[name].sel(feature="class")) == pytest.approx(float(wanted), rel=1e-4)
    pairs = measures.neural_collapse(x, LABELS // 2)
    assert float(found.neural_collapse.sel(feature="pair")) == pytest.approx(float(pairs[0]))


def test_a_simplex_is_the_end():
    corners = np.eye(4)[LABELS] * 3 + 7
    np.testing.assert_allclose(measures.neural_collapse(corners, LABELS), 0, atol=SCORE)
    line = np.stack([LABELS, np.zeros(N)], axis=1)
    of_line = measures.neural_collapse(line, LABELS)
    assert of_line.variability == 0  # one unit varies, and one direction is known
    distances = [1.5, 0.5, 0.5, 1.5]
    assert of_line.norms == pytest.approx(np.std(distances) / np.mean(distances), abs=SCORE)
    assert of_line.angles == pytest.approx(np.mean([4 / 3, 4 / 3, 2 / 3, 2 / 3, 2 / 3, 2 / 3]))


def test_where_collapse_is_undefined():
    x = cloud()
    for labels in (np.zeros(N), np.arange(N), np.where(LABELS > 1, np.nan, 0)):
        assert np.isnan(measures.neural_collapse(x, labels)).all()
    for same in (np.full_like(x, 3.3), np.repeat(x[:15], 4, axis=0)):  # classes of one mean
        assert np.isnan(measures.neural_collapse(same, LABELS)).all()
    for value in (np.nan, np.inf):
        spoilt = x.copy()
        spoilt[3, 1] = value
        assert np.isnan(measures.neural_collapse(spoilt, LABELS)).all()
    collinear = x[:, :1] * np.float32([1, 2, -1])  # means lie on a line in three units that vary
    found = measures.neural_collapse(collinear, LABELS)
    assert np.isnan(found.variability)
    assert np.isfinite(found[1:]).all()


def test_a_class_at_the_centre_has_no_angle():
    x = np.repeat(np.float32([[1, 0], [-1, 0], [0, 0]]), 2, axis=0)
    found = measures.neural_collapse(x, np.arange(6) // 2)
    assert np.isnan(found.angles)
    assert found.norms > 0


@pytest.mark.parametrize("multioutput", ["uniform_average", "raw_values"])
@pytest.mark.parametrize("change", [np.abs, lambda x: x, lambda x: np.maximum(x, 0)])
def test_selectivity_against_the_definition(change, multioutput):
    x = change(cloud())
    found = measures.class_selectivity(x, LABELS, multioutput=multioutput)
    wanted = oracles.class_selectivity(None, None, x, LABELS[:, None], multioutput=multioutput)
    np.testing.assert_allclose(found, wanted, atol=SCORE)


def test_selectivity_at_its_ends():
    x = np.stack([LABELS == 2, LABELS >= 0, np.zeros(N), 5 * (LABELS > 1)], axis=1)
    found = measures.class_selectivity(x, LABELS, multioutput="raw_values")
    np.testing.assert_allclose(found, [1, 0, 0, 0.5], atol=SCORE)
    for size in (2.0**-100, 2.0**100):
        same = measures.class_selectivity(np.float32(x * size), LABELS)
        assert float(same) == pytest.approx(0.375)
    assert np.isnan(measures.class_selectivity(x, np.zeros(N)))
    spoilt = cloud()
    spoilt[2, 1] = np.inf
    raw = measures.class_selectivity(spoilt, LABELS, multioutput="raw_values")
    assert np.isnan(raw).all()
    unknown = np.where(LABELS > 1, np.nan, LABELS)
    assert np.isnan(measures.class_selectivity(cloud(), unknown))


def test_errors():
    with pytest.raises(ShapeError, match="x: 2 examples; at least 3"):
        measures.neural_collapse(cloud()[:2], LABELS[:2])
    with pytest.raises(OptionError, match="multioutput='variance_weighted': not a choice"):
        measures.class_selectivity(cloud(), LABELS, multioutput="variance_weighted")
    with pytest.raises(OptionError, match="multioutput='variance_weighted': not a choice"):
        ClassSelectivity(multioutput="variance_weighted")
    with pytest.raises(OptionError, match="conditions=1: must be at least 2"):
        NeuralCollapse(conditions=1)
    with pytest.raises(OptionError, match="conditions, edges: give one of them"):
        ClassSelectivity(conditions=2, edges=((1.0,),))


@pytest.mark.parametrize("penalty", [1e-4, 0.1])
def test_lidar_against_the_formula(penalty):
    x = cloud(units=5)
    found = measures.lidar(x, LABELS, penalty=penalty)
    wanted = oracles.lidar(None, None, x, LABELS[:, None], penalty=penalty)
    assert float(found) == pytest.approx(wanted, rel=1e-4)


def test_lidar_counts_the_directions_in_which_classes_differ():
    generator = np.random.default_rng(2)
    labels, noise = np.arange(300) % 3, generator.normal(size=(300, 4))
    corners = np.eye(4)[labels]
    assert float(measures.lidar(40 * corners + noise, labels)) == pytest.approx(2, abs=0.05)
    line = labels[:, None] * np.ones(4)
    assert float(measures.lidar(40 * line + noise, labels)) == pytest.approx(1, abs=0.05)


def test_lidar_that_is_undefined():
    x = cloud()
    spoilt = np.where(x == x[3, 0], np.nan, x)
    for rows, labels in (
        (x, np.zeros(len(x))),
        (x, np.arange(len(x))),
        (np.ones_like(x), LABELS),
        (np.eye(len(x))[LABELS], LABELS),  # points
        (spoilt, LABELS),
    ):
        assert np.isnan(measures.lidar(rows, labels))
    with pytest.raises(OptionError, match="penalty=0: must be greater than 0"):
        measures.lidar(x, LABELS, penalty=0)


OF_CLASSES = {
    "neural_collapse": {},
    "lidar": {},
    "class_selectivity": {"index": "d_prime", "multioutput": "raw_values"},
    "parallelism_score": {},
}


@pytest.mark.parametrize("name", OF_CLASSES)
def test_classes_far_from_zero_differ_by_what_their_means_do(name):
    """In one unit by less than eight roundings of a value, by more than which examples vary."""
    generator = np.random.default_rng(3)
    steps = np.float32([[3, 0, -2, 1, 0], [0, 4, 1, 0, 0.6]])
    bits = LABELS[:, None] >> np.arange(2) & 1
    x = np.round(8 * (bits @ steps + 3 * generator.normal(size=(N, 5)))) / 8
    far = np.float32(x + 2.0**20)
    labels = bits if name == "parallelism_score" else LABELS
    measure = getattr(measures, name)
    found, wanted = (measure(z, labels, **OF_CLASSES[name]) for z in (far, np.float32(x)))
    np.testing.assert_allclose(found, wanted, rtol=1e-4)
