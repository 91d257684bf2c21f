"""What the measures are called in other packages."""

from typing import NamedTuple

from probekit.estimators._similarity_repository import MORE_OF_SIMILARITY_REPOSITORY


class Elsewhere(NamedTuple):
    """One name of another package.

    Attributes
    ----------
    package : str
    there : str
        Its name there.
    here : str
        The same by the functions of `probekit.measures`: an expression in `x` and `y`
        ``(example, unit)``, their dissimilarity matrices `a` and `b` (squared euclidean), those of
        the columns of `y` (`parts`), the conditions `labels`, the `runs` that examples were
        measured in, and the `precision` of the noise.
    differs : str
        In what the numbers differ, and nothing if they are equal.
    """

    package: str
    there: str
    here: str
    differs: str = ""


# package: (there, here[, differs])
_NAMES: dict[str, tuple[tuple[str, ...], ...]] = {
    "rsatoolbox": (
        ("RDM `euclidean`", 'rdm(x, metric="squared_euclidean") / x.shape[1]'),
        ("RDM `correlation`", 'rdm(x, metric="correlation")'),
        ("RDM `poisson`", 'rdm(x, metric="poisson")'),
        (
            "RDM `poisson` with a prior",
            'rdm(x, metric="poisson", prior_lambda=3, prior_weight=0.5)',
        ),
        (
            "RDM `mahalanobis`",
            'condition_rdm(x, labels, metric="squared_mahalanobis", precision=precision) / '
            "x.shape[1]",
        ),
        (
            "RDM `mahalanobis` of single examples",
            'rdm(x, metric="squared_mahalanobis", precision=precision) / x.shape[1]',
        ),
        ('`prec_from_residuals`, `"shrinkage_diag"`', "noise_precision(x)"),
        (
            '`prec_from_residuals`, `"shrinkage_eye"`',
            'noise_precision(x, shrinkage="identity")',
        ),
        ('`prec_from_residuals`, `"full"`', "noise_precision(x, shrinkage=0)"),
        ('`prec_from_residuals`, `"diag"`', "noise_precision(x, shrinkage=1)"),
        ('`prec_from_unbalanced`, `"shrinkage_diag"`', "noise_precision(x, labels)"),
        (
            '`prec_from_measurements`, `"shrinkage_diag"`',
            "noise_precision(x, labels)",
            "degrees of freedom are examples less conditions, not (conditions - 1) × repeats",
        ),
        (
            "`calc_rdm_movie` of the times `x` and `y`",
            'np.stack([rdm(z, metric="squared_euclidean") for z in (x, y)]) / x.shape[1]',
        ),
        (
            "RDM `crossnobis`",
            "condition_rdm(x, labels, folds=runs, precision=precision) / x.shape[1]",
        ),
        (
            "RDM `crossnobis` with a precision for each run",
            "condition_rdm(x, labels, folds=runs, precision=noise_precision(x, labels, folds=runs))"
            " / x.shape[1]",
        ),
        ("`corr`", 'compare_rdms(a, b, comparison="pearson")'),
        ("`cosine`", 'compare_rdms(a, b, comparison="cosine")'),
        ("`spearman`", 'compare_rdms(a, b, comparison="spearman")'),
        ("`kendall`", 'compare_rdms(a, b, comparison="kendall_tau_b")'),
        ("`tau-b`", 'compare_rdms(a, b, comparison="kendall_tau_b")'),
        ("`tau-a`", 'compare_rdms(a, b, comparison="kendall")'),
        ("`rho-a`", 'compare_rdms(a, b, comparison="rho_a")'),
        ("`corr_cov`", 'compare_rdms(a, b, comparison="whitened_correlation")'),
        ("`cosine_cov`", 'compare_rdms(a, b, comparison="whitened_cosine")'),
        (
            "`cosine_cov` with `sigma_k`",
            'compare_rdms(a, b, comparison="whitened_cosine", '
            "noise_covariance=1 + np.arange(len(x)))",
            "variances are a diagonal matrix; given as a vector there, other numbers come of it",
        ),
        ("`bures`", "bures_similarity(x, y)"),
        ("`bures_metric`", "len(x) * bures_metric(x, y) ** 2"),
        (
            "`neg_riem_dist`",
            "-riemannian_distance(x, y)",
            "symmetric, of Gram matrices drawn to the identity by a given share, not a fitted one",
        ),
        (
            "RDM `poisson_cv`",
            'condition_rdm(x, labels, metric="poisson_cv", folds=runs)',
            "the mean over runs, not the last of them",
        ),
        (
            "`calc_rdm_unbalanced`, euclidean",
            'condition_rdm(x, labels, metric="squared_euclidean") / x.shape[1]',
        ),
        (
            "`calc_rdm_unbalanced`, mahalanobis",
            'condition_rdm(x, labels, metric="squared_mahalanobis", precision=precision) / '
            "x.shape[1]",
        ),
        (
            "`calc_rdm_unbalanced`, correlation",
            'condition_rdm(x, labels, metric="correlation", unbalanced=True)',
        ),
        (
            "`calc_rdm_unbalanced`, correlation, with runs",
            'condition_rdm(x, labels, metric="correlation_cv", folds=runs, unbalanced=True)',
        ),
        (
            "`calc_rdm_unbalanced`, poisson",
            'condition_rdm(x, labels, metric="poisson", unbalanced=True)',
        ),
        (
            "`calc_rdm_unbalanced`, poisson, with missing values",
            'condition_rdm(np.where(x % 1 < 0.2, np.nan, x), labels, metric="poisson", '
            'unbalanced=True, missing="omit")',
        ),
        (
            "`calc_rdm_unbalanced`, poisson_cv, with runs",
            'condition_rdm(x, labels, metric="poisson_cv", folds=runs, unbalanced=True)',
        ),
        (
            "`calc_rdm_unbalanced`, crossnobis, of independent examples",
            'condition_rdm(x, labels, folds=np.arange(len(x)), precision="identity", '
            "unbalanced=True) / x.shape[1]",
            "of differences to the mean of all",
        ),
        (
            "`calc_rdm_unbalanced`, crossnobis",
            "condition_rdm(x, labels, folds=runs, precision=precision, unbalanced=True) / "
            "x.shape[1]",
            "of differences to the mean of all",
        ),
        (
            "`geotopological_transform`",
            "geotopological_rdm(a, low=0.2, high=0.7)",
            "what is scaled to more than the upper bound is not set to 1",
        ),
        ("`geodesic_transform`", "geodesic_rdm(a)", "the nearest pair is joined, at 0"),
        ("`minmax_transform`", "geotopological_rdm(a)"),
        ("`rank_transform`", "rank_rdm(a)"),
        ("`sqrt_transform`", "np.maximum(a, 0) ** 0.5"),
        (
            "`get_categorical_rdm` of `labels`",
            'rdm(labels[:, None] == np.unique(labels), metric="squared_euclidean") / 2',
        ),
        (
            "`pool_rdm`",
            "pooled_rdm([a, b])",
            "means stay in it; whitened, over the length after whitening",
        ),
        ("`fit_regress`", 'fit_rdm_weights(parts, a, model="linear")'),
        ("`fit_regress_nn`", "fit_rdm_weights(parts, a)"),
        (
            "`fit_optimize`",
            'fit_rdm_weights(parts, a, model="linear", comparison="cosine")',
            "computed, not searched; a penalty is that of least squares",
        ),
        (
            "`fit_optimize_positive`",
            'fit_rdm_weights(parts, a, comparison="cosine")',
            "computed, not searched; a penalty is that of least squares",
        ),
        (
            "`fit_optimize` of ranks",
            'fit_rdm_weights(parts, a, model="linear", comparison="spearman")',
            "searched from least squares on; there the best of random places, as ranks have no "
            "slope",
        ),
        (
            "`fit_interpolate`",
            'fit_rdm_weights(parts, a, model="interpolate")',
            "computed, not searched",
        ),
        ("`fit_select`", 'fit_rdm_weights(parts, a, model="select")'),
        ("`eval_fixed`", 'evaluate_rdm_model(parts, a, model="fixed", folds=1).scores'),
        ("`crossval`", "evaluate_rdm_model(parts, a, folds=runs).scores"),
        (
            "`bootstrap_crossval`",
            'bootstrap_rdm_model(parts, [a, b], resample="both").standard_error',
            "other resamples; the lower noise ceiling leaves subjects out also where one fold has "
            "all of them",
        ),
        (
            "`eval_dual_bootstrap`",
            "bootstrap_rdm_model(parts, [a, b]).standard_error",
            "as `bootstrap_crossval`",
        ),
        (
            "`eval_bootstrap_pattern`",
            'bootstrap_rdm_model(parts, a, model="fixed", folds=1).standard_error',
            "other resamples",
        ),
        (
            "`eval_bootstrap`",
            'bootstrap_rdm_model(parts, [a, b], model="fixed", folds=1, '
            'resample="both").standard_error',
            "other resamples",
        ),
        (
            "`eval_bootstrap_rdm`",
            'bootstrap_rdm_model(parts, [a, b], model="fixed", folds=1, '
            'resample="subjects").standard_error',
            "other resamples",
        ),
        (
            "`bootstrap_testset`",
            "out_of_bag_rdm_model(parts, [a, b]).score",
            "other resamples",
        ),
        (
            "`bootstrap_testset_pattern`",
            'out_of_bag_rdm_model(parts, [a, b], resample="conditions").score',
            "other resamples",
        ),
        (
            "`bootstrap_testset_rdm`",
            'out_of_bag_rdm_model(parts, [a, b], resample="subjects").score',
            "other resamples",
        ),
        (
            "`pair_tests`, bootstrap, of a test set",
            "rdm_model_difference(out_of_bag_rdm_model(parts, [a, b], resamples=50), "
            'out_of_bag_rdm_model(parts[:2], [a, b], model="linear", resamples=50)).p_value',
            "of the mean of the resamples, there of single ones, which hold a third of the "
            "conditions",
        ),
        (
            "`Weighted_MDS`, distances",
            'rdm(embed_rdm(a**0.5, dimensions=3).positions, metric="euclidean")',
            "from the classical solution on, there the best of 8 random places, stopped early; "
            "weights on the diagonal draw points together there",
        ),
        (
            "`Result.get_ci`",
            "bootstrap_rdm_model(parts, a).interval",
            "about the score of the data, there about the mean of the resamples",
        ),
        (
            "`Result.test_pairwise`",
            "rdm_model_difference(bootstrap_rdm_model(parts, a), "
            'bootstrap_rdm_model(parts[:2], a, model="linear")).p_value',
            "of the scores of the data, there of the means of the resamples",
        ),
        (
            "`Result.test_zero`",
            "bootstrap_rdm_model(parts, a).p_value",
            "as `Result.test_pairwise`",
        ),
        (
            "`Result.test_noise`",
            'bootstrap_rdm_model(parts, [a, b], resample="conditions").p_ceiling',
            "as `Result.test_pairwise`",
        ),
        ("`from_partials`", "join_rdms([a, b[:9, :9]], [np.arange(24), np.arange(9)]).rdms"),
        ("`rescale`", "align_rdms([a, b]).rdms"),
        (
            "`RDMs.mean` of what is rescaled",
            "align_rdms([a, b]).mean",
            "of a length of 1 above the diagonal",
        ),
        ("`boot_noise_ceiling`", "inference.noise_ceiling([a, b])"),
    ),
    "netrep": (
        ("`LinearMetric(alpha=0.5)`", "shape_metric(x, y, alpha=0.5)", "both are scaled to norm 1"),
        ("`LinearMetric()`", "angular_procrustes_distance(x, y)"),
        (
            "`LinearMetric(alpha=0.5).fit(x[:9], y[:9]).score(x[9:], y[9:])`",
            "shape_metric(x[:9], y[:9], alpha=0.5, held_out=(x[9:], y[9:]))",
            "both are scaled to norm 1; of rotations that the fitted examples leave open the mean "
            "counts",
        ),
        ("`PermutationMetric()`", "permutation_distance(x, y)"),
        (
            "`PermutationMetric().fit(x[:9], y[:9]).score(x[9:], y[9:])`",
            "permutation_distance(x[:9], y[:9], held_out=(x[9:], y[9:]))",
            "both are scaled to norm 1",
        ),
        ("`LinearCKA`", "angular_cka_distance(x, y)"),
        (
            "`GaussianStochasticMetric(alpha)`",
            "stochastic_shape_distance(x, y, labels, alpha=0.5)",
            "means are taken off; but for alpha 0, 1 and 2, rotations are sought there with "
            "other weights than they are scored with",
        ),
        (
            "`EnergyStochasticMetric`",
            'stochastic_shape_distance(x, y, labels, ground="energy")',
            "means are taken off",
        ),
        (
            "`convolve_metric(LinearMetric(), x, y)`",
            "convolutional_distance(x.reshape(6, 2, 2, 3), y.reshape(6, 2, 2, 3)).distances",
        ),
    ),
    "thingsvision": (
        ('`compute_rdm(x, "correlation")`', 'rdm(x, metric="correlation")'),
        ('`compute_rdm(x, "cosine")`', 'rdm(x, metric="cosine")'),
        ('`compute_rdm(x, "euclidean")`', 'rdm(x, metric="euclidean")'),
        ('`compute_rdm(x, "gaussian")`', "1 - np.exp(-a / a.mean())"),
        ("`correlate_rdms`", 'compare_rdms(a, b, comparison="pearson")'),
        (
            '`correlate_rdms(correlation="spearman")`',
            'compare_rdms(a, b, comparison="spearman")',
        ),
        ("linear CKA", "cka(x, y)"),
        ("linear CKA, unbiased", "cka(x, y, debiased=True)"),
    ),
    "torch_cka": (
        (
            "`CKA.compare`",
            "cka(x, y, debiased=True)",
            "the mean of HSIC over batches there, which depends on their size",
        ),
    ),
    "pytorch-cka": (("debiased CKA", "np.maximum(cka(x, y, debiased=True), 0)"),),
    "similarity-repository": (
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
        *MORE_OF_SIMILARITY_REPOSITORY,
    ),
    "himalaya": (
        (
            "`RidgeCV`",
            "ridge_r2(x, y, penalties=[0.01], per_unit=True)",
            "penalties are relative to the features' variance; R² of all that was left out "
            "decides, not its mean over folds",
        ),
        (
            "`GroupRidgeCV`",
            "banded_ridge_r2(x, [y[:, :1], y[:, 1:]], per_unit=True)",
            "penalties are relative to the groups' variances; what is tried is a fixed list",
        ),
        (
            "`SparseGroupLassoCV`",
            "group_lasso_r2(x, [y[:, :1], y[:, 1:]], penalties=[0.05], per_unit=True).r2",
            "penalties are of features and units in units of their spread; folds",
        ),
        (
            "`Ridge`",
            "ridge_r2(x, y, penalties=[1.0])",
            "the penalty is relative to the mean feature's sum of squares",
        ),
        (
            "`BandedRidgeCV`",
            "banded_ridge_r2(x, [y[:, :1], y[:, 1:]], per_unit=True)",
            "as `GroupRidgeCV`",
        ),
        (
            "`KernelRidge`",
            "kernel_ridge_r2(x, y, penalties=[1.0])",
            "the kernel is centred and scaled, there as it is",
        ),
        (
            "`KernelRidgeCV`",
            "kernel_ridge_r2(x, y, per_unit=True)",
            "the kernel is centred and scaled; penalties and folds",
        ),
        (
            "`WeightedKernelRidge`",
            "multiple_kernel_ridge_r2(x, [y[:, :1], y[:, 1:]], penalties=[1.0], candidates=1)",
            "kernels are centred and scaled; their weights are equal, there given",
        ),
        (
            '`MultipleKernelRidgeCV(solver="random_search")`',
            "multiple_kernel_ridge_r2(x, [y[:, :1], y[:, 1:]], per_unit=True)",
            "kernels are centred and scaled; penalties, folds and points of the simplex",
        ),
        (
            "`ColumnKernelizer`",
            'multiple_kernel_ridge_r2(x, [y[:, :1], y[:, 1:]], kernels=["linear", "rbf"])',
            "kernels are centred and scaled",
        ),
        ("`linear_kernel`", 'kernel_ridge_r2(x, y, kernel="linear")', "centred and scaled"),
        (
            "`polynomial_kernel`",
            'kernel_ridge_r2(x, y, kernel="polynomial")',
            "centred and scaled; features are about their mean; γ is 1 / the mean squared length, "
            "there 1 / the number of features",
        ),
        (
            "`rbf_kernel`",
            'kernel_ridge_r2(x, y, kernel="rbf")',
            "centred and scaled; the width follows the median distance, there γ is given",
        ),
        (
            "`sigmoid_kernel`",
            "kernel_ridge_r2(x, y, kernel=lambda z: np.tanh(0.01 * z @ z.T - 1))",
            "centred and scaled; eigenvalues below 0 are fitted as 0, and nothing is where they "
            "outweigh the others, which they can with the γ and constant that are default there",
        ),
        (
            "`cosine_similarity_kernel`",
            "kernel_ridge_r2(x, y, kernel=lambda z: z @ z.T / np.linalg.norm(z, axis=1)[:, "
            "None] / np.linalg.norm(z, axis=1))",
            "centred and scaled",
        ),
        (
            "`correlation_score`",
            'ridge_r2(x, y, penalties=[1.0], scoring="correlation", multioutput="raw_values")',
            "NaN if all are constant, there 0",
        ),
        (
            "`r2_score`",
            'ridge_r2(x, y, penalties=[1.0], multioutput="raw_values")',
            "a constant unit counts 1 if predicted exactly, there 0",
        ),
        (
            "`r2_score_split`",
            "banded_ridge_r2(x, [y[:, :1], y[:, 1:]], penalties=[1.0], candidates=1, "
            'multioutput="raw_values").shares',
            "parts are about their means",
        ),
        (
            "`r2_score_split_svd`",
            "banded_ridge_r2(x, [y[:, :1], y[:, 1:]], penalties=[1.0], candidates=1, "
            'sharing="relative_weights", multioutput="raw_values").shares',
            "parts are about their means",
        ),
        (
            "`correlation_score_split`",
            "banded_ridge_r2(x, [y[:, :1], y[:, 1:]], penalties=[1.0], candidates=1, "
            'scoring="correlation", multioutput="raw_values").shares',
        ),
    ),
    "Brain-Score": (
        (
            "`pls`",
            "linear_predictivity(x, y, folds=10)",
            "folds are drawn there, and the score is divided by a ceiling",
        ),
        (
            "`linear_predictivity`",
            'linear_predictivity(x, y, method="linear", folds=10)',
            "as `pls`",
        ),
        (
            "`ridge`",
            'linear_predictivity(x, y, method="ridge", folds=10)',
            "as `pls`; the penalty is 1 there",
        ),
    ),
    "scikit-dimension": (
        ("`TwoNN`", "intrinsic_dimension(x)"),
        (
            '`TwoNN(method="mle", discard_fraction=0)`',
            'intrinsic_dimension(x, method="likelihood", neighbours=2) * (len(x) - 1) / len(x)',
        ),
        ("`MLE`", 'intrinsic_dimension(x, method="likelihood")'),
        (
            '`MLE`, `comb="mean"`',
            'intrinsic_dimension(x, method="likelihood")',
            "inverses are averaged, not dimensions",
        ),
        ("`CorrInt`", 'intrinsic_dimension(x, method="correlation")'),
        ('`lPCA(ver="FO")`', "(spectrum(x) > 0.05 * spectrum(x)[0]).sum()"),
        ('`lPCA(ver="participation_ratio")`', "participation_ratio(x)"),
    ),
    "decodanda": (
        (
            "`CCGP_dichotomy`",
            "ccgp(x, np.stack([labels % 2, labels // 2], axis=1))",
            "of all examples, there of some that are drawn; ridge regression, not a support vector "
            "machine",
        ),
        (
            '`parallelism_score_dichotomy(method="cosine")`',
            "parallelism_score(x, np.stack([labels % 2, labels // 2], axis=1))",
            "of all examples, there of some that are drawn, of each condition as many, and "
            "standardised unless told otherwise",
        ),
    ),
    "relaimpo": (
        ("`lmg`", "shapley_r2(x[:, 0], y)"),
        ("`last`", "unique_r2(x[:, 0], y)"),
    ),
    "resi": (
        ("`JSD`", "jensen_shannon_divergence(x, y)", "an example that is not finite is NaN"),
        ("`Disagreement`", "disagreement(x, y)"),
        ("`AbsoluteAccDiff`", "accuracy_difference(x, y, labels % 3)"),
    ),
    "description-length-probing": (
        (
            "online code",
            "online_codelength(x, labels)",
            "a logistic probe by default, there a perceptron",
        ),
        (
            "variational code",
            "variational_codelength(x, labels)",
            "a linear probe with a proper prior, there a perceptron with an improper one",
        ),
    ),
    "RTD": (
        (
            "`rtd.rtd`",
            "rtd(x, y)",
            "of all examples; there the mean of ten draws of 500, and on a GPU",
        ),
    ),
    "scikit-learn": (
        (
            "`ledoit_wolf`",
            'np.linalg.inv(noise_precision(x, shrinkage="identity", freedom=len(x)))',
        ),
        ("`LinearRegression.score`", "linear_r2(x, y)"),
        (
            "`Ridge.score`",
            "decoding_r2(x, y, penalty=0.1)",
            "the penalty is relative to the units' variance",
        ),
        (
            "`PLSSVD`",
            'pls(x, y, weighting="mean")',
            "the mean correlation of the components of `scale=False`",
        ),
        (
            "`cross_val_score` of `PLSRegression(scale=False)`",
            'linear_predictivity(x, y, folds=2, scoring="r2", multioutput="uniform_average")',
            "the mean over folds, into which examples fall by a hash",
        ),
        ("`silhouette_score`", "silhouette(x, labels)"),
        (
            "`calinski_harabasz_score`",
            "(len(x) - 4) / 3 / (1 / linear_r2(x, labels[:, None] == np.unique(labels), "
            'multioutput="variance_weighted") - 1)',
        ),
        ("`manifold.trustworthiness`", "trustworthiness(x, y)"),
        ("`KNeighborsClassifier.score`, as any classifier", 'decoding(x, labels, probe="knn")'),
    ),
}

ELSEWHERE = tuple(Elsewhere(package, *row) for package, rows in _NAMES.items() for row in rows)


def table() -> str:
    """Return the table in Markdown."""
    rows = [f"| {row.package} | {row.there} | `{row.here}` | {row.differs} |" for row in ELSEWHERE]
    head = [
        "## Names elsewhere\n",
        "What other packages call it, and the functions of `probekit.measures` for the same, with",
        '`a` and `b` for `rdm(x, metric="squared_euclidean")` and that of `y`, `parts` for those',
        "of the columns of `y`, `labels` for conditions, `runs` for what examples were measured",
        "in, and `precision` for the inverse of the covariance of the noise.\n",
        "| package | there | here | where the numbers differ |",
        "| --- | --- | --- | --- |",
    ]
    return "\n".join([*head, *rows, ""])
