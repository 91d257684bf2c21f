"""What resamples of a model's score say: standard errors, intervals, p-values, differences."""

from typing import NamedTuple

import numpy as np

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


def rdm_model_difference(first: RDMBootstrap, second: RDMBootstrap) -> RDMDifference:
    """Difference of the scores of two models on the same resamples.

    Parameters
    ----------
    first, second : RDMBootstrap
        From `bootstrap_rdm_model`, of the same targets with the same options, but for the model.

    Returns
    -------
    RDMDifference
        ``difference``: first - second; its ``standard_error``, ``interval``, and ``p_value``. NaN
        where those of the models are.

    Raises
    ------
    OptionError
        If the models were not scored on the same resamples.

    References
    ----------
    Schütt et al. 2023, Statistical inference on representational geometries.

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
    if first.drawn != second.drawn or first.resamples.shape != second.resamples.shape:
        raise OptionError(
            "second: not scored on the resamples of first; give both the same folds, repeats, "
            "resample, resamples, groups and seed."
        )
    difference = first.score - second.score
    error = standard_error(first.resamples - second.resamples, first.sizes)
    interval = around(difference, error, first.degrees, first.confidence)
    p = p_value(difference, error, first.degrees, two_sided=True)
    return RDMDifference(difference, error, interval, p)


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
    degrees = min(n for n in sizes if n is not None) - 1
    error = standard_error(resamples, sizes)
    below = standard_error(resamples - ceilings[..., 0], sizes)
    return RDMBootstrap(
        score,
        error,
        around(score, error, degrees, confidence),
        p_value(score, error, degrees, two_sided=False),
        ceiling,
        p_value(score - ceiling[0], below, degrees, two_sided=True),
        degrees,
        resamples,
        ceilings,
        sizes,
        confidence,
        drawn,
    )
