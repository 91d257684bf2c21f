"""Whitened comparisons where noise is correlated, or pairs are missing: by V, and rsatoolbox."""

import jax
import numpy as np
import pytest
from scipy.spatial.distance import squareform

from probekit import measures
from probekit.errors import OptionError, ShapeError
from tests.optional import optional
from tests.reference.as_rsatoolbox import WHITENED as PEERS
from tests.reference.tolerances import SCORE

N = 9
GENERATOR = np.random.default_rng(0)
ROWS = GENERATOR.normal(size=(3, N * (N - 1) // 2)) ** 2 + np.arange(N * (N - 1) // 2) / 9
A, B, _ = SQUARES = np.stack([squareform(row) for row in ROWS])
MIXING = GENERATOR.normal(size=(N, N))
COVARIANCE = MIXING @ MIXING.T + 0.5 * np.eye(N)
VARIANCES = GENERATOR.random(N) + 0.2
COMPARISONS = [*PEERS]


def by_v(a, b, comparison, covariance, kept=None):
    """Compare by the inverse of the covariance of the dissimilarities that are kept."""
    upper = np.triu_indices(N, 1)
    contrast = np.eye(N)[upper[0]] - np.eye(N)[upper[1]]
    v = (contrast @ covariance @ contrast.T) ** 2
    kept = np.ones(len(v), bool) if kept is None else kept
    u, w = a[upper][kept], b[upper][kept]
    if comparison == "whitened_correlation":
        u, w = u - u.mean(), w - w.mean()
    inverse = np.linalg.inv(v[np.ix_(kept, kept)])
    return (u @ inverse @ w) / np.sqrt((u @ inverse @ u) * (w @ inverse @ w))


def ours(a, b, comparison, **options):
    return float(measures.compare_rdms(a, b, comparison=comparison, **options))


@pytest.mark.parametrize("comparison", COMPARISONS)
def test_correlated_noise(comparison):
    toolbox = optional("rsatoolbox")
    a, b = (toolbox.rdm.RDMs(ROWS[[i]]) for i in (0, 1))
    found = ours(A, B, comparison, noise_covariance=COVARIANCE)
    theirs = toolbox.rdm.compare(a, b, method=PEERS[comparison], sigma_k=COVARIANCE)[0, 0]
    assert found == pytest.approx(by_v(A, B, comparison, COVARIANCE), abs=SCORE)
    assert found == pytest.approx(theirs, abs=SCORE)
    assert abs(found - ours(A, B, comparison)) > 0.01


@pytest.mark.parametrize("comparison", COMPARISONS)
def test_variances_are_a_diagonal(comparison):
    """Which rsatoolbox, given them as a vector, takes for noise of what is centred already."""
    toolbox = optional("rsatoolbox")
    a, b = (toolbox.rdm.RDMs(ROWS[[i]]) for i in (0, 1))
    found = ours(A, B, comparison, noise_covariance=VARIANCES)
    diagonal = np.diag(VARIANCES)
    theirs = toolbox.rdm.compare(a, b, method=PEERS[comparison], sigma_k=diagonal)[0, 0]
    assert found == pytest.approx(theirs, abs=SCORE)
    assert found == ours(A, B, comparison, noise_covariance=diagonal)
    plain = ours(A, B, comparison)
    assert ours(A, B, comparison, noise_covariance=np.full(N, 7.0)) == pytest.approx(
        plain, abs=SCORE
    )


@pytest.mark.parametrize("comparison", COMPARISONS)
def test_what_all_examples_share_and_the_scale_do_not_matter(comparison):
    plain = ours(A, B, comparison, noise_covariance=COVARIANCE)
    centre = np.eye(N) - 1 / N
    for other in (1e-9 * COVARIANCE, COVARIANCE + 50, centre @ COVARIANCE @ centre):
        found = ours(1e15 * A, B, comparison, noise_covariance=other)
        assert found == pytest.approx(plain, abs=SCORE)


@pytest.mark.parametrize("comparison", COMPARISONS)
def test_missing_pairs(comparison):
    toolbox = optional("rsatoolbox")
    missing = GENERATOR.random(len(ROWS[0])) < 0.3
    rows = np.where(missing, np.nan, ROWS)
    a, b = (toolbox.rdm.RDMs(rows[[i]]) for i in (0, 1))
    theirs = toolbox.rdm.compare(a, b, method=PEERS[comparison])[0, 0]
    hole = squareform(missing) > 0
    found = ours(np.where(hole, np.nan, A), B, comparison, missing="omit")
    assert found == pytest.approx(theirs, abs=SCORE)
    assert found == pytest.approx(by_v(A, B, comparison, np.eye(N), ~missing), abs=SCORE)
    whole = ours(A, B, comparison, missing="omit")
    assert whole == pytest.approx(ours(A, B, comparison), abs=SCORE)
    alone = np.full((N, N), np.nan)
    alone[:4, :4] = A[:4, :4]  # five examples of which nothing is known
    assert ours(alone, B, comparison, missing="omit") == pytest.approx(
        ours(A[:4, :4], B[:4, :4], comparison), abs=SCORE
    )
    assert np.isnan(ours(np.full((N, N), np.nan), B, comparison, missing="omit"))


@pytest.mark.parametrize("fit", ["fit_regress", "fit_regress_nn"])
def test_weights_are_those_of_rsatoolbox(fit):
    toolbox = optional("rsatoolbox")
    rows = ROWS / np.linalg.norm(ROWS)  # larger ones may keep it from ever coming to an end
    model = toolbox.model.ModelWeighted("model", toolbox.rdm.RDMs(rows[:2]))
    theirs = getattr(toolbox.model.fitter, fit)(
        model, toolbox.rdm.RDMs(rows[2:]), method="cosine_cov", sigma_k=COVARIANCE
    )
    kind = {"fit_regress": "linear", "fit_regress_nn": "nonnegative"}[fit]
    options = {"model": kind, "comparison": "whitened_cosine", "noise_covariance": COVARIANCE}
    found = measures.fit_rdm_weights(SQUARES[:2], SQUARES[2], **options)
    np.testing.assert_allclose(found, theirs, atol=1e-4)  # its whitening is iterative


@pytest.mark.slow
def test_models_of_other_conditions():
    """The noise of the conditions of a fold is that part of its covariance."""
    options = {"comparison": "whitened_correlation", "model": "select"}
    labels = np.arange(N) % 2
    found = measures.evaluate_rdm_model(
        SQUARES[:2], SQUARES[2], folds=labels, noise_covariance=COVARIANCE, **options
    )
    for fold, score in enumerate(found.scores):
        inside = np.ix_(labels == fold, labels == fold)
        chosen = SQUARES[int(np.argmax(found.weights[fold]))]
        wanted = ours(
            chosen[inside],
            SQUARES[2][inside],
            "whitened_correlation",
            noise_covariance=COVARIANCE[inside],
        )
        assert float(score) == pytest.approx(wanted, abs=SCORE)


def test_undefined():
    spoilt = np.where(np.eye(N) > 0, np.nan, 0)
    without = COVARIANCE.copy()
    without[:2], without[:, :2] = 0, 0  # no noise between two examples
    for covariance in (spoilt, without, -COVARIANCE, np.zeros(N)):
        options = {"comparison": "whitened_cosine", "noise_covariance": covariance}
        assert np.isnan(measures.compare_rdms(A, B, **options))
        assert np.isnan(measures.fit_rdm_weights(SQUARES[:2], B, **options)).all()
        folds = [0, 0, 0, 1, 1, 1, 1, 0, 1]
        found = measures.evaluate_rdm_model(SQUARES[:2], B, folds=folds, **options)
        assert np.isnan(found.score)
    half = measures.compare_rdms(np.float16(A), np.float16(B), comparison="whitened_cosine")
    assert float(half) == pytest.approx(ours(A, B, "whitened_cosine"), abs=1e-3)


def test_under_jit():
    options = {"comparison": "whitened_cosine", "noise_covariance": COVARIANCE}
    compiled = jax.jit(lambda a, b: measures.compare_rdms(a, b, **options))
    assert float(compiled(A, B)) == pytest.approx(ours(A, B, **options), abs=1e-6)


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        (
            {"noise_covariance": COVARIANCE},
            OptionError,
            "noise_covariance: comparison='pearson' uses none; leave it out, or give comp",
        ),
        (
            {"noise_covariance": np.ones(3), "comparison": "whitened_cosine"},
            ShapeError,
            r"noise_covariance: shape \(3,\); there are 9 examples. Give \(example,\) or",
        ),
        (
            {"noise_covariance": VARIANCES, "comparison": "whitened_cosine", "missing": "omit"},
            OptionError,
            "missing='omit': not beside noise_covariance; leave one of them out",
        ),
    ],
)
def test_what_cannot_be_is_refused(options, kind, message):
    with pytest.raises(kind, match=message):
        measures.compare_rdms(A, B, **options)
