"""What is equal but for rounding is chosen among by a rule: rounding changes no score by a jump.

What changes a score in nothing, as units in another order, rounds it in another way, as another
processor would.
"""

import numpy as np
import pytest
from scipy.stats import spearmanr

from probekit import measures
from probekit.measures import similarity
from probekit.measures.equal_distances import made_equal, made_equal_on_host
from probekit.measures.ranks import spearman_of_arrays
from probekit.statistics import Examples, state_of

GENERATOR = np.random.default_rng(5)
EXAMPLES, UNITS = 48, 20
ORDER = np.random.default_rng(9).permutation(UNITS)


def rotation(seed):
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(UNITS, UNITS)))[0]


def clouds():
    """Of many distances that are equal, though not as numbers."""
    corners = GENERATOR.integers(0, 2, (EXAMPLES, 5)) * 2 - 1
    angle = 2 * np.pi * np.arange(EXAMPLES) / EXAMPLES
    ring = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return {
        "classes": np.eye(UNITS)[np.arange(EXAMPLES) % UNITS] * 0.7 + 0.1,
        "tenths": GENERATOR.integers(0, 3, (EXAMPLES, UNITS)) / 10,
        "corners": corners @ rotation(3)[:5] * 1.3,
        "ring": ring @ rotation(3)[:2],
    }


CLOUDS = clouds()
OTHER = np.float32(GENERATOR.normal(size=(EXAMPLES, UNITS)))
LABELS = np.arange(EXAMPLES) % 3


def the_same(x, *, rotated=True):
    yield np.float32(x)
    yield np.float32(x)[:, ORDER]
    yield np.float32(x) * np.float32(3)
    yield np.float32(x) / np.float32(3)
    if rotated:
        yield np.float32(x @ rotation(12))


def assert_one_score(score, arrays, tolerance=1e-5):
    found = np.array([score(x) for x in arrays])
    np.testing.assert_allclose(found, found[:1].repeat(len(found), axis=0), atol=tolerance)


@pytest.mark.parametrize("cloud", CLOUDS)
@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_equally_near_neighbours(cloud, metric):
    def scores(x):
        options = {"metric": metric, "neighbours": 5}
        return [
            measures.mutual_neighbours(x, OTHER, **options),
            measures.trustworthiness(OTHER, x, **options),
            measures.neighbourhood_hit(x, LABELS, **options),
        ]

    assert_one_score(scores, the_same(CLOUDS[cloud]))


@pytest.mark.parametrize("cloud", CLOUDS)
def test_equally_near_neighbours_in_graphs(cloud):
    def scores(x):
        return [measures.cknna(x, OTHER), measures.multiscale_distance(x, OTHER)]

    assert_one_score(scores, the_same(CLOUDS[cloud]), tolerance=1e-3)


def test_neighbours_that_differ_by_more_than_rounding_are_told_apart():
    """Beside an example far out, and along a line: what is near is near."""
    line = np.arange(1, 40.0)[:, None] ** 3
    line[-1] = 1e6
    wide = np.zeros((39, UNITS))
    wide[:, 0] = line[:, 0]
    for x in (line, wide):
        assert float(measures.trustworthiness(line, x)) == 1
        assert float(measures.mutual_neighbours(line, x, metric="euclidean")) == 1


@pytest.mark.parametrize("cloud", ["classes", "corners"])
def test_equally_likely_classes(cloud):
    x = CLOUDS[cloud]
    halves = [slice(None, None, 2), slice(1, None, 2)]
    labels = np.stack([LABELS % 2, LABELS // 2], axis=1)

    def scores(x):
        fit, out = [(x[rows], labels[rows]) for rows in halves]
        return [
            measures.decoding_accuracy(fit[0], fit[1][:, 0], held_out=(out[0], out[1][:, 0])),
            *measures.ccgp(x, (np.arange(EXAMPLES)[:, None] // [1, 2]) % 2),
        ]

    assert_one_score(scores, the_same(x, rotated=False))


def test_equally_good_units():
    x = np.float32(CLOUDS["classes"])
    fit, out = ((x[rows], LABELS[rows] == 1) for rows in (slice(0, 24), slice(24, 48)))

    def score(factor):
        (a, y), (b, z) = ((part * np.float32(factor), labels) for part, labels in (fit, out))
        return measures.sparse_decoding_accuracy(a, y, held_out=(b, z), units=3)

    assert_one_score(score, (1, 3, 1 / 3, 0.7, 1.1))


@pytest.mark.parametrize(
    "measure", ["permutation_matching", "permutation_distance", "semi_matching", "soft_matching"]
)
def test_units_that_match_equally_well(measure):
    x, y = np.split(np.float32(CLOUDS["classes"]), 2), np.split(OTHER > 0, 2)

    def score(factor):
        fit, out = ((a * np.float32(factor), b) for a, b in zip(x, y, strict=True))
        return getattr(measures, measure)(*fit, held_out=out)

    assert_one_score(score, (1, 3, 1 / 3, 0.7))


def test_classes_without_a_direction():
    """Each class is all around the ring: what is left of its mean is rounding."""
    for x in the_same(CLOUDS["ring"]):
        assert np.isnan(measures.feature_angles(x, np.stack([LABELS == 1, LABELS == 2], 1))).all()
        assert np.isnan(measures.component_alignment(x, LABELS == 1))
        assert np.isnan(measures.lidar(x, LABELS))


def test_predictions_that_are_rounding_have_no_correlation():
    """No class is more often in one unit than in another."""
    x, labels = np.float32(CLOUDS["classes"][:40]), np.repeat([0.0, 1.0], 20)
    for factor in (1, 3, 1 / 3, 0.7):
        options = {
            "scoring": "correlation",
            "held_out": (x[:20] * np.float32(factor), labels[10:30]),
        }
        found = measures.ridge_r2(x * np.float32(factor), labels, **options)
        assert np.isnan(found)


@pytest.mark.parametrize("cloud", ["tenths", "corners"])
def test_pairs_as_long_as_the_radius(cloud):
    def score(x):
        return measures.intrinsic_dimension(x, method="correlation", neighbours=10)

    assert_one_score(score, the_same(CLOUDS[cloud]), tolerance=1e-3)


@pytest.mark.parametrize("cloud", CLOUDS)
@pytest.mark.parametrize("rdm", ["euclidean", "squared_euclidean", "cosine"])
def test_ranks_of_equal_distances(cloud, rdm):
    """tau of classes against others was -0.03 to 0.08, as rounding had it."""
    near = np.float32(OTHER + CLOUDS[cloud])

    def scores(x):
        options = {"rdm": rdm, "rdm_y": "euclidean"}
        ranked = ("spearman", "kendall", "kendall_tau_b", "rho_a")
        return [measures.rsa(x, near, comparison=kind, **options) for kind in ranked]

    assert_one_score(scores, the_same(CLOUDS[cloud]))


@pytest.mark.parametrize("comparison", ["spearman", "kendall_tau_b"])
def test_ranks_of_equal_distances_of_what_is_predicted(comparison):
    def score(y):
        return measures.versa(OTHER, y, folds=4, rdm="euclidean", comparison=comparison)

    x = CLOUDS["corners"]  # in float64, as it is computed
    assert_one_score(score, (x, x[:, ORDER], 3 * x, x / 3, x @ rotation(12)))
    assert np.isnan(score(CLOUDS["classes"]))  # of a fold all are equally far


def test_resampled_ranks_of_equal_distances_are_those_of_the_score():
    """Each example once, and the order that was given: the score itself."""
    state = state_of(Examples(capacity=EXAMPLES), np.float32(CLOUDS["classes"]), OTHER)
    both = similarity.Both("euclidean")
    once, order = np.ones((1, EXAMPLES)), np.arange(EXAMPLES)[None]
    score = similarity.rsa_score(state, both, comparison="spearman").value
    for scores, each in (
        (similarity.reweighted_rsa_scores, once),
        (similarity.shuffled_rsa_scores, order),
    ):
        found = scores(state, each, both, comparison="spearman").value
        np.testing.assert_allclose(found, [score], atol=1e-6)


def test_distances_that_are_near_one_another_throughout_are_not_equal():
    """Of 1500 examples along a line each distance is next to another, and none are the same."""
    x = np.float32(np.random.default_rng(0).uniform(size=(1500, 1)))
    for comparison in ("spearman", "kendall"):
        np.testing.assert_allclose(
            measures.rsa(x, x, rdm="euclidean", comparison=comparison), 1, atol=1e-4
        )


def test_neighbours_of_a_grid_are_equally_far():
    """The second is no farther than the first: its dimension was 5,000,000."""
    grid = np.stack(np.meshgrid(np.arange(8.0), np.arange(8.0)), axis=-1).reshape(-1, 2)
    turn = np.linalg.qr(GENERATOR.normal(size=(2, 2)))[0]
    for x in (grid, grid * 0.7 + 0.1, grid / 3, grid @ turn + 1.3):
        assert np.isnan(measures.intrinsic_dimension(np.float32(x)))


@pytest.mark.parametrize("pairs", [10, 5000])
@pytest.mark.parametrize("spread", [0.0, 3e-7])
def test_ranks_tie_what_is_equal_whatever_rounding_made_of_it(pairs, spread):
    generator = np.random.default_rng(0)
    true = generator.integers(0, pairs // 3, pairs) / 7
    values = np.float32(true + spread * generator.uniform(-1, 1, pairs))
    other = generator.normal(size=pairs)
    off = np.full(pairs, spread, np.float32)
    found = spearman_of_arrays(values, other, rounding=(off, 0 * other))
    assert found == pytest.approx(spearmanr(true, other).statistic, abs=1e-5)


def test_long_runs_of_equal_ones_are_tied_on_the_host_as_under_jit():
    generator = np.random.default_rng(0)
    values = np.float32(generator.integers(0, 4, 4000) + 1e-6 * generator.uniform(size=4000))
    off = np.full(4000, 1e-6, np.float32)
    on_host = made_equal_on_host(values, off)
    np.testing.assert_array_equal(on_host, made_equal(values, off, np.ones(4000, bool)))
    assert len(np.unique(on_host)) == 4
