"""What was added to the catalogue, on data that is hard on float32: in range, or NaN."""

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probekit import measures
from probekit.testing import strategies

SIMILARITIES = {
    "distance_correlation": (0, 1),
    "mutual_neighbours": (0, 1),
    "riemannian_distance": (0, np.inf),
    "hsic": (0, np.inf),
    "cknna": (-1, 1),
    "aligned_cosine": (-1, 1),
    "rsm_norm_difference": (0, np.inf),
    "semi_matching": (-1, 1),
    "eigenspace_overlap": (0, 1),
    "maximum_match": (0, 1),
    "jensen_shannon_divergence": (0, 1),
    "disagreement": (0, 1),
}
OF_FEATURES = {
    "joint_r2": 1,
    "unique_r2": 1,
    "shapley_r2": 1,
    "relative_weights": 1,
    "ridge_r2": 1,
    "kernel_ridge_r2": 1,
    "parity_r2": 1,
    "ridge_decoding_r2": 1,
}
SHAPE = ((16, 4),)


@pytest.mark.slow
@pytest.mark.parametrize("measure", SIMILARITIES)
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_similarities_are_symmetric_and_in_range(measure, data):
    x, y = (data.draw(strategies.representations(shapes=SHAPE)) for _ in range(2))
    function, (low, high) = getattr(measures, measure), SIMILARITIES[measure]
    forwards, backwards = float(function(x, y)), float(function(y, x))
    assert np.isnan(forwards) == np.isnan(backwards)
    if not np.isnan(forwards):
        assert low <= forwards <= high
        assert backwards == pytest.approx(forwards, rel=1e-3, abs=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("measure", OF_FEATURES)
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_shares_of_variance_are_at_most_1(measure, data):
    x = data.draw(strategies.representations(shapes=SHAPE))
    y = data.draw(strategies.features(16, columns=2))
    found = np.asarray(getattr(measures, measure)(x, y))
    assert (np.isnan(found) | (found <= 1)).all()


@pytest.mark.slow
@pytest.mark.parametrize("measure", SIMILARITIES)
def test_half_precision_is_computed_in_float32(measure):
    generator = np.random.default_rng(0)
    x, y = generator.normal(size=(2, 16, 4)).astype(np.float16)
    function = getattr(measures, measure)
    single = function(np.float32(x), np.float32(y))
    assert function(x, y) == single
    bfloat = jnp.asarray(x, jnp.bfloat16)
    assert function(bfloat, y) == function(jnp.asarray(bfloat, jnp.float32), y)


@pytest.mark.parametrize(
    ("measure", "wanted"), [("distance_correlation", 1), ("riemannian_distance", 0), ("hsic", 3.25)]
)
def test_two_examples(measure, wanted):
    """They are as far from their mean as each other: all similarity is perfect."""
    found = float(getattr(measures, measure)([[0.0], [1.0]], [[5.0, 1.0], [3.0, 4.0]]))
    assert found == pytest.approx(wanted, abs=1e-4)
