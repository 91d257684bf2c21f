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
    Elsewhere("netrep", "`LinearMetric()`", "angular_procrustes_distance(x, y)"),
    Elsewhere("netrep", "`PermutationMetric()`", "permutation_distance(x, y)"),
    Elsewhere("netrep", "`LinearCKA`", "angular_cka_distance(x, y)"),
    Elsewhere(
        "netrep",
        "`GaussianStochasticMetric(alpha)`",
        "stochastic_shape_distance(x, y, labels, alpha=0.5)",
        "means are taken off; but for alpha 0, 1 and 2, rotations are sought there with other "
        "weights than they are scored with",
    ),
    Elsewhere(
        "netrep",
        "`EnergyStochasticMetric`",
        'stochastic_shape_distance(x, y, labels, ground="energy")',
        "means are taken off",
    ),
    Elsewhere(
        "RTD",
        "`rtd.rtd`",
        "rtd(x, y)",
        "of all examples; there the mean of ten draws of 500, and on a GPU",
    ),
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
        "`RTD`",
        "rtd(x, y)",
        "of all examples; there the mean of ten draws of 500, and NaN without a GPU",
    ),
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
