"""What the measures are called in other packages."""

from typing import NamedTuple


class Elsewhere(NamedTuple):
    """One name of another package.

    Attributes
    ----------
    package : str
    there : str
        Its name there.
    here : str
        The same by the functions of `probekit.measures`: an expression in `x` and `y`
        ``(example, unit)``, their dissimilarity matrices `a` and `b` (squared euclidean), and the
        conditions `labels`.
    differs : str
        In what the numbers differ, and nothing if they are equal.
    """

    package: str
    there: str
    here: str
    differs: str = ""


ELSEWHERE = (
    Elsewhere("rsatoolbox", "RDM `euclidean`", 'rdm(x, metric="squared_euclidean") / x.shape[1]'),
    Elsewhere("rsatoolbox", "RDM `correlation`", 'rdm(x, metric="correlation")'),
    Elsewhere("rsatoolbox", "RDM `poisson`", 'rdm(x, metric="poisson")'),
    Elsewhere(
        "rsatoolbox",
        "RDM `mahalanobis`",
        'condition_rdm(x, labels, metric="squared_mahalanobis") / x.shape[1]',
        "the precision of the noise is computed, not given",
    ),
    Elsewhere(
        "rsatoolbox",
        "RDM `crossnobis`",
        'condition_rdm(x, labels, metric="crossnobis") / x.shape[1]',
        "the precision of the noise is computed, not given; folds are drawn",
    ),
    Elsewhere("rsatoolbox", "`corr`", 'compare_rdms(a, b, comparison="pearson")'),
    Elsewhere("rsatoolbox", "`cosine`", 'compare_rdms(a, b, comparison="cosine")'),
    Elsewhere("rsatoolbox", "`spearman`", 'compare_rdms(a, b, comparison="spearman")'),
    Elsewhere("rsatoolbox", "`kendall`, `tau-b`", 'compare_rdms(a, b, comparison="kendall_tau_b")'),
    Elsewhere("rsatoolbox", "`tau-a`", 'compare_rdms(a, b, comparison="kendall")'),
    Elsewhere("rsatoolbox", "`rho-a`", 'compare_rdms(a, b, comparison="rho_a")'),
    Elsewhere("rsatoolbox", "`corr_cov`", 'compare_rdms(a, b, comparison="whitened_correlation")'),
    Elsewhere("rsatoolbox", "`cosine_cov`", 'compare_rdms(a, b, comparison="whitened_cosine")'),
    Elsewhere("rsatoolbox", "`bures`", "bures_similarity(x, y)"),
    Elsewhere("rsatoolbox", "`bures_metric`", "len(x) * bures_metric(x, y) ** 2"),
    Elsewhere(
        "rsatoolbox",
        "`neg_riem_dist`",
        "-riemannian_distance(x, y)",
        "symmetric, of Gram matrices drawn to the identity by a given share, not a fitted one",
    ),
    Elsewhere(
        "netrep",
        "`LinearMetric(alpha=0.5)`",
        "shape_metric(x, y, alpha=0.5)",
        "both are scaled to norm 1",
    ),
    Elsewhere(
        "netrep",
        "`PermutationMetric`",
        "permutation_matching(x, y)",
        "the mean correlation of matched units, not an angle of whole matrices",
    ),
    Elsewhere("netrep", "`LinearCKA.score`", "np.arccos(cka(x, y))"),
    Elsewhere("pytorch-cka", "debiased CKA", "np.maximum(cka(x, y, debiased=True), 0)"),
    Elsewhere("similarity-repository", "CKA, `hsic=gretton`", "cka(x, y)"),
    Elsewhere("similarity-repository", "CKA, `hsic=song`", "cka(x, y, debiased=True)"),
    Elsewhere("similarity-repository", "`nbs`", "bures_similarity(x, y)"),
    Elsewhere("similarity-repository", "`procrustes-angular`", "angular_procrustes_distance(x, y)"),
    Elsewhere("similarity-repository", "mean squared CCA", "cca(x, y, squared=True)"),
    Elsewhere(
        "similarity-repository",
        "`mutual_knn`",
        'mutual_neighbours(x, y, measure="overlap")',
        "neighbours by cosine, not by inner product",
    ),
    Elsewhere(
        "similarity-repository",
        "`JaccardSimilarity`",
        'mutual_neighbours(x, y, measure="jaccard")',
    ),
    Elsewhere(
        "similarity-repository", "`RankSimilarity`", 'mutual_neighbours(x, y, measure="rank")'
    ),
    Elsewhere(
        "similarity-repository",
        "`SecondOrderCosineSimilarity`",
        'mutual_neighbours(x, y, measure="second_order")',
        "of cosines, as the paper has it, not of cosine distances",
    ),
    Elsewhere("similarity-repository", "`HardCorrelationMatch`", "permutation_matching(x, y)"),
    Elsewhere(
        "similarity-repository", "`Gulp`", "gulp(x, y) ** 2", "λ is 0.01 unless told, there 0"
    ),
    Elsewhere("similarity-repository", "`ensd`", "ensd(x, y)"),
    Elsewhere(
        "similarity-repository",
        "`IMDScore`",
        "multiscale_distance(x, y)",
        "eigenvalues are computed, not estimated",
    ),
    Elsewhere("similarity-repository", "`MagnitudeDifference`", "abs(magnitude(x) - magnitude(y))"),
    Elsewhere(
        "similarity-repository",
        "`UniformityDifference`",
        "abs(uniformity(x) - uniformity(y))",
        "of directions, as the paper has it, and of pairs of different examples",
    ),
    Elsewhere(
        "similarity-repository",
        "`SoftMatching`",
        "soft_matching(x, y)",
        "units that are all 0 correlate 0, and are not left out",
    ),
    *(
        Elsewhere("similarity-repository", *row)
        for row in (
            (
                "CKA, `hsic=lange`",
                "compare_rdms((x - x.mean(0)) @ (x - x.mean(0)).T, "
                '(y - y.mean(0)) @ (y - y.mean(0)).T, comparison="cosine")',
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
            (
                "`CorrelationNeuralMap`",
                'semi_matching(x, y, units="y")',
            ),
            (
                "`pairwisematching`",
                'semi_matching(x, y, units="y")',
                "matched and scored on the same examples, there on folds",
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
            (
                "`RSA_correlation_euclidean`",
                'rsm_norm_difference(x, y, rsm="correlation") / 2**0.5',
            ),
            (
                "`euclidean` (of Gram matrices)",
                'rsm_norm_difference(x, y, rsm="inner_product")',
            ),
            ("`RSA_correlation_spearman`", 'rsa(x, y, comparison="spearman")'),
            ("`RSA_euclidean_spearman`", 'rsa(x, y, rdm="euclidean", comparison="spearman")'),
            (
                "RSA, `rdm=gaussian`",
                "compare_rdms(-np.exp(-a / a.mean()), -np.exp(-b / b.mean()))",
            ),
            ("`ConcentricityDifference`", "abs(concentricity(x) - concentricity(y))"),
            ("`computeDist`", "2 / np.pi * np.arccos(cka(x, y))"),
            *(
                (there, here, "neighbours by cosine, not by inner product")
                for there, here in (
                    ("`cycle_knn`", 'mutual_neighbours(x, y, measure="cycle")'),
                    ("`lcs_knn`", '10 * mutual_neighbours(x, y, measure="subsequence")'),
                    ("`edit_distance_knn`", 'mutual_neighbours(x, y, measure="edit")'),
                )
            ),
            (
                "`cknna`",
                "cknna(x, y, debiased=True)",
                "cosines, not inner products; 1e-6 is added there to what is divided by",
            ),
        )
    ),
    Elsewhere("himalaya", "`RidgeCV`", "ridge_r2(x, y, per_unit=True)", "penalties and folds"),
    Elsewhere(
        "himalaya",
        "`GroupRidgeCV`",
        "banded_ridge_r2(x, [y[:, :1], y[:, 1:]])",
        "penalties and folds",
    ),
    Elsewhere("scikit-learn", "any classifier", 'decoding(x, labels, probe="knn")', "folds"),
)


def table() -> str:
    """Return the table in Markdown."""
    rows = [f"| {row.package} | {row.there} | `{row.here}` | {row.differs} |" for row in ELSEWHERE]
    head = [
        "## Names elsewhere\n",
        "What other packages call it, and the functions of `probekit.measures` for the same, with",
        '`a` and `b` for `rdm(x, metric="squared_euclidean")` and that of `y`.\n',
        "| package | there | here | where the numbers differ |",
        "| --- | --- | --- | --- |",
    ]
    return "\n".join([*head, *rows, ""])
