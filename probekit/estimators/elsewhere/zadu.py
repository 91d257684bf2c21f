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
)
