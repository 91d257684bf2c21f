"""How sure a score is: resampling through weights, permutation, folds, corrections.

The options (`Bootstrap`, `Permutation`, `CrossValidation`) are given to `probekit.probe` and
`probekit.compare` as ``uncertainty``. A resample is a weight for each example, a fold a weight of 0
or 1: estimators need to know nothing of either. What is here are weights and p-values; taking them
through the estimators is the work of `probekit.probing`.
"""

from probekit.inference.ceilings import noise_ceiling
from probekit.inference.corrections import CORRECTIONS, Correction, corrected
from probekit.inference.jackknife import Jackknife
from probekit.inference.options import (
    INTERVALS,
    Bootstrap,
    CrossValidation,
    Interval,
    Permutation,
    Uncertainty,
)
from probekit.inference.resampling import (
    acceleration_of,
    interval_of,
    p_value_of,
    warn_of_few_resamples,
)

__all__ = [
    "CORRECTIONS",
    "INTERVALS",
    "Bootstrap",
    "Correction",
    "CrossValidation",
    "Interval",
    "Jackknife",
    "Permutation",
    "Uncertainty",
    "acceleration_of",
    "corrected",
    "interval_of",
    "noise_ceiling",
    "p_value_of",
    "warn_of_few_resamples",
]
