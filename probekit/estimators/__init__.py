"""Estimators: options, declared variables, a statistic, and a readout of it; one family a file."""

from probekit.estimators._for_features import resolve_for
from probekit.estimators._protocol import Estimator, Kind, Pairing, Reweighting, Weighing
from probekit.estimators._resolve import resolve
from probekit.estimators.alignment import (
    AlignedCosine,
    AngularProcrustesDistance,
    BuresMetric,
    BuresSimilarity,
    ProcrustesDistance,
    ShapeMetric,
)
from probekit.estimators.canonical import (
    CCA,
    PWCCA,
    SVCCA,
    LinearRegressionSimilarity,
)
from probekit.estimators.classes import (
    ClassSelectivity,
    LiDAR,
    NeighbourhoodHit,
    NeuralCollapse,
    Silhouette,
)
from probekit.estimators.cloud import (
    Anisotropy,
    Concentricity,
    Magnitude,
    PairAlignment,
    SelfClustering,
    Uniformity,
)
from probekit.estimators.conditions import ConditionRDM
from probekit.estimators.covariance import PLS, AngularCKADistance, RVCoefficient
from probekit.estimators.dci import DCI
from probekit.estimators.decoding import (
    CCGP,
    DecodingAccuracy,
    DecodingR2,
    SparseDecodingAccuracy,
)
from probekit.estimators.dependence import (
    HSIC,
    DistanceCorrelation,
    RiemannianDistance,
)
from probekit.estimators.dimension import IntrinsicDimension
from probekit.estimators.disentanglement import (
    Modularity,
    MutualInformation,
    MutualInformationGap,
    SeparatedAttributePredictability,
)
from probekit.estimators.encoding import LinearR2
from probekit.estimators.erasure import ErasedVariance
from probekit.estimators.examples import Coherence, UnitSplitRSA
from probekit.estimators.geometry import ParticipationRatio, TotalVariance
from probekit.estimators.group_lasso import GroupLassoR2
from probekit.estimators.information import (
    ControlSelectivity,
    OnlineCodelength,
    VariationalCodelength,
    VInformation,
)
from probekit.estimators.kernel_ridge import KernelRidgeR2, MultipleKernelRidgeR2
from probekit.estimators.manifolds import ManifoldCapacity
from probekit.estimators.matching import (
    PermutationDistance,
    PermutationMatching,
    SemiMatching,
    SoftMatching,
    UnitCorrelation,
)
from probekit.estimators.neighbours import (
    CKNNA,
    InformationImbalance,
    MeanRelativeRankError,
    MultiscaleDistance,
    MutualNeighbours,
    Trustworthiness,
)
from probekit.estimators.outputs import Disagreement, JensenShannonDivergence
from probekit.estimators.parities import ParallelismScore, ParityR2
from probekit.estimators.partition import BandedRidgeR2, Commonality, JointR2, UniqueR2
from probekit.estimators.predictivity import LinearPredictivity
from probekit.estimators.probes import (
    AUC,
    BalancedAccuracy,
    CrossEntropy,
    Decoding,
    KNNAccuracy,
    MLPAccuracy,
)
from probekit.estimators.ridge import RidgeDecodingR2, RidgeR2
from probekit.estimators.shares import RelativeWeights, ShapleyR2
from probekit.estimators.shattering import ShatteringDimensionality
from probekit.estimators.shift import (
    Coverage,
    FrechetDistance,
    ManifoldTopologyDivergence,
    SquaredMMD,
)
from probekit.estimators.similarity import CKA, RSA, RSMNormDifference
from probekit.estimators.spaces import ENSD, GULP, EigenspaceOverlap, MaximumMatch
from probekit.estimators.spectrum import EffectiveRank, Spectrum, SpectrumSlope, StableRank
from probekit.estimators.stochastic import StochasticShapeDistance
from probekit.estimators.topographic import (
    LocalProcrustes,
    NeighbourDissimilarity,
    NonMetricStress,
)
from probekit.estimators.topology import RTD, GeometryScore
from probekit.estimators.transferability import LogME, TransRate
from probekit.estimators.units import (
    ComponentAlignment,
    FeatureAngles,
    Selectivity,
    Sparsity,
)
from probekit.estimators.versa import VERSA
from probekit.estimators.weighted_rsa import WeightedRSA

__all__ = [
    "AUC",
    "CCA",
    "CCGP",
    "CKA",
    "CKNNA",
    "DCI",
    "ENSD",
    "GULP",
    "HSIC",
    "PLS",
    "PWCCA",
    "RSA",
    "RTD",
    "SVCCA",
    "VERSA",
    "AlignedCosine",
    "AngularCKADistance",
    "AngularProcrustesDistance",
    "Anisotropy",
    "BalancedAccuracy",
    "BandedRidgeR2",
    "BuresMetric",
    "BuresSimilarity",
    "ClassSelectivity",
    "Coherence",
    "Commonality",
    "ComponentAlignment",
    "Concentricity",
    "ConditionRDM",
    "ControlSelectivity",
    "Coverage",
    "CrossEntropy",
    "Decoding",
    "DecodingAccuracy",
    "DecodingR2",
    "Disagreement",
    "DistanceCorrelation",
    "EffectiveRank",
    "EigenspaceOverlap",
    "ErasedVariance",
    "Estimator",
    "FeatureAngles",
    "FrechetDistance",
    "GeometryScore",
    "GroupLassoR2",
    "InformationImbalance",
    "IntrinsicDimension",
    "JensenShannonDivergence",
    "JointR2",
    "KNNAccuracy",
    "KernelRidgeR2",
    "Kind",
    "LiDAR",
    "LinearPredictivity",
    "LinearR2",
    "LinearRegressionSimilarity",
    "LocalProcrustes",
    "LogME",
    "MLPAccuracy",
    "Magnitude",
    "ManifoldCapacity",
    "ManifoldTopologyDivergence",
    "MaximumMatch",
    "MeanRelativeRankError",
    "Modularity",
    "MultipleKernelRidgeR2",
    "MultiscaleDistance",
    "MutualInformation",
    "MutualInformationGap",
    "MutualNeighbours",
    "NeighbourDissimilarity",
    "NeighbourhoodHit",
    "NeuralCollapse",
    "NonMetricStress",
    "OnlineCodelength",
    "PairAlignment",
    "Pairing",
    "ParallelismScore",
    "ParityR2",
    "ParticipationRatio",
    "PermutationDistance",
    "PermutationMatching",
    "ProcrustesDistance",
    "RSMNormDifference",
    "RVCoefficient",
    "RelativeWeights",
    "Reweighting",
    "RidgeDecodingR2",
    "RidgeR2",
    "RiemannianDistance",
    "Selectivity",
    "SelfClustering",
    "SemiMatching",
    "SeparatedAttributePredictability",
    "ShapeMetric",
    "ShapleyR2",
    "ShatteringDimensionality",
    "Silhouette",
    "SoftMatching",
    "SparseDecodingAccuracy",
    "Sparsity",
    "Spectrum",
    "SpectrumSlope",
    "SquaredMMD",
    "StableRank",
    "StochasticShapeDistance",
    "TotalVariance",
    "TransRate",
    "Trustworthiness",
    "Uniformity",
    "UniqueR2",
    "UnitCorrelation",
    "UnitSplitRSA",
    "VInformation",
    "VariationalCodelength",
    "Weighing",
    "WeightedRSA",
    "resolve",
    "resolve_for",
]
