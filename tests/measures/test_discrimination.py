"""d′ and AUC of single units: against scikit-learn and the definition, and at their ends."""

import numpy as np
import pytest

import probekit as pk
from probekit import measures
from probekit.errors import OptionError
from probekit.estimators import ClassSelectivity
from probekit.measures.class_selectivity import INDICES
from tests.reference import oracles
from tests.reference.tolerances import SCORE

N = 60
LABELS = np.arange(N) % 3
EACH = {"multioutput": "raw_values"}


def cloud(offset=0.0):
    x = np.random.default_rng(0).normal(size=(N, 4)) + LABELS[:, None] * [1, -1, 0, 4]
    return np.float32(np.round(x * 256) / 256 + offset)


def wanted(x, **options):
    return oracles.class_selectivity(None, None, x, LABELS[:, None], **options)


@pytest.mark.parametrize("index", ["d_prime", "auc"])
def test_they_are_those_of_the_definition(index):
    for x in (cloud(), np.round(cloud())):  # with ties
        found = measures.class_selectivity(x, LABELS, index=index, **EACH)
        np.testing.assert_allclose(found, wanted(x, index=index, **EACH), rtol=1e-5)
    far = measures.class_selectivity(cloud(4096), LABELS, index=index, **EACH)
    np.testing.assert_allclose(far, wanted(cloud(), index=index, **EACH), rtol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("index", INDICES)
def test_means_and_fractions_are_over_units(index):
    x = np.abs(cloud())
    each = np.asarray(measures.class_selectivity(x, LABELS, index=index, **EACH))
    mean = measures.class_selectivity(x, LABELS, index=index)
    assert float(mean) == pytest.approx(each.mean(), abs=SCORE)
    threshold = float(np.sort(each)[2]) - 1e-3
    fraction = measures.class_selectivity(x, LABELS, index=index, threshold=threshold)
    assert float(fraction) == 0.5


def test_of_two_classes_it_is_the_d_prime_of_signal_detection():
    two = LABELS > 1
    found = measures.class_selectivity(cloud(), two, index="d_prime", **EACH)
    signal, noise = (np.float64(cloud()[rows]) for rows in (two, ~two))
    apart = signal.mean(axis=0) - noise.mean(axis=0)
    spread = np.sqrt((signal.var(axis=0) + noise.var(axis=0)) / 2)
    np.testing.assert_allclose(found, np.abs(apart) / spread, rtol=1e-5)


def test_units_at_the_ends():
    x = np.stack([LABELS == 2, LABELS >= 0, 3.3 * (LABELS >= 0), cloud()[:, 3]], axis=1)
    area = measures.class_selectivity(x, LABELS, index="auc", **EACH)
    np.testing.assert_allclose(area[:3], [1, 0.5, 0.5], atol=1e-6)
    endless = measures.class_selectivity(x, LABELS, index="d_prime", **EACH)
    np.testing.assert_array_equal(np.isnan(endless), [True, False, False, False])
    np.testing.assert_array_equal(endless[1:3], [0, 0])


@pytest.mark.slow
def test_one_unit_without_an_end_leaves_the_mean_open_but_not_a_fraction():
    x = np.stack([LABELS == 2, LABELS >= 0, 3.3 * (LABELS >= 0), cloud()[:, 3]], axis=1)
    assert np.isnan(measures.class_selectivity(x, LABELS, index="d_prime"))
    fraction = measures.class_selectivity(x, LABELS, index="d_prime", threshold=1.0)
    assert float(fraction) == 0.5


@pytest.mark.parametrize("index", ["d_prime", "auc"])
def test_what_is_undefined_is_nan(index):
    assert np.isnan(measures.class_selectivity(cloud(), 0 * LABELS, index=index, **EACH)).all()
    spoilt = cloud()
    spoilt[2, 1] = np.inf
    assert np.isnan(measures.class_selectivity(spoilt, LABELS, index=index, **EACH)).all()


@pytest.mark.slow
def test_classes_of_a_feature_with_many_values_are_thirds():
    x, values = cloud(), np.float32(cloud()[:, 0] + LABELS)
    estimators = [
        ClassSelectivity(index="auc", name="auc_of_units", **EACH),
        ClassSelectivity(index="d_prime", name="d_prime", **EACH),
    ]
    features = {"values": values, "labels": LABELS}
    found = pk.probe(pk.extractors.arrays({"layer": x}), None, features, estimators=estimators).sel(
        layer="layer"
    )
    thirds = np.digitize(values, np.quantile(values, [1 / 3, 2 / 3]))
    for name, index in (("auc_of_units", "auc"), ("d_prime", "d_prime")):
        for feature, classes in (("values", thirds), ("labels", LABELS)):
            of_classes = measures.class_selectivity(x, classes, index=index, **EACH)
            np.testing.assert_allclose(found[name].sel(feature=feature), of_classes, rtol=1e-5)


def test_errors():
    with pytest.raises(OptionError, match="index='dprime': not a choice; did you mean 'd_prime'"):
        measures.class_selectivity(cloud(), LABELS, index="dprime")
    with pytest.raises(OptionError, match=r"threshold=0.5: a fraction of units, and multioutput"):
        ClassSelectivity(threshold=0.5, **EACH)
    with pytest.raises(OptionError, match=r"examples=1: must be at least 2"):
        ClassSelectivity(index="auc", examples=1)
