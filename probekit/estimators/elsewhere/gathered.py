"""Further names of the similarity-repository, with those of the packages that it gathers."""

OF_WHAT_IT_GATHERS: tuple[tuple[str, ...], ...] = (
    (
        "`GeometryScore`",
        "geometry_score(x, y)",
        "landmarks are drawn without replacement, and the same ones of both; 64 there, 1000 "
        "times, with a `reach` for thousands of examples",
    ),
    (
        "`VERSA`",
        "versa(x, y)",
        "penalties are relative to the units' sums of squares; units of what is left out are "
        "standardised as those that were fitted, there by themselves",
    ),
    (
        "`wreath_cka`",
        'cka(x, y, kernel="max", debiased=True)',
        "NaN there as it is registered: all are taken for one example",
    ),
    (
        "`ortho_cka`",
        "cka(x / x.std(0), y / y.std(0), debiased=True)",
        "NaN there as it is registered: all are taken for one example",
    ),
    ("`ortho_procrustes`", "1 - procrustes_distance(x, y) / 2", "units are centred"),
    ("`correlation`", 'unit_correlation(x, y, average="median")'),
    ("`isc`", 'unit_correlation(x, y, pairs="all")'),
    (
        "`inter_procrustes`",
        "1 - (1 - procrustes_distance(x.T, y.T) ** 2 / 2) ** 2",
        "units are the points, and examples are rotated: seldom what is meant",
    ),
    ("`AngularCKA.linear`", "angular_cka_distance(x, y)"),
    (
        "`AngularCKA.unb.linear`",
        "np.arccos(compare_rdms((x - x.mean(0)) @ (x - x.mean(0)).T, (y - y.mean(0)) @ (y - "
        'y.mean(0)).T, comparison="cosine"))',
    ),
    (
        "`AngularCKA.SqExp[1]`",
        'np.arccos(cka(x, y, kernel=lambda z: np.e ** (-rdm(z, metric="squared_euclidean") / 2)))',
    ),
    (
        "`AngularCKA.Laplace[1]`",
        'np.arccos(cka(x, y, kernel=lambda z: np.e ** (-rdm(z, metric="euclidean") / 2**0.5)))',
    ),
    (
        "`cka_kernel_rbf_biased_sigma_1.0`",
        'cka(x, y, kernel=lambda z: np.e ** (-rdm(z, metric="squared_euclidean") / 2))',
    ),
    (
        "`gram_rbf(threshold=1.0)`",
        'cka(x, y, kernel="rbf")',
        "the median is of all entries of the matrix of distances there, its diagonal included",
    ),
    ("`bures_distance`", "len(x) ** 0.5 * bures_metric(x, y)"),
    ("`survey_measures/procrustes`, `sim_metric/procrustes`", "len(x) * bures_metric(x, y) ** 2"),
    ("`LinearMetric_euclidean`", "len(x) ** 0.5 * bures_metric(x, y)"),
    ("`mean_cca_corr`", "cca(x, y)"),
    ("`pwcca_dist`", "1 - pwcca(x, y)"),
    ("`lin_cka_dist`", "1 - cka(x, y)"),
    ("`linear_CKA_loss`", "-np.log(cka(x, y))"),
    ("`linear_HSIC`", "(len(x) - 1) ** 2 * hsic(x, y)"),
    ("`unbiased_linear_HSIC`", "hsic(x, y, debiased=True)"),
    (
        "`svcca/pls`",
        "bures_similarity(x, y) * (total_variance(x) * total_variance(y)) ** 0.5 * len(x) / "
        "(len(x) - 1) / x.shape[1]",
    ),
    ("`rsa_method_cosine_corr_method_pearson`", 'rsa(x, y, rdm="cosine")'),
    ("`LSim`", 'mutual_neighbours(x, y, measure="second_order", neighbours=len(x) - 1)'),
    (
        "`sparse_HSIC`",
        "cknna(x, y)",
        "an HSIC of near neighbours is meant; entries of the diagonal alone are multiplied "
        "there, which is no HSIC even of all examples",
    ),
    (
        "`LinearShapeMetric`",
        "shape_metric(x, y, alpha=1.0)",
        "the mean of what folds leave out there",
    ),
    (
        "`brain_language_nlp/ridge`",
        "ridge_r2(y, x, penalties=[1.0])",
        "means are taken off; the penalty is relative to the features' variance",
    ),
    (
        "`brain_language_nlp/kernel_ridge`",
        'kernel_ridge_r2(y, x, kernel="linear", penalties=[1.0])',
        "as `ridge`",
    ),
    (
        "`rdm_regression`",
        "evaluate_rdm_model(parts, a, folds=runs).scores",
        "of all pairs with one of an example left out, averaged, there",
    ),
    (
        "`pyrcca/cca`",
        'ridge_r2(y, x, penalties=[1e-5], scoring="correlation")',
        "both ways, through ten variates there: noise unless there are as many as units",
    ),
    (
        "`magnitude_nrmse`",
        "abs(magnitude(x) - magnitude(y))",
        "1/2 there, or 0, whatever is given; likewise `concentricity_nrmse`",
    ),
    (
        "`AbsoluteAccDiff`",
        "abs(decoding_accuracy(x, labels) - decoding_accuracy(y, labels))",
        "of accuracies, which are given there",
    ),
    (
        "`ContraSim`",
        "cka(x, y)",
        "an encoder is trained there for the purpose: no measure of two representations alone",
    ),
    (
        "`STIR`",
        "cka(x, y)",
        "of `x` by one network, of its inputs and of inputs that the other cannot tell from "
        "them, which are sought there by gradients",
    ),
)
