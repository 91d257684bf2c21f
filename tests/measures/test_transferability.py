"""TransRate and LogME: by their definitions in float64, at their ends, on hard data."""

import numpy as np
import pytest

import probekit as pk
from probekit import measures
from probekit.errors import OptionError, ShapeError
from probekit.estimators import LogME, TransRate
from tests.reference import oracles
from tests.reference.tolerances import SCORE

N, UNITS = 48, 4
LABELS = np.arange(N) % 3


def cloud(*, units=UNITS, offset=0.0, apart=1.0):
    generator = np.random.default_rng(0)
    centres = apart * generator.normal(size=(3, units))
    x = centres[LABELS] + generator.normal(size=(N, units))
    return np.float32(np.round(x * 256) / 256 + offset)


@pytest.mark.parametrize("apart", [0.0, 1.0, 8.0])
def test_transrate_by_its_definition(apart):
    for precision in (1e-4, 1.0, 1e4):
        x = cloud(apart=apart)
        wanted = oracles.transrate(None, None, x, LABELS[:, None], precision=precision)
        found = measures.transrate(x, LABELS, precision=precision)
        assert float(found) == pytest.approx(wanted, rel=1e-4, abs=SCORE)


@pytest.mark.slow
@pytest.mark.parametrize("weighting", ["examples", "classes"])
@pytest.mark.parametrize("units", [1, 80])
def test_transrate_of_unequal_classes(units, weighting):
    labels = np.minimum(np.arange(N) % 7, 3)
    x = cloud(units=units)
    wanted = oracles.transrate(None, None, x, labels[:, None], weighting=weighting)
    found = measures.transrate(x, labels, weighting=weighting)
    assert float(found) == pytest.approx(wanted, rel=1e-5, abs=SCORE)


def test_transrate_at_its_ends():
    x = cloud()
    far = measures.transrate(cloud(offset=4096), LABELS)
    assert float(far) == pytest.approx(float(measures.transrate(x, LABELS)), abs=2e-5)
    # Where all is large against the precision, it is the same in any scale.
    wide = [measures.transrate(x * np.float32(size), LABELS) for size in (1e18, 1e30)]
    assert float(wide[0]) == pytest.approx(float(wide[1]), rel=1e-4)
    assert np.isnan(measures.transrate(x, np.where(LABELS > 1, np.nan, 0)))
    mirrored = np.concatenate([x[:24], -x[:24]])
    assert float(measures.transrate(mirrored, np.arange(N) // 24)) == pytest.approx(0, abs=SCORE)
    x[3, 1] = np.inf
    assert np.isnan(measures.transrate(x, LABELS))


@pytest.mark.parametrize("apart", [0.0, 1.0, 8.0])
def test_logme_by_fixed_points(apart):
    x = cloud(apart=apart)
    wanted = oracles.logme(None, None, x, LABELS[:, None])
    assert float(measures.logme(x, LABELS)) == pytest.approx(wanted, abs=SCORE)


@pytest.mark.slow
@pytest.mark.parametrize("units", [1, UNITS, 80])
def test_logme_centred_and_of_other_widths(units):
    x = cloud(units=units)
    for centred in (False, True):
        wanted = oracles.logme(None, None, x, LABELS[:, None], centred=centred)
        found = measures.logme(x, LABELS, centred=centred)
        assert float(found) == pytest.approx(wanted, abs=SCORE)
    far = measures.logme(cloud(units=units, offset=4096), LABELS, centred=True)
    assert float(far) == pytest.approx(float(found), abs=SCORE)


@pytest.mark.parametrize("units", [80, 160])
def test_of_as_many_directions_as_examples_logme_has_no_rest(units):
    """Of 160 units the best ratio is 0: the prior explains all."""
    x = cloud(units=units)
    left, sizes, _ = np.linalg.svd(x - x.mean(axis=0, dtype=float), full_matrices=False)
    left, squares, n = left[:, : N - 1], sizes[: N - 1] ** 2, N - 1
    ratio = np.exp(np.linspace(-40, 15, 2001))
    shrunk = ratio / (squares[:, None] + ratio)
    each = []
    for label in range(3):
        along = left.T @ (label == LABELS)
        error = np.square(along) @ shrunk
        each.append(max(np.log(shrunk).sum(axis=0) / n - np.log(2 * np.pi * np.e * error / n)) / 2)
    found = measures.logme(x, LABELS, centred=True)
    assert float(found) == pytest.approx(np.mean(each), abs=1e-4)


def test_logme_of_columns_is_that_of_classes_as_columns():
    """And invariant to scaling; what is predicted has a scale, which is that of a density."""
    x, columns = cloud(), np.float32(LABELS[:, None] == np.arange(3))
    classes = float(measures.logme(x, LABELS))
    for size in (1.0, 1e-30, 1e30):
        found = measures.logme(x * np.float32(size), columns, targets="columns")
        assert float(found) == pytest.approx(classes, abs=SCORE)
    tenfold = float(measures.logme(x, 10 * columns, targets="columns"))
    assert tenfold == pytest.approx(classes - np.log(10), abs=SCORE)
    huge = float(measures.logme(x, 1e30 * columns, targets="columns"))
    assert huge == pytest.approx(classes - 30 * np.log(10), rel=1e-5)


def test_where_logme_is_undefined():
    x = cloud()
    assert np.isnan(measures.logme(x, np.zeros(N)))
    assert np.isnan(measures.logme(x, np.where(LABELS > 1, np.nan, 0)))
    exact = np.float32(np.eye(4)[LABELS] @ np.random.default_rng(1).normal(size=(4, 4)))
    assert np.isnan(measures.logme(exact, LABELS))  # no noise is left: the evidence has no end
    x[3, 1] = np.nan
    assert np.isnan(measures.logme(x, LABELS))


@pytest.mark.slow
def test_of_nothing_it_is_the_density_of_noise():
    wanted = np.mean([-np.log(2 * np.pi * np.e * share) / 2 for share in [1 / 3] * 3])
    found = measures.logme(np.zeros((N, UNITS)), LABELS)
    assert float(found) == pytest.approx(wanted, abs=SCORE)


@pytest.mark.slow
def test_estimators_are_the_measures_of_all_examples():
    x = cloud()
    found = pk.probe(
        pk.extractors.arrays({"layer": x}),
        None,
        {"class": LABELS},
        estimators=[TransRate(), LogME(), LogME(centred=True, name="centred")],
        batch_size=7,
    ).sel(layer="layer", feature="class")
    assert float(found.transrate) == pytest.approx(float(measures.transrate(x, LABELS)), rel=1e-4)
    assert float(found.logme) == pytest.approx(float(measures.logme(x, LABELS)), abs=SCORE)
    centred = measures.logme(x, LABELS, centred=True)
    assert float(found.centred) == pytest.approx(float(centred), abs=SCORE)


def test_errors():
    with pytest.raises(OptionError, match="precision=0: must be greater than 0"):
        measures.transrate(cloud(), LABELS, precision=0)
    with pytest.raises(OptionError, match="weighting='example': not a choice"):
        TransRate(weighting="example")
    with pytest.raises(OptionError, match="examples=0: must be at least 1"):
        LogME(examples=0)
    with pytest.raises(OptionError, match="targets='labels': not a choice"):
        measures.logme(cloud(), LABELS, targets="labels")
    with pytest.raises(ShapeError, match="x: 2 examples; at least 3 are needed"):
        measures.logme(cloud()[:2], LABELS[:2])
