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


ELSEWHERE = (
    Elsewhere("rsatoolbox", "RDM `euclidean`", 'rdm(x, metric="squared_euclidean") / x.shape[1]'),
    Elsewhere("rsatoolbox", "RDM `correlation`", 'rdm(x, metric="correlation")'),
    Elsewhere("rsatoolbox", "RDM `poisson`", 'rdm(x, metric="poisson")'),
    Elsewhere(
        "rsatoolbox",
        "RDM `mahalanobis`",
        'condition_rdm(x, labels, metric="squared_mahalanobis", precision=precision) / x.shape[1]',
    ),
    Elsewhere(
        "rsatoolbox",
        "RDM `crossnobis`",
        "condition_rdm(x, labels, folds=runs, precision=precision) / x.shape[1]",
    ),
    Elsewhere(
        "rsatoolbox",
        "RDM `poisson_cv`",
        'condition_rdm(x, labels, metric="poisson_cv", folds=runs)',
        "the mean over runs, not the last of them",
    ),
    Elsewhere(
        "rsatoolbox",
        "`calc_rdm_unbalanced`, crossnobis",
        "condition_rdm(x, labels, folds=runs, precision=precision, unbalanced=True) / x.shape[1]",
        "of differences to the mean of all",
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
        "rsatoolbox",
        "`geotopological_transform`",
        "geotopological_rdm(a, low=0.2, high=0.7)",
        "what is scaled to more than the upper bound is not set to 1",
    ),
    Elsewhere(
        "rsatoolbox", "`geodesic_transform`", "geodesic_rdm(a)", "the nearest pair is joined, at 0"
    ),
    Elsewhere("rsatoolbox", "`fit_regress`", 'fit_rdm_weights(parts, a, model="linear")'),
    Elsewhere("rsatoolbox", "`fit_regress_nn`", "fit_rdm_weights(parts, a)"),
    Elsewhere(
        "rsatoolbox",
        "`fit_optimize`",
        'fit_rdm_weights(parts, a, model="linear", comparison="cosine")',
        "computed, not searched; a penalty is that of least squares",
    ),
    Elsewhere(
        "rsatoolbox",
        "`fit_optimize_positive`",
        'fit_rdm_weights(parts, a, comparison="cosine")',
        "computed, not searched; a penalty is that of least squares",
    ),
    Elsewhere(
        "rsatoolbox",
        "`fit_interpolate`",
        'fit_rdm_weights(parts, a, model="interpolate")',
        "computed, not searched",
    ),
    Elsewhere("rsatoolbox", "`fit_select`", 'fit_rdm_weights(parts, a, model="select")'),
    Elsewhere("rsatoolbox", "`crossval`", "evaluate_rdm_model(parts, a, folds=runs).scores"),
    Elsewhere("rsatoolbox", "`rescale`", "align_rdms([a, b]).rdms"),
    Elsewhere("rsatoolbox", "`boot_noise_ceiling`", "inference.noise_ceiling([a, b])"),
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
    ),
    Elsewhere("similarity-repository", "`HardCorrelationMatch`", "permutation_matching(x, y)"),
    Elsewhere("similarity-repository", "`Gulp`", "gulp(x, y)", "λ is 0.01 unless told, there 0"),
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
    Elsewhere(
        "himalaya",
        "`RidgeCV`",
        "ridge_r2(x, y, penalties=[0.01], per_unit=True)",
        "penalties are relative to the features' variance; R² of all that was left out decides, "
        "not its mean over folds",
    ),
    Elsewhere(
        "himalaya",
        "`GroupRidgeCV`",
        "banded_ridge_r2(x, [y[:, :1], y[:, 1:]], per_unit=True)",
        "penalties are relative to the groups' variances; what is tried is a fixed list",
    ),
    Elsewhere("scikit-learn", "`LinearRegression.score`", "linear_r2(x, y)"),
    Elsewhere(
        "scikit-learn",
        "`Ridge.score`",
        "decoding_r2(x, y, penalty=0.1)",
        "the penalty is relative to the units' variance",
    ),
    Elsewhere(
        "scikit-learn",
        "`PLSSVD`",
        'pls(x, y, weighting="mean")',
        "the mean correlation of the components of `scale=False`",
    ),
    Elsewhere(
        "scikit-learn",
        "`KNeighborsClassifier.score`, as any classifier",
        'decoding(x, labels, probe="knn")',
    ),
)


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
