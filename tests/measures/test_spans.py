"""Of units that span whatever there is, what looks at spans alone has nothing to say."""

import jax
import numpy as np
import pytest

import probekit as pk
from probekit import measures
from probekit.errors import ScoreWarning, ShapeError
from tests.measures.reporting import reported

N = 12
GENERATOR = np.random.default_rng(0)
WIDE, Y = (GENERATOR.normal(size=(N, units)).astype(np.float32) for units in (N + 3, 3))

CENTRED = {
    "cca": pk.estimators.CCA(),
    "pwcca": pk.estimators.PWCCA(),
    "linear_regression_similarity": pk.estimators.LinearRegressionSimilarity(),
}
OTHERS = {
    "svcca": (pk.estimators.SVCCA(variance=1.0), {"variance": 1.0}),
    "eigenspace_overlap": (pk.estimators.EigenspaceOverlap(centred=True), {"centred": True}),
}
EVERY = {name: (estimator, {}) for name, estimator in CENTRED.items()} | OTHERS


@pytest.mark.slow
@pytest.mark.parametrize("measure", EVERY)
def test_estimators_have_too_few_examples(measure):
    estimator, _ = EVERY[measure]
    for units in (N - 1, N + 3):
        value, status = reported(estimator, Y, WIDE[:, :units])
        assert (np.isnan(value), status) == (True, "too_few_examples")
    value, status = reported(estimator, Y, WIDE[:, : N - 2])
    assert 0 < value < 1
    assert status != "too_few_examples"


@pytest.mark.parametrize("units", [N - 1, N, N + 3])
@pytest.mark.parametrize("measure", [*CENTRED, "eigenspace_overlap"])
def test_functions_refuse(measure, units):
    _, options = EVERY[measure]
    function = getattr(measures, measure)
    with pytest.raises(ShapeError, match=rf"y: {units} units of 12 examples, .* Give {units + 2} "):
        function(Y, WIDE[:, :units], **options)


@pytest.mark.slow
@pytest.mark.parametrize("measure", [*CENTRED, "eigenspace_overlap"])
def test_functions_score_what_is_narrower(measure):
    _, options = EVERY[measure]
    assert 0 < float(getattr(measures, measure)(Y, WIDE[:, : N - 2], **options)) < 1


@pytest.mark.slow
def test_either_side_may_be_the_wide_one():
    for measure in ("cca", "pwcca", "eigenspace_overlap"):
        with pytest.raises(ShapeError, match="x: 15 units of 12 examples"):
            getattr(measures, measure)(WIDE, Y)
    # What is predicted may be as wide as it likes.
    assert 0 < float(measures.linear_regression_similarity(WIDE, Y)) < 1
    value, status = reported(CENTRED["linear_regression_similarity"], WIDE, Y)
    assert (0 < value < 1, status) == (True, "ok")


def test_svcca_keeps_fewer_components():
    assert np.isnan(measures.svcca(WIDE, Y, variance=1.0))
    assert 0 < float(measures.svcca(WIDE, Y, components=3)) < 1


@pytest.mark.slow
def test_about_zero_one_more_direction_is_there():
    overlap = pk.estimators.EigenspaceOverlap()
    assert reported(overlap, Y, WIDE[:, : N - 1])[1] == "ok"
    assert reported(overlap, Y, WIDE[:, :N])[1] == "too_few_examples"
    assert 0 < float(measures.eigenspace_overlap(Y, WIDE[:, : N - 1])) < 1
    with pytest.raises(ShapeError, match=r"y: 12 units of 12 examples, .* Give 13 examples"):
        measures.eigenspace_overlap(Y, WIDE[:, :N])


@pytest.mark.slow
def test_units_that_span_little_are_scored_however_many():
    """The status beside it says that some are sums of others."""
    many = Y @ GENERATOR.normal(size=(3, N + 3)).astype(np.float32)
    value, status = reported(pk.estimators.CCA(), many, WIDE[:, :2])
    assert value == pytest.approx(float(measures.cca(Y, WIDE[:, :2])), abs=1e-5)
    assert status == "rank_deficient"


@pytest.mark.slow
def test_a_matrix_of_layers_keeps_the_others():
    layers = pk.extractors.arrays({"narrow": Y, "other": WIDE[:, :2], "wide": WIDE})
    with pytest.warns(ScoreWarning, match="cca is NaN.*too few examples") as warned:
        ds = pk.compare(layers, layers, estimators="cca")
    assert len(warned) == 3  # once a layer
    assert ds.cca.isnull().values.tolist() == [[0, 0, 1], [0, 0, 1], [1, 1, 1]]


def test_a_constant_unit_spans_a_direction_about_zero_under_jit_too():
    x = np.random.default_rng(5).normal(size=(36, 5)).astype(np.float32)
    y = np.random.default_rng(6).normal(size=(36, 4)).astype(np.float32) + x[:, :4]
    x[:, 2] = 3.3
    bases = [np.linalg.svd(np.float64(z), full_matrices=False)[0] for z in (x, y)]
    wanted = np.square(bases[0].T @ bases[1]).sum() / 5
    for function in (measures.eigenspace_overlap, jax.jit(measures.eigenspace_overlap)):
        np.testing.assert_allclose(function(x, y), wanted, rtol=1e-5)
