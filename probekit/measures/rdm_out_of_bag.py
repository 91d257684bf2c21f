"""How well a model of dissimilarity matrices does on what a bootstrap did not draw."""

import zlib
from typing import Any

import numpy as np

from probekit._checks import check_choice
from probekit.measures.comparisons import Comparison
from probekit.measures.rdm_bootstrap import check_drawn, drawings, evaluated, group_counts
from probekit.measures.rdm_draws import KINDS, Kind, Plan, bagged, counts_of, of_drawn
from probekit.measures.rdm_fitting import Model
from probekit.measures.rdm_models import checked
from probekit.measures.rdm_parts import Recipe
from probekit.measures.rdm_spread import RDMOutOfBag


def out_of_bag_rdm_model(
    candidates: Any,
    targets: Any,
    *,
    model: Model = "nonnegative",
    comparison: Comparison = "pearson",
    penalty: float = 0.0,
    resample: Kind | None = None,
    resamples: int = 1000,
    groups: Any = None,
    subject_groups: Any = None,
    seed: int = 0,
) -> RDMOutOfBag:
    """Score of a model of dissimilarities on the conditions and subjects that were not drawn.

    Conditions and subjects are drawn with replacement, as `bootstrap_rdm_model` draws them; weights
    as `fit_rdm_weights` finds them on the resample, where pairs of copies of one condition, or in
    other copies of one group, do not count; then the mean comparison of Σ_i w_i C_i with the
    matrices of the subjects that were not drawn, over the pairs of the conditions that were not: on
    average a share of 1/e, 37 %.

    Parameters
    ----------
    candidates : array (candidate, example, example)
    targets : array (example, example) or (subject, example, example)
        Matrices of subjects, runs, seeds.
    model, comparison, penalty
        As in `fit_rdm_weights`.
    resample : {"both", "conditions", "subjects"}, optional
        What is drawn; of the other all are there, to fit and to score. Unless given ``both`` where
        there are several subjects, and otherwise ``conditions``.
    resamples : int
    groups : array (example,), optional
        Conditions that are drawn together.
    subject_groups : array (subject,), optional
        Matrices that are drawn together, such as runs of a subject.
    seed : int

    Returns
    -------
    RDMOutOfBag
        The mean ``score`` in [-1, 1], that of each resample, and on how much it was scored. A score
        is 0 if all weights are. NaN where the resample or what is left out of it has fewer than 3
        conditions or no subject, or a comparison is undefined: if all are, so is the mean. Of one
        subject there is no ceiling.

    Raises
    ------
    ShapeError
        As `fit_rdm_weights`; or if groups are not one each.
    OptionError
        As `fit_rdm_weights`; or if there are fewer than 2 resamples, or a single subject, or group,
        shall be resampled.

    Notes
    -----
    Invariant to the scale of the targets. O(b ((k + s) n² + k² n² + k⁴)) for b resamples, k
    candidates and s subjects; what ranks cost is said in `fit_rdm_weights`. On the host but for
    that. Against `evaluate_rdm_model` on folds, no score depends on how these were dealt, but
    weights are fitted to fewer unlike conditions than those of ten folds: as many as those of two
    or three have. The spread of ``scores`` is that of small sets of conditions and not the
    uncertainty of their mean, which `bootstrap_rdm_model` tells. Models that are given the same
    options have the same resamples: `rdm_model_difference` compares them. Ceilings are
    comparisons, on the conditions that were not drawn, of the subjects that were not: the lower one
    with the mean of those that were drawn, the upper one with that of all, those that were drawn as
    often as they were. Where no subjects are drawn they are those of `noise_ceiling`, of groups
    too. Scores are those of rsatoolbox's ``bootstrap_testset``, which has no ceilings.

    References
    ----------
    Breiman 1996, Out-of-bag estimation; Efron and Tibshirani 1997, Improvements on
    cross-validation: the .632+ bootstrap method (the leave-one-out bootstrap); Schütt et al. 2023,
    Statistical inference on representational geometries.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import out_of_bag_rdm_model, rdm
    >>> x = np.random.default_rng(0).normal(size=(15, 2))
    >>> first, second, both = (
    ...     rdm(z, metric="squared_euclidean") for z in (x[:, :1], x[:, 1:], x * [2, 1])
    ... )
    >>> found = out_of_bag_rdm_model([first, second], both, resamples=20)
    >>> round(found.score, 4), int(found.conditions.min())
    (1.0, 3)
    """
    squares, targets = checked(candidates, targets, model, comparison, penalty)
    options = drawings(resamples, groups, subject_groups, seed)
    sizes = (squares.shape[1], len(targets))
    of_conditions, of_subjects = group_counts(options, sizes)
    resample = resample or ("both" if of_subjects > 1 else "conditions")
    check_choice("resample", resample, KINDS)
    check_drawn(resample, (of_conditions, of_subjects))
    plan = Plan(1 + (resample != "subjects"), 1 + (resample != "conditions"), 1)
    counts, subject_counts = counts_of(*options, (resample,), sizes)
    draws = bagged(counts[1:], subject_counts[1:], *options, plan)  # the first is the data itself
    recipe = Recipe(model, comparison, float(penalty))
    found = evaluated(squares, targets, draws, recipe, plan, 1)
    scores, ceilings = (np.asarray(z, float) for z in found)
    conditions, subjects = _left_out(draws.folds), _left_out(draws.subject_folds)
    of_both = float(conditions.mean() / sizes[0]), float(subjects.mean() / sizes[1])
    return RDMOutOfBag(
        score=float(_mean(scores)),
        scores=scores,
        ceiling=_mean(ceilings),
        ceilings=ceilings,
        conditions=conditions,
        subjects=subjects,
        drawn=zlib.crc32(b"".join(np.asarray(z).tobytes() for z in draws)),
        possible=np.asarray(draws.possible),
        sizes=of_drawn(resample, of_conditions, of_subjects),
        shares=of_drawn(resample, *of_both),
    )


def _left_out(folds: Any) -> np.ndarray:
    """How many are in fold 0 of each resample."""
    count: np.ndarray = (np.asarray(folds) == 0).sum(axis=1)
    return count


def _mean(each: np.ndarray) -> np.ndarray:
    """Mean over resamples that are defined; NaN if none is."""
    known = ~np.isnan(each)
    count = known.sum(axis=0)
    total = np.where(known, each, 0).sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
