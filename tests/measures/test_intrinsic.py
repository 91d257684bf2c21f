"""Intrinsic dimension: known dimensions, scikit-dimension's numbers, copies, few neighbours."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

import probekit as pk
from probekit import measures
from probekit.errors import OptionError, ScoreWarning, ShapeError
from probekit.estimators import IntrinsicDimension
from probekit.measures.intrinsic import DIMENSION_METHODS, TWO_RADII
from probekit.statistics import state_of
from probekit.testing._harness import read
from tests.reference import oracles

METHODS = DIMENSION_METHODS
LOCAL = ("likelihood", "moments", "mada", "tle", "ess")
OF_ALL = ("correlation", "separability", "persistence", "graph", "danco")
NONE_FITTED = np.zeros((0, 7))  # the numbers of the others begin at 0
QUICK = ("two_nn", "gride")
"""Nearly all of the time is compiling: these stand for the others where shapes are others."""


def cloud(examples=300):
    generator = np.random.default_rng(0)
    inside = generator.random((300, 3)) @ generator.random((3, 7))
    return np.float32(inside + 0.01 * generator.random((300, 7)))[:examples]


# How far off the dimension of a surface of 1, 2 and 5 may be. Twenty neighbours reach to the edges
# of a cube of five dimensions.
OFF = {
    "two_nn": (0.15, 0.15, 0.15),
    "likelihood": (0.05, 0.05, 0.25),
    "correlation": (0.1, 0.1, 0.3),
    "gride": (0.1, 0.1, 0.3),
    "moments": (0.1, 0.1, 0.25),
    "mada": (0.1, 0.1, 0.25),
    "tle": (0.2, 0.1, 0.25),
    "ess": (0.1, 0.1, 0.1),
    "persistence": (0.05, 0.15, 0.3),
    "graph": (0.1, 0.1, 0.3),
    "binomial": (0.1, 0.1, 0.3),
    "danco": (0.1, 0.1, 0.1),
}


def surface(dimension):
    inside = np.random.default_rng(1).random((600, dimension))
    bent = np.concatenate([inside, inside**2, np.sin(inside)], axis=1)
    return np.float32(np.pad(bent, ((0, 0), (0, 15 - bent.shape[1]))))


@pytest.mark.parametrize(
    "method", [pytest.param(name, marks=[] if name in QUICK else pytest.mark.slow) for name in OFF]
)
def test_of_a_curved_surface(method):
    for dimension, off in zip((1, 2, 5), OFF[method], strict=True):
        found = float(measures.intrinsic_dimension(surface(dimension), method=method))
        assert found == pytest.approx(dimension, rel=off), dimension


@pytest.mark.slow
@pytest.mark.parametrize("dimension", [2, 5, 9])
def test_spheres_are_separable_as_spheres_are(dimension):
    x = np.random.default_rng(1).normal(size=(600, dimension + 1))
    x = np.float32(x / np.linalg.norm(x, axis=1, keepdims=True))
    found = float(measures.intrinsic_dimension(x, method="separability"))
    assert found == pytest.approx(dimension + 1, rel=0.1)  # of the space that it lies in


@pytest.mark.slow
def test_the_numbers_of_scikit_dimension():
    """What `MLE`, `CorrInt` and `TwoNN` of scikit-dimension 0.5.0 give of `cloud()`."""
    x = cloud()
    of = measures.intrinsic_dimension
    assert float(of(x)) == pytest.approx(3.1704444687577173, rel=1e-5)
    assert float(of(x, discard=0.2)) == pytest.approx(3.047019791729431, rel=1e-5)
    assert float(of(x, method="likelihood")) == pytest.approx(2.492394079729881, rel=1e-5)
    few = of(x, method="likelihood", neighbours=5)
    assert float(few) == pytest.approx(2.766840235763102, rel=1e-5)
    assert float(of(x, method="correlation")) == pytest.approx(2.5337848703309773, rel=1e-5)
    near = of(x, method="correlation", neighbours=8)
    assert float(near) == pytest.approx(2.7342473574307786, rel=1e-5)


# What they gave of `cloud()`: GRIDE has n - 1 for n, which the oracle can have too.
FIGURES = [
    ({"method": "gride", "neighbours": (1, 21)}, 2.6880236913394957, "MiND_ML(k=20)"),
    ({"method": "moments", "average": "mean"}, 2.79335691543133, "MOM"),
    ({"method": "moments", "average": "median"}, 2.6817170834675274, "MOM"),
    ({"method": "likelihood", "average": "median"}, 2.540422912896137, "MLE"),
    ({"method": "mada", "average": "mean"}, 2.640351230213891, "MADA"),
    ({"method": "mada", "average": "median", "neighbours": 8}, 2.692526614364136, "MADA"),
    ({"method": "tle", "average": "mean"}, 2.800105883485886, "TLE"),
    ({"method": "tle", "average": "mean", "neighbours": 8}, 3.472414372667481, "TLE"),
    ({"method": "ess", "average": "mean"}, 2.8167571319371087, "ESS"),
    ({"method": "ess", "average": "median", "neighbours": 50}, 2.8085402914119806, "ESS"),
    ({"method": "separability"}, 1.9755706150371368, "FisherS"),
    ({"method": "binomial"}, 2.4994662804395498, "compute_id_binomial_k of DADApy"),
    ({"method": "binomial", "neighbours": 10}, 2.525299579422817, "compute_id_binomial_k"),
]


@pytest.mark.slow  # nearly all of it is compiling
@pytest.mark.parametrize(("options", "figure", "peer"), FIGURES)
def test_further_numbers_of_scikit_dimension(options, figure, peer):
    found = float(measures.intrinsic_dimension(cloud(), **options))
    assert found == pytest.approx(figure, rel=3e-6 if peer != "MiND_ML(k=20)" else 1e-5)


@pytest.mark.slow
def test_subsamples_that_are_drawn_otherwise_have_about_the_same_trees():
    """With 30 of each of 8 sizes and four seeds, `PH` gave 2.68 to 2.71."""
    found = float(measures.intrinsic_dimension(cloud(), method="persistence"))
    assert found == pytest.approx(2.695, abs=0.03)


@pytest.mark.slow
def test_other_balls_have_about_the_same_concentration():
    """Means and deviations between 16 seeds of `DANCo` of scikit-dimension; of 6 of ours.

    Ours are lower by 0.15 and 0.01; between whole dimensions a spline is taken there.
    """
    for neighbours, theirs, deviation in ((10, 3.087, 0.108), (20, 2.882, 0.097)):
        options = {"method": "danco", "neighbours": neighbours}
        each = [measures.intrinsic_dimension(cloud(), seed=seed, **options) for seed in range(6)]
        assert abs(np.mean(each) - theirs) < 2 * deviation
        assert 0 < np.std(each) < 0.15


@pytest.mark.parametrize(
    ("pair", "figure"),
    [((1, 2), 3.1529803551775517), ((10, 20), 2.3938747847510733), ((8, 16), 2.3697338119358813)],
)
def test_the_likelihood_of_generalised_ratios_is_that_of_scikit_dimension(pair, figure):
    """But for one of the n examples, which its logarithm of d goes without."""
    near, far = pair
    distances = np.sort(cdist(*2 * [np.float64(cloud())]), axis=1)
    ratio = distances[:, far] / distances[:, near]
    assert oracles.gride(ratio, near, far, lost=1) == pytest.approx(figure, rel=1e-6)


@pytest.mark.parametrize("pair", [(1, 2), (3, 4), (1, 12), (10, 20)])
def test_the_likelihood_of_generalised_ratios_against_a_search(pair):
    found = measures.intrinsic_dimension(cloud(40), method="gride", neighbours=pair)
    wanted = oracles.intrinsic_dimension(
        None, None, cloud(40), None, method="gride", neighbours=pair
    )
    assert float(found) == pytest.approx(wanted, rel=1e-5)


@pytest.mark.slow
def test_generalised_ratios_look_beyond_noise():
    """Noise on the scale of the nearest neighbours fills all units; a surface is seen from far."""
    generator = np.random.default_rng(0)
    x = surface(2) + np.float32(0.03) * generator.normal(size=(600, 15))
    near, far = (
        float(measures.intrinsic_dimension(x, method="gride", neighbours=pair))
        for pair in ((1, 2), (32, 64))
    )
    assert near > 4
    assert far == pytest.approx(2, abs=0.5)


@pytest.mark.parametrize(
    "options",
    [
        {},
        *(pytest.param({"neighbours": k}, marks=pytest.mark.slow) for k in (3, 6, 999)),
        pytest.param({"neighbours": 5, "average": "mean"}, marks=pytest.mark.slow),
        pytest.param({"neighbours": 5, "average": "median"}, marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize(
    "method",
    # Balls that grow are many roots to seek.
    [pytest.param(name, marks=[pytest.mark.slow] * (name == "tle")) for name in METHODS],
)
def test_against_the_formula(method, options):
    x = cloud(31)
    found = measures.intrinsic_dimension(x, method=method, **options)
    wanted = oracles.intrinsic_dimension(NONE_FITTED, None, x, None, method=method, **options)
    assert float(found) == pytest.approx(wanted, rel=1e-4)


@pytest.mark.parametrize("size", [1e-3, 1e-2])
def test_tight_localities_of_neighbours_that_lie_opposite_each_other(size):
    """As on a grid: the root of what rounding left of a difference of squares was a length."""
    grid = np.stack(np.meshgrid(np.arange(6.0), np.arange(6.0)), axis=-1).reshape(-1, 2)
    x = np.float32(grid + size * np.random.default_rng(0).normal(size=grid.shape))
    found = measures.intrinsic_dimension(x, method="tle", neighbours=8)
    wanted = oracles.intrinsic_dimension(
        NONE_FITTED, None, np.float64(x), None, method="tle", neighbours=8
    )
    assert float(found) == pytest.approx(wanted, rel=1e-4)


def test_two_neighbours_have_a_likelihood():
    x = cloud(40)
    far = np.sort(measures.rdm(x, metric="euclidean"), axis=1)
    wanted = 1 / np.log(far[:, 2] / far[:, 1]).mean()
    found = measures.intrinsic_dimension(x, method="likelihood", neighbours=2)
    assert float(found) == pytest.approx(wanted, rel=1e-4)


@pytest.mark.parametrize("method", METHODS)
def test_far_from_zero_nothing_is_lost(method):
    x = np.round(cloud(31) * 256) / 256
    near, far = (measures.intrinsic_dimension(z, method=method) for z in (x, x + 4096))
    assert float(far) == pytest.approx(float(near), rel=1e-4)


@pytest.mark.parametrize("method", TWO_RADII)
def test_pairs_of_neighbours_against_the_formula(method):
    options = {"method": method, "neighbours": (2, 9)}
    wanted = oracles.intrinsic_dimension(None, None, cloud(31), None, **options)
    found = measures.intrinsic_dimension(cloud(31), **options)
    assert float(found) == pytest.approx(wanted, rel=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("method", sorted(set(METHODS) - {*OF_ALL}))
def test_copies_are_left_out(method):
    x = cloud(60)
    twice = np.concatenate([x, x[:1]])
    alone = x[1:]
    # Without it, its neighbours have others: near, but not equal.
    found, wanted = (float(measures.intrinsic_dimension(z, method=method)) for z in (twice, alone))
    assert found == pytest.approx(wanted, rel=0.2)
    assert np.isnan(measures.intrinsic_dimension(np.repeat(x[:3], 2, axis=0), method=method))


@pytest.mark.parametrize("method", METHODS)
def test_where_there_is_none(method):
    x = cloud(31)
    spoilt = x.copy()
    spoilt[3, 1] = np.nan
    for z in (np.ones_like(x), spoilt):
        assert np.isnan(measures.intrinsic_dimension(z, method=method))


@pytest.mark.parametrize(
    "method",
    [pytest.param(name, marks=[] if name in QUICK else pytest.mark.slow) for name in METHODS],
)
def test_of_hardly_any_examples(method):
    if method not in ("tle", "ess"):  # all are equally far
        assert np.isnan(measures.intrinsic_dimension(np.eye(5), method=method))
    x = cloud(31)
    # Of three examples no two need be nearer than the median, at an acute angle, or within half of
    # the distance of another.
    least = float(measures.intrinsic_dimension(x[:3], method=method))
    assert least > 0 or (method in (*OF_ALL, "binomial") and np.isnan(least))


@pytest.mark.slow
@pytest.mark.parametrize("method", LOCAL)
def test_equal_distances_of_one_example_have_an_inverse_and_no_mean(method):
    """In the middle of a cross all ends are equally far."""
    x = np.array([[0, 0], [1, 0], [-1, 0], [0, 1], [0, -1], [9, 9], [9.5, 8]])
    options = {"method": method, "neighbours": 4}
    assert float(measures.intrinsic_dimension(x, **options)) > 0
    if method not in ("tle", "ess"):  # which look at the angles too
        assert np.isnan(measures.intrinsic_dimension(x, average="mean", **options))


@pytest.mark.parametrize(
    "method",
    ["likelihood", *(pytest.param(m, marks=pytest.mark.slow) for m in ("moments", "mada"))],
)
def test_one_example_far_out_has_a_dimension_of_its_own(method):
    """All others are about as far from it: what little they differ by is most of the mean."""
    x = cloud(60)
    x[0] = np.random.default_rng(1).normal(size=7) * 1e5
    options = {"method": method, "neighbours": 10, "average": "mean"}
    far = np.sort(cdist(x.astype(np.longdouble), x.astype(np.longdouble)), axis=1)[:, 1:11]
    inverse = {
        "likelihood": np.log(far[:, -1:] / far[:, :-1]).mean(axis=1),
        "moments": far[:, -1] / far.mean(axis=1) - 1,
        "mada": np.log2(far[:, -1] / far[:, 4]),
    }
    wanted = (1 / inverse[method]).mean()
    assert float(measures.intrinsic_dimension(x, **options)) == pytest.approx(wanted, rel=1e-4)


@pytest.mark.slow
def test_too_few_examples_are_not_taken_for_separable_by_their_dimension():
    x = np.random.default_rng(0).normal(size=(64, 40))
    layers, estimator = pk.extractors.arrays({"x": x}), IntrinsicDimension(method="separability")
    with pytest.warns(ScoreWarning, match=r"intrinsic_dimension is NaN \(too few examples\)"):
        pk.probe(layers, None, {"y": x[:, 0]}, estimators=[estimator])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"average": "sum"}, "average='sum': not a choice"),
        ({"neighbours": (2, 4)}, r"neighbours=\(2, 4\): method 'two_nn' takes a number; 'corr"),
        ({"method": "gride", "neighbours": (4, 4)}, r"neighbours=\(4, 4\): two numbers are needed"),
        ({"method": "gride", "neighbours": (1, 2, 3)}, "two numbers are needed, the smaller first"),
        ({"method": "mada", "neighbours": (0, 4)}, "neighbours=0: must be at least 1"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(OptionError, match=message):
        measures.intrinsic_dimension(cloud(9), **options)
    with pytest.raises(OptionError, match=message):
        IntrinsicDimension(**options)


def test_a_pair_is_never_another_one():
    with pytest.raises(ShapeError, match="x: 9 examples; at least 33 are needed"):
        measures.intrinsic_dimension(cloud(9), method="gride", neighbours=(16, 32))
    with pytest.raises(OptionError, match="examples=32: must be at least 33"):
        IntrinsicDimension(method="gride", neighbours=[16, 32], examples=32)
    assert hash(IntrinsicDimension(method="gride", neighbours=[16, 32]))


@pytest.mark.slow
def test_places_that_are_left_over_draw_no_other_balls():
    x = cloud()
    for capacity in (len(x), 2 * len(x)):
        estimator = IntrinsicDimension(method="danco", neighbours=10, examples=capacity)
        kept = state_of(estimator.statistic, x)
        found = read(estimator, kept, kept)["intrinsic_dimension"]
        wanted = measures.intrinsic_dimension(x, method="danco", neighbours=10)
        np.testing.assert_allclose(found, wanted, rtol=1e-5)
