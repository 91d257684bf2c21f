"""Decoding from few units: scikit-learn's choice of them, and units that are hard to rank."""

import numpy as np
import pytest

from probekit import measures
from probekit.errors import OptionError
from tests.reference import oracles

N = 60
LABELS = np.arange(N) % 3


def cloud(seed=0, offset=0.0):
    x = np.random.default_rng(seed).normal(size=(N, 6))
    x[:, 2] += LABELS
    x[:, 4] += 2 * (LABELS == 1)
    return np.float32(np.round(x * 256) / 256 + offset)


@pytest.mark.parametrize(
    "units", [1, 4, *(pytest.param(k, marks=pytest.mark.slow) for k in (2, 99))]
)
def test_it_takes_the_units_that_scikit_learn_takes(units):
    fit, scored = (cloud(), LABELS), (cloud(1), LABELS)
    found = measures.sparse_decoding_accuracy(*fit, held_out=scored, units=units)
    columns = [part[:, None] if part.ndim == 1 else part for part in (*fit, *scored)]
    assert float(found) == pytest.approx(oracles.sparse_decoding_accuracy(*columns, units=units))


def test_all_units_are_those_of_the_accuracy():
    found = measures.sparse_decoding_accuracy(cloud(), LABELS, units=6)
    assert float(found) == float(measures.decoding_accuracy(cloud(), LABELS))


def test_units_are_ranked_by_what_is_explained_and_not_by_size():
    x = cloud() * np.float32([1e6, 1, 1, 1e-30, 1e-3, 1])
    wanted = measures.decoding_accuracy(cloud()[:, 4:5], LABELS)
    assert float(measures.sparse_decoding_accuracy(x, LABELS)) == float(wanted)
    far = measures.sparse_decoding_accuracy(cloud(offset=4096), LABELS)
    assert float(far) == float(wanted)


@pytest.mark.slow
def test_constant_units_come_last_and_rows_are_classes():
    x = np.concatenate([np.full((N, 3), 3.3), cloud()], axis=1)
    wanted = float(measures.sparse_decoding_accuracy(cloud(), LABELS))
    assert float(measures.sparse_decoding_accuracy(x, LABELS)) == wanted
    columns = np.stack([LABELS > 0, LABELS > 1], axis=1)
    assert float(measures.sparse_decoding_accuracy(x, columns)) == wanted


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_in_any_unit_gives_nan(value):
    x = cloud()
    x[3, 0] = value
    assert np.isnan(measures.sparse_decoding_accuracy(x, LABELS))
    assert np.isnan(measures.sparse_decoding_accuracy(cloud(), np.zeros(N)))


def test_errors():
    with pytest.raises(OptionError, match="units=0: must be at least 1"):
        measures.sparse_decoding_accuracy(cloud(), LABELS, units=0)
    with pytest.raises(OptionError, match="penalty=0: must be"):
        measures.sparse_decoding_accuracy(cloud(), LABELS, penalty=0)
