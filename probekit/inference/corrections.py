"""p-values of many tests at once."""

from typing import Any, Literal, get_args

import numpy as np

from probekit._checks import check_choice, plain
from probekit.errors import OptionError

Correction = Literal["holm", "bonferroni", "fdr_bh", "fdr_by", "none"]
CORRECTIONS: tuple[Correction, ...] = get_args(Correction)
ShuffleCorrection = Literal["holm", "bonferroni", "fdr_bh", "fdr_by", "none", "max"]
"""Those of p-values, and ``max``, which needs the shuffled scores."""
SHUFFLE_CORRECTIONS: tuple[ShuffleCorrection, ...] = get_args(ShuffleCorrection)


def corrected(p: Any, *, method: Correction = "holm") -> np.ndarray:
    """Correct p-values for their number.

    Parameters
    ----------
    p : array
        Of one family of tests, in any shape. NaN is no test: it stays NaN and is not counted.
    method : {"holm", "bonferroni", "fdr_bh", "fdr_by", "none"}
        ``holm`` bounds the probability of any false positive, whatever the tests' dependence, and
        so does ``bonferroni`` with less power; ``fdr_bh`` bounds the expected share of false ones
        among the positives, for independent or positively dependent tests; ``fdr_by`` for any.

    Returns
    -------
    array
        In [0, 1], of the same shape, never below `p`.

    Raises
    ------
    OptionError
        If `method` is unknown or a p-value lies outside [0, 1].

    References
    ----------
    Holm 1979, A simple sequentially rejective multiple test procedure; Benjamini and Hochberg 1995,
    Controlling the false discovery rate; Benjamini and Yekutieli 2001.

    Examples
    --------
    >>> corrected([0.01, 0.04, 0.03, float("nan")]).tolist()
    [0.03, 0.06, 0.06, nan]
    """
    check_choice("method", method, CORRECTIONS)
    try:
        p = plain(p).astype(float)
    except (TypeError, ValueError):
        raise OptionError(f"p: a {type(p).__name__}; give an array of p-values.") from None
    tested = ~np.isnan(p)
    values = p[tested]
    if ((values < 0) | (values > 1)).any():
        raise OptionError(f"p: from {values.min()} to {values.max()}; p-values lie in [0, 1].")
    found = np.full(p.shape, np.nan)
    if method == "none" or not values.size:
        found[tested] = values
    elif method == "holm":
        found[tested] = _holm(values)
    elif method == "bonferroni":
        found[tested] = np.minimum(values * len(values), 1)
    else:
        from scipy.stats import false_discovery_control

        found[tested] = false_discovery_control(values, method=method.removeprefix("fdr_"))
    return found


def _holm(p: np.ndarray) -> np.ndarray:
    order = np.argsort(p)
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    found = np.empty_like(p)
    found[order] = np.minimum(stepped, 1)
    return found
