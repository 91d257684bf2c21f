"""The plugin that registers what comes with probekit; a line each, nothing is imported."""

from probekit.plugins.markers import hookimpl
from probekit.plugins.registry import Registry

TASKS = (
    (
        "reference-complexity",
        "probekit.tasks.complexity:ReferenceComplexity",
        "simple and hard Boolean features in an MLP (Lampinen, Chan and Hermann 2024)",
    ),
)

# name, class in probekit.estimators, summary
ENCODING = (
    ("linear_r2", "encoding:LinearR2", "share of a representation's variance a feature explains"),
    ("joint_r2", "partition:JointR2", "share of variance that all features explain together"),
    ("unique_r2", "partition:UniqueR2", "what a feature explains alone, and shares with others"),
    ("commonality", "partition:Commonality", "explained variance over all sets of features"),
    ("shapley_r2", "shares:ShapleyR2", "explained variance divided among features (LMG)"),
    (
        "relative_weights",
        "shares:RelativeWeights",
        "explained variance divided among features, by orthogonal variables",
    ),
    (
        "erased_variance",
        "erasure:ErasedVariance",
        "share of the variance that erasing a feature takes (LEACE)",
    ),
    ("ridge_r2", "ridge:RidgeR2", "R² of the representation, with a cross-validated ridge"),
    ("banded_ridge_r2", "partition:BandedRidgeR2", "ridge with a penalty for each feature"),
    ("group_lasso_r2", "group_lasso:GroupLassoR2", "regression that leaves features out"),
    ("kernel_ridge_r2", "kernel_ridge:KernelRidgeR2", "R² of smooth functions of a feature"),
    (
        "multiple_kernel_ridge_r2",
        "kernel_ridge:MultipleKernelRidgeR2",
        "ridge with a kernel for each feature, and the share of each",
    ),
    ("parity_r2", "parities:ParityR2", "subfeatures: variance along the parities of bits"),
    (
        "parallelism_score",
        "parities:ParallelismScore",
        "whether a feature has the same direction whatever the other features are",
    ),
    ("silhouette", "classes:Silhouette", "how much nearer examples lie to their own class"),
    (
        "neighbourhood_hit",
        "classes:NeighbourhoodHit",
        "share of the nearest neighbours that are of the same class",
    ),
    ("weighted_rsa", "weighted_rsa:WeightedRSA", "RSA with a weighted sum of the features' RDMs"),
    ("condition_rdm", "conditions:ConditionRDM", "crossnobis and Mahalanobis distances"),
    (
        "neural_collapse",
        "classes:NeuralCollapse",
        "how far classes are from points at the corners of a simplex (NC1, NC2)",
    ),
    ("lidar", "classes:LiDAR", "in how many directions classes differ (LiDAR)"),
    (
        "class_selectivity",
        "classes:ClassSelectivity",
        "how much more units are active for one class than for the others: contrast, d′, AUC",
    ),
    (
        "manifold_capacity",
        "manifolds:ManifoldCapacity",
        "how many classes a unit can tell apart; their radius and dimension as manifolds",
    ),
    (
        "transrate",
        "transferability:TransRate",
        "what knowing the class saves of a code for the representation",
    ),
    ("logme", "transferability:LogME", "evidence of a linear model of the classes"),
    ("selectivity", "units:Selectivity", "fraction of units that a feature explains"),
    (
        "mutual_information",
        "disentanglement:MutualInformation",
        "bits that single units tell of a feature",
    ),
    (
        "mutual_information_gap",
        "disentanglement:MutualInformationGap",
        "how far one unit alone tells of a feature (MIG)",
    ),
    (
        "modularity",
        "disentanglement:Modularity",
        "how far each unit tells of one feature alone",
    ),
    ("component_alignment", "units:ComponentAlignment", "features along principal components"),
)

DECODING = (
    ("decoding_r2", "decoding:DecodingR2", "R² of a feature read out by ridge regression"),
    ("ridge_decoding_r2", "ridge:RidgeDecodingR2", "R² of a feature, ridge cross-validated"),
    ("decoding_accuracy", "decoding:DecodingAccuracy", "accuracy of a linear readout of classes"),
    (
        "sparse_decoding_accuracy",
        "decoding:SparseDecodingAccuracy",
        "accuracy of a linear readout of the few best units",
    ),
    (
        "separated_attribute_predictability",
        "disentanglement:SeparatedAttributePredictability",
        "how much better one unit alone predicts a feature than the next (SAP)",
    ),
    (
        "dci",
        "dci:DCI",
        "disentanglement, completeness, informativeness: units important for single features",
    ),
    ("ccgp", "decoding:CCGP", "accuracy of a readout in contexts that were left out"),
    (
        "shattering_dimensionality",
        "shattering:ShatteringDimensionality",
        "accuracy of dividing the conditions that features make in halves, over all halves",
    ),
    ("decoding", "probes:Decoding", "any score of any probe, scikit-learn's included"),
    ("balanced_accuracy", "probes:BalancedAccuracy", "accuracy of a probe, averaged over classes"),
    ("auc", "probes:AUC", "area under the ROC curve of a probe"),
    ("cross_entropy", "probes:CrossEntropy", "bits that a probe leaves uncertain"),
    ("knn_accuracy", "probes:KNNAccuracy", "accuracy of nearest neighbours"),
    ("mlp_accuracy", "probes:MLPAccuracy", "accuracy of a perceptron with a hidden layer"),
    (
        "control_selectivity",
        "information:ControlSelectivity",
        "accuracy of a probe minus that on a control task",
    ),
    ("online_codelength", "information:OnlineCodelength", "minimum description length, online"),
    (
        "variational_codelength",
        "information:VariationalCodelength",
        "minimum description length, variational: bits of a probe's weights and of the labels",
    ),
    ("v_information", "information:VInformation", "information that a family of probes can use"),
)

SIMILARITY = (
    ("cka", "similarity:CKA", "centred kernel alignment, of any kernel, biased or debiased"),
    ("rsa", "similarity:RSA", "representational similarity analysis: RDMs compared"),
    ("versa", "versa:VERSA", "RSA after one representation is mapped onto the other"),
    (
        "rsm_norm_difference",
        "similarity:RSMNormDifference",
        "how far similarity matrices are apart, entry by entry",
    ),
    ("hsic", "dependence:HSIC", "Hilbert-Schmidt independence criterion"),
    (
        "distance_correlation",
        "dependence:DistanceCorrelation",
        "distance correlation: dependence of any kind",
    ),
    (
        "mutual_neighbours",
        "neighbours:MutualNeighbours",
        "nearest neighbours in common: Jaccard, rank, joint, overlap, local continuity, second "
        "order, cycle, order",
    ),
    (
        "trustworthiness",
        "neighbours:Trustworthiness",
        "whether neighbours in the other representation are neighbours; its converse is continuity",
    ),
    (
        "mean_relative_rank_error",
        "neighbours:MeanRelativeRankError",
        "how far neighbours in the other representation have moved in the order of neighbours",
    ),
    (
        "information_imbalance",
        "neighbours:InformationImbalance",
        "how little who is near says of who is near in the other representation",
    ),
    (
        "neighbour_dissimilarity",
        "topographic:NeighbourDissimilarity",
        "how differently pairs of examples share neighbours",
    ),
    (
        "local_procrustes",
        "topographic:LocalProcrustes",
        "how much the shapes of neighbourhoods differ after the best rotation of each",
    ),
    (
        "non_metric_stress",
        "topographic:NonMetricStress",
        "what distances are off a curve that rises with those in the other representation",
    ),
    ("cknna", "neighbours:CKNNA", "kernel alignment of mutual nearest neighbours"),
    (
        "multiscale_distance",
        "neighbours:MultiscaleDistance",
        "how differently heat spreads among the examples (IMD)",
    ),
    (
        "rtd",
        "topology:RTD",
        "representation topology divergence (needs the topology extra)",
    ),
    (
        "geometry_score",
        "topology:GeometryScore",
        "how long clouds of examples have how many loops (needs the topology extra)",
    ),
    (
        "riemannian_distance",
        "dependence:RiemannianDistance",
        "affine-invariant distance of Gram matrices",
    ),
    ("procrustes_distance", "alignment:ProcrustesDistance", "distance after the best rotation"),
    (
        "angular_procrustes_distance",
        "alignment:AngularProcrustesDistance",
        "angle after the best rotation",
    ),
    ("shape_metric", "alignment:ShapeMetric", "distance after partial whitening and rotation"),
    ("aligned_cosine", "alignment:AlignedCosine", "cosine of examples after the best rotation"),
    (
        "stochastic_shape_distance",
        "stochastic:StochasticShapeDistance",
        "distance of networks with noise, conditions presented again and again",
    ),
    ("bures_similarity", "alignment:BuresSimilarity", "normalised Bures similarity"),
    ("bures_metric", "alignment:BuresMetric", "Bures distance of Gram matrices"),
    ("cca", "canonical:CCA", "mean canonical correlation"),
    ("svcca", "canonical:SVCCA", "CCA of the leading principal components"),
    ("pwcca", "canonical:PWCCA", "projection-weighted CCA"),
    (
        "linear_regression_similarity",
        "canonical:LinearRegressionSimilarity",
        "variance of one representation that the other explains",
    ),
    (
        "linear_predictivity",
        "predictivity:LinearPredictivity",
        "correlation of units with what a linear map of the other predicts, on new examples",
    ),
    ("rv_coefficient", "covariance:RVCoefficient", "RV coefficient, which is linear CKA"),
    ("angular_cka_distance", "covariance:AngularCKADistance", "angle of Gram matrices: arccos CKA"),
    ("pls", "covariance:PLS", "correlation of partial least squares components"),
    ("permutation_matching", "matching:PermutationMatching", "units matched one to one"),
    ("semi_matching", "matching:SemiMatching", "each unit with the one that it is most like"),
    (
        "permutation_distance",
        "matching:PermutationDistance",
        "distance after the best permutation of units",
    ),
    ("soft_matching", "matching:SoftMatching", "units matched by optimal transport"),
    (
        "jensen_shannon_divergence",
        "outputs:JensenShannonDivergence",
        "how far predicted probabilities of classes are apart (of logits)",
    ),
    (
        "disagreement",
        "outputs:Disagreement",
        "share of examples for which different classes are predicted (of logits)",
    ),
    (
        "pair_alignment",
        "cloud:PairAlignment",
        "how far apart on the sphere two views of an example are (alignment of positive pairs)",
    ),
    ("unit_correlation", "matching:UnitCorrelation", "each unit with its namesake"),
    ("ensd", "spaces:ENSD", "effective number of shared dimensions"),
    ("gulp", "spaces:GULP", "how differently ridge regression predicts from both"),
    ("eigenspace_overlap", "spaces:EigenspaceOverlap", "how much of the spanned spaces is shared"),
    ("maximum_match", "spaces:MaximumMatch", "units in sets that explain each other"),
)

GEOMETRY = (
    ("total_variance", "geometry:TotalVariance", "sum of the units' variances"),
    ("participation_ratio", "geometry:ParticipationRatio", "effective number of dimensions"),
    ("effective_rank", "spectrum:EffectiveRank", "number of directions, by entropy (RankMe too)"),
    ("stable_rank", "spectrum:StableRank", "number of directions, by the largest (NESum)"),
    ("spectrum", "spectrum:Spectrum", "eigenvalues of the covariance"),
    ("spectrum_slope", "spectrum:SpectrumSlope", "power law of the eigenvalues"),
    (
        "intrinsic_dimension",
        "dimension:IntrinsicDimension",
        "dimension by near neighbours: TwoNN, generalised ratios, maximum likelihood and others",
    ),
    ("sparsity", "units:Sparsity", "how few units carry an example"),
    ("magnitude", "cloud:Magnitude", "length of the mean example"),
    ("concentricity", "cloud:Concentricity", "mean cosine of examples with their mean"),
    ("uniformity", "cloud:Uniformity", "how evenly examples cover the sphere"),
    ("anisotropy", "cloud:Anisotropy", "mean cosine of two examples"),
    (
        "self_clustering",
        "cloud:SelfClustering",
        "how much more alike directions are than on a uniformly covered sphere",
    ),
    ("coherence", "examples:Coherence", "how far single examples decide of the directions"),
    (
        "unit_split_rsa",
        "examples:UnitSplitRSA",
        "whether any half of the units has the geometry of all",
    ),
    (
        "coverage",
        "shift:Coverage",
        "how far held out examples cover the fitted ones, and lie among them",
    ),
    (
        "squared_mmd",
        "shift:SquaredMMD",
        "how far held out and fitted examples are apart, as a kernel sees them (KID too)",
    ),
    (
        "manifold_topology_divergence",
        "shift:ManifoldTopologyDivergence",
        "how differently fitted examples hang together through held out ones (needs the topology "
        "extra)",
    ),
    (
        "frechet_distance",
        "shift:FrechetDistance",
        "how far held out and fitted examples are apart, as normal distributions (FID)",
    ),
    ("feature_angles", "units:FeatureAngles", "angles between directions of features"),
)

ESTIMATORS = {
    "encoding": ENCODING,
    "decoding": DECODING,
    "similarity": SIMILARITY,
    "geometry": GEOMETRY,
}

# name, summary; the function is in the module from_NAME
EXTRACTORS = (
    ("linen", "a flax.linen module: outputs and inputs of its submodules by path"),
    ("nnx", "a live flax.nnx module, left as it was"),
    ("equinox", "an Equinox module (needs the equinox extra)"),
    ("torch", "a PyTorch module, through forward hooks (needs the torch extra)"),
    ("function", "any function from inputs to {layer: array}"),
    ("arrays", "activations computed elsewhere, in memory or on disk"),
)


@hookimpl
def probekit_register(registry: Registry) -> None:
    """Register all of them."""
    for name, target, summary in TASKS:
        registry.task(name, target, summary=summary)
    for kind, estimators in ESTIMATORS.items():
        for name, target, summary in estimators:
            registry.estimator(name, f"probekit.estimators.{target}", summary=summary, kind=kind)
    for name, summary in EXTRACTORS:
        registry.extractor(name, f"probekit.extractors.from_{name}:{name}", summary=summary)
