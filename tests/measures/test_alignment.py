"""Similarities of moments: against float64, as metrics, and where the data is hard."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from probekit import measures
from probekit.errors import OptionError, ShapeError
from tests.reference import oracles
from tests.reference.tolerances import SCORE

MEASURES = {
    "procrustes_distance": {},
    "angular_procrustes_distance": {},
    "shape_metric": {"alpha": 0.3},
    "bures_similarity": {},
    "bures_metric": {},
    "cca": {},
    "svcca": {"variance": 0.9},
    "pwcca": {},
    "linear_regression_similarity": {},
    "rv_coefficient": {},
    "pls": {},
    "permutation_matching": {},
    "soft_matching": {},
    "semi_matching": {},
    "eigenspace_overlap": {"centred": True},
    "maximum_match": {"centred": True, "tolerance": 0.8},
    "permutation_distance": {},
    "angular_cka_distance": {},
    "ensd": {},
    "gulp": {},
}
METRICS = {
    "procrustes_distance": {},
    "angular_procrustes_distance": {},
    "shape_metric": {"alpha": 0.5, "angular": False},
    "bures_metric": {},
    "gulp": {"penalty": 1e-3},
    "permutation_distance": {},
    "angular_cka_distance": {},
}
N, D, D_Y = 60, 6, 4


def pair(seed=0, *, offset=0.0, examples=N, units=(D, D_Y)):
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(examples, units[0])) * np.arange(1, units[0] + 1)
    y = x[:, : units[1]] @ generator.normal(size=(min(units), units[1]))
    y = y + 2 * generator.normal(size=y.shape)
    return np.float32(x + offset), np.float32(y - offset)


@pytest.mark.slow
@pytest.mark.parametrize("offset", [0.0, 1e4])
@pytest.mark.parametrize("measure", MEASURES)
def test_unlike_widths(measure, offset):
    x, y = pair(offset=offset)
    ours = getattr(measures, measure)(x, y, **MEASURES[measure])
    theirs = getattr(oracles, measure)(None, None, x, y, **MEASURES[measure])
    np.testing.assert_allclose(ours, theirs, atol=SCORE * max(1, theirs))


@pytest.mark.parametrize("measure", ["procrustes_distance", "svcca", "pls", "soft_matching"])
def test_more_units_than_examples(measure):
    x, y = pair(examples=12, units=(20, 10))
    ours = getattr(measures, measure)(x, y, **MEASURES[measure])
    theirs = getattr(oracles, measure)(None, None, x, y, **MEASURES[measure])
    np.testing.assert_allclose(ours, theirs, atol=1e-4 * max(1, theirs))


@pytest.mark.parametrize("measure", METRICS)
def test_a_metric(measure):
    options, function = METRICS[measure], getattr(measures, measure)
    points = [pair(seed)[0] for seed in range(4)]
    points.append(np.float32(points[0] + 0.1 * points[1]))
    far = np.array([[float(function(a, b, **options)) for b in points] for a in points])
    assert (far.diagonal() == 0).all()
    np.testing.assert_allclose(far, far.T, rtol=1e-4)  # a small one is a difference
    assert (far[~np.eye(5, dtype=bool)] > 0.01).all()
    through = (far[:, :, None] + far[None, :, :]).min(axis=1)
    assert (far <= through * 1.0001).all()


@pytest.mark.slow
def test_the_shape_metric_goes_from_cca_to_procrustes():
    x, y = pair()
    correlations = D_Y * float(measures.cca(x, y))
    ends = [float(measures.shape_metric(x, y, alpha=alpha)) for alpha in (0, 1)]
    assert np.cos(ends[0]) == pytest.approx(correlations / np.sqrt(D * D_Y), abs=SCORE)
    angle = float(measures.angular_procrustes_distance(x, y))
    assert ends[1] == pytest.approx(angle, abs=SCORE)


def test_bures_similarity_is_the_cosine_of_the_angle():
    x, y = pair()
    cosine = np.cos(float(measures.angular_procrustes_distance(x, y)))
    assert float(measures.bures_similarity(x, y)) == pytest.approx(cosine, abs=SCORE)


def test_shared_dimensions_are_cka_times_the_dimensions():
    x, y = pair()
    dimensions = [float(measures.participation_ratio(z)) for z in (x, y)]
    wanted = float(measures.cka(x, y)) * np.sqrt(np.prod(dimensions))
    assert float(measures.ensd(x, y)) == pytest.approx(wanted, rel=1e-5)
    assert float(measures.ensd(x, x)) == pytest.approx(dimensions[0], rel=1e-5)


@pytest.mark.parametrize("penalty", [1e-4, 1e-2, 10.0])
def test_gulp_is_the_mean_difference_of_predictions(penalty):
    """Of targets of independent noise, that is: drawn here, predicted by scikit-learn."""
    x, y = pair()
    targets = np.random.default_rng(0).normal(size=(N, 20_000))
    targets -= targets.mean(axis=0)
    predictions = []
    for z in (x, y):
        z = np.float64(z - z.mean(axis=0))
        z = z / np.linalg.norm(z)
        predictions.append(Ridge(alpha=penalty, fit_intercept=False).fit(z, targets).predict(z))
    wanted = np.sqrt(np.square(predictions[0] - predictions[1]).sum(axis=0).mean())
    assert float(measures.gulp(x, y, penalty=penalty)) == pytest.approx(wanted, rel=0.01)


@pytest.mark.slow
def test_gulp_goes_from_counting_directions_to_cka():
    x, y = pair()
    correlations = D_Y * float(measures.cca(x, y, squared=True))
    least = float(measures.gulp(x, y, penalty=1e-5))
    assert least**2 == pytest.approx(D + D_Y - 2 * correlations, rel=1e-2)
    large = 1e3
    norms = 1 / np.array([float(measures.participation_ratio(z)) for z in (x, y)])
    squared = norms.sum() - 2 * float(measures.cka(x, y)) * np.sqrt(norms.prod())
    most = float(measures.gulp(x, y, penalty=large))
    assert most * large == pytest.approx(np.sqrt(squared), rel=1e-2)


def test_linear_regression_is_linear_r2_weighted_by_variance():
    x, y = pair()
    ours = measures.linear_regression_similarity(x, y)
    other = measures.linear_r2(x, y, multioutput="variance_weighted")
    assert float(ours) == pytest.approx(float(other), abs=SCORE)


@pytest.mark.parametrize("measure", MEASURES)
def test_a_constant_representation_is_undefined(measure):
    x, y = pair()
    function = getattr(measures, measure)
    assert np.isnan(function(np.full_like(x, 3.3), y, **MEASURES[measure]))
    assert np.isnan(function(x, np.full_like(y, -0.1), **MEASURES[measure]))


@pytest.mark.parametrize("measure", MEASURES)
def test_what_is_not_finite_gives_nan(measure):
    x, y = pair()
    for value in (np.nan, np.inf):
        spoilt = x.copy()
        spoilt[7, 2] = value
        assert np.isnan(getattr(measures, measure)(spoilt, y, **MEASURES[measure]))


def test_uncorrelated_representations_have_no_components():
    x = np.array([[1.0], [-1.0], [0.0], [0.0]])
    assert np.isnan(measures.pls(x, np.abs(x)))


@pytest.mark.parametrize("measure", MEASURES)
def test_bad_shapes_are_refused(measure):
    x, y = pair()
    with pytest.raises(ShapeError, match=r"y: 9 examples; x has 60"):
        getattr(measures, measure)(x, y[:9], **MEASURES[measure])
    with pytest.raises(ShapeError, match=r"x: 1 examples; at least 2 are needed"):
        getattr(measures, measure)(x[:1], y[:1], **MEASURES[measure])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: measures.shape_metric(x, x, alpha=-0.1), r"alpha=-0.1: must be at least 0"),
        (lambda x: measures.shape_metric(x, x, alpha=2), r"alpha=2: must be at most 1"),
        (lambda x: measures.svcca(x, x, variance=0), r"variance=0: must be greater than 0"),
        (lambda x: measures.svcca(x, x, variance=1.5), r"variance=1.5: must be at most 1"),
        (lambda x: measures.svcca(x, x, components=0), r"components=0: must be at least 1"),
        (lambda x: measures.maximum_match(x, x, tolerance=1), r"tolerance=1: must be above 0 and"),
        (lambda x: measures.gulp(x, x, penalty=0), r"penalty=0: must be greater than 0"),
        (lambda x: measures.pls(x, x, weighting="sum"), r"weighting='sum': not a choice"),
    ],
)
def test_bad_options_are_refused(call, message):
    with pytest.raises(OptionError, match=message):
        call(pair()[0])
