"""Dependence, neighbourhoods, Gram matrices, conditions: against peers and the formulas."""

import numpy as np
import pytest
import scipy.stats

from probekit import measures
from probekit.errors import OptionError, ShapeError
from probekit.measures import ranks
from probekit.measures.kernels import debiased_cka_score, debiased_hsic_score
from probekit.statistics import CrossKernel, state_of
from tests.optional import optional
from tests.reference import oracles
from tests.reference.tolerances import SCORE

N = 40
GENERATOR = np.random.default_rng(2)
X = np.float32(GENERATOR.normal(size=(N, 6)))
Y = np.float32(np.tanh(X[:, :4]) + GENERATOR.normal(size=(N, 4)))
LABELS = np.arange(N) % 4
PATTERNS = np.float32(GENERATOR.normal(size=(4, 6))[LABELS] + X)
COMPARISONS = ["kendall_tau_b", "rho_a", "whitened_cosine", "whitened_correlation"]
SIMILARITIES = {
    "distance_correlation": {},
    "riemannian_distance": {},
    "mutual_neighbours": {"metric": "euclidean"},
    "multiscale_distance": {},
}
slow = pytest.mark.slow


@pytest.mark.parametrize("comparison", COMPARISONS)
@pytest.mark.parametrize("ties", [True])
def test_comparisons(comparison, ties):
    a, b = (oracles.rdm(z[:12], metric="squared_euclidean") for z in (X, Y))
    if ties:
        a, b = np.round(a / 4), np.round(b / 4)
    upper = np.triu_indices(12, 1)
    ours = measures.compare_rdms(a, b, comparison=comparison)
    theirs = oracles.compare(*np.float32([a[upper], b[upper]]).astype(float), comparison)
    np.testing.assert_allclose(ours, theirs, atol=SCORE)


NAMES = {
    "kendall_tau_b": "kendall",
    "rho_a": "rho-a",
    "whitened_cosine": "cosine_cov",
    "whitened_correlation": "corr_cov",
    "kendall": "tau-a",
    "spearman": "spearman",
    "pearson": "corr",
    "cosine": "cosine",
}


@slow
@pytest.mark.parametrize("comparison", NAMES)
def test_comparisons_as_rsatoolbox(comparison):
    rdm = optional("rsatoolbox.rdm")
    squares = [oracles.rdm(z[:12], metric="squared_euclidean") for z in (X, Y)]
    theirs = rdm.compare(*(rdm.RDMs(z[None]) for z in squares), method=NAMES[comparison])
    ours = measures.compare_rdms(*squares, comparison=comparison)
    np.testing.assert_allclose(ours, theirs[0, 0], atol=SCORE)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_ranks_of_arrays_are_those_of_scipy(dtype):
    """Of both signs, both zeros, of any size, and tied; whatever the memory holds beside them."""
    generator = np.random.default_rng(0)
    values = generator.normal(size=2000) * 10.0 ** generator.integers(-30, 30, 2000)
    values[::3] = np.round(values[::3] % 7) - 3
    values[:4] = 0.0, -0.0, 0.0, -0.0
    wide = np.asarray([values, -values], dtype)
    other = np.arange(2000, dtype=dtype)
    for a in (values.astype(dtype), wide[1], np.asfortranarray(wide)[0]):
        wanted = scipy.stats.spearmanr(a, other).statistic
        assert ranks.spearman_of_arrays(a, other) == pytest.approx(wanted, abs=1e-12)


@slow
def test_whitened_cosine_of_squared_distances_is_cka():
    ours = measures.rsa(X, Y, rdm="squared_euclidean", comparison="whitened_cosine")
    np.testing.assert_allclose(ours, measures.cka(X, Y), atol=SCORE)


@slow
def test_equal_matrices_agree_and_constant_ones_do_not_compare():
    square = oracles.rdm(X[:8])
    flat = np.ones((8, 8)) - np.eye(8)
    for comparison in COMPARISONS:
        assert float(measures.compare_rdms(square, square, comparison=comparison)) == pytest.approx(
            1, abs=SCORE
        )
        if comparison != "whitened_cosine":
            assert np.isnan(measures.compare_rdms(square, flat, comparison=comparison))
        square_nan = square.copy()
        square_nan[0, 1] = np.nan
        assert np.isnan(measures.compare_rdms(square, square_nan, comparison=comparison))


@slow
@pytest.mark.parametrize("debiased", [False, True])
@pytest.mark.parametrize("offset", [0.0, 1e4])
def test_distance_correlation(debiased, offset):
    x = np.float32(X + offset)
    ours = measures.distance_correlation(x, Y, debiased=debiased)
    theirs = oracles.distance_correlation(None, None, x, Y, debiased=debiased)
    np.testing.assert_allclose(ours, theirs, atol=SCORE)


@slow
def test_distance_correlation_as_dcor():
    dcor = optional("dcor")
    x, y = np.float64(X), np.float64(Y)
    theirs = dcor.distance_correlation(x, y), dcor.u_distance_correlation_sqr(x, y)
    ours = [measures.distance_correlation(x, y, debiased=debiased) for debiased in (False, True)]
    np.testing.assert_allclose(ours, theirs, atol=SCORE)


@slow
@pytest.mark.parametrize("shrinkage", [0.3])
def test_riemannian_distance(shrinkage):
    ours = measures.riemannian_distance(X, Y, shrinkage=shrinkage)
    theirs = oracles.riemannian_distance(None, None, X, Y, shrinkage=shrinkage)
    np.testing.assert_allclose(ours, theirs, rtol=1e-4)


@slow
def test_riemannian_distance_is_a_metric():
    points = [X, np.float32(np.tanh(X[:, ::-1]) * X), np.float32(X**2), np.float32(X + 0.1)]
    far = np.array([[float(measures.riemannian_distance(a, b)) for b in points] for a in points])
    np.testing.assert_allclose(far, far.T, rtol=1e-5)
    assert far[0, 0] == far[0, 3] == 0
    assert (far[:3, :3][~np.eye(3, dtype=bool)] > 0.1).all()
    assert (far <= (far[:, :, None] + far[None]).min(axis=1) * 1.0001).all()


@slow
@pytest.mark.parametrize(
    ("measure", "metric"),
    [
        ("joint", "cosine"),
        ("second_order", "cosine"),
        *((m, "euclidean") for m in ("jaccard", "rank", "overlap")),
    ],
)
def test_mutual_neighbours(measure, metric):
    options = {"neighbours": 7, "measure": measure, "metric": metric}
    ours = measures.mutual_neighbours(X, Y, **options)
    theirs = oracles.mutual_neighbours(None, None, X, Y, **options)
    np.testing.assert_allclose(ours, theirs, atol=SCORE)
    assert float(measures.mutual_neighbours(X, X, **options)) == pytest.approx(1, abs=SCORE)


@slow
@pytest.mark.parametrize("neighbours", [3, 99])
def test_multiscale_distance(neighbours):
    ours = measures.multiscale_distance(X, Y, neighbours=neighbours)
    theirs = oracles.multiscale_distance(None, None, X, Y, neighbours=neighbours)
    np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-8)


@slow
def test_multiscale_distance_knows_no_order_of_examples_and_no_place():
    assert float(measures.multiscale_distance(X, 30 * X[::-1] + 7)) == 0
    there, back = measures.multiscale_distance(X, Y), measures.multiscale_distance(Y, X)
    assert float(there) == pytest.approx(float(back), rel=1e-5)
    assert float(there) > 1e-5


def test_second_order_has_cosines_only():
    with pytest.raises(OptionError, match="metric='euclidean': measure 'second_order' has cosines"):
        measures.mutual_neighbours(X, Y, measure="second_order", metric="euclidean")


@pytest.mark.parametrize("units", [6, 40])
def test_poisson_distances_as_rsatoolbox(units):
    """Counts of which some are 0; the two widths are computed in two ways."""
    generator = np.random.default_rng(0)
    counts = np.float32(generator.poisson(30 * generator.random((12, units)) ** 3))
    ours = np.asarray(measures.rdm(counts, metric="poisson"))
    np.testing.assert_allclose(ours, oracles.rdm(counts, metric="poisson"), rtol=1e-4, atol=1e-5)
    toolbox = optional("rsatoolbox")
    theirs = toolbox.rdm.calc_rdm(toolbox.data.Dataset(np.float64(counts)), method="poisson")
    np.testing.assert_allclose(ours, theirs.get_matrices()[0], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("units", [6, 40])
def test_rates_below_0_have_no_poisson_distance(units):
    counts = np.ones((5, units), np.float32)
    counts[3, 2] = -1
    found = np.isnan(measures.rdm(counts, metric="poisson"))
    assert found[3].all()
    assert found[:, 3].all()
    assert found.sum() == 9


@pytest.mark.parametrize("units", [6, 40])
@pytest.mark.parametrize("metric", ["poisson", "euclidean", "squared_euclidean"])
def test_nothing_is_infinitely_far(metric, units):
    """The two widths are computed in two ways."""
    x = np.ones((5, units), np.float32)
    x[3, 2] = np.inf
    missing = np.isnan(measures.rdm(x, metric=metric))
    spoilt = np.arange(5) == 3
    np.testing.assert_array_equal(missing, spoilt[:, None] | spoilt[None, :])


@pytest.mark.parametrize("units", [6, 40])
def test_poisson_distances_with_another_prior(units):
    generator = np.random.default_rng(0)
    rates = np.float32(generator.random((12, units))) + np.float32(0.01)
    for rate, weight in ((0.3, 0.5), (1.0, 0.0)):
        ours = measures.rdm(rates, metric="poisson", prior_lambda=rate, prior_weight=weight)
        drawn = (np.float64(rates) + rate * weight) / (1 + weight)
        wanted = [[np.mean((a - b) * np.log(a / b)) for b in drawn] for a in drawn]
        np.testing.assert_allclose(ours, wanted, rtol=1e-3, atol=1e-4)
    rates[3, 2] = 0
    missing = np.isnan(measures.rdm(rates, metric="poisson", prior_weight=0))
    silent = np.arange(12) == 3
    np.testing.assert_array_equal(missing, silent[:, None] | silent[None, :])


@slow
def test_more_neighbours_than_examples_are_all():
    assert float(measures.mutual_neighbours(X, Y, neighbours=99)) == pytest.approx(1, abs=SCORE)


@slow
@pytest.mark.parametrize(
    "metric", ["crossnobis", "squared_mahalanobis", "mahalanobis", "squared_euclidean"]
)
def test_conditions(metric):
    ours = measures.condition_rdm(PATTERNS, LABELS, metric=metric)
    theirs = oracles.condition_rdm(None, None, PATTERNS, LABELS[:, None], metric=metric)
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4)


@slow
def test_conditions_far_away_and_shrunk():
    options = {"metric": "squared_mahalanobis", "shrinkage": 0.3}
    far = np.float32(PATTERNS + 1e4)
    theirs = oracles.condition_rdm(None, None, far, LABELS[:, None], **options)
    np.testing.assert_allclose(measures.condition_rdm(far, LABELS, **options), theirs, atol=1e-3)


@pytest.mark.parametrize("metric", ["crossnobis", pytest.param("squared_mahalanobis", marks=slow)])
def test_conditions_as_rsatoolbox(metric):
    """Which takes the precision of the noise as given, and divides by the number of units."""
    data, rdm = optional("rsatoolbox.data"), optional("rsatoolbox.rdm")
    x = np.float64(PATTERNS)
    rest = x - np.stack([x[label == LABELS].mean(axis=0) for label in LABELS])
    precision = np.linalg.inv(rest.T @ rest / (N - 4))
    fold = oracles.fold_of(range(N), 2)
    dataset = data.Dataset(x, obs_descriptors={"condition": LABELS * 1.0, "fold": fold * 1.0})
    options = {"descriptor": "condition", "noise": precision}
    if metric == "crossnobis":
        found = rdm.calc_rdm(dataset, method="crossnobis", cv_descriptor="fold", **options)
    else:
        found = rdm.calc_rdm(dataset, method="mahalanobis", **options)
    ours = np.asarray(measures.condition_rdm(x, LABELS, metric=metric))[np.triu_indices(4, 1)]
    np.testing.assert_allclose(ours, 6 * found.dissimilarities[0], rtol=1e-4, atol=1e-4)


@slow
def test_mahalanobis_sees_no_linear_map():
    skewed = PATTERNS @ GENERATOR.normal(size=(6, 6))
    ours = measures.condition_rdm(skewed, LABELS)
    np.testing.assert_allclose(ours, measures.condition_rdm(PATTERNS, LABELS), atol=1e-3)


@slow
def test_conditions_without_an_inverse():
    wide = np.tile(PATTERNS, 2)
    assert np.isnan(measures.condition_rdm(wide, LABELS)).all()
    assert np.isfinite(measures.condition_rdm(wide, LABELS, shrinkage=0.5)).all()
    spoilt = PATTERNS.copy()
    spoilt[0, 0] = np.nan
    assert np.isnan(measures.condition_rdm(spoilt, LABELS)).all()
    alone = np.asarray(measures.condition_rdm(PATTERNS, np.where(np.arange(N) == 3, 9, LABELS)))
    assert np.isnan(alone[4]).all()
    assert np.isfinite(alone[:4, :4]).all()


@slow
@pytest.mark.parametrize("measure", SIMILARITIES)
def test_undefined(measure):
    options, function = SIMILARITIES[measure], getattr(measures, measure)
    spoilt = X.copy()
    spoilt[7, 2] = np.inf
    for x, y in ((spoilt, Y), (np.full_like(X, 3.3), Y), (X, np.full_like(Y, -0.1))):
        assert np.isnan(function(x, y, **options))
    with pytest.raises(ShapeError, match=r"y: 9 examples; x has 40"):
        function(X, Y[:9], **options)


@slow
@pytest.mark.parametrize("measure", SIMILARITIES)
def test_copies_of_examples_and_one_unit(measure):
    options, function = SIMILARITIES[measure], getattr(measures, measure)
    x, y = np.repeat(X[:20], 2, axis=0), np.repeat(Y[:20], 2, axis=0)
    wanted = getattr(oracles, measure)(None, None, x, y, **options)
    if measure != "mutual_neighbours":  # whose ties are broken by number
        np.testing.assert_allclose(function(x, y, **options), wanted, rtol=1e-4)
    assert np.isfinite(function(X[:, :1], Y, **options))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: measures.mutual_neighbours(X, Y, neighbours=0), r"neighbours=0: must be at least"),
        (lambda: measures.mutual_neighbours(X, Y, measure="dice"), r"measure='dice': not a choice"),
        (lambda: measures.mutual_neighbours(X, Y, metric="correlation"), r"metric='correlation'"),
        (lambda: measures.riemannian_distance(X, Y, shrinkage=0), r"shrinkage=0: must be above 0"),
        (lambda: measures.condition_rdm(X, LABELS, metric="jaccard"), r"metric='jaccard': not a"),
        (lambda: measures.condition_rdm(X, LABELS, folds=1), r"folds=1: must be at least 2"),
        (lambda: measures.condition_rdm(X, LABELS, shrinkage=2), r"shrinkage=2: must be from 0"),
    ],
)
def test_what_cannot_be_is_refused(call, message):
    with pytest.raises(OptionError, match=message):
        call()


def cubic(z):
    return (1 + z @ z.T) ** 3


@pytest.mark.parametrize("debiased", [pytest.param(False, marks=slow), True])
def test_a_kernel_of_one_s_own(debiased):
    k, m = (cubic(z) for z in (np.float64(X), np.float64(Y)))
    inner = oracles.unbiased_hsic if debiased else oracles.biased_hsic
    options = {"kernel": cubic, "debiased": debiased}
    np.testing.assert_allclose(measures.hsic(X, Y, **options), inner(k, m), rtol=1e-4)
    theirs = inner(k, m) / np.sqrt(inner(k, k) * inner(m, m))
    np.testing.assert_allclose(measures.cka(X, Y, **options), theirs, atol=1e-4)


def test_a_kernel_of_numpy_is_called_anew_each_time():
    degrees = []

    def powers(z):
        return (np.asarray(z, np.float64) @ np.asarray(z, np.float64).T + 1) ** degrees[-1]

    for degree in (2, 1):
        degrees.append(degree)
        k, m = (powers(z) for z in (X, Y))
        wanted = oracles.biased_hsic(k, m)
        assert float(measures.hsic(X, Y, kernel=powers)) == pytest.approx(wanted, rel=1e-4)
        wanted /= np.sqrt(oracles.biased_hsic(k, k) * oracles.biased_hsic(m, m))
        assert float(measures.cka(X, Y, kernel=powers)) == pytest.approx(wanted, abs=1e-4)


def test_a_kernel_must_return_a_gram_matrix():
    with pytest.raises(ShapeError, match=r"kernel: returned shape \(40, 6\).* for 40 examples; a"):
        measures.cka(X, Y, kernel=lambda z: z)


def far_out(distance):
    """One example that lies that much farther out than the others."""
    x, y = X.copy(), Y.copy()
    x[0] *= distance
    y[0] *= distance
    return x, y


def test_debiased_cka_has_its_digits_beside_an_example_far_out():
    x, y = far_out(3000)
    ours = measures.cka(x, y, debiased=True)
    theirs = oracles.cka(None, None, x, y, debiased=True)
    np.testing.assert_allclose(ours, theirs, atol=SCORE)


@pytest.mark.slow
def test_debiased_sums_that_are_all_rounding_are_undefined():
    state = state_of(CrossKernel(), *far_out(3000))
    assert np.isnan(debiased_cka_score(state).value)
    assert np.isnan(debiased_hsic_score(state).value)
    x, y = far_out(30)
    ours = debiased_cka_score(state_of(CrossKernel(), x, y)).value
    np.testing.assert_allclose(ours, oracles.cka(None, None, x, y, debiased=True), atol=1e-3)
