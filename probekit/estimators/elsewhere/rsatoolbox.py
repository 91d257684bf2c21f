"""What the measures are called in rsatoolbox."""

NAMES: tuple[tuple[str, ...], ...] = (
    ("RDM `euclidean`", 'rdm(x, metric="squared_euclidean") / x.shape[1]'),
    ("RDM `correlation`", 'rdm(x, metric="correlation")'),
    ("RDM `poisson`", 'rdm(x, metric="poisson")'),
    (
        "RDM `poisson` with a prior",
        'rdm(x, metric="poisson", prior_lambda=3, prior_weight=0.5)',
    ),
    (
        "RDM `mahalanobis`",
        'condition_rdm(x, labels, metric="squared_mahalanobis", precision=precision) / x.shape[1]',
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
        'compare_rdms(a, b, comparison="whitened_cosine", noise_covariance=1 + np.arange(len(x)))',
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
        'condition_rdm(x, labels, metric="squared_mahalanobis", precision=precision) / x.shape[1]',
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
        "condition_rdm(x, labels, folds=runs, precision=precision, unbalanced=True) / x.shape[1]",
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
        "searched from least squares on; there the best of random places, as ranks have no slope",
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
        "of the mean of the resamples, there of single ones, which hold a third of the conditions",
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
    (
        "`pair_tests`, ranksum",
        "inference.paired_test([compare_rdms(parts[0], z) - compare_rdms(parts[1], z) "
        'for z in (a, b, a + b)], test="wilcoxon").p',
    ),
    (
        "`zero_tests`, ranksum",
        "inference.paired_test([compare_rdms(parts[0], z) for z in (a, b, a + b)], "
        'test="wilcoxon").p',
    ),
    (
        "`nc_tests`, ranksum",
        "inference.paired_test([compare_rdms(parts[0], z) - inference.noise_ceiling([a, b, "
        'a + b])[0] for z in (a, b, a + b)], test="wilcoxon").p',
    ),
)
