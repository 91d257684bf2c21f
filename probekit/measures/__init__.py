"""The formulas: pure functions on arrays, and the same formulas on statistics.

Each measure takes NumPy or JAX arrays ``(example, unit)``, works under ``jit`` and ``vmap`` unless
its documentation says otherwise, and is NaN where it is undefined. The functions ``…_score``
compute the same from what a statistic remembers, with the status code beside the value; the
estimators are made of them.
"""

from probekit.measures._status import STATUS_MEANINGS, Score
from probekit.measures.classification import decoding_accuracy
from probekit.measures.geometry import participation_ratio, total_variance
from probekit.measures.kernels import cka, hsic
from probekit.measures.rdm import rdm
from probekit.measures.regression import decoding_r2, linear_r2
from probekit.measures.similarity import compare_rdms, rsa

__all__ = [
    "STATUS_MEANINGS",
    "Score",
    "cka",
    "compare_rdms",
    "decoding_accuracy",
    "decoding_r2",
    "hsic",
    "linear_r2",
    "participation_ratio",
    "rdm",
    "rsa",
    "total_variance",
]
