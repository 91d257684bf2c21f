"""Noise ceilings: those of rsatoolbox, and bounds indeed."""

import numpy as np
import pytest
import scipy.optimize
from scipy.spatial.distance import squareform

from probekit import measures
from probekit.errors import OptionError, ShapeError
from probekit.inference import noise_ceiling
from probekit.inference.ceilings import COMPARISONS
from tests.optional import optional
from tests.reference import oracles
from tests.reference.as_rsatoolbox import OF_ENTRIES as PEERS
from tests.reference.as_rsatoolbox import WHITENED

SUBJECTS, N = 6, 8
PAIRS = N * (N - 1) // 2
ROWS = np.random.default_rng(0).normal(size=(SUBJECTS, PAIRS)) + 3 + np.arange(PAIRS) / 10
TIED = np.round(ROWS)


def squares(rows):
    return np.stack([squareform(row) for row in rows])


def test_every_comparison_has_one():
    assert set(COMPARISONS) == {*PEERS, *WHITENED}


@pytest.mark.filterwarnings("ignore:Noise ceiling for tau:UserWarning")
@pytest.mark.parametrize("rows", [ROWS, TIED], ids=["plain", "tied"])
@pytest.mark.parametrize("comparison", PEERS)
def test_as_rsatoolbox(comparison, rows):
    toolbox = optional("rsatoolbox")
    rdms = toolbox.rdm.RDMs(rows)
    theirs = toolbox.inference.boot_noise_ceiling(rdms, method=PEERS[comparison])
    ours = noise_ceiling(squares(rows), comparison=comparison)
    np.testing.assert_allclose(ours, theirs, atol=1e-10)


@pytest.mark.filterwarnings("ignore:Noise ceiling for tau:UserWarning")
@pytest.mark.parametrize("comparison", ["pearson", "kendall"])
def test_groups_as_rsatoolbox(comparison):
    toolbox = optional("rsatoolbox")
    subjects = np.array([0, 0, 1, 1, 1, 2])
    rdms = toolbox.rdm.RDMs(ROWS, rdm_descriptors={"subject": subjects})
    theirs = toolbox.inference.boot_noise_ceiling(
        rdms, method=PEERS[comparison], rdm_descriptor="subject"
    )
    ours = noise_ceiling(
        squares(ROWS), comparison=comparison, groups=np.array(list("abc"))[subjects]
    )
    np.testing.assert_allclose(ours, theirs, atol=1e-10)


@pytest.mark.parametrize("comparison", WHITENED)
def test_whitened_as_rsatoolbox(comparison):
    """With the pooled matrices of its fits, which are the best; those of its ceilings are not."""
    toolbox = optional("rsatoolbox")
    pool_rdm = optional("rsatoolbox.util.pooling").pool_rdm
    method = WHITENED[comparison]

    def similar(pooled, subject):
        pool = pool_rdm(toolbox.rdm.RDMs(pooled), method=method)
        return toolbox.rdm.compare(pool, toolbox.rdm.RDMs(ROWS[[subject]]), method=method)[0, 0]

    theirs = [
        np.mean(
            [similar(np.delete(ROWS, subject, axis=0), subject) for subject in range(SUBJECTS)]
        ),
        np.mean([similar(ROWS, subject) for subject in range(SUBJECTS)]),
    ]
    ours = noise_ceiling(squares(ROWS), comparison=comparison)
    np.testing.assert_allclose(ours, theirs, atol=1e-8)  # its whitening is iterative
    near = toolbox.inference.boot_noise_ceiling(toolbox.rdm.RDMs(ROWS), method=method)
    assert near[1] <= ours[1] + 1e-9
    np.testing.assert_allclose(ours, near, atol=2e-3)


@pytest.mark.slow
@pytest.mark.parametrize("comparison", ["pearson", "cosine", *WHITENED])
def test_no_matrix_does_better(comparison):
    """Whatever is searched from where, and a weighted model of the matrices themselves."""
    upper = noise_ceiling(squares(ROWS), comparison=comparison)[1]
    generator = np.random.default_rng(1)

    def loss(row):
        return -np.mean([oracles.compare(row, other, comparison) for other in ROWS])

    found = scipy.optimize.minimize(loss, generator.random(PAIRS), options={"maxiter": 30})
    assert -found.fun <= upper + 1e-9
    options = {"model": "linear", "comparison": comparison}
    weights = np.float64(measures.fit_rdm_weights(squares(ROWS), squares(ROWS), **options))
    assert -loss(weights @ ROWS) == pytest.approx(upper, abs=1e-6)


@pytest.mark.parametrize("comparison", COMPARISONS)
def test_bounds_are_those_of_compare_rdms(comparison):
    """One subject twice, and one between two others."""
    lower, upper = noise_ceiling(squares(TIED[[0, 0]]), comparison=comparison)
    same = float(measures.compare_rdms(*squares(TIED[[0, 0]]), comparison=comparison))
    np.testing.assert_allclose([lower, upper], same, atol=1e-6)
    assert (same < 0.999) == (comparison in ("kendall", "rho_a"))  # which count ties
    lower = noise_ceiling(squares(TIED[:2]), comparison=comparison)[0]
    other = float(measures.compare_rdms(*squares(TIED[:2]), comparison=comparison))
    assert lower == pytest.approx(other, abs=1e-6)


@pytest.mark.parametrize("comparison", COMPARISONS)
def test_undefined(comparison):
    square = squareform(np.arange(1.0, 7))
    options = {"comparison": comparison}
    assert np.isnan(noise_ceiling([square, np.full((4, 4), np.nan)], **options)).all()
    flat = noise_ceiling([square, np.full((4, 4), 3.3)], **options)
    assert np.isnan(flat).all() != (comparison in ("cosine", "whitened_cosine"))
    assert np.isnan(noise_ceiling([square, np.zeros((4, 4))], **options)).all()
    scaled = noise_ceiling(1e200 * squares(ROWS), **options)
    np.testing.assert_allclose(scaled, noise_ceiling(squares(ROWS), **options), rtol=1e-9)


def test_errors():
    square = squareform(np.arange(1.0, 4))
    with pytest.raises(ShapeError, match=r"rdms: shape \(1, 3, 3\)"):
        noise_ceiling([square])
    with pytest.raises(ShapeError, match=r"groups: shape \(3,\); there are 2 matrices"):
        noise_ceiling([square, square], groups=[0, 1, 2])
    with pytest.raises(ShapeError, match="groups: 1; at least 2 are needed"):
        noise_ceiling([square, square], groups=[0, 0])
    with pytest.raises(OptionError, match="groups: 1 of 2 labels are missing"):
        noise_ceiling([square, square], groups=[0, np.nan])
    with pytest.raises(OptionError, match="comparison='corr': not a choice"):
        noise_ceiling([square, square], comparison="corr")
