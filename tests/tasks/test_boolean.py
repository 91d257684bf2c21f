"""The data sets are the notebook's, bit for bit, for any features, sizes and seeds."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probekit.errors import OptionError
from probekit.tasks import boolean
from tests.reference.notebook import sample_dataset

TRIPLES = ["_".join(triple) for triple in itertools.product(boolean.OPERATIONS, repeat=3)]


def assert_same_data_set(features, examples, seed, units):
    split, generator = boolean.sample(features, units=units, examples=examples, seed=seed)
    inputs, labels = sample_dataset(features, examples, seed, units)
    np.testing.assert_array_equal(split.inputs, inputs)
    np.testing.assert_array_equal(split.features, labels)
    assert split.inputs.dtype == inputs.dtype
    # The generator goes on as the notebook's does: the batch order depends on it.
    np.testing.assert_array_equal(generator.permutation(50), np.random.permutation(50))


@pytest.mark.parametrize("feature", TRIPLES)
def test_every_triple_beside_linear(feature):
    assert_same_data_set((feature, "linear"), examples=300, seed=17, units=16)
    assert_same_data_set(("linear", feature), examples=1, seed=3, units=4)


def test_the_notebook_s_own_sizes():
    features = ("linear", "xor_xor_xor")
    assert_same_data_set(features, examples=8192, seed=123, units=16)
    assert_same_data_set(features, examples=1024, seed=12345 + 4, units=16)


@settings(max_examples=40, deadline=None)
@given(
    features=st.lists(st.sampled_from(["linear", *TRIPLES]), min_size=1, max_size=5),
    examples=st.integers(1, 120),
    seed=st.integers(0, 2**32 - 1),
    units=st.integers(4, 20),
)
def test_any_features_sizes_and_seeds(features, examples, seed, units):
    assert_same_data_set(tuple(features), examples, seed, units)


@pytest.mark.parametrize("feature", TRIPLES)
def test_half_of_the_examples_have_each_label(feature):
    split, _ = boolean.sample((feature,), units=8, examples=200, seed=0)
    assert split.features.sum() == 100


@pytest.mark.parametrize(
    ("feature", "message"),
    [
        ("xr_xor_xor", r"unknown operation 'xr'; did you mean 'xor'"),
        ("xor_xor", r"features='xor_xor': 2 operations; a feature needs 3"),
        ("xor_xor_xor_xor", r"4 operations; a feature needs 3"),
        ("", r"unknown operation ''"),
    ],
)
def test_a_feature_that_is_none(feature, message):
    with pytest.raises(OptionError, match=message):
        boolean.check_feature(feature, units=16)


def test_too_few_units():
    with pytest.raises(OptionError, match=r"units=3: feature 'and_or_xor' depends on 4 units"):
        boolean.check_feature("and_or_xor", units=3)
    boolean.check_feature("linear", units=1)
