"""Which units, spaces and examples correspond: against float64, and where it is not determined."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from probekit import measures
from probekit.errors import OptionError, ShapeError
from probekit.measures.matching import semi_matching_score
from probekit.measures.overlap import eigenspace_overlap_score
from probekit.statistics import Moments, state_of
from tests.reference import oracles
from tests.reference.tolerances import SCORE

slow = pytest.mark.slow
N = 40
GENERATOR = np.random.default_rng(4)
X = np.float32(GENERATOR.normal(size=(N, 6)) + 1)
Y = np.float32(np.tanh(X[:, :4]) + GENERATOR.normal(size=(N, 4)) / 2)
TURN = np.linalg.qr(GENERATOR.normal(size=(6, 6)))[0]


def held(name, x, y, *, atol=SCORE, **options):
    """Hold a measure against its oracle."""
    ours = float(getattr(measures, name)(x, y, **options))
    theirs = getattr(oracles, name)(None, None, x, y, **options)
    assert ours == pytest.approx(theirs, abs=atol), f"{name} {options}"
    return ours


@jax.jit
def overlap_status(x, y):
    return eigenspace_overlap_score(state_of(Moments(), x, y), centred=False).status


class TestUnits:
    """Units that are matched with units."""

    def test_signs(self):
        assert held("semi_matching", X, Y) < held("semi_matching", X, Y, absolute=True)
        assert float(measures.semi_matching(X, -X, absolute=True)) == pytest.approx(1, abs=SCORE)
        assert float(measures.semi_matching(X[:, :1], -X[:, :1])) == pytest.approx(-1, abs=SCORE)

    def test_whose_units_count(self):
        found = [held("semi_matching", X, Y, units=units) for units in ("x", "y", "both")]
        assert found[2] == pytest.approx((found[0] + found[1]) / 2, abs=SCORE)
        assert held("semi_matching", X, X[:, :2], units="y") == pytest.approx(1, abs=SCORE)

    def test_it_may_match_several_with_one(self):
        """Which those that are matched one to one cannot; so it is never less than they are."""
        twice = np.repeat(X[:, :1], 3, axis=1)
        assert float(measures.semi_matching(twice, X[:, :1])) == pytest.approx(1, abs=SCORE)
        one_to_one = float(measures.permutation_matching(X[:, :4], Y))
        assert float(measures.semi_matching(X[:, :4], Y)) > one_to_one - SCORE

    def test_constant_units_correlate_with_nothing(self):
        x = np.concatenate([X, np.full((N, 6), 3.3, np.float32)], axis=1)
        state = state_of(Moments(xx="diagonal", yy="diagonal"), x, x)
        score = jax.jit(partial(semi_matching_score, units="both", absolute=True))(state)
        assert float(score.value) == pytest.approx(0.5, abs=SCORE)
        assert score.status == 0


class TestSpaces:
    """Spaces that units span."""

    @pytest.mark.parametrize("centred", [False, True])
    @pytest.mark.parametrize("offset", [0, 4096])
    def test_overlap(self, centred, offset):
        # Of means of thousands of deviations float32 leaves the differences four digits.
        held("eigenspace_overlap", X + np.float32(offset), Y, centred=centred, atol=1e-4)

    @slow
    @pytest.mark.parametrize("unit", [3.3, "copy", "shifted copy", "zero"])
    def test_overlap_of_units_with_a_fixed_relation(self, unit):
        """A constant unit spans what a unit and its shifted copy do: the mean of all units."""
        further = {
            "copy": 2 * X[:, :1],
            "shifted copy": X[:, :1] + 3,
            "zero": np.zeros((N, 1), np.float32),
        }
        more = further.get(unit, np.full((N, 1), 3.3, np.float32))
        x = np.concatenate([X, more], axis=1)
        for other in (x, Y):
            held("eigenspace_overlap", x, other)
            held("eigenspace_overlap", other, x)
        assert overlap_status(x, Y) == 2

    def test_overlap_is_cca_of_the_larger_rank(self):
        squared = float(measures.cca(X, Y, squared=True)) * 4 / 6
        ours = float(measures.eigenspace_overlap(X, Y, centred=True))
        assert ours == pytest.approx(squared, abs=SCORE)

    @pytest.mark.parametrize("centred", [False, True])
    @pytest.mark.parametrize("tolerance", [0.3, 0.6, 0.9])
    def test_maximum_match(self, tolerance, centred):
        held("maximum_match", X, Y, tolerance=tolerance, centred=centred)

    def test_maximum_match_of_what_is_the_same(self):
        mixed = np.float32(X @ GENERATOR.normal(size=(6, 6)))
        assert float(measures.maximum_match(X, mixed, tolerance=0.05)) == 1
        apart = np.concatenate([mixed, GENERATOR.normal(size=(N, 2))], axis=1)
        assert float(measures.maximum_match(X, apart)) == pytest.approx(12 / 14, abs=SCORE)
        silent = np.concatenate([X, np.zeros((N, 2), np.float32)], axis=1)
        assert float(measures.maximum_match(silent, X)) == pytest.approx(12 / 14, abs=SCORE)

    @slow
    def test_svcca_of_a_number_of_components(self):
        assert held("svcca", X, Y, components=2) != held("svcca", X, Y, components=3)
        every = float(measures.svcca(X, Y, components=99))
        assert every == pytest.approx(float(measures.cca(X, Y)), abs=SCORE)


class TestExamples:
    """Examples that are matched with themselves."""

    @pytest.mark.parametrize("centred", [False, True])
    @pytest.mark.parametrize("units", [pytest.param(1, marks=slow), 2, pytest.param(6, marks=slow)])
    def test_aligned_cosine(self, units, centred):
        forwards = held("aligned_cosine", X[:, :units], Y, centred=centred)
        backwards = float(measures.aligned_cosine(Y, X[:, :units], centred=centred))
        assert backwards == pytest.approx(forwards, abs=SCORE)

    def test_aligned_cosine_of_more_units_than_examples(self):
        wide = np.float32(GENERATOR.normal(size=(12, 20)))
        held("aligned_cosine", wide, np.float32(GENERATOR.normal(size=(12, 30))))

    def test_aligned_cosine_counts_each_example_alike(self):
        scaled = np.float32(X @ TURN * GENERATOR.uniform(0.5, 2, size=(N, 1)))
        assert float(measures.aligned_cosine(X, scaled)) > 0.99
        assert float(measures.aligned_cosine(X, np.float32(X @ TURN))) == pytest.approx(
            1, abs=SCORE
        )

    def test_examples_without_a_direction_are_left_out(self):
        silent = np.concatenate([X, np.zeros((4, 6), np.float32)])
        other = np.concatenate([Y, Y[:4]])
        ours = float(measures.aligned_cosine(silent, other))
        assert ours == pytest.approx(float(measures.aligned_cosine(X, Y)), abs=SCORE)
        # 1 is the mean of these up to rounding, and has no direction about it.
        labels = np.float32(np.arange(39) % 3) / 3 + 1 / 7
        others = np.where(labels == labels[1], 5, labels)
        there = np.delete(np.arange(39), np.flatnonzero(np.arange(39) % 3 == 1))
        about = (z - z.mean() for z in (labels, others))
        signs = np.prod([np.sign(z[there]) for z in about], axis=0)
        found = float(measures.aligned_cosine(labels, others, centred=True))
        assert found == pytest.approx(abs(signs.mean()), abs=SCORE)

    def test_a_rotation_that_nothing_determines(self):
        x = np.array([[1.0], [1.0], [-1.0], [-1.0]])
        y = np.array([[1.0], [-1.0], [1.0], [-1.0]])
        assert np.isnan(measures.aligned_cosine(x, y))
        both = np.concatenate([x, y], axis=1)
        assert float(measures.aligned_cosine(both, x)) == pytest.approx(np.sqrt(0.5), abs=SCORE)

    def test_a_falling_spectrum_is_determined(self):
        falling = np.float32(GENERATOR.normal(size=(256, 64)) * np.exp(-np.arange(64) / 4))
        turn = np.linalg.qr(GENERATOR.normal(size=(64, 64)))[0]
        assert float(measures.aligned_cosine(falling, np.float32(falling @ turn))) > 0.9999

    @slow
    @pytest.mark.parametrize("norm", ["frobenius", "spectral"])
    @pytest.mark.parametrize("rsm", ["euclidean", "squared_euclidean", "correlation", "cosine"])
    def test_rsm_norm_difference(self, rsm, norm):
        held("rsm_norm_difference", X, Y, rsm=rsm, norm=norm, atol=1e-3)

    def test_pairwise_inner_product_loss(self):
        """As Yin and Shen have it, from singular values and vectors."""
        (u, s, _), (v, t, _) = (np.linalg.svd(np.float64(z), full_matrices=False) for z in (X, Y))
        overlap = np.square(s[:, None] * (u.T @ v) * t).sum()
        wanted = np.sqrt((s**4).sum() + (t**4).sum() - 2 * overlap)
        ours = held("rsm_norm_difference", X, Y, rsm="inner_product", atol=1e-3)
        assert ours == pytest.approx(wanted, rel=1e-5)

    def test_rsm_norm_difference_of_large_values(self):
        ours = float(measures.rsm_norm_difference(X * np.float32(1e30), Y * np.float32(1e30)))
        assert ours == pytest.approx(1e30 * float(measures.rsm_norm_difference(X, Y)), rel=1e-5)
        squared = measures.rsm_norm_difference(X * np.float32(1e30), Y, rsm="squared_euclidean")
        assert np.isnan(squared)  # float32 ends before it
        assert float(measures.rsm_norm_difference(X + 4096, X)) < 0.05

    def test_an_undefined_entry(self):
        silent = X.copy()
        silent[3] = 0
        for rsm in ("cosine", "correlation"):
            assert np.isnan(measures.rsm_norm_difference(silent, Y, rsm=rsm))
        assert np.isfinite(measures.rsm_norm_difference(silent, Y))


SAMPLED = {"aligned_cosine": {}, "rsm_norm_difference": {}, "cknna": {}}
OTHERS = {"eigenspace_overlap": {}, "maximum_match": {}, "semi_matching": {"absolute": True}}


@pytest.mark.parametrize("measure", [*SAMPLED, *OTHERS])
def test_undefined(measure):
    function = getattr(measures, measure)
    options = {**SAMPLED, **OTHERS}[measure]
    spoilt = X.copy()
    spoilt[7, 2] = np.inf
    for x, y in ((spoilt, Y), (np.full_like(X, 3.3), Y), (X, np.zeros_like(Y))):
        assert np.isnan(function(x, y, **options))
    with pytest.raises(ShapeError, match=r"y: 9 examples; x has 40"):
        function(X, Y[:9], **options)
    least = 4 if measure == "cknna" else 2
    with pytest.raises(ShapeError, match=rf"x: 1 examples; at least {least} are needed"):
        function(X[:1], Y[:1], **options)


@pytest.mark.parametrize("measure", [*SAMPLED, *OTHERS])
def test_half_precision_is_computed_in_float32(measure):
    function = getattr(measures, measure)
    x, y = X.astype(np.float16), Y.astype(np.float16)
    assert function(x, y) == function(np.float32(x), np.float32(y))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: measures.rsm_norm_difference(X, Y, rsm="poisson"), r"rsm='poisson': not a choice"),
        (lambda: measures.rsm_norm_difference(X, Y, norm="nuclear"), r"norm='nuclear': not a"),
        (lambda: measures.semi_matching(X, Y, units="z"), r"units='z': not a choice"),
        (lambda: measures.cknna(X, Y, neighbours=0), r"neighbours=0: must be at least 1"),
        (lambda: measures.maximum_match(X, Y, tolerance=0), r"tolerance=0: must be above 0 and"),
    ],
)
def test_what_cannot_be_is_refused(call, message):
    with pytest.raises(OptionError, match=message):
        call()


@pytest.mark.parametrize("measure", ["cycle", "subsequence", "edit"])
@pytest.mark.parametrize(
    "neighbours", [pytest.param(1, marks=slow), 5, pytest.param(60, marks=slow)]
)
def test_order_of_neighbours(measure, neighbours):
    held("mutual_neighbours", X, Y, measure=measure, neighbours=neighbours)
    held("mutual_neighbours", X, Y, measure=measure, neighbours=neighbours, metric="euclidean")


def test_order_of_neighbours_by_hand():
    """Both lists in full: of 0 they are 1 2 3 and 3 2 1; of 1 0 2 3 and 3 0 2, and so on."""
    x, y = np.float32([[0], [1], [3], [7]]), np.float32([[7], [20], [3], [1]])
    options = {"neighbours": 3, "metric": "euclidean"}
    lists = {0: ("123", "231"), 1: ("023", "023"), 2: ("103", "301"), 3: ("210", "201")}
    wanted = np.mean([oracles.subsequence(*pair) for pair in lists.values()])
    ours = measures.mutual_neighbours(x, y, measure="subsequence", **options)
    assert float(ours) == pytest.approx(wanted) == pytest.approx((2 + 3 + 1 + 2) / 12)
    edits = measures.mutual_neighbours(x, y, measure="edit", **options)
    assert float(edits) == pytest.approx(1 - (2 + 0 + 2 + 2) / 12)


def test_a_cycle_goes_out_in_y_and_back_in_x():
    # Nearest in x: 1 of 0, 0 of 1, 1 of 2; in y: 2 of 0, 2 of 1, 0 of 2. Only 1 comes back, by 2.
    x, y = np.float32([[0], [1], [2.5]]), np.float32([[0], [5], [1]])
    options = {"measure": "cycle", "neighbours": 1, "metric": "euclidean"}
    assert float(measures.mutual_neighbours(x, y, **options)) == pytest.approx(1 / 3)
    assert float(measures.mutual_neighbours(x, x, **options)) == pytest.approx(2 / 3)
    options = {"measure": "cycle", "neighbours": 3}
    assert held("mutual_neighbours", X, Y, **options) != held("mutual_neighbours", Y, X, **options)


@pytest.mark.parametrize("debiased", [False, True])
@pytest.mark.parametrize("neighbours", [1, 5, 39, 60])
def test_cknna(neighbours, debiased):
    held("cknna", X, Y, neighbours=neighbours, debiased=debiased)


def test_cknna_of_all_neighbours_is_cka():
    def cosines(z):
        z = z / jnp.sqrt((z**2).sum(axis=1, keepdims=True))
        return z @ z.T

    ours = float(measures.cknna(X, Y, neighbours=N - 1, debiased=True))
    theirs = float(measures.cka(X, Y, kernel=cosines, debiased=True))
    assert ours == pytest.approx(theirs, abs=SCORE)


def test_cknna_of_a_single_unit_is_about_its_mean():
    labels = np.float32(np.arange(N) % 2)
    assert float(measures.cknna(labels, 5 - 3 * labels)) == pytest.approx(1, abs=SCORE)
    assert np.isfinite(measures.cknna(labels, X))


def test_cknna_without_common_neighbours():
    x, y = np.float32([[0], [1], [10], [11]]), np.float32([[0], [10], [1], [11]])
    assert float(measures.cknna(x, y, neighbours=1)) == 0


@pytest.mark.parametrize("measure", ["jaccard", "cknna"])
def test_one_program_for_any_number_of_neighbours(measure, compilations):
    def found(neighbours):
        if measure == "cknna":
            return measures.cknna(X, Y, neighbours=neighbours)
        return measures.mutual_neighbours(X, Y, neighbours=neighbours, measure=measure)

    first = float(found(3))
    with compilations() as compiled:
        other = float(found(5))
    assert compiled == []
    assert first != other
