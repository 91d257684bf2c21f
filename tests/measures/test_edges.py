"""Where a measure is undefined, at its limits, or asked for too much."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings

import probekit as pk
from probekit import measures
from probekit.errors import OptionError, ShapeError
from probekit.history import Status
from probekit.measures._status import score
from probekit.testing import strategies
from tests.optional import optional
from tests.reference import oracles
from tests.reference.tolerances import SCORE

RNG = np.random.default_rng(0)
X = np.float32(RNG.normal(size=(16, 4)))
Y = np.float32(X[:, :2] + RNG.normal(size=(16, 2)))
LABEL = np.float32(np.arange(16) % 2)

TWO_SIDED = {
    "linear_r2": lambda x, y: measures.linear_r2(x, y),
    "decoding_r2": lambda x, y: measures.decoding_r2(x, y),
    "cka": lambda x, y: measures.cka(x, y),
    "debiased cka": lambda x, y: measures.cka(x, y, debiased=True),
    "rbf cka": lambda x, y: measures.cka(x, y, kernel="rbf"),
    "hsic": lambda x, y: measures.hsic(x, y),
    "rsa": lambda x, y: measures.rsa(x, y),
    "kendall rsa": lambda x, y: measures.rsa(x, y, rdm="euclidean", comparison="kendall"),
}
ONE_SIDED = {
    "total_variance": measures.total_variance,
    "participation_ratio": measures.participation_ratio,
}


def test_of_several_reasons_the_first_is_told():
    reasons = {
        Status.NON_FINITE_INPUT: {"finite": False},
        Status.TOO_FEW_EXAMPLES: {"enough": False},
        Status.CONSTANT_UNIT: {"constant": True},
        Status.RANK_DEFICIENT: {"deficient": True},
    }
    for place, status in enumerate(reasons):
        given = {"finite": True} | {
            k: v for why in [*reasons][place:] for k, v in reasons[why].items()
        }
        found = score(jnp.ones(()), **given)
        assert int(found.status) == status
        remark = status in (Status.CONSTANT_UNIT, Status.RANK_DEFICIENT)
        assert bool(jnp.isfinite(found.value)) == remark
    assert int(score(jnp.array(jnp.inf), finite=True).status) == Status.NON_FINITE_INPUT


@pytest.mark.parametrize("measure", TWO_SIDED)
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_gives_nan(measure, value):
    spoilt_x, spoilt_y = X.copy(), Y.copy()
    spoilt_x[3, 1] = spoilt_y[5, 0] = value
    assert np.isnan(TWO_SIDED[measure](spoilt_x, Y))
    assert np.isnan(TWO_SIDED[measure](X, spoilt_y))


@pytest.mark.parametrize("measure", ONE_SIDED)
def test_what_is_not_finite_gives_nan_for_one_representation(measure):
    spoilt = X.copy()
    spoilt[3, 1] = np.nan
    assert np.isnan(ONE_SIDED[measure](spoilt))


@pytest.mark.parametrize("measure", sorted(set(TWO_SIDED) - {"hsic", "decoding_r2"}))
@pytest.mark.parametrize("value", [0.0, 3.3, -1e4 / 3])
def test_a_constant_representation_is_undefined(measure, value):
    assert np.isnan(TWO_SIDED[measure](np.full_like(X, value), Y))


def test_a_constant_unit_counts_as_in_scikit_learn():
    x = X.copy()
    x[:, 0] = 0  # predicted exactly: 1
    ours = measures.linear_r2(x, LABEL, multioutput="raw_values")
    theirs = oracles.linear_r2(x, LABEL[:, None], x, LABEL[:, None], multioutput="raw_values")
    assert float(ours[0]) == theirs[0] == 1
    np.testing.assert_allclose(ours, theirs, atol=SCORE)
    moved = x.copy()
    moved[:, 0] = 0.1  # constant as well, but not where it was: 0
    ours = measures.linear_r2(x, LABEL, held_out=(moved, LABEL), multioutput="raw_values")
    assert float(ours[0]) == 0


def test_a_constant_unit_has_no_part_in_the_share_of_variance():
    x = X.copy()
    x[:, 0] = 3.3
    with_it = measures.linear_r2(x, LABEL, multioutput="variance_weighted")
    without = measures.linear_r2(x[:, 1:], LABEL, multioutput="variance_weighted")
    np.testing.assert_allclose(with_it, without, atol=SCORE)


def test_collinear_and_constant_features_add_nothing():
    y = np.stack([LABEL, 2 * LABEL - 1, np.full(16, 0.1)], axis=1)
    np.testing.assert_allclose(measures.linear_r2(X, y), measures.linear_r2(X, LABEL), atol=SCORE)


def test_a_constant_feature_explains_nothing_and_cannot_be_decoded():
    constant = np.full(16, 0.1)
    assert measures.linear_r2(X, constant) == pytest.approx(0, abs=SCORE)
    assert np.isnan(measures.decoding_r2(X, constant))
    assert np.isnan(measures.decoding_accuracy(X, constant))


def test_classes_that_never_recur_cannot_be_decoded():
    assert np.isnan(measures.decoding_accuracy(X, np.arange(16)))


def test_rows_of_several_columns_are_classes():
    one_hot = np.eye(2)[LABEL.astype(int)]
    assert measures.decoding_accuracy(X, one_hot) == measures.decoding_accuracy(X, LABEL)


def test_two_examples():
    x, y = X[:2], LABEL[:2]
    assert measures.linear_r2(x, y) == pytest.approx(1, abs=SCORE)
    assert measures.participation_ratio(x) == pytest.approx(1, abs=SCORE)
    assert measures.cka(x, y) == pytest.approx(1, abs=SCORE)


def test_distances_between_equal_examples_are_zero():
    twice = np.concatenate([X, X]) + np.float32(100)
    for units in (4, 40):
        wide = np.tile(twice, (1, units // 4)) * np.float32(np.arange(1, units + 1))
        found = measures.rdm(wide, metric="euclidean")
        assert (found.diagonal(16) == 0).all()
        assert (found.diagonal() == 0).all()


def test_an_example_without_direction_has_no_distance():
    x = X.copy()
    x[2] = 0.1
    found = np.asarray(measures.rdm(x, metric="correlation"))
    assert np.isnan(found[2]).all()
    assert np.isnan(found[:, 2]).all()
    assert np.isfinite(np.delete(np.delete(found, 2, 0), 2, 1)).all()


@pytest.mark.parametrize("measure", ["linear_r2", "cka", "rbf cka", "rsa"])
def test_under_jit_and_vmap(measure):
    function = TWO_SIDED[measure]
    alone = [function(X, Y), function(2 - X**2, Y)]
    together = jax.jit(jax.vmap(function, (0, None)))(jnp.stack([X, 2 - X**2]), Y)
    np.testing.assert_allclose(together, np.array(alone), rtol=1e-5, atol=1e-6)


@settings(max_examples=15, deadline=None)
@given(x=strategies.representations())
def test_geometry_of_hard_data(x):
    total, ratio = measures.total_variance(x), measures.participation_ratio(x)
    wanted = np.var(x.astype(float), axis=0).sum()
    np.testing.assert_allclose(total, wanted, rtol=1e-5, atol=1e-12 * np.square(x).max())
    assert np.isnan(ratio) or 1 <= ratio <= x.shape[1]
    if not np.isnan(ratio):
        np.testing.assert_allclose(
            ratio, oracles.participation_ratio(None, None, x, None), rtol=1e-4
        )


@settings(max_examples=15, deadline=None)
@given(x=strategies.representations(shapes=((16, 4), (16, 1))), y=strategies.features(16))
def test_linear_r2_of_hard_data(x, y):
    ours = measures.linear_r2(x, y, multioutput="variance_weighted")
    if np.isnan(ours):
        constant = np.ptp(x, axis=0) == 0
        assert constant.all()
        return
    theirs = oracles.linear_r2(x, y, x, y, multioutput="variance_weighted")
    np.testing.assert_allclose(ours, theirs, atol=1e-4)


def test_large_integers_do_not_wrap():
    x = np.array([[2**40], [2**41], [3 * 2**40], [0]], dtype=np.int64)
    np.testing.assert_allclose(measures.total_variance(x), np.var(x.astype(float)), rtol=1e-6)


@pytest.mark.slow
def test_integers_whose_differences_are_lost_are_refused():
    x = 2**40 + np.arange(12).reshape(6, 2)
    message = r"x: dtype int64, from 1099511627776 to 1099511627786; .* Subtract an offset first\."
    with pytest.raises(ShapeError, match=message):
        measures.total_variance(x)
    expected = measures.total_variance(np.arange(12).reshape(6, 2))
    assert measures.total_variance(x - 2**40) == expected
    assert measures.total_variance(np.full((3, 2), 2**40)) == 0


def test_whole_numbers_of_one_unit_are_lost_whatever_the_others_are():
    x = np.stack([np.arange(0, 4 * 10**9, 10**8), 10**9 + np.arange(40)], axis=1)
    for array in (x, jnp.asarray(x[:, 1:], jnp.int32)):
        with pytest.raises(ShapeError, match=r"from 1000000000 to 1000000039; .*lost in float32"):
            measures.total_variance(array)


def test_differences_that_float32_loses_are_refused_if_no_others_are_left():
    since_1970 = 1.7e9 + 100 * X[:, :1].astype(float)
    message = r"y: dtype float64, from 1699.*; such differences are lost in float32\. Subtract"
    with pytest.raises(ShapeError, match=message):
        measures.linear_r2(X, since_1970[:, 0])
    one_of_two = np.concatenate([np.full((16, 1), 3.0), since_1970], axis=1)
    with pytest.raises(ShapeError, match=message.replace("y:", "x:")):
        measures.total_variance(one_of_two)  # the other one is constant
    saturated = np.concatenate([X, 1 - 1e-9 * np.abs(X)], axis=1)
    assert measures.total_variance(saturated) == pytest.approx(float(measures.total_variance(X)))
    rounded = 0.1 + 1e-17 * np.arange(8.0)[:, None]
    assert measures.total_variance(rounded) == 0
    with jax.enable_x64(True):
        assert measures.linear_r2(since_1970, since_1970) == pytest.approx(1)


def test_whole_numbers_are_float64_where_that_is_enabled():
    generator = np.random.default_rng(0)
    x = 2**40 + generator.integers(-40, 40, (60, 3))
    features = {"f": x[:, 0] + generator.integers(-9, 9, 60)}
    with jax.enable_x64(True):
        found = measures.linear_r2(x, features["f"])
        wanted = measures.linear_r2(x - 2.0**40, features["f"] - 2.0**40)
        probed = pk.probe(pk.extractors.arrays({"x": x}), None, features, estimators=["linear_r2"])
        assert found.dtype == probed.linear_r2.dtype == np.float64
    assert [float(found), float(probed.linear_r2.squeeze())] == pytest.approx([float(wanted)] * 2)
    assert 0.1 < float(wanted) < 0.9


def test_what_overflows_float32_gives_nan():
    assert np.isnan(measures.total_variance(X * np.float32(1e30)))
    assert np.isnan(measures.total_variance(X.astype(float) * 1e300))


def test_lists_and_further_axes():
    assert measures.total_variance([0, 2]) == 1
    image = X.reshape(16, 2, 2)
    assert measures.total_variance(image) == measures.total_variance(X)


def test_tensors_that_have_gradients():
    tensor = optional("torch").tensor(X, requires_grad=True)
    assert measures.total_variance(tensor) == measures.total_variance(X)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: measures.cka(X, Y[:9]), r"y: 9 examples; x has 16\. Give the same examples"),
        (lambda: measures.cka(X[:1], Y[:1]), r"x: 1 examples; at least 2 are needed"),
        (
            lambda: measures.cka(X[:3], Y[:3], debiased=True),
            r"x: 3 examples; at least 4 are needed",
        ),
        (lambda: measures.rsa(X[:2], Y[:2]), r"x: 2 examples; at least 3 are needed"),
        (lambda: measures.total_variance(X[:0]), r"x: 0 examples; at least 1 are needed"),
        (lambda: measures.total_variance(np.float32(3)), r"x: shape \(\).*must have 1 to 32 axes"),
        (lambda: measures.total_variance(["a"]), r"x: shape \(1,\), dtype <U1; numbers are needed"),
        (lambda: measures.total_variance(1j * X), r"x: .*complex64; real numbers are needed"),
        (lambda: measures.linear_r2(X, LABEL, held_out=(X, Y)), r"2 columns of y; .* has 1"),
        (lambda: measures.linear_r2(X, LABEL, held_out=3), r"held_out: int; a pair of arrays"),
        (
            lambda: measures.linear_r2(X, LABEL, held_out=(X, LABEL[:3])),
            r"held_out\[1\]: 3 examples; held_out\[0\] has 16",
        ),
        (lambda: measures.compare_rdms(X, X), r"a: shape \(16, 4\).*a square matrix is needed"),
        (lambda: measures.compare_rdms([1, 2], [1, 2]), r"a: shape \(2,\).*must have 2 axes"),
    ],
)
def test_bad_shapes_are_refused(call, message):
    with pytest.raises(ShapeError, match=message):
        call()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: measures.linear_r2(X, Y, multioutput="mean"), r"multioutput='mean': not a choice"),
        (lambda: measures.decoding_r2(X, Y, multioutput="x"), r"multioutput='x': not a choice"),
        (lambda: measures.decoding_r2(X, Y, penalty=-1), r"penalty=-1: must be at least 0"),
        (lambda: measures.decoding_accuracy(X, Y, method="svm"), r"method='svm': not a choice"),
        (lambda: measures.decoding_accuracy(X, Y, penalty=0), r"penalty=0: must be greater than 0"),
        (lambda: measures.cka(X, Y, kernel="poly"), r"kernel='poly': not a choice"),
        (lambda: measures.cka(X, Y, bandwidth=0), r"bandwidth=0: must be greater than 0"),
        (lambda: measures.hsic(X, Y, kernel="poly"), r"kernel='poly': not a choice"),
        (lambda: measures.hsic(X, Y, bandwidth=-1), r"bandwidth=-1: must be greater than 0"),
        (lambda: measures.rdm(X, metric="euclid"), r"metric='euclid': .*did you mean 'euclidean'"),
        (lambda: measures.rsa(X, Y, rdm="angle"), r"rdm='angle': not a choice"),
        (lambda: measures.rsa(X, Y, rdm_y="angle"), r"rdm_y='angle': not a choice"),
        (lambda: measures.rsa(X, Y, comparison="tau"), r"comparison='tau': not a choice"),
        (lambda: measures.compare_rdms(X, X, comparison="tau"), r"comparison='tau': not a choice"),
    ],
)
def test_bad_options_are_refused(call, message):
    with pytest.raises(OptionError, match=message):
        call()


def test_masked_values_are_unknown_and_not_what_lies_below_the_mask():
    hidden = np.zeros(X.shape, bool)
    hidden[3, 1] = True
    for values in (X, np.int16(8 * X)):
        assert np.isnan(measures.total_variance(np.ma.array(values, mask=hidden)))
        assert measures.total_variance(np.ma.array(values, mask=False)) > 0
    assert np.isnan(measures.cka(X, np.ma.array(X, mask=hidden)))
    assert np.isnan(measures.decoding_accuracy(X, np.ma.array(LABEL, mask=hidden[:, 1])))
