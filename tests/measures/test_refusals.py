"""What encoding, decoding and geometry refuse: in one line of their own, before or in place of a
traceback of NumPy, JAX or scikit-learn.
"""

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.svm import SVC

from probekit import measures
from probekit.errors import OptionError, ShapeError

X = np.random.default_rng(0).normal(size=(12, 3))
Y = np.arange(12) % 3


@pytest.mark.parametrize("measure", ["linear_r2", "silhouette", "decoding", "mutual_information"])
def test_without_columns_there_is_nothing_to_look_at(measure):
    with pytest.raises(ShapeError, match=r"x: shape \(12, 0\).*at least one column is needed"):
        getattr(measures, measure)(X[:, :0], Y)
    with pytest.raises(ShapeError, match=r"y: shape \(12, 0\).*at least one column is needed"):
        getattr(measures, measure)(X, X[:, :0])
    with pytest.raises(ShapeError, match=r"x: shape \(12, 0\).*at least one column is needed"):
        measures.total_variance(X[:, :0])


def test_rows_of_unlike_length():
    with pytest.raises(ShapeError, match="x: a list of rows of unlike length; give rows of one"):
        measures.linear_r2([[1, 2], [3]] * 6, Y)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"options": {"nonsense": 3}}, r"options=\{'nonsense': 3\}: refused by LogisticRegression"),
        ({"options": {"C": -1.0}}, "probe='logistic': refused its options or the examples .*'C'"),
        ({"probe": "knn", "options": {"n_neighbors": 50}}, "probe='knn': refused .*n_neighbors"),
        ({"probe": "sklearn.linear_model:Lasso"}, "Lasso': names no classes, .* metric='r2'"),
        ({"probe": KMeans(2)}, "probe='KMeans': names no classes"),
        ({"probe": SVC}, r"probe: the class SVC; give one of it, SVC\(\)"),
        ({"probe": SVC(), "options": {"nonsense": 3}}, r"options=.*: refused by SVC\(\)"),
        ({"probe": 3}, "probe=3: cannot be fitted and predict; give a classifier"),
        ({"probe": "sklearn.decomposition:PCA", "metric": "r2"}, "PCA.*: cannot be fitted and"),
    ],
)
def test_probes_that_do_not_fit(options, message):
    with pytest.raises(OptionError, match=message):
        measures.decoding(X, Y, **options)


def test_a_classifier_of_numbers():
    with pytest.raises(OptionError, match=r"probe='sklearn.svm:SVC': refused .*continuous"):
        measures.decoding(X, X[:, 0], probe="sklearn.svm:SVC", metric="r2")


@pytest.mark.parametrize(
    ("measure", "options", "message"),
    [
        ("ridge_r2", {"penalties": 1.0}, "penalties=1.0: must be a tuple of numbers"),
        ("ridge_r2", {"penalties": "abc"}, "penalties='abc': must be a tuple of numbers"),
        ("decoding_r2", {"penalty": "1"}, "penalty='1': must be a number"),
        ("selectivity", {"threshold": "a"}, "threshold='a': must be a number"),
        ("online_codelength", {"fractions": "ab"}, "fractions='ab': must be a tuple of numbers"),
        ("transrate", {"precision": None}, "precision=None: must be a number"),
        ("control_selectivity", {"types": Y, "held_out": (X, Y)}, "with types it is three arrays"),
    ],
)
def test_options_of_another_type(measure, options, message):
    with pytest.raises(OptionError, match=message):
        getattr(measures, measure)(X, Y, **options)


@pytest.mark.parametrize(
    ("measure", "remedy"),
    [
        ("linear_r2", "ridge_r2"),
        ("joint_r2", "ridge_r2"),
        ("unique_r2", "ridge_r2"),
        ("commonality", "ridge_r2"),
        ("shapley_r2", "ridge_r2"),
        ("relative_weights", "ridge_r2"),
    ],
)
def test_more_columns_than_examples(measure, remedy):
    y = np.random.default_rng(0).normal(size=(8, 9))
    with pytest.raises(ShapeError, match=f"y: 9 columns, more than the 8 examples.*{remedy}"):
        getattr(measures, measure)(y[:, :3], y)


def test_more_units_than_examples_without_a_penalty():
    x = np.random.default_rng(0).normal(size=(8, 9))
    with pytest.raises(ShapeError, match="x: 9 units, more than the 8 examples to fit on"):
        measures.decoding_r2(x, x[:, 0], penalty=0)
    assert 0 < measures.decoding_r2(x, x[:, 0]) <= 1
