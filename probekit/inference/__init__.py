"""How sure a score is: resampling through weights, permutation, folds, corrections.

The options (`Bootstrap`, `Permutation`, `CrossValidation`) are given to `probekit.probe` and
`probekit.compare` as ``uncertainty``. A resample is a weight for each example, a fold a weight of 0
or 1: estimators need to know nothing of either. What is here are weights and p-values; taking them
through the estimators is the work of `probekit.probing`. `paired_test` needs no resamples: it is of
scores of the same seeds, subjects or runs.
"""

from probekit.inference.bootstrap import INTERVALS, Bootstrap, Interval
from probekit.inference.ceilings import noise_ceiling
from probekit.inference.corrections import CORRECTIONS, Correction, corrected
from probekit.inference.cross_validation import CrossValidation
from probekit.inference.jackknife import Jackknife
from probekit.inference.options import ALTERNATIVES, Alternative, Uncertainty, check_kind
from probekit.inference.paired import PAIRED_TESTS, PairedTest, least_p, paired_test
from probekit.inference.permutation import Permutation
from probekit.inference.resampling import (
    acceleration_of,
    interval_of,
    max_corrected_p,
    p_value_of,
    resamples_needed,
    warn_of_coarse_p,
    warn_of_few_drawn,
    warn_of_few_resamples,
    warn_of_few_shuffles,
)

__all__ = [
    "ALTERNATIVES",
    "CORRECTIONS",
    "INTERVALS",
    "PAIRED_TESTS",
    "Alternative",
    "Bootstrap",
    "Correction",
    "CrossValidation",
    "Interval",
    "Jackknife",
    "PairedTest",
    "Permutation",
    "Uncertainty",
    "acceleration_of",
    "check_kind",
    "corrected",
    "interval_of",
    "least_p",
    "max_corrected_p",
    "noise_ceiling",
    "p_value_of",
    "paired_test",
    "resamples_needed",
    "warn_of_coarse_p",
    "warn_of_few_drawn",
    "warn_of_few_resamples",
    "warn_of_few_shuffles",
]
