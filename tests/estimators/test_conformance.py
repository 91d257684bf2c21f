"""Every registered estimator, with every option that matters, keeps the contract."""

import inspect

import numpy as np
import pytest

from probekit.estimators import (
    CCA,
    CKA,
    CKNNA,
    DCI,
    HSIC,
    PLS,
    RSA,
    SVCCA,
    VERSA,
    AlignedCosine,
    AngularProcrustesDistance,
    BandedRidgeR2,
    BuresMetric,
    BuresSimilarity,
    ClassSelectivity,
    ComponentAlignment,
    ConditionRDM,
    Coverage,
    Decoding,
    DecodingAccuracy,
    DecodingR2,
    DistanceCorrelation,
    EffectiveRank,
    EigenspaceOverlap,
    ErasedVariance,
    GeometryScore,
    GroupLassoR2,
    InformationImbalance,
    IntrinsicDimension,
    JensenShannonDivergence,
    KernelRidgeR2,
    LiDAR,
    LinearPredictivity,
    LinearR2,
    LocalProcrustes,
    LogME,
    ManifoldCapacity,
    MaximumMatch,
    MeanRelativeRankError,
    Modularity,
    MultipleKernelRidgeR2,
    MutualInformation,
    MutualInformationGap,
    MutualNeighbours,
    NeighbourDissimilarity,
    NeighbourhoodHit,
    PairAlignment,
    ParticipationRatio,
    PermutationDistance,
    PermutationMatching,
    ProcrustesDistance,
    RelativeWeights,
    RidgeDecodingR2,
    RidgeR2,
    RSMNormDifference,
    SemiMatching,
    ShapeMetric,
    ShapleyR2,
    ShatteringDimensionality,
    Silhouette,
    SoftMatching,
    SparseDecodingAccuracy,
    Sparsity,
    SpectrumSlope,
    SquaredMMD,
    StableRank,
    StochasticShapeDistance,
    TransRate,
    Trustworthiness,
    UniqueR2,
    UnitCorrelation,
    VariationalCodelength,
    WeightedRSA,
    resolve,
)
from probekit.plugins import get_manager
from probekit.testing import (
    column_checks,
    copy_checks,
    declaration_checks,
    estimator_checks,
    invariance_checks,
    parametrize_with_checks,
    split_checks,
)
from probekit.testing._harness import EXAMPLES, data_for, scores, state
from tests.reference import oracles
from tests.reference.tolerances import RELATIVE, SCORE

REGISTERED = sorted(get_manager().registry.names("estimator"))

# `examples` is the same throughout, so that what takes time, compiling the statistic, is shared.
CONFIGURED = [
    LinearR2(multioutput="variance_weighted"),
    LinearR2(multioutput="raw_values"),
    DecodingR2(penalty=0.0),
    DecodingAccuracy(method="logistic", examples=256),
    CKA(debiased=True),
    CKA(kernel="rbf", debiased=True),
    CKA(kernel="laplace"),
    CKA(kernel="max", debiased=True),
    HSIC(kernel="max"),
    RSA(rdm="euclidean", comparison="kendall", examples=20),
    ShapeMetric(alpha=0.5),
    ShapeMetric(alpha=0.0, angular=False),
    CCA(squared=True),
    SVCCA(variance=0.8),
    SVCCA(components=2),
    PLS(weighting="mean"),
    SpectrumSlope(first=2, last=4),
    ParticipationRatio(debiased=True),
    EffectiveRank(values="singular_values", centred=False),
    EffectiveRank(values="singular_values"),
    StableRank(centred=False),
    PairAlignment(power=1.0),
    Sparsity(measure="hoyer"),
    IntrinsicDimension(method="likelihood"),
    IntrinsicDimension(method="correlation", neighbours=10),
    IntrinsicDimension(method="gride", neighbours=(4, 8)),
    IntrinsicDimension(method="moments", average="mean"),
    IntrinsicDimension(method="mada", neighbours=8, average="median"),
    IntrinsicDimension(method="tle", neighbours=8),
    IntrinsicDimension(method="ess", neighbours=10),
    IntrinsicDimension(method="separability"),
    IntrinsicDimension(method="persistence"),
    IntrinsicDimension(method="graph", neighbours=4),
    IntrinsicDimension(method="binomial"),
    IntrinsicDimension(method="danco", neighbours=10, seed=3),
    PermutationDistance(angular=False),
    PermutationDistance(align_on="fit"),
    PermutationMatching(align_on="fit"),
    SoftMatching(align_on="fit"),
    SemiMatching(align_on="fit"),
    ProcrustesDistance(align_on="fit"),
    AngularProcrustesDistance(align_on="fit"),
    ShapeMetric(alpha=0.5, align_on="fit"),
    ShapeMetric(alpha=0.0, align_on="fit"),
    BuresSimilarity(align_on="fit"),
    BuresMetric(align_on="fit"),
    AlignedCosine(align_on="fit"),
    AlignedCosine(align_on="fit", centred=True, examples=256),
    UniqueR2(multioutput="variance_weighted"),
    RidgeR2(per_unit=True, multioutput="raw_values", penalties=(0.01, 1.0)),
    Decoding(probe="knn", metric="auc"),
    ConditionRDM(metric="mahalanobis", shrinkage=0.2),
    ConditionRDM(shrinkage="diagonal"),
    ConditionRDM(metric="mahalanobis", shrinkage="identity"),
    ConditionRDM(unbalanced=True, folds=3),
    ConditionRDM(metric="correlation_cv"),
    ConditionRDM(metric="correlation_cv", unbalanced=True),
    ConditionRDM(metric="mahalanobis", precision="identity"),
    HSIC(debiased=True),
    HSIC(kernel="rbf"),
    KernelRidgeR2(kernel="linear", per_unit=True, multioutput="raw_values", penalties=(0.01, 1.0)),
    KernelRidgeR2(kernel="polynomial", scoring="correlation", multioutput="variance_weighted"),
    MultipleKernelRidgeR2(kernel="polynomial", degree=2, per_unit=True, candidates=4),
    RidgeR2(scoring="correlation"),
    RidgeDecodingR2(scoring="correlation", folds=3),
    BandedRidgeR2(scoring="correlation", multioutput="variance_weighted"),
    BandedRidgeR2(sharing="relative_weights"),
    VariationalCodelength(scales=(1.0,)),
    DistanceCorrelation(debiased=True),
    MutualNeighbours(measure="joint", metric="euclidean"),
    MutualNeighbours(measure="second_order"),
    MutualNeighbours(measure="cycle"),
    MutualNeighbours(measure="subsequence", neighbours=60),
    MutualNeighbours(measure="edit", neighbours=5, metric="euclidean"),
    MutualNeighbours(measure="local_continuity"),
    Trustworthiness(neighbours=60, metric="cosine"),
    MeanRelativeRankError(neighbours=60, metric="cosine"),
    InformationImbalance(neighbours=60, metric="cosine"),
    NeighbourhoodHit(neighbours=3, metric="cosine"),
    CKNNA(debiased=True),
    LocalProcrustes(scaled=False),
    NeighbourDissimilarity(metric="cosine", neighbours=12),
    ShatteringDimensionality(penalty=0.1, edges=((1.0,), (1.0, 2.0))),
    ErasedVariance(tolerance=0.2),
    Coverage(neighbours=60),
    SquaredMMD(kernel="polynomial"),
    AlignedCosine(centred=True, examples=256),
    SemiMatching(absolute=True, units="y"),
    EigenspaceOverlap(centred=True),
    MaximumMatch(tolerance=0.9, centred=True),
    RSMNormDifference(rsm="correlation"),
    RSMNormDifference(rsm="inner_product", norm="spectral"),
    RSA(rdm="euclidean", comparison="whitened_correlation"),
    StochasticShapeDistance(conditions=4, restarts=10),
    StochasticShapeDistance(conditions=3, in_a_row=4, alpha=0.5, restarts=10),
    ComponentAlignment(components=2),
    ClassSelectivity(multioutput="raw_values"),
    ClassSelectivity(index="d_prime"),
    ClassSelectivity(index="d_prime", threshold=0.5),
    ClassSelectivity(index="auc", multioutput="raw_values"),
    MutualInformation(multioutput="raw_values", bins=8, feature_bins=2),
    MutualInformationGap(binning="equal_frequency", bins=5),
    DCI(probe="ridge"),
    Modularity(binning="equal_frequency", bins=5, feature_bins=2),
    ManifoldCapacity(margin=0.5, directions=32, seed=3),
    LiDAR(penalty=0.1),
    TransRate(precision=0.5, weighting="classes"),
    LogME(centred=True),
    SparseDecodingAccuracy(units=3, examples=256),
    Silhouette(metric="cosine"),
    Silhouette(metric="squared_euclidean"),
    WeightedRSA(comparison="whitened_cosine", nonnegative=False, penalty=0.1),
    ShapleyR2(multioutput="variance_weighted"),
    RelativeWeights(multioutput="variance_weighted"),
    LinearPredictivity(components=2, standardised=True, multioutput="uniform_average"),
    LinearPredictivity(method="linear", multioutput="variance_weighted"),
    LinearPredictivity(method="ridge", scoring="r2", penalties=(0.01, 1.0), folds=3),
    GroupLassoR2(sparsity=0.5, per_unit=True, multioutput="variance_weighted", penalties=(0.1,)),
    GroupLassoR2(scoring="correlation", folds=3),
    GeometryScore(landmarks=12, reach=0.3, draws=4, holes=3),
    VERSA(rdm="euclidean", comparison="spearman", folds=3, penalties=(0.01, 1.0)),
    UnitCorrelation(pairs="all", average="median"),
]


def one(name):
    (estimator,) = resolve(name)
    return estimator


# What is compiled for most checks: these need another program for each estimator, and are left to
# CI, but for estimators of one statistic each.
CORE = {
    "check_options",
    "check_declarations",
    "check_reports_what_it_declares",
    "check_weight_zero",
}
OTHERS = {"check_pairing"} | {
    name
    for module in (
        declaration_checks,
        estimator_checks,
        invariance_checks,
        copy_checks,
        split_checks,
        column_checks,
    )
    for name in vars(module)
    if name.startswith("check_")
} - CORE
OF_OUTPUTS = ["disagreement", "jensen_shannon_divergence"]
EXEMPLARY = ["linear_r2", "cka", "rsa", "total_variance", "condition_rdm"]


@parametrize_with_checks(EXEMPLARY, marks={"check_jit": pytest.mark.slow})
def test_contract(estimator, check):
    check(estimator)


@parametrize_with_checks(
    sorted(set(REGISTERED) - {*EXEMPLARY, "ensd", *OF_OUTPUTS}),
    marks=dict.fromkeys(OTHERS, pytest.mark.slow),
)
def test_contract_of_all(estimator, check):
    check(estimator)


@parametrize_with_checks(
    ["ensd"],
    marks=dict.fromkeys(OTHERS, pytest.mark.slow),
    expected_failures={"check_itself": "with itself it is the participation ratio, of no end"},
)
def test_contract_of_one_without_an_end(estimator, check):
    check(estimator)


@parametrize_with_checks(
    OF_OUTPUTS,
    marks=dict.fromkeys(OTHERS, pytest.mark.slow),
    expected_failures={
        "check_constant_representation": "a model that always predicts the same predicts"
    },
)
def test_contract_of_outputs(estimator, check):
    check(estimator)


@pytest.mark.slow
@parametrize_with_checks(
    [JensenShannonDivergence(distance=True)],
    expected_failures={
        "check_constant_representation": "a model that always predicts the same predicts"
    },
)
def test_contract_of_a_distance_of_outputs(estimator, check):
    check(estimator)


@pytest.mark.slow
@parametrize_with_checks(CONFIGURED)
def test_contract_with_other_options(estimator, check):
    check(estimator)


@pytest.mark.parametrize("name", REGISTERED)
def test_every_registered_estimator_has_an_oracle(name):
    assert name in oracles.BY_ESTIMATOR


@pytest.mark.parametrize(
    "estimator",
    [*map(one, REGISTERED), *(pytest.param(other, marks=pytest.mark.slow) for other in CONFIGURED)],
    ids=repr,
)
def test_against_its_oracle(estimator):
    oracle = oracles.BY_ESTIMATOR[estimator.name]
    known = inspect.signature(oracle).parameters
    options = {name: value for name, value in vars(estimator).items() if name in known}
    fit, held_out = data = data_for(estimator)
    wanted = oracle(fit.x, fit.y, held_out.x, held_out.y, **options)
    if getattr(estimator, "examples", EXAMPLES) < EXAMPLES:
        kept = state(estimator.statistic, held_out)
        wanted = oracle(None, None, kept.x, kept.y, **options)
    np.testing.assert_allclose(
        scores(estimator, data)[estimator.name], wanted, rtol=RELATIVE, atol=SCORE
    )
