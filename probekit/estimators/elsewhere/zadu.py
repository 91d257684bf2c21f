"""What the measures are called in ZADU, of `x` and a picture `y` of it."""

NAMES: tuple[tuple[str, ...], ...] = (
    ("`trustworthiness_continuity`, the first", "trustworthiness(x, y, neighbours=11)"),
    ("`trustworthiness_continuity`, the second", "trustworthiness(y, x, neighbours=11)"),
    (
        "`mean_relative_rank_error`, the first",
        "1 - mean_relative_rank_error(x, y)",
    ),
    (
        "`mean_relative_rank_error`, the second",
        "1 - mean_relative_rank_error(y, x)",
    ),
    (
        "`local_continuity_meta_criteria`",
        'mutual_neighbours(x, y, measure="local_continuity", metric="euclidean", neighbours=5)',
    ),
    ("`neighborhood_hit`, of `y`", "neighbourhood_hit(y, labels, neighbours=5)"),
    ("`spearman_rho`", 'rsa(x, y, rdm="euclidean", comparison="spearman")'),
    ("`pearson_r`", 'rsa(x, y, rdm="euclidean", comparison="pearson")'),
    ("`stress`", 'rsm_norm_difference(x, y) / np.linalg.norm(rdm(x, metric="euclidean"))'),
    (
        "`scale_normalized_stress`",
        '(1 - rsa(x, y, rdm="euclidean", comparison="cosine") ** 2) ** 0.5',
    ),
    (
        "`kl_divergence`",
        "(lambda p, q: (p * np.log(p / q)).sum())(*[(lambda k: k.sum(0) / k.sum())(np.exp(-10 * z "
        "/ z.max())) for z in (a, b)])",
    ),
    (
        "`distance_to_measure`",
        "abs(np.subtract(*[(lambda k: k.sum(0) / k.sum())(np.exp(-10 * z / z.max())) for z in "
        "(a, b)])).sum()",
    ),
    ("`silhouette`, of `y`", "silhouette(y, labels)"),
    ("`non_metric_stress`", "non_metric_stress(x, y)"),
    ("`topographic_product`", "topographic_product(x, y)"),
    ("`neighbor_dissimilarity`", "neighbour_dissimilarity(x, y, relative=False)"),
    (
        "`procrustes`",
        "local_procrustes(x, y, neighbours=5, scaled=False)",
        "of the neighbours of an example in `x` and the same examples in `y`, as its authors have "
        "it; there those in `x` and those in `y`, which are others, one by one",
    ),
    (
        "`class_aware_trustworthiness_continuity`, the first",
        "class_trustworthiness(x, y, labels).trustworthiness",
    ),
    (
        "`class_aware_trustworthiness_continuity`, the second",
        "class_trustworthiness(x, y, labels).continuity",
    ),
    (
        "`label_trustworthiness_and_continuity`, the first",
        "label_trustworthiness(x, y, labels).trustworthiness",
        'with `cvm="dsc"`; the other there compares with labels that are drawn',
    ),
    (
        "`label_trustworthiness_and_continuity`, the second",
        "label_trustworthiness(x, y, labels).continuity",
        "as the first",
    ),
    (
        "`distance_consistency`, of `y`",
        'decoding(y, labels, probe="sklearn.neighbors:NearestCentroid")',
    ),
)
