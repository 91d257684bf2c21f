"""From resampled scores to intervals and p-values."""

import numpy as np

from probekit.inference.options import Bootstrap, Permutation

_UNDEFINED_AT_MOST = 0.1


def interval_of(score: np.ndarray, resampled: np.ndarray, bootstrap: Bootstrap) -> np.ndarray:
    """Return the bounds of the bootstrap interval, with the axis ``bound`` last.

    Parameters
    ----------
    score : array (…)
    resampled : array (resample, …)
        Resamples where a score is undefined (NaN) are left out; the interval is NaN if they are
        more than a tenth, or the score itself is.
    bootstrap : Bootstrap
    """
    tail = (1 - bootstrap.confidence) / 2
    defined = ~np.isnan(resampled)
    enough = (defined.mean(axis=0) >= 1 - _UNDEFINED_AT_MOST) & ~np.isnan(score)
    kept = np.where(enough, resampled, 0).astype(float)
    bounds = np.nanquantile(kept, [tail, 1 - tail], axis=0)
    if bootstrap.method == "basic":
        bounds = 2 * np.asarray(score, float) - bounds[::-1]
    found: np.ndarray = np.moveaxis(np.where(enough, bounds, np.nan), 0, -1)
    return found


def p_value_of(score: np.ndarray, shuffled: np.ndarray, permutation: Permutation) -> np.ndarray:
    """Return the share of shuffles at least as extreme as the score, which counts as one itself.

    Parameters
    ----------
    score : array (…)
    shuffled : array (resample, …)
        One that is undefined counts as extreme: p is then too large rather than too small.
    permutation : Permutation
    """
    score, shuffled = np.asarray(score, float), np.asarray(shuffled, float)
    # Rounding differs between orders of the same sum; what is equal but for that is a tie.
    slack = 1e-6 * np.maximum(np.abs(score), 1e-3)
    undefined = np.isnan(shuffled)
    above = ((shuffled >= score - slack) | undefined).sum(axis=0)
    below = ((shuffled <= score + slack) | undefined).sum(axis=0)
    one, all_ = {"greater": above, "less": below}, len(shuffled) + 1
    if permutation.alternative == "two-sided":
        p = np.minimum(2 * (1 + np.minimum(above, below)) / all_, 1)
    else:
        p = (1 + one[permutation.alternative]) / all_
    found: np.ndarray = np.where(np.isnan(score), np.nan, p)
    return found
