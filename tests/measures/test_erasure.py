"""Erased variance: by whitening, by other measures, and where there is nothing to erase."""

import numpy as np
import pytest

from probekit import measures
from probekit.errors import OptionError, ShapeError
from probekit.measures.erasure import erased_score
from probekit.statistics import Moments, state_of
from probekit.status import Status
from tests.reference.oracles import erasure
from tests.reference.tolerances import SCORE

N, UNITS = 40, 5
LABELS = np.arange(N) % 3
ONE_HOT = LABELS[:, None] == np.arange(3)


def draw(seed=0, *, units=UNITS, offset=0.0):
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(N, units)) * (1 + np.arange(units)) + LABELS[:, None]
    return np.float32(np.round(x * 256) / 256 + offset)


SLOW = pytest.mark.slow  # each shape is another program


@pytest.mark.parametrize(
    ("y", "units"),
    [
        pytest.param(LABELS, UNITS, id="one"),
        pytest.param(LABELS, 60, id="one, wide", marks=SLOW),
        pytest.param(ONE_HOT, UNITS, id="all", marks=SLOW),
        pytest.param(ONE_HOT, 60, id="all, wide", marks=SLOW),
        pytest.param(7 * ONE_HOT[:, :2] - 2, UNITS, id="two", marks=SLOW),
    ],
)
def test_by_whitening(y, units):
    x, x2 = draw(units=units), draw(1, units=units)
    for held_out in (None, (x2, y)):
        found = measures.erased_variance(x, y, held_out=held_out)
        scored = x if held_out is None else x2
        wanted = erasure.erased_variance(x, y, scored, None)
        np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=SCORE)


def test_it_is_encoding_over_decoding():
    x = draw()
    encoded = measures.linear_r2(x, LABELS, multioutput="variance_weighted")
    decoded = measures.decoding_r2(x, LABELS, penalty=0.0)
    found = measures.erased_variance(x, LABELS)
    np.testing.assert_allclose(found, encoded / decoded, rtol=1e-4)


@pytest.mark.slow
def test_what_is_left_tells_nothing():
    x = draw()
    mean, taken = erasure.eraser(x, ONE_HOT)
    left = x - (x - mean) @ taken.T
    assert measures.decoding_r2(left, ONE_HOT, penalty=1e-3) < 1e-5


@pytest.mark.slow
def test_columns_that_say_the_same_count_once():
    alone = measures.erased_variance(draw(), ONE_HOT[:, :2])
    np.testing.assert_allclose(measures.erased_variance(draw(), ONE_HOT), alone, rtol=1e-4)
    mixed = ONE_HOT[:, :2] @ [[100.0, 1.0], [-3.0, 2.0]] + 5
    np.testing.assert_allclose(measures.erased_variance(draw(), mixed), alone, rtol=1e-4)


def test_far_from_zero_and_with_constant_units():
    wanted = measures.erased_variance(draw(), LABELS)
    np.testing.assert_allclose(
        measures.erased_variance(draw(offset=4096), LABELS), wanted, rtol=1e-3
    )
    wider = np.concatenate([draw(), np.full((N, 1), 3.3, np.float32)], axis=1)
    np.testing.assert_allclose(measures.erased_variance(wider, LABELS), wanted, rtol=1e-4)


def test_units_that_are_nearly_alike_are_two():
    x = draw()
    x[:, 3] = x[:, 0] * np.float32(1 + 2.0**-12) + np.float32(2.0**-10) * x[:, 3]
    wide = np.float64(x) - x.mean(axis=0, dtype=float)
    weights = np.linalg.lstsq(wide, LABELS - LABELS.mean(), rcond=None)[0]
    along = wide.T @ (LABELS - LABELS.mean())
    read = wide @ weights
    wanted = (read**2).sum() * (along**2).sum() / (read @ LABELS) ** 2 / (wide**2).sum()
    np.testing.assert_allclose(measures.erased_variance(x, LABELS), wanted, rtol=1e-4)


def test_directions_that_float32_loses_are_told():
    def status(x):
        state = state_of(Moments(), x, LABELS[:, None].astype(np.float32))
        return int(erased_score(state, state, tolerance=0.1).status)

    far = draw()
    assert status(far) == Status.OK
    far[0] *= 2.0**15
    assert status(far) == Status.RANK_DEFICIENT


def test_nothing_to_erase():
    assert measures.erased_variance(draw(), np.full(N, 3.3)) == 0
    bits = np.arange(16)[:, None] >> np.arange(4) & 1
    assert measures.erased_variance(bits[:, :3] * [1.0, 2.0, 3.0], bits[:, 3]) == 0
    assert np.isnan(measures.erased_variance(np.full((N, UNITS), 3.3), LABELS))
    spoilt = draw()
    spoilt[3, 1] = np.nan
    assert np.isnan(measures.erased_variance(spoilt, LABELS))


def test_errors():
    for tolerance, reason in ((0, "must be greater than 0"), (1.0, "must be below 1")):
        with pytest.raises(OptionError, match=f"tolerance={tolerance}: {reason}"):
            measures.erased_variance(draw(), LABELS, tolerance=tolerance)
    with pytest.raises(ShapeError, match=r"y: 39 examples; x has 40"):
        measures.erased_variance(draw(), LABELS[1:])
