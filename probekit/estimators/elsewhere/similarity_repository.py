"""What the measures are called in similarity-repository."""

from probekit.estimators.elsewhere.gathered import OF_WHAT_IT_GATHERS

NAMES: tuple[tuple[str, ...], ...] = (
    ("CKA, `hsic=gretton`", "cka(x, y)"),
    ("CKA, `hsic=song`", "cka(x, y, debiased=True)"),
    ("`nbs`", "bures_similarity(x, y)"),
    ("`procrustes-angular`", "angular_procrustes_distance(x, y)"),
    ("mean squared CCA", "cca(x, y, squared=True)"),
    (
        "`mutual_knn`",
        'mutual_neighbours(x, y, measure="overlap")',
        "neighbours by cosine, not by inner product",
    ),
    ("`JaccardSimilarity`", 'mutual_neighbours(x, y, measure="jaccard")'),
    ("`RankSimilarity`", 'mutual_neighbours(x, y, measure="rank")'),
    (
        "`SecondOrderCosineSimilarity`",
        'mutual_neighbours(x, y, measure="second_order")',
        "of cosines, as the paper has it, not of cosine distances",
    ),
    ("`HardCorrelationMatch`", "permutation_matching(x, y)"),
    ("`Gulp`", "gulp(x, y) ** 2", "λ is 0.01 unless told, there 0"),
    ("`ensd`", "ensd(x, y)"),
    ("`IMDScore`", "multiscale_distance(x, y)", "eigenvalues are computed, not estimated"),
    ("`MagnitudeDifference`", "abs(magnitude(x) - magnitude(y))"),
    (
        "`UniformityDifference`",
        "abs(uniformity(x) - uniformity(y))",
        "of directions, as the paper has it, and of pairs of different examples",
    ),
    (
        "`SoftMatching`",
        "soft_matching(x, y)",
        "units that are all 0 correlate 0, and are not left out",
    ),
    (
        "CKA, `hsic=lange`",
        "compare_rdms((x - x.mean(0)) @ (x - x.mean(0)).T, (y - y.mean(0)) @ (y - "
        'y.mean(0)).T, comparison="cosine")',
    ),
    (
        "`SVCCA`",
        "svcca(x, y)",
        "a share is compared with a variance there, and as a rule one component kept",
    ),
    ("`PWCCA`", "pwcca(x, y)", "units and variates keep their means there"),
    (
        "`wreath_procrustes`",
        "1 - ((1 - permutation_matching(x, y)) / 2) ** 0.5",
        "units are centred; those left over do not count",
    ),
    ("RSA of NeuroAIMetrics", 'rsa(x, y, comparison="kendall_tau_b")'),
    ("`svcca-dim=10`", "svcca(x, y, components=10)"),
    ("`DistanceCorrelation`", "distance_correlation(x, y)"),
    ("`LinearRegression`", "linear_regression_similarity(x, y)"),
    ("`OrthogonalProcrustesCenteredAndNormalized`", "procrustes_distance(x, y)"),
    ("`OrthogonalAngularShapeMetricCentered`", "angular_procrustes_distance(x, y)"),
    ("`ProcrustesSizeAndShapeDistance`", "len(x) ** 0.5 * bures_metric(x, y)"),
    ("`SoftCorrelationMatch`", "semi_matching(x, y)"),
    ("`CorrelationNeuralMap`", 'semi_matching(x, y, units="y")'),
    (
        "`pairwisematching`",
        'semi_matching(x, y, units="y")',
        "matched and scored on the same examples, there on folds",
    ),
    (
        "`PLSreg`",
        'linear_predictivity(x, y, standardised=True, multioutput="uniform_average")',
        "folds; a left-out fold is standardised by itself there",
    ),
    (
        "`LinearPredictivity` of NeuroAIMetrics",
        'linear_predictivity(x, y, method="ridge", standardised=True, '
        'multioutput="uniform_average")',
        "folds; penalties are there absolute and chosen by leaving out one; a left-out fold is "
        "standardised by itself there",
    ),
    ("`max_match`", "maximum_match(x, y)"),
    ("`AlignedCosineSimilarity`", "aligned_cosine(x, y)"),
    ("`aligned_cossim`", "aligned_cosine(x, y, centred=True)"),
    (
        "`EigenspaceOverlapScore`",
        "eigenspace_overlap(x, y)",
        "divided by the larger rank, not the larger number of units",
    ),
    ("`RSMNormDifference`", 'rsm_norm_difference(x, y, norm="spectral")'),
    ("`rsm_norm_diff`", "rsm_norm_difference(x, y) / 2**0.5"),
    ("`RSA_euclidean_euclidean`", "rsm_norm_difference(x, y) / 2**0.5"),
    ("`RSA_correlation_euclidean`", 'rsm_norm_difference(x, y, rsm="correlation") / 2**0.5'),
    ("`euclidean` (of Gram matrices)", 'rsm_norm_difference(x, y, rsm="inner_product")'),
    ("`RSA_correlation_spearman`", 'rsa(x, y, comparison="spearman")'),
    ("`RSA_euclidean_spearman`", 'rsa(x, y, rdm="euclidean", comparison="spearman")'),
    ("RSA, `rdm=gaussian`", "compare_rdms(-np.exp(-a / a.mean()), -np.exp(-b / b.mean()))"),
    ("`ConcentricityDifference`", "abs(concentricity(x) - concentricity(y))"),
    ("`computeDist`", "2 / np.pi * np.arccos(cka(x, y))"),
    (
        "`cycle_knn`",
        'mutual_neighbours(x, y, measure="cycle")',
        "neighbours by cosine, not by inner product",
    ),
    (
        "`lcs_knn`",
        '10 * mutual_neighbours(x, y, measure="subsequence")',
        "neighbours by cosine, not by inner product",
    ),
    (
        "`edit_distance_knn`",
        'mutual_neighbours(x, y, measure="edit")',
        "neighbours by cosine, not by inner product",
    ),
    (
        "`cknna`",
        "cknna(x, y, debiased=True)",
        "cosines, not inner products; 1e-6 is added there to what is divided by",
    ),
    (
        "`RTD`",
        "rtd(x, y)",
        "of all examples; there the mean of ten draws of 500, and NaN without a GPU",
    ),
    (
        "`PermutationProcrustes`",
        "permutation_distance(x, y, angular=False)",
        "both are centred and of norm 1",
    ),
    *OF_WHAT_IT_GATHERS,
)
