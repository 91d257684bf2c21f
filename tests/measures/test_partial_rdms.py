"""Matrices with missing pairs: compared and brought to one scale as rsatoolbox does."""

import numpy as np
import pytest
from scipy.spatial.distance import squareform

from probekit import measures
from probekit.errors import OptionError, ShapeError
from tests.optional import optional
from tests.reference.as_rsatoolbox import OF_ENTRIES as PEERS
from tests.reference.tolerances import SCORE

N, SUBJECTS = 9, 4
PAIRS = N * (N - 1) // 2
GENERATOR = np.random.default_rng(0)
TRUTH = GENERATOR.random(PAIRS) + 0.2
ROWS = (TRUTH + 0.1 * GENERATOR.random((SUBJECTS, PAIRS))) * [[0.3], [1], [2], [5]]
SEEN = GENERATOR.random((SUBJECTS, N)) < 0.8  # a matrix of the examples that a subject saw
MISSING = ~np.stack([squareform(seen[:, None] & seen[None, :], checks=False) for seen in SEEN])
PARTIAL = np.where(MISSING, np.nan, ROWS)


def squares(rows):
    return np.stack([squareform(row) for row in rows])


@pytest.mark.slow
@pytest.mark.parametrize("comparison", PEERS)
def test_missing_pairs_are_left_out(comparison):
    """They must be the same in both for rsatoolbox."""
    toolbox = optional("rsatoolbox")
    a, b = PARTIAL[:2]
    common = np.where(np.isnan(a) | np.isnan(b), np.nan, [a, b])
    rdms = [toolbox.rdm.RDMs(row[None]) for row in common]
    wanted = toolbox.rdm.compare(*rdms, method=PEERS[comparison])[0, 0]
    options = {"comparison": comparison, "missing": "omit"}
    a, b = (np.float32(square) for square in squares([a, b]))
    assert float(measures.compare_rdms(a, b, **options)) == pytest.approx(wanted, abs=SCORE)
    assert np.isnan(measures.compare_rdms(a, b, comparison=comparison))
    infinite = np.where(b == np.nanmax(b), np.inf, b)
    assert np.isnan(measures.compare_rdms(a, infinite, **options))
    nothing = np.full_like(b, np.nan)
    assert np.isnan(measures.compare_rdms(a, nothing, **options))


def test_what_cannot_be_left_out():
    a, b = squares(PARTIAL[:2])
    with pytest.raises(OptionError, match="missing='drop': not a choice"):
        measures.compare_rdms(a, b, missing="drop")


@pytest.mark.parametrize(
    ("weighting", "peer"), [("evidence", "evidence"), ("size", "setsize"), ("equal", "simple")]
)
@pytest.mark.parametrize("rows", [PARTIAL, ROWS], ids=["partial", "whole"])
def test_one_scale_as_rsatoolbox(weighting, peer, rows):
    toolbox = optional("rsatoolbox")
    theirs = toolbox.rdm.combine.rescale(toolbox.rdm.RDMs(rows), method=peer, threshold=1e-12)
    ours = measures.align_rdms(squares(rows), weighting=weighting, threshold=1e-12)
    upper = np.triu_indices(N, 1)
    np.testing.assert_allclose(ours.rdms[:, *upper], theirs.dissimilarities, atol=1e-5)
    assert np.nansum(ours.mean[upper] ** 2) == pytest.approx(1)


def test_what_is_proportional_becomes_equal():
    found = measures.align_rdms(squares(np.where(MISSING, np.nan, TRUTH * [[0.3], [1], [2], [5]])))
    same = np.where(np.isnan(found.rdms), found.mean, found.rdms)
    np.testing.assert_allclose(same, np.broadcast_to(found.mean, same.shape), atol=1e-4)
    scaled = measures.align_rdms(1e200 * squares(PARTIAL), weighting="size")
    plain = measures.align_rdms(squares(PARTIAL), weighting="size")
    np.testing.assert_allclose(scaled.rdms, plain.rdms, rtol=1e-6)


def test_undefined():
    rdms = squares(PARTIAL)
    rdms[0], rdms[1] = 0, np.nan
    rdms[2, 0, 1] = rdms[2, 1, 0] = np.inf
    found = measures.align_rdms(rdms)
    off = ~np.eye(N, dtype=bool)
    assert np.isnan(found.rdms[:3, off]).all()
    np.testing.assert_array_equal(np.isnan(found.rdms[3]), np.isnan(rdms[3]))
    assert np.isnan(measures.align_rdms(rdms[:3]).mean[off]).all()


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"rdms": ROWS}, ShapeError, r"rdms: shape \(4, 36\); \(subject, example, example\) is n"),
        ({"weighting": "simple"}, OptionError, "weighting='simple': not a choice"),
        ({"threshold": 0}, OptionError, "threshold=0: must be greater than 0"),
    ],
)
def test_errors(options, kind, message):
    options = {"rdms": squares(ROWS)} | options
    with pytest.raises(kind, match=message):
        measures.align_rdms(**options)
