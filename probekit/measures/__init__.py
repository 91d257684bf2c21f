"""The formulas: pure functions on arrays, and the same formulas on statistics.

Each measure takes NumPy or JAX arrays ``(example, unit)``, works under ``jit`` and ``vmap`` unless
its documentation says otherwise, and is NaN where it is undefined. The functions ``…_score``
compute the same from what a statistic remembers, with the status code beside the value; the
estimators are made of them.
"""

from probekit.measures._status import STATUS_MEANINGS, Score
from probekit.measures.aligned import aligned_cosine
from probekit.measures.alignment import (
    angular_procrustes_distance,
    procrustes_distance,
    shape_metric,
)
from probekit.measures.attribute_predictability import separated_attribute_predictability
from probekit.measures.banded import BandedRidge, banded_ridge_r2
from probekit.measures.bures import bures_metric, bures_similarity
from probekit.measures.canonical import (
    cca,
    linear_regression_similarity,
    pwcca,
    svcca,
)
from probekit.measures.ccgp import ccgp
from probekit.measures.cknna import cknna
from probekit.measures.class_selectivity import class_selectivity
from probekit.measures.class_trust import ClassTrust, class_trustworthiness, label_trustworthiness
from probekit.measures.classification import decoding_accuracy
from probekit.measures.cloud import concentricity, magnitude, uniformity
from probekit.measures.coding_rate import transrate
from probekit.measures.coherence import coherence
from probekit.measures.collapse import NeuralCollapse, neural_collapse
from probekit.measures.commonality import commonality
from probekit.measures.conditions import condition_rdm
from probekit.measures.control_tasks import control_selectivity
from probekit.measures.convolutional import ConvolutionalDistance, convolutional_distance
from probekit.measures.cosines import anisotropy, pair_alignment, self_clustering
from probekit.measures.covariance import angular_cka_distance, pls, rv_coefficient
from probekit.measures.coverage import Coverage, coverage
from probekit.measures.cross_barcode import manifold_topology_divergence
from probekit.measures.curvature import trajectory_curvature
from probekit.measures.dci import DCI, dci
from probekit.measures.decoders import decoding
from probekit.measures.discriminant_rank import lidar
from probekit.measures.distances import distance_correlation, riemannian_distance
from probekit.measures.dynamics import dynamical_distance
from probekit.measures.effective_ranks import effective_rank, stable_rank
from probekit.measures.embedding import RDMEmbedding, embed_rdm
from probekit.measures.erasure import erased_variance
from probekit.measures.evidence import logme
from probekit.measures.feature_directions import component_alignment, feature_angles
from probekit.measures.frechet import frechet_distance
from probekit.measures.geometry import participation_ratio, total_variance
from probekit.measures.geotopology import geodesic_rdm, geotopological_rdm
from probekit.measures.group_lasso import GroupLasso, group_lasso_r2
from probekit.measures.imbalance import information_imbalance
from probekit.measures.importances import completeness, disentanglement
from probekit.measures.information import online_codelength, v_information
from probekit.measures.intrinsic import intrinsic_dimension
from probekit.measures.kernel_ridge import kernel_ridge_r2, multiple_kernel_ridge_r2
from probekit.measures.kernels import cka, hsic
from probekit.measures.loops import geometry_score, living_times
from probekit.measures.manifolds import ManifoldCapacity, manifold_capacity
from probekit.measures.matching import (
    permutation_distance,
    permutation_matching,
    semi_matching,
    soft_matching,
)
from probekit.measures.mean_discrepancy import squared_mmd
from probekit.measures.modularity import modularity, mutual_information_gap
from probekit.measures.multiscale import multiscale_distance
from probekit.measures.mutual_information import mutual_information
from probekit.measures.neighbourhood_hit import neighbourhood_hit
from probekit.measures.neighbours import mutual_neighbours
from probekit.measures.noise import noise_precision
from probekit.measures.outputs import (
    accuracy_difference,
    disagreement,
    jensen_shannon_divergence,
)
from probekit.measures.overlap import eigenspace_overlap
from probekit.measures.parallelism import parallelism_score
from probekit.measures.parities import parity_r2, subfeatures
from probekit.measures.partial_rdms import AlignedRDMs, JoinedRDMs, align_rdms, join_rdms
from probekit.measures.partition import joint_r2, shared_r2, unique_r2
from probekit.measures.predictivity import linear_predictivity
from probekit.measures.rdm import rdm
from probekit.measures.rdm_bootstrap import bootstrap_rdm_model
from probekit.measures.rdm_models import RDMEvaluation, evaluate_rdm_model, fit_rdm_weights
from probekit.measures.rdm_out_of_bag import out_of_bag_rdm_model
from probekit.measures.rdm_pooling import pooled_rdm, rank_rdm
from probekit.measures.rdm_spread import (
    RDMBootstrap,
    RDMDifference,
    RDMOutOfBag,
    rdm_model_difference,
)
from probekit.measures.regression import decoding_r2, linear_r2
from probekit.measures.ridge import ridge_decoding_r2, ridge_r2
from probekit.measures.rsm import rsm_norm_difference
from probekit.measures.same_units import unit_correlation
from probekit.measures.shares import relative_weights, shapley_r2
from probekit.measures.shattering import shattering_dimensionality
from probekit.measures.silhouette import silhouette
from probekit.measures.similarity import compare_rdms, rsa
from probekit.measures.spaces import ensd, gulp
from probekit.measures.sparse_decoding import sparse_decoding_accuracy
from probekit.measures.spectrum import spectrum, spectrum_slope
from probekit.measures.stochastic import stochastic_shape_distance
from probekit.measures.stress import non_metric_stress
from probekit.measures.subspaces import maximum_match
from probekit.measures.topographic import (
    local_procrustes,
    neighbour_dissimilarity,
    topographic_product,
)
from probekit.measures.topology import rtd
from probekit.measures.trust import mean_relative_rank_error, trustworthiness
from probekit.measures.unit_halves import unit_split_rsa
from probekit.measures.units import selectivity, sparsity
from probekit.measures.variational import variational_codelength
from probekit.measures.versa import versa
from probekit.measures.weighted_rsa import WeightedRSA, weighted_rsa

__all__ = [
    "DCI",
    "STATUS_MEANINGS",
    "AlignedRDMs",
    "BandedRidge",
    "ClassTrust",
    "ConvolutionalDistance",
    "Coverage",
    "GroupLasso",
    "JoinedRDMs",
    "ManifoldCapacity",
    "NeuralCollapse",
    "RDMBootstrap",
    "RDMDifference",
    "RDMEmbedding",
    "RDMEvaluation",
    "RDMOutOfBag",
    "Score",
    "WeightedRSA",
    "accuracy_difference",
    "align_rdms",
    "aligned_cosine",
    "angular_cka_distance",
    "angular_procrustes_distance",
    "anisotropy",
    "banded_ridge_r2",
    "bootstrap_rdm_model",
    "bures_metric",
    "bures_similarity",
    "cca",
    "ccgp",
    "cka",
    "cknna",
    "class_selectivity",
    "class_trustworthiness",
    "coherence",
    "commonality",
    "compare_rdms",
    "completeness",
    "component_alignment",
    "concentricity",
    "condition_rdm",
    "control_selectivity",
    "convolutional_distance",
    "coverage",
    "dci",
    "decoding",
    "decoding_accuracy",
    "decoding_r2",
    "disagreement",
    "disentanglement",
    "distance_correlation",
    "dynamical_distance",
    "effective_rank",
    "eigenspace_overlap",
    "embed_rdm",
    "ensd",
    "erased_variance",
    "evaluate_rdm_model",
    "feature_angles",
    "fit_rdm_weights",
    "frechet_distance",
    "geodesic_rdm",
    "geometry_score",
    "geotopological_rdm",
    "group_lasso_r2",
    "gulp",
    "hsic",
    "information_imbalance",
    "intrinsic_dimension",
    "jensen_shannon_divergence",
    "join_rdms",
    "joint_r2",
    "kernel_ridge_r2",
    "label_trustworthiness",
    "lidar",
    "linear_predictivity",
    "linear_r2",
    "linear_regression_similarity",
    "living_times",
    "local_procrustes",
    "logme",
    "magnitude",
    "manifold_capacity",
    "manifold_topology_divergence",
    "maximum_match",
    "mean_relative_rank_error",
    "modularity",
    "multiple_kernel_ridge_r2",
    "multiscale_distance",
    "mutual_information",
    "mutual_information_gap",
    "mutual_neighbours",
    "neighbour_dissimilarity",
    "neighbourhood_hit",
    "neural_collapse",
    "noise_precision",
    "non_metric_stress",
    "online_codelength",
    "out_of_bag_rdm_model",
    "pair_alignment",
    "parallelism_score",
    "parity_r2",
    "participation_ratio",
    "permutation_distance",
    "permutation_matching",
    "pls",
    "pooled_rdm",
    "procrustes_distance",
    "pwcca",
    "rank_rdm",
    "rdm",
    "rdm_model_difference",
    "relative_weights",
    "ridge_decoding_r2",
    "ridge_r2",
    "riemannian_distance",
    "rsa",
    "rsm_norm_difference",
    "rtd",
    "rv_coefficient",
    "selectivity",
    "self_clustering",
    "semi_matching",
    "separated_attribute_predictability",
    "shape_metric",
    "shapley_r2",
    "shared_r2",
    "shattering_dimensionality",
    "silhouette",
    "soft_matching",
    "sparse_decoding_accuracy",
    "sparsity",
    "spectrum",
    "spectrum_slope",
    "squared_mmd",
    "stable_rank",
    "stochastic_shape_distance",
    "subfeatures",
    "svcca",
    "topographic_product",
    "total_variance",
    "trajectory_curvature",
    "transrate",
    "trustworthiness",
    "uniformity",
    "unique_r2",
    "unit_correlation",
    "unit_split_rsa",
    "v_information",
    "variational_codelength",
    "versa",
    "weighted_rsa",
]
