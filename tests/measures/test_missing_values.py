"""Conditions some of whose examples lack some units: pair by pair of what both have."""

import numpy as np
import pytest

from probekit import measures
from probekit.errors import OptionError
from tests.measures.test_unbalanced import (
    CONDITIONS,
    COUNTS,
    FOLDS,
    LABELS,
    OF_EXAMPLES,
    UNITS,
    X,
    check,
    theirs,
)

HOLES = np.random.default_rng(0).random(X.shape) < 0.15
PARTIAL = np.where(HOLES, np.nan, X)
PARTIAL = PARTIAL - np.nanmean(PARTIAL, axis=0)  # rsatoolbox depends on where 0 is
RATES = np.where(HOLES, np.nan, COUNTS)
OPTIONS = {
    "squared_euclidean": {},
    "crossnobis": {"precision": "identity", "unbalanced": True},
    "poisson": {"unbalanced": True},
    "poisson_cv": {"unbalanced": True},
}


def found(x, metric, **options):
    options = OPTIONS[metric] | options
    return np.asarray(measures.condition_rdm(x, LABELS, metric=metric, missing="omit", **options))


def given(metric):
    return RATES if metric.startswith("poisson") else PARTIAL


@pytest.mark.slow
@pytest.mark.parametrize(
    ("metric", "folds"),
    [
        ("squared_euclidean", None),
        ("crossnobis", FOLDS),
        ("poisson", None),
        ("poisson_cv", FOLDS),
        ("crossnobis", OF_EXAMPLES),
        ("poisson_cv", OF_EXAMPLES),
    ],
)
def test_as_rsatoolbox(metric, folds):
    x, runs = given(metric), {} if folds is None else {"folds": folds}
    method = metric.removeprefix("squared_")
    units = 1 if metric.startswith("poisson") else UNITS
    check(found(x, metric, **runs), units * theirs(x, method, folds))
    if not metric.startswith("poisson"):
        check(found(x + 50, metric, **runs), found(x, metric, **runs), 1e-3)
    assert np.isnan(measures.condition_rdm(x, LABELS, metric=metric, **OPTIONS[metric])).all()


@pytest.mark.slow
@pytest.mark.parametrize("metric", OPTIONS)
def test_where_nothing_is_missing_it_is_the_same(metric):
    """By folds that are drawn, too."""
    x = COUNTS if metric.startswith("poisson") else X
    plain = measures.condition_rdm(x, LABELS, metric=metric, **OPTIONS[metric])
    check(found(x, metric), plain)


@pytest.mark.parametrize("metric", OPTIONS)
def test_undefined(metric):
    x = given(metric).copy()
    x[LABELS == 1] = np.nan  # nothing is known of it
    x[:, 2] = np.nan
    wanted = np.arange(CONDITIONS) == 1
    missing = np.isnan(found(x, metric))
    np.testing.assert_array_equal(missing, wanted[:, None] | wanted[None, :])
    assert (np.diagonal(found(x, metric))[~wanted] == 0).all()
    x[0, 0] = np.inf
    assert np.isnan(found(x, metric)).all()
    if metric.startswith("poisson"):
        x[0, 0] = -1
        wanted = wanted | (np.arange(CONDITIONS) == LABELS[0])
        missing = np.isnan(found(x, metric))
        np.testing.assert_array_equal(missing, wanted[:, None] | wanted[None, :])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"missing": "drop"}, "missing='drop': not a choice"),
        ({"metric": "correlation"}, "missing='omit': metric 'correlation' is of all units; cros"),
        ({"unbalanced": True}, "missing='omit': crossnobis is then of precision='identity'; giv"),
        ({"metric": "poisson"}, "missing='omit': is of pairs of examples; give unbalanced=True"),
    ],
)
def test_what_cannot_be_left_out(options, message):
    with pytest.raises(OptionError, match=message):
        measures.condition_rdm(X, LABELS, **{"missing": "omit"} | options)
