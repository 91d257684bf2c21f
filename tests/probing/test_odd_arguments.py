"""Arguments that are none: told by name, in one line, before anything is computed."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

import probekit as pk
from probekit.errors import OptionError, ScoreWarning, ShapeError
from probekit.estimators import (
    CKA,
    RSA,
    ConditionRDM,
    DecodingR2,
    GroupLassoR2,
    ManifoldCapacity,
    MaximumMatch,
    OnlineCodelength,
    RidgeR2,
    RiemannianDistance,
    Selectivity,
    TotalVariance,
    VariationalCodelength,
)
from probekit.inference import noise_ceiling

X = np.random.default_rng(0).normal(size=(12, 3)).astype(np.float32)
LAYERS = pk.extractors.arrays({"a": X})
FEATURES = {"f": np.arange(12) % 2}


@pytest.mark.parametrize("uncertainty", [pk.Bootstrap(), pk.Permutation(), pk.CrossValidation()])
def test_no_examples_to_resample(uncertainty):
    none = pk.extractors.arrays({"a": X[:0]})
    with pytest.raises(ShapeError, match="inputs: 0 examples; at least 1 is needed"):
        pk.probe(none, None, {"f": np.zeros(0)}, uncertainty=uncertainty)


def test_a_code_of_the_fitted_examples_has_no_interval_from_those_held_out():
    half = pk.Bootstrap(replace=False, resamples=5)
    held_out = (LAYERS, FEATURES)
    with pytest.raises(OptionError, match="'online_codelength' is of the examples that it is fit"):
        pk.probe(
            LAYERS,
            None,
            FEATURES,
            held_out=held_out,
            estimators="online_codelength",
            uncertainty=half,
        )


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: pk.Bootstrap(replace="no"), "replace='no': must be True or False"),
        (lambda: pk.Bootstrap(keep=1), "keep=1: must be True or False"),
        (lambda: pk.CrossValidation(shuffle=3), "shuffle=3: must be True or False"),
        (lambda: pk.Permutation(whole="yes"), "whole='yes': must be True or False"),
        (lambda: DecodingR2(penalty="weak"), "penalty='weak': must be a number"),
        (lambda: CKA(bandwidth=None), "bandwidth=None: must be a number"),
        (lambda: CKA(kernel=["rbf"]), r"kernel=\['rbf'\]: not a choice"),
        (lambda: RidgeR2(penalties=0.1), "penalties=0.1: must be a tuple of numbers"),
        (lambda: RidgeR2(penalties=("weak",)), "penalties='weak': must be a number"),
        (lambda: OnlineCodelength(fractions="all"), "fractions='all': must be a tuple of num"),
        (lambda: VariationalCodelength(scales=None), "scales=None: must be a tuple of numbers"),
        (lambda: Selectivity(threshold="high"), "threshold='high': must be a number"),
        (lambda: GroupLassoR2(sparsity="some"), "sparsity='some': must be a number"),
        (lambda: RiemannianDistance(shrinkage=None), "shrinkage=None: must be a number"),
        (lambda: ConditionRDM(shrinkage=None), "shrinkage=None: must be a number"),
        (lambda: RSA(prior_lambda="flat"), "prior_lambda='flat': must be a number"),
        (lambda: MaximumMatch(tolerance=[1]), r"tolerance=\[1\]: must be a number"),
        (lambda: ManifoldCapacity(margin={}), "margin={}: must be a number"),
        (lambda: noise_ceiling("x"), "rdms: a str; give an array of numbers"),
    ],
)
def test_options_of_another_type(make, message):
    with pytest.raises(OptionError, match=message):
        make()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Powered(TotalVariance):
    power: float


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (CKA(debiased="nope"), "debiased='nope': must be True or False"),
        (Powered, r"Powered has no default for its option 'power'; give .*Powered\(power=…\)"),
    ],
)
def test_estimators_that_cannot_be_taken(estimator, message):
    with pytest.raises(OptionError, match=message):
        pk.probe(LAYERS, None, FEATURES, estimators=[estimator])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        ("linear_r2", r"features\['g'\]: 13 columns, more than the 12 examples.*Take ridge_r2"),
        ("joint_r2", "features: 14 columns, more than the 12 examples.*Take banded_ridge_r2"),
        (DecodingR2(penalty=0), "layer 'wide': 20 units, more than the 12 examples.*above 0"),
    ],
)
@pytest.mark.filterwarnings("ignore::probekit.errors.OptimismWarning")
def test_fits_that_are_exact_whatever_the_data(estimator, message):
    class Untouched(np.ndarray):
        """Must not be read: sizes are known before."""

        def __getitem__(self, rows):
            raise AssertionError("read")

    wide = np.random.default_rng(0).normal(size=(12, 20)).astype(np.float32)
    layers = pk.extractors.arrays({"narrow": X, "wide": wide.view(Untouched)})
    features = FEATURES | {"g": np.random.default_rng(0).normal(size=(12, 13))}
    with pytest.raises(ShapeError, match=message):
        pk.probe(layers, None, features, estimators=[estimator])
    enough = {"f": FEATURES["f"]}
    assert pk.probe(LAYERS, None, enough, estimators=[estimator]).notnull().all()


SINCE_1970 = 1.7e9 + 100 * X[:, 0].astype(float)


@pytest.mark.parametrize(
    "feature", [SINCE_1970, SINCE_1970.astype(object), np.stack([X[:, 0], SINCE_1970], axis=1)]
)
def test_features_whose_differences_float32_loses(feature):
    """They had few values left, or one, and scores of their own."""
    message = r"features\['f'\]: dtype float64, from 1699.*; such differences are lost in float32"
    with pytest.raises(ShapeError, match=message):
        pk.probe(LAYERS, None, {"f": feature})


def test_whole_numbers_of_python_whose_differences_are_lost():
    """NumPy has no type for them; as float64 they were one number."""
    labels = [2**70 + place % 2 for place in range(len(X))]
    with pytest.raises(ShapeError, match=rf"features\['f'\]: whole numbers from {2**70} to"):
        pk.probe(LAYERS, None, {"f": labels})


@pytest.mark.parametrize(
    "feature",
    [
        1 + 1e-4 * X[:, 0].astype(float),
        np.full(12, 0.1) + 1e-16 * np.arange(12),  # constant within rounding
        np.where(FEATURES["f"], np.nan, 1e9),
        np.float32(SINCE_1970).astype(float),  # what was lost was lost before
    ],
)
@pytest.mark.filterwarnings("ignore:layer 'a'")
def test_features_of_which_float32_loses_nothing_that_counts(feature):
    assert pk.probe(LAYERS, None, {"f": feature}).linear_r2.sizes == {"layer": 1, "feature": 1}


IDENTITY = pk.extractors.function(lambda x: {"a": x})


@pytest.mark.parametrize("offset", [2**31, -(2**31) - 50, 2**40])
def test_inputs_that_jax_would_wrap(offset):
    """Half of them were negative then."""
    inputs = (10 * X).astype(np.int64) + offset
    message = r"inputs: dtype int64, from -?\d+ to -?\d+; JAX computes in int32, where such"
    for call in (
        lambda: pk.probe(IDENTITY, inputs, FEATURES),
        lambda: pk.compare(IDENTITY, IDENTITY, inputs),
        lambda: pk.extract(IDENTITY, inputs),
    ):
        with pytest.raises(ShapeError, match=message):
            call()


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (X.astype(object), r"inputs: shape \(12, 3\), dtype object; numbers are needed"),
        (np.array(["a"] * 12), "inputs: shape .12,., dtype <U1; numbers are needed"),
        (np.zeros(12, "M8[s]"), "dtype datetime64.*; numbers are needed"),
    ],
)
def test_inputs_that_cannot_be_traced(inputs, message):
    with pytest.raises(ShapeError, match=message):
        pk.probe(IDENTITY, inputs, FEATURES)


@pytest.mark.parametrize(
    ("activations", "message"),
    [
        (
            1e9 + X.astype(float),
            r"activations\['a'\]: dtype float64, from .*Subtract an off",
        ),
        (
            1e-300 * X.astype(float),
            r"activations\['a'\]: dtype float64, .*Multiply by a lar",
        ),
    ],
)
def test_activations_of_which_float32_keeps_nothing(activations, message):
    """Accuracies of them were those of one class."""
    with pytest.raises(ShapeError, match=message):
        pk.extractors.arrays({"a": activations})


def test_features_that_are_0_in_float32():
    with pytest.raises(ShapeError, match=r"features\['f'\]: dtype float64, from 0.0 to 1.1e-299"):
        pk.probe(LAYERS, None, {"f": 1e-300 * np.arange(12)})


def test_a_weight_behind_a_mask_is_not_known():
    weight = np.ma.array(np.ones(12), mask=np.arange(12) == 2)
    with pytest.raises(OptionError, match="weight: some are negative or not finite"):
        pk.probe(LAYERS, None, FEATURES, weight=weight)


@pytest.mark.filterwarnings("error:overflow")
def test_the_largest_integers():
    large = np.arange(12, dtype=np.uint64)[:, None] + np.uint64(2**63)
    with pytest.raises(ShapeError, match=r"activations\['a'\]: dtype uint64, from 92.*8 to 92.*;"):
        pk.probe(pk.extractors.arrays({"a": large}), None, FEATURES)


def test_missing_integers_of_pandas_are_unknown():
    """Their mask is none of NumPy's."""
    column = pd.array([None, *range(11)], "Int64")
    with pytest.warns(ScoreWarning, match="linear_r2 is NaN"):
        scores = pk.probe(LAYERS, None, {"f": column}, estimators="linear_r2")
    assert scores.linear_r2.isnull().all()
    assert np.isnan(pk.measures.linear_r2(X, column))


def test_small_half_precision_numbers_are_taken():
    """Below float16's least normal number, which is far above that of float32."""
    x = np.float16(1e-3 * np.random.default_rng(0).normal(size=(300, 4)))
    assert (abs(x) < np.finfo(np.float16).tiny).any()
    wanted = pk.measures.linear_r2(np.float32(x), np.float32(x[:, 0]))
    assert pk.measures.linear_r2(x, x[:, 0]) == wanted
    ds = pk.probe(pk.extractors.arrays({"l": x}), None, {"f": x[:, 0]}, estimators=["linear_r2"])
    assert ds.linear_r2.item() == pytest.approx(float(wanted), abs=1e-6)
