"""The formulas: pure functions on arrays, and the same formulas on statistics.

Each measure takes NumPy or JAX arrays ``(example, unit)``, works under ``jit`` and ``vmap`` unless
its documentation says otherwise, and is NaN where it is undefined. The functions ``…_score``
compute the same from what a statistic remembers, with the status code beside the value; the
estimators are made of them.
"""

from probekit.measures._status import STATUS_MEANINGS, Score
from probekit.measures.alignment import (
    angular_procrustes_distance,
    bures_metric,
    bures_similarity,
    procrustes_distance,
    shape_metric,
)
from probekit.measures.banded import BandedRidge, banded_ridge_r2
from probekit.measures.canonical import (
    cca,
    linear_regression_similarity,
    pwcca,
    svcca,
)
from probekit.measures.classification import decoding_accuracy
from probekit.measures.cloud import concentricity, magnitude, uniformity
from probekit.measures.commonality import commonality, joint_r2, shared_r2, unique_r2
from probekit.measures.conditions import condition_rdm
from probekit.measures.covariance import angular_cka_distance, pls, rv_coefficient
from probekit.measures.decoders import decoding
from probekit.measures.distances import distance_correlation, riemannian_distance
from probekit.measures.feature_directions import component_alignment, feature_angles
from probekit.measures.geometry import participation_ratio, total_variance
from probekit.measures.information import (
    control_selectivity,
    online_codelength,
    v_information,
)
from probekit.measures.kernels import cka, hsic
from probekit.measures.matching import permutation_distance, permutation_matching, soft_matching
from probekit.measures.multiscale import multiscale_distance
from probekit.measures.neighbours import mutual_neighbours
from probekit.measures.parities import parity_r2, subfeatures
from probekit.measures.rdm import rdm
from probekit.measures.regression import decoding_r2, linear_r2
from probekit.measures.ridge import ridge_decoding_r2, ridge_r2
from probekit.measures.similarity import compare_rdms, rsa
from probekit.measures.spaces import ensd, gulp
from probekit.measures.spectrum import effective_rank, spectrum, spectrum_slope
from probekit.measures.stochastic import stochastic_shape_distance
from probekit.measures.topology import rtd
from probekit.measures.units import intrinsic_dimension, selectivity, sparsity

__all__ = [
    "STATUS_MEANINGS",
    "BandedRidge",
    "Score",
    "angular_cka_distance",
    "angular_procrustes_distance",
    "banded_ridge_r2",
    "bures_metric",
    "bures_similarity",
    "cca",
    "cka",
    "commonality",
    "compare_rdms",
    "component_alignment",
    "concentricity",
    "condition_rdm",
    "control_selectivity",
    "decoding",
    "decoding_accuracy",
    "decoding_r2",
    "distance_correlation",
    "effective_rank",
    "ensd",
    "feature_angles",
    "gulp",
    "hsic",
    "intrinsic_dimension",
    "joint_r2",
    "linear_r2",
    "linear_regression_similarity",
    "magnitude",
    "multiscale_distance",
    "mutual_neighbours",
    "online_codelength",
    "parity_r2",
    "participation_ratio",
    "permutation_distance",
    "permutation_matching",
    "pls",
    "procrustes_distance",
    "pwcca",
    "rdm",
    "ridge_decoding_r2",
    "ridge_r2",
    "riemannian_distance",
    "rsa",
    "rtd",
    "rv_coefficient",
    "selectivity",
    "shape_metric",
    "shared_r2",
    "soft_matching",
    "sparsity",
    "spectrum",
    "spectrum_slope",
    "stochastic_shape_distance",
    "subfeatures",
    "svcca",
    "total_variance",
    "uniformity",
    "unique_r2",
    "v_information",
]
