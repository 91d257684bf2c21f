"""The prior of rates, wherever distances of rates are compared: as rsatoolbox has it."""

import numpy as np
import pytest

import probekit as pk
from probekit import measures
from probekit.errors import OptionError
from tests.optional import optional
from tests.reference.tolerances import SCORE

GENERATOR = np.random.default_rng(3)
X = np.float32(GENERATOR.gamma(2, size=(20, 5)))
Y = np.float32(GENERATOR.gamma(1 + X))
PRIOR = {"prior_lambda": 3.0, "prior_weight": 0.5}
ARRAYS = pk.extractors.arrays({"x": X})


def theirs(comparison="corr", **prior):
    toolbox = optional("rsatoolbox")
    both = [
        toolbox.rdm.calc_rdm(toolbox.data.Dataset(np.float64(z)), method="poisson", **prior)
        for z in (X, Y)
    ]
    return toolbox.rdm.compare(*both, method=comparison)[0, 0]


@pytest.mark.parametrize("comparison", ["pearson", "spearman"])
def test_rsa(comparison):
    peer = {"pearson": "corr"}.get(comparison, comparison)
    found = measures.rsa(X, Y, rdm="poisson", comparison=comparison, **PRIOR)
    assert float(found) == pytest.approx(theirs(peer, **PRIOR), abs=SCORE)
    plain = measures.rsa(X, Y, rdm="poisson", comparison=comparison)
    assert float(plain) == pytest.approx(theirs(peer), abs=SCORE)
    assert abs(plain - found) > 1e-3


@pytest.mark.slow
def test_estimators():
    options = {"rdm": "poisson", **PRIOR}
    estimators = [
        pk.estimators.RSA(**options),
        pk.estimators.WeightedRSA(rdm_y="poisson", **options),
    ]
    ds = pk.probe(ARRAYS, None, {"y": Y}, estimators=estimators)
    for name in ("rsa", "weighted_rsa"):
        assert float(ds[name].squeeze()) == pytest.approx(theirs(**PRIOR), abs=SCORE)
    one = measures.weighted_rsa(X, [Y], rdm_y="poisson", **options)
    assert float(one.score) == pytest.approx(theirs(**PRIOR), abs=SCORE)


@pytest.mark.slow
def test_resampled():
    """Each example once, and in its own order: the score."""
    estimator = pk.estimators.RSA(rdm="poisson", **PRIOR)
    state = pk.statistics.state_of(estimator.statistic, X, Y)
    once, order = np.ones((1, 20)), np.arange(20)[None]
    for found in (estimator.reweighted(state, once), estimator.reordered(state, order)):
        assert float(found["rsa"][0]) == pytest.approx(theirs(**PRIOR), abs=SCORE)


@pytest.mark.parametrize(
    "call",
    [
        lambda: measures.rsa(X, Y, rdm="poisson", prior_weight=-1),
        lambda: measures.weighted_rsa(X, [Y], rdm="poisson", prior_weight=-1),
    ],
)
def test_priors_that_cannot_be(call):
    with pytest.raises(OptionError, match="prior_weight=-1: must be at least 0 and finite"):
        call()
