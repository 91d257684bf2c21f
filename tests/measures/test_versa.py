"""Encoding RSA: against scikit-learn's ridge, and where it is undefined."""

import numpy as np
import pytest
from scipy.spatial.distance import pdist
from scipy.stats import kendalltau
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, GroupKFold, LeaveOneOut

from probekit import measures
from probekit.errors import OptionError, ShapeError
from probekit.estimators import VERSA
from probekit.statistics import Examples, state_of
from tests.reference import oracles

PENALTIES = (0.01, 0.3, 10.0)


def summed_error(model, x, y):
    return -np.square(model.predict(x) - y).sum()


def pair(examples=40, units=6, units_y=5, seed=0):
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(examples, units))
    y = x[:, :3] @ generator.normal(size=(3, units_y)) + generator.normal(size=(examples, units_y))
    return np.float32(x), np.float32(y)


@pytest.mark.parametrize(
    ("shape", "options"),
    [
        ({}, {}),
        ({}, {"folds": 3, "rdm": "euclidean", "comparison": "spearman"}),
        ({"units": 60}, {"rdm": "cosine", "comparison": "pearson"}),
        ({"units": 60}, {"penalties": (1e-10, 1e-6, 1e-2)}),  # more units than examples
        ({"units_y": 1}, {}),
    ],
)
def test_against_scikit_learn(shape, options):
    x, y = pair(**shape)
    kept = state_of(Examples(capacity=40), x, y)  # folds are of the order of the hash
    wanted = oracles.versa(None, None, kept.x, kept.y, **options)
    assert float(measures.versa(x, y, **options)) == pytest.approx(wanted, abs=2e-6)


@pytest.mark.parametrize("folds", [2, 4])
def test_named_folds_against_scikit_learn(folds):
    """The penalty, too, is that of whole folds, where more than one is fitted."""
    x, y = pair(40, units_y=3)
    fold = np.random.default_rng(2).permutation(np.arange(40) % folds)
    found = []
    for out in (fold == k for k in range(folds)):
        rest = (x[~out] - x[~out].mean(axis=0)) / x[~out].std(axis=0)
        inner = GroupKFold(folds - 1).split(rest, groups=fold[~out]) if folds > 2 else None
        grid = {"alpha": np.multiply(PENALTIES, (~out).sum())}
        model = GridSearchCV(Ridge(), grid, scoring=summed_error, cv=inner or LeaveOneOut())
        guess = model.fit(rest, y[~out]).predict(
            (x[out] - x[~out].mean(axis=0)) / x[~out].std(axis=0)
        )
        found.append(kendalltau(pdist(guess, "correlation"), pdist(y[out], "correlation"))[0])
    ours = measures.versa(x, y, folds=fold, penalties=PENALTIES)
    assert float(ours) == pytest.approx(np.mean(found), abs=2e-6)


@pytest.mark.slow
def test_units_count_as_far_as_they_are_of_use():
    _, y = pair(60)
    loud = np.float32(np.hstack([y, 50 * np.random.default_rng(1).normal(size=(60, 4))]))
    assert float(measures.versa(loud, y)) > 0.95
    assert float(measures.rsa(loud, y)) < 0.3
    assert abs(float(measures.versa(np.random.default_rng(2).normal(size=(60, 3)), y))) < 0.3


@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_scale_and_offset_of_what_predicts_do_not_matter(scale):
    x, y = pair()
    wanted = float(measures.versa(x, y))
    assert float(measures.versa(np.float32(x * scale), y)) == pytest.approx(wanted, abs=1e-5)
    assert float(measures.versa(x, np.float32(y * scale))) == pytest.approx(wanted, abs=1e-5)
    each = np.float32(np.round(x * 256) / 256) * np.float32([1, 4, 2, 64, 8, 1])
    wanted = float(measures.versa(np.float32(np.round(x * 256) / 256), y))
    assert float(measures.versa(each + np.float32(4096), y)) == pytest.approx(wanted, abs=1e-5)


def test_a_constant_unit_does_not_predict():
    x, y = pair()
    more = np.hstack([x, np.full((40, 1), 3.3, np.float32)])
    assert float(measures.versa(more, y)) == pytest.approx(float(measures.versa(x, y)), abs=1e-6)


def test_where_it_is_undefined():
    x, y = pair()
    for value in (np.nan, np.inf):
        spoilt = x.copy()
        spoilt[7, 2] = value
        assert np.isnan(measures.versa(spoilt, y))
        assert np.isnan(measures.versa(y, spoilt))
    flat = np.full_like(x, 3.3)
    assert np.isnan(measures.versa(flat, y))
    assert np.isnan(measures.versa(y, flat))
    assert np.isnan(measures.versa(x, np.repeat(y[:, :1], 4, axis=1)))  # no correlation over units


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"penalties": ()}, r"penalties=\(\): none to choose from"),
        ({"penalties": (0.0,)}, r"penalties=0.0: must be greater than 0"),
        ({"folds": 1}, r"folds=1: must be at least 2"),
        ({"rdm": "poisson"}, r"rdm='poisson': not a choice"),
        ({"comparison": "kendal"}, r"comparison='kendal': not a choice"),
    ],
)
def test_bad_options_are_refused(options, message):
    for call in (lambda: measures.versa(*pair(), **options), lambda: VERSA(**options)):
        with pytest.raises(OptionError, match=message):
            call()
    with pytest.raises(OptionError, match=r"examples=14: must be at least 15"):
        VERSA(examples=14)


def test_bad_shapes_are_refused():
    x, y = pair()
    with pytest.raises(ShapeError, match=r"y: 9 examples; x has 40"):
        measures.versa(x, y[:9])
    with pytest.raises(ShapeError, match=r"x: 14 examples; at least 15 are needed"):
        measures.versa(x[:14], y[:14])
