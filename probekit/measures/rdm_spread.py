"""What resamples of a model's score say: standard errors, intervals, p-values, differences."""

from typing import NamedTuple

import numpy as np

from probekit._checks import check_confidence
from probekit.errors import OptionError

_UNDEFINED_AT_MOST = 0.1
Sizes = tuple[int | None, int | None]


class RDMBootstrap(NamedTuple):
    """How well a model predicts dissimilarities that it was not fitted to, and how sure that is.

    Attributes
    ----------
    score : float
    standard_error : float
    interval : array (bound,)
        The score and a multiple of the standard error to both sides, by the t distribution.
    p_value : float
        Of a score of at most 0.
    ceiling : array (bound,)
        Lower and upper noise ceiling of the data.
    p_ceiling : float
        That the score is the lower ceiling, two-sided.
    degrees : int
        Of freedom: one less than the number of subjects, or conditions, whichever is smaller, of
        those that were resampled.
    resamples : array (kind, resample, repeat)
        Scores; of ``dual`` there are three kinds: both drawn, subjects, and conditions.
    ceilings : array (kind, resample, repeat, bound)
    sizes : tuple
        How many conditions, or groups, and subjects there are; None where they were not resampled.
    confidence : float
    drawn : int
        A checksum of which resamples these are.
    """

    score: float
    standard_error: float
    interval: np.ndarray
    p_value: float
    ceiling: np.ndarray
    p_ceiling: float
    degrees: int
    resamples: np.ndarray
    ceilings: np.ndarray
    sizes: Sizes
    confidence: float
    drawn: int


class RDMOutOfBag(NamedTuple):
    """How well a model predicts what was left out of each of many resamples it was fitted to.

    Attributes
    ----------
    score : float
        Mean over the resamples on which it is defined.
    scores : array (resample,)
    ceiling : array (bound,)
        Mean lower and upper noise ceiling of the same resamples.
    ceilings : array (resample, bound)
    conditions : array (resample,)
        How many conditions each was scored on.
    subjects : array (resample,)
        How many subjects.
    drawn : int
        A checksum of which resamples these are.
    possible : array (resample,)
        Whether enough was drawn, and left out, to fit and to score: the rest is NaN by the draw.
    sizes : tuple
        How many conditions, or groups, and subjects there are; None where they were not resampled.
    shares : tuple
        Which share of conditions, and of subjects, was left out, on average; None likewise.
    """

    score: float
    scores: np.ndarray
    ceiling: np.ndarray
    ceilings: np.ndarray
    conditions: np.ndarray
    subjects: np.ndarray
    drawn: int
    possible: np.ndarray
    sizes: Sizes
    shares: tuple[float | None, float | None]


class RDMDifference(NamedTuple):
    """How much better one model is than another, with the attributes of `RDMBootstrap`.

    Attributes
    ----------
    difference : float
    standard_error : float
    interval : array (bound,)
    p_value : float
        Of no difference, two-sided.
    """

    difference: float
    standard_error: float
    interval: np.ndarray
    p_value: float


def rdm_model_difference(
    first: RDMBootstrap | RDMOutOfBag,
    second: RDMBootstrap | RDMOutOfBag,
    *,
    confidence: float | None = None,
) -> RDMDifference:
    """Difference of the scores of two models on the same resamples.

    Parameters
    ----------
    first, second : RDMBootstrap or RDMOutOfBag
        Both from `bootstrap_rdm_model`, or both from `out_of_bag_rdm_model`, of the same targets
        with the same options, but for the model.
    confidence : float, optional
        Of the interval, between 0 and 1; unless given that of the models, 0.95 of those that were
        scored out of bag.

    Returns
    -------
    RDMDifference
        ``difference``: first - second; its ``standard_error``, ``interval``, and ``p_value``. NaN
        where those of the models are; out of bag also if of the resamples that can be fitted and
        scored more than one in ten is undefined for a model.

    Raises
    ------
    OptionError
        If the models were not scored on the same resamples.

    Notes
    -----
    Out of bag, each resample scores models that were fitted to other conditions or subjects, so
    that one with more weights gains nothing by them; the difference is the mean over resamples. It
    has not their spread, which is that of small sets, nor 1 / b of it, as b resamples score the
    same conditions again and again: two sets that hold a share q of all each are correlated by q
    (means over them are), so that the variance is that of the resamples, S², times
    1 / b + q / (1 - q), some 0.58 S², as Nadeau and Bengio correct it. rsatoolbox's ``pair_tests``
    takes the share of resamples with a difference of the other sign, thus the spread of the small
    sets, and has wider intervals by 1.3 (q / (1 - q) is 0.58). Of what is noise of single pairs, or
    of single subjects at single conditions, sets share q² alone: then the interval is too wide, up
    to twice as wide as it could be if conditions and subjects are both drawn.

    References
    ----------
    Schütt et al. 2023, Statistical inference on representational geometries; Nadeau and Bengio
    2003, Inference for the generalization error (out of bag).

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import bootstrap_rdm_model, rdm, rdm_model_difference
    >>> x = np.random.default_rng(0).normal(size=(20, 2))
    >>> first, second, both = (
    ...     rdm(z, metric="squared_euclidean") for z in (x[:, :1], x[:, 1:], x * [2, 1])
    ... )
    >>> options = {"model": "fixed", "folds": 1, "resamples": 50}
    >>> a, b = (bootstrap_rdm_model(z[None], both, **options) for z in (first, second))
    >>> found = rdm_model_difference(a, b)
    >>> found.difference > 0, bool(found.p_value < 0.01)
    (True, True)
    """
    if confidence is not None:
        check_confidence(confidence)
    if first.drawn != second.drawn or type(first) is not type(second):
        raise _other_resamples()
    if isinstance(first, RDMOutOfBag) and isinstance(second, RDMOutOfBag):
        difference, error = _out_of_bag(first, second)
        degrees, usual = _degrees(first.sizes), 0.95
    else:
        assert isinstance(first, RDMBootstrap)
        assert isinstance(second, RDMBootstrap)
        if first.resamples.shape != second.resamples.shape:
            raise _other_resamples()
        difference = first.score - second.score
        error = standard_error(first.resamples - second.resamples, first.sizes)
        degrees, usual = first.degrees, first.confidence
    interval = around(difference, error, degrees, usual if confidence is None else confidence)
    p = p_value(difference, error, degrees, two_sided=True)
    return RDMDifference(difference, error, interval, p)


def _other_resamples() -> OptionError:
    return OptionError(
        "second: not scored on the resamples of first; give both the same folds, repeats, "
        "resample, resamples, groups and seed."
    )


def _degrees(sizes: Sizes) -> int:
    return min(n for n in sizes if n is not None) - 1


def _out_of_bag(first: RDMOutOfBag, second: RDMOutOfBag) -> tuple[float, float]:
    """Mean difference out of bag, and its standard error; NaN if many are undefined."""
    each = (first.scores - second.scores)[first.possible]
    known = each[~np.isnan(each)]
    if len(known) < 2 or len(known) < (1 - _UNDEFINED_AT_MOST) * len(each):
        return float("nan"), float("nan")
    share = max(q for q in first.shares if q is not None)
    more = 1 / len(known) + share / (1 - share)
    return float(known.mean()), float(np.sqrt(more * known.var(ddof=1)))


def standard_error(draws: np.ndarray, sizes: Sizes) -> float:
    """Root of the variance of what was drawn ``(kind, resample, repeat)``; NaN if many are.

    Repeats differ by the drawing of folds alone: with r of them (r V_mean - V_one) / (r - 1) is
    the variance without it.
    """
    defined = ~np.isnan(draws).any(axis=(0, 2))
    if defined.mean() < 1 - _UNDEFINED_AT_MOST or defined.sum() < 2:
        return float("nan")
    draws, repeats = draws[:, defined], draws.shape[2]
    variances = draws.mean(axis=2).var(axis=1, ddof=1)
    if repeats > 1:
        of_one = draws.var(axis=1, ddof=1).mean(axis=1)
        variances = (repeats * variances - of_one) / (repeats - 1)
    known = [n for n in sizes if n is not None]
    if len(variances) == 1:
        found = variances[0] * min(known) / (min(known) - 1)
    else:
        found = _of_three(variances, *known)
    return float(np.sqrt(max(found, 0)))


def _of_three(variances: np.ndarray, conditions: int, subjects: int) -> float:
    """Variance from bootstraps over both, subjects alone and conditions alone.

    That over both holds the variance of single measurements once more than each of the others.
    """
    more, more_subjects = conditions / (conditions - 1), subjects / (subjects - 1)
    both, of_subjects, of_conditions = variances
    alone = more_subjects * of_subjects, more * of_conditions
    found = sum(alone) - more * more_subjects * (both - of_subjects - of_conditions)
    return float(min(max(found, *alone), both))


def around(value: float, error: float, degrees: int, confidence: float) -> np.ndarray:
    """Return the interval ``(bound,)`` about a value, by the t distribution."""
    from scipy.stats import t

    reach = t.ppf((1 + confidence) / 2, degrees) * error
    return np.array([value - reach, value + reach])


def p_value(value: float, error: float, degrees: int, *, two_sided: bool) -> float:
    """Return how likely it is that what is 0 is found so large, by the t distribution."""
    from scipy.stats import t

    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.float64(value) / error
    if value == 0 and error == 0:  # such as a model and itself
        ratio = np.float64(0)
    return float(2 * t.sf(abs(ratio), degrees) if two_sided else t.sf(ratio, degrees))


def summary(
    score: float,
    ceiling: np.ndarray,
    resamples: np.ndarray,
    ceilings: np.ndarray,
    *,
    sizes: Sizes,
    confidence: float,
    drawn: int,
) -> RDMBootstrap:
    """Return what was found on the data and on resamples with what follows from it."""
    degrees = _degrees(sizes)
    error = standard_error(resamples, sizes)
    below = standard_error(resamples - ceilings[..., 0], sizes)
    return RDMBootstrap(
        score=score,
        standard_error=error,
        interval=around(score, error, degrees, confidence),
        p_value=p_value(score, error, degrees, two_sided=False),
        ceiling=ceiling,
        p_ceiling=p_value(score - ceiling[0], below, degrees, two_sided=True),
        degrees=degrees,
        resamples=resamples,
        ceilings=ceilings,
        sizes=sizes,
        confidence=confidence,
        drawn=drawn,
    )
