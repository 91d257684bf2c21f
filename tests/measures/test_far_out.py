"""One example or one unit far larger than the others hides nothing of these in float32."""

import jax
import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import cdist, pdist
from sklearn.metrics import silhouette_score

import probekit as pk
from probekit import measures
from tests.measures.reporting import reported

GENERATOR = np.random.default_rng(0)
SHARED = GENERATOR.normal(size=(24, 3))
X = np.float32(SHARED @ GENERATOR.normal(size=(3, 18)) + 0.7 * GENERATOR.normal(size=(24, 18)))
Y = np.float32(SHARED @ GENERATOR.normal(size=(3, 20)) + 0.7 * GENERATOR.normal(size=(24, 20)))
NARROW = X[:, :6]


def far_out(x, size):
    """The fourth example `size` times as large."""
    x = x.copy()
    x[3] *= np.float32(size)
    return x


def large_unit(x, *, varying):
    x = x.copy()
    x[:, 2] = 2.0**30 * (1 + 0.3 * np.abs(X[:, 2]) * varying)
    return x


def directions(x, centred):
    """Rows of length 1 with the digits of an extended float."""
    x = x.astype(np.longdouble)
    x = x - x.mean(axis=1, keepdims=True) if centred else x
    return x / np.sqrt((x**2).sum(axis=1, keepdims=True))


@pytest.mark.slow
@pytest.mark.parametrize("varying", [False, True])
@pytest.mark.parametrize("metric", ["correlation", "cosine"])
@pytest.mark.parametrize("x", [NARROW, X], ids=["narrow", "wide"])
def test_angles_beside_one_large_unit(x, metric, varying):
    x = large_unit(x, varying=varying)
    rows = directions(x, metric == "correlation")
    wanted = ((rows[:, None] - rows[None, :]) ** 2).sum(axis=2) / 2
    assert wanted.max() < 1e-13
    found = np.asarray(measures.rdm(x, metric=metric))
    np.testing.assert_allclose(found, np.float64(wanted), rtol=2e-4, atol=1e-6 * wanted.max())
    above = np.triu_indices(len(x), 1)
    correlation = np.corrcoef(np.float64(wanted[above]), pdist(Y, "correlation"))[0, 1]
    np.testing.assert_allclose(
        measures.rsa(x, Y, rdm=metric, rdm_y="correlation"), correlation, atol=1e-5
    )


def test_rows_that_are_multiples_have_no_angle():
    x = np.float32(np.outer(1 + SHARED[:, 0] ** 2, X[0]))
    assert (np.asarray(measures.rdm(x, metric="cosine")) == 0).all()
    assert (np.asarray(measures.rdm(x, metric="correlation")) == 0).all()


@pytest.mark.parametrize("size", [1e4, 1e6])
def test_distances_beside_one_example_far_out(size):
    x = far_out(X, size)
    np.testing.assert_allclose(measures.rdm(x, metric="euclidean"), cdist(x, x), rtol=1e-5)


def hsic(k, m):
    centre = np.eye(len(k)) - 1 / len(k)
    return np.trace(k @ centre @ m @ centre)


def rbf(x):
    far = cdist(x, x)
    return np.exp(-(far**2) / (2 * np.median(far[far > 0]) ** 2))


def test_kernels_of_distances_beside_one_example_far_out():
    x = far_out(X, 1e5)
    k, m = rbf(x), rbf(Y)
    wanted = hsic(k, m) / np.sqrt(hsic(k, k) * hsic(m, m))
    np.testing.assert_allclose(measures.cka(x, Y, kernel="rbf"), wanted, rtol=1e-5)


@pytest.mark.parametrize("comparison", ["spearman", "kendall_tau_b"])
def test_equal_distances_of_whole_numbers_are_equal(comparison):
    x, y = np.round(4 * X), Y > 0
    wanted = {"spearman": stats.spearmanr, "kendall_tau_b": stats.kendalltau}[comparison](
        pdist(x, "sqeuclidean"), pdist(y, "sqeuclidean")
    )[0]
    found = measures.rsa(x, y, rdm="squared_euclidean", comparison=comparison)
    np.testing.assert_allclose(found, wanted, atol=1e-6)


@pytest.mark.parametrize(("size", "size_y"), [(1e12, 1e12), (1e-12, 1e-12)])
def test_hsic_out_of_range_is_undefined(size, size_y):
    assert np.isnan(measures.hsic(X * np.float32(size), Y * np.float32(size_y)))


def test_hsic_that_is_in_range_is_known():
    found = measures.hsic(X * np.float32(1e-25), Y * np.float32(1e25))
    np.testing.assert_allclose(found, measures.hsic(X, Y), rtol=1e-5)
    np.testing.assert_allclose(
        measures.hsic(X * np.float32(1e17), Y), 1e34 * float(measures.hsic(X, Y)), rtol=1e-5
    )


def span(x, *, centred=True, kept=None):
    x = np.float64(x)
    x = x - x.mean(axis=0) if centred else x
    left, values, _ = np.linalg.svd(x, full_matrices=False)
    return left[:, values > 1e-9 * values[0]][:, :kept]


def mean_correlation(a, b):
    return np.linalg.svd(a.T @ b, compute_uv=False).sum() / min(a.shape[1], b.shape[1])


@pytest.mark.slow
@pytest.mark.parametrize("size", [1e3, 1e5])
def test_spaces_beside_one_example_far_out(size):
    x = far_out(X, size)
    a, b = span(x), span(Y)
    np.testing.assert_allclose(measures.cca(x, Y), mean_correlation(a, b), atol=1e-5)
    np.testing.assert_allclose(
        measures.svcca(x, Y, components=2), mean_correlation(a[:, :2], b[:, :2]), atol=1e-5
    )
    np.testing.assert_allclose(
        measures.eigenspace_overlap(x, Y, centred=True), ((a.T @ b) ** 2).sum() / 20, atol=1e-5
    )
    whole = span(x, centred=False).T @ span(Y, centred=False)
    np.testing.assert_allclose(measures.eigenspace_overlap(x, Y), (whole**2).sum() / 20, atol=1e-5)
    if size < 1e4:  # compiled it is in float32
        traced = jax.jit(measures.eigenspace_overlap)(x, Y)
        np.testing.assert_allclose(traced, (whole**2).sum() / 20, atol=2e-3)


@pytest.mark.slow
def test_all_directions_beside_one_example_far_out():
    x = far_out(X, 1e4)
    wanted = mean_correlation(span(x), span(Y))
    np.testing.assert_allclose(measures.svcca(x, Y, components=50), wanted, atol=1e-5)
    # With tolerance 0.7, all units are explained: as without the example.
    assert float(measures.maximum_match(x, Y, tolerance=0.7)) == 1.0


@pytest.mark.parametrize("size", [1e3, 1e5])
def test_pls_beside_one_example_far_out(size):
    x = far_out(X, size)
    a, b = (np.float64(z) - np.float64(z).mean(axis=0) for z in (x, Y))
    u, covariances, vt = np.linalg.svd(a.T @ b, full_matrices=False)
    along = a @ u, b @ vt.T
    lengths = [np.sqrt((z**2).sum(axis=0)) for z in along]
    correlations = (along[0] * along[1]).sum(axis=0) / lengths[0] / lengths[1]
    wanted = (covariances * correlations).sum() / covariances.sum()
    np.testing.assert_allclose(measures.pls(x, Y), wanted, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize(
    "estimator",
    [pk.estimators.SVCCA(components=50), pk.estimators.MaximumMatch()],
    ids=["svcca", "maximum_match"],
)
def test_estimators_say_what_covariances_have_lost(estimator):
    assert reported(estimator, X, Y)[1] == "ok"
    assert reported(estimator, far_out(X, 1e4), Y)[1] == "rank_deficient"


@pytest.mark.slow
def test_weights_of_equal_correlations_are_no_weights():
    pwcca = pk.estimators.PWCCA()
    assert reported(pwcca, NARROW, Y[:, :5])[1] == "ok"
    assert reported(pwcca, X, Y)[1] == "rank_deficient"  # 38 units, 24 examples
    assert reported(pwcca, NARROW, NARROW)[1] == "ok"  # all are 1, and so is the mean


def test_rounding_sets_no_two_rows_of_two_units_apart():
    """Their correlation is 1 or -1, whatever is lost when means are taken off."""
    x = np.float32(GENERATOR.normal(size=(60, 2)) * 0.1 + [0, 1])
    assert set(np.unique(measures.rdm(x, metric="correlation"))) == {0.0}
    x[:20] = x[:20, ::-1]
    assert set(np.unique(measures.rdm(x, metric="correlation"))) == {0.0, 2.0}


def test_aligned_examples_beside_a_constant_unit():
    """It was taken for a measure of what rounding leaves of the other units."""
    x = large_unit(NARROW, varying=False)
    wanted = measures.aligned_cosine(np.delete(x, 2, axis=1), Y, centred=True)
    found = measures.aligned_cosine(x, Y, centred=True)
    np.testing.assert_allclose(found, wanted, atol=1e-6)
    transferred = measures.aligned_cosine(x, Y, centred=True, held_out=(x, Y))
    np.testing.assert_allclose(transferred, wanted, atol=1e-5)


@pytest.mark.parametrize(
    ("measure", "option", "value"),
    [
        ("cka", "bandwidth", np.inf),
        ("hsic", "bandwidth", np.inf),
        ("gulp", "penalty", np.inf),
        ("riemannian_distance", "shrinkage", "0.1"),
        ("riemannian_distance", "shrinkage", np.nan),
        ("maximum_match", "tolerance", None),
        ("rsa", "prior_weight", None),
    ],
)
def test_options_that_are_no_numbers_that_can_be_used(measure, option, value):
    with pytest.raises(pk.errors.OptionError, match=f"{option}=.*: must be"):
        getattr(measures, measure)(X, Y, **{option: value})


@pytest.mark.parametrize(
    "measure",
    ["permutation_matching", "permutation_distance", "soft_matching", "maximum_match", "versa"],
)
def test_measures_of_the_host_say_that_they_cannot_be_compiled(measure):
    with pytest.raises(pk.errors.ShapeError, match=r"computed on the host\. Call it outside"):
        jax.jit(getattr(measures, measure))(X, Y)


@pytest.mark.parametrize("x", [NARROW[:, :4], X], ids=["narrow", "wide"])
@pytest.mark.parametrize("size", [2.0**45, 2.0**60])
def test_distances_of_the_others_do_not_vanish_beside_one_example_far_out(x, size):
    """Brought to a size at which its square is in range, theirs were 0."""
    x, labels = far_out(x, size), np.arange(len(x)) % 3
    wanted = silhouette_score(np.float64(x), labels)
    np.testing.assert_allclose(measures.silhouette(x, labels), wanted, atol=1e-5)
    k, m = rbf(np.float64(x)), rbf(Y)
    wanted = hsic(k, m) / np.sqrt(hsic(k, k) * hsic(m, m))
    np.testing.assert_allclose(measures.cka(x, Y, kernel="rbf"), wanted, rtol=1e-5)


def shape_left(x, y):
    """1 - ‖(H X)ᵀ H Y‖²_* / ‖H X‖² ‖H Y‖² in float64."""
    a, b = (np.float64(z) - np.float64(z).mean(axis=0) for z in (x, y))
    overlap = np.linalg.svd(a.T @ b, compute_uv=False).sum()
    return 1 - overlap**2 / (a**2).sum() / (b**2).sum()


@pytest.mark.parametrize("size", [1e4, 2.0**30, 2.0**60])
def test_shapes_of_neighbourhoods_beside_one_example_far_out(size):
    """Differences to the mean of all, which it moves, had lost those of neighbours."""
    x = far_out(X, size)
    near = np.argsort(cdist(np.float64(x), np.float64(x)), axis=1)[:, :6]
    each = [shape_left(x[rows], Y[rows]) for rows in near]
    found = measures.local_procrustes(x, Y, neighbours=5)
    # From the example itself all others are equally far, but for rounding.
    np.testing.assert_allclose(found, np.mean(each), atol=0.2 / len(x))


def test_a_rotation_of_one_example_far_out_is_none_of_the_others():
    """Squares of these vanish: they were left out, and the cosine was 1."""
    far, farther = far_out(X, 1e6), far_out(X, 2.0**64)
    assert np.isnan(measures.aligned_cosine(far, Y))
    assert np.isnan(measures.aligned_cosine(farther, Y))
    transferred = [measures.aligned_cosine(x, Y, held_out=(x, Y)) for x in (far, farther)]
    np.testing.assert_allclose(*transferred, atol=1e-4)


@pytest.mark.parametrize("size", [1e-6, 1e-9, 1e-14])
def test_dimensions_of_classes_that_are_all_but_points(size):
    """Rounding decided where the cone of a class is met: of 2.7 dimensions 0.8 were left."""
    labels = np.arange(24) % 3
    small, smaller = (
        measures.manifold_capacity(np.c_[np.eye(3)[labels], NARROW * np.float32(each)], labels)
        for each in (1e-3, size)
    )
    np.testing.assert_allclose(smaller.dimension, small.dimension, rtol=0.01)
    np.testing.assert_allclose(smaller.radius / size, small.radius / 1e-3, rtol=0.01)
