"""Ranks of dissimilarities and pooled matrices: against SciPy, rsatoolbox, and noise ceilings."""

import numpy as np
import pytest
from scipy.spatial.distance import squareform
from scipy.stats import rankdata

from probekit import inference, measures
from probekit.errors import OptionError, ShapeError
from probekit.inference.ceilings import COMPARISONS
from tests.optional import optional

N, SUBJECTS = 10, 4
UPPER = np.triu_indices(N, 1)
GENERATOR = np.random.default_rng(0)
COMMON = GENERATOR.random(N * (N - 1) // 2)
SQUARES = np.float32(
    [
        size * squareform(np.round(COMMON + GENERATOR.random(len(COMMON)), 1) + 1)
        for size in (1, 5, 0.1, 3)
    ]
)
EXACT = ("pearson", "cosine", "whitened_cosine", "whitened_correlation")
PEERS = {"pearson": "corr", "cosine": "cosine", "spearman": "spearman"}


def test_ranks_are_those_of_scipy():
    ranks = np.asarray(measures.rank_rdm(SQUARES[0]))
    np.testing.assert_array_equal(ranks[UPPER], rankdata(SQUARES[0][UPPER]))
    np.testing.assert_array_equal(ranks, ranks.T)
    assert (ranks.diagonal() == 0).all()
    np.testing.assert_array_equal(measures.rank_rdm(np.exp(SQUARES[0] * 9)), ranks)
    upper = np.triu(SQUARES[0]) + np.tril(np.full((N, N), np.nan))
    np.testing.assert_array_equal(measures.rank_rdm(upper), ranks)


def test_ranks_of_what_is_hard():
    tied = np.asarray(measures.rank_rdm(np.full((N, N), 3.3)))
    assert (tied[UPPER] == (len(COMMON) + 1) / 2).all()
    for value in (np.nan, np.inf):
        hole = SQUARES[0].copy()
        hole[2, 5] = value
        assert np.isnan(measures.rank_rdm(hole)).all()
    half = SQUARES[0].astype(np.float16)
    wanted = measures.rank_rdm(half.astype(np.float32))
    np.testing.assert_array_equal(measures.rank_rdm(half), wanted)
    with pytest.raises(ShapeError, match=r"rdm: .*square matrix is needed"):
        measures.rank_rdm(SQUARES[0][:, :4])


def mean_comparison(square, comparison):
    return np.mean([measures.compare_rdms(square, z, comparison=comparison) for z in SQUARES])


@pytest.mark.parametrize(
    "comparison",
    [name if name in PEERS else pytest.param(name, marks=pytest.mark.slow) for name in COMPARISONS],
)
def test_what_is_pooled_reaches_the_upper_noise_ceiling(comparison):
    pooled = measures.pooled_rdm(SQUARES, comparison=comparison)
    found = mean_comparison(pooled, comparison)
    ceiling = inference.noise_ceiling(SQUARES, comparison=comparison)
    assert found == pytest.approx(ceiling[1], abs=1e-5)
    np.testing.assert_array_equal(pooled, pooled.T)
    if comparison in EXACT:
        near = pooled + squareform(0.05 * np.random.default_rng(1).normal(size=len(COMMON)))
        assert mean_comparison(near, comparison) < found


@pytest.mark.parametrize("comparison", PEERS)
def test_pooled_as_rsatoolbox(comparison):
    toolbox = optional("rsatoolbox")
    rdms = toolbox.rdm.RDMs(np.float64(SQUARES)[:, *UPPER])
    wanted = toolbox.util.pooling.pool_rdm(rdms, method=PEERS[comparison]).get_vectors()[0]
    ours = measures.pooled_rdm(SQUARES, comparison=comparison)[UPPER]
    if comparison == "pearson":
        wanted, ours = (z - z.mean() for z in (wanted, ours))
    np.testing.assert_allclose(
        ours / np.linalg.norm(ours), wanted / np.linalg.norm(wanted), atol=1e-12
    )


@pytest.mark.parametrize("comparison", COMPARISONS)
def test_pooled_of_what_is_hard(comparison):
    constant, hole = SQUARES.copy(), SQUARES.copy()
    constant[1] = 0
    hole[1, 2, 5] = np.nan
    for spoilt in (constant, hole):
        assert np.isnan(measures.pooled_rdm(spoilt, comparison=comparison)[UPPER]).all()
    wanted = measures.pooled_rdm(SQUARES, comparison=comparison)
    large = np.float64(SQUARES) * 1e200
    np.testing.assert_allclose(measures.pooled_rdm(large, comparison=comparison), wanted, rtol=1e-9)
    copies = measures.pooled_rdm(SQUARES[[0, 0]], comparison=comparison)
    one = measures.pooled_rdm(SQUARES[:1], comparison=comparison)
    np.testing.assert_allclose(copies, one, rtol=1e-12)


def test_what_cannot_be_is_refused():
    with pytest.raises(OptionError, match=r"comparison='corr': not a choice"):
        measures.pooled_rdm(SQUARES, comparison="corr")
    with pytest.raises(ShapeError, match=r"rdms: shape \(10, 10\); \(subject, example, example\)"):
        measures.pooled_rdm(SQUARES[0])
