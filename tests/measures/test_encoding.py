"""Encoding by several features: commonality, ridge, banded ridge."""

import numpy as np
import pytest

from probekit import measures
from probekit.errors import OptionError, ShapeError
from probekit.estimators import BandedRidgeR2
from probekit.measures.banded import simplex_points
from tests.optional import optional
from tests.reference import oracles
from tests.reference.as_himalaya import folds
from tests.reference.tolerances import SCORE

N, D, K = 60, 5, 3
MEASURES = ["joint_r2", "unique_r2", "shared_r2", "commonality", "ridge_r2", "ridge_decoding_r2"]
PENALTIES = (1e-3, 0.1, 10.0)


def data(*, offset=0.0, examples=N, units=D, seed=0):
    generator = np.random.default_rng(seed)
    y = generator.normal(size=(2, examples, K))
    y[..., 1] += y[..., 0]  # features that share something
    x = y @ generator.normal(size=(K, units)) + 2 * generator.normal(size=(2, examples, units))
    x = x + offset
    return np.float32(x[0]), np.float32(y[0]), np.float32(x[1]), np.float32(y[1])


@pytest.mark.parametrize("offset", [0.0, pytest.param(1e4, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "measure",
    [m if "ridge" not in m else pytest.param(m, marks=pytest.mark.slow) for m in MEASURES],
)
def test_against_scikit_learn(measure, offset):
    x, y, x2, y2 = data(offset=offset)
    ours = getattr(measures, measure)(x, y, held_out=(x2, y2))
    theirs = getattr(oracles, measure)(x, y, x2, y2)
    np.testing.assert_allclose(ours, theirs, atol=3 * SCORE)


@pytest.mark.slow
@pytest.mark.parametrize("measure", ["joint_r2", "unique_r2", "commonality"])
def test_shares_of_the_total_variance(measure):
    x, y, x2, y2 = data()
    options = {"multioutput": "variance_weighted"}
    ours = getattr(measures, measure)(x, y, held_out=(x2, y2), **options)
    theirs = getattr(oracles, measure)(x, y, x2, y2, **options)
    np.testing.assert_allclose(ours, theirs, atol=3 * SCORE)


def test_the_parts_of_commonality_add_up():
    x, y, _, _ = data()
    parts = np.asarray(measures.commonality(x, y))
    assert parts.sum() == pytest.approx(float(measures.joint_r2(x, y)), abs=SCORE)
    np.testing.assert_allclose(parts[[0, 1, 3]], measures.unique_r2(x, y), atol=SCORE)
    alone = [parts[[s - 1 for s in range(1, 8) if s >> f & 1]].sum() for f in range(K)]
    singly = [float(measures.linear_r2(x, y[:, f])) for f in range(K)]
    np.testing.assert_allclose(alone, singly, atol=SCORE)
    both = measures.unique_r2(x, y) + measures.shared_r2(x, y)
    np.testing.assert_allclose(both, singly, atol=SCORE)


@pytest.mark.slow
def test_parts_above_1_stay_so():
    """Of few fitted examples, where fewer features predict others worse than the mean does."""
    x, y, x2, y2 = data(examples=6, seed=3)
    for measure in ("unique_r2", "commonality"):
        ours = getattr(measures, measure)(x, y, held_out=(x2, y2))
        theirs = getattr(oracles, measure)(x, y, x2, y2)
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-3)
    assert max(theirs) > 1
    alone = [measures.linear_r2(x, y[:, [f]], held_out=(x2, y2[:, [f]])) for f in range(K)]
    both = [
        getattr(measures, f"{part}_r2")(x, y, held_out=(x2, y2)) for part in ("unique", "shared")
    ]
    np.testing.assert_allclose(both[0] + both[1], alone, rtol=1e-3, atol=1e-3)


@pytest.mark.slow
def test_one_feature_shares_nothing():
    x, y, _, _ = data()
    total = float(measures.linear_r2(x, y[:, 0]))
    assert measures.unique_r2(x, y[:, 0]).tolist() == pytest.approx([total], abs=SCORE)
    assert measures.shared_r2(x, y[:, 0]).tolist() == pytest.approx([0], abs=SCORE)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("multioutput", "per_unit"), [("variance_weighted", True), ("raw_values", False)]
)
def test_ridge_chooses_as_it_is_told(multioutput, per_unit):
    x, y, x2, y2 = data()
    options = {"penalties": PENALTIES, "multioutput": multioutput, "per_unit": per_unit, "folds": 3}
    ours = measures.ridge_r2(x, y, held_out=(x2, y2), **options)
    theirs = oracles.ridge_r2(x, y, x2, y2, **options)
    np.testing.assert_allclose(ours, theirs, atol=3 * SCORE)


@pytest.mark.slow
def test_ridge_with_more_units_than_examples():
    x, y, x2, y2 = data(examples=20, units=40)
    ours = measures.ridge_decoding_r2(x, y, held_out=(x2, y2))
    np.testing.assert_allclose(ours, oracles.ridge_decoding_r2(x, y, x2, y2), atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("multioutput", "per_unit"), [("uniform_average", False), ("variance_weighted", True)]
)
def test_banded_ridge(per_unit, multioutput):
    x, y, x2, y2 = data()
    options = {"penalties": PENALTIES, "folds": 3, "per_unit": per_unit, "multioutput": multioutput}
    ours = measures.banded_ridge_r2(
        x,
        [y[:, 0], y[:, 1:]],
        held_out=(x2, [y2[:, 0], y2[:, 1:]]),
        candidates=6,
        **options,
    )
    groups, points = [[0], [1, 2]], simplex_points(2, 6)
    total, shares = oracles.banded_ridge(x, y, x2, y2, points=points, groups=groups, **options)
    np.testing.assert_allclose(ours.r2, total, atol=3 * SCORE)
    np.testing.assert_allclose(ours.shares, shares, atol=3 * SCORE)


@pytest.mark.slow
def test_banded_ridge_shared_by_relative_weights():
    x, y, x2, y2 = data()
    options = {"penalties": (1.0,), "folds": 3}
    given = {"candidates": 1, "held_out": (x2, [y2[:, 0], y2[:, 1:]]), **options}
    ours = measures.banded_ridge_r2(x, [y[:, 0], y[:, 1:]], sharing="relative_weights", **given)
    more = {"groups": [[0], [1, 2]], "points": simplex_points(2, 1), "per_unit": False}
    _, shares = oracles.banded_ridge(
        x, y, x2, y2, multioutput="uniform_average", sharing="relative_weights", **more, **options
    )
    np.testing.assert_allclose(ours.shares, shares, atol=3 * SCORE)


@pytest.mark.parametrize(
    ("sharing", "words"),
    [("product", "product measure"), ("relative_weights", "relative weights")],
)
def test_shares_are_called_by_how_the_score_was_divided(sharing, words):
    _, share = BandedRidgeR2(sharing=sharing).variables
    assert share.long_name == f"part of it that the feature has ({words})"


@pytest.mark.slow
@pytest.mark.parametrize("per_unit", [False, True])
def test_groups_that_predict_alike_share_evenly(per_unit):
    """Whichever candidate is best by rounding: that may be one with a single group."""
    x, y, _, _ = data(units=40)
    options = {"multioutput": "raw_values", "per_unit": per_unit}
    for found in (
        measures.banded_ridge_r2(x, [y, y], **options),
        measures.multiple_kernel_ridge_r2(x, [y, y], **options),
    ):
        np.testing.assert_allclose(found.shares[0], found.shares[1], atol=1e-5)


@pytest.mark.slow
def test_relative_weights_of_what_is_hard():
    x, y, _, _ = data()
    options = {"sharing": "relative_weights", "multioutput": "raw_values", "candidates": 2}
    whole = measures.banded_ridge_r2(x, [y, y], **options)
    np.testing.assert_allclose(whole.shares[0], whole.shares[1], atol=1e-5)
    silent = measures.banded_ridge_r2(x, [y, np.zeros(len(y))], **options)
    np.testing.assert_allclose(silent.shares[0], silent.r2, atol=1e-5)
    assert (silent.shares[1] == 0).all()
    product = measures.banded_ridge_r2(x, [y[:, 0], y[:, 1:]], **options | {"sharing": "product"})
    relative = measures.banded_ridge_r2(x, [y[:, 0], y[:, 1:]], **options)
    np.testing.assert_array_equal(product.r2, relative.r2)
    np.testing.assert_allclose(product.shares.sum(axis=0), relative.shares.sum(axis=0), atol=1e-5)
    assert (relative.shares >= 0).all()
    hole = x.copy()
    hole[3, 1] = np.nan
    for spoilt in (np.full_like(x, 3.3), hole):
        product, relative = (
            measures.banded_ridge_r2(spoilt, [y[:, 0], y[:, 1:]], **options | {"sharing": sharing})
            for sharing in ("product", "relative_weights")
        )
        np.testing.assert_array_equal(np.isnan(product.shares), np.isnan(relative.shares))


@pytest.mark.slow
def test_banded_ridge_as_himalaya():
    """With the same folds, penalties and points of the simplex, the same weights and split."""
    ridge = optional("himalaya.ridge")
    scoring = optional("himalaya.scoring")
    x, y, _, _ = data(examples=90)
    x, y = (np.float64(z) - np.float64(z).mean(axis=0) for z in (x, y))
    y = y / np.sqrt((y**2).sum(axis=0))  # then m_g is 1 for every group
    groups = [y[:, :1], y[:, 1:]]
    deltas, weights, _ = ridge.solve_group_ridge_random_search(
        groups, x, n_iter=np.full((1, 2), 0.5), alphas=np.array([1.0]), cv=folds(90, 3),
        return_weights=True, progress_bar=False,
    )  # fmt: skip
    assert np.allclose(np.exp(deltas), 0.5)
    parts = np.stack([groups[0] @ weights[:1], groups[1] @ weights[1:]])
    split = scoring.r2_score_split(x, parts)
    ours = measures.banded_ridge_r2(
        x, groups, penalties=[1.0], candidates=1, folds=3, multioutput="raw_values"
    )
    np.testing.assert_allclose(ours.shares, split, atol=SCORE)
    np.testing.assert_allclose(ours.r2, split.sum(axis=0), atol=SCORE)


@pytest.mark.slow
def test_shares_add_up_and_do_not_depend_on_units_of_measurement():
    x, y, _, _ = data()
    found = measures.banded_ridge_r2(x, [y[:, 0], y[:, 1:]])
    assert float(found.shares.sum()) == pytest.approx(float(found.r2), abs=SCORE)
    other = measures.banded_ridge_r2(7 * x - 3, [1000 * y[:, 0], y[:, 1:] / 50])
    np.testing.assert_allclose(other.shares, found.shares, atol=1e-4)


@pytest.mark.slow
def test_a_group_that_tells_nothing_gets_nothing():
    x, y, _, _ = data(examples=400)
    noise = np.random.default_rng(5).normal(size=(400, 20))
    found = measures.banded_ridge_r2(x, [y, noise])
    assert float(found.shares[1]) < 0.01
    assert float(found.shares[0]) > 0.9 * float(measures.joint_r2(x, y))


@pytest.mark.slow
@pytest.mark.parametrize("measure", ["unique_r2", "ridge_decoding_r2"])
def test_undefined(measure):
    x, y, _, _ = data()
    function = getattr(measures, measure)
    spoilt = x.copy()
    spoilt[3, 1] = np.nan
    assert np.isnan(function(spoilt, y)).all()
    constant = (np.full_like(x, 3.3), y) if measure != "ridge_decoding_r2" else (x, 0 * y)
    assert np.isnan(function(*constant)).all()
    few = np.asarray(function(x[:3], y[:3]))  # as many as there are features
    assert (np.isnan(few) | (few <= 1)).all()


@pytest.mark.slow
def test_a_constant_unit_and_copies():
    x, y, _, _ = data()
    x[:, 0], y[:, 2] = 0.1, y[:, 1]
    unique = np.asarray(measures.unique_r2(x, y))
    assert unique[1:] == pytest.approx([0, 0], abs=SCORE)
    assert np.isfinite(measures.ridge_r2(x, y))
    assert np.isfinite(measures.banded_ridge_r2(x, [y[:, :2], y[:, 2]]).shares).all()
    x[:, 0] = 0.5  # whose mean is exact in the reference too
    theirs = oracles.ridge_r2(x, y, x, y)
    assert float(measures.ridge_r2(x, y)) == pytest.approx(float(theirs), abs=3 * SCORE)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x, y: measures.ridge_r2(x, y, penalties=()), OptionError, r"penalties=\(\): none"),
        (lambda x, y: measures.ridge_r2(x, y, penalties=(0,)), OptionError, r"penalties=0: must"),
        (lambda x, y: measures.ridge_r2(x, y, folds=1), OptionError, r"folds=1: must be at least"),
        (
            lambda x, y: measures.unique_r2(x, y, multioutput="raw_values"),
            OptionError,
            r"multioutput='raw_values': not a choice",
        ),
        (
            lambda x, y: measures.commonality(x, np.tile(y, 4)),
            OptionError,
            r"features: 12; at most 10 can be split",
        ),
        (
            lambda x, y: measures.banded_ridge_r2(x, [y], candidates=0),
            OptionError,
            r"candidates=0: must be at least 1",
        ),
        (
            lambda x, y: measures.banded_ridge_r2(x, [y], sharing="svd"),
            OptionError,
            r"sharing='svd': not a choice",
        ),
        (lambda x, y: measures.banded_ridge_r2(x, []), ShapeError, r"groups: there are none"),
        (
            lambda x, y: measures.banded_ridge_r2(x, [y, y[:9]]),
            ShapeError,
            r"groups\[1\]: 9 examples; groups\[0\] has 60",
        ),
    ],
)
def test_what_cannot_be_is_refused(call, error, message):
    x, y, _, _ = data()
    with pytest.raises(error, match=message):
        call(x, y)
